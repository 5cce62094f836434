"""The covariance over entries against its definition, and its gradients against differences."""

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, ExpSineSquared, Matern, WhiteKernel

from skmtl.gaussian_process._coregionalization import Coregionalization, DescribedTasks
from skmtl.gaussian_process._covariance import Covariance, Term, identified

N, P, T = 7, 2, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, P))
DESCRIPTIONS = RNG.normal(size=(T, 2))
# Every task at some rows: entries in the order of the tasks, and in another.
OBSERVED = RNG.random((N, T)) < 0.7
TASKS, ROWS = np.nonzero(OBSERVED.T)
SHUFFLED = RNG.permutation(len(ROWS))


def coregionalization(rank, seed=1):
    rng = np.random.default_rng(seed)
    return Coregionalization(rng.normal(size=(T, rank)), rng.normal(size=T))


COVARIANCES = {
    "one": Covariance((Term(RBF([0.7, 1.3]), coregionalization(1)),)),
    "no sharing": Covariance((Term(Matern(0.8, nu=1.5), coregionalization(0)),)),
    "two terms": Covariance(
        (Term(RBF(1.1), coregionalization(2)), Term(DotProduct(0.5) + WhiteKernel(0.3), coregionalization(1, 2)))
    ),
    "another kernel": Covariance((Term(ExpSineSquared(1.1, 2.0), coregionalization(1)),)),
    "described": Covariance((Term(RBF(0.9), DescribedTasks(RBF([1.0, 2.0]), DESCRIPTIONS, 0.3, np.zeros(T) - 1)),)),
}


@pytest.fixture(params=COVARIANCES)
def covariance(request):
    return COVARIANCES[request.param]


@pytest.mark.parametrize("order", [np.arange(len(ROWS)), SHUFFLED], ids=["sorted", "shuffled"])
def test_matrix_is_the_sum_of_products(covariance, order):
    rows, tasks = ROWS[order], TASKS[order]
    K = covariance.matrix(X, rows, tasks)
    for i in range(len(rows)):
        for j in range(len(rows)):
            wanted = sum(
                term.task.B[tasks[i], tasks[j]] * term.kernel(X)[rows[i], rows[j]] for term in covariance.terms
            )
            assert K[i, j] == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(covariance.diag(X, rows, tasks), K.diagonal(), rtol=1e-12)
    np.testing.assert_allclose(covariance.matrix_and_pullback(X, rows, tasks)[0], K, rtol=1e-12, atol=1e-14)
    if "ExpSineSquared" not in repr(covariance.terms[0].kernel):  # positive semi-definite on a line only
        assert np.linalg.eigvalsh(K).min() > -1e-10


def test_cross_covariance_is_a_part_of_the_whole(covariance):
    if any("WhiteKernel" in repr(term.kernel) for term in covariance.terms):
        pytest.skip("white noise is no covariance between two sets of points")
    cross = covariance.cross(X[:4], ROWS[ROWS < 4], TASKS[ROWS < 4], X, ROWS, TASKS)
    np.testing.assert_allclose(cross, covariance.matrix(X, ROWS, TASKS)[ROWS < 4], rtol=1e-12)


@pytest.mark.parametrize("order", [np.arange(len(ROWS)), SHUFFLED], ids=["sorted", "shuffled"])
def test_gradient(covariance, order):
    rows, tasks = ROWS[order], TASKS[order]
    G = np.random.default_rng(3).normal(size=(len(rows), len(rows)))
    G = G + G.T

    def total(theta):
        return float(np.vdot(G, covariance.with_theta(theta).matrix(X, rows, tasks)))

    gradient = covariance.matrix_and_pullback(X, rows, tasks)[1](G)
    assert gradient.shape == (covariance.n_theta,) == (len(covariance.bounds),)
    step = 1e-6
    for k, direction in enumerate(np.eye(covariance.n_theta)):
        numeric = (total(covariance.theta + step * direction) - total(covariance.theta - step * direction)) / (2 * step)
        assert gradient[k] == pytest.approx(numeric, rel=1e-6, abs=1e-6)


def test_parameters_come_back(covariance):
    theta = covariance.theta + 0.1
    moved = covariance.with_theta(theta)
    np.testing.assert_allclose(moved.theta, theta, rtol=1e-13)
    assert not np.allclose(moved.matrix(X, ROWS, TASKS), covariance.matrix(X, ROWS, TASKS))


def test_constants_that_multiply_a_kernel_are_fixed():
    kernel = identified(ConstantKernel(2.0) * RBF(0.5) * ConstantKernel(3.0))
    assert [name.name for name in kernel.hyperparameters if not name.fixed] == ["k1__k2__length_scale"]
    np.testing.assert_allclose(kernel(X), 6.0 * RBF(0.5)(X))
    # In a sum the constants say how much each part counts.
    assert len(identified(ConstantKernel(2.0) * RBF(0.5) + DotProduct()).theta) == 3


def test_a_new_task_is_placed_by_its_description():
    task = COVARIANCES["described"].terms[0].task
    cross, variance = task.with_new(DESCRIPTIONS)
    np.testing.assert_allclose(cross + np.diag(np.exp(task.log_v)), task.B, rtol=1e-12)
    np.testing.assert_allclose(variance, task.B.diagonal(), rtol=1e-12)
