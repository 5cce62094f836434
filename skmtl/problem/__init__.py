"""The convex problem: objective, gradient, prox, certificate and strength grid."""

from skmtl.problem._certificate import Certificate
from skmtl.problem._coefficients import Coefficients
from skmtl.problem._data_term import DataTerm, coarsen
from skmtl.problem._grid import alpha_grid
from skmtl.problem._problem import Problem

__all__ = ["Certificate", "Coefficients", "DataTerm", "Problem", "alpha_grid", "coarsen"]
