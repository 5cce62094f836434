"""The problem of one new task against cvxpy, for every form that a prior takes."""

import cvxpy
import numpy as np
import pytest

from skmtl._new_task.solve import EntryTerms
from skmtl.data import as_task_data
from skmtl.losses import PerTaskLoss, SquaredLoss
from skmtl.problem import DataTerm, Problem
from skmtl.solvers import FISTA

N, P = 40, 6
SOME = np.array([0.5, 0.0, 1.0, 2.0, 0.1, 0.3])
BOUND = np.array([np.inf, 0.1, 0.5, np.inf, 0.2, 1.0])
FORMS = {
    "ridge": {"ridge": SOME},
    "ridge and l1": {"ridge": SOME, "l1": SOME[::-1].copy()},
    "bounds": {"ridge": np.zeros(P), "bound": BOUND},
    "norm of the last": {"ridge": np.where(np.arange(P) < 3, SOME, 0.0), "norm": 0.7, "start": 3},
    "all": {"ridge": np.where(np.arange(P) < 3, SOME, 0.0), "l1": 0.1 * SOME, "bound": BOUND.copy()},
}


@pytest.mark.parametrize("form", FORMS)
def test_same_optimum_as_cvxpy(form):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P))
    y = X @ rng.normal(size=P) + rng.normal(size=N)
    given = {"ridge": np.zeros(P), "l1": np.zeros(P), "bound": np.full(P, np.inf), **FORMS[form]}
    penalty, alpha = EntryTerms(**given), 0.3
    data = as_task_data(X, y)
    problem = Problem(DataTerm(data, PerTaskLoss([SquaredLoss()], data.layout)), penalty, alpha)
    found = FISTA(1e-10, 50_000).solve(problem)
    W, b = cvxpy.Variable((P, 1)), cvxpy.Variable()
    loss = 0.5 * cvxpy.sum_squares(y - X @ W[:, 0] - b) / N
    oracle = cvxpy.Problem(cvxpy.Minimize(loss + alpha * penalty.conic(W)))
    oracle.solve(solver="CLARABEL")
    assert found.objective == pytest.approx(oracle.value, rel=1e-7)
    np.testing.assert_allclose(found.coefficients.W, W.value, atol=1e-4)
    assert penalty.value(found.coefficients.W) < np.inf
