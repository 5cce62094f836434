"""Trace norm against SPAMS on its Gram matrix; ridge coupled over tasks against ``scipy.linalg.solve_sylvester``."""

from __future__ import annotations

from functools import partial

import certify
import numpy as np
import problems
import pytest
from peers import MANY, skmtl_path
from reference import excess
from scipy.linalg import solve_sylvester

RIDGE = problems.Instance("ridge", 5000, 500, 50)
SHARING = 0.5


# SPAMS looks at its duality gap every 100 iterations as shipped, and is asked to do so every ten besides.
SPAMS = {"SPAMS": 100, "SPAMS, gap every 10": 10}


@pytest.mark.parametrize("name", ["skmtl", *SPAMS])
@pytest.mark.parametrize(
    "shape",
    [pytest.param((2000, 200, 20), id="2000"), pytest.param((5000, 500, 50), id="5000", marks=pytest.mark.full)],
)
def bench_trace_norm(case, references, shape, name):
    if name in SPAMS:
        pytest.importorskip("spams")
    X, Y = problems.low_rank(problems.Instance("trace", *shape))
    alpha = certify.largest_strength(X, Y, certify.trace_dual) / 10

    def certified(W):
        return certify.squared(X, Y, W, alpha, certify.trace_norm, certify.trace_dual)

    solve = _skmtl_trace if name == "skmtl" else partial(_spams_trace, every=SPAMS[name])
    optimum = references.optimum(f"trace norm {shape}", lambda tol: [_skmtl_trace(X, Y, alpha, tol)], [certified])
    case.tightened(
        lambda tol: solve(X, Y, alpha, tol),
        lambda W: excess(np.array([certified(W)[0]]), optimum),
        1e-3,
        compiles=name == "skmtl",
        table="trace norm, max/10",
        problem=str(shape),
        solver=name,
        peer="SPAMS",
        at_most=1 / 15,
    )


def _skmtl_trace(X, Y, alpha, tol):
    from skmtl.linear_model import TraceNormRegressor

    return TraceNormRegressor(alpha=alpha, fit_intercept=False, tol=tol, max_iter=MANY).fit(X, Y).coef_.T


def _spams_trace(X, Y, alpha, tol, every):
    import spams

    options = {"loss": "square", "regul": "trace-norm", "compute_gram": True, "it0": every, "max_it": MANY}
    start = np.zeros((X.shape[1], Y.shape[1]), order="F")
    return spams.fistaFlat(Y, X, start, lambda1=alpha * len(X), tol=tol, numThreads=1, **options)


@pytest.mark.parametrize("name", ["skmtl", "solve_sylvester"])
@pytest.mark.parametrize("kind", ["mean", "graph"])
def bench_ridge(case, kind, name):
    X, Y = problems.regression(RIDGE)
    alpha = 0.1
    M = _task_matrix(kind)
    optimum = np.array([certify.quadratic(X, Y, _sylvester(X, Y, alpha, M), alpha, M)])
    solve = {"skmtl": lambda tol: _estimator(kind, alpha, tol).fit(X, Y).coef_.T}
    solve["solve_sylvester"] = lambda tol: _sylvester(X, Y, alpha, M)
    case.tightened(
        solve[name],
        lambda W: excess(np.array([certify.quadratic(X, Y, W, alpha, M)]), optimum),
        1e-3,
        compiles=name == "skmtl",
        table=f"{kind}-regularised ridge, (5000, 500, 50)",
        problem="one strength",
        solver=name,
        at_most=0.15 if name == "skmtl" else None,
        against="seconds",
    )


@pytest.mark.parametrize("kind", ["mean", "graph"])
def bench_ridge_path(case, kind):
    X, Y = problems.regression(RIDGE)
    alphas = np.geomspace(10, 0.01, 20)
    M = _task_matrix(kind)
    optima = [certify.quadratic(X, Y, _sylvester(X, Y, alpha, M), alpha, M) for alpha in alphas]
    penalty = _estimator(kind, 1.0, 1e-6)._make_penalty()
    case.tightened(
        lambda tol: skmtl_path(X, Y, penalty, alphas, tol),
        lambda coefs: excess(
            [certify.quadratic(X, Y, W, alpha, M) for W, alpha in zip(coefs, alphas, strict=True)], np.array(optima)
        ),
        1e-3,
        table=f"{kind}-regularised ridge, (5000, 500, 50)",
        problem="20 strengths",
        solver="skmtl",
        against="one strength",
        at_most=3.0,
    )


def _estimator(kind, alpha, tol):
    from skmtl.linear_model import GraphRegularizedRidge, MeanRegularizedRidge

    if kind == "mean":
        return MeanRegularizedRidge(alpha, SHARING, fit_intercept=False, tol=tol)
    return GraphRegularizedRidge(alpha, SHARING, graph=_chain(), fit_intercept=False, tol=tol)


def _chain():
    """Adjacency of tasks in a row."""
    return np.eye(RIDGE.T, k=1) + np.eye(RIDGE.T, k=-1)


def _task_matrix(kind):
    """M of the penalty alpha/2 tr(W M W')."""
    if kind == "mean":
        return np.eye(RIDGE.T) - SHARING / RIDGE.T
    adjacency = _chain()
    return (1 - SHARING) * np.eye(RIDGE.T) + SHARING * (np.diag(adjacency.sum(axis=1)) - adjacency)


def _sylvester(X, Y, alpha, M):
    """Stationarity: (X'X / n) W + W (alpha M) = X'Y / n."""
    return solve_sylvester(X.T @ X / len(X), alpha * M, X.T @ Y / len(X))
