"""What a loss is: a convex function of the linear predictors of one task."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from skmtl._params import Params
from skmtl._typing import Array, IntArray
from skmtl.data import TargetEncoder


class Loss(Params):
    """Convex loss of one task, a function of the linear predictors ``eta``.

    Every method takes flat arrays over the m observed entries of the task: targets ``y`` as the encoder codes them
    and positive weights, both of length m, and linear predictors ``eta`` of length K m, channel after channel.
    K = 1 unless the target has K classes. Losses never see features.

    A loss for labels has ``probabilities(eta, n_classes)``, which gives (m, n_classes) at flat linear predictors.

    Attributes
    ----------
    target_kind : {"numeric", "binary", "classes", "count"}
        How the target column is read.
    quadratic : bool
        Whether the second derivative is the curvature everywhere.
    joint : bool
        Whether the value is more than a sum over entries, so that two tasks never go into one call.
    lipschitz : bool
        Whether `curvature` bounds the second derivative everywhere.
    degree : int
        How the deviance grows with the unit of a numeric target (and of the loss's own lengths): 2 for squares.
    """

    target_kind: ClassVar[str]
    quadratic: ClassVar[bool] = False
    joint: ClassVar[bool] = False
    lipschitz: ClassVar[bool] = True
    degree: ClassVar[int] = 2

    @abstractmethod
    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted loss of the task."""

    @abstractmethod
    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Derivative of the weighted loss in ``eta``."""

    @abstractmethod
    def hessian_product(self, y: Array, eta: Array, weight: Array, direction: Array) -> Array:
        """Second derivative of the weighted loss in ``eta`` times a direction."""

    @abstractmethod
    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Convex conjugate, sup over eta of theta'eta - weighted loss: infinite outside its domain."""

    @abstractmethod
    def curvature(self, y: Array, weight: Array) -> float:
        """Bound of the second derivative per unit of weight; where there is none, its size at the best constant."""

    @abstractmethod
    def recenter(self, y: Array, eta: Array, weight: Array) -> Array:
        """The constants, one per channel, that added to ``eta`` give the least loss, shape (K,)."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """Expected target at the linear predictors of one channel."""

    @abstractmethod
    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """The weighted loss as a cvxpy expression in ``eta``, of shape (m,), or (m, K) where K > 1."""

    def null_predictor(self, y: Array, weight: Array, n_channels: int = 1) -> Array:
        """The constant predictors of least loss, shape (K,); infinite where the optimum is."""
        return self.recenter(y, np.zeros(n_channels * len(y)), weight)

    def size(self, y: Array, weight: Array) -> float:
        """Sum of the sizes of the terms of value and conjugate near the optimum: rounding is relative to it."""
        return float(weight.sum())

    def deviance(self, y: Array, eta: Array, weight: Array) -> float:
        """What held-out data are judged by: twice the loss, the squared error of a squared loss."""
        return 2.0 * self.value(y, eta, weight)

    def n_channels(self, encoder: TargetEncoder) -> int:
        """Number of linear predictors K that a target needs."""
        return 1


class SeparableLoss(Loss):
    """Loss that is a sum over entries, of one linear predictor each.

    Tasks with the same separable loss are evaluated in one call.
    """

    @abstractmethod
    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted second derivative in ``eta``, per entry."""

    def hessian_product(self, y: Array, eta: Array, weight: Array, direction: Array) -> Array:
        """Second derivative of the weighted loss in ``eta`` times a direction."""
        return self.hessian(y, eta, weight) * direction

    def recenter(self, y: Array, eta: Array, weight: Array) -> Array:
        """The constant that added to ``eta`` gives the least loss, shape (1,)."""
        return self.recenter_groups(y, eta, weight, np.zeros(len(y), dtype=np.intp), 1)

    @abstractmethod
    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """`recenter` for every group of entries at once, shape (n_groups,)."""


__all__ = ["Loss", "SeparableLoss"]
