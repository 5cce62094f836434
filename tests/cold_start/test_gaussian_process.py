"""A new task of a Gaussian process: exact conditioning at the fitted parameters."""

from __future__ import annotations

import numpy as np
import pytest

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process import MultiTaskGPRegressor


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 6, size=(45, 1))
    task = np.repeat(["A", "B", "C"], 15)
    y = 3 + np.sin(X[:, 0]) * np.repeat([1.0, 1.2, 0.8], 15) + 0.1 * rng.normal(size=45)
    return MultiTaskGPRegressor().fit(X, y, task=task), X, y, task


def by_hand(gp, X, y, task, X_new, y_new, at):
    """Mean and variance of the new task at ``at``, from the stated covariances."""
    term = gp._posterior.covariance.terms[0]
    L, B = term.task.L, term.task.B
    mean = L.mean(axis=0)
    L = np.vstack([L, mean])
    full = L @ L.T
    full[:3, :3] = B
    full[3, 3] = B.diagonal().mean()
    inputs = np.vstack([X, X_new])
    code = np.append(np.searchsorted(["A", "B", "C"], task), np.full(len(X_new), 3))
    noise = np.append(gp._noise, np.exp(np.log(gp._noise).mean()))
    scale, center = y.std(), y.mean()
    A = term.kernel(inputs) * full[np.ix_(code, code)] + np.diag(noise[code])
    cross = term.kernel(at, inputs) * full[3, code]
    values = (np.append(y, y_new) - center) / scale
    variance = full[3, 3] * term.kernel.diag(at) - np.einsum("ij,ji->i", cross, np.linalg.solve(A, cross.T))
    return center + scale * cross @ np.linalg.solve(A, values), scale * np.sqrt(variance)


@pytest.mark.parametrize("k", [0, 4])
def test_prior_and_posterior_by_hand(fitted, k):
    gp, X, y, task = fitted
    X_new, y_new = X[:k] + 0.1, y[:k] + 0.3
    at = np.linspace(0, 6, 7)[:, None]
    ids = np.full(7, "D")
    if k:
        mean, std = gp.adapt(X_new, y_new, task="D").predict(at, task=ids, return_std=True)
    else:
        mean, std = gp.predict(at, task=ids, return_std=True, on_unknown="prior")
    expected = by_hand(gp, X, y, task, X_new, y_new, at)
    np.testing.assert_allclose(mean, expected[0], atol=1e-8)
    np.testing.assert_allclose(std, expected[1], atol=1e-8)


def test_the_fitted_one_stays_and_the_new_one_answers_everything(fitted):
    gp, X, y, _ = fitted
    before = gp.predict(X), gp.theta_.copy()
    adapted = gp.adapt(X[:4], y[:4], task="D")
    np.testing.assert_array_equal(gp.predict(X), before[0])
    np.testing.assert_array_equal(gp.theta_, before[1])
    assert gp.n_tasks_ == 3
    assert adapted.predict(X).shape == (45, 4)
    assert adapted.task_covariance_.shape == (4, 4)
    np.testing.assert_allclose(adapted.task_covariance_[:3, :3], gp.task_covariance_)
    assert adapted.sample_y(X[:3], task=["D"] * 3).shape == (3, 1)
    assert adapted.leave_one_out()[0].shape == (49,)
    width = [model.predict(X[:4], task=["D"] * 4, return_std=True, on_unknown="prior")[1] for model in (gp, adapted)]
    assert (width[1] < width[0]).all()


def test_two_unknown_tasks_are_two(fitted):
    gp, X, *_ = fitted
    _, C = gp.predict(X[:1].repeat(2, axis=0), task=["D", "E"], return_cov=True, on_unknown="prior")
    assert C[0, 1] < 0.99 * C[0, 0]


def test_errors(fitted):
    gp, X, y, _ = fitted
    with pytest.raises(TaskDataError, match="was not seen in fit"):
        gp.predict(X[:1], task=["D"])
    with pytest.raises(InvalidParameterError, match="on_unknown='guess'"):
        gp.predict(X[:1], task=["D"], on_unknown="guess")
    with pytest.raises(TaskDataError, match="is known already"):
        gp.adapt(X[:2], y[:2], task="A")
    with pytest.raises(TaskDataError, match=r"task holds 3 \(int\), but the tasks of the fit are 'A'"):
        gp.adapt(X[:2], y[:2], task=3)
    with pytest.raises(TaskDataError, match="task has no id in row 1"):
        gp.adapt(X[:2], y[:2], task=["D", None])
    wide = MultiTaskGPRegressor(inference="dense", optimizer=None).fit(X[:15], y.reshape(3, 15).T)
    with pytest.raises(TaskDataError, match="each in its own unit"):
        wide.adapt(X[:2], y[:2], task=3)
    exact = MultiTaskGPRegressor(optimizer=None, normalize_y=False).fit(X[:15], y.reshape(3, 15).T)
    with pytest.raises(TaskDataError, match="fit with inference='dense'"):
        exact.adapt(X[:2], y[:2], task=3)
