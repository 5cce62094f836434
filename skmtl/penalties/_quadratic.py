"""Quadratic penalties that couple tasks: ½ tr(W M W') with a matrix M over tasks."""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from skmtl._params import NONE, RATIO, ArrayLike, OneOf
from skmtl._typing import Array, MatrixLike
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty
from skmtl.penalties._row_terms import RowTerms, row_terms


@lru_cache(maxsize=8)
def _eigen(matrix: bytes, n_tasks: int) -> tuple[Array, Array]:
    """Eigenvalues and vectors of a symmetric matrix; kept, as every step of a path asks for the same."""
    M = np.frombuffer(matrix).reshape(n_tasks, n_tasks)
    ones = np.full(n_tasks, 1.0 / np.sqrt(n_tasks))
    image = M @ ones
    common = float(ones @ image)
    if np.abs(image - common * ones).max() > 1e-12 * np.abs(M).max():
        values, vectors = np.linalg.eigh(M)
    else:
        # A Householder reflection takes the first axis to the direction of ones; the others span its
        # complement, on which M acts alone.
        axis = ones.copy()
        axis[0] += 1.0
        basis = np.outer(axis, axis) / axis[0] - np.eye(n_tasks)
        rest, turned = np.linalg.eigh(basis[:, 1:].T @ M @ basis[:, 1:])
        values = np.concatenate([[common], rest])
        vectors = np.column_stack([ones, basis[:, 1:] @ turned])
        order = np.argsort(values, kind="stable")
        values, vectors = values[order], vectors[:, order]
    values = np.maximum(values, 0.0)
    values.flags.writeable = vectors.flags.writeable = False
    return values, vectors


def matrix_eigen(M: Array) -> tuple[Array, Array]:
    """Eigenvalues (ascending, clipped at zero) and eigenvectors of M, one of them 1 where it can be."""
    return _eigen(M.tobytes(), len(M))


class QuadraticPenalty(Penalty):
    """½ tr(W M W') = ½ Σ_st M_st w_s·w_t for a positive semi-definite M of shape (T, T)."""

    separable: ClassVar[str | None] = "row"
    smooth: ClassVar[bool] = True

    @abstractmethod
    def task_matrix(self, n_tasks: int) -> Array:
        """The matrix M, shape (T, T)."""

    def eigen(self, n_tasks: int) -> tuple[Array, Array]:
        """Eigenvalues (ascending, clipped at zero) and orthonormal eigenvectors of M.

        Where 1 is an eigenvector (ridge, mean, every Laplacian) it is one of those returned, whatever the
        multiplicities, so that the common model is a direction of its own.
        """
        return matrix_eigen(self.task_matrix(n_tasks))

    def value(self, W: Array) -> float:
        """½ tr(W M W')."""
        return float(0.5 * np.einsum("jt,jt->", W @ self.task_matrix(W.shape[1]), W))

    def gradient(self, W: Array) -> Array:
        """W M."""
        return W @ self.task_matrix(W.shape[1])

    def prox(self, W: Array, step: Array | float) -> Array:
        """W (I + step M)⁻¹, row by row."""
        values, vectors = self.eigen(W.shape[1])
        return ((W @ vectors) / (1 + step * values)) @ vectors.T

    def alpha_max(self, gradient: Array) -> float:
        """Infinite, unless the gradient is zero: a quadratic reaches its limit only in the limit."""
        return float("inf") if np.any(gradient) else 0.0

    def conjugate(self, Z: Array, alpha: float) -> float:
        """½ tr(Z M⁻¹ Z') / alpha; infinite where M is singular in a direction that Z has."""
        values, vectors = self.eigen(Z.shape[1])
        rotated = ((Z @ vectors) ** 2).sum(axis=0)
        # M's null space is decided at rounding level.
        flat = values <= (1e-12 * values[-1] if alpha > 0 else np.inf)
        if rotated[flat].any():
            return float("inf")
        return float((rotated[~flat] / values[~flat]).sum() / (2 * alpha)) if alpha > 0 else 0.0

    def conic(self, W: Any) -> Any:
        """Half the squared norm of W M^½."""
        import cvxpy

        values, vectors = self.eigen(W.shape[1])
        return 0.5 * cvxpy.sum_squares(W @ (vectors * np.sqrt(values)))


class Ridge(QuadraticPenalty):
    """Half the squared coefficients, ½ ‖W‖²: outcomes share the strength and nothing else.

    Hoerl and Kennard, Technometrics 12:55-67, 1970. Not for selection: no coefficient is ever zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import Ridge
    >>> Ridge().prox(np.array([[3.0, -1.0]]), 1.0)
    array([[ 1.5, -0.5]])
    """

    separable: ClassVar[str | None] = "entry"
    absolute: ClassVar[bool] = True

    def task_matrix(self, n_tasks: int) -> Array:
        """The identity."""
        return np.eye(n_tasks)

    def prox(self, W: Array, step: Array | float) -> Array:
        """W / (1 + step)."""
        return W / (1 + step)

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """Alpha times the penalty row by row."""
        return row_terms(shape, alpha, None, ridge=1.0)


class MeanRegularization(QuadraticPenalty):
    """Pull every outcome's coefficients towards their mean.

    ½ [ Σ_t ‖w_t - w̄‖² + (1 - sharing) T ‖w̄‖² ], with w̄ the mean over tasks; M = I - sharing 11'/T.
    ``sharing=0`` is ridge, ``sharing=1`` leaves the common model free and penalises deviations only
    (Evgeniou and Pontil, KDD 2004). For one outcome in several places, or outcomes of one scale and sign;
    not for outcomes in different units or directions, whose mean means nothing.

    Parameters
    ----------
    sharing : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import MeanRegularization
    >>> MeanRegularization(sharing=1.0).value(np.array([[1.0, 3.0]]))
    1.0
    """

    _parameter_constraints: ClassVar = {"sharing": [RATIO]}

    def __init__(self, sharing: float = 0.5):
        self.sharing = sharing

    def task_matrix(self, n_tasks: int) -> Array:
        """I - sharing 11'/T."""
        return np.eye(n_tasks) - self.sharing / n_tasks


class GraphRegularization(QuadraticPenalty):
    """Pull the coefficients of outcomes that are linked in a graph towards each other.

    ½ tr(W M W') with M = (1 - sharing) I + sharing L and L the graph's Laplacian, so that
    tr(W L W') = Σ over edges of a_st ‖w_s - w_t‖² (Evgeniou, Micchelli and Pontil, JMLR 6:615-637, 2005).
    ``sharing=0`` is ridge; at ``sharing=1`` each connected part of the graph has a free common model. Not
    where the graph is a guess: a wrong edge pulls two outcomes together all the same.

    Parameters
    ----------
    graph : array-like or sparse matrix of shape (T, T), or (E, T) for incidence; None for the complete graph
        Edge weights between tasks. None links every pair of tasks with weight 1/T, which makes the penalty
        equal to `MeanRegularization`.
    sharing : float in [0, 1], default 0.5
    form : {"adjacency", "laplacian", "incidence"}, default "adjacency"
        What ``graph`` holds: symmetric non-negative weights with zero diagonal ignored; a symmetric positive
        semi-definite L; or one row per edge, L = graph' graph.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GraphRegularization
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> GraphRegularization(chain, sharing=1.0).value(np.array([[1.0, 1.0, 3.0]]))
    2.0
    """

    _parameter_constraints: ClassVar = {
        "graph": [NONE, ArrayLike()],
        "sharing": [RATIO],
        "form": [OneOf(("adjacency", "laplacian", "incidence"))],
    }

    def __init__(self, graph: MatrixLike = None, sharing: float = 0.5, form: str = "adjacency"):
        self.graph = graph
        self.sharing = sharing
        self.form = form

    def laplacian(self, n_tasks: int) -> Array:
        """The Laplacian L, shape (T, T)."""
        if self.graph is None:
            return np.eye(n_tasks) - 1.0 / n_tasks
        graph = self.graph.toarray() if sparse.issparse(self.graph) else np.asarray(self.graph, dtype=float)
        graph = graph.astype(float)
        if graph.ndim != 2 or graph.shape[1] != n_tasks or (self.form != "incidence" and graph.shape[0] != n_tasks):
            wanted = f"(edges, {n_tasks})" if self.form == "incidence" else f"({n_tasks}, {n_tasks})"
            raise InvalidParameterError(
                f"graph has shape {graph.shape} but there are {n_tasks} tasks: give it the shape {wanted}."
            )
        if not np.isfinite(graph).all():
            raise InvalidParameterError("graph holds NaN or infinity: use 0 where two tasks are not linked.")
        size = max(1.0, float(np.abs(graph).max(initial=0.0)))
        if self.form != "adjacency" and np.abs(graph.sum(axis=1)).max(initial=0.0) > 1e-10 * size:
            raise InvalidParameterError(
                f"graph, read as {self.form!r}, has rows that do not sum to zero, so equal coefficients would be "
                "penalised: give a Laplacian as 'laplacian', one signed row per edge as 'incidence', or edge weights "
                "as 'adjacency'."
            )
        if self.form == "incidence":
            values: Array = graph.T @ graph
            return values
        if not np.allclose(graph, graph.T, rtol=0, atol=1e-12 * size):
            raise InvalidParameterError("graph is not symmetric: give each edge the same weight in both directions.")
        if self.form == "laplacian":
            if np.linalg.eigvalsh(graph)[0] < -1e-10 * size:
                raise InvalidParameterError(
                    "graph, read as 'laplacian', is not positive semi-definite, so the problem is not convex: give a "
                    "Laplacian, or edge weights as 'adjacency'."
                )
            return graph
        if (graph < 0).any():
            s, t = np.unravel_index(int(np.argmin(graph)), graph.shape)
            raise InvalidParameterError(
                f"graph has a negative weight between tasks {s} and {t}, so the problem is not convex: use "
                "weights of zero or more."
            )
        weights = graph - np.diag(np.diag(graph))
        values = np.diag(weights.sum(axis=1)) - weights
        return values

    def task_matrix(self, n_tasks: int) -> Array:
        """(1 - sharing) I + sharing L."""
        return (1 - self.sharing) * np.eye(n_tasks) + self.sharing * self.laplacian(n_tasks)
