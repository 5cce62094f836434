"""Bounds on coefficients."""

import cvxpy as cp
import numpy as np
import pytest
from cases import solve, with_constraints
from scipy.optimize import lsq_linear

from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import (
    L1,
    Bounded,
    ClusteredTasks,
    CommonL1,
    ElasticNet,
    GroupLasso,
    GroupLInf,
    MeanRegularization,
    Ridge,
    SharedPlusSpecific,
    SparseGroupLasso,
    SquaredTraceNorm,
    TaskGroupLasso,
    TraceNorm,
)

P, T = 5, 3


def some(seed=0, rows=P):
    return np.random.default_rng(seed).normal(size=(rows, T))


def test_no_bounds_change_nothing():
    W = some()
    for inner in (TraceNorm(), MeanRegularization(0.4), GroupLasso()):
        bounded = Bounded(inner, -np.inf, np.inf)
        assert bounded.value(W) == inner.value(W)
        np.testing.assert_array_equal(bounded.prox(W, 0.3), inner.prox(W, 0.3))
        assert bounded.conjugate(W, 2.0) == inner.conjugate(W, 2.0)
        assert bounded.alpha_max(W) == inner.alpha_max(W)


def test_traits_are_those_of_the_inner_penalty():
    assert [Bounded(inner).separable for inner in (L1(), GroupLasso(), TaskGroupLasso(), TraceNorm())] == [
        "entry",
        "row",
        "column",
        None,
    ]
    assert Bounded(SharedPlusSpecific()).parts == 2
    assert Bounded(SharedPlusSpecific()).granularity == ("row", "entry")
    assert not Bounded("ridge").smooth
    assert not hasattr(Bounded("ridge"), "gradient")
    assert not Bounded(L1()).absolute
    assert Bounded(L1(), -2.0, 2.0).absolute
    assert not Bounded(MeanRegularization(), -2.0, 2.0).absolute


def test_a_dual_is_there_where_it_is_exact():
    for inner in (L1(), ElasticNet(), GroupLasso(), SparseGroupLasso(), GroupLInf(), TaskGroupLasso()):
        assert hasattr(Bounded(inner), "conjugate")
        assert hasattr(Bounded(inner), "dual_norm")
        assert not hasattr(Bounded(inner, upper=1.0), "conjugate")
        assert not hasattr(Bounded(inner, upper=1.0), "dual_norm")
    assert hasattr(Bounded(Ridge()), "conjugate")
    assert not hasattr(Bounded(Ridge()), "dual_norm")
    for inner in (TraceNorm(), MeanRegularization(), CommonL1(), ClusteredTasks()):
        assert not hasattr(Bounded(inner), "conjugate")


@pytest.mark.parametrize("inner", [L1(), GroupLasso(), GroupLInf(), TaskGroupLasso(), Ridge(), SparseGroupLasso()])
@pytest.mark.parametrize("step", [0.0, 0.3, 2.0])
def test_dykstra_finds_what_the_rules_give(inner, step):
    """The same prox by a rule and by the algorithm."""
    for seed in range(4):
        W = some(seed)
        bounded = Bounded(inner, lower=np.array([0.0, -np.inf, 0.0, -np.inf, 0.0]), upper=np.inf)
        np.testing.assert_allclose(bounded._dykstra(inner, W, step), bounded.prox(W, step), atol=1e-12)


@pytest.mark.parametrize(
    "inner", [GroupLasso(), TraceNorm(), MeanRegularization(0.8), SquaredTraceNorm(), ClusteredTasks(2, 0.8)]
)
@pytest.mark.parametrize("shape", [(5, 3), (60, 8)])
def test_dykstra_is_exact_by_the_optimality_conditions(inner, shape):
    """Two proxes that meet: the inner one of W - U, and the bounds' at U on top of it."""
    rng = np.random.default_rng(3)
    for step in (0.05, 0.7):
        W = rng.normal(size=shape)
        X = Bounded(inner, -0.1, 0.5).prox(W, step)
        assert X.min() >= -0.1
        assert X.max() <= 0.5
        # A multiplier: W - X - step times a subgradient at X is normal to the box, so that no feasible way descends.
        for way in (-X, *(np.clip(rng.normal(size=shape), -0.1, 0.5) - X for _ in range(20))):
            small = 1e-6 * way

            def objective(V, W=W, step=step):
                return 0.5 * ((V - W) ** 2).sum() + step * inner.value(V)

            assert objective(X + small) - objective(X) >= -1e-12 * objective(W)


def test_steps_of_every_shape():
    W = some()
    rng = np.random.default_rng(1)
    penalty = Bounded("group_lasso", -0.2, 0.4)
    steps = rng.exponential(size=(P, 1))
    rows = [Bounded("group_lasso", -0.2, 0.4).prox(W[j : j + 1], float(steps[j, 0])) for j in range(P)]
    np.testing.assert_allclose(penalty.prox(W, steps), np.vstack(rows), atol=1e-12)
    steps = rng.exponential(size=(1, T))
    penalty = Bounded("task_group_lasso", -0.2, 0.4)
    columns = [penalty.prox(W[:, t : t + 1], float(steps[0, t])) for t in range(T)]
    np.testing.assert_allclose(penalty.prox(W, steps), np.hstack(columns), atol=1e-12)


@pytest.mark.parametrize("inner", [SharedPlusSpecific(), SharedPlusSpecific("trace_norm", "task_group_lasso")])
@pytest.mark.parametrize("arrays", [False, True])
def test_the_sum_of_parts_is_bounded(inner, arrays):
    """Against cvxpy; a step for each part moves it more or less towards the bounds."""
    W = some(2, rows=2 * P)
    step = np.repeat([[0.2], [0.5]], P, axis=0) if arrays else 0.3
    penalty = Bounded(inner, 0.0, 0.6)
    X = penalty.prox(W, step)
    total = X[:P] + X[P:]
    assert total.min() >= -1e-15
    assert total.max() <= 0.6 + 1e-15
    assert np.isfinite(penalty.value(X))
    V = cp.Variable(W.shape)
    expression, constraints = with_constraints(penalty.conic(V))
    root = 1 / np.sqrt(np.broadcast_to(step, W.shape))
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(cp.multiply(root, V - W)) + expression), constraints)
    solve(problem)
    ours = 0.5 * ((root * (X - W)) ** 2).sum() + inner.value(X)
    assert ours == pytest.approx(problem.value, rel=1e-8)
    np.testing.assert_allclose(X, V.value, atol=1e-4)


def test_non_negative_least_squares():
    """Proximal gradient with bounds and no strength is scipy's bounded least squares."""
    rng = np.random.default_rng(0)
    A, y = rng.normal(size=(30, P)), rng.normal(size=30)
    w, step = np.zeros((P, 1)), 1 / np.linalg.norm(A, 2) ** 2
    for _ in range(5000):
        w = Bounded("l1", 0.0, 0.1).prox(w - step * (A.T @ (A @ w[:, 0] - y))[:, None], 0.0)
    np.testing.assert_allclose(w[:, 0], lsq_linear(A, y, (0.0, 0.1), tol=1e-14).x, atol=1e-8)


def test_alpha_max_counts_what_can_move():
    gradient = np.array([[3.0, -1.0], [5.0, 2.0]])
    assert Bounded("l1").alpha_max(gradient) == 1.0  # only the second entry pulls up
    assert Bounded("l1", -1.0, 0.0).alpha_max(gradient) == 5.0
    assert Bounded("l1", 0.0, 0.0).alpha_max(gradient) == 0.0
    assert Bounded("l1", -0.1, 0.1).alpha_max(gradient) == 5.0
    assert Bounded("group_lasso", [0.0, -1.0], [np.inf, 0.0]).alpha_max(gradient) == pytest.approx(np.hypot(5, 2))
    assert Bounded("ridge").alpha_max(np.abs(gradient)) == 0.0
    assert Bounded("trace_norm").alpha_max(gradient) == TraceNorm().alpha_max(gradient)


def test_free_is_without_penalty_and_bound():
    inner = L1([0.0, 0.0, 1.0, 1.0, 1.0])
    assert Bounded(inner, [-np.inf, 0, 0, 0, 0]).free((P, T)).sum() == T
    assert Bounded(inner).free((P, T)) is None
    assert Bounded(L1(), -np.inf).free((P, T)) is None


def test_bounds_have_the_orientation_of_coef():
    lower = -np.arange(15.0).reshape(T, P) / 10
    W = np.full((P, T), -9.0)
    np.testing.assert_array_equal(Bounded("l1", lower).prox(W, 0.01), lower.T)
    np.testing.assert_array_equal(Bounded("l1", lower[0]).prox(W, 0.01)[:, 1], lower[0])


def message(penalty, call=None):
    with pytest.raises(InvalidParameterError) as error:
        penalty.check_params() if call is None else call()
    return str(error.value)


def test_bad_parameters():
    for bad in (0.5, [[0.0, 0.1]], [-1.0, np.nan]):
        assert message(Bounded("l1", lower=bad)) == (
            "lower holds NaN or a bound above 0, but zero coefficients have to be within the bounds: for others use "
            "constraints= with solver='cvxpy'."
        )
    assert message(Bounded("l1", lower=np.nan)) == (
        "The 'lower' parameter of Bounded must be a float in the range [-inf, inf] or array-like. Got nan instead."
    )
    assert message(Bounded("l1", upper=-0.1)) == (
        "upper holds NaN or a bound below 0, but zero coefficients have to be within the bounds: for others use "
        "constraints= with solver='cvxpy'."
    )
    assert message(Bounded("l1", lower=["a"])) == "lower holds something that is not a number."
    assert message(Bounded("l1", lower=np.zeros((1, 1, 2)))) == (
        "lower has shape (1, 1, 2): give a number, or the shape (n_features,) or (n_tasks, n_features)."
    )
    assert message(Bounded("lasso")).startswith("penalty='lasso' is not known: use 'ridge', ")
    assert "l1_ratio" in message(Bounded(ElasticNet(2.0)))
    penalty = Bounded("l1", lower=np.zeros(P + 1))
    for call in (penalty.value, penalty.alpha_max, lambda W: penalty.prox(W, 1.0)):
        assert message(penalty, lambda call=call: call(some())) == (
            "lower has shape (6,) but coef_ has shape (3, 5): give a number, or the shape (5,) or (3, 5)."
        )


def test_parameters_of_the_inner_penalty_are_parameters():
    penalty = Bounded(ElasticNet(0.2), -1.0)
    assert penalty.set_params(penalty__l1_ratio=0.9).penalty.l1_ratio == 0.9
