"""Penalties: what the coefficients of several outcomes have in common."""

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
from skmtl.penalties._quadratic import GraphRegularization, MeanRegularization, QuadraticPenalty, Ridge
from skmtl.penalties._registry import PENALTIES, make_penalty
from skmtl.penalties._shared_specific import SharedPlusSpecific
from skmtl.penalties._task_group import TaskGroupLasso
from skmtl.penalties._trace import SquaredTraceNorm, TraceNorm

__all__ = [
    "L1",
    "PENALTIES",
    "Bounded",
    "ChainGroupLasso",
    "ChainRegularization",
    "ClusteredTasks",
    "CommonL1",
    "ElasticNet",
    "FusedSparseGroupLasso",
    "GraphElasticNet",
    "GraphRegularization",
    "GroupElasticNet",
    "GroupLInf",
    "GroupLasso",
    "MeanRegularization",
    "Penalty",
    "QuadraticPenalty",
    "Ridge",
    "SharedPlusSpecific",
    "SparseGroupLasso",
    "SquaredTraceNorm",
    "TaskGroupLasso",
    "TaskPrecision",
    "TraceNorm",
    "make_penalty",
]
