"""Estimators with a likelihood per outcome: known limits, gradients, data forms, transfer."""

import numpy as np
import pandas as pd
import pytest
from gaussian_process.generalized_data import LINKS, MIXED, N, P, T, binary, mixed_model, numbers, table
from scipy import integrate, stats
from scipy.special import expit
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern
from sklearn.metrics import d2_tweedie_score

from skmtl.gaussian_process import MultiTaskGeneralizedGP, MultiTaskGPClassifier, MultiTaskGPPoissonRegressor
from skmtl.gaussian_process._dense import DenseInference
from skmtl.gaussian_process._noise import Noise


def difference(function, theta, step=3e-3):
    """Gradient by central differences with one step of Richardson's extrapolation."""
    gradient = []
    for unit in np.eye(len(theta)):
        coarse = (function(theta + step * unit) - function(theta - step * unit)) / (2 * step)
        fine = (function(theta + step / 2 * unit) - function(theta - step / 2 * unit)) / step
        gradient.append((4 * fine - coarse) / 3)
    return np.array(gradient)


# -- equal to other models ----------------------------------------------------------------------------


def test_one_outcome_is_scikit_learns_classifier():
    X, y = binary()
    kernel = RBF([0.8, 1.5])
    mine = MultiTaskGPClassifier(kernel=kernel, rank=0, mean="zero", optimizer=None).fit(X, y)
    # theta is [log lengths, log v], and theirs [log constant, log lengths].
    for shift in (0.0, 0.7, -0.4):
        theta = mine.theta_ + shift
        theirs = GaussianProcessClassifier(ConstantKernel(np.exp(theta[-1])) * RBF(np.exp(theta[:-1])), optimizer=None)
        theirs.fit(X, y)
        value, gradient = theirs.log_marginal_likelihood(np.roll(theta, 1), eval_gradient=True)
        my_value, my_gradient = mine.log_marginal_likelihood(theta, eval_gradient=True)
        assert my_value == pytest.approx(value, abs=1e-8)
        np.testing.assert_allclose(my_gradient, np.roll(gradient, -1), atol=1e-6)


def test_one_outcome_reaches_the_likelihood_of_scikit_learns_fit():
    X, y = binary()
    mine = MultiTaskGPClassifier(kernel=RBF([1.0, 1.0]), rank=0, mean="zero").fit(X, y)
    theirs = GaussianProcessClassifier(ConstantKernel(1.0) * RBF([1.0, 1.0])).fit(X, y)
    assert mine.log_marginal_likelihood_value_ >= theirs.log_marginal_likelihood_value_ - 1e-4


def test_probabilities_are_near_scikit_learns_and_equal_the_integral():
    X, y = binary()
    new = np.random.default_rng(2).normal(size=(40, P)) * 2
    mine = MultiTaskGPClassifier(kernel=ConstantKernel(8.0) * RBF(1.0), rank=0, mean="zero", optimizer=None).fit(X, y)
    v = np.exp(mine.theta_[-1])
    theirs = GaussianProcessClassifier(ConstantKernel(8.0 * v) * RBF(1.0), optimizer=None).fit(X, y)
    probability = mine.predict_proba(new)[:, 1]
    mean, variance = mine.predict_latent(new)
    integral = [
        integrate.quad(lambda z, m=m, s=s: stats.norm.pdf(z) * expit(m + s * z), -12, 12, epsabs=1e-12)[0]
        for m, s in zip(mean, np.sqrt(variance), strict=True)
    ]
    np.testing.assert_allclose(probability, integral, atol=1e-11)
    # Theirs replaces the logistic function by five error functions.
    away = np.abs(probability - theirs.predict_proba(new)[:, 1])
    assert 1e-8 < away.max() < 1e-3
    # The probit has a closed form.
    probit = clone(mine).set_params(link="probit").fit(X, y)
    mean, variance = probit.predict_latent(new)
    np.testing.assert_allclose(probit.predict_proba(new)[:, 1], stats.norm.cdf(mean / np.sqrt(1 + variance)), rtol=1e-9)


def test_numbers_alone_are_exact():
    X, Y = numbers()
    Y = np.column_stack([Y[:, 0], np.log1p(Y[:, 2])])
    model = MultiTaskGeneralizedGP("gaussian", mean="empirical", optimizer=None).fit(X, Y)
    inference = model._inference
    exact = DenseInference(
        inference.covariance, inference.X, inference.rows, inference.tasks, inference.densities.y, Noise(np.zeros(2))
    )
    rng = np.random.default_rng(0)
    for _ in range(3):
        theta = model.theta_ + 0.3 * rng.normal(size=len(model.theta_))
        value, gradient = exact.evidence(theta, eval_gradient=True)
        mine, my_gradient = model.log_marginal_likelihood(theta, eval_gradient=True)
        assert mine == pytest.approx(value, abs=1e-8)
        np.testing.assert_allclose(my_gradient, gradient, atol=1e-8)
    # And so are means and variances, given back in units of the outcomes.
    posterior = exact.condition(model.theta_)
    rows, tasks = np.arange(5), np.full(5, 1)
    mean, variance = model.predict_latent(X[:5])
    location, scale = np.nanmean(Y[:, 1]), np.nanstd(Y[:, 1])
    np.testing.assert_allclose(mean[:, 1], location + scale * posterior.mean(X[:5], rows, tasks), rtol=1e-10)
    np.testing.assert_allclose(variance[:, 1], scale**2 * posterior.variance(X[:5], rows, tasks), rtol=1e-9)


def test_outcomes_without_common_factors_are_independent():
    """With B diagonal, evidence and predictions are those of one fit per outcome at the same parameters."""
    X, Y = numbers()
    kernel = ConstantKernel(1.5, "fixed") * Matern(0.9, nu=2.5)
    joint = mixed_model(kernel=kernel, rank=0, optimizer=None).fit(X, Y)
    alone = [
        MultiTaskGeneralizedGP(name, kernel=kernel, rank=0, optimizer=None).fit(X, Y[:, t])
        for t, name in enumerate(["gaussian", "logit", "poisson"])
    ]
    total = sum(model.log_marginal_likelihood_value_ for model in alone)
    assert joint.log_marginal_likelihood_value_ == pytest.approx(total, abs=1e-9)
    for method in ("predict_mean", "linear_predictor"):
        columns = np.column_stack([getattr(model, method)(X) for model in alone])
        np.testing.assert_allclose(getattr(joint, method)(X), columns, rtol=1e-8, atol=1e-9)


# -- gradient -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", ["learned", "empirical", "zero"])
def test_gradient_of_the_evidence(mean):
    X, Y = numbers()
    exposure = np.random.default_rng(3).uniform(0.5, 4.0, size=N)
    kernels = [RBF([0.8, 1.4]), Matern(1.2, nu=1.5)]
    model = mixed_model(kernel=kernels, rank=[2, 1], mean=mean, optimizer=None).fit(X, Y, exposure=exposure)
    # Lengths, loadings and v of both terms, one noise, and the means.
    assert len(model.theta_) == (2 + 2 * T + T) + (1 + T + T) + 1 + (T if mean == "learned" else 0)
    theta = model.theta_ + 0.3 * np.random.default_rng(4).normal(size=len(model.theta_))
    value, gradient = model.log_marginal_likelihood(theta, eval_gradient=True)
    assert value == pytest.approx(model.log_marginal_likelihood(theta), abs=1e-9)
    np.testing.assert_allclose(gradient, difference(model.log_marginal_likelihood, theta), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("link", LINKS)
def test_gradient_for_classes(link):
    X, y = binary()
    Y = np.column_stack([y, 1 - y, np.roll(y, 5)]).astype(float)
    Y[:25, 2] = np.nan
    model = MultiTaskGPClassifier(link=link, optimizer=None).fit(X, Y)
    theta = model.theta_ + 0.3 * np.random.default_rng(4).normal(size=len(model.theta_))
    gradient = model.log_marginal_likelihood(theta, eval_gradient=True)[1]
    np.testing.assert_allclose(gradient, difference(model.log_marginal_likelihood, theta), rtol=1e-5, atol=1e-6)


def test_the_fit_is_a_maximum():
    X, Y = numbers()
    model = mixed_model().fit(X, Y)
    bounds = model._inference.bounds
    inside = (model.theta_ > bounds[:, 0] + 1e-6) & (model.theta_ < bounds[:, 1] - 1e-6)
    value, gradient = model.log_marginal_likelihood(model.theta_, eval_gradient=True)
    assert value == pytest.approx(model.log_marginal_likelihood_value_, abs=1e-9)
    assert np.abs(gradient[inside]).max() < 0.02
    assert model.mode_.converged
    assert model.mode_.gradient_norm < 1e-6
    start = clone(model).set_params(optimizer=None).fit(X, Y)
    assert model.log_marginal_likelihood_value_ > start.log_marginal_likelihood_value_ + 1


def test_means_are_learned_under_the_same_evidence():
    """A rare outcome is far from one half; its mean belongs to the parameters."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, P))
    y = rng.random(120) < 0.05
    learned, empirical, zero = (
        MultiTaskGPClassifier(mean=mean, rank=0).fit(X, y) for mean in ("learned", "empirical", "zero")
    )
    odds = np.log(y.sum() + 0.5) - np.log((~y).sum() + 0.5)
    assert empirical.intercept_[0] == pytest.approx(odds)
    assert zero.intercept_[0] == 0
    values = [model.log_marginal_likelihood_value_ for model in (learned, empirical, zero)]
    assert values[0] >= values[1] - 1e-6
    assert values[0] > values[2] + 1
    far = np.full((1, P), 1e9)  # nothing is known there but the mean
    assert learned.predict_proba(far)[0, 1] == pytest.approx(y.mean(), abs=0.03)
    assert zero.predict_proba(far)[0, 1] == pytest.approx(0.5)


# -- forms of the data --------------------------------------------------------------------------------


def test_an_unobserved_outcome_is_a_row_that_is_not_there():
    X, Y = numbers()
    more = np.vstack([X, X[:4] + 0.3])
    model = mixed_model().fit(X, Y)
    padded = mixed_model().fit(more, np.vstack([Y, np.full((4, T), np.nan)]))
    np.testing.assert_allclose(padded.theta_, model.theta_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(padded.predict_mean(X), model.predict_mean(X), rtol=1e-6)


@pytest.mark.parametrize(
    "make", [MultiTaskGPClassifier, MultiTaskGPPoissonRegressor, lambda **kw: MultiTaskGeneralizedGP("gaussian", **kw)]
)
def test_wide_and_rows_forms_agree(make):
    """Disjoint rows: the same entries, given as columns and as rows of tasks."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(36, P))
    task = rng.permutation(np.repeat(["a", "b", "c"], 12))
    y = np.empty(36)
    for name in "abc":  # with the same mean and unit, which a fit on rows takes from all of them
        y[task == name] = rng.permutation([0.0, 1.0] * 6)
    wide = pd.DataFrame({name: np.where(task == name, y, np.nan) for name in "abc"})
    by_rows = make(kernel=RBF(1.3), optimizer=None).fit(X, y, task=task)
    by_columns = make(kernel=RBF(1.3), optimizer=None).fit(X, wide)
    assert by_rows.task_names_.tolist() == by_columns.task_names_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(by_rows.theta_, by_columns.theta_, rtol=1e-12)
    assert by_rows.log_marginal_likelihood() == pytest.approx(by_columns.log_marginal_likelihood(), abs=1e-9)
    np.testing.assert_allclose(by_rows.linear_predictor(X), by_columns.linear_predictor(X), atol=1e-9)
    own = by_columns.linear_predictor(X)[np.arange(36), np.searchsorted(["a", "b", "c"], task)]
    np.testing.assert_allclose(by_rows.linear_predictor(X, task=task), own, atol=1e-9)
    assert by_rows.predict(X, task=task).shape == (36,)
    assert np.isfinite(by_rows.score(X, y, task=task))


def test_exposure_is_a_known_part_of_the_log_rate():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P))
    days = rng.uniform(1, 20, size=N)
    Y = rng.poisson(days[:, None] * np.exp(np.column_stack([X[:, 0], -X[:, 0]]) - 1)).astype(float)
    Y[:6, 1] = np.nan
    per_day = MultiTaskGPPoissonRegressor().fit(X, Y, exposure=days)
    per_week = MultiTaskGPPoissonRegressor().fit(X, Y, exposure=np.column_stack([days, days]) / 7)
    assert per_week.log_marginal_likelihood_value_ == pytest.approx(per_day.log_marginal_likelihood_value_, abs=1e-6)
    np.testing.assert_allclose(per_week.intercept_, per_day.intercept_ + np.log(7), atol=1e-4)
    np.testing.assert_allclose(per_week.predict(X), 7 * per_day.predict(X), rtol=1e-4)
    assert per_week.score(X, Y, exposure=days / 7) == pytest.approx(per_day.score(X, Y, exposure=days), rel=1e-4)
    # Without, the rates would follow the days; and a mean of counts is exp(m + v / 2).
    assert (
        MultiTaskGPPoissonRegressor().fit(X, Y).log_marginal_likelihood_value_ < per_day.log_marginal_likelihood_value_
    )
    mean, variance = per_day.predict_latent(X)
    np.testing.assert_allclose(per_day.predict(X), np.exp(mean + variance / 2), rtol=1e-12)


def test_score_is_the_deviance_explained():
    X, Y = numbers(missing=0.0)
    counts = MultiTaskGPPoissonRegressor().fit(X, Y[:, 2])
    assert counts.score(X, Y[:, 2]) == pytest.approx(d2_tweedie_score(Y[:, 2], counts.predict(X), power=1))
    weight = np.random.default_rng(0).uniform(size=N)
    weighted = d2_tweedie_score(Y[:, 2], counts.predict(X), sample_weight=weight, power=1)
    assert counts.score(X, Y[:, 2], weight) == pytest.approx(weighted)
    model = mixed_model().fit(X, Y)
    mean = model.predict_mean(X)
    r2 = 1 - np.sum((Y[:, 0] - mean[:, 0]) ** 2) / np.sum((Y[:, 0] - Y[:, 0].mean()) ** 2)
    p, q = mean[:, 1], Y[:, 1].mean()
    mcfadden = 1 - stats.bernoulli.logpmf(Y[:, 1], p).sum() / stats.bernoulli.logpmf(Y[:, 1], q).sum()
    d2 = d2_tweedie_score(Y[:, 2], mean[:, 2], power=1)
    assert model.score(X, Y) == pytest.approx(np.mean([r2, mcfadden, d2]))
    assert model.score(X, np.full((N, T), [1.0, 0.0, 2.0])) == 0.0  # constant: nothing to explain
    hidden = Y.copy()
    hidden[3:9, 0] = np.nan
    ignored = Y.copy()
    ignored[3:9, 0] = 1e6
    weights = np.ones((N, T))
    weights[3:9, 0] = 0
    assert model.score(X, hidden) == pytest.approx(model.score(X, ignored, weights))


def test_outcomes_of_several_types():
    X, Y = table()
    model = MultiTaskGeneralizedGP(MIXED).fit(X, Y)
    assert model.likelihoods_ == ["gaussian", "logit", "poisson"]
    assert model.task_names_.tolist() == ["sbp", "death", "visits"]
    assert model.classes_[0] is None
    assert model.classes_[1].tolist() == ["no", "yes"]
    labels = model.predict(X)
    assert labels.dtype == object
    assert set(labels[:, 1]) == {"no", "yes"}
    numbers_only, probability, none = model.predict_proba(X)
    assert numbers_only is None
    assert none is None
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-12)
    mean = model.predict_mean(X)
    np.testing.assert_allclose(mean[:, 1], probability[:, 1], rtol=1e-12)
    np.testing.assert_array_equal(labels[:, 1] == "yes", mean[:, 1] > 0.5)
    assert 100 < mean[:, 0].mean() < 140
    assert (mean[:, 2] > 0).all()
    assert np.isnan(model.noise_[1:]).all()
    assert 5 < np.sqrt(model.noise_[0]) < 12  # in the outcome's own unit
    # "auto" finds the labels, and takes counts for numbers.
    auto = MultiTaskGeneralizedGP(optimizer=None).fit(X, Y)
    assert auto.likelihoods_ == ["gaussian", "logit", "gaussian"]


def test_units_of_a_number_are_given_back():
    X, Y = numbers()
    model, other = mixed_model().fit(X, Y), mixed_model().fit(X, Y * [1000.0, 1, 1] + [7.0, 0, 0])
    np.testing.assert_allclose(other.predict_mean(X), model.predict_mean(X) * [1000.0, 1, 1] + [7.0, 0, 0], rtol=1e-4)
    np.testing.assert_allclose(other.noise_[0], 1e6 * model.noise_[0], rtol=1e-3)
    np.testing.assert_allclose(other.task_covariance_[0, 1], 1e3 * model.task_covariance_[0, 1], rtol=1e-3)
    np.testing.assert_allclose(other.task_correlation_, model.task_correlation_, atol=1e-3)


def test_classes_keep_their_labels():
    X, y = binary()
    Y = pd.DataFrame({"a": np.where(y == 1, "pos", "neg"), "b": y == 0}).astype(object)
    Y.iloc[:9, 1] = None
    model = MultiTaskGPClassifier().fit(X, Y)
    assert [classes.tolist() for classes in model.classes_] == [["neg", "pos"], [False, True]]
    labels = model.predict(X)
    assert set(labels[:, 0]) == {"neg", "pos"}
    first, second = model.predict_proba(X)
    np.testing.assert_array_equal(labels[:, 0] == "pos", first[:, 1] > 0.5)
    assert (first[:, 1] - 0.5) @ (second[:, 1] - 0.5) < 0  # opposite outcomes
    assert model.task_correlation_[0, 1] < -0.5
    assert not hasattr(model, "decision_function")
    single = MultiTaskGPClassifier().fit(X, Y["a"])
    np.testing.assert_allclose(expit(single.decision_function(X)), single.predict_proba(X)[:, 1], rtol=1e-12)
    assert single.score(X, Y["a"]) > 0.7


# -- transfer -----------------------------------------------------------------------------------------


def transfer_data(seed, scale, n=400):
    """Two correlated outcomes on disjoint rows: the second was seen in the left half of the range only."""
    rng = np.random.default_rng(seed)
    X = np.sort(rng.uniform(0, 8, size=(n, 1)), axis=0)
    K = RBF(1.0)(X) + 1e-8 * np.eye(n)
    B = scale * np.array([[1.0, 0.95], [0.95, 1.0]])
    f = np.linalg.cholesky(K) @ rng.normal(size=(n, 2)) @ np.linalg.cholesky(B).T
    seen = np.zeros((n, 2), dtype=bool)
    seen[::2, 0] = True
    seen[1 : n // 2 : 2, 1] = True
    return X, f, seen, slice(n // 2 + 1, n, 2), rng


@pytest.mark.parametrize("kind", ["classes", "counts"])
def test_correlated_outcomes_on_disjoint_rows_transfer(kind):
    """Expected loss of the second outcome where it was not seen, against the same model without common factors.

    On eight data sets the gains were .02 to 1.9 nats (classes; median .10) and .15 to 2.7 (counts; median .34).
    """
    for seed in (0, 1, 3):
        X, f, seen, new, rng = transfer_data(seed, 3.0 if kind == "classes" else 1.0)
        losses = []
        if kind == "classes":
            Y = np.where(seen, rng.random(f.shape) < expit(f), np.nan)
            truth = expit(f[new, 1])
            for rank in (1, 0):
                p = MultiTaskGPClassifier(rank=rank).fit(X, Y).predict_proba(X[new])[1]
                losses.append(-np.mean(truth * np.log(p[:, 1]) + (1 - truth) * np.log(p[:, 0])))
        else:
            Y = np.where(seen, rng.poisson(np.exp(f)), np.nan)
            truth = np.exp(f[new, 1])
            for rank in (1, 0):
                rate = MultiTaskGPPoissonRegressor(rank=rank).fit(X, Y).predict(X[new])[:, 1]
                losses.append(np.mean(rate - truth * np.log(rate)))
        assert losses[1] - losses[0] > 0.05
