"""What a notebook shows of a fitted estimator besides scikit-learn's diagram: outcomes, counts and certificates."""

from __future__ import annotations

from typing import Any

from skmtl._html import Html, join, tag
from skmtl._parts import Part, fitted_parts, task_names

# More outcomes than this are folded.
_UNFOLDED = 12
# Colours are those of the notebook, whose theme may be dark. The class keeps the rules away from everything else.
_STYLE = Html(
    "<style>"
    ".skmtl-fitted{font-size:.9em;margin:.5em 0;overflow-x:auto}"
    ".skmtl-fitted table{border-collapse:collapse;margin:.3em 0}"
    ".skmtl-fitted th,.skmtl-fitted td{border-bottom:1px solid;padding:.15em .7em .15em 0;text-align:right;"
    "vertical-align:top}"
    ".skmtl-fitted th[scope=row],.skmtl-fitted th:first-child{text-align:left;font-weight:normal;max-width:24em;"
    "overflow-wrap:anywhere}"
    ".skmtl-fitted thead th,.skmtl-fitted thead th:first-child{font-weight:bold;vertical-align:bottom}"
    ".skmtl-fitted p{margin:.3em 0}"
    "</style>"
)


class NotebookMixin:
    """scikit-learn's HTML representation, and below it what a fit found; before a fit nothing is added.

    A Pipeline or a search around the estimator is shown by scikit-learn alone: its block is that of
    ``search.best_estimator_[-1]``.
    """

    def _html_repr(self) -> str:
        shown: str = super()._html_repr()  # type: ignore[misc]
        return shown + fitted_block(self)


def fitted_block(estimator: Any) -> str:
    """Outcomes with their observed counts, and the certificate of every model that was solved.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    str
        HTML in which every name is escaped; empty where the estimator is not fitted.
    """
    names = task_names(estimator)
    if not names:
        return ""
    parts = list(fitted_parts(estimator))
    solved = [part for part in parts if hasattr(part.model, "solver_result_")]
    several = len(solved) > 1
    table = _table(estimator, names, solved if several else [])
    counted = "1 outcome" if len(names) == 1 else f"{len(names)} outcomes"
    body = [tag("p", tag("b", f"Fitted on {counted}"), f" ({type(estimator).__name__})")]
    body += [tag("p", text) for text in _shared(estimator)]
    body += [tag("p", _sentence(part.model.solver_result_)) for part in solved if not several]
    if several:
        failed = sum(not part.model.solver_result_.converged for part in solved)
        said = f"{failed} did not converge" if failed else "all converged"
        body.append(tag("p", f"{len(solved)} models were solved: {said}."))
    folded = len(names) > _UNFOLDED
    body.append(tag("details", tag("summary", f"The {len(names)} outcomes"), table) if folded else table)
    return str(join([_STYLE, tag("div", body, class_="skmtl-fitted")]))


def _table(estimator: Any, names: tuple[Any, ...], solved: list[Part]) -> Html:
    """A row per outcome; with a model each, their certificates too."""
    columns = {"observed": _counts(estimator, len(names))}
    if hasattr(estimator, "chosen_"):
        columns["model"] = [str(name) for name in estimator.chosen_]
    calibrated = [str(count) for count in getattr(estimator, "n_calibration_", [])]
    if calibrated and calibrated != columns["observed"]:
        columns["calibrated on"] = calibrated
    of = {name: part.model.solver_result_ for part in solved for name in part.outcomes}
    heads = ["outcome", *columns]
    heads += ["certificate", "at most", "solver", "iterations", "converged"] if solved else []
    rows = []
    for t, name in enumerate(names):
        cells = [column[t] for column in columns.values()]
        if solved:
            result = of.get(name)
            cells += ["-"] * 5 if result is None else _cells(result)
        rows.append(tag("tr", tag("th", tag("bdi", name), scope="row"), [tag("td", cell) for cell in cells]))
    head = tag("thead", tag("tr", [tag("th", text, scope="col") for text in heads]))
    return tag("table", head, tag("tbody", rows))


def _counts(estimator: Any, n_tasks: int) -> list[str]:
    """Observed entries of each outcome, counted by the estimator or by the one that it wraps."""
    while not hasattr(estimator, "_n_observed") and (hasattr(estimator, "estimator_") or hasattr(estimator, "steps")):
        estimator = estimator.estimator_ if hasattr(estimator, "estimator_") else estimator.steps[-1][1]
    counts = [str(int(count)) for count in getattr(estimator, "_n_observed", ())]
    # Of an outcome that was added after the fit nothing is counted here, and an older file has no counts.
    return counts + ["-"] * (n_tasks - len(counts))


def _shared(estimator: Any) -> list[str]:
    """Which outcomes share, of a guard that decided it for each."""
    if not hasattr(estimator, "chosen_"):
        return []
    names, chosen = task_names(estimator), list(estimator.chosen_)
    sharing = [name for name, model in zip(names, chosen, strict=True) if model != "independent"]
    if not sharing:
        return [f"None of {len(names)} shares: each has its independent model."]
    listed = ", ".join(str(name) for name in sharing[:_UNFOLDED]) + (", ..." if len(sharing) > _UNFOLDED else "")
    return [f"{len(sharing)} of {len(names)} share: {listed}."]


def _cells(result: Any) -> list[str]:
    gap = result.certificate
    reached, wanted = f"{gap.kind} {gap.value:.2g}", f"{gap.threshold(result.tol):.2g}"
    return [reached, wanted, result.solver, str(result.n_iter), "yes" if result.converged else "no"]


def _sentence(result: Any) -> str:
    reached, wanted, solver, n_iter, _ = _cells(result)
    said = "converged" if result.converged else "did not converge"
    return f"{solver} {said} after {n_iter} iterations: {reached}, wanted at most {wanted} (tol {result.tol:g})."


__all__ = ["NotebookMixin", "fitted_block"]
