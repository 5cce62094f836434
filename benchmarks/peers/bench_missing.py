"""Missing outcomes: the time of a fit relative to complete data, which no peer can be asked for."""

from __future__ import annotations

import certify
import numpy as np
import problems
import pytest
from peers import PEERS

AT_MOST = {"complete": None, "random mask": 6.0, "four patterns": 2.0}
SHARE = 0.3


@pytest.mark.parametrize("mask", AT_MOST)
def bench_missing(case, references, mask):
    X, Y = problems.regression(problems.FIFTH)
    alpha = certify.largest_strength(X, Y) / 10
    Y = np.where(_missing(Y.shape, mask), np.nan, Y)

    def certified(W):
        return _masked(X, Y, W, alpha)

    optimum = references.optimum(f"missing {mask}", lambda tol: [PEERS["skmtl"].fit(X, Y, alpha, tol)], [certified])
    case.tightened(
        lambda tol: PEERS["skmtl"].fit(X, Y, alpha, tol),
        lambda W: (certified(W)[0] - optimum[0]) / optimum[0],
        1e-3,
        compiles=True,
        table="missing outcomes, 30%, (20000, 100, 20)",
        problem=mask,
        solver="skmtl",
        against="complete",
        at_most=AT_MOST[mask],
    )


def _missing(shape: tuple[int, int], mask: str) -> np.ndarray:
    rng = np.random.default_rng(1)
    if mask == "complete":
        return np.zeros(shape, dtype=bool)
    if mask == "random mask":
        return rng.random(shape) < SHARE
    patterns = rng.random((shape[0], 4)) < SHARE
    return patterns[:, np.arange(shape[1]) % 4]


def _masked(X, Y, W, alpha) -> tuple[float, float]:
    """`certify.squared` over observed entries: their number per task, n̄, takes the place of n."""
    observed = ~np.isnan(Y)
    mean = observed.sum() / Y.shape[1]
    R = np.where(observed, Y - X @ W, 0.0)
    size, along = float(np.vdot(R, R)), float(np.vdot(np.where(observed, Y, 0.0), R))
    scale = min(along / size, alpha * mean / certify.rows_dual(X.T @ R))
    return size / (2 * mean) + alpha * certify.rows_norm(W), scale * (2 * along - scale * size) / (2 * mean)
