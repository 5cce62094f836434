"""What a wrong input is told: every message in full, one sentence with the argument, the task and the cure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from skmtl.linear_model import (
    GraphRegularizedRidge,
    MeanRegularizedRidge,
    MultiTaskElasticNet,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
)
from skmtl.losses import LOSSES
from skmtl.multioutput import IndependentTasks
from skmtl.penalties import L1, PENALTIES, ElasticNet
from skmtl.solvers import SOLVERS

N, P, T = 12, 3, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, P))
Y = RNG.normal(size=(N, T))
LABELS = np.array([["a", "x"], ["b", "y"]] * (N // 2))
SITE = np.array(["east", "north", "west"] * (N // 3))


def put(array, index, value, dtype=float):
    changed = np.array(array, dtype=dtype)
    changed[index] = value
    return changed


def listed(names):
    """Registered names as the messages have them."""
    return ", ".join(repr(name) for name in names)


@dataclass
class Bad:
    id: str
    model: Any
    message: str
    y: Any = None
    X: Any = None
    weight: Any = None
    task: Any = None


FRAME = pd.DataFrame(Y, columns=["los", "cost"])
DOUBLE = pd.DataFrame(Y, columns=["los", "los"])
WORDS = FRAME.assign(cost=["cheap", *["12"] * (N - 1)])
CHAIN = np.array([[0.0, 1.0], [1.0, 0.0]])

BAD = [
    # targets
    Bad(
        "no_y",
        MultiTaskLasso(),
        "This MultiTaskLasso estimator requires y to be passed, but the target y is None: give the outcomes.",
        y="none",
    ),
    Bad(
        "sparse_y",
        MultiTaskLasso(),
        "Y is a sparse matrix: give it dense, with NaN (not 0) for what is unobserved.",
        y=sparse.csr_array(Y),
    ),
    Bad(
        "three_dimensions",
        MultiTaskLasso(),
        "Y must be 1-D or 2-D (rows, outcomes), got an array of shape (12, 2, 1): give one column per outcome.",
        y=Y[:, :, None],
    ),
    Bad("no_column", MultiTaskLasso(), "Y has no column: give one column per outcome.", y=np.empty((N, 0))),
    Bad(
        "complex",
        MultiTaskLasso(),
        "Y holds complex numbers. Complex data not supported: give the real part.",
        y=Y + 1j,
    ),
    Bad(
        "infinity",
        MultiTaskLasso(),
        "Y (task 1) contains infinity in row 4: use NaN for an unobserved value.",
        y=put(Y, (4, 1), np.inf),
    ),
    Bad(
        "infinity_in_rows",
        MultiTaskLasso(),
        "Y (one outcome, rows of tasks) contains infinity in row 4: use NaN for an unobserved value.",
        y=put(Y[:, 0], 4, -np.inf),
        task=SITE,
    ),
    Bad(
        "empty_task",
        MultiTaskLasso(),
        "Y (task 'cost') contains NaN only, no observed entry: leave the task out or give it at least one value.",
        y=FRAME.assign(cost=np.nan),
    ),
    Bad(
        "empty_task_in_rows",
        MultiTaskLasso(),
        "Y (task 'north') contains NaN only, no observed entry: leave the task out or give it at least one value.",
        y=np.where(SITE == "north", np.nan, Y[:, 0]),
        task=SITE,
    ),
    Bad(
        "length",
        MultiTaskLasso(),
        "Y has 11 rows but X has 12: give one row of outcomes per row of features.",
        y=Y[:-1],
    ),
    Bad(
        "double_name",
        MultiTaskLasso(),
        "Y has two columns named 'los': give every outcome a name of its own.",
        y=DOUBLE,
    ),
    Bad(
        "words",
        MultiTaskLasso(),
        (
            "Y (task 'cost') is not numeric (it holds 'cheap'): use a classification loss or estimator for it, or"
            " turn it into numbers."
        ),
        y=WORDS,
    ),
    Bad(
        "dates",
        MultiTaskLasso(),
        "Y (task 'cost') holds dates or durations: turn them into numbers, such as days since a start.",
        y=FRAME.assign(cost=pd.date_range("2020-01-01", periods=N)),
    ),
    Bad(
        "three_classes",
        MultiTaskLogisticRegression(),
        (
            "Only binary classification is supported. The type of the target is multiclass. Y (task 1) has 3 "
            "classes: make it two, or one column per class."
        ),
        y=put(LABELS, (0, 1), "z", "<U1"),
    ),
    Bad(
        "one_class",
        MultiTaskLogisticRegression(),
        (
            "Y (task 1) has only one class, 'x', among its observed entries of positive weight: leave the outcome"
            " out or give rows of the other class."
        ),
        y=put(LABELS, (slice(None), 1), "x", "<U1"),
    ),
    Bad(
        "one_class_by_weight",
        MultiTaskLogisticRegression(),
        (
            "Y (task 1) has only one class, 'x', among its observed entries of positive weight: leave the outcome"
            " out or give rows of the other class."
        ),
        y=LABELS,
        weight=(LABELS != "y").astype(float),
    ),
    Bad(
        "one_class_in_a_place",
        MultiTaskLogisticRegression(),
        (
            "Task 'east' has only one class among its rows, so its free intercept has no finite optimum: share "
            "the intercept (share_intercept=True, where the penalty has a common model), merge the task with "
            "another, or leave it out."
        ),
        y=(SITE == "west") | (X[:, 0] > 9),
        task=SITE,
    ),
    Bad(
        "no_such_class_in_a_place",
        MultiTaskGLM(loss="multinomial"),
        (
            "Task 'north' has no entry of class 2 among its rows, so its free intercept has no finite optimum: merge "
            "the task with another, or leave it out."
        ),
        y=np.where(SITE == "north", np.arange(N) % 2, np.arange(N) // 3 % 3),
        task=SITE,
    ),
    Bad(
        "no_count",
        MultiTaskGLM(loss=["squared", "poisson"]),
        (
            "Task 'falls' has no count above zero among its rows, so its free intercept has no finite optimum: share "
            "the intercept (share_intercept=True, where the penalty has a common model), merge the task with "
            "another, or leave it out."
        ),
        y=FRAME.assign(falls=0)[["los", "falls"]],
    ),
    Bad(
        "negative_count",
        MultiTaskGLM(loss="poisson"),
        (
            "Y (task 'los') is read as a count but holds -1 in row 4: give numbers of zero or more, or use a loss for "
            "numeric outcomes."
        ),
        y=FRAME.abs().assign(los=put(np.ones(N), 4, -1.0)),
    ),
    Bad(
        "mixed_labels",
        MultiTaskLogisticRegression(),
        "Y (task 1) mixes labels of several types (int, str): give labels of one type.",
        y=put(LABELS, (0, 1), 3, object),
    ),
    Bad(
        "continuous_labels",
        MultiTaskLogisticRegression(),
        (
            "Unknown label type: continuous. Y (task 0) does not hold classes: use a regression loss or estimator"
            " for it, or turn it into two classes."
        ),
        y=Y,
    ),
    # features
    Bad(
        "infinity_in_x",
        MultiTaskLasso(),
        "Input X contains infinity or a value too large for dtype('float64').",
        X=put(X, (1, 1), np.inf),
    ),
    # weights
    Bad(
        "negative_weight",
        MultiTaskLasso(),
        "sample_weight holds a negative value: weights must be zero or positive.",
        weight=put(np.ones(N), 3, -1.0),
    ),
    Bad(
        "nan_weight",
        MultiTaskLasso(),
        "sample_weight holds NaN or infinity: use 0 for an entry that should not count.",
        weight=put(np.ones((N, T)), (3, 0), np.nan),
    ),
    Bad(
        "weight_shape",
        MultiTaskLasso(),
        "sample_weight has shape (12, 3): give it the shape (12,) or (12, 2).",
        weight=np.ones((N, 3)),
    ),
    Bad(
        "weight_length",
        MultiTaskLasso(),
        "sample_weight has shape (11,): give it the shape (12,).",
        y=Y[:, 0],
        weight=np.ones(N - 1),
    ),
    Bad(
        "zero_weight_task",
        MultiTaskLasso(),
        "sample_weight is zero for every observed entry of Y (task 'cost'): leave the task out or give it weight.",
        y=FRAME,
        weight=put(np.ones((N, T)), (slice(None), 1), 0.0),
    ),
    Bad(
        "zero_weight_place",
        MultiTaskLasso(),
        "sample_weight is zero for every observed entry of Y (task 'west'): leave the task out or give it weight.",
        y=Y[:, 0],
        weight=(SITE != "west").astype(float),
        task=SITE,
    ),
    Bad(
        "weight_columns_in_another_order",
        MultiTaskLasso(),
        "sample_weight has the columns of Y in another order: give sample_weight[Y.columns].",
        y=FRAME,
        weight=pd.DataFrame(np.ones((N, T)), columns=FRAME.columns[::-1]),
    ),
    Bad(
        "weight_columns_in_another_order_apart",
        IndependentTasks(Ridge()),
        "sample_weight has the columns of Y in another order: give sample_weight[Y.columns].",
        y=FRAME,
        weight=pd.DataFrame(np.ones((N, T)), columns=FRAME.columns[::-1]),
    ),
    Bad(
        "words_as_weight",
        MultiTaskLasso(),
        "sample_weight is not an array of numbers: give numbers of zero or more.",
        weight=["heavy"] * N,
    ),
    Bad(
        "task_weight_name",
        MultiTaskLasso(task_weight="tasks"),
        (
            "The 'task_weight' parameter of MultiTaskLasso must be one of 'entries', 'equal', 'deviance' or "
            "array-like. Got 'tasks' instead."
        ),
    ),
    Bad(
        "task_weight_length",
        MultiTaskLasso(task_weight=[1.0, 1.0, 1.0]),
        "task_weight has shape (3,) but there are 2 tasks: give one number per task.",
    ),
    Bad(
        "task_weight_zero",
        MultiTaskLasso(task_weight=[1.0, 0.0]),
        (
            "task_weight of task 'cost' is not a positive finite number: give positive weights and leave an "
            "unwanted task out of Y."
        ),
        y=FRAME,
    ),
    Bad(
        "task_weight_words",
        MultiTaskLasso(task_weight=["a", "b"]),
        "task_weight is not an array of numbers: give one positive number per task.",
        y=FRAME,
    ),
    Bad(
        "constant_with_deviance",
        MultiTaskLasso(task_weight="deviance"),
        (
            "task_weight='deviance' divides by the deviance of task 'cost', which is zero (a constant outcome): "
            "leave the task out or use another task_weight."
        ),
        y=FRAME.assign(cost=7.0),
    ),
    # tasks
    Bad(
        "task_length",
        MultiTaskLasso(),
        "task has shape (11,) but X has 12 rows: give one task id per row.",
        y=Y[:, 0],
        task=SITE[:-1],
    ),
    Bad(
        "task_missing",
        MultiTaskLasso(),
        "task has no id in row 5: give every row an id or drop the row.",
        y=Y[:, 0],
        task=put(SITE, 5, None, object),
    ),
    Bad(
        "task_mixed",
        MultiTaskLasso(),
        "task mixes ids of several types (int, str): give ids of one type.",
        y=Y[:, 0],
        task=put(SITE, 5, 7, object),
    ),
    Bad(
        "task_with_wide_y",
        MultiTaskLasso(),
        (
            "task goes with a 1-D Y (one outcome, one task id per row), but Y has 2 columns: drop task, or give "
            "one column."
        ),
        task=SITE,
    ),
    Bad(
        "losses_with_rows",
        MultiTaskGLM(loss=["squared", "logistic", "squared"]),
        "task goes with one outcome, so every task needs the same kind of loss: give one for all.",
        y=Y[:, 0],
        task=SITE,
    ),
    # graphs
    Bad(
        "graph_shape",
        GraphRegularizedRidge(graph=np.ones((3, 3))),
        "graph has shape (3, 3) but there are 2 tasks: give it the shape (2, 2).",
    ),
    Bad(
        "graph_asymmetric",
        GraphRegularizedRidge(graph=np.array([[0, 1], [0, 0]])),
        "graph is not symmetric: give each edge the same weight in both directions.",
    ),
    Bad(
        "graph_negative",
        GraphRegularizedRidge(graph=-CHAIN),
        (
            "graph has a negative weight between tasks 0 and 1, so the problem is not convex: use weights of zero"
            " or more."
        ),
    ),
    Bad(
        "graph_nan",
        GraphRegularizedRidge(graph=CHAIN * np.nan),
        "graph holds NaN or infinity: use 0 where two tasks are not linked.",
    ),
    Bad(
        "graph_not_psd",
        GraphRegularizedRidge(graph=np.array([[-1, 1], [1, -1]]), graph_form="laplacian"),
        (
            "graph, read as 'laplacian', is not positive semi-definite, so the problem is not convex: give a "
            "Laplacian, or edge weights as 'adjacency'."
        ),
    ),
    Bad(
        "graph_rows",
        GraphRegularizedRidge(graph=CHAIN, graph_form="laplacian"),
        (
            "graph, read as 'laplacian', has rows that do not sum to zero, so equal coefficients would be "
            "penalised: give a Laplacian as 'laplacian', one signed row per edge as 'incidence', or edge weights "
            "as 'adjacency'."
        ),
    ),
    Bad(
        "graph_incidence_rows",
        GraphRegularizedRidge(graph=[[1.0, 1.0]], graph_form="incidence"),
        (
            "graph, read as 'incidence', has rows that do not sum to zero, so equal coefficients would be "
            "penalised: give a Laplacian as 'laplacian', one signed row per edge as 'incidence', or edge weights "
            "as 'adjacency'."
        ),
    ),
    Bad(
        "graph_incidence_shape",
        GraphRegularizedRidge(graph=[[1.0, -1.0, 0.0]], graph_form="incidence"),
        "graph has shape (1, 3) but there are 2 tasks: give it the shape (edges, 2).",
    ),
    Bad(
        "graph_form",
        GraphRegularizedRidge(graph=CHAIN, graph_form="edges"),
        (
            "The 'graph_form' parameter of GraphRegularizedRidge must be one of 'adjacency', 'laplacian', "
            "'incidence'. Got 'edges' instead."
        ),
    ),
    # parameters
    Bad(
        "alpha_negative",
        MultiTaskLasso(alpha=-1),
        "The 'alpha' parameter of MultiTaskLasso must be a float in the range [0, inf). Got -1 instead.",
    ),
    Bad(
        "alpha_infinite",
        MultiTaskLasso(alpha=np.inf),
        "The 'alpha' parameter of MultiTaskLasso must be a float in the range [0, inf). Got inf instead.",
    ),
    Bad(
        "alpha_nan",
        MultiTaskLasso(alpha=float("nan")),
        "The 'alpha' parameter of MultiTaskLasso must be a float in the range [0, inf). Got nan instead.",
    ),
    Bad(
        "alpha_word",
        MultiTaskRidge(alpha="1"),
        "The 'alpha' parameter of MultiTaskRidge must be a float in the range [0, inf). Got '1' instead.",
    ),
    Bad(
        "l1_ratio",
        MultiTaskElasticNet(l1_ratio=1.2),
        "The 'l1_ratio' parameter of MultiTaskElasticNet must be a float in the range [0, 1]. Got 1.2 instead.",
    ),
    Bad(
        "sharing",
        MeanRegularizedRidge(sharing=-0.1),
        "The 'sharing' parameter of MeanRegularizedRidge must be a float in the range [0, 1]. Got -0.1 instead.",
    ),
    Bad(
        "tol",
        MultiTaskLasso(tol=0),
        "The 'tol' parameter of MultiTaskLasso must be a float in the range (0, inf). Got 0 instead.",
    ),
    Bad(
        "max_iter",
        MultiTaskLasso(max_iter=0),
        "The 'max_iter' parameter of MultiTaskLasso must be an int in the range [1, inf). Got 0 instead.",
    ),
    Bad(
        "fit_intercept",
        MultiTaskLasso(fit_intercept="yes"),
        "The 'fit_intercept' parameter of MultiTaskLasso must be a bool. Got 'yes' instead.",
    ),
    Bad(
        "penalty_name",
        MultiTaskGLM(penalty="group"),
        (
            f"The 'penalty' parameter of MultiTaskGLM must be one of {listed(PENALTIES)} or a penalty object. Got "
            "'group' instead."
        ),
    ),
    Bad(
        "penalty_parameter",
        MultiTaskGLM(penalty=ElasticNet(l1_ratio=2.0)),
        "The 'l1_ratio' parameter of ElasticNet must be a float in the range [0, 1]. Got 2.0 instead.",
    ),
    Bad(
        "loss_name",
        MultiTaskGLM(loss="hinge"),
        (
            f"The 'loss' parameter of MultiTaskGLM must be one of {listed(LOSSES)}, 'auto' or a loss, a list or a dict "
            "of losses. Got 'hinge' instead."
        ),
    ),
    Bad(
        "loss_name_in_list",
        MultiTaskGLM(loss=["squared", "hinge"]),
        f"loss='hinge' is not known: use {listed(LOSSES)}, 'auto', or a loss object.",
    ),
    Bad(
        "loss_list_length",
        MultiTaskGLM(loss=["squared"]),
        "loss has 1 entries but there are 2 tasks: give one loss per task.",
    ),
    Bad(
        "loss_of_unknown_task",
        MultiTaskGLM(loss={"los": "squared", "died": "logistic"}),
        "loss names the task 'died', which is not among the tasks ['los', 'cost']: correct its name.",
        y=FRAME,
    ),
    Bad(
        "loss_without_a_task",
        MultiTaskGLM(loss={"los": "squared"}),
        "loss has no entry for task 'cost': give every task a loss.",
        y=FRAME,
    ),
    Bad(
        "solver_name",
        MultiTaskLasso(solver="simplex"),
        (
            f"The 'solver' parameter of MultiTaskLasso must be one of 'auto', {listed(SOLVERS)} or a solver object. "
            "Got 'simplex' instead."
        ),
    ),
    Bad(
        "solver_lacks",
        MultiTaskLasso(solver="lbfgs"),
        "solver='lbfgs' needs 'smooth', which GroupLasso does not have: use solver='auto'.",
    ),
    Bad(
        "constraints_with_solver",
        MultiTaskLasso(solver="fista", constraints=lambda coef: [coef >= 0]),
        "constraints need solver='cvxpy' or solver='auto', but solver='fista': change one of them.",
    ),
    Bad(
        "constraints_not_callable",
        MultiTaskLasso(constraints=[1]),
        "The 'constraints' parameter of MultiTaskLasso must be None or a callable. Got [1] instead.",
    ),
    Bad(
        "constraints_return",
        MultiTaskLasso(constraints=lambda coef: 3),
        (
            "constraints must return a list of cvxpy constraints made from the coefficients it is given, such as "
            "[coef >= 0]. Got 3 instead."
        ),
    ),
    Bad(
        "share_with_group_lasso",
        MultiTaskGLM(share_intercept=True),
        (
            "share_intercept=True needs a penalty with a common model, which GroupLasso is not: use mean or graph"
            " regularisation, or share_intercept=False."
        ),
    ),
    Bad(
        "share_with_two_losses",
        MultiTaskGLM(["squared", "logistic"], "mean", share_intercept=True),
        (
            "share_intercept=True pulls intercepts to a common one, which means nothing between different losses:"
            " use one loss for all tasks, or share_intercept=False."
        ),
        y=pd.DataFrame({"los": Y[:, 0], "died": LABELS[:, 0]}),
    ),
    # cross-validation
    Bad(
        "cv_one",
        MultiTaskLassoCV(cv=1),
        (
            "The 'cv' parameter of MultiTaskLassoCV must be None, an int in the range [2, inf), an object with "
            "the methods split or an iterable of (train, test). Got 1 instead."
        ),
    ),
    Bad(
        "alphas_zero",
        MultiTaskLassoCV(alphas=0),
        (
            "The 'alphas' parameter of MultiTaskLassoCV must be an int in the range [1, inf) or array-like. Got 0"
            " instead."
        ),
    ),
    Bad(
        "alphas_negative",
        MultiTaskLassoCV(alphas=[1.0, -1.0]),
        (
            "The 'alphas' parameter of MultiTaskLassoCV must be a number of strengths or a list of positive "
            "numbers. Got [1.0, -1.0] instead."
        ),
    ),
    Bad(
        "eps",
        MultiTaskLassoCV(eps=1.0),
        "The 'eps' parameter of MultiTaskLassoCV must be None or a float in the range (0, 1). Got 1.0 instead.",
    ),
    Bad(
        "rule",
        MultiTaskLassoCV(rule="best"),
        "The 'rule' parameter of MultiTaskLassoCV must be one of 'min', '1se'. Got 'best' instead.",
    ),
    Bad(
        "n_jobs",
        MultiTaskLassoCV(n_jobs="all"),
        (
            "The 'n_jobs' parameter of MultiTaskLassoCV must be None or an int in the range (-inf, inf). Got "
            "'all' instead."
        ),
    ),
    Bad("cv_one_fold", MultiTaskLassoCV(cv=[(np.arange(6), np.arange(6, N))]), "cv gives 1 fold: give at least two."),
    Bad(
        "cv_without_a_task",
        MultiTaskLassoCV(cv=[(np.arange(6), np.arange(6, N)), (np.arange(6, N), np.arange(6))]),
        (
            "In a training part of cv: Task 1 has no observed entry in this subset of the rows: use folds that keep "
            "every task observed, "
            "such as MultiTaskKFold."
        ),
        y=put(Y, (slice(0, 6), 1), np.nan),
    ),
    Bad(
        "penalty_class",
        MultiTaskLogisticRegression(penalty=L1),
        (
            f"The 'penalty' parameter of MultiTaskLogisticRegression must be one of {listed(PENALTIES)} or a penalty "
            "object. Got <class 'skmtl.penalties._l1.L1'> instead."
        ),
    ),
]


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.id) for bad in BAD])
def test_message(bad):
    y = Y if bad.y is None else None if isinstance(bad.y, str) else bad.y
    task = {} if bad.task is None else {"task": bad.task}
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        bad.model.fit(X if bad.X is None else bad.X, y, bad.weight, **task)
    assert str(error.value) == bad.message
    assert not hasattr(bad.model, "coef_")


def test_enough_of_them():
    assert len({bad.id for bad in BAD}) == len(BAD) >= 25
    # scikit-learn's own words for X, else one of ours: never a traceback of NumPy.
    assert all(bad.message and not bad.message.startswith("could not") for bad in BAD)


# -- after the fit ------------------------------------------------------------------------------------

ROWS = MultiTaskLasso().fit(X, Y[:, 0], task=SITE)
WIDE = MultiTaskLasso().fit(X, FRAME)
GLM = MultiTaskGLM(loss="logistic").fit(X, LABELS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ROWS.predict(X, task=np.where(SITE == "west", "south", SITE)),
            "task 'south' was not seen in fit (known: 'east', 'north', 'west'): predict for known tasks only, or call "
            "predict without task for the predictions of every task.",
        ),
        (
            lambda: ROWS.predict(X, task=SITE[:-1]),
            "task has shape (11,) but X has 12 rows: give one task id per row.",
        ),
        (
            lambda: ROWS.predict(X, task=put(SITE, 2, None, object)),
            "task has no id in row 2: give every row an id or drop the row.",
        ),
        (
            lambda: WIDE.predict(X, task=["los"] * 11 + ["died"]),
            "task 'died' was not seen in fit (known: 'los', 'cost'): predict for known tasks only, or call predict "
            "without task for the predictions of every task.",
        ),
        (
            lambda: ROWS.predict(X[:, :2]),
            "X has 2 features, but MultiTaskLasso is expecting 3 features as input.",
        ),
        (
            lambda: GLM.score(X, np.where(LABELS == "y", "z", LABELS)),
            "Y (task 1) holds the label 'z', but the fit knew 'x' and 'y' only: give the labels of the fit.",
        ),
        (
            lambda: GLM.predict(put(X, (0, 0), np.inf)),
            "Input X contains infinity or a value too large for dtype('float64').",
        ),
    ],
)
def test_message_after_the_fit(call, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        call()
    assert str(error.value) == message
