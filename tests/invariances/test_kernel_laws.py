"""The contract of targets, rows and weights, for every kernel method."""

import cases
import numpy as np
import pytest
from kernel_cases import KERNEL

N, P, T = 31, 4, 3
NEW = np.random.default_rng(9).normal(size=(5, P))


@pytest.fixture(params=KERNEL)
def case(request):
    return KERNEL[request.param]


def table(kind, missing=0.3):
    data = cases.table(3, kind="numeric" if kind == "count" else kind, n=N, p=P, T=T)
    Y = np.array(data.Y, dtype=float)
    if kind == "count":
        Y = np.rint(np.exp(0.3 * Y))
    gone = np.random.default_rng(1).random(Y.shape) < missing
    gone[:4] = False
    return np.array(data.X), np.where(gone, np.nan, Y)


def answers(model, **given):
    """What a fitted model says of new rows, as one table of numbers."""
    if hasattr(model, "predict_proba"):
        found = model.predict_proba(NEW, **given)
        return np.column_stack([one[:, -1] for one in found]) if isinstance(found, list) else found[:, -1]
    if hasattr(model, "linear_predictor"):
        return model.linear_predictor(NEW, **given)
    return model.predict(NEW, **given)


def test_rows_of_tasks_are_a_table_with_holes(case):
    X, Y = table(case.kind)
    tasks, rows = np.nonzero(~np.isnan(Y.T))
    wide = answers(case.make().fit(X, Y))
    model = case.make().fit(X[rows], Y[rows, tasks], task=tasks)
    long = np.column_stack([answers(model, task=np.full(len(NEW), t)) for t in range(T)])
    np.testing.assert_allclose(long, wide, atol=case.atol)


def test_missing_is_weight_zero(case):
    if not case.weighted:
        pytest.skip("takes no weights")
    X, Y = table(case.kind)
    weight = 1.0 * ~np.isnan(Y)
    filled = np.where(np.isnan(Y), 1.0, Y)
    missing, unweighted = answers(case.make().fit(X, Y)), answers(case.make().fit(X, filled, sample_weight=weight))
    np.testing.assert_allclose(unweighted, missing, atol=case.atol)


def test_a_row_without_outcomes_is_absent(case):
    X, Y = table(case.kind)
    longer = np.vstack([X[:7], 100 + np.zeros((1, P)), X[7:]])
    holes = np.vstack([Y[:7], np.full((1, T), np.nan), Y[7:]])
    np.testing.assert_allclose(answers(case.make().fit(longer, holes)), answers(case.make().fit(X, Y)), atol=case.atol)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_order_of_rows_tasks_and_features(case, missing):
    X, Y = table(case.kind, missing)
    rng = np.random.default_rng(0)
    rows, tasks = rng.permutation(N), rng.permutation(T)
    one, other = answers(case.make().fit(X, Y)), answers(case.make().fit(X[rows], Y[rows][:, tasks]))
    np.testing.assert_allclose(other, one[:, tasks], atol=case.atol)


def test_single_precision_and_read_only_input(case):
    X, Y = table(case.kind)
    X, Y = X.astype(np.float32), Y.astype(np.float32)
    kept = X.copy(), Y.copy()
    X.flags.writeable = Y.flags.writeable = False
    single, double = answers(case.make().fit(X, Y)), answers(case.make().fit(X.astype(float), Y.astype(float)))
    np.testing.assert_allclose(single, double, atol=max(case.atol, 1e-6))
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(Y, kept[1])


def test_one_outcome_of_a_table_is_the_same_alone(case):
    X, Y = table(case.kind)
    y = Y[:, 0]
    wide = answers(case.make().fit(X, Y[:, :1]))
    np.testing.assert_allclose(answers(case.make().fit(X, y)).ravel(), wide.ravel(), atol=case.atol)
