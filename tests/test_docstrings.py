"""Every public name says what it takes: each parameter, an example, and what the docs promise of it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys

import pytest

from skmtl.linear_model._docs import documented

MODULES = (
    "linear_model",
    "multioutput",
    "penalties",
    "losses",
    "solvers",
    "metrics",
    "model_selection",
    "data",
    "gaussian_process",
    "kernel_ridge",
    "svm",
    "calibration",
    "compose",
    "inspection",
    "preprocessing",
)
# Bases and results, which users receive but do not make.
NO_EXAMPLE = {
    "Penalty", "QuadraticPenalty", "Loss", "PerTaskLoss", "Solver", "IterativeSolver", "SolveResult", "HistoryRow",
    "Status", "Design", "RowDesign", "SharedDesign", "TaskData", "TaskLayout", "TargetEncoder", "Comparison",
    "solve_path", "choose", "losses_for", "make_loss", "make_penalty", "check_task_ids",
    "SeparableLoss", "kinds_for", "MissingnessReport",
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


LINEAR_MODELS = importlib.import_module("skmtl.linear_model").__all__


def _section(doc, title):
    """Headers of a numpydoc section: "name : type" at the left margin."""
    body = doc.split(f"{title}\n{'-' * len(title)}\n")[1].split("\n\n")[0]
    return [line for line in body.split("\n") if not line.startswith(" ")]


@pytest.mark.parametrize("name", LINEAR_MODELS)
def test_linear_models_describe_the_constructor_in_its_order_with_its_defaults(name):
    cls = getattr(importlib.import_module("skmtl.linear_model"), name)
    headers = _section(inspect.getdoc(cls), "Parameters")
    signature = inspect.signature(cls.__init__).parameters
    assert [header.split(" : ")[0] for header in headers] == _parameters(cls)
    for header in headers:
        described, _, default = header.partition(", default ")
        value = signature[header.split(" : ")[0]].default
        assert default or "None" in described, header
        assert (ast.literal_eval(default) if default else None) == value, header


@pytest.mark.parametrize("name", LINEAR_MODELS)
def test_no_placeholder_is_left(name):
    doc = inspect.getdoc(getattr(importlib.import_module("skmtl.linear_model"), name))
    assert re.findall(r"\{\w+\}", doc) == []


def test_documented_fills_lines_and_leaves_braces_alone():
    @documented
    class Model:
        """Sum.

            Σ_{i observed for t} w_{jt},  {a, b}

        Parameters
        ----------
        {fit_parameters}

        Other
            {own}
        """

        _texts = {"own": "one\n    two"}  # noqa: RUF012

        def __init__(self, warm_start=False, fit_intercept=True): ...

    doc = inspect.getdoc(Model)
    assert "    Σ_{i observed for t} w_{jt},  {a, b}\n" in doc
    assert [h.split(" : ")[0] for h in _section(doc, "Parameters")] == ["warm_start", "fit_intercept"]
    assert doc.endswith("Other\n    one\n        two")


def test_documented_refuses_an_unknown_placeholder():
    class Model:
        """{fit_parametres}"""

    with pytest.raises(KeyError, match=r"Model has \{fit_parametres\}"):
        documented(Model)


def test_documented_works_without_docstrings():
    code = "import skmtl.linear_model as lm; print(lm.MultiTaskLasso.__doc__)"
    done = subprocess.run([sys.executable, "-OO", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "None"


@pytest.mark.parametrize("name", [n for n in importlib.import_module("skmtl.linear_model").__all__ if n[-2:] != "CV"])
def test_estimators_state_objective_source_and_limits(name):
    doc = inspect.getdoc(getattr(importlib.import_module("skmtl.linear_model"), name))
    assert "(1 / n̄) Σ_t ω_t" in doc
    assert re.search(r"\b(19|20)\d\d\b", doc), "no source"
    assert re.search(r"\bNot\b", doc), "does not say when not to use it"
