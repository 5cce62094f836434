"""The fused sparse group lasso, and its kernel: total variation along a chain, exactly."""

from itertools import product

import cases
import cvxpy as cp
import numpy as np
import pytest

from skmtl._linalg import dual_norm_of_rows, total_variation_prox
from skmtl.penalties import FusedSparseGroupLasso, GroupLasso, SparseGroupLasso

P, T = 6, 4
TIMES = [0.0, 1.0, 3.0, 10.0]
WEIGHTS = np.array([10 / 3, 5 / 3, 10 / 21])


def brute_force(w, step):
    """Every pattern of ties and directions gives a candidate; the best candidate is the minimiser."""

    def objective(v):
        return 0.5 * ((v - w) ** 2).sum() + (step * np.abs(np.diff(v))).sum()

    best = w
    for pattern in product((-1, 0, 1), repeat=len(w) - 1):
        ends = [t + 1 for t, sign in enumerate(pattern) if sign] + [len(w)]
        v, start = np.empty(len(w)), 0
        for end in ends:
            pull = step[end - 1] * pattern[end - 1] if end < len(w) else 0.0
            pull -= step[start - 1] * pattern[start - 1] if start else 0.0
            v[start:end] = (w[start:end].sum() + pull) / (end - start)
            start = end
        best = v if objective(v) < objective(best) else best
    return best


def chains(seed, n_tasks):
    """Rows and steps of all characters: ties, order, offsets, links that are free or never give way."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, n_tasks))
    rows[1] = np.round(rows[1])
    rows[2] = np.sort(rows[2])
    rows[3] = -np.sort(rows[3])
    rows[4] = 1.0
    rows[5] = 0.0
    rows[6] += 1e3
    rows[7] = rng.integers(0, 2, size=n_tasks)
    rows[8] *= 1e-8
    rows[9, ::2] = 0.0
    steps = rng.exponential(size=(12, n_tasks - 1)) * 0.4
    steps[7] = 0.5
    steps[8] *= 1e-8
    if n_tasks > 1:
        steps[0, 0] = 0.0
        steps[10, -1] = 1e15
        steps[11] *= 10.0 ** rng.integers(-4, 12, size=n_tasks - 1)
        steps[2, 0] = np.abs(np.diff(rows[2]))[0]
    return rows, steps


@pytest.mark.parametrize("n_tasks", [2, 3, 4, 5, 6])
def test_total_variation_by_brute_force(n_tasks):
    for seed in range(6):
        W, steps = chains(seed, n_tasks)
        V = total_variation_prox(W, steps)
        for w, step, v in zip(W, steps, V, strict=True):
            np.testing.assert_allclose(v, brute_force(w, step), atol=1e-13 * np.abs(w).max(), rtol=0)


def test_total_variation_of_long_chains():
    """Optimality itself: the running sum of v - w is step times the sign of the jump, within the step at a tie."""
    rng = np.random.default_rng(0)
    for n_tasks in (7, 20, 50):
        W, steps = chains(n_tasks, n_tasks)
        W[0] = rng.normal(size=n_tasks).cumsum()
        for size in (0.0, 0.01, 1.0, 1e6):
            V = total_variation_prox(W, size * steps)
            assert V.shape == W.shape
            dual, jump = np.cumsum(V - W, axis=1), np.diff(V, axis=1)
            rounding = 1e-14 * n_tasks * (np.abs(W).max(axis=1, keepdims=True) + 1e-300)
            assert (np.abs(dual[:, -1:]) <= rounding).all()
            assert (np.abs(dual[:, :-1]) <= size * steps + rounding).all()
            off = np.abs(dual[:, :-1] - np.sign(jump) * size * steps) > rounding
            assert not (off & (jump != 0)).any()


def test_total_variation_by_hand():
    # Two tasks: each moves by the step, or both to the mean.
    np.testing.assert_allclose(total_variation_prox(np.array([[0.0, 4.0]]), np.array([1.0])), [[1.0, 3.0]])
    np.testing.assert_array_equal(total_variation_prox(np.array([[0.0, 4.0]]), np.array([2.0])), [[2.0, 2.0]])
    # One task has no neighbour.
    W = np.array([[3.0], [-1.0]])
    np.testing.assert_array_equal(total_variation_prox(W, np.empty((2, 0))), W)
    # A step beyond which all fuse: the mean, the same number everywhere.
    W, steps = chains(3, 5)
    V = total_variation_prox(W, 1e9 * np.ones((1, 4)))
    assert (V == V[:, :1]).all()
    np.testing.assert_allclose(V[:, 0], W.mean(axis=1), atol=1e-14 * np.abs(W).max())
    # Free links: nothing moves.
    np.testing.assert_allclose(total_variation_prox(W, np.zeros(4)), W, rtol=1e-14)
    # Reversal, sign and size of the data.
    V = total_variation_prox(W, steps)
    np.testing.assert_allclose(total_variation_prox(W[:, ::-1], steps[:, ::-1])[:, ::-1], V, atol=1e-12)
    np.testing.assert_allclose(total_variation_prox(-W, steps), -V, atol=1e-12)
    np.testing.assert_allclose(total_variation_prox(1e9 * W, 1e9 * steps), 1e9 * V, rtol=1e-12, atol=1e-3)


def matrix(seed, n_tasks=T):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(P, n_tasks)) * 10.0 ** rng.uniform(-1, 1, size=(P, 1))
    W[0] = 0.0
    W[1] = 2.0
    W[2] = np.sort(W[2])
    return W


RATIOS = [(0.5, 0.5), (0.9, 0.2), (0.1, 0.8), (0.6, 0.0), (0.6, 1.0), (1.0, 0.5), (0.0, 0.5)]


@pytest.mark.parametrize(("fused", "ratio"), RATIOS)
def test_prox_equals_cvxpy(fused, ratio):
    penalty = FusedSparseGroupLasso(TIMES, fused, ratio)
    for seed in range(2):
        W = matrix(seed)
        for step in (0.05, 1.0, np.linspace(0.1, 2.0, P)[:, None], 100.0):
            V = cp.Variable((P, T))
            root = 1.0 / np.sqrt(np.broadcast_to(step, W.shape))
            variation = sum(WEIGHTS[t] * cp.sum(cp.abs(V[:, t + 1] - V[:, t])) for t in range(T - 1))
            norms = ratio * cp.sum(cp.abs(V)) + (1 - ratio) * sum(cp.norm(V[j], 2) for j in range(P))
            distance = 0.5 * cp.sum_squares(cp.multiply(root, V - W))
            problem = cp.Problem(cp.Minimize(distance + fused * variation + (1 - fused) * norms))
            cases.solve(problem)
            ours = penalty.prox(W, step)
            value = 0.5 * (((ours - W) * root) ** 2).sum() + penalty.value(ours)
            assert value == pytest.approx(problem.value, rel=1e-7)
            np.testing.assert_allclose(ours, V.value, atol=1e-4 * np.abs(W).max())


@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
def test_nothing_fused_is_the_sparse_group_lasso(ratio):
    ours, other = FusedSparseGroupLasso(TIMES, 0.0, ratio), SparseGroupLasso(ratio)
    for seed in range(4):
        W = matrix(seed)
        assert ours.value(W) == pytest.approx(other.value(W), rel=1e-14)
        assert ours.dual_norm(W) == pytest.approx(other.dual_norm(W), rel=1e-13)
        for step in (0.3, np.linspace(0.1, 2.0, P)[:, None]):
            np.testing.assert_allclose(ours.prox(W, step), other.prox(W, step), atol=1e-14 * np.abs(W).max())


def test_one_task_is_the_lasso():
    W = matrix(0, 1)
    penalty = FusedSparseGroupLasso([4.0], 0.5, 0.3)
    assert penalty.value(W) == pytest.approx(0.5 * np.abs(W).sum())
    assert penalty.dual_norm(W) == pytest.approx(2 * np.abs(W).max(), rel=1e-14)
    np.testing.assert_allclose(penalty.prox(W, 1.0), np.sign(W) * np.maximum(np.abs(W) - 0.5, 0.0), atol=1e-15)
    assert FusedSparseGroupLasso(fused_ratio=1.0).dual_norm(W) == np.inf


@pytest.mark.parametrize(("fused", "ratio"), RATIOS)
def test_time_reversal_and_units_of_time(fused, ratio):
    penalty = FusedSparseGroupLasso(TIMES, fused, ratio)
    reverse = FusedSparseGroupLasso([-t for t in reversed(TIMES)], fused, ratio)
    months = FusedSparseGroupLasso(30.4 * np.array(TIMES) + 7.0, fused, ratio)
    W = matrix(1)
    assert penalty.value(W) == pytest.approx(reverse.value(W[:, ::-1]), rel=1e-14)
    assert penalty.value(W) == pytest.approx(months.value(W), rel=1e-13)
    np.testing.assert_allclose(penalty.prox(W, 0.6), reverse.prox(W[:, ::-1], 0.6)[:, ::-1], atol=1e-13)
    np.testing.assert_allclose(penalty.prox(W, 0.6), months.prox(W, 0.6), atol=1e-13)
    Z = W - W.mean(axis=1, keepdims=True)
    assert penalty.dual_norm(Z) == pytest.approx(reverse.dual_norm(Z[:, ::-1]), rel=1e-12)


@pytest.mark.parametrize(("fused", "ratio"), RATIOS)
def test_dual_norm_is_the_largest_ratio(fused, ratio):
    """max <Z, V> over P(V) <= 1, as a convex problem row by row."""
    penalty = FusedSparseGroupLasso(TIMES, fused, ratio)
    for seed in range(3):
        Z = matrix(seed)
        if fused == 1:
            Z = Z - Z.mean(axis=1, keepdims=True)
        expected = 0.0
        for z in Z:
            v = cp.Variable(T)
            variation = sum(WEIGHTS[t] * cp.abs(v[t + 1] - v[t]) for t in range(T - 1))
            norms = ratio * cp.norm(v, 1) + (1 - ratio) * cp.norm(v, 2)
            problem = cp.Problem(cp.Maximize(z @ v), [fused * variation + (1 - fused) * norms <= 1, v[0] <= 1e6])
            cases.solve(problem)
            expected = max(expected, problem.value)
        assert penalty.dual_norm(Z) == pytest.approx(expected, rel=1e-7)
        assert penalty.alpha_max(Z) == penalty.dual_norm(Z)
        # At that strength the prox is zero, just below it is not.
        assert np.abs(penalty.prox(Z, penalty.dual_norm(Z) * (1 + 1e-12))).max() <= 1e-13 * np.abs(Z).max()
        assert np.abs(penalty.prox(Z, penalty.dual_norm(Z) * (1 - 1e-6))).max() > 0
        assert penalty.conjugate(Z, penalty.dual_norm(Z) * (1 + 1e-9)) == 0.0
        assert penalty.conjugate(Z, penalty.dual_norm(Z) * (1 - 1e-9)) == np.inf


def test_only_fused_leaves_constant_rows_free():
    penalty = FusedSparseGroupLasso(TIMES, 1.0)
    Z = matrix(3)
    assert penalty.dual_norm(Z) == np.inf
    assert penalty.conjugate(Z, 100.0) == np.inf
    assert penalty.value(np.ones((P, T))) == 0.0
    np.testing.assert_allclose(penalty.prox(Z, 1e3), np.repeat(Z.mean(axis=1, keepdims=True), T, axis=1), atol=1e-14)
    Z -= Z.mean(axis=1, keepdims=True)
    # The dual of a chain: largest running sum over its weight.
    expected = (np.abs(np.cumsum(Z, axis=1)[:, :-1]) / WEIGHTS).max()
    assert penalty.dual_norm(Z) == pytest.approx(expected, rel=1e-12)
    assert penalty.dual_norm(np.zeros((P, T))) == 0.0
    assert penalty.conjugate(np.zeros((P, T)), 0.0) == 0.0


def test_dual_norm_of_rows_takes_any_norm():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(30, 5)) * 10.0 ** rng.uniform(-3, 3, size=(30, 1))
    for penalty in (GroupLasso(), SparseGroupLasso(0.3), SparseGroupLasso(0.999)):
        calls = []

        def norm(V, penalty=penalty):
            return np.array([penalty.value(v[None]) for v in V])

        def prox(V, nu, penalty=penalty, calls=calls):
            calls.append(len(V))
            return penalty.prox(V, nu)

        assert dual_norm_of_rows(prox, norm, Z) == pytest.approx(penalty.dual_norm(Z), rel=1e-13)
        assert len(calls) < 15
        assert dual_norm_of_rows(prox, norm, 0 * Z) == 0.0
