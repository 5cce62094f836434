"""What dual extrapolation spares: CPU seconds and sweeps of block coordinate descent with it and without.

Run: ``OMP_NUM_THREADS=1 python benchmarks/dual_extrapolation.py``. Two minutes.
"""

import sys
import time
from pathlib import Path

from skmtl.linear_model import MultiTaskLasso
from skmtl.solvers import _block_cd

sys.path.insert(0, str(Path(__file__).parent / "peers"))
import certify
import problems

NEAR = _block_cd._NEAR


def fitted(X, Y, alpha, tol, near, repeats):
    """Shortest CPU seconds, and the sweeps."""
    _block_cd._NEAR = near
    shortest = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        result = MultiTaskLasso(alpha=alpha, fit_intercept=False, tol=tol).fit(X, Y).solver_result_
        shortest = min(shortest, time.process_time() - begin)
        assert result.converged
    return shortest, result.n_iter


def main():
    print(f"{'(n, p, T)':34} {'tol':>6}  {'without':>8} {'sweeps':>6}  {'with':>8} {'sweeps':>6}  {'ratio':>5}")
    for instance, repeats in ((problems.WIDE, 5), (problems.MEDIUM, 9), (problems.MEG, 3)):
        X, Y = problems.regression(instance)
        alpha = certify.largest_strength(X, Y) / instance.divisor
        fitted(X, Y, alpha, 1e-2, NEAR, 1)  # loads the compiled sweeps
        for tol in (1e-3, 1e-4, 1e-6):
            before, more = fitted(X, Y, alpha, tol, 0.0, repeats)
            after, fewer = fitted(X, Y, alpha, tol, NEAR, repeats)
            print(
                f"{instance!s:34} {tol:6.0e}  {before:8.4f} {more:6d}  {after:8.4f} {fewer:6d}  {after / before:5.2f}"
            )


if __name__ == "__main__":
    main()
