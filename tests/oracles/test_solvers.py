"""Solver A = solver B, for every pair that can solve a problem."""

import cases
import numpy as np
import pytest

from skmtl.exceptions import IncompatibleProblemError
from skmtl.linear_model import MultiTaskLasso, MultiTaskLogisticRegression, MultiTaskRidge, TraceNormRegressor
from skmtl.penalties import MeanRegularization
from skmtl.solvers import FISTA, ClosedForm, Conic

SHAPE = {"n": 31, "p": 5, "T": 3}


def compatible(case):
    solvers = ["fista", "newton", "cvxpy"]
    if case.penalty.smooth:
        solvers.append("lbfgs")
        if case.kind == "numeric":
            solvers.append("closed_form")
    if case.kind == "numeric" and hasattr(case.penalty.make(3), "row_terms"):
        solvers.append("block_cd")
    if case.kind == "numeric" and getattr(case.penalty.make(3), "spectral", False):
        solvers.append("splitting")
    return solvers


# What each can reach: interior points some 1e-8, quasi-Newton 1e-7 of a residual, the others rounding.
TOL = {
    "fista": 1e-9,
    "newton": 1e-9,
    "cvxpy": 1e-6,
    "lbfgs": 1e-7,
    "closed_form": 1e-9,
    "block_cd": 1e-9,
    "splitting": 1e-9,
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scenario", cases.SCENARIOS)
def test_all_solvers_agree(convex, scenario, fit_intercept):
    data = cases.table(11, kind=convex.kind, scenario=scenario, **SHAPE)
    fits = {
        name: data.fit(convex.make(3, alpha=0.05, solver=name, tol=TOL[name], fit_intercept=fit_intercept))
        for name in compatible(convex)
    }
    reference = fits["fista"]
    for name, fit in fits.items():
        assert fit.solver_result_.solver == name
        assert fit.solver_result_.converged
        assert fit.solver_result_.objective == pytest.approx(reference.solver_result_.objective, rel=1e-7)
        np.testing.assert_allclose(fit.coef_, reference.coef_, atol=1e-3)


@pytest.mark.parametrize("name", list(cases.SOLVERS))
def test_a_solver_by_name_or_object(name):
    data = cases.table(11, scenario="missing", **SHAPE)
    model = TraceNormRegressor if name == "splitting" else MultiTaskRidge
    by_name = model(0.1, solver=name).fit(data.X, data.Y)
    solver = cases.SOLVERS[name]()
    by_object = model(0.1, solver=solver).fit(data.X, data.Y)
    np.testing.assert_array_equal(by_name.coef_, by_object.coef_)
    assert by_name.solver_result_.solver == cases.SOLVERS[name].name == name


def test_auto_chooses_by_the_table():
    numeric = cases.table(11, scenario="missing", **SHAPE)
    binary = cases.table(11, kind="binary", scenario="missing", **SHAPE)
    chosen = {
        "ridge": MultiTaskRidge().fit(numeric.X, numeric.Y),
        "lasso": MultiTaskLasso().fit(numeric.X, numeric.Y),
        "wide lasso": MultiTaskLasso(scale_targets=True).fit(np.hstack([numeric.X] * 20), numeric.Y),
        "logistic ridge without a gap": MultiTaskLogisticRegression(MeanRegularization(sharing=1.0)).fit(
            binary.X, binary.Y
        ),
        "bounded": MultiTaskRidge(bounds=(0, np.inf)).fit(numeric.X, numeric.Y),
        "logistic ridge": MultiTaskLogisticRegression("ridge").fit(binary.X, binary.Y),
        "logistic lasso": MultiTaskLogisticRegression().fit(binary.X, binary.Y),
        "constrained": MultiTaskRidge(constraints=lambda coef: [coef >= 0]).fit(numeric.X, numeric.Y),
    }
    assert {name: fit.solver_result_.solver for name, fit in chosen.items()} == {
        "ridge": "closed_form",
        "lasso": "block_cd",
        "wide lasso": "block_cd",
        "logistic ridge": "lbfgs",
        "logistic ridge without a gap": "lbfgs",
        "logistic lasso": "newton",
        "constrained": "cvxpy",
        "bounded": "block_cd",
    }


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        (
            MultiTaskLasso(solver="closed_form"),
            "numeric",
            "solver='closed_form' needs 'task_matrix', which GroupLasso does not have: use solver='auto'.",
        ),
        (
            MultiTaskLogisticRegression("ridge", solver=ClosedForm()),
            "binary",
            "solver='closed_form' needs 'quadratic', which the loss of at least one task does not have: use "
            "solver='auto'.",
        ),
        (
            MultiTaskLasso(solver="lbfgs"),
            "numeric",
            "solver='lbfgs' needs 'smooth', which GroupLasso does not have: use solver='auto'.",
        ),
    ],
)
def test_incompatible_solver_is_refused(model, kind, message):
    data = cases.table(11, kind=kind, **SHAPE)
    with pytest.raises(IncompatibleProblemError) as error:
        model.fit(data.X, data.Y)
    assert str(error.value) == message


def test_history_falls_and_ends_at_the_result(convex):
    data = cases.table(11, kind=convex.kind, scenario="missing", **SHAPE)
    result = data.fit(convex.make(3, alpha=0.02, solver=FISTA(tol=1e-9, check_every=3))).solver_result_
    assert [row.iteration for row in result.history][:2] == [0, 3]
    assert result.history[-1].iteration == result.n_iter
    assert result.history[-1].objective == pytest.approx(result.objective, rel=1e-14)
    assert result.history[-1].certificate == result.certificate.value
    values = [row.objective for row in result.history]
    assert values[-1] < values[0]
    # No method with momentum falls at every step, but none ever rises above its start.
    assert max(values) <= values[0] * (1 + 1e-12)


def test_options_of_the_conic_solver():
    data = cases.table(11, scenario="missing", **SHAPE)
    loose = MultiTaskLasso(0.05, solver=Conic(tol=1e-2, options={"tol_gap_rel": 1e-2, "tol_gap_abs": 1e-2}))
    tight = MultiTaskLasso(0.05, solver="cvxpy")
    assert loose.fit(data.X, data.Y).n_iter_ < tight.fit(data.X, data.Y).n_iter_
