"""Penalties by name."""

from __future__ import annotations

from typing import Any

from skmtl._params import clone
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty
from skmtl.penalties._group import GroupElasticNet, GroupLasso, SparseGroupLasso
from skmtl.penalties._l1 import L1, ElasticNet
from skmtl.penalties._quadratic import GraphRegularization, MeanRegularization, Ridge

PENALTIES: dict[str, type[Penalty]] = {
    "ridge": Ridge,
    "l1": L1,
    "elastic_net": ElasticNet,
    "group_lasso": GroupLasso,
    "group_elastic_net": GroupElasticNet,
    "sparse_group_lasso": SparseGroupLasso,
    "mean": MeanRegularization,
    "graph": GraphRegularization,
}


def make_penalty(penalty: Any) -> Penalty:
    """A penalty from its registered name, or a checked copy of a penalty object."""
    if isinstance(penalty, Penalty):
        copy = clone(penalty)
        copy.check_params()
        return copy
    if isinstance(penalty, str) and penalty in PENALTIES:
        return PENALTIES[penalty]()
    names = ", ".join(repr(name) for name in PENALTIES)
    raise InvalidParameterError(f"penalty={penalty!r} is not known: use {names}, or a penalty object.")
