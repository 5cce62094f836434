"""Covariance of a multi-task Gaussian process over observed entries: Σ_q B_q (x) k_q."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Product, WhiteKernel

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._coregionalization import TaskCovariance
from skmtl.gaussian_process._input_gradients import cross_pullback, has_input_gradient


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
            K += _spread(term.task.B, np.asarray(term.kernel(X), dtype=float), rows, tasks, rows, tasks)
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
            K += _spread(B, k, rows, tasks, rows, tasks)

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
            K += _spread(term.task.B, np.asarray(term.kernel(X1, X2), dtype=float), rows1, tasks1, rows2, tasks2)
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


def _spread(B: Array, k: Array, rows1: IntArray, tasks1: IntArray, rows2: IntArray, tasks2: IntArray) -> Array:
    """B between tasks times k between rows, entry by entry, (N1, N2)."""
    K = k[rows1[:, None], rows2]
    K *= B[tasks1[:, None], tasks2]
    return K


def _fold(G: Array, B: Array, k: Array, rows: IntArray, tasks: IntArray) -> tuple[Array, Array]:
    """Σ over pairs of entries of G B onto pairs of rows, (n, n), and of G k onto pairs of tasks, (T, T)."""
    by_row, by_task = np.zeros_like(k), np.zeros_like(B)
    own = [np.flatnonzero(tasks == t) for t in range(len(B))]
    for s, mine in enumerate(own):
        for t, theirs in enumerate(own[: s + 1]):
            if not (len(mine) and len(theirs)):
                continue
            at = rows[mine][:, None], rows[theirs]
            part = G[_run(mine), _run(theirs)] if _is_run(mine) and _is_run(theirs) else G[mine[:, None], theirs]
            if s == t:
                part = np.tril(part) + np.tril(part, -1).T
            by_task[s, t] = by_task[t, s] = np.vdot(part, k[at])
            by_row[at] += (B[s, t] if s == t else 2.0 * B[s, t]) * part
    return 0.5 * (by_row + by_row.T), by_task


def _is_run(index: IntArray) -> bool:
    return bool(index[-1] - index[0] == len(index) - 1)


def _run(index: IntArray) -> slice:
    return slice(int(index[0]), int(index[-1]) + 1)


__all__ = ["Covariance", "Term", "identified", "kernel_and_pullback"]
