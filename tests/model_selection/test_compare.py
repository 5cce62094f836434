"""What `compare` reports, recomputed by hand; what it refuses, with the exact words."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import metrics
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import (
    MeanRegularizedRidge,
    MeanRegularizedRidgeCV,
    MultiTaskElasticNetCV,
    MultiTaskGLM,
    MultiTaskGLMCV,
    MultiTaskLassoCV,
    MultiTaskLogisticRegressionCV,
    MultiTaskRidge,
    MultiTaskSparseGroupLassoCV,
)
from skmtl.model_selection import Comparison, MultiTaskKFold, _compare_candidates, compare
from skmtl.model_selection._compare_candidates import MODELS, make_candidates
from skmtl.model_selection._compare_outcomes import read_outcomes
from skmtl.multioutput import IndependentTasks, PooledTasks

N, P = 60, 4
RNG = np.random.default_rng(7)
X = RNG.normal(size=(N, P))
SIGNAL = X[:, 0] - X[:, 1]
NUMBERS = pd.DataFrame({name: s * SIGNAL + RNG.normal(size=N) for name, s in (("ldl", 1.0), ("hdl", -2.0), ("glu", 0))})
NUMBERS = NUMBERS.mask(RNG.random(NUMBERS.shape) < 0.25)
DIED = pd.Series(np.where(SIGNAL + RNG.logistic(size=N) > 0.5, "yes", "no"), name="died", dtype=object)
DIED[RNG.random(N) < 0.2] = None
MIXED = pd.DataFrame({"ldl": NUMBERS["ldl"], "died": DIED, "icu": (RNG.random(N) < 0.4).astype(int)})
NOISE = RNG.normal(size=(N, 12))
SITE = pd.Series(np.tile(["north", "south", "west"], N // 3), name="site")

SINGLE = {"ldl": Ridge(), "died": LogisticRegression(), "icu": LogisticRegression()}
RIDGES = {"independent": IndependentTasks(Ridge()), "joint": MultiTaskRidge(alpha=0.1)}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """On small tables more threads for linear algebra only get in each other's way."""
    with threadpool_limits(1):
        yield


def value(found: Comparison, estimator: str, outcome: object, metric: str) -> np.ndarray:
    s = found.scores
    chosen = s[(s["estimator"] == estimator) & (s["outcome"] == outcome) & (s["metric"] == metric)]
    return chosen.sort_values("fold")["value"].to_numpy()


def cells(found: Comparison, estimator: str, outcome: object, fold: int) -> pd.DataFrame:
    p = found.predictions
    return p[(p["estimator"] == estimator) & (p["outcome"] == outcome) & (p["fold"] == fold)]


# -- what is in the frames


def test_frames_have_a_row_for_everything():
    found = compare(X, NUMBERS, RIDGES, cv=4, random_state=0)
    assert found.estimators == ("independent", "joint")
    assert found.scores.columns.tolist() == ["estimator", "outcome", "fold", "metric", "value"]
    combinations = found.scores.groupby(["estimator", "outcome", "fold", "metric"]).size()
    assert len(combinations) == 2 * 3 * 4 * 4
    assert (combinations == 1).all()
    assert set(found.scores["metric"]) == {"mse", "rmse", "mae", "r2"}
    assert found.predictions.columns.tolist() == [
        *("row", "fold", "estimator", "outcome", "y_true", "y_pred", "weight", "loss")
    ]
    assert len(found.predictions) == N * 2 * 3
    assert found.predictions["y_pred"].notna().all()
    assert found.summary().columns.tolist() == [
        *("outcome", "estimator", "metric", "score", "baseline", "gain", "low", "high", "p", "p_adjusted", "verdict")
    ]
    assert found.summary()["estimator"].tolist() == ["joint"] * 3
    assert found.folds.columns.tolist() == ["fold", "outcome", "n_train", "n_test"]
    observed = found.folds.groupby("outcome")["n_test"].sum()
    assert observed.to_dict() == NUMBERS.notna().sum().to_dict()


def test_observed_targets_stand_beside_their_predictions():
    found = compare(X, NUMBERS, RIDGES, random_state=0)
    for outcome in NUMBERS:
        joint = found.predictions.query("estimator == 'joint' and outcome == @outcome").sort_values("row")
        np.testing.assert_array_equal(joint["y_true"], NUMBERS[outcome])


def test_all_estimators_get_the_same_shuffled_folds():
    found = compare(X, NUMBERS, RIDGES, cv=3, random_state=5)
    expected = list(MultiTaskKFold(3, shuffle=True, random_state=5).split(X, NUMBERS))
    for fold, (_, test) in enumerate(expected):
        for estimator in found.estimators:
            assert cells(found, estimator, "hdl", fold)["row"].tolist() == test.tolist()
    other = compare(X, NUMBERS, RIDGES, cv=3, random_state=6)
    assert other.predictions["row"].tolist() != found.predictions["row"].tolist()


def test_predictions_are_those_of_a_fit_on_the_training_part_with_its_missing_outcomes():
    found = compare(X, NUMBERS, RIDGES, cv=3, random_state=0)
    for fold, (train, test) in enumerate(MultiTaskKFold(3, shuffle=True, random_state=0).split(X, NUMBERS)):
        for name, estimator in RIDGES.items():
            expected = clone(estimator).fit(X[train], NUMBERS.iloc[train]).predict(X[test])
            for t, outcome in enumerate(NUMBERS):
                np.testing.assert_allclose(cells(found, name, outcome, fold)["y_pred"], expected[:, t])


def test_numeric_scores_by_hand():
    found = compare(X, NUMBERS, RIDGES, cv=3, random_state=0)
    for fold in range(3):
        seen = cells(found, "joint", "hdl", fold).dropna()
        y, p = seen["y_true"], seen["y_pred"]
        assert len(y) == found.folds.query("outcome == 'hdl' and fold == @fold")["n_test"].item()
        assert value(found, "joint", "hdl", "mse")[fold] == pytest.approx(np.mean((y - p) ** 2))
        assert value(found, "joint", "hdl", "rmse")[fold] == pytest.approx(np.sqrt(np.mean((y - p) ** 2)))
        assert value(found, "joint", "hdl", "mae")[fold] == pytest.approx(np.mean(np.abs(y - p)))
        total = np.sum((y - y.mean()) ** 2)
        assert value(found, "joint", "hdl", "r2")[fold] == pytest.approx(1 - np.sum((y - p) ** 2) / total)


def test_binary_scores_by_hand():
    found = compare(X, MIXED, {"independent": IndependentTasks(SINGLE)}, cv=3, random_state=0)
    for fold in range(3):
        seen = cells(found, "independent", "died", fold).dropna()
        y, p = seen["y_true"].to_numpy(), seen["y_pred"].to_numpy()
        log_loss = -np.mean(np.log(np.where(y == 1, p, 1 - p)))
        assert value(found, "independent", "died", "log_loss")[fold] == pytest.approx(log_loss)
        assert value(found, "independent", "died", "brier")[fold] == pytest.approx(np.mean((y - p) ** 2))
        pairs = p[y == 1][:, None] - p[y == 0][None, :]
        assert value(found, "independent", "died", "roc_auc")[fold] == pytest.approx(np.mean(pairs > 0))
        precision = metrics.average_precision_score(y, p)
        assert value(found, "independent", "died", "average_precision")[fold] == pytest.approx(precision)


def test_weights_count_in_fits_and_in_scores():
    weight = 0.5 + np.abs(NOISE[:, :3])
    cv = list(KFold(3).split(X))
    found = compare(X, NUMBERS, RIDGES, cv=cv, sample_weight=weight)
    train, test = cv[1]
    fitted = clone(RIDGES["joint"]).fit(X[train], NUMBERS.iloc[train], sample_weight=weight[train])
    seen = cells(found, "joint", "ldl", 1)
    np.testing.assert_allclose(seen["y_pred"], fitted.predict(X[test])[:, 0])
    there = seen["y_true"].notna().to_numpy()
    squares = ((seen["y_true"] - seen["y_pred"]) ** 2)[there]
    expected = np.average(squares, weights=weight[test, 0][there])
    assert value(found, "joint", "ldl", "mse")[1] == pytest.approx(expected)


def test_weight_zero_is_absent():
    weight = np.where(NUMBERS.isna(), 0.0, 1.0)
    weight[:9, 0] = 0
    absent = NUMBERS.mask(weight == 0)
    cv = list(KFold(3).split(X))
    one = compare(X, NUMBERS.fillna(99.0), RIDGES, cv=cv, sample_weight=weight)
    other = compare(X, absent, RIDGES, cv=cv)
    pd.testing.assert_frame_equal(one.scores, other.scores)
    pd.testing.assert_frame_equal(one.summary(), other.summary())
    pd.testing.assert_frame_equal(one.outcomes, other.outcomes)


class Off(RegressorMixin, BaseEstimator):
    """Predicts a multiple of the first feature: its loss is known."""

    def __init__(self, by=0.0):
        self.by = by

    def fit(self, X, y):
        self.shape_ = np.shape(y)[1:]
        return self

    def predict(self, X):
        return np.multiply.outer(X[:, 0] + self.by, np.ones(self.shape_))


# -- table and words


def test_table_has_roots_of_mean_squares_and_log_losses():
    found = compare(X, MIXED, {"independent": IndependentTasks(SINGLE)}, cv=3, random_state=0)
    table = found.table()
    assert table.columns.tolist() == ["metric", "observed", "events", "independent"]
    assert table.index.tolist() == ["ldl", "died", "icu"]
    assert table["metric"].tolist() == ["RMSE", "log loss", "log loss"]
    assert table["observed"].tolist() == MIXED.notna().sum().tolist()
    assert table["events"].tolist() == [pd.NA, int((DIED == "yes").sum()), int(MIXED["icu"].sum())]
    mse = value(found, "independent", "ldl", "mse")
    assert table.loc["ldl", "independent"] == pytest.approx(np.sqrt(mse.mean()))
    assert table.loc["died", "independent"] == pytest.approx(value(found, "independent", "died", "log_loss").mean())


def test_words_name_outcome_estimator_and_interval():
    signal = X[:, 0] + 0.3 * NOISE[:, 0]
    Y = pd.DataFrame({"glu": signal + 1, "ldl": signal, "hdl": signal + 9})
    found = compare(X, Y, {"base": Off(3.0), "near": Off(0.0), "same": Off(3.0)}, baseline="base", random_state=0)
    near = found.summary().query("estimator == 'near'").set_index("outcome")
    assert near.loc["ldl", "gain"] > near.loc["glu", "gain"]
    said = {
        outcome: f"{outcome} (near {row.gain:+.1f}% [{row.low:+.1f}, {row.high:+.1f}])"
        for outcome, row in near.iterrows()
    }
    assert found.describe().splitlines() == [
        f"Sharing helped: {said['ldl']}; {said['glu']}.",
        f"Sharing hurt: {said['hdl']}.",
        "No evidence either way: none.",
        "(The chance of a wrong word anywhere among 6 gains is held to about 5% (Holm).)",
    ]
    assert str(found) == found.describe()


def test_words_without_a_clear_difference():
    Y = pd.DataFrame({f"lab{t}": X[:, 0] + NOISE[:, t] for t in range(12)})
    found = compare(X, Y, {"base": Off(3.0), "same": Off(3.0)}, baseline="base")
    assert found.describe(adjust=None).splitlines() == [
        "Sharing helped: nowhere beyond chance.",
        "Sharing hurt: nowhere beyond chance.",
        "No evidence either way: lab0; lab1; lab2; lab3; lab4; lab5; and 6 more.",
        "(Each of 12 gains is judged by itself: about 1 would be called helped or hurt by chance.)",
    ]
    last = found.describe(adjust="fdr_bh", alpha=0.1).splitlines()[-1]
    assert last == "(Of the words above about 10% at most are expected to be wrong (Benjamini-Hochberg, 12 gains).)"


def test_words_of_one_outcome_say_that_nothing_was_shared():
    found = compare(X, NUMBERS["hdl"], {"independent": Off(3.0), "same": Off(3.0)}, cv=list(KFold(3).split(X)))
    first = "With one outcome there is nothing to share: the estimators differ in their penalties only."
    assert found.describe().splitlines()[0] == first
    alone = compare(X, NUMBERS, {"independent": IndependentTasks(Ridge())})
    assert str(alone) == "Nothing to compare independent with."
    assert alone.summary().empty
    assert alone.overall().empty


def test_words_of_one_fold_say_that_there_is_no_verdict():
    found = compare(X, NUMBERS, RIDGES, cv=[(np.arange(40), np.arange(40, N))])
    assert str(found).splitlines()[-1] == "(One fold gives neither intervals nor verdicts: give several.)"


# -- kinds of outcomes


def test_kinds_of_outcomes():
    Y = pd.DataFrame(
        {
            "number": NUMBERS["hdl"],
            "zero_one": MIXED["icu"].astype(float),
            "truth": MIXED["icu"] == 1,
            "label": DIED,
            "count": np.arange(N) % 3,
        }
    )
    outcomes = read_outcomes(Y, None, None, N)
    assert outcomes.kinds == ("numeric", "binary", "binary", "binary", "numeric")
    assert [None if c is None else c.tolist() for c in outcomes.classes] == [
        *(None, [0, 1], [False, True], ["no", "yes"], None)
    ]
    np.testing.assert_array_equal(outcomes.table[:, 3] == 1, DIED == "yes")
    np.testing.assert_array_equal(np.isnan(outcomes.table[:, 3]), DIED.isna())


def test_a_number_with_two_values_is_pointed_out():
    y = pd.DataFrame({"sex": MIXED["icu"] + 1, "ldl": NUMBERS["ldl"]})
    words = "Outcome 'sex' has two values, 1 and 2, and is taken as a number: write 0 and 1, or labels"
    with pytest.warns(UserWarning, match=words):
        assert read_outcomes(y, None, None, N).kinds[0] == "numeric"


def test_the_event_is_the_second_class():
    found = compare(X, MIXED, {"independent": IndependentTasks(SINGLE)}, cv=3, random_state=0)
    assert found.outcomes["event"].tolist() == [None, "yes", 1]
    assert found.outcomes["kind"].tolist() == ["numeric", "binary", "binary"]
    seen = cells(found, "independent", "died", 0)
    rows = np.setdiff1d(np.arange(N), seen["row"])
    rows = rows[DIED[rows].notna()]
    fitted = LogisticRegression().fit(X[rows], DIED[rows])
    np.testing.assert_allclose(seen["y_pred"], fitted.predict_proba(X[seen["row"]])[:, 1])


@pytest.mark.parametrize(
    "estimator",
    [
        IndependentTasks(SINGLE),
        MultiTaskGLM(loss=["squared", "logistic", "logistic"], alpha=0.05),
        make_pipeline(StandardScaler(), MultiTaskGLM(loss=["squared", "logistic", "logistic"], alpha=0.05)),
    ],
    ids=["independent", "joint", "pipeline"],
)
def test_probabilities_of_a_mixed_table(estimator):
    found = compare(X, MIXED, {"it": estimator}, baseline="it", cv=3, random_state=0)
    binary = found.predictions[found.predictions["outcome"] != "ldl"]
    assert binary["y_pred"].between(0, 1, inclusive="neither").all()
    assert value(found, "it", "died", "roc_auc").mean() > 0.6


def test_one_binary_outcome_and_a_plain_classifier():
    y = MIXED["icu"]
    found = compare(X, y, {"independent": LogisticRegression(), "none": DummyClassifier()}, cv=3, random_state=0)
    for fold in range(3):
        seen = cells(found, "none", "icu", fold)
        rate = y.drop(seen["row"]).mean()
        np.testing.assert_allclose(seen["y_pred"], rate)
    assert found.outcomes["events"].tolist() == [int(y.sum())]


def test_metrics_of_a_test_part_with_one_class_are_nan_without_a_warning():
    y = np.tile([0.0, 1.0], N // 2)
    y[:20] = 0
    found = compare(X, y, {"independent": LogisticRegression()}, cv=list(KFold(3).split(X)))
    assert found.outcomes["outcome"].tolist() == ["y"]
    for metric in ("roc_auc", "average_precision"):
        assert np.isnan(value(found, "independent", "y", metric)).tolist() == [True, False, False]
    assert np.isfinite(value(found, "independent", "y", "log_loss")).all()


# -- rows of tasks


def test_rows_of_tasks_are_scored_by_task():
    y = (SIGNAL * SITE.map({"north": 1, "south": 2, "west": -1}) + NOISE[:, 0]).rename("ldl")
    y[3] = np.nan
    models = {"independent": IndependentTasks(Ridge()), "mean": MeanRegularizedRidge(), "pooled": PooledTasks(Ridge())}
    found = compare(X, y, models, task=SITE, cv=3, random_state=0)
    assert found.outcomes["outcome"].tolist() == ["north", "south", "west"]
    assert found.outcomes["observed"].sum() == N - 1
    assert len(found.predictions) == N * 3
    assert (found.predictions["outcome"].to_numpy() == SITE[found.predictions["row"]].to_numpy()).all()
    parts = list(MultiTaskKFold(3, shuffle=True, random_state=0).split(X, y, task=SITE))
    for fold, (train, test) in enumerate(parts):
        for name, model in models.items():
            fitted = clone(model).fit(X[train], y[train], task=SITE[train])
            expected = fitted.predict(X[test], task=SITE[test])
            seen = found.predictions.query("fold == @fold and estimator == @name").set_index("row").loc[test]
            np.testing.assert_allclose(seen["y_pred"], expected)
            squares = (expected - y[test]) ** 2
            mse = squares[(SITE[test] == "west").to_numpy()].mean()
            assert value(found, name, "west", "mse")[fold] == pytest.approx(mse)


def test_binary_outcome_in_several_places():
    found = compare(X, DIED, {"independent": IndependentTasks(LogisticRegression())}, task=SITE, cv=3, random_state=0)
    assert found.outcomes["event"].tolist() == ["yes"] * 3
    assert found.outcomes["events"].sum() == (DIED == "yes").sum()
    assert found.predictions["y_pred"].between(0, 1).all()


def test_the_task_reaches_the_end_of_a_pipeline():
    models = {
        "independent": IndependentTasks(Ridge()),
        "piped": make_pipeline(StandardScaler(), MeanRegularizedRidge()),
    }
    found = compare(X, NUMBERS["hdl"], models, task=SITE, cv=list(KFold(3).split(X)))
    train, test = next(iter(KFold(3).split(X)))
    scaler = StandardScaler().fit(X[train])
    model = MeanRegularizedRidge().fit(scaler.transform(X[train]), NUMBERS["hdl"][train], task=SITE[train])
    seen = found.predictions.query("estimator == 'piped' and fold == 0")
    np.testing.assert_allclose(seen["y_pred"], model.predict(scaler.transform(X[test]), task=SITE[test]))


# -- folds


def test_parts_that_are_no_partition():
    cv = ShuffleSplit(7, train_size=20, test_size=25, random_state=3)
    found = compare(X, NUMBERS, RIDGES, cv=cv)
    assert found.folds["fold"].nunique() == 7
    assert len(found.predictions) == 7 * 25 * 2 * 3
    for fold, (train, test) in enumerate(cv.split(X)):
        assert cells(found, "joint", "glu", fold)["row"].tolist() == test.tolist()
        counts = found.folds.query("fold == @fold and outcome == 'glu'").iloc[0]
        assert counts["n_train"] == NUMBERS["glu"].iloc[train].notna().sum()
        assert counts["n_test"] == NUMBERS["glu"].iloc[test].notna().sum()


def test_groups_stay_together():
    patient = np.arange(N) // 2
    found = compare(X, NUMBERS, RIDGES, groups=patient, cv=4, random_state=0)
    folds = found.predictions.assign(patient=patient[found.predictions["row"]]).groupby("patient")["fold"].nunique()
    assert (folds == 1).all()


def test_a_fold_that_separates_a_group_is_refused():
    with pytest.raises(TaskDataError) as error:
        compare(X, NUMBERS, RIDGES, groups=np.arange(N) // 25, cv=list(KFold(3).split(X)))
    assert str(error.value) == (
        "Fold 0 of cv has rows of group 0 in its training part and in its test part: give a cv that keeps groups "
        "together, such as a number of folds."
    )


@pytest.mark.parametrize(
    ("cv", "words"),
    [
        (
            [(np.arange(40), np.arange(39, N))],
            "Fold 0 of cv has row 39 in its training part and in its test part: give parts without a common row.",
        ),
        ([(np.arange(40), np.arange(0))], "Fold 0 of cv has an empty test part."),
        ([], "cv gives no fold: give at least one."),
    ],
)
def test_folds_that_make_no_sense(cv, words):
    with pytest.raises(TaskDataError) as error:
        compare(X, NUMBERS, RIDGES, cv=cv)
    assert str(error.value) == words


# -- preprocessing


class Spy(TransformerMixin, BaseEstimator):
    """Remembers the rows it was fitted on: the first feature is the row number."""

    seen: ClassVar[list[list[int]]] = []

    def fit(self, X, y=None):
        Spy.seen.append(np.asarray(X)[:, 0].astype(int).tolist())
        self.mean_ = np.mean(np.asarray(X), axis=0)
        return self

    def transform(self, X):
        return np.asarray(X)[:, 1:] - self.mean_[1:]


def test_the_preprocessor_sees_training_rows_only_and_once_per_fold():
    Spy.seen.clear()
    numbered = pd.DataFrame(np.column_stack([np.arange(N), X]))
    found = compare(numbered, NUMBERS, RIDGES, cv=3, random_state=0, preprocessor=Spy())
    parts = list(MultiTaskKFold(3, shuffle=True, random_state=0).split(X, NUMBERS))
    assert Spy.seen == [train.tolist() for train, _ in parts]
    train, test = parts[1]
    fitted = clone(RIDGES["joint"]).fit(X[train] - X[train].mean(axis=0), NUMBERS.iloc[train])
    expected = fitted.predict(X[test] - X[train].mean(axis=0))
    np.testing.assert_allclose(cells(found, "joint", "ldl", 1)["y_pred"], expected[:, 0])


def test_sparse_and_frame_features():
    plain = compare(X, NUMBERS, {"joint": RIDGES["joint"]}, baseline="joint", cv=3, random_state=0)
    for form in (sparse.csr_array(X), pd.DataFrame(X, columns=list("abcd"), index=np.arange(N)[::-1])):
        found = compare(form, NUMBERS, {"joint": RIDGES["joint"]}, baseline="joint", cv=3, random_state=0)
        np.testing.assert_allclose(found.predictions["y_pred"], plain.predictions["y_pred"], rtol=1e-6, atol=1e-9)


def test_polars_frames():
    polars = pytest.importorskip("polars")
    plain = compare(X, NUMBERS, RIDGES, cv=3, random_state=0)
    frames = polars.DataFrame(X, schema=list("abcd")), polars.from_pandas(NUMBERS)
    found = compare(*frames, RIDGES, cv=3, random_state=0)
    pd.testing.assert_frame_equal(found.scores, plain.scores)


# -- estimators


def test_the_baseline_is_added_in_front():
    found = compare(X[:, :2], NUMBERS, {"mine": MultiTaskRidge()}, cv=2, random_state=0)
    assert found.estimators == ("independent", "mine")
    assert found.baseline == "independent"
    assert compare(X[:, :2], NUMBERS, ["pooled"], baseline="pooled", cv=2, random_state=0).estimators == ("pooled",)


def test_registered_names_beside_own_estimators():
    found = compare(
        X[:, :2], NUMBERS, {"mine": MultiTaskRidge(), "theirs": "pooled"}, baseline="mine", cv=2, random_state=0
    )
    assert found.estimators == ("mine", "theirs")


@pytest.mark.parametrize(
    ("estimators", "options", "words"),
    [
        (
            ["laso"],
            {},
            f"There is no model 'laso': did you mean 'lasso'? The known ones are {', '.join(MODELS)}.",
        ),
        (
            {"mine": "forest"},
            {},
            f"There is no model 'forest': the known ones are {', '.join(MODELS)}.",
        ),
        (["lasso", "lasso"], {}, "The model 'lasso' is named twice: name it once."),
        ([], {}, "There is no estimator to compare: give at least one."),
        (
            {"a": Ridge()},
            {"baseline": "b"},
            "The baseline 'b' is not among the estimators ['a']: name one of them, or 'independent' or 'pooled'.",
        ),
        ({"a": 3}, {}, "The estimator 'a' has to be an object with fit and predict. Got 3 instead."),
    ],
)
def test_estimators_that_are_none(estimators, options, words):
    with pytest.raises(InvalidParameterError) as error:
        compare(X, NUMBERS, estimators, **options)
    assert str(error.value) == words


def test_mean_needs_a_common_model():
    with pytest.raises(InvalidParameterError, match="The model 'mean' shares one common model"):
        compare(X, MIXED, ["mean"])


class Failing(BaseEstimator):
    def __init__(self, error=None):
        self.error = error

    def fit(self, X, y):
        raise self.error

    def predict(self, X):
        return X


def test_an_error_names_estimator_and_fold():
    with pytest.raises(TaskDataError, match=r"^bad, fold 0: no such thing$"):
        compare(X, NUMBERS, {"bad": Failing(ValueError("no such thing"))}, baseline="bad")
    with pytest.raises(ZeroDivisionError) as error:
        compare(X, NUMBERS, {"bad": Failing(ZeroDivisionError())}, baseline="bad")
    assert error.value.__notes__ == ["In bad, fold 0."]


class Says(RegressorMixin, BaseEstimator):
    def __init__(self, what=None):
        self.what = what

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.full((len(X), 2), self.what)


@pytest.mark.parametrize(
    ("Y", "estimator", "words"),
    [
        (NUMBERS, Says(1.0), "it, fold 0: predict gave 2 columns for 3 outcomes."),
        (NUMBERS[["ldl", "hdl"]], Says(np.nan), "it, fold 0: it predicts NaN or infinity."),
        (
            MIXED,
            Says(1.0),
            "The estimator 'it' has no predict_proba, which the outcome 'died' with its two classes needs: give a "
            "classifier, or IndependentTasks with one estimator per outcome.",
        ),
    ],
)
def test_predictions_that_do_not_fit(Y, estimator, words):
    with pytest.raises(TaskDataError) as error:
        compare(X, Y, {"it": estimator}, baseline="it", cv=3)
    assert str(error.value) == words


def test_an_estimator_without_task_is_refused_before_the_first_fit():
    with pytest.raises(TaskDataError, match=r"DummyRegressor\.fit takes no task"):
        compare(X, NUMBERS["hdl"], {"it": DummyRegressor()}, baseline="it", task=SITE)


class Muttering(Off):
    def fit(self, X, y):
        for step in range(2):
            warnings.warn(f"far off at step {step}", ConvergenceWarning, stacklevel=2)
        warnings.warn("old hat", UserWarning, stacklevel=2)
        return super().fit(X, y)


def test_warnings_come_once_with_counts():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compare(X, NUMBERS, {"base": Muttering(), "quiet": Off()}, baseline="base", cv=3)
    assert [(w.category, str(w.message)) for w in caught] == [
        (ConvergenceWarning, "base: 6 convergence warnings in 3 folds, such as: far off at step 0"),
        (UserWarning, "base: 3 warnings in 3 folds, such as: old hat"),
    ]


def test_processes_give_the_same_and_lose_no_warning():
    models = {"base": IndependentTasks(Ridge()), "joint": MultiTaskRidge(max_iter=1, solver="lbfgs")}
    with pytest.warns(ConvergenceWarning, match=r"joint: 3 convergence warnings in 3 folds") as one:
        serial = compare(X, NUMBERS, models, baseline="base", cv=3, random_state=0)
    done = []
    with pytest.warns(ConvergenceWarning, match=r"joint: 3 convergence warnings in 3 folds") as other:
        parallel = compare(
            X, NUMBERS, models, baseline="base", cv=3, random_state=0, n_jobs=2, progress=lambda *a: done.append(a)
        )
    assert len(one) == len(other) == 1
    pd.testing.assert_frame_equal(serial.scores, parallel.scores)
    pd.testing.assert_frame_equal(serial.predictions, parallel.predictions)
    assert sorted(done) == sorted((k, 6, label) for k, (*_, label) in enumerate(done, 1))
    assert {label for *_, label in done} == {f"{name}, fold {k} of 3" for name in models for k in (1, 2, 3)}


# -- registered models


def built(Y, task=None, names=None):
    return make_candidates(names, "independent", read_outcomes(Y, task, None, N))[0]


def kind_of(estimator) -> type:
    return type(estimator.estimator) if hasattr(estimator, "estimator") else type(estimator)


def test_models_for_numbers():
    models = built(NUMBERS)
    assert list(models) == ["independent", "pooled", "lasso", "elastic_net", "mean"]
    assert [kind_of(m) for m in models.values()] == [
        *(MultiTaskElasticNetCV, MultiTaskElasticNetCV, MultiTaskLassoCV, MultiTaskElasticNetCV, MeanRegularizedRidgeCV)
    ]
    # The baseline may choose the lasso too, or its absence would pass for the worth of sharing.
    assert models["independent"].estimator.l1_ratio == [0.0, 1.0]
    assert all(models[name].scale_targets for name in ("pooled", "lasso", "elastic_net", "mean"))
    assert type(built(NUMBERS, names=["sparse_group"])["sparse_group"]) is MultiTaskSparseGroupLassoCV


def test_models_for_yes_and_no():
    models = built(MIXED[["died", "icu"]])
    assert list(models) == ["independent", "pooled", "lasso", "elastic_net", "sparse_group"]
    assert {kind_of(m) for m in models.values()} == {MultiTaskLogisticRegressionCV}
    assert models["independent"].estimator.penalty == ["ridge", "l1"]
    penalties = [models[name].penalty for name in ("lasso", "elastic_net", "sparse_group")]
    assert penalties == ["group_lasso", "group_elastic_net", "sparse_group_lasso"]


def test_models_for_mixed_tables():
    models = built(MIXED)
    assert list(models) == ["independent", "pooled", "lasso", "elastic_net", "sparse_group"]
    kinds = {name: type(inner) for name, inner in models["independent"].estimator.items()}
    logistic = MultiTaskLogisticRegressionCV
    assert kinds == {"ldl": MultiTaskElasticNetCV, "died": logistic, "icu": logistic}
    lasso = models["lasso"]
    assert type(lasso) is MultiTaskGLMCV
    assert lasso.loss == ["squared", "logistic", "logistic"]
    assert (lasso.scale_targets, lasso.task_weight) == (True, "deviance")


@pytest.mark.parametrize(
    ("y", "mean"), [(NUMBERS["hdl"], MeanRegularizedRidgeCV), (DIED, MultiTaskLogisticRegressionCV)]
)
def test_models_for_one_outcome_in_several_places(y, mean):
    models = built(y, task=SITE)
    assert list(models) == ["independent", "pooled", "lasso", "mean"]
    assert type(models["mean"]) is mean
    assert models["mean"].share_intercept
    assert not models["lasso"].scale_targets


def test_every_model_is_tuned_alike():
    for Y, task in ((NUMBERS, None), (MIXED, None), (NUMBERS["hdl"], SITE), (DIED, SITE)):
        for model in built(Y, task).values():
            inner = getattr(model, "estimator", model)
            for one in inner.values() if isinstance(inner, dict) else [inner]:
                assert (one.alphas, one.cv) == (20, 5)


@pytest.mark.parametrize(
    ("Y", "task", "names"),
    [
        (NUMBERS, None, None),
        (MIXED, None, None),
        (MIXED[["died", "icu"]], None, ["independent", "pooled", "lasso"]),
        (NUMBERS["hdl"], SITE, None),
        (DIED, SITE, ["independent", "pooled", "mean"]),
    ],
    ids=["numbers", "mixed", "binary", "rows", "binary rows"],
)
def test_registered_models_run(monkeypatch, Y, task, names):
    monkeypatch.setitem(_compare_candidates._TUNING, "alphas", 6)  # fast
    found = compare(X[:, :2], Y, names, task=task, cv=2, random_state=0)
    assert found.estimators[:2] == ("independent", "pooled")
    assert np.isfinite(found.summary()["gain"]).all()
    for outcome, bound in {"ldl": 0.95, "hdl": 0.75}.items():
        if outcome in found.table().index:
            errors = found.table().loc[outcome, ["independent", "lasso"]]
            assert (errors < bound * np.nanstd(Y[outcome])).all()


def test_every_model_has_a_meaning():
    assert all(model.meaning and "\n" not in model.meaning for model in MODELS.values())


# -- tables that cannot be compared on


def column(**values):
    return NUMBERS.assign(**values)


def few(count, of=None):
    y = np.full(N, np.nan)
    y[:count] = np.arange(count) if of is None else of
    return y


@pytest.mark.parametrize(
    ("Y", "options", "words"),
    [
        (column(a=np.nan), {}, "Outcome 'a' has no observed value: leave it out."),
        (column(a=3.0), {}, "Outcome 'a' is constant (every observed value is 3.0): leave it out."),
        (column(a="yes"), {}, "Outcome 'a' is constant (every observed value is 'yes'): leave it out."),
        (
            column(a=np.where(np.arange(N) == 4, np.inf, 1.0)),
            {},
            "Outcome 'a' is infinite in row 4: leave unobserved values empty (NaN).",
        ),
        (
            column(a=np.where(np.arange(N) == 9, "<5", np.arange(N).astype(str))),
            {},
            "Outcome 'a' is not numeric (it holds '<5') and has 60 labels, more than the 20 that are taken for "
            "classes: turn it into numbers, or into fewer classes.",
        ),
        (
            column(a=pd.Series([1, "x"] * 30, dtype=object)),
            {},
            "Outcome 'a' mixes labels of several types: give numbers, or labels.",
        ),
        (
            column(a=few(3)),
            {},
            "Outcome 'a' has 3 observed values, too few for 5 folds: use at most 3 folds, or leave it out.",
        ),
        (
            column(a=few(10, [1] + 9 * [0])),
            {},
            "Outcome 'a' has 1 observed value 1, too few for a training and a test part: leave it out.",
        ),
        (
            column(a=few(6)),
            {"estimators": None, "cv": 3},
            "Outcome 'a' has 4 observed values in the training part of fold 0, and at least 5 are needed there: leave "
            "it out, or give larger training parts.",
        ),
        (
            NUMBERS,
            {"task": SITE},
            "task goes with one outcome in several places, and there are 3: give one, or leave task out.",
        ),
        (pd.DataFrame(index=np.arange(N)), {}, "There is no outcome: give one column per outcome."),
        (
            pd.DataFrame(np.c_[NUMBERS, NUMBERS["ldl"]], columns=["ldl", "hdl", "glu", "ldl"]),
            {},
            "Two outcomes have the name 'ldl': give each a name of its own.",
        ),
    ],
)
def test_outcomes_that_cannot_be_compared(Y, options, words):
    with pytest.raises(TaskDataError) as error:
        compare(X, Y, **{"estimators": RIDGES, "random_state": 0, **options})
    assert str(error.value) == words


def test_as_many_outcomes_as_features():
    with pytest.raises(TaskDataError, match="X has 60 rows and Y has 9: give them the same rows"):
        compare(X, NUMBERS[:9])


def test_dates_are_no_outcome():
    Y = column(a=pd.date_range("2020-01-01", periods=N))
    with pytest.raises(TaskDataError, match=r"Outcome 'a' holds datetime64\[.*\] values: give numbers or labels\."):
        compare(X, Y)


def test_a_class_that_is_rare_in_a_training_part():
    Y = column(a=few(12, [1, 1] + 10 * [0]))
    cv = [(np.arange(1, N), np.array([0]))]
    with pytest.raises(TaskDataError) as error:
        compare(X, Y, cv=cv)
    assert str(error.value) == (
        "Outcome 'a' has 1 observed value 1 in the training part of fold 0, and at least 2 are needed there: leave it "
        "out, or give larger training parts."
    )


def test_places_are_called_by_the_name_of_their_column():
    y = NUMBERS["hdl"].copy()
    y[(SITE == "west") & (np.arange(N) > 10)] = np.nan
    with pytest.raises(TaskDataError) as error:
        compare(X, y, task=SITE)
    assert str(error.value) == (
        "site 'west' has 3 observed values, too few for 5 folds: use at most 3 folds, or leave it out."
    )


def test_a_place_without_events_is_for_joint_models_only():
    y = pd.Series(np.where(SITE == "west", 0, np.arange(N) % 2))
    with pytest.raises(
        TaskDataError, match=r"^site 'west' has 0 observed values 1 in the training part of fold 0, and"
    ):
        compare(X, y, task=SITE)
    found = compare(X[:, :2], y, ["mean"], task=SITE, baseline="pooled", cv=2, random_state=0)
    assert np.isfinite(found.summary()["gain"]).all()


def test_no_rows():
    with pytest.raises(InvalidParameterError, match=r"^X has no rows: give at least one\.$"):
        compare(X[:0], NUMBERS[:0])
