"""Penalties: what the coefficients of several outcomes have in common."""

from skmtl.penalties._base import Penalty
from skmtl.penalties._group import GroupElasticNet, GroupLasso, SparseGroupLasso
from skmtl.penalties._l1 import L1, ElasticNet
from skmtl.penalties._quadratic import GraphRegularization, MeanRegularization, QuadraticPenalty, Ridge
from skmtl.penalties._registry import PENALTIES, make_penalty

__all__ = [
    "L1",
    "PENALTIES",
    "ElasticNet",
    "GraphRegularization",
    "GroupElasticNet",
    "GroupLasso",
    "MeanRegularization",
    "Penalty",
    "QuadraticPenalty",
    "Ridge",
    "SparseGroupLasso",
    "make_penalty",
]
