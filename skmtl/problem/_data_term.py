"""The losses of all tasks on their data: everything of a problem that does not depend on the penalty."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from skmtl._typing import Array
from skmtl.data import Moments, TaskData
from skmtl.exceptions import TaskDataError
from skmtl.losses import PerTaskLoss
from skmtl.problem._coefficients import Coefficients

EPS = float(np.finfo(np.float64).eps)


class DataTerm:
    """Weighted losses as a function of coefficients in working coordinates.

    Features are centred at each task's weighted means, so that intercepts and coefficients do not mix;
    ``b`` is the linear predictor at those means. All that is computed here once serves every penalty and
    every strength.

    Parameters
    ----------
    data : TaskData
    loss : PerTaskLoss
    fit_intercept : bool
    share_intercept : bool
    """

    def __init__(self, data: TaskData, loss: PerTaskLoss, *, fit_intercept: bool = True, share_intercept: bool = False):
        self.data = data
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.share_intercept = share_intercept and fit_intercept
        self._metrics: dict[str | None, Array] = {}
        self._bounds: dict[str | None, float] = {}

    @cached_property
    def task_scale(self) -> Array:
        """ω_t / n̄ per task: what multiplies a task's weighted sum of losses."""
        layout = self.data.layout
        totals = layout.sum_by_task(self.data.weight)
        mean_total = totals.mean()
        task_weight = self.data.task_weight
        if isinstance(task_weight, np.ndarray):
            return task_weight / mean_total
        if task_weight == "entries":
            return np.full(layout.n_tasks, 1.0 / mean_total)
        if task_weight == "equal":
            return 1.0 / totals
        predictor = self.loss.null_predictor(self.data.y, self.data.weight)
        losses = self.loss.value_by_task(self.data.y, predictor[layout.entry_task], self.data.weight)
        deviance = 2 * losses / totals
        # Below rounding level the deviance of a constant outcome is noise.
        size = layout.sum_by_task(self.data.weight * self.data.y**2) / totals
        if not (deviance > 1e-24 * size).all():
            name = layout.names[int(np.argmin(deviance - 1e-24 * size))]
            raise TaskDataError(
                f"task_weight='deviance' divides by the deviance of task {name!r}, which is zero (a constant "
                "outcome): leave the task out or use another task_weight."
            )
        return 1.0 / (deviance * mean_total)

    @cached_property
    def weight(self) -> Array:
        """Weight of each entry in the objective."""
        return self.data.weight * self.task_scale[self.data.layout.entry_task]

    @cached_property
    def center(self) -> Array:
        """Weighted feature means of each channel, (p, C); zero without intercepts."""
        shape = (self.data.n_features, self.data.layout.n_channels)
        if not self.fit_intercept:
            return np.zeros(shape)
        sums, totals = self.data.design.adjoint(self.weight)
        return sums / totals

    def original(self, point: Coefficients) -> Coefficients:
        """A point with intercepts at x = 0, as users see them."""
        return Coefficients(point.W, point.b - (self.center * point.W).sum(axis=0))

    def working(self, point: Coefficients) -> Coefficients:
        """A point with intercepts at the feature means, as solvers see them."""
        if not self.fit_intercept:
            return Coefficients(point.W, np.zeros_like(point.b))
        return Coefficients(point.W, point.b + (self.center * point.W).sum(axis=0))

    def metric(self, separable: str | None) -> Array:
        """Curvature of the loss along each coefficient: step sizes are divided by it.

        Shape (p, 1) for a penalty on rows, (p, C) for a penalty on entries, (1, 1) otherwise, so that the
        prox in this metric is the plain prox with a step per row or entry.
        """
        if separable not in self._metrics:
            self._metrics[separable] = self._metric(separable)
        return self._metrics[separable]

    def _metric(self, separable: str | None) -> Array:
        weight = self.weight * self.loss.curvature[self.data.layout.entry_task]
        second = self.data.design.second_moment(weight)
        total = self.data.layout.sum_by_channel(weight)
        curvature = np.maximum(second - total * self.center**2, 0.0)
        # A constant feature has no curvature but rounding: any positive number will do for it.
        noise = 100 * EPS * second
        if separable == "row":
            curvature, noise = curvature.max(axis=1, keepdims=True), noise.max(axis=1, keepdims=True)
        elif separable is None:
            curvature, noise = curvature.max(keepdims=True), noise.max(keepdims=True)
        largest = float(curvature.max(initial=0.0))
        return np.where(curvature > noise, curvature, largest if largest > 0 else 1.0)

    @cached_property
    def metric_b(self) -> Array:
        """Curvature of the loss along each intercept, (C,)."""
        layout = self.data.layout
        return layout.sum_by_channel(self.weight * self.loss.curvature[layout.entry_task])

    def curvature_bound(self, separable: str | None) -> float:
        """Estimate (from below) of the largest curvature of the loss in the metric, by power iteration."""
        if separable not in self._bounds:
            self._bounds[separable] = self._power_iteration(np.sqrt(self.metric(separable)))
        return self._bounds[separable]

    def _power_iteration(self, root: Array) -> float:
        layout = self.data.layout
        weight = self.weight * self.loss.curvature[layout.entry_task]
        shape = self.center.shape
        # A fixed start keeps fits deterministic; the pattern has a part along any eigenvector.
        V = 1.0 + 0.1 * np.cos(np.arange(shape[0] * shape[1], dtype=float)).reshape(shape)
        zero = np.zeros(shape[1])
        bound = 1.0
        for _ in range(10):
            norm = float(np.linalg.norm(V))
            if norm == 0:
                break
            V = V / norm
            eta = self.predictor(Coefficients(V / root, zero))
            V = self.pull_back(weight * eta).W / root
            bound = max(bound, float(np.linalg.norm(V)))
        return bound

    @cached_property
    def moments(self) -> Moments:
        """Moments of the data under the sample weights."""
        return Moments.from_data(self.data)

    @cached_property
    def normal_equations(self) -> tuple[Array, Array]:
        """Weighted Gram (G, q, q) and cross products (q, T) of squared loss, with free intercepts taken out.

        Where intercepts are shared, a constant feature comes last and q = p + 1; else q = p. They are not
        multiplied by ``task_scale``.
        """
        if self.fit_intercept and not self.share_intercept:
            return self._without_constants(*self.moments.centered())
        xx, sx, xy, sy, s = self.moments.raw()
        if not self.fit_intercept:
            return xx, xy
        size = xx.shape[1] + 1
        grams = np.empty((len(xx), size, size))
        grams[:, :-1, :-1] = xx
        grams[:, -1, :-1] = grams[:, :-1, -1] = sx.T
        grams[:, -1, -1] = s[: len(xx)]
        return grams, np.vstack([xy, sy])

    def _without_constants(self, grams: Array, cross: Array) -> tuple[Array, Array]:
        """Zero in place of the rounding that centring leaves of a constant feature."""
        moments = self.moments
        size = np.diagonal(moments.xx, axis1=1, axis2=2)
        noise = 100 * EPS * size + moments.s[: len(size), None] * (10 * EPS * moments.shift_x) ** 2
        varies = np.diagonal(grams, axis1=1, axis2=2) > noise
        if varies.all():
            return grams, cross
        return grams * varies[:, :, None] * varies[:, None, :], cross * varies.T

    @cached_property
    def gram_eigen(self) -> tuple[Array, Array]:
        """Eigenvalues (G, q), clipped at zero, and eigenvectors (G, q, q) of the Grams."""
        values, vectors = np.linalg.eigh(self.normal_equations[0])
        return np.maximum(values, 0.0), vectors

    def predictor(self, point: Coefficients) -> Array:
        """Linear predictors of the observed entries: linear in the point."""
        b = point.b - (self.center * point.W).sum(axis=0) if self.fit_intercept else np.zeros_like(point.b)
        return self.data.design.forward(point.W, b)

    def pull_back(self, g: Array) -> Coefficients:
        """Gradient in working coordinates of a function with derivatives ``g`` in the linear predictors."""
        dW, db = self.data.design.adjoint(g)
        if not self.fit_intercept:
            return Coefficients(dW, np.zeros_like(db))
        return Coefficients(dW - self.center * db, db)

    @cached_property
    def null(self) -> Coefficients:
        """Zero coefficients with the best intercepts (one common intercept where they are shared)."""
        layout = self.data.layout
        W = np.zeros_like(self.center)
        if not self.fit_intercept:
            return Coefficients(W, np.zeros(layout.n_channels))
        if self.share_intercept:
            common = self.loss.losses[0].null_predictor(self.data.y, self.weight)
            b = np.full(layout.n_channels, common)
        else:
            b = self.loss.null_predictor(self.data.y, self.weight)
        if not np.isfinite(b).all():
            name = layout.names[int(np.argmin(np.isfinite(b)))]
            raise TaskDataError(
                f"Task {name!r} has only one class among its rows, so its free intercept has no finite optimum: "
                "share the intercept (share_intercept=True, where the penalty has a common model), merge the "
                "task with another, or leave it out."
            )
        return Coefficients(W, b)

    @cached_property
    def null_value(self) -> float:
        """Loss of the model without features."""
        return self.loss.value(self.data.y, self.predictor(self.null), self.weight)

    @cached_property
    def gap_scale(self) -> float:
        """Number of tasks times the smallest loss of a task without features; tasks without any are not counted."""
        y, weight = self.data.y, self.weight
        losses = self.loss.value_by_task(y, self.predictor(self.null), weight)
        counted = losses[losses > 100 * EPS * self.data.layout.sum_by_task(weight * y**2)]
        return float(len(losses) * counted.min()) if len(counted) else self.null_value

    @cached_property
    def null_gradient(self) -> Array:
        """Gradient of the loss in W at the model without features, (p, C)."""
        eta = self.predictor(self.null)
        return self.pull_back(self.loss.gradient(self.data.y, eta, self.weight)).W

    @cached_property
    def gap_floor(self) -> float:
        """What rounding can leave of a duality gap."""
        return 100 * EPS * float(self.weight @ self.data.y**2)

    @cached_property
    def residual_floor(self) -> float:
        """What rounding can leave of a residual."""
        size = self.weight @ (self.data.y**2 * self.loss.curvature[self.data.layout.entry_task])
        return 100 * EPS * float(np.sqrt(self.data.n_features * size))

    def refit_intercept(self, point: Coefficients) -> Coefficients:
        """The best intercepts for given coefficients, by Newton steps (of at most 4 where the loss is curved)."""
        if not self.fit_intercept or self.share_intercept:
            return point
        layout, b = self.data.layout, point.b
        longest = np.array([np.inf if loss.quadratic else 4.0 for loss in self.loss.losses])[layout.channel_task]
        fixed = self.predictor(Coefficients(point.W, np.zeros_like(b)))
        for _ in range(50):
            eta = fixed + b[layout.eta_channel]
            slope = layout.sum_by_channel(self.loss.gradient(self.data.y, eta, self.weight))
            curvature = layout.sum_by_channel(self.loss.hessian(self.data.y, eta, self.weight))
            step = slope / np.maximum(curvature, 1e-12 * self.metric_b)
            b = b - np.clip(step, -longest, longest)
            if self.loss.quadratic or (np.abs(step) <= 1e-12 * (1 + np.abs(b))).all():
                break
        return Coefficients(point.W, b)
