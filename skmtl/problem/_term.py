"""The smooth part of a problem: the losses of all tasks as a function of the coefficients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from skmtl._typing import Array
from skmtl.data import TaskData
from skmtl.losses import PerTaskLoss
from skmtl.problem._coefficients import Coefficients

EPS = float(np.finfo(np.float64).eps)


class Term(ABC):
    """Weighted losses as a function of coefficients in working coordinates.

    Features are centred at each task's weighted means, so that intercepts and coefficients do not mix; ``b`` is the
    linear predictor at those means. All that is computed here once serves every penalty and every strength.

    A solver carries the *image* of a point along with it: an array that is linear in the point and from which value
    and gradient follow without another pass over the data. What it holds is the term's own affair.

    Attributes
    ----------
    center : ndarray of shape (p, C)
        Weighted feature means of each channel; zero without intercepts.
    task_scale : ndarray of shape (T,)
        ω_t / n̄: what multiplies a task's weighted sum of losses.
    metric_b : ndarray of shape (C,)
        Curvature of the loss along each intercept.
    null : Coefficients
        Zero coefficients with the best intercepts.
    null_value : float
        Loss of the model without features.
    gap_scale : float
        Number of tasks times the smallest loss of a task without features; tasks without any are not counted.
    gap_floor, residual_floor : float
        What rounding can leave of a duality gap and of a residual.
    weight, curvature : ndarray
        Weight of each entry in the objective, and bound of the second derivative in each linear predictor.
    normal_equations : tuple of ndarrays
        Of squared loss: Grams (G, q, q) and cross products (q, T), not multiplied by ``task_scale``.
    gram_eigen : tuple of ndarrays
        Eigenvalues (G, q), clipped at zero, and eigenvectors (G, q, q) of these Grams.
    """

    data: TaskData
    loss: PerTaskLoss
    fit_intercept: bool
    share_intercept: bool
    center: Array
    task_scale: Array
    metric_b: Array
    null: Coefficients
    null_value: float
    gap_scale: float
    gap_floor: float
    residual_floor: float
    weight: Array
    curvature: Array
    normal_equations: tuple[Array, Array]
    gram_eigen: tuple[Array, Array]

    def __init__(self, data: TaskData, loss: PerTaskLoss, *, fit_intercept: bool, share_intercept: bool):
        self.data = data
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.share_intercept = share_intercept and fit_intercept
        self._metrics: dict[str | None, Array] = {}
        self._bounds: dict[tuple[str | None, ...], float] = {}
        self._nulls: dict[bytes, Coefficients] = {}

    # -- value and derivatives ------------------------------------------------------------------------

    @abstractmethod
    def predictor(self, point: Coefficients) -> Array:
        """The image of a point: linear in it."""

    @abstractmethod
    def value(self, point: Coefficients, image: Array) -> float:
        """The loss at a point with this image."""

    @abstractmethod
    def gradient(self, point: Coefficients, image: Array) -> Coefficients:
        """Gradient of the loss at a point with this image."""

    @abstractmethod
    def hessian_product(self, image: Array, way: Coefficients, extra: Array | None = None) -> Coefficients:
        """Second derivative at the point with this image times a direction.

        ``extra`` are curvatures in the linear predictors to be added, where a term has linear predictors.
        """

    @abstractmethod
    def excess(self, point: Coefficients, image: Array, loss: float, factor: float) -> float:
        """The loss at a point plus its conjugate at ``factor`` times its derivatives there.

        What the loss has in a duality gap; the point has the best intercepts. ``loss`` is its value.
        """

    @abstractmethod
    def refit(self, point: Coefficients, free: np.ndarray | None) -> Coefficients:
        """The best intercepts and unpenalised coefficients, marked in ``free``, for the others as given."""

    @abstractmethod
    def refit_intercept(self, point: Coefficients) -> Coefficients:
        """The best intercepts for given coefficients."""

    @abstractmethod
    def curvature_along(self, curvature: Array) -> tuple[Array, Array]:
        """Curvature along each coefficient for given curvatures in the linear predictors, and its rounding."""

    @abstractmethod
    def _along(self) -> tuple[Array, Array]:
        """Curvature of the loss along each coefficient, (p, C), and its rounding."""

    @abstractmethod
    def _curvature_product(self, W: Array) -> Array:
        """Bound of the second derivative in W times a direction."""

    # -- coordinates ----------------------------------------------------------------------------------

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Shape (p, C) of the coefficients."""
        return self.data.n_features, self.data.layout.n_channels

    def original(self, point: Coefficients) -> Coefficients:
        """A point with intercepts at x = 0, as users see them."""
        if not self.fit_intercept:
            return point
        return Coefficients(point.W, point.b - (self.center * point.W).sum(axis=0))

    def working(self, point: Coefficients) -> Coefficients:
        """A point with intercepts at the feature means, as solvers see them."""
        if not self.fit_intercept:
            return Coefficients(point.W, np.zeros_like(point.b))
        return Coefficients(point.W, point.b + (self.center * point.W).sum(axis=0))

    # -- curvature ------------------------------------------------------------------------------------

    def metric(self, separable: str | None) -> Array:
        """Curvature of the loss along each coefficient: step sizes are divided by it.

        Shape (p, 1) for a penalty on rows, (1, C) on columns, (p, C) on entries, (1, 1) otherwise, so that the
        prox in this metric is the plain prox with a step per row, column or entry.
        """
        if separable not in self._metrics:
            self._metrics[separable] = coarsen(*self._along(), separable)
        return self._metrics[separable]

    def curvature_bound(self, separable: tuple[str | None, ...]) -> float:
        """Estimate (from below) of the largest curvature of the loss in the metric, by power iteration.

        ``separable`` says how fine the metric is for each part of W = P + Q + ..., which are one where there is one.
        """
        if separable not in self._bounds:
            self._bounds[separable] = self._power_iteration([np.sqrt(self.metric(one)) for one in separable])
        return self._bounds[separable]

    def _power_iteration(self, roots: list[Array]) -> float:
        shape = self.shape
        # A fixed start keeps fits deterministic; the pattern has a part along any eigenvector.
        start = 1.0 + 0.1 * np.cos(np.arange(shape[0] * shape[1], dtype=float)).reshape(shape)
        parts = [start for _ in roots]
        bound = 1.0
        for _ in range(10):
            norm = float(np.sqrt(sum(np.vdot(V, V) for V in parts)))
            if norm == 0:
                break
            W = sum(V / (norm * root) for V, root in zip(parts, roots, strict=True))
            pulled = self._curvature_product(np.asarray(W))
            parts = [pulled / root for root in roots]
            bound = max(bound, float(np.sqrt(sum(np.vdot(V, V) for V in parts))))
        return bound

    # -- reference models -----------------------------------------------------------------------------

    def null_with(self, free: np.ndarray | None) -> Coefficients:
        """The best model that has the unpenalised coefficients, marked in ``free`` (p, C), and no other."""
        if free is None or not free.any():
            return self.null
        key = free.tobytes()
        if key not in self._nulls:
            self._nulls[key] = self.refit(self.null, free)
        return self._nulls[key]

    def gradient_at(self, point: Coefficients) -> Array:
        """Gradient of the loss in W at a point, (p, C)."""
        return self.gradient(point, self.predictor(point)).W


def weight_by_task(weighting: str | Array, totals: Array, deviance: Array | None) -> Array:
    """ω_t / n̄ per task from the total weights and, for "deviance", the null deviances per unit of weight."""
    mean_total = totals.mean()
    if isinstance(weighting, np.ndarray):
        values: Array = weighting / mean_total
        return values
    if weighting == "entries":
        return np.full(len(totals), 1.0 / mean_total)
    if weighting == "equal" or deviance is None:
        return 1.0 / totals
    values = 1.0 / (deviance * mean_total)
    return values


def coarsen(along: Array, noise: Array, separable: str | None) -> Array:
    """Curvatures along each coefficient as fine as a penalty's prox can use them, and positive."""
    axis = {"entry": (), "row": 1, "column": 0, None: None}[separable]
    if axis != ():
        along, noise = along.max(axis=axis, keepdims=True), noise.max(axis=axis, keepdims=True)
    # A constant feature has no curvature but rounding: any positive number will do for it.
    largest = float(along.max(initial=0.0))
    return np.where(along > noise, along, largest if largest > 0 else 1.0)


__all__ = ["EPS", "Term", "coarsen", "weight_by_task"]
