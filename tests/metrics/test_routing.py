"""Task ids and weights on their way from a search to the scorer and on to the estimator."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import UndefinedMetricWarning, UnsetMetadataPassedError
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import metrics
from skmtl.exceptions import TaskDataError
from skmtl.metrics import make_multitask_scorer


class SiteRidge(RegressorMixin, BaseEstimator):
    """One ridge and one level per task id."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y, *, task=None, sample_weight=None):
        rows = ~np.isnan(y)
        X, y, task = X[rows], y[rows], np.asarray(task)[rows]
        self.level_ = {name: y[task == name].mean() for name in np.unique(task).tolist()}
        gram = X.T @ X + self.alpha * np.eye(X.shape[1])
        self.coef_ = np.linalg.solve(gram, X.T @ (y - self._levels(task)))
        return self

    def _levels(self, task):
        if task is None:
            raise ValueError("task is needed")
        return np.array([self.level_[name] for name in np.asarray(task).tolist()])

    def predict(self, X, *, task=None):
        return X @ self.coef_ + self._levels(task)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    n = 70
    site = np.array(["north", "south", "west"])[np.arange(n) % 3]
    X = rng.normal(size=(n, 4))
    y = X @ rng.normal(size=4) + 5.0 * (site == "west") + rng.normal(size=n)
    y[rng.random(n) < 0.2] = np.nan
    return X, y, site


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def requesting(alias=True):
    model = SiteRidge().set_fit_request(task=alias)
    return model.set_predict_request(task=alias)


def by_hand(model, X, y, site, folds, **options):
    values = []
    for train, test in folds.split(X):
        fitted = clone(model).fit(X[train], y[train], task=site[train])
        predicted = fitted.predict(X[test], task=site[test])
        values.append(metrics.r2_score(y[test], predicted, task=site[test], **options))
    return np.array(values)


def test_without_routing(rows):
    X, y, site = rows
    model = SiteRidge().fit(X, y, task=site)
    scorer = make_multitask_scorer("r2", per_task=True)
    raw = metrics.r2_score(y, model.predict(X, task=site), task=site, multioutput="raw_values")
    scores = scorer(model, X, y, task=site)
    assert list(scores) == ["r2", "r2_north", "r2_south", "r2_west"]
    assert list(scores.values()) == [raw.mean(), *raw]
    assert scorer(make_pipeline(model), X, y, task=site) == scores  # the last step takes the ids
    with pytest.raises(RuntimeError, match="set_score_request needs metadata routing"):
        scorer.set_score_request(task=True)


def test_cross_validate(rows, routing):
    X, y, site = rows
    folds = KFold(3)
    scores = cross_validate(
        requesting(), X, y, scoring=make_multitask_scorer("r2", per_task=True), cv=folds, params={"task": site}
    )
    expected = by_hand(requesting(), X, y, site, folds, multioutput="raw_values")
    assert [scores[f"test_r2_{name}"].tolist() for name in ("north", "south", "west")] == expected.T.tolist()


@pytest.mark.parametrize("request_task", ["by default", "by hand"])
def test_grid_search(request_task, rows, routing):
    X, y, site = rows
    scorer = make_multitask_scorer("r2")
    if request_task == "by hand":
        scorer = scorer.set_score_request(task=True)
    folds = KFold(3)
    search = GridSearchCV(requesting(), {"alpha": [0.1, 1e4]}, scoring=scorer, cv=folds).fit(X, y, task=site)
    assert search.best_params_ == {"alpha": 0.1}
    assert search.best_score_ == pytest.approx(by_hand(requesting().set_params(alpha=0.1), X, y, site, folds).mean())
    expected = metrics.r2_score(y, search.best_estimator_.predict(X, task=site), task=site)
    assert search.score(X, y, task=site) == expected


def test_pipeline_and_other_scorers(rows, routing):
    X, y, site = rows
    model = make_pipeline(StandardScaler(), requesting())
    scoring = {
        "r2": make_multitask_scorer("r2"),
        "rmse": make_multitask_scorer("neg_root_mean_squared_error", multioutput="worst"),
    }
    search = GridSearchCV(model, {"siteridge__alpha": [0.1, 1e4]}, scoring=scoring, refit="rmse", cv=3)
    search.fit(X, y, task=site)
    assert search.best_params_ == {"siteridge__alpha": 0.1}
    assert (search.cv_results_["mean_test_rmse"] < 0).all()


def test_another_name_for_the_ids(rows, routing):
    X, y, site = rows
    folds = KFold(3)
    for model in (requesting("hospital"), make_pipeline(requesting("hospital"))):
        scorer = make_multitask_scorer("r2").set_score_request(task="hospital")
        scores = cross_validate(model, X, y, scoring=scorer, cv=folds, params={"hospital": site}, error_score="raise")
        np.testing.assert_allclose(scores["test_score"], by_hand(requesting(), X, y, site, folds))


def test_weights_have_to_be_requested(rows, routing):
    X, y, site = rows
    weight = np.where(np.arange(len(y)) % 2, 1.0, 0.1)
    model = requesting().set_fit_request(task=True, sample_weight=False)
    scorer = make_multitask_scorer("r2")
    options = {"cv": KFold(3), "params": {"task": site, "sample_weight": weight}, "error_score": "raise"}
    with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*are passed"):
        cross_validate(model, X, y, scoring=scorer, **options)
    plain = cross_validate(model, X, y, scoring=scorer, **{**options, "params": {"task": site}})
    weighted = cross_validate(model, X, y, scoring=scorer.set_score_request(sample_weight=True), **options)
    assert not np.allclose(plain["test_score"], weighted["test_score"])
    train, test = next(iter(KFold(3).split(X)))
    predicted = model.fit(X[train], y[train], task=site[train]).predict(X[test], task=site[test])
    expected = metrics.r2_score(y[test], predicted, task=site[test], sample_weight=weight[test])
    assert weighted["test_score"][0] == expected


def test_requests_survive_copies(routing):
    scorer = make_multitask_scorer("r2").set_score_request(sample_weight=True, task="hospital")
    for other in (scorer, clone(scorer)):
        assert other.get_metadata_routing().score.requests == {"sample_weight": True, "task": "hospital"}
    assert make_multitask_scorer("r2").get_metadata_routing().score.requests == {"sample_weight": None, "task": True}
    with pytest.raises(TypeError, match="'groups' is not known to the scorer: request 'sample_weight' or 'task'"):
        scorer.set_score_request(groups=True)


def test_ids_are_not_given_to_an_estimator_that_does_not_take_them(rows):
    X, y, site = rows

    class Level(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.full(len(X), 1.0)

    scores = make_multitask_scorer("neg_mean_absolute_error", per_task=True)(Level().fit(X, y), X, y, task=site)
    north = site == "north"
    assert scores["neg_mean_absolute_error_north"] == pytest.approx(-np.nanmean(abs(y[north] - 1)))


def test_a_pipeline_without_a_request_says_what_to_set(rows, routing):
    X, y, site = rows
    model = make_pipeline(SiteRidge().set_fit_request(task=True)).fit(X, y, task=site)
    with pytest.raises(UnsetMetadataPassedError, match=r"set_predict_request"):
        make_multitask_scorer("r2")(model, X, y, task=site)


def test_keys_of_a_fold_without_a_task(rows):
    X, y, site = rows
    model = SiteRidge().fit(X, y, task=site)
    here = site != "south"
    names = [f"r2_{name}" for name in ("north", "south", "west")]
    arguments = (X[here], y[here])
    message = r"^r2 is undefined for task 'south' \(no observed entries\): the value is nan.$"
    chosen = make_multitask_scorer("r2", per_task=True, tasks=["north", "south", "west"])
    with pytest.warns(UndefinedMetricWarning, match=message):
        scores = chosen(model, *arguments, task=site[here])
    assert list(scores)[1:] == names
    assert np.isnan(scores["r2_south"])
    assert scores["r2"] == np.mean([scores["r2_north"], scores["r2_west"]])
    model.task_names_ = ["north", "south", "west"]
    with pytest.warns(UndefinedMetricWarning, match=message):
        scores = make_multitask_scorer("r2", per_task=True)(model, *arguments, task=site[here])
    assert list(scores)[1:] == names


def test_chosen_ids(rows):
    X, y, site = rows
    model = SiteRidge().fit(X, y, task=site)
    weight = np.random.default_rng(1).uniform(size=len(y))
    rows_kept = np.isin(site, ["west", "north"])
    value = make_multitask_scorer("r2", tasks=["west", "north"])(model, X, y, weight, task=site)
    expected = metrics.r2_score(
        y[rows_kept],
        model.predict(X, task=site)[rows_kept],
        task=site[rows_kept],
        sample_weight=weight[rows_kept],
    )
    assert value == expected
    with pytest.warns(UndefinedMetricWarning, match=r"^r2 is undefined for task 'south'"):
        assert np.isnan(
            make_multitask_scorer("r2", tasks=["south"])(model, X[rows_kept], y[rows_kept], task=site[rows_kept])
        )


def test_ids_with_a_table(rows):
    X, y, site = rows
    model = SiteRidge().fit(X, y, task=site)
    with pytest.raises(TaskDataError, match=r"^task goes with a 1-D y_true"):
        make_multitask_scorer("r2")(model, X, np.column_stack([y, y]), task=site)
