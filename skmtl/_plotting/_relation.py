"""Matrices that say how outcomes are related, as fitted estimators have them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from skmtl._parts import fitted_parts, task_names
from skmtl._plotting._coefficient_table import coefficient_table
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties import GraphRegularization

KINDS = ("auto", "correlation", "clusters", "graph", "coefficients")


class Relation(NamedTuple):
    """A symmetric matrix between outcomes, and in words what its entries are.

    ``signed``: entries are cosines or correlations in [-1, 1]; else weights of zero or more.
    """

    matrix: Array
    names: list[Hashable]
    what: str
    signed: bool


def relation_of(estimator: Any, kind: str, caller: str) -> Relation:
    """The matrix of this kind, or the first that the estimator has.

    Parameters
    ----------
    estimator : fitted estimator
    kind : {"auto", "correlation", "clusters", "graph", "coefficients"}
    caller : str
        Who asks, for messages.

    Returns
    -------
    Relation

    Raises
    ------
    InvalidParameterError
        The kind is not known, or the estimator has no matrix of it.
    """
    if kind not in KINDS:
        options = ", ".join(repr(one) for one in KINDS)
        raise InvalidParameterError(f"kind={kind!r} is not known: use one of {options}.")
    parts = list(fitted_parts(estimator))
    model = parts[0].model if len(parts) == 1 else estimator
    readers = {"correlation": _correlation, "clusters": _clusters, "graph": _graph}
    for name, read in readers.items():
        found = read(model) if kind in ("auto", name) else None
        if found is not None:
            names = list(task_names(model) or range(len(found.matrix)))
            return found._replace(names=names)
        if kind == name:
            raise InvalidParameterError(
                f"{caller}: {type(model).__name__} has no {name} of its outcomes: use kind='auto', or from_matrix."
            )
    table = coefficient_table(estimator, caller)
    what = "cosine of the coefficients of two outcomes"
    return Relation(cosines(table.coef), table.labels, what, True)


def cosines(rows: Array) -> Array:
    """Cosine of every two rows; NaN with a row of zeros.

    Parameters
    ----------
    rows : ndarray of shape (C, p)
    """
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, length, out=np.full(rows.shape, np.nan), where=length > 0)
    return np.clip(unit @ unit.T, -1.0, 1.0)


def _correlation(model: Any) -> Relation | None:
    matrix = getattr(model, "task_correlation_", None)
    if matrix is None:
        return None
    return Relation(np.asarray(matrix), [], "learned correlation of the latent functions of two outcomes", True)


def _clusters(model: Any) -> Relation | None:
    matrix = getattr(model, "cluster_matrix_", None)
    if matrix is None:
        return None
    # Of a projection onto few directions the normalised entries are cosines between outcomes in them.
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    matrix = np.divide(
        matrix, np.outer(scale, scale), out=np.full(matrix.shape, np.nan), where=np.outer(scale, scale) > 0
    )
    return Relation(np.clip(matrix, -1.0, 1.0), [], "learned cluster matrix, scaled to a diagonal of one", True)


def _graph(model: Any) -> Relation | None:
    """Weights of the edges that were given, not learned."""
    source, form = getattr(model, "graph", None), getattr(model, "graph_form", "adjacency")
    if source is None:
        penalty = getattr(model, "penalty", None)
        source, form = getattr(penalty, "graph", None), getattr(penalty, "form", "adjacency")
    n_tasks = len(task_names(model))
    if source is None or not n_tasks:
        return None
    weights = -GraphRegularization(source, form=form).laplacian(n_tasks)
    np.fill_diagonal(weights, 0.0)
    return Relation(np.maximum(weights, 0.0), [], "weight of the edge between two outcomes, as given", False)


__all__ = ["KINDS", "Relation", "cosines", "relation_of"]
