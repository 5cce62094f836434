"""One fit in a process of its own: CPU seconds, and peak resident memory over the size of the input.

    python one_fit.py {lasso,rows} N P T {C,F} {float64,float32}

The input is filled in place, block by block, so that making it leaves no larger peak. What is resident after the
imports and a small fit (which compiles) is subtracted. Reads /proc, hence Linux only.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso

BLOCK = 10_000


def memory(name: str) -> int:
    """VmRSS (resident now) or VmHWM (its largest so far) of this process in bytes.

    Not ``ru_maxrss``, which a child inherits from its parent.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def made(n: int, p: int, T: int, order: str, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Normal X (n, p), and Y (n, T) of signal and noise in equal parts, made block by block."""
    rng = np.random.default_rng(0)
    X, Y = np.empty((n, p), dtype=dtype, order=order), np.empty((n, T), dtype=dtype, order=order)
    W = rng.normal(size=(p, T)) * (np.arange(p) < max(1, p // 20))[:, None]
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        X[rows] = rng.normal(size=(rows.stop - start, p))
        Y[rows] = X[rows] @ W + rng.normal(size=(rows.stop - start, T))
    return X, Y


def lasso(n: int, p: int, T: int, order: str, dtype: str):
    """Multi-task lasso on a shared X."""
    X, Y = made(n, p, T, order, dtype)
    return lambda: MultiTaskLasso(alpha=0.1).fit(X, Y), X.nbytes + Y.nbytes


def rows(n: int, p: int, T: int, order: str, dtype: str):
    """Mean-regularised ridge on n rows of T tasks."""
    X, Y = made(n, p, 1, order, dtype)
    task = np.random.default_rng(1).integers(T, size=n)
    y = Y[:, 0]
    return lambda: MeanRegularizedRidge(alpha=0.1).fit(X, y, task=task), X.nbytes + Y.nbytes + task.nbytes


if __name__ == "__main__":
    kind, *shape = sys.argv[1:]
    n, p, T = map(int, shape[:3])
    make = {"lasso": lasso, "rows": rows}[kind]
    make(20 * T, p, T, *shape[3:])[0]()
    before = memory("VmRSS")
    fit, size = make(n, p, T, *shape[3:])
    begin = time.process_time()
    fit()
    print(json.dumps({"seconds": time.process_time() - begin, "peak": (memory("VmHWM") - before) / size}))
