"""Scores of tables in which an outcome was not observed: every estimator leaves it out and says so."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LinearRegression

from skmtl.exceptions import TaskDataError
from skmtl.gaussian_process import MultiTaskGeneralizedGP, MultiTaskGPPoissonRegressor, MultiTaskGPRegressor
from skmtl.linear_model import MultiTaskGLM, MultiTaskLogisticRegression, MultiTaskRidge
from skmtl.multioutput import IndependentTasks

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
SIGNAL = X @ RNG.normal(size=(3, 3)) + RNG.normal(size=(40, 3))
LABELS, COUNTS = (SIGNAL > 0).astype(float), np.floor(np.exp(SIGNAL / 2))
CASES = {
    "ridge": (MultiTaskRidge(), SIGNAL),
    "logistic": (MultiTaskLogisticRegression(), LABELS),
    "independent": (IndependentTasks(LinearRegression()), SIGNAL),
    "gp": (MultiTaskGPRegressor(optimizer=None), SIGNAL),
    "glm squared": (MultiTaskGLM(loss="squared", alpha=0.01), SIGNAL),
    "glm poisson": (MultiTaskGLM(loss="poisson", alpha=0.01), COUNTS),
    "gp poisson": (MultiTaskGPPoissonRegressor(optimizer=None), COUNTS),
    "gp of numbers and labels": (
        MultiTaskGeneralizedGP(optimizer=None),
        np.column_stack([SIGNAL[:, :2], LABELS[:, 2]]),
    ),
}


def alone(model, Y, t, **given):
    """The score of one outcome of the table, from a table in which the others are not observed."""
    only = np.where(np.arange(Y.shape[1]) == t, Y, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return model.score(X, only, **given)


@pytest.mark.parametrize(("model", "Y"), CASES.values(), ids=CASES)
def test_an_outcome_without_entries_is_left_out(model, Y):
    model.fit(X, Y)
    scores = [alone(model, Y, t) for t in range(3)]
    assert model.score(X, Y) == pytest.approx(np.mean(scores), rel=1e-12)
    for t in range(3):
        missing = Y.copy()
        missing[:, t] = np.nan
        with pytest.warns(
            UndefinedMetricWarning, match=rf"undefined for task {t} \(no observed entries\): .*skip these"
        ):
            found = model.score(X, missing)
        assert found == pytest.approx(np.mean(np.delete(scores, t)), rel=1e-12)


@pytest.mark.parametrize(("model", "Y"), CASES.values(), ids=CASES)
def test_weight_zero_is_not_observed_and_nothing_at_all_is_nan(model, Y):
    model.fit(X, Y)
    weight = np.ones(Y.shape)
    weight[:, 1] = 0
    with pytest.warns(UndefinedMetricWarning, match="task 1"):
        found = model.score(X, Y, sample_weight=weight)
    assert found == pytest.approx(np.mean([alone(model, Y, 0), alone(model, Y, 2)]), rel=1e-12)
    with pytest.warns(UndefinedMetricWarning, match="tasks 0, 1, 2 .*the value is nan"):
        assert np.isnan(model.score(X, np.full(Y.shape, np.nan)))


def test_labels_of_several_classes_frames_and_exposure():
    Y = pd.DataFrame({"a": SIGNAL[:, 0], "b": pd.cut(SIGNAL[:, 1], 3, labels=list("xyz")), "c": SIGNAL[:, 2]})
    model = MultiTaskGLM(loss=["squared", "multinomial", "squared"], alpha=0.01).fit(X, Y)
    scores = [alone_in_frame(model, Y, name) for name in Y]
    assert model.score(X, Y) == pytest.approx(np.mean(scores), rel=1e-12)
    for name in Y:
        with pytest.warns(UndefinedMetricWarning, match=f"score is undefined for task '{name}'"):
            found = model.score(X, Y.assign(**{name: None}))
        assert found == pytest.approx(
            np.mean([s for other, s in zip(Y, scores, strict=True) if other != name]), rel=1e-12
        )
    time = np.tile([0.5, 1.0, 2.0], (40, 1))
    counts = MultiTaskGLM(loss="poisson", alpha=0.01).fit(X, COUNTS, exposure=time)
    each = [alone(counts, COUNTS, t, exposure=time) for t in range(3)]
    assert counts.score(X, COUNTS, exposure=time) == pytest.approx(np.mean(each), rel=1e-12)
    assert len(set(each)) == 3


def alone_in_frame(model, Y, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return model.score(X, Y.assign(**dict.fromkeys(set(Y) - {name})))


def test_rows_of_tasks_and_tables_of_another_width():
    site = np.repeat(["a", "b"], 20)
    for model in (MultiTaskGLM(loss="squared"), MultiTaskRidge(), MultiTaskGeneralizedGP("gaussian", optimizer=None)):
        model.fit(X, SIGNAL[:, 0], task=site)
        assert np.isfinite(model.score(X[:20], SIGNAL[:20, 0], task=site[:20]))
        with pytest.warns(UndefinedMetricWarning, match=r"task 0 \(no observed entries\): the value is nan"):
            assert np.isnan(model.score(X, np.full(40, np.nan), task=site))
    with pytest.raises(TaskDataError, match="y has 2 outcomes, but the fit had 3: give the columns of the fit"):
        MultiTaskGLM(loss="squared").fit(X, SIGNAL).score(X, SIGNAL[:, :2])
