"""Coverage in simulations: within the range that chance allows, and not reached where it should not be."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB

from skmtl.calibration import MultiTaskConformal
from skmtl.linear_model import MultiTaskRidge
from skmtl.multioutput import IndependentTasks


def band(nominal, n_cal, n_new, n_repeats, level=0.999):
    """Range of the mean coverage over repeats, each with fresh calibration entries and fresh new rows.

    Exact split conformal: the coverage given the calibration set is beta distributed, the hits binomial.
    """
    rank = int(np.ceil((n_cal + 1) * nominal - 1e-9))
    law = stats.betabinom(n_new, rank, n_cal + 1 - rank)
    half = stats.norm.ppf(0.5 + level / 2) * law.std() / n_new / np.sqrt(n_repeats)
    return law.mean() / n_new - half, law.mean() / n_new + half


def draw(rng, n, n_tasks, missing=0.0):
    """Skewed noise whose spread depends on the row; the model is wrong on purpose."""
    X = rng.normal(size=(n, 3))
    noise = (rng.exponential(size=(n, n_tasks)) - 1) * np.exp(0.4 * X[:, :1]) + 0.7 * rng.normal(size=(n, 1))
    Y = np.sin(2 * X[:, [0]]) + X @ np.ones((3, n_tasks)) + noise * np.geomspace(1, 30, n_tasks)
    Y_seen = np.where(rng.random(Y.shape) < missing, np.nan, Y)
    return X, Y, Y_seen


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_split_is_exact_per_task(missing):
    rng = np.random.default_rng(0)
    n_new, n_repeats, coverages = 150, 120, [0.8, 0.9]
    share, n_cal = [], []
    for seed in range(n_repeats):
        X, Y, Y_seen = draw(rng, 120 + n_new, 2, missing)
        model = MultiTaskConformal(MultiTaskRidge(0.1), method="split", cv=2, random_state=seed)
        model.fit(X[:120], Y_seen[:120])
        lower, upper = model.predict_interval(X[120:], coverages)
        share.append(((lower <= Y[120:, :, None]) & (Y[120:, :, None] <= upper)).mean(axis=0))
        n_cal.append(model.n_calibration_)
    for t in range(2):
        for c, nominal in enumerate(coverages):
            n = np.array(n_cal)[:, t]
            # The mean of the coverage depends on how many entries each repeat calibrates on.
            centers = [np.ceil((m + 1) * nominal - 1e-9) / (m + 1) for m in n]
            low, high = band(nominal, round(n.mean()), n_new, n_repeats)
            observed = np.mean(share, axis=0)[t, c]
            assert abs(observed - np.mean(centers)) < (high - low) / 2
            assert observed > nominal - (high - low) / 2


@pytest.mark.parametrize("method", ["cv+", "jackknife+"])
def test_cross_methods_cover_near_the_nominal_level(method):
    """Guaranteed is 1 - 2 alpha; typical is 1 - alpha, and above it where folds lose many rows."""
    rng = np.random.default_rng(1)
    share = []
    for seed in range(25):
        X, Y, Y_seen = draw(rng, 250, 2, 0.4)
        model = MultiTaskConformal(MultiTaskRidge(0.1), method=method, random_state=seed)
        lower, upper = model.fit(X[:50], Y_seen[:50]).predict_interval(X[50:], 0.8)
        share.append(((lower <= Y[50:]) & (Y[50:] <= upper)).mean(axis=0))
    mean, error = np.mean(share, axis=0), np.std(share, axis=0) / np.sqrt(25)
    assert np.all(mean > 0.8 - 3 * error)
    assert np.all(mean < 0.87)


def test_cv_plus_keeps_its_guarantee_where_the_model_interpolates():
    """Least squares with as many rows as features: residuals of the fitted rows are zero, of left-out rows not."""
    rng = np.random.default_rng(2)
    inside, naive = [], []
    for seed in range(60):
        X = rng.normal(size=(130, 30))
        y = X[:, 0] + rng.normal(size=130)
        model = MultiTaskConformal(LinearRegression(), random_state=seed).fit(X[:32], y[:32])
        lower, upper = model.predict_interval(X[32:], 0.9)
        inside.append(((lower <= y[32:]) & (y[32:] <= upper)).mean())
        fitted = np.sort(np.abs(y[:32] - model.estimator_.predict(X[:32])))
        naive.append((np.abs(y[32:] - model.predict(X[32:])) <= fitted[29]).mean())
    assert np.mean(inside) > 0.88
    assert np.mean(naive) < 0.5


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_joint_regions_hold_all_outcomes_at_once(missing):
    """And the largest residual over the observed outcomes of incomplete rows would not."""
    rng = np.random.default_rng(3)
    n_new, n_repeats, nominal = 200, 80, 0.8
    share = {None: [], "max": [], "bonferroni": [], "observed only": []}
    n_cal = []
    for seed in range(n_repeats):
        X, Y, Y_seen = draw(rng, 400 + n_new, 4, missing)
        model = MultiTaskConformal(MultiTaskRidge(0.1), method="split", cv=2, random_state=seed)
        model.fit(X[:400], Y_seen[:400])
        for joint in (None, "max", "bonferroni"):
            lower, upper = model.predict_interval(X[400:], nominal, joint=joint)
            share[joint].append(((lower <= Y[400:]) & (Y[400:] <= upper)).all(axis=1).mean())
        n_cal.append(len(model._joint.value))
        largest = np.zeros(400)
        for scores, scale in zip(model._scores, model.scale_, strict=True):
            largest[scores.row] = np.maximum(largest[scores.row], scores.value / scale)
        kept = np.unique(np.concatenate([scores.row for scores in model._scores]))
        q = np.sort(largest[kept])[int(np.ceil((len(kept) + 1) * nominal)) - 1]
        residual = np.abs(Y[400:] - model.predict(X[400:])) / model.scale_
        share["observed only"].append((residual.max(axis=1) <= q).mean())
    low, high = band(nominal, round(np.mean(n_cal)), n_new, n_repeats)
    assert low < np.mean(share["max"]) < high + 0.02  # a rank of few complete rows is rounded up
    assert low < np.mean(share["bonferroni"])
    assert np.mean(share[None]) < nominal - 0.1
    if missing:
        assert np.mean(share["observed only"]) < nominal - 0.05


@pytest.mark.parametrize("form", ["rows", "wide"])
def test_pooled_calibration_is_exact_on_average_with_few_entries_per_task(form):
    """Six calibration entries for each of eight tasks, and no single task could have a finite interval."""
    rng = np.random.default_rng(4)
    n_new, n_repeats, nominal = 10, 400, 0.9
    hits = np.zeros((n_repeats, 8))
    for seed in range(n_repeats):
        R = rng.normal(size=(6 + n_new, 8)) * np.linspace(0.5, 2, 8)
        model = MultiTaskConformal(Zero().fit(R, R), method="split", cv="prefit", calibrate_by="all")
        X = np.zeros((len(R), 1))
        if form == "wide":
            lower, upper = model.fit(X[:6], R[:6]).predict_interval(X[6:], nominal)
        else:
            task = np.repeat(np.arange(8), 6)
            model.fit(np.zeros((48, 1)), R[:6].T.ravel(), task=task)
            lower, upper = model.predict_interval(X[6:], nominal)
        assert np.isfinite(upper).all()
        hits[seed] = ((lower <= R[6:]) & (R[6:] <= upper)).mean(axis=0)
    exact = np.ceil(49 * nominal) / 49
    error = hits.mean(axis=1).std() / np.sqrt(n_repeats)
    assert abs(hits.mean() - exact) < 3.5 * error + (0.01 if form == "rows" else 0)  # shrinkage is estimated
    # The task's own scale keeps quiet and noisy tasks near the level; one width for all would give 0.73 to 1.
    assert hits.mean(axis=0).min() > 0.83


class Zero(BaseEstimator):
    """Predicts 0 for every outcome."""

    def fit(self, X, y, task=None):
        self.n_tasks_ = np.shape(y)[1]
        return self

    def predict(self, X):
        return np.zeros((len(X), self.n_tasks_))


@pytest.mark.parametrize("label_scores", ["lac", "aps"])
def test_split_sets_hold_the_label_at_the_rate(label_scores):
    rng = np.random.default_rng(5)
    n_new, n_repeats, nominal = 200, 100, 0.9
    share, n_cal = [], []
    for seed in range(n_repeats):
        X = rng.normal(size=(120 + n_new, 2))
        K = np.digitize(X[:, 0] + 0.8 * rng.normal(size=len(X)), [-1.0, 0.0, 1.0])
        y = np.where(rng.random(len(X)) < 0.3, None, K.astype(object))
        model = MultiTaskConformal(
            IndependentTasks(GaussianNB()), method="split", cv=2, label_scores=label_scores, random_state=seed
        ).fit(X[:120], y[:120])
        sets = model.predict_set(X[120:], nominal)
        share.append(sets[np.arange(n_new), np.searchsorted(model.classes_, K[120:])].mean())
        n_cal.append(model.n_calibration_[0])
    low, high = band(nominal, round(np.mean(n_cal)), n_new, n_repeats)
    assert low < np.mean(share) < high


def test_rare_events_need_sets_of_their_own():
    rng = np.random.default_rng(6)
    held = {False: [], True: []}
    for seed in range(16):
        X = rng.normal(size=(3000, 2))
        event = rng.random(3000) < 1 / (1 + np.exp(3.5 - 1.5 * X[:, 0]))
        for conditional in held:
            model = MultiTaskConformal(GaussianNB(), cv=3, class_conditional=conditional, random_state=seed)
            sets = model.fit(X[:1500], event[:1500]).predict_set(X[1500:], 0.9)
            held[conditional].append(sets[event[1500:], 1].mean())
    error = np.std(held[True]) / 4
    assert abs(np.mean(held[True]) - 0.9) < 4 * error
    assert np.mean(held[False]) < 0.6
