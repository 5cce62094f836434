"""One fold of a cross-validation: the path on its training part, and what its test part says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._convex import ConvexModel, TargetScale
from skmtl._typing import Array
from skmtl.data import TaskData
from skmtl.exceptions import TaskDataError
from skmtl.losses import PerTaskLoss
from skmtl.problem import Coefficients, Problem
from skmtl.solvers import Solver, SolveResult, solve_path


@dataclass(frozen=True, eq=False)
class FoldPath:
    """Test deviance of one fold at every (choice, strength), and how well the fits were solved.

    Parameters
    ----------
    deviance : ndarray of shape (n_choices, n_alphas, T)
        Weighted sums in units of the (standardised) targets.
    totals : ndarray of shape (T,)
        Weights of the test entries.
    importance : ndarray of shape (T,)
        What a unit of deviance counts for in the objective.
    unit : ndarray of shape (T,)
        Deviance in original units over deviance in units of the (standardised) targets.
    unsolved : int
    example : str
    """

    deviance: Array
    totals: Array
    importance: Array
    unit: Array
    unsolved: int
    example: str


def follow(
    model: ConvexModel,
    problems: Sequence[Problem],
    alphas: Array,
    scale: TargetScale,
    deviance_of: Callable[[list[Coefficients]], Array],
) -> tuple[Array, int, str]:
    """Solve each problem along its strengths.

    Parameters
    ----------
    model : ConvexModel
    problems : sequence of Problem
        One for each choice; each path starts beside the one before.
    alphas : ndarray of shape (n_choices, n_alphas)
    scale : TargetScale
    deviance_of : callable
        Held-out deviance (n_alphas, T) of a list of points in original coordinates, their parts added up.

    Returns
    -------
    deviance : ndarray of shape (n_choices, n_alphas, T)
    unsolved : int
        Fits above the tolerance.
    example : str
        What one of them said.
    """

    def solver_for(current: Problem) -> Solver:
        return model._solver(current, scale)

    deviance, unsolved, example = [], 0, ""
    beside: list[SolveResult] = []
    for problem, strengths in zip(problems, alphas, strict=True):
        results = list(solve_path(problem, strengths, solver_for, beside=beside))
        beside = results
        points = [result.coefficients for result in results]
        deviance.append(deviance_of([Coefficients(problem.collapse(point.W), point.b) for point in points]))
        for result in results:
            if not result.converged:
                unsolved += 1
                example = result.message
    return np.stack(deviance), unsolved, example


def path_on_data(
    model: Any, data: TaskData, train: np.ndarray, test: np.ndarray, choices: list[Any], alphas: Array
) -> FoldPath:
    """Fit one training part along all strengths and measure the deviance on its test part."""
    try:
        part, held = data.take(train), data.take(test, every_task=False)
        scale = model._target_scale(part)
        problem = model._problem(part, model._penalty_at(choices[0]), 1.0, scale)
        problem.null  # noqa: B018 - computed here, so that a task of one class is reported as one of this part
    except TaskDataError as error:
        raise TaskDataError(f"In a training part of cv: {error}") from None
    held = scale.apply(held)
    weight = held.weight if held.exposure is None else held.weight * held.exposure
    losses = PerTaskLoss(problem.loss.losses, held.layout)

    def deviance_of(points: list[Coefficients]) -> Array:
        etas = (held.design.forward(point.W, point.b) for point in points)
        return np.stack([losses.deviance_by_task(held.y, eta, weight) for eta in etas])

    problems = [model._at(problem, choice, scale) for choice in choices]
    deviance, unsolved, example = follow(model, problems, alphas, scale, deviance_of)
    layout = part.layout
    importance = problem.term.task_scale * layout.sum_by_task(part.weight).mean()
    unit = np.array([scale.scale[t] ** loss.degree for t, loss in enumerate(losses.losses)])
    return FoldPath(deviance, held.layout.sum_by_task(held.weight), importance, unit, unsolved, example)


__all__ = ["FoldPath", "follow", "path_on_data"]
