"""What failed to converge and what was warned of, fit by fit; "nothing" where there is nothing."""

from __future__ import annotations

from typing import Any

from skmtl._report._page import Html, Names, Section, number, several, table, tag

# Rows listed of either table; the frames have all.
_LISTED = 100
_NAMED = 6


def fits_section(found: Any, names: Names) -> Section:
    """How the fits ended, those that did not converge, and what was warned of.

    Parameters
    ----------
    found : Comparison
    names : Names
        Of the outcomes.
    """
    body = [*_convergence(found, names), *_warnings(found)]
    return Section("fits", "What failed to converge or warned", body)


def _convergence(found: Any, names: Names) -> list[Any]:
    heading = tag("h3", "Convergence")
    if found.fits is None:
        return [heading, tag("p", "How the fits ended was not recorded.")]
    failed = found.fits[~found.fits["converged"].astype(bool)]
    words = (
        "Every model that is solved comes with a certificate: a number that is zero at the optimum only. It has "
        "converged where the certificate is at most what its tolerance asks for."
    )
    body = [heading, tag("p", words), _by_model(found)]
    if failed.empty:
        solved = several(len(found.fits), "model")
        return [*body, tag("p", tag("b", "Nothing failed to converge"), f" ({solved} solved in all folds).")]
    rows = []
    for row in failed.head(_LISTED).itertuples():
        served = [[", " if k else "", names.short(outcome)] for k, outcome in enumerate(row.outcomes[:_NAMED])]
        more = len(row.outcomes) - _NAMED
        cells = [tag("bdi", row.estimator), str(row.fold + 1), [served, f" and {more} more" if more > 0 else ""]]
        cells += [row.solver, f"{row.certificate} {number(row.value, 2)}", number(row.wanted, 2), str(row.n_iter)]
        rows.append([cells])
    heads = [("Model", "name"), ("Fold", "n"), ("Outcomes", "text"), ("Solver", "plain"), ("Certificate", "plain")]
    heads += [("Wanted at most", "n"), ("Iterations", "n")]
    listed = table("Solves that did not converge", heads, rows)
    return [*body, listed, _rest(len(failed), "found.fits")]


def _by_model(found: Any) -> Html:
    rows = []
    for name in found.estimators:
        fits = found.fits[found.fits["estimator"] == name]
        if fits.empty:
            rows.append([[tag("bdi", name), "0", "no certificate", "-", "-"]])
            continue
        converged = int(fits["converged"].astype(bool).sum())
        solvers = ", ".join(dict.fromkeys(fits["solver"]))
        rows.append([[tag("bdi", name), str(len(fits)), str(converged), str(int(fits["n_iter"].max())), solvers]])
    heads = [("Model", "name"), ("Solved", "n"), ("Converged", "n"), ("Most iterations", "n"), ("Solver", "plain")]
    return table("Final fits of all folds", heads, rows)


def _warnings(found: Any) -> list[Any]:
    heading = tag("h3", "Warnings")
    if found.warnings is None:
        return [heading, tag("p", "Warnings were not recorded.")]
    if found.warnings.empty:
        return [heading, tag("p", tag("b", "Nothing"), ": no fit warned of anything.")]
    words = (
        "Also of fits inside a model, such as those by which it chose its strength. Outcomes are named where the "
        "warning names them."
    )
    keys = ["estimator", "category", "message"]
    rows = []
    grouped = found.warnings.groupby(keys, sort=False)
    for (name, category, message), said in list(grouped)[:_LISTED]:
        folds = ", ".join(str(fold + 1) for fold in sorted(set(said["fold"])))
        rows.append([[tag("bdi", name), folds, str(int(said["count"].sum())), category, message]])
    heads = [("Model", "name"), ("Folds", "text"), ("Times", "n"), ("Category", "plain"), ("Message", "text")]
    return [heading, tag("p", words), table("Warnings", heads, rows), _rest(grouped.ngroups, "found.warnings")]


def _rest(total: int, frame: str) -> Html | None:
    if total <= _LISTED:
        return None
    return tag("p", f"{total - _LISTED} more are in ", tag("code", frame), ".")


__all__ = ["fits_section"]
