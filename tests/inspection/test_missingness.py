"""The report on missing outcomes."""

import dataclasses
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from skmtl.cli.audit import audit
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.inspection import missingness_report
from skmtl.inspection._differences import differences

DATA = Path(os.environ.get("SKMTL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
N = 400


@pytest.fixture(name="data")
def table():
    """Age decides who has a lactate; pressure rises with age; an echo is missing by a coin."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(60, 10, size=N), "ward": rng.choice(["icu", "er"], size=N)})
    Y = pd.DataFrame({"pressure": X["age"] + 5 * rng.normal(size=N), "lactate": rng.normal(size=N)})
    Y["echo"] = np.where(rng.random(N) < 0.3, np.nan, rng.normal(size=N))
    Y.loc[rng.random(N) > expit((X["age"] - 60) / 5), "lactate"] = np.nan
    return X, Y


def test_what_is_planted_is_found(data):
    X, Y = data
    report = missingness_report(Y, X)
    frame = report.to_frame().set_index("outcome")
    assert frame["flag"].to_dict() == {"pressure": "complete", "lactate": "predictable", "echo": "not seen"}
    assert frame.loc["lactate", "low"] > 0.75
    assert frame.loc["echo", "low"] < 0.5 < frame.loc["echo", "high"]
    assert frame.loc["lactate", "n_effective"] < 0.8 * frame.loc["lactate", "observed"]
    assert frame.loc["pressure", "n_effective"] == N
    found = report.differences.set_index(["outcome", "without"])
    assert found.loc[("pressure", "lactate"), "low"] > 0.5
    assert found.loc[("pressure", "echo"), "p_adjusted"] > 0.05
    words = str(report)
    assert "pressure lower where lactate is missing" in words
    assert "MCAR" not in words.upper()
    assert "Not seen, here or in any data" in words


def test_counts(data):
    _, Y = data
    report = missingness_report(Y)
    seen = Y.notna().to_numpy()
    frame = report.to_frame()
    assert frame["observed"].tolist() == seen.sum(axis=0).tolist()
    assert frame["flag"].tolist() == ["complete", "not asked", "not asked"]
    assert report.together.loc["lactate", "echo"] == (seen[:, 1] & seen[:, 2]).sum()
    share = report.together_share()
    assert share.loc["lactate", "echo"] == pytest.approx((seen[:, 1] & seen[:, 2]).sum() / seen[:, 1].sum())
    counts = report.patterns.index.get_level_values("count").to_numpy()
    assert list(counts) == sorted(counts, reverse=True)
    assert counts.sum() == N
    both = report.patterns.reset_index().query("lactate and echo")["count"].item()
    assert both == (seen[:, 1] & seen[:, 2]).sum()


def test_nothing_is_changed_and_the_result_is_frozen(data):
    X, Y = data
    before = X.copy(), Y.copy()
    report = missingness_report(Y, X)
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_frame_equal(Y, before[1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.n_rows = 3
    frame = report.to_frame()
    frame["auc"] = 0
    assert report.outcomes["auc"].max() > 0.5
    assert str(pickle.loads(pickle.dumps(report))) == str(report)
    assert str(missingness_report(Y, X)) == str(report)


def test_false_flags_are_rare_when_nothing_is_predictable():
    """400 outcomes missing by a coin: 2.5% are meant to lie above 1/2, and as many below (8% and 8% by the variance of
    independent folds)."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(150, 4))
    low, high = [], []
    for _ in range(20):
        Y = np.where(rng.random((150, 20)) < 0.3, np.nan, 1.0)
        # The features are numbers of one scale already; preparing them again takes most of the time.
        frame = missingness_report(Y, X, cv=3, estimator=LogisticRegression()).outcomes
        low += frame["low"].tolist()
        high += frame["high"].tolist()
    assert np.mean(np.array(low) > 0.5) <= 0.045
    assert np.mean(np.array(high) < 0.5) <= 0.045


def test_outcomes_missing_together_are_one_test(data):
    X, Y = data
    alone = missingness_report(Y[["lactate"]], X).outcomes
    twice = missingness_report(Y[["lactate"]].assign(copy=Y["lactate"] + 1), X).outcomes
    assert twice["p_adjusted"].tolist() == alone["p_adjusted"].tolist() * 2


def test_groups_widen_intervals_and_count_patients(data):
    X, Y = data
    copies = pd.concat([X] * 4, ignore_index=True), pd.concat([Y] * 4, ignore_index=True)
    patient = np.tile(np.arange(N), 4)
    rows = missingness_report(copies[1], copies[0]).outcomes.set_index("outcome")
    report = missingness_report(copies[1], copies[0], groups=patient)
    grouped, once = report.outcomes.set_index("outcome"), missingness_report(Y, X).outcomes.set_index("outcome")
    width = {
        key: f.loc["echo", "high"] - f.loc["echo", "low"] for key, f in {"r": rows, "g": grouped, "o": once}.items()
    }
    assert width["r"] < 0.6 * width["o"]
    assert width["g"] == pytest.approx(width["o"], rel=0.15)
    assert grouped["groups"].tolist() == once["observed"].tolist()
    assert grouped["n_effective"].tolist() == pytest.approx(once["n_effective"].tolist(), rel=0.1)
    assert report.n_groups == N
    d = report.differences.set_index(["outcome", "without"]).loc[("pressure", "lactate")]
    e = missingness_report(Y, X).differences.set_index(["outcome", "without"]).loc[("pressure", "lactate")]
    assert d["high"] - d["low"] == pytest.approx(e["high"] - e["low"], rel=0.01)


def test_rows_of_tasks():
    rng = np.random.default_rng(2)
    site, patient = np.tile(["north", "south"], 200), np.repeat(np.arange(200), 2)
    X = rng.normal(size=(400, 2))
    y = rng.normal(size=400)
    y[(site == "south") & (rng.random(400) > expit(2 * X[:, 0]))] = np.nan
    report = missingness_report(y, X, task=site, groups=patient)
    frame = report.outcomes.set_index("outcome")
    assert frame["rows"].tolist() == [200, 200]
    assert frame["flag"].to_dict() == {"north": "complete", "south": "predictable"}
    assert report.together.loc["north", "south"] == np.isfinite(y[site == "south"]).sum()  # patients with both
    assert report.differences.empty
    assert "groups" in str(report)


def test_difference_is_the_normal_theory_one_for_equal_halves():
    rng = np.random.default_rng(3)
    n = 4000
    mask = np.column_stack([np.ones(n, bool), np.arange(n) < n // 2])
    y = rng.normal(size=n) + 2.0 * mask[:, 1]
    row = differences(("a", "b"), [y, None], mask, None, 0.95).iloc[0]
    half = [y[: n // 2], y[n // 2 :]]
    d = (half[0].mean() - half[1].mean()) / np.sqrt((half[0].var(ddof=1) + half[1].var(ddof=1)) / 2)
    assert row["difference"] == pytest.approx(d)
    assert (row["high"] - row["low"]) / 2 / 1.959964 == pytest.approx(np.sqrt(4 / n + d**2 / (2 * n)), rel=0.03)


def test_coverage_of_a_difference():
    rng = np.random.default_rng(4)
    covered = []
    for _ in range(500):
        with_k = rng.random(120) < 0.3
        mask = np.column_stack([np.ones(120, bool), with_k])
        row = differences(("a", "b"), [rng.normal(size=120) + 0.5 * with_k, None], mask, None, 0.95).iloc[0]
        covered.append(row["low"] <= 0.5 <= row["high"])
    assert 0.93 <= np.mean(covered) <= 0.97


def test_outcomes_that_say_nothing_are_reported_not_fatal():
    X = np.zeros((50, 1))  # constant
    Y = pd.DataFrame({"never": np.full(50, np.nan), "all": "x", "few": [1.0] * 45 + [np.nan] * 5})
    Y["half"] = np.where(np.arange(50) % 2, 1.5, np.nan)
    report = missingness_report(Y, X)
    frame = report.outcomes.set_index("outcome")
    assert frame["flag"].tolist() == ["never observed", "complete", "too few", "not seen"]
    assert frame.loc["half", ["auc", "low", "high", "p_value"]].tolist() == [0.5, 0.5, 0.5, 1.0]
    assert "Never observed, to be left out of a fit: never." in str(report)
    assert frame.loc["never", "n_effective"] == 0


def test_complete_outcomes_are_said_to_be(data):
    X, Y = data
    words = str(missingness_report(Y[["pressure"]], X))
    assert "Every outcome is observed in every row: nothing is missing." in words


def test_features_with_holes_strings_and_none_at_all(data):
    X, Y = data
    expected = missingness_report(Y, X).outcomes.loc[1, "auc"]
    ragged = X.assign(ward=X["ward"].where(X.index % 5 > 0), empty=np.nan, when=pd.Timestamp("2020-01-01"))
    ragged.loc[::9, "age"] = np.nan
    assert 0.7 < missingness_report(Y, ragged).outcomes.loc[1, "auc"] < expected
    strings = X["age"].round(-1).astype(str).to_numpy()[:, None].astype(object)
    assert missingness_report(Y, strings).outcomes.loc[1, "auc"] > 0.75
    numbers = X[["age"]].to_numpy() - 60
    assert missingness_report(Y, sparse.csr_array(numbers)).outcomes.loc[1, "auc"] > 0.8


def test_a_curve_is_seen_by_a_model_that_can():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(600, 1))
    y = np.where(np.abs(x[:, 0]) < 0.7, np.nan, 1.0)
    assert missingness_report(y, x).outcomes.loc[0, "auc"] < 0.7
    boosted = HistGradientBoostingClassifier(max_iter=20)
    assert missingness_report(y, x, estimator=boosted).outcomes.loc[0, "auc"] > 0.95


@pytest.mark.parametrize("n_outcomes", [3, 60])
@pytest.mark.parametrize("grouped", [False, True])
def test_words_fit_a_terminal_whatever_the_names(n_outcomes, grouped, capsys):
    rng = np.random.default_rng(6)
    names = ["", "[bold]x[/bold]\nnew line", "médiane " * 9] + [f"outcome {t}" for t in range(57)]
    # Six ways of being missing, so that there are six models.
    holes = (rng.random((120, 6)) < 0.4)[:, np.arange(n_outcomes) % 6]
    Y = pd.DataFrame(np.where(holes, np.nan, 1.0), columns=names[:n_outcomes])
    Y += rng.normal(size=Y.shape)
    Y.iloc[:60, 0] = np.nan
    groups = np.arange(120) // 2 if grouped else None
    report = audit(rng.normal(size=(120, 2)), Y, groups=groups, title="a table", cv=2)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "a table"
    assert len(lines) < n_outcomes + 45
    assert sum(line.startswith("[bold]x") for line in lines) >= 1
    assert report.to_frame()["outcome"].tolist() == names[:n_outcomes]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"Y": None}, TaskDataError, "missingness_report requires y"),
        ({"Y": [[1.0, 2.0], [np.inf, 1.0]]}, TaskDataError, r"task 0.*infinity in row 1"),
        ({"Y": pd.DataFrame([[1, 2]] * 2, columns=["a", "a"])}, TaskDataError, "two columns named 'a'"),
        ({"X": [[1.0]]}, TaskDataError, "Y has 2 rows but X has 1"),
        ({"groups": [1, None]}, TaskDataError, "groups has a missing id in row 1"),
        ({"groups": [1]}, TaskDataError, "groups has 1 rows but there are 2"),
        ({"task": ["a", "b"], "Y": [[1.0, 2.0]] * 2}, TaskDataError, "task goes with a 1-D Y"),
        ({"cv": 1}, InvalidParameterError, "cv must be an int of at least 2"),
        ({"estimator": LogisticRegression}, InvalidParameterError, "estimator must be None or a classifier"),
    ],
)
def test_bad_input(given, error, message):
    arguments = {"Y": [1.0, np.nan], "X": [[1.0], [2.0]], **given}
    with pytest.raises(error, match=message):
        missingness_report(**arguments)


@pytest.mark.skipif(not (DATA / "nhanes_adults.csv.gz").exists(), reason="needs the shared data: nhanes_adults.csv.gz")
def test_nhanes():
    table = pd.read_csv(DATA / "nhanes_adults.csv.gz")
    outcomes = ["BPSysAve", "DirectChol", "TotChol", "Diabetes"]
    X = table[["Age", "Gender", "Race1", "BMI", "Education", "Poverty"]]
    frame = missingness_report(table[outcomes], X).outcomes.set_index("outcome")
    assert frame["observed"].tolist() == [4460, 4381, 4381, 4653]
    assert frame["flag"].tolist() == ["predictable"] * 3 + ["too few"]
    assert frame.loc["DirectChol", "auc"] == frame.loc["TotChol", "auc"]
