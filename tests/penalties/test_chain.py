"""Chains of tasks in time: the limits of the two penalties, and the secular equation of the group one."""

import cases
import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize

from skmtl._linalg import norm_plus_quadratic
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import (
    ChainGroupLasso,
    ChainRegularization,
    FusedSparseGroupLasso,
    GraphRegularization,
    GroupElasticNet,
    GroupLasso,
    make_penalty,
)

P, T = 6, 4
TIMES = [0.0, 1.0, 3.0, 10.0]
STEPS = (0.03, 0.8, 15.0, np.linspace(0.1, 3.0, P)[:, None])


def matrix(seed, n_tasks=T):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(P, n_tasks)) * 10.0 ** rng.uniform(-1, 1, size=(P, 1))
    W[0] = 0.0
    W[1] = 2.0
    return W


def test_weights_of_a_chain_by_hand():
    """Gaps 1, 2, 7 with mean 10/3; one is inert to the unit of time and to its origin."""
    a, b, c = 10 / 3, 5 / 3, 10 / 21
    laplacian = np.array([[a, -a, 0, 0], [-a, a + b, -b, 0], [0, -b, b + c, -c], [0, 0, -c, c]])
    np.testing.assert_allclose(ChainRegularization(TIMES, 1.0).task_matrix(T), laplacian, atol=1e-15)
    other = 365.25 * np.array(TIMES) - 900.0
    np.testing.assert_allclose(ChainRegularization(other, 1.0).task_matrix(T), laplacian, atol=1e-14)
    assert ChainRegularization(sharing=1.0).value(np.array([[1.0, 2.0, 4.0]])) == 2.5


def test_regular_visits_are_the_unit_chain():
    unit = np.diag(np.ones(T - 1), 1) + np.diag(np.ones(T - 1), -1)
    graph = GraphRegularization(unit, sharing=0.3).task_matrix(T)
    np.testing.assert_array_equal(ChainRegularization(None, 0.3).task_matrix(T), graph)
    np.testing.assert_allclose(ChainRegularization([6, 12, 18, 24], 0.3).task_matrix(T), graph, atol=1e-15)


def test_one_task_has_no_chain():
    W = matrix(0, 1)
    for times in (None, [3.0]):
        assert ChainRegularization(times, 0.4).value(W) == pytest.approx(0.3 * (W**2).sum())
        assert ChainGroupLasso(times, 0.4, 1.0).value(W) == pytest.approx(np.abs(W).sum())
        np.testing.assert_allclose(ChainGroupLasso(times, 1.0, 0.5).prox(W, 2.0), GroupLasso().prox(W, 1.0), atol=1e-14)


def same_penalty(one, other, alphas=(0.2, 1.5)):
    """Value, prox, conjugate and dual norm agree."""
    for seed in range(3):
        W = matrix(seed)
        assert one.value(W) == pytest.approx(other.value(W), rel=1e-13)
        for step in STEPS:
            np.testing.assert_allclose(one.prox(W, step), other.prox(W, step), atol=1e-13 * np.abs(W).max())
        for alpha in alphas:
            for size in (0.05, 1.0):
                assert one.conjugate(size * W, alpha) == pytest.approx(other.conjugate(size * W, alpha), rel=1e-11)
        assert one.alpha_max(W) == pytest.approx(other.alpha_max(W), rel=1e-13)


@pytest.mark.parametrize("ratio", [0.0, 0.4, 1.0])
def test_no_sharing_is_the_group_elastic_net(ratio):
    same_penalty(ChainGroupLasso(TIMES, 0.0, ratio), GroupElasticNet(ratio))


@pytest.mark.parametrize("sharing", [0.0, 0.6, 1.0])
def test_ratio_one_is_the_group_lasso(sharing):
    same_penalty(ChainGroupLasso(TIMES, sharing, 1.0), GroupLasso())


@pytest.mark.parametrize("sharing", [0.0, 0.6, 1.0])
def test_ratio_zero_is_the_chain(sharing):
    same_penalty(ChainGroupLasso(TIMES, sharing, 0.0), ChainRegularization(TIMES, sharing))


@pytest.mark.parametrize("cls", [ChainRegularization, ChainGroupLasso])
def test_time_reversal(cls):
    reverse = cls([-t for t in reversed(TIMES)], 0.7)
    for seed in range(3):
        W = matrix(seed)
        assert cls(TIMES, 0.7).value(W) == pytest.approx(reverse.value(W[:, ::-1]), rel=1e-13)
        np.testing.assert_allclose(cls(TIMES, 0.7).prox(W, 0.9), reverse.prox(W[:, ::-1], 0.9)[:, ::-1], atol=1e-12)
        assert cls(TIMES, 0.7).conjugate(W, 0.9) == pytest.approx(reverse.conjugate(W[:, ::-1], 0.9), rel=1e-11)


@pytest.mark.parametrize(("sharing", "ratio"), [(0.5, 0.5), (1.0, 0.3), (0.99, 0.01), (0.2, 0.95)])
def test_group_prox_equals_cvxpy(sharing, ratio):
    penalty = ChainGroupLasso(TIMES, sharing, ratio)
    weights = [(t, (10 / 3) / (TIMES[t + 1] - TIMES[t])) for t in range(T - 1)]
    for seed in range(2):
        W = matrix(seed)
        for step in (0.1, 2.0):
            V = cp.Variable((P, T))
            links = sum(a * cp.sum_squares(V[:, t + 1] - V[:, t]) for t, a in weights)
            smooth = 0.5 * ((1 - sharing) * cp.sum_squares(V) + sharing * links)
            norms = sum(cp.norm(V[j], 2) for j in range(P))
            problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(V - W) / step + ratio * norms + (1 - ratio) * smooth))
            cases.solve(problem)
            ours = penalty.prox(W, step)
            value = 0.5 * ((ours - W) ** 2).sum() / step + penalty.value(ours)
            assert value == pytest.approx(problem.value, rel=1e-7)
            np.testing.assert_allclose(ours, V.value, atol=1e-4 * np.abs(W).max())


def test_group_prox_is_stationary_to_rounding():
    """W - V = step (ratio V / ‖V‖ + (1 - ratio) V M) on every row that moves, whatever the sizes."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        sharing, ratio = rng.random(2)
        penalty = ChainGroupLasso(np.cumsum(10.0 ** rng.uniform(-3, 3, size=T)), sharing, ratio)
        W = rng.normal(size=(P, T)) * 10.0 ** rng.uniform(-6, 6, size=(P, 1))
        step = 10.0 ** rng.uniform(-4, 4, size=(P, 1))
        V = penalty.prox(W, step)
        norms = np.linalg.norm(V, axis=1, keepdims=True)
        zero = np.linalg.norm(W, axis=1, keepdims=True) <= step * ratio
        np.testing.assert_array_equal(norms == 0, zero)
        M = ChainRegularization(penalty.times, sharing).task_matrix(T)
        pull = step * (ratio * V / np.where(zero, 1.0, norms) + (1 - ratio) * V @ M)
        size = np.abs(W).max(axis=1, keepdims=True) + step * (1 - ratio) * norms * np.abs(M).max()
        assert (np.abs(W - V - pull) / size * ~zero).max() < 1e-13


def numerical_conjugate(penalty, z, alpha):
    """Supremum over one row by quasi-Newton, from several starts."""

    def negative(v):
        norm = np.linalg.norm(v)
        slope = z - alpha * (penalty.l1_ratio * v / max(norm, 1e-300))
        slope = slope - alpha * (1 - penalty.l1_ratio) * v @ M
        return alpha * penalty.value(v[None]) - z @ v, -slope

    M = ChainRegularization(penalty.times, penalty.sharing).task_matrix(len(z))
    starts = (z, 0.1 * z, 10 * z)
    return max([0.0, *(-minimize(negative, s, jac=True, method="BFGS", options={"gtol": 1e-10}).fun for s in starts)])


@pytest.mark.parametrize(("sharing", "ratio"), [(0.5, 0.5), (1.0, 0.5), (1.0, 0.9), (0.0, 0.3), (0.8, 0.1)])
def test_group_conjugate_is_the_supremum(sharing, ratio):
    penalty = ChainGroupLasso(TIMES, sharing, ratio)
    rng = np.random.default_rng(1)
    finite = 0
    for _ in range(20):
        z = rng.normal(size=T)
        if sharing == 1:
            z += 0.2 - z.mean()
        for alpha in (0.3, 1.0):
            ours = penalty.conjugate(z[None], alpha)
            if np.isfinite(ours):
                finite += 1
                assert ours == pytest.approx(numerical_conjugate(penalty, z, alpha), rel=1e-6, abs=1e-9)
            else:
                # Unbounded along the common model.
                far = 1e6 * np.sign(z.sum()) * np.ones((1, T))
                assert float((z * far).sum()) - alpha * penalty.value(far) > 1e3
    assert finite >= 20


def test_group_conjugate_of_a_free_common_model():
    """sharing=1: the ball of the norm takes up the common part, 1'z / √T, and nothing else does."""
    penalty = ChainGroupLasso(sharing=1.0, l1_ratio=0.5)
    common = np.ones((1, T)) / np.sqrt(T)
    assert penalty.conjugate(0.999999 * common, 2.0) == 0.0
    assert penalty.conjugate(1.000001 * common, 2.0) == np.inf
    # With the ball used up the other directions are those of the chain alone; the value is continuous up to there.
    other = np.array([[1.0, -1.0, -1.0, 1.0]])
    limit = ChainRegularization(sharing=1.0).conjugate(other, 1.0)
    M = ChainRegularization(sharing=1.0).task_matrix(T)
    assert limit == pytest.approx(0.5 * (other @ np.linalg.pinv(M) @ other.T).item())
    assert penalty.conjugate(common + other, 2.0) == pytest.approx(limit, rel=1e-9)
    for near in (1e-4, 1e-6, 1e-8):
        assert penalty.conjugate((1 - near) * common + other, 2.0) == pytest.approx(limit, rel=10 * np.sqrt(near))


def test_no_strength():
    """alpha = 0: only zero is free of charge."""
    for ratio in (0.0, 0.5, 1.0):
        penalty = ChainGroupLasso(sharing=0.5, l1_ratio=ratio)
        assert penalty.conjugate(np.zeros((P, T)), 0.0) == 0.0
        assert penalty.conjugate(np.full((P, T), 1e-8), 0.0) == np.inf
    assert ChainGroupLasso(l1_ratio=0.0).alpha_max(np.ones((P, T))) == np.inf
    assert ChainGroupLasso(l1_ratio=0.0).alpha_max(np.zeros((P, T))) == 0.0


def test_quadratic_conjugate_where_the_common_model_is_free():
    """Without a common part the conjugate is that of the other directions, not zero."""
    Z = np.array([[1.0, -1.0, -1.0, 1.0]])
    for penalty in (ChainRegularization(None, 1.0), GraphRegularization(cases.chain(T), 1.0)):
        M = penalty.task_matrix(T)
        assert penalty.conjugate(Z, 0.7) == pytest.approx(0.5 * (Z @ np.linalg.pinv(M) @ Z.T).item() / 0.7, rel=1e-12)
        assert penalty.conjugate(Z + 0.1, 0.7) == np.inf


def test_secular_equation_at_its_edges():
    w = np.array([[3.0, 4.0]])
    # Equal curvatures: the block soft threshold, shrunk.
    np.testing.assert_allclose(norm_plus_quadratic(w, 1.0, np.array([2.0, 2.0])), 0.4 * w, rtol=1e-15)
    # No norm: a division.
    np.testing.assert_allclose(norm_plus_quadratic(w, 0.0, np.array([1.0, 8.0])), [[3.0, 0.5]], rtol=1e-15)
    assert (norm_plus_quadratic(w, 5.0, np.ones(2)) == 0).all()
    assert (norm_plus_quadratic(0 * w, 0.0, np.ones(2)) == 0).all()
    # A hair above the threshold, curvatures of all sizes, a root at 1e8: the equation holds.
    edges = [(5.0 * (1 - 1e-12), [1.0, 1e10]), (3.0, [1e-8, 1e8]), (4.0000001, [1.0, 0.0]), (3.5, [0.0, 1e-3])]
    for radius, curvature in edges:
        d = np.array(curvature)
        v = norm_plus_quadratic(w, radius, d)
        np.testing.assert_allclose(d * v + radius * v / np.linalg.norm(v), w, rtol=1e-12)


BAD = [
    ([0.0, 1.0, 1.0], "task 1 is at 1 and task 2 at 1"),
    ([0.0, 2.0, 1.0], "put the tasks in the order of their times"),
    ([0.0, np.nan, 1.0], "times holds nan"),
    ([0.0, 1.0, np.inf], "times holds inf"),
    ([[0.0, 1.0]], "times has shape (1, 2)"),
    (["baseline", "m06"], "times has to hold numbers"),
]


@pytest.mark.parametrize("cls", [ChainRegularization, ChainGroupLasso, FusedSparseGroupLasso])
def test_bad_times(cls):
    for times, message in BAD:
        with pytest.raises(InvalidParameterError) as error:
            make_penalty(cls(times=times))
        assert message in str(error.value)
    penalty = make_penalty(cls(times=[0.0, 1.0]))
    for call in (penalty.value, lambda W: penalty.prox(W, 1.0)):
        with pytest.raises(InvalidParameterError) as error:
            call(np.ones((P, T)))
        assert str(error.value) == "times has length 2 but there are 4 tasks: give one time per task."
    for name in ("sharing", "l1_ratio", "fused_ratio"):
        if name in penalty.get_params():
            with pytest.raises(InvalidParameterError):
                make_penalty(cls(**{name: 1.5}))
