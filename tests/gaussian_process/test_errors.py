"""Awkward data: what a Gaussian process refuses, warns of, or answers all the same."""

import warnings

import numpy as np
import pandas as pd
import pytest
from gaussian_process.gp_data import N, P, T, drawn, holes
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import (
    RBF,
    CompoundKernel,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    WhiteKernel,
)

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.gaussian_process._dense import _factor

X, Y, _ = drawn()
GAPS = holes(Y)
NEW = np.random.default_rng(5).uniform(-2, 2, size=(4, P))


# -- outcomes without a spread ------------------------------------------------------------------------


def once(unit=1.0, seed=0):
    """Two outcomes of 40 rows, and a third that was seen once."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, size=(40, 1))
    F = np.column_stack([np.sin(2 * x[:, 0]), np.sin(2 * x[:, 0]) + 0.3 * np.cos(3 * x[:, 0]), np.cos(2 * x[:, 0])])
    whole = unit * (F + 0.1 * rng.normal(size=F.shape))
    seen = whole.copy()
    seen[1:, 2] = np.nan
    return x, seen, whole


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_an_outcome_seen_once_is_uncertain_in_the_unit_of_the_others(unit):
    x, seen, whole = once(unit)
    with pytest.warns(UserWarning, match=r"task 2\) has one observed entry"):
        model = MultiTaskGPRegressor().fit(x, seen)
    mean, std = model.predict(x, return_std=True, include_noise=True)
    deviation = whole[:, :2].std()
    assert np.median(std[:, 2]) > 0.9 * deviation
    assert (std[:, 2] < 3 * deviation).all()
    assert (np.abs(whole - mean)[:, 2] < 3 * std[:, 2]).mean() > 0.8


@pytest.mark.parametrize("form", ["wide", "rows", "single"])
def test_constant_outcomes_warn_and_are_answered(form):
    y = np.where(np.arange(T) == 2, 3.0, Y) if form == "wide" else np.full(N, 3.0)
    task = np.arange(N) % 2 if form == "rows" else None
    with pytest.warns(UserWarning, match=r"task 2\) is constant" if form == "wide" else "y is constant"):
        model = MultiTaskGPRegressor(RBF(1.0)).fit(X, y, task=task)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean[:, 2] if form == "wide" else mean, 3.0, atol=1e-6)
    assert np.isfinite(std).all()
    assert std[..., -1].min() > 1e-2


# -- units --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("complete", [True, False])
def test_outcomes_that_are_not_standardised_have_any_unit(complete):
    """Bounds and start values follow: the fit is that of the outcomes in units of one, of which the density differs."""
    y, scale = Y if complete else GAPS, np.array([1.0, 1e4, 1e-3])
    model = MultiTaskGPRegressor(RBF(1.0), normalize_y=False)
    mean, std = model.fit(X, y).predict(NEW, return_std=True)
    value = model.log_marginal_likelihood_value_
    mean_2, std_2 = model.fit(X, y * scale).predict(NEW, return_std=True)
    np.testing.assert_allclose(mean_2, mean * scale, rtol=1e-4, atol=1e-5 * scale.max())
    np.testing.assert_allclose(std_2, std * scale, rtol=1e-3)
    shift = -(np.log(scale) * (~np.isnan(y)).sum(axis=0)).sum()
    assert model.log_marginal_likelihood_value_ == pytest.approx(value + shift, abs=1e-3)


@pytest.mark.parametrize("unit", [1e-4, 1e-2, 1e2])
def test_a_linear_kernel_takes_features_of_any_unit(unit):
    rng = np.random.default_rng(0)
    x, new, W = rng.normal(size=(60, 2)), rng.normal(size=(50, 2)), rng.normal(size=(2, 3))
    y = x @ W + 0.1 * rng.normal(size=(60, 3))
    model = MultiTaskGPRegressor(DotProduct()).fit(unit * x, y)
    assert model.score(unit * new, new @ W) > 0.99


def test_a_feature_that_is_constant_to_rounding():
    x = np.column_stack([X, np.full(N, 0.1)])
    x[:, 2] += np.where(np.arange(N) % 2, 1e-17, 0)
    new = np.column_stack([NEW, np.full(4, 0.1 + 1e-9)])
    np.testing.assert_allclose(
        MultiTaskGPRegressor(rank=0).fit(x, Y).predict(new),
        MultiTaskGPRegressor(RBF(X.std(axis=0) * np.sqrt(3)), rank=0).fit(X, Y).predict(NEW),
        atol=0.05,
    )


# -- kernels ------------------------------------------------------------------------------------------


def test_kernels_that_do_not_fit():
    for kernel, message in (
        (RBF([1.0, 1.0, 1.0]), "does not take the 2 features"),
        (CompoundKernel([RBF(), RBF()]), r"array of shape \(1, 1, 2\).*in a list"),
        (RBF() * ConstantKernel(np.nan), "finite on the features"),
    ):
        with pytest.raises(InvalidParameterError, match=message):
            MultiTaskGPRegressor(kernel).fit(X, Y)
    with pytest.raises(InvalidParameterError, match="WhiteKernel alone"):
        MultiTaskGPRegressor([RBF(), WhiteKernel()], inference="inducing").fit(X, Y)


@pytest.mark.parametrize("inference", ["kronecker", "dense"])
def test_a_kernel_that_is_not_positive_is_refused(inference):
    """Sine squared of a distance in three features: eigenvalues far below zero."""
    x = np.random.default_rng(0).normal(size=(30, 3))
    y = np.random.default_rng(1).normal(size=(30, 2))
    kernel = ExpSineSquared(0.3, 1.0)
    assert np.linalg.eigvalsh(kernel(x)).min() < -0.05
    model = MultiTaskGPRegressor(kernel, noise=1e-4, inference=inference, optimizer=None)
    with pytest.raises(TaskDataError, match="not positive definite"):
        model.fit(x, y)


def test_jitter_is_the_last_resort_and_is_said():
    twice, table = np.vstack([X, X]), np.vstack([Y, Y])
    with pytest.warns(UserWarning, match=r"factorised only with .* added to its diagonal"):
        model = MultiTaskGPRegressor(RBF(1.0), noise=0.0, optimizer=None).fit(twice, table)
    assert model.jitter_ > 0
    np.testing.assert_allclose(model.predict(X), Y, atol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert MultiTaskGPRegressor(RBF(1.0), inference="dense").fit(twice, table).jitter_ == 0


def test_factor_with_jitter_is_that_of_the_matrix():
    """The first tries overwrite a part of the matrix, which is put back."""
    G = np.random.default_rng(0).normal(size=(40, 6))
    A = G @ G.T
    factor, jitter = _factor(A.copy())
    assert jitter > 0
    lower = np.tril(factor)
    np.testing.assert_allclose(lower @ lower.T, A + jitter * np.eye(40), atol=1e-12)
    assert _factor(-np.eye(3)) == (None, 0.0)


def test_smooth_outcomes_without_noise_end_quietly():
    """Line searches end at rounding there."""
    for seed in (0, 3):
        x = np.random.default_rng(seed).normal(size=(40, 2))
        y = np.column_stack([np.sin(x[:, 0]), np.cos(x[:, 0]), x[:, 1]])
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            model = MultiTaskGPRegressor().fit(x, y)
        assert model.score(x, y) > 0.999


# -- tables -------------------------------------------------------------------------------------------


def test_columns_of_noise_variance_are_read_by_name():
    names = ["crp", "wbc", "il6"]
    table = pd.DataFrame(GAPS, columns=names)
    known = pd.DataFrame(np.random.default_rng(0).uniform(0.1, 1.0, size=(N, T)), columns=names)
    model = MultiTaskGPRegressor(RBF(1.0), noise=0.0, optimizer=None)
    one = model.fit(X, table, noise_variance=known).predict(NEW)
    np.testing.assert_array_equal(model.fit(X, table, noise_variance=known[names[::-1]]).predict(NEW), one)
    with pytest.raises(TaskDataError, match="no column for task 'wbc'"):
        model.fit(X, table, noise_variance=known.rename(columns={"wbc": "WBC"}))


def test_known_variances_of_rows_of_tasks():
    tasks, rows = np.nonzero(~np.isnan(GAPS.T))
    known = np.random.default_rng(0).uniform(0.1, 1.0, size=(N, T))
    model = MultiTaskGPRegressor(RBF(1.0), noise=0.1, rank=0, optimizer=None, normalize_y=False)
    wide = model.fit(X, GAPS, noise_variance=known).predict(NEW)
    long = model.fit(X[rows], GAPS[rows, tasks], task=tasks, noise_variance=known[rows, tasks]).predict(NEW)
    np.testing.assert_allclose(long, wide, rtol=1e-8)
    with pytest.raises(TaskDataError, match="noise_variance has shape"):
        model.fit(X[rows], GAPS[rows, tasks], task=tasks, noise_variance=known)


# -- descriptions of tasks ------------------------------------------------------------------------------


def test_descriptions_of_any_unit():
    given = {"kernel": RBF(1.0), "optimizer": None}
    Z = np.array([[0.0, 5.0], [1.0, 3.0], [3.0, 4.0]])
    one = MultiTaskGPRegressor(task_features=Z, **given).fit(X, GAPS).task_correlation_
    np.testing.assert_allclose(
        MultiTaskGPRegressor(task_features=Z * [1e6, 1e-3], **given).fit(X, GAPS).task_correlation_, one, rtol=1e-10
    )
    assert one[0, 1] > 0.1


def test_task_kernels_that_do_not_fit():
    Z = [[0.0], [1.0], [3.0]]
    for kernel, message in (
        (RBF([1.0, 1.0]), "task_kernel=.* does not take the 1 descriptions"),
        ("rbf", "task_kernel='rbf' is not known"),
        ([RBF()], "task_kernel is a list"),
    ):
        with pytest.raises(InvalidParameterError, match=message):
            MultiTaskGPRegressor(RBF(1.0), task_features=Z, task_kernel=kernel).fit(X, GAPS)
    model = MultiTaskGPRegressor(RBF(1.0), task_features=Z, normalize_y=False, optimizer=None).fit(X, GAPS)
    for bad in ([["a"]], [[1.0, 2.0]], [[np.nan]]):
        with pytest.raises(TaskDataError, match="task_features"):
            model.predict_new_task(NEW, bad)
