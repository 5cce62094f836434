"""Kinds of outcomes and named models of `compare`, and the folds inside the models."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from threadpoolctl import threadpool_limits

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MultiTaskGLMCV
from skmtl.model_selection import _compare_candidates, compare
from skmtl.model_selection._compare_candidates import MODELS, default_names, make_candidates
from skmtl.model_selection._compare_inner import keep_groups
from skmtl.model_selection._compare_outcomes import read_outcomes
from skmtl.multioutput import IndependentTasks, PooledTasks

N = 72
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
SIGNAL = X[:, 0] - X[:, 1]
NUMBERS = pd.DataFrame({"ldl": SIGNAL + RNG.normal(size=N), "hdl": RNG.normal(size=N) - SIGNAL})
NUMBERS = NUMBERS.mask(RNG.random(NUMBERS.shape) < 0.2)
BINARIES = pd.DataFrame({name: (SIGNAL + RNG.logistic(size=N) > 0).astype(float) for name in ("died", "icu")})
STAGE = pd.Series(
    np.array(["I", "II", "III"])[np.clip(np.round(SIGNAL) + 1, 0, 2).astype(int)], name="stage", dtype=object
)
STAGE[RNG.random(N) < 0.1] = None
VISITS = pd.Series(RNG.poisson(np.exp(0.4 * SIGNAL)), name="visits")
MIXED = pd.concat([NUMBERS["ldl"], BINARIES["died"], STAGE, VISITS], axis=1)
KINDS = {"visits": "count"}
SITE = np.tile(["north", "south"], N // 2)
PATIENT = np.arange(N) // 3


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def few_strengths(monkeypatch):
    monkeypatch.setitem(_compare_candidates._TUNING, "alphas", 3)


def outcomes_of(Y, task=None, kinds=None):
    return read_outcomes(Y, task, None, N, kinds)


# -- kinds


def test_kinds_are_read_and_told():
    found = outcomes_of(MIXED, kinds=KINDS)
    assert found.kinds == ("numeric", "binary", "classes", "count")
    assert found.classes[2].tolist() == ["I", "II", "III"]
    assert found.table[STAGE.notna(), 2].tolist() == [("I", "II", "III").index(label) for label in STAGE.dropna()]
    assert np.isnan(found.table[STAGE.isna(), 2]).all()
    assert outcomes_of(MIXED).kinds[3] == "numeric"  # counts are not guessed
    codes = STAGE.map({"I": 7, "II": 8, "III": 9}).astype(float)
    assert outcomes_of(codes).kinds == ("numeric",)
    assert outcomes_of(codes, kinds={"stage": "classes"}).classes[0].tolist() == [7, 8, 9]
    assert outcomes_of(BINARIES["icu"], kinds={"icu": "numeric"}).classes == (None,)


def test_a_categorical_has_classes_whatever_they_are():
    codes = STAGE.map({"I": 7, "II": 8, "III": 9})
    Y = pd.DataFrame(
        {
            "grade": codes.astype("Int64").astype("category"),
            "died": pd.Categorical(BINARIES["died"].astype(int) + 1),
            "stage": STAGE.astype("category"),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = outcomes_of(Y)
    assert found.kinds == ("classes", "binary", "classes")
    assert [labels.tolist() for labels in found.classes] == [[7, 8, 9], [1, 2], ["I", "II", "III"]]
    np.testing.assert_array_equal(found.table[:, 0], found.table[:, 2])
    np.testing.assert_array_equal(found.table[:, 1], BINARIES["died"])
    assert outcomes_of(Y["grade"], SITE).kinds == ("classes", "classes")
    # Who says that they are numbers means it.
    assert outcomes_of(Y, kinds={"grade": "count"}).kinds[0] == "count"
    np.testing.assert_array_equal(outcomes_of(Y["grade"], kinds={"grade": "numeric"}).y, codes.astype(float))


@pytest.mark.parametrize(
    ("kinds", "error", "words"),
    [
        (
            {"visit": "count"},
            InvalidParameterError,
            "kinds names 'visit', which is no outcome: they are 'ldl', 'died', ",
        ),
        (
            {"visits": "poisson"},
            InvalidParameterError,
            r"kinds\['visits'\] is 'poisson': give one of 'numeric', 'binary', ",
        ),
        ({"ldl": "count"}, TaskDataError, "Outcome 'ldl' is said to be a count and holds -"),
        ({"stage": "count"}, TaskDataError, "Outcome 'stage' is said to be count and holds 'I': give numbers"),
        ({"stage": "binary"}, TaskDataError, "Outcome 'stage' is said to be binary and has 3 labels"),
    ],
)
def test_kinds_that_do_not_fit(kinds, error, words):
    with pytest.raises(error, match=words):
        compare(X, MIXED, ["lasso"], kinds=kinds)


def test_a_column_of_many_labels_is_no_outcome():
    with pytest.raises(TaskDataError, match="has 72 labels, more than the 20 that are taken for classes"):
        compare(X, pd.Series([f"id{i}" for i in range(N)], name="id"), ["lasso"])


def test_scores_of_classes_and_counts_by_hand():
    estimator = IndependentTasks({"stage": LogisticRegression(), "visits": PoissonRegressor()})
    found = compare(
        X, MIXED[["stage", "visits"]], {"mine": estimator}, baseline="mine", kinds=KINDS, cv=3, random_state=0
    )
    assert found.outcomes["metric"].tolist() == ["log loss", "deviance"]
    told = found.predictions
    for fold in found.folds["fold"].unique().tolist():
        rows = told[(told["fold"] == fold) & (told["outcome"] == "visits")]
        value = found.scores.query("fold == @fold and outcome == 'visits'").set_index("metric")["value"]
        assert value["deviance"] == pytest.approx(metrics.mean_poisson_deviance(rows["y_true"], rows["y_pred"]))
        assert value["rmse"] == pytest.approx(np.sqrt(((rows["y_true"] - rows["y_pred"]) ** 2).mean()))
        test = told.query("fold == @fold and outcome == 'stage' and y_true.notna()")["row"].to_numpy()
        train = np.setdiff1d(np.flatnonzero(STAGE.notna()), told.query("fold == @fold")["row"])
        model = LogisticRegression().fit(X[train], STAGE[train])
        proba = model.predict_proba(X[test])
        value = found.scores.query("fold == @fold and outcome == 'stage'").set_index("metric")["value"]
        assert value["log_loss"] == pytest.approx(metrics.log_loss(STAGE[test], proba))
        assert value["accuracy"] == pytest.approx(model.score(X[test], STAGE[test]))
        truth = pd.get_dummies(STAGE[test]).to_numpy(dtype=float)
        assert value["brier"] == pytest.approx(((proba - truth) ** 2).sum(axis=1).mean() / 2)


def test_a_dummy_for_fewer_classes_is_refused():
    with pytest.raises(TaskDataError, match="predict_proba of outcome 'stage' has not 3 columns"):
        compare(X, STAGE, {"one": TwoColumns()}, baseline="one", cv=3)


class TwoColumns(DummyClassifier):
    def fit(self, X, y):
        return super().fit(X, np.arange(len(y)) % 2)


# -- models


FORMS = {
    "numbers": (NUMBERS, None, None),
    "yes or no": (BINARIES, None, None),
    "classes": (STAGE, None, None),
    "counts": (VISITS, None, KINDS),
    "mixed": (MIXED, None, KINDS),
    "numbers in places": (NUMBERS["ldl"].fillna(0), SITE, None),
    "classes in places": (STAGE, SITE, None),
    "counts in places": (VISITS, SITE, KINDS),
}


@pytest.mark.parametrize("form", FORMS)
def test_default_models_run(form):
    Y, task, kinds = FORMS[form]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare(X, Y, task=task, kinds=kinds, cv=2, random_state=0)
    assert list(found.estimators) == default_names(outcomes_of(Y, task, kinds))
    assert found.table()[list(found.estimators)].notna().all(axis=None)


@pytest.mark.parametrize("name", [name for name in MODELS if "low_rank" not in name and name != "robust_feature"])
def test_every_model_runs_on_numbers(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compare(X, NUMBERS, [name], baseline=name, cv=2, random_state=0)
    spread = NUMBERS.std()
    assert (found.table()[name] < 2 * spread).all()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", FORMS)
def test_models_are_built_or_say_what_they_are_for(name, form):
    Y, task, kinds = FORMS[form]
    outcomes = outcomes_of(Y, task, kinds)
    known = True
    try:
        MODELS[name].build(outcomes)
    except InvalidParameterError:
        known = False
    if known:
        built, registered = make_candidates({"mine": name}, "mine", outcomes)
        assert registered == {"mine": name}
        assert hasattr(built["mine"], "fit")
        return
    assert name not in default_names(outcomes)
    with pytest.raises(InvalidParameterError, match=f"^The model '{name}' .*leave it out"):
        make_candidates({"mine": name}, "mine", outcomes)


def test_counts_are_not_pooled_with_numbers():
    both = pd.concat([NUMBERS, VISITS], axis=1)
    assert "pooled" not in default_names(outcomes_of(both, kinds=KINDS))
    with pytest.raises(InvalidParameterError, match="The model 'pooled' needs numbers on one scale"):
        compare(X, both, ["pooled"], kinds=KINDS)


# -- patients stay whole inside the models


def whole(folds, patients) -> bool:
    return all(not set(patients[train]) & set(patients[test]) for train, test in folds)


def test_inner_folds_of_joint_models_keep_patients():
    outcomes = outcomes_of(NUMBERS)
    rows = RNG.permutation(N)[:50]
    model = keep_groups(MODELS["lasso"].build(outcomes), outcomes, rows, PATIENT)
    assert len(model.cv) == 5
    assert whole(model.cv, PATIENT[rows])
    assert sorted(np.concatenate([test for _, test in model.cv])) == list(range(50))
    assert keep_groups(model, outcomes, rows, None) is model


@pytest.mark.parametrize(("Y", "task"), [(NUMBERS, None), (MIXED, None), (NUMBERS["ldl"].fillna(0), SITE)])
def test_inner_folds_of_baselines_keep_patients(monkeypatch, Y, task):
    """Each wrapped estimator is asked for its folds where it is fitted, and its rows say whose they are."""
    seen = []
    for cls in {type(model) for model in _singles(outcomes_of(Y, task, KINDS if Y is MIXED else None))}:
        original = cls.fit

        def fit(self, X, y, *args, _original=original, **kwargs):
            seen.append((np.asarray(X)[:, -1].astype(int), self.cv))
            return _original(self, X, y, *args, **kwargs)

        monkeypatch.setattr(cls, "fit", fit)
    numbered = np.column_stack([X, np.arange(N)])
    names = ["independent"] if Y is MIXED else ["independent", "pooled"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(
            numbered, Y, names, task=task, groups=PATIENT, kinds=KINDS if Y is MIXED else None, cv=2, random_state=0
        )
    assert len(seen) >= 4
    for rows, folds in seen:
        assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(rows)))
        assert whole(folds, PATIENT[rows])


def _singles(outcomes):
    given = MODELS["independent"].build(outcomes).estimator
    return list(given.values()) if isinstance(given, dict) else [given]


def test_own_estimators_are_fitted_as_they_are():
    model = MultiTaskGLMCV(loss="squared", alphas=3, cv=3)
    outcomes = outcomes_of(NUMBERS)
    assert make_candidates({"mine": model, "lasso": "lasso"}, "lasso", outcomes)[1] == {"lasso": "lasso"}


def test_pools_are_kept():
    outcomes = outcomes_of(pd.concat([NUMBERS, BINARIES], axis=1))
    model = keep_groups(MODELS["pooled"].build(outcomes), outcomes, np.arange(N), PATIENT)
    assert isinstance(model, PooledTasks)
    fitted = model.fit(X, outcomes.y)
    assert fitted.estimators_[0] is fitted.estimators_[1]
    assert fitted.estimators_[2] is fitted.estimators_[3]
    assert fitted.estimators_[0] is not fitted.estimators_[2]
