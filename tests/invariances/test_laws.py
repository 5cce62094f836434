"""Laws that hold for every convex estimator; ``convex`` runs over the registry.

Fits are solved to rounding (see `cases.ConvexCase.make`), so two fits of one problem agree to the square root of
the tolerance in coefficients: 1e-10 in the objective is 1e-5. Where two calls make the same arrays inside, they are
equal to some 1e-12.
"""

import dataclasses
from contextlib import nullcontext

import cases
import numpy as np
import pytest
from scipy import sparse

from skmtl.linear_model import (
    GraphRegularizedRidge,
    MeanRegularizedRidge,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLogisticRegression,
)

N, P, T = 27, 4, 3
NEAR = 2e-5


def close(a, b, tol=NEAR):
    """Equal coefficients and intercepts, relative to the largest."""
    for left, right in ((a.coef_, b.coef_), (a.intercept_, b.intercept_)):
        np.testing.assert_allclose(left, right, rtol=0, atol=tol * max(1.0, np.abs(right).max()))


def missing(case, seed=0, **options):
    return cases.table(seed, kind=case.kind, scenario="missing", n=N, p=P, T=T, **options)


def numeric_zero_one(case):
    """Wide GLM data in one kind of loss, as rows of tasks need."""
    return dataclasses.replace(case, kind="numeric") if case.kind == "mixed" else case


def one_loss(case, **options):
    """The estimator of a case with one loss for all tasks."""
    extra = {"loss": "squared"} if case.kind == "mixed" else {}
    return case.make(T, **extra, **options)


@pytest.mark.parametrize("task_weight", ["entries", "equal", "deviance"])
def test_wide_equals_rows(convex, task_weight):
    case = numeric_zero_one(convex)
    data = missing(case)
    wide = data.fit(one_loss(convex, task_weight=task_weight))
    rows = data.as_rows().fit(one_loss(convex, task_weight=task_weight))
    close(wide, rows)
    assert (wide.data_form_, rows.data_form_) == ("wide", "rows")
    task = np.arange(N) % T
    np.testing.assert_allclose(
        wide.linear_predictor(data.X)[np.arange(N), task], rows.linear_predictor(data.X, task=task), atol=1e-3
    )


def test_nan_is_weight_zero(convex):
    data = missing(convex)
    filled = np.where(np.isnan(data.Y), 1.0, data.Y)
    a = convex.make(T).fit(data.X, data.Y)
    b = convex.make(T).fit(data.X, filled, (~np.isnan(data.Y)).astype(float))
    close(a, b, 1e-12)


def test_a_row_without_targets_is_absent(convex):
    data = missing(convex)
    Y = data.Y.copy()
    empty = np.array([3, 11, 12])
    Y[empty] = np.nan
    for t in range(T):  # both classes stay
        assert len(np.unique(Y[~np.isnan(Y[:, t]), t])) > 1
    a = convex.make(T).fit(data.X, Y)
    b = convex.make(T).fit(np.delete(data.X, empty, axis=0), np.delete(Y, empty, axis=0))
    close(a, b)


def test_nan_is_row_absent_for_that_task(convex):
    """Leaving entries out of the rows form is the same as NaN there."""
    case = numeric_zero_one(convex)
    rows = missing(case).as_rows()
    y = rows.Y[np.arange(len(rows.X)), rows.task]
    # The extremes of each task stay, and with them both classes.
    drop = np.zeros(len(y), dtype=bool)
    for t in range(T):
        mine = np.flatnonzero(rows.task == t)
        drop[mine[np.argsort(y[mine], kind="stable")][2:-2:3]] = True
    assert drop.sum() >= 6
    with_nan = np.where(drop, np.nan, y)
    a = one_loss(convex).fit(rows.X, with_nan, task=rows.task)
    b = one_loss(convex).fit(rows.X[~drop], y[~drop], task=rows.task[~drop])
    close(a, b)
    weight = np.where(drop, 0.0, 1.0)
    c = one_loss(convex).fit(rows.X, y, weight, task=rows.task)
    close(a, c, 1e-12)


@pytest.mark.parametrize("task_weight", ["entries", "equal", "deviance"])
def test_duplicated_row_is_weight_two(convex, task_weight):
    data = missing(convex)
    weight = np.ones(N)
    weight[[2, 5, 17]] = 2.0
    a = convex.make(T, task_weight=task_weight).fit(data.X, data.Y, weight)
    again = np.r_[np.arange(N), 2, 5, 17]
    b = convex.make(T, task_weight=task_weight).fit(data.X[again], data.Y[again])
    close(a, b)


def test_scale_of_all_weights_does_not_matter(convex):
    data = missing(convex)
    weight = np.random.default_rng(1).exponential(size=(N, T)) + 0.1
    close(convex.make(T).fit(data.X, data.Y, weight), convex.make(T).fit(data.X, data.Y, 37.0 * weight))


def test_permuted_rows(convex):
    data = missing(convex)
    order = np.random.default_rng(2).permutation(N)
    weight = np.random.default_rng(1).exponential(size=(N, T)) + 0.1
    close(
        convex.make(T).fit(data.X, data.Y, weight),
        convex.make(T).fit(data.X[order], data.Y[order], weight[order]),
    )


def test_permuted_features(convex):
    data = missing(convex)
    order = np.array([2, 0, 3, 1])
    a, b = convex.make(T).fit(data.X, data.Y), convex.make(T).fit(data.X[:, order], data.Y)
    np.testing.assert_allclose(a.coef_[:, order], b.coef_, atol=NEAR * max(1.0, np.abs(a.coef_).max()))
    np.testing.assert_allclose(a.intercept_, b.intercept_, atol=10 * NEAR)


def test_permuted_tasks(convex):
    data = missing(convex)
    order = np.array([2, 0, 1])
    options = convex.options(T)
    if "times" in options:
        # Visits come in order of time, so of their orders only the reverse, with time running back, is a chain again.
        order = np.array([2, 1, 0])
        options["times"] = -options["times"][order]
    if "graph" in options:
        options["graph"] = options["graph"][np.ix_(order, order)]
    if "loss" in options:
        options["loss"] = [options["loss"][t] for t in order]
    penalty = options.get("penalty")
    if getattr(penalty, "graph", None) is not None:
        options["penalty"] = type(penalty)(penalty.graph[np.ix_(order, order)], penalty.sharing)
    a = convex.make(T).fit(data.X, data.Y)
    b = convex.make(T, **options).fit(data.X, data.Y[:, order])
    np.testing.assert_allclose(a.coef_[order], b.coef_, atol=NEAR * max(1.0, np.abs(a.coef_).max()))
    np.testing.assert_allclose(a.intercept_[order], b.intercept_, atol=10 * NEAR)


def test_one_column_is_one_dimension(convex):
    case = numeric_zero_one(convex)
    data = missing(case)
    seen = ~np.isnan(data.Y[:, 0])
    one = {"loss": "squared"} if convex.kind == "mixed" else {}
    X, y = data.X[seen], data.Y[seen, 0]
    # Of one task the two parts of some sums have the same penalty: at a ratio other than ½ one of them is zero.
    same = convex.penalty.id in ("group_plus_l1", "robust_low_rank")
    with pytest.warns(UserWarning, match="part is zero whatever the data") if same else nullcontext():
        wide = convex.make(1, **one).fit(X, y[:, None])
        flat = convex.make(1, **one).fit(X, y)
        rows = convex.make(1, **one).fit(X, y, task=np.full(len(y), "a"))
    close(wide, flat, 1e-12)
    close(rows, flat)
    assert wide.predict(data.X).shape == (N, 1)
    assert flat.predict(data.X).shape == (N,)


# -- forms of X ---------------------------------------------------------------------------------------


def test_sparse_equals_dense(convex):
    data = missing(convex)
    X = np.where(np.abs(data.X) > 0.6, data.X, 0.0)
    dense = convex.make(T).fit(X, data.Y)
    for form in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix):
        thin = convex.make(T).fit(form(X), data.Y)
        close(dense, thin)
        np.testing.assert_allclose(dense.linear_predictor(X), thin.linear_predictor(form(X)), atol=1e-3)


def test_sparse_rows_of_tasks(convex):
    case = numeric_zero_one(convex)
    data = missing(case).as_rows()
    X = np.where(np.abs(data.X) > 0.6, data.X, 0.0)
    dense = dataclasses.replace(data, X=X).fit(one_loss(convex))
    y = data.Y[np.arange(len(X)), data.task]
    for form in (sparse.csr_array, sparse.csc_array):
        close(dense, one_loss(convex).fit(form(X), y, task=data.task))


def test_float32_is_close_to_float64(convex):
    data = missing(convex)
    X, Y = data.X.astype(np.float32), data.Y.astype(np.float32)
    # The same numbers in another type: nothing is computed in single precision.
    close(convex.make(T).fit(X, Y), convex.make(T).fit(X.astype(float), Y.astype(float)), 1e-12)
    close(convex.make(T).fit(X, Y), convex.make(T).fit(data.X, data.Y), 1e-4)


def test_integer_and_fortran_inputs(convex):
    data = missing(convex)
    X = np.round(3 * data.X)
    a = convex.make(T).fit(X, data.Y)
    close(a, convex.make(T).fit(X.astype(int), data.Y), 1e-12)
    close(a, convex.make(T).fit(np.asfortranarray(X), np.asfortranarray(data.Y)))


def test_read_only_input_is_unchanged(convex):
    data = missing(convex)
    weight = np.random.default_rng(1).exponential(size=(N, T))
    arrays = [data.X.copy(), data.Y.copy(), weight.copy()]
    for array in arrays:
        array.flags.writeable = False
    model = convex.make(T, scale_targets=True).fit(*arrays)
    model.predict(arrays[0])
    for array, original in zip(arrays, (data.X, data.Y, weight), strict=True):
        np.testing.assert_array_equal(array, original)
    close(model, convex.make(T, scale_targets=True).fit(data.X, data.Y, weight), 1e-12)


def test_input_is_unchanged_when_writeable(convex):
    data = missing(convex)
    X, Y, S = sparse.csr_array(data.X), data.Y.copy(), np.ones(N)
    before = X.copy()
    convex.make(T, scale_targets=True).fit(X, Y, S)
    np.testing.assert_array_equal(X.toarray(), before.toarray())
    np.testing.assert_array_equal(Y, data.Y)
    np.testing.assert_array_equal(S, 1.0)


# -- transformations of X and Y -----------------------------------------------------------------------


def test_shift_of_features_leaves_predictions(convex):
    """Free intercepts take up a shift; shared ones do not, since the origin is where they are shared."""
    data = missing(convex)
    shift = np.array([100.0, -3.0, 20.0, 7.0])
    # A shared intercept ties the coefficients to the shift, which costs a quasi-Newton method three digits.
    tol = {"tol": 1e-5} if convex.share_intercept else {}
    a, b = convex.make(T, **tol).fit(data.X, data.Y), convex.make(T, **tol).fit(data.X + shift, data.Y)
    one, other = a.linear_predictor(data.X), b.linear_predictor(data.X + shift)
    if convex.share_intercept:
        assert np.abs(one - other).max() > 1e-2
    else:
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_scale_targets_takes_out_units(convex):
    """y_t -> c_t y_t + d_t gives the same standardised coefficients."""
    data = missing(convex)
    units, offset = np.array([40.0, 1.0, 0.02]), np.array([-300.0, 0.0, 7.0])
    numeric = np.array([loss.id == "squared" for loss in convex.losses(T)])
    units, offset = np.where(numeric, units, 1.0), np.where(numeric, offset, 0.0)
    a = convex.make(T, scale_targets=True).fit(data.X, data.Y)
    b = convex.make(T, scale_targets=True).fit(data.X, data.Y * units + offset)
    np.testing.assert_allclose(b.coef_ / units[:, None], a.coef_, atol=NEAR * np.abs(a.coef_).max())
    np.testing.assert_allclose(b.linear_predictor(data.X), a.linear_predictor(data.X) * units + offset, atol=2e-3)


def test_deviance_weight_takes_out_the_unit_of_one_task():
    """One squared task: with c y the loss stays as it is, so alpha acts on the coefficients of y / c at alpha / c."""
    data = cases.table(1, n=N, p=P, T=2)
    y = data.Y[:, 0]
    a = MultiTaskLasso(0.05, task_weight="deviance", tol=1e-12).fit(data.X, y)
    for c in (30.0, 0.04):
        b = MultiTaskLasso(0.05 / c, task_weight="deviance", tol=1e-12).fit(data.X, c * y + 5.0)
        np.testing.assert_allclose(b.coef_ / c, a.coef_, atol=NEAR)
        assert b.solver_result_.objective == pytest.approx(a.solver_result_.objective, rel=1e-9)


def test_deviance_weight_gives_the_null_model_one_half_per_task():
    """Each task then counts its share of entries: the objective of the empty model is ½ whatever the units."""
    data = cases.table(1, scenario="missing", n=N, p=P, T=T)
    model = MultiTaskLasso(1e6, task_weight="deviance").fit(data.X, data.Y * [1.0, 1e3, 1e-3])
    assert (model.coef_ == 0).all()
    # Σ_t n_t / 2 over n̄ = Σ n_t / T
    assert model.solver_result_.objective == pytest.approx(T / 2, rel=1e-12)


# -- equalities between estimators --------------------------------------------------------------------


@pytest.mark.parametrize("share_intercept", [False, True])
@pytest.mark.parametrize("sharing", [0.0, 0.6, 1.0])
def test_mean_equals_complete_graph(sharing, share_intercept):
    data = cases.table(3, scenario="missing", n=N, p=P, T=T)
    options = {"alpha": 0.4, "sharing": sharing, "share_intercept": share_intercept}
    mean = MeanRegularizedRidge(**options).fit(data.X, data.Y)
    close(mean, GraphRegularizedRidge(**options).fit(data.X, data.Y), 1e-10)
    close(mean, GraphRegularizedRidge(graph=np.full((T, T), 1 / T), **options).fit(data.X, data.Y), 1e-10)


def test_three_forms_of_a_graph_agree():
    data = cases.table(3, scenario="missing", n=N, p=P, T=T)
    adjacency = cases.chain(T)
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    incidence = np.array([[1, -1, 0], [0, 1, -1]]) * np.sqrt([[adjacency[0, 1]], [adjacency[1, 2]]])
    fits = [
        GraphRegularizedRidge(alpha=0.4, sharing=0.9, graph=graph, graph_form=form).fit(data.X, data.Y)
        for graph, form in [
            (adjacency, "adjacency"),
            (sparse.csr_array(adjacency), "adjacency"),
            (laplacian, "laplacian"),
            (incidence, "incidence"),
        ]
    ]
    for other in fits[1:]:
        close(fits[0], other, 1e-10)


def test_glm_equals_its_special_cases():
    data = cases.table(3, scenario="missing", n=N, p=P, T=T)
    glm = MultiTaskGLM(penalty="group_lasso", alpha=0.1, tol=1e-10).fit(data.X, data.Y)
    close(glm, MultiTaskLasso(alpha=0.1, tol=1e-10).fit(data.X, data.Y), 1e-12)
    data = cases.table(3, kind="binary", scenario="missing", n=N, p=P, T=T)
    glm = MultiTaskGLM(loss="logistic", alpha=0.02, tol=1e-10).fit(data.X, data.Y)
    close(glm, MultiTaskLogisticRegression(alpha=0.02, tol=1e-10).fit(data.X, data.Y), 1e-12)


def test_disconnected_tasks_decouple():
    """Without an edge between them two groups of tasks are two fits."""
    data = cases.table(3, scenario="missing", n=N, p=P, T=5)
    graph = np.zeros((5, 5))
    for s, t in ((0, 1), (2, 3), (3, 4)):
        graph[s, t] = graph[t, s] = 1.0
    both = GraphRegularizedRidge(alpha=0.5, sharing=0.9, graph=graph).fit(data.X, data.Y)
    n_bar = (~np.isnan(data.Y)).sum() / 5
    for group in ([0, 1], [2, 3, 4]):
        own = (~np.isnan(data.Y[:, group])).sum() / len(group)
        part = GraphRegularizedRidge(alpha=0.5 * n_bar / own, sharing=0.9, graph=graph[np.ix_(group, group)])
        part.fit(data.X, data.Y[:, group])
        np.testing.assert_allclose(both.coef_[group], part.coef_, atol=1e-10)
