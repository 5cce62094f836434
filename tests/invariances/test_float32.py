"""Features in single precision: kept as they are, summed in double precision, predicted in single precision."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skmtl.data import SharedDesign, TaskLayout, as_task_data
from skmtl.linear_model import (
    MeanRegularizedRidge,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    TraceNormRegressor,
)

T = 3
# Features few and fewer than rows; so many that columns of the Gram are made as they enter; more than rows.
SHAPES = {"small": (60, 6), "lazy": (4000, 400), "wide": (30, 80)}
MODELS = {
    "lasso": MultiTaskLasso(alpha=0.05),
    "ridge": MeanRegularizedRidge(alpha=0.1),
    "trace": TraceNormRegressor(alpha=0.1),
    "no intercept": MultiTaskLasso(alpha=0.05, fit_intercept=False),
}


def table(n, p, order="C", missing=0.0):
    """Features of single precision, and targets."""
    rng = np.random.default_rng(0)
    X = np.array(rng.normal(size=(n, p)) + 1.0, dtype=np.float32, order=order)
    Y = X[:, :T].astype(float) + 0.5 * rng.normal(size=(n, T))
    Y[rng.random((n, T)) < missing] = np.nan
    return X, Y


def same(single, double, tol=1e-9):
    for one, other in ((single.coef_, double.coef_), (single.intercept_, double.intercept_)):
        assert one.dtype == np.float64
        np.testing.assert_allclose(one, other, rtol=0, atol=tol * max(1.0, np.abs(other).max()))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("model", MODELS)
def test_same_coefficients_as_in_double_precision(model, shape, missing, order):
    if shape == "lazy" and (model != "lasso" or missing):
        pytest.skip("one route through a lazy Gram is enough")
    X, Y = table(*SHAPES[shape], order, missing)
    model = MODELS[model].set_params(tol=1e-9)
    single, double = model.fit(X, Y).__dict__.copy(), model.fit(X.astype(float), Y)
    for name in ("coef_", "intercept_"):
        other = getattr(double, name)
        np.testing.assert_allclose(single[name], other, rtol=0, atol=1e-9 * max(1.0, np.abs(other).max()))
        assert single[name].dtype == np.float64


@pytest.mark.parametrize("solver", ["auto", "fista"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("shape", SHAPES)
def test_targets_in_single_precision(shape, missing, solver):
    """Kept as they are, and far from zero, where sums in single precision would be seen."""
    X, Y = table(*SHAPES[shape], missing=missing)
    Y = (Y + 300.0).astype(np.float32)
    assert as_task_data(X, Y).y.dtype == np.float32
    models = [MultiTaskLasso(alpha=0.2, solver=solver, tol=1e-9)]
    if shape == "small":
        models += [
            MeanRegularizedRidge(alpha=0.1, solver="auto" if solver == "auto" else "lbfgs", tol=1e-11),
            MultiTaskLasso(alpha=0.05, scale_targets=True, solver=solver, tol=1e-9),
            MultiTaskLasso(alpha=0.05, task_weight="deviance", solver=solver, tol=1e-9),
            MultiTaskLasso(alpha=20.0, fit_intercept=False, solver=solver, tol=1e-9),
            MultiTaskGLM(loss="huber", alpha=0.05, tol=1e-9),
            MultiTaskLassoCV(alphas=4, cv=3, solver=solver, tol=1e-9),
        ]
    for model in models:
        single = model.fit(X, Y).__dict__.copy()
        double = model.fit(X, Y.astype(np.float64)).__dict__
        for name in ("coef_", "intercept_"):
            assert single[name].dtype == np.float64
            np.testing.assert_allclose(single[name], double[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", ["small", "wide"])
@pytest.mark.parametrize("form", ["dense", "sparse", "rows"])
@pytest.mark.parametrize(
    "model",
    [MultiTaskLogisticRegression(alpha=0.01), MultiTaskGLM(loss="poisson", alpha=0.01)],
    ids=["logistic", "poisson"],
)
def test_curved_losses(model, form, shape):
    X, Y = table(*SHAPES[shape])
    Y = (Y > 1.0) * 1
    task = None
    if form == "sparse":
        X = sparse.csr_array(np.where(np.abs(X) > 0.7, X, np.float32(0)))
    if form == "rows":
        task, Y = np.arange(len(X)) % T, Y[:, 0]
    fits = [model.__class__(**model.get_params()).fit(x, Y, task=task) for x in (X, X.astype(np.float64))]
    same(*fits)


@pytest.mark.parametrize("form", ["C", "F", "frame", "csr", "csc"])
def test_features_are_kept(form):
    X, Y = table(50, 4, "F" if form == "F" else "C")
    if form == "frame":
        X = pd.DataFrame(X)
    elif form in ("csr", "csc"):
        X = sparse.csr_array(X).asformat(form)
    data = as_task_data(X, Y)
    assert data.design.X.dtype == np.float32
    if form in ("C", "F"):
        assert data.design.X is X


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_predictions_have_the_precision_of_the_features(form):
    """Computed in double precision: features far from zero cost no digits but the last step's."""
    X, Y = table(200, 5)
    X += 1e4
    model = MultiTaskLasso(alpha=0.05).fit(X, Y)
    double = model.predict(form(X.astype(float)))
    single = model.predict(form(X))
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert single.flags.c_contiguous
    np.testing.assert_allclose(single, double, rtol=1e-6, atol=1e-7)
    classifier = MultiTaskLogisticRegression(alpha=0.01).fit(X, Y > 1)
    np.testing.assert_array_equal(classifier.predict(form(X)), classifier.predict(form(X.astype(float))))
    assert classifier.predict_proba(form(X))[0].dtype == np.float32


def test_sums_over_the_data_are_in_double_precision():
    """Squares, Grams and columns, where single precision would be seen in the eighth digit."""
    X, Y = table(500, 4, missing=0.3)
    data = as_task_data(X, Y)
    single, double = data.design, SharedDesign(X.astype(float), data.layout)
    weight = np.random.default_rng(1).exponential(size=data.layout.n_entries)
    own = weight[data.layout.entries(1)]
    for name, arguments in {
        "adjoint": (weight,),
        "second_moment": (weight,),
        "gram": (1, own),
        "columns": (1, np.array([0, 2])),
        "forward": (np.ones((4, T)), np.zeros(T)),
    }.items():
        one, other = (getattr(design, name)(*arguments) for design in (single, double))
        for left, right in zip(one, other, strict=True):
            assert left.dtype == np.float64
            np.testing.assert_allclose(left, right, rtol=1e-13)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_sums_of_targets_are_in_double_precision(missing):
    X, Y = table(500, 4, missing=missing)
    data = as_task_data(X, (Y + 1e4).astype(np.float32))
    sums = data.layout.sum_by_task(data.y)
    np.testing.assert_allclose(sums, data.layout.sum_by_task(data.y.astype(np.float64)), rtol=1e-14)


@pytest.mark.parametrize("targets", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("model", [MultiTaskLasso(alpha=0.3), MeanRegularizedRidge(alpha=0.1)], ids=repr)
def test_no_copy_in_double_precision(model, order, targets):
    X, Y = table(80_000, 50, order)
    Y = Y.astype(targets)
    model.fit(X[:100], Y[:100])
    for call in (lambda: model.fit(X, Y), lambda: model.predict(X)):
        tracemalloc.start()
        call()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 0.3 * (X.nbytes + Y.nbytes)


def test_wide_features_are_not_copied_whole():
    """Where rows are long, blocks hold fewer of them."""
    X = np.random.default_rng(0).normal(size=(100, 60_000)).astype(np.float32)
    layout = TaskLayout((0,), np.arange(100), np.array([0, 100]), 100, np.ones(1, dtype=np.intp))
    design = SharedDesign(X, layout)
    tracemalloc.start()
    design.adjoint(design.forward(np.ones((60_000, 1)), np.zeros(1)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.3 * X.nbytes
