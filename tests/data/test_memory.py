"""What a fit of tall data needs beside its input."""

import tracemalloc

import numpy as np
import pytest

from skmtl.data import Moments, as_task_data
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso, MultiTaskLassoCV

N, P, T = 80_000, 50, 3


def table(order="C", missing=0.0):
    rng = np.random.default_rng(0)
    X = np.array(rng.normal(size=(N, P)), order=order)
    Y = X[:, :T] + rng.normal(size=(N, T))
    Y[rng.random((N, T)) < missing] = np.nan
    return X, Y


def peak(call):
    """Bytes allocated at the same time, at most, after what a first call imports and compiles."""
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "model", [MultiTaskLasso(alpha=0.3), MeanRegularizedRidge(alpha=0.1), MultiTaskLassoCV(alphas=4)], ids=repr
)
def test_a_fit_has_no_hidden_copy(model, order):
    X, Y = table(order)
    model.fit(X[:100], Y[:100])
    assert peak(lambda: model.fit(X, Y)) < 0.3 * (X.nbytes + Y.nbytes)


@pytest.mark.parametrize("model", [MultiTaskLasso(alpha=0.3), MeanRegularizedRidge(alpha=0.1)], ids=repr)
def test_a_fit_with_missing_targets(model):
    """Beside indices of the entries and a few patterns of them nothing grows with the rows."""
    X, Y = table("C", missing=0.3)
    model.fit(X[:100], Y[:100])
    assert peak(lambda: model.fit(X, Y)) < 0.35 * (X.nbytes + Y.nbytes)


@pytest.mark.parametrize("order", ["C", "F"])
def test_moments_with_missing_targets(order):
    X, Y = table(order, missing=0.3)
    data = as_task_data(X, Y)
    assert peak(lambda: Moments.from_data(data)) < 0.3 * (X.nbytes + Y.nbytes)


@pytest.mark.parametrize("order", ["C", "F"])
def test_moments_and_products_in_single_precision(order):
    X, Y = table(order)
    data = as_task_data(X, Y)
    exact = Moments.from_data(data).centered()
    design = data.design
    eta, pulled = design.forward(np.ones((P, T)), np.arange(3.0)), design.adjoint(data.y)
    size = design.X.nbytes
    design.X = np.array(design.X, dtype=np.float32, order=order)
    assert peak(lambda: Moments.from_data(data)) < 0.15 * size
    assert peak(lambda: design.forward(np.ones((P, T)), np.arange(3.0))) < 0.3 * size
    assert peak(lambda: design.adjoint(data.y)) < 0.3 * size
    for one, other in zip(Moments.from_data(data).centered(), exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * N)
    single = design.forward(np.ones((P, T)), np.arange(3.0)), design.adjoint(data.y)
    np.testing.assert_allclose(single[0], eta, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(single[1][0], pulled[0], rtol=1e-5, atol=1e-5 * N)
