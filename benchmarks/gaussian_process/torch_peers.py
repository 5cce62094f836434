"""GPyTorch and BoTorch: models, fits, and likelihoods at given parameters. torch is imported where it is used."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Fit, Objective, factored
from problems import RANK, Model, Problem

# GPyTorch: long form with an index kernel (Hadamard), or all outcomes of a row together (Kronecker).


def _torch() -> Any:
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    return torch


def hadamard(problem: Problem, rank: int = RANK) -> tuple[Any, Any, Any, Any, Callable]:
    torch = _torch()
    import gpytorch

    rows, tasks, y = (torch.as_tensor(part) for part in problem.entries())
    T, p = problem.Y.shape[1], problem.X.shape[1]
    inputs = torch.cat([torch.as_tensor(problem.X)[rows], tasks[:, None].double()], dim=1)  # the task is a column

    class Hadamard(gpytorch.models.ExactGP):
        def __init__(self, likelihood):
            super().__init__(inputs, y, likelihood)
            self.mean_module = gpytorch.means.ZeroMean()
            self.data_kernel = gpytorch.kernels.RBFKernel(ard_num_dims=p)
            self.task_kernel = gpytorch.kernels.IndexKernel(num_tasks=T, rank=rank)

        def forward(self, x):
            covariance = self.data_kernel(x[..., :-1]).mul(self.task_kernel(x[..., -1:].long()))
            return gpytorch.distributions.MultivariateNormal(self.mean_module(x), covariance)

    likelihood = gpytorch.likelihoods.HadamardGaussianLikelihood(num_tasks=T, task_feature_index=-1)
    model = Hadamard(likelihood)

    def negative() -> Any:
        # Exact: the default turns to conjugate gradients and random probes above 800 entries.
        with gpytorch.settings.max_cholesky_size(10**9):
            return -likelihood(model(inputs), inputs).log_prob(y)

    def predict(new: np.ndarray) -> Any:
        points = np.hstack([np.tile(new, (T, 1)), np.repeat(np.arange(T), len(new))[:, None]])
        with torch.no_grad(), gpytorch.settings.max_cholesky_size(10**9):
            posterior = model(torch.as_tensor(points))
            return posterior.mean, posterior.variance

    return model, likelihood, model.data_kernel, model.task_kernel, (negative, predict)


def kronecker(problem: Problem, rank: int = RANK) -> tuple[Any, Any, Any, Any, Callable]:
    torch = _torch()
    import gpytorch

    X, Y, T = torch.as_tensor(problem.X), torch.as_tensor(problem.Y), problem.Y.shape[1]

    class Kronecker(gpytorch.models.ExactGP):
        def __init__(self, likelihood):
            super().__init__(X, Y, likelihood)
            self.mean_module = gpytorch.means.MultitaskMean(gpytorch.means.ZeroMean(), num_tasks=T)
            data_kernel = gpytorch.kernels.RBFKernel(ard_num_dims=X.shape[1])
            self.covar_module = gpytorch.kernels.MultitaskKernel(data_kernel, num_tasks=T, rank=rank)

        def forward(self, x):
            return gpytorch.distributions.MultitaskMultivariateNormal(self.mean_module(x), self.covar_module(x))

    likelihood = gpytorch.likelihoods.MultitaskGaussianLikelihood(num_tasks=T, has_global_noise=False)
    model = Kronecker(likelihood)

    def negative() -> Any:
        return -likelihood(model(X)).log_prob(Y)

    def predict(new: np.ndarray) -> Any:
        with torch.no_grad():
            posterior = model(torch.as_tensor(new))
            return posterior.mean, posterior.variance

    return (
        model,
        likelihood,
        model.covar_module.data_covar_module,
        model.covar_module.task_covar_module,
        (
            negative,
            predict,
        ),
    )


def _torch_noise(likelihood: Any) -> np.ndarray:
    noise = likelihood.task_noises if hasattr(likelihood, "task_noises") else likelihood.noise
    if getattr(likelihood, "has_global_noise", False):
        noise = noise + likelihood.noise
    return noise.detach().numpy().reshape(-1)


def _exported(data_kernel: Any, task_kernel: Any, likelihood: Any, mean: np.ndarray | None = None) -> Model:
    noise = _torch_noise(likelihood)
    return {
        "length_scale": data_kernel.lengthscale.detach().numpy().reshape(-1),
        "B": task_kernel._eval_covar_matrix().detach().numpy(),
        "noise": noise,
        "mean": np.zeros(len(noise)) if mean is None else mean,
    }


def gpytorch_fit(build: Callable, problem: Problem, cap: float) -> Fit:
    """GPyTorch at its default start, L-BFGS-B on the exact negative log likelihood."""
    torch = _torch()
    model, likelihood, data_kernel, task_kernel, (negative, predict) = build(problem)
    model.train()
    parameters = list(model.parameters())  # the likelihood is a part of the model

    def put(x: np.ndarray) -> None:
        at = 0
        with torch.no_grad():
            for parameter in parameters:
                size = parameter.numel()
                parameter.copy_(torch.as_tensor(x[at : at + size]).reshape(parameter.shape))
                at += size

    def function(x: np.ndarray) -> tuple[float, np.ndarray]:
        put(x)
        model.zero_grad()
        value = negative()
        value.backward()
        return float(value), np.concatenate([p.grad.numpy().ravel() for p in parameters])

    objective = Objective(function, cap)
    report = objective.minimise(np.concatenate([p.detach().numpy().ravel() for p in parameters]))
    put(objective.argument)
    model.eval()
    return _exported(data_kernel, task_kernel, likelihood), report, predict


def gpytorch_likelihood(build: Callable, problem: Problem, given: Model) -> float:
    """GPyTorch's log marginal likelihood at a given model, B as a full factor plus a diagonal."""
    torch = _torch()
    model, likelihood, data_kernel, task_kernel, (negative, _) = build(problem, rank=len(given["B"]))
    L, v = factored(given["B"])
    data_kernel.lengthscale = torch.as_tensor(given["length_scale"])
    with torch.no_grad():
        task_kernel.covar_factor.copy_(torch.as_tensor(L))
    task_kernel.var = torch.as_tensor(v)
    if hasattr(likelihood, "task_noises"):
        likelihood.task_noises = torch.as_tensor(given["noise"])
    else:
        likelihood.noise = torch.as_tensor(given["noise"]).reshape(likelihood.noise.shape)
    model.train()
    with torch.no_grad():
        return -float(negative())


# BoTorch, as shipped: maximum a posteriori with its priors and free means.


def botorch_fit(kind: str, problem: Problem, cap: float) -> Fit:
    """BoTorch's multi-task models with ``fit_gpytorch_mll``; its time-out counts wall seconds."""
    torch = _torch()
    import gpytorch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import KroneckerMultiTaskGP, MultiTaskGP
    from botorch.optim.core import scipy_minimize  # noqa: F401  imported here so that it is not timed

    T = problem.Y.shape[1]
    evals = [0]
    begin = time.process_time()
    if kind == "long":
        rows, tasks, y = (torch.as_tensor(part) for part in problem.entries())
        X = torch.cat([torch.as_tensor(problem.X)[rows], tasks[:, None].double()], dim=1)
        model = MultiTaskGP(X, y[:, None], task_feature=-1, rank=RANK, outcome_transform=None)
    else:
        model = KroneckerMultiTaskGP(torch.as_tensor(problem.X), torch.as_tensor(problem.Y), rank=RANK)
    mll = gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model)
    forward = mll.forward

    def counted(*args: Any, **kwargs: Any) -> Any:
        evals[0] += 1
        return forward(*args, **kwargs)

    mll.forward = counted
    status = "ok (MAP)"
    try:
        fit_gpytorch_mll(mll, optimizer_kwargs={"timeout_sec": cap})
    except Exception as error:  # what a package says when it fails is the result
        status = f"{type(error).__name__}"
    seconds = time.process_time() - begin
    if seconds >= 0.9 * cap:
        status = "cap"
    model.eval()
    noise = _torch_noise(model.likelihood)
    mean = model.mean_module
    if kind == "long":
        data_kernel, task_kernel = _botorch_kernels(model.covar_module)
        constant = np.full(T, float(mean.constant)) if hasattr(mean, "constant") else _task_means(mean, T)
    else:
        data_kernel, task_kernel = (
            model.covar_module.data_covar_module,
            model.covar_module.task_covar_module,
        )
        constant = np.array([float(each.constant) for each in mean.base_means])
    fitted = {
        "length_scale": data_kernel.lengthscale.detach().numpy().reshape(-1),
        "B": task_kernel._eval_covar_matrix().detach().numpy(),
        "noise": np.full(T, noise[0]) if len(noise) == 1 else noise,
        "mean": constant,
    }
    report = {
        "evals": evals[0],
        "per_eval": seconds / max(evals[0], 1),
        "status": status,
    }

    def predict(new: np.ndarray) -> Any:
        with torch.no_grad():
            posterior = model.posterior(torch.as_tensor(new))
            return posterior.mean, posterior.variance

    return fitted, report, predict


def _botorch_kernels(product: Any) -> tuple[Any, Any]:
    parts = list(product.kernels)
    task = next(part for part in parts if hasattr(part, "covar_factor"))
    return next(part for part in parts if part is not task), task


def _task_means(mean: Any, T: int) -> np.ndarray:
    return np.array([float(each.constant) for each in mean.base_means])[:T]
