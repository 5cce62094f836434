"""The nested search of complete outcomes: as good a maximum as a search over all parameters together, or better."""

import numpy as np
import pytest
from gaussian_process.gp_data import drawn
from sklearn.gaussian_process.kernels import RBF, Matern

from skmtl.exceptions import InvalidParameterError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.gaussian_process import _kronecker as kronecker
from skmtl.gaussian_process._nested import _Profile, maximise_nested
from skmtl.gaussian_process._optimize import maximise


def inference(seed, kernel=None, rank=2, **given):
    """Six features, five noisy outcomes, one factor: little signal, and more parameters than it has."""
    X, Y, _ = drawn(40, 6, 5, 1, 0.5, seed)
    return MultiTaskGPRegressor(kernel, rank=rank, optimizer=None, **given).fit(X, Y)._inference


@pytest.mark.parametrize("seed", [2, 3, 4, 9, 11, 16])
def test_reaches_what_a_joint_search_reaches(seed):
    """Without the steps over all parameters, and the lifts, it ends lower, where all is noise."""
    model = inference(seed)
    joint = maximise(model.evidence, [model.theta], model.bounds)
    nested = maximise_nested(model, [model.theta])
    assert nested.message == ""
    assert nested.value > joint.value - 1e-2
    assert _Profile(model, model.theta).search()[0] < nested.value - 1
    value, gradient = model.evidence(nested.theta, True)
    assert value == pytest.approx(nested.value, rel=1e-12)
    low, high = model.bounds.T
    projected = np.clip(nested.theta + gradient, low, high) - nested.theta
    assert np.abs(projected).max() < 1e-2


def test_slope_of_the_profile():
    """At the best of the other parameters the gradient in the kernel's is the partial one."""
    model = inference(0, Matern([1.0] * 6, nu=2.5), rank=1)
    at = model.theta[:6]
    gradient = _Profile(model, model.theta)(at)[1]
    for k, step in enumerate(1e-4 * np.eye(6)):
        up, down = (_Profile(model, model.theta)(at + sign * step)[0] for sign in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / 2e-4, rel=1e-3, abs=1e-3)


def test_few_eigendecompositions_of_the_rows(monkeypatch):
    calls = []

    def counted(K, **given):
        calls.append(K.shape)
        return eigh(K, **given)

    eigh = kronecker.eigh
    monkeypatch.setattr(kronecker, "eigh", counted)
    X, Y, _ = drawn(60, 2, 4, 2, 0.1, 0)
    nested = MultiTaskGPRegressor(rank=2).fit(X, Y)
    n_nested = len(calls)
    calls.clear()
    joint = maximise(nested._inference.evidence, [nested._inference.theta], nested._inference.bounds)
    n_joint = len(calls)
    assert nested.log_marginal_likelihood_value_ > joint.value - 1e-3
    assert n_nested < 0.7 * n_joint


def test_a_kernel_without_free_parameters():
    model = inference(1, RBF(2.0, "fixed"))
    nested = maximise_nested(model, [model.theta])
    joint = maximise(model.evidence, [model.theta], model.bounds)
    assert nested.value > joint.value - 1e-3


def test_fixed_noise_and_one_outcome():
    X, Y, _ = drawn()
    for y, noise in ((Y, 0.1), (Y[:, :1], "per_task")):
        model = MultiTaskGPRegressor(noise=noise, inference="kronecker").fit(X, y)
        dense = MultiTaskGPRegressor(noise=noise, inference="dense").fit(X, y)
        assert model.log_marginal_likelihood_value_ > dense.log_marginal_likelihood_value_ - 1e-3


def test_described_tasks():
    X, Y, _ = drawn()
    given = {"task_features": [[0.0], [1.0], [3.0]], "kernel": RBF(1.0)}
    model = MultiTaskGPRegressor(**given).fit(X, Y)
    dense = MultiTaskGPRegressor(inference="dense", **given).fit(X, Y)
    assert model.inference_ == "kronecker"
    assert model.log_marginal_likelihood_value_ > dense.log_marginal_likelihood_value_ - 1e-3


def test_an_optimizer_that_gives_something_else():
    X, Y, _ = drawn()
    with pytest.raises(InvalidParameterError, match="must give the parameters and the objective"):
        MultiTaskGPRegressor(optimizer=lambda objective, start, bounds: start).fit(X, Y)
