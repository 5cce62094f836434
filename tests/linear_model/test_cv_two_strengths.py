"""Two strengths at once, a mixing ratio and alpha: every number of the grid is recomputed by fresh fits."""

import warnings

import cases
import numpy as np
import pytest
from sklearn.model_selection import KFold

from skmtl import linear_model as lm
from skmtl.losses import HuberLoss, QuantileLoss
from skmtl.model_selection import MultiTaskKFold
from skmtl.penalties import SharedPlusSpecific

N, P, T = 41, 4, 3
pytestmark = pytest.mark.filterwarnings("ignore:.*is the smallest of the grid:UserWarning")
TIGHT = {"tol": 1e-8}


def folds(k=3):
    return list(KFold(k, shuffle=True, random_state=0).split(np.zeros((N, 1))))


def held_out(case_losses, model, data, test, exposure=None):
    """Twice the weighted loss of each task on the held-out rows, and the weights, entry by entry."""
    eta = model.linear_predictor(data.X[test])
    sums, totals = np.zeros(data.n_tasks), np.zeros(data.n_tasks)
    for t, loss in enumerate(case_losses):
        for k, i in enumerate(test):
            if data.observed[i, t]:
                time = 1.0 if exposure is None else exposure[i]
                sums[t] += 2 * data.weight[i, t] * time * loss.naive(data.Y[i, t] / time, eta[k, t])
                totals[t] += data.weight[i, t]
    return sums, totals


# -- the pair chosen is the best pair -----------------------------------------------------------------

TWO = {
    "dirty": (lm.DirtyRegressorCV, lm.DirtyRegressor, "shared_ratio", [0.55, 0.65], {}, "numeric"),
    "dirty_l2": (lm.DirtyRegressorCV, lm.DirtyRegressor, "shared_ratio", [0.52, 0.6], {"shared_norm": "l2"}, "numeric"),
    "robust": (lm.RobustFeatureRegressorCV, lm.RobustFeatureRegressor, "shared_ratio", [0.4, 0.6], {}, "numeric"),
    "low_rank": (lm.SparseLowRankRegressorCV, lm.SparseLowRankRegressor, "shared_ratio", [0.55, 0.65], {}, "numeric"),
    "common": (lm.DataSharedLassoClassifierCV, lm.DataSharedLassoClassifier, "shared_ratio", [0.5, 0.7], {}, "binary"),
    "temporal": (lm.TemporalRegressorCV, lm.TemporalRegressor, "sharing", [0.3, 0.9], {"times": [0, 1, 4]}, "numeric"),
    "clusters": (lm.ClusteredTasksRegressorCV, lm.ClusteredTasksRegressor, "n_clusters", [1, 2], {}, "numeric"),
}


@pytest.mark.parametrize("name", TWO)
def test_the_pair_chosen_is_that_of_brute_force(name):
    cv, single, mix, ratios, options, kind = TWO[name]
    data = cases.table(3, kind=kind, scenario="missing", n=N, p=P, T=T)
    alphas = np.array([0.4, 0.1, 0.03])
    splits = list(MultiTaskKFold(3).split(data.X, data.Y))
    model = cv(**{mix: ratios}, alphas=alphas, cv=splits, **options, **TIGHT).fit(data.X, data.Y)
    case_losses = [cases.LOSS["squared" if kind == "numeric" else "logistic"]] * T
    shape = (len(ratios), len(alphas), len(splits))
    expected, by_task = np.empty(shape), np.empty((*shape, T))
    for r, ratio in enumerate(ratios):
        for a, alpha in enumerate(alphas):
            for f, (train, test) in enumerate(splits):
                fit = single(alpha=alpha, **{mix: ratio}, **options, **TIGHT).fit(data.X[train], data.Y[train])
                sums, totals = held_out(case_losses, fit, data, test)
                expected[r, a, f], by_task[r, a, f] = sums.sum() / totals.sum(), sums / totals
    path = "mse_path_" if kind == "numeric" else "deviance_path_"
    np.testing.assert_allclose(getattr(model, path), expected, rtol=1e-3)
    np.testing.assert_allclose(getattr(model, f"task_{path}"), by_task, rtol=2e-3)
    r, a = np.unravel_index(expected.mean(axis=-1).argmin(), expected.shape[:2])
    assert (getattr(model, f"{mix}_"), model.alpha_) == (ratios[r], alphas[a])
    refit = single(alpha=alphas[a], **{mix: ratios[r]}, **options, **TIGHT).fit(data.X, data.Y)
    np.testing.assert_allclose(model.coef_, refit.coef_, atol=1e-3 * np.abs(refit.coef_).max())


def test_one_standard_error_keeps_the_ratio():
    """The largest strength within one standard error, at the ratio of the least loss."""
    data = cases.table(2, scenario="missing", n=N, p=P, T=T, noise=3.0)
    options = {"shared_ratio": [0.55, 0.65], "alphas": 10, "cv": folds(4)}
    least = lm.DirtyRegressorCV(**options).fit(data.X, data.Y)
    one = lm.DirtyRegressorCV(rule="1se", **options).fit(data.X, data.Y)
    np.testing.assert_array_equal(one.mse_path_, least.mse_path_)
    mean = one.mse_path_.mean(axis=-1)
    r, a = np.unravel_index(mean.argmin(), mean.shape)
    bound = mean[r, a] + one.mse_path_[r, a].std(ddof=1) / 2.0  # the root of four folds
    assert one.shared_ratio_ == least.shared_ratio_ == options["shared_ratio"][r]
    assert one.alpha_ == one.alphas_[r][mean[r] <= bound].max()
    assert one.alpha_ > least.alpha_ == least.alphas_[r, a]


# -- the ratios tried where none is given -------------------------------------------------------------

# From Σ_j max_t |v_jt| and the like: the least and the largest of the specific penalty over the shared one.
WEDGES = {
    "Dirty": (1.0, T),
    "RobustFeature": (P**-0.5, T**0.5),
    "RobustLowRank": (1.0, T**0.5),
    "SparseLowRank": (1.0, (P * T) ** 0.5),
    "DataSharedLasso": (0.0, T),
}


@pytest.mark.parametrize("structure", WEDGES)
def test_ratios_tried_are_inside_the_wedge(structure):
    data = cases.table(3, scenario="missing", n=N, p=P, T=T)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = getattr(lm, f"{structure}RegressorCV")(alphas=2, eps=0.3, cv=folds(2)).fit(data.X, data.Y)
    assert model.mse_path_.shape == (3, 2, 2)
    low, high = WEDGES[structure]
    single = getattr(lm, f"{structure}Regressor")()._make_penalty()
    ratios = single.ratios((P, T), 3)
    strengths = ratios / (1 - ratios)
    assert model.shared_ratio_ in ratios
    assert (strengths > low).all()
    assert (strengths < high).all()
    # Each ratio has its own largest strength, at which nothing is left, and below which something is.
    for k, ratio in enumerate(ratios):
        at, below = (
            getattr(lm, f"{structure}Regressor")(factor * model.alphas_[k, 0], shared_ratio=ratio).fit(data.X, data.Y)
            for factor in (1.0, 0.98)
        )
        assert (at.coef_ == 0).all()
        assert (below.coef_ != 0).any()


def test_the_middle_of_the_ratios_is_the_default_of_a_single_fit():
    for pair in (("group_linf", "l1"), ("trace_norm", "l1"), ("common_l1", "l1"), ("group_lasso", "task_group_lasso")):
        penalty = SharedPlusSpecific(*pair)
        assert penalty.ratio((P, T)) == pytest.approx(penalty.ratios((P, T), 3)[1])


# -- where solves start -------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", ["Dirty", "SparseLowRank", "Temporal"])
def test_starts_beside_change_nothing(structure):
    """A grid over ratios starts each solve from a neighbour; a grid of one ratio cannot."""
    data = cases.table(4, scenario="missing", n=N, p=P, T=T)
    mix, ratios = ("sharing", [0.3, 0.8]) if structure == "Temporal" else ("shared_ratio", [0.55, 0.6])
    cv = getattr(lm, f"{structure}RegressorCV")
    options = {"alphas": [0.5, 0.1, 0.04], "cv": folds(), "tol": 1e-10}
    both = cv(**{mix: ratios}, **options).fit(data.X, data.Y)
    swapped = cv(**{mix: ratios[::-1]}, **options).fit(data.X, data.Y)
    for k, ratio in enumerate(ratios):
        alone = cv(**{mix: ratio}, **options).fit(data.X, data.Y)
        np.testing.assert_allclose(both.mse_path_[k], alone.mse_path_, rtol=1e-5)
        np.testing.assert_allclose(swapped.mse_path_[1 - k], alone.mse_path_, rtol=1e-5)
    assert (getattr(both, f"{mix}_"), both.alpha_) == (getattr(swapped, f"{mix}_"), swapped.alpha_)
    np.testing.assert_allclose(swapped.coef_, both.coef_, atol=1e-6 * max(1.0, np.abs(both.coef_).max()))


# -- the path in original units -----------------------------------------------------------------------


def spread(data, rows, t):
    """Weighted standard deviation of a task over some rows."""
    seen = data.observed[rows, t]
    y, s = data.Y[rows, t][seen], data.weight[rows, t][seen]
    return float(np.sqrt(np.average((y - np.average(y, weights=s)) ** 2, weights=s)))


@pytest.mark.parametrize("loss", ["squared", "huber", "quantile"])
@pytest.mark.parametrize("scale_targets", [False, True])
def test_task_path_is_in_original_units(loss, scale_targets):
    """A loss with a length has it in standard deviations of the training part; its path is in the outcome's units."""
    data = cases.table(5, scenario="weighted", n=N, p=P, T=T)
    units = np.array([20.0, 1.0, 0.1])
    data = cases.replace(data, Y=data.Y * units + 5.0)
    given = {"squared": "squared", "huber": HuberLoss(), "quantile": QuantileLoss(0.7, 0.3)}[loss]
    alphas, splits = [0.3, 0.05], folds()
    options = {"loss": given, "penalty": "group_lasso", "scale_targets": scale_targets, "tol": 1e-10}
    model = lm.MultiTaskGLMCV(alphas=alphas, cv=splits, **options).fit(data.X, data.Y, data.weight)
    assert model.task_deviance_path_.shape == (2, 3, T)
    degree = {"squared": 2, "huber": 2, "quantile": 1}[loss]
    naive = cases.LOSS[loss].naive
    for a, alpha in enumerate(alphas):
        for f, (train, test) in enumerate(splits):
            fit = lm.MultiTaskGLM(alpha=alpha, **options).fit(data.X[train], data.Y[train], data.weight[train])
            eta = fit.linear_predictor(data.X[test])
            counted, totals = 0.0, 0.0
            for t in range(T):
                sd = spread(data, train, t) if scale_targets else 1.0
                total = 0.0
                for k, i in enumerate(test):
                    total += 2 * data.weight[i, t] * naive(data.Y[i, t] / sd, eta[k, t] / sd)
                weight = data.weight[test, t].sum()
                by_task = model.task_deviance_path_[a, f, t]
                assert by_task == pytest.approx(sd**degree * total / weight, rel=1e-3), (a, f, t)
                counted, totals = counted + total, totals + weight
            assert model.deviance_path_[a, f] == pytest.approx(counted / totals, rel=1e-3)


def test_task_path_of_counts_with_exposure():
    """Deviance of counts, not of rates: time under observation counts."""
    data = cases.table(6, kind="poisson", scenario="missing", n=N, p=P, T=2)
    time = np.random.default_rng(0).uniform(0.3, 3.0, size=N)
    alphas, splits = [0.2, 0.02], folds()
    options = {"loss": "poisson", "penalty": "ridge", "tol": 1e-10}
    model = lm.MultiTaskGLMCV(alphas=alphas, cv=splits, **options).fit(data.X, data.Y, exposure=time)
    assert model.task_deviance_path_.shape == (2, 3, 2)
    expected = np.empty((2, 3))
    for a, alpha in enumerate(alphas):
        for f, (train, test) in enumerate(splits):
            fit = lm.MultiTaskGLM(alpha=alpha, **options).fit(data.X[train], data.Y[train], exposure=time[train])
            sums, totals = held_out([cases.LOSS["poisson"]] * 2, fit, data, test, time)
            np.testing.assert_allclose(model.task_deviance_path_[a, f], sums / totals, rtol=1e-4)
            expected[a, f] = sums.sum() / totals.sum()
    np.testing.assert_allclose(model.deviance_path_, expected, rtol=1e-4)
    assert model.alpha_ == alphas[expected.mean(axis=1).argmin()]
