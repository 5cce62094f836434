"""Penalties on the parts of a sum: the wedge of useful ratios, what is zero outside it, what the parts hand on."""

import cases
import cvxpy as cp
import numpy as np
import pytest

from skmtl._params import clone
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import (
    L1,
    CommonL1,
    ElasticNet,
    GroupLasso,
    GroupLInf,
    Penalty,
    Ridge,
    SharedPlusSpecific,
    SparseGroupLasso,
    TaskGroupLasso,
    TraceNorm,
    make_penalty,
)

P, T = 5, 3
PAIRS = [
    (GroupLInf(), L1(), 1, T),
    (GroupLasso(), L1(), 1, T**0.5),
    (TraceNorm(), L1(), 1, (P * T) ** 0.5),
    (TraceNorm(), TaskGroupLasso(), 1, T**0.5),
    (GroupLasso(), TaskGroupLasso(), P**-0.5, T**0.5),
    (CommonL1(), L1(), 0, T),
]
IDS = [f"{type(f).__name__}-{type(g).__name__}" for f, g, _, _ in PAIRS]
pairs = pytest.mark.parametrize(("f", "g", "low", "high"), PAIRS, ids=IDS)


def best_split(penalty, Y, alpha, rounds=20000):
    """P and Q that minimise ½ ‖P + Q - Y‖² + alpha (penalty of both), by FISTA with restarts."""
    both = ahead = np.zeros((2 * len(Y), Y.shape[1]))
    momentum = 1.0
    for _ in range(rounds):
        residual = ahead[: len(Y)] + ahead[len(Y) :] - Y
        new = penalty.prox(ahead - 0.5 * np.vstack([residual, residual]), 0.5 * alpha)
        if np.abs(new - ahead).max() < 1e-14:
            break
        if ((ahead - new) * (new - both)).sum() > 0:
            momentum = 1.0
        following = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
        ahead = new + (momentum - 1) / following * (new - both)
        both, momentum = new, following
    return both[: len(Y)], both[len(Y) :]


# -- the wedge ----------------------------------------------------------------------------------------


@pairs
def test_the_wedge_has_every_ratio_of_the_norms(f, g, low, high):
    penalty = SharedPlusSpecific(f, g)
    ends = np.array(penalty.wedge((P, T)))
    np.testing.assert_allclose(ends, [low / (1 + low), high / (1 + high)], rtol=1e-15)
    rng = np.random.default_rng(0)
    for k in range(300):
        V = rng.normal(size=(P, T)) * (rng.random((P, T)) < (0.2, 0.6, 1.0)[k % 3])
        V = f.prox(V, 0.0)
        if V.any():
            assert low * (1 - 1e-12) <= g.value(V) / f.value(V) <= high * (1 + 1e-12)
    # Both ends are reached.
    one_entry, one_row, all_equal = np.zeros((P, T)), np.zeros((P, T)), np.ones((P, T))
    one_entry[2, 1] = one_row[2] = 1.0
    one_column = one_entry + 0.0
    one_column[:, 1] = 1.0
    reached = [g.value(V) / f.value(V) for V in (one_entry, one_row, all_equal, one_column)]
    assert min(reached) == pytest.approx(low, abs=1e-12)
    assert max(reached) == pytest.approx(high)


@pairs
def test_outside_the_wedge_one_part_is_zero(f, g, low, high):
    """W is then that of the other penalty alone."""
    Y, alpha = 2.0 * np.random.default_rng(1).normal(size=(P, T)) + 0.5, 1.0
    above = 1.05 * high
    penalty = SharedPlusSpecific(f, g, shared_ratio=above / (1 + above))
    assert penalty.zero_part((P, T)) == "shared"
    shared, specific = best_split(penalty, Y, alpha)
    assert np.abs(shared).max() < 1e-10
    np.testing.assert_allclose(specific, g.prox(Y, alpha * (1 - penalty.shared_ratio)), atol=1e-10)
    assert (specific != 0).any()
    if low == 0:
        return
    below = low / 1.05
    penalty = SharedPlusSpecific(f, g, shared_ratio=below / (1 + below))
    assert penalty.zero_part((P, T)) == "specific"
    shared, specific = best_split(penalty, Y, alpha)
    assert np.abs(specific).max() < 1e-10
    np.testing.assert_allclose(shared, f.prox(Y, alpha * penalty.shared_ratio), atol=1e-10)
    assert (shared != 0).any()


@pairs
def test_inside_the_wedge_both_parts_can_be_there(f, g, low, high):
    penalty = SharedPlusSpecific(f, g)
    assert penalty.zero_part((P, T)) is None
    # A matrix in which one row or the whole is shared and one entry or column is not.
    for seed in range(5):
        rng = np.random.default_rng(seed)
        Y = np.outer(rng.choice([-1.0, 1.0], P), np.ones(T)) * 3.0
        Y[:, 1] += 9.0 * rng.choice([-1.0, 1.0], P) * (rng.random(P) < 0.7)
        shared, specific = best_split(penalty, Y, 1.0)
        if np.abs(shared).max() > 1e-3 and np.abs(specific).max() > 1e-3:
            return
    raise AssertionError("one part was always zero")


@pairs
def test_ratios_of_a_grid(f, g, low, high):
    penalty = SharedPlusSpecific(f, g)
    ratios = penalty.ratios((P, T), 7)
    assert ratios.shape == (7,)
    assert (np.diff(ratios) > 0).all()
    ends = penalty.wedge((P, T))
    assert ends[0] < ratios[0]
    assert ratios[-1] < ends[1]
    steps = np.diff(np.log(ratios / (1 - ratios)))
    np.testing.assert_allclose(steps[:3], steps[0])
    np.testing.assert_allclose(steps[3:], steps[3])
    middle = np.sqrt((low or 1.0) * high)
    if (type(f).__name__, type(g).__name__) == ("TraceNorm", "TaskGroupLasso"):
        # Where noise decides: largest singular value and column of a matrix of independent normal numbers.
        middle = (np.sqrt(P) + np.sqrt(T)) / (np.sqrt(P) + np.sqrt(2 * np.log(T)))
    else:
        np.testing.assert_allclose(steps, steps[0])
    assert penalty.ratio((P, T)) == pytest.approx(middle / (1 + middle))
    assert ratios[3] == pytest.approx(penalty.ratio((P, T)))
    assert SharedPlusSpecific(f, g, 0.3).ratio((P, T)) == 0.3


def test_the_data_shared_lasso_in_the_middle_of_its_wedge():
    """λ_shared / λ_specific = 1/r, and r = T^-½ is the choice of Gross and Tibshirani."""
    ratio = SharedPlusSpecific("common_l1", "l1").ratio((P, T))
    assert (1 - ratio) / ratio == pytest.approx(T**-0.5)


def test_one_task_has_no_wedge():
    for f, g in (("group_linf", "l1"), ("group_lasso", "l1"), ("common_l1", "l1")):
        penalty = SharedPlusSpecific(f, g)
        assert penalty.wedge((P, 1)) == (0.5, 0.5)
        np.testing.assert_array_equal(penalty.ratios((P, 1), 5), [0.5])
        assert penalty.ratio((P, 1)) == 0.5
        assert penalty.zero_part((P, 1)) is None


def test_the_ends_of_the_wedge_name_no_part():
    for end in SharedPlusSpecific("group_lasso", "l1").wedge((P, T)):
        assert SharedPlusSpecific("group_lasso", "l1", end).zero_part((P, T)) is None


def test_an_unknown_pair_has_every_ratio():
    for f, g in (("l1", "group_lasso"), (SparseGroupLasso(), "l1"), (GroupLasso(weights=np.ones(P)), "l1")):
        penalty = SharedPlusSpecific(f, g)
        assert penalty.wedge((P, T)) == (0.0, 1.0)
        assert penalty.ratio((P, T)) == 0.5
        assert penalty.zero_part((P, T)) is None
        ratios = penalty.ratios((P, T), 5)
        np.testing.assert_allclose(ratios + ratios[::-1], 1.0)
        assert 0.01 < ratios[0] < 0.05


# -- the penalty --------------------------------------------------------------------------------------


@pairs
def test_conjugate_is_that_of_the_sum(f, g, low, high):
    """At the best split the residual Z has alpha P(W) + (alpha P)*(Z) = <W, Z>, W = P + Q; the weights add up."""
    penalty = SharedPlusSpecific(f, g)
    ratio = penalty.ratio((P, T))
    rng = np.random.default_rng(2)
    for alpha in (0.3, 2.0):
        Y = 3.0 * rng.normal(size=(P, T)) + 1.0
        shared, specific = best_split(penalty, Y, alpha)
        W = shared + specific
        Z = Y - W
        assert penalty.dual_norm(Z) == pytest.approx(alpha, rel=1e-8)
        assert penalty.conjugate(Z * (1 - 1e-8), alpha) == 0.0
        total = alpha * penalty.value(np.vstack([shared, specific]))
        assert total == pytest.approx(float((W * Z).sum()), rel=1e-7)
        assert penalty.dual_norm(Z) == max(f.dual_norm(Z) / ratio, g.dual_norm(Z) / (1 - ratio))
        assert penalty.alpha_max(Z) == penalty.dual_norm(Z)


def test_conjugate_with_a_quadratic_part():
    """The infimal convolution of L2,1 and ridge, numerically: its conjugate is the sum of both."""
    penalty = SharedPlusSpecific("group_lasso", "ridge", 0.4)
    rng = np.random.default_rng(0)
    Z = 0.3 * rng.normal(size=(P, T))
    alpha = 2.0
    inside = np.linalg.norm(Z, axis=1).max() <= alpha * 0.4
    assert inside
    assert penalty.conjugate(Z, alpha) == pytest.approx(0.5 * (Z**2).sum() / (alpha * 0.6), rel=1e-13)
    assert penalty.conjugate(10 * Z, alpha) == np.inf
    assert not hasattr(penalty, "dual_norm")
    assert penalty.alpha_max(Z) == np.inf
    # The supremum of <W, Z> - alpha P is reached: at P = 0 and the Q that the ridge wants.
    Q = Z / (alpha * 0.6)
    best = float((Q * Z).sum()) - alpha * penalty.value(np.vstack([0 * Q, Q]))
    assert best == pytest.approx(penalty.conjugate(Z, alpha), rel=1e-13)


@pairs
def test_conic_gives_the_best_split(f, g, low, high):
    penalty = SharedPlusSpecific(f, g)
    Y = np.random.default_rng(3).normal(size=(P, T)) + 1.0
    both = cp.Variable((2 * P, T))
    expression, constraints = cases.with_constraints(penalty.conic(both))
    fit = 0.5 * cp.sum_squares(both[:P] + both[P:] - Y)
    problem = cp.Problem(cp.Minimize(fit + 0.4 * expression), constraints)
    cases.solve(problem)
    shared, specific = best_split(penalty, Y, 0.4)
    ours = 0.5 * ((shared + specific - Y) ** 2).sum() + 0.4 * penalty.value(np.vstack([shared, specific]))
    assert ours == pytest.approx(problem.value, rel=1e-7)
    # What the interior-point solver calls common has a finite value.
    assert penalty.value(both.value) == pytest.approx(expression.value, rel=1e-5)


def test_prox_hands_each_part_its_own_step():
    W = np.random.default_rng(4).normal(size=(2 * P, T))
    by_entry = np.random.default_rng(5).exponential(size=(2 * P, T))
    by_row = np.repeat(by_entry[:, :1], T, axis=1)
    by_column = np.vstack([np.repeat(by_entry[k : k + 1], P, axis=0) for k in (0, P)])
    constant = np.repeat([[0.3], [0.9]], P, axis=0) * np.ones((2 * P, T))
    for f, g, first, second in (
        (L1(), L1(), by_entry, by_entry),
        (GroupLInf(), L1(), by_row, by_entry),
        (GroupLasso(), TaskGroupLasso(), by_row, by_column),
        (TraceNorm(), L1(), constant, by_entry),
    ):
        step = np.vstack([first[:P], second[P:]])
        penalty = SharedPlusSpecific(f, g, 0.7)
        assert penalty.granularity == (f.separable, g.separable)
        fine = {"entry": np.s_[:, :], "row": np.s_[:, :1], "column": np.s_[:1], None: (0, 0)}
        parts = penalty.split(penalty.prox(W, step))
        np.testing.assert_array_equal(parts[0], f.prox(W[:P], 0.7 * step[:P][fine[f.separable]]))
        np.testing.assert_array_equal(parts[1], g.prox(W[P:], (1 - 0.7) * step[P:][fine[g.separable]]))
        whole = penalty.prox(W, 0.6)
        np.testing.assert_array_equal(whole, penalty.prox(W, np.full((2 * P, 1), 0.6)))


class Bare(Penalty):
    """Has a value and a prox only."""

    def value(self, W):
        return float(np.abs(W).sum())

    def prox(self, W, step):
        return L1().prox(W, step)

    def alpha_max(self, gradient):
        return float(np.abs(gradient).max())

    @property
    def conic(self):
        raise AttributeError("none")


@pytest.mark.parametrize("options", [{"shared": Bare()}, {"specific": Bare()}])
def test_what_a_part_lacks_is_absent(options):
    penalty = make_penalty(SharedPlusSpecific(**options))
    for ability in ("conjugate", "dual_norm", "conic"):
        assert not hasattr(penalty, ability)
    with pytest.raises(AttributeError, match="Bare has no conjugate"):
        penalty.conjugate  # noqa: B018
    assert penalty.value(np.ones((2 * P, T))) > 0
    for ability in ("conjugate", "dual_norm", "conic"):
        assert hasattr(SharedPlusSpecific(), ability)


def test_parameters_of_the_parts_are_its_own():
    penalty = SharedPlusSpecific(SparseGroupLasso(0.3), ElasticNet(0.9))
    names = penalty.get_params()
    assert names["shared__l1_ratio"] == 0.3
    assert names["specific__l1_ratio"] == 0.9
    penalty.set_params(shared__l1_ratio=0.1, shared_ratio=0.6)
    copy = make_penalty(penalty)
    assert copy.shared.l1_ratio == 0.1
    assert copy.shared is not penalty.shared
    assert copy.ratio((P, T)) == 0.6
    assert repr(clone(penalty)) == repr(penalty)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"shared_ratio": 0.0},
            "The 'shared_ratio' parameter of SharedPlusSpecific must be None or a float in the range",
        ),
        ({"shared_ratio": 1.0}, "(0, 1)"),
        ({"shared_ratio": np.nan}, "(0, 1)"),
        ({"shared": "lasso"}, "shared='lasso' is not known: use 'ridge', 'l1', "),
        ({"specific": None}, "specific=None is not known"),
        ({"shared": "shared_plus_specific"}, "is itself a sum of parts: use a penalty on one matrix."),
        ({"specific": SharedPlusSpecific()}, "is itself a sum of parts"),
        ({"specific": ElasticNet(l1_ratio=2.0)}, "The 'l1_ratio' parameter of ElasticNet"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(InvalidParameterError) as error:
        make_penalty(SharedPlusSpecific(**options))
    assert message in str(error.value)


def test_weights_of_zero_are_not_for_a_part():
    weights = np.ones(P)
    assert SharedPlusSpecific(GroupLasso(weights=weights)).free((P, T)) is None
    weights[2] = np.inf
    assert SharedPlusSpecific(GroupLasso(weights=weights)).free((P, T)) is None
    weights[1] = 0.0
    for name in ("shared", "specific"):
        with pytest.raises(InvalidParameterError) as error:
            SharedPlusSpecific(**{name: GroupLasso(weights=weights)}).free((P, T))
        assert str(error.value).startswith(f"{name} has weights of 0")


def test_alpha_max_of_a_ridge_part_is_infinite():
    assert SharedPlusSpecific("l1", Ridge(), 0.5).alpha_max(np.ones((P, T))) == np.inf


# -- one model for all outcomes ------------------------------------------------------------------------


def test_common_l1_is_the_lasso_of_one_column():
    W = np.random.default_rng(6).normal(size=(P, T))
    penalty = CommonL1()
    column = W.mean(axis=1, keepdims=True)
    for step in (0.0, 0.5, np.linspace(0.1, 2.0, P)[:, None]):
        expected = np.repeat(L1().prox(column, step / T), T, axis=1)
        ours = penalty.prox(W, step)
        np.testing.assert_array_equal(ours, expected)
        assert penalty.value(ours) == pytest.approx(L1().value(expected[:, :1]), rel=1e-14)
    assert penalty.dual_norm(W) == pytest.approx(T * np.abs(column).max())
    # Finite for what an interior-point solver calls equal, not for models that differ.
    common = np.repeat(column, T, axis=1)
    assert penalty.value(common + 1e-8 * W) == pytest.approx(np.abs(column).sum(), rel=1e-7)
    assert penalty.value(common + 1e-4 * W) == np.inf
    np.testing.assert_allclose(penalty.prox(W[:, :1], 0.3), L1().prox(W[:, :1], 0.3))
