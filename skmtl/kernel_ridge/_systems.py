"""The linear systems of kernel ridge over observed entries, three ways.

With s the weights, λ the strength, K the product kernel between entries and Z the (n_entries, T) indicator of their
tasks, dual coefficients c and intercepts b solve

    (K + λ S⁻¹) c + Z b = y,    Z' c = 0.

In r = √s units this is (K̃ + λ I) c̃ + Z̃ b = ỹ with K̃ = R K R, Z̃ = R Z, ỹ = R y, c = R c̃. Eliminating b gives
c̃ = P ỹ, P = A⁻¹ - A⁻¹ Z̃ (Z̃' A⁻¹ Z̃)⁻¹ Z̃' A⁻¹, A = K̃ + λ I, and the bordered inverse gives what is left of y at a set e
of entries that the fit has not seen: R_e⁻¹ P_ee⁻¹ c̃_e (Cook and Weisberg, Residuals and Influence in Regression, 1982).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from scipy import linalg

from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError


class System(Protocol):
    """A system that gives, for every strength, the solution and the residuals of what is left out."""

    def solve(self, strength: float) -> tuple[Array, Array]:
        """Dual coefficients of the entries and intercepts (T,)."""

    def left_out(self, strength: float, by_row: bool) -> Array:
        """What is left of y by fits without the entry, or without the entries of its row, and their copies."""


def eigen(matrix: Array, overwrite: bool = False) -> tuple[Array, Array]:
    """Eigenvalues, clipped at zero, and eigenvectors of a positive semi-definite matrix."""
    driver = "evd" if len(matrix) > 1 else "ev"  # SciPy before 1.12 fails at size 1
    values, vectors = linalg.eigh(matrix, overwrite_a=overwrite, driver=driver, check_finite=False)
    return np.maximum(values, 0.0), vectors


def _blocks(codes: IntArray) -> list[IntArray]:
    """Positions that have the same code, ascending, code after code."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


class KroneckerSystem:
    """Every task observed at every row, with weights of rows: K = B ⊗ k is never made.

    In the eigenvectors V of B and U of R k R every pair (i, t) is apart, and so are the intercepts in those of B:
    with q = U' r and D_it = 1 / (κ_i β_t + λ), the matrix Z̃' A⁻¹ Z̃ is V diag(h) V', h_t = Σ_i q_i² D_it. One
    strength costs n² T.

    Parameters
    ----------
    rows : (ndarray of shape (n,), ndarray of shape (n, n))
        Eigenvalues and vectors of R k R.
    B : ndarray of shape (T, T)
    y : ndarray of shape (n * T,)
        Task-major.
    weight : ndarray of shape (n,)
    copies : ndarray of shape (n,)
        The same number for rows that are left out together.
    fit_intercept : bool
    """

    def __init__(
        self, rows: tuple[Array, Array], B: Array, y: Array, weight: Array, copies: IntArray, fit_intercept: bool
    ):
        self.row_values, self.U = rows
        self.task_values, self.V = eigen(B)
        self.root = np.sqrt(weight)
        self.turned = (self.U.T @ (self.root[:, None] * y.reshape(len(B), -1).T)) @ self.V
        self.q = self.U.T @ self.root
        self.fit_intercept = fit_intercept
        self.together = [block for block in _blocks(copies) if len(block) > 1]

    def _turned_solution(self, strength: float) -> tuple[Array, Array, Array]:
        """D, U' c̃ V and V' b."""
        D = 1.0 / (np.multiply.outer(self.row_values, self.task_values) + strength)
        b = np.zeros(len(self.task_values))
        if self.fit_intercept:
            b = (self.q @ (D * self.turned)) / (self.q**2 @ D)
        return D, D * (self.turned - np.outer(self.q, b)), b

    def solve(self, strength: float) -> tuple[Array, Array]:
        """Dual coefficients of the entries and intercepts (T,)."""
        _, c, b = self._turned_solution(strength)
        return (self.root[:, None] * (self.U @ c) @ self.V.T).T.ravel(), self.V @ b

    def left_out(self, strength: float, by_row: bool) -> Array:
        """What is left of y by fits without the entry, or without the entries of its row, and their copies."""
        n_rows = len(self.U)
        if self.fit_intercept and (n_rows == 1 or any(len(e) == n_rows for e in self.together)):
            return np.full(self.turned.size, np.nan)
        D, c, _ = self._turned_solution(strength)
        # P between the entries of row i is V diag(own_i) V', and between copies V has a block for each direction.
        own = self.U**2 @ D
        G = (self.U @ (D * self.q[:, None])) / np.sqrt(self.q**2 @ D) if self.fit_intercept else np.zeros_like(own)
        own -= G**2
        c = self.U @ c
        out = (c / own) @ self.V.T if by_row else (c @ self.V.T) / (own @ (self.V**2).T)
        for e in self.together:
            blocks = np.einsum("ik,kt,jk->tij", self.U[e], D, self.U[e], optimize=True)
            blocks -= np.einsum("it,jt->tij", G[e], G[e])
            if by_row:
                out[e] = np.linalg.solve(blocks, c[e].T[..., None])[..., 0].T @ self.V.T
            else:
                blocks = np.einsum("st,tij->sij", self.V**2, blocks)
                out[e] = np.linalg.solve(blocks, (c[e] @ self.V.T).T[..., None])[..., 0].T
        return (out / self.root[:, None]).T.ravel()


class _DenseSystem:
    """A matrix between entries, whatever their pattern and weights.

    Parameters
    ----------
    K : ndarray of shape (n_entries, n_entries)
        Kept, and overwritten.
    y, weight, tasks : ndarray of shape (n_entries,)
    copies : ndarray of shape (n_entries,)
        The same number for entries of the same row, or of rows that are left out together.
    fit_intercept : bool
    """

    def __init__(self, K: Array, y: Array, weight: Array, tasks: IntArray, copies: IntArray, fit_intercept: bool):
        self.root = np.sqrt(weight)
        self.y = self.root * y
        self.tasks, self.copies = tasks, copies
        self.counts = np.bincount(tasks)
        self.Z = np.zeros((len(y), len(self.counts) if fit_intercept else 0))
        if fit_intercept:
            self.Z[np.arange(len(y)), tasks] = self.root
        K *= self.root[:, None]
        K *= self.root

    def _intercepts(self, b: Array) -> Array:
        return b if len(b) else np.zeros(len(self.counts))

    def _left_out(self, c: Array, by_row: bool, block: Callable[[IntArray], Array], diagonal: Array) -> Array:
        """Residuals of what is left out together, from c̃, the diagonal of P and P between some entries."""
        out = np.full(len(c), np.nan)
        for e in _blocks(self.copies if by_row else self.copies * len(self.counts) + self.tasks):
            if self.Z.shape[1]:
                # All entries of a task say nothing but its intercept: without them there is no prediction.
                lone = np.bincount(self.tasks[e], minlength=len(self.counts)) == self.counts
                e = e[~lone[self.tasks[e]]]
            out[e] = c[e] / diagonal[e] if len(e) < 2 else np.linalg.solve(block(e), c[e])
        return out / self.root


class CholeskySystem(_DenseSystem):
    """Any pattern of observed entries and weights, by one Cholesky factorisation for each strength."""

    def __init__(self, K: Array, y: Array, weight: Array, tasks: IntArray, copies: IntArray, fit_intercept: bool):
        super().__init__(K, y, weight, tasks, copies, fit_intercept)
        self.K = K
        self.own = K.diagonal().copy()

    def _factor(self, strength: float) -> Array:
        np.fill_diagonal(self.K, self.own + strength)
        try:
            factor, _ = linalg.cho_factor(self.K.T, lower=True, check_finite=False)
        except linalg.LinAlgError:
            raise InvalidParameterError(
                "alpha is so small that the kernel between the entries is singular to rounding: increase alpha."
            ) from None
        return factor

    def _solved(self, factor: Array) -> tuple[Array, Array, Array]:
        """c̃, b and A⁻¹ Z̃."""
        right = linalg.cho_solve((factor, True), np.column_stack([self.Z, self.y]), check_finite=False)
        G, c = right[:, :-1], right[:, -1]
        if not G.shape[1]:
            return c, np.zeros(0), G
        b = linalg.solve(self.Z.T @ G, self.Z.T @ c, assume_a="pos")
        return c - G @ b, b, G

    def solve(self, strength: float) -> tuple[Array, Array]:
        """Dual coefficients of the entries and intercepts (T,)."""
        c, b, _ = self._solved(self._factor(strength))
        return self.root * c, self._intercepts(b)

    def left_out(self, strength: float, by_row: bool) -> Array:
        """What is left of y by fits without the entry, or without the entries of its row, and their copies."""
        factor = self._factor(strength)
        c, _, G = self._solved(factor)
        inverse, _ = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
        fall = linalg.solve(self.Z.T @ G, G.T, assume_a="pos").T if G.shape[1] else G

        def block(e: IntArray) -> Array:
            own = np.tril(inverse[np.ix_(e, e)])  # e ascends, and the inverse is in the lower triangle
            return own + np.tril(own, -1).T - G[e] @ fall[e].T

        return self._left_out(c, by_row, block, inverse.diagonal() - (G * fall).sum(axis=1))


class SpectralSystem(_DenseSystem):
    """Any pattern of observed entries and weights, by one eigen-decomposition for all strengths.

    One strength costs n_entries² T.
    """

    def __init__(self, K: Array, y: Array, weight: Array, tasks: IntArray, copies: IntArray, fit_intercept: bool):
        super().__init__(K, y, weight, tasks, copies, fit_intercept)
        self.values, U = eigen(K, overwrite=True)
        self.turned, self.Q = U.T @ self.y, U.T @ self.Z
        self.U = np.ascontiguousarray(U)

    def _turned_solution(self, strength: float) -> tuple[Array, Array, Array]:
        """(κ + λ)⁻¹, U' c̃ and b."""
        d = 1.0 / (self.values + strength)
        b = np.zeros(0)
        if self.Q.shape[1]:
            b = linalg.solve((self.Q * d[:, None]).T @ self.Q, self.Q.T @ (d * self.turned), assume_a="pos")
        return d, d * (self.turned - self.Q @ b), b

    def solve(self, strength: float) -> tuple[Array, Array]:
        """Dual coefficients of the entries and intercepts (T,)."""
        _, c, b = self._turned_solution(strength)
        return self.root * (self.U @ c), self._intercepts(b)

    def left_out(self, strength: float, by_row: bool) -> Array:
        """What is left of y by fits without the entry, or without the entries of its row, and their copies."""
        d, c, _ = self._turned_solution(strength)
        G = self.U @ (d[:, None] * self.Q)
        H = (self.Q * d[:, None]).T @ self.Q
        fall = linalg.solve(H, G.T, assume_a="pos").T if len(H) else G

        def block(e: IntArray) -> Array:
            mine = self.U[e]
            return (mine * d) @ mine.T - G[e] @ fall[e].T

        diagonal = np.einsum("ij,ij,j->i", self.U, self.U, d) - (G * fall).sum(axis=1)
        return self._left_out(self.U @ c, by_row, block, diagonal)
