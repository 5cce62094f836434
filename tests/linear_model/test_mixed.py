"""Outcomes of five types in one fit: shapes, labels, means, probabilities, exposure, files and frames."""

import pickle

import cases
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import sparse
from sklearn import linear_model as sk
from sklearn.base import clone

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import (
    DirtyRegressor,
    MultiTaskGLM,
    MultiTaskGLMCV,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
)
from skmtl.losses import HuberLoss, PoissonLoss, QuantileLoss
from skmtl.model_selection import MultiTaskKFold
from skmtl.penalties import SharedPlusSpecific

N, P = 60, 4
GRADES = ["high", "low", "mid"]
LOSSES = {
    "grade": "multinomial",
    "sbp": "squared",
    "dead": "logistic",
    "visits": "poisson",
    "stay": QuantileLoss(0.7, 0.3),
}
# Linear predictors of each outcome.
PLACE = {"grade": slice(0, 3), "sbp": slice(3, 4), "dead": slice(4, 5), "visits": slice(5, 6), "stay": slice(6, 7)}
C = 7


def frame(seed=0, missing=True):
    """Features and a frame of outcomes, with holes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    scores = X @ rng.normal(size=(P, 3)) + rng.gumbel(size=(N, 3))
    Y = pd.DataFrame(
        {
            "grade": pd.Categorical(np.array(GRADES)[scores.argmax(axis=1)], categories=["low", "mid", "high"]),
            "sbp": 120 + 8 * X[:, 0] + 4 * rng.normal(size=N),
            "dead": np.where(X[:, 1] + rng.logistic(size=N) > 0, "dead", "alive"),
            "visits": rng.poisson(np.exp(0.4 * X[:, 0] + 0.5)).astype(float),
            "stay": 5 + X[:, 2] + rng.exponential(size=N),
        }
    )
    if missing:
        for column in Y:
            Y.loc[rng.random(N) < 0.15, column] = None
    return X, Y


@pytest.fixture(scope="module")
def fitted():
    X, Y = frame()
    return X, Y, MultiTaskGLM(LOSSES, alpha=0.03, scale_targets=True, tol=1e-8).fit(X, Y)


# -- shapes and meaning -------------------------------------------------------------------------------


def test_shapes(fitted):
    X, _, model = fitted
    assert model.coef_.shape == (C, P)
    assert model.intercept_.shape == (C,)
    assert model.task_names_.tolist() == list(LOSSES)
    assert model.channel_task_.tolist() == [0, 0, 0, 1, 2, 3, 4]
    classes = [None if c is None else c.tolist() for c in model.classes_]
    assert classes == [GRADES, None, ["alive", "dead"], None, None]
    eta = X @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(model.linear_predictor(X), eta, atol=1e-10)
    np.testing.assert_array_equal(model.decision_function(X), model.linear_predictor(X))
    assert model.decision_function(X).shape == (N, C)
    for table in (model.predict(X), model.predict_mean(X)):
        assert table.shape == (N, 5)


def test_predictions(fitted):
    X, _, model = fitted
    eta = {name: model.linear_predictor(X)[:, at] for name, at in PLACE.items()}
    odds = np.exp(eta["grade"])
    shares = odds / odds.sum(axis=1, keepdims=True)
    risk = 1 / (1 + np.exp(-eta["dead"][:, 0]))
    predicted, mean, proba = model.predict(X), model.predict_mean(X), model.predict_proba(X)
    assert predicted.dtype == object
    assert [table is None for table in proba] == [False, True, False, True, True]
    np.testing.assert_allclose(proba[0], shares, atol=1e-12)
    np.testing.assert_allclose(proba[2], np.column_stack([1 - risk, risk]), atol=1e-12)
    np.testing.assert_array_equal(predicted[:, 0], np.array(GRADES)[shares.argmax(axis=1)])
    np.testing.assert_array_equal(predicted[:, 2], np.where(risk > 0.5, "dead", "alive"))
    for k, name in ((1, "sbp"), (4, "stay")):
        np.testing.assert_allclose(mean[:, k], eta[name][:, 0])
    np.testing.assert_allclose(mean[:, 3], np.exp(eta["visits"][:, 0]))
    np.testing.assert_allclose(mean[:, 2], risk)
    assert np.isnan(mean[:, 0]).all()  # labels that are no numbers have no mean
    np.testing.assert_allclose(predicted[:, [1, 3, 4]].astype(float), mean[:, [1, 3, 4]])


def test_numeric_labels_have_an_expected_label():
    X, Y = frame(missing=False)
    y = Y["grade"].cat.codes.to_numpy() * 2.0 + 1.0  # 1, 3 and 5
    model = MultiTaskGLM("multinomial", "ridge", 0.05).fit(X, y)
    assert model.predict(X).dtype == float
    np.testing.assert_allclose(model.predict_mean(X), model.predict_proba(X) @ [1.0, 3.0, 5.0])


def test_one_outcome_of_classes_on_a_flat_target():
    X, Y = frame(missing=False)
    y = Y["grade"].astype(str).to_numpy()
    model = MultiTaskGLM("multinomial", "ridge", 0.05).fit(X, y)
    assert model.predict(X).shape == (N,)
    assert model.predict_proba(X).shape == model.decision_function(X).shape == model.linear_predictor(X).shape == (N, 3)
    assert set(model.predict(X)) <= set(GRADES)
    wide = MultiTaskGLM("multinomial", "ridge", 0.05).fit(X, y[:, None])
    np.testing.assert_allclose(wide.coef_, model.coef_, atol=1e-12)
    assert wide.predict(X).shape == (N, 1)


def test_rows_of_tasks_with_classes():
    """One outcome of three classes in three places; task ids are kept, labels come back."""
    X, Y = frame(missing=False)
    y, task = Y["grade"].astype(str).to_numpy(), np.array(["a", "b", "c"])[np.arange(N) % 3]
    model = MultiTaskGLM("multinomial", "ridge", 0.05, tol=1e-8).fit(X, y, task=task)
    assert model.coef_.shape == (9, P)
    own = model.linear_predictor(X).reshape(N, 3, 3)[np.arange(N), np.arange(N) % 3]
    np.testing.assert_allclose(model.decision_function(X, task=task), own)
    proba = model.predict_proba(X, task=task)
    np.testing.assert_allclose(proba, np.exp(own) / np.exp(own).sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(model.predict(X, task=task), np.array(GRADES)[own.argmax(axis=1)])
    assert model.predict(X).shape == (N, 3)
    # The same entries as a table with holes.
    wide = np.full((N, 3), None, dtype=object)
    wide[np.arange(N), np.arange(N) % 3] = y
    table = MultiTaskGLM("multinomial", "ridge", 0.05, tol=1e-8).fit(X, wide)
    np.testing.assert_allclose(table.coef_, model.coef_, atol=1e-4)


def test_task_of_each_row_after_a_fit_on_a_table(fitted):
    """Every row's own outcome; what outcomes of different widths have no common array for is said."""
    X, _, model = fitted
    task = np.array(list(LOSSES))[np.arange(N) % 5]
    np.testing.assert_array_equal(model.predict(X, task=task), model.predict(X)[np.arange(N), np.arange(N) % 5])
    np.testing.assert_array_equal(
        model.predict_mean(X, task=task), model.predict_mean(X)[np.arange(N), np.arange(N) % 5]
    )
    for method in (model.decision_function, model.linear_predictor, model.predict_proba):
        with pytest.raises(TaskDataError, match="task"):
            method(X, task=task)


@pytest.mark.parametrize("loss", [["multinomial", "squared"], ["squared", "logistic"]])
def test_task_never_gives_the_numbers_of_another_outcome(loss):
    """Four predictors of two outcomes look like two each, and are not; a number has no probabilities."""
    X, Y = frame(missing=False)
    columns = {"multinomial": "grade", "squared": "sbp", "logistic": "dead"}
    model = MultiTaskGLM(loss, "ridge", 0.05).fit(X, Y[[columns[one] for one in loss]])
    task = model.task_names_[np.arange(N) % 2]
    with pytest.raises(TaskDataError, match="task"):
        model.predict_proba(X, task=task)
    if loss[0] == "multinomial":
        with pytest.raises(TaskDataError, match="task"):
            model.decision_function(X, task=task)


# -- how losses are given -----------------------------------------------------------------------------


def test_forms_of_the_losses_agree(fitted):
    X, Y, model = fitted
    options = {"alpha": 0.03, "scale_targets": True, "tol": 1e-8}
    as_list = MultiTaskGLM(list(LOSSES.values()), **options).fit(X, Y)
    backwards = MultiTaskGLM(dict(reversed(LOSSES.items())), **options).fit(X, Y)
    some_auto = MultiTaskGLM({**LOSSES, "grade": "auto", "sbp": "auto", "dead": "auto"}, **options).fit(X, Y)
    for other in (as_list, backwards, some_auto):
        np.testing.assert_array_equal(other.coef_, model.coef_)


def test_auto_reads_the_targets():
    """Labels by how many there are, 0/1 as two classes, numbers as numbers: a count is not guessed."""
    X, Y = frame()
    Y["flag"] = np.arange(N) % 2
    model = MultiTaskGLM("auto", alpha=0.1).fit(X, Y)
    named = {"MultinomialLoss": ["grade"], "LogisticLoss": ["dead", "flag"], "SquaredLoss": ["sbp", "visits", "stay"]}
    for t, name in enumerate(Y):
        assert name in named[type(model.losses_[t]).__name__]
    assert [
        type(loss).__name__ for loss in MultiTaskGLM(["auto", HuberLoss()]).fit(X, Y[["dead", "stay"]]).losses_
    ] == [
        "LogisticLoss",
        "HuberLoss",
    ]


def test_wrong_losses_are_said():
    X, Y = frame(missing=False)
    for loss, message in (
        ({"sbp": "squared"}, "loss has no entry for task 'grade'"),
        ({**LOSSES, "bmi": "squared"}, "loss names the task 'bmi'"),
        (["squared", "auto"], "loss has 2 entries but there are 5 tasks"),
        ({**LOSSES, "sbp": "gamma"}, "loss='gamma' is not known"),
    ):
        with pytest.raises(InvalidParameterError, match=message):
            MultiTaskGLM(loss).fit(X, Y)
    for loss, column in (("squared", "dead"), ("logistic", "grade"), ("poisson", "sbp")):
        with pytest.raises(TaskDataError, match=column):
            MultiTaskGLM(loss).fit(X, Y.assign(sbp=Y["sbp"] - 130)[[column]])


# -- against scikit-learn -----------------------------------------------------------------------------


def test_multinomial_ridge_is_scikit_learns():
    X, Y = frame(missing=False)
    y, alpha = Y["grade"].astype(str).to_numpy(), 0.03
    weight = np.random.default_rng(1).integers(1, 4, size=N).astype(float)
    ours = MultiTaskGLM("multinomial", "ridge", alpha, tol=1e-10).fit(X, y, weight)
    # Our n̄ is the total weight, as one outcome is one task.
    theirs = sk.LogisticRegression(C=1 / (alpha * weight.sum()), tol=1e-10, max_iter=10_000).fit(X, y, weight)
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    centred = theirs.intercept_ - theirs.intercept_.mean()
    np.testing.assert_allclose(ours.intercept_ - ours.intercept_.mean(), centred, atol=2e-5)


def test_poisson_ridge_is_scikit_learns():
    """Exposure is a rate as target and a weight; sample weights multiply it."""
    X, Y = frame(missing=False)
    y, alpha = Y["visits"].to_numpy(), 0.05
    rng = np.random.default_rng(2)
    time, weight = rng.uniform(0.3, 3.0, size=N), rng.integers(1, 4, size=N).astype(float)
    plain = MultiTaskGLM("poisson", "ridge", alpha, tol=1e-10).fit(X, y, weight)
    theirs = sk.PoissonRegressor(alpha=alpha, tol=1e-10, max_iter=10_000).fit(X, y, weight)
    np.testing.assert_allclose(plain.coef_[0], theirs.coef_, atol=1e-5)
    assert plain.intercept_[0] == pytest.approx(theirs.intercept_, abs=1e-5)
    np.testing.assert_allclose(plain.predict(X), theirs.predict(X), rtol=1e-5)
    assert plain.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight), abs=1e-6)
    exposed = MultiTaskGLM("poisson", "ridge", alpha, tol=1e-10).fit(X, y, weight, exposure=time)
    # Theirs divides by the sum of its weights, ours by the sum of sample weights.
    strength = alpha * weight.sum() / (weight * time).sum()
    theirs = sk.PoissonRegressor(alpha=strength, tol=1e-10, max_iter=10_000).fit(X, y / time, weight * time)
    np.testing.assert_allclose(exposed.coef_[0], theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(exposed.predict_mean(X), theirs.predict(X), rtol=1e-5)
    score = exposed.score(X, y, weight, exposure=time)
    assert score == pytest.approx(theirs.score(X, y / time, weight * time), abs=1e-6)


# -- exposure -----------------------------------------------------------------------------------------


def test_exposure_is_an_offset():
    """The derivative of Σ exp(η + log e) - y η + alpha ½ ‖w‖² is zero at the fit."""
    X, Y = frame(missing=False)
    y, time, alpha = Y["visits"].to_numpy(), np.random.default_rng(3).uniform(0.2, 4.0, size=N), 0.05
    model = MultiTaskGLM("poisson", "ridge", alpha, tol=1e-10).fit(X, y, exposure=time)
    residual = np.exp(model.linear_predictor(X) + np.log(time)) - y
    np.testing.assert_allclose(X.T @ residual / N + alpha * model.coef_[0], 0.0, atol=1e-6)
    assert residual.mean() == pytest.approx(0.0, abs=1e-5)
    # The unit of time moves the intercept alone.
    days = MultiTaskGLM("poisson", "ridge", alpha, tol=1e-10).fit(X, y, exposure=365.0 * time)
    np.testing.assert_allclose(days.coef_, model.coef_, atol=1e-6)
    assert days.intercept_[0] == pytest.approx(model.intercept_[0] - np.log(365.0), abs=1e-6)
    assert days.score(X, y, exposure=365.0 * time) == pytest.approx(model.score(X, y, exposure=time), abs=1e-8)


def test_exposure_of_the_other_outcomes_is_not_used():
    X, Y = frame()
    time = np.random.default_rng(3).uniform(0.2, 4.0, size=N)
    table = np.full((N, 5), np.nan)
    table[:, 3] = time
    options = {"alpha": 0.05, "scale_targets": True, "tol": 1e-8}
    per_row = MultiTaskGLM(LOSSES, **options).fit(X, Y, exposure=time)
    per_entry = MultiTaskGLM(LOSSES, **options).fit(X, Y, exposure=table)
    np.testing.assert_array_equal(per_entry.coef_, per_row.coef_)
    assert per_row.score(X, Y, exposure=time) == per_entry.score(X, Y, exposure=table)
    ones = MultiTaskGLM(LOSSES, **options).fit(X, Y, exposure=np.ones(N))
    np.testing.assert_allclose(ones.coef_, MultiTaskGLM(LOSSES, **options).fit(X, Y).coef_, atol=1e-10)
    with pytest.raises(TaskDataError, match="exposure"):
        MultiTaskGLM("squared").fit(X, Y[["sbp"]], exposure=time)
    with pytest.raises(TaskDataError, match="exposure"):
        MultiTaskGLM("poisson").fit(X, Y[["visits"]], exposure=-time)


def test_exposure_in_rows_of_tasks():
    X, Y = frame(missing=False)
    y, time, task = Y["visits"].to_numpy(), np.random.default_rng(3).uniform(0.2, 4.0, size=N), np.arange(N) % 2
    rows = MultiTaskGLM("poisson", alpha=0.05, tol=1e-8).fit(X, y, task=task, exposure=time)
    wide = np.full((N, 2), np.nan)
    wide[np.arange(N), task] = y
    table = MultiTaskGLM("poisson", alpha=0.05, tol=1e-8).fit(X, wide, exposure=time)
    np.testing.assert_allclose(rows.coef_, table.coef_, atol=1e-4)
    assert np.isfinite(rows.score(X, y, task=task, exposure=time))


# -- score --------------------------------------------------------------------------------------------


def test_score_is_the_mean_share_of_deviance(fitted):
    """Outcome by outcome: 1 - deviance / deviance of the best constant, losses with a length in the fit's units."""
    X, Y, model = fitted
    eta = model.linear_predictor(X)
    explained = []
    for name, at in PLACE.items():
        seen = Y[name].notna().to_numpy()
        y, e = Y[name][seen].to_numpy(), eta[seen][:, at]
        if name == "grade":
            y, loss = np.searchsorted(GRADES, y.astype(str)), cases.LOSS["multinomial"]
            null = np.tile(np.log(np.bincount(y) / len(y)), (len(y), 1))
        elif name == "dead":
            y, e, loss = (y == "dead").astype(float), e[:, 0], cases.LOSS["logistic"]
            null = np.full(len(y), np.log(y.mean() / (1 - y.mean())))
        elif name == "stay":
            sd, loss = y.astype(float).std(), cases.LOSS["quantile"]
            y, e = y.astype(float) / sd, e[:, 0] / sd
            grid = np.linspace(y.min(), y.max(), 4001)
            null = np.full(len(y), grid[np.argmin([loss.total(y, np.full(len(y), g), np.ones(len(y))) for g in grid])])
        else:
            y, e, loss = y.astype(float), e[:, 0], cases.LOSS["poisson" if name == "visits" else "squared"]
            null = np.full(len(y), np.log(y.mean()) if name == "visits" else y.mean())
        ones = np.ones(len(y))
        explained.append(1 - loss.total(y, e, ones) / loss.total(y, null, ones))
    assert model.score(X, Y) == pytest.approx(np.mean(explained), abs=2e-5)
    assert 0.1 < model.score(X, Y) < 1


# -- copies, files, forms of the input ----------------------------------------------------------------


def test_copies_and_files(fitted):
    X, Y, model = fitted
    copy = clone(model)
    assert not hasattr(copy, "coef_")
    np.testing.assert_array_equal(copy.fit(X, Y).coef_, model.coef_)
    blob = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=blob)
    assert all(name.startswith("skmtl.") for name in trusted), trusted
    for again in (pickle.loads(pickle.dumps(model)), skops.io.loads(blob, trusted=trusted)):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        np.testing.assert_array_equal(again.predict_proba(X)[0], model.predict_proba(X)[0])
        assert again.score(X, Y) == model.score(X, Y)


def test_sparse_equals_dense():
    X, Y = frame()
    X = np.where(np.abs(X) > 0.5, X, 0.0)
    dense, thin = (
        MultiTaskGLM(LOSSES, alpha=0.03, scale_targets=True, tol=1e-9).fit(form(X), Y)
        for form in (np.asarray, sparse.csr_array)
    )
    np.testing.assert_allclose(thin.coef_, dense.coef_, atol=1e-4 * np.abs(dense.coef_).max())
    np.testing.assert_allclose(thin.predict_mean(sparse.csc_array(X)), dense.predict_mean(X), rtol=1e-4, atol=1e-4)


def test_missing_is_weight_zero():
    X, Y = frame()
    filled = Y.assign(**{name: Y[name].fillna(Y[name].dropna().iloc[0]) for name in Y})
    one = MultiTaskGLM(LOSSES, alpha=0.03, scale_targets=True).fit(X, Y)
    other = MultiTaskGLM(LOSSES, alpha=0.03, scale_targets=True).fit(X, filled, Y.notna().to_numpy(float))
    np.testing.assert_allclose(other.coef_, one.coef_, atol=1e-10)


def test_categories_without_rows_are_no_classes():
    """A declared category that nobody has is no class; its order is that of the labels, not of the declaration."""
    X, Y = frame(missing=False)
    Y["grade"] = Y["grade"].cat.add_categories(["none"])
    model = MultiTaskGLM({"grade": "auto", "dead": "auto"}, "ridge", 0.1).fit(X, Y[["grade", "dead"]])
    assert [c.tolist() for c in model.classes_] == [GRADES, ["alive", "dead"]]
    assert model.coef_.shape == (4, P)


def test_two_classes_are_logistic():
    """Two scores under a ridge are one log-odds of twice the strength."""
    X, Y = frame(missing=False)
    two = MultiTaskGLM("multinomial", "ridge", 0.04, tol=1e-10).fit(X, Y["dead"])
    one = MultiTaskLogisticRegression("ridge", 0.02, tol=1e-10).fit(X, Y["dead"])
    assert two.coef_.shape[0] == 2
    np.testing.assert_allclose(two.coef_[1] - two.coef_[0], one.coef_[0], atol=1e-5)
    np.testing.assert_allclose(two.predict_proba(X), one.predict_proba(X), atol=1e-6)


def test_outcomes_under_a_ridge_are_fitted_apart():
    """Nothing couples them: the fit of all is the fits of each, at strengths that n̄ makes equal."""
    X, Y = frame(missing=False)
    both = MultiTaskGLM({"visits": PoissonLoss(), "sbp": "squared"}, "ridge", 0.1, tol=1e-10).fit(
        X, Y[["visits", "sbp"]]
    )
    counts = MultiTaskGLM("poisson", "ridge", 0.1, tol=1e-10).fit(X, Y["visits"])
    numbers = MultiTaskRidge(0.1).fit(X, Y["sbp"])
    np.testing.assert_allclose(both.coef_, np.vstack([counts.coef_, numbers.coef_]), atol=1e-5)


def test_parts_of_mixed_outcomes():
    X, Y = frame()
    penalty = SharedPlusSpecific(shared_ratio=0.6)
    model = MultiTaskGLM(LOSSES, penalty, 0.03, scale_targets=True).fit(X, Y)
    assert model.shared_coef_.shape == model.specific_coef_.shape == (C, P)
    np.testing.assert_allclose(model.shared_coef_ + model.specific_coef_, model.coef_, rtol=0, atol=1e-12)
    same = DirtyRegressor(0.1, 0.6, tol=1e-9).fit(X, Y[["sbp", "stay"]])
    glm = MultiTaskGLM("squared", penalty, 0.1, tol=1e-9).fit(X, Y[["sbp", "stay"]])
    np.testing.assert_allclose(glm.coef_, same.coef_, atol=1e-10)


# -- chosen by cross-validation -----------------------------------------------------------------------


def test_penalties_to_choose_from():
    """The penalty and the strength chosen are those of single fits on the same folds."""
    X, Y = frame(missing=False)
    outcomes = ["grade", "sbp", "dead"]
    losses, Y = {name: LOSSES[name] for name in outcomes}, Y[outcomes]
    penalties = ["group_lasso", "ridge", SharedPlusSpecific(shared_ratio=0.6)]
    alphas, splits = [0.2, 0.03], list(MultiTaskKFold(3).split(X, Y))
    options = {"scale_targets": True, "tol": 1e-8}
    model = MultiTaskGLMCV(losses, penalties, alphas=alphas, cv=splits, **options).fit(X, Y)
    assert model.deviance_path_.shape == (3, 2, 3)
    assert model.task_deviance_path_.shape == (3, 2, 3, 3)
    y = np.searchsorted(GRADES, Y["grade"].astype(str))
    naive = cases.LOSS["multinomial"].naive
    for k, penalty in enumerate(penalties):
        for f, (train, test) in enumerate(splits):
            fit = MultiTaskGLM(losses, penalty, 0.03, **options).fit(X[train], Y.iloc[train])
            eta = fit.linear_predictor(X[test])
            grade = 2 * np.mean([naive(c, e) for c, e in zip(y[test], eta[:, :3], strict=True)])
            pressure = np.mean((Y["sbp"].to_numpy()[test] - eta[:, 3]) ** 2)
            np.testing.assert_allclose(model.task_deviance_path_[k, 1, f, :2], [grade, pressure], rtol=1e-3)
    k, a = np.unravel_index(model.deviance_path_.mean(axis=-1).argmin(), (3, 2))
    assert model.penalty_ is penalties[k] or model.penalty_ == penalties[k]
    assert model.alpha_ == alphas[a]
    assert hasattr(model, "shared_coef_") == (k == 2)
    refit = MultiTaskGLM(losses, penalties[k], alphas[a], **options).fit(X, Y)
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-3 * np.abs(refit.coef_).max())
    assert [table is None for table in model.predict_proba(X)] == [False, True, False]
    assert model.score(X, Y) == pytest.approx(refit.score(X, Y), abs=1e-4)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_booleans_stay_booleans_where_some_are_missing(missing):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] + rng.logistic(size=60) > 0).astype(object)
    y[:10] = missing
    model = MultiTaskGLM(loss="auto", alpha=0.01).fit(X, y)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(X).dtype == bool
    nullable = MultiTaskGLM(loss="auto", alpha=0.01).fit(X, pd.Series(y).astype("boolean"))
    np.testing.assert_array_equal(nullable.predict(X), model.predict(X))
