"""The area under the ROC curve and its interval."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from skmtl.inspection._delong import Area, area, interval, mean_area


def literal(positive, score):
    """DeLong, DeLong and Clarke-Pearson (1988), equations 1 to 5, pair by pair."""
    x, y = score[positive], score[~positive]
    psi = np.array([[1.0 if a > b else 0.5 if a == b else 0.0 for b in y] for a in x])
    v10, v01 = psi.mean(axis=1), psi.mean(axis=0)
    return psi.mean(), v10.var(ddof=1) / len(x) + v01.var(ddof=1) / len(y)


@pytest.mark.parametrize("ties", [False, True])
def test_area_and_variance_by_definition(ties):
    rng = np.random.default_rng(0)
    positive = rng.random(83) < 0.3
    score = rng.normal(size=83) + positive
    score = np.round(score) if ties else score
    found = area(positive, score)
    assert (found.value, found.variance) == pytest.approx(literal(positive, score), rel=1e-12)
    assert found.value == pytest.approx(roc_auc_score(positive, score), rel=1e-12)


def test_groups_of_one_row_are_rows_and_copies_are_no_evidence():
    rng = np.random.default_rng(1)
    positive, group = rng.random(60) < 0.4, np.arange(60)
    score = rng.normal(size=60) + positive
    alone = area(positive, score)
    assert area(positive, score, group) == alone
    copied = area(np.repeat(positive, 5), np.repeat(score, 5), np.repeat(group, 5))
    assert copied.value == pytest.approx(alone.value)
    assert copied.variance == pytest.approx(alone.variance)
    assert area(np.repeat(positive, 5), np.repeat(score, 5)).variance < alone.variance / 4


def test_coverage():
    """Binormal scores, whose area is Φ(d / √2); 200 intervals of rare positives for each, 2000 in all."""
    rng = np.random.default_rng(2)
    covered, n = [], 150
    for shift in (0.0, 0.5, 1.0, 1.8):
        truth = norm.cdf(shift / np.sqrt(2))
        for _ in range(500):
            positive = np.arange(n) < 25
            low, high, _ = interval(area(positive, rng.normal(size=n) + shift * positive), 0.95)
            covered.append(low <= truth <= high)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_coverage_with_groups():
    """Rows of a group share a part of their score and their label in part; rows as if independent cover too little."""
    rng = np.random.default_rng(3)
    by_group, by_row = [], []
    truth = norm.cdf(1 / np.sqrt(2))
    for _ in range(600):
        group = np.repeat(np.arange(60), 5)
        positive = np.where(rng.random(300) < 0.7, (rng.random(60) < 0.4)[group], rng.random(300) < 0.4)
        score = positive + np.sqrt(0.8) * rng.normal(size=60)[group] + np.sqrt(0.2) * rng.normal(size=300)
        for groups, covered in ((group, by_group), (None, by_row)):
            low, high, _ = interval(area(positive, score, groups), 0.95)
            covered.append(low <= truth <= high)
    assert 0.92 <= np.mean(by_group) <= 0.97
    assert np.mean(by_row) < 0.9


def test_folds_are_not_compared_with_each_other():
    rng = np.random.default_rng(4)
    positive, fold = rng.random(200) < 0.5, np.repeat([0, 1], 100)
    score = rng.normal(size=200) + positive
    found = mean_area(positive, score, fold)
    shifted = mean_area(positive, score + 1000 * fold, fold)
    assert shifted == found
    parts = [area(positive[fold == k], score[fold == k]) for k in (0, 1)]
    pairs = np.array([positive[fold == k].sum() * (~positive[fold == k]).sum() for k in (0, 1)])
    share = pairs / pairs.sum()
    assert found.value == pytest.approx(share @ [part.value for part in parts])
    assert found.variance == pytest.approx(2 * share**2 @ [part.variance for part in parts])


def test_interval_at_the_ends():
    positive = np.arange(20) < 8
    low, high, p_value = interval(area(positive, positive.astype(float)), 0.95)
    assert high == 1
    assert low == pytest.approx(0.025 ** (1 / 8))
    assert p_value == pytest.approx(2 / 2**8)
    assert interval(area(positive, -positive.astype(float)), 0.95)[:2] == pytest.approx((0, 1 - low))
    assert interval(area(positive, np.ones(20)), 0.95) == (0.5, 0.5, 1.0)
    assert np.isnan(interval(area(np.arange(20) < 1, np.arange(20.0)), 0.95)).all()


def test_interval_and_p_value_agree():
    for value in (0.6, 0.65, 0.7):
        for variance in (0.001, 0.004, 0.02):
            low, _, p_value = interval(Area(value, variance, 9), 0.95)
            assert (low > 0.5) == (p_value < 0.05)
