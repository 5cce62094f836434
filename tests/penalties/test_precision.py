"""A matrix over tasks of one's own: what it equals, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import ChainRegularization, GraphRegularization, MeanRegularization, Ridge, TaskPrecision

P, T = 5, 4


def matrix(seed=0):
    return np.random.default_rng(seed).normal(size=(P, T))


@pytest.mark.parametrize(
    "other",
    [
        Ridge(),
        MeanRegularization(0.6),
        MeanRegularization(1.0),
        GraphRegularization(sharing=0.4),
        ChainRegularization(),
    ],
    ids=repr,
)
def test_equals_the_penalty_whose_matrix_it_has(other):
    M = other.task_matrix(T)
    for given in (M, M.tolist(), pd.DataFrame(M)):
        ours = TaskPrecision(given)
        W = matrix()
        assert ours.value(W) == pytest.approx(other.value(W), rel=1e-14)
        np.testing.assert_allclose(ours.prox(W, 0.7), other.prox(W, 0.7), atol=1e-14)
        np.testing.assert_allclose(ours.gradient(W), other.gradient(W), atol=1e-14)
        assert ours.conjugate(W, 0.7) == pytest.approx(other.conjugate(W, 0.7), rel=1e-12)


def test_none_is_the_ridge():
    np.testing.assert_array_equal(TaskPrecision().task_matrix(T), np.eye(T))


@pytest.mark.parametrize("size", [1e-14, 1.0, 1e12])
def test_units_do_not_matter(size):
    """A precision in tiny units is neither flat nor taken for one with a common model."""
    B = np.diag(1.0 + np.arange(T)) + 0.6
    M = np.linalg.inv(B)
    W, penalty = matrix(), TaskPrecision(size * M)
    values, vectors = penalty.eigen(T)
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, size * M, atol=1e-14 * size)
    assert penalty.conjugate(W, 2.0) == pytest.approx(0.25 * np.trace(W @ B @ W.T) / size, rel=1e-12)
    np.testing.assert_allclose(penalty.prox(W, 3.0 / size), TaskPrecision(M).prox(W, 3.0), atol=1e-12)


def test_the_map_estimate_is_the_gaussian_process_mean():
    """Kernel B_st x·x', noise σ²: the mean at new points equals the penalised fit with M = B⁻¹, alpha n̄ = σ²."""
    rng = np.random.default_rng(4)
    n, noise = 30, 0.7
    X, task, y = rng.normal(size=(n, P)), rng.integers(T, size=n), rng.normal(size=n)
    factor = rng.normal(size=(T, T))
    B = factor @ factor.T + 0.1 * np.eye(T)
    new, new_task = rng.normal(size=(7, P)), rng.integers(T, size=7)
    K = B[np.ix_(task, task)] * (X @ X.T)
    mean = (B[np.ix_(new_task, task)] * (new @ X.T)) @ np.linalg.solve(K + noise * np.eye(n), y)
    # The normal equations of ½ Σ (y - x·w_t)² + ½ σ² tr(W M W'), over W row after row.
    M = TaskPrecision(np.linalg.inv(B)).task_matrix(T)
    design = np.zeros((n, P, T))
    design[np.arange(n), :, task] = X
    design = design.reshape(n, P * T)
    W = np.linalg.solve(design.T @ design + noise * np.kron(np.eye(P), M), design.T @ y).reshape(P, T)
    np.testing.assert_allclose(np.einsum("ij,ji->i", new, W[:, new_task]), mean, atol=1e-10)


BAD = [
    (np.eye(3), "precision has shape (3, 3) but there are 4 tasks: give it shape (4, 4)."),
    (np.ones(4), "precision has shape (4,)"),
    (np.eye(4) + np.eye(4, k=1), "precision is not symmetric: it has 1 for tasks 0 and 1 but 0 for 1 and 0."),
    (np.eye(4) - 0.5, "precision is not positive semi-definite (an eigenvalue is -1)"),
    (np.full((4, 4), np.nan), "precision holds NaN or infinity"),
    ([["a"] * 4] * 4, "precision has to be a matrix of numbers."),
]


@pytest.mark.parametrize(("precision", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_precision(precision, message):
    with pytest.raises(InvalidParameterError) as error:
        TaskPrecision(precision).value(matrix())
    assert message in str(error.value)
    with pytest.raises(InvalidParameterError):
        TaskPrecision("identity").check_params()


def test_the_asymmetry_of_an_inverse_is_no_error():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(T, T)) * [1.0, 1e-2, 1e-3, 1.0]
    M = np.linalg.inv(factor @ factor.T + 1e-7 * np.eye(T))
    assert (M != M.T).any()
    taken = TaskPrecision(M).task_matrix(T)
    np.testing.assert_array_equal(taken, taken.T)
