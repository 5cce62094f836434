"""Outcomes transformed around an estimator."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from skmtl.compose import TransformedTaskTarget
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso
from skmtl.metrics import r2_score
from skmtl.multioutput import IndependentTasks
from skmtl.preprocessing import TargetScaler

N, P, T = 53, 4, 3


@pytest.fixture(name="data")
def table():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(N, P))
    Y = np.exp(0.3 * X @ rng.normal(size=(P, T)) + 0.1 * rng.normal(size=(N, T))) * [1.0, 30.0, 0.2]
    holes = np.where(rng.random((N, T)) < 0.35, np.nan, Y)
    return X, Y, holes


def test_without_a_transformation_it_is_the_bare_estimator(data):
    X, _, Y = data
    bare = MultiTaskLasso(alpha=0.01).fit(X, Y).predict(X)
    for given in ({}, {"transformer": {}}, {"transformer": {1: None}}):
        np.testing.assert_array_equal(
            TransformedTaskTarget(MultiTaskLasso(alpha=0.01), **given).fit(X, Y).predict(X), bare
        )


@pytest.mark.parametrize("transformer", [StandardScaler(), QuantileTransformer(n_quantiles=20)])
def test_complete_outcomes_as_in_sklearn(data, transformer):
    X, Y, _ = data
    ours = TransformedTaskTarget(Ridge(), transformer=transformer).fit(X, Y)
    theirs = TransformedTargetRegressor(Ridge(), transformer=transformer).fit(X, Y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    assert ours.score(X, Y) == pytest.approx(theirs.score(X, Y))


def test_function_as_in_sklearn(data):
    X, Y, _ = data
    ours = TransformedTaskTarget(Ridge(), func=np.log, inverse_func=np.exp).fit(X, Y[:, 0])
    theirs = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp).fit(X, Y[:, 0])
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("transformer", [StandardScaler(), TargetScaler("log1p"), TargetScaler("normal")])
def test_missing_is_absent(data, transformer):
    """Independent models: each outcome is that of its observed rows alone, as scikit-learn fits it."""
    X, _, Y = data
    ours = TransformedTaskTarget(IndependentTasks(Ridge()), transformer=transformer).fit(X, Y).predict(X)
    for t in range(T):
        seen = ~np.isnan(Y[:, t])
        alone = TransformedTargetRegressor(Ridge(), transformer=clone(transformer)).fit(X[seen], Y[seen, t])
        np.testing.assert_allclose(ours[:, t], alone.predict(X), rtol=1e-9)


def test_weight_zero_is_missing(data):
    X, Y, holes = data
    weight = np.where(np.isnan(holes), 0.0, 1.0)
    model = TransformedTaskTarget(MultiTaskLasso(alpha=0.01), transformer=TargetScaler("robust"))
    expected = model.fit(X, holes).predict(X)
    np.testing.assert_allclose(model.fit(X, Y, weight).predict(X), expected, rtol=1e-6)


def test_rows_are_wide(data):
    X, _, Y = data
    names = np.array(["east", "north", "west"])
    model = TransformedTaskTarget(MeanRegularizedRidge(alpha=0.1), transformer=StandardScaler())
    wide = model.fit(X, Y).predict(X)
    X3, y, task = np.tile(X, (T, 1)), Y.T.ravel(), np.repeat(names, N)
    rows = clone(model).fit(X3, y, task=task)
    np.testing.assert_allclose(rows.predict(X3, task=task), wide.T.ravel(), rtol=1e-6)
    np.testing.assert_allclose(rows.predict(X), wide, rtol=1e-6)
    assert rows.task_names_.tolist() == names.tolist()
    assert rows.score(X3, y, task=task) == pytest.approx(r2_score(y, rows.predict(X3, task=task)))
    with pytest.raises(TaskDataError, match="score needs task"):
        rows.score(X3, y)


def test_dict_and_labels_in_a_frame_with_hostile_names(data):
    X, Y, _ = data
    frame = pd.DataFrame({"": Y[:, 0], "a=b, [c]": Y[:, 1], "died": np.where(X[:, 0] > 0, "yes", "no")})
    frame.loc[::4, ""], frame.loc[::5, "died"] = np.nan, None
    before = frame.copy()
    inner = IndependentTasks({"": Ridge(), "a=b, [c]": Ridge(), "died": LogisticRegression()})
    model = TransformedTaskTarget(inner, transformer={"": TargetScaler("log1p")}).fit(X, frame)
    bare = clone(inner).fit(X, frame)
    said, plain = model.predict(X), bare.predict(X)
    np.testing.assert_array_equal(said[:, 1:], plain[:, 1:])
    seen = frame[""].notna().to_numpy()
    logged = Ridge().fit(X[seen], np.log1p(frame[""][seen]))
    np.testing.assert_allclose(said[:, 0].astype(float), np.expm1(logged.predict(X)), rtol=1e-12)
    assert [None if c is None else c.tolist() for c in model.classes_] == [None, None, ["no", "yes"]]
    np.testing.assert_array_equal(model.predict_proba(X)[2], bare.predict_proba(X)[2])
    assert model.task_names_.tolist() == ["", "a=b, [c]", "died"]
    assert 0 < model.score(X, frame) <= 1
    pd.testing.assert_frame_equal(frame, before)
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.predict(X) == said).all()


def test_zeros_and_ones_are_left_alone_unless_a_dict_names_them(data):
    X, Y, _ = data
    table = np.column_stack([Y[:, 0], X[:, 0] > 0])
    one = TransformedTaskTarget(IndependentTasks(Ridge()), transformer=StandardScaler()).fit(X, table)
    assert [fitted is None for fitted in one.transformers_] == [False, True]
    named = TransformedTaskTarget(IndependentTasks(Ridge()), transformer={1: StandardScaler()}).fit(X, table)
    assert [fitted is None for fitted in named.transformers_] == [True, False]


def test_scaling_makes_a_penalty_indifferent_to_units(data):
    X, Y, _ = data
    for transformer, same in ((None, False), (StandardScaler(), True)):
        model = TransformedTaskTarget(Lasso(alpha=0.1), transformer=transformer)
        said = model.fit(X, Y).predict(X) * 1000
        assert np.allclose(model.fit(X, Y * 1000).predict(X), said, rtol=1e-6) is same


def test_standard_deviation_in_units_of_the_data(data):
    X, Y, _ = data
    y = Y[:, 1]
    process = GaussianProcessRegressor(alpha=0.1)
    mean, std = TransformedTaskTarget(process, transformer=StandardScaler()).fit(X, y).predict(X, return_std=True)
    bare_mean, bare_std = process.fit(X, (y - y.mean()) / y.std()).predict(X, return_std=True)
    np.testing.assert_allclose(mean, bare_mean * y.std() + y.mean(), rtol=1e-9)
    np.testing.assert_allclose(std, bare_std * y.std(), rtol=1e-9)
    curved = TransformedTaskTarget(process, func=np.log, inverse_func=np.exp).fit(X, y)
    with pytest.raises(TaskDataError, match="return_std: the transformation of outcome 0, FunctionTransformer"):
        curved.predict(X, return_std=True)


def test_standard_deviation_of_several_outcomes(data):
    X, _, Y = data
    process = MultiTaskGPRegressor(n_restarts=0) if "n_restarts" in MultiTaskGPRegressor().get_params() else None
    process = MultiTaskGPRegressor() if process is None else process
    model = TransformedTaskTarget(process, transformer={1: TargetScaler("robust")}).fit(X, Y)
    mean, std = model.predict(X[:5], return_std=True)
    inner_mean, inner_std = model.estimator_.predict(X[:5], return_std=True)
    spread = np.subtract(*np.nanquantile(Y[:, 1], [0.75, 0.25]))
    np.testing.assert_allclose(std, inner_std * [1.0, spread, 1.0], rtol=1e-9)
    np.testing.assert_allclose(mean[:, 1], inner_mean[:, 1] * spread + np.nanmedian(Y[:, 1]), rtol=1e-9)


def test_in_a_search_with_routing(data):
    X, _, Y = data
    y, task = Y.ravel(), np.tile(["a", "b", "c"], N)
    with sklearn.config_context(enable_metadata_routing=True):
        model = TransformedTaskTarget(MeanRegularizedRidge(), transformer=StandardScaler())
        model.set_fit_request(task=True).set_predict_request(task=True).set_score_request(task=True)
        search = GridSearchCV(model, {"estimator__alpha": [0.01, 1e4]}, cv=3, error_score="raise")
        search.fit(np.repeat(X, T, axis=0), y, task=task)
    assert search.best_params_ == {"estimator__alpha": 0.01}


@pytest.mark.parametrize("routed", [False, True])
def test_task_and_weights_reach_the_end_of_a_pipeline(data, routed):
    X, _, Y = data
    y, task, weight = Y[:, 0], np.resize(["a", "b"], N), np.random.default_rng(0).uniform(1, 2, N)
    with sklearn.config_context(enable_metadata_routing=routed):
        steps = make_pipeline(StandardScaler(), MeanRegularizedRidge())
        if routed:
            steps[0].set_fit_request(sample_weight=False)
        piped = TransformedTaskTarget(steps, func=np.log, inverse_func=np.exp).fit(X, y, weight, task=task)
        said = piped.predict(X, task=task)
    Z = StandardScaler().fit_transform(X)
    plain = MeanRegularizedRidge().fit(Z, np.log(y), weight, task=task)
    np.testing.assert_allclose(said, np.exp(plain.predict(Z, task=task)), rtol=1e-9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"func": np.log}, "func and inverse_func go together"),
        ({"func": np.log, "inverse_func": np.exp, "transformer": StandardScaler()}, "both given"),
        ({"transformer": "log"}, "'transformer' parameter of TransformedTaskTarget"),
        ({"transformer": {7: StandardScaler()}}, "names the task 7"),
        ({"check_inverse": 1}, "'check_inverse' parameter"),
    ],
)
def test_bad_parameters(data, given, message):
    X, Y, _ = data
    with pytest.raises(InvalidParameterError, match=message):
        TransformedTaskTarget(IndependentTasks(Ridge()), **given).fit(X, Y)


def test_bad_outcomes(data):
    X, Y, holes = data
    model = TransformedTaskTarget(IndependentTasks(Ridge()), func=np.log, inverse_func=np.exp)
    with pytest.raises(TaskDataError, match=r"no finite value for 0 in Y \(task 1\)"):
        model.fit(X, np.column_stack([Y[:, 0], np.where(X[:, 0] > 1, 0, Y[:, 1])]))
    with pytest.raises(TaskDataError, match=r"task 2.*NaN only"):
        model.fit(X, np.column_stack([Y[:, :2], np.full(N, np.nan)]))
    with pytest.raises(TaskDataError, match=r"Ridge\.fit takes no task"):
        TransformedTaskTarget(Ridge()).fit(X, Y[:, 0], task=np.resize(["a", "b"], N))
    twice = TransformedTaskTarget(IndependentTasks(Ridge()), func=np.square, inverse_func=np.sqrt)
    with pytest.warns(UserWarning, match="inverse"):
        twice.fit(X, holes - 100)


@pytest.mark.parametrize("inner", [MultiTaskLasso(alpha=0.01), Ridge()], ids=["with NaN", "without NaN"])
def test_weight_zero_is_missing_whatever_the_value(data, inner):
    """Also where the transformation has no value for it."""
    X, Y, _ = data
    Y = Y[:, 0]
    kept = np.arange(N) % 5 > 0
    odd = np.where(kept, Y, -9.0)
    model = TransformedTaskTarget(inner, transformer=TargetScaler("log1p"))
    expected = clone(model).fit(X[kept], Y[kept]).predict(X)
    given = odd.copy()
    np.testing.assert_allclose(model.fit(X, odd, kept.astype(float)).predict(X), expected, rtol=1e-6)
    np.testing.assert_array_equal(odd, given)
    with pytest.raises(TaskDataError, match="values above -1"):
        model.fit(X, odd)


def test_weight_zero_in_a_table_and_in_rows_of_tasks(data):
    X, Y, holes = data
    odd, weight = np.where(np.isnan(holes), -9.0, Y), np.where(np.isnan(holes), 0.0, 1.0)
    model = TransformedTaskTarget(MeanRegularizedRidge(0.1), transformer=TargetScaler("log1p"))
    expected = model.fit(X, holes).predict(X)
    np.testing.assert_allclose(model.fit(X, odd, weight).predict(X), expected, rtol=1e-8)
    rows = (np.tile(X, (T, 1)), odd.T.ravel(), weight.T.ravel())
    model.fit(*rows, task=np.repeat(np.arange(T), N))
    kept = weight.T.ravel() > 0
    alone = clone(model).fit(rows[0][kept], rows[1][kept], task=np.repeat(np.arange(T), N)[kept])
    np.testing.assert_allclose(model.predict(X), alone.predict(X), rtol=1e-8)


def test_standard_deviation_of_an_estimator_without_one(data):
    X, Y, _ = data
    model = TransformedTaskTarget(MultiTaskLasso(alpha=0.01), transformer=StandardScaler()).fit(X, Y)
    with pytest.raises(TaskDataError, match=r"MultiTaskLasso\.predict takes no return_std: leave it out"):
        model.predict(X, return_std=True)
