"""Bad input: one sentence that names the argument, the task and the cure."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MeanRegularizedRidge
from skmtl.multioutput import IndependentTasks, PooledTasks, TaskColumn

NAN, INF = np.nan, np.inf
X = np.arange(20.0).reshape(5, 4) % 7
Y = np.array([[1.0, 2.0, 7.0], [3.0, NAN, 8.0], [5.0, 4.0, 9.0], [6.0, 1.0, NAN], [2.0, 2.0, 5.0]])
TASK = np.array(["a", "b", "a", "b", "a"])
FRAME = pd.DataFrame(X, columns=["age", "bmi", "hr", "bp"]).assign(site=TASK)


def named(**columns):
    return pd.DataFrame(columns)


# What is wrong, the arguments of fit, the message.
TABLES = {
    "no target": (
        (X, None),
        {},
        "This IndependentTasks estimator requires y to be passed, but the target y is None.",
    ),
    "sparse target": (
        (X, sparse.csr_array(Y)),
        {},
        "Y is a sparse matrix: give it dense, with NaN (not 0) for what is unobserved.",
    ),
    "no row": ((X[:0], Y[:0]), {}, "X has 0 sample(s): give at least one row."),
    "no column": ((X, Y[:, :0]), {}, "Y has no column: give one column per outcome."),
    "infinity": (
        (X, named(lab=Y[:, 0], los=np.where(Y[:, 1] == 4, INF, Y[:, 1]))),
        {},
        "Y (task 'los') contains infinity in row 2: use NaN for an unobserved value.",
    ),
    "empty task": (
        (X, named(lab=Y[:, 0], los=np.full(5, NAN))),
        {},
        "Y (task 'los') contains NaN only, no observed entry: leave the task out or give it at least one value.",
    ),
    "task without weight": (
        (X, Y, np.where(np.isnan(Y), 1.0, [1.0, 0.0, 1.0])),
        {},
        "sample_weight is zero for every observed entry of Y (task 1): leave the task out or give it weight.",
    ),
    "place without weight": (
        (X, Y[:, 0], np.array([1.0, 0, 1, 0, 1])),
        {"task": TASK},
        "sample_weight is zero for every observed entry of Y (task 'b'): leave the task out or give it weight.",
    ),
    "place without outcome": (
        (X, np.where(TASK == "a", NAN, Y[:, 0])),
        {"task": TASK},
        "Y (task 'a') contains NaN only, no observed entry: leave the task out or give it at least one value.",
    ),
    "words for numbers": (
        (X, named(lab=Y[:, 0], los=["low", None, "high", "low", "low"])),
        {},
        "Y (task 'los') is not numeric (it holds 'low'): use a classification loss or estimator for it, or turn "
        "it into numbers.",
    ),
    "two columns of one name": (
        (X, pd.DataFrame(Y, columns=["lab", "los", "lab"])),
        {},
        "Y has two columns named 'lab': give every outcome a name of its own.",
    ),
    "task beside a table": (
        (X, Y),
        {"task": TASK},
        "task goes with a 1-D Y (one outcome, one task id per row), but Y has 3 columns: drop task, or give one "
        "column.",
    ),
    "row without a task": (
        (X, Y[:, 0]),
        {"task": np.array(["a", None, "b", "b", "a"], dtype=object)},
        "task has no id in row 1: give every row an id or drop the row.",
    ),
    "weights of another shape": (
        (X, Y, np.ones((5, 2))),
        {},
        "sample_weight has shape (5, 2): give it the shape (5,) or (5, 3).",
    ),
    "weight below zero": (
        (X, Y, -np.ones(5)),
        {},
        "sample_weight holds a negative value: weights must be zero or positive.",
    ),
}


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.parametrize("kind", [IndependentTasks, PooledTasks])
def test_tables(case, kind):
    args, kwargs, message = TABLES[case]
    with pytest.raises(TaskDataError) as error:
        kind(Ridge()).fit(*args, **kwargs)
    assert str(error.value) == message.replace("IndependentTasks", kind.__name__)


FITS = {
    "inner error": (
        IndependentTasks({"lab": Ridge(), "dead": LogisticRegression()}),
        (X, named(lab=Y[:, 0], dead=["no"] * 5)),
        {},
        TaskDataError,
        "Task 'dead': This solver needs samples of at least 2 classes in the data, but the data contains only one "
        "class: ",
    ),
    "inner error in one place": (
        IndependentTasks(LogisticRegression()),
        (X, ["no", "yes", "no", "no", "no"]),
        {"task": TASK},
        TaskDataError,
        "Task 'a': This solver needs samples of at least 2 classes in the data, but the data contains only one class: ",
    ),
    "inner error of a pool": (
        PooledTasks({"lab": Ridge(), "k": Ridge(), "dead": LogisticRegression()}),
        (np.where(X == 3.0, NAN, X), named(lab=Y[:, 0], k=Y[:, 1], dead=["no", "yes"] * 2 + ["no"])),
        {},
        TaskDataError,
        "Tasks 'lab', 'k': Input X contains NaN.",
    ),
    "labels of several types": (
        IndependentTasks(GaussianNB()),
        (X, named(lab=[1.0, "no", "no", 1.0, None], dead=["no", "yes", "no", "no", "no"])),
        {},
        TaskDataError,
        "Y (task 'lab') mixes labels of several types (such as 1.0): give labels of one type.",
    ),
    "unequal weights": (
        IndependentTasks(KNeighborsRegressor(1)),
        (X, named(lab=Y[:, 0], los=Y[:, 1]), np.array([[1.0, 2], [1, 2], [1, 2], [1, 3], [1, 2]])),
        {},
        TaskDataError,
        "sample_weight differs between the rows of task 'los', and KNeighborsRegressor.fit takes no sample_weight: "
        "give equal weights, or an estimator that takes them.",
    ),
    "unequal weights in a pool": (
        PooledTasks(make_pipeline(StandardScaler(), KNeighborsRegressor(1))),
        (X, Y[:, 0], np.arange(5) + 1.0),
        {},
        TaskDataError,
        "sample_weight differs between the rows, and KNeighborsRegressor.fit takes no sample_weight: give equal "
        "weights, or an estimator that takes them.",
    ),
    "two kinds in one outcome": (
        IndependentTasks({"a": Ridge(), "b": GaussianNB()}),
        (X, Y[:, 0]),
        {"task": TASK},
        TaskDataError,
        "task goes with one outcome, so estimator needs regressors only or classifiers only, not both.",
    ),
    "different labels": (
        PooledTasks(GaussianNB()),
        (X, named(dead=["no", "yes"] * 2 + ["no"], home=["no", "yes"] * 2 + [None], stage=[0, 1, 2, 1, 0])),
        {},
        TaskDataError,
        "Tasks 'dead' and 'stage' have different labels, ['no', 'yes'] and [0, 1, 2], and cannot be pooled: give "
        "estimator as a dict with different estimators for them, or leave one out.",
    ),
    "no estimator": (
        IndependentTasks(None),
        (X, Y),
        {},
        InvalidParameterError,
        "The 'estimator' parameter of IndependentTasks must be an object with the methods fit, predict, or a dict from "
        "task name to such objects. Got None instead.",
    ),
    "class for an object": (
        PooledTasks({"a": Ridge(), "b": StandardScaler()}),
        (X, Y[:, 0]),
        {"task": TASK},
        InvalidParameterError,
        "The 'estimator' parameter of PooledTasks must have an object with the methods fit, predict for task 'b'. Got "
        "StandardScaler() instead.",
    ),
    "empty dict": (
        IndependentTasks({}),
        (X, Y),
        {},
        InvalidParameterError,
        "The 'estimator' parameter of IndependentTasks is an empty dict: give every task one.",
    ),
    "unknown task in the dict": (
        IndependentTasks({"lab": Ridge(), "loss": Ridge()}),
        (X, named(lab=Y[:, 0], los=Y[:, 1])),
        {},
        InvalidParameterError,
        "estimator names the task 'loss', which is not among the tasks ['lab', 'los']: correct its name.",
    ),
    "task missing in the dict": (
        PooledTasks({"lab": Ridge()}),
        (X, named(lab=Y[:, 0], los=Y[:, 1])),
        {},
        InvalidParameterError,
        "estimator has no entry for task 'los': give every task an estimator.",
    ),
    "jobs": (
        IndependentTasks(Ridge(), n_jobs="all"),
        (X, Y),
        {},
        InvalidParameterError,
        "The 'n_jobs' parameter of IndependentTasks must be None or an int. Got 'all' instead.",
    ),
    "scaling": (
        PooledTasks(Ridge(), scale_targets="yes"),
        (X, Y),
        {},
        InvalidParameterError,
        "The 'scale_targets' parameter of PooledTasks must be a bool. Got 'yes' instead.",
    ),
    "column not in the frame": (
        TaskColumn(MeanRegularizedRidge(), "hospital"),
        (FRAME.assign(sex=1), Y[:, 0]),
        {},
        TaskDataError,
        "X has no column 'hospital' for the task ids (it has 'age', 'bmi', 'hr', 'bp', 'site', ...): give column the "
        "name of that column.",
    ),
    "position in a frame": (
        TaskColumn(MeanRegularizedRidge(), 4),
        (FRAME, Y[:, 0]),
        {},
        TaskDataError,
        "X has no column 4 for the task ids (it has 'age', 'bmi', 'hr', 'bp', 'site'): give column the name of that "
        "column.",
    ),
    "column twice in the frame": (
        TaskColumn(MeanRegularizedRidge(), "age"),
        (FRAME.set_axis(["age", "bmi", "age", "bp", "site"], axis=1), Y[:, 0]),
        {},
        TaskDataError,
        "X has several columns named 'age': give the task ids a name of their own.",
    ),
    "position beyond the array": (
        TaskColumn(MeanRegularizedRidge(), 4),
        (X, Y[:, 0]),
        {},
        TaskDataError,
        "X has no column 4 for the task ids (it has 4): give column their position.",
    ),
    "name in an array": (
        TaskColumn(MeanRegularizedRidge(), "site"),
        (X, Y[:, 0]),
        {},
        TaskDataError,
        "column='site' is a name, but X is an array, whose columns have none: give the position of the task ids, or X "
        "as a frame.",
    ),
    "id missing in the column": (
        TaskColumn(IndependentTasks(Ridge()), "site"),
        (FRAME.assign(site=["a", "b", None, "b", "a"]), Y[:, 0]),
        {},
        TaskDataError,
        "task has no id in row 2: give every row an id or drop the row.",
    ),
    "estimator without tasks": (
        TaskColumn(make_pipeline(StandardScaler(), Ridge()), "site"),
        (FRAME, Y[:, 0]),
        {},
        TaskDataError,
        "Ridge.fit takes no task: give TaskColumn a multi-task estimator, or a Pipeline that ends in one, and a search "
        "outside of it.",
    ),
    "estimator without weights": (
        TaskColumn(KNeighborsRegressor()),
        (X, Y[:, 0], np.ones(5)),
        {},
        TaskDataError,
        "KNeighborsRegressor.fit takes no sample_weight: leave it out, or give TaskColumn an estimator that takes it.",
    ),
    "no estimator in TaskColumn": (
        TaskColumn(StandardScaler(), "site"),
        (FRAME, Y[:, 0]),
        {},
        InvalidParameterError,
        "The 'estimator' parameter of TaskColumn must be an object with the methods fit, predict. Got StandardScaler() "
        "instead.",
    ),
}


@pytest.mark.parametrize("case", FITS)
def test_fits(case):
    model, args, kwargs, kind, message = FITS[case]
    with pytest.raises(kind) as error:
        model.fit(*args, **kwargs)
    # scikit-learn's own sentence may go on, and differs between releases.
    text = str(error.value)
    assert text.startswith(message) if case.startswith("inner error") else text == message


def test_search_inside_task_column_is_refused():
    with pytest.raises(TaskDataError, match=r"GridSearchCV\.fit takes no task.*a search outside of it"):
        TaskColumn(GridSearchCV(Ridge(), {"alpha": [1.0]}), "site").fit(FRAME, Y[:, 0])


UNKNOWN = (
    "task 'c' was not seen in fit (known: 'a', 'b'): predict for known tasks only, or call predict without task for "
    "the predictions of every task."
)


@pytest.mark.parametrize("kind", [IndependentTasks, PooledTasks])
def test_unknown_task(kind):
    model = kind(Ridge()).fit(X, Y[:, 0], task=TASK)
    with pytest.raises(TaskDataError) as error:
        model.predict(X, task=["a", "b", "c", "c", "a"])
    assert str(error.value) == UNKNOWN
    with pytest.raises(TaskDataError) as error:
        TaskColumn(kind(Ridge()), "site").fit(FRAME, Y[:, 0]).predict(FRAME.assign(site=list("abcca")))
    assert str(error.value) == UNKNOWN
    with pytest.raises(TaskDataError, match=r"task has shape \(4,\) but X has 5 rows: give one task id per row."):
        model.predict(X, task=TASK[:4])


@pytest.mark.parametrize("kind", [IndependentTasks, PooledTasks])
def test_score_needs_task(kind):
    model = kind(Ridge()).fit(X, Y[:, 0], task=TASK)
    with pytest.raises(TaskDataError, match=f"This {kind.__name__} was fitted on rows of tasks, so score needs task"):
        model.score(X, Y[:, 0])


def test_column_gone_at_predict():
    model = TaskColumn(MeanRegularizedRidge(), "site").fit(FRAME, Y[:, 0])
    with pytest.raises(TaskDataError, match="X has no column 'site' for the task ids"):
        model.predict(FRAME.drop(columns="site"))
    ids = np.insert(X, 0, [1, 2, 1, 2, 1], axis=1)
    model = TaskColumn(MeanRegularizedRidge(), 0).fit(ids, Y[:, 0])
    with pytest.raises(ValueError, match="X has 4 features, but TaskColumn is expecting 5 features as input"):
        model.predict(X)


def test_probabilities_of_unlike_tasks():
    labels = named(lab=Y[:, 0], dead=["no", "yes"] * 2 + ["no"], stage=[0, 1, 2, 1, 0])
    model = IndependentTasks({"lab": Ridge(), "dead": GaussianNB(), "stage": GaussianNB(var_smoothing=0.1)})
    model.fit(X, labels)
    assert model.predict_proba(X[:2], task=["dead", "dead"]).shape == (2, 2)
    with pytest.raises(TaskDataError) as error:
        model.predict_proba(X[:2], task=["dead", "lab"])
    assert str(error.value) == (
        "Task 'lab' is a regression task and has no probabilities: leave its rows out, or call predict_proba without "
        "task."
    )
    with pytest.raises(TaskDataError) as error:
        model.predict_proba(X[:2], task=["dead", "stage"])
    assert str(error.value) == (
        "Task 'dead' has 2 classes and task 'stage' has 3, which do not fit into one array: call predict_proba without "
        "task."
    )
    with pytest.raises(TaskDataError) as error:
        model.score(X, Y[:, 0], task=["lab"] * 5)
    assert str(error.value) == (
        "score of numeric and labelled outcomes together needs all 3 of them as columns, but y has 1: give the whole "
        "table, without task."
    )


def test_decision_function():
    several = IndependentTasks(LogisticRegression()).fit(X, named(a=[0, 1, 0, 1, 1], b=[1, 1, 0, 1, 0]))
    with pytest.raises(AttributeError) as error:
        several.decision_function(X)
    assert "IndependentTasks was fitted on several outcomes, which have no common decision_function" in str(
        error.value.__cause__ or error.value
    )
    unlike = IndependentTasks(LogisticRegression()).fit(X, [0, 1, 1, 2, 2], task=TASK)
    with pytest.raises(TaskDataError) as error:
        unlike.decision_function(X, task=["b"] * 5)
    assert str(error.value) == (
        "Task 'b' was fitted without the class 0, so it has no decision_function for all classes: use predict_proba."
    )
    three = IndependentTasks(LogisticRegression()).fit(
        np.tile(X, (2, 1)), [0, 1, 1, 2, 2, 0, 0, 1, 1, 2], task=[0] * 5 + [1] * 5
    )
    assert three.decision_function(X, task=[0, 1, 1, 0, 0]).shape == (5, 3)
    with pytest.raises(TaskDataError) as error:
        three.decision_function(X)
    assert str(error.value) == (
        "decision_function of 3 classes needs task, the task id of each row: give it, or use predict_proba."
    )


def test_other_errors_keep_their_type_and_name_the_task():
    class Broken(Ridge):
        def fit(self, X, y, sample_weight=None):
            raise ZeroDivisionError("bug")

    with pytest.raises(ZeroDivisionError, match="bug") as error:
        IndependentTasks({"lab": Ridge(), "los": Broken()}).fit(X, named(lab=Y[:, 0], los=Y[:, 1]))
    assert error.value.__notes__ == ["Task 'los', in the fit of Broken."]
    # A single outcome has nothing to tell apart.
    with pytest.raises(ValueError, match="Input X contains NaN") as error:
        IndependentTasks(Ridge()).fit(np.where(X == 3.0, NAN, X), Y[:, 0])
    assert not isinstance(error.value, TaskDataError)
