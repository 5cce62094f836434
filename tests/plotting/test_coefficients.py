"""The coefficient map shows the numbers of the model, tells zero from small, and names everything."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Lasso, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError
from skmtl.inspection import CoefficientDisplay
from skmtl.linear_model import (
    ClusteredTasksRegressor,
    DataSharedLassoRegressor,
    DirtyRegressor,
    MultiTaskGLM,
    MultiTaskLasso,
    RobustFeatureRegressor,
)
from skmtl.multioutput import IndependentTasks, TransferGuard


def table(n_outcomes=3, n_features=5, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(60, n_features)), columns=[f"f{j}" for j in range(n_features)])
    W = rng.normal(size=(n_features, n_outcomes)) * (rng.random((n_features, n_outcomes)) < 0.5)
    Y = X.to_numpy() @ W + 0.5 * rng.normal(size=(60, n_outcomes))
    return X, pd.DataFrame(Y, columns=[f"y{t}" for t in range(n_outcomes)])


def labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_shows_the_models_numbers_and_names():
    X, Y = table()
    model = MultiTaskLasso(alpha=1.0).fit(X, Y)
    display = CoefficientDisplay.from_estimator(model).plot(relative=False)
    shown = display.image_.get_array()
    np.testing.assert_array_equal(shown.data, model.coef_.T)
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), model.coef_.T == 0)
    assert (model.coef_ == 0).any()
    assert labels(display.ax_.yaxis) == list(X.columns)
    assert labels(display.ax_.xaxis) == list(Y.columns)


def test_zero_is_white_and_the_smallest_coefficient_is_not():
    display = CoefficientDisplay([[0.0, 1e-9, -1e-9, 1.0]]).plot()
    image = display.image_
    colors = image.cmap(image.norm(image.get_array()))[:, 0, :3]
    assert (colors[0] == 1).all()
    assert (colors[1:].min(axis=1) < 0.9).all()
    # Signs without colour: one dash, in the negative cell.
    assert display.ax_.collections[0].get_offsets().tolist() == [[0.0, 2.0]]


@pytest.mark.parametrize("model", [DirtyRegressor(alpha=0.2), DataSharedLassoRegressor(alpha=0.2)])
def test_parts_add_up_on_one_scale(model):
    model.fit(*table())
    display = CoefficientDisplay.from_estimator(model).plot(relative=True)
    total, shared, specific = (image.get_array().data for image in display.images_)
    np.testing.assert_allclose(shared + specific, total, atol=1e-12)
    assert len({image.get_clim() for image in display.images_}) == 1
    assert np.abs(total).max(axis=0) == pytest.approx(1)
    assert len(CoefficientDisplay.from_estimator(model, parts="total").plot().axes_) == 1


def test_relative_by_itself_only_where_units_are_apart():
    coef = np.array([[1.0, 2.0], [3.0, 1.0]])
    assert CoefficientDisplay(coef).plot().image_.get_array().max() == 3
    assert CoefficientDisplay(coef * [[1], [100]]).plot().image_.get_array().max() == 1


def test_top_features_by_norm_whatever_the_units():
    coef = np.array([[1000.0, 900.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.001]])
    display = CoefficientDisplay(coef, feature_names=list("abcd"), features=2).plot()
    assert display.shown_.tolist() == [0, 3]
    assert "2 not shown, 1 of them used" in display.figure_.get_suptitle()
    assert CoefficientDisplay(coef, feature_names=list("abcd"), features=["d", "a"]).plot().shown_.tolist() == [3, 0]
    assert len(CoefficientDisplay(np.ones((2, 100))).plot().shown_) == 60


def test_names_come_through_a_pipeline():
    X, Y = table()
    scaled = make_column_transformer((StandardScaler(), ["f3", "f0"]))
    pipe = make_pipeline(scaled, MultiTaskLasso(alpha=0.1)).fit(X, Y)
    assert CoefficientDisplay.from_estimator(pipe).feature_names == ["f3", "f0"]


def test_models_of_single_outcomes_in_the_order_of_the_table():
    X, Y = table()
    alone = IndependentTasks(Lasso(alpha=0.1)).fit(X, Y)
    display = CoefficientDisplay.from_estimator(alone)
    np.testing.assert_allclose(display.coef, [model.coef_ for model in alone.estimators_])
    assert display.task_names == ["y0", "y1", "y2"]
    assert display.feature_names == list(X.columns)


def test_a_guard_shows_the_model_that_serves_each_outcome():
    X, Y = table()
    guard = TransferGuard({"joint": MultiTaskLasso(alpha=0.1)}, independent=Lasso(alpha=0.1), random_state=0).fit(X, Y)
    joint, own = MultiTaskLasso(alpha=0.1).fit(X, Y), Lasso(alpha=0.1).fit(X, Y)
    guard.estimators_, guard.sharing_sets_ = {"joint": joint, "independent": own}, {"joint": ("y0", "y1", "y2")}
    guard.chosen_ = np.array(["independent", "joint", "independent"], dtype=object)
    display = CoefficientDisplay.from_estimator(guard)
    assert display.task_names == ["y0", "y1", "y2"]
    np.testing.assert_array_equal(display.coef, [own.coef_[0], joint.coef_[1], own.coef_[2]])


def test_an_outcome_of_several_classes_has_a_column_for_each():
    X, Y = table()
    Y = pd.DataFrame({"number": Y["y0"], "kind": np.array(["a", "b", "c"])[np.argsort(Y["y1"]).to_numpy() % 3]})
    model = MultiTaskGLM(loss={"number": "squared", "kind": "multinomial"}, alpha=0.05).fit(X, Y)
    assert CoefficientDisplay.from_estimator(model).task_names == ["number", "kind = a", "kind = b", "kind = c"]
    own = LogisticRegression().fit(X, Y["kind"])
    assert CoefficientDisplay.from_estimator(own).task_names == ["a", "b", "c"]


def test_outliers_and_groups_are_marked():
    X, Y = table(n_outcomes=4)
    robust = RobustFeatureRegressor(alpha=0.3).fit(X, Y)
    robust.outlier_tasks_ = np.array([False, True, False, False])
    display = CoefficientDisplay.from_estimator(robust).plot()
    assert labels(display.ax_.xaxis) == ["y0", "★ y1", "y2", "y3"]
    clustered = ClusteredTasksRegressor(alpha=0.3, n_clusters=2).fit(X, Y)
    clustered.task_clusters_ = np.array([0, 1, 0, 1])
    display = CoefficientDisplay.from_estimator(clustered).plot(relative=False)
    assert labels(display.ax_.xaxis) == ["y0", "y2", "y1", "y3"]
    np.testing.assert_array_equal(display.image_.get_array().data, clustered.coef_[[0, 2, 1, 3]].T)
    assert [text.get_text() for text in display.ax_.texts] == ["0", "1"]


def test_many_outcomes_with_hostile_names_are_drawn():
    rng = np.random.default_rng(0)
    names = [f"$x_{t}^{{{t}}} " + "é" * 200 for t in range(60)]
    coef = rng.normal(size=(60, 40)) * (rng.random((60, 40)) < 0.3)
    display = CoefficientDisplay(coef, task_names=names, shared=coef, specific=np.zeros_like(coef)).plot()
    display.figure_.canvas.draw()
    assert max(display.figure_.get_size_inches()) <= 24
    shown = labels(display.axes_[-1].xaxis)
    assert len(set(shown)) == 60
    assert max(map(len, shown)) <= 26


def test_draws_on_axes_that_are_given():
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 3)
    coef = np.eye(3)
    display = CoefficientDisplay(coef, shared=coef, specific=0 * coef)
    assert display.plot(ax=axes).ax_ is axes[0]
    with pytest.raises(InvalidParameterError, match="holds 1 axes but there are 3 panels"):
        display.plot(ax=axes[0])


def test_bad_input_is_named():
    X, Y = table()
    model = MultiTaskLasso()
    with pytest.raises(InvalidParameterError, match="MultiTaskLasso has no coef_: fit it first"):
        CoefficientDisplay.from_estimator(model)
    model.fit(X, Y)
    with pytest.raises(InvalidParameterError, match="parts='both'"):
        CoefficientDisplay.from_estimator(model, parts="both")
    for features in (0, True, 2.5):
        with pytest.raises(InvalidParameterError, match="features must be a number"):
            CoefficientDisplay.from_estimator(model, features=features)
    with pytest.raises(InvalidParameterError, match="features names 'age'"):
        CoefficientDisplay.from_estimator(model, features=["f0", "age"])
    with pytest.raises(InvalidParameterError, match="task_names has 1 names"):
        CoefficientDisplay(np.eye(2), task_names=["a"])
    with pytest.raises(InvalidParameterError, match=r"shared has shape \(3, 3\)"):
        CoefficientDisplay(np.eye(2), shared=np.eye(3))
