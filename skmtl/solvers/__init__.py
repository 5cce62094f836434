"""Solvers: they see the problem only, and the problem certifies what they return."""

from skmtl.solvers._block_cd import BlockCD
from skmtl.solvers._choose import SOLVERS, choose
from skmtl.solvers._closed_form import ClosedForm
from skmtl.solvers._conic import Conic
from skmtl.solvers._driver import IterativeSolver, Solver
from skmtl.solvers._fista import FISTA
from skmtl.solvers._lbfgs import LBFGS
from skmtl.solvers._newton import Newton
from skmtl.solvers._path import solve_path
from skmtl.solvers._result import HistoryRow, SolveResult, Status
from skmtl.solvers._splitting import Splitting

__all__ = [
    "FISTA",
    "LBFGS",
    "SOLVERS",
    "BlockCD",
    "ClosedForm",
    "Conic",
    "HistoryRow",
    "IterativeSolver",
    "Newton",
    "SolveResult",
    "Solver",
    "Splitting",
    "Status",
    "choose",
    "solve_path",
]
