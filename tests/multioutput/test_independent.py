"""`IndependentTasks` against loops over tasks written by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from skmtl.linear_model import MultiTaskGLM
from skmtl.metrics import accuracy_score, r2_score
from skmtl.multioutput import IndependentTasks

NUMERIC = [Ridge(), make_pipeline(StandardScaler(), Ridge(0.1)), KNeighborsRegressor(3)]


@pytest.mark.parametrize("estimator", NUMERIC, ids=repr)
@pytest.mark.parametrize("which", ["Y", "Y_nan"])
def test_wide_equals_a_loop(table, estimator, which):
    Y = getattr(table, which)
    model = IndependentTasks(estimator).fit(table.X, Y)
    predicted = model.predict(table.X_new)
    assert predicted.shape == (11, 3)
    for t in range(3):
        seen = ~np.isnan(Y[:, t])
        by_hand = clone(estimator).fit(table.X[seen], Y[seen, t])
        np.testing.assert_array_equal(predicted[:, t], by_hand.predict(table.X_new))
    assert model.task_names_.tolist() == [0, 1, 2]
    assert (model.n_tasks_, model.n_features_in_, len(model.estimators_)) == (3, 4, 3)


@pytest.mark.parametrize("which", ["B", "B_none", "K"])
def test_labels_equal_a_loop(table, which):
    Y = getattr(table, which)
    model = IndependentTasks(GaussianNB()).fit(table.X, Y)
    predicted, probability = model.predict(table.X_new), model.predict_proba(table.X_new)
    assert isinstance(model.classes_, list)
    for t in range(3):
        seen = Y[:, t] != np.array(None)
        by_hand = GaussianNB().fit(table.X[seen], np.array(Y[seen, t].tolist()))
        assert model.classes_[t].tolist() == by_hand.classes_.tolist()
        assert predicted[:, t].tolist() == by_hand.predict(table.X_new).tolist()
        np.testing.assert_array_equal(probability[t], by_hand.predict_proba(table.X_new))


def test_labels_beside_missing_ones_are_not_objects(table):
    seen = []

    class Spy(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            seen.append(y.dtype.kind)
            return super().fit(X, y, sample_weight)

    IndependentTasks(Spy()).fit(table.X, table.B_none)
    IndependentTasks(Spy()).fit(table.X, table.B_none[:, 0], task=table.task)
    assert seen == ["U"] * 6


def test_rows_equal_a_loop(table):
    y = np.where(table.holes[:, 0], np.nan, table.Y[:, 0])
    model = IndependentTasks(Ridge()).fit(table.X, y, task=table.task)
    everything = model.predict(table.X_new)
    chosen = model.predict(table.X_new, task=table.task_new)
    for t, name in enumerate(["east", "north", "west"]):
        rows = (table.task == name) & ~np.isnan(y)
        by_hand = Ridge().fit(table.X[rows], y[rows])
        np.testing.assert_allclose(everything[:, t], by_hand.predict(table.X_new), rtol=1e-13)
        here = table.task_new == name
        np.testing.assert_allclose(chosen[here], by_hand.predict(table.X_new)[here], rtol=1e-13)
    assert model.task_names_.tolist() == ["east", "north", "west"]


def test_wide_equals_rows(table):
    """The same entries, once as columns with holes, once stacked with ids."""
    wide = IndependentTasks(Ridge()).fit(table.X, table.Y_nan)
    seen = [np.flatnonzero(~np.isnan(table.Y_nan[:, t])) for t in range(3)]
    stacked = np.concatenate(seen)
    rows = IndependentTasks(Ridge()).fit(
        table.X[stacked], table.Y_nan.T[~np.isnan(table.Y_nan.T)], task=np.repeat([0, 1, 2], [len(s) for s in seen])
    )
    np.testing.assert_array_equal(wide.predict(table.X_new), rows.predict(table.X_new))
    ids = np.arange(11) % 3
    np.testing.assert_allclose(wide.predict(table.X_new, task=ids), rows.predict(table.X_new)[np.arange(11), ids])


def test_single_target_is_the_plain_estimator(table):
    model = IndependentTasks(Ridge()).fit(table.X, table.Y[:, 1])
    plain = Ridge().fit(table.X, table.Y[:, 1])
    np.testing.assert_array_equal(model.predict(table.X_new), plain.predict(table.X_new))
    assert model.score(table.X, table.Y[:, 1]) == pytest.approx(plain.score(table.X, table.Y[:, 1]), abs=1e-15)
    assert not hasattr(model, "classes_")
    assert IndependentTasks(Ridge()).fit(table.X, table.Y[:, [1]]).predict(table.X_new).shape == (11, 1)


@pytest.mark.parametrize("estimator", [Ridge(), make_pipeline("passthrough", Ridge())], ids=repr)
def test_missing_is_weight_zero_is_absent(table, estimator):
    by_nan = IndependentTasks(estimator).fit(table.X, table.Y_nan).predict(table.X_new)
    weight = (~table.holes).astype(float)
    by_weight = IndependentTasks(estimator).fit(table.X, table.Y, sample_weight=weight).predict(table.X_new)
    np.testing.assert_allclose(by_nan, by_weight, rtol=1e-12)


@pytest.mark.parametrize(
    "estimator",
    [
        Ridge(),
        make_pipeline("passthrough", Ridge()),
        make_pipeline(make_pipeline("passthrough", Ridge())),
        GridSearchCV(Ridge(), {"alpha": [2.0]}, cv=2),
        GridSearchCV(make_pipeline("passthrough", Ridge(2.0)), {"ridge__alpha": [2.0]}, cv=2),
    ],
    ids=repr,
)
def test_weight_is_repetition(table, estimator):
    """The weights reach the estimator that uses them, through pipelines and searches."""
    weighted = IndependentTasks(estimator).fit(table.X, table.Y, sample_weight=table.weight).predict(table.X_new)
    alpha = 2.0 if isinstance(estimator, GridSearchCV) else 1.0
    for t in range(3):
        times = table.weight[:, t].astype(int)
        repeated = Ridge(alpha).fit(table.X.repeat(times, axis=0), table.Y[:, t].repeat(times))
        np.testing.assert_allclose(weighted[:, t], repeated.predict(table.X_new), rtol=1e-9)
    unweighted = IndependentTasks(estimator).fit(table.X, table.Y).predict(table.X_new)
    assert not np.allclose(weighted, unweighted, rtol=1e-3)


def test_equal_weights_are_no_weights_for_an_estimator_without(table):
    weight = np.broadcast_to([1.0, 2.0, 0.5], (53, 3)) * ~table.holes
    with_weights = IndependentTasks(KNeighborsRegressor(2)).fit(table.X, table.Y, sample_weight=weight)
    without = IndependentTasks(KNeighborsRegressor(2)).fit(table.X, table.Y_nan)
    np.testing.assert_array_equal(with_weights.predict(table.X_new), without.predict(table.X_new))


def test_permuted_tasks_give_permuted_predictions(table):
    order = [2, 0, 1]
    straight = IndependentTasks(Ridge()).fit(table.X, table.Y_nan).predict(table.X_new)
    permuted = IndependentTasks(Ridge()).fit(table.X, table.Y_nan[:, order]).predict(table.X_new)
    np.testing.assert_array_equal(permuted, straight[:, order])


@pytest.fixture
def mixed(table):
    Y = pd.DataFrame({"lab": table.Y_nan[:, 0], "death": table.B_none[:, 1], "stage": table.K[:, 2]})
    estimators = {"stage": DecisionTreeClassifier(max_depth=2, random_state=0), "lab": Ridge(), "death": GaussianNB()}
    return Y, estimators


def test_dict_mixes_regressors_and_classifiers(table, mixed):
    Y, estimators = mixed
    model = IndependentTasks(estimators).fit(table.X, Y)
    assert model.task_names_.tolist() == ["lab", "death", "stage"]
    predicted = model.predict(table.X_new)
    assert predicted.dtype == object
    seen = Y["lab"].notna()
    lab = Ridge().fit(table.X[seen], Y["lab"][seen])
    np.testing.assert_allclose(predicted[:, 0].astype(float), lab.predict(table.X_new))
    assert set(predicted[:, 1]) <= {"yes", "no"}
    classes = model.classes_
    assert classes[0] is None
    assert classes[2].tolist() == [0, 1, 2]
    probability = model.predict_proba(table.X_new)
    assert probability[0] is None
    assert [p.shape for p in probability[1:]] == [(11, 2), (11, 3)]
    assert not is_classifier(model)
    assert not is_regressor(model)
    assert not hasattr(IndependentTasks({"lab": Ridge()}), "predict_proba")


def test_task_picks_the_entry_of_the_table(table, mixed):
    Y, estimators = mixed
    model = IndependentTasks(estimators).fit(table.X, Y)
    names = model.task_names_[np.arange(11) % 3]
    assert model.predict(table.X_new, task=names).tolist() == (
        model.predict(table.X_new)[np.arange(11), np.arange(11) % 3].tolist()
    )
    # Also where the rows at hand need numbers only, the type is that of the table.
    assert model.predict(table.X_new, task=np.full(11, "lab")).dtype == object


def test_score_of_a_mixed_table_is_the_mean_of_own_scores(table, mixed):
    Y, estimators = mixed
    model = IndependentTasks(estimators).fit(table.X, Y)
    predicted = model.predict(table.X)
    scores = [
        r2_score(Y["lab"], predicted[:, 0]),
        accuracy_score(Y["death"], predicted[:, 1]),
        accuracy_score(Y["stage"], predicted[:, 2]),
    ]
    assert len(set(scores)) == 3
    assert model.score(table.X, Y) == pytest.approx(np.mean(scores), abs=1e-14)
    weighted = [
        r2_score(Y["lab"], predicted[:, 0], sample_weight=table.weight[:, 0]),
        accuracy_score(Y["death"], predicted[:, 1], sample_weight=table.weight[:, 1]),
        accuracy_score(Y["stage"], predicted[:, 2], sample_weight=table.weight[:, 2]),
    ]
    assert model.score(table.X, Y, table.weight) == pytest.approx(np.mean(weighted), abs=1e-14)


def test_mixed_score_names_the_undefined_task(table, mixed):
    Y, estimators = mixed
    model = IndependentTasks(estimators).fit(table.X, Y)
    test = Y.copy()
    test.loc[:, "lab"] = np.nan
    labels = [accuracy_score(test[name], model.predict(table.X)[:, t]) for t, name in ((1, "death"), (2, "stage"))]
    with pytest.warns(match="r2_score is undefined for task 'lab'"):
        assert model.score(table.X, test) == pytest.approx(np.mean(labels), abs=1e-14)


def test_scores_of_one_kind(table):
    numeric = IndependentTasks(Ridge()).fit(table.X, table.Y_nan)
    each = r2_score(table.Y_nan, numeric.predict(table.X), multioutput="raw_values")
    assert numeric.score(table.X, table.Y_nan) == pytest.approx(each.mean(), abs=1e-15)
    labelled = IndependentTasks(GaussianNB()).fit(table.X, table.B_none)
    each = accuracy_score(table.B_none, labelled.predict(table.X), multioutput="raw_values")
    assert labelled.score(table.X, table.B_none) == pytest.approx(each.mean(), abs=1e-15)
    rows = IndependentTasks(Ridge()).fit(table.X, table.Y[:, 0], task=table.task)
    predicted = rows.predict(table.X, task=table.task)
    own = rows.score(table.X, table.Y[:, 0], task=table.task)
    residual = np.sum((table.Y[:, 0] - predicted) ** 2)
    assert own == pytest.approx(1 - residual / np.sum((table.Y[:, 0] - table.Y[:, 0].mean()) ** 2))


def test_pandas_frames_stay_frames(table):
    """A pipeline with a ColumnTransformer finds its columns by name, strings and missing values included."""
    X = pd.DataFrame(table.X, columns=["age", "bmi", "hr", "bp"])
    X["sex"] = np.where(table.X[:, 0] > 0.2, "f", "m")
    X.loc[3, "bmi"] = np.nan
    inner = make_pipeline(
        make_column_transformer((OneHotEncoder(drop="first"), ["sex"]), (StandardScaler(), ["age"])), LinearRegression()
    )
    model = IndependentTasks(inner).fit(X, table.Y_nan)
    assert model.feature_names_in_.tolist() == ["age", "bmi", "hr", "bp", "sex"]
    predicted = model.predict(X)
    by_hand = np.column_stack([np.ones(53), table.X[:, 0], X["sex"] == "m"]).astype(float)
    for t in range(3):
        seen = ~table.holes[:, t]
        coefficients = np.linalg.lstsq(by_hand[seen], table.Y[seen, t], rcond=None)[0]
        np.testing.assert_allclose(predicted[:, t], by_hand @ coefficients, rtol=1e-9)
    ids = np.arange(53) % 3
    np.testing.assert_allclose(model.predict(X, task=ids), predicted[np.arange(53), ids])


def test_polars_frames_stay_frames(table):
    polars = pytest.importorskip("polars")

    def age_of(frame):
        assert isinstance(frame, polars.DataFrame)
        return frame["age"].to_numpy()[:, None]

    X = polars.DataFrame(dict(zip(["age", "bmi", "hr", "bp"], table.X.T, strict=True)))
    Y = polars.DataFrame(dict(zip(["lab", "los", "cost"], table.Y_nan.T, strict=True)), nan_to_null=True)
    model = IndependentTasks(make_pipeline(FunctionTransformer(age_of), Ridge())).fit(X, Y)
    by_hand = IndependentTasks(Ridge()).fit(table.X[:, :1], table.Y_nan)
    assert model.task_names_.tolist() == ["lab", "los", "cost"]
    np.testing.assert_allclose(model.predict(X), by_hand.predict(table.X[:, :1]), rtol=1e-12)
    ids = np.arange(53) % 3
    chosen = model.predict(X, task=model.task_names_[ids])
    np.testing.assert_allclose(chosen, by_hand.predict(table.X[:, :1], task=ids), rtol=1e-12)


def test_x_of_any_kind(table):
    with_nan = table.X.copy()
    with_nan[::5, 1] = np.nan
    trees = IndependentTasks(HistGradientBoostingRegressor(max_iter=3)).fit(with_nan, table.Y_nan)
    seen = ~table.holes[:, 2]
    by_hand = HistGradientBoostingRegressor(max_iter=3).fit(with_nan[seen], table.Y[seen, 2])
    np.testing.assert_array_equal(trees.predict(with_nan)[:, 2], by_hand.predict(with_nan))

    dense = IndependentTasks(Ridge(solver="sparse_cg", tol=1e-10)).fit(table.X, table.Y_nan)
    for make in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array, sparse.dia_array):
        thin = IndependentTasks(Ridge(solver="sparse_cg", tol=1e-10)).fit(make(table.X), table.Y_nan)
        np.testing.assert_allclose(thin.predict(make(table.X_new)), dense.predict(table.X_new), rtol=1e-6)
        ids = np.arange(11) % 3
        chosen = thin.predict(make(table.X_new), task=ids)
        np.testing.assert_allclose(chosen, dense.predict(table.X_new, task=ids), rtol=1e-6)

    notes = ["fever", "no fever", "pain", "fever pain", "rest"]
    words = IndependentTasks(make_pipeline(CountVectorizer(), Ridge())).fit(
        notes, [[1, 0], [2, None], [3, 1], [4, 1], [5, 0]]
    )
    assert words.predict(["fever"]).shape == (1, 2)
    assert words.predict(["fever", "rest"], task=[1, 0]).shape == (2,)
    assert len(words.estimators_[1][0].vocabulary_) == 3  # the second task never saw "no"


def test_precomputed_kernel_of_the_rows_each_task_has(table):
    kernel, kernel_new = table.X @ table.X.T, table.X_new @ table.X.T
    model = IndependentTasks(KernelRidge(kernel="precomputed")).fit(kernel, table.Y_nan)
    linear = IndependentTasks(KernelRidge(kernel="linear")).fit(table.X, table.Y_nan)
    assert model.n_features_in_ == 53
    np.testing.assert_allclose(model.predict(kernel_new), linear.predict(table.X_new), rtol=1e-9)
    ids = np.arange(11) % 3
    np.testing.assert_allclose(model.predict(kernel_new, task=ids), linear.predict(table.X_new, task=ids), rtol=1e-9)
    with pytest.raises(ValueError, match="X has 52 features, but IndependentTasks is expecting 53 features"):
        model.predict(kernel_new[:, 1:])


def test_rows_of_tasks_have_all_classes_of_the_outcome(table):
    """A place that never saw a class gives it probability 0, in the column where the others have it."""
    y = np.array(["low", "mid", "high"])[table.K[:, 0]]
    y[(table.task == "west") & (y == "high")] = "low"
    model = IndependentTasks(GaussianNB()).fit(table.X, y, task=table.task)
    assert model.classes_.tolist() == ["high", "low", "mid"]
    assert model.predict(table.X_new).dtype == y.dtype
    west = GaussianNB().fit(table.X[table.task == "west"], y[table.task == "west"])
    probability = model.predict_proba(table.X_new)
    assert len(probability) == 3
    np.testing.assert_array_equal(probability[2][:, 0], 0.0)
    np.testing.assert_allclose(probability[2][:, 1:], west.predict_proba(table.X_new), rtol=1e-12)
    chosen = model.predict_proba(table.X_new, task=table.task_new)
    assert chosen.shape == (11, 3)
    for t, name in enumerate(model.task_names_):
        here = table.task_new == name
        np.testing.assert_allclose(chosen[here], probability[t][here], rtol=1e-12)


def test_decision_function_of_a_single_outcome_only(table):
    single = IndependentTasks(LogisticRegression()).fit(table.X, table.B[:, 0])
    plain = LogisticRegression().fit(table.X, table.B[:, 0])
    np.testing.assert_array_equal(single.decision_function(table.X_new), plain.decision_function(table.X_new))
    np.testing.assert_array_equal(single.predict_proba(table.X_new), plain.predict_proba(table.X_new))
    rows = IndependentTasks(LogisticRegression()).fit(table.X, table.B[:, 0], task=table.task)
    assert rows.decision_function(table.X_new).shape == (11, 3)
    chosen = rows.decision_function(table.X_new, task=table.task_new)
    codes = np.searchsorted(rows.task_names_, table.task_new)
    np.testing.assert_allclose(chosen, rows.decision_function(table.X_new)[np.arange(11), codes])
    several = IndependentTasks(LogisticRegression()).fit(table.X, table.B)
    assert not hasattr(several, "decision_function")
    assert not hasattr(IndependentTasks(GaussianNB()), "decision_function")
    assert not hasattr(IndependentTasks(SVC()), "predict_proba")
    assert not hasattr(IndependentTasks(Ridge()), "predict_proba")


def test_tags_are_those_of_the_inner_estimator():
    assert is_regressor(IndependentTasks(Ridge()))
    assert is_classifier(IndependentTasks(make_pipeline(StandardScaler(), LogisticRegression())))
    forest = get_tags(IndependentTasks(RandomForestClassifier()))
    assert forest.input_tags.allow_nan
    assert forest.target_tags.multi_output
    assert not get_tags(IndependentTasks(GaussianNB())).input_tags.sparse
    both = get_tags(IndependentTasks({"a": RandomForestClassifier(), "b": GaussianNB()}))
    assert both.estimator_type == "classifier"
    assert not both.input_tags.allow_nan
    assert get_tags(IndependentTasks({"a": Ridge(), "b": GaussianNB()})).estimator_type is None
    assert get_tags(IndependentTasks({"a": MultinomialNB(), "b": GaussianNB()})).input_tags.positive_only
    assert get_tags(IndependentTasks(KernelRidge(kernel="precomputed"))).input_tags.pairwise


def test_parameters_clone_and_pickle(table):
    inner = Ridge(alpha=3.0)
    model = IndependentTasks(inner)
    assert model.get_params()["estimator__alpha"] == 3.0
    assert repr(model) == "IndependentTasks(estimator=Ridge(alpha=3.0))"
    model.set_params(estimator__alpha=0.5).fit(table.X, table.Y_nan)
    assert not hasattr(inner, "coef_")
    assert model.estimators_[0].alpha == 0.5
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(table.X_new), model.predict(table.X_new))

    both = {0: Ridge(), 1: Ridge(5.0), 2: KNeighborsRegressor()}
    model = IndependentTasks(both).fit(table.X, table.Y_nan)
    assert not any(hasattr(estimator, "n_features_in_") for estimator in both.values())
    copy = clone(model)
    assert copy.estimator is not both
    assert copy.estimator[1] is not both[1]
    np.testing.assert_array_equal(copy.fit(table.X, table.Y_nan).predict(table.X_new), model.predict(table.X_new))
    model.set_params(estimator={0: Ridge(9.0), 1: Ridge(), 2: Ridge()}).fit(table.X, table.Y_nan)
    assert [estimator.alpha for estimator in model.estimators_] == [9.0, 1.0, 1.0]


def test_a_new_fit_forgets_the_old_one(table):
    model = IndependentTasks(GaussianNB()).fit(pd.DataFrame(table.X, columns=list("abcd")), table.B)
    model.set_params(estimator=Ridge()).fit(table.X, table.Y)
    assert not hasattr(model, "classes_")
    assert not hasattr(model, "feature_names_in_")


def test_jobs_change_nothing(table):
    one = IndependentTasks(Ridge()).fit(table.X, table.Y_nan)
    two = IndependentTasks(Ridge(), n_jobs=2).fit(table.X, table.Y_nan)
    np.testing.assert_array_equal(one.predict(table.X_new), two.predict(table.X_new))


def test_input_is_not_written_to(table):
    before = [array.copy() for array in (table.X, table.Y_nan, table.weight)]
    for array in (table.X, table.Y_nan, table.weight):
        array.flags.writeable = False
    IndependentTasks(Ridge()).fit(table.X, table.Y_nan, sample_weight=table.weight).predict(table.X)
    for array, old in zip((table.X, table.Y_nan, table.weight), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_grid_search_with_missing_outcomes(table):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), IndependentTasks(Ridge())),
        {"independenttasks__estimator__alpha": [0.1, 1e4]},
        cv=3,
        error_score="raise",
    ).fit(table.X, table.Y_nan)
    assert search.best_params_ == {"independenttasks__estimator__alpha": 0.1}
    assert search.predict(table.X_new).shape == (11, 3)


def test_a_glm_of_each_kind_for_each_outcome():
    """A GLM is neither classifier nor regressor by its class: its loss says how the outcome is read."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    table = pd.DataFrame({"sbp": X[:, 0] + rng.normal(size=90)})
    table["death"] = np.where(X[:, 0] + rng.logistic(size=90) > 0, "dead", "alive")
    table["grade"] = np.digitize(X[:, 1] + rng.normal(size=90), [-0.5, 0.5])
    table = table.astype(object).mask(rng.random(table.shape) < 0.2)
    losses = {"sbp": "squared", "death": "logistic", "grade": "multinomial"}
    model = IndependentTasks({name: MultiTaskGLM(loss=loss, alpha=0.05) for name, loss in losses.items()})
    model.fit(X, table)
    for t, (name, loss) in enumerate(losses.items()):
        seen = table[name].notna().to_numpy()
        y = table[name][seen].to_numpy(dtype=str if name == "death" else float)
        alone = MultiTaskGLM(loss=loss, alpha=0.05).fit(X[seen], y)
        np.testing.assert_array_equal(model.predict(X)[:, t], alone.predict(X))
        if name != "sbp":
            np.testing.assert_allclose(model.predict_proba(X)[t], alone.predict_proba(X))
    assert model.predict_proba(X)[0] is None
