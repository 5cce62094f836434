"""Every branch of the closed form solves the same system; singular systems have an answer too."""

import cases
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from skmtl.linear_model import GraphRegularizedRidge, MeanRegularizedRidge, MultiTaskLasso, MultiTaskRidge
from skmtl.solvers import _closed_form as module

N, P, T = 34, 5, 3

CASES = [c for c in cases.CONVEX if c.kind == "numeric" and c.penalty.smooth]


def called(monkeypatch, name):
    """Count the calls of a branch."""
    calls = []
    original = getattr(module, name)

    def counted(*args):
        calls.append(name)
        return original(*args)

    monkeypatch.setattr(module, name, counted)
    return calls


@pytest.mark.parametrize("alpha", [1e-3, 0.5, 100.0])
@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES])
def test_branches_agree(case, alpha, monkeypatch):
    data = cases.table(1, scenario="missing", n=N, p=P, T=T)
    fits, used = {}, {}

    def dense(system, alpha, table, vectors, common, special):
        return module._dense(system, alpha * table, vectors)

    for name, changes in {
        "eigenvectors": {},
        "factorised": {"_LARGEST_EIGEN": 0},
        "dense": {"_few_directions": dense},
        "gradients": {"_LARGEST_DENSE": -1},
    }.items():
        with monkeypatch.context() as patch:
            for attribute, value in changes.items():
                patch.setattr(module, attribute, value)
            branch = {b: called(patch, b) for b in ("_rotate", "_few_directions", "_dense", "_conjugate_gradients")}
            fits[name] = data.fit(case.make(T, alpha=alpha))
            used[name] = [b for b, calls in branch.items() if calls]
    assert used == {
        "eigenvectors": ["_few_directions"],
        "factorised": ["_few_directions"],
        # The counter stands around the replacement.
        "dense": ["_few_directions", "_dense"],
        "gradients": ["_conjugate_gradients"],
    }
    for fit in fits.values():
        assert fit.solver_result_.converged
        np.testing.assert_allclose(fit.coef_, fits["dense"].coef_, atol=1e-9)
        np.testing.assert_allclose(fit.intercept_, fits["dense"].intercept_, atol=1e-8)


@pytest.mark.parametrize("alpha", [1e-3, 0.5, 100.0])
@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES])
def test_shared_rows_agree_with_separate_rows(case, alpha, monkeypatch):
    """The same complete table, once with one Gram for all tasks and once as rows of tasks."""
    data = cases.table(1, n=N, p=P, T=T)
    rotated = called(monkeypatch, "_rotate")
    shared = data.fit(case.make(T, alpha=alpha))
    assert rotated == ["_rotate"]
    rows = data.as_rows().fit(case.make(T, alpha=alpha))
    assert rotated == ["_rotate"]
    np.testing.assert_allclose(shared.coef_, rows.coef_, atol=1e-9)
    np.testing.assert_allclose(shared.intercept_, rows.intercept_, atol=1e-8)


def test_task_weights_leave_the_shared_branch(monkeypatch):
    data = cases.table(1, n=N, p=P, T=T)
    rotated = called(monkeypatch, "_rotate")
    weighted = MeanRegularizedRidge(0.2, task_weight=[1.0, 2.0, 0.5]).fit(data.X, data.Y)
    assert not rotated
    same = MeanRegularizedRidge(0.2, task_weight=[1.0, 2.0, 0.5], solver="fista", tol=1e-12).fit(data.X, data.Y)
    np.testing.assert_allclose(weighted.coef_, same.coef_, atol=1e-6)


# -- systems without a single solution ----------------------------------------------------------------

MODELS = {
    "ridge": MultiTaskRidge,
    "mean": lambda alpha: MeanRegularizedRidge(alpha, sharing=0.5),
    "mean_1": lambda alpha: MeanRegularizedRidge(alpha, sharing=1.0),
    "mean_1_intercept": lambda alpha: MeanRegularizedRidge(alpha, sharing=1.0, share_intercept=True),
    "graph_1": lambda alpha: GraphRegularizedRidge(alpha, sharing=1.0, graph=cases.chain(T)),
    "graph_1_cut": lambda alpha: GraphRegularizedRidge(
        alpha, sharing=1.0, graph=np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    ),
    "lasso": MultiTaskLasso,
}


def designs():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    X = data.X
    wide = np.random.default_rng(0).normal(size=(N, N + 6))
    yield "duplicate", np.column_stack([X, X[:, 0]])
    yield "constant", np.column_stack([X, np.full(N, 7.3)])
    yield "zero", np.column_stack([X, np.zeros(N)])
    yield "offset_constant", np.column_stack([X, np.full(N, 1e9 / 3)])
    yield "sum", np.column_stack([X, X[:, :2].sum(axis=1)])
    yield "wide", wide
    only = X.copy()
    only[~np.isnan(data.Y[:, 1]), 2] = 5.5  # constant among the rows of one task
    yield "constant_in_a_task", only


@pytest.mark.parametrize("scenario", ["complete", "missing"])
@pytest.mark.parametrize("alpha", [0.0, 1e-10, 0.1])
@pytest.mark.parametrize("design", [pytest.param(X, id=name) for name, X in designs()])
@pytest.mark.parametrize("name", MODELS)
def test_singular_designs(name, design, alpha, scenario):
    """No crash, finite coefficients, certified by the problem (a warning would be an error)."""
    if name == "lasso":
        alpha = max(alpha, 1e-3)  # less takes proximal gradients for ever on collinear features
    data = cases.table(2, scenario=scenario, n=N, p=P, T=T)
    model = MODELS[name](alpha).fit(design, data.Y)
    assert np.isfinite(model.coef_).all()
    assert model.solver_result_.converged
    if design.shape[1] == P + 1 and (np.ptp(design[:, P]) == 0) and not name.endswith("intercept"):
        # Rounding of the system, over an alpha of 1e-10.
        assert np.abs(model.coef_[:, P]).max() <= 1e-9 * np.abs(model.coef_).max()


@pytest.mark.parametrize("design", [pytest.param(X, id=name) for name, X in designs()])
def test_no_penalty_is_least_squares(design):
    """Predictions are unique even where coefficients are not."""
    data = cases.table(2, n=N, p=P, T=T)
    ours = MultiTaskRidge(0.0).fit(design, data.Y)
    theirs = LinearRegression().fit(design, data.Y)
    np.testing.assert_allclose(ours.predict(design), theirs.predict(design), atol=1e-6)


def test_the_shortest_solution_is_taken():
    data = cases.table(2, n=N, p=P, T=T)
    X = np.column_stack([data.X, data.X[:, 0]])
    model = MultiTaskRidge(0.0).fit(X, data.Y)
    np.testing.assert_allclose(model.coef_[:, 0], model.coef_[:, P], atol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_constant_targets(name):
    """One constant outcome, all constant, zero: its coefficients are zero and its intercept is the constant."""
    data = cases.table(2, n=N, p=P, T=T)
    Y = np.full((N, T), 4.2)
    model = MODELS[name](0.1).fit(data.X, Y)
    assert model.solver_result_.converged
    np.testing.assert_allclose(model.predict(data.X), Y, atol=1e-9)
    np.testing.assert_allclose(model.coef_, 0.0, atol=1e-9)
    zero = MODELS[name](0.1).fit(data.X, 0 * Y)
    assert (zero.coef_ == 0).all()
    assert (zero.intercept_ == 0).all()
    for scale_targets in (False, True):
        part = MODELS[name](0.1).set_params(scale_targets=scale_targets)
        part.fit(data.X, np.column_stack([data.Y[:, :2], Y[:, 0]]))
        assert part.solver_result_.converged
        assert np.isfinite(part.coef_).all()


def test_two_rows_and_one_row_tasks():
    """A task of a single observation is legal."""
    data = cases.table(2, n=N, p=P, T=T)
    Y = data.Y.copy()
    Y[1:, 2] = np.nan
    for name in MODELS:
        model = MODELS[name](0.1).fit(data.X, Y)
        assert model.solver_result_.converged
        assert np.isfinite(model.coef_).all()
    # Its intercept goes through its only point; shared coefficients come from the others.
    shared = MeanRegularizedRidge(0.1, sharing=1.0).fit(data.X, Y)
    assert shared.predict(data.X)[0, 2] == pytest.approx(Y[0, 2], abs=1e-9)
    assert np.abs(shared.coef_[2]).max() > 0.01
