"""Whether the probabilities of yes/no outcomes can be believed, from rows that the models had not seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from skmtl._report._drawings import draw_calibration
from skmtl._report._figures import figure
from skmtl._report._page import Html, Names, Section, number, table, tag

_SCORES = ("roc_auc", "average_precision", "brier")


def calibration_section(found: Any, names: Names, no_figures: Html | None) -> Section:
    """A row per yes/no outcome and model: what was predicted, what happened, and how well they are told apart.

    Parameters
    ----------
    found : Comparison
    names : Names
        Of the outcomes.
    no_figures : Html or None
        What stands in place of the figures.
    """
    title = "Calibration of yes/no outcomes"
    binary = found.outcomes.loc[found.outcomes["kind"] == "binary", "outcome"].tolist()
    if not binary:
        return Section("calibration", title, [tag("p", "There are no yes/no outcomes.")])
    words = (
        "Predicted probabilities of the event against how often it happened, on rows that the models were not fitted "
        "to. Mean predicted and observed shares should agree; with few events they differ by chance. The area under "
        "the ROC curve, average precision and Brier score are means over folds."
    )
    body: list[Any] = [tag("p", words), no_figures]
    if no_figures is None:
        for k, name in enumerate(found.estimators):
            body.append(_figure(found, name, binary, f"figure-calibration-{k}"))
    body.append(_table(found, binary, names))
    return Section("calibration", title, body)


def _table(found: Any, binary: list[Any], names: Names) -> Html:
    seen = found.predictions[found.predictions["y_true"].notna()]
    shares = {
        key: (np.average(rows["y_pred"], weights=rows["weight"]), np.average(rows["y_true"], weights=rows["weight"]))
        for key, rows in seen[seen["outcome"].isin(binary)].groupby(["outcome", "estimator"], sort=False)
    }
    scores = found.scores.groupby(["outcome", "estimator", "metric"], sort=False)["value"].mean()
    groups = []
    for outcome in binary:
        rows: list[list[Any]] = []
        for name in found.estimators:
            predicted, observed = shares.get((outcome, name), (None, None))
            values = [scores.get((outcome, name, metric)) for metric in _SCORES]
            cells = [tag("bdi", name), _share(predicted), _share(observed), *(number(value, 3) for value in values)]
            rows.append(cells if rows else [names.whole(outcome), *cells])
        groups.append(rows)
    heads = [("Outcome", "name"), ("Model", "name"), ("Mean predicted", "n"), ("Observed", "n"), ("ROC AUC", "n")]
    heads += [("Average precision", "n"), ("Brier score", "n")]
    return table("Probabilities and events", heads, groups, row_heads=2)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _figure(found: Any, name: str, binary: list[Any], anchor: str) -> Html | None:
    def draw() -> Any:
        return draw_calibration(found, name, binary)

    alt = f"Observed share of events against predicted probability, {name}; the means are in the table."
    return figure(draw, anchor, alt, f"Calibration of {name}: on the diagonal predictions are as often right as said.")


__all__ = ["calibration_section"]
