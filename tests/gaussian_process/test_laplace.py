"""Laplace's approximation against scikit-learn, exact evidence, scipy's minimisers, and its own differences."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern

from skmtl.gaussian_process._laplace import EntryDensities, evidence_gradient, find_mode
from skmtl.gaussian_process._likelihoods import LIKELIHOODS

MIXED = ("logit", "gaussian", "poisson", "probit", "logit", "gaussian")


def likelihoods(names):
    return [LIKELIHOODS[name] for name in names]


def targets(name, size, rng):
    if name in ("logit", "probit"):
        return rng.integers(0, 2, size).astype(float)
    return rng.poisson(3.0, size).astype(float) if name == "poisson" else rng.normal(size=size)


def mixed_entries(names=MIXED, counts=(7, 5, 8, 6, 4, 9), seed=0):
    """Densities over tasks of unlike sizes, a covariance of full rank, means and parameters."""
    rng = np.random.default_rng(seed)
    tasks = np.repeat(np.arange(len(names)), counts)
    y = np.concatenate([targets(name, size, rng) for name, size in zip(names, counts, strict=True)])
    X = rng.normal(size=(len(y), 2))
    B = rng.normal(size=(len(names), len(names)))
    K = (B @ B.T + np.eye(len(names)))[np.ix_(tasks, tasks)] * RBF(1.5)(X)
    return EntryDensities(y, tasks, likelihoods(names)), K, 0.5 * rng.normal(size=len(y)), rng.normal(size=len(names))


def difference(function, step):
    """Central difference at 0 with one step of Richardson's extrapolation."""
    coarse = (function(step) - function(-step)) / (2 * step)
    fine = (function(step / 2) - function(-step / 2)) / step
    return (4 * fine - coarse) / 3


# -- the mode -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("poisson",) * 2, ("logit",) * 2, MIXED[:2], MIXED[2:4]])
def test_mode_is_the_minimum_that_scipy_finds(names):
    densities, K, mean, phi = mixed_entries(names, (9, 12))
    mode = find_mode(K, densities, mean, phi)

    def negative(alpha):
        f = K @ alpha
        slope = densities.derivatives(f + mean, phi)[0]
        return 0.5 * alpha @ f - densities.log_density(f + mean, phi), K @ (alpha - slope)

    found = minimize(negative, np.zeros(21), jac=True, method="BFGS", options={"gtol": 1e-9})
    assert mode.converged
    np.testing.assert_allclose(mode.f, K @ found.x, atol=1e-6)
    assert mode.gradient_norm < 1e-7
    assert negative(mode.alpha)[0] <= found.fun + 1e-10


def test_counts_far_above_their_mean_need_shorter_steps_and_get_them():
    """From a rate of 1, a full Newton step towards 10 000 events overshoots to exp(5000)."""
    densities = EntryDensities(np.array([10_000.0, 0.0, 3.0]), np.zeros(3, dtype=int), likelihoods(["poisson"]))
    K = 4.0 * np.eye(3) + 1.0
    mode = find_mode(K, densities, np.zeros(3), np.zeros(1))
    assert mode.converged
    np.testing.assert_allclose(mode.alpha, mode.slope, atol=1e-9 * 10_000)


def test_a_start_changes_the_steps_and_not_the_mode():
    densities, K, mean, phi = mixed_entries()
    cold = find_mode(K, densities, mean, phi)
    warm = find_mode(K, densities, mean, phi, start=cold.alpha)
    assert warm.n_iter == 0 < cold.n_iter
    bad = find_mode(K, densities, mean, phi, start=1e6 * np.ones(len(K)))
    assert bad.n_iter == cold.n_iter
    assert bad.evidence == cold.evidence


def test_too_few_iterations_are_said():
    densities, K, mean, phi = mixed_entries()
    mode = find_mode(K, densities, mean, phi, max_iter=1)
    assert not mode.converged
    assert mode.decrement > 1e-3


def test_a_singular_covariance_needs_no_jitter():
    densities, _, mean, phi = mixed_entries()
    K = np.ones((39, 39))
    mode = find_mode(K, densities, mean, phi)
    assert mode.converged
    np.testing.assert_allclose(mode.f, mode.f[0])


def test_a_matrix_that_is_no_covariance_is_refused():
    densities, K, mean, phi = mixed_entries()
    with pytest.raises(np.linalg.LinAlgError, match="not positive semi-definite"):
        find_mode(-100.0 * K, densities, mean, phi)


# -- the evidence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", [ConstantKernel(2.0) * RBF([0.7, 1.3, 2.0]), ConstantKernel(30.0) * Matern(0.5)])
def test_evidence_and_gradient_equal_scikit_learns(kernel):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] + rng.logistic(size=60) > 0).astype(float)
    # Its Newton iteration ends where a step gains less than 1e-10, which these data meet by one that gains nothing.
    theirs = GaussianProcessClassifier(kernel, optimizer=None).fit(X, y)
    value, gradient = theirs.log_marginal_likelihood(kernel.theta, eval_gradient=True)
    K, dK = kernel(X, eval_gradient=True)
    densities = EntryDensities(y, np.zeros(60, dtype=int), likelihoods(["logit"]))
    mode = find_mode(K, densities, np.zeros(60), np.zeros(1))
    mine = evidence_gradient(K, mode, densities, np.zeros(60), np.zeros(1))
    assert mode.evidence == pytest.approx(value, abs=1e-9)
    np.testing.assert_allclose(np.einsum("ij,ijk", mine.in_covariance, dK), gradient, atol=1e-7)


def test_gaussian_evidence_is_exact():
    densities, K, mean, phi = mixed_entries(("gaussian",) * 3, (9, 14, 11))
    noise = np.exp(phi)[densities.tasks]
    exact = multivariate_normal.logpdf(densities.y, mean, K + np.diag(noise))
    mode = find_mode(K, densities, mean, phi)
    assert mode.evidence == pytest.approx(exact, abs=1e-9)
    assert mode.n_iter == 1

    # Its gradient is the textbook's: ½ tr((a a' - C^-1) dC).
    C = np.linalg.inv(K + np.diag(noise))
    a = C @ (densities.y - mean)
    slope = evidence_gradient(K, mode, densities, mean, phi)
    np.testing.assert_allclose(slope.in_covariance, 0.5 * (np.outer(a, a) - C), atol=1e-10)
    np.testing.assert_allclose(slope.in_mean, a, atol=1e-10)
    np.testing.assert_allclose(slope.in_parameter, 0.5 * (a**2 - np.diag(C)) * noise, atol=1e-10)


@pytest.mark.parametrize("names", [MIXED, ("logit",) * 3, ("probit",) * 3, ("poisson",) * 3])
def test_gradient_is_that_of_the_evidence(names):
    densities, K, mean, phi = mixed_entries(names, (7, 5, 8, 6, 4, 9)[: len(names)])
    rng = np.random.default_rng(1)
    n_entries = len(K)

    def evidence(K, mean, phi):
        return find_mode(K, densities, mean, phi).evidence

    slope = evidence_gradient(K, find_mode(K, densities, mean, phi), densities, mean, phi)
    direction = rng.normal(size=(n_entries, 3))
    dK = direction @ direction.T
    numeric = difference(lambda h: evidence(K + h * dK, mean, phi), 1e-3)
    assert (slope.in_covariance * dK).sum() == pytest.approx(numeric, rel=1e-6)
    np.testing.assert_array_equal(slope.in_covariance, slope.in_covariance.T)
    for i in range(0, n_entries, 5):
        unit = np.eye(n_entries)[i]
        numeric = difference(lambda h, unit=unit: evidence(K, mean + h * unit, phi), 1e-2)
        assert slope.in_mean[i] == pytest.approx(numeric, abs=1e-6)
    for t in range(len(names)):
        unit = np.eye(len(names))[t]
        numeric = difference(lambda h, unit=unit: evidence(K, mean, phi + h * unit), 1e-2)
        assert slope.in_parameter[densities.tasks == t].sum() == pytest.approx(numeric, abs=1e-6)


def test_certain_observations_leave_the_gradient_finite():
    """Where a class is certain its curvature underflows, and with it the variance it would be divided by."""
    densities, K, _, phi = mixed_entries(("logit", "probit"), (4, 5))
    mean = np.where(densities.y > 0, 1.0, -1.0) * np.r_[np.full(4, 900.0), np.full(5, 60.0)]
    mode = find_mode(K, densities, mean, phi)
    slope = evidence_gradient(K, mode, densities, mean, phi)
    assert mode.evidence == pytest.approx(0.0, abs=1e-12)
    assert np.abs(slope.in_covariance).max() < 1e-12
