"""Names that are long, blank, begin with an underscore or need letters of another font; what is not known."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from skmtl._plotting import _style
from skmtl._plotting._style import find_letters, in_legend, shorten
from skmtl.inspection import (
    CoefficientDisplay,
    ConvergenceDisplay,
    GainDisplay,
    MissingnessDisplay,
    RegularizationPathDisplay,
    TaskRelationDisplay,
)
from skmtl.linear_model import MultiTaskLasso

LONG = ["L" * 100 + letter + "L" * 99 for letter in "AB"]


def tick_labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_a_blank_name_is_named():
    assert shorten(["a", " ", "\n"]) == ["a", "(no name)", "(no name)"]


def test_the_number_of_a_long_name_is_its_place_in_the_table():
    names = ["first", LONG[0], "third", LONG[1]]
    number = {1: "(2)", 3: "(4)"}
    W = np.zeros((4, 4))
    W[:, 0], W[1, 2], W[3, 3] = 1, 2, 3
    display = CoefficientDisplay(
        W, task_names=names, feature_names=names, clusters=[1, 1, 0, 0], features=["third", LONG[1]]
    ).plot()
    assert [label[-3:] for label in tick_labels(display.ax_.yaxis)] == ["ird", number[3]]
    assert [label[-3:] for label in tick_labels(display.ax_.xaxis)] == ["ird", number[3], "rst", number[1]]
    matrix = np.eye(4)
    matrix[0, 3] = matrix[3, 0] = 0.9
    relation = TaskRelationDisplay.from_matrix(matrix, names).plot()
    for label, place in zip(tick_labels(relation.ax_.yaxis), relation.order_, strict=True):
        assert label.endswith(number.get(place, names[place]))
    Y = pd.DataFrame(np.ones((6, 4)), columns=names)
    Y.iloc[:3, 1] = np.nan
    missing = MissingnessDisplay.from_data(Y).plot()
    assert missing.outcomes_[-1] == LONG[0]
    assert tick_labels(missing.ax_.xaxis)[-1].endswith(number[1])


def test_legends_keep_names_that_begin_with_an_underscore():
    assert in_legend("name") == "name"
    alphas, curves = [1.0, 0.1], np.ones((2, 2))
    display = RegularizationPathDisplay(alphas, curves, ["_hidden", "shown"]).plot()
    assert [text.get_text().lstrip("\u200b") for text in display.ax_.get_legend().get_texts()] == ["_hidden", "shown"]
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    fits = {name: MultiTaskLasso(alpha=alpha).fit(X, Y) for name, alpha in (("_a", 0.1), ("b", 0.2))}
    (legend,) = ConvergenceDisplay.from_estimators(fits).plot().figure_.legends
    assert [text.get_text().lstrip("\u200b") for text in legend.get_texts()] == ["_a", "b"]


def test_letters_are_looked_for_in_other_fonts(monkeypatch):
    monkeypatch.setattr(_style, "_OTHER_SCRIPTS", ("no such font", "STIXGeneral"))
    display = CoefficientDisplay(np.ones((1, 2)), feature_names=["plain", "Größe"], task_names=["a"]).plot()
    plain, other = display.ax_.get_yticklabels()
    assert plain.get_fontfamily() == matplotlib.rcParams["font.family"]
    assert other.get_fontfamily() == [*matplotlib.rcParams["font.family"], "STIXGeneral"]
    find_letters(display.figure_)


def test_a_coefficient_that_is_not_known_is_no_zero_and_no_scale():
    W = np.array([[0.5, 0.0, -1.0], [np.nan, np.nan, np.nan]])
    display = CoefficientDisplay(W).plot()
    assert display.image_.get_clim() == (-1.0, 1.0)
    assert sorted(patch.get_xy() for patch in display.ax_.patches) == [(0.5, -0.5), (0.5, 0.5), (0.5, 1.5)]
    assert all(patch.get_hatch() for patch in display.ax_.patches)
    said = display.figure_.get_suptitle()
    assert "2 of 3 features used" in said
    assert "hatched: not known" in said
    assert "not known" not in CoefficientDisplay(W[:1]).plot().figure_.get_suptitle()
    # The largest features are those of the outcome that is known.
    assert CoefficientDisplay(W, features=1).plot().shown_.tolist() == [2]


def test_one_outcome_has_no_mean_over_outcomes():
    rows = pd.DataFrame({"outcome": ["a"], "estimator": ["m"], "gain": [3.0], "low": [1.0], "high": [5.0]})
    rows["verdict"] = "helped"

    class Found:
        baseline = "independent"

        def summary(self, baseline=None):
            return rows

        def overall(self, baseline=None):
            return rows.drop(columns="outcome").assign(n_outcomes=1)

    display = GainDisplay.from_comparison(Found()).plot()
    assert tick_labels(display.ax_.yaxis) == ["a"]


@pytest.mark.parametrize(
    ("n", "seen", "words"),
    [(1000, 1, ["999 (>99%)", "1 (<1%)"]), (200, 1, ["199 (>99%)", "1 (<1%)"]), (4, 4, ["4 (100%)"])],
)
def test_percents_are_0_and_100_only_where_they_are(n, seen, words):
    Y = pd.DataFrame({"a": np.ones(n), "b": np.r_[np.ones(seen), np.full(n - seen, np.nan)]})
    display = MissingnessDisplay.from_data(Y).plot()
    assert [text.get_text() for text in display.axes_["counts"].texts] == words
