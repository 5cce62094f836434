"""Every convex estimator against cvxpy, with the problem and the objective written from the docstrings alone."""

import cases
import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import nnls

from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskElasticNet, MultiTaskLasso, MultiTaskRidge

INSTANCES = 20


def shape(seed):
    """Sizes and strength of an instance; n, p and T always differ."""
    rng = np.random.default_rng(1000 + seed)
    T, p = 2 + seed % 3, 5 + seed % 2
    return {"n": int(rng.integers(18, 31)), "p": p, "T": T}, float(10 ** rng.uniform(-2.5, 0.0))


def by_id(items):
    return [pytest.param(item, id=item.id) for item in items]


@pytest.mark.parametrize("scenario", cases.SCENARIOS)
@pytest.mark.parametrize("case", by_id(cases.CONVEX))
def test_equals_cvxpy(case, scenario):
    # The named estimators are the same template with another penalty, which test_table.py has in every form.
    for seed in range(INSTANCES if case not in cases.NAMED else 4):
        sizes, alpha = shape(seed)
        data = cases.table(seed, kind=case.kind, scenario=scenario, **sizes)
        model = data.fit(case.make(data.n_tasks, alpha=alpha))
        ours = cases.objective(case, data, *case.solution(model), alpha)
        best = cases.objective(case, data, *cases.optimum(case, data, alpha), alpha)
        assert abs(ours - best) <= 1e-6 * best, (seed, ours, best)
        # The objective the estimator reports is the one of its docstring.
        assert model.solver_result_.objective == pytest.approx(ours, rel=1e-10)


OPTIONS = [
    {"task_weight": "equal"},
    {"task_weight": "deviance"},
    {"task_weight": np.array([0.3, 2.0, 1.0])},
    {"fit_intercept": False},
    {"alpha": 0.0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=["equal", "deviance", "array", "no_intercept", "alpha_0"])
@pytest.mark.parametrize("case", by_id(cases.CONVEX))
def test_options_equal_cvxpy(case, options):
    if case.share_intercept and "fit_intercept" in options:
        options = {"fit_intercept": False, "share_intercept": True}  # nothing to share: the plain penalty
    for seed, scenario in enumerate(("missing", "weighted")):
        # Labels overlap enough for a finite optimum without a penalty.
        data = cases.table(seed, kind=case.kind, scenario=scenario, n=41, p=4, T=3, noise=3.0)
        call = {"alpha": 0.07, **options}
        model = data.fit(case.make(3, **call))
        weight = call.get("task_weight", "entries")
        point = cases.optimum(
            case, data, call["alpha"], task_weight=weight, fit_intercept=call.get("fit_intercept", True)
        )
        best = cases.objective(case, data, *point, call["alpha"], weight)
        ours = cases.objective(case, data, *case.solution(model), call["alpha"], weight)
        assert abs(ours - best) <= 1e-6 * best


def standardised(data):
    """The table in units of each numeric task's standard deviation about its mean, and those units."""
    Y, mean, scale = data.Y.copy(), np.zeros(data.n_tasks), np.ones(data.n_tasks)
    for t in range(data.n_tasks):
        seen = data.observed[:, t]
        s, y = data.weight[seen, t], data.Y[seen, t]
        if data.kind == "binary" or (data.kind == "mixed" and t % 2):
            continue
        mean[t] = (s * y).sum() / s.sum()
        scale[t] = np.sqrt((s * (y - mean[t]) ** 2).sum() / s.sum())
        Y[:, t] = (Y[:, t] - mean[t]) / scale[t]
    return cases.Table(data.X, Y, data.weight, data.kind), mean, scale


@pytest.mark.parametrize("scenario", ["missing", "weighted"])
@pytest.mark.parametrize("case", by_id(cases.CONVEX))
def test_scaled_targets_equal_cvxpy(case, scenario):
    data = cases.table(5, kind=case.kind, scenario=scenario, n=31, p=4, T=3)
    model = data.fit(case.make(3, alpha=0.05, scale_targets=True))
    plain, mean, scale = standardised(data)
    best = cases.objective(case, plain, *cases.optimum(case, plain, 0.05), 0.05)
    W, b = case.solution(model)
    ours = cases.objective(case, plain, W / scale, (b - mean) / scale, 0.05)
    assert abs(ours - best) <= 1e-6 * best


@pytest.mark.parametrize("case", by_id(cases.CONVEX))
def test_library_cvxpy_equals_auto(case):
    data = cases.table(8, kind=case.kind, scenario="missing", n=29, p=5, T=3)
    for options in ({}, {"fit_intercept": False}, {"scale_targets": True}):
        if case.share_intercept and options.get("scale_targets"):
            continue
        auto = data.fit(case.make(3, alpha=0.03, **options))
        # Interior points stop at some 1e-8; the certificate then says converged at the default tolerance.
        conic = data.fit(case.make(3, alpha=0.03, solver="cvxpy", tol=1e-6, **options))
        assert conic.solver_result_.solver == "cvxpy"
        assert conic.solver_result_.converged
        assert conic.solver_result_.objective == pytest.approx(auto.solver_result_.objective, rel=1e-7)
        # Coefficients of an objective known to 1e-8 are known to its square root.
        np.testing.assert_allclose(conic.coef_, auto.coef_, atol=3e-4 * np.abs(auto.coef_).max())


def test_default_tolerance_is_relative_to_the_null_model():
    """At tol=1e-6 the objective is within 1e-6 of the null model's, for every case."""
    for case in cases.CONVEX:
        data = cases.table(9, kind=case.kind, scenario="missing", n=29, p=5, T=3)
        model = data.fit(case.make(3, alpha=0.02, tol=1e-6))
        best = cases.objective(case, data, *cases.optimum(case, data, 0.02), 0.02)
        ours = cases.objective(case, data, *case.solution(model), 0.02)
        null = cases.objective(case, data, np.zeros((5 * case.penalty.parts, 3)), np.nanmean(data.Y, axis=0), 0.0)
        assert ours - best <= 1e-6 * max(null, best)


# -- extra constraints --------------------------------------------------------------------------------


def test_non_negative_least_squares():
    data = cases.table(2, n=30, p=5, T=3)
    model = MultiTaskRidge(alpha=0.0, fit_intercept=False, constraints=lambda coef: [coef >= 0]).fit(data.X, data.Y)
    expected = np.array([nnls(data.X, data.Y[:, t])[0] for t in range(3)])
    assert (expected == 0).any()
    np.testing.assert_allclose(model.coef_, expected, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_non_negative_one_target_with_intercept(alpha):
    data = cases.table(2, n=30, p=5, T=2)
    X, y = data.X, data.Y[:, 0]
    model = MultiTaskRidge(alpha=alpha, constraints=lambda coef: [coef >= 0]).fit(X, y)
    centred, ridge = X - X.mean(axis=0), np.sqrt(alpha * len(y)) * np.eye(5)
    expected, _ = nnls(np.vstack([centred, ridge]), np.concatenate([y - y.mean(), np.zeros(5)]))
    assert (expected == 0).any()
    np.testing.assert_allclose(model.coef_[0], expected, atol=1e-6)
    np.testing.assert_allclose(model.intercept_, y.mean() - X.mean(axis=0) @ expected, atol=1e-6)


@pytest.mark.parametrize("scale_targets", [False, True])
def test_constraints_are_in_original_units(scale_targets):
    data = cases.table(4, scenario="missing", n=30, p=5, T=3)
    Y = data.Y * [1.0, 40.0, 0.1]

    def bounds(coef):
        return [coef[0] >= 0.2, coef[1] <= 5.0, coef[2, 0] == 0.03]

    model = MeanRegularizedRidge(alpha=0.1, constraints=bounds, scale_targets=scale_targets).fit(data.X, Y)
    assert model.coef_[0].min() == pytest.approx(0.2, abs=1e-6)
    assert model.coef_[1].max() == pytest.approx(5.0, abs=1e-4)
    assert model.coef_[2, 0] == pytest.approx(0.03, abs=1e-7)
    assert model.solver_result_.certificate.kind == "conic solver"


@pytest.mark.parametrize("scale_targets", [False, True])
def test_constrained_lasso_equals_cvxpy(scale_targets):
    data = cases.table(6, scenario="weighted", n=30, p=5, T=3)
    case, alpha = cases.CONVEX_BY_ID["lasso"], 0.05
    model = data.fit(
        MultiTaskLasso(alpha, constraints=lambda coef: [coef >= 0], scale_targets=scale_targets, tol=1e-10)
    )
    plain, mean, scale = standardised(data) if scale_targets else (data, np.zeros(3), np.ones(3))
    W, b = cp.Variable((5, 3)), cp.Variable(3)
    loss = sum(
        cp.sum(cp.multiply(plain.weight[seen, t] / 2, cp.square(plain.Y[seen, t] - plain.X[seen] @ W[:, t] - b[t])))
        for t, seen in enumerate(plain.observed.T)
    )
    penalty = sum(cp.norm(W[j], 2) for j in range(5))
    cases.solve(cp.Problem(cp.Minimize(loss / cases.mean_total(plain) + alpha * penalty), [W >= 0]))
    best = cases.objective(case, plain, W.value, b.value, alpha)
    ours = cases.objective(case, plain, model.coef_.T / scale, (model.intercept_ - mean) / scale, alpha)
    assert ours == pytest.approx(best, rel=1e-6)
    assert (model.coef_ >= -1e-8).all()


def test_infeasible_constraints_are_an_error():
    data = cases.table(4, n=30, p=5, T=3)
    model = MultiTaskElasticNet(constraints=lambda coef: [coef >= 1, coef <= 0])
    with pytest.raises(InvalidParameterError) as error:
        model.fit(data.X, data.Y)
    assert str(error.value) == "constraints cannot all hold at once, so there is no fit: loosen them."
