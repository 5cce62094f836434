"""One loss per task over flat vectors of entries and of linear predictors."""

import cvxpy as cp
import numpy as np
import pytest

from skmtl.data import as_task_data
from skmtl.losses import (
    HuberLoss,
    LogisticLoss,
    MultinomialLoss,
    PerTaskLoss,
    PoissonLoss,
    SquaredLoss,
    SquareRootLoss,
)

N = 23
# Runs of several tasks, equal losses apart, equal classes with other parameters, and losses that never join a run.
LOSSES = [
    SquaredLoss(),
    LogisticLoss(),
    LogisticLoss(),
    MultinomialLoss(),
    MultinomialLoss(),
    HuberLoss(1.0),
    HuberLoss(0.2),
    SquareRootLoss(),
    SquareRootLoss(),
    PoissonLoss(),
    SquaredLoss(),
    SquaredLoss(),
]
T = len(LOSSES)
CHANNELS = [1, 1, 1, 3, 4, 1, 1, 1, 1, 1, 1, 1]
C = sum(CHANNELS)


@pytest.fixture
def entries():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(N, T))
    for t, loss in enumerate(LOSSES):
        if loss.target_kind == "binary":
            Y[:, t] = Y[:, t] > 0
        elif loss.target_kind == "classes":
            Y[:, t] = np.arange(N) % CHANNELS[t]
        elif loss.target_kind == "count":
            Y[:, t] = rng.poisson(2.0, size=N)
    Y[rng.random((N, T)) < 0.25] = np.nan
    weight = rng.exponential(size=(N, T)) + 0.01
    kinds = [loss.target_kind for loss in LOSSES]
    data = as_task_data(rng.normal(size=(N, 2)), Y, sample_weight=weight, kinds=kinds)
    assert data.layout.channels.tolist() == CHANNELS
    return data, PerTaskLoss(LOSSES, data.layout), rng.normal(size=len(data.layout.eta_channel))


def by_hand(data, eta, method, *others):
    """Each task on its own: rows of its entries, and of its linear predictors."""
    found, layout, at = [], data.layout, 0
    for t, loss in enumerate(LOSSES):
        rows = slice(layout.task_ptr[t], layout.task_ptr[t + 1])
        width = CHANNELS[t] * int(layout.counts[t])
        own = [values[at : at + width] for values in (eta, *others)]
        found.append(getattr(loss, method)(data.y[rows], own[0], data.weight[rows], *own[1:]))
        at += width
    assert at == len(eta)
    return found


def test_sums_are_those_of_the_tasks(entries):
    data, loss, eta = entries
    args = (data.y, eta, data.weight)
    assert loss.value(*args) == pytest.approx(sum(by_hand(data, eta, "value")), rel=1e-13)
    np.testing.assert_allclose(loss.value_by_task(*args), by_hand(data, eta, "value"))
    np.testing.assert_allclose(loss.deviance_by_task(*args), by_hand(data, eta, "deviance"))
    np.testing.assert_allclose(loss.gradient(*args), np.concatenate(by_hand(data, eta, "gradient")))
    direction = np.random.default_rng(1).normal(size=len(eta))
    product = np.concatenate(by_hand(data, eta, "hessian_product", direction))
    np.testing.assert_allclose(loss.hessian_product(*args, direction), product)
    theta = 0.5 * loss.gradient(*args)
    assert loss.conjugate(data.y, theta, data.weight) == pytest.approx(sum(by_hand(data, theta, "conjugate")))


def test_constants_are_those_of_the_tasks(entries):
    data, loss, eta = entries
    constants = loss.recenter(data.y, eta, data.weight)
    assert constants.shape == (C,)
    np.testing.assert_allclose(constants, np.concatenate(by_hand(data, eta, "recenter")), rtol=1e-11, atol=1e-13)
    null = loss.null_predictor(data.y, data.weight)
    expected = np.concatenate(by_hand(data, np.zeros(len(eta)), "recenter"))
    np.testing.assert_allclose(null, expected, rtol=1e-11, atol=1e-13)
    # Nothing is left to gain: the slopes along the constants are zero.
    moved = eta + constants[data.layout.eta_channel]
    slopes = data.layout.sum_by_channel(loss.gradient(data.y, moved, data.weight))
    np.testing.assert_allclose(slopes, 0.0, atol=1e-12)


def test_traits(entries):
    data, loss, _ = entries
    assert not loss.quadratic
    assert PerTaskLoss([SquaredLoss()] * T, data.layout).quadratic
    curvature = loss.curvature(data.y, data.weight)
    assert curvature.shape == (T,)
    assert curvature[:7].tolist() == [1.0, 0.25, 0.25, 0.5, 0.5, 1.0, 1.0]
    for t in (7, 8, 9):
        rows = data.layout.entries(t)
        assert curvature[t] == LOSSES[t].curvature(data.y[rows], data.weight[rows])


def test_a_joint_loss_is_never_pooled(entries):
    """The root of a sum is not the sum of roots."""
    data, loss, eta = entries
    each = loss.value_by_task(data.y, eta, data.weight)
    rows = slice(data.layout.entries(7).start, data.layout.entries(8).stop)
    at = slice(data.layout.eta(7).start, data.layout.eta(8).stop)
    pooled = LOSSES[7].value(data.y[rows], eta[at], data.weight[rows])
    assert abs(each[7] + each[8] - pooled) > 0.1


def test_one_task_with_classes():
    """A single run with several channels."""
    rng = np.random.default_rng(3)
    data = as_task_data(rng.normal(size=(N, 2)), np.arange(N) % 3, kinds="classes")
    loss = PerTaskLoss([MultinomialLoss()], data.layout)
    eta = rng.normal(size=3 * N)
    weight = data.weight
    np.testing.assert_array_equal(loss.gradient(data.y, eta, weight), MultinomialLoss().gradient(data.y, eta, weight))
    assert loss.null_predictor(data.y, weight).shape == loss.recenter(data.y, eta, weight).shape == (3,)


def test_held_out_entries_may_lack_a_task(entries):
    """A fold without a task has no loss there."""
    data, _, _ = entries
    rows = np.isin(np.arange(N), data.layout.row_index[data.layout.entries(3)][:2])
    part = data.take(rows, every_task=False)
    eta = np.zeros(len(part.layout.eta_channel))
    loss = PerTaskLoss(LOSSES, part.layout)
    assert (part.layout.counts == 0).any()
    deviance = loss.deviance_by_task(part.y, eta, part.weight)
    assert (deviance[part.layout.counts == 0] == 0).all()
    assert np.isfinite(deviance).all()


def test_conic(entries):
    data, loss, eta = entries
    etas, at = [], 0
    for t in range(T):
        width = CHANNELS[t] * int(data.layout.counts[t])
        own = eta[at : at + width]
        etas.append(cp.Constant(own if CHANNELS[t] == 1 else own.reshape(CHANNELS[t], -1).T))
        at += width
    assert loss.conic(data.y, etas, data.weight).value == pytest.approx(loss.value(data.y, eta, data.weight))
