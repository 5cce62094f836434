"""`task` and `sample_weight` through scikit-learn's metadata routing."""

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.metrics import make_multitask_scorer, mean_squared_error
from skmtl.multioutput import IndependentTasks, PooledTasks


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def requesting(estimator):
    return (
        estimator.set_fit_request(task=True, sample_weight=True)
        .set_predict_request(task=True)
        .set_score_request(task=True, sample_weight=True)
    )


KINDS = pytest.mark.parametrize("kind", [IndependentTasks, PooledTasks])
TRAIN, TEST = np.arange(18, 53), np.arange(18)  # the first of three folds


@KINDS
def test_rows_of_tasks_in_a_pipeline_in_a_search(table, kind):
    model = make_pipeline(StandardScaler(), requesting(kind(Ridge())))
    y = table.Y_nan[:, 0]
    grid = {f"{kind.__name__.lower()}__estimator__alpha": [0.1, 1e4]}
    # Release 1.6 routes nothing to the score of a Pipeline in a search, but does to a scorer.
    scorer = make_multitask_scorer("neg_mean_squared_error")
    search = GridSearchCV(model, grid, cv=3, scoring=scorer, error_score="raise").fit(table.X, y, task=table.task)
    assert list(search.best_params_.values()) == [0.1]
    scaled = StandardScaler().fit(table.X)
    by_hand = kind(Ridge(0.1)).fit(scaled.transform(table.X), y, task=table.task)
    expected = by_hand.predict(scaled.transform(table.X_new), task=table.task_new)
    np.testing.assert_allclose(search.best_estimator_.predict(table.X_new, task=table.task_new), expected, rtol=1e-10)

    scaled = StandardScaler().fit(table.X[TRAIN])
    by_hand = kind(Ridge(0.1)).fit(scaled.transform(table.X[TRAIN]), y[TRAIN], task=table.task[TRAIN])
    predicted = by_hand.predict(scaled.transform(table.X[TEST]), task=table.task[TEST])
    first = -mean_squared_error(y[TEST], predicted, task=table.task[TEST])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(first)


@KINDS
def test_own_score_with_task_and_weight(table, kind):
    y, weight, task = table.Y_nan[:, 0], table.weight[:, 0], table.task
    given = {"task": task, "sample_weight": weight}
    scores = cross_validate(requesting(kind(Ridge())), table.X, y, cv=3, params=given, error_score="raise")
    by_hand = kind(Ridge()).fit(table.X[TRAIN], y[TRAIN], weight[TRAIN], task=task[TRAIN])
    first = by_hand.score(table.X[TEST], y[TEST], weight[TEST], task=task[TEST])
    assert scores["test_score"][0] == pytest.approx(first)


def test_two_dimensional_weights(table):
    model = requesting(IndependentTasks(Ridge()))
    scores = cross_validate(model, table.X, table.Y, cv=3, params={"sample_weight": table.weight}, error_score="raise")
    by_hand = IndependentTasks(Ridge()).fit(table.X[TRAIN], table.Y[TRAIN], sample_weight=table.weight[TRAIN])
    first = by_hand.score(table.X[TEST], table.Y[TEST], sample_weight=table.weight[TEST])
    assert scores["test_score"][0] == pytest.approx(first)


def test_unset_request_is_scikit_learns_error(table):
    with pytest.raises(ValueError, match="set_fit_request"):
        make_pipeline(StandardScaler(), IndependentTasks(Ridge())).fit(table.X, table.Y[:, 0], task=table.task)


def test_weights_reach_an_inner_pipeline_that_requests_them(table):
    inner = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False), LogisticRegression().set_fit_request(sample_weight=True)
    )
    model = IndependentTasks(inner).fit(table.X, table.B, sample_weight=table.weight)
    for t in range(3):
        kept = table.weight[:, t] > 0
        scaler = StandardScaler().fit(table.X[kept])
        by_hand = LogisticRegression().fit(
            scaler.transform(table.X[kept]), table.B[kept, t], sample_weight=table.weight[kept, t]
        )
        expected = by_hand.predict_proba(scaler.transform(table.X_new))
        np.testing.assert_allclose(model.predict_proba(table.X_new)[t], expected, rtol=1e-10)
