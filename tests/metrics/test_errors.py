"""Bad input: one sentence that names the argument, the task and the cure."""

import re

import numpy as np
import pytest
from scipy import sparse

from skmtl import metrics
from skmtl.exceptions import TaskDataError

NAN, INF = np.nan, np.inf
Y = np.array([[1.0, 2.0], [3.0, NAN], [5.0, 4.0]])
P = np.ones((3, 2))
B = np.array([[0.0, 1.0], [1.0, NAN], [1.0, 0.0]])
Q = np.array([[0.2, 0.6], [0.7, 0.5], [0.9, 0.1]])
K = np.array([[0.2, 0.3, 0.5]] * 3)
PAIR = [np.column_stack([1 - Q[:, t], Q[:, t]]) for t in range(2)]


def change(array, row, column, value):
    array = array.copy()
    array[row, column] = value
    return array


def frame(array, names="ab"):
    return pytest.importorskip("pandas").DataFrame(array, columns=list(names))


CASES = {
    "nothing": ("mean_squared_error", (None, P), {}, "y_true is None: give an array of shape (n,) or (n, T)."),
    "empty": (
        "mean_squared_error",
        (np.empty((0, 2)), np.empty((0, 2))),
        {},
        "y_true is empty, it has the shape (0, 2): give at least one row.",
    ),
    "three dimensions": (
        "mean_squared_error",
        (np.ones((2, 3, 4)), P),
        {},
        "y_true has the shape (2, 3, 4): give an array of shape (n,) or (n, T).",
    ),
    "ragged": (
        "mean_squared_error",
        ([[1.0, 2.0], [3.0]], P),
        {},
        "y_true has rows of unequal length: give an array of shape (n,) or (n, T).",
    ),
    "sparse": (
        "mean_squared_error",
        (sparse.csr_array(P), P),
        {},
        "y_true is a sparse matrix: give it dense, with NaN for what is unobserved.",
    ),
    "masked": (
        "mean_squared_error",
        (np.ma.masked_invalid(Y), P),
        {},
        "y_true is a masked array: give .filled(numpy.nan), NaN is what is unobserved.",
    ),
    "complex": ("mean_squared_error", (Y * 1j, P), {}, "y_true has the type complex128: give numbers or strings."),
    "dates": (
        "mean_squared_error",
        (np.array(["2020-01-01"], dtype="datetime64[D]"), [1.0]),
        {},
        "y_true has the type datetime64[D]: give numbers or strings.",
    ),
    "objects": (
        "mean_squared_error",
        (np.array([1.0, {}], dtype=object), [1.0, 2.0]),
        {},
        "y_true of task 0 holds a dict: give numbers or strings.",
    ),
    "infinite target": (
        "mean_squared_error",
        (change(Y, 0, 1, INF), P),
        {},
        "y_true of task 1 contains infinity: use NaN where the outcome was not observed.",
    ),
    "infinite target of weight zero": (
        "r2_score",
        (change(Y, 0, 1, -INF), P),
        {"sample_weight": [0, 1, 1]},
        "y_true of task 1 contains infinity: use NaN where the outcome was not observed.",
    ),
    "infinite target in rows": (
        "mean_squared_error",
        ([1.0, INF, 2.0], [1.0, 1.0, 1.0]),
        {"task": ["a", "b", "a"]},
        "y_true of task 'b' contains infinity: use NaN where the outcome was not observed.",
    ),
    "infinite object": (
        "mean_squared_error",
        (np.array([1.0, INF], dtype=object), [1.0, 1.0]),
        {},
        "y_true of task 0 contains infinity: use NaN where the outcome was not observed.",
    ),
    "NaN predicted": (
        "mean_absolute_error",
        (Y, change(P, 2, 1, NAN)),
        {},
        "y_pred of task 1 contains NaN where y_true is observed: predict every observed entry, or set y_true to "
        "NaN there.",
    ),
    "infinity predicted": (
        "mean_absolute_error",
        (Y, change(P, 2, 1, INF)),
        {},
        "y_pred of task 1 contains infinity where y_true is observed: predict every observed entry, or set y_true to "
        "NaN there.",
    ),
    "None predicted": (
        "accuracy_score",
        (["a", "b"], ["a", None]),
        {},
        "y_pred of task 0 contains NaN where y_true is observed: predict every observed entry, or set y_true to "
        "NaN there.",
    ),
    "fewer predictions": (
        "mean_squared_error",
        (Y, P[:2]),
        {},
        "y_pred has the shape (2, 2) but y_true has the shape (3, 2): give one prediction for each cell of y_true.",
    ),
    "one prediction for two tasks": (
        "mean_squared_error",
        (Y, P[:, 0]),
        {},
        "y_pred has the shape (3,) but y_true has the shape (3, 2): give one prediction for each cell of y_true.",
    ),
    "negative weight": (
        "r2_score",
        (Y, P),
        {"sample_weight": [1, -1, 1]},
        "sample_weight holds a negative value: weights must be zero or positive.",
    ),
    "NaN weight": (
        "r2_score",
        (Y, P),
        {"sample_weight": [1, NAN, 1]},
        "sample_weight holds NaN or infinity: use 0 for an entry that should not count.",
    ),
    "weights of another shape": (
        "r2_score",
        (Y, P),
        {"sample_weight": [1, 1]},
        "sample_weight has the shape (2,): give it the shape (3,) or (3, 2).",
    ),
    "weights that are words": (
        "r2_score",
        (Y, P),
        {"sample_weight": ["a", "b", "c"]},
        "sample_weight does not hold numbers: give zero or positive numbers.",
    ),
    "task with a table": (
        "r2_score",
        (Y, P),
        {"task": [1, 2, 3]},
        "task goes with a 1-D y_true (one outcome, one task id per row), but y_true has 2 columns: drop task, or give "
        "one column.",
    ),
    "task of another length": (
        "r2_score",
        (Y[:, 0], P[:, 0]),
        {"task": [1, 2]},
        "task has the shape (2,) but y_true has 3 rows: give one task id per row.",
    ),
    "task missing": (
        "r2_score",
        (Y[:, 0], P[:, 0]),
        {"task": ["a", None, "b"]},
        "task has no id in row 1: give every row an id, or drop the row.",
    ),
    "task of two types": (
        "r2_score",
        (Y[:, 0], P[:, 0]),
        {"task": np.array(["a", 1, "b"], dtype=object)},
        "task mixes strings and numbers: give labels of one type.",
    ),
    "average unknown": (
        "r2_score",
        (Y, P),
        {"multioutput": "variance_weighted"},
        "multioutput='variance_weighted' is not known: use 'raw_values', 'uniform_average', 'entries', 'worst' or one "
        "weight per task.",
    ),
    "average of three": (
        "r2_score",
        (Y, P),
        {"multioutput": [1, 2, 3]},
        "multioutput has the shape (3,) but there are 2 tasks: give one weight per task.",
    ),
    "average without weight": (
        "r2_score",
        (Y, P),
        {"multioutput": [0, 0]},
        "multioutput holds a weight that is negative or not finite, or no positive weight: give weights of at least "
        "zero, one of them positive.",
    ),
    "words for numbers": (
        "r2_score",
        ([["a", 1.0], ["b", 2.0]], np.ones((2, 2))),
        {},
        "y_true of task 0 holds strings: r2_score needs numbers, leave the task out or encode it.",
    ),
    "numbers for labels": (
        "accuracy_score",
        (Y + 0.5, P),
        {},
        "y_true of task 0 is continuous: accuracy_score needs class labels, leave the task out or bin it.",
    ),
    "labels of two types": (
        "accuracy_score",
        (np.array(["a", 1, None], dtype=object), ["a", "b", "c"]),
        {},
        "y_true of task 0 mixes strings and numbers: give labels of one type.",
    ),
    "labels of two types in rows": (
        "accuracy_score",
        (np.array(["a", 1, None], dtype=object), ["a", "b", "c"]),
        {"task": [0, 1, 0]},
        "y_true mixes strings and numbers: give labels of one type.",
    ),
    "predicted labels of another type": (
        "f1_score",
        (["a", "b"], [0, 1]),
        {},
        "y_true of task 0 holds strings but y_pred holds numbers: predict labels of the same type.",
    ),
    "three classes for f1": (
        "f1_score",
        ([0, 1, 2], [0, 1, 2]),
        {},
        "y_true of task 0 has 3 classes but f1_score with average='binary' needs two: leave the task out, or make one "
        "column per class.",
    ),
    "pos_label of a string": (
        "f1_score",
        (["no", "yes"], ["no", "no"]),
        {},
        "pos_label=1 is not a label of task 0 (its labels are ['no', 'yes']): give one of them, or pos_label=None for "
        "the greater label of each task.",
    ),
    "pos_label unknown": (
        "average_precision_score",
        (B, Q),
        {"pos_label": 2},
        "pos_label=2 is not a label of task 0 (its labels are [0.0, 1.0]): give one of them, or pos_label=None for "
        "the greater label of each task.",
    ),
    "average over classes": (
        "f1_score",
        (B, B),
        {"average": "samples"},
        "average='samples' is not known: use 'binary', 'micro', 'macro' or 'weighted', and multioutput for the average "
        "over tasks.",
    ),
    "three classes for the area": (
        "roc_auc_score",
        ([0, 1, 2], [0.1, 0.2, 0.3]),
        {},
        "y_true of task 0 has 3 classes but roc_auc_score needs two: leave the task out, or make one column per class.",
    ),
    "no probability": (
        "brier_score_loss",
        (B, 3 * Q),
        {},
        "y_proba of task 0 leaves [0, 1]: brier_score_loss needs probabilities, use predict_proba.",
    ),
    "NaN score": (
        "roc_auc_score",
        (B, change(Q, 0, 0, NAN)),
        {},
        "y_score of task 0 contains NaN where y_true is observed: predict every observed entry, or set y_true to NaN "
        "there.",
    ),
    "two columns for three tasks": (
        "log_loss",
        (np.column_stack([B, B[:, 0]]), Q),
        {},
        "y_proba has the shape (3, 2) but y_true has the shape (3, 3): give one column per task (its positive class), "
        "or the list of arrays that predict_proba gives.",
    ),
    "one array for two tasks": (
        "log_loss",
        (B, PAIR[:1]),
        {},
        "y_proba has 1 arrays but y_true has 2 tasks: give one array per task.",
    ),
    "a regression task": (
        "log_loss",
        (B, [PAIR[0], None]),
        {},
        "y_proba of task 1 is None, so it is a regression task: leave it out of y_true and y_proba.",
    ),
    "regression tasks only": (
        "log_loss",
        (B, [None, None]),
        {},
        "y_proba of task 0 is None, so it is a regression task: leave it out of y_true and y_proba.",
    ),
    "array with too few rows": (
        "log_loss",
        (B, [PAIR[0], PAIR[1][:2]]),
        {},
        "y_proba of task 1 has 2 rows but y_true has 3: give one row for each row of y_true.",
    ),
    "list in rows": (
        "log_loss",
        (B[:, 0], PAIR),
        {"task": [1, 1, 2]},
        "task goes with one array of y_proba, but y_proba is a list: give (n,) or (n, K).",
    ),
    "three columns for two classes": (
        "log_loss",
        (B[:, 0], K),
        {},
        "y_proba of task 0 has 3 columns but y_true has the classes [0.0, 1.0]: give one column per class, and all "
        "classes of the task in labels.",
    ),
    "three columns for an area": (
        "roc_auc_score",
        (B[:, 0], K),
        {},
        "y_score of task 0 has 3 columns but y_true has the classes [0.0, 1.0]: give one column per class, and all "
        "classes of the task in labels.",
    ),
    "one column of unknown class": (
        "log_loss",
        (B, [PAIR[0], PAIR[1][:, 1:]]),
        {},
        "y_proba of task 1 has 1 column but y_true has the classes [0.0, 1.0]: give one column per class, and all "
        "classes of the task in labels.",
    ),
    "labels that lack one": (
        "log_loss",
        (B, PAIR),
        {"labels": [0, 2]},
        "y_true of task 0 holds 1.0, which is not one of its labels [0, 2]: give all classes in labels.",
    ),
    "labels of one task": (
        "log_loss",
        (B, PAIR),
        {"labels": [[0, 1]]},
        "labels has 1 entries but there are 2 tasks: give one array per task, or one array for all.",
    ),
}


@pytest.mark.parametrize(("name", "arguments", "options", "message"), CASES.values(), ids=CASES)
def test_message(name, arguments, options, message):
    with pytest.raises(TaskDataError, match=f"^{re.escape(message)}$"):
        getattr(metrics, name)(*arguments, **options)


def test_messages_use_the_names_of_a_frame():
    with pytest.raises(TaskDataError, match=r"^y_pred of task 'glucose' contains NaN where y_true is observed"):
        metrics.r2_score(frame(Y).rename(columns={"b": "glucose"}), change(P, 0, 1, NAN))


def test_columns_in_another_order():
    message = "y_pred has the columns of y_true in another order: give y_pred[y_true.columns]."
    with pytest.raises(TaskDataError, match=f"^{re.escape(message)}$"):
        metrics.r2_score(frame(Y), frame(P, "ba"))
    with pytest.raises(TaskDataError, match=r"^y_score has the columns of y_true in another order"):
        metrics.roc_auc_score(frame(B), frame(Q, "ba"))


def test_two_columns_of_one_name():
    message = "y_true has two columns named 'a': give every task a name of its own."
    with pytest.raises(TaskDataError, match=f"^{re.escape(message)}$"):
        metrics.r2_score(frame(Y, "aa"), P)
