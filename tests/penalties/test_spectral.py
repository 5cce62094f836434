"""Functions of singular values: how exact they are, what they equal, what they cost."""

import cvxpy as cp
import numpy as np
import pytest
from cases import solve

from skmtl._linalg import singular, threshold_singular_values
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import L1, ClusteredTasks, Ridge, SquaredTraceNorm, TraceNorm


def by_svd(W, threshold):
    U, values, V = np.linalg.svd(W, full_matrices=False)
    return U @ np.diag(np.maximum(values - threshold, 0.0)) @ V


def with_values(values, p, T, seed=0):
    """A matrix with given singular values."""
    rng = np.random.default_rng(seed)
    k = min(p, T)
    U = np.linalg.qr(rng.normal(size=(p, k)))[0]
    V = np.linalg.qr(rng.normal(size=(T, k)))[0]
    return U @ np.diag(np.resize(values, k)) @ V.T


SPECTRA = {
    "ordinary": np.array([3.0, 2.0, 1.0, 0.5, 0.1, 0.05]),
    "wide": 10.0 ** -np.arange(0.0, 12.0, 2.0),
    "rank two": np.array([2.0, 1.0, 0, 0, 0, 0]),
    "tied": np.array([1.0, 1.0, 1.0, 0.2, 0.2, 0.2]),
    "huge": 1e180 * np.array([3.0, 2.0, 1.0, 0.5, 0.1, 0.05]),
    "tiny": 1e-180 * np.array([3.0, 2.0, 1.0, 0.5, 0.1, 0.05]),
    "zero": np.zeros(6),
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("shape", [(20, 6), (6, 20), (6, 6), (1, 6), (6, 1), (3, 6)])
def test_trace_norm_prox_is_that_of_a_full_svd(name, shape):
    for seed in range(3):
        W = with_values(SPECTRA[name], *shape, seed)
        largest = np.linalg.norm(W, 2)
        for share in (0.0, 1e-14, 1e-10, 1e-6, 0.99e-4, 1.01e-4, 1e-3, 0.05, 0.3, 0.999, 1.001, 10.0):
            step = share * largest
            result = TraceNorm().prox(W, step)
            np.testing.assert_allclose(result, by_svd(W, step), rtol=0, atol=1e-12 * largest)
            assert share < 1.0001 or not result.any()


def test_the_smaller_side_is_factorised(monkeypatch):
    computed, eigh = [], np.linalg.eigh

    def recording(square):
        computed.append(square.shape)
        return eigh(square)

    tables = [with_values(SPECTRA["ordinary"], *shape) for shape in ((40, 6), (6, 40))]

    def refusing(*args, **options):
        raise AssertionError("no singular value decomposition is needed here")

    monkeypatch.setattr(singular.np.linalg, "eigh", recording)
    monkeypatch.setattr(singular.np.linalg, "svd", refusing)
    for W in tables:
        threshold_singular_values(W, 0.7)
    assert computed == [(6, 6)] * 2
    # Above the Frobenius norm nothing is factorised at all.
    threshold_singular_values(tables[0], 10.0)
    threshold_singular_values(np.zeros((5, 4)), 0.1)
    assert len(computed) == 2


def test_what_is_not_finite_stays_visible():
    for penalty in (TraceNorm(), SquaredTraceNorm(), ClusteredTasks()):
        assert np.isnan(penalty.prox(np.array([[1.0, np.nan], [0.0, 1.0]]), 0.1)).all()


@pytest.mark.parametrize("shape", [(20, 6), (6, 20), (3, 3), (1, 5)])
def test_squared_trace_norm_shrinks_by_the_sum(shape):
    """x_i = (σ_i - step s)₊ with s = Σ x_i; equal to the trace norm's prox at step s."""
    for seed, step in enumerate((1e-9, 1e-4, 0.03, 0.5, 7.0)):
        W = np.random.default_rng(seed).normal(size=shape)
        result = SquaredTraceNorm().prox(W, step)
        total = np.linalg.norm(result, "nuc")
        np.testing.assert_allclose(result, by_svd(W, step * total), atol=1e-12 * np.linalg.norm(W, 2))


def test_squared_trace_norm_at_a_huge_step():
    """What is left is the first singular value, over 1 + step, to full relative accuracy."""
    W = with_values(SPECTRA["ordinary"], 20, 6)
    result = SquaredTraceNorm().prox(W, 1e9)
    np.testing.assert_allclose(np.linalg.norm(result, 2), 3.0 / (1 + 1e9), rtol=1e-12)
    assert np.linalg.matrix_rank(result) == 1


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (4, 4), (2, 5)])
def test_clusters_at_their_limits(shape):
    rng = np.random.default_rng(4)
    for _ in range(5):
        W = rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 3, size=shape)
        pairs = [
            (ClusteredTasks(n_clusters=shape[1], sharing=0.7), Ridge()),
            (ClusteredTasks(n_clusters=99, sharing=1.0), Ridge()),
            (ClusteredTasks(n_clusters=2, sharing=0.0), Ridge()),
            (ClusteredTasks(n_clusters=1, sharing=1.0), SquaredTraceNorm()),
        ]
        size = np.linalg.norm(W, 2)
        for clustered, other in pairs:
            assert clustered.value(W) == pytest.approx(other.value(W), rel=1e-12)
            assert clustered.conjugate(W, 0.3) == pytest.approx(other.conjugate(W, 0.3), rel=1e-12)
            for step in (1e-3, 0.4, 30.0):
                np.testing.assert_allclose(clustered.prox(W, step), other.prox(W, step), atol=1e-12 * size)


@pytest.mark.parametrize("shape", [(20, 6), (6, 20), (6, 6), (3, 6)])
@pytest.mark.parametrize(("k", "s"), [(1, 0.5), (2, 0.9), (1, 1.0), (2, 1.0), (5, 0.3)])
def test_prox_of_clusters_by_bisection(shape, k, s):
    """On every singular value: σ φ / (φ + step), with φ = clip(ν σ - step, 1 - s, 1) and ν halved in."""
    for seed in range(4):
        W = np.random.default_rng(seed).normal(size=shape)
        U, values, V = np.linalg.svd(W, full_matrices=False)
        for step in (1e-6, 0.05, 0.7, 9.0):
            low, high = 0.0, (1 + step) / values[-1]
            for _ in range(200):
                nu = 0.5 * (low + high)
                theta = sum((min(max(nu * v - step, 1 - s), 1.0) - (1 - s)) / s for v in values)
                low, high = (nu, high) if theta < k else (low, nu)
            divisors = np.clip(high * values - step, 1 - s, 1.0)
            expected = U @ np.diag(values * divisors / (divisors + step)) @ V
            np.testing.assert_allclose(ClusteredTasks(k, s).prox(W, step), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (2, 4)])
@pytest.mark.parametrize(("k", "s"), [(1, 0.5), (2, 0.8), (2, 1.0)])
def test_clusters_in_the_form_of_the_paper(shape, k, s):
    """rho_1 eta (1 + eta) tr(W (eta I + M)⁻¹ W') / (2 rho_1 eta), minimised over M by cvxpy."""
    W = np.random.default_rng(k).normal(size=shape)
    eta = (1 - s) / s
    M = cp.Variable((shape[1], shape[1]), PSD=True)
    inverse = sum(cp.matrix_frac(row, eta * np.eye(shape[1]) + M) for row in W)
    problem = cp.Problem(cp.Minimize(0.5 * (1 + eta) * inverse), [np.eye(shape[1]) - M >> 0, cp.trace(M) == k])
    solve(problem)
    penalty = ClusteredTasks(k, s)
    assert penalty.value(W) == pytest.approx(problem.value, rel=1e-7)
    ours = penalty.task_matrix_at(W)
    if s < 1:
        assert 0.5 * np.trace(W @ np.linalg.inv((1 - s) * np.eye(shape[1]) + s * ours) @ W.T) == pytest.approx(
            penalty.value(W), rel=1e-12
        )
        unused = np.eye(shape[1]) - np.linalg.pinv(W) @ W
        # Where W leaves M open the oracle may choose another one.
        used = np.eye(shape[1]) - unused
        np.testing.assert_allclose(used @ ours @ used, used @ M.value @ used, atol=1e-4)


@pytest.mark.parametrize("shape", [(9, 5), (3, 5), (1, 5)])
@pytest.mark.parametrize("k", [1, 2, 4, 5, 9])
@pytest.mark.parametrize("s", [0.0, 0.4, 1.0])
def test_the_cluster_matrix_is_one(shape, k, s):
    rng = np.random.default_rng(k)
    for W in (rng.normal(size=shape), np.outer(rng.normal(size=shape[0]), rng.normal(size=5)), np.zeros(shape)):
        M = ClusteredTasks(k, s).task_matrix_at(W)
        np.testing.assert_allclose(M, M.T, atol=1e-14)
        values = np.linalg.eigvalsh(M)
        assert values[0] >= -1e-12
        assert values[-1] <= 1 + 1e-12
        assert np.trace(M) == pytest.approx(min(k, 5), rel=1e-12)


def test_two_clusters_of_outcomes_are_found():
    rng = np.random.default_rng(0)
    first, second = np.linalg.qr(rng.normal(size=(8, 2)))[0].T
    W = np.column_stack([first, -2 * first, second, 1.5 * second, 0.5 * second])
    M = np.abs(ClusteredTasks(2, 0.9).task_matrix_at(W))
    assert (M[:2, :2] > 0.05).all()
    assert (M[2:, 2:] > 0.05).all()
    assert M[:2, 2:].max() < 1e-12


@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("s", [1e-9, 0.3, 0.9, 1.0])
def test_the_budget_of_clusters_is_spent(k, s):
    """theta in [0, 1] with sum k, and optimal: the stationarity of ½ Σ σ² / (φ + step) in theta."""
    rng = np.random.default_rng(6)
    for _ in range(50):
        values = np.sort(10.0 ** rng.uniform(-6, 2, size=6))[::-1]
        if rng.random() < 0.3:
            values[1:4] = values[1]
        for step in (0.0, 1e-6, 0.1, 3.0):
            divisors = ClusteredTasks(k, s)._divisors(values, step)
            theta = (divisors - (1 - s)) / s
            assert theta.min() >= -1e-7
            assert theta.max() <= 1 + 1e-7
            assert divisors.sum() == pytest.approx((1 - s) * 6 + s * k, rel=1e-13)
            pull = values / (divisors + step)
            inside = (theta > 1e-6) & (theta < 1 - 1e-6)
            price = pull[inside].max() if inside.any() else None
            if price is not None:
                np.testing.assert_allclose(pull[inside], price, rtol=1e-9)
                assert (pull[theta <= 1e-6] <= price * (1 + 1e-9)).all()
                assert (pull[theta >= 1 - 1e-6] >= price * (1 - 1e-9)).all()


@pytest.mark.parametrize("penalty", [ClusteredTasks(1, 0.8), ClusteredTasks(2, 1.0), SquaredTraceNorm(), TraceNorm()])
def test_conjugate_is_reached(penalty):
    """At the maximiser, which is a prox: no W gives more, and one gives as much."""
    rng = np.random.default_rng(9)
    W = rng.normal(size=(6, 4))
    V = penalty.prox(W, 0.7)
    Z = W - V
    best = float((Z * V).sum()) - 0.7 * penalty.value(V)
    assert penalty.conjugate(Z * (1 - 1e-13), 0.7) == pytest.approx(best, abs=1e-12)
    for _ in range(200):
        other = V + rng.normal(size=V.shape) * 10.0 ** rng.uniform(-3, 1)
        assert float((Z * other).sum()) - 0.7 * penalty.value(other) <= best + 1e-12


def test_no_strength_at_all():
    for penalty in (ClusteredTasks(), SquaredTraceNorm()):
        assert penalty.conjugate(np.zeros((3, 2)), 0.0) == 0.0
        assert penalty.conjugate(np.ones((3, 2)), 0.0) == np.inf
    assert L1().conjugate(np.zeros((3, 2)), 0.0) == 0.0


@pytest.mark.parametrize(
    ("penalty", "sentence"),
    [
        (
            ClusteredTasks(n_clusters=0),
            "The 'n_clusters' parameter of ClusteredTasks must be an int in the range [1, inf). Got 0 instead.",
        ),
        (
            ClusteredTasks(n_clusters=1.5),
            "The 'n_clusters' parameter of ClusteredTasks must be an int in the range [1, inf). Got 1.5 instead.",
        ),
        (
            ClusteredTasks(sharing=1.1),
            "The 'sharing' parameter of ClusteredTasks must be a float in the range [0, 1]. Got 1.1 instead.",
        ),
    ],
)
def test_bad_parameters(penalty, sentence):
    with pytest.raises(InvalidParameterError) as error:
        penalty.check_params()
    assert str(error.value) == sentence
