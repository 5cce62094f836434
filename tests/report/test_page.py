"""The page of a comparison: every part there, every text a text, nothing from outside."""

from __future__ import annotations

import dataclasses
import re
import sys
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from report.conftest import EVIL, Reader, mixed
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge

from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model import MultiTaskLasso
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks

SECTIONS = ["data", "methods", "outcomes", "gains", "coefficients", "calibration", "fits", "origin"]


@pytest.fixture
def no_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.fixture(scope="module")
def hostile_page(hostile_found):
    pytest.importorskip("matplotlib")
    return hostile_found.to_html(title="<title>A & B</title>", command="skmtl '<i>'")


@pytest.fixture(scope="module")
def mixed_page(mixed_found):
    pytest.importorskip("matplotlib")
    return mixed_found.to_html(units={"ldl": "mg/<dl>"})


def test_no_name_becomes_markup(hostile_page):
    page = Reader(hostile_page)
    shown = re.sub(r"\s+", " ", page.text)
    for name in EVIL:
        text = re.sub(r"\s+", " ", re.sub("[\x01\x0b]", "\ufffd", name))
        # Once in the table of outcomes and once for each of the tables with models.
        assert shown.count(text) >= 3, name
    assert "<title>A & B</title>" in shown
    assert "skmtl '<i>'" in shown


def test_nothing_comes_from_outside(hostile_page):
    assert "http://" not in hostile_page
    assert "https://" not in hostile_page
    assert "<script" not in hostile_page
    assert "@import" not in hostile_page
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", hostile_page)
    policy = [given["content"] for given in Reader(hostile_page).find("meta") if "http-equiv" in given]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_hostile_page_is_written_as_utf8_and_is_the_same_again(hostile_found, hostile_page, tmp_path):
    path = tmp_path / "page.html"
    text = hostile_found.to_html(path, title="<title>A & B</title>", command="skmtl '<i>'")
    assert path.read_bytes().decode("utf-8") == text == hostile_page


def test_parts_in_order_with_links_to_them(mixed_page):
    page = Reader(mixed_page)
    assert [given["id"] for given in page.find("section")] == SECTIONS
    links = [given["href"] for given in page.find("a")]
    assert links[: len(SECTIONS)] == [f"#{anchor}" for anchor in SECTIONS]
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(set(ids)) == len(ids)
    assert {link[1:] for link in links} <= set(ids)
    inner = [given["href"][1:] for name, given in page.tags if name == "use" and "href" in given]
    assert set(inner) <= set(ids)


def test_accessible(mixed_page, hostile_page):
    for text in (mixed_page, hostile_page):
        page = Reader(text)
        assert page.find("html") == [{"lang": "en"}]
        levels = [int(name[1]) for name, _ in page.tags if re.fullmatch("h[1-6]", name)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert all(given["scope"] in ("col", "row", "rowgroup") for given in page.find("th"))
        assert len(page.find("table")) == len(page.find("caption"))
        assert len(page.find("svg")) >= 3
        assert all(given["role"] == "img" and len(given["aria-label"]) > 30 for given in page.find("svg"))
        boxes = [given for given in page.find("div") if given.get("class") == "scroll"]
        assert len(boxes) == len(page.find("table")) + len(page.find("svg"))
        assert all(given["tabindex"] == "0" and given["aria-label"] for given in boxes)


def test_numbers_are_those_of_the_summary(mixed_found, mixed_page):
    text = re.sub(r"\s+", " ", Reader(mixed_page).text)
    summary = mixed_found.summary()
    assert summary["verdict"].tolist() == ["hurt", "hurt", "no evidence"]
    for row in summary.itertuples():
        p = "< 0.001" if row.p_adjusted < 0.001 else f"{row.p_adjusted:.3f}"
        word = {"hurt": "▼ hurt", "no evidence": "○ no evidence"}[row.verdict]
        assert f"{row.gain:+.1f}%{row.low:+.1f}% to {row.high:+.1f}%{p}{word}" in text
        assert (f"shrunk adds {abs(row.gain):.1f}% of the" in text) == (row.verdict == "hurt")
    losses = mixed_found.table()
    for outcome in ("ldl", "hdl"):
        for name in ("independent", "shrunk"):
            assert any(f"{name}{losses.loc[outcome, name]:.{digits}f}" in text for digits in (3, 4))
    assert "Sharing helped none of 3 outcomes and hurt 2; for 1 there is no evidence either way." in text
    assert "No evidence either way: died." in text
    assert "mg/<dl>" in text


def test_data_in_words(mixed_found, mixed_page):
    text = re.sub(r"\s+", " ", Reader(mixed_page).text)
    _, Y, _ = mixed()
    missing, complete = int(Y.isna().sum().sum()), int(Y.notna().all(axis=1).sum())
    assert "90 rows, 3 features, 3 outcomes." in text
    assert f"{missing} of 270 outcome values ({missing / 270:.1%}) are not observed" in text
    assert f"{complete} rows with every outcome, {int(Y.isna().all(axis=1).sum())} with none" in text
    events = int((Y["died"] == "yes").sum())
    assert f"diedyes/no900 (0%)yes{events} ({events / 90:.0%})" in text
    assert "No feature has missing values." in text


def test_missing_features_are_named():
    _, Y, X = mixed()
    models = {"independent": IndependentTasks(Ridge()), "lasso": MultiTaskLasso(alpha=0.1)}
    found = compare(X, Y[["ldl", "hdl"]], models, cv=3, preprocessor=SimpleImputer(), random_state=0)
    text = Reader(found.to_html()).text
    assert "1 feature has rows without a value: bmi (5 of 90)." in text
    assert "compare(..., return_estimator=True)" in text
    assert "There are no yes/no outcomes." in text
    assert "Nothing failed to converge (3 models solved in all folds)." in text
    assert "Nothing: no fit warned of anything." in text
    assert "independent0no certificate" in text


def test_what_failed_is_said_by_model_fold_and_outcome():
    X, Y, _ = mixed()
    models = {
        "independent": IndependentTasks(MultiTaskLasso(alpha=1e-4, solver="fista", max_iter=1)),
        "lasso": MultiTaskLasso(alpha=0.1),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = compare(X, Y[["ldl", "hdl"]], models, cv=2, random_state=0)
    assert found.fits["converged"].tolist() == [False, False, True, False, False, True]
    assert found.fits["outcomes"].tolist() == [("ldl",), ("hdl",), ("ldl", "hdl")] * 2
    assert found.warnings["count"].sum() == 4
    assert set(found.warnings["category"]) == {"ConvergenceWarning"}
    text = Reader(found.to_html()).text
    assert "Nothing failed" not in text
    for fold in (1, 2):
        for outcome in ("ldl", "hdl"):
            assert f"independent{fold}{outcome}fista" in text
    assert text.count("The iteration limit was reached") == 4


def test_methods_follow_the_options(mixed_found):
    def words(**options):
        return Reader(mixed_found.to_html(**options)).text

    assert "Benjamini and Hochberg (1995)" not in words()
    told = words(interval="corrected_t", adjust="fdr_bh", alpha=0.1, baseline="shrunk")
    assert "90% intervals take the folds as observations" in told
    assert "Y. Benjamini and Y. Hochberg (1995)." in told
    assert "B. Efron" not in told
    assert "share of the loss of shrunk" in told
    assert "P values are not adjusted" in words(adjust=None)


def test_one_model_and_one_fold():
    X, Y, _ = mixed()
    alone = compare(X, Y["ldl"], {"independent": IndependentTasks(Ridge())}, cv=2, random_state=0)
    assert "there is nothing to compare it with" in Reader(alone.to_html()).text
    rows = np.arange(90)
    models = {"independent": IndependentTasks(Ridge()), "lasso": MultiTaskLasso(alpha=0.1)}
    once = compare(X, Y["ldl"], models, cv=[(rows[:60], rows[60:])])
    text = Reader(once.to_html()).text
    assert "one fold gives neither intervals nor verdicts" in text
    assert "There is no evidence that sharing helped or hurt for the one outcome." in text


def test_places_instead_of_outcomes():
    X, Y, _ = mixed()
    place = pd.Series(np.tile(["north", "<south>", "west"], 30))
    models = {"independent": IndependentTasks(Ridge()), "lasso": MultiTaskLasso(alpha=0.1)}
    complete = Y["ldl"].fillna(0.0)
    found = compare(X, complete, models, task=place, cv=2, random_state=0, groups=np.arange(90) // 2)
    text = Reader(found.to_html()).text
    assert "90 rows, 45 groups of rows, 3 features, 3 places." in text
    assert "<south>number30" in text
    assert "compare(X, Y, {'independent': IndependentTasks(estimator=Ridge())" in text
    assert "task=task, groups=groups" in text


def test_without_matplotlib_the_page_says_so(mixed_found, no_matplotlib):
    page = Reader(mixed_found.to_html())
    assert [given["id"] for given in page.find("section")] == SECTIONS
    assert page.find("svg") == []
    assert page.text.count('pip install "skmtl[plot]"') == 4


def test_a_comparison_made_without_the_record_still_has_a_page(mixed_found):
    bare = dataclasses.replace(mixed_found, fitted=None, fits=None, warnings=None, features=None, asked=None)
    page = Reader(bare.to_html())
    assert [given["id"] for given in page.find("section")] == SECTIONS
    assert "How the fits ended was not recorded." in page.text


def test_units_of_something_else_are_refused(mixed_found):
    with pytest.raises(InvalidParameterError, match="units names 'LDL', which is no outcome: name one of 'ldl'"):
        mixed_found.to_html(units={"LDL": "mg/dl"})
    with pytest.raises(InvalidParameterError, match="The baseline 'x' is not among"):
        mixed_found.to_html(baseline="x")


def test_figures_get_the_numbers_of_the_tables(mixed_found, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    drawn = {}

    def draw(kind):
        def keep(*given):
            drawn.setdefault(kind, []).append(given)
            return plt.figure()

        return keep

    monkeypatch.setattr("skmtl._report._gains.draw_gains", draw("gains"))
    monkeypatch.setattr("skmtl._report._coefficients.draw_coefficients", draw("coefficients"))
    monkeypatch.setattr("skmtl._report._calibration.draw_calibration", draw("calibration"))
    mixed_found.to_html()
    frame = mixed_found.coefficients()
    assert len(drawn["coefficients"]) == 2
    for name, (coef, features, outcomes) in zip(mixed_found.estimators, drawn["coefficients"], strict=True):
        rows = frame[frame["estimator"] == name].set_index(["outcome", "feature"])["mean"]
        assert (features, outcomes) == (["age", "bmi", "crp"], ["ldl", "hdl", "died"])
        np.testing.assert_array_equal(coef, [[rows[outcome, feature] for feature in features] for outcome in outcomes])
    (gains,) = drawn["gains"]
    pd.testing.assert_frame_equal(gains[0], mixed_found.summary())
    assert [given[1:] for given in drawn["calibration"]] == [("independent", ["died"]), ("shrunk", ["died"])]


def test_calibration_table_counts_events(mixed_found, mixed_page):
    text = Reader(mixed_page).text
    seen = mixed_found.predictions.query("outcome == 'died' and estimator == 'shrunk'")
    assert f"shrunk{seen['y_pred'].mean():.1%}{seen['y_true'].mean():.1%}" in text
    brier = mixed_found.scores.query("outcome == 'died' and estimator == 'shrunk' and metric == 'brier'")[
        "value"
    ].mean()
    assert f"{brier:.3g}" in text
