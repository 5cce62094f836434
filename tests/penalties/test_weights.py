"""Weights: 0 leaves a coefficient free, infinity leaves it out, others scale its penalty."""

import numpy as np
import pytest

from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import L1, ElasticNet, GroupElasticNet, GroupLasso, GroupLInf, SparseGroupLasso

P, T = 4, 3
BY_FEATURE = [L1, ElasticNet, GroupLasso, GroupElasticNet, SparseGroupLasso, GroupLInf]
BY_ENTRY = [L1, ElasticNet]


def some(seed=0):
    return np.random.default_rng(seed).normal(size=(P, T))


@pytest.mark.parametrize("cls", BY_FEATURE)
def test_ones_change_nothing(cls):
    W = some()
    plain, weighted = cls(), cls(weights=np.ones(P))
    for ability in ("value", "alpha_max", "dual_norm"):
        assert getattr(weighted, ability)(W) == pytest.approx(getattr(plain, ability)(W), rel=1e-15)
    np.testing.assert_array_equal(weighted.prox(W, 0.3), plain.prox(W, 0.3))
    for alpha in (0.1, 3.0):
        assert weighted.conjugate(W, alpha) == pytest.approx(plain.conjugate(W, alpha), rel=1e-15)
    assert weighted.free((P, T)) is None


@pytest.mark.parametrize("cls", BY_FEATURE)
def test_a_weight_is_a_strength_of_its_own(cls):
    """Each row as a penalty alone, at alpha times its weight."""
    weights = np.array([0.5, 1.0, 2.0, 3.7])
    penalty, plain, W = cls(weights=weights), cls(), some()
    rows = [W[j : j + 1] for j in range(P)]
    assert penalty.value(W) == pytest.approx(sum(w * plain.value(r) for w, r in zip(weights, rows, strict=True)))
    parts = [plain.prox(r, 0.3 * w) for w, r in zip(weights, rows, strict=True)]
    np.testing.assert_allclose(penalty.prox(W, 0.3), np.vstack(parts), atol=1e-15)
    largest = max(plain.dual_norm(r) / w for w, r in zip(weights, rows, strict=True))
    assert penalty.dual_norm(W) == pytest.approx(largest)
    for alpha in (0.3, 6.0):
        total = sum(plain.conjugate(r, alpha * w) for w, r in zip(weights, rows, strict=True))
        assert penalty.conjugate(W, alpha) == pytest.approx(total)


@pytest.mark.parametrize("cls", BY_ENTRY)
def test_weights_of_entries_have_the_orientation_of_coef(cls):
    weights = np.arange(1.0, 13.0).reshape(T, P)
    W = some()
    moved = cls(weights=weights).prox(W, 0.05)
    for j in range(P):
        for t in range(T):
            alone = cls().prox(W[j : j + 1, t : t + 1], 0.05 * weights[t, j])
            assert moved[j, t] == pytest.approx(alone[0, 0], abs=1e-15)


@pytest.mark.parametrize("cls", BY_FEATURE)
@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("step", [0.0, 0.3, 1e6, np.full((P, 1), 0.3)])
def test_zero_and_infinity(cls, ratio, step):
    weights = [0.0, np.inf, 1.0, 2.0]
    penalty = cls(ratio, weights) if hasattr(cls(), "l1_ratio") else cls(weights)
    penalty.check_params()
    W = some()
    moved = penalty.prox(W, step)
    np.testing.assert_array_equal(moved[0], W[0])
    np.testing.assert_array_equal(moved[1], np.zeros(T))
    assert penalty.value(W) == np.inf
    assert np.isfinite(penalty.value(moved))
    np.testing.assert_array_equal(penalty.free((P, T)), np.arange(P)[:, None] * np.ones(T) == 0)
    # A dual may be anything where coefficients are excluded, and only zero where they are free.
    Z = np.where(np.arange(P)[:, None] == 1, 1e9, 0.0) * np.ones(T)
    assert penalty.alpha_max(Z) == penalty.dual_norm(Z) == penalty.conjugate(Z, 1.0) == 0.0
    Z = np.where(np.arange(P)[:, None] == 0, 1e-9, 0.0) * np.ones(T)
    assert penalty.alpha_max(Z) == 0.0
    assert penalty.dual_norm(Z) == penalty.conjugate(Z, 1.0) == np.inf


def test_all_free_has_no_strength_to_find():
    assert L1(np.zeros(P)).alpha_max(some()) == 0.0


def message(penalty):
    with pytest.raises(InvalidParameterError) as error:
        penalty.check_params()
    return str(error.value)


@pytest.mark.parametrize("cls", BY_FEATURE)
def test_weights_that_are_no_weights(cls):
    wrong = (
        "weights holds NaN or a negative number: use positive numbers, 0 for a coefficient without penalty and "
        "infinity for one to leave out."
    )
    assert message(cls(weights=[1.0, -0.1])) == wrong
    assert message(cls(weights=[1.0, np.nan])) == wrong
    assert message(cls(weights=[np.inf, np.inf])) == (
        "weights are all infinite, which leaves no coefficient: make one finite."
    )
    assert message(cls(weights=["a", "b"])) == "weights holds something that is not a number."
    assert message(cls(weights=3.0)) == (
        f"The 'weights' parameter of {cls.__name__} must be None or array-like. Got 3.0 instead."
    )
    both = " or (n_tasks, n_features)" if cls in BY_ENTRY else ""
    assert message(cls(weights=np.ones((1, 2, 3)))) == (
        f"weights has shape (1, 2, 3): give it the shape (n_features,){both}."
    )
    if cls not in BY_ENTRY:
        assert (
            message(cls(weights=np.ones((T, P)))) == f"weights has shape ({T}, {P}): give it the shape (n_features,)."
        )


@pytest.mark.parametrize("cls", BY_FEATURE)
def test_weights_that_do_not_fit(cls):
    both = f" or ({T}, {P})" if cls in BY_ENTRY else ""
    for call in ("value", "alpha_max", "dual_norm"):
        with pytest.raises(InvalidParameterError) as error:
            getattr(cls(weights=np.ones(P + 1)), call)(some())
        assert str(error.value) == (
            f"weights has shape ({P + 1},) but coef_ has shape ({T}, {P}): give it the shape ({P},){both}."
        )
    if cls in BY_ENTRY:
        with pytest.raises(InvalidParameterError, match=r"weights has shape \(4, 3\) but coef_ has shape \(3, 4\)"):
            cls(weights=np.ones((P, T))).prox(some(), 1.0)
