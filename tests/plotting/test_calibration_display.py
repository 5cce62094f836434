"""The calibration figure shows bins, intervals, slopes and counts of the observed entries, in every form of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression, Ridge

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.inspection import TaskCalibrationDisplay
from skmtl.linear_model import MultiTaskGLM, MultiTaskLogisticRegression, MultiTaskRidge
from skmtl.metrics import calibration_intercept, calibration_slope, calibration_table
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks


def binary(n=400, n_outcomes=2, seed=0):
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=(n, n_outcomes)) - 0.5
    prob = 1 / (1 + np.exp(-eta))
    Y = pd.DataFrame((rng.random(eta.shape) < prob).astype(float), columns=[f"y{t}" for t in range(n_outcomes)])
    return Y.mask(rng.random(Y.shape) < 0.3), prob


def table(seed=0, n=120):
    """A number, an event and features."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    event = np.where(X[:, 0] + rng.normal(size=n) > 0, "yes", "no").astype(object)
    Y = pd.DataFrame({"size": X[:, 1] + 0.3 * rng.normal(size=n), "event": event})
    return X, Y.mask(rng.random(Y.shape) < 0.2)


def test_bins_hold_the_observed_entries():
    Y, prob = binary()
    display = TaskCalibrationDisplay.from_predictions(Y, prob, n_bins=5)
    for t, name in enumerate(Y):
        seen = Y[name].notna().to_numpy()
        curve = display.curves.query("outcome == @name")
        assert len(curve) == 5
        assert curve["n"].sum() == seen.sum()
        assert (curve["observed"] * curve["n"]).sum() == pytest.approx(Y[name].sum())
        order = np.sort(prob[seen, t])
        assert curve["predicted"].iloc[0] == pytest.approx(order[: int(curve["n"].iloc[0])].mean())
        assert curve["n"].max() - curve["n"].min() <= 1


def test_uniform_bins_have_equal_width():
    display = TaskCalibrationDisplay.from_predictions(
        [0, 1, 0, 1, 1], [0.05, 0.15, 0.9, 0.99, 1.0], n_bins=10, strategy="uniform"
    )
    assert display.curves["n"].tolist() == [1, 1, 3]
    np.testing.assert_allclose(display.curves["predicted"], [0.05, 0.15, 2.89 / 3])


def test_intervals_are_those_of_wilson():
    Y, prob = binary()
    curve = TaskCalibrationDisplay.from_predictions(Y, prob, n_bins=4).curves
    for row in curve.itertuples():
        ref = stats.binomtest(round(row.observed * row.n), int(row.n)).proportion_ci(method="wilson")
        assert (row.low, row.high) == pytest.approx((ref.low, ref.high))


def test_slope_and_intercept_are_those_of_the_metrics_and_stand_in_the_panel():
    Y, prob = binary()
    display = TaskCalibrationDisplay.from_predictions(Y, prob).plot()
    np.testing.assert_allclose(display.fits["slope"], calibration_slope(Y, prob, multioutput="raw_values"))
    np.testing.assert_allclose(display.fits["intercept"], calibration_intercept(Y, prob, multioutput="raw_values"))
    np.testing.assert_allclose(display.fits["slope_low"], calibration_table(Y, prob, n_bootstrap=0)["slope_low"])
    fit = display.fits.iloc[0]
    said = display.ax_.texts[0].get_text()
    assert f"slope {fit.slope:.2f} [{fit.slope_low:.2f}, {fit.slope_high:.2f}]" in said
    assert f"intercept {fit.intercept:.2f}" in said
    assert f"{int(Y['y0'].sum())} events, n = {Y['y0'].count()}" in display.ax_.get_title()


def test_drawn_bins_are_the_curve():
    Y, prob = binary()
    display = TaskCalibrationDisplay.from_predictions(Y, prob).plot()
    for name, bars in zip(Y, display.lines_, strict=True):
        curve = display.curves[display.curves["outcome"] == name]
        np.testing.assert_allclose(bars.lines[0].get_xydata(), curve[["predicted", "observed"]])
        ends = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()])
        np.testing.assert_allclose(ends, curve[["low", "high"]])


def test_numbers_are_least_squares_and_t_intervals():
    rng = np.random.default_rng(0)
    said = rng.normal(size=200)
    y = 1.0 + 0.5 * said + rng.normal(size=200)
    display = TaskCalibrationDisplay.from_predictions(y, said, n_bins=4).plot()
    fit, line = display.fits.iloc[0], stats.linregress(said, y)
    assert not fit["binary"]
    assert fit["slope"] == pytest.approx(line.slope)
    assert fit["intercept"] == pytest.approx((y - said).mean())
    half = stats.t.ppf(0.975, 198) * line.stderr
    assert fit["slope_high"] - fit["slope"] == pytest.approx(half)
    first = y[np.argsort(said)[:50]]
    ref = stats.t.interval(0.95, 49, first.mean(), stats.sem(first))
    assert tuple(display.curves[["low", "high"]].iloc[0]) == pytest.approx(ref)


def test_two_numbers_are_numbers_where_the_estimator_says_so():
    X, Y = table()
    model = MultiTaskGLM(loss="auto", alpha=0.1).fit(X, Y)
    rounded = Y.assign(size=np.where(Y["size"].isna(), np.nan, np.where(Y["size"] > 0, 2.0, -2.0)))
    display = TaskCalibrationDisplay.from_estimator(model, X, rounded)
    assert display.fits["binary"].tolist() == [False, True]


def test_few_events_get_few_bins_unless_told():
    rng = np.random.default_rng(0)
    prob, y = rng.uniform(0.01, 0.1, 400), np.zeros(400)
    y[:20] = 1
    assert len(TaskCalibrationDisplay.from_predictions(y, prob).curves) == 4
    assert len(TaskCalibrationDisplay.from_predictions(y, prob, n_bins=10).curves) == 10
    # Rare events are seen close up.
    assert TaskCalibrationDisplay.from_predictions(y, prob).plot().ax_.get_xlim()[1] < 0.3


def test_every_form_of_probabilities_gives_the_same():
    Y, prob = binary()
    wide = TaskCalibrationDisplay.from_predictions(Y, prob)
    arrays = [np.column_stack([1 - p, p]) for p in prob.T]
    as_list = TaskCalibrationDisplay.from_predictions(Y, arrays)
    pd.testing.assert_frame_equal(wide.curves, as_list.curves)
    labels = Y.replace({0.0: "alive", 1.0: "dead"})
    named = TaskCalibrationDisplay.from_predictions(labels, pd.DataFrame(prob, columns=Y.columns))
    pd.testing.assert_frame_equal(wide.curves, named.curves)
    rows, task = np.concatenate([Y["y0"], Y["y1"]]), np.repeat(["y0", "y1"], len(Y))
    by_rows = TaskCalibrationDisplay.from_predictions(rows, prob.T.ravel(), task=task)
    pd.testing.assert_frame_equal(wide.curves, by_rows.curves)


def test_mixed_estimators_answer_with_probabilities_and_values():
    X, Y = table()
    model = MultiTaskGLM(loss="auto", alpha=0.1).fit(X[:80], Y[:80])
    display = TaskCalibrationDisplay.from_estimator(model, X[80:], Y[80:])
    assert display.fits["binary"].tolist() == [False, True]
    proba, values = model.predict_proba(X[80:]), model.predict(X[80:])
    seen = Y["event"][80:].notna().to_numpy()
    np.testing.assert_allclose(display.entries.query("outcome == 'event'")["predicted"], proba[1][seen, 1])
    seen = Y["size"][80:].notna().to_numpy()
    wanted = values[seen, 0].astype(float)
    np.testing.assert_allclose(display.entries.query("outcome == 'size'")["predicted"], wanted)
    display.plot()


def test_mixed_tables_of_predictions_go_to_their_outcomes():
    X, Y = table()
    said = np.column_stack([X[:, 1], np.clip(0.5 + X[:, 0] / 10, 0, 1)])
    display = TaskCalibrationDisplay.from_predictions(Y, said)
    seen = Y["event"].notna().to_numpy()
    np.testing.assert_allclose(display.entries.query("outcome == 'event'")["predicted"], said[seen, 1])
    assert display.entries.query("outcome == 'event'")["observed"].sum() == (Y["event"] == "yes").sum()
    two = Y.assign(other=np.where(X[:, 2] > 0, "ill", "well"))
    display = TaskCalibrationDisplay.from_predictions(two, np.column_stack([said, np.full(len(X), 0.25)]))
    assert display.fits["events"].tolist()[1:] == [(Y["event"] == "yes").sum(), (X[:, 2] <= 0).sum()]
    assert (display.entries.query("outcome == 'other'")["predicted"] == 0.25).all()


@pytest.mark.parametrize(
    "model",
    [MultiTaskLogisticRegression(alpha=0.1), IndependentTasks(LogisticRegression())],
    ids=lambda m: type(m).__name__,
)
def test_classifiers_of_one_and_of_several_outcomes(model):
    X, Y = table()
    both = pd.DataFrame({"event": Y["event"], "big": np.where(Y["size"].isna(), np.nan, Y["size"] > 0.5)})
    both["big"] = both["big"].astype(float)
    display = TaskCalibrationDisplay.from_estimator(model.fit(X, both), X, both)
    wanted = calibration_slope(both, model.predict_proba(X), multioutput="raw_values")
    np.testing.assert_allclose(display.fits["slope"], wanted)
    one = TaskCalibrationDisplay.from_estimator(model.fit(X, both[["big"]]), X, both[["big"]])
    assert one.fits["events"].tolist() == [both["big"].sum()]


def test_test_rows_that_lack_a_class_still_have_a_panel():
    X, Y = table()
    model = MultiTaskLogisticRegression(alpha=0.1).fit(X, Y[["event"]])
    display = TaskCalibrationDisplay.from_estimator(model, X, Y[["event"]].replace("yes", np.nan)).plot()
    assert display.fits["events"].tolist() == [0]
    assert "slope none" in display.ax_.texts[0].get_text()


def test_rows_of_tasks_go_to_the_estimator():
    X, _ = table()
    y, site = X[:, 0] + 1.0, np.repeat([0, 1], 60)
    model = MultiTaskRidge(alpha=1.0).fit(X, y, task=site)
    display = TaskCalibrationDisplay.from_estimator(model, X, y, task=site)
    np.testing.assert_allclose(display.entries["predicted"], model.predict(X, task=site))
    assert display.fits["outcome"].tolist() == [0, 1]


def test_repeated_folds_count_a_row_once():
    from sklearn.model_selection import RepeatedKFold

    X, Y = table()
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    found = compare(X, Y[["size"]], {"ridge": IndependentTasks(Ridge())}, cv=cv, baseline="ridge")
    display = TaskCalibrationDisplay.from_comparison(found, "ridge")
    assert display.fits["n"].tolist() == [Y["size"].count()]
    mean = found.predictions.groupby("row")["y_pred"].mean()
    np.testing.assert_allclose(np.sort(display.entries["predicted"]), np.sort(mean[Y["size"].notna().to_numpy()]))
    with pytest.raises(InvalidParameterError, match="'lasso'"):
        TaskCalibrationDisplay.from_comparison(found, "lasso")


def test_an_outcome_without_entries_is_said():
    Y, prob = binary()
    Y["y1"] = np.nan
    display = TaskCalibrationDisplay.from_predictions(Y, prob).plot()
    assert display.lines_[1] is None
    assert display.axes_[1].texts[0].get_text() == "no observed entry"


@pytest.mark.parametrize("n", [1, 60])
def test_any_number_of_outcomes_and_any_names(n):
    Y, prob = binary(60, n)
    Y.columns = [f"${t}_" + "x" * 200 for t in range(n)]
    display = TaskCalibrationDisplay.from_predictions(Y, prob).plot()
    display.figure_.canvas.draw()
    assert len(display.axes_) == n
    assert max(display.figure_.get_size_inches()) <= 24
    assert len({ax.get_title() for ax in display.axes_}) == n


def test_outcomes_may_be_tuples():
    Y, prob = binary()
    plain = TaskCalibrationDisplay.from_predictions(Y, prob)
    Y.columns = pd.MultiIndex.from_tuples([("lab", 0), ("lab", 1)])
    display = TaskCalibrationDisplay.from_predictions(Y, prob).plot()
    assert display.fits["outcome"].tolist() == list(Y.columns)
    drawn = [shown.lines_[1].lines[0].get_xydata() for shown in (display, plain.plot())]
    np.testing.assert_allclose(*drawn)


def test_inputs_are_left_alone_and_axes_can_be_given():
    import matplotlib.pyplot as plt

    Y, prob = binary()
    before, said = Y.copy(), prob.copy()
    figure, axes = plt.subplots(1, 2)
    display = TaskCalibrationDisplay.from_predictions(Y, prob).plot(axes)
    assert display.figure_ is figure
    pd.testing.assert_frame_equal(Y, before)
    np.testing.assert_array_equal(prob, said)


def test_wrong_arguments_are_named():
    Y, prob = binary()
    with pytest.raises(InvalidParameterError, match="n_bins=0"):
        TaskCalibrationDisplay.from_predictions(Y, prob, n_bins=0)
    with pytest.raises(InvalidParameterError, match="strategy='even'"):
        TaskCalibrationDisplay.from_predictions(Y, prob, strategy="even")
    with pytest.raises(TaskDataError, match="'y1' leaves"):
        TaskCalibrationDisplay.from_predictions(Y, prob * [1, 5])
    with pytest.raises(TaskDataError, match="another order"):
        TaskCalibrationDisplay.from_predictions(Y, pd.DataFrame(prob, columns=["y1", "y0"]))
    kinds = pd.DataFrame({"y0": np.arange(400) % 3})
    with pytest.raises(TaskDataError, match=r"'y0'.*3 classes.*leave it out"):
        TaskCalibrationDisplay.from_predictions(kinds, np.full((400, 3), 1 / 3))
