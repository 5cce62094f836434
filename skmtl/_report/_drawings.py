"""What the figures of the page are drawn by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from skmtl._plotting._calibration import TaskCalibrationDisplay
from skmtl._plotting._coefficients import CoefficientDisplay
from skmtl._plotting._gains import GainDisplay
from skmtl._plotting._missingness import MissingnessFigure


def draw_gains(summary: Any, overall: Any, options: dict[str, Any]) -> Any:
    """Gain of every model with its interval, a panel each."""
    keys = ("baseline", "alpha", "adjust")
    together = overall if summary["outcome"].nunique() > 1 else None
    display = GainDisplay(summary, together, order="table", **{key: options[key] for key in keys})
    return display.plot().figure_


def draw_missingness(patterns: Any) -> Any:
    """Which outcomes are observed together, and in how many rows."""
    return MissingnessFigure(patterns).plot().figure_


def draw_coefficients(coef: np.ndarray, features: list[str], outcomes: list[Any]) -> Any:
    """Features by outcomes."""
    return CoefficientDisplay(coef, feature_names=features, task_names=outcomes).plot().figure_


def draw_calibration(found: Any, name: str, outcomes: list[Any]) -> Any:
    """Share of events against predicted probability, a panel for each of some outcomes."""
    some = SimpleNamespace(
        estimators=found.estimators,
        predictions=found.predictions,
        outcomes=found.outcomes[found.outcomes["outcome"].isin(outcomes)],
    )
    return TaskCalibrationDisplay.from_comparison(some, name).plot().figure_


__all__ = ["draw_calibration", "draw_coefficients", "draw_gains", "draw_missingness"]
