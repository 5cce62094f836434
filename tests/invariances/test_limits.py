"""Limits: independent fits at one end, one pooled fit at the other, and the strength at which nothing is left."""

import cases
import numpy as np
import pytest

from skmtl.data import as_task_data
from skmtl.linear_model import GraphRegularizedRidge, MeanRegularizedRidge, MultiTaskRidge
from skmtl.losses import PerTaskLoss
from skmtl.penalties import L1, ElasticNet, GroupElasticNet, GroupLasso, SparseGroupLasso
from skmtl.problem import DataTerm, Problem, alpha_grid

N, P, T = 29, 4, 3


def problem_of(case, data, penalty=None, **options):
    """The problem of a wide table, built by hand."""
    kinds = ["binary" if loss.id == "logistic" else "numeric" for loss in case.losses(data.n_tasks)]
    task_data = as_task_data(data.X, data.Y, sample_weight=data.weight, kinds=kinds)
    losses = PerTaskLoss([loss.make() for loss in case.losses(data.n_tasks)], task_data.layout)
    term = DataTerm(task_data, losses, share_intercept=case.share_intercept, **options)
    return Problem(term, case.penalty.make(data.n_tasks) if penalty is None else penalty, 1.0)


WITH_ALPHA_MAX = [pytest.param(case, id=case.id) for case in cases.CONVEX if case.penalty.has_alpha_max]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scenario", ["complete", "missing", "weighted"])
@pytest.mark.parametrize("case", WITH_ALPHA_MAX)
def test_all_zero_at_alpha_max_and_not_below(case, scenario, fit_intercept):
    data = cases.table(4, kind=case.kind, scenario=scenario, n=N, p=P, T=T)
    alpha_max = problem_of(case, data, fit_intercept=fit_intercept).alpha_max()
    fit = {
        factor: data.fit(case.make(T, alpha=factor * alpha_max, fit_intercept=fit_intercept)) for factor in (1, 0.99)
    }
    assert (fit[1].coef_ == 0).all()
    assert (fit[0.99].coef_ != 0).any()
    # The model without features predicts each task's mean (log-odds).
    if fit_intercept:
        for t, loss in enumerate(case.losses(T)):
            seen = data.observed[:, t]
            mean = np.average(data.Y[seen, t], weights=data.weight[seen, t])
            expected = mean if loss.id == "squared" else np.log(mean / (1 - mean))
            assert fit[1].intercept_[t] == pytest.approx(expected, abs=1e-10)
    else:
        assert (fit[1].intercept_ == 0).all()


def test_alpha_max_of_the_multi_task_lasso_by_hand():
    """Largest row norm of the cross products with centred features, over n̄."""
    data = cases.table(4, scenario="weighted", n=N, p=P, T=T)
    cross = np.empty((P, T))
    for t in range(T):
        s, y = data.weight[:, t], data.Y[:, t]
        centred = data.X - np.average(data.X, axis=0, weights=s)
        cross[:, t] = centred.T @ (s * (y - np.average(y, weights=s)))
    expected = np.linalg.norm(cross, axis=1).max() / cases.mean_total(data)
    case = cases.CONVEX_BY_ID["lasso"]
    assert problem_of(case, data).alpha_max() == pytest.approx(expected, rel=1e-12)
    # An elastic net's strength is shared with its ridge part; at ratio 0 no finite strength empties the model.
    assert problem_of(case, data, GroupElasticNet(0.25)).alpha_max() == pytest.approx(expected / 0.25, rel=1e-12)
    assert problem_of(case, data, GroupElasticNet(0.0)).alpha_max() == np.inf
    largest = np.abs(cross).max() / cases.mean_total(data)
    assert problem_of(case, data, L1()).alpha_max() == pytest.approx(largest, rel=1e-12)
    assert problem_of(case, data, ElasticNet(0.5)).alpha_max() == pytest.approx(2 * largest, rel=1e-12)
    assert problem_of(case, data, SparseGroupLasso(0.0)).alpha_max() == pytest.approx(expected, rel=1e-12)
    assert problem_of(case, data, SparseGroupLasso(1.0)).alpha_max() == pytest.approx(largest, rel=1e-12)


def test_grid_hangs_from_alpha_max():
    data = cases.table(4, n=N, p=P, T=T)
    problem = problem_of(cases.CONVEX_BY_ID["lasso"], data)
    grid = alpha_grid(problem, 7, 1e-2)
    assert grid[0] == pytest.approx(problem.alpha_max())
    np.testing.assert_allclose(grid[1:] / grid[:-1], 1e-2 ** (1 / 6))
    assert alpha_grid(problem, 1, 1e-2) == pytest.approx([problem.alpha_max()])
    ridge = alpha_grid(problem_of(cases.CONVEX_BY_ID["ridge"], data), 7, 1e-3)
    assert np.isfinite(ridge).all()
    assert (np.diff(ridge) < 0).all()
    # At its start a ridge has shrunken every prediction to a tenth or less.
    model, free = (MultiTaskRidge(alpha=a).fit(data.X, data.Y) for a in (ridge[0], 0.0))
    assert np.linalg.norm(model.coef_) < 0.2 * np.linalg.norm(free.coef_)


def test_grid_of_a_problem_without_signal():
    X = np.random.default_rng(0).normal(size=(N, P))
    data = cases.Table(X, np.ones((N, T)), np.ones((N, T)), "numeric")
    grid = alpha_grid(problem_of(cases.CONVEX_BY_ID["lasso"], data, GroupLasso()), 3, 0.1)
    assert np.isfinite(grid).all()
    assert (grid > 0).all()


# -- independent and pooled ---------------------------------------------------------------------------


def ridge_by_hand(X, y, s, penalty):
    """Weighted ridge with a free intercept: penalty ‖w‖² / 2 against Σ s ½ (y - xw - b)²."""
    mean_x, mean_y = np.average(X, axis=0, weights=s), np.average(y, weights=s)
    centred = X - mean_x
    w = np.linalg.solve(
        centred.T @ (s[:, None] * centred) + penalty * np.eye(X.shape[1]), centred.T @ (s * (y - mean_y))
    )
    return w, mean_y - mean_x @ w


@pytest.mark.parametrize("scenario", cases.SCENARIOS)
@pytest.mark.parametrize("make", [MeanRegularizedRidge, GraphRegularizedRidge])
def test_no_sharing_is_one_ridge_per_task(make, scenario):
    data = cases.table(6, scenario=scenario, n=N, p=P, T=T)
    model = data.fit(make(alpha=0.3, sharing=0.0))
    for t in range(T):
        seen = data.observed[:, t]
        w, b = ridge_by_hand(data.X[seen], data.Y[seen, t], data.weight[seen, t], 0.3 * cases.mean_total(data))
        np.testing.assert_allclose(model.coef_[t], w, atol=1e-10)
        assert model.intercept_[t] == pytest.approx(b, abs=1e-10)


@pytest.mark.parametrize("scenario", cases.SCENARIOS)
@pytest.mark.parametrize("make", [MeanRegularizedRidge, GraphRegularizedRidge])
def test_full_sharing_is_pooled_least_squares_with_free_intercepts(make, scenario):
    data = cases.table(6, scenario=scenario, n=N, p=P, T=T)
    model = data.fit(make(alpha=1e8, sharing=1.0))
    gram, cross, means = np.zeros((P, P)), np.zeros(P), []
    for t in range(T):
        seen = data.observed[:, t]
        X, y, s = data.X[seen], data.Y[seen, t], data.weight[seen, t]
        means.append((np.average(X, axis=0, weights=s), np.average(y, weights=s)))
        X, y = X - means[-1][0], y - means[-1][1]
        gram, cross = gram + X.T @ (s[:, None] * X), cross + X.T @ (s * y)
    w = np.linalg.solve(gram, cross)
    # The distance to the limit falls as 1 / alpha.
    np.testing.assert_allclose(model.coef_, np.tile(w, (T, 1)), atol=1e-6)
    np.testing.assert_allclose(model.intercept_, [my - mx @ w for mx, my in means], atol=1e-5)


@pytest.mark.parametrize("scenario", cases.SCENARIOS)
@pytest.mark.parametrize("make", [MeanRegularizedRidge, GraphRegularizedRidge])
def test_shared_intercept_pools_everything(make, scenario):
    data = cases.table(6, scenario=scenario, n=N, p=P, T=T)
    model = data.fit(make(alpha=1e8, sharing=1.0, share_intercept=True))
    i, t = np.nonzero(data.observed)
    root = np.sqrt(data.weight[i, t])
    design = np.column_stack([data.X[i], np.ones(len(i))])
    w = np.linalg.lstsq(design * root[:, None], data.Y[i, t] * root, rcond=None)[0]
    np.testing.assert_allclose(model.coef_, np.tile(w[:-1], (T, 1)), atol=1e-6)
    np.testing.assert_allclose(model.intercept_, w[-1], atol=1e-5)


def test_shared_intercept_at_no_strength_is_free():
    data = cases.table(6, scenario="missing", n=N, p=P, T=T)
    shared = MeanRegularizedRidge(alpha=0.0, share_intercept=True).fit(data.X, data.Y)
    free = MeanRegularizedRidge(alpha=0.0).fit(data.X, data.Y)
    np.testing.assert_allclose(shared.coef_, free.coef_, atol=1e-9)
    np.testing.assert_allclose(shared.intercept_, free.intercept_, atol=1e-9)


def test_ratio_ends_of_the_mixed_penalties():
    """Each mixing ratio reaches the penalty it is named after at both ends."""
    data = cases.table(7, scenario="missing", n=N, p=P, T=T)
    lm = cases.lm
    fits = {
        "lasso": lm.MultiTaskLasso(0.1, tol=1e-10),
        "ridge": lm.MultiTaskRidge(0.1),
        "l1": lm.MultiTaskGLM(penalty="l1", alpha=0.1, tol=1e-10),
        "enet_1": lm.MultiTaskElasticNet(0.1, l1_ratio=1.0, tol=1e-10),
        "enet_0": lm.MultiTaskElasticNet(0.1, l1_ratio=0.0, tol=1e-10),
        "entry_1": lm.MultiTaskGLM(penalty=ElasticNet(1.0), alpha=0.1, tol=1e-10),
        "entry_0": lm.MultiTaskGLM(penalty=ElasticNet(0.0), alpha=0.1, tol=1e-10),
        "sparse_0": lm.MultiTaskSparseGroupLasso(0.1, l1_ratio=0.0, tol=1e-10),
        "sparse_1": lm.MultiTaskSparseGroupLasso(0.1, l1_ratio=1.0, tol=1e-10),
    }
    coef = {name: model.fit(data.X, data.Y).coef_ for name, model in fits.items()}
    pairs = [
        ("enet_1", "lasso"),
        ("enet_0", "ridge"),
        ("sparse_0", "lasso"),
        ("sparse_1", "l1"),
        ("entry_1", "l1"),
        ("entry_0", "ridge"),
    ]
    for mixed, pure in pairs:
        np.testing.assert_allclose(coef[mixed], coef[pure], atol=1e-5)
