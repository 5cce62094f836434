"""The path shows what the estimator kept, and marks what it chose."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError
from skmtl.inspection import RegularizationPathDisplay
from skmtl.kernel_ridge import MultiTaskKernelRidgeCV
from skmtl.linear_model import (
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegressionCV,
    MultiTaskRidgeCV,
)
from skmtl.multioutput import IndependentTasks


def table(n_outcomes=3, n_rows=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6))
    Y = X[:, :2] @ rng.normal(size=(2, n_outcomes)) + rng.normal(size=(n_rows, n_outcomes))
    Y[rng.random(Y.shape) < 0.2] = np.nan
    return X, pd.DataFrame(Y, columns=[f"y{t}" for t in range(n_outcomes)])


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_curves_are_those_of_the_folds(rule):
    X, Y = table()
    model = MultiTaskLassoCV(alphas=12, cv=4, rule=rule).fit(X, Y)
    display = RegularizationPathDisplay.from_estimator(model).plot()
    mean = model.mse_path_.mean(axis=1)
    np.testing.assert_allclose(display.mean, mean / mean[0])
    np.testing.assert_allclose(display.error, model.mse_path_.std(axis=1, ddof=1) / 2 / mean[0])
    by_task = model.task_mse_path_.mean(axis=1)
    np.testing.assert_allclose(display.curves, by_task / by_task[0])
    np.testing.assert_allclose(display.mean_line_.get_ydata(), display.mean)
    assert display.chosen_line_.get_xdata()[0] == model.alpha_
    said = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert said[:4] == ["y0", "y1", "y2", "mean"]
    assert any(f"(rule {rule})" in text for text in said)
    assert ("least mean + 1 standard error" in said) == (rule == "1se")
    assert "4 folds" in display.figure_.get_suptitle()


def test_units_do_not_change_the_figure():
    X, Y = table()
    models = [MultiTaskRidgeCV(alphas=8, scale_targets=True).fit(X, Y * unit) for unit in (1, [1, 10, 100])]
    curves = [RegularizationPathDisplay.from_estimator(model).curves for model in models]
    np.testing.assert_allclose(*curves, rtol=1e-6)


def test_of_several_ratios_the_one_chosen():
    X, Y = table()
    model = MultiTaskElasticNetCV(l1_ratio=[0.1, 0.9], alphas=6).fit(X, Y)
    display = RegularizationPathDisplay.from_estimator(model)
    row = [0.1, 0.9].index(model.l1_ratio_)
    np.testing.assert_array_equal(display.alphas, model.alphas_[row])
    mean = model.mse_path_[row].mean(axis=1)
    np.testing.assert_allclose(display.mean, mean / mean[0])
    assert display.alphas[np.argmin(display.mean)] == model.alpha_
    assert f"l1_ratio {model.l1_ratio_}" in display.title


@pytest.mark.parametrize("sharing", [0.5, (0.0, 0.5, 0.9)])
def test_leave_one_out_has_no_band(sharing):
    X, Y = table(n_rows=30)
    model = MultiTaskKernelRidgeCV(alphas=8, sharing=sharing).fit(X, Y)
    display = RegularizationPathDisplay.from_estimator(model).plot()
    assert display.band_ is None
    assert display.curves.shape == (8, 3)
    row = 0 if sharing == 0.5 else sharing.index(model.sharing_)
    mean = np.atleast_2d(model.mse_path_)[row]
    np.testing.assert_allclose(display.mean, mean / mean[0])
    assert display.alphas[np.argmin(display.mean)] == model.alpha_


def test_classes_have_their_deviance_and_pipelines_are_opened():
    X, Y = table()
    labels = Y > 0
    pipe = make_pipeline(StandardScaler(), MultiTaskLogisticRegressionCV(alphas=5, cv=3)).fit(X, labels)
    display = RegularizationPathDisplay.from_estimator(pipe)
    assert "deviance" in display.ylabel
    assert display.names == ["y0", "y1", "y2"]


def test_an_outcome_absent_from_the_test_part_of_a_fold():
    X, Y = table()
    Y.iloc[20:, 2] = np.nan
    folds = [(np.arange(60) % 2 == 0, np.arange(60) % 2 == 1), (np.arange(60) < 40, np.arange(60) >= 40)]
    folds = [(np.flatnonzero(a), np.flatnonzero(b)) for a, b in folds]
    model = MultiTaskLassoCV(alphas=5, cv=folds).fit(X, Y)
    display = RegularizationPathDisplay.from_estimator(model).plot()
    one = model.task_mse_path_[:, 0, 2]
    np.testing.assert_allclose(display.curves[:, 2], one / one[0])


def test_norms_along_a_path():
    alphas = [1.0, 0.1]
    coefs = np.array([[[0, 0, 3.0], [0, 0, 4]], [[1, 0, 3], [0, 2, 4]]])
    display = RegularizationPathDisplay.from_path(alphas, coefs, chosen=0.1).plot()
    np.testing.assert_allclose(display.curves, [[0, 0, 5], [1, 2, 5]])
    assert display.names == ["x0", "x1", "x2"]
    assert display.mean_line_ is None
    by_task = RegularizationPathDisplay.from_path(alphas, coefs, by="task", task_names=["a", "b"])
    np.testing.assert_allclose(by_task.curves**2, [[9, 16], [10, 20]])


def test_many_outcomes_are_grey_and_counted():
    X, Y = table(n_outcomes=60)
    Y.columns = [f"$y_{{{t}}}$ " + "ß" * 200 for t in range(60)]
    model = MultiTaskLassoCV(alphas=5, cv=2).fit(X, Y)
    display = RegularizationPathDisplay.from_estimator(model).plot()
    display.figure_.canvas.draw()
    assert len(display.lines_) == 60
    assert "60 outcomes" in [text.get_text() for text in display.ax_.get_legend().get_texts()]
    coefs = [MultiTaskLasso(alpha=alpha).fit(X, Y).coef_ for alpha in (0.1, 0.5)]
    norms = RegularizationPathDisplay.from_path([0.1, 0.5], coefs, by="task", task_names=list(Y.columns)).plot()
    said = [text.get_text() for text in norms.ax_.get_legend().get_texts()]
    assert said[-1] == "52 others"
    assert len(said) == 9


def test_bad_input_is_named():
    X, Y = table()
    with pytest.raises(InvalidParameterError, match="MultiTaskLasso has no path of held-out errors: fit a"):
        RegularizationPathDisplay.from_estimator(MultiTaskLasso().fit(X, Y))
    with pytest.raises(InvalidParameterError, match="has no path"):
        RegularizationPathDisplay.from_estimator(MultiTaskLassoCV())
    alone = IndependentTasks(MultiTaskLassoCV(alphas=3, cv=2)).fit(X, Y)
    with pytest.raises(InvalidParameterError, match="holds 3 models"):
        RegularizationPathDisplay.from_estimator(alone)
    with pytest.raises(InvalidParameterError, match="alphas must be a list of positive"):
        RegularizationPathDisplay([0.0, 1.0], np.ones((2, 1)))
    with pytest.raises(InvalidParameterError, match=r"curves has shape \(3, 1\)"):
        RegularizationPathDisplay([0.1, 1.0], np.ones((3, 1)))
    with pytest.raises(InvalidParameterError, match="names has 1 names for 2"):
        RegularizationPathDisplay([0.1, 1.0], np.ones((2, 2)), ["a"])
    with pytest.raises(InvalidParameterError, match="by='row'"):
        RegularizationPathDisplay.from_path([1.0], np.ones((1, 2, 3)), by="row")
    with pytest.raises(InvalidParameterError, match="coefs has shape"):
        RegularizationPathDisplay.from_path([1.0], np.ones((2, 3)))
