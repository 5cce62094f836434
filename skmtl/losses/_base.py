"""What a loss is: a convex function of the linear predictor, entry by entry."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from skmtl._params import Params
from skmtl._typing import Array


class Loss(Params):
    """Convex loss of one task, a function of the linear predictor ``eta``.

    Every method takes flat arrays over the observed entries of the task: targets ``y`` as the encoder
    codes them, linear predictors ``eta`` and non-negative weights. Losses never see features.

    Attributes
    ----------
    target_kind : {"numeric", "binary"}
        How the target column is read.
    curvature : float
        Upper bound of the second derivative; ``quadratic`` says that it is the second derivative.
    """

    target_kind: ClassVar[str]
    curvature: ClassVar[float]
    quadratic: ClassVar[bool] = False

    @abstractmethod
    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of the losses."""

    @abstractmethod
    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted first derivative in ``eta``, per entry."""

    @abstractmethod
    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted second derivative in ``eta``, per entry."""

    @abstractmethod
    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Σ sup_eta (theta eta - weight loss(eta)): the convex conjugate, infinite outside its domain."""

    @abstractmethod
    def null_predictor(self, y: Array, weight: Array) -> float:
        """The constant predictor of least loss."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """Expected target at a linear predictor."""

    @abstractmethod
    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """The weighted sum of losses as a cvxpy expression in ``eta``."""


__all__ = ["Loss"]
