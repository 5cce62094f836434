"""Squared loss through moments: value, gradient and certificate without another pass over the data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from skmtl._typing import Array, BoolArray, IntArray
from skmtl.data import Moments, TaskData
from skmtl.exceptions import TaskDataError
from skmtl.losses import PerTaskLoss
from skmtl.problem._coefficients import Coefficients
from skmtl.problem._first_moments import (
    FirstMoments,
    deviance_of,
    grams_are_small,
    is_little,
    is_plain,
    varying,
    weighs_by_deviance,
)
from skmtl.problem._grams import FullGram, Gram, gram_about, gram_of
from skmtl.problem._refit import refit_on_grams
from skmtl.problem._term import EPS, Term, weight_by_task


class MomentTerm(Term):
    """Squared losses of all tasks as quadratic functions.

    With Grams G_t and cross products c_t about the means of task t, and κ_t = ω_t / n̄, the loss is

        Σ_t κ_t [ ½ w_t' G_t w_t - c_t' w_t + ½ yy_t + ½ s_t (b_t - ȳ_t)² ].

    The image of a point is the array of shape (p + 1, T) with κ_t G_t w_t in the first p rows and κ_t s_t b_t in the
    last. Its value differs from the sum over the data by rounding of the size of yy, which `gap_floor` allows for.

    Parameters
    ----------
    data : TaskData
        Names and shapes of the tasks; its entries are not looked at.
    loss : PerTaskLoss
    gram : Gram
    diagonal : ndarray of shape (p, 1) or (p, T)
        Diagonals of the Grams.
    square : ndarray of shape (p, 1) or (p, T)
        What rounding in the diagonals is relative to: sums of the squared features as they were summed.
    cross : ndarray of shape (p, T)
        Cross products with the targets, about the means.
    size, deviance : ndarray of shape (T,)
        Sums of the squared targets as they are, and about their means.
    mass : ndarray of shape (T,)
        Total weights.
    center : ndarray of shape (p, T)
        Feature means, zero without intercepts.
    mean : ndarray of shape (T,)
        Means of the targets, zero without intercepts.
    fit_intercept : bool
    """

    def __init__(
        self,
        data: TaskData,
        loss: PerTaskLoss,
        gram: Gram,
        *,
        diagonal: Array,
        square: Array,
        cross: Array,
        size: Array,
        deviance: Array,
        mass: Array,
        center: Array,
        mean: Array,
        fit_intercept: bool,
    ):
        super().__init__(data, loss, fit_intercept=fit_intercept, share_intercept=False)
        self.gram = gram
        self.diagonal = diagonal
        self.square = square
        self.center = center
        self.mass = mass
        self.mean = mean
        self._raw_cross, self._size, self._deviance = cross, size, deviance
        self._raw_yy = deviance if fit_intercept else size
        varies = varying(diagonal, square)
        self.constant: BoolArray | None = None  # features (p, T) that do not vary over a task's entries
        if not varies.all():
            # Along a feature that an intercept stands for already there is nothing but rounding.
            self._raw_cross = np.where(varies, cross, 0.0)
            self.constant = np.broadcast_to(~varies, self.shape)
        self.cross = self._raw_cross * self.task_scale

    @classmethod
    def from_data(
        cls,
        data: TaskData,
        loss: PerTaskLoss,
        *,
        mean: Array | None = None,
        unit: Array | None = None,
        fit_intercept: bool = True,
    ) -> MomentTerm:
        """The term of observed entries, with products made as they are needed.

        Parameters
        ----------
        data : TaskData
        loss : PerTaskLoss
            Squared losses.
        mean, unit : ndarray of shape (T,), optional
            What is taken out of the targets first: they become (y - mean) / unit.
        fit_intercept : bool
        """
        if is_little(data) and is_plain(data) and (fit_intercept or not weighs_by_deviance(data)):
            return cls._of_little_data(data, loss, mean, unit, fit_intercept)
        if not is_plain(data) and grams_are_small(data):
            moments = Moments.of_parts(data, None, 1)[0]
            return cls.from_moments(moments, data, loss, mean=mean, unit=unit, fit_intercept=fit_intercept)
        sums = FirstMoments(data, mean, unit, fit_intercept)
        if weighs_by_deviance(data) and not fit_intercept:  # the means are in the targets, and would hide the rest
            near = data.layout.sum_by_task(data.weight * data.y) / sums.mass
            sums.deviance = deviance_of(data, near, np.ones(data.n_tasks) if unit is None else unit)

        def make() -> Array:
            if sums.plain:
                grams = gram_about(data.design.X, sums.center[:, 0] if fit_intercept else None)[None]
            else:
                moments = Moments.from_data(data)
                grams = moments.centered()[0] if fit_intercept else moments.raw()[0]
            varies = np.broadcast_to(varying(sums.diagonal, sums.square), sums.cross.shape).T[: len(grams)]
            return grams if varies.all() else grams * varies[:, :, None] * varies[:, None, :]

        return cls(
            data,
            loss,
            gram_of(data, sums, make),
            diagonal=sums.diagonal,
            square=sums.square,
            cross=sums.cross,
            size=sums.size,
            deviance=sums.deviance,
            mass=sums.mass,
            center=sums.center,
            mean=sums.mean,
            fit_intercept=fit_intercept,
        )

    @classmethod
    def _of_little_data(
        cls, data: TaskData, loss: PerTaskLoss, mean: Array | None, unit: Array | None, fit_intercept: bool
    ) -> MomentTerm:
        """The term of complete data of which a centred copy is cheap, and the whole Gram is."""
        X, n_rows = data.design.X.astype(np.float64, copy=False), data.layout.n_rows
        y = data.y.reshape(data.n_tasks, n_rows).astype(np.float64, copy=False)
        if mean is not None and unit is not None:
            y = (y - mean[:, None]) / unit[:, None]
        size = deviance = np.einsum("ij,ij->i", y, y)
        center, target = np.zeros((X.shape[1], data.n_tasks)), np.zeros(data.n_tasks)
        if fit_intercept:
            average = X.sum(axis=0) / n_rows
            X = X - average
            center += average[:, None]
            target = y.sum(axis=1) / n_rows
            deviance = size - n_rows * target**2
        gram = X.T @ X
        square = diagonal = gram.diagonal()[:, None]
        if fit_intercept:
            square = diagonal + EPS * n_rows * center[:, :1] ** 2
        term = cls(
            data,
            loss,
            FullGram(gram[None]),
            diagonal=diagonal,
            square=square,
            cross=X.T @ y.T,
            size=size,
            deviance=deviance,
            mass=np.full(data.n_tasks, float(n_rows)),
            center=center,
            mean=target,
            fit_intercept=fit_intercept,
        )
        if term.constant is not None:
            varies = ~term.constant[:, :1]
            term.gram = FullGram((gram * varies * varies.T)[None])
        return term

    @classmethod
    def from_moments(
        cls,
        moments: Moments,
        data: TaskData,
        loss: PerTaskLoss,
        *,
        mean: Array | None = None,
        unit: Array | None = None,
        fit_intercept: bool = True,
    ) -> MomentTerm:
        """The term of given moments; ``data`` gives names and shapes only, the others as in `from_data`."""
        n_tasks = len(moments.s)
        mean = np.zeros(n_tasks) if mean is None else mean
        unit = np.ones(n_tasks) if unit is None else unit
        if fit_intercept:
            grams, cross = moments.centered()
            center, mean_y = moments.means()
            target = (mean_y - mean) / unit
        else:
            grams, _, cross, _, _ = moments.raw()
            sx = moments.about(np.zeros_like(moments.shift_x), moments.shift_y).sx
            cross = cross - sx * mean
            center, target = np.zeros_like(cross), np.zeros(n_tasks)
        diagonal = np.ascontiguousarray(np.diagonal(grams, axis1=1, axis2=2).T)
        s_gram = moments.s[: len(grams)]
        square = diagonal + s_gram * center[:, : len(grams)] ** 2
        varies = varying(diagonal, square).T
        if not varies.all():
            grams = grams * varies[:, :, None] * varies[:, None, :]
        size = moments.about(moments.shift_x, mean).yy / unit**2
        return cls(
            data,
            loss,
            FullGram(grams),
            diagonal=diagonal,
            square=square,
            cross=cross / unit,
            size=size,
            deviance=(moments.yy - moments.sy**2 / moments.s) / unit**2,
            mass=moments.s,
            center=center,
            mean=target,
            fit_intercept=fit_intercept,
        )

    # -- what the losses weigh ------------------------------------------------------------------------

    @cached_property
    def task_scale(self) -> Array:  # type: ignore[override]
        """ω_t / n̄ per task: what multiplies a task's weighted sum of losses."""
        weighting = self.data.task_weight
        if isinstance(weighting, np.ndarray) or weighting != "deviance":
            return weight_by_task(weighting, self.mass, None)
        deviance = self._deviance
        if not (deviance > 1e-24 * self._size).all():
            name = self.data.layout.names[int(np.argmin(deviance - 1e-24 * self._size))]
            raise TaskDataError(
                f"task_weight='deviance' divides by the deviance of task {name!r}, which is zero (a constant "
                "outcome): leave the task out or use another task_weight."
            )
        return weight_by_task(weighting, self.mass, deviance / self.mass)

    @cached_property
    def metric_b(self) -> Array:  # type: ignore[override]
        """Curvature of the loss along each intercept, (T,)."""
        return self.task_scale * self.mass

    @cached_property
    def weight(self) -> Array:  # type: ignore[override]
        """Weight of each entry in the objective, for who has to go to the data."""
        return self.data.weight * self.task_scale[self.data.layout.entry_task]

    @property
    def curvature(self) -> Array:  # type: ignore[override]
        """Second derivative of the losses in each linear predictor: the weights."""
        return self.weight

    @cached_property
    def normal_equations(self) -> tuple[Array, Array]:  # type: ignore[override]
        """Grams (G, p, p) and cross products (p, T) of squared loss, not multiplied by ``task_scale``."""
        return self.gram.full(), self._raw_cross

    @cached_property
    def gram_eigen(self) -> tuple[Array, Array]:  # type: ignore[override]
        """Eigenvalues (G, p), clipped at zero, and eigenvectors (G, p, p) of the Grams."""
        values, vectors = np.linalg.eigh(self.gram.full())
        return np.maximum(values, 0.0), vectors

    def block(self, rows: IntArray | slice) -> Array:
        """Second derivatives of the loss in some rows of W, (G, k, k)."""
        block = self.gram.block(rows)
        if self.constant is not None:
            varies = ~self.constant[rows].T[: len(block)]
            block = block * varies[:, :, None] * varies[:, None, :]
        first = self.task_scale[0]
        return block * (
            first if len(block) == 1 and (self.task_scale == first).all() else self.task_scale[:, None, None]
        )

    # -- value and derivatives ------------------------------------------------------------------------

    def predictor(self, point: Coefficients) -> Array:
        """The image of a point: second derivatives times the point."""
        image = np.empty((self.shape[0] + 1, self.shape[1]))
        if self.constant is None:
            np.multiply(self.gram.product(point.W), self.task_scale, out=image[:-1])
        else:  # what does not vary predicts nothing but rounding
            varying = self.gram.product(np.where(self.constant, 0.0, point.W)) * self.task_scale
            image[:-1] = np.where(self.constant, 0.0, varying)
        image[-1] = self.metric_b * point.b if self.fit_intercept else 0.0
        return image

    def value(self, point: Coefficients, image: Array) -> float:
        """The loss at a point with this image."""
        value = 0.5 * float(np.vdot(point.W, image[:-1])) - float(np.vdot(point.W, self.cross)) + self._constant
        if self.fit_intercept:
            away = point.b - self.mean
            value += 0.5 * float(self.metric_b @ (away * away))
        return max(value, 0.0)

    def gradient(self, point: Coefficients, image: Array) -> Coefficients:
        """Gradient of the loss at a point with this image."""
        b = image[-1] - self.metric_b * self.mean if self.fit_intercept else np.zeros(self.shape[1])
        return Coefficients(image[:-1] - self.cross, b)

    def hessian_product(self, image: Array, way: Coefficients, extra: Array | None = None) -> Coefficients:
        """Second derivative times a direction."""
        product = self.predictor(way)
        return Coefficients(product[:-1], product[-1])

    def excess(self, point: Coefficients, image: Array, loss: float, factor: float) -> float:
        """With loss V and gradient g, (1 - factor)² V + factor g'w: near an optimum nothing large cancels."""
        slope = float(np.vdot(point.W, image[:-1])) - float(np.vdot(point.W, self.cross))
        return (1 - factor) ** 2 * loss + factor * slope

    def values(self, Ws: Sequence[Array]) -> tuple[Array, Array, Array]:
        """Losses (a,) at coefficients with the best intercepts, gradients times the coefficients, and gradients."""
        W = np.stack(Ws)
        if self.gram.shared:
            products = self.gram.product(W.transpose(1, 0, 2).reshape(len(W[0]), -1))
            products = products.reshape(len(W[0]), len(W), -1).transpose(1, 0, 2)
        else:
            products = np.stack([self.gram.product(one) for one in W])
        products = products * self.task_scale
        inner, square = np.einsum("ajt,jt->a", W, self.cross), np.einsum("ajt,ajt->a", W, products)
        values = np.maximum(0.5 * square - inner + self._constant, 0.0)
        return values, square - inner, products - self.cross

    @cached_property
    def _constant(self) -> float:
        """Half the sum of squared targets about their means, scaled."""
        return 0.5 * float(self.task_scale @ self._raw_yy)

    def curvature_along(self, curvature: Array) -> tuple[Array, Array]:
        """Curvature along each coefficient, which squared loss has no other than its own."""
        return self._along()

    def _along(self) -> tuple[Array, Array]:
        scale = self.task_scale
        return np.maximum(self.diagonal * scale, 0.0), 100 * EPS * self.square * scale

    def _curvature_product(self, W: Array) -> Array:
        return self.gram.product(W) * self.task_scale

    # -- reference models -----------------------------------------------------------------------------

    @cached_property
    def null(self) -> Coefficients:  # type: ignore[override]
        """Zero coefficients with the best intercepts."""
        return Coefficients(np.zeros(self.shape), self.mean.copy())

    @cached_property
    def null_value(self) -> float:  # type: ignore[override]
        """Loss of the model without features."""
        return self._constant

    @cached_property
    def gap_scale(self) -> float:  # type: ignore[override]
        """Number of tasks times the smallest loss of a task without features; tasks without any are not counted."""
        losses = 0.5 * self.task_scale * self._raw_yy
        counted = losses[self._raw_yy > 200 * EPS * self._size]
        return float(len(losses) * counted.min()) if len(counted) else self.null_value

    @cached_property
    def gap_floor(self) -> float:  # type: ignore[override]
        """What rounding can leave of a duality gap, which has no large terms here that cancel."""
        return 10 * EPS * float(self.task_scale @ self._size)

    @cached_property
    def residual_floor(self) -> float:  # type: ignore[override]
        """What rounding can leave of a residual."""
        return 100 * EPS * float(np.sqrt(self.shape[0] * (self.task_scale @ self._size)))

    def refit_intercept(self, point: Coefficients) -> Coefficients:
        """The best intercepts, which are the means of the targets for any coefficients."""
        return Coefficients(point.W, self.mean) if self.fit_intercept else point

    def refit(self, point: Coefficients, free: np.ndarray | None) -> Coefficients:
        """The best intercepts and unpenalised coefficients, marked in ``free``, for the others as given."""
        point = self.refit_intercept(point)
        if free is None or not free.any():
            return point
        # What does not vary predicts nothing.
        W = np.where(free, 0.0, point.W)
        free = free if self.constant is None else free & ~self.constant
        return Coefficients(refit_on_grams(self.gram, self._raw_cross, W, free), point.b)


__all__ = ["MomentTerm"]
