"""From predictions of left-out entries to maps: which outcomes share one, and which have too few events."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.calibration._calibrated_maps import (
    FREE,
    Scaled,
    Shifted,
    TaskCalibrator,
    isotonic_curve,
    log_probabilities,
    smoothed,
)
from skmtl.calibration._calibrated_shrink import Likelihood, fit_maps
from skmtl.metrics._evaluate import list_tasks
from skmtl.metrics._recalibrate import log_odds

_PARTS = ("probability", "code", "weight")


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What models that did not see the entries of an outcome said of them.

    Parameters
    ----------
    name : object
        Of the outcome.
    probability : ndarray of shape (m, K)
    code : ndarray of shape (m,)
        Column of the class that was observed.
    weight : ndarray of shape (m,)
        All positive.
    """

    name: object
    probability: Array
    code: IntArray
    weight: Array

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self.probability.shape[1]

    def rarest(self) -> int:
        """Entries of the rarest class, whatever their weight; 0 if there is one class only."""
        return 0 if self.n_classes == 1 else int(np.bincount(self.code, minlength=self.n_classes).min())

    def totals(self) -> Array:
        """Weight of each class."""
        return np.bincount(self.code, weights=self.weight, minlength=self.n_classes).astype(float)


def fit_calibrators(
    outcomes: list[LeftOut], method: str, shrinkage: float | str, min_events: int, one_outcome: bool
) -> tuple[list[TaskCalibrator], list[dict[str, Array]]]:
    """Fit the map of every outcome.

    Parameters
    ----------
    outcomes : list of LeftOut
    method : {"sigmoid", "isotonic", "temperature", "intercept"}
    shrinkage : float in [0, inf] or "auto"
    min_events : int
    one_outcome : bool
        The outcomes are one, in several tasks, so that classes correspond.

    Returns
    -------
    calibrators : list of TaskCalibrator
    common : list of dicts
        For each set of maps that was drawn together, "center" and "spread", both (shift, slope).
    """
    found: dict[int, TaskCalibrator] = {}
    common: list[dict[str, Array]] = []
    for members in _sharing(outcomes, method, shrinkage, one_outcome):
        group = [outcomes[i] for i in members]
        chosen = _affordable(group, method, min_events)
        fitted, told = _fit_group(group, chosen, shrinkage)
        found |= dict(zip(members, fitted, strict=True))
        common += told
    return [found[i] for i in range(len(outcomes))], common


def _sharing(outcomes: list[LeftOut], method: str, shrinkage: float | str, one_outcome: bool) -> list[list[int]]:
    """Sets of outcomes whose maps are drawn together."""
    everyone = list(range(len(outcomes)))
    if shrinkage == 0 or (method == "isotonic" and shrinkage != np.inf):
        return [[i] for i in everyone]
    # An outcome of which the estimator knows one class only has nothing to give and nothing to take.
    single = [[i] for i in everyone if outcomes[i].n_classes == 1]
    if one_outcome or method == "temperature":
        several = [i for i in everyone if outcomes[i].n_classes > 1]
        return ([several] if several else []) + single
    # Classes of different outcomes have nothing in common, events have.
    binary = [i for i in everyone if outcomes[i].n_classes == 2]
    return ([binary] if binary else []) + [[i] for i in everyone if i not in binary]


def _affordable(group: list[LeftOut], method: str, min_events: int) -> str:
    """The method, or what is left of it where the rarest class of the group has too few entries."""
    if group[0].n_classes == 1:  # the estimator knows no other class, and there is nothing to say about one
        return "identity"
    if len({outcome.n_classes for outcome in group}) > 1:  # one temperature for all kinds of outcomes
        fewest = max(outcome.rarest() for outcome in group)
    else:
        together = [np.concatenate([getattr(outcome, part) for outcome in group]) for part in _PARTS]
        fewest = LeftOut(None, *together).rarest()
    if fewest >= min_events or (len(FREE.get(method, (0, 1))) == 1 and fewest > 0):
        return method
    less = "intercept" if group[0].n_classes == 2 else "temperature"
    chosen = less if fewest > 0 else "identity"
    what = {"identity": "left as they are", "intercept": "shifted only", "temperature": "scaled only"}[chosen]
    names = list_tasks([outcome.name for outcome in group])
    warnings.warn(
        f"The rarest class of {names} has {fewest} entries, and method={method!r} needs {min_events} (min_events): "
        f"the probabilities are {what}.",
        UserWarning,
        stacklevel=4,
    )
    return chosen


def _fit_group(
    group: list[LeftOut], method: str, shrinkage: float | str
) -> tuple[list[TaskCalibrator], list[dict[str, Array]]]:
    if method == "identity":
        return [TaskCalibrator("identity") for _ in group], []
    if method == "isotonic":
        return _curves(group), []
    if method == "temperature":
        tasks: list[Likelihood] = [_scaled(outcome, _totals(group, outcome)) for outcome in group]
        theta, center, spread = fit_maps(tasks, FREE[method], shrinkage)
        told = [] if np.isnan(spread).any() else [{"center": center, "spread": spread}]
        return [TaskCalibrator(method, slope=pair[1:]) for pair in theta], told
    maps, told = [], []
    for k in range(1, group[0].n_classes) if group[0].n_classes == 2 else range(group[0].n_classes):
        theta, record = _fit_column(group, k, method, shrinkage)
        maps.append(theta)
        told += record
    table = np.stack(maps, axis=1)  # (T, M, 2)
    return [TaskCalibrator(method, intercept=pairs[:, 0], slope=pairs[:, 1]) for pairs in table], told


def _fit_column(
    group: list[LeftOut], k: int, method: str, shrinkage: float | str
) -> tuple[Array, list[dict[str, Array]]]:
    """Shift and slope of class ``k`` against the rest, for each outcome of the group."""
    scores = [log_odds(outcome.probability[:, k]) for outcome in group]
    weights = [outcome.weight for outcome in group]
    # Around the middle of the scores the errors of shift and slope are nearly uncorrelated, which the penalty on each
    # of them supposes.
    middle = np.average(np.concatenate(scores), weights=np.concatenate(weights)) if method == "sigmoid" else 0.0
    totals = np.sum([outcome.totals() for outcome in group], axis=0)
    pair = np.array([totals.sum() - totals[k], totals[k]])
    tasks: list[Likelihood] = []
    for outcome, score in zip(group, scores, strict=True):
        event = (outcome.code == k).astype(np.intp)
        # A shift alone exists wherever both classes do, and smoothing would keep events from adding up.
        target = smoothed(pair, event)[:, 1] if method == "sigmoid" else event.astype(float)
        tasks.append(Shifted(score - middle, target, outcome.weight))
    theta, center, spread = fit_maps(tasks, FREE[method], shrinkage)
    told = [] if np.isnan(spread).any() else [{"center": _uncentered(center, middle), "spread": spread}]
    return _uncentered(theta, middle), told


def _uncentered(theta: Array, middle: float) -> Array:
    theta = theta.copy()
    theta[..., 0] -= theta[..., 1] * middle
    return theta


def _totals(group: list[LeftOut], outcome: LeftOut) -> Array:
    """Class weights of all outcomes of the group that have as many classes."""
    return np.sum([other.totals() for other in group if other.n_classes == outcome.n_classes], axis=0)


def _scaled(outcome: LeftOut, totals: Array) -> Scaled:
    return Scaled(log_probabilities(outcome.probability), smoothed(totals, outcome.code), outcome.weight)


def _curves(group: list[LeftOut]) -> list[TaskCalibrator]:
    """Isotonic curves, one set for the whole group."""
    probability, code, weight = (np.concatenate([getattr(outcome, part) for outcome in group]) for part in _PARTS)
    n_classes = group[0].n_classes
    columns = range(1, 2) if n_classes == 2 else range(n_classes)
    curves = [isotonic_curve(probability[:, k], (code == k).astype(float), weight) for k in columns]
    return [TaskCalibrator("isotonic", curves=curves) for _ in group]


__all__ = ["LeftOut", "fit_calibrators"]
