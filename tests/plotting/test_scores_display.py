"""The score figure shows means and folds, in the order and direction of the metric."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import Ridge

from skmtl.exceptions import InvalidParameterError
from skmtl.inspection import TaskScoreDisplay
from skmtl.metrics import mean_absolute_error, r2_score, roc_auc_score
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks, PooledTasks


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    Y = pd.DataFrame(X[:, [0, 0]] + [0.3, 1.5] * rng.normal(size=(90, 2)), columns=["easy", "hard"])
    models = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}
    return compare(X, Y.mask(rng.random(Y.shape) < 0.1), models, cv=3, random_state=0)


def predictions(seed=0, n=50):
    rng = np.random.default_rng(seed)
    Y = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    said = {"good": Y + 0.1 * rng.normal(size=Y.shape), "bad": Y + rng.normal(size=Y.shape)}
    return Y.mask(rng.random(Y.shape) < 0.3), said


def drawn(display, metric, model):
    return np.asarray(display.points_[metric, model].get_offsets())


def test_means_and_folds_of_a_comparison(found):
    display = TaskScoreDisplay.from_comparison(found).plot()
    assert display.metrics_ == ["r2"]
    assert display.outcomes_ == {"r2": ["easy", "hard"]}
    for model in found.estimators:
        own = found.scores.query("metric == 'r2' and estimator == @model").groupby("outcome")["value"]
        np.testing.assert_allclose(drawn(display, "r2", model)[:, 0], own.mean().loc[["easy", "hard"]])
        ends = np.array([segment[:, 0] for segment in display.lines_["r2", model].get_segments()])
        np.testing.assert_allclose(ends, own.agg(["min", "max"]).loc[["easy", "hard"]])
    assert "3 folds" in display.figure_.get_suptitle()


def test_smaller_errors_stand_above(found):
    display = TaskScoreDisplay.from_comparison(found, metric="rmse", models=["pooled"]).plot()
    assert display.outcomes_["rmse"] == ["easy", "hard"]
    assert "left is better" in display.ax_.get_xlabel()
    assert "right is better" in TaskScoreDisplay.from_comparison(found).plot().ax_.get_xlabel()


def test_models_of_an_outcome_stand_apart(found):
    display = TaskScoreDisplay.from_comparison(found).plot()
    heights = [drawn(display, "r2", model)[0, 1] for model in found.estimators]
    assert len(set(heights)) == 2
    assert max(np.abs(heights)) < 0.5
    markers = {str(display.points_["r2", m].get_paths()[0].vertices.tolist()) for m in found.estimators}
    assert len(markers) == 2


def test_a_panel_for_each_metric():
    rows = [("y", "m", "r2", 0.5), ("event", "m", "roc_auc", 0.7), ("z", "m", "r2", 0.1)]
    display = TaskScoreDisplay(pd.DataFrame(rows, columns=["outcome", "estimator", "metric", "value"])).plot()
    assert display.outcomes_ == {"r2": ["y", "z"], "roc_auc": ["event"]}
    assert len(display.axes_) == 2


@pytest.mark.parametrize("metric", ["r2", r2_score])
def test_predictions_are_scored_by_the_metric(metric):
    Y, said = predictions()
    display = TaskScoreDisplay.from_predictions(Y, said, metric=metric, order="table").plot()
    for model in said:
        wanted = r2_score(Y, said[model], multioutput="raw_values")
        np.testing.assert_allclose(drawn(display, "r2", model)[:, 0], wanted)


def test_other_functions_see_the_observed_entries_of_one_outcome():
    Y, said = predictions()
    display = TaskScoreDisplay.from_predictions(
        Y, said["bad"], metric=sk.median_absolute_error, order="table", greater_is_better=False
    ).plot()
    wanted = [sk.median_absolute_error(Y[c].dropna(), said["bad"][c][Y[c].notna()]) for c in Y]
    np.testing.assert_allclose(drawn(display, "median_absolute_error", "model")[:, 0], wanted)
    assert "left is better" in display.ax_.get_xlabel()


def test_rows_of_tasks_and_probabilities():
    rng = np.random.default_rng(0)
    y, site = rng.integers(0, 2, 60), np.repeat(["x", "y", "z"], 20)
    prob = np.clip(0.3 * y + 0.7 * rng.random(60), 0, 1)
    display = TaskScoreDisplay.from_predictions(y, prob, metric="roc_auc", task=site, order="table").plot()
    assert display.outcomes_["roc_auc"] == ["x", "y", "z"]
    wanted = roc_auc_score(y, prob, task=site, multioutput="raw_values")
    np.testing.assert_allclose(drawn(display, "roc_auc", "model")[:, 0], wanted)


def test_weights_reach_the_metric():
    Y, said = predictions()
    weight = np.arange(1.0, 51.0)
    display = TaskScoreDisplay.from_predictions(Y, said["bad"], metric="mae", sample_weight=weight)
    wanted = mean_absolute_error(Y, said["bad"], sample_weight=weight, multioutput="raw_values")
    np.testing.assert_allclose(display.scores["value"], wanted)
    with pytest.raises(InvalidParameterError, match="sample_weight"):
        TaskScoreDisplay.from_predictions(Y, said["bad"], metric=sk.max_error, sample_weight=weight)


def test_scores_that_are_missing_or_far_off_are_said():
    values = [0.5, 0.6, 0.55, 0.52, 0.61, 0.58, 0.57, -40.0, np.nan]
    rows = [(f"y{t}", "m", "r2", v) for t, v in enumerate(values)]
    display = TaskScoreDisplay(pd.DataFrame(rows, columns=["outcome", "estimator", "metric", "value"])).plot()
    said = [text.get_text() for text in display.ax_.texts]
    assert said == ["← -40", "no score"]
    assert display.ax_.get_xlim()[0] > -5


@pytest.mark.parametrize("n", [1, 60, 300])
def test_any_number_of_outcomes_and_models(n):
    names = [f"$_{t}$" + "z" * 200 for t in range(n)]
    rows = [(name, f"_m{k}", "r2", k / 10) for name in names for k in range(8)]
    display = TaskScoreDisplay(pd.DataFrame(rows, columns=["outcome", "estimator", "metric", "value"])).plot()
    display.figure_.canvas.draw()
    assert max(display.figure_.get_size_inches()) <= 24
    legend = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert [text.strip("\u200b") for text in legend] == [f"_m{k}" for k in range(8)]


def test_outcomes_may_be_tuples():
    Y, said = predictions()
    names = pd.MultiIndex.from_tuples([("lab", name) for name in Y])
    display = TaskScoreDisplay.from_predictions(Y.set_axis(names, axis=1), said["bad"].to_numpy(), order="table").plot()
    assert display.outcomes_["r2"] == list(names)
    np.testing.assert_allclose(drawn(display, "r2", "model")[:, 0], r2_score(Y, said["bad"], multioutput="raw_values"))


def test_draws_on_given_axes(found):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = TaskScoreDisplay.from_comparison(found).plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_wrong_arguments_are_named(found):
    with pytest.raises(InvalidParameterError, match="metric='auc'"):
        TaskScoreDisplay.from_comparison(found, metric="auc")
    with pytest.raises(InvalidParameterError, match="'nobody'"):
        TaskScoreDisplay.from_comparison(found, models=["nobody"])
    with pytest.raises(InvalidParameterError, match="order"):
        TaskScoreDisplay.from_comparison(found, order="up")
    with pytest.raises(InvalidParameterError, match="no column 'metric'"):
        TaskScoreDisplay(found.scores.drop(columns="metric"))
    Y, said = predictions()
    with pytest.raises(InvalidParameterError, match="metric='r3'"):
        TaskScoreDisplay.from_predictions(Y, said, metric="r3")
    with pytest.raises(InvalidParameterError, match="neither a name"):
        TaskScoreDisplay.from_predictions(Y, said, metric=3)
    with pytest.raises(InvalidParameterError, match="empty"):
        TaskScoreDisplay.from_predictions(Y, {})
    rows = [("y", f"m{k}", "r2", 0.1) for k in range(9)]
    with pytest.raises(InvalidParameterError, match="9 models"):
        TaskScoreDisplay(pd.DataFrame(rows, columns=["outcome", "estimator", "metric", "value"])).plot()
