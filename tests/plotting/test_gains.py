"""The gain figure shows the numbers, intervals and verdicts of a comparison, and what cannot be drawn is said."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from skmtl._plotting._style import VERDICTS
from skmtl.exceptions import InvalidParameterError
from skmtl.inspection import GainDisplay
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks, PooledTasks


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    Y = pd.DataFrame(X[:, [0]] * [1, 1, -1] + 0.5 * rng.normal(size=(90, 3)), columns=["a", "b", "opposite"])
    models = {
        "independent": IndependentTasks(Ridge()),
        "pooled": PooledTasks(Ridge()),
        "strong": IndependentTasks(Ridge(30.0)),
    }
    return compare(X, Y.mask(rng.random(Y.shape) < 0.1), models, cv=3, random_state=0)


def frame(rows):
    return pd.DataFrame(rows, columns=["outcome", "estimator", "gain", "low", "high", "verdict"])


def texts(panel):
    return [text.get_text() for text in panel.texts]


def rows_drawn(display, model):
    """Gain by height, from the points of all verdicts."""
    return {
        round(float(y), 6): float(x)
        for (name, _), points in display.points_.items()
        if name == model
        for x, y in np.asarray(points.get_offsets())
    }


def test_points_whiskers_and_verdicts_are_those_of_the_summary(found):
    display = GainDisplay.from_comparison(found).plot()
    summary = found.summary()
    for model, lines in zip(display.models, display.lines_, strict=True):
        own = summary[summary["estimator"] == model].set_index("outcome").loc[display.outcomes_]
        drawn = rows_drawn(display, model)
        np.testing.assert_allclose([drawn[t] for t in range(3)], own["gain"])
        ends = np.array([segment[:, 0] for segment in lines.get_segments()])[:3]
        np.testing.assert_allclose(ends, own[["low", "high"]])
        overall = found.overall().set_index("estimator").loc[model]
        assert drawn[3.6] == pytest.approx(overall["gain"])
        for word in VERDICTS:
            points = display.points_[model, word]
            n = (own["verdict"] == word).sum() + (overall["verdict"] == word)
            assert len(points.get_offsets()) == n


def test_verdicts_differ_in_colour_and_in_shape(found):
    display = GainDisplay.from_comparison(found).plot()
    legend = display.figure_.legends[0]
    assert [text.get_text().split(" (")[0] for text in legend.get_texts()] == list(VERDICTS)
    assert len({handle.get_marker() for handle in legend.legend_handles}) == 3
    assert len({handle.get_color() for handle in legend.legend_handles}) == 3


def test_best_outcome_on_top_or_the_order_of_the_table(found):
    by_gain = GainDisplay.from_comparison(found, models=["pooled"]).plot()
    gains = found.summary().query("estimator == 'pooled'").sort_values("gain", ascending=False)
    assert by_gain.outcomes_ == gains["outcome"].tolist()
    assert by_gain.outcomes_[-1] == "opposite"
    assert GainDisplay.from_comparison(found, order="table").plot().outcomes_ == ["a", "b", "opposite"]


def test_choosing_models_does_not_change_verdicts(found):
    one = GainDisplay.from_comparison(found, models=["strong"])
    pd.testing.assert_frame_equal(one.gains, found.summary())
    assert "6 gains" in one.plot().figure_.get_suptitle()


def test_baseline_and_options_reach_the_summary(found):
    display = GainDisplay.from_comparison(found, baseline="pooled", alpha=0.2, adjust=None, interval="corrected_t")
    wanted = found.summary("pooled", alpha=0.2, adjust=None, interval="corrected_t")
    pd.testing.assert_frame_equal(display.gains, wanted)
    display.plot()
    title = display.figure_.get_suptitle()
    assert "Gain over pooled" in title
    assert "80% intervals" in title
    assert "each by itself" in title
    assert "← pooled better" in texts(display.ax_)


def test_sides_of_zero_are_said(found):
    panel = GainDisplay.from_comparison(found, models=["pooled"]).plot().ax_
    assert {"← separate models better", "sharing better →"} <= set(texts(panel))


def test_numbers_are_written_beside_the_rows_of_one_model():
    gains = frame([("a", "m", -78.66, -1260.6, 99.96, "no evidence"), ("b", "m", -0.04, -0.25, 0.19, "no evidence")])
    display = GainDisplay(gains, order="table").plot()
    assert texts(display.ax_)[:2] == ["-78.7 [-1,261, +100]", "+0.0 [-0.2, +0.2]"]
    assert not any("[" in text for text in texts(display.plot(values=False).ax_))


def test_missing_and_infinite_numbers_are_said():
    gains = frame(
        [
            ("known", "m", 10.0, 5.0, 15.0, "helped"),
            ("no gain", "m", np.nan, np.nan, np.nan, "no evidence"),
            ("no interval", "m", 3.0, np.nan, np.nan, "no evidence"),
            ("open", "m", 4.0, -2.0, np.inf, "no evidence"),
        ]
    )
    display = GainDisplay(gains, order="table").plot()
    said = texts(display.ax_)
    assert "no gain to measure" in said
    assert "+3.0 (no interval)" in said
    assert "+4.0 [-2.0, ∞]" in said
    # Whiskers of the first and the last; that of the last ends at the edge, with an arrow.
    segments = display.lines_[0].get_segments()
    assert [segment[0, 1] for segment in segments] == [0, 3]
    edge = display.ax_.get_xlim()[1]
    assert segments[1][1, 0] == pytest.approx(edge)
    arrows = [c.get_offsets().tolist() for c in display.ax_.collections if len(c.get_offsets()) == 1]
    assert [[edge, 3.0]] in [[pytest.approx(point) for point in arrow] for arrow in arrows]
    assert "no whisker: no interval" in display.figure_.get_suptitle()


def test_one_wild_outcome_does_not_hide_the_others():
    rows = [(t, "m", 5.0 + t, t, 10.0 + t, "no evidence") for t in range(8)]
    display = GainDisplay(frame([*rows, ("wild", "m", -5000.0, -9000.0, -1000.0, "hurt")])).plot()
    low, high = display.ax_.get_xlim()
    assert -100 < low < 0 < 17 < high < 100
    assert "-5,000%" in texts(display.ax_)
    assert display.outcomes_[-1] == "wild"


def test_models_of_very_different_gains_have_scales_of_their_own():
    near = [(t, "near", t - 1.0, t - 2.0, float(t), "no evidence") for t in range(3)]
    far = [(t, "far", -100.0 * t, -100.0 * t - 50, -100.0 * t + 50, "hurt") for t in range(3)]
    display = GainDisplay(frame(near + far)).plot()
    assert "scales differ" in display.figure_.get_suptitle()
    assert display.axes_[0].get_xlim()[0] > -5
    same = GainDisplay(frame(near + [(t, "other", *rest) for t, _, *rest in near])).plot()
    assert "scales differ" not in same.figure_.get_suptitle()
    assert same.axes_[0].get_xlim() == same.axes_[1].get_xlim()


@pytest.mark.parametrize("n", [1, 60, 300])
def test_any_number_of_outcomes_and_any_names(n):
    names = [f"$\\frac{t}_{{{t}}}$ " + "y" * 200 for t in range(n)]
    gains = frame([(name, "_m$", 1.0, 0.5, 1.5, "helped") for name in names])
    display = GainDisplay(gains).plot()
    display.figure_.canvas.draw()
    assert max(display.figure_.get_size_inches()) <= 24
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert len(labels) == len(set(labels)) <= 110
    assert max(map(len, labels)) < 45


def test_outcomes_may_be_tuples():
    gains = frame([(("lab", t), "m", float(t), t - 1.0, t + 1.0, "no evidence") for t in range(3)])
    assert GainDisplay(gains).plot().outcomes_ == [("lab", 2), ("lab", 1), ("lab", 0)]


def test_draws_on_given_axes(found):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    display = GainDisplay.from_comparison(found).plot(axes)
    assert display.figure_ is figure
    assert display.axes_.tolist() == axes.tolist()
    assert not figure.legends
    with pytest.raises(InvalidParameterError, match="2 panels"):
        display.plot(axes[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": "size"}, "'gain' or 'table'"),
        ({"models": ["nobody"]}, "models names 'nobody'"),
        ({"models": []}, "no estimator"),
        ({"adjust": "none"}, "adjust"),
    ],
)
def test_wrong_arguments_are_named(found, change, message):
    with pytest.raises(InvalidParameterError, match=message):
        GainDisplay(found.summary(), **change)


def test_wrong_frames_are_named(found):
    with pytest.raises(InvalidParameterError, match="no column 'low'"):
        GainDisplay(found.summary().drop(columns="low"))
    with pytest.raises(InvalidParameterError, match="overall has no column 'verdict'"):
        GainDisplay(found.summary(), found.overall().drop(columns="verdict"))
    with pytest.raises(InvalidParameterError, match="verdict 'perhaps'"):
        GainDisplay(found.summary().assign(verdict="perhaps"))
    with pytest.raises(InvalidParameterError, match="no rows"):
        GainDisplay(found.summary().iloc[:0])
