"""What importing skmtl costs, as a ratio to `import sklearn.linear_model` in one run.

    python benchmarks/import_time.py

Fresh interpreters, in turn; the ratio is that of the medians. Also lists heavy modules that got loaded, and what a
process pays for the compiled sweeps once they are in numba's cache, and what the first fit on a machine pays to compile
them. Run it twice: the first run fills the caches.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile

LIMIT = 1.15
HEAVY = ("cvxpy", "numba", "matplotlib", "torch", "dask")
CODE = "import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"


def seconds(module: str) -> float:
    out = subprocess.run([sys.executable, "-c", CODE.format(module=module)], capture_output=True, text=True, check=True)
    return float(out.stdout)


FIRST_FIT = """
import time
import sklearn.linear_model
begin = time.process_time()
import skmtl.linear_model
import skmtl.solvers._row_descent
print(time.process_time() - begin)
"""


COLD_FIT = """
import time
import numpy as np
from skmtl.linear_model import MultiTaskLasso
X = np.random.default_rng(0).normal(size=(200, 100))
for _ in range(2):
    begin = time.process_time()
    MultiTaskLasso(alpha=0.1).fit(X, X[:, :5])
    print(time.process_time() - begin)
"""


def cold_fit() -> list[float]:
    """The first fit on a machine, which compiles, and the second: with a numba cache that is empty."""
    with tempfile.TemporaryDirectory() as cache:
        command, environment = [sys.executable, "-c", COLD_FIT], {**os.environ, "NUMBA_CACHE_DIR": cache}
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [float(line) for line in out.stdout.split()]


def first_fit() -> float:
    out = subprocess.run([sys.executable, "-c", FIRST_FIT], capture_output=True, text=True, check=True)
    return float(out.stdout)


def main(repeats: int = 11) -> None:
    modules = ["sklearn.linear_model", "skmtl", "skmtl.linear_model"]
    times: dict[str, list[float]] = {module: [] for module in modules}
    for turn in range(repeats + 1):
        for module in modules:
            taken = seconds(module)
            if turn:  # the first turn warms the file cache
                times[module].append(taken)
    reference = statistics.median(times[modules[0]])
    print(f"import {modules[0]:22} {reference:.3f} s (median of {repeats})")
    failed = False
    for module in modules[1:]:
        taken = statistics.median(times[module])
        code = f"import {module}, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        print(
            f"import {module:22} {taken:.3f} s, ratio {taken / reference:.2f} (limit {LIMIT}), heavy modules: {loaded}"
        )
        failed |= taken > LIMIT * reference or loaded != "[]"
    has_cffi = importlib.util.find_spec("cffi") is not None
    cffi = " (.1 of it cffi, which numba loads where it is installed)" if has_cffi else ""
    taken = statistics.median(first_fit() for _ in range(repeats))
    print(f"skmtl and its compiled sweeps beyond sklearn.linear_model: {taken:.3f} s CPU{cffi}")
    first, second = cold_fit()
    print(f"first fit of 500 coefficients on a machine {first:.1f} s CPU, the next one {second:.4f} s")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
