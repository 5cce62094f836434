"""What all packages share: memory, an objective that counts and times itself, and the form of a fit."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from problems import Model
from scipy.optimize import minimize

Fit = tuple[Model, dict[str, Any], Callable[[np.ndarray], Any]]


def memory(name: str) -> float:
    """VmRSS (resident now) or VmHWM (its largest so far) of this process in MB; not ru_maxrss, which is inherited."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{name}:"))) / 1024


class CapReachedError(Exception):
    """The CPU seconds are used up."""


class Objective:
    """A negative log likelihood with its gradient that counts, times and remembers its best argument."""

    def __init__(self, function: Callable[[np.ndarray], tuple[float, np.ndarray]], cap: float):
        self.function, self.end, self.begin = (
            function,
            time.process_time() + cap,
            time.process_time(),
        )
        self.evals, self.best, self.argument = 0, np.inf, None

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        if self.evals and time.process_time() > self.end:
            raise CapReachedError
        value, gradient = self.function(x)
        self.evals += 1
        if value < self.best:
            self.best, self.argument = value, x.copy()
        return value, gradient

    def minimise(self, start: np.ndarray) -> dict[str, Any]:
        """L-BFGS-B from ``start``; what is to be reported of it."""
        status = "ok"
        if self.argument is None:
            self.argument = start
        try:
            options = {"maxiter": 2000, "maxfun": 5000, "ftol": 1e-10, "gtol": 1e-4}
            result = minimize(self, start, jac=True, method="L-BFGS-B", options=options)
            status = "ok" if result.success else str(result.message)
        except CapReachedError:
            status = "cap"
        seconds = time.process_time() - self.begin
        return {
            "evals": self.evals,
            "per_eval": seconds / max(self.evals, 1),
            "status": status,
        }


def factored(B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """B = L L' + diag(v) with L (T, T)."""
    v = np.full(len(B), 0.5 * np.linalg.eigvalsh(B)[0])
    return np.linalg.cholesky(B - np.diag(v)), v
