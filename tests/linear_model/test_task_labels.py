"""A graph (kernel, precision) with names goes with the tasks of these names, or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.exceptions import InvalidParameterError
from skmtl.kernel_ridge import MultiTaskKernelRidge, MultiTaskKernelRidgeCV
from skmtl.linear_model import GraphRegularizedRidge, GraphRegularizedRidgeCV, MultiTaskGLM
from skmtl.penalties import Bounded, GraphElasticNet, GraphRegularization, TaskPrecision
from skmtl.svm import MultiTaskSVR

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
NAMES = ["a", "b", "c"]
Y = pd.DataFrame(X @ RNG.normal(size=(3, 3)) + RNG.normal(size=(40, 3)), columns=NAMES)
CHAIN = pd.DataFrame([[0, 1, 0], [1, 0, 4], [0, 4, 0]], index=NAMES, columns=NAMES, dtype=float)
TURNED = CHAIN.loc[["c", "a", "b"], ["c", "a", "b"]]
COVARIANCE = CHAIN + 10 * np.eye(3)
MAKE = {
    "ridge": (lambda graph: GraphRegularizedRidge(graph=graph), CHAIN, "graph"),
    "ridge cv": (lambda graph: GraphRegularizedRidgeCV(graph=graph, alphas=[0.1], sharing=0.5, cv=2), CHAIN, "graph"),
    "laplacian": (
        lambda graph: GraphRegularizedRidge(graph=graph, graph_form="laplacian"),
        pd.DataFrame(np.diag(CHAIN.sum()), NAMES, NAMES) - CHAIN,
        "graph",
    ),
    "glm": (lambda graph: MultiTaskGLM(penalty=GraphElasticNet(graph)), CHAIN, "graph"),
    "bounded": (lambda graph: MultiTaskGLM(penalty=Bounded(GraphRegularization(graph), 0.0)), CHAIN, "graph"),
    "precision": (lambda given: MultiTaskGLM(penalty=TaskPrecision(given)), COVARIANCE, "precision"),
    "kernel": (lambda given: MultiTaskKernelRidge(task_kernel=given), COVARIANCE, "task_kernel"),
    "kernel cv": (lambda given: MultiTaskKernelRidgeCV(task_kernel=given, alphas=[0.1]), COVARIANCE, "task_kernel"),
    "svm": (lambda given: MultiTaskSVR(task_kernel=given), COVARIANCE, "task_kernel"),
}


@pytest.mark.parametrize(("make", "frame", "argument"), MAKE.values(), ids=MAKE)
def test_names_in_another_order_are_refused(make, frame, argument):
    right = make(frame.to_numpy()).fit(X, Y).predict(X)
    np.testing.assert_array_equal(make(frame).fit(X, Y).predict(X), right)
    turned = frame.loc[["c", "a", "b"], ["c", "a", "b"]]
    with pytest.raises(InvalidParameterError) as error:
        make(turned).fit(X, Y)
    assert str(error.value) == (
        f"{argument} has the column 'c' where the fit has task 'a': give it in the order of the tasks, 'a', 'b', 'c'."
    )
    with pytest.raises(InvalidParameterError, match=f"{argument} has the row 'c' where the fit has task 'a'"):
        make(frame.loc[["c", "a", "b"]]).fit(X, Y)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            ["a", "b", "z"],
            "graph has a column 'z', which is no task of the fit ('a', 'b', 'c'): name its columns as the",
        ),
        (["a", "b"], "graph has no column for task 'c': give it one of each task."),
        (["a", "b", "c", "a"], "graph has several columns 'a': give it one of each task."),
    ],
)
def test_other_names_are_refused(labels, said):
    graph = pd.DataFrame(np.zeros((len(labels), len(labels))), index=labels, columns=labels)
    with pytest.raises(InvalidParameterError) as error:
        GraphRegularizedRidge(graph=graph).fit(X, Y)
    assert str(error.value).startswith(said)


def test_what_has_no_names_goes_by_position():
    right = GraphRegularizedRidge(graph=CHAIN.to_numpy()).fit(X, Y).coef_
    plain = pd.DataFrame(CHAIN.to_numpy())
    np.testing.assert_array_equal(GraphRegularizedRidge(graph=plain).fit(X, Y).coef_, right)
    # Outcomes of an array have no names to compare with.
    np.testing.assert_array_equal(GraphRegularizedRidge(graph=CHAIN).fit(X, Y.to_numpy()).coef_, right)


def test_rows_of_an_incidence_are_edges_and_rows_of_tasks_have_sorted_ids():
    edges = pd.DataFrame([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]], index=["first", "second"], columns=NAMES)
    model = GraphRegularizedRidge(graph=edges, graph_form="incidence").fit(X, Y)
    plain = GraphRegularizedRidge(graph=edges.to_numpy(), graph_form="incidence").fit(X, Y)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    with pytest.raises(InvalidParameterError, match="graph has the column 'b' where the fit has task 'a'"):
        GraphRegularizedRidge(graph=edges[["b", "a", "c"]], graph_form="incidence").fit(X, Y)
    site = np.tile(["c", "b", "a", "b"], 10)
    assert GraphRegularizedRidge(graph=CHAIN).fit(X, Y["a"], task=site).task_names_.tolist() == NAMES
    with pytest.raises(InvalidParameterError, match="graph has the column 'c' where the fit has task 'a'"):
        GraphRegularizedRidge(graph=TURNED).fit(X, Y["a"], task=site)
