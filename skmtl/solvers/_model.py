"""The quadratic model of the loss at a point: its curvature as products with directions."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from skmtl._typing import Array
from skmtl.data import SharedDesign
from skmtl.problem import Coefficients, MomentTerm, Problem
from skmtl.problem import coarsen as coarsen_metric

# One Gram for each task is worth its making up to this many features: a product with it costs p² where two passes over
# the data cost 2 n p, and making it n p² / 2, that is the products of some p / 4 iterations.
_LARGEST_GRAM = 300


class QuadraticModel(ABC):
    """Second derivative of a problem's smooth part at one point.

    Attributes
    ----------
    metric : ndarray, as ``Problem.metric``
        Curvature along each coefficient at this point, as fine as the penalty's prox allows.
    metric_b : ndarray of shape (C,)
        The same along each intercept.
    """

    metric: Array
    metric_b: Array

    @abstractmethod
    def product(self, way: Coefficients) -> Coefficients:
        """The second derivative times a direction."""


class DesignModel(QuadraticModel):
    """Products by two passes over the data."""

    def __init__(self, problem: Problem, eta: Array, damping: float):
        self.problem = problem
        self.eta = eta
        self.extra = damping * _safe_curvature(problem, eta) if damping > 0 else None
        curvature = None if problem.loss.quadratic else _curvature(problem, eta)
        if curvature is None:
            self.metric, self.metric_b = (1 + damping) * problem.metric, (1 + damping) * problem.metric_b
        else:
            curvature = curvature if self.extra is None else curvature + self.extra
            along, noise = problem.term.curvature_along(curvature)
            self.metric = _stacked(problem, along, noise)
            self.metric_b = _positive(problem.data.layout.sum_by_channel(curvature), problem.metric_b)

    def product(self, way: Coefficients) -> Coefficients:
        """The second derivative times a direction."""
        return self.problem.smooth_hessian_product(self.eta, way, self.extra)


class GramModel(QuadraticModel):
    """Products with one weighted Gram per task, made in one pass over the data.

    Intercepts are the last feature, a constant; for squared loss features are centred at the task's means and the
    moments of the data, which serve a whole path, hold the Grams already.
    """

    def __init__(self, problem: Problem, eta: Array, damping: float):
        self.problem = problem
        term, layout = problem.term, problem.data.layout
        if problem.loss.quadratic:
            self.grams = term.normal_equations[0] * (
                term.task_scale[:, None, None] if len(term.normal_equations[0]) > 1 else 1.0
            )
            self.scale = np.ones(layout.n_tasks) if len(self.grams) > 1 else term.task_scale
            self.cross, self.total = None, problem.metric_b
        else:
            curvature = _curvature(problem, eta)
            if curvature is None:
                raise TypeError("GramModel needs a loss that is a sum over entries of one channel each")
            if damping > 0:
                curvature = curvature + damping * _safe_curvature(problem, eta)
            first, total = term.data.design.adjoint(curvature)
            self.grams = np.stack(
                [
                    term.data.design.gram(t, curvature[layout.entries(t)], term.center[:, t])
                    for t in range(layout.n_tasks)
                ]
            )
            self.scale = np.ones(layout.n_tasks)
            self.cross = first - term.center * total if problem.fit_intercept else None
            self.total = _positive(total, problem.metric_b)
        along = np.diagonal(self.grams, axis1=1, axis2=2).T * self.scale
        noise = 1e-14 * np.broadcast_to(problem.term.metric("entry"), along.shape)
        self.metric = _stacked(problem, along, noise)
        self.metric_b = self.total

    def product(self, way: Coefficients) -> Coefficients:
        """The second derivative times a direction."""
        W = self.problem.collapse(way.W)
        if len(self.grams) == 1:
            image = (self.grams[0] @ W) * self.scale
        else:
            image = np.matmul(self.grams, W.T[:, :, None])[:, :, 0].T
        if not self.problem.fit_intercept:
            return Coefficients(self.problem.lift(image), np.zeros_like(way.b))
        b = self.total * way.b
        if self.cross is not None:
            image = image + self.cross * way.b
            b = b + (self.cross * W).sum(axis=0)
        return Coefficients(self.problem.lift(image), b)


def _grams_pay(problem: Problem) -> bool:
    """Whether products with Grams are possible and cheaper than passes over the data."""
    layout, p = problem.data.layout, problem.data.n_features
    plain = layout.n_channels == layout.n_tasks and not any(loss.joint for loss in problem.loss.losses)
    if not plain or problem.share_intercept:
        return False
    # One Gram for all tasks is n p² operations of the fastest kind, against 4 n p T for each iteration.
    return p <= min(_LARGEST_GRAM, layout.n_entries // layout.n_tasks) or (p <= layout.n_rows and one_gram(problem))


def one_gram(problem: Problem) -> bool:
    """Whether one Gram is the second derivative of squared loss for all tasks, but for factors."""
    term, data = problem.term, problem.data
    if not problem.loss.quadratic or problem.share_intercept:
        return False
    if isinstance(term, MomentTerm):
        return bool(term.gram.shared)
    if not (isinstance(data.design, SharedDesign) and data.layout.complete):
        return False
    weight = data.weight.reshape(data.n_tasks, -1)
    return bool((weight == weight[0]).all())


def quadratic_model(problem: Problem, eta: Array, damping: float = 0.0) -> QuadraticModel:
    """The cheaper of the two models of a problem.

    ``damping`` is how much of a curvature that is surely enough is added to that of the loss at the point.
    """
    return GramModel(problem, eta, damping) if _grams_pay(problem) else DesignModel(problem, eta, damping)


def curvature_at(problem: Problem, eta: Array, damping: float) -> Array:
    """Second derivative of the loss in each linear predictor, with ``damping`` times a safe one, and never zero."""
    curvature = problem.loss.hessian_product(problem.data.y, eta, problem.term.weight, np.ones_like(eta))
    if damping > 0:
        curvature = curvature + damping * _safe_curvature(problem, eta)
    return np.maximum(curvature, 1e-8 * problem.term.curvature)


def _safe_curvature(problem: Problem, eta: Array) -> Array:
    """Curvatures in the linear predictors with which the model lies above the losses, or of their usual size."""
    secant = problem.loss.secant(problem.data.y, eta, problem.term.weight)
    return problem.term.curvature if secant is None else secant


def _curvature(problem: Problem, eta: Array) -> Array | None:
    """Second derivative of the loss in each linear predictor where it is diagonal, else None."""
    layout = problem.data.layout
    if layout.n_channels > layout.n_tasks or any(loss.joint for loss in problem.loss.losses):
        return None
    return problem.loss.hessian_product(problem.data.y, eta, problem.term.weight, np.ones_like(eta))


def _stacked(problem: Problem, along: Array, noise: Array) -> Array:
    # Where a loss is flat at this point (a hinge, a Huber tail) its curvature says nothing about the next point.
    least = 1e-8 * np.broadcast_to(problem.term.metric("entry"), along.shape)
    along = np.maximum(along, least)
    return problem.stack_metric([coarsen_metric(along, noise, one) for one in problem.penalty.granularity])


def _positive(total: Array, bound: Array) -> Array:
    return np.maximum(total, 1e-8 * bound)


__all__ = ["DesignModel", "GramModel", "QuadraticModel", "curvature_at", "one_gram", "quadratic_model"]
