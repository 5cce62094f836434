"""Other packages in the terms of their own objectives: what tests/oracles/test_same_numbers*.py compare with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cases
import cvxpy as cp
import numpy as np
import pytest

from skmtl.linear_model import MultiTaskGLM

# -- data ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sites:
    """One outcome in several places, each with a table of its own."""

    Xs: tuple[np.ndarray, ...]
    ys: tuple[np.ndarray, ...]

    @property
    def n_tasks(self):
        return len(self.Xs)

    @property
    def p(self):
        return self.Xs[0].shape[1]

    @cached_property
    def n(self):
        """Rows of each task."""
        return np.array([len(y) for y in self.ys])

    @property
    def n_bar(self):
        """What the loss is divided by: entries per task, on average."""
        return self.n.mean()

    @property
    def task(self):
        return np.repeat(np.arange(self.n_tasks), self.n)

    def fit(self, model):
        return model.fit(np.vstack(self.Xs), np.concatenate(self.ys), task=self.task)

    def squares(self, W):
        """Σ_t ‖y_t - X_t w_t‖², for cvxpy."""
        return sum(cp.sum_squares(y - X @ W[:, t]) for t, (X, y) in enumerate(zip(self.Xs, self.ys, strict=True)))

    def mean_squares(self, W, b):
        """Σ_t ‖y_t - X_t w_t - b_t‖² / n_t."""
        parts = zip(self.Xs, self.ys, strict=True)
        return sum(cp.sum_squares(y - X @ W[:, t] - b[t]) / len(y) for t, (X, y) in enumerate(parts))

    def mean_logistic(self, W, b):
        """Σ_t (1 / n_t) Σ_i log(1 + exp(-y_it η_it)), labels -1 and 1."""
        total = 0
        for t, (X, y) in enumerate(zip(self.Xs, self.ys, strict=True)):
            total += cp.sum(cp.logistic(cp.multiply(-np.where(y > 0, 1.0, -1.0), X @ W[:, t] + b[t]))) / len(y)
        return total


def sites(seed=0, *, binary=False, p=5, sizes=(31, 24, 41)):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=p) * (np.arange(p) % 2 + 0.3)
    Xs, ys = [], []
    for n in sizes:
        X = rng.normal(size=(n, p)) @ np.diag(np.geomspace(0.6, 1.5, p)) + 0.2
        eta = X @ (common + 0.5 * rng.normal(size=p)) + rng.normal(size=n)
        Xs.append(X)
        ys.append((eta > np.median(eta)).astype(float) if binary else eta)
    return Sites(tuple(Xs), tuple(ys))


# -- comparison ---------------------------------------------------------------------------------------


def glm(penalty, alpha, **options):
    return MultiTaskGLM(**{"penalty": penalty, "alpha": alpha, "tol": 1e-9, "fit_intercept": False, **options})


def value_at(problem, W, ours):
    """The objective of a peer at our coefficients; what else it minimises over is left free."""
    if isinstance(W, cp.Variable) and problem.variables() == [W]:
        W.value = ours
        return problem.objective.value
    pinned = cp.Problem(problem.objective, [*problem.constraints, W == ours])
    cases.solve(pinned)
    return pinned.value


def check(model, terms, W, constraints=()):
    """Our coefficients minimise the sum of a peer's terms, and are its own."""
    problem = cp.Problem(cp.Minimize(sum(terms)), list(constraints))
    cases.solve(problem)
    best, theirs, ours = problem.value, W.value.copy(), model.coef_.T
    assert all(np.abs(variable.value).max() > 1e-3 for variable in problem.variables())  # no part is idle
    # An interior point leaves coefficients known to the square root of its tolerance.
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())
    assert value_at(problem, W, ours) == pytest.approx(best, rel=1e-6)


def close(ours, theirs, rtol=1e-5):
    """Within a share of the largest number of theirs."""
    np.testing.assert_allclose(ours, theirs, atol=rtol * np.abs(theirs).max())


def rows(W):
    return sum(cp.norm(W[j, :], 2) for j in range(W.shape[0]))


def columns(W):
    return sum(cp.norm(W[:, t], 2) for t in range(W.shape[1]))


def absolute(W):
    return cp.sum(cp.abs(W))


def largest(W):
    return cp.sum(cp.max(cp.abs(W), axis=1))


def chain(n_tasks):
    """Differences of neighbouring tasks: one column each."""
    R = np.zeros((n_tasks, n_tasks - 1))
    for t in range(n_tasks - 1):
        R[t, t], R[t + 1, t] = 1.0, -1.0
    return R


def clusters(W, k, rho1, rho2, *, of_tasks):
    """The term of CMTL and of CASO with its matrix M, of tasks or of features, and what holds for M."""
    size, eta = W.shape[1 if of_tasks else 0], rho2 / rho1
    M = cp.Variable((size, size), PSD=True)
    spread = cp.matrix_frac(W.T if of_tasks else W, eta * np.eye(size) + M)
    return rho1 * eta * (1 + eta) * spread, [cp.trace(M) == k, np.eye(size) - M >> 0]


def variables(data):
    return cp.Variable((data.p, data.n_tasks)), cp.Variable((data.p, data.n_tasks))
