"""Exact inference: two routes, a textbook, scikit-learn, and differences."""

import warnings

import numpy as np
import pytest
from gaussian_process.gp_data import N, T, both, covariance, drawn, holes, noise
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.gaussian_process._dense import DenseInference
from skmtl.gaussian_process._noise import Noise

X, Y, _ = drawn()
NEW = np.random.default_rng(5).uniform(-2, 2, size=(4, X.shape[1]))
ROWS, TASKS = np.tile(np.arange(4), T), np.repeat(np.arange(T), 4)


def observed(Y):
    tasks, rows = np.nonzero(~np.isnan(Y.T))
    return rows, tasks, Y.T[~np.isnan(Y.T)]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("rank", [0, 1, 2, 4])
def test_kronecker_is_dense(rank, shared):
    kronecker, dense = both(X, Y, covariance(rank), noise(shared=shared))
    theta = kronecker.theta
    one, other = kronecker.evidence(theta, True), dense.evidence(theta, True)
    assert one[0] == pytest.approx(other[0], rel=1e-10)
    np.testing.assert_allclose(one[1], other[1], rtol=1e-8, atol=1e-8)
    assert kronecker.evidence(theta) == one[0]
    posteriors = kronecker.condition(theta), dense.condition(theta)
    for answer in ("mean", "variance", "covariance_matrix"):
        values = [getattr(posterior, answer)(NEW, ROWS, TASKS) for posterior in posteriors]
        np.testing.assert_allclose(*values, rtol=1e-8, atol=1e-10)
    left_out = [posterior.leave_one_out() for posterior in posteriors]
    for k in range(2):
        np.testing.assert_allclose(left_out[0][k].T.ravel(), left_out[1][k], rtol=1e-8)
    new = np.array([[0.3, -0.2, 0.5], [1.0, 0.0, 0.0]]), np.array([1.1, 2.0])
    for one, other in zip(*(posterior.of_new_task(NEW, *new) for posterior in posteriors), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


@pytest.mark.parametrize("known", [False, True])
def test_gradient(known):
    rows, tasks, y = observed(holes(Y))
    extra = np.random.default_rng(3).random(len(y)) if known else None
    dense = DenseInference(covariance(), X, rows, tasks, y, Noise(noise().log_variance, True, extra))
    gradient = dense.evidence(dense.theta, True)[1]
    for k, direction in enumerate(np.eye(len(dense.theta))):
        up, down = (dense.evidence(dense.theta + step * direction) for step in (1e-5, -1e-5))
        assert gradient[k] == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-7)


def test_textbook():
    """Density, conditional mean and covariance of a normal vector, written out."""
    rows, tasks, y = observed(holes(Y))
    sigma2 = Noise(noise().log_variance, True, np.linspace(0, 0.3, len(y)))
    cov = covariance()
    dense = DenseInference(cov, X, rows, tasks, y, sigma2)
    term = cov.terms[0]
    K = np.array(
        [
            [term.task.B[s, t] * term.kernel(X[[i]], X[[j]])[0, 0] for j, t in zip(rows, tasks, strict=True)]
            for i, s in zip(rows, tasks, strict=True)
        ]
    )
    A = K + np.diag(np.exp(sigma2.log_variance)[tasks] + sigma2.known)
    wanted = multivariate_normal(np.zeros(len(y)), A).logpdf(y)
    assert dense.evidence(dense.theta) == pytest.approx(wanted, rel=1e-10)
    cross = np.array(
        [
            [term.task.B[s, t] * term.kernel(NEW[[i]], X[[j]])[0, 0] for j, t in zip(rows, tasks, strict=True)]
            for i, s in zip(ROWS, TASKS, strict=True)
        ]
    )
    prior = term.task.B[TASKS[:, None], TASKS] * term.kernel(NEW)[ROWS[:, None], ROWS]
    posterior = dense.condition(dense.theta)
    np.testing.assert_allclose(posterior.mean(NEW, ROWS, TASKS), cross @ np.linalg.solve(A, y), rtol=1e-9)
    C = prior - cross @ np.linalg.solve(A, cross.T)
    np.testing.assert_allclose(posterior.covariance_matrix(NEW, ROWS, TASKS), C, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(posterior.variance(NEW, ROWS, TASKS), C.diagonal(), rtol=1e-8)


def test_leave_one_out_is_what_it_says():
    rows, tasks, y = observed(holes(Y))
    sigma2 = np.exp(noise().log_variance)
    dense = DenseInference(covariance(), X, rows, tasks, y, noise())
    mean, variance = dense.condition(dense.theta).leave_one_out()
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        without = DenseInference(covariance(), X, rows[rest], tasks[rest], y[rest], noise()).condition(dense.theta)
        at = X[rows[[i]]], np.array([0]), tasks[[i]]
        assert mean[i] == pytest.approx(without.mean(*at)[0], rel=1e-8, abs=1e-10)
        assert variance[i] == pytest.approx(without.variance(*at)[0] + sigma2[tasks[i]], rel=1e-8)


@pytest.mark.parametrize("kernel", [RBF([0.7, 1.1]), Matern(0.9, nu=1.5)], ids=repr)
@pytest.mark.parametrize("inference", ["kronecker", "dense"])
def test_one_outcome_is_that_of_scikit_learn(kernel, inference):
    """Also the optimum: amplitude, length scales and noise have other names there."""
    y = 5 + 3 * Y[:, 0]
    ours = MultiTaskGPRegressor(kernel, rank=0, inference=inference).fit(X, y)
    amplitude, noise_level = np.exp(ours._posterior.covariance.terms[0].task.log_v[0]), np.exp(ours.theta_[-1])
    full = ConstantKernel(amplitude) * ours.kernel_ + WhiteKernel(noise_level)
    theirs = GaussianProcessRegressor(full, optimizer=None, normalize_y=True, alpha=0.0).fit(X, y)
    value, gradient = theirs.log_marginal_likelihood(full.theta, eval_gradient=True)
    own = ours.log_marginal_likelihood(eval_gradient=True)
    assert own[0] == pytest.approx(value, rel=1e-8)
    # Theirs: amplitude, kernel, noise. Ours: kernel, amplitude, noise.
    np.testing.assert_allclose(np.r_[own[1][-2], own[1][:-2], own[1][-1]], gradient, atol=1e-8)
    mean, std = theirs.predict(NEW, return_std=True)
    for include_noise, wanted in ((False, np.sqrt(std**2 - noise_level * theirs._y_train_std**2)), (True, std)):
        answer = ours.predict(NEW, return_std=True, include_noise=include_noise)
        np.testing.assert_allclose(answer[0], mean, rtol=1e-8)
        np.testing.assert_allclose(answer[1], wanted, rtol=1e-6)
    free = ConstantKernel(1.0, (1e-6, 1e2)) * kernel + WhiteKernel(0.25, (1e-4, 1e2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the noise ends at the floor
        best = GaussianProcessRegressor(free, normalize_y=True, alpha=0.0, n_restarts_optimizer=2, random_state=0)
        best.fit(X, y)
    assert ours.log_marginal_likelihood_value_ == pytest.approx(best.log_marginal_likelihood_value_, abs=1e-4)


@pytest.mark.parametrize("inference", ["kronecker", "dense"])
def test_unit_b_is_scikit_learn_outcome_by_outcome(inference):
    kernel = RBF([0.7, 1.1])
    ours = MultiTaskGPRegressor(kernel, rank=0, noise=0.3, inference=inference, optimizer=None, normalize_y=False)
    ours.fit(X, Y)
    theta = np.concatenate([kernel.theta, np.zeros(T)])
    theirs = GaussianProcessRegressor(kernel, alpha=0.3, optimizer=None).fit(X, Y)
    value, gradient = theirs.log_marginal_likelihood(kernel.theta, eval_gradient=True)
    own = ours.log_marginal_likelihood(theta, eval_gradient=True)
    assert own[0] == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(own[1][:2], gradient, rtol=1e-8)


def test_what_cannot_be_factorised_is_no_likelihood():
    x = np.linspace(0, 0.2, 30)[:, None]
    entries = np.arange(30), np.zeros(30, dtype=int), np.arange(30.0)
    flat = DenseInference(covariance(0, 1, RBF(1e4)), x, *entries, Noise(np.array([-np.inf]), False))
    assert np.isfinite(flat.evidence(flat.theta))  # with a jitter, which the posterior reports
    assert flat.condition(flat.theta).jitter > 0
    broken = DenseInference(covariance(0, 1, RBF(np.nan)), x, *entries, Noise(np.zeros(1)))
    assert broken.evidence(broken.theta, True)[0] == -np.inf
    with pytest.raises(np.linalg.LinAlgError, match="raise the noise"):
        broken.condition(broken.theta)


def test_sizes_differ():
    assert len({N, T, X.shape[1], len(NEW)}) == 4
