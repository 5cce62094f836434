"""Penalties by name."""

from __future__ import annotations

from typing import Any

from skmtl._params import clone
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty
from skmtl.penalties._bounded import Bounded
from skmtl.penalties._chain import ChainGroupLasso, ChainRegularization
from skmtl.penalties._clustered import ClusteredTasks
from skmtl.penalties._common import CommonL1
from skmtl.penalties._fused import FusedSparseGroupLasso
from skmtl.penalties._graph_elastic_net import GraphElasticNet
from skmtl.penalties._group import GroupElasticNet, GroupLasso, SparseGroupLasso
from skmtl.penalties._l1 import L1, ElasticNet
from skmtl.penalties._linf import GroupLInf
from skmtl.penalties._precision import TaskPrecision
from skmtl.penalties._quadratic import GraphRegularization, MeanRegularization, Ridge
from skmtl.penalties._shared_specific import SharedPlusSpecific
from skmtl.penalties._task_group import TaskGroupLasso
from skmtl.penalties._trace import SquaredTraceNorm, TraceNorm

PENALTIES: dict[str, type[Penalty]] = {
    "ridge": Ridge,
    "l1": L1,
    "elastic_net": ElasticNet,
    "group_lasso": GroupLasso,
    "group_elastic_net": GroupElasticNet,
    "sparse_group_lasso": SparseGroupLasso,
    "group_linf": GroupLInf,
    "task_group_lasso": TaskGroupLasso,
    "trace_norm": TraceNorm,
    "squared_trace_norm": SquaredTraceNorm,
    "clustered_tasks": ClusteredTasks,
    "bounded": Bounded,
    "mean": MeanRegularization,
    "graph": GraphRegularization,
    "graph_elastic_net": GraphElasticNet,
    "chain": ChainRegularization,
    "task_precision": TaskPrecision,
    "chain_group_lasso": ChainGroupLasso,
    "fused_sparse_group_lasso": FusedSparseGroupLasso,
    "common_l1": CommonL1,
    "shared_plus_specific": SharedPlusSpecific,
}


def make_penalty(penalty: Any) -> Penalty:
    """A penalty from its registered name, or a checked copy of a penalty object."""
    if isinstance(penalty, Penalty):
        copy: Penalty = clone(penalty)
        copy.check_params()
        return copy
    if isinstance(penalty, str) and penalty in PENALTIES:
        return PENALTIES[penalty]()
    names = ", ".join(repr(name) for name in PENALTIES)
    raise InvalidParameterError(f"penalty={penalty!r} is not known: use {names}, or a penalty object.")
