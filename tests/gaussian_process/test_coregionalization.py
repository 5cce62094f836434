"""Covariances between tasks: gradients against differences, bounds, and what lifts a variance from zero."""

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF, DotProduct, Matern

from skmtl.gaussian_process._coregionalization import Coregionalization, DescribedTasks
from skmtl.gaussian_process._noise import Noise
from skmtl.gaussian_process._units import Units, kernel_unit

T, RANK = 4, 2
RNG = np.random.default_rng(0)
DESCRIPTIONS = RNG.normal(size=(T, 3))
TASKS = {
    "loadings": Coregionalization(RNG.normal(size=(T, RANK)), RNG.normal(size=T)),
    "independent": Coregionalization(np.zeros((T, 0)), RNG.normal(size=T)),
    "in units": Coregionalization(RNG.normal(size=(T, RANK)), RNG.normal(size=T), units=np.array([0.1, 1.0, 5.0, 3.0])),
    "described": DescribedTasks(Matern([1.0, 0.5, 2.0], nu=1.5), DESCRIPTIONS, -0.2, RNG.normal(size=T)),
}


@pytest.mark.parametrize("name", TASKS)
def test_gradient(name):
    task = TASKS[name]
    G = RNG.normal(size=(T, T))
    G = G + G.T
    gradient = task.pullback(G)
    for k, step in enumerate(1e-6 * np.eye(len(task.theta))):
        up, down = (np.vdot(G, task.with_theta(task.theta + sign * step).B) for sign in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / 2e-6, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", TASKS)
def test_parameters_and_bounds_go_together(name):
    task = TASKS[name]
    assert task.bounds.shape == (len(task.theta), 2)
    assert (task.bounds[:, 0] < task.bounds[:, 1]).all()
    np.testing.assert_allclose(task.with_theta(task.theta).B, task.B, rtol=1e-13)
    assert np.linalg.eigvalsh(task.B).min() > 0


def test_b_is_what_it_says():
    task = TASKS["loadings"]
    np.testing.assert_allclose(task.B, task.L @ task.L.T + np.diag(np.exp(task.log_v)))
    described = TASKS["described"]
    wanted = np.exp(-0.2) * described.kernel(DESCRIPTIONS) + np.diag(np.exp(described.log_v))
    np.testing.assert_allclose(described.B, wanted)


def test_rotated_loadings_are_the_same_covariance():
    task = TASKS["loadings"]
    turn, _ = np.linalg.qr(RNG.normal(size=(RANK, RANK)))
    np.testing.assert_allclose(Coregionalization(-task.L @ turn, task.log_v).B, task.B)


def test_what_has_run_to_zero_is_lifted_and_what_has_not_is_left():
    first = Coregionalization(np.full((T, RANK), 0.7), np.zeros(T))
    stuck = Coregionalization(np.column_stack([np.ones(T), 1e-9 * np.ones(T)]), np.array([0.0, -13.8, 0.5, -13.8]))
    lifted = stuck.lifted(first)
    np.testing.assert_array_equal(lifted.L[:, 0], stuck.L[:, 0])
    np.testing.assert_allclose(lifted.L[:, 1], 0.35)
    np.testing.assert_array_equal(lifted.log_v[[0, 2]], stuck.log_v[[0, 2]])
    assert (lifted.log_v[[1, 3]] > -4).all()
    described = TASKS["described"].with_theta(np.r_[np.zeros(3), -13.0, np.full(T, -13.0)])
    assert (described.lifted(described).theta[3:] > -4).all()
    noise = Noise(np.array([-13.0, 0.0]))
    assert noise.lifted().log_variance[0] > -4
    assert noise.lifted().log_variance[1] == 0
    fixed = Noise(np.array([-13.0, 0.0]), free=False)
    assert fixed.lifted() is fixed


def test_bounds_are_in_units_of_the_outcome_and_of_the_kernel():
    units = Units(np.array([1.0, 1e4]), np.array([False, True]))
    bounds = units.log_bounds((-2.0, 3.0), lone=0.5, kernel=10.0)
    np.testing.assert_allclose(bounds, [[-2 - np.log(10), 3 - np.log(10)], [0.5 + np.log(1e3), 3 + np.log(1e3)]])


def test_a_linear_kernel_varies_less_than_it_is_high():
    X = 1e-3 * RNG.normal(size=(50, 2))
    assert kernel_unit(RBF(1e3), X) == 1.0
    assert kernel_unit(DotProduct(1.0), X) == pytest.approx(X.var(axis=0).sum(), rel=1e-6)
    assert kernel_unit(DotProduct(2.0), X[:1]) == pytest.approx(4.0, rel=1e-4)
