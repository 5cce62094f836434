"""Equal names mean equal numbers: scikit-learn's models on complete data."""

import cases
import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn import linear_model as sk
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.fixes import parse_version

from skmtl.linear_model import (
    MeanRegularizedRidge,
    MultiTaskElasticNet,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
)

SHAPES = [(23, 4, 3), (40, 7, 2), (12, 19, 5), (61, 3, 6)]
PAIRS = {
    "lasso": (MultiTaskLasso, sk.MultiTaskLasso, {}),
    "elastic_net": (MultiTaskElasticNet, sk.MultiTaskElasticNet, {"l1_ratio": 0.6}),
}


def objective(X, Y, coef, intercept, alpha, l1_ratio=1.0, weight=None):
    """scikit-learn's multi-task objective, weights normalised to the number of rows."""
    weight = np.ones(len(X)) if weight is None else weight / weight.mean()
    residual = Y - X @ coef.T - intercept
    norms = np.linalg.norm(coef, axis=0).sum()
    loss = (weight[:, None] * residual**2).sum() / (2 * len(X))
    return loss + alpha * (l1_ratio * norms + 0.5 * (1 - l1_ratio) * (coef**2).sum())


def check_equal(ours, theirs, X, Y, alpha, l1_ratio=1.0, weight=None):
    a = objective(X, Y, ours.coef_, ours.intercept_, alpha, l1_ratio, weight)
    b = objective(X, Y, theirs.coef_, theirs.intercept_, alpha, l1_ratio, weight)
    assert a == pytest.approx(b, rel=1e-6)
    scale = X.std(axis=0)  # coefficients per standard deviation, where units differ
    np.testing.assert_allclose(ours.coef_ * scale, theirs.coef_ * scale, atol=1e-4)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("pair", PAIRS)
def test_multi_task_models(pair, shape, fit_intercept):
    ours, theirs, options = PAIRS[pair]
    n, p, T = shape
    data = cases.table(n, n=n, p=p, T=T)
    for alpha in (0.01, 0.1, 0.7):
        # With more features than rows the optimum is flat, and coefficients need a closer solve.
        a = ours(alpha, tol=1e-13, fit_intercept=fit_intercept, **options).fit(data.X, data.Y)
        b = theirs(alpha, tol=1e-13, max_iter=200_000, fit_intercept=fit_intercept, **options).fit(data.X, data.Y)
        check_equal(a, b, data.X, data.Y, alpha, **options)


@pytest.mark.parametrize("pair", PAIRS)
def test_default_tolerance(pair):
    """Nobody sets tol: at the defaults the objective agrees to 1e-6 of the null model's as well."""
    ours, theirs, options = PAIRS[pair]
    data = cases.table(3, n=60, p=7, T=4)
    a = ours(0.1, **options).fit(data.X, data.Y)
    b = theirs(0.1, tol=1e-12, max_iter=200_000, **options).fit(data.X, data.Y)
    args = (0.1, options.get("l1_ratio", 1.0))
    null = objective(data.X, data.Y, np.zeros((4, 7)), data.Y.mean(axis=0), *args)
    ours_value = objective(data.X, data.Y, a.coef_, a.intercept_, *args)
    assert ours_value - objective(data.X, data.Y, b.coef_, b.intercept_, *args) <= 1e-6 * null


@pytest.mark.parametrize("pair", PAIRS)
def test_badly_scaled_and_offset_features(pair):
    ours, theirs, options = PAIRS[pair]
    data = cases.table(5, n=60, p=5, T=3)
    X = (data.X - data.X.mean(axis=0)) * [1e-3, 1.0, 300.0, 1.0, 0.05] + [0.0, 500.0, 2000.0, -3.0, 1.0]
    a = ours(0.05, tol=1e-12, **options).fit(X, data.Y)
    b = theirs(0.05, tol=1e-13, max_iter=500_000, **options).fit(X, data.Y)
    check_equal(a, b, X, data.Y, 0.05, **options)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("pair", PAIRS)
def test_sparse_features(pair, form):
    ours, theirs, options = PAIRS[pair]
    data = cases.table(6, n=50, p=6, T=3)
    X = np.where(np.abs(data.X) > 1.0, data.X, 0.0)
    a = ours(0.05, tol=1e-10, **options).fit(form(X), data.Y)
    b = theirs(0.05, tol=1e-12, max_iter=200_000, **options).fit(X, data.Y)
    check_equal(a, b, X, data.Y, 0.05, **options)


@pytest.mark.parametrize("pair", PAIRS)
def test_row_weights(pair):
    """Integer weights; where scikit-learn takes none yet, rows are repeated for it."""
    ours, theirs, options = PAIRS[pair]
    data = cases.table(7, n=40, p=5, T=3)
    weight = np.random.default_rng(0).integers(0, 4, size=40).astype(float)
    a = ours(0.05, tol=1e-10, **options).fit(data.X, data.Y, weight)
    again = np.repeat(np.arange(40), weight.astype(int))
    b = theirs(0.05, tol=1e-12, max_iter=200_000, **options).fit(data.X[again], data.Y[again])
    check_equal(a, b, data.X, data.Y, 0.05, weight=weight, **options)
    if parse_version(sklearn.__version__) >= parse_version("1.9"):
        fraction = np.random.default_rng(1).exponential(size=40)
        a = ours(0.05, tol=1e-10, **options).fit(data.X, data.Y, fraction)
        b = theirs(0.05, tol=1e-12, max_iter=200_000, **options).fit(data.X, data.Y, sample_weight=fraction)
        check_equal(a, b, data.X, data.Y, 0.05, weight=fraction, **options)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_ridge(shape, fit_intercept):
    n, p, T = shape
    data = cases.table(n, n=n, p=p, T=T)
    weight = np.random.default_rng(0).exponential(size=n)
    for alpha in (1e-3, 0.4):
        a = MultiTaskRidge(alpha, fit_intercept=fit_intercept).fit(data.X, data.Y)
        b = sk.Ridge(alpha=n * alpha, fit_intercept=fit_intercept).fit(data.X, data.Y)
        np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-9)
        np.testing.assert_allclose(a.intercept_, b.intercept_, atol=1e-9)
        a = MultiTaskRidge(alpha, fit_intercept=fit_intercept).fit(data.X, data.Y, weight)
        b = sk.Ridge(alpha=weight.sum() * alpha, fit_intercept=fit_intercept).fit(data.X, data.Y, weight)
        np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-9)


@pytest.mark.parametrize("form", ["shared", "missing", "rows"])
@pytest.mark.parametrize("alpha", [0.0, 1e-9])
def test_ridge_of_badly_scaled_features(alpha, form):
    """Units from ten-thousandths to millions in one table: laboratory values do that."""
    data = cases.table(5, scenario="complete" if form == "shared" else "missing", n=60, p=5, T=3)
    X = (data.X - data.X.mean(axis=0)) * [1e-4, 1.0, 1e5, 1.0, 0.05] + [0.0, 500.0, 1e6, -3.0, 1.0]
    data = cases.replace(data, X=X)
    data = data.as_rows() if form == "rows" else data
    ours = [data.fit(MultiTaskRidge(alpha)), data.fit(MeanRegularizedRidge(alpha, sharing=0.0))]
    spread = X.std(axis=0)
    for t in range(3):
        seen = data.observed[:, t]
        theirs = sk.Ridge(alpha=cases.mean_total(data) * alpha, solver="svd").fit(data.X[seen], data.Y[seen, t])
        for model in ours:
            np.testing.assert_allclose(model.coef_[t] * spread, theirs.coef_ * spread, atol=1e-6)
    coupled = data.fit(MeanRegularizedRidge(alpha, sharing=0.9))
    assert coupled.solver_result_.solver == "closed_form"
    reference = data.fit(MeanRegularizedRidge(alpha, sharing=0.9, solver="fista", tol=1e-9))
    np.testing.assert_allclose(coupled.coef_ * spread, reference.coef_ * spread, atol=1e-5)


@pytest.mark.parametrize("ratio", [1.0, 0.3])
def test_one_task_is_the_single_task_model(ratio):
    data = cases.table(8, n=40, p=7, T=2)
    y = data.Y[:, 0]
    theirs = sk.ElasticNet(0.05, l1_ratio=ratio, tol=1e-12, max_iter=100_000).fit(data.X, y)
    for ours in (
        MultiTaskElasticNet(0.05, l1_ratio=ratio, tol=1e-12),
        MultiTaskGLM(penalty=cases.penalties.ElasticNet(ratio), alpha=0.05, tol=1e-12),
    ):
        ours.fit(data.X, y)
        np.testing.assert_allclose(ours.coef_[0], theirs.coef_, atol=1e-5)
        np.testing.assert_allclose(ours.predict(data.X), theirs.predict(data.X), atol=1e-4)
        np.testing.assert_array_equal(ours.coef_[0] == 0, theirs.coef_ == 0)


def test_l1_is_one_lasso_per_task():
    data = cases.table(8, n=40, p=7, T=3)
    ours = MultiTaskGLM(penalty="l1", alpha=0.05, tol=1e-12).fit(data.X, data.Y)
    for t in range(3):
        theirs = sk.Lasso(0.05, tol=1e-12, max_iter=100_000).fit(data.X, data.Y[:, t])
        np.testing.assert_allclose(ours.coef_[t], theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_logistic_ridge(fit_intercept):
    data = cases.table(9, kind="binary", n=60, p=5, T=3)
    ours = MultiTaskLogisticRegression("ridge", 0.03, fit_intercept=fit_intercept, tol=1e-10).fit(data.X, data.Y)
    for t in range(3):
        theirs = sk.LogisticRegression(C=1 / (60 * 0.03), fit_intercept=fit_intercept, tol=1e-10, max_iter=10_000)
        theirs.fit(data.X, data.Y[:, t])
        np.testing.assert_allclose(ours.coef_[t], theirs.coef_[0], atol=1e-4)
        np.testing.assert_allclose(ours.predict_proba(data.X)[t], theirs.predict_proba(data.X), atol=1e-4)
        np.testing.assert_array_equal(ours.predict(data.X)[:, t], theirs.predict(data.X))


def test_logistic_l1():
    new = parse_version(sklearn.__version__) >= parse_version("1.8")  # which renames the way to say it
    l1 = {"l1_ratio": 1.0} if new else {"penalty": "l1"}
    data = cases.table(9, kind="binary", n=60, p=5, T=3)
    ours = MultiTaskLogisticRegression("l1", 0.05, tol=1e-10).fit(data.X, data.Y)
    for t in range(3):
        theirs = sk.LogisticRegression(**l1, solver="saga", C=1 / (60 * 0.05), tol=1e-9, max_iter=100_000)
        theirs.fit(data.X, data.Y[:, t])
        np.testing.assert_allclose(ours.coef_[t], theirs.coef_[0], atol=1e-4)
        np.testing.assert_allclose(ours.intercept_[t], theirs.intercept_[0], atol=1e-3)


def test_binary_features_with_an_intercept():
    """A peer once forgot to centre 0/1 features in its cross-validation: every strength then had one error."""
    rng = np.random.default_rng(0)
    X = (rng.random((50, 6)) < 0.4).astype(float)
    Y = X @ rng.normal(size=(6, 3)) + rng.normal(size=(50, 3)) + 10.0
    a, b = MultiTaskLasso(0.05, tol=1e-10).fit(X, Y), sk.MultiTaskLasso(0.05, tol=1e-12, max_iter=100_000).fit(X, Y)
    check_equal(a, b, X, Y, 0.05)


def test_their_warning_is_ours_too():
    """Both say so when they stop early."""
    data = cases.table(3, n=60, p=7, T=4)
    X = data.X + data.X[:, :1] * 10
    with pytest.warns(ConvergenceWarning):
        MultiTaskLasso(1e-4, max_iter=2).fit(X, data.Y)
