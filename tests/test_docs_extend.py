"""The code of the page on extending skmtl: held to the laws of the library's own penalties, losses and solvers."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import cases
import numpy as np
import pytest
from losses import test_losses as loss_laws
from penalties import test_penalties as penalty_laws

from skmtl.linear_model import MultiTaskGLM, MultiTaskLasso

CODE = Path(__file__).resolve().parents[1] / "docs" / "extend_code"


def load(name):
    spec = importlib.util.spec_from_file_location(name, CODE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FeatureBlocks = load("feature_blocks").FeatureBlocks
ExpectileLoss = load("expectile_loss").ExpectileLoss
proximal_gradient = load("proximal_gradient")

BLOCKS = [0, 0, 1, 2, 2]


def _blocks(W, norm):
    rows = [[j for j, b in enumerate(BLOCKS) if b == block] for block in sorted(set(BLOCKS))]
    return sum(len(block) ** 0.5 * norm(W[block]) for block in rows)


def _expectile(y, eta):
    return 0.5 * (0.8 if y >= eta else 1 - 0.8) * (y - eta) ** 2


def _expectile_cvx(y, eta, w, cp):
    costs = 0.8 * cp.square(cp.pos(y - eta)) + (1 - 0.8) * cp.square(cp.neg(y - eta))
    return 0.5 * cp.sum(cp.multiply(w, costs))


PENALTY = cases.PenaltyCase(
    "feature_blocks",
    lambda *_: FeatureBlocks(BLOCKS),
    lambda W: float(_blocks(W, lambda B: np.sqrt((B**2).sum()))),
    lambda W, cp: _blocks(W, lambda B: cp.norm(B, "fro")),
    degree=1,
)
# No target is one of the predictors of the laws: numerical derivatives do not see the corner of the slope there.
LOSS = cases.LossCase("expectile", ExpectileLoss, _expectile, _expectile_cvx, (-1.3, 0.05, 2.7))


def laws(module, argument):
    """The tests of a module that take one entry of the registry and nothing else."""
    tests = [(name, test) for name, test in inspect.getmembers(module, inspect.isfunction) if name[:5] == "test_"]
    return [
        pytest.param(test, id=name) for name, test in tests if list(inspect.signature(test).parameters) == [argument]
    ]


@pytest.mark.parametrize("law", laws(penalty_laws, "penalty_case"))
def test_penalty_keeps_the_law(law):
    law(PENALTY)


@pytest.mark.parametrize("law", laws(loss_laws, "loss_case"))
def test_loss_keeps_the_law(law):
    law(LOSS)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(60, 3))
    Y[rng.random(Y.shape) < 0.3] = np.nan
    return X, Y


def test_fits_are_certified_by_a_gap_and_equal_to_the_conic_solver(table):
    parts = {"loss": ExpectileLoss(), "penalty": FeatureBlocks(BLOCKS), "alpha": 0.15}
    ours = MultiTaskGLM(**parts, tol=1e-9).fit(*table)
    assert ours.solver_result_.converged
    assert ours.solver_result_.certificate.kind == "duality gap"
    oracle = MultiTaskGLM(**parts, solver="cvxpy").fit(*table)
    assert ours.solver_result_.objective <= oracle.solver_result_.objective * (1 + 1e-8)
    np.testing.assert_allclose(ours.coef_, oracle.coef_, atol=1e-4)
    # A block is in or out: some of each, or the test would say nothing.
    used = (ours.coef_ != 0).any(axis=0)
    assert used.tolist() == [True, True, False, False, False]


def test_missing_is_the_same_as_weight_zero(table):
    X, Y = table
    model = MultiTaskGLM(loss=ExpectileLoss(), penalty=FeatureBlocks(BLOCKS), alpha=0.05)
    filled, weight = np.nan_to_num(Y, nan=7.0), np.isfinite(Y).astype(float)
    missing = model.fit(X, Y).coef_
    np.testing.assert_allclose(model.fit(X, filled, sample_weight=weight).coef_, missing, atol=1e-12)


def test_solver_finds_the_same_minimum(table):
    fit = MultiTaskLasso(0.05, solver=proximal_gradient.ProximalGradient(tol=1e-8)).fit(*table)
    other = MultiTaskLasso(0.05, tol=1e-10).fit(*table)
    assert fit.solver_result_.converged
    assert fit.solver_result_.solver == "proximal_gradient"
    np.testing.assert_allclose(fit.coef_, other.coef_, atol=1e-4)
    assert fit.solver_result_.objective == pytest.approx(other.solver_result_.objective, rel=1e-7)
