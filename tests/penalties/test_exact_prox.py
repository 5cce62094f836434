"""The prox of every penalty with a rule of its own, digit by digit against an interior-point solver.

That of `ClusteredTasks`, for which the solver itself has only six digits, is in test_spectral.py.
"""

import warnings

import cases
import cvxpy as cp
import numpy as np
import pytest

P, T = 5, 3
NEW = ("group_linf", "task_group_lasso", "trace_norm", "squared_trace_norm")
EXACT = [
    case for case in cases.PENALTIES if case.id in NEW or case.id.startswith("bounded") or case.id.endswith("weighted")
]


def solve(problem):
    """As far as Clarabel gets: it fails where rounding ends its steps before its tolerance is reached."""
    for tol in (1e-15, 1e-13, 1e-12, 1e-11):
        close = {"tol_gap_abs": tol, "tol_gap_rel": tol, "tol_feas": tol, "max_iter": 200}
        loose = {"reduced_tol_gap_abs": 1e-9, "reduced_tol_gap_rel": 1e-9, "reduced_tol_feas": 1e-9}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an inaccurate solution: the comparison tells
            try:
                problem.solve(solver="CLARABEL", **close, **loose)
            except cp.SolverError:
                continue
        if problem.status in ("optimal", "optimal_inaccurate"):
            return
    raise AssertionError("the oracle itself failed")


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case.id)
def test_prox_to_seven_digits(case):
    penalty = case.make(T)
    rng = np.random.default_rng(11)
    for step in (0.2, 0.7):
        W = rng.normal(size=(P, T))
        V = cp.Variable((P, T))
        expression, constraints = cases.with_constraints(case.cvx(V, cp))
        solve(cp.Problem(cp.Minimize(0.5 * cp.sum_squares(V - W) + step * expression), constraints))
        np.testing.assert_allclose(penalty.prox(W, step), V.value, rtol=0, atol=1e-7)
