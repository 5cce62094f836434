"""Moments: one pass over the data whatever is missing, parts by addition and subtraction, and what rounding leaves."""

import numpy as np
import pytest
from scipy import sparse

from skmtl.data import Moments, as_task_data

N, P, T = 90, 4, 5
NAMES = ("xx", "sx", "xy", "yy", "s", "sy")


def table(seed=0, patterns=0, missing=0.0, center=0.0):
    """X, Y with missing entries in a few patterns, or anywhere."""
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(N, P)) + center, rng.normal(size=(N, T)) + 3.0
    if patterns:
        absent = np.array([[(k >> t) & 1 for t in range(T)] for k in range(patterns)], dtype=bool)
        Y[absent[rng.integers(patterns, size=N)]] = np.nan
    Y[rng.random(Y.shape) < missing] = np.nan
    return X, Y, rng


def slowly(X, Y, weight, moments):
    """The definition, task by task."""
    x = X - moments.shift_x
    for t in range(Y.shape[1]):
        s = np.where(np.isnan(Y[:, t]), 0.0, weight[:, t])
        y = np.nan_to_num(Y[:, t]) - moments.shift_y[t]
        column = t if moments.sx.shape[1] > 1 else 0
        yield t, column, (x.T * s) @ x, (x.T * s) @ y, x.T @ s, s.sum(), s @ y, s @ y**2


def check(X, Y, weight, moments, tol=1e-11):
    for t, column, xx, xy, sx, s, sy, yy in slowly(X, Y, weight, moments):
        size = np.sqrt(np.outer(np.diag(xx), np.diag(xx))) + 1
        assert (np.abs(moments.xx[moments.gram_of[t]] - xx) <= tol * size).all()
        np.testing.assert_allclose(moments.xy[:, t], xy, atol=tol * size.max())
        np.testing.assert_allclose(moments.sx[:, column], sx, atol=tol * size.max())
        np.testing.assert_allclose([moments.s[t], moments.sy[t], moments.yy[t]], [s, sy, yy], atol=tol * size.max())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weighted", [None, "rows", "entries"])
@pytest.mark.parametrize(("patterns", "missing"), [(0, 0.0), (4, 0.0), (0, 0.3)])
def test_parts_are_the_sums_over_their_rows(order, weighted, patterns, missing):
    X, Y, rng = table(1, patterns, missing)
    weight = {None: None, "rows": rng.random(N), "entries": rng.random((N, T))}[weighted]
    data = as_task_data(np.array(X, order=order), Y, sample_weight=weight)
    part = rng.integers(-1, 3, size=N)
    whole = np.ones((N, T)) if weight is None else np.broadcast_to(weight.reshape(N, -1), (N, T))
    for k, moments in enumerate(Moments.of_parts(data, part, 3)):
        check(X, Y, np.where((part == k)[:, None], whole, 0.0), moments)
    check(X, Y, whole, Moments.from_data(data))


def test_tasks_with_one_mask_share_one_gram():
    X, Y, _ = table(2, patterns=4)
    of_parts = Moments.of_parts(as_task_data(X, Y), None, 1)[0]
    # Four patterns mark the first two tasks absent; the other three are complete.
    assert of_parts.xx.shape == (3, P, P)
    np.testing.assert_array_equal(of_parts.gram_of, [0, 1, 2, 2, 2])
    alone = Moments.from_data(as_task_data(X, Y))
    assert alone.xx.shape == (T, P, P)
    for one, other in zip(of_parts.centered(), alone.centered(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    total, twice = of_parts + alone, of_parts + of_parts
    assert (len(total.xx), len(twice.xx)) == (T, 3)
    np.testing.assert_allclose(total.centered()[0], twice.centered()[0], atol=1e-11)
    about = of_parts.about(np.arange(4.0), np.arange(5.0))
    check(X, Y, np.ones((N, T)), about)


@pytest.mark.parametrize("seed", range(3))
def test_rows_of_tasks(seed):
    X, Y, rng = table(seed)
    task, y, weight = rng.integers(T, size=N), Y[:, 0].copy(), rng.random(N)
    y[::7] = np.nan
    wide = np.where(task[:, None] == np.arange(T), y[:, None], np.nan)
    part = rng.integers(2, size=N)
    made = Moments.of_parts(as_task_data(X, y, task=task, sample_weight=weight), part, 2)
    for k, moments in enumerate(made):
        check(X, wide, np.where((part == k)[:, None], weight[:, None], 0.0) * np.ones(T), moments)


def test_sparse_features():
    X, Y, rng = table(3, missing=0.3)
    X = np.where(np.abs(X) > 0.7, X, 0.0)
    part = rng.integers(2, size=N)
    for format in (sparse.csr_array, sparse.csc_array):
        for k, moments in enumerate(Moments.of_parts(as_task_data(format(X), Y), part, 2)):
            check(X, Y, np.where((part == k)[:, None], 1.0, 0.0) * np.ones(T), moments)


def test_single_precision_is_summed_in_double():
    rng = np.random.default_rng(4)
    data = as_task_data(rng.normal(size=(5000, 3)), rng.normal(size=(5000, 2)))
    single = data.design.X.astype(np.float32)
    exact = Moments.from_data(as_task_data(single.astype(float), data.y.reshape(2, -1).T))
    data.design.X = single
    np.testing.assert_allclose(Moments.from_data(data).xx, exact.xx, rtol=1e-14, atol=1e-11)


@pytest.mark.parametrize("center", [0.0, 5.0, 1e3, 1e6])
@pytest.mark.parametrize("late", [False, True])
def test_means_far_from_zero_cost_no_digits(center, late):
    """Also where the first rows do not show it."""
    rng = np.random.default_rng(5)
    # In 20 binary digits, so that adding the mean and taking it off again is exact.
    X, Y = np.round(rng.normal(size=(3000, P)) * 2**20) / 2**20, rng.normal(size=(3000, 2))
    where = np.zeros((3000, 1))
    where[2500 if late else 0 :] = center
    # The exact Gram of what is constant plus noise, in long doubles.
    exact = (X + where).astype(np.longdouble)
    exact = exact - exact.mean(axis=0)
    grams, cross = Moments.from_data(as_task_data(X + where, Y)).centered()
    expected = (exact.T @ exact).astype(float)
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert (np.abs(grams[0] - expected) <= 1e-11 * size).all()
    centred = (Y - Y.mean(axis=0)).astype(np.longdouble)
    limit = 1e-11 * np.sqrt(np.diag(expected)[:, None] * (centred**2).sum(axis=0).astype(float))
    assert (np.abs(cross - (exact.T @ centred).astype(float)) <= limit).all()


def test_a_constant_feature_has_no_spread():
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(2000, 3)), rng.normal(size=(2000, 2))
    X[:, 1] = 1234.567
    assert abs(Moments.from_data(as_task_data(X, Y)).centered()[0][0, 1, 1]) < 1e-12 * 2000


@pytest.mark.parametrize("patterns", [0, 4])
def test_without_is_the_rest(patterns):
    X, Y, _ = table(7, patterns)
    data, part = as_task_data(X, Y), np.arange(N) % 3
    whole = Moments.from_data(data)
    held = Moments.of_parts(data, np.where(part == 0, 0, -1), 1)[0]
    rest, anew = whole.without(held), Moments.from_data(data.take(part != 0))
    assert rest is not None
    anew = anew.about(rest.shift_x, rest.shift_y)
    for name in NAMES:
        one, other = getattr(rest, name), getattr(anew, name)
        np.testing.assert_allclose(one, np.broadcast_to(other, one.shape), atol=1e-11)


@pytest.mark.parametrize("scale", [1e3, 1e5, 1e7, 1e9])
@pytest.mark.parametrize("where", ["feature", "target"])
def test_what_a_subtraction_would_lose_is_refused(scale, where):
    """A part that holds nearly all of a sum of squares: the rest is good to 1e-10, or None."""
    X, Y, _ = table(8)
    part = np.arange(N) < 20
    (X if where == "feature" else Y)[part, 1] *= scale
    data = as_task_data(X, Y)
    whole, held = Moments.from_data(data), Moments.of_parts(data, np.where(part, 0, -1), 1)[0]
    rest = whole.without(held)
    if rest is None:
        assert scale >= 1e3
        return
    assert scale < 1e5
    for one, other in zip(rest.centered(), Moments.from_data(data.take(~part)).centered(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())
