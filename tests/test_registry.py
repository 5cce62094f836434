"""Every public name has an entry in the registry, so that the laws and the oracles run over it."""

import cases
import pytest
from kernel_cases import KERNEL

from skmtl import (
    calibration,
    compose,
    gaussian_process,
    kernel_ridge,
    linear_model,
    losses,
    multioutput,
    penalties,
    preprocessing,
    solvers,
    svm,
)

# Exported names that are no losses, penalties, solvers or estimators of their own.
EXEMPT = {
    "losses": {
        "LOSSES": "a dict of names",
        "Loss": "an abstract base class",
        "PerTaskLoss": "a container of losses; tests/losses/test_per_task.py",
        "SeparableLoss": "an abstract base class",
        "kinds_for": "a helper function",
        "losses_for": "a helper function",
        "make_loss": "a helper function",
    },
    "penalties": {
        "PENALTIES": "a dict of names",
        "Penalty": "an abstract base class",
        "QuadraticPenalty": "an abstract base class",
        "make_penalty": "a helper function",
    },
    "solvers": {
        "HistoryRow": "part of a result",
        "IterativeSolver": "an abstract base class",
        "SOLVERS": "a dict of names",
        "SolveResult": "a result",
        "Solver": "an abstract base class",
        "Status": "part of a result",
        "choose": "a helper function",
        "solve_path": "a helper function; tests/invariances/test_warm.py",
    },
    "linear_model": {},
    "multioutput": {},
    "gaussian_process": {},
    "kernel_ridge": {},
    "svm": {},
    "calibration": {},
    "compose": {},
    "preprocessing": {},
}
AROUND = {type(make()) for make in cases.AROUND.values()}
KERNEL_METHODS = {type(case.make()) for case in KERNEL.values()}
ENTRIES = {
    "losses": {type(case.make()).__name__ for case in cases.LOSSES},
    "penalties": {type(case.make(3)).__name__ for case in cases.PENALTIES},
    "solvers": {solver.__name__ for solver in cases.SOLVERS.values()},
    "linear_model": {case.cls.__name__ for case in cases.CONVEX}
    | {type(make()).__name__ for make in cases.CV.values()},
    "multioutput": {type(make()).__name__ for make in cases.MULTIOUTPUT.values()},
    **{
        module: {cls.__name__ for cls in KERNEL_METHODS if cls.__module__.split(".")[1] == module}
        for module in ("gaussian_process", "kernel_ridge", "svm")
    },
    **{
        module: {cls.__name__ for cls in AROUND if cls.__module__.split(".")[1] == module}
        for module in ("calibration", "compose", "preprocessing")
    },
}
MODULES = [
    losses,
    penalties,
    solvers,
    linear_model,
    multioutput,
    gaussian_process,
    kernel_ridge,
    svm,
    calibration,
    compose,
    preprocessing,
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[1])
def test_every_public_name_has_an_entry(module):
    short = module.__name__.split(".")[1]
    assert set(module.__all__) - set(EXEMPT[short]) == ENTRIES[short]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[1])
def test_exempt_names_exist(module):
    short = module.__name__.split(".")[1]
    assert set(EXEMPT[short]) <= set(module.__all__)


def test_registered_names_are_in_the_registry():
    assert {type(cases.PENALTY[name].make(3)) for name in cases.PENALTY} == set(penalties.PENALTIES.values())
    assert {case.id for case in cases.LOSSES} == set(losses.LOSSES)
    assert cases.SOLVERS == solvers.SOLVERS
