"""What the theory says of correlated Gaussian processes, as numbers."""

import numpy as np
import pytest
from gaussian_process.gp_data import N, T, both, drawn, holes
from sklearn.gaussian_process.kernels import RBF, DotProduct, Matern

from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.gaussian_process._coregionalization import Coregionalization
from skmtl.gaussian_process._covariance import Covariance, Term
from skmtl.gaussian_process._noise import Noise
from skmtl.linear_model import GraphRegularizedRidge

X, Y, _ = drawn()
NEW = np.random.default_rng(5).uniform(-2, 2, size=(4, X.shape[1]))
ROWS, TASKS = np.tile(np.arange(4), T), np.repeat(np.arange(T), 4)


def term(L, v, kernel):
    return Covariance((Term(kernel, Coregionalization(np.asarray(L, dtype=float), np.log(v))),))


def test_a_linear_kernel_is_ridge_with_the_inverse_of_b():
    """Posterior mean of the coefficients: argmin Σ (y - XW)² / (2 sigma2) + ½ tr(W B⁻¹ W')."""
    graph = np.array([[0.0, 1.0, 0.2], [1.0, 0.0, 0.5], [0.2, 0.5, 0.0]])
    laplacian = np.diag(graph.sum(axis=1)) - graph
    alpha, sharing = 0.3, 0.6
    ridge = GraphRegularizedRidge(graph=graph, alpha=alpha, sharing=sharing, fit_intercept=False).fit(X, Y)
    # n̄ = n: alpha/2 tr(W M W') with M = (1 - sharing) I + sharing · L, so that sigma2 / n M / sigma2 = alpha M.
    M = (1 - sharing) * np.eye(T) + sharing * laplacian
    sigma2 = 1.0
    B = np.linalg.inv(N * alpha * M) * sigma2
    least = 0.5 * np.linalg.eigvalsh(B).min()
    values, vectors = np.linalg.eigh(B - least * np.eye(T))
    cov = term(vectors * np.sqrt(values), np.full(T, least), DotProduct(0.0, "fixed"))
    noise = Noise(np.full(T, np.log(sigma2)))
    for inference in both(X, Y, cov, noise):
        mean = inference.condition(inference.theta).mean(NEW, ROWS, TASKS)
        np.testing.assert_allclose(mean, (NEW @ ridge.coef_.T).T.ravel(), rtol=1e-6, atol=1e-8)


def test_noise_proportional_to_b_transfers_nothing_on_a_complete_design():
    """B (x) K and B (x) sigma2 I: the tasks' own covariances cancel (Bonilla, Chai and Williams, section 2.3)."""
    rng = np.random.default_rng(1)
    L, v = rng.normal(size=(T, 1)), np.full(T, 0.1)
    B = L @ L.T + np.diag(v)
    kernel = Matern(1.0, nu=0.5)
    K, cross = kernel(X), kernel(NEW, X)
    # Noise with the covariance B is no noise per task: turned by B^-½ it is, and B is then the identity.
    whole = np.kron(B, K + 0.2 * np.eye(N))
    mean = np.kron(B, cross) @ np.linalg.solve(whole, Y.T.ravel())
    alone = term(np.zeros((T, 0)), np.ones(T), kernel)
    for inference in both(X, Y, alone, Noise(np.full(T, np.log(0.2)))):
        np.testing.assert_allclose(inference.condition(inference.theta).mean(NEW, ROWS, TASKS), mean, rtol=1e-8)
    # And so with next to no noise, whatever B is.
    quiet = Noise(np.full(T, np.log(1e-10)))
    for cov in (term(L, v, kernel), alone):
        for inference in both(X, Y, cov, quiet):
            got = inference.condition(inference.theta).mean(NEW, ROWS, TASKS)
            np.testing.assert_allclose(got, (cross @ np.linalg.solve(K, Y)).T.ravel(), rtol=0, atol=1e-6)


def test_diagonal_b_is_one_model_per_outcome():
    kernel = RBF([0.8, 1.2])
    v, noise = np.array([0.5, 1.0, 2.0]), np.log([0.1, 0.2, 0.3])
    total = 0.0
    for inference in both(X, Y, term(np.zeros((T, 0)), v, kernel), Noise(noise)):
        mean = inference.condition(inference.theta).mean(NEW, ROWS, TASKS).reshape(T, -1)
        for t in range(T):
            own = both(X, Y[:, [t]], term(np.zeros((1, 0)), v[[t]], kernel), Noise(noise[[t]]))[1]
            one = own.condition(own.theta).mean(NEW, np.arange(4), np.zeros(4, dtype=int))
            np.testing.assert_allclose(mean[t], one, rtol=1e-8, atol=1e-12)
            total += own.evidence(own.theta)
        assert inference.evidence(inference.theta) == pytest.approx(total, rel=1e-10)
        total = 0.0


def test_outcomes_measured_elsewhere_do_transfer():
    """Never measured together, the second outcome not at all in one stretch: it is read off the first there."""
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(0, 8, size=80))[:, None]
    f = np.sin(3 * x[:, 0]) + np.cos(1.7 * x[:, 0])
    truth = np.column_stack([f, -2 * f])
    Y = truth + 0.1 * rng.normal(size=(80, 2))
    Y[::2, 1] = Y[1::2, 0] = np.nan
    stretch = (x[:, 0] > 3) & (x[:, 0] < 5.5)
    Y[stretch, 1] = np.nan
    together = MultiTaskGPRegressor(RBF(1.0)).fit(x, Y)
    alone = MultiTaskGPRegressor(RBF(1.0), rank=0).fit(x, Y)
    errors = [np.abs(model.predict(x) - truth)[stretch, 1].mean() for model in (together, alone)]
    assert errors[0] < 0.5 * errors[1]
    assert together.task_correlation_[0, 1] < -0.8
    assert together.log_marginal_likelihood_value_ > alone.log_marginal_likelihood_value_ + 2


def test_two_kernels_are_the_sum_of_two_processes():
    kernels = [RBF(0.5, "fixed"), DotProduct(0.3, "fixed")]
    model = MultiTaskGPRegressor(kernels, rank=[1, 0]).fit(X, holes(Y))
    assert model.inference_ == "dense"
    assert len(model.kernel_) == len(model.task_covariances_) == 2
    np.testing.assert_allclose(model.task_covariances_[1], np.diag(model.task_covariances_[1].diagonal()))
    _, cov = model.predict(NEW, return_cov=True)
    _, std = model.predict(NEW, return_std=True)
    np.testing.assert_allclose(cov.reshape(12, 12).diagonal(), std.ravel() ** 2, rtol=1e-8)
    # The same kernel twice is one term with the sum of the task covariances.
    halves = Covariance(
        tuple(
            Term(RBF(0.7), Coregionalization(L, np.log(np.full(T, 0.2))))
            for L in np.eye(T)[:, :2, None].transpose(1, 0, 2)
        )
    )
    whole = term(np.eye(T)[:, :2], np.full(T, 0.4), RBF(0.7))
    rows, tasks = np.tile(np.arange(N), T), np.repeat(np.arange(T), N)
    np.testing.assert_allclose(halves.matrix(X, rows, tasks), whole.matrix(X, rows, tasks), rtol=1e-12)
