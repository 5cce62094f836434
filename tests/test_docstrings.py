"""Every public name says what it takes: each parameter, an example, and what the docs promise of it."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

MODULES = ("linear_model", "multioutput", "penalties", "losses", "solvers", "metrics", "model_selection", "data")
# Bases and results, which users receive but do not make.
NO_EXAMPLE = {
    "Penalty", "QuadraticPenalty", "Loss", "PerTaskLoss", "Solver", "IterativeSolver", "SolveResult", "HistoryRow",
    "Status", "Design", "RowDesign", "SharedDesign", "TaskData", "TaskLayout", "TargetEncoder", "Comparison",
    "solve_path", "choose", "losses_for", "make_loss", "make_penalty", "check_task_ids",
}  # fmt: skip


def public():
    for module in MODULES:
        package = importlib.import_module(f"skmtl.{module}")
        for name in package.__all__:
            thing = getattr(package, name)
            if callable(thing):
                yield pytest.param(name, thing, id=f"{module}.{name}")


def _parameters(thing):
    signature = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing)
    return [p for p in signature.parameters if p not in ("self", "args", "kwargs")]


@pytest.mark.parametrize(("name", "thing"), list(public()))
def test_docstring_is_complete(name, thing):
    doc = inspect.getdoc(thing) or ""
    assert len(doc.split("\n")[0]) > 10, "no summary"
    if name in NO_EXAMPLE:
        return
    assert ">>>" in doc, "no example"
    for parameter in _parameters(thing):
        assert re.search(rf"^\s*[\w, *]*\b{parameter}\b[\w, *]*( :|$)", doc, re.M), f"{parameter} is not described"


@pytest.mark.parametrize("name", [n for n in importlib.import_module("skmtl.linear_model").__all__ if n[-2:] != "CV"])
def test_estimators_state_objective_source_and_limits(name):
    doc = inspect.getdoc(getattr(importlib.import_module("skmtl.linear_model"), name))
    assert "(1 / n̄) Σ_t ω_t" in doc
    assert re.search(r"\b(19|20)\d\d\b", doc), "no source"
    assert re.search(r"\bNot\b", doc), "does not say when not to use it"
