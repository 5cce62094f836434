"""The choice of strength and sharing by leave-one-out, against leave-one-out of every single fit."""

import numpy as np
import pytest

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.kernel_ridge import MultiTaskKernelRidge, MultiTaskKernelRidgeCV

N, P, T = 26, 3, 4
ALPHAS, SHARING = (1e-4, 1e-2, 1.0), (0.0, 0.6, 0.95)


def table(missing):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P))
    Y = np.sin(X @ rng.normal(size=(P, 1))) + 0.3 * rng.normal(size=(N, T))
    if missing:
        Y[rng.random(Y.shape) < 0.4] = np.nan
    return X, Y, rng.uniform(0.3, 2.0, size=N)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("leave_out", ["row", "entry"])
@pytest.mark.parametrize("scale_targets", [False, True])
def test_the_path_is_leave_one_out_of_every_fit(missing, leave_out, scale_targets):
    X, Y, weight = table(missing)
    Y = Y * [1.0, 2.0, 5.0, 0.1]
    common = {"kernel": "rbf", "scale_targets": scale_targets}
    model = MultiTaskKernelRidgeCV(ALPHAS, sharing=SHARING, leave_out=leave_out, **common).fit(X, Y, weight)
    assert model.alphas_.tolist() == sorted(ALPHAS, reverse=True)
    assert model.mse_path_.shape == (3, 3)
    assert model.task_mse_path_.shape == (3, 3, T)
    seen = ~np.isnan(Y)
    s = seen * weight[:, None]
    values = np.where(seen, Y, 0.0)
    mean = (s * values).sum(axis=0) / s.sum(axis=0)
    unit = np.sqrt((s * (values - mean) ** 2).sum(axis=0) / s.sum(axis=0)) if scale_targets else np.ones(T)
    for a, sharing in enumerate(SHARING):
        for b, alpha in enumerate(model.alphas_):
            single = MultiTaskKernelRidge(alpha, sharing=sharing, **common).fit(X, Y, weight)
            squared = np.where(seen, single.leave_one_out(leave_out) - values, 0.0) ** 2
            by_task = (s * squared).sum(axis=0) / s.sum(axis=0)
            np.testing.assert_allclose(model.task_mse_path_[a, b], by_task, rtol=1e-8)
            assert model.mse_path_[a, b] == pytest.approx((s * squared / unit**2).sum() / s.sum(), rel=1e-8)
    a, b = np.unravel_index(np.argmin(model.mse_path_), (3, 3))
    assert (model.sharing_, model.alpha_) == (SHARING[a], model.alphas_[b])
    best = MultiTaskKernelRidge(model.alpha_, sharing=model.sharing_, **common).fit(X, Y, weight)
    np.testing.assert_allclose(model.predict(X), best.predict(X), rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.leave_one_out(), best.leave_one_out(leave_out), rtol=0, atol=1e-8)
    assert model.relative_residual_ < 1e-10


@pytest.mark.parametrize("missing", [False, True])
def test_the_grid_is_that_of_the_same_table_in_rows(missing):
    X, Y, _ = table(missing)
    row, task = np.nonzero(~np.isnan(Y))
    wide = MultiTaskKernelRidgeCV(7, kernel="rbf", leave_out="entry").fit(X, Y)
    rows = MultiTaskKernelRidgeCV(7, kernel="rbf").fit(X[row], Y[row, task], task=task)
    np.testing.assert_allclose(rows.alphas_, wide.alphas_, rtol=1e-12)
    np.testing.assert_allclose(rows.mse_path_, wide.mse_path_, rtol=1e-8)
    assert wide.alphas_[-1] == pytest.approx(1e-6 * wide.alphas_[0])


def test_noise_that_outcomes_share_is_not_borrowed_by_rows():
    """The reason for leaving out rows: entries alone take common noise for signal."""
    rng = np.random.default_rng(0)
    X, new = rng.normal(size=(60, 2)), rng.normal(size=(500, 2))
    W = rng.normal(size=(2, 4))
    Y = X @ W + rng.normal(size=(60, 1)) + 0.3 * rng.normal(size=(60, 4))  # the noise has variance 1.09
    rows, entries = (
        MultiTaskKernelRidgeCV(20, kernel="rbf", gamma=0.5, leave_out=e).fit(X, Y) for e in ("row", "entry")
    )
    cost = [((model.predict(new) - new @ W) ** 2).mean() + 1.09 for model in (rows, entries)]
    assert cost[0] < 0.6 * cost[1]
    assert (rows.sharing_, entries.sharing_) == (0.0, 0.99)
    # What is promised against what new rows cost.
    assert rows.mse_path_.min() > 0.75 * cost[0]
    assert entries.mse_path_.min() < 0.5 * cost[1]


def test_single_choices_lose_their_axis():
    X, Y, _ = table(True)
    one = MultiTaskKernelRidgeCV(ALPHAS, sharing=0.6, kernel="rbf").fit(X, Y)
    many = MultiTaskKernelRidgeCV(ALPHAS, sharing=SHARING, kernel="rbf").fit(X, Y)
    np.testing.assert_allclose(one.mse_path_, many.mse_path_[1], rtol=1e-10)
    assert (one.mse_path_.shape, one.task_mse_path_.shape, one.sharing_) == ((3,), (3, T), 0.6)
    pooled = MultiTaskKernelRidgeCV(ALPHAS, task_kernel="pooled", kernel="rbf").fit(X, Y)
    assert (pooled.mse_path_.shape, pooled.sharing_) == ((3,), None)
    assert MultiTaskKernelRidgeCV(1, kernel="rbf").fit(X, Y).alphas_.shape == (1,)


def test_errors():
    X, Y, _ = table(False)
    for options, message in (
        ({"alphas": [0.1, -1.0]}, "'alphas' parameter of MultiTaskKernelRidgeCV must be a number of strengths"),
        ({"sharing": [0.1, 1.0]}, r"'sharing' parameter of MultiTaskKernelRidgeCV must be a number in \[0, 1\)"),
        ({"sharing": 1.0}, r"must be a number in \[0, 1\) or a list of them"),
        ({"leave_out": "fold"}, "must be one of 'row', 'entry'"),
    ):
        with pytest.raises(InvalidParameterError, match=message):
            MultiTaskKernelRidgeCV(**options).fit(X, Y)
    with pytest.raises(TaskDataError, match="one sample in every task"):
        MultiTaskKernelRidgeCV().fit(X[:1], Y[:1])


def test_the_end_of_the_grid_is_said():
    X, _, _ = table(False)
    with pytest.warns(UserWarning, match="is the smallest of the grid and the left-out error still falls there"):
        MultiTaskKernelRidgeCV(10, sharing=0.0).fit(X, X @ np.ones((P, T)))
