"""The convex problem that every solver sees."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from skmtl._typing import Array
from skmtl.data import Moments, TaskData
from skmtl.exceptions import IncompatibleProblemError, TaskDataError
from skmtl.losses import PerTaskLoss
from skmtl.penalties import Penalty, QuadraticPenalty
from skmtl.problem._certificate import Certificate
from skmtl.problem._coefficients import Coefficients

_EPS = float(np.finfo(np.float64).eps)


class Problem:
    """Weighted losses of all tasks plus a penalty on the coefficients.

    The objective, once for the whole library, is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} s_it loss_t(y_it, x_i·w_t + b_t)  +  alpha P(W),

    with sample weights s, task weights ω and n̄ = Σ s / T, the mean weight of a task. With
    ``share_intercept`` the term (alpha / 2) b' C M C b is added, where M is the matrix over tasks of a
    quadratic penalty and C = I - 11'/T takes out the common intercept, which stays free.

    Points are in *working coordinates*: features are centred at each task's weighted means, so that
    intercepts and coefficients do not mix, and ``b`` is the linear predictor at those means. `original`
    and `working` convert. W is the same in both.

    Parameters
    ----------
    data : TaskData
    loss : PerTaskLoss
    penalty : Penalty
    alpha : float
    fit_intercept : bool
    share_intercept : bool
    """

    # What depends on the data only, and is therefore shared by the problems of a path.
    _SHARED = (
        "weight", "task_scale", "center", "metric", "metric_b", "null", "null_gradient", "null_value",
        "curvature_bound", "moments", "_gap_floor", "_residual_floor",
    )  # fmt: skip

    def __init__(
        self,
        data: TaskData,
        loss: PerTaskLoss,
        penalty: Penalty,
        alpha: float,
        *,
        fit_intercept: bool = True,
        share_intercept: bool = False,
    ):
        if share_intercept and not isinstance(penalty, QuadraticPenalty):
            raise IncompatibleProblemError(
                f"share_intercept=True needs a penalty with a common model, which {type(penalty).__name__} is "
                "not: use mean or graph regularisation, or share_intercept=False."
            )
        if share_intercept and isinstance(penalty, QuadraticPenalty):
            rows = penalty.task_matrix(data.n_tasks).sum(axis=1)
            if np.ptp(rows) > 1e-10 * max(1.0, float(np.abs(rows).max())):
                raise IncompatibleProblemError(
                    "share_intercept=True needs a penalty that treats equal coefficients of all tasks alike, which "
                    f"this {type(penalty).__name__} does not: use share_intercept=False."
                )
        if share_intercept and len({type(one) for one in loss.losses}) > 1:
            raise IncompatibleProblemError(
                "share_intercept=True pulls intercepts to a common one, which means nothing between different "
                "losses: use one loss for all tasks, or share_intercept=False."
            )
        self.data = data
        self.loss = loss
        self.penalty = penalty
        self.alpha = float(alpha)
        self.fit_intercept = fit_intercept
        self.share_intercept = share_intercept and fit_intercept

    def with_alpha(self, alpha: float) -> Problem:
        """The same problem at another strength; what depends on the data only is kept."""
        other = Problem(
            self.data,
            self.loss,
            self.penalty,
            alpha,
            fit_intercept=self.fit_intercept,
            share_intercept=self.share_intercept,
        )
        if "task_eigen" in self.__dict__:
            other.__dict__["task_eigen"] = self.task_eigen
        return self._share(other)

    def with_penalty(self, penalty: Penalty) -> Problem:
        """The same problem with another penalty of the same separability."""
        other = Problem(
            self.data,
            self.loss,
            penalty,
            self.alpha,
            fit_intercept=self.fit_intercept,
            share_intercept=self.share_intercept,
        )
        return self._share(other)

    def _share(self, other: Problem) -> Problem:
        skip = () if other.penalty.separable == self.penalty.separable else ("metric", "curvature_bound")
        for name in self._SHARED:
            if name in self.__dict__ and name not in skip:
                other.__dict__[name] = self.__dict__[name]
        return other

    # -- weights and coordinates ------------------------------------------------------------------

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
        if not (deviance > 0).all():
            name = layout.names[int(np.argmin(deviance))]
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

    @cached_property
    def metric(self) -> Array:
        """Curvature of the loss along each coefficient: step sizes are divided by it.

        Shape (p, 1) for a penalty on rows, (p, C) for a penalty on entries, a number otherwise, so that
        the prox in this metric is the plain prox with a step per row or entry.
        """
        weight = self.weight * self.loss.curvature[self.data.layout.entry_task]
        second = self.data.design.second_moment(weight)
        total = self.data.layout.sum_by_channel(weight)
        curvature = np.maximum(second - total * self.center**2, 0.0)
        # A constant feature has no curvature but rounding: any positive number will do for it.
        noise = 100 * _EPS * second
        if self.penalty.separable == "row":
            curvature, noise = curvature.max(axis=1, keepdims=True), noise.max(axis=1, keepdims=True)
        elif self.penalty.separable is None:
            curvature, noise = curvature.max(keepdims=True), noise.max(keepdims=True)
        largest = float(curvature.max(initial=0.0))
        return np.where(curvature > noise, curvature, largest if largest > 0 else 1.0)

    @cached_property
    def metric_b(self) -> Array:
        """Curvature of the loss along each intercept, (C,)."""
        layout = self.data.layout
        return layout.sum_by_channel(self.weight * self.loss.curvature[layout.entry_task])

    @cached_property
    def intercept_matrix(self) -> Array | None:
        """Matrix of the penalty on intercepts, C M C, or None where intercepts are free."""
        if not self.share_intercept or not isinstance(self.penalty, QuadraticPenalty):
            return None
        n_tasks = self.data.n_tasks
        C = np.eye(n_tasks) - 1.0 / n_tasks
        return C @ self.penalty.task_matrix(n_tasks) @ C

    @cached_property
    def task_eigen(self) -> tuple[Array, Array]:
        """Eigenvalues and eigenvectors of a quadratic penalty's matrix over tasks."""
        if not isinstance(self.penalty, QuadraticPenalty):
            raise IncompatibleProblemError(f"{type(self.penalty).__name__} is not a quadratic penalty.")
        return self.penalty.eigen(self.data.n_tasks)

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
            return self.moments.centered()
        xx, sx, xy, sy, s = self.moments.raw()
        if not self.fit_intercept:
            return xx, xy
        size = xx.shape[1] + 1
        grams = np.empty((len(xx), size, size))
        grams[:, :-1, :-1] = xx
        grams[:, -1, :-1] = grams[:, :-1, -1] = sx.T
        grams[:, -1, -1] = s[: len(xx)]
        return grams, np.vstack([xy, sy])

    @cached_property
    def gram_eigen(self) -> tuple[Array, Array]:
        """Eigenvalues (G, q), clipped at zero, and eigenvectors (G, q, q) of the Grams."""
        values, vectors = np.linalg.eigh(self.normal_equations[0])
        return np.maximum(values, 0.0), vectors

    # -- value, gradient, prox --------------------------------------------------------------------

    def predictor(self, point: Coefficients) -> Array:
        """Linear predictors of the observed entries: linear in the point."""
        b = point.b - (self.center * point.W).sum(axis=0) if self.fit_intercept else np.zeros_like(point.b)
        return self.data.design.forward(point.W, b)

    def smooth_value(self, point: Coefficients, eta: Array) -> float:
        """Loss, plus the penalty on intercepts where they are shared; ``eta`` is the point's predictor."""
        value = self.loss.value(self.data.y, eta, self.weight)
        if self.intercept_matrix is not None:
            b = self.original(point).b
            value += 0.5 * self.alpha * float(b @ self.intercept_matrix @ b)
        return value

    def smooth_gradient(self, point: Coefficients, eta: Array) -> Coefficients:
        """Gradient of `smooth_value` in working coordinates."""
        gradient = self._pull_back(self.loss.gradient(self.data.y, eta, self.weight))
        if self.intercept_matrix is None:
            return gradient
        pull = self.alpha * (self.intercept_matrix @ self.original(point).b)
        return Coefficients(gradient.W - self.center * pull, gradient.b + pull)

    def _pull_back(self, g: Array) -> Coefficients:
        dW, db = self.data.design.adjoint(g)
        if not self.fit_intercept:
            return Coefficients(dW, np.zeros_like(db))
        return Coefficients(dW - self.center * db, db)

    def value(self, point: Coefficients) -> float:
        """The objective."""
        return self.smooth_value(point, self.predictor(point)) + self._penalty_value(point.W)

    def _penalty_value(self, W: Array) -> float:
        return self.alpha * self.penalty.value(W) if self.alpha > 0 else 0.0

    def prox(self, point: Coefficients, bound: float) -> Coefficients:
        """Proximal step of the penalty, with step sizes 1 / (bound * metric); intercepts are free."""
        return Coefficients(self.penalty.prox(point.W, self.alpha / (bound * self.metric)), point.b)

    def descend(self, point: Coefficients, gradient: Coefficients, bound: float) -> Coefficients:
        """Proximal gradient step with step sizes 1 / (bound * metric)."""
        W = point.W - gradient.W / (bound * self.metric)
        b = point.b - gradient.b / (bound * self.metric_b)
        return self.prox(Coefficients(W, b), bound)

    def squared_length(self, step: Coefficients) -> float:
        """Squared length of a step in the metric."""
        return float((self.metric * step.W**2).sum() + (self.metric_b * step.b**2).sum())

    @cached_property
    def curvature_bound(self) -> float:
        """Estimate (from below) of the largest curvature of the loss in the metric, by power iteration."""
        layout = self.data.layout
        weight = self.weight * self.loss.curvature[layout.entry_task]
        shape = self.center.shape
        # A fixed start keeps fits deterministic; the pattern has a part along any eigenvector.
        V = 1.0 + 0.1 * np.cos(np.arange(shape[0] * shape[1], dtype=float)).reshape(shape)
        zero = np.zeros(shape[1])
        root = np.sqrt(self.metric)
        bound = 1.0
        for _ in range(10):
            norm = float(np.linalg.norm(V))
            if norm == 0:
                break
            V = V / norm
            eta = self.predictor(Coefficients(V / root, zero))
            V = self._pull_back(weight * eta).W / root
            bound = max(bound, float(np.linalg.norm(V)))
        return bound

    # -- the model without features ----------------------------------------------------------------

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
    def null_gradient(self) -> Array:
        """Gradient of the loss in W at the model without features, (p, C)."""
        eta = self.predictor(self.null)
        return self._pull_back(self.loss.gradient(self.data.y, eta, self.weight)).W

    def alpha_max(self) -> float:
        """Smallest alpha at which no feature enters; infinite for quadratic penalties."""
        return self.penalty.alpha_max(self.null_gradient)

    # -- certificate -------------------------------------------------------------------------------

    def certificate(self, point: Coefficients) -> Certificate:
        """Duality gap at a point where the conjugates are known and finite, else the residual."""
        gap = self._duality_gap(point)
        if gap is not None:
            return Certificate("duality gap", gap, self.null_value, self._gap_floor)
        value = self.residual(point)
        return Certificate("fixed-point residual", value, self.residual(self.null), self._residual_floor)

    @cached_property
    def _gap_floor(self) -> float:
        return 100 * _EPS * float(self.weight @ self.data.y**2)

    @cached_property
    def _residual_floor(self) -> float:
        size = self.weight @ (self.data.y**2 * self.loss.curvature[self.data.layout.entry_task])
        return 100 * _EPS * float(np.sqrt(self.data.n_features * size))

    def residual(self, point: Coefficients) -> float:
        """Length, in the metric, of a proximal gradient step with step sizes 1 / metric."""
        gradient = self.smooth_gradient(point, self.predictor(point))
        moved = self.descend(point, gradient, 1.0)
        return float(np.sqrt(self.squared_length(moved.combine(1.0, point, -1.0))))

    def _duality_gap(self, point: Coefficients) -> float | None:
        """Primal value minus the value of a dual point made from the loss gradient; None if not finite.

        The dual of the objective is  max -Σ (loss*)(theta) - (alpha P)*(-X' theta)  over theta that sum
        to zero within each task that has an intercept.
        """
        conjugate = getattr(self.penalty, "conjugate", None)
        if conjugate is None or self.share_intercept or self.alpha == 0:
            return None
        balanced = self.refit_intercept(point)
        theta = self.loss.gradient(self.data.y, self.predictor(balanced), self.weight)
        pulled = self._pull_back(theta)
        slack = np.abs(pulled.b)
        if self.fit_intercept and (slack > 1e-10 * self.metric_b * (1 + np.abs(balanced.b))).any():
            return None
        scales = [1.0]
        dual_norm = getattr(self.penalty, "dual_norm", None)
        if dual_norm is not None:
            norm = dual_norm(pulled.W)
            scales.append(min(1.0, self.alpha / norm) if norm > 0 else 1.0)
        dual = max(
            -self.loss.conjugate(self.data.y, c * theta, self.weight) - conjugate(-c * pulled.W, self.alpha)
            for c in scales
        )
        if not np.isfinite(dual):
            return None
        return max(self.value(point) - dual, 0.0)

    def refit_intercept(self, point: Coefficients) -> Coefficients:
        """The best intercepts for given coefficients, by Newton steps (of at most 4 where the loss is curved)."""
        if not self.fit_intercept or self.share_intercept:
            return point
        layout, b = self.data.layout, point.b
        longest = np.array([np.inf if loss.quadratic else 4.0 for loss in self.loss.losses])[layout.channel_task]
        for _ in range(50):
            eta = self.predictor(Coefficients(point.W, b))
            slope = layout.sum_by_channel(self.loss.gradient(self.data.y, eta, self.weight))
            curvature = layout.sum_by_channel(self.loss.hessian(self.data.y, eta, self.weight))
            step = slope / np.maximum(curvature, 1e-12 * self.metric_b)
            b = b - np.clip(step, -longest, longest)
            if self.loss.quadratic or (np.abs(step) <= 1e-12 * (1 + np.abs(b))).all():
                break
        return Coefficients(point.W, b)
