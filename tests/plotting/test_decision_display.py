"""The decision curves are the numbers of net_benefit, beside treating all and none."""

import numpy as np
import pandas as pd
import pytest

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.inspection import DecisionCurveDisplay
from skmtl.linear_model import MultiTaskLogisticRegression, MultiTaskRidge
from skmtl.metrics import net_benefit

CUTS = [0.1, 0.2, 0.4]


def data(n=200, n_outcomes=2, seed=0):
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=(n, n_outcomes))
    prob = 1 / (1 + np.exp(-eta))
    Y = pd.DataFrame((rng.random(eta.shape) < prob).astype(float), columns=[f"y{t}" for t in range(n_outcomes)])
    return Y.mask(rng.random(Y.shape) < 0.3), prob


def test_curves_are_the_net_benefit_of_each_model():
    Y, prob = data()
    models = {"sharp": prob, "flat": np.full(prob.shape, 0.3)}
    display = DecisionCurveDisplay.from_predictions(Y, models, thresholds=CUTS).plot()
    for name, said in models.items():
        wanted = net_benefit(Y, said, CUTS)
        own = display.curves[display.curves["model"] == name]
        for column in ("threshold", "net_benefit", "treat_all", "n", "events"):
            np.testing.assert_allclose(own[column], wanted[column])
        for outcome in Y:
            line = display.lines_[outcome, name]
            np.testing.assert_allclose(line.get_ydata(), wanted.loc[wanted["outcome"] == outcome, "net_benefit"])


def test_treat_all_and_none_are_drawn_and_named():
    Y, prob = data()
    display = DecisionCurveDisplay.from_predictions(Y, prob, thresholds=CUTS).plot()
    legend = display.figure_.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["model", "treat none", "treat all"]
    wanted = net_benefit(Y, prob, CUTS).query("outcome == 'y1'")["treat_all"]
    drawn = [line.get_ydata() for line in display.axes_[1].lines]
    assert any(len(y) == 3 and np.allclose(y, wanted) for y in drawn)
    assert any(len(y) == 2 and not np.any(y) for y in drawn)


def test_models_differ_in_dashes_and_not_in_colour_alone():
    Y, prob = data()
    display = DecisionCurveDisplay.from_predictions(Y, {"_a": prob, "$b$": prob**2}).plot()
    lines = [display.lines_["y0", name] for name in ("_a", "$b$")]
    assert len({str(line.get_linestyle()) + str(line._unscaled_dash_pattern) for line in lines}) == 2
    texts = [text.get_text() for text in display.figure_.legends[0].get_texts()]
    assert texts[:2] == ["\u200b_a", r"\$b\$"]
    display.figure_.canvas.draw()


def test_rare_events_get_low_thresholds():
    y = np.zeros(400)
    y[:8] = 1
    Y = pd.DataFrame({"rare": y, "common": np.arange(400) % 2})
    curves = DecisionCurveDisplay.from_predictions(Y, np.full((400, 2), 0.1)).curves
    assert curves.groupby("outcome")["threshold"].max().to_dict() == {"common": 0.99, "rare": 0.099}


def test_from_estimator_asks_for_probabilities():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3))
    Y = pd.DataFrame(np.where(X[:, [0, 1]] + rng.normal(size=(150, 2)) > 0, "yes", "no"), columns=["a", "b"])
    model = MultiTaskLogisticRegression(alpha=0.1).fit(X[:100], Y[:100])
    display = DecisionCurveDisplay.from_estimator({"m": model}, X[100:], Y[100:], thresholds=CUTS)
    wanted = net_benefit(Y[100:], model.predict_proba(X[100:]), CUTS)
    np.testing.assert_allclose(display.curves["net_benefit"], wanted["net_benefit"])
    with pytest.raises(InvalidParameterError, match="MultiTaskRidge"):
        DecisionCurveDisplay.from_estimator(MultiTaskRidge().fit(X, X), X, Y)


def test_rows_of_tasks():
    Y, prob = data()
    rows, task = Y.to_numpy().T.ravel(), np.repeat(["y0", "y1"], len(Y))
    by_rows = DecisionCurveDisplay.from_predictions(rows, prob.T.ravel(), task=task, thresholds=CUTS)
    wide = DecisionCurveDisplay.from_predictions(Y, prob, thresholds=CUTS)
    pd.testing.assert_frame_equal(by_rows.curves, wide.curves)


def test_numbers_are_left_out_and_nothing_else():
    Y, prob = data()
    Y.insert(0, "size", np.arange(200.0))
    said = np.column_stack([np.arange(200.0), prob])
    assert DecisionCurveDisplay.from_predictions(Y, said).plot().outcomes_ == ["y0", "y1"]
    with pytest.raises(InvalidParameterError, match="two classes"):
        DecisionCurveDisplay.from_predictions(Y[["size"]], Y[["size"]])


def test_outcomes_without_entries_or_events_say_so():
    Y, prob = data(n_outcomes=3)
    Y["y1"], Y["y2"] = np.nan, 0.0
    display = DecisionCurveDisplay.from_predictions(Y, prob).plot()
    assert [ax.texts[0].get_text() for ax in display.axes_[1:]] == ["no observed entry", "no event"]
    assert list(display.lines_) == [("y0", "model")]


@pytest.mark.parametrize("n", [1, 60])
def test_any_number_of_outcomes_and_any_names(n):
    Y, prob = data(60, n)
    Y.columns = [f"${t}_" + "x" * 200 for t in range(n)]
    display = DecisionCurveDisplay.from_predictions(Y, prob, thresholds=CUTS).plot()
    display.figure_.canvas.draw()
    assert max(display.figure_.get_size_inches()) <= 24
    assert len({ax.get_title() for ax in display.axes_}) == n


def test_outcomes_may_be_tuples():
    Y, prob = data()
    Y.columns = pd.MultiIndex.from_tuples([("lab", 0), ("lab", 1)])
    display = DecisionCurveDisplay.from_predictions(Y, prob, thresholds=CUTS).plot()
    assert list(display.lines_) == [(("lab", 0), "model"), (("lab", 1), "model")]


def test_wrong_arguments_are_named():
    Y, prob = data()
    with pytest.raises(InvalidParameterError, match="thresholds"):
        DecisionCurveDisplay.from_predictions(Y, prob, thresholds=[1.0])
    with pytest.raises(TaskDataError, match="shape"):
        DecisionCurveDisplay.from_predictions(Y, prob[:, :1])
    with pytest.raises(InvalidParameterError, match="empty"):
        DecisionCurveDisplay.from_predictions(Y, {})
    with pytest.raises(InvalidParameterError, match="no column 'model'"):
        DecisionCurveDisplay(net_benefit(Y, prob))
