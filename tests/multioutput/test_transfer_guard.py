"""The guard shares where left-out losses say so, and nowhere else."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso
from skmtl.model_selection import MultiTaskKFold, cross_val_predict
from skmtl.multioutput import IndependentTasks, PooledTasks, TransferGuard

P = 12
APART = IndependentTasks(Ridge(1.0))
POOLED = {"pooled": PooledTasks(Ridge(1.0))}
APART_LABELS = IndependentTasks(LogisticRegression())


def table(n=60, signs=(1, 1, 1, 1, -1), noise=4.0, missing=0.0, seed=0):
    """Outcomes that follow one signal, or its negative."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, P))
    Y = (X @ rng.normal(size=P))[:, None] * np.array(signs) + noise * rng.normal(size=(n, len(signs)))
    return X, np.where(rng.random(Y.shape) < missing, np.nan, Y)


def guard(estimators=None, **given):
    return TransferGuard(estimators or POOLED, **{"independent": APART, "random_state": 0, **given})


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


@sklearn_checks(
    [
        guard(),
        TransferGuard(
            {"pooled": PooledTasks(LogisticRegression(max_iter=1000))},
            independent=IndependentTasks(LogisticRegression(max_iter=1000)),
            cv=2,
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_an_outcome_that_hurts_the_others_is_left_out():
    X, Y = table(n=80, seed=4)
    model = guard().fit(X, Y)
    assert model.chosen_.tolist() == ["pooled"] * 4 + ["independent"]
    assert model.sharing_sets_ == {"pooled": (0, 1, 2, 3)}
    assert model.trials_.loc[model.trials_["kept"], "without"].tolist() == [(4,)]
    assert model.decisions_["reason"].iloc[4].startswith("Left out of the sharing set of 'pooled'")
    np.testing.assert_allclose(model.predict(X)[:, :4], PooledTasks(Ridge(1.0)).fit(X, Y[:, :4]).predict(X))
    np.testing.assert_allclose(model.predict(X)[:, 4], Ridge(1.0).fit(X, Y[:, 4]).predict(X))


def test_it_stays_without_drop_tasks_and_spoils_what_is_shared():
    X, Y = table(n=80, seed=4)
    model = guard(drop_tasks=False).fit(X, Y)
    assert model.sharing_sets_ == {"pooled": (0, 1, 2, 3, 4)}
    assert model.chosen_[4] == "independent"
    assert model.trials_.empty
    left, kept = (one.cv_results_["loss"].iloc[:4].sum() for one in (guard().fit(X, Y), model))
    assert left < kept


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_decisions_from_losses_made_again(missing):
    """Savings and their standard errors, from out-of-fold predictions of scikit-learn's kind."""
    X, Y = table(n=80, missing=missing)
    cv = MultiTaskKFold(4, shuffle=True, random_state=3)
    model = guard(cv=cv, drop_tasks=False).fit(X, Y)
    apart, pooled = (cross_val_predict(one, X, Y, cv=cv) for one in (APART, POOLED["pooled"]))
    for t, row in enumerate(model.cv_results_.itertuples()):
        seen = ~np.isnan(Y[:, t])
        base, loss = (Y[seen, t] - apart[seen, t]) ** 2, (Y[seen, t] - pooled[seen, t]) ** 2
        each = (base - loss) / base.mean()
        error = (each - each.mean() * base / base.mean()).std(ddof=1) / np.sqrt(seen.sum())
        assert row.n == seen.sum()
        assert row.loss == pytest.approx(loss.mean(), rel=1e-12)
        assert row.independent_loss == pytest.approx(base.mean(), rel=1e-12)
        assert row.saving == pytest.approx(100 * each.mean(), rel=1e-10)
        assert row.error == pytest.approx(100 * error, rel=1e-10)
        assert model.chosen_[t] == ("pooled" if each.mean() > error else "independent")
    assert {"pooled", "independent"} == set(model.chosen_)


def test_patients_are_evidence_together():
    X, Y = table(n=40)
    patient = np.repeat(np.arange(40), 2)
    model = guard(drop_tasks=False, cv=4).fit(X[patient], Y[patient], groups=patient)
    found = model.cv_results_
    # Twice the rows of the same patients are no more patients.
    parts = [(np.flatnonzero(patient % 4 != k), np.flatnonzero(patient % 4 == k)) for k in range(4)]
    once = guard(drop_tasks=False, cv=[(np.unique(patient[a]), np.unique(patient[b])) for a, b in parts])
    twice = guard(drop_tasks=False, cv=parts)
    weight = np.full(40, 2.0)
    a = once.fit(X, Y, sample_weight=weight).cv_results_
    b = twice.fit(X[patient], Y[patient], groups=patient).cv_results_
    np.testing.assert_allclose(a[["saving", "error"]], b[["saving", "error"]], rtol=1e-9)
    apart = guard(drop_tasks=False, cv=parts).fit(X[patient], Y[patient]).cv_results_
    assert (apart["error"] < 0.8 * b["error"]).all()
    assert (found["n"] == 80).all()


def test_candidates_that_lose_leave_the_independent_models_alone():
    X, Y = table(signs=(1, 1, 1), noise=0.5)
    model = guard({"mean": PooledTasks(DummyRegressor()), "zero": MultiTaskLasso(alpha=1e3)}).fit(X, Y)
    assert model.chosen_.tolist() == ["independent"] * 3
    assert list(model.estimators_) == ["independent"]
    np.testing.assert_array_equal(model.predict(X), clone(APART).fit(X, Y).predict(X))
    assert model.decisions_["reason"].str.contains("more than an independent model").all()


def test_the_best_candidate_of_several_is_taken():
    X, Y = table(signs=(1, 1, 1, 1), noise=6.0)
    model = guard({"dummy": PooledTasks(DummyRegressor()), **POOLED}, drop_tasks=False).fit(X, Y)
    results = model.cv_results_.pivot(index="outcome", columns="candidate", values="saving")
    clear = model.cv_results_.assign(clear=lambda f: f["saving"] > f["error"])
    for t, chosen in enumerate(model.chosen_):
        wanted = clear[(clear["outcome"] == t) & clear["clear"]]
        assert chosen == ("independent" if wanted.empty else results.loc[t, wanted["candidate"]].idxmax())
    assert "pooled" in model.chosen_


def test_the_choice_does_not_see_what_it_is_judged_on():
    """With labels that are noise nothing is chosen more often than one standard error says."""
    chosen = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, Y = rng.normal(size=(60, P)), rng.normal(size=(60, 3))
        # In-sample the interpolating candidate would win each time.
        model = TransferGuard(
            {"overfit": IndependentTasks(LinearRegression())}, independent=IndependentTasks(Ridge(30.0)), random_state=0
        )
        chosen += (model.fit(X, Y).chosen_ == "overfit").tolist()
    assert np.mean(chosen) < 0.05


def test_min_takes_every_gain():
    X, Y = table(n=40)
    careful, bold = (guard(rule=rule, drop_tasks=False).fit(X, Y) for rule in ("one_se", "min"))
    saving = bold.cv_results_["saving"].to_numpy()
    assert ((bold.chosen_ == "pooled") == (saving > 0)).all()
    assert (bold.chosen_ == "pooled").sum() > (careful.chosen_ == "pooled").sum()


def test_nan_is_weight_zero():
    X, Y = table(missing=0.3)
    weight = (~np.isnan(Y)).astype(float)
    a = guard().fit(X, Y)
    b = guard().fit(X, np.where(np.isnan(Y), 99.0, Y), sample_weight=weight)
    assert a.chosen_.tolist() == b.chosen_.tolist()
    np.testing.assert_allclose(a.predict(X), b.predict(X))
    np.testing.assert_allclose(a.cv_results_["saving"], b.cv_results_["saving"])


def test_rows_of_tasks_are_the_wide_table():
    X, Y = table(n=50)
    rows, task = np.tile(np.arange(50), 5), np.repeat(np.arange(5), 50)
    parts = [(np.flatnonzero(np.arange(50) % 5 != k), np.flatnonzero(np.arange(50) % 5 == k)) for k in range(5)]
    long = [(np.flatnonzero(np.isin(rows, a)), np.flatnonzero(np.isin(rows, b))) for a, b in parts]
    candidates = {**POOLED, "mean": MeanRegularizedRidge(alpha=1.0, sharing=0.9)}
    wide = guard(candidates, cv=parts).fit(X, Y)
    tall = guard(candidates, cv=long).fit(X[rows], Y.T.ravel(), task=task, groups=rows)
    again = guard(candidates, cv=parts).fit(X, Y, groups=np.arange(50))
    assert wide.chosen_.tolist() == tall.chosen_.tolist() == again.chosen_.tolist()
    assert wide.sharing_sets_ == tall.sharing_sets_
    np.testing.assert_allclose(tall.predict(X), wide.predict(X))
    np.testing.assert_allclose(tall.predict(X[rows], task=task), wide.predict(X).T.ravel())
    np.testing.assert_allclose(tall.cv_results_["error"], wide.cv_results_["error"])


def test_labels_are_judged_by_log_loss():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 10))
    signal = X @ rng.normal(size=10)
    Y = (signal[:, None] * [1, 1, 1, -1] + 3 * rng.logistic(size=(80, 4)) > 0).astype(float)
    Y[rng.random(Y.shape) < 0.2] = np.nan
    frame = pd.DataFrame(Y, columns=["death", "sepsis", "icu", "home"])
    apart = IndependentTasks(LogisticRegression())
    cv = MultiTaskKFold(4, shuffle=True, random_state=0)
    model = TransferGuard({"pooled": PooledTasks(LogisticRegression())}, independent=apart, cv=cv, drop_tasks=False)
    model.fit(X, frame)
    said = cross_val_predict(apart, X, frame, cv=cv, method="predict_proba")
    for t, name in enumerate(frame):
        seen = frame[name].notna().to_numpy()
        column = np.asarray(said[t] if isinstance(said, list) else said)[seen]
        p = column[:, 1] if column.ndim == 2 else column
        y = frame[name].to_numpy()[seen]
        wanted = -np.mean(np.where(y == 1, np.log(p), np.log(1 - p)))
        assert model.cv_results_["independent_loss"].iloc[t] == pytest.approx(wanted, rel=1e-10)
    assert model.chosen_[3] == "independent"
    assert "pooled" in model.chosen_[:3]
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities] == [(80, 2)] * 4
    assert set(np.unique(model.predict(X))) <= {0.0, 1.0}
    assert (model.predict(X) == np.column_stack([p.argmax(axis=1) for p in probabilities])).all()
    assert 0 < model.score(X, frame) < 1


def test_names_pickle_and_clone():
    X, Y = table(missing=0.2)
    frame = pd.DataFrame(Y, columns=list("abcde"))
    before = frame.copy()
    model = guard().fit(pd.DataFrame(X).add_prefix("x"), frame)
    pd.testing.assert_frame_equal(frame, before)
    assert model.task_names_.tolist() == list("abcde")
    assert model.feature_names_in_[0] == "x0"
    assert model.decisions_["outcome"].tolist() == list("abcde")
    again = pickle.loads(pickle.dumps(model))
    data = pd.DataFrame(X).add_prefix("x")
    np.testing.assert_array_equal(again.predict(data), model.predict(data))
    assert clone(model).get_params(deep=False).keys() == model.get_params(deep=False).keys()
    same = guard().fit(X, Y)
    np.testing.assert_allclose(same.predict(X), model.predict(data))


def test_one_outcome_has_nothing_to_share():
    X, Y = table(signs=(1,))
    model = guard().fit(X, Y[:, 0])
    np.testing.assert_array_equal(model.predict(X), Ridge(1.0).fit(X, Y[:, 0]).predict(X))
    assert model.decisions_["reason"].tolist() == ["One outcome has nothing to share with."]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"estimators": {}}, InvalidParameterError, "estimators is empty: give at least one candidate"),
        ({"estimators": {"independent": APART}}, InvalidParameterError, "A candidate cannot be named 'independent'"),
        ({"estimators": {"m": Ridge}}, InvalidParameterError, "Candidate 'm' has to be an estimator"),
        ({"rule": "two"}, InvalidParameterError, "rule"),
        (
            {"estimators": {"ridge": Ridge()}, "missing": 0.3},
            ValueError,
            "^Candidate 'ridge', fitted on a training part: ",
        ),
    ],
)
def test_bad_input(given, error, message):
    X, Y = table(missing=given.pop("missing", 0.0))
    estimators = given.pop("estimators", POOLED)
    with pytest.raises(error, match=message):
        TransferGuard(estimators, independent=APART, **given).fit(X, Y)


def test_a_candidate_without_probabilities_is_named():
    X, Y = table()
    with pytest.raises(InvalidParameterError, match=r"Candidate 'svm', LinearSVC|Candidate 'svm', PooledTasks"):
        TransferGuard({"svm": PooledTasks(LinearSVC())}, independent=IndependentTasks(LogisticRegression())).fit(
            X, (Y > 0).astype(float)
        )


def test_an_outcome_with_one_entry_is_named():
    X, Y = table()
    Y[1:, 2] = np.nan
    with pytest.raises(TaskDataError, match="ask 2"):
        guard().fit(X, Y)


@pytest.mark.parametrize("kind", ["column", "frame", "mixed"])
def test_groups_of_any_kind(kind):
    X, Y = table(signs=(1, 1, -1))
    patient = np.repeat(np.arange(20), 3)
    ids = {
        "column": patient[:, None],
        "frame": pd.DataFrame({"patient": patient}),
        "mixed": np.array([int(one) if one % 2 else f"p{one}" for one in patient], dtype=object),
    }[kind]
    wanted = guard().fit(X, Y, groups=patient)
    found = guard().fit(X, Y, groups=ids)
    pd.testing.assert_frame_equal(found.cv_results_, wanted.cv_results_)


def test_groups_that_cannot_be_read_are_named():
    X, Y = table(signs=(1, 1, -1))
    ids = np.array([None, *["a", "b", "c", "d"] * 15], dtype=object)[:60]
    with pytest.raises(TaskDataError, match=r"^groups has a missing id in row 0; every row needs one\.$"):
        guard().fit(X, Y, groups=ids)
    with pytest.raises(TaskDataError, match=r"^groups has shape"):
        guard().fit(X, Y, groups=np.ones((60, 2)))


def test_a_class_seen_once_is_named_with_advice_that_can_be_taken():
    X, Y = table(signs=(1, 1, -1))
    frame = pd.DataFrame(Y > 0, columns=["icu", "sepsis", "w"]).assign(w=np.arange(60) == 0)
    model = TransferGuard({"pooled": PooledTasks(LogisticRegression())}, independent=APART_LABELS, random_state=0)
    with pytest.raises(TaskDataError, match=r"^Class True of task 'w' has 1 observed entry, .* as cv\.$"):
        model.fit(X, frame)
