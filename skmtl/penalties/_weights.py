"""Weights of coefficients: how strongly each is penalised, next to the others.

0 leaves a coefficient free, infinity keeps it at exactly 0. Infinity times zero is nowhere evaluated: what is
excluded adds nothing to a value at zero and nothing to a dual norm.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._params import NONE, ArrayLike
from skmtl._typing import Array, BoolArray
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty


class WeightedPenalty(Penalty):
    """A penalty whose entries or rows have weights; subclasses say which shapes a user may give."""

    weights: Any
    _weight_constraint: ClassVar = [NONE, ArrayLike()]
    # Dimensions that weights may have: 1 for one number a feature, 2 for one a task and feature.
    _weight_ndim: ClassVar[tuple[int, ...]] = (1,)

    def check_params(self) -> None:
        """Check the parameters, and that the weights are usable numbers."""
        super().check_params()
        if self.weights is None:
            return
        weights = self._array()
        if weights.ndim not in self._weight_ndim or weights.size == 0:
            wanted = _shapes(self._weight_ndim, "n_features", "n_tasks")
            raise InvalidParameterError(f"weights has shape {weights.shape}: give it the shape {wanted}.")
        if not (weights >= 0).all():
            raise InvalidParameterError(
                "weights holds NaN or a negative number: use positive numbers, 0 for a coefficient without penalty and "
                "infinity for one to leave out."
            )
        if np.isinf(weights).all():
            raise InvalidParameterError("weights are all infinite, which leaves no coefficient: make one finite.")

    def free(self, shape: tuple[int, int]) -> BoolArray | None:
        """Entries of weight 0."""
        weights = self._weights(shape)
        if weights is None or weights.all():
            return None
        return np.broadcast_to(weights == 0, shape)

    def _array(self) -> Array:
        try:
            return np.asarray(self.weights, dtype=float)
        except (TypeError, ValueError) as error:
            raise InvalidParameterError("weights holds something that is not a number.") from error

    def _weights(self, shape: tuple[int, int]) -> Array | None:
        """Weights in the orientation of W: (p, 1) or (p, C); None where every weight is 1."""
        if self.weights is None:
            return None
        weights = self._array()
        if weights.shape != shape[: weights.ndim] if weights.ndim == 1 else weights.shape != shape[::-1]:
            wanted = _shapes(self._weight_ndim, str(shape[0]), str(shape[1]))
            raise InvalidParameterError(
                f"weights has shape {weights.shape} but coef_ has shape {shape[::-1]}: give it the shape {wanted}."
            )
        return weights[:, None] if weights.ndim == 1 else weights.T


def _shapes(ndim: tuple[int, ...], n_features: str, n_tasks: str) -> str:
    names = {1: f"({n_features},)", 2: f"({n_tasks}, {n_features})"}
    return " or ".join(names[n] for n in ndim)


def weighted_sum(sizes: Array, weights: Array | None) -> float:
    """Σ weight size, infinite where something excluded is not zero."""
    if weights is None:
        return float(sizes.sum())
    excluded = np.isinf(weights)
    if (excluded & (sizes > 0)).any():
        return float("inf")
    return float((np.where(excluded, 0.0, weights) * sizes).sum())


def weighted_step(step: Array | float, weights: Array | None) -> Array | float:
    """Step times weight; infinite for the excluded, also at a step of zero."""
    if weights is None:
        return step
    excluded = np.isinf(weights)
    return np.where(excluded, np.inf, step * np.where(excluded, 1.0, weights))


def largest_ratio(sizes: Array, weights: Array | None) -> float:
    """Largest size / weight over what is penalised and not excluded; 0 where there is none."""
    if weights is None:
        return float(sizes.max(initial=0.0))
    counted = (weights > 0) & np.isfinite(weights)
    return float((sizes / np.where(counted, weights, np.inf)).max(initial=0.0))


def off_the_free(sizes: Array, weights: Array | None) -> bool:
    """Whether something without penalty has a size other than zero."""
    return weights is not None and bool(((weights == 0) & (sizes > 0)).any())


def weigh(W: Any, weights: Array | None, power: float = 1.0) -> Any:
    """A cvxpy matrix times its weights to a power, with 0 for the excluded."""
    import cvxpy

    if weights is None:
        return W
    finite = np.where(np.isinf(weights), 0.0, weights) ** power
    return cvxpy.multiply(np.broadcast_to(finite, W.shape), W)


def without_excluded(expression: Any, W: Any, weights: Array | None) -> Any:
    """A cvxpy expression; with W = 0 where it is excluded, if anything is."""
    import cvxpy

    if weights is None or not np.isinf(weights).any():
        return expression
    excluded = np.broadcast_to(np.isinf(weights), W.shape)
    return expression, [cvxpy.multiply(excluded.astype(float), W) == 0]


def elastic_conjugate(sizes: Array, weights: Array | None, l1_ratio: float, alpha: float) -> float:
    """Conjugate of alpha Σ weight [l1_ratio size + ½ (1 - l1_ratio) size²] at dual sizes.

    What exceeds the ball of the norm, squared, over twice the ridge.
    """
    if off_the_free(sizes, weights):
        return float("inf")
    if largest_ratio(sizes, weights) <= alpha * l1_ratio * (1 + 1e-12):
        return 0.0
    ridge = alpha * (1 - l1_ratio)
    if ridge == 0:
        return float("inf")
    if weights is None:
        excess = np.maximum(sizes - alpha * l1_ratio, 0.0)
    else:
        counted = (weights > 0) & np.isfinite(weights)
        scale = np.where(counted, weights, 1.0)
        excess = np.where(counted, np.maximum(sizes - alpha * l1_ratio * scale, 0.0), 0.0) / np.sqrt(scale)
    return float((excess * excess).sum() / (2 * ridge))
