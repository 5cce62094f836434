"""Cross-validation on moments against cross-validation on the data, which it has to equal."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold, ShuffleSplit

from skmtl.exceptions import TaskDataError
from skmtl.linear_model import MeanRegularizedRidgeCV, MultiTaskLassoCV, MultiTaskRidgeCV
from skmtl.linear_model import _cv as machinery
from skmtl.linear_model import _cv_moments as on_moments

N, P, T = 60, 6, 3


def table(form, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P)) * np.geomspace(0.1, 10, P) + offset
    Y = X[:, :3] @ rng.normal(size=(3, T)) + rng.normal(size=(N, T)) + np.array([0.0, 5.0, -30.0])
    if form == "rows":
        task = rng.integers(T, size=N)
        return {"X": X, "y": Y[np.arange(N), task], "task": task, "sample_weight": rng.random(N)}
    if form == "missing":
        Y[rng.random((N, T)) < 0.3] = np.nan
    return {"X": X, "y": Y, "sample_weight": {"weighted": rng.random((N, T)), "rowwise": rng.random(N)}.get(form)}


def both(model, data, monkeypatch):
    """Fitted on moments and on the data."""
    called = []
    path = on_moments.path_on_moments
    monkeypatch.setattr(machinery, "path_on_moments", lambda *args: called.append(1) or path(*args))
    one = type(model)(**model.get_params()).fit(**data)
    assert called
    monkeypatch.setattr(machinery, "moments_pay", lambda *args: False)
    return one, type(model)(**model.get_params()).fit(**data)


def assert_same(one, other, tol=1e-8):
    np.testing.assert_allclose(one.alpha_, other.alpha_, rtol=tol)
    np.testing.assert_allclose(one.mse_path_, other.mse_path_, rtol=tol)
    np.testing.assert_allclose(one.task_mse_path_, other.task_mse_path_, rtol=tol)
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=tol, atol=tol)
    np.testing.assert_allclose(one.intercept_, other.intercept_, rtol=tol, atol=tol)


@pytest.mark.parametrize("form", ["complete", "missing", "weighted", "rowwise", "rows"])
@pytest.mark.parametrize("scale_targets", [False, True])
@pytest.mark.parametrize("task_weight", ["entries", "deviance", [1.0, 2.0, 0.5]])
def test_equals_the_fit_on_data(form, scale_targets, task_weight, monkeypatch):
    options = {"scale_targets": scale_targets, "task_weight": task_weight, "tol": 1e-12, "alphas": 5}
    for model in (MultiTaskLassoCV(**options), MeanRegularizedRidgeCV(sharing=[0.5, 0.9], **options)):
        with monkeypatch.context() as patch:
            assert_same(*both(model, table(form), patch))


@pytest.mark.parametrize(
    "cv",
    [
        KFold(4),
        KFold(3, shuffle=True, random_state=0),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        ShuffleSplit(3, train_size=0.5, test_size=0.3, random_state=0),
        ShuffleSplit(40, random_state=0),
        LeaveOneOut(),
    ],
    ids=lambda cv: type(cv).__name__,
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_any_folds(cv, fit_intercept, monkeypatch):
    model = MultiTaskRidgeCV(alphas=4, cv=cv, fit_intercept=fit_intercept)
    assert_same(*both(model, table("complete"), monkeypatch))


def test_features_far_from_zero(monkeypatch):
    assert_same(*both(MultiTaskLassoCV(alphas=5, tol=1e-10), table("missing", offset=1e4), monkeypatch), tol=1e-7)


def test_an_exact_fit_is_measured_on_the_data(monkeypatch):
    """Moments would leave rounding of the size of the targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P))
    data = {"X": X, "y": X @ rng.normal(size=(P, T)) + 100.0}
    one, other = both(MultiTaskRidgeCV(alphas=[1e-7, 1e-9]), data, monkeypatch)
    assert one.mse_path_.max() < 1e-10
    np.testing.assert_allclose(one.mse_path_, other.mse_path_, rtol=1e-3)


def test_a_task_without_training_rows_is_named():
    data = table("complete")
    data["y"][10:, 1] = np.nan
    for folds in (KFold(6), ShuffleSplit(100, test_size=0.9, random_state=0)):
        with pytest.raises(TaskDataError, match=r"In a training part of cv: Task 1 has no observed entry"):
            MultiTaskRidgeCV(alphas=3, cv=folds).fit(**data)


def test_constant_targets_of_a_training_part(monkeypatch):
    """All variation in one test part: nothing to learn from, and nothing to divide by."""
    data = table("complete")
    data["y"][:, 2] = np.where(np.arange(N) < 12, data["y"][:, 2], 7.0)
    assert_same(*both(MultiTaskRidgeCV(alphas=3, cv=KFold(5), scale_targets=True), data, monkeypatch), tol=1e-7)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_change_nothing(n_jobs):
    data = table("missing")
    alone = MultiTaskLassoCV(alphas=4).fit(**data)
    np.testing.assert_array_equal(MultiTaskLassoCV(alphas=4, n_jobs=n_jobs).fit(**data).mse_path_, alone.mse_path_)


@pytest.mark.parametrize("n_splits", [2, 5, 7])
def test_complete_data_is_cut_as_the_splitter_cuts_it(n_splits):
    from skmtl.model_selection import MultiTaskKFold

    data = table("complete")
    model, given = MultiTaskRidgeCV(alphas=3, cv=n_splits), MultiTaskRidgeCV(alphas=3, cv=MultiTaskKFold(n_splits))
    np.testing.assert_array_equal(model.fit(**data).mse_path_, given.fit(**data).mse_path_)


def test_wide_data_stay_data():
    rng = np.random.default_rng(0)
    model = MultiTaskLassoCV(alphas=3)
    data = model._load(rng.normal(size=(20, 50)), rng.normal(size=(20, 2)), None, None)
    loss = machinery.PerTaskLoss(model._losses_of(data), data.layout)
    assert not on_moments.moments_pay(model, data, loss)
