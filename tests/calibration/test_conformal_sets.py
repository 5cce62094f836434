"""Sets of classes and mixed tables."""

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import PredefinedSplit

from skmtl.calibration import MultiTaskConformal
from skmtl.calibration._conformal_labels import uniform_of_rows
from skmtl.linear_model import MultiTaskGLM
from skmtl.multioutput import IndependentTasks

N, P = 90, 3


@pytest.fixture
def table():
    rng = np.random.default_rng(2)
    X, X_new = rng.normal(size=(N, P)), rng.normal(size=(8, P))
    eta = X @ rng.normal(size=P) * 2
    three = np.array(["high", "low", "mid"])[np.digitize(eta + rng.normal(size=N), [-1.0, 1.0])]
    Y = np.empty((N, 2), dtype=object)
    Y[:, 0] = np.where(rng.random(N) < 0.2, None, three)
    Y[:, 1] = np.where(rng.random(N) < 0.4, None, np.where(eta + rng.logistic(size=N) > 0, "yes", "no"))
    return X, Y, X_new


def lac_by_hand(model, parts, X, y, X_new, coverage, conditional):
    """Cross-conformal set of one outcome by loops: refit, compare entry by entry."""
    seen = np.array([value is not None for value in y])
    labels = np.unique(y[seen].astype(str))
    better = np.zeros((len(X_new), len(labels)))
    counts = np.zeros(len(labels))
    for train, test in parts:
        fit = clone(model).fit(X[train][seen[train]], y[train][seen[train]].astype(str))
        new = fit.predict_proba(X_new)
        for i in test[seen[test]]:
            own = labels.tolist().index(y[i])
            score = 1 - fit.predict_proba(X[[i]])[0, own]
            for k in range(len(labels)):
                if not conditional or k == own:
                    counts[k] += 1
                    better[:, k] += score < 1 - new[:, k]
    return better < np.ceil((counts + 1) * coverage - 1e-9)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("method", ["cv+", "split"])
def test_each_task_is_the_definition_over_its_observed_rows(table, method, conditional):
    X, Y, X_new = table
    cv = PredefinedSplit(np.arange(N) % 3)
    inner = IndependentTasks(LogisticRegression())
    model = MultiTaskConformal(inner, method=method, cv=cv, class_conditional=conditional).fit(X, Y)
    parts = list(cv.split())[: 1 if method == "split" else None]
    for coverage in (0.6, 0.75):
        sets = model.predict_set(X_new, coverage)
        for t in range(2):
            expected = lac_by_hand(LogisticRegression(), parts, X, Y[:, t], X_new, coverage, conditional)
            np.testing.assert_array_equal(sets[t], expected)
            assert 0 < expected.mean() < 1
    assert [known.tolist() for known in model.classes_] == [["high", "low", "mid"], ["no", "yes"]]


def test_several_coverages_are_nested(table):
    X, Y, X_new = table
    for name in ("lac", "aps"):
        inner = IndependentTasks(LogisticRegression())
        model = MultiTaskConformal(inner, label_scores=name, random_state=0).fit(X, Y)
        for sets, one in zip(model.predict_set(X_new, [0.6, 0.75, 0.9]), model.predict_set(X_new, 0.75), strict=True):
            assert np.all(np.diff(sets.astype(int), axis=2) >= 0)
            np.testing.assert_array_equal(sets[..., 1], one)
        again = clone(model).fit(X, Y).predict_set(X_new, 0.75)
        np.testing.assert_array_equal(again[0], model.predict_set(X_new, 0.75)[0])


def test_rows_of_tasks(table):
    X, Y, X_new = table
    y, task = Y[:, 1], np.array(["a", "b", "c"])[np.arange(N) % 3]
    every = np.array(["a", "b", "c"])[[0, 0, 1, 2, 1, 0, 2, 1]]
    inner = IndependentTasks(LogisticRegression())
    for by in ("task", "all"):
        model = MultiTaskConformal(inner, calibrate_by=by, class_conditional=by == "all", random_state=0)
        model.fit(X, y, task=task)
        sets, of_task = model.predict_set(X_new, 0.6), model.predict_set(X_new, 0.6, task=every)
        assert of_task.shape == (8, 2)
        for row, name in enumerate(every):
            np.testing.assert_array_equal(of_task[row], sets["abc".index(name)][row])


def test_numbers_and_classes_side_by_side(table):
    X, Y, X_new = table
    rng = np.random.default_rng(0)
    mixed = np.column_stack([np.where(rng.random(N) < 0.3, None, X[:, 0] + rng.normal(size=N)), Y[:, 1]])
    inner = IndependentTasks({0: Ridge(), 1: LogisticRegression()})
    glm = MultiTaskGLM(loss=["squared", "logistic"], penalty="ridge", alpha=0.1)
    for estimator in (inner, glm):
        model = MultiTaskConformal(estimator, random_state=0).fit(X, mixed)
        lower, upper = model.predict_interval(X_new, 0.8)
        assert np.isnan(lower[:, 1]).all()
        assert np.isnan(upper[:, 1]).all()
        assert np.isfinite(upper[:, 0]).all()
        assert (lower[:, 0] < upper[:, 0]).all()
        number, classes = model.predict_set(X_new, 0.8)
        assert number is None
        assert classes.shape == (8, 2)
        np.testing.assert_array_equal(model.predict(X_new), clone(estimator).fit(X, mixed).predict(X_new))
        joint = model.predict_interval(X_new, 0.8, joint="max")  # over the one number
        np.testing.assert_allclose(joint[0][:, 0], lower[:, 0])
        with pytest.raises(ValueError, match=r"are numbers.*without task"):
            model.predict_set(X_new, 0.8, task=[0, 1] * 4)

    alone = MultiTaskConformal(IndependentTasks(Ridge()), cv=PredefinedSplit(np.arange(N) % 3))
    beside = MultiTaskConformal(inner, cv=PredefinedSplit(np.arange(N) % 3))
    expected = alone.fit(X, mixed[:, 0]).predict_interval(X_new, 0.8)
    np.testing.assert_allclose(beside.fit(X, mixed).predict_interval(X_new, 0.8)[0][:, 0], expected[0])


def test_a_class_with_too_few_entries_is_in_every_set(table):
    X, _, X_new = table
    y = np.where(np.arange(N) % 15 == 0, "rare", "common")
    model = MultiTaskConformal(LogisticRegression(), cv=3, class_conditional=True, random_state=0).fit(X, y)
    with pytest.warns(RuntimeWarning, match=r"Sets hold every class.*fewer than 9 calibration entries.*with 6"):
        sets = model.predict_set(X_new, 0.9)
    assert sets[:, 1].all()
    assert not sets[:, 0].all()


def test_a_randomised_set_does_not_depend_on_the_batch():
    """Asked alone, in a batch and in another order a row has the same set, and alone not always the same uniform."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1400, 2))
    probability = np.exp(X @ rng.normal(size=(2, 4)) * 0.5)
    probability /= probability.sum(axis=1, keepdims=True)
    y = (rng.random(1400)[:, None] > np.cumsum(probability, axis=1)).sum(axis=1)
    model = MultiTaskConformal(LogisticRegression(), method="split", label_scores="aps", random_state=3)
    model.fit(X[:1000], y[:1000])
    whole = model.predict_set(X[1000:], 0.8)
    alone = np.vstack([model.predict_set(X[[i]], 0.8) for i in range(1000, 1400)])
    np.testing.assert_array_equal(alone, whole)
    np.testing.assert_array_equal(model.predict_set(X[1000:][::-1], 0.8), whole[::-1])
    assert abs(alone[np.arange(400), y[1000:]].mean() - 0.8) < 0.06


def test_uniforms_are_uniform_and_differ_by_seed_and_task():
    probability = np.random.default_rng(0).dirichlet(np.ones(3), size=5000)
    draws = [uniform_of_rows(probability, seed, t) for seed, t in ((0, 0), (0, 1), (1, 0), (2**31 - 2, 40))]
    for u in draws:
        assert u.min() >= 0
        assert u.max() < 1
        assert kstest(u, "uniform").pvalue > 0.01
        assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.05
        assert abs(np.corrcoef(u, probability[:, 0])[0, 1]) < 0.05
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.05
    np.testing.assert_array_equal(uniform_of_rows(probability + 1e-16, 0, 0), draws[0])
