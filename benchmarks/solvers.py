"""Which solver for which problem: the measurement behind ``skmtl.solvers.choose``.

Every line solves one problem with every solver that can, to the same certificate, and prints seconds over the seconds
of the solver that "auto" chooses. Run: ``OMP_NUM_THREADS=1 python benchmarks/solvers.py``.
"""

import time

import numpy as np

from skmtl.data import as_task_data
from skmtl.exceptions import IncompatibleProblemError
from skmtl.losses import PerTaskLoss, make_loss
from skmtl.penalties import GroupLasso, MeanRegularization, SharedPlusSpecific, TraceNorm
from skmtl.problem import DataTerm, Problem
from skmtl.solvers import FISTA, LBFGS, BlockCD, ClosedForm, Newton, Splitting, choose

SOLVERS = {
    "closed_form": ClosedForm,
    "block_cd": BlockCD,
    "splitting": Splitting,
    "lbfgs": LBFGS,
    "newton": Newton,
    "fista": FISTA,
}
SIZES = [(400, 1000, 5), (5000, 40, 8), (2000, 250, 5), (1500, 100, 20)]
PENALTIES = {
    "group lasso": GroupLasso(),
    "trace norm": TraceNorm(),
    "dirty": SharedPlusSpecific(),
    "mean, sharing 0.9": MeanRegularization(sharing=0.9),
    "mean, sharing 1": MeanRegularization(sharing=1.0),
}


def made_data(n, p, T, loss, seed=0):
    """Correlated features, ten of which matter; a fifth of the outcomes missing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.5 * rng.normal(size=(p, p)) / np.sqrt(p))
    W = rng.normal(size=(p, T)) * (np.arange(p) < 10)[:, None]
    eta = X @ W
    if loss == "squared":
        Y = eta + rng.normal(size=(n, T))
    elif loss == "poisson":
        Y = rng.poisson(np.exp(np.clip(0.3 * eta, -5, 4))).astype(float)
    else:
        noisy = eta + rng.logistic(size=(n, T))
        Y = (noisy > np.quantile(noisy, 0.8, axis=0)).astype(float)
    return X, np.where(rng.random((n, T)) < 0.2, np.nan, Y)


def warmed():
    """Load the compiled kernels, which the first fit of a process does once."""
    X, Y = made_data(60, 40, 3, "squared")
    data = as_task_data(X, Y)
    BlockCD().solve(Problem(DataTerm(data, PerTaskLoss([make_loss("squared")] * 3, data.layout)), GroupLasso(), 0.1))


def main():
    warmed()
    print(f"{'loss':9} {'(n, p, T)':17} {'penalty':18} {'auto':12} {'ms':>7}   seconds over those of auto")
    for name in ("squared", "logistic", "poisson"):
        loss = make_loss(name)
        for n, p, T in SIZES:
            X, Y = made_data(n, p, T, name)
            data = as_task_data(X, Y, kinds=loss.target_kind)
            for label, penalty in PENALTIES.items():
                term = DataTerm(data, PerTaskLoss([loss] * T, data.layout))
                largest = Problem(term, penalty, 1.0).alpha_max()
                problem = Problem(term, penalty, 0.05 * largest if np.isfinite(largest) else 0.02)
                auto = choose(problem, "auto", tol=1e-6, max_iter=10_000).name
                seconds = {}
                for key, solver in SOLVERS.items():
                    fresh = Problem(DataTerm(data, term.loss), penalty, problem.alpha)
                    begin = time.perf_counter()
                    try:
                        result = solver(tol=1e-6).solve(fresh)
                    except IncompatibleProblemError:
                        continue
                    seconds[key] = (time.perf_counter() - begin, result.status.name)
                base = seconds[auto][0]
                others = "  ".join(
                    f"{key} {value / base:.1f}{'' if status == 'CONVERGED' else ' (' + status.lower() + ')'}"
                    for key, (value, status) in seconds.items()
                )
                print(f"{name:9} {(n, p, T)!s:17} {label:18} {auto:12} {1e3 * base:7.0f}   {others}")


if __name__ == "__main__":
    main()
