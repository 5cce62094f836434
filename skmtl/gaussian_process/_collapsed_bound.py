"""A lower bound of the log marginal likelihood from inducing points, for many entries.

Let every term of the covariance have its own inducing variables, its value at M points Z for every task. Given them the
value of term q at (x, t) has the mean e_t (x) k_q(x, Z) K_q^{-1}, K_q = k_q(Z, Z), in which B_q cancels: the projection
acts on the inputs only. With φ_q(x) = L_q^{-1} k_q(Z, x), K_q = L_q L_q', the covariance of the projected process is

    Q_ij = Σ_q B_q[t_i, t_j] φ_q(x_i)·φ_q(x_j),

and the collapsed bound of Titsias (AISTATS 2009), for noise variances d_i of the entries, is

    F = log N(y | 0, Q + diag(d)) - ½ Σ_i (k_ii - Q_ii) / d_i  <=  log N(y | 0, K + diag(d)).

With Φ the (N, m) matrix of rows e_{t_i} (x) φ(x_i), φ of all Q terms side by side, R = M Q numbers, m = T R, the matrix
S = Φ' D^{-1} Φ has one (R, R) block a task. So the data are read at O(N R²) instead of O(N m²), and tasks meet only in
an m x m matrix, O(m³). Variables of their own for each term, instead of the sum of the terms at Z, make the bound no
looser; where Z holds every row it is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular
from scipy.linalg.lapack import dpotri

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._input_gradients import cross_pullback, diagonal_pullback

# Added to K_q, times its mean diagonal: the first with which it can be factored. It is a noise of the inducing
# variables, so that the bound stays a bound, lower by about ½ N jitter / noise.
JITTERS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)


@dataclass(frozen=True)
class Block:
    """Some rows of X, and the entries they have in each task: (task, rows of the block, indices of entries)."""

    X: Array
    parts: list[tuple[int, IntArray, IntArray]]


class Entries:
    """Observed entries, and the blocks of rows in which they are read.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    rows, tasks : ndarray of int of shape (N,)
        Row of X and task of each entry; no pair occurs twice.
    y : ndarray of shape (N,)
    block_rows : int
    """

    def __init__(self, X: Array, rows: IntArray, tasks: IntArray, y: Array, block_rows: int):
        self.X, self.rows, self.tasks, self.y = X, rows, tasks, y
        order = np.lexsort((tasks, rows))
        starts = np.arange(0, len(X), block_rows)
        ends = np.searchsorted(rows[order], [*starts, len(X)])
        self.blocks = []
        for start, first, last in zip(starts, ends[:-1], ends[1:], strict=True):
            inside = order[first:last]
            parts = []
            for t in np.unique(tasks[inside]):
                entries = inside[tasks[inside] == t]
                parts.append((int(t), rows[entries] - start, entries))
            self.blocks.append(Block(X[start : start + block_rows], parts))


class Features:
    """φ(x) of all terms side by side: k_q(x, Z) L_q^{-T} for q = 1 .. Q, shape (n, Q M)."""

    def __init__(self, kernels: Sequence[Any], Z: Array):
        self.kernels = kernels
        self.Z = Z
        factored = [_factor(cross_pullback(kernel, Z, Z)[0]) for kernel in kernels]
        self.factors = [factor for factor, _ in factored]
        self.jitter = max(jitter for _, jitter in factored)

    def __call__(self, X: Array) -> Array:
        return self.with_pullback(X)[0]

    def with_pullback(self, X: Array) -> tuple[Array, list[Callable]]:
        """The features and, for each kernel, the pullback of k_q(X, Z)."""
        pairs = [cross_pullback(kernel, X, self.Z) for kernel in self.kernels]
        phi = [
            solve_triangular(L, K.T, lower=True, check_finite=False).T
            for L, (K, _) in zip(self.factors, pairs, strict=True)
        ]
        return np.hstack(phi), [pull for _, pull in pairs]

    def term(self, q: int) -> slice:
        """Columns of term q."""
        return slice(q * len(self.Z), (q + 1) * len(self.Z))

    def pull_cross(self, q: int, pull: Callable, dphi: Array) -> tuple[Array, Array | None]:
        """From the gradient in φ_q(X) to that in the parameters of k_q and in Z, K_q held."""
        L = self.factors[q]
        return pull(solve_triangular(L, dphi.T, lower=True, trans="T", check_finite=False).T)

    def pull_inside(self, q: int, E: Array) -> tuple[Array, Array | None]:
        """The part through K_q, from E = Σ_i dφ_q(x_i) φ_q(x_i)'.

        The bound depends on inner products of φ_q alone, so that the gradient in K_q is -½ L^{-T} E L^{-1}.
        """
        L = self.factors[q]
        half = solve_triangular(L, 0.5 * (E + E.T), lower=True, trans="T", check_finite=False)
        G = -0.5 * solve_triangular(L, half.T, lower=True, trans="T", check_finite=False)
        dtheta, dZ = cross_pullback(self.kernels[q], self.Z, self.Z)[1](G)
        return dtheta, None if dZ is None else 2.0 * dZ  # Z is on both sides of k_q(Z, Z)


def _factor(K: Array) -> tuple[Array, float]:
    """Lower Cholesky factor of K with the smallest jitter that lets it be factored, and this jitter."""
    size = float(np.trace(K)) / len(K)
    for jitter in JITTERS:
        try:
            return cholesky(K + jitter * size * np.eye(len(K)), lower=True, check_finite=False), jitter * size
        except LinAlgError:
            continue
    raise LinAlgError("The covariance of the inducing points is not positive definite.")


class Coupling:
    """Everything of size m: posterior of the whitened inducing variables from S = Φ' D^{-1} Φ and c = Φ' D^{-1} y.

    With 𝔹 = blockdiag_q(B_q (x) I) = R R' and A = I + R' S R, it is normal with the mean mu = H c and the covariance
    H = R A^{-1} R' = (𝔹^{-1} + S)^{-1}. R comes from eigenvectors, since B_q may be singular.

    Parameters
    ----------
    B : sequence of Q ndarrays of shape (T, T)
    S : ndarray of shape (T, R, R), R = Q M
    c : ndarray of shape (T, R)
    """

    def __init__(self, B: Sequence[Array], S: Array, c: Array):
        T, R = c.shape
        Q = len(B)
        M = R // Q
        self.S, self.c, self.B = S, c, B
        roots = [_root(each) for each in B]
        blocks = S.reshape(T, Q, M, Q, M)
        A = np.empty((Q, T, M, Q, T, M))
        for q, left in enumerate(roots):
            for u, right in enumerate(roots):
                pairs = (left[:, :, None] * right[:, None, :]).reshape(T, T * T)
                coupled = pairs.T @ blocks[:, q, :, u, :].reshape(T, M * M)
                A[q, :, :, u, :, :] = coupled.reshape(T, T, M, M).transpose(0, 2, 1, 3)
        A = A.reshape(T * R, T * R)
        A.flat[:: T * R + 1] += 1.0
        b = np.stack([root.T @ part for root, part in zip(roots, self._by_term(c), strict=True)]).ravel()
        factor = cholesky(A, lower=True, overwrite_a=True, check_finite=False)
        w = cho_solve((factor, True), b, check_finite=False)
        self.log_det = 2.0 * float(np.log(np.diagonal(factor)).sum())
        self.quadratic = float(b @ w)
        solved = w.reshape(Q, T, M)
        self.mu = np.hstack([root @ part for root, part in zip(roots, solved, strict=True)])
        self.a = c - np.einsum("trs,ts->tr", S, self.mu)  # 𝔹^{-1} mu
        self._factor, self._roots = factor, roots

    def _by_term(self, table: Array) -> Array:
        """(T, Q M) as (Q, T, M)."""
        return table.reshape(len(table), len(self.B), -1).transpose(1, 0, 2)

    def covariance(self) -> Array:
        """H as (T, R, T, R)."""
        T, R = self.c.shape
        Q = len(self.B)
        M = R // Q
        lower, _ = dpotri(self._factor, lower=1)
        inverse = np.tril(lower)
        inverse += np.tril(lower, -1).T
        inverse = inverse.reshape(Q, T, M, Q, T, M)
        H = np.empty((T, Q, M, T, Q, M))
        for q, left in enumerate(self._roots):
            for u, right in enumerate(self._roots):
                half = np.tensordot(left, inverse[q, :, :, u, :, :], axes=(1, 0))
                H[:, q, :, :, u, :] = np.tensordot(half, right, axes=(2, 1)).transpose(0, 1, 3, 2)
        return H.reshape(T, R, T, R)

    def reduction(self, H: Array) -> Array:
        """𝔹 - H, what the data take off the prior covariance of the variables, as (T, R, T, R)."""
        V = -H
        M = self.c.shape[1] // len(self.B)
        for q, B in enumerate(self.B):
            for r in range(q * M, (q + 1) * M):
                V[:, r, :, r] += B
        return V

    def task_gradients(self, H: Array) -> list[Array]:
        """Gradients of log N(y | 0, Q + D) + ½ Σ_i Q_ii / d_i in B_q: ½ (a a' + S H S), traced over inducing points."""
        T, R = self.c.shape
        gradients = [0.5 * part @ part.T for part in self._by_term(self.a)]
        M = R // len(self.B)
        for t in range(T):
            J = (self.S[t] @ H[t].reshape(R, T * R)).reshape(R, T, R)
            for q, gradient in enumerate(gradients):
                rows = slice(q * M, (q + 1) * M)
                gradient[t] += 0.5 * np.einsum("msn,smn->s", J[rows], self.S[:, rows, :])
        return gradients


def _root(B: Array) -> Array:
    """R with R R' = B, for B positive semidefinite up to rounding."""
    values, vectors = np.linalg.eigh(B)
    return vectors * np.sqrt(np.clip(values, 0.0, None))


class BoundGradient(NamedTuple):
    """Gradient in the parameters of each kernel, each B_q, the noise variances, and Z (None where it is not known)."""

    in_kernels: list[Array]
    in_tasks: list[Array]
    in_noise: Array
    in_points: Array | None


class CollapsedBound:
    """One evaluation of the bound.

    Parameters
    ----------
    data : Entries
    kernels : sequence of Q scikit-learn kernels
    B : sequence of Q ndarrays of shape (T, T)
    d : ndarray of shape (N,)
        Noise variance of each entry.
    Z : ndarray of shape (M, p)
    """

    def __init__(self, data: Entries, kernels: Sequence[Any], B: Sequence[Array], d: Array, Z: Array):
        self.data, self.B, self.d, self.Z = data, B, d, Z
        self.features = Features(kernels, Z)
        T, R = len(B[0]), len(Z) * len(B)
        S, c = np.zeros((T, R, R)), np.zeros((T, R))
        self._kept: list[tuple[Array, list[Callable]]] = []
        for block in data.blocks:
            phi, pulls = self.features.with_pullback(block.X)
            if len(data.blocks) == 1:
                self._kept.append((phi, pulls))
            for t, at, entries in block.parts:
                scaled = phi[at] / np.sqrt(d[entries])[:, None]
                S[t] += scaled.T @ scaled
                c[t] += scaled.T @ (data.y[entries] / np.sqrt(d[entries]))
        self.coupling = Coupling(self.B, S, c)

    def _read(self, block: Block) -> tuple[Array, list[Callable]]:
        return self._kept[0] if self._kept else self.features.with_pullback(block.X)

    @cached_property
    def _diagonals(self) -> list[tuple[Array, Callable]]:
        return [diagonal_pullback(kernel, self.data.X) for kernel in self.features.kernels]

    @cached_property
    def _prior_precisions(self) -> Array:
        """Σ_i k_q(x_i, x_i) / d_i over the entries of each task, shape (Q, T)."""
        rows, tasks = self.data.rows, self.data.tasks
        return np.stack([np.bincount(tasks, k[rows] / self.d, minlength=len(self.B[0])) for k, _ in self._diagonals])

    @property
    def value(self) -> float:
        """The bound F."""
        d, y, M = self.d, self.data.y, len(self.Z)
        unexplained = 0.0
        for q, (B, prior) in enumerate(zip(self.B, self._prior_precisions, strict=True)):
            points = slice(q * M, (q + 1) * M)
            projected = np.trace(self.coupling.S[:, points, points], axis1=1, axis2=2)
            unexplained += float(np.diagonal(B) @ (prior - projected))
        log_det = self.coupling.log_det + float(np.log(d).sum())
        quadratic = float(y @ (y / d)) - self.coupling.quadratic
        return -0.5 * (len(y) * np.log(2.0 * np.pi) + log_det + quadratic + unexplained)

    def gradient(self) -> BoundGradient:
        """Its gradient, at about the cost of the value."""
        data, coupling, Q, M = self.data, self.coupling, len(self.B), len(self.Z)
        H = coupling.covariance()
        dB = coupling.task_gradients(H)
        V = coupling.reduction(H)
        dd = np.empty(len(data.y))
        E = np.zeros((Q, M, M))
        dtheta = [np.zeros(len(kernel.theta)) for kernel in self.features.kernels]
        dZ: Array | None = np.zeros_like(self.Z)

        def add(q: int, gradient: tuple[Array, Array | None]) -> None:
            nonlocal dZ
            dtheta[q] += gradient[0]
            dZ = None if dZ is None or gradient[1] is None else dZ + gradient[1]

        for block in data.blocks:
            phi, pulls = self._read(block)
            dphi = np.zeros_like(phi)
            for t, at, entries in block.parts:
                own, d = phi[at], self.d[entries]
                weights = (data.y[entries] - own @ coupling.mu[t]) / d
                moved = own @ V[t, :, t, :]
                # A row holds at most one entry of a task, so no position is repeated.
                dphi[at] += weights[:, None] * coupling.mu[t] + moved / d[:, None]
                dd[entries] = 0.5 * (weights**2 - 1.0 / d - np.einsum("ij,ij->i", own, moved) / d**2)
            for q, pull in enumerate(pulls):
                points = self.features.term(q)
                E[q] += dphi[:, points].T @ phi[:, points]
                add(q, self.features.pull_cross(q, pull, dphi[:, points]))
        for q, (k, pull_diagonal) in enumerate(self._diagonals):
            add(q, self.features.pull_inside(q, E[q]))
            variances = np.diagonal(self.B[q])[data.tasks]
            dB[q][np.diag_indices(len(dB[q]))] -= 0.5 * self._prior_precisions[q]
            dtheta[q] += pull_diagonal(-0.5 * np.bincount(data.rows, variances / self.d, minlength=len(data.X)))
            dd += 0.5 * variances * k[data.rows] / self.d**2
        return BoundGradient(dtheta, dB, dd, dZ)


__all__ = ["JITTERS", "BoundGradient", "CollapsedBound", "Coupling", "Entries", "Features"]
