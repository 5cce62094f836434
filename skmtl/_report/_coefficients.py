"""Which features the models of the folds use for each outcome: mean coefficients, and how often they are not zero."""

from __future__ import annotations

from typing import Any

from skmtl._report._drawings import draw_coefficients
from skmtl._report._figures import figure
from skmtl._report._page import Html, Names, Section, number, several, table, tag

# Of each outcome and model the coefficients that are largest; the frame has all.
_LISTED = 8
_NONE = "No model has coefficients that can be listed."


def coefficients_section(found: Any, names: Names, no_figures: Html | None) -> Section:
    """For each model a row per outcome with its largest coefficients, and a figure of all of them.

    Parameters
    ----------
    found : Comparison
    names : Names
        Of the outcomes.
    no_figures : Html or None
        What stands in place of the figures.
    """
    title = "Coefficients"
    if found.fitted is None:
        said = "The fitted models were not kept: "
        return Section(
            "coefficients", title, [tag("p", said, tag("code", "compare(..., return_estimator=True)"), " keeps them.")]
        )
    frame = found.coefficients()
    if frame.empty:
        return Section("coefficients", title, [tag("p", _NONE)])
    n_folds = int(frame["n_folds"].max())
    words = (
        "Mean coefficient over the models of the folds, in units of the outcome (on the log scale for yes/no outcomes, "
        "classes and counts) per unit of the feature as the model got it"
        + (", after the preparation named under Methods" if (found.asked or {}).get("preprocessor") else "")
        + f". In brackets: in how many of the {several(n_folds, 'fold')} it was not zero; used are the features for "
        "which it was not zero in some fold. A ridge keeps every feature, so that for it these counts say nothing. A "
        "coefficient is not a cause, and correlated features stand in for each other."
    )
    body: list[Any] = [tag("p", words), no_figures]
    without = [name for name in found.estimators if name not in set(frame["estimator"])]
    features = Names(frame["feature"])
    for k, name in enumerate(found.estimators):
        rows = frame[frame["estimator"] == name]
        if rows.empty:
            continue
        body.append(tag("h3", tag("bdi", name)))
        if no_figures is None:
            body.append(_figure(rows, name, f"figure-coefficients-{k}"))
        body.append(_table(rows, name, names, features))
    if without:
        listed = [[", " if k else "", tag("bdi", name)] for k, name in enumerate(without)]
        body.append(tag("p", "Without coefficients: ", listed, "."))
    return Section("coefficients", title, body)


def _table(rows: Any, name: str, names: Names, features: Names) -> Html:
    groups = []
    for outcome, mine in rows.groupby("outcome", sort=False):
        several_channels = mine["channel"].nunique() > 1
        lines: list[list[Any]] = []
        for channel, part in mine.groupby("channel", sort=True):
            label = f", class {channel + 1}" if several_channels else ""
            lines.append([[names.whole(outcome), label], *_largest(part, features)])
        groups += [[line] for line in lines]
    heads = [("Outcome", "name"), ("Used", "n"), ("Largest", "text")]
    return table(f"Coefficients of {name}", heads, groups)


def _largest(part: Any, features: Names) -> list[Any]:
    """How many features are used, and the largest coefficients in words."""
    used = part[part["n_selected"] > 0]
    first = used.reindex(used["mean"].abs().sort_values(ascending=False, kind="stable").index).head(_LISTED)
    said: list[Any] = []
    for k, row in enumerate(first.itertuples(), start=1):
        after = "," if k < len(used) else ""
        said += [
            tag("span", features.short(row.feature), f" {_signed(row.mean)} ({row.n_selected}){after}", class_="item")
        ]
        said.append(" " if after else "")
    more = f"and {len(used) - _LISTED} smaller" if len(used) > _LISTED else ""
    return [f"{len(used)} of {len(part)}", [said, more] if said else "none"]


def _signed(value: float) -> str:
    return f"+{number(value, 3)}" if value > 0 else number(value, 3)


def _figure(rows: Any, name: str, anchor: str) -> Html | None:
    wide = rows.pivot_table(
        index=["outcome", "channel"], columns="feature", values="mean", sort=False, dropna=False
    ).fillna(0.0)
    wide = wide[wide.index.isin(set(zip(rows["outcome"], rows["channel"], strict=True)))]
    classes = rows.groupby("outcome")["channel"].nunique()
    labels = [f"{outcome}, class {channel + 1}" if classes[outcome] > 1 else outcome for outcome, channel in wide.index]

    def draw() -> Any:
        return draw_coefficients(wide.to_numpy(dtype=float), wide.columns.tolist(), labels)

    alt = f"Mean coefficients of {name}, features by outcomes; the largest are in the table that follows."
    return figure(draw, anchor, alt, f"Mean coefficients of {name}. White is zero in every fold.")


__all__ = ["coefficients_section"]
