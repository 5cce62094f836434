"""Estimators that choose their strength: every number of the path is recomputed by hand."""

import cases
import numpy as np
import pytest
from sklearn import linear_model as sk
from sklearn.model_selection import KFold

from skmtl.linear_model import (
    GraphRegularizedRidgeCV,
    MeanRegularizedRidge,
    MeanRegularizedRidgeCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskGLM,
    MultiTaskGLMCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    MultiTaskLogisticRegressionCV,
    MultiTaskRidge,
    MultiTaskRidgeCV,
    MultiTaskSparseGroupLassoCV,
)
from skmtl.model_selection import MultiTaskKFold

N, P, T = 43, 6, 3
# Grids are short here, and the best strength is often their last.
pytestmark = pytest.mark.filterwarnings("ignore:.*is the smallest of the grid:UserWarning")
TIGHT = {"tol": 1e-10}


def folds(k=4):
    return list(KFold(k, shuffle=True, random_state=0).split(np.zeros((N, 1))))


def test_equals_scikit_learn_on_complete_data():
    data = cases.table(1, n=N, p=P, T=T)
    alphas = np.geomspace(2.0, 0.005, 12)
    ours = MultiTaskLassoCV(alphas=alphas, cv=folds(), tol=1e-11).fit(data.X, data.Y)
    # Older releases take a list of strengths by the same name.
    theirs = sk.MultiTaskLassoCV(alphas=alphas, cv=folds(), tol=1e-12, max_iter=200_000).fit(data.X, data.Y)
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-14)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    assert ours.alpha_ == theirs.alpha_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)


def test_equals_scikit_learn_elastic_net():
    data = cases.table(1, n=N, p=P, T=T)
    options = {"alphas": np.geomspace(2.0, 0.01, 7), "cv": folds(), "l1_ratio": [0.2, 0.7, 1.0]}
    ours = MultiTaskElasticNetCV(tol=1e-11, **options).fit(data.X, data.Y)
    theirs = sk.MultiTaskElasticNetCV(tol=1e-12, max_iter=200_000, **options).fit(data.X, data.Y)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-5)
    assert (ours.alpha_, ours.l1_ratio_) == (theirs.alpha_, theirs.l1_ratio_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


def test_its_own_grid_is_scikit_learns():
    """From alpha_max down: the same first and last strength."""
    data = cases.table(1, n=N, p=P, T=T)
    ours = MultiTaskLassoCV(alphas=6, eps=1e-4, cv=folds()).fit(data.X, data.Y)
    Xc, Yc = data.X - data.X.mean(axis=0), data.Y - data.Y.mean(axis=0)
    assert ours.alphas_[0] == pytest.approx(np.linalg.norm(Xc.T @ Yc, axis=1).max() / N, rel=1e-12)
    assert ours.alphas_[-1] == pytest.approx(1e-4 * ours.alphas_[0], rel=1e-12)
    assert len(ours.alphas_) == 6


def test_binary_features():
    """A peer's intercept was once left out on 0/1 features, and every strength had the same error."""
    rng = np.random.default_rng(0)
    X = (rng.random((N, P)) < 0.4).astype(float)
    Y = X @ rng.normal(size=(P, T)) + 0.3 * rng.normal(size=(N, T)) + 10.0
    path = MultiTaskLassoCV(alphas=10, cv=folds()).fit(X, Y).mse_path_.mean(axis=1)
    assert path[-1] < 0.5 * path[0]


# -- the path by hand ---------------------------------------------------------------------------------

BY_HAND = {
    "ridge": (MultiTaskRidgeCV, MultiTaskRidge, {}, "numeric"),
    "lasso": (MultiTaskLassoCV, MultiTaskLasso, {}, "numeric"),
    "elastic_net": (MultiTaskElasticNetCV, MultiTaskElasticNet, {"l1_ratio": 0.6}, "numeric"),
    "mean": (MeanRegularizedRidgeCV, MeanRegularizedRidge, {"sharing": 0.8}, "numeric"),
    "mean_intercept": (
        MeanRegularizedRidgeCV,
        MeanRegularizedRidge,
        {"sharing": 0.8, "share_intercept": True},
        "numeric",
    ),
    "lasso_scaled": (MultiTaskLassoCV, MultiTaskLasso, {"scale_targets": True}, "numeric"),
    "lasso_equal": (MultiTaskLassoCV, MultiTaskLasso, {"task_weight": "equal"}, "numeric"),
    "lasso_deviance": (MultiTaskLassoCV, MultiTaskLasso, {"task_weight": "deviance"}, "numeric"),
    "logistic": (MultiTaskLogisticRegressionCV, MultiTaskLogisticRegression, {}, "binary"),
    "glm": (MultiTaskGLMCV, MultiTaskGLM, {"loss": ["squared", "logistic", "squared"]}, "mixed"),
}


def deviance(case_losses, model, data, test):
    """Twice the weighted loss of each task on the held-out rows, and the weights."""
    eta = model.linear_predictor(data.X[test])
    sums, totals = np.zeros(T), np.zeros(T)
    for t, loss in enumerate(case_losses):
        for k, i in enumerate(test):
            if data.observed[i, t]:
                sums[t] += 2 * data.weight[i, t] * loss.naive(data.Y[i, t], eta[k, t])
                totals[t] += data.weight[i, t]
    return sums, totals


@pytest.mark.parametrize("scenario", ["missing", "weighted"])
@pytest.mark.parametrize("name", BY_HAND)
def test_path_is_that_of_fits_on_the_folds(name, scenario):
    """No leakage: each number comes from the estimator itself, fitted on the training rows alone."""
    cv, single, options, kind = BY_HAND[name]
    data = cases.table(3, kind=kind, scenario=scenario, n=N, p=P, T=T)
    weight = data.weight if data.weighted else None
    alphas = np.array([0.5, 0.05])
    splits = list(MultiTaskKFold(3).split(data.X, np.where(data.observed, data.Y, np.nan)))
    model = cv(alphas=alphas, cv=splits, **options, **TIGHT).fit(data.X, data.Y, weight)
    case_losses = cases.ConvexCase("", single, cases.PENALTY["l1"], None, kind).losses(T)
    expected, by_task = np.empty((2, 3)), np.empty((2, 3, T))
    for f, (train, test) in enumerate(splits):
        for a, alpha in enumerate(alphas):
            fit = single(alpha=alpha, **options, **TIGHT)
            fit.fit(data.X[train], data.Y[train], None if weight is None else weight[train])
            sums, totals = deviance(case_losses, fit, data, test)
            part = cases.Table(data.X[train], data.Y[train], data.weight[train], kind)
            omega = cases.task_weights(case_losses, part, options.get("task_weight", "entries"))
            if options.get("scale_targets"):
                for t in range(T):
                    seen = part.observed[:, t]
                    y, s = part.Y[seen, t], part.weight[seen, t]
                    omega[t] /= np.average((y - np.average(y, weights=s)) ** 2, weights=s)
            by_task[a, f] = sums / totals
            expected[a, f] = (omega * sums).sum() / totals.sum()
    path_name = "mse_path_" if kind == "numeric" else "deviance_path_"
    np.testing.assert_allclose(getattr(model, path_name), expected, rtol=1e-4)
    np.testing.assert_allclose(getattr(model, f"task_{path_name}"), by_task, rtol=1e-4)
    assert model.alpha_ == alphas[expected.mean(axis=1).argmin()]
    refit = single(alpha=model.alpha_, **options, **TIGHT).fit(data.X, data.Y, weight)
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-5)
    np.testing.assert_allclose(model.predict(data.X).astype(float), refit.predict(data.X).astype(float), atol=1e-4)


def test_rows_of_tasks():
    data = cases.table(4, scenario="rows", n=N, p=P, T=T)
    y = data.Y[np.arange(len(data.X)), data.task]
    splits = list(MultiTaskKFold(3).split(data.X, y, task=data.task))
    model = MeanRegularizedRidgeCV(alphas=[1.0, 0.1], sharing=0.9, cv=splits).fit(data.X, y, task=data.task)
    for a, alpha in enumerate([1.0, 0.1]):
        for f, (train, test) in enumerate(splits):
            fit = MeanRegularizedRidge(alpha, sharing=0.9).fit(data.X[train], y[train], task=data.task[train])
            error = ((fit.predict(data.X[test], task=data.task[test]) - y[test]) ** 2).mean()
            assert model.mse_path_[a, f] == pytest.approx(error, rel=1e-9)


# -- rules and mixing ratios --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_one_standard_error(seed):
    """The largest strength whose error is within one standard error of the least; never a smaller one."""
    data = cases.table(seed, scenario="missing", n=N, p=P, T=T, noise=3.0)
    options = {"alphas": 15, "cv": MultiTaskKFold(4, shuffle=True, random_state=seed)}
    least = MultiTaskLassoCV(**options).fit(data.X, data.Y)
    one = MultiTaskLassoCV(rule="1se", **options).fit(data.X, data.Y)
    np.testing.assert_array_equal(one.mse_path_, least.mse_path_)
    mean = one.mse_path_.mean(axis=1)
    best = mean.argmin()
    bound = mean[best] + one.mse_path_[best].std(ddof=1) / 2.0  # the root of four folds
    assert least.alpha_ == least.alphas_[best]
    assert one.alpha_ == one.alphas_[mean <= bound].max()
    assert one.alpha_ >= least.alpha_


def test_the_rules_differ_somewhere():
    data = cases.table(0, scenario="missing", n=N, p=P, T=T, noise=3.0)
    least, one = (MultiTaskLassoCV(alphas=15, cv=4, rule=rule).fit(data.X, data.Y) for rule in ("min", "1se"))
    assert one.alpha_ > least.alpha_


@pytest.mark.parametrize(
    ("cv", "single", "mix", "ratios"),
    [
        (MeanRegularizedRidgeCV, MeanRegularizedRidgeCV, "sharing", (0.0, 0.7, 1.0)),
        (GraphRegularizedRidgeCV, GraphRegularizedRidgeCV, "sharing", (0.0, 0.7)),
        (MultiTaskSparseGroupLassoCV, MultiTaskSparseGroupLassoCV, "l1_ratio", [0.1, 0.9]),
    ],
)
def test_a_list_of_ratios_is_one_fit_for_each(cv, single, mix, ratios):
    data = cases.table(5, scenario="missing", n=N, p=P, T=T)
    model = cv(**{mix: ratios}, alphas=4, cv=folds(3)).fit(data.X, data.Y)
    assert model.mse_path_.shape == (len(ratios), 4, 3)
    assert model.task_mse_path_.shape == (len(ratios), 4, 3, T)
    assert model.alphas_.shape == (len(ratios), 4)
    least = []
    for k, ratio in enumerate(ratios):
        alone = single(**{mix: ratio}, alphas=4, cv=folds(3)).fit(data.X, data.Y)
        assert alone.mse_path_.shape == (4, 3)
        np.testing.assert_allclose(alone.mse_path_, model.mse_path_[k], rtol=1e-6)
        np.testing.assert_allclose(alone.alphas_, model.alphas_[k])
        least.append((alone.mse_path_.mean(axis=1).min(), ratio, alone.alpha_))
    _, ratio, alpha = min(least)
    assert getattr(model, f"{mix}_") == ratio
    assert model.alpha_ == pytest.approx(alpha)


def test_jobs_do_not_change_the_result():
    data = cases.table(5, scenario="missing", n=N, p=P, T=T)
    one, two = (MultiTaskLassoCV(alphas=5, cv=folds(), n_jobs=jobs).fit(data.X, data.Y) for jobs in (None, 2))
    np.testing.assert_array_equal(one.mse_path_, two.mse_path_)
    np.testing.assert_array_equal(one.coef_, two.coef_)


def test_alphas_in_any_order():
    data = cases.table(5, scenario="missing", n=N, p=P, T=T)
    up = MultiTaskLassoCV(alphas=[0.01, 0.1, 1.0], cv=folds()).fit(data.X, data.Y)
    down = MultiTaskLassoCV(alphas=[1.0, 0.1, 0.01], cv=folds()).fit(data.X, data.Y)
    np.testing.assert_array_equal(up.alphas_, [1.0, 0.1, 0.01])
    np.testing.assert_array_equal(up.mse_path_, down.mse_path_)


def test_default_folds_keep_a_rare_task_observed():
    """Six entries of one task in five folds: an ordinary splitter leaves a fold without it."""
    data = cases.table(5, n=N, p=P, T=T)
    Y = data.Y.copy()
    Y[6:, 2] = np.nan
    model = MultiTaskLassoCV(alphas=4).fit(data.X, Y)
    assert np.isfinite(model.mse_path_).all()
    assert model.mse_path_.shape == (4, 5)


@pytest.mark.parametrize("name", list(cases.CV))
def test_cross_validated_models_obey_the_laws(name):
    """NaN = weight 0; permuted rows under the same folds; units with scale_targets."""
    kind = cases.kind_of_cv(name)
    data = cases.table(6, kind=kind, scenario="missing", n=N, p=P, T=T)
    make = cases.CV[name]
    splits = list(MultiTaskKFold(3).split(data.X, data.Y))
    model = make().set_params(cv=splits).fit(data.X, data.Y)
    filled = np.where(np.isnan(data.Y), 1.0, data.Y)
    again = make().set_params(cv=splits).fit(data.X, filled, (~np.isnan(data.Y)).astype(float))
    np.testing.assert_allclose(again.coef_, model.coef_, atol=1e-10)
    assert again.alpha_ == pytest.approx(model.alpha_, rel=1e-12)
    order = np.random.default_rng(0).permutation(N)
    place = np.argsort(order)
    moved = make().set_params(cv=[(place[a], place[b]) for a, b in splits]).fit(data.X[order], data.Y[order])
    assert moved.alpha_ == pytest.approx(model.alpha_, rel=1e-9)
    np.testing.assert_allclose(moved.coef_, model.coef_, atol=1e-3 * np.abs(model.coef_).max())
    if kind == "numeric" and name != "glm":
        units = np.array([40.0, 1.0, 0.02])
        plain = make().set_params(cv=splits, scale_targets=True).fit(data.X, data.Y)
        scaled = make().set_params(cv=splits, scale_targets=True).fit(data.X, data.Y * units + 3.0)
        assert scaled.alpha_ == pytest.approx(plain.alpha_, rel=1e-9)
        np.testing.assert_allclose(scaled.coef_ / units[:, None], plain.coef_, atol=1e-3 * np.abs(plain.coef_).max())
