"""Block coordinate descent on working sets: against FISTA, a gap written out in NumPy, and at the limits."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skmtl.data import as_task_data
from skmtl.linear_model import MultiTaskGLM
from skmtl.losses import PerTaskLoss, SquaredLoss
from skmtl.penalties import L1, Bounded, ElasticNet, GroupElasticNet, GroupLasso, GroupLInf, Ridge, SparseGroupLasso
from skmtl.problem import DataTerm, MomentTerm, Problem
from skmtl.solvers import FISTA, BlockCD, Status, solve_path

P, T, TOL = 7, 3, 1e-7
INFINITY = np.inf
BY_ROW = np.array([1.0, 0.0, 2.0, INFINITY, 0.5, 1.0, 1.5])
BY_ENTRY = np.random.default_rng(2).choice([0.0, 0.5, 1.0, INFINITY], size=(T, P), p=[0.1, 0.4, 0.4, 0.1])
SIGNS = np.where(np.arange(T * P).reshape(T, P) % 3 == 0, 0.0, -INFINITY)
PENALTIES = {
    "group": GroupLasso(),
    "group, weights": GroupLasso(weights=BY_ROW),
    "group, no less than 0": Bounded(GroupLasso(), 0.0, INFINITY),
    "group elastic net": GroupElasticNet(l1_ratio=0.4),
    "group elastic net, weights": GroupElasticNet(l1_ratio=0.4, weights=BY_ROW),
    "group elastic net, ridge only": GroupElasticNet(l1_ratio=0.0),
    "sparse group": SparseGroupLasso(l1_ratio=0.3),
    "sparse group, weights": SparseGroupLasso(l1_ratio=0.3, weights=BY_ROW),
    "largest": GroupLInf(),
    "largest, weights": GroupLInf(weights=BY_ROW),
    "lasso": L1(),
    "lasso, weights": L1(weights=BY_ENTRY),
    "lasso, signs and weights": Bounded(L1(weights=np.where(BY_ENTRY == 0, 1.5, BY_ENTRY)), SIGNS, INFINITY),
    "elastic net": ElasticNet(l1_ratio=0.5),
    "elastic net, no more than 0": Bounded(ElasticNet(l1_ratio=0.5), -INFINITY, 0.0),
    "ridge, signs": Bounded(Ridge(), SIGNS, INFINITY),
}
FORMS = ("complete", "missing", "rows", "weighted", "sparse")


def table(form="complete", n=31, p=P, seed=0, n_tasks=T):
    """What `as_task_data` takes: features in different units, a few of which matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.1, 10.0, p) + rng.normal(size=p)
    W = rng.normal(size=(p, n_tasks)) * (np.arange(p) % 3 != 1)[:, None] * (np.arange(p) < 12)[:, None]
    Y = X @ (W / np.geomspace(0.1, 10.0, p)[:, None]) + rng.normal(size=(n, n_tasks)) + 3.0
    if form == "missing":
        return {"X": X, "Y": np.where(rng.random(Y.shape) < 0.3, np.nan, Y)}
    if form == "rows":
        task = np.arange(n) % n_tasks
        return {"X": X, "Y": Y[np.arange(n), task], "task": task}
    if form == "weighted":
        return {"X": X, "Y": Y, "sample_weight": rng.exponential(size=Y.shape) * (rng.random(Y.shape) > 0.1)}
    return {"X": sparse.csr_array(np.where(rng.random(X.shape) < 0.5, X, 0.0)) if form == "sparse" else X, "Y": Y}


def terms(given, fit_intercept=True, **options):
    """The same loss through moments and through the data, of which a gap can be recomputed."""
    data = as_task_data(**given, **options)
    loss = PerTaskLoss([SquaredLoss()] * data.n_tasks, data.layout)
    return (
        MomentTerm.from_data(data, loss, fit_intercept=fit_intercept),
        DataTerm(data, loss, fit_intercept=fit_intercept),
    )


def problems(given, penalty, share, **options):
    """The problem on both, at a share of the strength from where on nothing enters."""
    pair = [Problem(term, penalty, 1.0) for term in terms(given, **options)]
    largest = pair[1].alpha_max()
    alpha = share * largest if np.isfinite(largest) else share
    return [problem.with_alpha(alpha) for problem in pair]


def recomputed(problem, result):
    """The certificate of a result, made by another problem."""
    dual = None if result.dual is None else problem.working(result.dual)
    return problem.certificate(problem.working(result.coefficients), dual)


def group_gap(X, Y, alpha, result):
    """Objective and duality gap of the group lasso on complete data, from the definitions."""
    n = len(X)
    W, b = result.coefficients.W, result.coefficients.b
    R = Y - X @ W - b
    value = (R**2).sum() / (2 * n) + alpha * np.linalg.norm(W, axis=1).sum()
    if result.dual is not None:
        R = Y - X @ result.dual.W
    R = R - R.mean(axis=0)
    theta = R * min(1.0, alpha * n / np.linalg.norm(X.T @ R, axis=1).max())
    return value, value - (((Y - Y.mean(axis=0)) ** 2).sum() - ((Y - Y.mean(axis=0) - theta) ** 2).sum()) / (2 * n)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PENALTIES)
def test_same_optimum_as_fista_and_a_true_certificate(name, form):
    problem, on_data = problems(table(form), PENALTIES[name], 0.1)
    result = BlockCD(TOL).solve(problem)
    assert result.status is Status.CONVERGED
    again = recomputed(on_data, result)
    assert again.kind == result.certificate.kind
    assert again.scale == pytest.approx(result.certificate.scale, rel=1e-9)
    assert again.value == pytest.approx(result.certificate.value, abs=1e-3 * TOL * again.scale + 2 * again.floor)
    assert result.objective == pytest.approx(on_data.value(on_data.working(result.coefficients)), rel=1e-12)
    reference = FISTA(1e-9, 50_000).solve(on_data)
    assert reference.converged
    assert result.objective == pytest.approx(reference.objective, abs=3 * TOL * max(again.scale, reference.objective))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("task_weight", ["entries", "equal", "deviance", np.array([0.5, 1.0, 3.0])])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_task_weights(task_weight, fit_intercept, offset):
    given = table("missing")
    given["Y"] = given["Y"] * np.geomspace(0.1, 10, T) + offset
    problem, on_data = problems(given, GroupLasso(), 0.1, fit_intercept=fit_intercept, task_weight=task_weight)
    np.testing.assert_allclose(problem.term.task_scale, on_data.term.task_scale, rtol=1e-6)
    result = BlockCD(TOL).solve(problem)
    again = recomputed(on_data, result)
    assert result.converged
    assert again.value <= 1.01 * (TOL * again.scale + again.floor)


@pytest.mark.parametrize(("n", "p"), [(31, P), (20, 37), (12, 300), (1, 9), (2, 40)])
@pytest.mark.parametrize("share", [0.9, 0.1, 0.01])
def test_gap_of_the_group_lasso_written_out(n, p, share):
    given = table(n=n, p=p)
    X, Y = given["X"], given["Y"]
    if n == 1:  # an intercept explains one row
        problem, _ = problems(given, GroupLasso(), share, fit_intercept=False)
        assert BlockCD(TOL).solve(problem).converged
        return
    problem, _ = problems(given, GroupLasso(), share)
    result = BlockCD(TOL).solve(problem)
    value, gap = group_gap(X, Y, problem.alpha, result)
    scale = T * 0.5 * ((Y - Y.mean(axis=0)) ** 2).mean(axis=0).min()
    assert result.converged
    assert value == pytest.approx(result.objective, rel=1e-11)
    assert gap <= 1.01 * TOL * scale + 1e-12 * value


def test_many_rows_go_through_the_residuals():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(15, 600)) + 2.0
    Y = rng.normal(size=(15, T)) + 1.0
    problem, on_data = problems({"X": X, "Y": Y}, GroupElasticNet(l1_ratio=0.02), 0.02)
    result = BlockCD(TOL).solve(problem)
    assert result.converged
    assert (result.coefficients.W.any(axis=1)).sum() > 2 * len(X)
    again = recomputed(on_data, result)
    assert again.value <= 1.01 * TOL * again.scale


@pytest.mark.parametrize("name", ["group", "group elastic net", "sparse group", "largest", "lasso"])
def test_dual_points_ahead_of_the_iterates(name):
    """With more features than rows a fit ends on a dual point of its own, sooner, and no less true."""
    solved = 0
    for seed in range(4):
        given = table(n=40, p=90 if seed % 2 else 300, seed=seed)
        problem, on_data = problems(given, PENALTIES[name], 0.05)
        for tol in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
            result = BlockCD(tol).solve(problem)
            assert result.converged
            if result.dual is None:
                continue
            solved += 1
            again = recomputed(on_data, result)
            assert again.value == pytest.approx(result.certificate.value, rel=1e-6)
            if name == "group":
                value, gap = group_gap(given["X"], given["Y"], problem.alpha, result)
                assert value - result.objective == pytest.approx(0.0, abs=1e-12 * value)
                assert gap == pytest.approx(result.certificate.value, rel=1e-6)
            # The coefficients' own residuals prove less, and what is proved is true.
            own = on_data.certificate(on_data.working(result.coefficients))
            assert own.value > again.threshold(tol) >= again.value
            assert result.objective - again.value <= BlockCD(1e-10).solve(problem).objective * (1 + 1e-12)
    assert solved > 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["group", "largest", "lasso", "sparse group", "group, no less than 0"])
def test_nothing_enters_at_the_largest_strength(name, form):
    problem, _ = problems(table(form), PENALTIES[name], 1.0)
    at = BlockCD(TOL).solve(problem.with_alpha(1.000001 * problem.alpha_max()))
    below = BlockCD(TOL).solve(problem.with_alpha(0.99 * problem.alpha_max()))
    assert at.converged
    assert not at.coefficients.W.any()
    assert at.n_iter == 0
    assert below.converged
    assert below.coefficients.W.any()


def test_no_strength_is_least_squares():
    given = table()
    problem, _ = problems(given, GroupLasso(), 0.0)
    result = BlockCD(1e-9).solve(problem)
    columns = np.column_stack([given["X"], np.ones(len(given["X"]))])
    expected = np.linalg.lstsq(columns, given["Y"], rcond=None)[0]
    assert result.converged
    np.testing.assert_allclose(result.coefficients.W, expected[:-1], atol=1e-6)
    np.testing.assert_allclose(result.coefficients.b, expected[-1], atol=1e-6)


def test_iteration_limit_is_said():
    problem, on_data = problems(table(n=20, p=150), GroupLasso(), 1e-3)
    result = BlockCD(1e-10, max_iter=3).solve(problem)
    assert result.status is Status.MAX_ITER
    assert result.n_iter <= 3
    assert result.certificate.value > result.certificate.threshold(1e-10)
    again = recomputed(on_data, result)
    assert again.value == pytest.approx(result.certificate.value, rel=1e-6)


def test_tolerance_beyond_the_precision():
    problem, on_data = problems(table(n=20, p=30), GroupLasso(), 0.1)
    result = BlockCD(1e-17).solve(problem)
    assert result.status in (Status.CONVERGED, Status.STALLED)
    again = recomputed(on_data, result)
    assert again.value <= 1e-10 * again.scale


@pytest.mark.parametrize("form", ["complete", "missing"])
@pytest.mark.parametrize("p", [6, 80])
def test_duplicated_and_constant_features(form, p):
    given = table(form, p=p)
    X = np.hstack([given["X"], given["X"], np.full((len(given["X"]), 2), 7.3)])
    problem, on_data = problems({**given, "X": X}, GroupLasso(), 0.1)
    alone, _ = problems(given, GroupLasso(), 0.1)
    result = BlockCD(TOL).solve(problem)
    assert result.converged
    assert not result.coefficients.W[-2:].any()
    assert result.objective == pytest.approx(BlockCD(TOL).solve(alone).objective, rel=1e-6)
    again = recomputed(on_data, result)
    assert again.value <= 1.01 * TOL * again.scale


@pytest.mark.parametrize("form", ["complete", "missing"])
def test_features_without_penalty_in_their_own_units(form):
    given = table(form)
    units = np.where(BY_ROW == 0, 1e-5, 1.0) * np.where(np.arange(P) == 0, 1e5, 1.0)
    weights = np.where(np.arange(P) == 0, 0.0, BY_ROW)
    problem, _ = problems(given, GroupLasso(weights=weights), 0.1)
    scaled, _ = problems({**given, "X": given["X"] * units}, GroupLasso(weights=weights), 0.1)
    plain, other = (BlockCD(TOL).solve(one.with_alpha(problem.alpha)) for one in (problem, scaled))
    assert plain.converged
    assert other.converged
    assert not plain.coefficients.W[np.isinf(weights)].any()
    assert other.objective == pytest.approx(plain.objective, rel=1e-6)
    np.testing.assert_allclose(other.coefficients.W * units[:, None], plain.coefficients.W, atol=2e-3)


@pytest.mark.parametrize("constant", [0.0, 1e5])
@pytest.mark.parametrize("form", ["complete", "missing", "weighted"])
def test_constant_features_without_penalty_stay_small(form, constant):
    given = table(form)
    given["X"][:, 1] = constant  # whose weight is 0
    problem, on_data = problems(given, GroupLasso(weights=BY_ROW), 0.1)
    result = BlockCD(TOL).solve(problem)
    assert result.converged
    assert np.abs(result.coefficients.W[1]).max() < 1e-3
    assert on_data.value(on_data.working(result.coefficients)) == pytest.approx(result.objective, rel=1e-9)


@pytest.mark.parametrize("form", ["complete", "missing", "rows", "weighted"])
def test_means_far_from_zero(form):
    given = table(form)
    problem, _ = problems(given, GroupLasso(), 0.1)
    far, _ = problems({**given, "X": given["X"] + 1e5}, GroupLasso(), 0.1)
    near, away = (BlockCD(TOL).solve(one.with_alpha(problem.alpha)) for one in (problem, far))
    assert near.converged
    assert away.converged
    assert away.objective == pytest.approx(near.objective, rel=1e-6)


@pytest.mark.parametrize("name", ["group", "lasso", "sparse group, weights", "largest"])
@pytest.mark.parametrize("p", [P, 90])
def test_warm_start_takes_fewer_sweeps(name, p):
    penalty = PENALTIES[name]
    if p != P and name.endswith("weights"):
        penalty = penalty.__class__(l1_ratio=0.3, weights=np.resize(BY_ROW, p))
    problem, _ = problems(table(n=40, p=p), penalty, 0.05)
    cold = BlockCD(TOL).solve(problem)
    warm = BlockCD(TOL).solve(problem, cold.coefficients)
    near = BlockCD(TOL).solve(problem.with_alpha(0.98 * problem.alpha), cold.coefficients)
    assert warm.converged
    # A dual point of its own is not in the coefficients: the next solve has to find another.
    assert warm.n_iter == 0 if cold.dual is None else warm.n_iter < cold.n_iter
    assert near.converged
    assert near.n_iter <= BlockCD(TOL).solve(problem.with_alpha(0.98 * problem.alpha)).n_iter


@pytest.mark.parametrize("penalty", [GroupLasso(), L1(), SparseGroupLasso(l1_ratio=0.5), GroupLInf()])
@pytest.mark.parametrize("p", [4, 60])
def test_warm_start_where_a_feature_varies_no_more(penalty, p):
    given = table(n=30, p=p)
    model = MultiTaskGLM(penalty=penalty, alpha=0.05, warm_start=True, solver="block_cd").fit(given["X"], given["Y"])
    used = int(np.abs(model.coef_).sum(axis=0).argmax())
    X = given["X"].copy()
    X[:, used] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(X, given["Y"])
    cold = MultiTaskGLM(penalty=penalty, alpha=0.05, solver="block_cd").fit(X, given["Y"])
    assert not model.coef_[:, used].any()
    assert model.solver_result_.objective == pytest.approx(cold.solver_result_.objective, rel=1e-5)


@pytest.mark.parametrize("form", ["complete", "missing"])
@pytest.mark.parametrize("p", [P, 60])
def test_a_path_is_its_fits(form, p):
    problem, _ = problems(table(form, p=p), GroupLasso(), 1.0)
    alphas = problem.alpha_max() * np.geomspace(1.0, 0.01, 20)
    path = list(solve_path(problem, alphas, lambda one: BlockCD(TOL)))
    for alpha, found in zip(alphas, path, strict=True):
        cold = BlockCD(TOL).solve(problem.with_alpha(alpha))
        assert found.converged
        assert found.objective == pytest.approx(cold.objective, abs=2 * TOL * cold.certificate.scale)


def test_numbers_too_large_to_square():
    given = table()
    for X, Y in ((given["X"] * 1e200, given["Y"]), (given["X"], given["Y"] * 1e200)):
        with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning):
            model = MultiTaskGLM(penalty="group_lasso", alpha=0.1, solver="block_cd").fit(X, Y)
        assert model.solver_result_.status is Status.NONFINITE
        assert np.isfinite(model.coef_).all()


def test_input_is_left_alone():
    for form in FORMS:
        given = table(form)
        before = {name: value.copy() for name, value in given.items()}
        for value in given.values():
            (value.data if sparse.issparse(value) else value).setflags(write=False)
        X, Y, rest = given["X"], given["Y"], {k: v for k, v in given.items() if k not in "XY"}
        MultiTaskGLM(penalty="group_lasso", alpha=0.05, solver="block_cd").fit(X, Y, **rest)
        for name, value in given.items():
            now, then = (a.toarray() if sparse.issparse(a) else a for a in (value, before[name]))
            np.testing.assert_array_equal(now, then)


def test_a_path_to_no_strength_keeps_features_out():
    given = table()
    data = as_task_data(given["X"], given["Y"])
    term = MomentTerm.from_data(data, PerTaskLoss([SquaredLoss()] * data.n_tasks, data.layout))
    weights = np.ones(data.n_features)
    weights[1] = np.inf
    problem = Problem(term, GroupLasso(weights=weights), 1.0)
    first, last = BlockCD().path(problem, [0.1, 0.0])
    assert (last.coefficients.W[1] == 0).all()
    assert (last.coefficients.W[0] != 0).all()
    assert np.isfinite(last.objective)
    assert last.objective < first.objective
