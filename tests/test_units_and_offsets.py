"""Units, offsets and sizes of targets and features do not decide whether a fit is right, nor whether it says so."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import (
    MeanRegularizedRidge,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
    MultiTaskRidgeCV,
)
from skmtl.solvers import Conic

N, P, T = 120, 5, 3


def table(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    return X, X @ rng.normal(size=(P, T)) + 0.1 * rng.normal(size=(N, T))


@pytest.mark.parametrize("offset", [1e6, 1e8])
@pytest.mark.parametrize("solver", ["auto", "fista"])
@pytest.mark.parametrize("Estimator", [MultiTaskLasso, MultiTaskRidge])
def test_targets_far_from_zero(Estimator, solver, offset):
    X, Y = table()
    near = Estimator(alpha=0.01, solver=solver, tol=1e-9).fit(X, Y)
    far = Estimator(alpha=0.01, solver=solver, tol=1e-9).fit(X, Y + offset)
    # A target at 1e8 keeps eight digits behind the point.
    np.testing.assert_allclose(far.coef_, near.coef_, atol=1e-4)
    np.testing.assert_allclose(far.intercept_ - offset, near.intercept_, atol=1e-4)


def test_a_task_in_small_units_is_not_mixed_with_one_in_large_units():
    X, Y = table()
    units = np.array([1e-9, 1.0, 1e5])
    fit = MultiTaskRidge(alpha=0.01).fit(X, Y * units)
    np.testing.assert_allclose(fit.coef_ / units[:, None], Ridge(alpha=0.01 * N).fit(X, Y).coef_, rtol=1e-9)


def test_an_outcome_in_large_units_does_not_certify_an_unfitted_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    income = 1e5 * (x[:, 0] + rng.normal(size=200))
    event = 1.0 * (3 * x[:, 0] + rng.logistic(size=200) > 0)
    outcomes = np.c_[income, event]
    model = MultiTaskGLM(loss=["squared", "logistic"], penalty="ridge", alpha=1e-3)
    alone = LogisticRegression(C=1 / (200 * 1e-3), tol=1e-10).fit(x, event)
    # In these units the event's loss is a ten-thousand-millionth of the income's.
    for options in ({}, {"scale_targets": True, "tol": 1e-9}):
        model.set_params(**options).fit(x, outcomes)
        assert model.solver_result_.certificate.scale < 2.0
        np.testing.assert_allclose(model.coef_[1], alone.coef_[0], rtol=1e-3)


def test_rows_of_tasks_are_one_outcome_in_one_unit():
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(6), 20)
    X, y = rng.normal(size=(120, 4)), rng.normal(size=120) + 10 * np.repeat(np.arange(6), 20)
    plain = MeanRegularizedRidge(alpha=1e6, sharing=1.0, share_intercept=True).fit(X, y, task=site)
    scaled = MeanRegularizedRidge(alpha=1e6, sharing=1.0, share_intercept=True, scale_targets=True)
    scaled.fit(X, y, task=site)
    assert np.ptp(plain.intercept_) < 1e-2
    np.testing.assert_allclose(scaled.intercept_, plain.intercept_, atol=1e-2)
    np.testing.assert_allclose(scaled.coef_, plain.coef_, atol=1e-2)


def test_features_in_very_different_units_have_a_useful_grid():
    rng = np.random.default_rng(0)
    X = np.c_[rng.normal(250_000, 70_000, 200), rng.normal(1, 0.5, 200), rng.normal(60, 10, 200)]
    Y = np.c_[X[:, 1] + 0.05 * X[:, 2], X[:, 1] - 0.05 * X[:, 2]] + 0.1 * rng.normal(size=(200, 2))
    assert MultiTaskRidgeCV().fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize("unit", [1e-9, 1e-7, 1e7])
def test_lbfgs_does_not_mind_units(unit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = 1.0 * (X[:, 0] + rng.logistic(size=200) > 0)
    Z = X * [unit, 1.0, 1.0]
    fit = MultiTaskLogisticRegression(penalty="ridge", alpha=0.01).fit(Z, y)
    other = MultiTaskLogisticRegression(penalty="ridge", alpha=0.01, solver="fista", tol=1e-10).fit(Z, y)
    assert fit.n_iter_ < 100
    np.testing.assert_allclose(fit.predict_proba(Z), other.predict_proba(Z), atol=1e-3)


def test_constraints_of_a_solver_object_speak_of_original_units():
    X, Y = table()
    solver = Conic(constraints=lambda coef: [coef <= 2])
    fit = MultiTaskRidge(alpha=0.01, scale_targets=True, solver=solver).fit(X, 10 * Y)
    assert fit.coef_.max() <= 2 + 1e-6
    assert solver.target_scale is None


def test_deviance_weights_refuse_a_constant_outcome():
    X, _ = table()
    with pytest.raises(TaskDataError, match="deviance of task 1, which is zero"):
        MultiTaskLasso(task_weight="deviance").fit(X, np.c_[X[:, 0], np.full(N, 0.1)])


def test_weight_zero_is_absent_for_the_folds_too():
    X, Y = table()
    absent = np.random.default_rng(1).random(Y.shape) < 0.4
    missing = MultiTaskLassoCV(alphas=8).fit(X, np.where(absent, np.nan, Y))
    weightless = MultiTaskLassoCV(alphas=8).fit(X, Y, sample_weight=1.0 * ~absent)
    np.testing.assert_array_equal(missing.mse_path_, weightless.mse_path_)
    assert missing.alpha_ == weightless.alpha_


def test_overflow_is_not_convergence():
    X, Y = table()
    model = MultiTaskLasso(solver="fista", max_iter=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y * 1e160)
    assert any(issubclass(one.category, ConvergenceWarning) for one in caught)
    assert not model.solver_result_.converged


def test_cv_takes_a_generator_and_refuses_a_string():
    X, Y = table()
    listed = MultiTaskLassoCV(alphas=5, cv=list(KFold(4).split(X))).fit(X, Y)
    assert MultiTaskLassoCV(alphas=5, cv=KFold(4).split(X)).fit(X, Y).alpha_ == listed.alpha_
    with pytest.raises(InvalidParameterError, match=r"an iterable of \(train, test\)\. Got 'x' instead"):
        MultiTaskLassoCV(cv="x").fit(X, Y)


def test_a_class_missing_from_a_training_part_is_said_of_that_part():
    from skmtl.linear_model import MultiTaskLogisticRegressionCV

    rng = np.random.default_rng(0)
    site = np.repeat(["a", "b"], 30)
    y = 1.0 * (rng.random(60) < 0.5)
    y[30:] = 0
    y[30] = 1  # the only event of site b
    with pytest.raises(TaskDataError, match=r"^In a training part of cv: Task 'b' has only one class"):
        MultiTaskLogisticRegressionCV(alphas=4).fit(rng.normal(size=(60, 3)), y, task=site)


def test_missing_ids_in_a_list_are_missing():
    X, Y = table()
    task = ["a", "b", np.nan] * 40
    with pytest.raises(TaskDataError, match="task has no id in row 2"):
        MeanRegularizedRidge().fit(X, Y[:, 0], task=task)


def test_warm_start_forgets_a_point_that_is_not_finite():
    X, Y = table()
    model = MultiTaskLasso(alpha=0.1, warm_start=True).fit(X, Y)
    cold = model.coef_.copy()
    model.coef_ = np.full_like(cold, np.nan)
    np.testing.assert_allclose(model.fit(X, Y).coef_, cold, atol=1e-6)


def test_a_grid_that_ends_too_early_says_so():
    X, Y = table()
    with pytest.warns(UserWarning, match="is the smallest of the grid and the held-out loss still falls there"):
        MultiTaskRidgeCV(alphas=5, eps=0.5).fit(X, Y)


def test_frames_keep_their_units():
    X, Y = table()
    frame = pd.DataFrame(Y * [1.0, 1e3, 1e-3], columns=["a", "b", "c"])
    fit = MultiTaskLasso(alpha=0.05, scale_targets=True, tol=1e-10).fit(X, frame)
    same = MultiTaskLasso(alpha=0.05, scale_targets=True, tol=1e-10).fit(X, Y)
    np.testing.assert_allclose(fit.coef_, same.coef_ * np.array([[1.0], [1e3], [1e-3]]), rtol=1e-5)
