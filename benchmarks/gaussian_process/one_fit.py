"""One fit by one package in a process of its own: CPU seconds, evaluations, peak memory, and the fitted model.

    python one_fit.py PACKAGE PROBLEM.npz CAP [MODEL.json]

Prints one line of JSON. With a fourth argument nothing is fitted: the log marginal likelihood at that model. CAP is
in CPU seconds; where it is reached, the best parameters so far are the result.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import Fit, Objective, factored, memory
from problems import RANK, Model, Problem
from torch_peers import (
    botorch_fit,
    gpytorch_fit,
    gpytorch_likelihood,
    hadamard,
    kronecker,
)

# GPy: long form, coregionalised regression.


def _gpy(problem: Problem, rank: int = RANK) -> Any:
    import GPy

    np.random.seed(0)  # noqa: NPY002  GPy draws its start from the global state
    X, Y = problem.X, problem.Y
    seen = [~np.isnan(column) for column in Y.T]
    kernel = GPy.kern.RBF(X.shape[1], ARD=True)
    kernel.variance.fix(1.0)
    icm = kernel ** GPy.kern.Coregionalize(1, output_dim=Y.shape[1], rank=rank)
    parts = (
        [X[keep] for keep in seen],
        [Y[keep, t][:, None] for t, keep in enumerate(seen)],
    )
    return GPy.models.GPCoregionalizedRegression(*parts, kernel=icm)


def _gpy_parts(model: Any, T: int) -> tuple[Any, Any, list[Any]]:
    data, task = model.kern.parts
    noises = model.likelihood.likelihoods_list
    assert len(noises) == T
    return data, task, noises


def gpy_fit(problem: Problem, cap: float) -> Fit:
    """GPy at GPyTorch's distribution of starts, L-BFGS-B on its own objective."""
    T = problem.Y.shape[1]
    model = _gpy(problem)
    data, task, noises = _gpy_parts(model, T)
    rng = np.random.default_rng(0)
    data.lengthscale[:] = np.log(2.0)
    task.W[:] = rng.normal(size=task.W.shape)
    task.kappa[:] = np.log1p(np.exp(rng.normal(size=T)))
    for noise in noises:
        noise.variance[:] = np.log(2.0)

    def function(x: np.ndarray) -> tuple[float, np.ndarray]:
        model.optimizer_array = x
        return float(model.objective_function()), model._transform_gradients(model.objective_function_gradients())

    objective = Objective(function, cap)
    report = objective.minimise(model.optimizer_array.copy())
    model.optimizer_array = objective.argument
    fitted = {
        "length_scale": np.array(data.lengthscale),
        "B": np.array(task.B),
        "noise": np.array([float(noise.variance[0]) for noise in noises]),
        "mean": np.zeros(T),
    }

    def predict(new: np.ndarray) -> Any:
        points = np.hstack([np.tile(new, (T, 1)), np.repeat(np.arange(T), len(new))[:, None]])
        return model.predict_noiseless(points)

    return fitted, report, predict


def gpy_likelihood(problem: Problem, given: Model) -> float:
    """GPy's log marginal likelihood at a given model."""
    T = len(given["B"])
    model = _gpy(problem, rank=T)
    data, task, noises = _gpy_parts(model, T)
    L, v = factored(given["B"])
    data.lengthscale[:] = given["length_scale"]
    task.W[:] = L
    task.kappa[:] = v
    for noise, value in zip(noises, given["noise"], strict=True):
        noise.variance[:] = value
    return float(model.log_likelihood())


# skmtl.


def skmtl_fit(problem: Problem, cap: float, **given: Any) -> Fit:
    """`MultiTaskGPRegressor` as shipped, with the rank of the data."""
    from sklearn.gaussian_process.kernels import RBF

    from skmtl.gaussian_process import MultiTaskGPRegressor

    model = MultiTaskGPRegressor(RBF(np.ones(3)), rank=RANK, random_state=0, **given)
    begin = time.process_time()
    model.fit(problem.X, problem.Y)
    seconds = time.process_time() - begin  # without the evaluations that are timed below
    repeats, begin = 0, time.process_time()
    while repeats < 2 or (time.process_time() - begin < 2.0 and repeats < 50):
        model.log_marginal_likelihood(model.theta_, eval_gradient=True)
        repeats += 1
    each = (time.process_time() - begin) / repeats
    report = {
        "evals": None,
        "per_eval": each,
        "seconds": seconds,
        "status": f"ok ({model.inference_})",
    }
    T = problem.Y.shape[1]
    fitted = {
        "length_scale": np.atleast_1d(model.kernel_.length_scale),
        "B": model.task_covariance_,
        "noise": np.broadcast_to(model.noise_, T),
        "mean": model.predict(np.full((1, 3), 1e6))[0],  # far from the data the prediction is the mean
    }
    report["own"] = float(model.log_marginal_likelihood_value_)
    return fitted, report, lambda new: model.predict(new, return_std=True)


PACKAGES: dict[str, Callable[[Problem, float], Fit]] = {
    "skmtl": skmtl_fit,
    "skmtl, 4 restarts": lambda problem, cap: skmtl_fit(problem, cap, n_restarts_optimizer=4),
    "GPyTorch Hadamard": lambda problem, cap: gpytorch_fit(hadamard, problem, cap),
    "GPyTorch Kronecker": lambda problem, cap: gpytorch_fit(kronecker, problem, cap),
    "BoTorch MultiTaskGP": lambda problem, cap: botorch_fit("long", problem, cap),
    "BoTorch KroneckerMultiTaskGP": lambda problem, cap: botorch_fit("wide", problem, cap),
    "GPy ICM": gpy_fit,
}
LIKELIHOODS: dict[str, Callable[[Problem, Model], float]] = {
    "GPyTorch Hadamard": lambda problem, given: gpytorch_likelihood(hadamard, problem, given),
    "GPyTorch Kronecker": lambda problem, given: gpytorch_likelihood(kronecker, problem, given),
    "GPy ICM": gpy_likelihood,
}


def warm_up(package: str) -> None:
    """Import and compile before the clock starts, on a few rows."""
    from problems import draw

    PACKAGES[package](draw(12, 2, 0.0)[0], 5.0)


def main() -> None:
    package, path, cap, *model = sys.argv[1:]
    warnings.simplefilter("ignore")
    stored = np.load(path)
    problem = Problem(*(stored[name] for name in Problem._fields))
    if model:
        given = {name: np.array(value) for name, value in json.loads(Path(model[0]).read_text()).items()}
        print(json.dumps({"likelihood": LIKELIHOODS[package](problem, given)}))
        return
    warm_up(package)
    before = memory("VmRSS")
    begin = time.process_time()
    fitted, report, predict = PACKAGES[package](problem, float(cap))
    report.setdefault("seconds", time.process_time() - begin)
    report["peak"], report["before"] = memory("VmHWM"), before
    report["model"] = {name: np.asarray(value).tolist() for name, value in fitted.items()}
    if report["status"] != "cap":
        begin = time.process_time()
        predict(problem.X_test)
        report["predict"] = time.process_time() - begin
        report["peak_predict"] = memory("VmHWM")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
