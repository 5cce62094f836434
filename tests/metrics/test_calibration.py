"""Calibration tables, the parts of the Brier score, decision curves: against loops, closed forms and simulation."""

import warnings

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from skmtl import metrics
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics._recalibrate import recalibrate, separated

NAN = np.nan


def drawn(n=400, n_tasks=2, seed=0, slope=1.0):
    """Outcomes drawn from probabilities, and predictions whose log-odds are divided by ``slope``."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=(n, n_tasks)) - 0.5
    return (rng.random((n, n_tasks)) < expit(eta)).astype(float), expit(eta / slope)


@pytest.mark.parametrize("n_bins", [1, 4, 10, None])
@pytest.mark.parametrize("weighted", [False, True])
def test_brier_score_is_the_sum_of_its_parts(n_bins, weighted):
    y_true, y_proba = drawn()
    y_proba = y_proba.round(2)
    y_true[::7, 1] = NAN
    weight = np.random.default_rng(1).uniform(0.2, 3, size=y_true.shape) if weighted else None
    parts = metrics.brier_decomposition(y_true, y_proba, sample_weight=weight, n_bins=n_bins)
    whole = (
        parts["reliability"]
        - parts["resolution"]
        + parts["uncertainty"]
        + parts["within_variance"]
        - parts["within_covariance"]
    )
    np.testing.assert_allclose(whole, parts["brier"], rtol=0, atol=1e-12)
    score = metrics.brier_score_loss(y_true, y_proba, sample_weight=weight, multioutput="raw_values")
    np.testing.assert_allclose(parts["brier"], score, rtol=0, atol=1e-12)
    if n_bins is None:
        np.testing.assert_allclose(parts[["within_variance", "within_covariance"]], 0, atol=1e-12)


def test_parts_by_hand():
    y_true, y_proba = [0, 1, 0, 1, 1, 0], [0.1, 0.1, 0.2, 0.7, 0.7, 0.7]
    parts = metrics.brier_decomposition(y_true, y_proba, n_bins=None).loc[0]
    rates, predictions, sizes = np.array([0.5, 0, 2 / 3]), np.array([0.1, 0.2, 0.7]), np.array([2, 1, 3])
    assert parts["reliability"] == pytest.approx(sizes @ (rates - predictions) ** 2 / 6)
    assert parts["resolution"] == pytest.approx(sizes @ (rates - 0.5) ** 2 / 6)
    assert parts["uncertainty"] == 0.25


def test_slope_and_intercept_recover_a_distortion():
    y_true, y_proba = drawn(20000, 1, slope=0.5)
    assert metrics.calibration_slope(y_true, y_proba) == pytest.approx(0.5, abs=0.03)
    shifted = expit(logit(y_proba) + 0.3)
    assert metrics.calibration_slope(y_true, shifted) == pytest.approx(metrics.calibration_slope(y_true, y_proba))
    change = metrics.calibration_intercept(y_true, y_proba) - metrics.calibration_intercept(y_true, shifted)
    assert change == pytest.approx(0.3)


def test_probabilities_of_zero_and_one_count():
    y_true, y_proba = drawn(200, 1)
    y_proba[:4, 0], y_true[:4, 0] = [0, 1, 0, 1], [0, 1, 1, 0]
    assert np.isfinite(metrics.calibration_slope(y_true, y_proba))
    assert metrics.calibration_slope(y_true, y_proba) < 0.3


UNDEFINED = {
    "no event": ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], "one class in y_true", True),
    "all events": ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], "one class in y_true", True),
    "separation": ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], "the predictions separate events from non-events", False),
    "reversed": ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "the predictions separate events from non-events", False),
    "quasi-complete": ([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.4], "the predictions separate events from non-events", False),
    "constant": ([0, 1, 1, 0], [0.3, 0.3, 0.3, 0.3], "all predictions are equal", False),
}


@pytest.mark.parametrize(("y", "p", "why", "intercept_too"), UNDEFINED.values(), ids=UNDEFINED)
def test_what_has_no_slope_is_nan_and_told(y, p, why, intercept_too):
    good, proba = drawn(4, 1, seed=3)
    good[:, 0], proba[:, 0] = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
    y_true, y_proba = np.column_stack([good, y]), np.column_stack([proba, p])
    with pytest.warns(UndefinedMetricWarning, match=f"^calibration_slope is undefined for task 1 .{why}.") as caught:
        raw = metrics.calibration_slope(y_true, y_proba, multioutput="raw_values")
    assert len(caught) == 1
    assert np.isnan(raw).tolist() == [False, True]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        raw = metrics.calibration_intercept(y_true, y_proba, multioutput="raw_values")
    assert np.isnan(raw[1]) == intercept_too == bool(caught)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = metrics.calibration_table(y_true, y_proba, n_bootstrap=20)
    assert table["undefined"].tolist() == ["", why]
    assert np.isnan(table.loc[1, ["slope", "slope_low", "slope_high"]].astype(float)).all()
    assert np.isfinite(table.loc[1, "ece"])


def test_a_slope_just_short_of_separation_exists():
    y, p = [0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.31, 0.4]
    assert np.isfinite(metrics.calibration_slope(y, p))
    assert metrics.calibration_slope(y, p) > 1


def test_table_columns_are_the_metrics():
    pandas = pytest.importorskip("pandas")
    y_true, y_proba = drawn(300, 3)
    y_true[::5, 1] = NAN
    y_true[:, 2] = NAN
    frame = pandas.DataFrame(y_true, columns=["death", "stroke", "none"])
    table = metrics.calibration_table(frame, y_proba, n_bootstrap=50)
    assert table.index.tolist() == ["death", "stroke", "none"]
    assert table.index.name == "outcome"
    kept, columns = ["death", "stroke"], {"sample_weight": None, "multioutput": "raw_values"}
    for name, metric in {
        "slope": metrics.calibration_slope,
        "intercept": metrics.calibration_intercept,
        "ece": metrics.expected_calibration_error,
        "brier": metrics.brier_score_loss,
    }.items():
        np.testing.assert_allclose(table.loc[kept, name], metric(frame[kept], y_proba[:, :2], **columns))
    assert table.loc["stroke", "n"] == 240
    assert table.loc["stroke", "events"] == np.nansum(y_true[:, 1])
    assert table.loc["none", "undefined"] == "no observed entries"
    assert table.loc["none"].drop(["n", "events", "undefined"]).isna().all()
    alone = metrics.calibration_table(frame[["stroke"]], y_proba[:, 1], n_bootstrap=50)
    pandas.testing.assert_frame_equal(alone, table.loc[["stroke"]])


def test_table_of_rows_is_that_of_columns():
    pandas = pytest.importorskip("pandas")
    y_true, y_proba = drawn(200, 2)
    wide = metrics.calibration_table(y_true, y_proba, n_bootstrap=30)
    rows = metrics.calibration_table(y_true.T.ravel(), y_proba.T.ravel(), task=np.repeat([0, 1], 200), n_bootstrap=30)
    pandas.testing.assert_frame_equal(rows, wide)


def test_standard_errors_are_those_of_the_information():
    y_true, y_proba = drawn(500, 1, seed=5)
    z = logit(y_proba[:, 0])
    table = metrics.calibration_table(y_true, y_proba, n_bootstrap=0).loc[0]
    b = table["slope"]
    # Solve for the intercept at this slope, then invert the information of both.
    a = metrics.calibration_intercept(y_true[:, 0], expit(b * z))
    p = expit(a + b * z)
    design = np.column_stack([np.ones(500), z])
    error = np.sqrt(np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)[1, 1])
    assert table["slope_high"] - b == pytest.approx(1.959963984540054 * error, rel=1e-6)
    assert np.isnan(table["ece_low"])


def test_rows_of_one_patient_count_as_one():
    y_true, y_proba = drawn(150, 1)
    one = metrics.calibration_table(y_true, y_proba, groups=np.arange(150), n_bootstrap=0)
    four = metrics.calibration_table(
        np.repeat(y_true, 4, axis=0), np.repeat(y_proba, 4, axis=0), groups=np.repeat(np.arange(150), 4), n_bootstrap=0
    )
    blind = metrics.calibration_table(np.repeat(y_true, 4, axis=0), np.repeat(y_proba, 4, axis=0), n_bootstrap=0)
    for column in ("slope_low", "intercept_high"):
        np.testing.assert_allclose(four[column], one[column], rtol=1e-8)
        assert abs(blind[column] - one[column]).item() > 0.02
    scaled = metrics.calibration_table(y_true, y_proba, sample_weight=np.full(150, 7.0), n_bootstrap=0)
    np.testing.assert_allclose(scaled["slope_low"], one["slope_low"], rtol=1e-8)  # a weight is no number of patients


def test_one_group_has_estimates_and_no_intervals():
    y_true, y_proba = drawn(100, 1)
    alone = metrics.calibration_table(y_true, y_proba, n_bootstrap=20).loc[0]
    row = metrics.calibration_table(y_true, y_proba, groups=np.ones(100), n_bootstrap=20).loc[0]
    for name in ("slope", "intercept", "ece"):
        assert row[name] == alone[name]
        assert np.isnan([row[f"{name}_low"], row[f"{name}_high"]]).all()
    assert row["undefined"] == "one group only: no interval"
    assert np.isfinite(row["ece_if_calibrated"])
    two = metrics.calibration_table(y_true, y_proba, groups=np.arange(100) % 2, n_bootstrap=0).loc[0]
    assert two["slope_low"] < two["slope"] < two["slope_high"]
    assert two["undefined"] == ""


def test_sandwich_is_the_sum_over_groups_written_out():
    y_true, y_proba = drawn(90, 1)
    groups = np.arange(90) // 9
    row = metrics.calibration_table(y_true, y_proba, groups=groups, n_bootstrap=0).loc[0]
    eta = row["intercept"] + logit(y_proba[:, 0])
    sums = [np.sum((y_true[:, 0] - expit(eta))[groups == g]) for g in range(10)]
    error = np.sqrt(10 / 9 * np.sum(np.square(sums))) / np.sum(expit(eta) * expit(-eta))
    assert row["intercept_high"] - row["intercept"] == pytest.approx(1.959963984540054 * error, rel=1e-8)


def hard_predictions(seed, n=300):
    """Predictions of exactly 0 and 1, a fifth of them wrong."""
    rng = np.random.default_rng(seed)
    predicted = (rng.random(n) < 0.4).astype(float)
    return np.where(rng.random(n) < 0.2, 1 - predicted, predicted).astype(int), predicted


@pytest.mark.parametrize("seed", range(5))
def test_recalibration_of_predictions_that_are_zero_and_one(seed):
    """Trees and neighbours give them; log-odds are kept off infinity by the machine precision."""
    y_true, y_proba = hard_predictions(seed)
    far = logit(1 - np.finfo(float).eps)
    score = np.where(y_proba == 1, far, logit(np.finfo(float).eps))
    intercept = metrics.calibration_intercept(y_true, y_proba)
    assert np.sum(expit(intercept + score)) == pytest.approx(y_true.sum(), rel=1e-9)
    low, high = (y_true[y_proba == p].mean() for p in (0, 1))
    slope = (logit(high) - logit(low)) / (score.max() - score.min())
    assert metrics.calibration_slope(y_true, y_proba) == pytest.approx(slope, rel=1e-6)
    row = metrics.calibration_table(y_true, y_proba, n_bootstrap=0).loc[0]
    assert row["intercept"] == pytest.approx(intercept)
    assert row["intercept_low"] < row["intercept"] < row["intercept_high"]


@pytest.mark.parametrize("level", [0.0, 1e-12, 1e-6, 1 - 1e-9])
def test_intercept_of_one_extreme_prediction_is_a_difference_of_log_odds(level):
    y_true = np.array([0, 1, 0, 0] * 20)
    kept = np.clip(level, np.finfo(float).eps, 1)
    assert metrics.calibration_intercept(y_true, np.full(80, level)) == pytest.approx(logit(0.25) - logit(kept))


def test_slope_where_predictions_all_but_separate_the_events():
    """The likelihood has a maximum, far off and hard to come by: the equations of the maximum hold there."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        score = np.sort(rng.choice([-36.0, 0.0, 36.0], 30) + rng.normal(size=30) * 10.0 ** rng.uniform(-12, 0))
        score = np.clip(score, -36, 36)
        event = (np.arange(30) >= 15).astype(float)
        event[[14, 15]] = event[[15, 14]]
        if separated(event, score) is None:
            found = recalibrate(event, score, None, slope=True)
            left = expit(found.intercept + found.slope * score) - event
            assert abs(left.sum()) < 1e-3
            assert abs(left @ score) < 1e-3
            assert found.slope > 0


def test_intervals_cover():
    """300 samples of 300: slope and intercept at 95%, and the calibration error in half of them."""
    covered = np.zeros((300, 3))
    for seed in range(300):
        y_true, y_proba = drawn(300, 1, seed=100 + seed, slope=0.7)
        row = metrics.calibration_table(y_true, y_proba, n_bins=5, n_bootstrap=100 if seed < 150 else 0).loc[0]
        covered[seed] = [
            row["slope_low"] <= 0.7 <= row["slope_high"],
            True,
            row["ece_low"] <= ERROR <= row["ece_high"],
        ]
        shifted = metrics.calibration_table(y_true, expit(logit(y_proba) * 0.7 + 0.4), n_bootstrap=0).loc[0]
        covered[seed, 1] = shifted["intercept_low"] <= -0.4 <= shifted["intercept_high"]
    rate = covered.mean(axis=0)
    assert 0.912 <= rate[0] <= 0.988
    assert 0.912 <= rate[1] <= 0.988
    assert 0.9 <= covered[:150, 2].mean() <= 0.99


def true_error(n=400000):
    """Calibration error of five bins of the distorted predictions of `drawn` itself."""
    y_true, y_proba = drawn(n, 1, seed=9, slope=0.7)
    rate = expit(0.7 * logit(y_proba[:, 0]))
    bins = np.array_split(np.argsort(y_proba[:, 0]), 5)
    assert abs(y_true.mean() - rate.mean()) < 0.01
    return np.mean([abs((rate - y_proba[:, 0])[b].mean()) for b in bins])


ERROR = true_error()


def test_error_if_calibrated_is_that_of_calibrated_predictions():
    errors, expected = [], []
    for seed in range(40):
        y_true, y_proba = drawn(200, 1, seed=seed)
        row = metrics.calibration_table(y_true, y_proba, n_bootstrap=40).loc[0]
        errors.append(row["ece"])
        expected.append(row["ece_if_calibrated"])
    assert np.mean(errors) == pytest.approx(np.mean(expected), rel=0.1)
    assert np.mean(errors) > 0.05


@pytest.mark.parametrize("weighted", [False, True])
def test_net_benefit_is_a_loop(weighted):
    y_true, y_proba = drawn(60, 2)
    y_proba = y_proba.round(1)  # predictions on the threshold are treated
    y_true[::4, 1] = NAN
    weight = np.random.default_rng(2).uniform(0.2, 3, size=y_true.shape) if weighted else np.ones(y_true.shape)
    found = metrics.net_benefit(y_true, y_proba, [0.0, 0.3, 0.5, 0.9], sample_weight=weight if weighted else None)
    assert len(found) == 8
    for row in found.itertuples():
        t, c, benefit, everyone, total = row.outcome, row.threshold, 0.0, 0.0, 0.0
        for i in range(60):
            if np.isnan(y_true[i, t]):
                continue
            gain = weight[i, t] * (y_true[i, t] - (1 - y_true[i, t]) * c / (1 - c))
            benefit += gain * (y_proba[i, t] >= c)
            everyone += gain
            total += weight[i, t]
        assert row.net_benefit == pytest.approx(benefit / total, abs=1e-12)
        assert row.treat_all == pytest.approx(everyone / total, abs=1e-12)
        assert row.treat_none == 0
    assert found["n"].tolist() == [60] * 4 + [45] * 4


def test_net_benefit_of_everybody_and_of_outcomes_without_events():
    y_true = np.array([[0, 0, NAN], [0, 1, NAN], [0, 0, NAN]])
    found = metrics.net_benefit(y_true, np.full((3, 3), 0.5))
    assert len(found) == 3 * 99
    low = found[(found["threshold"] <= 0.5) & (found["outcome"] < 2)]
    np.testing.assert_allclose(low["net_benefit"], low["treat_all"])
    assert (found[(found["threshold"] > 0.5) & (found["outcome"] < 2)]["net_benefit"] == 0).all()
    assert found[found["outcome"] == 2][["net_benefit", "treat_all", "treat_none"]].isna().all(axis=None)


def test_concordance_of_two_classes_is_the_area():
    rng = np.random.default_rng(7)
    y, score, weight = rng.integers(2, size=500), rng.normal(size=500).round(1), rng.uniform(size=500)
    assert metrics.concordance_index(y, score) == pytest.approx(sk.roc_auc_score(y, score), rel=1e-12)
    ours = metrics.concordance_index(y, score, sample_weight=weight)
    assert ours == pytest.approx(sk.roc_auc_score(y, score, sample_weight=weight), rel=1e-12)


def test_concordance_of_grades_with_ties():
    rng = np.random.default_rng(8)
    y, score = rng.integers(5, size=120).astype(float), rng.integers(7, size=120).astype(float)
    right = sum(
        (score[i] > score[j]) + (score[i] == score[j]) / 2 for i in range(120) for j in range(120) if y[i] > y[j]
    )
    pairs = sum(y[i] > y[j] for i in range(120) for j in range(120))
    assert metrics.concordance_index(y, score) == pytest.approx(right / pairs, rel=1e-13)
    assert metrics.concordance_index(y, -score) == pytest.approx(1 - right / pairs, rel=1e-13)
    assert metrics.concordance_index(np.exp(y), score**3) == pytest.approx(right / pairs, rel=1e-13)
    with pytest.warns(UndefinedMetricWarning, match="the observed target is constant"):
        assert np.isnan(metrics.concordance_index(np.ones(3), np.arange(3.0)))


def test_relative_improvement():
    new, old = np.array([[0.9, 2.0], [0.6, 5.0]]), np.array([[0.6, 4.0], [0.8, 5.0]])
    raw = metrics.relative_improvement(new, old, greater_is_better=[True, False], multioutput="raw_values")
    np.testing.assert_allclose(raw, [(0.5 + 0.5) / 2, -0.25 / 2])
    pair = {"greater_is_better": [True, False]}
    assert metrics.relative_improvement(new, old, **pair) == pytest.approx(0.1875)
    assert metrics.relative_improvement(new, old, multioutput="worst", **pair) == pytest.approx(-0.125)
    assert metrics.relative_improvement({"b": 1.0, "a": 3.0}, {"a": 2.0, "b": 1.0}) == 0.25
    assert metrics.relative_improvement([1.0, 3.0], [0.0, 2.0]) == 0.5  # nothing is relative to nothing
    assert metrics.relative_improvement([-1.0], [-2.0]) == 0.5
    assert np.isnan(metrics.relative_improvement([NAN], [1.0]))


def test_skill_score():
    y_true, y_pred = np.array([[1.0, 5.0], [2.0, NAN], [4.0, 7.0]]), np.array([[1.5, 5.0], [2.0, 0.0], [3.0, 6.0]])
    means = np.nanmean(y_true, axis=0)
    raw = metrics.skill_score(y_true, y_pred, means, multioutput="raw_values")
    np.testing.assert_allclose(raw, metrics.r2_score(y_true, y_pred, multioutput="raw_values"))
    table = np.tile(means, (3, 1))
    np.testing.assert_array_equal(metrics.skill_score(y_true, y_pred, table, multioutput="raw_values"), raw)
    np.testing.assert_array_equal(
        metrics.skill_score(y_true, y_pred, dict(enumerate(means)), multioutput="raw_values"), raw
    )
    gain = metrics.skill_score(y_true, y_pred, table, relative=False, multioutput="raw_values")
    mse = [metrics.mean_squared_error(y_true, p, multioutput="raw_values") for p in (table, y_pred)]
    np.testing.assert_allclose(gain, mse[0] - mse[1])
    rows, task = ~np.isnan(y_true.T.ravel()), np.repeat(["a", "b"], 3)
    by_row = metrics.skill_score(
        y_true.T.ravel()[rows],
        y_pred.T.ravel()[rows],
        {"a": means[0], "b": means[1]},
        task=task[rows],
        multioutput="raw_values",
    )
    np.testing.assert_allclose(by_row, raw)
    with pytest.warns(UndefinedMetricWarning, match=r"task 0 \(the reference has no error\)"):
        metrics.skill_score([1.0, 1.0], [1.0, 2.0], {0: 1.0})


MISTAKES = {
    "bins": (lambda y, p: metrics.expected_calibration_error(y, p, n_bins=0), "n_bins=0 is not a number of bins"),
    "level": (lambda y, p: metrics.calibration_table(y, p, confidence=95), "confidence=95 is not a level"),
    "resamples": (lambda y, p: metrics.calibration_table(y, p, n_bootstrap=-1), "n_bootstrap=-1"),
    "threshold": (lambda y, p: metrics.net_benefit(y, p, [0.2, 1.0]), "is not a list of probabilities"),
}
BAD_DATA = {
    "groups": (lambda y, p: metrics.calibration_table(y, p, groups=[1]), "groups has the shape"),
    "no group": (
        lambda y, p: metrics.calibration_table(y, p, groups=[1, NAN, 1, 2]),
        "groups has no value in row 1: give every row its group",
    ),
    "probability": (lambda y, p: metrics.calibration_slope(y, 2 * p), "leaves .0, 1.: calibration_slope needs"),
    "classes": (lambda y, p: metrics.net_benefit(y + np.arange(4), p), "has . classes but net_benefit needs two"),
    "names": (lambda y, p: metrics.relative_improvement({"a": 1}, {"b": 1}), "do not have the same tasks"),
    "shape": (lambda y, p: metrics.relative_improvement([1.0], [1.0, 2.0]), "scores has the shape"),
    "reference": (lambda y, p: metrics.skill_score(y, p, {1: 0.0}), "reference has no entry for task 0"),
    "reference value": (lambda y, p: metrics.skill_score(y, p, {0: NAN}), "reference of task 0 is not finite"),
}


@pytest.mark.parametrize(("call", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(call, message):
    with pytest.raises(InvalidParameterError, match=message):
        call(np.array([0, 1, 0, 1]), np.array([0.2, 0.6, 0.7, 0.8]))


@pytest.mark.parametrize(("call", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data(call, message):
    with pytest.raises(TaskDataError, match=message):
        call(np.array([0, 1, 0, 1]), np.array([0.2, 0.6, 0.7, 0.8]))


def test_gains_are_matched_by_name():
    pd = pytest.importorskip("pandas")
    y_true = pd.DataFrame({"a": [1.0, 2, 3], "b": [100.0, 200, 300]})
    raw = {"multioutput": "raw_values"}
    by_dict = metrics.skill_score(y_true, y_true + 0.5, {"a": 2.0, "b": 200.0}, **raw)
    series = pd.Series({"b": 200.0, "a": 2.0})
    np.testing.assert_array_equal(metrics.skill_score(y_true, y_true + 0.5, series, **raw), by_dict)
    for in_order in ([2.0, 200.0], pd.Series([2.0, 200.0])):
        np.testing.assert_array_equal(metrics.skill_score(y_true, y_true + 0.5, in_order, **raw), by_dict)
    with pytest.raises(TaskDataError, match="reference has no entry for task 'a'"):
        metrics.skill_score(y_true, y_true, pd.Series({"b": 200.0, "c": 2.0}))
    new = pd.DataFrame({"auc": [1.0, 10.0], "mse": [3.0, 4.0]}, index=["a", "b"])
    np.testing.assert_array_equal(metrics.relative_improvement(new, new.iloc[::-1, ::-1], **raw), 0)
    np.testing.assert_array_equal(metrics.relative_improvement(new["auc"], new["auc"].iloc[::-1], **raw), 0)
    np.testing.assert_array_equal(metrics.relative_improvement(new["auc"], {"b": 10.0, "a": 1.0}, **raw), 0)


IMPROVEMENTS = {
    "names of one": (([1.0, 2.0], {"a": 1.0, "b": 2.0}), {}, "baseline has task names and scores has none"),
    "strings": (({"a": "x"}, {"a": 1.0}), {}, r"scores does not hold numbers: give a number for every task \('a'\)"),
    "direction": (([1.0], [1.0]), {"greater_is_better": "no"}, "greater_is_better='no' is not a bool"),
}


@pytest.mark.parametrize(("pair", "options", "message"), IMPROVEMENTS.values(), ids=IMPROVEMENTS)
def test_bad_improvements(pair, options, message):
    with pytest.raises(TaskDataError, match=message):
        metrics.relative_improvement(*pair, **options)


def test_bad_names_of_gains():
    pd = pytest.importorskip("pandas")
    twice = pd.Series([1.0, 10.0], index=["a", "a"])
    with pytest.raises(TaskDataError, match="scores has 'a' twice"):
        metrics.relative_improvement(twice, twice)
    with pytest.raises(TaskDataError, match="do not have the same columns: 'm'"):
        metrics.relative_improvement(pd.DataFrame({"m": [1.0]}), pd.DataFrame({"k": [1.0]}))
    with pytest.raises(TaskDataError, match=r"reference=5\.0 is no table and no number per task"):
        metrics.skill_score(np.ones((3, 2)), np.ones((3, 2)), 5.0)
    with pytest.raises(TaskDataError, match="reference does not hold numbers"):
        metrics.skill_score(np.ones((3, 2)), np.ones((3, 2)), {0: "x", 1: 2.0})


def test_a_prediction_at_a_threshold_is_treated_whatever_its_rounding():
    assert 0.1 * 3 > 0.3
    assert metrics.net_benefit([1, 0], [0.3, 0.1], [0.1 * 3])["treated"].tolist() == [0.5]
    assert metrics.net_benefit([1, 0], [0.3, 0.1], [0.3 + 1e-9])["treated"].tolist() == [0.0]
