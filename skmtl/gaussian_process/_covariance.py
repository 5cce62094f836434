"""Covariance of a multi-task Gaussian process over observed entries: Σ_q B_q (x) k_q."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Product, WhiteKernel

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._coregionalization import TaskCovariance
from skmtl.gaussian_process._input_gradients import cross_pullback, has_input_gradient

# Entries whose covariances are written at once.
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Term:
    """One term B (x) k.

    Parameters
    ----------
    kernel : scikit-learn kernel
    task : TaskCovariance
    """

    kernel: Any
    task: TaskCovariance


@dataclass(frozen=True, eq=False)
class Covariance:
    """cov(f_s(x), f_t(z)) = Σ_q B_q[s, t] k_q(x, z), the linear model of coregionalisation.

    Álvarez, Rosasco and Lawrence, Found. Trends Mach. Learn. 4:195-266, 2012; with one term the intrinsic
    coregionalisation of Bonilla, Chai and Williams, NIPS 2007.

    An entry is a row of X and a task: ``rows`` and ``tasks`` have one number each per entry, and no entry stands
    there twice. ``theta`` is [kernel_1.theta, B_1's theta, kernel_2.theta, ...].

    Parameters
    ----------
    terms : tuple of Term
    """

    terms: tuple[Term, ...]

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return self.terms[0].task.n_tasks

    @cached_property
    def sizes(self) -> list[tuple[int, int]]:
        """Number of parameters of the kernel and of the task covariance, term by term."""
        return [(len(term.kernel.theta), len(term.task.theta)) for term in self.terms]

    @property
    def n_theta(self) -> int:
        """Number of free parameters."""
        return sum(first + second for first, second in self.sizes)

    @property
    def theta(self) -> Array:
        """Free parameters, (n_theta,)."""
        return np.concatenate([part for term in self.terms for part in (term.kernel.theta, term.task.theta)])

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (n_theta, 2)."""
        parts = [part for term in self.terms for part in (term.kernel.bounds, term.task.bounds)]
        return np.vstack([np.asarray(part, dtype=float).reshape(-1, 2) for part in parts])

    @property
    def loadings(self) -> IntArray:
        """Which of the free parameters are entries of an L, whose sign is free."""
        free, at = [np.zeros(0, dtype=np.intp)], 0
        for term, (first, second) in zip(self.terms, self.sizes, strict=True):
            free.append(at + first + np.arange(term.task.n_loadings))
            at += first + second
        return np.concatenate(free)

    def with_theta(self, theta: Array) -> Covariance:
        """The same form with other parameters."""
        terms, at = [], 0
        for term, (first, second) in zip(self.terms, self.sizes, strict=True):
            kernel = clone(term.kernel)
            kernel.theta = theta[at : at + first]
            terms.append(Term(kernel, term.task.with_theta(theta[at + first : at + first + second])))
            at += first + second
        return Covariance(tuple(terms))

    def matrix(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Covariance of the entries, (N, N)."""
        K = np.zeros((len(rows), len(rows)))
        for term in self.terms:
            _add(K, term.task.B, np.asarray(term.kernel(X), dtype=float), rows, tasks, rows, tasks)
        return K

    def matrix_and_pullback(self, X: Array, rows: IntArray, tasks: IntArray) -> tuple[Array, Callable[[Array], Array]]:
        """The covariance of the entries, and the map from a symmetric G to the gradient of Σ_ij G_ij K_ij.

        Of G the lower triangle is looked at only, where entries are in the order of their tasks.
        No array of shape (N, N, n_theta) is made: G is folded with B to the rows of X, and with k to the tasks.
        """
        inside = [kernel_and_pullback(term.kernel, X) for term in self.terms]
        matrices = [term.task.B for term in self.terms]
        K = np.zeros((len(rows), len(rows)))
        for B, (k, _) in zip(matrices, inside, strict=True):
            _add(K, B, k, rows, tasks, rows, tasks)

        def pullback(G: Array) -> Array:
            parts = []
            for term, B, (k, pull) in zip(self.terms, matrices, inside, strict=True):
                by_row, by_task = _fold(G, B, k, rows, tasks)
                parts += [pull(by_row), term.task.pullback(by_task)]
            return np.concatenate(parts)

        return K, pullback

    def cross(
        self, X1: Array, rows1: IntArray, tasks1: IntArray, X2: Array, rows2: IntArray, tasks2: IntArray
    ) -> Array:
        """Covariance of some entries with others, (N1, N2)."""
        K = np.zeros((len(rows1), len(rows2)))
        for term in self.terms:
            _add(K, term.task.B, np.asarray(term.kernel(X1, X2), dtype=float), rows1, tasks1, rows2, tasks2)
        return K

    def diag(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Variances of the entries, (N,)."""
        return sum(
            (term.task.B.diagonal()[tasks] * np.asarray(term.kernel.diag(X), dtype=float)[rows] for term in self.terms),
            start=np.zeros(len(rows)),
        )


def kernel_and_pullback(kernel: Kernel, X: Array) -> tuple[Array, Callable[[Array], Array]]:
    """k(X, X) and the map from a symmetric G to the gradient of Σ_ij G_ij k_ij in ``kernel.theta``."""
    if has_input_gradient(kernel) and not any(isinstance(part, WhiteKernel) for part in _parts(kernel)):
        k, pull = cross_pullback(kernel, X, X)
        return k, lambda G: pull(G)[0]
    # scikit-learn's own gradient, an array of shape (n, n, number of parameters).
    k, slope = kernel(X, eval_gradient=True)
    return np.asarray(k, dtype=float), lambda G: np.einsum("ij,ijk->k", G, slope)


def identified(kernel: Kernel) -> Kernel:
    """A copy of a kernel in which a free constant that multiplies all of it is fixed at its value.

    Such a constant and the task covariance B would only share one scale between them.
    """
    if isinstance(kernel, Product):
        return Product(identified(kernel.k1), identified(kernel.k2))
    if isinstance(kernel, ConstantKernel):
        return ConstantKernel(kernel.constant_value, "fixed")
    return clone(kernel)


def _parts(kernel: Kernel) -> Iterator[Kernel]:
    """A kernel and all that it is made of."""
    yield kernel
    for value in kernel.get_params(deep=False).values():
        if isinstance(value, Kernel):
            yield from _parts(value)


def _add(K: Array, B: Array, k: Array, rows1: IntArray, tasks1: IntArray, rows2: IntArray, tasks2: IntArray) -> None:
    """Add B between tasks times k between rows to K (N1, N2), a block of entries after the other."""
    for start in range(0, len(rows1), _BLOCK):
        part = slice(start, start + _BLOCK)
        block = k[rows1[part, None], rows2]
        block *= B[tasks1[part, None], tasks2]
        K[part] += block


def _fold(G: Array, B: Array, k: Array, rows: IntArray, tasks: IntArray) -> tuple[Array, Array]:
    """Σ over pairs of entries of G B onto pairs of rows, (n, n), and of G k onto pairs of tasks, (T, T).

    A pair of two entries is counted twice at one of the two places it has, which is all the same for a symmetric k.
    """
    by_row, by_task = np.zeros_like(k), np.zeros_like(B)
    if (np.diff(tasks) < 0).any():
        order = np.argsort(tasks, kind="stable")
        G, rows, tasks = G[order[:, None], order], rows[order], tasks[order]
    ends = np.searchsorted(tasks, np.arange(len(B) + 1))
    once = len(np.unique(rows)) == len(rows)
    for s, (first, last) in enumerate(pairwise(ends)):
        if first == last:
            continue
        mine, before = rows[first:last], rows[:last]
        # Twice the lower triangle, but for the diagonal.
        part = 2.0 * G[first:last, :last]
        part[:, first:] = np.tril(part[:, first:])
        part[:, first:].flat[:: last - first + 1] *= 0.5
        by_column = np.einsum("ij,ij->j", part, k[_block(mine, before)])
        by_task[s] = np.bincount(tasks[:last], weights=by_column, minlength=len(B))
        part *= B[s, tasks[:last]]
        if once:
            by_row[_block(mine, before)] += part
            continue
        for start, end in pairwise(ends[: s + 2]):  # entries of one task are at different rows
            by_row[_block(mine, rows[start:end])] += part[:, start:end]
    return by_row, 0.5 * (by_task + by_task.T)


def _block(rows: IntArray, columns: IntArray) -> tuple[Any, Any]:
    """Index of a block, by slices where it is one of neighbours: no copy is made of it."""
    if _is_run(rows) and _is_run(columns):
        return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return rows[:, None], columns


def _is_run(index: IntArray) -> bool:
    return len(index) > 0 and bool((np.diff(index) == 1).all())


__all__ = ["Covariance", "Term", "identified", "kernel_and_pullback"]
