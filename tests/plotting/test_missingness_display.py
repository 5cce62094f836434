"""The missingness figure shows the commonest patterns, counts the rest, and says what the report found."""

import numpy as np
import pandas as pd
import pytest

from skmtl.exceptions import InvalidParameterError
from skmtl.inspection import MissingnessDisplay, missingness_report


def table(n=150, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"age": rng.normal(size=n)})
    Y = pd.DataFrame(rng.normal(size=(n, 3)), columns=["few", "all", "most"])
    Y.loc[X["age"] + 0.5 * rng.normal(size=n) > 0, "few"] = np.nan
    Y.loc[rng.random(n) < 0.2, "most"] = np.nan
    return X, Y


def test_patterns_with_their_counts_commonest_first():
    _, Y = table()
    display = MissingnessDisplay.from_data(Y).plot()
    assert display.outcomes_ == ["all", "most", "few"]
    shown = display.image_.get_array().astype(bool)
    counts = Y[display.outcomes_].notna().value_counts()
    assert [tuple(row) for row in shown] == list(counts.index)
    widths = [bar.get_width() for bar in display.axes_["counts"].patches]
    assert widths == counts.tolist()
    said = [text.get_text() for text in display.axes_["counts"].texts]
    assert said[0] == f"{counts.iloc[0]} ({counts.iloc[0] / 150:.0%})"
    heights = [bar.get_height() for bar in display.axes_["observed"].patches]
    assert heights == Y[display.outcomes_].notna().sum().tolist()


def test_order_of_the_table():
    _, Y = table()
    assert MissingnessDisplay.from_data(Y, order="table").plot().outcomes_ == ["few", "all", "most"]


def test_other_patterns_are_counted():
    _, Y = table()
    display = MissingnessDisplay.from_data(Y, max_patterns=2).plot()
    image = display.image_.get_array()
    assert image.shape == (3, 3)
    assert np.ma.getmaskarray(image).tolist() == [[False] * 3, [False] * 3, [True] * 3]
    assert [text.get_text() for text in display.ax_.texts] == ["2 other patterns"]
    rest = 150 - sum(display.patterns.index.get_level_values("count")[:2])
    assert display.axes_["counts"].texts[-1].get_text().startswith(f"{rest} (")
    assert "4 patterns in 150 rows" in display.figure_.get_suptitle()


def test_auc_and_effective_number_of_the_report():
    X, Y = table()
    report = missingness_report(Y, X)
    display = MissingnessDisplay.from_report(report).plot()
    frame = report.to_frame().set_index("outcome").loc[display.outcomes_]
    panel = display.axes_["auc"]
    told, untold = panel.collections[1], panel.collections[3]
    np.testing.assert_allclose(told.get_offsets(), [[2, frame["auc"]["few"]]])
    np.testing.assert_allclose(untold.get_offsets(), [[1, frame["auc"]["most"]]])
    whisker = panel.collections[0].get_segments()[0]
    np.testing.assert_allclose(whisker[:, 1], frame.loc["few", ["low", "high"]].astype(float))
    assert [text.get_text().strip() for text in panel.texts] == ["complete"]
    effective = [bar.get_height() for bar in display.axes_["observed"].patches][3:]
    np.testing.assert_allclose(effective, frame["n_effective"])


def test_data_with_features_is_the_report():
    X, Y = table()
    display = MissingnessDisplay.from_data(Y, X, cv=3)
    pd.testing.assert_frame_equal(display.outcomes, missingness_report(Y, X, cv=3).to_frame())
    assert "auc" not in MissingnessDisplay.from_data(Y).plot().axes_


def test_rows_of_tasks_with_patients():
    y = np.array([1.0, 2.0, 3.0, np.nan, 5.0, 6.0])
    site, who = ["a", "b", "a", "b", "a", "b"], [0, 0, 1, 1, 2, 2]
    display = MissingnessDisplay.from_data(y, task=site, groups=who).plot()
    assert display.unit == "groups"
    assert display.patterns.index.get_level_values("count").tolist() == [2, 1]
    assert "3 groups" in display.figure_.get_suptitle()


def test_one_axes_takes_the_map_alone():
    import matplotlib.pyplot as plt

    _, Y = table()
    figure, ax = plt.subplots()
    display = MissingnessDisplay.from_data(Y).plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert len(figure.axes) == 1
    counts = Y.notna().value_counts()
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"{n} ({n / 150:.0%})" for n in counts]


def test_sixty_outcomes_and_thousands_of_patterns():
    rng = np.random.default_rng(0)
    names = [f"$t_{t}$" + "x" * 200 for t in range(60)]
    Y = pd.DataFrame(np.where(rng.random((3000, 60)) < 0.3, np.nan, 1.0), columns=names)
    Y.iloc[:10] = 1.0
    patterns = Y.notna().value_counts().rename("count").reset_index().set_index("count")
    display = MissingnessDisplay(patterns.set_axis(names, axis=1)).plot()
    display.figure_.canvas.draw()
    assert display.image_.get_array().shape == (26, 60)
    assert display.image_.get_array()[0].all()
    assert max(display.figure_.get_size_inches()) <= 24
    labels = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert len(set(labels)) == 60


def test_wrong_arguments_are_named():
    _, Y = table()
    with pytest.raises(InvalidParameterError, match="max_patterns=0"):
        MissingnessDisplay.from_data(Y, max_patterns=0)
    with pytest.raises(InvalidParameterError, match="order='size'"):
        MissingnessDisplay.from_data(Y, order="size")
    with pytest.raises(InvalidParameterError, match="'count'"):
        MissingnessDisplay(Y.notna())
    report = missingness_report(Y)
    with pytest.raises(InvalidParameterError, match="no column 'auc'"):
        MissingnessDisplay(report.patterns, report.to_frame().drop(columns="auc"))
