"""What importing skmtl costs, as a ratio to `import sklearn.linear_model` in one run.

    python benchmarks/import_time.py

Fresh interpreters that import scikit-learn first; the ratio is the median of what skmtl adds in the same one. Also
lists heavy modules that got loaded, what a process pays for the compiled sweeps once they are in numba's cache, and
what the first fit on a machine pays to compile them. Run it twice: the first run fills the caches.
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
BESIDE = """
import time
start = time.perf_counter()
import sklearn.linear_model
loaded = time.perf_counter()
import {module}
print(loaded - start, time.perf_counter() - loaded)
"""


def run(code: str, **variables: str) -> str:
    """What a fresh interpreter prints, with byte code cached as in an installation, whatever the shell says of it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**environment, **variables}
    )
    return out.stdout


def seconds(module: str) -> tuple[float, float]:
    """scikit-learn's import and what the module adds, in one process: from one to the next they vary by a third."""
    reference, added = map(float, run(BESIDE.format(module=module)).split())
    return reference, added


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
        return [float(line) for line in run(COLD_FIT, NUMBA_CACHE_DIR=cache).split()]


def first_fit() -> float:
    return float(run(FIRST_FIT))


def main(repeats: int = 11) -> None:
    failed = False
    for module in ("skmtl", "skmtl.linear_model"):
        # The first one fills the caches.
        taken = [seconds(module) for _ in range(repeats + 1)][1:]
        reference = statistics.median(reference for reference, _ in taken)
        ratio = statistics.median((reference + added) / reference for reference, added in taken)
        added = statistics.median(added for _, added in taken)
        loaded = run(f"import {module}, sys; print([m for m in {HEAVY!r} if m in sys.modules])").strip()
        print(
            f"import {module:18} {added:.3f} s beside sklearn.linear_model's {reference:.3f} s (medians of {repeats}), "
            f"ratio {ratio:.2f} (limit {LIMIT}), heavy modules: {loaded}"
        )
        failed |= ratio > LIMIT or loaded != "[]"
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
