"""Multi-task kernel ridge against scikit-learn, the linear models, refits, and a minimiser of its objective."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel
from sklearn.kernel_ridge import KernelRidge

from skmtl.exceptions import InvalidParameterError
from skmtl.kernel_ridge import MultiTaskKernelRidge, MultiTaskKernelRidgeCV
from skmtl.kernel_ridge._systems import CholeskySystem, KroneckerSystem, SpectralSystem, eigen
from skmtl.linear_model import GraphRegularizedRidge, MeanRegularizedRidge
from skmtl.svm import MultiTaskSVR

N, P, T = 31, 4, 3
B = np.array([[2.0, 0.8, -0.3], [0.8, 1.0, 0.2], [-0.3, 0.2, 0.5]])


def table(scenario="complete", seed=0):
    """Features, outcomes and weights of one data form."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    Y = np.sin(X @ rng.normal(size=(P, T))) + rng.normal(size=(N, T)) + np.array([0.0, 7.0, -3.0])
    weight = None
    if "missing" in scenario:
        Y[rng.random(Y.shape) < 0.3] = np.nan
        Y[[2, 9]] = np.nan
        Y[5] = [1.0, 2.0, 3.0]
    if "row_weights" in scenario:
        weight = rng.uniform(0.2, 3.0, size=N)
    elif "weights" in scenario:
        weight = rng.uniform(0.2, 3.0, size=(N, T))
    return X, Y, weight


SCENARIOS = ("complete", "missing", "row_weights", "weights", "missing weights", "missing row_weights")


def as_rows(X, Y, weight=None):
    row, task = np.nonzero(~np.isnan(Y))
    weight = None if weight is None else (weight if weight.ndim == 2 else np.tile(weight[:, None], T))[row, task]
    return X[row], Y[row, task], weight, task


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("sharing", [0.0, 0.7, 0.99])
def test_linear_kernel_is_mean_regularised_ridge(scenario, fit_intercept, sharing):
    X, Y, weight = table(scenario)
    options = {"alpha": 0.3, "sharing": sharing, "fit_intercept": fit_intercept}
    ours = MultiTaskKernelRidge(**options).fit(X, Y, weight)
    theirs = MeanRegularizedRidge(**options).fit(X, Y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-8)
    assert ours.relative_residual_ < 1e-12


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_linear_kernel_is_graph_regularised_ridge(scenario):
    X, Y, weight = table(scenario)
    graph = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.4], [0.0, 0.4, 0.0]])
    M = 0.4 * np.eye(T) + 0.6 * (np.diag(graph.sum(axis=1)) - graph)
    ours = MultiTaskKernelRidge(alpha=0.2, task_kernel=np.linalg.inv(M)).fit(X, Y, weight)
    theirs = GraphRegularizedRidge(alpha=0.2, sharing=0.6, graph=graph).fit(X, Y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=0, atol=1e-8)


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_scaled_targets_are_those_of_the_linear_model(scenario):
    X, Y, _ = table(scenario)
    Y = Y * [1.0, 50.0, 0.01]
    options = {"alpha": 0.3, "sharing": 0.8, "scale_targets": True}
    ours, theirs = MultiTaskKernelRidge(**options).fit(X, Y), MeanRegularizedRidge(**options).fit(X, Y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-10)
    changed = MultiTaskKernelRidge(**options).fit(X, Y * [3.0, 1.0, 1.0] + [0.0, 9.0, 0.0])
    np.testing.assert_allclose(changed.predict(X), ours.predict(X) * [3.0, 1.0, 1.0] + [0.0, 9.0, 0.0], rtol=1e-8)
    loo = ours.leave_one_out("row") * [3.0, 1.0, 1.0] + [0.0, 9.0, 0.0]
    np.testing.assert_allclose(changed.leave_one_out("row"), loo, rtol=1e-8)


@pytest.mark.parametrize("scenario", ["complete", "missing", "weights"])
def test_the_objective_is_minimised(scenario):
    """Against a minimiser of the objective as written, over dual coefficients and intercepts."""
    X, Y, weight = table(scenario)
    X, Y, weight = X[:9], Y[:9], None if weight is None else weight[:9]
    alpha, gamma = 0.05, 0.3
    k = np.exp(-gamma * ((X[:, None] - X[None]) ** 2).sum(axis=-1))
    seen = ~np.isnan(Y)
    s = seen * (np.ones_like(Y) if weight is None else weight)
    target = np.where(seen, Y, 0.0)

    def objective(point):
        c, b = seen * point[: Y.size].reshape(Y.shape), point[Y.size :]
        f = k @ c @ B
        return 0.5 * (s * (target - f - b) ** 2).sum() / (s.sum() / T) + 0.5 * alpha * (c * f).sum()

    best = minimize(objective, np.zeros(Y.size + T), method="BFGS", options={"gtol": 1e-7, "maxiter": 5000})
    ours = MultiTaskKernelRidge(alpha, kernel="rbf", gamma=gamma, task_kernel=B).fit(X, Y, weight)
    table_of_all = np.zeros_like(Y)
    table_of_all[ours.fit_rows_] = ours.dual_coef_
    value = objective(np.concatenate([table_of_all.ravel(), ours.intercept_]))
    assert value <= best.fun + 1e-12
    assert value == pytest.approx(best.fun, rel=1e-6)


def test_identity_is_independent_kernel_ridge():
    X, Y, _ = table("missing")
    seen = ~np.isnan(Y)
    alpha = 0.1
    ours = MultiTaskKernelRidge(alpha, kernel="rbf", gamma=0.4, task_kernel=np.eye(T), fit_intercept=False).fit(X, Y)
    for t in range(T):
        own = KernelRidge(alpha=alpha * seen.sum() / T, kernel="rbf", gamma=0.4).fit(X[seen[:, t]], Y[seen[:, t], t])
        np.testing.assert_allclose(ours.predict(X)[:, t], own.predict(X), rtol=0, atol=1e-10)


@pytest.mark.parametrize("scenario", ["complete", "missing weights"])
@pytest.mark.parametrize("task_kernel", ["pooled", np.ones((T, T))])
def test_ones_are_kernel_ridge_on_stacked_rows(scenario, task_kernel):
    X, Y, weight = table(scenario)
    ours = MultiTaskKernelRidge(0.1, kernel="laplacian", task_kernel=task_kernel, fit_intercept=False)
    ours.fit(X, Y, weight)
    rows, y, s, _ = as_rows(X, Y, np.ones_like(Y) if weight is None else weight)
    theirs = KernelRidge(alpha=0.1 * s.sum() / T, kernel="laplacian").fit(rows, y, s)
    np.testing.assert_allclose(ours.predict(X), np.tile(theirs.predict(X)[:, None], T), rtol=0, atol=1e-10)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_every_way_to_solve_gives_the_same(fit_intercept, weighted, apart):
    X, Y, _ = table()
    k = np.exp(-0.5 * ((X[:, None] - X[None]) ** 2).sum(axis=-1))
    s = np.random.default_rng(1).uniform(0.2, 3.0, size=N) if weighted else np.ones(N)
    y, weight, rows, tasks = Y.T.ravel(), np.tile(s, T), np.tile(np.arange(N), T), np.repeat(np.arange(T), N)
    copies = np.arange(N) if apart else np.minimum(np.arange(N), N - 4)
    turned = KroneckerSystem(eigen(np.sqrt(np.outer(s, s)) * k), B, y, s, copies, fit_intercept)
    dense = [
        kind(np.kron(B, k), y, weight, tasks, copies[rows], fit_intercept) for kind in (CholeskySystem, SpectralSystem)
    ]
    for strength in (1e-3, 1.0, 1e3):
        expected = np.linalg.solve(
            np.block(
                [
                    [np.kron(B, k) + np.diag(strength / weight), np.kron(np.eye(T), np.ones((N, 1)))],
                    [np.kron(np.eye(T), np.ones((1, N))), np.zeros((T, T))],
                ]
            )
            if fit_intercept
            else np.kron(B, k) + np.diag(strength / weight),
            np.concatenate([y, np.zeros(T)]) if fit_intercept else y,
        )
        for system in (turned, *dense):
            dual, b = system.solve(strength)
            np.testing.assert_allclose(dual, expected[: N * T], rtol=0, atol=1e-10 * np.abs(dual).max())
            np.testing.assert_allclose(b, expected[N * T :] if fit_intercept else np.zeros(T), rtol=0, atol=1e-9)
            for by_row in (True, False):
                np.testing.assert_allclose(
                    system.left_out(strength, by_row), dense[0].left_out(strength, by_row), rtol=1e-8, atol=1e-8
                )


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("leave_out", ["entry", "row"])
def test_leave_one_out_is_that_of_refits(scenario, fit_intercept, leave_out):
    X, Y, weight = table(scenario)
    seen = ~np.isnan(Y)
    s = np.ones_like(Y) if weight is None else np.broadcast_to(weight if weight.ndim == 2 else weight[:, None], Y.shape)
    model = MultiTaskKernelRidge(0.05, kernel="rbf", gamma=0.2, sharing=0.8, fit_intercept=fit_intercept)
    ours = model.fit(X, Y, weight).leave_one_out(leave_out)
    assert np.array_equal(np.isnan(ours), ~seen)
    for i, t in np.argwhere(seen)[::5]:
        rest = Y.copy()
        rest[i, t if leave_out == "entry" else slice(None)] = np.nan
        # The factor 1 / n̄ of the whole table stays.
        kept = s[seen].sum() / s[~np.isnan(rest)].sum()
        again = clone(model).set_params(alpha=0.05 * kept).fit(X, rest, s)
        assert ours[i, t] == pytest.approx(again.predict(X[[i]])[0, t], abs=1e-8)


def test_leave_one_out_of_rows_of_tasks_and_of_a_lone_entry():
    X, Y, _ = table("missing")
    Y[:, 2] = np.nan
    Y[4, 2] = 1.0
    wide = MultiTaskKernelRidge(0.1, kernel="rbf").fit(X, Y)
    rows, y, _, task = as_rows(X, Y)
    long = MultiTaskKernelRidge(0.1, kernel="rbf").fit(rows, y, task=task)
    for leave_out in ("entry", "row"):
        left = wide.leave_one_out(leave_out)
        assert np.isnan(left[4, 2])
        # A row of the long table has one outcome only.
        assert np.isnan(long.leave_one_out(leave_out)[task == 2]).all()
    np.testing.assert_allclose(long.leave_one_out("row"), wide.leave_one_out("entry")[~np.isnan(Y.T).T], atol=1e-10)
    known = MultiTaskKernelRidge(0.1, kernel="rbf", fit_intercept=False).fit(X, Y).leave_one_out()
    assert np.isfinite(known[4, 2])
    assert MultiTaskKernelRidge().fit(X, Y[:, 0]).leave_one_out().shape == (N,)
    assert np.isnan(MultiTaskKernelRidge().fit(X[:1], [[1.0, 2.0]]).leave_one_out("row")).all()
    with pytest.raises(ValueError, match="leave_out must be 'entry' or 'row'"):
        wide.leave_one_out("task")


@pytest.mark.parametrize("scenario", ["complete", "missing"])
@pytest.mark.parametrize("leave_out", ["entry", "row"])
def test_copies_are_left_out_together(scenario, leave_out):
    X, Y, _ = table(scenario)
    model = MultiTaskKernelRidge(0.05, kernel="rbf", gamma=0.2, sharing=0.8)
    double = clone(model).fit(np.vstack([X, X[:6]]), np.vstack([Y, Y[:6]])).leave_one_out(leave_out)
    heavy = clone(model).fit(X, Y, np.where(np.arange(N) < 6, 2.0, 1.0)).leave_one_out(leave_out)
    np.testing.assert_allclose(double[:N], heavy, rtol=0, atol=1e-8)
    np.testing.assert_allclose(double[N:], heavy[:6], rtol=0, atol=1e-8)
    # The same features with another outcome are another row.
    other = clone(model).fit(np.vstack([X, X[:6]]), np.vstack([Y, Y[:6] + 1e-9])).leave_one_out(leave_out)
    assert np.nanmean((other[:6] - Y[:6]) ** 2) < 0.7 * np.nanmean((double[:6] - Y[:6]) ** 2)
    same = clone(model).fit(np.tile(X[:1], (5, 1)), np.tile([[1.0, 2.0, 3.0]], (5, 1)))
    assert np.isnan(same.leave_one_out(leave_out)).all()


@pytest.mark.parametrize("scenario", ["missing", "missing weights"])
def test_nan_is_weight_zero_is_absent(scenario):
    X, Y, weight = table(scenario)
    model = MultiTaskKernelRidge(0.1, kernel="rbf", sharing=0.9)
    expected = clone(model).fit(X, Y, weight).predict(X)
    seen = ~np.isnan(Y)
    zero = clone(model).fit(X, np.where(seen, Y, 99.0), seen * (1.0 if weight is None else weight))
    rows, y, s, task = as_rows(X, Y, weight)
    long = clone(model).fit(rows, y, s, task=task)
    kept = seen.any(axis=1)
    short = clone(model).fit(X[kept], Y[kept], None if weight is None else weight[kept])
    assert list(zero.fit_rows_) == list(np.flatnonzero(kept))
    for other in (zero, long, short):
        np.testing.assert_allclose(other.predict(X), expected, rtol=0, atol=1e-10)
    some = np.arange(N) % T
    np.testing.assert_allclose(long.predict(X, task=some), expected[np.arange(N), some], rtol=0, atol=1e-10)


def test_rows_without_an_outcome_keep_the_eigenvectors():
    X, Y, _ = table()
    some = Y.copy()
    some[[3, 8]] = np.nan
    model = MultiTaskKernelRidge(0.1, kernel="rbf").fit(X, some)
    assert model._training.row_weight is not None
    assert model.dual_coef_.shape == (N - 2, T)
    np.testing.assert_array_equal(np.isnan(model.leave_one_out()), np.isnan(some))


def test_doubled_rows_are_weight_two():
    X, Y, _ = table("missing")
    model = MultiTaskKernelRidge(0.1, kernel="rbf", gamma="scale", sharing=0.6)
    double = clone(model).fit(np.vstack([X, X[:7]]), np.vstack([Y, Y[:7]]))
    heavy = clone(model).fit(X, Y, np.where(np.arange(N) < 7, 2.0, 1.0))
    np.testing.assert_allclose(double.predict(X), heavy.predict(X), rtol=0, atol=1e-10)


@pytest.mark.parametrize("scenario", ["complete", "missing weights"])
def test_permutations(scenario):
    X, Y, weight = table(scenario)
    weight = np.ones_like(Y) if weight is None else weight
    rng = np.random.default_rng(3)
    i, t = rng.permutation(N), np.array([2, 0, 1])
    expected = MultiTaskKernelRidge(0.1, kernel="rbf", task_kernel=B).fit(X, Y, weight)
    turned = MultiTaskKernelRidge(0.1, kernel="rbf", task_kernel=B[np.ix_(t, t)])
    turned.fit(X[i], Y[np.ix_(i, t)], weight[np.ix_(i, t)])
    np.testing.assert_allclose(turned.predict(X), expected.predict(X)[:, t], rtol=0, atol=1e-10)


@pytest.mark.parametrize("form", ["complete", "missing", "rows"])
def test_kernels_however_given(form):
    X, Y, _ = table("missing" if form == "missing" else "complete")
    new = np.random.default_rng(5).normal(size=(6, P))
    given = {}
    if form == "rows":
        task = np.arange(N) % T
        y, given = Y[np.arange(N), task], {"task": task}
    else:
        y = Y
    reference = MultiTaskKernelRidge(0.1, kernel="rbf", gamma=0.5).fit(X, y, **given)
    expected = reference.predict(new)

    def naive(x, z, scale):
        return float(np.exp(-scale * ((x - z) ** 2).sum()))

    for kernel, options in ((RBF(1.0), {}), (naive, {"kernel_params": {"scale": 0.5}})):
        other = MultiTaskKernelRidge(0.1, kernel=kernel, **options).fit(X, y, **given)
        np.testing.assert_allclose(other.predict(new), expected, rtol=0, atol=1e-9)

    def k(a):
        return np.exp(-0.5 * ((a[:, None] - X[None]) ** 2).sum(axis=-1))

    other = MultiTaskKernelRidge(0.1, kernel="precomputed").fit(k(X), y, **given)
    np.testing.assert_allclose(other.predict(k(new)), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.leave_one_out(), reference.leave_one_out(), rtol=0, atol=1e-8)
    thin = MultiTaskKernelRidge(0.1, kernel="rbf", gamma=0.5).fit(sparse.csr_matrix(X), y, **given)
    np.testing.assert_allclose(thin.predict(sparse.csr_matrix(new)), expected, rtol=0, atol=1e-9)
    single = reference.predict(new.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-4)


def test_gamma_by_the_spread_of_the_rows():
    X, Y, _ = table()
    scaled = MultiTaskKernelRidge(0.1, kernel="rbf", gamma="scale").fit(X, Y)
    number = MultiTaskKernelRidge(0.1, kernel="rbf", gamma=1.0 / (P * X.var())).fit(X, Y)
    np.testing.assert_allclose(scaled.predict(X), number.predict(X), rtol=0, atol=1e-10)
    thin = MultiTaskKernelRidge(0.1, kernel="rbf", gamma="scale").fit(sparse.csr_matrix(X), Y)
    np.testing.assert_allclose(thin.predict(X), number.predict(X), rtol=0, atol=1e-10)
    none, auto = (MultiTaskKernelRidge(0.1, kernel="rbf", gamma=g).fit(X, Y).predict(X) for g in (None, "auto"))
    np.testing.assert_array_equal(none, auto)


def test_a_white_kernel_is_noise_of_the_training_rows():
    X, Y, _ = table()
    plain = MultiTaskKernelRidge(0.1, kernel=Matern(nu=1.5), task_kernel=np.eye(T)).fit(X, Y)
    noisy = MultiTaskKernelRidge(0.06, kernel=Matern(nu=1.5) + WhiteKernel(0.04 * N), task_kernel=np.eye(T)).fit(X, Y)
    np.testing.assert_allclose(noisy.predict(X), plain.predict(X), rtol=0, atol=1e-9)


def test_a_shift_of_the_outcomes_is_one_of_the_intercepts():
    X, Y, _ = table("missing")
    a = MultiTaskKernelRidge(0.1, kernel="rbf").fit(X, Y)
    shift = np.array([1e6, 0.0, 0.0])
    b = MultiTaskKernelRidge(0.1, kernel="rbf").fit(X, Y + shift)
    np.testing.assert_allclose(b.predict(X) - shift, a.predict(X), rtol=0, atol=1e-8)


def test_constant_outcomes_are_solved():
    X, Y, _ = table()
    model = MultiTaskKernelRidge(0.1, kernel="rbf").fit(X, np.full_like(Y, 0.1))
    np.testing.assert_allclose(model.predict(X), 0.1)
    assert model.relative_residual_ == 0.0


def test_what_is_not_solved_is_said():
    X, Y, _ = table()
    with pytest.warns(ConvergenceWarning, match=r"solved to .* of the targets only .* increase alpha"):
        model = MultiTaskKernelRidge(1e-16, fit_intercept=False).fit(X, Y)
    assert model.relative_residual_ > 1e-6
    Y[0, 0] = np.nan
    with pytest.raises(
        InvalidParameterError, match="alpha is so small that the kernel between the entries is singular"
    ):
        MultiTaskKernelRidge(1e-18, fit_intercept=False).fit(X, Y)


@pytest.mark.parametrize("scenario", ["complete", "missing"])
@pytest.mark.parametrize("make", [MultiTaskKernelRidge, MultiTaskKernelRidgeCV, MultiTaskSVR])
def test_the_origin_of_a_linear_kernel_is_the_intercepts(make, scenario):
    X, Y, _ = table(scenario)
    near = make(kernel="linear").fit(X, Y).predict(X)
    far = make(kernel="linear").fit(X + 1e6, Y).predict(X + 1e6)
    np.testing.assert_allclose(far, near, atol=1e-4)


def test_a_fit_keeps_its_own_rows():
    X, Y, _ = table("complete")
    X = np.ascontiguousarray(X, dtype=float)
    model = MultiTaskKernelRidge(kernel="rbf").fit(X, Y)
    before, new = model.predict(X[:3].copy()), X[:3].copy()
    left_out = model.leave_one_out()
    X[:] = 77.0
    np.testing.assert_array_equal(model.predict(new), before)
    np.testing.assert_array_equal(model.leave_one_out(), left_out)
