"""Gains, intervals and verdicts of a comparison: by hand, their identities, and their error rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, mean_poisson_deviance
from sklearn.model_selection import KFold, RepeatedKFold, ShuffleSplit
from threadpoolctl import threadpool_limits

from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model import MultiTaskRidge
from skmtl.model_selection import Comparison, compare
from skmtl.model_selection import _compare_gains as gains_module
from skmtl.model_selection._compare_gains import bootstrap, corrected_t, tabulate
from skmtl.model_selection._compare_scores import entry_losses
from skmtl.model_selection._compare_verdicts import adjust_p, verdicts
from skmtl.multioutput import IndependentTasks, PooledTasks

N = 66
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, 4))
NUMBERS = pd.DataFrame(
    {name: s * X[:, 0] + RNG.normal(size=N) for name, s in (("ldl", 1.0), ("hdl", -2.0), ("glu", 0))}
)
NUMBERS = NUMBERS.mask(RNG.random(NUMBERS.shape) < 0.25)
MODELS = {
    "independent": IndependentTasks(Ridge()),
    "joint": MultiTaskRidge(alpha=0.3),
    "pooled": PooledTasks(Ridge()),
}
BOTH = pytest.mark.parametrize("interval", ["bootstrap", "corrected_t"])
NUMBERS_OF_GAIN = ["gain", "low", "high", "p", "p_adjusted"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(X, NUMBERS, MODELS, cv=4, random_state=1)


def fold_losses(found: Comparison, estimator: str, outcome: object) -> np.ndarray:
    s = found.scores
    chosen = s[(s["estimator"] == estimator) & (s["outcome"] == outcome) & (s["metric"] == "mse")]
    return chosen.sort_values("fold")["value"].to_numpy()


def cell(found: Comparison, outcome: object, estimator: str, **options: object) -> pd.Series:
    frame = found.summary(**options)
    return frame[(frame["outcome"] == outcome) & (frame["estimator"] == estimator)].iloc[0]


# -- losses of entries


def test_mean_entry_losses_are_the_metrics_of_scikit_learn():
    y = np.array([0, 1, 1, 0, 2.0])
    said = np.array([0.2, 0.7, 1.0, 0.0, 3.0])
    assert entry_losses("numeric", y, said).mean() == pytest.approx(np.mean((y - said) ** 2))
    assert entry_losses("binary", y[:4], said[:4]).mean() == pytest.approx(log_loss(y[:4], said[:4]))
    P = RNG.dirichlet(np.ones(3), size=5)
    assert entry_losses("classes", y, P).mean() == pytest.approx(log_loss(y, P))
    assert entry_losses("count", y, said + 0.1).mean() == pytest.approx(mean_poisson_deviance(y, said + 0.1))


@pytest.mark.parametrize("kind", ["numeric", "binary", "classes", "count"])
def test_an_entry_that_is_not_observed_has_no_loss(kind):
    said = np.full((3, 2), 0.5) if kind == "classes" else np.full(3, 0.5)
    loss = entry_losses(kind, np.array([1.0, np.nan, 0.0]), said)
    assert np.isnan(loss).tolist() == [False, True, False]


def test_certain_and_wrong_is_finite():
    assert np.isfinite(entry_losses("binary", np.array([1.0, 0.0]), np.array([0.0, 1.0]))).all()
    assert np.isfinite(entry_losses("count", np.array([0.0, 3.0]), np.array([0.0, 0.0]))).all()
    with pytest.raises(ValueError, match="kind has to be numeric, binary, classes or count"):
        entry_losses("text", np.zeros(2), np.zeros(2))


# -- by hand


@pytest.mark.parametrize(
    "cv", [4, ShuffleSplit(6, train_size=30, test_size=12, random_state=0)], ids=["folds", "subsets"]
)
def test_corrected_t_by_hand(cv):
    found = compare(X, NUMBERS, MODELS, cv=cv, random_state=1)
    row = cell(found, "hdl", "joint", interval="corrected_t", adjust=None)
    loss, base = fold_losses(found, "joint", "hdl"), fold_losses(found, "independent", "hdl")
    n_test = found.folds.query("outcome == 'hdl'")["n_test"].to_numpy()
    others = NUMBERS["hdl"].notna().sum() - n_test
    n = len(loss)
    gain = 1 - loss.mean() / base.mean()
    psi = ((1 - gain) * base - loss) / base.mean()
    error = np.sqrt((1 / n + np.mean(n_test / others)) * np.sum(psi**2) / (n - 1))
    half = stats.t.ppf(0.975, n - 1) * error
    assert row["score"] == pytest.approx(loss.mean())
    assert row["baseline"] == pytest.approx(base.mean())
    assert row["gain"] == pytest.approx(100 * gain)
    assert row["low"] == pytest.approx(100 * (gain - half))
    assert row["high"] == pytest.approx(100 * (gain + half))
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(gain) / error, n - 1))
    assert row["metric"] == "mse"


def test_the_p_value_is_the_level_at_which_the_interval_touches_zero(found):
    for interval in ("corrected_t", "bootstrap"):
        row = cell(found, "glu", "pooled", interval=interval, adjust=None)
        at = cell(found, "glu", "pooled", interval=interval, adjust=None, alpha=row["p"])
        nearest = min(abs(at["low"]), abs(at["high"]))
        assert nearest < 0.03 * (row["high"] - row["low"])


def test_bootstrap_of_a_mean_is_the_t_interval():
    # With a baseline that always loses 1, the gain is 1 - mean, and its interval that of a mean.
    rng, n = np.random.default_rng(0), 40
    loss = 1 + rng.normal(size=n)
    losses = tabulate(
        *(np.arange(n), np.arange(n) % 4, np.zeros(n, dtype=int), np.ones(n), np.column_stack([np.ones(n), loss])),
        ratio=np.array([1 / 3]),
        n_units=n,
    )
    apiece, overall = bootstrap(losses, 0, n_resamples=20_000)
    error = np.sqrt((1 + gains_module.TRAINING_SHARE) * loss.var(ddof=1) / n)
    half = stats.t.ppf(0.975, n - 1) * error
    assert apiece.gain[0, 1] == pytest.approx(1 - loss.mean())
    np.testing.assert_allclose([apiece.low[0, 1], apiece.high[0, 1]], 1 - loss.mean() + [-half, half], atol=0.06 * half)
    assert apiece.p[0, 1] == pytest.approx(2 * stats.t.sf(abs(1 - loss.mean()) / error, n - 1), abs=0.02)
    np.testing.assert_array_equal(overall.low, apiece.low[0])


def test_bootstrap_of_a_ratio_has_the_variance_of_the_delta_method():
    rng, n = np.random.default_rng(0), 400
    base = rng.exponential(size=n)
    loss = 0.5 * base + 0.2 * rng.exponential(size=n)
    losses = tabulate(
        *(np.arange(n), np.arange(n) % 5, np.zeros(n, dtype=int), np.ones(n), np.column_stack([base, loss])),
        ratio=np.array([1 / 4]),
        n_units=n,
    )
    gain = 1 - loss.mean() / base.mean()
    psi = ((1 - gain) * base - loss) / base.mean()
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((1 + gains_module.TRAINING_SHARE) * psi.var(ddof=1) / n)
    apiece, _ = bootstrap(losses, 0, n_resamples=20_000)
    assert (apiece.high[0, 1] - apiece.low[0, 1]) / 2 == pytest.approx(half, rel=0.04)
    naive = (base - loss).std() / base.mean() * np.sqrt(1 / n)
    assert half < 0.95 * stats.norm.ppf(0.975) * naive * np.sqrt(1.5)  # the noise of the baseline cancels in the ratio


def losses_of(gains, n=300, seed=0):
    """Outcomes with these gains: the loss of the second model is a share of the first's, and some noise."""
    rng, T = np.random.default_rng(seed), len(gains)
    base = rng.chisquare(1, size=(n, T))
    loss = (1 - np.array(gains) - 0.1) * base + 0.1 * rng.chisquare(1, size=(n, T))
    unit, outcome = np.repeat(np.arange(n), T), np.tile(np.arange(T), n)
    entries = np.column_stack([base.ravel(), loss.ravel()])
    return tabulate(unit, unit % 5, outcome, np.ones(n * T), entries, ratio=np.full(T, 0.25), n_units=n)


@pytest.mark.parametrize("n_outcomes", [60, 300])
def test_a_clear_gain_stays_clear_among_hundreds(n_outcomes):
    apiece, _ = bootstrap(losses_of([0.4] * n_outcomes), 0)
    assert (adjust_p(apiece.p[:, 1]) < 0.001).all()


def test_small_p_values_of_the_bootstrap_are_those_of_the_t_statistic():
    # The draws of a mean are normal: beyond the last of them the p value goes on as the t distribution does.
    rng, n = np.random.default_rng(3), 400
    apiece, _ = bootstrap(losses_of([0.0] * 20, n), 0)
    assert (apiece.p[:, 1] > 0.001).mean() > 0.9
    for shift in (0.15, 0.2, 0.3):
        loss = 1 - shift + rng.normal(size=n)
        losses = tabulate(
            *(np.arange(n), np.arange(n) % 4, np.zeros(n, dtype=int), np.ones(n), np.column_stack([np.ones(n), loss])),
            ratio=np.array([1 / 3]),
            n_units=n,
        )
        apiece, _ = bootstrap(losses, 0, n_resamples=20_000)
        error = np.sqrt((1 + gains_module.TRAINING_SHARE) * loss.var(ddof=1) / n)
        expected = stats.t.sf(abs(1 - loss.mean()) / error, n - 1)
        assert stats.t.isf(apiece.p[0, 1] / 2, n - 1) == pytest.approx(stats.t.isf(expected, n - 1), rel=0.06)


@pytest.mark.parametrize("n", [3, 4, 5, 8])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_of_few_units_interval_and_p_value_say_the_same(n, alpha):
    """The percentiles of three patients lie beyond all draws: they go on as the p value does."""
    rng, T = np.random.default_rng(n), 200
    base = rng.chisquare(2, size=(n, T))
    # Gains that are almost and just clear, both ways.
    loss = base * (1 + np.linspace(-0.9, 0.9, T)) * rng.uniform(0.7, 1.3, size=(n, T))
    unit, outcome = np.repeat(np.arange(n), T), np.tile(np.arange(T), n)
    entries = np.column_stack([base.ravel(), loss.ravel()])
    losses = tabulate(unit, unit % 3, outcome, np.ones(n * T), entries, ratio=np.full(T, 0.5), n_units=n)
    apiece, overall = bootstrap(losses, 0, alpha)
    p = np.append(apiece.p[:, 1], overall.p[1])
    clear = np.append(apiece.low[:, 1] * apiece.high[:, 1], overall.low[1] * overall.high[1]) > 0
    decided = np.abs(p - alpha) > 0.02 * alpha
    assert decided.mean() > 0.9
    assert 0.05 < clear.mean() < 0.95
    np.testing.assert_array_equal(clear[decided], (p < alpha)[decided])


def test_overall_is_the_mean_of_the_gains(found):
    apart = found.summary().groupby("estimator", sort=False)["gain"].mean()
    overall = found.overall().set_index("estimator")
    assert overall.index.tolist() == ["joint", "pooled"]
    np.testing.assert_allclose(overall["gain"], apart)
    assert overall["n_outcomes"].tolist() == [3, 3]
    assert (overall["low"] < overall["gain"]).all()
    assert (overall["gain"] < overall["high"]).all()


@BOTH
def test_outcomes_that_are_copies_do_not_count_as_evidence_twice(interval):
    copies = pd.DataFrame({f"copy{t}": NUMBERS["ldl"] for t in range(5)})
    models = {"independent": IndependentTasks(Ridge()), "other": IndependentTasks(Ridge(alpha=30.0))}
    found = compare(X, copies, models, cv=5, random_state=0)
    one = found.summary(interval=interval, adjust=None).iloc[0]
    overall = found.overall(interval=interval).iloc[0]
    np.testing.assert_allclose(
        overall[["gain", "low", "high"]].astype(float), one[["gain", "low", "high"]].astype(float)
    )


# -- identities


@BOTH
def test_the_baseline_by_another_name_gains_nothing(interval):
    found = compare(X, NUMBERS, {"independent": MODELS["independent"], "same": MODELS["independent"]}, cv=3)
    frame = found.summary(interval=interval)
    assert (frame[["gain", "low", "high"]] == 0).all(axis=None)
    assert (frame[["p", "p_adjusted"]] == 1).all(axis=None)
    assert set(frame["verdict"]) == {"no evidence"}


@BOTH
def test_any_estimator_can_be_the_baseline_without_another_fit(found, interval):
    refitted = compare(X, NUMBERS, MODELS, baseline="pooled", cv=4, random_state=1)
    pd.testing.assert_frame_equal(
        found.summary(baseline="pooled", interval=interval), refitted.summary(interval=interval)
    )
    pd.testing.assert_frame_equal(
        found.overall(baseline="pooled", interval=interval), refitted.overall(interval=interval)
    )


@BOTH
def test_changing_sides_inverts_the_ratio(found, interval):
    forth = cell(found, "ldl", "pooled", interval=interval, adjust=None)
    back = cell(found, "ldl", "independent", baseline="pooled", interval=interval, adjust=None)
    assert (1 - forth["gain"] / 100) * (1 - back["gain"] / 100) == pytest.approx(1)
    assert np.sign(forth["gain"]) == -np.sign(back["gain"])
    assert (forth["score"], forth["baseline"]) == (back["baseline"], back["score"])


@BOTH
def test_units_of_outcomes_do_not_matter(interval):
    models = {"independent": IndependentTasks(Ridge()), "other": IndependentTasks(Ridge(alpha=30.0))}
    cv = list(KFold(4, shuffle=True, random_state=0).split(X))
    one = compare(X, NUMBERS, models, cv=cv).summary(interval=interval)
    other = compare(X, NUMBERS * [1000, 1, 1e-3], models, cv=cv).summary(interval=interval)
    np.testing.assert_allclose(one[NUMBERS_OF_GAIN], other[NUMBERS_OF_GAIN], atol=1e-8)


@BOTH
def test_order_of_outcomes_does_not_matter(interval):
    cv = list(KFold(4, shuffle=True, random_state=0).split(X))
    one = compare(X, NUMBERS, MODELS, cv=cv)
    other = compare(X, NUMBERS[["glu", "ldl", "hdl"]], MODELS, cv=cv)
    key = ["outcome", "estimator"]
    pd.testing.assert_frame_equal(
        one.summary(interval=interval).sort_values(key, ignore_index=True),
        other.summary(interval=interval).sort_values(key, ignore_index=True),
    )


@BOTH
def test_unobserved_entries_count_neither_here_nor_there(interval):
    models = {"independent": IndependentTasks(Ridge()), "other": IndependentTasks(Ridge(alpha=30.0))}
    seen = NUMBERS["hdl"].notna().to_numpy()
    rows = np.flatnonzero(seen)
    cv = [(np.setdiff1d(np.arange(N), test), test) for test in np.array_split(np.arange(N), 4)]
    kept = [(np.flatnonzero(np.isin(rows, train)), np.flatnonzero(np.isin(rows, test))) for train, test in cv]
    whole = cell(compare(X, NUMBERS, models, cv=cv), "hdl", "other", interval=interval, adjust=None)
    alone = compare(X[seen], NUMBERS[["hdl"]][seen], models, cv=kept)
    part = cell(alone, "hdl", "other", interval=interval, adjust=None)
    same = ["gain", "score", "baseline"]
    np.testing.assert_allclose(whole[same].astype(float), part[same].astype(float))
    # The bootstrap draws rows that lack hdl too: other draws of the same law.
    near = 1e-9 if interval == "corrected_t" else 0.05 * (part["high"] - part["low"])
    np.testing.assert_allclose(whole[["low", "high"]].astype(float), part[["low", "high"]].astype(float), atol=near)


def test_copies_of_rows_in_a_group_are_no_new_patients():
    # Every patient twice: as rows this looks like double the evidence, as groups it is the same.
    models = {"independent": IndependentTasks(Ridge()), "other": IndependentTasks(Ridge(alpha=100.0))}
    patient = np.repeat(np.arange(N), 2)
    cv = list(KFold(4).split(X))
    twice = [(np.flatnonzero(np.isin(patient, train)), np.flatnonzero(np.isin(patient, test))) for train, test in cv]
    weight = np.full(2 * N, 0.5)
    one = compare(X, NUMBERS, models, cv=cv).summary()
    doubled = (X[patient], NUMBERS.iloc[patient].reset_index(drop=True), models)
    groups = compare(*doubled, cv=twice, groups=patient, sample_weight=weight).summary()
    rows = compare(*doubled, cv=twice, sample_weight=weight).summary()
    np.testing.assert_allclose(groups[NUMBERS_OF_GAIN], one[NUMBERS_OF_GAIN], atol=1e-6)
    assert ((rows["high"] - rows["low"]) < 0.8 * (one["high"] - one["low"])).all()


def test_repeats_of_the_same_folds_are_no_new_patients():
    cv = list(KFold(4).split(X))
    one, same = compare(X, NUMBERS, MODELS, cv=cv), compare(X, NUMBERS, MODELS, cv=cv * 5)
    np.testing.assert_allclose(one.summary()[NUMBERS_OF_GAIN], same.summary()[NUMBERS_OF_GAIN], atol=1e-6)


@BOTH
def test_one_fold_has_no_interval(interval):
    found = compare(X, NUMBERS, MODELS, cv=[(np.arange(40), np.arange(40, N))])
    for frame in (found.summary(interval=interval), found.overall(interval=interval)):
        assert frame["gain"].notna().all()
        assert frame[["low", "high", "p", "p_adjusted"]].isna().all(axis=None)
        assert set(frame["verdict"]) == {"no evidence"}


@BOTH
def test_folds_without_an_observed_entry_are_left_out(interval):
    y = NUMBERS.copy()
    y.loc[:21, "ldl"] = np.nan
    y.loc[22:, "glu"] = np.nan  # tested in one fold
    cv = list(KFold(3).split(X))
    cv = [(np.arange(N)[::3], np.arange(1, N, 3)[:7])] + [(np.r_[0:22, train], test) for train, test in cv[1:]]
    cv[1] = (np.setdiff1d(cv[1][0], cv[1][1]), cv[1][1])
    found = compare(X, y, MODELS, cv=cv)
    loss = fold_losses(found, "joint", "ldl")
    assert np.isnan(loss).tolist() == [True, False, False]
    ldl = cell(found, "ldl", "joint", interval=interval)
    assert ldl["score"] == pytest.approx(loss[1:].mean())
    assert ldl["low"] < ldl["high"]
    glu = cell(found, "glu", "joint", interval=interval)
    assert np.isfinite(glu["gain"])
    assert np.isnan(glu["low"])
    assert glu["verdict"] == "no evidence"
    assert np.isfinite(found.overall(interval=interval)[["gain", "low", "high"]]).all(axis=None)


class Knows(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.column_stack([X[:, 0], X[:, 1]])


@BOTH
def test_a_baseline_without_error_has_no_gain(interval):
    found = compare(X, X[:, :2].copy(), {"independent": Knows(), "ridge": MultiTaskRidge()}, cv=3)
    frame = found.summary(interval=interval)
    assert frame[["gain", "low", "high", "p"]].isna().all(axis=None)
    assert set(frame["verdict"]) == {"no evidence"}
    assert found.overall(interval=interval)["n_outcomes"].tolist() == [0]


# -- frames


def test_to_frame_is_tidy_and_numbers_repeats():
    found = compare(X, NUMBERS, MODELS, cv=RepeatedKFold(n_splits=3, n_repeats=2, random_state=0))
    frame = found.to_frame()
    assert frame.columns.tolist() == ["estimator", "outcome", "repeat", "fold", "metric", "value"]
    assert frame.groupby("fold")["repeat"].unique().map(list).tolist() == [[0], [0], [0], [1], [1], [1]]
    pd.testing.assert_frame_equal(frame.drop(columns="repeat"), found.scores)


def test_losses_of_entries_average_to_the_scores(found):
    seen = found.predictions.dropna(subset="loss")
    means = seen.groupby(["estimator", "outcome", "fold"])["loss"].mean()
    mse = found.scores.query("metric == 'mse'").set_index(["estimator", "outcome", "fold"])["value"]
    pd.testing.assert_series_equal(means.sort_index(), mse.sort_index(), check_names=False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"baseline": "mine"}, "The baseline 'mine' is not among the estimators"),
        ({"interval": "jackknife"}, "interval has to be 'bootstrap' or 'corrected_t'"),
        ({"adjust": "bonferroni"}, "adjust has to be 'holm', 'fdr_bh' or None"),
        ({"alpha": 1.0}, "alpha has to be a number between 0 and 1"),
        ({"n_resamples": 0}, "n_resamples has to be a whole number, 100 or more"),
    ],
)
def test_options_that_are_none(found, options, words):
    for method in (found.summary, found.overall, found.describe):
        with pytest.raises(InvalidParameterError, match=words):
            method(**options)


# -- multiplicity


def test_holm_by_hand():
    # 4 · 0.005, 3 · 0.01, 2 · 0.03, and not less than before it: 0.04 -> 0.06.
    np.testing.assert_allclose(adjust_p([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(adjust_p([0.6, 0.9]), [1, 1])


def test_benjamini_hochberg_is_that_of_scipy():
    p = np.random.default_rng(0).uniform(size=20) ** 3
    np.testing.assert_allclose(adjust_p(p, "fdr_bh"), stats.false_discovery_control(p, method="bh"))
    np.testing.assert_allclose(adjust_p([0.01, 0.04, 0.03, 0.005], "fdr_bh"), [0.02, 0.04, 0.04, 0.02])


@pytest.mark.parametrize("method", ["holm", "fdr_bh", None])
def test_tests_that_were_not_made_do_not_count(method):
    adjusted = adjust_p([np.nan, 0.01, 0.02, np.nan], method)
    np.testing.assert_array_equal(adjusted, [np.nan, *adjust_p([0.01, 0.02], method), np.nan])
    assert np.isnan(adjust_p([np.nan], method)).all()


def test_the_word_is_the_sign_where_p_is_small():
    words = verdicts(np.array([2.0, -1.0, 3.0, np.nan, 0.0]), np.array([0.01, 0.04, 0.05, np.nan, 0.001]), 0.05)
    assert words == ["helped", "hurt", "no evidence", "no evidence", "no evidence"]


def test_p_values_are_adjusted_over_the_whole_frame(found):
    frame = found.summary()
    assert len(frame) == 6
    np.testing.assert_array_equal(frame["p_adjusted"], adjust_p(frame["p"]))
    assert (found.summary(adjust=None)["p_adjusted"] == frame["p"]).all()


# -- error rates


@pytest.mark.parametrize("method", [bootstrap, corrected_t])
def test_nothing_to_gain_is_rarely_called_something(method):
    """Two ridges on features of equal worth, 120 tables: benchmarks/sharing/null_rates.py has the long version."""
    rng = np.random.default_rng(5)
    n, folds, wrong, wrong_anywhere, covered = 100, 5, [], [], []
    W = np.tile(0.3 * rng.normal(size=(3, 4)), (2, 1))
    for _ in range(120):
        A = rng.normal(size=(n, 6))
        Y = A @ W + rng.normal(size=(n, 4))
        fold = rng.permutation(n) % folds
        loss = np.empty((n, 4, 2))
        for k in range(folds):
            train, test = fold != k, fold == k
            for e, part in enumerate((slice(0, 3), slice(3, 6))):
                Z = A[train, part]
                coef = np.linalg.solve(Z.T @ Z + np.eye(3), Z.T @ Y[train])
                loss[test, :, e] = np.square(Y[test] - A[test, part] @ coef)
        unit, outcome = np.repeat(np.arange(n), 4), np.tile(np.arange(4), n)
        losses = tabulate(
            *(unit, fold[unit], outcome, np.ones(4 * n), loss.reshape(-1, 2)), ratio=np.full(4, 0.25), n_units=n
        )
        options = {"n_resamples": 499} if method is bootstrap else {}
        apiece, overall = method(losses, 0, **options)
        wrong.append(apiece.p[:, 1] < 0.05)
        wrong_anywhere.append(np.any(adjust_p(apiece.p[:, 1]) < 0.05))
        covered.append((overall.low[1] <= 0) & (overall.high[1] >= 0))
    assert np.mean(wrong) <= 0.07
    assert np.mean(wrong_anywhere) <= 0.07
    # 120 tables: two standard errors are 0.04.
    assert 0.91 <= np.mean(covered) <= 0.995
