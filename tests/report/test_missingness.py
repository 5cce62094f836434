"""Which outcomes are observed together: the figure of the page, its words, and where there is none."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from report.conftest import Reader
from sklearn.linear_model import Ridge

from skmtl._report._data import _patterns
from skmtl.inspection import missingness_report
from skmtl.model_selection import RepeatedMultiTaskKFold, compare
from skmtl.multioutput import IndependentTasks, PooledTasks

pytest.importorskip("matplotlib")

MODELS = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}
NAMES = ["ldl", "<i>hdl</i>", "crp"]


def table(n: int = 40):
    rng = np.random.default_rng(0)
    Y = pd.DataFrame(rng.normal(size=(n, 3)), columns=NAMES)
    Y.loc[: n // 2, ["ldl", "<i>hdl</i>"]] = np.nan
    Y.loc[n - 3 :, "crp"] = np.nan
    return rng.normal(size=(n, 2)), Y


def shown(found):
    """The figure's words: those of its alternative text, and of its caption."""
    page = Reader(found.to_html())
    alts = [given["aria-label"] for given in page.find("svg")]
    caption = re.search(r"a line is a pattern.*?\.\s(The.*?\.)", re.sub(r"\s+", " ", page.text))
    return [alt for alt in alts if "observed together" in alt], caption and caption.group(1)


@pytest.mark.parametrize("cv", [4, RepeatedMultiTaskKFold(4, n_repeats=2, random_state=1)])
def test_patterns_are_those_of_the_table(cv):
    X, Y = table()
    found = compare(X, Y, MODELS, cv=cv, random_state=0)
    patterns = _patterns(found)
    wanted = missingness_report(Y).patterns.droplevel("share")
    pd.testing.assert_frame_equal(patterns, wanted, check_names=False)
    (alt,), caption = shown(found)
    assert alt == (
        "Which outcomes are observed together: 3 patterns in 40 rows, the commonest in 21 rows (52%) with 2 of 3 "
        "outcomes missing. Counts for each outcome are in the table."
    )
    assert caption == "The commonest of 3 patterns, in 21 of 40 rows, has no ldl, <i>hdl</i>."


def test_no_figure_where_nothing_is_missing_or_one_outcome_is_there_or_rows_are_of_places():
    X, Y = table()
    complete = Y.fillna(0.0) + X[:, :1]
    assert shown(compare(X, complete, MODELS, cv=3, random_state=0)) == ([], None)
    assert shown(compare(X, Y[["crp"]], MODELS, cv=3, random_state=0)) == ([], None)
    place = np.arange(40) % 2
    assert shown(compare(X, complete["ldl"], MODELS, task=place, cv=3, random_state=0)) == ([], None)


def test_no_share_is_rounded_to_none_or_all():
    X, Y = table(300)
    Y = Y.fillna(0.0) + X[:, :1]
    Y.iloc[0, 0] = np.nan
    text = Reader(compare(X, Y, MODELS, cv=2, random_state=0).to_html()).text
    assert "2991 (<1%)" in text
