"""The losses of all tasks on their data: everything of a problem that does not depend on the penalty."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from skmtl._typing import Array, BoolArray
from skmtl.data import Moments, TaskData
from skmtl.exceptions import TaskDataError
from skmtl.losses import PerTaskLoss
from skmtl.problem._coefficients import Coefficients
from skmtl.problem._refit import refit
from skmtl.problem._term import EPS, Term, weight_by_task


class DataTerm(Term):
    """Losses computed from the data; the image of a point is its linear predictors, flat, task-major.

    Parameters
    ----------
    data : TaskData
    loss : PerTaskLoss
    fit_intercept : bool
    share_intercept : bool
    """

    def __init__(self, data: TaskData, loss: PerTaskLoss, *, fit_intercept: bool = True, share_intercept: bool = False):
        super().__init__(data, loss, fit_intercept=fit_intercept, share_intercept=share_intercept)

    @cached_property
    def task_scale(self) -> Array:  # type: ignore[override]
        """ω_t / n̄ per task: what multiplies a task's weighted sum of losses."""
        layout = self.data.layout
        totals = layout.sum_by_task(self.data.weight)
        weighting = self.data.task_weight
        if isinstance(weighting, np.ndarray) or weighting != "deviance":
            return weight_by_task(weighting, totals, None)
        weight = self._exposed(self.data.weight)
        predictor = self.loss.null_predictor(self.data.y, weight)
        deviance = self.loss.deviance_by_task(self.data.y, predictor[layout.eta_channel], weight) / totals
        # Below rounding level the deviance of a constant outcome is noise.
        size = self.loss.size_by_task(self.data.y, weight) / totals
        if not (deviance > 1e-24 * size).all():
            name = layout.names[int(np.argmin(deviance - 1e-24 * size))]
            raise TaskDataError(
                f"task_weight='deviance' divides by the deviance of task {name!r}, which is zero (a constant "
                "outcome): leave the task out or use another task_weight."
            )
        return weight_by_task(weighting, totals, deviance)

    @cached_property
    def weight(self) -> Array:  # type: ignore[override]
        """Weight of each entry in the objective; the exposure of a count multiplies it."""
        return self._exposed(self.data.weight * self.task_scale[self.data.layout.entry_task])

    def _exposed(self, weight: Array) -> Array:
        return weight if self.data.exposure is None else weight * self.data.exposure

    @cached_property
    def curvature(self) -> Array:  # type: ignore[override]
        """Upper bound (or size at the best constant) of the second derivative in each linear predictor, flat."""
        layout = self.data.layout
        by_task = self.loss.curvature(self.data.y, self.weight)
        return layout.expand(self.weight * by_task[layout.entry_task])

    @cached_property
    def center(self) -> Array:  # type: ignore[override]
        """Weighted feature means of each channel, (p, C); zero without intercepts."""
        shape = (self.data.n_features, self.data.layout.n_channels)
        if not self.fit_intercept:
            return np.zeros(shape)
        sums, totals = self.data.design.adjoint(self.data.layout.expand(self.weight))
        return sums / totals

    def _along(self) -> tuple[Array, Array]:
        return self.curvature_along(self.curvature)

    def curvature_along(self, curvature: Array) -> tuple[Array, Array]:
        """Curvature along each coefficient (p, C) for given curvatures in the linear predictors, and its rounding."""
        second = self.data.design.second_moment(curvature)
        first, total = self.data.design.adjoint(curvature)
        # Σ c (x - center)²; the center is the mean under these weights only where the loss is quadratic.
        along = np.maximum(second - 2 * self.center * first + total * self.center**2, 0.0)
        return along, 100 * EPS * second

    @cached_property
    def metric_b(self) -> Array:  # type: ignore[override]
        """Curvature of the loss along each intercept, (C,)."""
        return self.data.layout.sum_by_channel(self.curvature)

    def _curvature_product(self, W: Array) -> Array:
        zero = np.zeros(W.shape[1])
        return self.pull_back(self.curvature * self.predictor(Coefficients(W, zero))).W

    @cached_property
    def moments(self) -> Moments:
        """Moments of the data under the sample weights."""
        return Moments.from_data(self.data)

    @cached_property
    def normal_equations(self) -> tuple[Array, Array]:  # type: ignore[override]
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
    def gram_eigen(self) -> tuple[Array, Array]:  # type: ignore[override]
        """Eigenvalues (G, q), clipped at zero, and eigenvectors (G, q, q) of the Grams."""
        values, vectors = np.linalg.eigh(self.normal_equations[0])
        return np.maximum(values, 0.0), vectors

    def predictor(self, point: Coefficients) -> Array:
        """Linear predictors of the observed entries: linear in the point."""
        b = point.b - (self.center * point.W).sum(axis=0) if self.fit_intercept else np.zeros_like(point.b)
        return self.data.design.forward(point.W, b)

    def value(self, point: Coefficients, image: Array) -> float:
        """The loss at the linear predictors."""
        return self.loss.value(self.data.y, image, self.weight)

    def gradient(self, point: Coefficients, image: Array) -> Coefficients:
        """Derivatives of the losses in the linear predictors, pulled back."""
        return self.pull_back(self.loss.gradient(self.data.y, image, self.weight))

    def hessian_product(self, image: Array, way: Coefficients, extra: Array | None = None) -> Coefficients:
        """Second derivatives in the linear predictors (plus ``extra``) times those of a direction, pulled back."""
        way_eta = self.predictor(way)
        along = self.loss.hessian_product(self.data.y, image, self.weight, way_eta)
        return self.pull_back(along if extra is None else along + extra * way_eta)

    def excess(self, point: Coefficients, image: Array, loss: float, factor: float) -> float:
        """The losses plus their conjugates at ``factor`` times their derivatives in the linear predictors."""
        theta = self.loss.gradient(self.data.y, image, self.weight)
        return loss + self.loss.conjugate(self.data.y, factor * theta, self.weight)

    def pull_back(self, g: Array) -> Coefficients:
        """Gradient in working coordinates of a function with derivatives ``g`` in the linear predictors."""
        dW, db = self.data.design.adjoint(g)
        if not self.fit_intercept:
            return Coefficients(dW, np.zeros_like(db))
        dW = dW - self.center * db
        # Along a feature that an intercept stands for already there is nothing but rounding.
        return Coefficients(dW if self.constant is None else np.where(self.constant, 0.0, dW), db)

    @cached_property
    def constant(self) -> BoolArray | None:
        """Features (p, C) that do not vary over a task's entries, or None; only where there are intercepts."""
        along, noise = self.curvature_along(self.curvature)
        constant = along <= noise
        return constant if constant.any() else None

    @cached_property
    def null(self) -> Coefficients:  # type: ignore[override]
        """Zero coefficients with the best intercepts (one common intercept where they are shared)."""
        layout = self.data.layout
        W = np.zeros_like(self.center)
        if not self.fit_intercept:
            return Coefficients(W, np.zeros(layout.n_channels))
        if self.share_intercept:
            common = self.loss.losses[0].null_predictor(self.data.y, self.weight)
            b = np.full(layout.n_channels, float(common[0]))
        else:
            b = self.loss.null_predictor(self.data.y, self.weight)
        if not np.isfinite(b).all():
            channel = int(np.argmin(np.isfinite(b)))
            task = int(layout.channel_task[channel])
            encoder = self.data.encoders[task]
            lacks, share = "has only one class among its rows", True
            if encoder.kind == "count":
                lacks = "has no count above zero among its rows"
            elif encoder.classes is not None and len(encoder.classes) > 2:
                label = encoder.classes.tolist()[channel - layout.channel_ptr[task]]
                lacks, share = f"has no entry of class {label!r} among its rows", False
            shared = (
                "share the intercept (share_intercept=True, where the penalty has a common model), " if share else ""
            )
            raise TaskDataError(
                f"Task {layout.names[task]!r} {lacks}, so its free intercept has no finite optimum: {shared}merge the "
                "task with another, or leave it out."
            )
        return Coefficients(W, b)

    @cached_property
    def null_value(self) -> float:  # type: ignore[override]
        """Loss of the model without features."""
        return self.loss.value(self.data.y, self.predictor(self.null), self.weight)

    @cached_property
    def gap_scale(self) -> float:  # type: ignore[override]
        """Number of tasks times the smallest loss of a task without features; tasks without any are not counted."""
        y, weight = self.data.y, self.weight
        losses = self.loss.value_by_task(y, self.predictor(self.null), weight)
        counted = losses[losses > 100 * EPS * self.loss.size_by_task(y, weight)]
        return float(len(losses) * counted.min()) if len(counted) else self.null_value

    @cached_property
    def gap_floor(self) -> float:  # type: ignore[override]
        """What rounding can leave of a duality gap."""
        return 100 * EPS * float(self.loss.size_by_task(self.data.y, self.weight).sum())

    @cached_property
    def residual_floor(self) -> float:  # type: ignore[override]
        """What rounding can leave of a residual."""
        size = float(self.loss.size_by_task(self.data.y, self.weight).sum())
        return 100 * EPS * float(np.sqrt(self.data.n_features * size))

    def refit_intercept(self, point: Coefficients) -> Coefficients:
        """The best intercepts for given coefficients."""
        if not self.fit_intercept or self.share_intercept:
            return point
        eta = self.predictor(point)
        return Coefficients(point.W, point.b + self.loss.recenter(self.data.y, eta, self.weight))

    def refit(self, point: Coefficients, free: np.ndarray | None) -> Coefficients:
        """The best intercepts and unpenalised coefficients, marked in ``free``, for the others as given."""
        if free is None or not free.any() or self.share_intercept:
            return self.refit_intercept(point)
        return refit(self, point, free)


__all__ = ["DataTerm"]
