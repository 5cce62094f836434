"""Bounds on coefficients: in every form, in the user's units, against solvers that are not the library's."""

import cases
import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import lsq_linear, nnls

from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model import (
    DirtyRegressor,
    MultiTaskElasticNet,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
    RobustFeatureRegressor,
    SparseLowRankRegressor,
    TraceNormClassifier,
    TraceNormRegressor,
)

N, P, T = 31, 4, 3
POSITIVE = (0, np.inf)
TIGHT = {"tol": 1e-10}


def within(W, lower, upper):
    """Constraints on W (p, T) from bounds as the user gives them, entry by entry; a part of a stacked W is a sum."""
    W = W if W.shape[0] == P else W[:P] + W[P:]
    low, high = (np.broadcast_to(bound, (W.shape[1], P)) for bound in (lower, upper))
    entries = [(j, t) for j in range(P) for t in range(W.shape[1])]
    return [
        *(W[j, t] >= low[t, j] for j, t in entries if np.isfinite(low[t, j])),
        *(W[j, t] <= high[t, j] for j, t in entries if np.isfinite(high[t, j])),
    ]


def bounded_case(case, lower, upper):
    """The case with the constraints added to the formula of its penalty."""

    def cvx(W, cp):
        expression, constraints = cases.with_constraints(case.penalty.cvx(W, cp))
        return expression, [*constraints, *within(W, lower, upper)]

    return cases.replace(case, penalty=cases.replace(case.penalty, cvx=cvx))


FORMS = {
    "positive": POSITIVE,
    "box": (-0.2, 0.35),
    "features": ([0, -np.inf, -0.1, 0], [np.inf, 0.5, 0.1, 0]),
    "entries": (
        np.resize([0.0, -np.inf, -0.3], (T, P)),
        np.resize([np.inf, 0.4, 0.0, np.inf, 0.2], (T, P)),
    ),
}
MODELS = ("ridge", "lasso", "mean", "glm_l1", "TraceNormRegressor", "DirtyRegressor", "dirty_l2", "logistic_group")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", MODELS)
def test_equals_cvxpy(name, form):
    """Boxes, arrays by feature and by entry, with missing outcomes; zero limits exclude a coefficient exactly."""
    case, (lower, upper) = cases.CONVEX_BY_ID[name], FORMS[form]
    data = cases.table(2, kind=case.kind, scenario="missing", n=N, p=P, T=T)
    model = data.fit(case.make(T, alpha=0.05, bounds=(lower, upper), tol=1e-8))
    low, high = (np.broadcast_to(bound, (T, P)) for bound in (lower, upper))
    # The sum of two parts is within its bounds to rounding, a single part exactly.
    slack = 0.0 if case.penalty.parts == 1 else 1e-12
    assert (model.coef_ >= low - slack).all()
    assert (model.coef_ <= high + slack).all()
    assert ((model.coef_ == low) | (model.coef_ == high)).any() or slack
    oracle = bounded_case(case, lower, upper)
    best = cases.objective(oracle, data, *cases.optimum(oracle, data, 0.05), 0.05)
    ours = cases.objective(case, data, *case.solution(model), 0.05)
    assert abs(ours - best) <= 1e-6 * best


@pytest.mark.parametrize("name", ["lasso", "TraceNormRegressor", "DirtyRegressor"])
def test_bounds_are_in_the_units_of_the_user(name):
    """With scale_targets a limit is still on coef_: the same limit in other units is the same model."""
    case = cases.CONVEX_BY_ID[name]
    data = cases.table(3, scenario="missing", n=N, p=P, T=T)
    units = np.array([40.0, 1.0, 0.02])
    lower, upper = np.full((T, P), -0.15), np.resize([0.1, np.inf, 0.6], (T, P))
    plain, scaled = (
        case.make(T, alpha=0.05, scale_targets=True, tol=1e-9, bounds=bounds).fit(data.X, Y)
        for bounds, Y in (
            ((lower, upper), data.Y),
            ((lower * units[:, None], upper * units[:, None]), data.Y * units + 7.0),
        )
    )
    np.testing.assert_allclose(scaled.coef_ / units[:, None], plain.coef_, atol=2e-5)
    assert (plain.coef_ >= lower - 1e-12).all()
    assert (plain.coef_ <= upper + 1e-12).all()
    assert np.isclose(plain.coef_, lower, atol=1e-12).any()
    # A number is the same limit for outcomes of every unit.
    number = case.make(T, alpha=0.05, scale_targets=True, tol=1e-9, bounds=(-0.15, 0.3)).fit(data.X, data.Y)
    table = case.make(
        T, alpha=0.05, scale_targets=True, tol=1e-9, bounds=(np.full(P, -0.15), np.full((T, P), 0.3))
    ).fit(data.X, data.Y)
    np.testing.assert_allclose(number.coef_, table.coef_, atol=1e-12)
    assert np.abs(number.coef_).max() > 0


@pytest.mark.parametrize(("bounds", "scale"), [(POSITIVE, True), ((-0.2, 0.35), False)], ids=["positive", "box"])
@pytest.mark.parametrize(
    "make",
    [MultiTaskRidge, MultiTaskElasticNet, TraceNormRegressor, SparseLowRankRegressor, RobustFeatureRegressor],
)
def test_native_bounds_equal_constraints(make, bounds, scale):
    """Two ways in the library to one model: bounds, and the same as constraints for cvxpy; scaled and not."""
    data = cases.table(4, scenario="weighted", n=N, p=P, T=T)
    native = data.fit(make(0.1, scale_targets=scale, bounds=bounds, tol=1e-8))
    above = [] if np.isinf(bounds[1]) else [bounds[1]]
    conic = data.fit(
        make(0.1, scale_targets=scale, constraints=lambda coef: [coef >= bounds[0], *(coef <= b for b in above)])
    )
    assert native.solver_result_.converged
    assert conic.solver_result_.solver == "cvxpy"
    assert native.solver_result_.objective == pytest.approx(conic.solver_result_.objective, rel=1e-6)
    np.testing.assert_allclose(native.coef_, conic.coef_, atol=2e-3)


def test_no_penalty_is_non_negative_least_squares():
    data = cases.table(5, scenario="missing", n=N, p=P, T=T)
    plain = MultiTaskRidge(0.0, fit_intercept=False, bounds=POSITIVE, **TIGHT).fit(data.X, data.Y)
    with_intercept = MultiTaskRidge(0.0, bounds=POSITIVE, **TIGHT).fit(data.X, data.Y)
    for t in range(T):
        seen = data.observed[:, t]
        X, y = data.X[seen], data.Y[seen, t]
        np.testing.assert_allclose(plain.coef_[t], nnls(X, y)[0], atol=1e-5)
        expected = nnls(X - X.mean(axis=0), y - y.mean())[0]
        np.testing.assert_allclose(with_intercept.coef_[t], expected, atol=1e-5)
        assert with_intercept.intercept_[t] == pytest.approx(y.mean() - X.mean(axis=0) @ expected, abs=1e-4)
    assert (plain.coef_ == 0).any()


def test_ridge_in_a_box_is_bounded_least_squares():
    """The penalty as rows below the data, a box per task and feature."""
    data = cases.table(6, scenario="weighted", n=N, p=P, T=T)
    lower, upper = FORMS["entries"]
    alpha = 0.2
    model = data.fit(MultiTaskRidge(alpha, fit_intercept=False, bounds=(lower, upper), **TIGHT))
    n_bar = cases.mean_total(data)
    for t in range(T):
        seen = data.observed[:, t]
        root = np.sqrt(data.weight[seen, t])
        X = np.vstack([root[:, None] * data.X[seen], np.sqrt(alpha * n_bar) * np.eye(P)])
        y = np.r_[root * data.Y[seen, t], np.zeros(P)]
        # SciPy wants its limits apart: a coefficient that is excluded is a column left out.
        free = lower[t] < upper[t]
        expected = np.zeros(P)
        expected[free] = lsq_linear(X[:, free], y, (lower[t, free], upper[t, free]), tol=1e-14).x
        np.testing.assert_allclose(model.coef_[t], expected, atol=1e-5)


@pytest.mark.parametrize("make", [MultiTaskRidge, MultiTaskLasso, DirtyRegressor, TraceNormRegressor])
def test_rows_of_tasks(make):
    data = cases.table(7, scenario="missing", n=N, p=P, T=T)
    bounds = (np.resize([0.0, -0.2], (T, P)), np.array([0.3, np.inf, 0.3, np.inf]))
    wide = make(0.05, bounds=bounds, **TIGHT).fit(data.X, data.Y)
    rows = data.as_rows().fit(make(0.05, bounds=bounds, **TIGHT))
    np.testing.assert_allclose(rows.coef_, wide.coef_, atol=2e-5)
    # Rows of tasks have one unit for all.
    scaled = data.as_rows().fit(make(0.05, bounds=bounds, scale_targets=True, **TIGHT))
    assert (scaled.coef_ >= bounds[0] - 1e-12).all()
    assert (scaled.coef_ <= bounds[1] + 1e-12).all()


@pytest.mark.parametrize("make", [MultiTaskLogisticRegression, TraceNormClassifier])
def test_classifiers(make):
    """Non-negative log-odds ratios: known signs of risk factors."""
    data = cases.table(8, kind="binary", scenario="missing", n=N, p=P, T=T)
    # A table of labels: bounds know the outcomes' order, not their coding.
    labels = np.where(np.isnan(data.Y), None, np.where(data.Y == 1, "yes", "no").astype(object))
    model = make(alpha=0.02, bounds=POSITIVE, **TIGHT).fit(data.X, labels)
    free = make(alpha=0.02, **TIGHT).fit(data.X, labels)
    assert (free.coef_ < -1e-3).any()
    assert (model.coef_ >= 0).all()
    assert (model.coef_ > 0).any()
    conic = make(alpha=0.02, constraints=lambda coef: [coef >= 0]).fit(data.X, labels)
    assert model.solver_result_.objective == pytest.approx(conic.solver_result_.objective, rel=1e-6)


def test_bounds_of_several_classes_are_per_channel():
    data = cases.table(9, kind="multinomial", n=N, p=P, T=1)
    lower = np.resize([0.0, -0.1, -np.inf], (3, P))
    model = MultiTaskGLM("multinomial", "ridge", 0.05, bounds=(lower, np.inf), tol=1e-8).fit(data.X, data.Y[:, 0])
    assert model.coef_.shape == (3, P)
    assert (model.coef_ >= lower).all()
    W, b = cp.Variable((P, 3)), cp.Variable((1, 3))
    y = data.Y[:, 0].astype(int)
    eta = data.X @ W + np.ones((N, 1)) @ b
    loss = cp.sum(cp.log_sum_exp(eta, axis=1) - cp.sum(cp.multiply(np.eye(3)[y], eta), axis=1)) / N
    problem = cp.Problem(cp.Minimize(loss + 0.025 * cp.sum_squares(W)), within(W, lower, np.inf))
    cases.solve(problem)
    assert model.solver_result_.objective == pytest.approx(problem.value, rel=1e-6)
    np.testing.assert_allclose(model.coef_.T, W.value, atol=1e-3)


def test_wide_bounds_change_nothing():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    for make in (MultiTaskLasso, DirtyRegressor, TraceNormRegressor):
        free = make(0.05, **TIGHT).fit(data.X, data.Y)
        for bounds in ((-np.inf, np.inf), (-1e3, 1e3)):
            np.testing.assert_allclose(
                make(0.05, bounds=bounds, **TIGHT).fit(data.X, data.Y).coef_, free.coef_, atol=2e-5
            )


def test_equal_zeros_leave_a_feature_out():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    out = np.array([np.inf, np.inf, 0.0, np.inf])
    model = MultiTaskLasso(0.02, bounds=(-out, out), **TIGHT).fit(data.X, data.Y)
    without = MultiTaskLasso(0.02, **TIGHT).fit(np.delete(data.X, 2, axis=1), data.Y)
    assert (model.coef_[:, 2] == 0).all()
    np.testing.assert_allclose(np.delete(model.coef_, 2, axis=1), without.coef_, atol=2e-5)


def test_path_and_refit_are_within_bounds():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    model = MultiTaskLassoCV(alphas=4, eps=0.05, cv=3, bounds=POSITIVE, **TIGHT).fit(data.X, data.Y)
    assert (model.coef_ >= 0).all()
    single = MultiTaskLasso(model.alpha_, bounds=POSITIVE, **TIGHT).fit(data.X, data.Y)
    np.testing.assert_allclose(model.coef_, single.coef_, atol=2e-5)
    # The largest strength is the least at which nothing is left of the model within the bounds.
    at, below = (
        MultiTaskLasso(factor * model.alphas_[0], bounds=POSITIVE, **TIGHT).fit(data.X, data.Y) for factor in (1, 0.99)
    )
    assert (at.coef_ == 0).all()
    assert (below.coef_ != 0).any()


def test_warm_start_under_other_bounds():
    """The start of a warm fit is not within the new bounds: it has to be led there."""
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    for make in (MultiTaskLasso, DirtyRegressor):
        warm = make(0.05, warm_start=True, **TIGHT).fit(data.X, data.Y)
        assert (warm.coef_ < 0).any()
        warm.set_params(bounds=POSITIVE).fit(data.X, data.Y)
        cold = make(0.05, bounds=POSITIVE, **TIGHT).fit(data.X, data.Y)
        np.testing.assert_allclose(warm.coef_, cold.coef_, atol=2e-5)


PAIR = r"'bounds' parameter of MultiTaskLasso must be .*a pair \(lower, upper\).*Got"
WRONG = {
    "three": ((0, 1, 2), PAIR),
    "number": (1.0, PAIR),
    "text": ("positive", PAIR),
    "above_zero": ((0.5, 1.0), PAIR),
    "below_zero": ((-1.0, [-0.5, 1, 1, 1]), PAIR),
    "nan": ((np.nan, 1.0), PAIR),
    "nan_inside": (([0.0, np.nan, 0.0, 0.0], 1.0), PAIR),
    "words": ((["a"] * P, 1.0), PAIR),
    "none": ((None, 1.0), PAIR),
    "length": (([0.0] * (P + 1), np.inf), rf"lower has shape .* but coef_ has shape \({T}, {P}\)"),
    "transposed": ((0.0, np.ones((P, T))), rf"upper has shape \({P}, {T}\) but coef_ has shape \({T}, {P}\)"),
    "cube": ((0.0, np.ones((1, 1, 1))), r"upper has shape \(1, 1, 1\)"),
}


@pytest.mark.parametrize("scale_targets", [False, True])
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_bounds_are_said(wrong, scale_targets):
    """One sentence of the library's own, which names the bound."""
    bounds, message = WRONG[wrong]
    data = cases.table(2, n=N, p=P, T=T)
    with pytest.raises(InvalidParameterError, match=message) as error:
        MultiTaskLasso(bounds=bounds, scale_targets=scale_targets).fit(data.X, data.Y)
    assert isinstance(error.value, ValueError)
