"""The convex problem that every solver sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import inf, isfinite

import numpy as np

from skmtl._typing import Array
from skmtl.data import TaskData
from skmtl.exceptions import IncompatibleProblemError
from skmtl.losses import PerTaskLoss
from skmtl.penalties import Bounded, Penalty, QuadraticPenalty
from skmtl.problem._certificate import Certificate
from skmtl.problem._coefficients import Coefficients
from skmtl.problem._moment_term import MomentTerm
from skmtl.problem._term import Term


class Problem:
    """Weighted losses of all tasks plus a penalty on the coefficients.

    The objective, once for the whole library, is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} s_it loss_t(y_it, x_i·w_t + b_t)  +  alpha P(W),

    with sample weights s, task weights ω and n̄ = Σ s / T, the mean weight of a task. With
    ``share_intercept`` the term (alpha / 2) b' C M C b is added, where M is the matrix over tasks of a
    quadratic penalty and C = I - 11'/T takes out the common intercept, which stays free.

    Points are in the *working coordinates* of `Term`: intercepts are linear predictors at the feature
    means. W is the same as in original coordinates. For a penalty on the two parts of W = P + Q a point's ``W`` is the
    stacked array [P; Q] of shape (2p, C); the loss sees their sum, and nothing else here or in a solver differs.

    Parameters
    ----------
    term : Term
        The losses; shared by the problems of a path.
    penalty : Penalty
    alpha : float
    """

    def __init__(self, term: Term, penalty: Penalty, alpha: float):
        if term.share_intercept:
            _check_common_model(term, penalty)
        self.term = term
        self.penalty = penalty
        self.alpha = float(alpha)

    def with_alpha(self, alpha: float) -> Problem:
        """The same problem at another strength."""
        other = Problem(self.term, self.penalty, alpha)
        if isinstance(self.penalty, QuadraticPenalty):
            other.__dict__["task_eigen"] = self.task_eigen
        return other

    def with_penalty(self, penalty: Penalty) -> Problem:
        """The same losses under another penalty."""
        return Problem(self.term, penalty, self.alpha)

    # -- what solvers ask of the losses ---------------------------------------------------------------

    @property
    def data(self) -> TaskData:
        """The observed entries."""
        return self.term.data

    @property
    def loss(self) -> PerTaskLoss:
        """The losses of all tasks."""
        return self.term.loss

    @property
    def fit_intercept(self) -> bool:
        """Whether tasks have intercepts."""
        return self.term.fit_intercept

    @property
    def share_intercept(self) -> bool:
        """Whether intercepts are pulled towards a common one."""
        return self.term.share_intercept

    def collapse(self, W: Array) -> Array:
        """The coefficients (p, C) of a point: the sum of its parts."""
        return W if self.penalty.parts == 1 else W.reshape(self.penalty.parts, -1, W.shape[1]).sum(axis=0)

    def lift(self, W: Array) -> Array:
        """Transpose of `collapse`: a gradient in W as the gradient in its parts."""
        return W if self.penalty.parts == 1 else np.tile(W, (self.penalty.parts, 1))

    def stack_metric(self, metrics: list[Array]) -> Array:
        """The metric of a point from the metrics of its parts."""
        if len(metrics) == 1:
            return metrics[0]
        width = max(metric.shape[1] for metric in metrics)
        return np.vstack([np.broadcast_to(metric, (self.term.shape[0], width)) for metric in metrics])

    @cached_property
    def metric(self) -> Array:
        """Curvature of the loss along each coefficient, as fine as the penalty's prox allows."""
        return self.stack_metric([self.term.metric(one) for one in self.penalty.granularity])

    @property
    def metric_b(self) -> Array:
        """Curvature of the loss along each intercept, (C,)."""
        return self.term.metric_b

    @property
    def curvature_bound(self) -> float:
        """Estimate of the largest curvature of the loss in the metric."""
        return self.term.curvature_bound(self.penalty.granularity)

    @cached_property
    def free(self) -> np.ndarray | None:
        """Coefficients (p, C) that the penalty leaves alone, or None."""
        return self.penalty.free(self.term.shape)

    @cached_property
    def null(self) -> Coefficients:
        """The model without any penalised feature."""
        null = self.term.null_with(self.free)
        return Coefficients(self._whole(null.W), null.b)

    def _whole(self, W: Array) -> Array:
        """Coefficients as a point whose first part is all of them."""
        if self.penalty.parts == 1:
            return W
        return np.vstack([W, *[np.zeros_like(W)] * (self.penalty.parts - 1)])

    @property
    def null_value(self) -> float:
        """Loss of the model without features."""
        return self.term.null_value

    def predictor(self, point: Coefficients) -> Array:
        """Linear predictors of the observed entries: linear in the point."""
        return self.term.predictor(self._joined(point))

    def _joined(self, point: Coefficients) -> Coefficients:
        return point if self.penalty.parts == 1 else Coefficients(self.collapse(point.W), point.b)

    def original(self, point: Coefficients) -> Coefficients:
        """A point with intercepts at x = 0, as users see them."""
        return Coefficients(point.W, self.term.original(self._joined(point)).b)

    def working(self, point: Coefficients) -> Coefficients:
        """A point with intercepts at the feature means, as solvers see them."""
        return Coefficients(point.W, self.term.working(self._joined(point)).b)

    # -- the penalty's matrices -----------------------------------------------------------------------

    @cached_property
    def task_eigen(self) -> tuple[Array, Array]:
        """Eigenvalues and eigenvectors of a quadratic penalty's matrix over tasks."""
        if not isinstance(self.penalty, QuadraticPenalty):
            raise IncompatibleProblemError(f"{type(self.penalty).__name__} is not a quadratic penalty.")
        return self.penalty.eigen(self.data.layout.n_channels)

    @cached_property
    def intercept_matrix(self) -> Array | None:
        """Matrix of the penalty on intercepts, C M C, or None where intercepts are free."""
        if not self.share_intercept or not isinstance(self.penalty, QuadraticPenalty):
            return None
        n_channels = self.data.layout.n_channels
        C = np.eye(n_channels) - 1.0 / n_channels
        return C @ self.penalty.task_matrix(n_channels) @ C

    # -- value, gradient, prox ------------------------------------------------------------------------

    def smooth_value(self, point: Coefficients, eta: Array) -> float:
        """Loss, plus the penalty on intercepts where they are shared; ``eta`` is the point's predictor."""
        value = self.term.value(self._joined(point), eta)
        if self.intercept_matrix is not None:
            b = self.original(point).b
            value += 0.5 * self.alpha * float(b @ self.intercept_matrix @ b)
        return value

    def smooth_gradient(self, point: Coefficients, eta: Array) -> Coefficients:
        """Gradient of `smooth_value` in working coordinates."""
        return self._with_shared_intercepts(point, self.term.gradient(self._joined(point), eta))

    def smooth_hessian_product(self, eta: Array, way: Coefficients, extra: Array | None = None) -> Coefficients:
        """Second derivative of `smooth_value` at the point with predictor ``eta``, times a direction.

        ``extra`` are curvatures in the linear predictors to be added.
        """
        return self._with_shared_intercepts(way, self.term.hessian_product(eta, self._joined(way), extra))

    def _with_shared_intercepts(self, point: Coefficients, pulled: Coefficients) -> Coefficients:
        """A derivative of the losses at the point, for its parts, plus what shared intercepts add to it."""
        if self.intercept_matrix is None:
            return Coefficients(self.lift(pulled.W), pulled.b)
        pull = self.alpha * (self.intercept_matrix @ self.original(point).b)
        return Coefficients(pulled.W - self.term.center * pull, pulled.b + pull)

    def penalty_value(self, point: Coefficients) -> float:
        """The penalty on the coefficients, alpha P(W)."""
        # Without strength the penalty still says where coefficients may be.
        value = self.penalty.value(point.W)
        return self.alpha * value if self.alpha > 0 else (0.0 if np.isfinite(value) else value)

    def admissible(self, point: Coefficients) -> Coefficients:
        """The point, or the nearest one that the penalty allows: a step of no length leads there."""
        if np.isfinite(self.penalty.value(point.W)):
            return point
        return Coefficients(self.penalty.prox(point.W, 0.0), point.b)

    def value(self, point: Coefficients, image: Array | None = None) -> float:
        """The objective; ``image`` is the point's, where it is at hand."""
        image = self.predictor(point) if image is None else image
        return self.smooth_value(point, image) + self.penalty_value(point)

    def descend(self, point: Coefficients, gradient: Coefficients, bound: float) -> Coefficients:
        """Proximal gradient step with step sizes 1 / (bound * metric); intercepts have no penalty here."""
        step = 1.0 / (bound * self.metric)
        # One step for all is a number to a penalty that cannot use more.
        strength = self.alpha * (float(step[0, 0]) if step.size == 1 else step)
        W = self.penalty.prox(point.W - step * gradient.W, strength)
        return Coefficients(W, point.b - gradient.b / (bound * self.metric_b))

    def squared_length(self, step: Coefficients) -> float:
        """Squared length of a step in the metric."""
        return float((self.metric * step.W**2).sum() + (self.metric_b * step.b**2).sum())

    def alpha_max(self) -> float:
        """Smallest alpha at which no penalised feature enters; infinite for quadratic penalties."""
        gradient = self.term.gradient_at(self.term.null_with(self.free))
        return self.penalty.alpha_max(gradient if self.free is None else np.where(self.free, 0.0, gradient))

    # -- certificate ----------------------------------------------------------------------------------

    def certificate(self, point: Coefficients, dual: Coefficients | None = None) -> Certificate:
        """Duality gap at a point where the conjugates are known and finite, else the residual.

        The dual point is made of the residuals at the point, or at ``dual`` where that gives the smaller gap.
        """
        value, certificate = self.assess(point)
        return certificate if dual is None else self.with_bound(value, certificate, self.bound(dual))

    def bound(self, point: Coefficients, image: Array | None = None) -> float:
        """What no objective is below: the dual objective at the residuals of a point, which may be any; or -inf.

        ``image`` as in `assess`.
        """
        given = image is not None
        image = self.predictor(point) if image is None else image
        loss = self.smooth_value(point, image)
        above = self._above_dual(point, image, loss, 0.0, given)
        return -inf if above is None else loss - above

    @staticmethod
    def with_bound(value: float, certificate: Certificate, bound: float) -> Certificate:
        """The certificate of a point with this objective, given a lower bound of all objectives."""
        if certificate.kind != "duality gap" or not value - bound < certificate.value:
            return certificate
        return replace(certificate, value=max(value - bound, 0.0))

    def assess(self, point: Coefficients, image: Array | None = None) -> tuple[float, Certificate]:
        """The objective and the certificate.

        A solver that gives the point's ``image`` says that its intercepts and free coefficients are the best ones.
        """
        given = image is not None
        image = self.predictor(point) if image is None else image
        loss, penalty = self.smooth_value(point, image), self.penalty_value(point)
        value = loss + penalty
        gap = self._above_dual(point, image, loss, penalty, given)
        if gap is not None:
            return value, Certificate("duality gap", max(gap, 0.0), self.term.gap_scale, self.term.gap_floor)
        scale = self.residual(self.null)
        return value, Certificate("fixed-point residual", self.residual(point), scale, self.term.residual_floor)

    def assess_each(self, alphas: Sequence[float], points: Sequence[Coefficients]) -> list[tuple[float, Certificate]]:
        """`assess` at many strengths, one point for each, with the best intercepts and no free coefficients.

        On moments, and for a norm, the losses of all points come from one product.
        """
        term = self.term
        if not (isinstance(term, MomentTerm) and self.penalty.norm and self.free is None):
            problems = [self.with_alpha(alpha) for alpha in alphas]
            return [one.assess(point, one.predictor(point)) for one, point in zip(problems, points, strict=True)]
        values, slopes, gradients = term.values([point.W for point in points])
        norms = _of_each(self.penalty, "dual_norm", -gradients)
        sizes = _of_each(self.penalty, "value", [point.W for point in points])
        scale, floor = term.gap_scale, term.gap_floor
        assessed = []
        for k, (alpha, point) in enumerate(zip(alphas, points, strict=True)):
            norm = float(norms[k])
            if alpha == 0 or not isfinite(norm):
                one = self.with_alpha(alpha)
                assessed.append(one.assess(point, one.predictor(point)))
                continue
            value, penalty = float(values[k]), alpha * float(sizes[k])
            factor = min(1.0, alpha / norm) if norm > 0 else 1.0
            gap = max((1 - factor) ** 2 * value + (factor * float(slopes[k]) + penalty), 0.0)
            assessed.append((value + penalty, Certificate("duality gap", gap, scale, floor)))
        return assessed

    def residual(self, point: Coefficients) -> float:
        """Length, in the metric, of a proximal gradient step with step sizes 1 / metric."""
        gradient = self.smooth_gradient(point, self.predictor(point))
        moved = self.descend(point, gradient, 1.0)
        return float(np.sqrt(self.squared_length(moved.combine(1.0, point, -1.0))))

    def _above_dual(
        self, point: Coefficients, image: Array, loss: float, penalty: float, balanced: bool
    ) -> float | None:
        """Loss plus penalty minus the value of a dual point made from the loss gradient; None where that is not finite.

        The dual of the objective is  max -Σ (loss*)(theta) - (alpha P)*(-X' theta)  over theta that sum
        to zero within each task that has an intercept. ``balanced`` says that they do at this point, whose loss and
        penalty are given.
        """
        conjugate = getattr(self.penalty, "conjugate", None)
        if conjugate is None or self.share_intercept or self.alpha == 0:
            return None
        term, fitted, away = self.term, self._joined(point), 0.0
        if not balanced:
            at_point = loss
            fitted = term.refit(fitted, self.free)
            image = term.predictor(fitted)
            loss = term.value(fitted, image)
            away = at_point - loss
        pulled = term.gradient(fitted, image)
        if not balanced and (np.abs(pulled.b) > 1e-10 * self.metric_b * (1 + np.abs(fitted.b))).any():
            return None
        Z = -pulled.W
        if self.free is not None:
            size = np.broadcast_to(term.metric("entry"), self.free.shape) * (1 + np.abs(fitted.W))
            if (np.abs(Z) > 1e-10 * size)[self.free].any():
                return None
            Z = np.where(self.free, 0.0, Z)
        factors = [1.0]
        dual_norm = getattr(self.penalty, "dual_norm", None)
        if dual_norm is not None:
            # Bounds make a norm of one side only: it is asked of what the conjugate is asked of.
            norm = dual_norm(Z)
            if norm == inf and self.penalty.norm:
                return None
            if self.alpha < norm < inf:
                factors.append(self.alpha / norm)
        gaps = []
        for factor in factors:
            # The conjugate of a norm is zero in the dual ball and infinite outside.
            held = conjugate(factor * Z, self.alpha) if not self.penalty.norm else 0.0 if factor is factors[-1] else inf
            if held < inf:
                gaps.append(away + (term.excess(fitted, image, loss, factor) + penalty) + held)
        least = min(gaps, default=inf)
        return least if isfinite(least) else None


def _of_each(penalty: Penalty, name: str, matrices: Sequence[Array] | Array) -> Sequence[float] | Array:
    """A number of each of several matrices: at once where the penalty can, in the method of the plural name."""
    together = getattr(penalty, name + "s", None)
    return [getattr(penalty, name)(one) for one in matrices] if together is None else together(np.asarray(matrices))


def _check_common_model(term: Term, penalty: Penalty) -> None:
    """Shared intercepts need a quadratic penalty that leaves equal tasks alone, and one loss."""
    if isinstance(penalty, Bounded):
        raise IncompatibleProblemError(
            "share_intercept=True goes with a penalty that is a quadratic form, which bounds end: use one of the two."
        )
    if not isinstance(penalty, QuadraticPenalty):
        raise IncompatibleProblemError(
            f"share_intercept=True needs a penalty with a common model, which {type(penalty).__name__} is not: use "
            "mean or graph regularisation, or share_intercept=False."
        )
    if term.data.layout.n_channels > term.data.n_tasks:
        raise IncompatibleProblemError(
            "share_intercept=True pulls intercepts to a common one, which an outcome of several classes does not have: "
            "use share_intercept=False."
        )
    rows = penalty.task_matrix(term.data.n_tasks).sum(axis=1)
    if np.ptp(rows) > 1e-10 * max(1.0, float(np.abs(rows).max())):
        raise IncompatibleProblemError(
            "share_intercept=True needs a penalty that treats equal coefficients of all tasks alike, which this "
            f"{type(penalty).__name__} does not: use share_intercept=False."
        )
    if len({repr(one) for one in {id(one): one for one in term.loss.losses}.values()}) > 1:
        raise IncompatibleProblemError(
            "share_intercept=True pulls intercepts to a common one, which means nothing between different losses: "
            "use one loss for all tasks, or share_intercept=False."
        )
