"""Marginals of a Gaussian process are those it predicts, on the scale of each outcome."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError
from skmtl.gaussian_process import (
    MultiTaskGeneralizedGP,
    MultiTaskGPClassifier,
    MultiTaskGPPoissonRegressor,
    MultiTaskGPRegressor,
)
from skmtl.inspection import GaussianProcessDisplay
from skmtl.linear_model import MultiTaskRidge


def table(n_outcomes=3, n_rows=30):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-2, 2, size=(n_rows, 2)), columns=["age", "dose"])
    Y = np.sin(X[["age"]].to_numpy()) * np.linspace(0.5, 2, n_outcomes) + 0.2 * rng.normal(size=(n_rows, n_outcomes))
    Y[rng.random(Y.shape) < 0.2] = np.nan
    return X, pd.DataFrame(Y, columns=[f"y{t}" for t in range(n_outcomes)])


def gp(model):
    return model.set_params(optimizer=None)


@pytest.mark.parametrize("noise", [False, True])
def test_intervals_are_those_of_predict(noise):
    X, Y = table()
    model = gp(MultiTaskGPRegressor()).fit(X, Y)
    before = X.copy()
    display = GaussianProcessDisplay.from_estimator(model, X, Y, feature="dose", grid=7, include_noise=noise).plot()
    at = pd.DataFrame({"age": X["age"].median(), "dose": np.linspace(X["dose"].min(), X["dose"].max(), 7)})
    mean, std = model.predict(at, return_std=True, include_noise=noise)
    np.testing.assert_allclose(display.center, mean)
    for level in (0.5, 0.95):
        reach = norm.ppf((1 + level) / 2) * std
        np.testing.assert_allclose(display.bands[level], [mean - reach, mean + reach])
    pd.testing.assert_frame_equal(X, before)
    np.testing.assert_allclose(display.lines_[1].get_ydata(), mean[:, 1])
    seen = Y["y1"].notna().to_numpy()
    np.testing.assert_array_equal(display.points_[1].get_xydata(), np.column_stack([X["dose"], Y["y1"]])[seen])
    said = display.figure_.get_suptitle().replace("\n", " ")
    kind = "measurements" if noise else "the function"
    assert said == f"50% and 95% intervals of {kind}; other features at their median"


def test_outcomes_of_several_kinds_are_on_their_scales():
    X, Y = table()
    mixed = pd.DataFrame({"dead": np.where(Y["y0"] > 0, "yes", "no"), "count": np.round(np.exp(Y["y1"])), "n": Y["y2"]})
    model = gp(MultiTaskGeneralizedGP(likelihood=["probit", "poisson", "gaussian"])).fit(X, mixed)
    display = GaussianProcessDisplay.from_estimator(model, X, mixed, grid=5, intervals=(0.9,))
    at = pd.DataFrame({"age": display.values, "dose": X["dose"].median()})
    mean, variance = model.predict_latent(at)
    high = mean + norm.ppf(0.95) * np.sqrt(variance)
    expected = np.column_stack([norm.cdf(high[:, 0]), np.exp(high[:, 1]), high[:, 2]])
    np.testing.assert_allclose(display.bands[0.9][1], expected)
    assert display.ylabels == ["probability of yes", "rate", ""]
    np.testing.assert_array_equal(display.observed[0][1], mixed["dead"] == "yes")


@pytest.mark.parametrize("model", [MultiTaskGPClassifier(), MultiTaskGPPoissonRegressor()])
def test_classifier_and_counts(model):
    X, Y = table()
    Y = (Y > 0).astype(float).where(Y.notna())
    gp(model).fit(X, Y)
    display = GaussianProcessDisplay.from_estimator(model, X, Y, grid=5)
    link = expit if isinstance(model, MultiTaskGPClassifier) else np.exp
    at = pd.DataFrame({"age": display.values, "dose": X["dose"].median()})
    np.testing.assert_allclose(display.center, link(model.predict_latent(at)[0]))
    assert all(set(y) == {0.0, 1.0} for _, y in display.observed)


def test_rows_of_tasks_and_pipelines():
    X, Y = table(n_outcomes=1)
    site = np.where(np.arange(30) % 3 == 0, "A", "B")
    y = Y["y0"].fillna(0.0)
    model = make_pipeline(StandardScaler(), gp(MultiTaskGPRegressor()))
    model.fit(X, y, multitaskgpregressor__task=site)
    display = GaussianProcessDisplay.from_estimator(model, X, y, task=site, grid=4)
    assert display.names == ["A", "B"]
    assert [len(x) for x, _ in display.observed] == [10, 20]
    assert (display.values.min(), display.values.max()) == (X["age"].min(), X["age"].max())
    scaled = model[:-1].transform(pd.DataFrame({"age": display.values, "dose": X["dose"].median()}))
    np.testing.assert_allclose(display.center, model[-1].predict(scaled))
    with pytest.raises(InvalidParameterError, match="give task"):
        GaussianProcessDisplay.from_estimator(model, X, y)


def test_columns_that_are_not_numbers_are_held_at_the_most_frequent():
    X, Y = table()
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OneHotEncoder

    X["sex"] = np.where(np.arange(30) % 3 == 0, "f", "m")
    prepare = make_column_transformer((OneHotEncoder(sparse_output=False), ["sex"]), remainder="passthrough")
    model = make_pipeline(prepare, gp(MultiTaskGPRegressor())).fit(X, Y)
    display = GaussianProcessDisplay.from_estimator(model, X, grid=3)
    at = pd.DataFrame({"age": display.values, "dose": X["dose"].median(), "sex": "m"})
    np.testing.assert_allclose(display.center, model.predict(at))


def test_sixty_outcomes_and_long_names():
    X, Y = table(n_outcomes=60)
    Y.columns = [f"$y_{{{t}}}$ " + "ø" * 200 for t in range(60)]
    X.columns = ["$a_1$ " + "ß" * 200, "dose"]
    model = gp(MultiTaskGPRegressor()).fit(X, Y.fillna(0.0))
    display = GaussianProcessDisplay.from_estimator(model, X, Y, grid=10).plot()
    display.figure_.canvas.draw()
    assert len(display.axes_) == 60
    assert max(display.figure_.get_size_inches()) <= 24
    few = GaussianProcessDisplay.from_estimator(model, X, Y, outcomes=[Y.columns[7], Y.columns[2]], grid=3)
    np.testing.assert_allclose(few.center, display.from_estimator(model, X, grid=3).center[:, [7, 2]])
    assert "2 of 60 outcomes" in few.title


def test_bad_input_is_named():
    X, Y = table()
    model = gp(MultiTaskGPRegressor()).fit(X, Y)
    show = GaussianProcessDisplay.from_estimator
    for other in (MultiTaskRidge().fit(X, Y), MultiTaskGPRegressor()):
        with pytest.raises(InvalidParameterError, match="is no fitted Gaussian process"):
            show(other, X)
    for feature in ("weight", 2, -1, True):
        with pytest.raises(InvalidParameterError, match="is no column of X"):
            show(model, X, feature=feature)
    for grid in (1, 2.5, True):
        with pytest.raises(InvalidParameterError, match="grid must be"):
            show(model, X, grid=grid)
    for intervals in ((95,), 0.5, (), (0.0,)):
        with pytest.raises(InvalidParameterError, match="intervals must be"):
            show(model, X, intervals=intervals)
    with pytest.raises(InvalidParameterError, match="outcomes names 'y9'"):
        show(model, X, outcomes=["y9"])
    with pytest.raises(InvalidParameterError, match="outcomes must be a list"):
        show(model, X, outcomes="y1")
    with pytest.raises(InvalidParameterError, match="Y has 5 rows but X has 30"):
        show(model, X, Y[:5])
    with pytest.raises(InvalidParameterError, match="Y has 1 columns but the model 3 outcomes"):
        show(model, X, Y[["y1"]])
    classes = gp(MultiTaskGPClassifier()).fit(X, (Y > 0).astype(int))
    with pytest.raises(InvalidParameterError, match="include_noise=True is for MultiTaskGPRegressor"):
        show(classes, X, include_noise=True)
