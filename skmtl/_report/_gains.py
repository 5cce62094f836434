"""Every outcome with every model: loss, gain, interval, verdict; and the figure of the gains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl._report._drawings import draw_gains
from skmtl._report._figures import figure
from skmtl._report._page import Html, Names, Section, between, p_value, percent, share, table, tag, verdict

_METRICS = {
    "RMSE": "RMSE, in units of the outcome",
    "log loss": "log loss, of classes",
    "deviance": "Poisson deviance, of counts",
}


def outcomes_section(found: Any, summary: Any, options: dict[str, Any], names: Names) -> Section:
    """A row per outcome and model."""
    level = f"{share(1 - options['alpha'])} interval"
    heads = [("Outcome", "name"), ("Model", "name"), ("Loss", "n"), ("Gain", "n"), (level, "n")]
    heads += [("Adjusted p", "n"), ("Verdict", "plain")]
    losses = found.table()
    gains = {(row.outcome, row.estimator): row for row in summary.itertuples()}
    groups = []
    for outcome, metric in zip(found.outcomes["outcome"], found.outcomes["metric"], strict=True):
        values = losses.loc[[outcome], list(found.estimators)].to_numpy(dtype=float)[0]
        shown = same_decimals(values)
        rows: list[list[Any]] = []
        for name, digits in zip(found.estimators, shown, strict=True):
            cells = [tag("bdi", name), digits, *_gain_cells(gains.get((outcome, name)))]
            label = [names.whole(outcome), tag("br"), tag("span", metric, class_="quiet")]
            rows.append(cells if rows else [label, *cells])
        groups.append(rows)
    told = "; ".join(_METRICS.get(metric, metric) for metric in dict.fromkeys(found.outcomes["metric"]))
    body = [
        tag("p", f"Loss: {told}; the smaller the better. Gain: the share of the loss of {options['baseline']} that is "
            "saved (of squared error, where RMSE is shown); below 0 loss is added."),
        table("Outcomes and models", heads, groups, row_heads=2),
    ]  # fmt: skip
    return Section("outcomes", "Outcome by outcome", body)


def _gain_cells(row: Any) -> list[Any]:
    if row is None:
        return ["baseline", "-", "-", "-"]
    return [percent(row.gain), between(row.low, row.high), p_value(row.p_adjusted), verdict(row.verdict)]


def same_decimals(values: Sequence[float] | np.ndarray) -> list[str]:
    """Numbers of one row with the same number of decimals, four digits for the smallest."""
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values) & (values > 0)]
    decimals = int(np.clip(3 - np.floor(np.log10(finite.min())), 0, 6)) if finite.size else 3
    return [f"{value:.{decimals}f}" if np.isfinite(value) else "-" for value in values]


def gain_section(summary: Any, overall: Any, options: dict[str, Any], no_figures: Html | None) -> Section:
    """The figure of the gains."""
    if summary.empty:
        return Section("gains", "Gains", [tag("p", "There is one model, and so there are no gains.")])
    if no_figures is not None:
        return Section("gains", "Gains", [no_figures])

    def draw() -> Any:
        return draw_gains(summary, overall, options)

    alt = (
        f"Gain of every model over {options['baseline']} for each outcome, with its interval; the numbers are in the "
        "table of outcomes and models."
    )
    caption = "Gain in percent of the loss of the baseline with its interval: right of 0 loss is saved."
    return Section("gains", "Gains", [figure(draw, "figure-gains", alt, caption)])


__all__ = ["gain_section", "outcomes_section", "same_decimals"]
