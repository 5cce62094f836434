"""Order statistics, intervals and sets against literal loops over the definitions of the papers."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from skmtl.calibration._conformal_labels import aps_scores, labels_in_set, lac_scores
from skmtl.calibration._conformal_quantile import conformal_quantile, conformal_rank, cross_interval, entries_needed
from skmtl.calibration._conformal_scores import TaskScales

COVERAGES = [0.5, 0.8, 0.9, 0.95, 0.99]


@pytest.mark.parametrize("coverage", ["0.5", "0.8", "0.9", "0.95", "0.99", "0.7"])
def test_rank_is_exact_arithmetic(coverage):
    """(n + 1) * coverage in floats is at times just above a whole number."""
    exact = Fraction(coverage)
    for n in range(1, 2000):
        assert conformal_rank(n, float(coverage)) == ceil((n + 1) * exact)
    needed = next(n for n in range(1, 2000) if ceil((n + 1) * exact) <= n)
    assert entries_needed(float(coverage)) == needed


@pytest.mark.parametrize("n", [1, 8, 9, 10, 57])
def test_split_quantile_is_smallest_score_that_enough_do_not_exceed(n):
    """The smallest q among the scores with #{R_i <= q} >= (n + 1)(1 - alpha), by going through all of them."""
    scores = np.random.default_rng(n).integers(0, 12, size=n).astype(float)  # with ties
    for coverage in COVERAGES:
        wanted = (n + 1) * Fraction(str(coverage))
        enough = [q for q in scores if sum(r <= q for r in scores) >= wanted]
        assert conformal_quantile(scores, coverage) == (min(enough) if enough else np.inf)


def jackknife_plus(center, spread, scores, fold, alpha):
    """Barber et al. (2021), equation 1.4 and section 2, for one row: sort and count."""
    n = len(scores)
    low = sorted(center[fold[i]] - spread[fold[i]] * scores[i] for i in range(n))
    high = sorted(center[fold[i]] + spread[fold[i]] * scores[i] for i in range(n))
    down, up = floor(alpha * (n + 1)), ceil((1 - alpha) * (n + 1))
    return low[down - 1] if down >= 1 else -np.inf, high[up - 1] if up <= n else np.inf


@pytest.mark.parametrize(("n", "n_models"), [(23, 1), (23, 4), (23, 23), (6, 3)])
def test_intervals_are_those_of_the_paper(n, n_models, monkeypatch):
    monkeypatch.setattr("skmtl.calibration._conformal_quantile._BLOCK", 3 * n)  # three rows at a time
    rng = np.random.default_rng(n_models)
    center = rng.normal(size=(n_models, 7)) * 3
    spread = rng.uniform(0.5, 2, size=(n_models, 7))
    scores, fold = rng.exponential(size=n), np.arange(n) % n_models
    lower, upper = cross_interval(center, spread, scores, fold, COVERAGES)
    for row in range(7):
        for c, coverage in enumerate(COVERAGES):
            alpha = 1 - Fraction(str(coverage))
            expected = jackknife_plus(center[:, row], spread[:, row], scores, fold, alpha)
            assert (lower[row, c], upper[row, c]) == expected


@pytest.mark.parametrize("conditional", [False, True])
def test_sets_are_those_of_the_definition(conditional):
    """Romano, Sesia and Candès (2020), CV+: fewer than (1 - alpha)(n + 1) entries conform better than (x, y)."""
    rng = np.random.default_rng(3)
    n, n_models, n_rows, n_classes = 41, 4, 9, 3
    candidate = rng.integers(0, 8, size=(n_models, n_rows, n_classes)) / 8  # with ties
    scores, fold = rng.integers(0, 8, size=n) / 8, np.arange(n) % n_models
    label = rng.integers(0, n_classes, size=n)
    inside = labels_in_set(candidate, scores, fold, label if conditional else None, COVERAGES)
    for row, y, c in np.ndindex(inside.shape):
        compared = [i for i in range(n) if not conditional or label[i] == y]
        better = sum(scores[i] < candidate[fold[i], row, y] for i in compared)
        assert inside[row, y, c] == (better < (len(compared) + 1) * Fraction(str(COVERAGES[c])))
    assert inside.any()
    assert not inside.all()


def test_set_of_one_model_is_a_threshold():
    rng = np.random.default_rng(0)
    candidate, scores = rng.random((1, 20, 3)), rng.random(37)
    inside = labels_in_set(candidate, scores, np.zeros(37, dtype=int), None, [0.9])
    np.testing.assert_array_equal(inside[..., 0], candidate[0] <= conformal_quantile(scores, 0.9))


def test_scores_of_classes():
    probability = np.array([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]])
    np.testing.assert_allclose(lac_scores(probability), [[0.5, 0.8, 0.7], [0.9, 0.9, 0.2]])
    expected = [[0.25, 0.9, 0.65], [0.8, 0.9, 0.0]]
    np.testing.assert_allclose(aps_scores(probability, np.array([0.5, 0.0])), expected, atol=1e-12)


def test_scales_of_one_unit_shrink_as_much_as_is_noise():
    rng = np.random.default_rng(1)
    counts = np.array([5, 10, 20, 40] * 30)
    alike = TaskScales.of([rng.exponential(size=n) for n in counts], same_unit=True).scales()
    means = np.array([rng.exponential(size=n).mean() for n in counts])
    assert alike.std() < 0.2 * means.std()

    true = rng.uniform(0.5, 2, size=len(counts))
    values = [scale * rng.exponential(size=n) for scale, n in zip(true, counts, strict=True)]
    shrunk, raw = (TaskScales.of(values, same_unit=unit).scales() for unit in (True, False))
    np.testing.assert_allclose(raw, [value.mean() for value in values])
    assert np.mean((shrunk - true) ** 2) < 0.9 * np.mean((raw - true) ** 2)
    # The smaller a task, the more of its distance from the mean is noise.
    overall = np.concatenate(values).mean()
    kept = (shrunk - overall) / (raw - overall)
    assert np.all(np.diff([kept[counts == n].mean() for n in (5, 10, 20, 40)]) > 0)


@pytest.mark.parametrize("same_unit", [True, False])
def test_transfer_ranks_a_new_residual_with_all_others(same_unit):
    """Against the definition: put u among the residuals of its task, scale every task, count who is below."""
    rng = np.random.default_rng(2)
    values = [rng.exponential(size=n) * scale for n, scale in ((6, 1.0), (3, 5.0), (12, 0.2))]
    scales = TaskScales.of(values, same_unit=same_unit)
    each = scales.scales()
    for t in range(3):
        others = np.concatenate([values[s] / each[s] for s in range(3) if s != t])
        own = values[t]
        n = len(own) + 1
        share = scales.between / (scales.between + scales.within / n)
        bounds = np.concatenate([own, scales.transfer(t, others)])
        for u in rng.exponential(size=50) * 3 * own.mean():
            scale = (1 - share) * scales.sums.sum() / scales.counts.sum() + share * (own.sum() + u) / n
            below = (own / scale < u / scale).sum() + (others < u / scale).sum()
            assert (bounds < u).sum() == below
    assert share == 1 or same_unit


def test_scale_of_a_task_without_entries():
    values = [np.array([1.0, 3.0]), np.zeros(0), np.array([2.0, 2.5])]
    assert TaskScales.of(values, same_unit=True).scales()[1] == pytest.approx(np.mean([1.0, 3.0, 2.0, 2.5]))
    assert np.isinf(TaskScales.of(values, same_unit=False).transfer(1, np.array([0.1, 2.0]))).all()
