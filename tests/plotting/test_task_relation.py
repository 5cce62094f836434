"""The relation of tasks: the right matrix, like outcomes beside each other, and honest hatches."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skmtl.exceptions import InvalidParameterError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.inspection import TaskRelationDisplay
from skmtl.linear_model import (
    ClusteredTasksRegressor,
    GraphRegularizedRidge,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskRidge,
)
from skmtl.model_selection import MultiTaskKFold
from skmtl.multioutput import IndependentTasks
from skmtl.penalties import GraphRegularization


def table(n_outcomes=4, n_rows=60, seed=0):
    """Outcomes of two groups, in turn."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6))
    W = np.zeros((6, n_outcomes))
    W[:2, ::2], W[3:5, 1::2] = 1, 1
    Y = X @ W + rng.normal(size=(n_rows, n_outcomes))
    return X, pd.DataFrame(Y, columns=[f"y{t}" for t in range(n_outcomes)])


def test_cosine_of_coefficients_whatever_the_units():
    X, Y = table()
    alone = IndependentTasks(Ridge()).fit(X, Y)
    W = np.array([model.coef_ for model in alone.estimators_])
    expected = W @ W.T / np.outer(*2 * [np.linalg.norm(W, axis=1)])
    found = TaskRelationDisplay.from_estimator(alone)
    np.testing.assert_allclose(found.matrix, expected, atol=1e-12)
    assert found.what == "cosine of the coefficients of two outcomes"
    other = IndependentTasks(Ridge()).fit(X, Y * [1, 10, 100, 1000])
    np.testing.assert_allclose(TaskRelationDisplay.from_estimator(other).matrix, expected, atol=1e-12)


def test_like_outcomes_stand_beside_each_other():
    X, Y = table()
    display = TaskRelationDisplay.from_estimator(MultiTaskRidge(alpha=0.1).fit(X, Y)).plot()
    groups = display.order_ % 2
    assert (np.diff(groups) != 0).sum() == 1
    np.testing.assert_array_equal(display.image_.get_array(), display.matrix[np.ix_(display.order_, display.order_)])
    names = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert names == [f"y{t}" for t in display.order_]
    # The map's rows from top to bottom are the leaves of the tree from top to bottom.
    assert display.dendrogram_ax_.get_ylim() == (40, 0)


def test_auto_takes_what_was_learned_first():
    X, Y = table()
    gp = MultiTaskGPRegressor().fit(X[:30], Y[:30])
    found = TaskRelationDisplay.from_estimator(gp)
    np.testing.assert_array_equal(found.matrix, gp.task_correlation_)
    assert "latent functions" in found.what
    clustered = ClusteredTasksRegressor(alpha=0.3, n_clusters=2).fit(X, Y)
    np.testing.assert_allclose(np.diag(TaskRelationDisplay.from_estimator(clustered).matrix), 1)
    by_coef = TaskRelationDisplay.from_estimator(clustered, kind="coefficients")
    assert by_coef.what.startswith("cosine")


@pytest.mark.parametrize("form", ["adjacency", "laplacian", "incidence"])
def test_a_graph_is_shown_by_its_weights(form):
    X, Y = table()
    weights = np.diag([2.0, 1.0, 3.0], k=1) + np.diag([2.0, 1.0, 3.0], k=-1)
    root = np.sqrt([2.0, 1.0, 3.0])
    given = {
        "adjacency": weights,
        "laplacian": np.diag(weights.sum(axis=0)) - weights,
        "incidence": np.column_stack([np.diag(root), np.zeros(3)]) - np.column_stack([np.zeros(3), np.diag(root)]),
    }[form]
    ridge = GraphRegularizedRidge(graph=given, graph_form=form).fit(X, Y)
    glm = MultiTaskGLM(penalty=GraphRegularization(given, form=form)).fit(X, Y)
    for model in (ridge, glm):
        display = TaskRelationDisplay.from_estimator(model).plot()
        np.testing.assert_allclose(display.matrix, weights, atol=1e-12)
        assert display.image_.get_clim() == pytest.approx((0, 3), abs=1e-6)
    # No edge is paper, the strongest is dark: in grey print too.
    assert display.image_.to_rgba(0.0)[:3] == (1, 1, 1)
    assert sum(display.image_.to_rgba(3.0)[:3]) < 0.5 < 1.5 < sum(display.image_.to_rgba(0.1)[:3])
    assert "as given" in display.figure_.get_suptitle()
    with pytest.raises(InvalidParameterError, match="same in every fold"):
        TaskRelationDisplay.from_estimators([ridge] * 3)


def test_hatches_are_the_jackknife_of_fishers_z():
    X, Y = table(n_rows=40)
    folds = [clone(MultiTaskRidge(alpha=0.1)).fit(X[a], Y.iloc[a]) for a, _ in MultiTaskKFold(4).split(X, Y)]
    display = TaskRelationDisplay.from_estimators(folds, level=0.9)
    r = np.array([TaskRelationDisplay.from_estimator(model).matrix[0, 1] for model in folds])
    z = np.arctanh(r)
    error = np.sqrt(3 / 4 * ((z - z.mean()) ** 2).sum())
    assert display.matrix[0, 1] == pytest.approx(np.tanh(z.mean()))
    assert display.unclear[0, 1] == (abs(z.mean()) <= stats.t.ppf(0.95, 3) * error)
    # Outcomes of one group are related for sure, those of two groups are not.
    assert not display.unclear[0, 2]
    assert not display.unclear.diagonal().any()
    assert display.unclear[0, 3]
    display.plot()
    (hatched,) = display.ax_.collections
    assert len(hatched.get_paths()) == display.unclear.sum()
    assert f"({display.unclear.sum() // 2} of 6 pairs)" in display.figure_.get_suptitle()


def test_intervals_cover_zero_as_often_as_they_say():
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(200):
        values = rng.normal(size=(50, 2))
        parts = np.arange(50) % 5
        matrices = np.stack([np.corrcoef(values[parts != k].T) for k in range(5)])
        found = [type("Fitted", (), {"task_correlation_": matrix, "task_names_": ("a", "b")}) for matrix in matrices]
        missed += not TaskRelationDisplay.from_estimators(found, level=0.9).unclear[0, 1]
    # 20 are expected; 4 standard deviations of a binomial.
    assert 3 <= missed <= 37


def test_an_outcome_without_coefficients_is_grey():
    X, Y = table()
    model = MultiTaskLasso(alpha=0.1).fit(X, Y)
    model.coef_[1] = 0
    display = TaskRelationDisplay.from_estimator(model).plot()
    assert np.isnan(display.matrix[1]).all()
    assert "grey: not known" in display.figure_.get_suptitle()


@pytest.mark.parametrize("n", [1, 2, 60])
def test_any_number_of_outcomes(n):
    rng = np.random.default_rng(0)
    matrix = pd.DataFrame(np.corrcoef(rng.normal(size=(n, 90))).reshape(n, n))
    matrix.columns = [f"$\\frac{{{t}}} ø_" + "w" * 200 for t in range(n)]
    display = TaskRelationDisplay.from_matrix(matrix, what="correlation in the table").plot()
    display.figure_.canvas.draw()
    assert "Correlation in the table" in display.figure_.get_suptitle()
    assert sorted(display.order_) == list(range(n))
    assert max(display.figure_.get_size_inches()) < 26
    if n == 60:
        negative = (display.matrix < 0).sum()
        assert len(display.ax_.collections[0].get_offsets()) == negative > 0


def test_draws_on_axes_that_are_given():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = TaskRelationDisplay.from_matrix(np.eye(3)).plot(ax=ax)
    assert display.ax_ is ax
    assert figure.axes == [ax]
    assert display.dendrogram_ax_ is None


def test_bad_input_is_named():
    X, Y = table()
    model = MultiTaskRidge().fit(X, Y)
    with pytest.raises(InvalidParameterError, match="kind='corr' is not known"):
        TaskRelationDisplay.from_estimator(model, kind="corr")
    with pytest.raises(InvalidParameterError, match="MultiTaskRidge has no clusters"):
        TaskRelationDisplay.from_estimator(model, kind="clusters")
    with pytest.raises(InvalidParameterError, match="at least 3 fitted"):
        TaskRelationDisplay.from_estimators([model, model])
    with pytest.raises(InvalidParameterError, match="different outcomes"):
        TaskRelationDisplay.from_estimators([model, model, MultiTaskRidge().fit(X, Y.to_numpy())])
    for level in (1, 0.0, 95):
        with pytest.raises(InvalidParameterError, match="level must be"):
            TaskRelationDisplay.from_estimators([model] * 3, level=level)
    for matrix, said in (
        (np.ones((2, 3)), "square"),
        ([[1, 0.5], [0.2, 1]], "not symmetric"),
        ([[4.0, 2], [2, 9]], "divide a covariance"),
    ):
        with pytest.raises(InvalidParameterError, match=said):
            TaskRelationDisplay.from_matrix(matrix)
    with pytest.raises(InvalidParameterError, match="weights"):
        TaskRelationDisplay.from_matrix([[0, -1], [-1, 0]], signed=False)
    with pytest.raises(InvalidParameterError, match="names has 1 names for 2"):
        TaskRelationDisplay.from_matrix(np.eye(2), ["a"])
