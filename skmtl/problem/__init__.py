"""The convex problem: objective, gradient, prox, certificate and strength grid."""

from skmtl.problem._certificate import Certificate
from skmtl.problem._coefficients import Coefficients
from skmtl.problem._data_term import DataTerm
from skmtl.problem._grams import FullGram, LazyGram, ThinGram
from skmtl.problem._grid import alpha_grid
from skmtl.problem._moment_term import MomentTerm
from skmtl.problem._problem import Problem
from skmtl.problem._term import Term, coarsen

__all__ = [
    "Certificate",
    "Coefficients",
    "DataTerm",
    "FullGram",
    "LazyGram",
    "MomentTerm",
    "Problem",
    "Term",
    "ThinGram",
    "alpha_grid",
    "coarsen",
]
