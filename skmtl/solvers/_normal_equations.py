"""The linear system of squared loss, in coordinates of the rows of X where features outnumber them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from scipy import linalg

from skmtl._typing import Array
from skmtl.data import Moments
from skmtl.problem import FullGram, Problem, Term

_EPS = np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Squared loss as Σ_t scale_t [ ½ v_t' G_t v_t - c_t' v_t ] with W = V, or W = basis V in the span of the rows.

    Attributes
    ----------
    grams : ndarray of shape (G, q, q)
        With G = 1 where one Gram serves all tasks, else G = T.
    cross : ndarray of shape (q, T)
    scale : ndarray of shape (T,)
        ``task_scale``, by which neither is multiplied.
    basis : ndarray of shape (p, q) or None
        Orthonormal columns; None where q = p (or p + 1, with a constant feature last).
    noise : float
        Eigenvalues of singular systems that are rounding, relative to the largest.
    """

    grams: Array
    cross: Array
    scale: Array
    basis: Array | None = None
    noise: float = 1e-14

    def coefficients(self, V: Array) -> Array:
        """Coefficients (p, T) from coordinates (q, T)."""
        return V if self.basis is None else self.basis @ V

    def coordinates(self, W: Array) -> Array:
        """Coordinates (q, T) of the part of W that the loss sees."""
        return W if self.basis is None else self.basis.T @ W

    @cached_property
    def eigen(self) -> tuple[Array, Array]:
        """Eigenvalues (G, q), clipped at zero, and eigenvectors (G, q, q) of the Grams, each contiguous in memory."""
        values, vectors = np.linalg.eigh(self.grams)
        return np.maximum(values, 0.0), np.ascontiguousarray(vectors.swapaxes(1, 2)).swapaxes(1, 2)

    @cached_property
    def inverses(self) -> dict[float, Array]:
        """Inverses of the scaled Gram plus a number times the identity, of the few numbers they were asked for."""
        return {}

    def inverse(self, ridge: float) -> Array:
        """Inverse of ``scale[0]`` times the first Gram plus ``ridge`` times the identity, (q, q)."""
        if ridge not in self.inverses:
            H = self.scale[0] * self.grams[0]
            H[np.diag_indices_from(H)] += ridge
            factor, _ = linalg.lapack.dpotrf(H, lower=1, overwrite_a=1)
            half, _ = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
            half[np.diag_indices_from(half)] *= 0.5
            self.inverses[ridge] = half + half.T
        return self.inverses[ridge]

    @cached_property
    def turned_cross(self) -> Array:
        """Scaled cross products in the eigenvectors, (T, q)."""
        values: Array = np.matmul((self.scale * self.cross).T[:, None, :], self.eigen[1])[:, 0]
        return values

    @property
    def units(self) -> bool:
        """Whether unknowns may be in units of their own; coordinates in the span of the rows are in one."""
        return self.basis is None

    @cached_property
    def uneven(self) -> bool:
        """Whether the units of features differ so much that rounding in one hides another."""
        return self.units and is_uneven(np.diagonal(self.grams, axis1=-2, axis2=-1))


def is_uneven(diagonal: Array) -> bool:
    """Whether positive curvatures differ by more than the square root of the precision."""
    positive = diagonal[diagonal > 0]
    return bool(positive.min(initial=np.inf) < 1e-8 * positive.max(initial=0.0))


# The problems of a path share their term, and with it what is found here, for as long as the term lives.
_KEPT: WeakKeyDictionary[Term, NormalEquations] = WeakKeyDictionary()


def normal_equations(problem: Problem) -> NormalEquations:
    """The system of a problem with squared loss; for its term's other problems it is made already.

    A penalty that does not change when the rows of W are rotated (½ tr(W M W'), functions of singular values) has a
    solution, the shortest, in the span of the rows of X: of n < p rows that is a system in n unknowns for each task.
    """
    term = problem.term
    if term not in _KEPT:
        if _rows_are_fewer(term):
            _KEPT[term] = _in_row_space(term)
        else:
            grams, cross = term.normal_equations
            _KEPT[term] = NormalEquations(grams, cross, term.task_scale)
    return _KEPT[term]


def n_unknowns(term: Term) -> int:
    """Unknowns per task of the system that `normal_equations` makes."""
    return len(term.data.design.X) if _rows_are_fewer(term) else term.data.n_features


def _rows_are_fewer(term: Term) -> bool:
    """Whether to work in the span of the rows: there are fewer than features, and their units are alike."""
    X = term.data.design.X
    if isinstance(getattr(term, "gram", None), FullGram) or term.share_intercept or not isinstance(X, np.ndarray):
        return False
    # A rotation mixes features; those whose units are far smaller than others' would drown.
    return len(X) < X.shape[1] and not is_uneven(term.metric("entry"))


def _in_row_space(term: Term) -> NormalEquations:
    """The system in the coordinates of X = R Q', with Q orthonormal; some 6 n² p operations in place of n p²."""
    data = term.data
    X = data.design.X.astype(np.float64, copy=False)
    rows = X - term.center.mean(axis=1) if term.fit_intercept else X.copy()
    before, after = np.einsum("ij,ij->j", X, X), np.einsum("ij,ij->j", rows, rows)
    # Along a feature that an intercept stands for already there is nothing but rounding.
    constant = after <= 100 * _EPS * before
    rows[:, constant] = before[constant] = 0.0
    basis, triangle = linalg.qr(rows.T, mode="economic", overwrite_a=True, check_finite=False)
    # Centring (and rows that are combinations of others) leaves directions that hold rounding only.
    left, values, right = np.linalg.svd(triangle.T)
    rank = max(int((values > len(values) * _EPS * np.sqrt(before.sum())).sum()), 1)
    basis = basis @ right[:rank].T
    design = type(data.design)(left[:, :rank] * values[:rank], data.layout)  # type: ignore[call-arg]
    moments = Moments.from_data(replace(data, design=design))
    grams = moments.centered()[0] if term.fit_intercept else moments.raw()[0]
    cross = -term.gradient_at(term.null) / term.task_scale
    # Centring leaves the rounding of what it took out, in any direction.
    noise = 1e-13 * max(1.0, float(np.sqrt(before.sum() / max(values @ values, 1e-300))))
    return NormalEquations(grams, basis.T @ cross, term.task_scale, basis, min(noise, 1e-10))


__all__ = ["NormalEquations", "is_uneven", "n_unknowns", "normal_equations"]
