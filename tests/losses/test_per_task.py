"""One loss per task over a flat vector of entries."""

import cvxpy as cp
import numpy as np
import pytest

from skmtl.data import as_task_data
from skmtl.losses import LogisticLoss, PerTaskLoss, SquaredLoss

N, T = 11, 4
KINDS = ["numeric", "binary", "binary", "numeric"]
LOSSES = [SquaredLoss(), LogisticLoss(), LogisticLoss(), SquaredLoss()]


@pytest.fixture
def entries():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(N, T))
    Y[:, 1:3] = Y[:, 1:3] > 0
    Y[rng.random((N, T)) < 0.25] = np.nan
    data = as_task_data(rng.normal(size=(N, 2)), Y, sample_weight=rng.exponential(size=(N, T)), kinds=KINDS)
    return data, PerTaskLoss(LOSSES, data.layout), rng.normal(size=len(data.y))


def by_hand(data, eta, method):
    return [
        getattr(loss, method)(data.y[block], eta[block], data.weight[block])
        for loss, block in ((LOSSES[t], data.layout.entries(t)) for t in range(T))
    ]


def test_sums_are_those_of_the_tasks(entries):
    data, loss, eta = entries
    args = (data.y, eta, data.weight)
    assert loss.value(*args) == pytest.approx(sum(by_hand(data, eta, "value")))
    np.testing.assert_allclose(loss.value_by_task(*args), by_hand(data, eta, "value"))
    np.testing.assert_allclose(loss.gradient(*args), np.concatenate(by_hand(data, eta, "gradient")))
    np.testing.assert_allclose(loss.hessian(*args), np.concatenate(by_hand(data, eta, "hessian")))
    theta = 0.5 * loss.gradient(*args)
    assert loss.conjugate(data.y, theta, data.weight) == pytest.approx(sum(by_hand(data, theta, "conjugate")))
    expected = [LOSSES[t].null_predictor(data.y[b], data.weight[b]) for t in range(T) for b in [data.layout.entries(t)]]
    np.testing.assert_allclose(loss.null_predictor(data.y, data.weight), expected)


def test_traits(entries):
    data, loss, _ = entries
    assert not loss.quadratic
    assert PerTaskLoss([SquaredLoss()] * T, data.layout).quadratic
    assert loss.curvature.tolist() == [1.0, 0.25, 0.25, 1.0]


def test_conic(entries):
    data, loss, eta = entries
    etas = [cp.Constant(eta[data.layout.entries(t)]) for t in range(T)]
    assert loss.conic(data.y, etas, data.weight).value == pytest.approx(loss.value(data.y, eta, data.weight))
