"""Laws of every penalty; ``penalty_case`` runs over the registry, whose ``naive`` is the penalty as a loop."""

import cases
import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import (
    L1,
    PENALTIES,
    Bounded,
    ElasticNet,
    GraphRegularization,
    GroupElasticNet,
    GroupLasso,
    MeanRegularization,
    Ridge,
    SparseGroupLasso,
    make_penalty,
)

P, T = 5, 3


def matrices(seed=0, count=6, parts=1):
    """Matrices with small, large, zero and tied entries; ``parts`` of them, stacked."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        W = rng.normal(size=(parts * P, T)) * 10.0 ** rng.uniform(-1, 1)
        W[k % P] = 0.0
        W[(k + 1) % P, k % T] = 0.0
        W[(k + 2) % P] = np.round(W[(k + 2) % P])
        yield W


def points(case, seed=0, count=6):
    """Matrices where the penalty is finite, shaped as it takes them."""
    for W in matrices(seed, count, case.parts):
        yield case.domain(W)


def test_value_is_the_loop(penalty_case):
    penalty = penalty_case.make(T)
    assert penalty.parts == penalty_case.parts
    for W in points(penalty_case):
        assert penalty.value(W) == pytest.approx(penalty_case.naive(W), rel=1e-12)
        assert 0 <= penalty.value(W) < np.inf
    assert penalty.value(np.zeros((penalty.parts * P, T))) == 0.0


def test_conic_is_the_value(penalty_case):
    penalty = penalty_case.make(T)
    for W in points(penalty_case, count=3):
        expression, constraints = cases.with_constraints(penalty.conic(cp.Constant(W)))
        if not any(constraint.variables() for constraint in constraints):
            assert expression.value == pytest.approx(penalty_case.naive(W), rel=1e-9)
            assert all(constraint.value(tolerance=1e-12 * np.abs(W).max()) for constraint in constraints)
            continue
        # Variables of its own take their best values.
        problem = cp.Problem(cp.Minimize(expression), constraints)
        cases.solve(problem)
        assert problem.value == pytest.approx(penalty_case.naive(W), rel=1e-7)


def test_homogeneity(penalty_case):
    penalty = penalty_case.make(T)
    for W in points(penalty_case):
        if penalty_case.degree is not None:
            assert penalty.value(2.5 * W) == pytest.approx(2.5**penalty_case.degree * penalty.value(W), rel=1e-12)
        if penalty_case.even:
            assert penalty.value(-W) == pytest.approx(penalty.value(W), rel=1e-12)


def test_convex_along_lines(penalty_case):
    penalty = penalty_case.make(T)
    pairs = zip(points(penalty_case, 1), points(penalty_case, 2), strict=True)
    for V, W in pairs:
        for share in (0.2, 0.5, 0.9):
            chord = share * penalty.value(V) + (1 - share) * penalty.value(W)
            assert penalty.value(share * V + (1 - share) * W) <= chord * (1 + 1e-12)


# -- prox ---------------------------------------------------------------------------------------------


def prox_steps(penalty):
    """Steps of every shape the penalty says it takes."""
    rng = np.random.default_rng(5)
    yield from (0.01, 0.7, 20.0)
    if penalty.separable in ("row", "entry"):
        yield rng.exponential(size=(P, 1)) + 0.05
    if penalty.separable in ("column", "entry"):
        yield rng.exponential(size=(1, T)) + 0.05
    if penalty.separable == "entry":
        yield rng.exponential(size=(P, T)) + 0.05


def test_prox_is_the_minimiser(penalty_case):
    """Against cvxpy, with the penalty written from its formula; step per row or entry where it is separable."""
    penalty = penalty_case.make(T)
    for W in matrices(count=2, parts=penalty.parts):
        for step in prox_steps(penalty):
            V = cp.Variable(W.shape)
            # Any positive multiple of ½ |V - W|² / step + P(V), summand by summand.
            root = 1.0 / np.sqrt(np.broadcast_to(step, W.shape))
            distance = 0.5 * cp.sum_squares(cp.multiply(root, V - W))
            expression, constraints = cases.with_constraints(penalty_case.cvx(V, cp))
            cases.solve(cp.Problem(cp.Minimize(distance + expression), constraints))
            best = penalty_case.domain(V.value)
            # cvxpy knows the value to 1e-8, the point to the root of that; the prox itself has to be no worse.
            ours = penalty.prox(W, step)

            def objective(Z, root=root, W=W):
                return 0.5 * float(((root * (Z - W)) ** 2).sum()) + penalty_case.naive(Z)

            assert objective(ours) <= objective(best) + 1e-9 * max(1.0, objective(best))
            np.testing.assert_allclose(ours, best, atol=2e-3 * max(1.0, np.abs(W).max()))


def test_prox_beats_perturbations(penalty_case):
    penalty = penalty_case.make(T)
    rng = np.random.default_rng(3)
    for W in matrices(parts=penalty.parts):
        for step in prox_steps(penalty):
            best = penalty.prox(W, step)

            def objective(Z, W=W, step=step):
                return float((0.5 * (Z - W) ** 2 / step).sum()) + penalty_case.naive(Z)

            value = objective(best)
            for size in (1e-4, 1e-1):
                for direction in (rng.normal(size=W.shape), W - best, -best):
                    assert value <= objective(penalty_case.domain(best + size * direction)) * (1 + 1e-12)


def test_prox_is_firmly_non_expansive(penalty_case):
    penalty = penalty_case.make(T)
    for V, W in zip(matrices(1, parts=penalty.parts), matrices(2, parts=penalty.parts), strict=True):
        for step in (0.05, 1.0, 8.0):
            a, b = penalty.prox(V, step), penalty.prox(W, step)
            assert ((a - b) ** 2).sum() <= ((a - b) * (V - W)).sum() * (1 + 1e-12)


def test_prox_of_no_step_and_of_zero(penalty_case):
    penalty = penalty_case.make(T)
    for W in matrices(parts=penalty.parts):
        np.testing.assert_allclose(penalty.prox(W, 0.0), penalty_case.domain(W), atol=1e-14 * np.abs(W).max())
    assert (penalty.prox(np.zeros((penalty.parts * P, T)), 3.0) == 0).all()


def test_prox_leaves_its_input(penalty_case):
    penalty = penalty_case.make(T)
    W = next(matrices(parts=penalty.parts))
    before = W.copy()
    W.flags.writeable = False
    penalty.prox(W, 0.5)
    np.testing.assert_array_equal(W, before)


# -- conjugate and dual norm --------------------------------------------------------------------------


def test_moreau_identity(penalty_case):
    """With v = prox(w) at strength a, z = w - v: a P(v) + (a P)*(z) = <v, z>, the equality case of Fenchel-Young."""
    penalty = penalty_case.make(T)
    if penalty.parts > 1:
        return  # of the sum: test_shared_specific.py
    if not hasattr(penalty, "conjugate"):
        assert isinstance(penalty, Bounded)
        return
    for W in matrices():
        for alpha in (0.1, 1.5):
            v = penalty.prox(W, alpha)
            z = W - v
            if hasattr(penalty, "eigen"):
                # A quadratic with a free common model: what rounding leaves along it has an infinite conjugate.
                values, vectors = penalty.eigen(T)
                z = z @ vectors * (values > 1e-12) @ vectors.T
                conjugate = (
                    0.5 * float((((z @ vectors)[:, values > 1e-12]) ** 2 / values[values > 1e-12]).sum()) / alpha
                )
                if values[0] > 1e-12:
                    assert penalty.conjugate(z, alpha) == pytest.approx(conjugate, rel=1e-10)
            else:
                # A hair inside the dual ball, on whose boundary z lies.
                conjugate = penalty.conjugate(z * (1 - 1e-12), alpha)
            assert np.isfinite(conjugate)
            assert alpha * penalty.value(v) + conjugate == pytest.approx(float((v * z).sum()), rel=1e-8, abs=1e-10)


def test_fenchel_young_inequality(penalty_case):
    penalty = penalty_case.make(T)
    finite = 0
    if not hasattr(penalty, "conjugate"):
        assert isinstance(penalty, Bounded)
        return
    free = penalty.free((P, T))
    for V, Z in zip(points(penalty_case, 1), matrices(2), strict=True):
        total = sum(np.split(V, penalty.parts))
        if free is not None:
            assert penalty.conjugate(Z, 2.0) == np.inf or not Z[free].any()
            Z = np.where(free, 0.0, Z)
        for shrink in (0.02, 0.3, 1.0):
            for alpha in (0.3, 2.0):
                conjugate = penalty.conjugate(shrink * Z, alpha)
                finite += np.isfinite(conjugate)
                assert alpha * penalty.value(V) + conjugate >= shrink * float((total * Z).sum()) - 1e-9
    singular = hasattr(penalty, "eigen") and penalty.eigen(T)[0][0] < 1e-12
    assert finite > 0 or singular


def test_dual_norm_by_brute_force(penalty_case):
    """The smallest alpha at which zero is a prox of Z: alpha P(W) >= <Z, W> to first order."""
    penalty = penalty_case.make(T)
    if not penalty_case.has_alpha_max:
        assert not hasattr(penalty, "dual_norm")
        assert penalty.alpha_max(-np.ones((P, T))) == np.inf
        assert penalty.alpha_max(np.zeros((P, T))) == 0.0
        return
    free = penalty.free((P, T))
    for Z in matrices():
        if free is not None:
            assert penalty.dual_norm(Z) == np.inf or not Z[free].any()
            assert penalty.alpha_max(-Z) == penalty.alpha_max(np.where(free, 0.0, -Z))
            Z = np.where(free, 0.0, Z)
        every, low, high = np.vstack([Z] * penalty.parts), 0.0, 1e6
        if not penalty_case.exact_alpha_max:
            assert (penalty.prox(every, penalty.alpha_max(-Z) * (1 + 1e-12)) == 0).all()
            continue
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if (penalty.prox(every, middle) == 0).all() else (middle, high)
        # Z is minus the gradient; the sign matters within bounds.
        assert penalty.alpha_max(-Z) == pytest.approx(high, rel=1e-9)
        if hasattr(penalty, "dual_norm"):
            assert penalty.dual_norm(Z) == pytest.approx(penalty.alpha_max(-Z), rel=1e-14)
            assert penalty.dual_norm(3 * Z) == pytest.approx(3 * penalty.dual_norm(Z), rel=1e-12)
    assert penalty.alpha_max(np.zeros((P, T))) == 0.0


@pytest.mark.parametrize("ratio", [0.0, 1e-6, 0.05, 0.3, 0.5, 0.9, 0.999999, 1.0])
def test_dual_norm_of_the_sparse_group_lasso_by_bisection(ratio):
    """Row by row: ‖soft(z, nu ratio)‖ = nu (1 - ratio)."""
    rng = np.random.default_rng(2)
    penalty = SparseGroupLasso(ratio)
    cases_of_z = [
        *rng.normal(size=(40, 6)),
        *(rng.normal(size=(10, 6)) * 10.0 ** rng.uniform(-8, 8, size=(10, 6))),
        np.ones(6),
        np.array([1.0, 1.0, 0.5, 0.5, 0.0, 0.0]),
        np.array([3.0, 0, 0, 0, 0, 0]),
        np.array([1e-300, 0, 0, 0, 0, 0]),
    ]
    for z in cases_of_z:
        low, high = 0.0, 2.0 * float(np.abs(z).sum()) + 1e-300
        for _ in range(300):
            nu = 0.5 * (low + high)
            inside = np.linalg.norm(np.maximum(np.abs(z) - nu * ratio, 0.0)) <= nu * (1 - ratio)
            low, high = (low, nu) if inside else (nu, high)
        assert penalty.dual_norm(z[None, :]) == pytest.approx(high, rel=1e-9)


def test_dual_norm_of_one_task_is_the_absolute_value():
    """With one task any ratio is the lasso."""
    z = np.array([[-2.0], [0.5]])
    for ratio in (0.0, 0.4, 1.0):
        assert SparseGroupLasso(ratio).dual_norm(z) == pytest.approx(2.0, rel=1e-14)


def test_infinite_strength_where_nothing_selects():
    Z = np.ones((P, T))
    for penalty in (ElasticNet(0.0), GroupElasticNet(0.0)):
        assert penalty.alpha_max(Z) == np.inf
        assert penalty.alpha_max(0 * Z) == 0.0
        assert penalty.conjugate(Z, 2.0) == pytest.approx((Z**2).sum() / 4.0)


# -- traits imply each other --------------------------------------------------------------------------


def test_smooth_means_a_gradient(penalty_case):
    penalty = penalty_case.make(T)
    assert penalty.smooth is penalty_case.smooth
    assert hasattr(penalty, "gradient") == penalty.smooth
    if not penalty.smooth:
        return
    for W in matrices(count=3):
        gradient = penalty.gradient(W)
        for j in range(P):
            for t in range(T):
                step = np.zeros_like(W)
                step[j, t] = 1e-5
                slope = (penalty.value(W + step) - penalty.value(W - step)) / 2e-5
                assert gradient[j, t] == pytest.approx(slope, abs=1e-5 * max(1.0, np.abs(W).max()))


def test_task_matrix_means_the_value(penalty_case):
    penalty = penalty_case.make(T)
    assert hasattr(penalty, "task_matrix") == penalty.smooth
    if not penalty.smooth:
        return
    M = penalty.task_matrix(T)
    np.testing.assert_allclose(M, M.T)
    values, vectors = penalty.eigen(T)
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, M, atol=1e-14)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(T), atol=1e-14)
    assert (np.diff(values) >= 0).all()
    # Where it can be, the common model is one of the directions, as share_intercept needs it.
    if np.ptp(M.sum(axis=0)) < 1e-12:
        assert np.abs(vectors.sum(axis=0)).max() == pytest.approx(np.sqrt(T), rel=1e-12)
    for W in matrices(count=3):
        assert 0.5 * np.trace(W @ M @ W.T) == pytest.approx(penalty_case.naive(W), rel=1e-12)
        np.testing.assert_allclose(penalty.gradient(W), W @ M, atol=1e-13 * np.abs(W).max())


def test_separable_means_a_sum(penalty_case):
    penalty = penalty_case.make(T)
    finer = penalty.separable != "entry"
    for W in points(penalty_case, count=3):
        rows, columns = np.indices(W.shape)
        by_row = sum(penalty.value(np.where(rows == j, W, 0.0)) for j in range(len(W)))
        by_column = sum(penalty.value(np.where(columns == t, W, 0.0)) for t in range(T))
        by_entry = sum(penalty.value(np.where((rows == j) & (columns == t), W, 0.0)) for j, t in np.ndindex(W.shape))
        if penalty.separable in ("row", "entry"):
            assert by_row == pytest.approx(penalty.value(W), rel=1e-12)
        if penalty.separable in ("column", "entry"):
            assert by_column == pytest.approx(penalty.value(W), rel=1e-12)
        if penalty.separable == "entry":
            assert by_entry == pytest.approx(penalty.value(W), rel=1e-12)
        finer = finer and by_entry == pytest.approx(penalty.value(W), rel=1e-6)
    assert not finer


def test_absolute_means_no_sign_and_growth(penalty_case):
    penalty = penalty_case.make(T)
    rng = np.random.default_rng(8)
    if not penalty.absolute:
        return
    for W in points(penalty_case, count=3):
        signs = rng.choice([-1.0, 1.0], size=W.shape)
        assert penalty.value(signs * W) == pytest.approx(penalty.value(W), rel=1e-12)
        assert penalty.value(rng.random(W.shape) * W) <= penalty.value(W)


def test_free_entries_are_those_without_penalty(penalty_case):
    penalty = penalty_case.make(T)
    free = np.zeros((P, T), dtype=bool) if penalty.free((P, T)) is None else penalty.free((P, T))
    assert penalty.free((P, T)) is None or free.any()
    for j, t in np.ndindex(P, T):
        W = np.zeros((penalty.parts * P, T))
        W[j, t] = 1e6
        if free[j, t]:
            assert penalty.value(W) == penalty.value(-W) == 0.0
        elif not (hasattr(penalty, "eigen") and penalty.eigen(T)[0][0] < 1e-12):
            assert max(penalty.value(W), penalty.value(-W)) > 0.0


def test_prox_of_one_entry_by_line_search():
    """scipy's scalar minimiser knows nothing of thresholds."""
    for penalty in (L1(), ElasticNet(0.4), Ridge()):
        for w in (-3.0, 0.2, 1.7):
            found = minimize_scalar(
                lambda v, w=w, penalty=penalty: 0.5 * (v - w) ** 2 / 0.6 + penalty.value(np.array([[v]])),
                bounds=(-5, 5),
                method="bounded",
                options={"xatol": 1e-10},
            )
            assert penalty.prox(np.array([[w]]), 0.6)[0, 0] == pytest.approx(found.x, abs=1e-6)


# -- names and copies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_by_name(name):
    assert type(make_penalty(name)) is PENALTIES[name]


def test_a_penalty_object_is_copied():
    penalty = MeanRegularization(0.3)
    copy = make_penalty(penalty)
    assert copy is not penalty
    assert copy.sharing == 0.3


def test_unknown_penalty():
    with pytest.raises(InvalidParameterError) as error:
        make_penalty("lasso")
    names = ", ".join(f"'{name}'" for name in PENALTIES)
    assert str(error.value) == f"penalty='lasso' is not known: use {names}, or a penalty object."


def test_laplacian_of_a_graph_by_hand():
    graph = np.array([[9.0, 2.0, 0.0], [2.0, 9.0, 1.0], [0.0, 1.0, 9.0]])  # the diagonal says nothing
    expected = np.array([[2.0, -2.0, 0.0], [-2.0, 3.0, -1.0], [0.0, -1.0, 1.0]])
    np.testing.assert_array_equal(GraphRegularization(graph).laplacian(3), expected)


@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 0.0, np.inf, 1.0]], ids=["even", "weighted"])
def test_several_matrices_at_once(weights):
    rng = np.random.default_rng(0)
    Ws = rng.normal(size=(4, 5, 3)) * np.array([0.0, 1.0, 3.0, 0.1])[:, None, None]
    if weights is not None:
        Ws[:, 3] = 0.0  # where anything else is infinitely penalised
    penalty = GroupLasso(weights)
    np.testing.assert_allclose(penalty.values(Ws), [penalty.value(W) for W in Ws], rtol=1e-14)
    np.testing.assert_allclose(penalty.dual_norms(Ws), [penalty.dual_norm(W) for W in Ws], rtol=1e-14)
    assert np.isfinite(penalty.values(Ws)).all()
