"""Made data of the Gaussian-process benchmarks, and the one exact function that scores every package.

A model is a dict: ``length_scale`` (3,), ``B`` (T, T), ``noise`` (T,) variances and ``mean`` (T,), for targets that
were standardised per task. The input kernel is RBF of variance one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

N_TEST = 200
RANK = 2
CASES = {  # rows, tasks, share of missing outcomes
    "100 x 4": (100, 4, 0.0),
    "500 x 10": (500, 10, 0.0),
    "1000 x 20": (1000, 20, 0.0),
    "200 x 4, 30% NaN": (200, 4, 0.3),
    "500 x 8, 30% NaN": (500, 8, 0.3),
    "60 x 3": (60, 3, 0.0),
    "60 x 3, 30% NaN": (60, 3, 0.3),
}
Model = dict[str, np.ndarray]


class Problem(NamedTuple):
    """Inputs, standardised targets with NaN where missing, and test rows: noise-free function and noisy targets."""

    X: np.ndarray
    Y: np.ndarray
    X_test: np.ndarray
    F_test: np.ndarray
    Y_test: np.ndarray

    @property
    def complete(self) -> bool:
        """Whether no outcome is missing."""
        return not np.isnan(self.Y).any()

    def entries(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, tasks and values of the observed entries, task after task."""
        tasks, rows = np.nonzero(~np.isnan(self.Y.T))
        return rows, tasks, self.Y[rows, tasks]


def rbf(A: np.ndarray, C: np.ndarray, length_scale: np.ndarray) -> np.ndarray:
    """exp(-½ Σ_j (a_j - c_j)² / ℓ_j²), from the differences themselves."""
    return np.exp(-0.5 * (((A[:, None, :] - C[None, :, :]) / length_scale) ** 2).sum(axis=-1))


def draw(n: int, T: int, missing: float, seed: int = 0) -> tuple[Problem, Model]:
    """A draw from the model: 3 inputs on [0, 1], B of rank 2 plus a diagonal, own noise of each task."""
    rng = np.random.default_rng(seed)
    X = rng.random((n + N_TEST, 3))
    length_scale = rng.uniform(0.25, 0.7, size=3)
    L = rng.normal(size=(T, RANK))
    B = L @ L.T + np.diag(rng.uniform(0.05, 0.3, size=T))
    noise = rng.uniform(0.02, 0.3, size=T) * np.diagonal(B)
    # Not by eigenvectors, whose signs differ between machines.
    root = np.linalg.cholesky(rbf(X, X, length_scale) + 1e-8 * np.eye(len(X)))
    F = root @ rng.normal(size=(len(X), T)) @ np.linalg.cholesky(B).T
    Y = F + rng.normal(size=F.shape) * np.sqrt(noise)
    observed = rng.random((n, T)) >= missing
    seen = np.where(observed, Y[:n], np.nan)
    centre, scale = np.nanmean(seen, axis=0), np.nanstd(seen, axis=0)
    F, Y, seen = (F - centre) / scale, (Y - centre) / scale, (seen - centre) / scale
    truth = {
        "length_scale": length_scale,
        "B": B / np.outer(scale, scale),
        "noise": noise / scale**2,
        "mean": -centre / scale,
    }
    return Problem(X[:n], seen, X[n:], F[n:], Y[n:]), truth


def case(name: str) -> Problem:
    """The data of one case."""
    return draw(*CASES[name])[0]


def score(problem: Problem, model: Model) -> dict[str, Any]:
    """Exact negative log marginal likelihood and test errors of a model, whatever package it came from."""
    X, Y, B, noise = problem.X, problem.Y - model["mean"], model["B"], model["noise"]
    K = rbf(X, X, model["length_scale"])
    cross = rbf(problem.X_test, X, model["length_scale"])
    if problem.complete:
        nll, mean, variance = _kronecker(K, cross, Y, B, noise)
    else:
        nll, mean, variance = _dense(K, cross, Y, B, noise)
    mean = mean + model["mean"]
    total = variance + noise
    nlpd = 0.5 * (np.log(2 * np.pi * total) + (problem.Y_test - mean) ** 2 / total)
    rmse = np.sqrt(np.mean((problem.F_test - mean) ** 2))
    return {"nll": float(nll), "rmse": float(rmse), "nlpd": float(nlpd.mean())}


def _kronecker(K, cross, Y, B, noise):
    """Complete outcomes: whiten by the noise, then one eigen-decomposition of K and one of the task covariance."""
    scale = np.sqrt(noise)
    kappa, U = eigh(K)
    beta, V = eigh(B / np.outer(scale, scale))
    spectrum = np.outer(kappa, beta) + 1.0
    rotated = U.T @ (Y / scale) @ V
    nll = 0.5 * (rotated**2 / spectrum).sum() + 0.5 * np.log(spectrum).sum() + len(Y) * np.log(scale).sum()
    nll += 0.5 * Y.size * np.log(2 * np.pi)
    left, right = cross @ U, (B / scale) @ V
    mean = left @ (rotated / spectrum) @ right.T
    variance = np.diagonal(B) - (left**2 @ (1.0 / spectrum)) @ (right**2).T
    return nll, mean, variance


def _dense(K, cross, Y, B, noise):
    """Missing outcomes: one Cholesky factorisation over the observed entries."""
    tasks, rows = np.nonzero(~np.isnan(Y.T))
    y = Y[rows, tasks]
    C = K[np.ix_(rows, rows)] * B[np.ix_(tasks, tasks)]
    C.flat[:: len(C) + 1] += noise[tasks]
    factor = cho_factor(C, lower=True, overwrite_a=True)
    solved = cho_solve(factor, y)
    nll = 0.5 * (y @ solved) + np.log(np.diagonal(factor[0])).sum() + 0.5 * len(y) * np.log(2 * np.pi)
    mean, variance = np.empty((len(cross), len(B))), np.empty((len(cross), len(B)))
    for t in range(len(B)):
        c = cross[:, rows] * B[t, tasks]
        mean[:, t] = c @ solved
        variance[:, t] = B[t, t] - np.einsum("ij,ji->i", c, cho_solve(factor, c.T))
    return nll, mean, variance
