"""Optima that every solver is held against, certified by `certify` and not by the solver that found them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Relative duality gap asked of a reference: a thousandth of the accuracy asked of the solvers.
CERTIFIED = 1e-9


class References:
    """Certified optimal values, kept in pytest's cache so that every environment is held against the same.

    The largest relative gap of those that a cell was held against is written into its record.
    """

    def __init__(self, cache: Any, record: dict[str, Any]):
        self._cache = cache
        self._record = record

    def optimum(
        self,
        key: str,
        solve: Callable[[float], list[np.ndarray]],
        certify: list[Callable[[np.ndarray], tuple[float, float]]],
        derive: Callable[[list[np.ndarray]], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Optimal values of a list of problems, or what ``derive`` makes of their coefficients.

        ``solve(tol)`` gives the coefficients of all, ``certify[k](W)`` bounds (P, D) on the optimum of one.
        """
        kept = self._cache.get(f"certified/{key}", None)
        if kept is None:
            gap, solutions, optima = _certified(solve, certify)
            kept = {"values": np.asarray(derive(solutions) if derive else optima).tolist(), "gap": gap}
            self._cache.set(f"certified/{key}", kept)
        self._record["reference_gap"] = kept["gap"]
        return np.array(kept["values"])


def _certified(solve: Any, certify: Any) -> tuple[float, list[np.ndarray], list[float]]:
    """The solutions of smallest gap, tightened until it is `CERTIFIED`: gap, coefficients, objectives."""
    best = None
    for tol in 10.0 ** -np.arange(8, 15):
        solutions = solve(tol)
        bounds = [certified(W) for certified, W in zip(certify, solutions, strict=True)]
        gap = max((primal - dual) / abs(primal) for primal, dual in bounds)
        if best is None or gap < best[0]:
            best = gap, solutions, [primal for primal, _ in bounds]
        if gap <= CERTIFIED:
            break
    return best


def excess(values: np.ndarray, optima: np.ndarray) -> float:
    """Largest relative distance to the optimum over a list of problems."""
    return float(np.max((np.asarray(values) - optima) / optima))
