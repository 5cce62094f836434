"""Multi-task support vector machines against scikit-learn's, and against the optimum of their objective."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import RBF
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score
from sklearn.svm import SVC, SVR

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics import roc_auc_score
from skmtl.svm import MultiTaskSVC, MultiTaskSVR

N, P, T = 45, 3, 4
GAMMA = 0.3
B = np.array([[2.0, 0.8, -0.3, 0.1], [0.8, 1.0, 0.2, 0.0], [-0.3, 0.2, 0.5, 0.1], [0.1, 0.0, 0.1, 1.5]])
MODELS = {"svr": MultiTaskSVR, "svc": MultiTaskSVC}


def k(X, Z):
    return np.exp(-GAMMA * ((X[:, None] - Z[None]) ** 2).sum(axis=-1))


def table(kind, missing=False, seed=0):
    """Features, outcomes (numbers or -1, 1) with levels far apart, and weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    F = np.sin(X @ rng.normal(size=(P, 1))) + 0.3 * X @ rng.normal(size=(P, T))
    Y = F + np.array([0.0, 6.0, -3.0, 1.0]) + 0.3 * rng.normal(size=(N, T))
    if kind == "svc":
        Y = np.where(F + [0.0, 0.9, -0.5, 0.2] + 0.3 * rng.logistic(size=(N, T)) > 0, 1.0, -1.0)
    if missing:
        Y[rng.random(Y.shape) < 0.3] = np.nan
        Y[7] = np.nan
    return X, Y, rng.uniform(0.3, 2.0, size=Y.shape)


def make(kind, C=1.0, **options):
    return MODELS[kind](C, **{"tol": 1e-6, "kernel": "rbf", "gamma": GAMMA, **options})


def single(kind, C=1.0):
    return {"svr": SVR, "svc": SVC}[kind](C=C, tol=1e-7, kernel="precomputed")


def values(kind, model, X):
    return model.predict(X) if kind == "svr" else model.decision_function(X)


def objective(kind, model, X, Y, weight, C=1.0):
    """½ ‖f‖² + C loss, as written."""
    f = model.linear_predictor(X)
    own = model.dual_coef_ @ model.task_kernel_
    norm = float((own * (k(X[model.fit_rows_], X[model.fit_rows_]) @ model.dual_coef_)).sum())
    loss = np.maximum(0.0, np.abs(Y - f) - 0.1 if kind == "svr" else 1.0 - Y * f)
    return 0.5 * norm + C * float(np.nansum(weight * loss))


@pytest.mark.parametrize("kind", ["svr", "svc"])
@pytest.mark.parametrize("C", [0.3, 1.0, 10.0])
@pytest.mark.parametrize("missing", [False, True])
def test_identity_is_a_machine_for_every_task(kind, C, missing):
    X, Y, weight = table(kind, missing)
    ours = make(kind, C, task_kernel=np.eye(T)).fit(X, Y, weight)
    alone = make(kind, C, sharing=0.0).fit(X, Y, weight)
    np.testing.assert_array_equal(alone.dual_coef_, ours.dual_coef_)
    assert ours.n_intercept_steps_ > 1
    for t in range(T):
        seen = ~np.isnan(Y[:, t])
        theirs = single(kind, C).fit(k(X[seen], X[seen]), Y[seen, t], weight[seen, t])
        np.testing.assert_allclose(
            ours.linear_predictor(X)[:, t], values(kind, theirs, k(X, X[seen])), rtol=0, atol=2e-4
        )


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_ones_are_one_machine_on_stacked_rows(kind):
    X, Y, weight = table(kind, missing=True)
    row, task = np.nonzero(~np.isnan(Y))
    ours = make(kind, task_kernel="pooled", intercept="common").fit(X, Y, weight)
    theirs = single(kind).fit(k(X[row], X[row]), Y[row, task], weight[row, task])
    expected = values(kind, theirs, k(X, X[row]))
    np.testing.assert_allclose(ours.linear_predictor(X), np.tile(expected[:, None], T), rtol=0, atol=1e-4)
    assert np.ptp(ours.intercept_) == 0
    assert ours.n_intercept_steps_ == 1
    assert ours.n_support_.sum() == pytest.approx(len(theirs.support_), abs=1)


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_a_common_intercept_is_one_machine_on_the_product_kernel(kind):
    X, Y, _ = table(kind)
    ours = make(kind, task_kernel=B, intercept="common").fit(X, Y)
    theirs = single(kind).fit(np.kron(B, k(X, X)), Y.T.ravel())
    expected = values(kind, theirs, np.kron(B, k(X, X))).reshape(T, N).T
    np.testing.assert_allclose(ours.linear_predictor(X), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["svr", "svc"])
@pytest.mark.parametrize("C", [0.02, 1.0, 30.0])
@pytest.mark.parametrize("missing", [False, True])
def test_the_objective_is_minimised(kind, C, missing):
    X, Y, weight = table(kind, missing)
    ours = make(kind, C, task_kernel=B).fit(X, Y, weight)
    root = np.linalg.cholesky(k(X, X) + 1e-9 * np.eye(N))
    V, b = cp.Variable((N, T)), cp.Variable(T)
    f = root @ V @ np.linalg.cholesky(B).T + np.ones((N, 1)) @ cp.reshape(b, (1, T), order="C")
    seen, target = ~np.isnan(Y), np.nan_to_num(Y)
    loss = cp.pos(cp.abs(target - f) - 0.1) if kind == "svr" else cp.pos(1 - cp.multiply(target, f))
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(V) + C * cp.sum(cp.multiply(seen * weight, loss))))
    problem.solve(solver="CLARABEL")
    # libsvm stores kernels in single precision: 1e-7 in each entry, times the square of the dual coefficients.
    assert objective(kind, ours, X, Y, weight, C) == pytest.approx(problem.value, rel=1e-4 if C == 30 else 1e-6)
    assert 0 <= ours.relative_gap_ < (3e-3 if C == 30 else 1e-5)
    # The condition for free intercepts, which stop at tol = 1e-6 in steps of at least three times the sum.
    assert np.abs(ours.dual_coef_.sum(axis=0)).max() < 4e-7


def test_linear_kernel_has_the_penalty_of_mean_regularised_ridge():
    X, Y, _ = table("svr")
    sharing = 0.7
    model = MultiTaskSVR(kernel="linear", sharing=sharing, tol=1e-5).fit(X, Y)
    Z = X[model.fit_rows_]
    W = Z.T @ model.dual_coef_ @ model.task_kernel_
    mean = W.mean(axis=1, keepdims=True)
    penalty = ((W - mean) ** 2).sum() + (1 - sharing) * T * (mean**2).sum()
    norm = ((model.dual_coef_ @ model.task_kernel_) * (Z @ Z.T @ model.dual_coef_)).sum()
    assert penalty == pytest.approx(norm, rel=1e-10)
    # The intercept at x = 0 supposes that dual coefficients of a task sum to zero, as libsvm's do to its own precision.
    np.testing.assert_allclose(model.predict(X), X @ W + model.intercept_, rtol=0, atol=1e-7)


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_nan_is_weight_zero_is_absent_and_rows_are_wide(kind):
    X, Y, weight = table(kind, missing=True)
    seen = ~np.isnan(Y)
    expected = make(kind, sharing=0.9).fit(X, Y, weight).linear_predictor(X)
    zero = make(kind, sharing=0.9).fit(X, np.where(seen, Y, 1.0), seen * weight)
    kept = seen.any(axis=1)
    short = make(kind, sharing=0.9).fit(X[kept], Y[kept], weight[kept])
    row, task = np.nonzero(seen)
    names = np.array(["a", "b", "c", "d"])
    long = make(kind, sharing=0.9).fit(X[row], Y[row, task], weight[row, task], task=names[task])
    for model in (zero, short, long):
        np.testing.assert_allclose(model.linear_predictor(X), expected, rtol=0, atol=1e-4)
    some = np.arange(N) % T
    np.testing.assert_allclose(
        long.linear_predictor(X, task=names[some]), expected[np.arange(N), some], rtol=0, atol=1e-4
    )
    with pytest.raises(TaskDataError, match="task 'e' was not seen in fit"):
        long.predict(X[:1], task=["e"])


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_doubled_rows_are_weight_two_and_permutations(kind):
    X, Y, _ = table(kind, missing=True)
    model = make(kind, gamma="scale", task_kernel=B)
    heavy = clone(model).fit(X, Y, np.where(np.arange(N) < 9, 2.0, 1.0)).linear_predictor(X)
    double = clone(model).fit(np.vstack([X, X[:9]]), np.vstack([Y, Y[:9]])).linear_predictor(X)
    np.testing.assert_allclose(double, heavy, rtol=0, atol=1e-4)
    rng = np.random.default_rng(3)
    i, t = rng.permutation(N), np.array([2, 0, 3, 1])
    expected = clone(model).fit(X, Y).linear_predictor(X)
    turned = make(kind, gamma="scale", task_kernel=B[np.ix_(t, t)]).fit(X[i], Y[np.ix_(i, t)]).linear_predictor(X)
    np.testing.assert_allclose(turned, expected[:, t], rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_kernels_however_given(kind):
    X, Y, _ = table(kind)
    new = np.random.default_rng(9).normal(size=(5, P))
    expected = make(kind).fit(X, Y).linear_predictor(new)
    gp = make(kind, kernel=RBF((2 * GAMMA) ** -0.5)).fit(X, Y)
    np.testing.assert_allclose(gp.linear_predictor(new), expected, rtol=0, atol=1e-4)
    given = make(kind, kernel="precomputed").fit(k(X, X), Y)
    np.testing.assert_allclose(given.linear_predictor(k(new, X)), expected, rtol=0, atol=1e-4)
    thin = make(kind).fit(sparse.csr_matrix(X), Y)
    np.testing.assert_allclose(thin.linear_predictor(new), expected, rtol=0, atol=1e-4)


def test_scaled_targets_give_everything_back():
    X, Y, _ = table("svr", missing=True)
    unit, shift = np.array([1e3, 1.0, 1e-3, 5.0]), np.array([0.0, 1e4, 0.0, 2.0])
    options = {"sharing": 0.9, "scale_targets": True}
    a, b = make("svr", **options).fit(X, Y), make("svr", **options).fit(X, Y * unit + shift)
    np.testing.assert_allclose((b.predict(X) - shift) / unit, a.predict(X), rtol=0, atol=1e-4)
    by_hand = k(X, X[b.fit_rows_]) @ b.dual_coef_ @ b.task_kernel_ + b.intercept_
    np.testing.assert_allclose(b.predict(X), by_hand, rtol=1e-10)
    assert a.score(X, Y) == pytest.approx(b.score(X, Y * unit + shift), abs=1e-4)


def test_outcomes_in_large_units_have_their_intercepts():
    """Levels that the proximal steps have to find, with next to no weight of the loss."""
    X, Y, _ = table("svr")
    wide = Y * 1e3
    model = MultiTaskSVR(C=0.05, epsilon=100.0, gamma=GAMMA, tol=1e-2).fit(X, wide)
    assert np.abs(model.dual_coef_.sum(axis=0)).max() < 1e-3 * 0.05
    below = (wide < model.predict(X) - 100).sum(axis=0)
    above = (wide > model.predict(X) + 100).sum(axis=0)
    assert np.abs(below - above).max() <= 2  # as many above as below, but for those on the edge


def test_labels_and_decisions():
    X, Y, _ = table("svc", missing=True)
    Y = np.where(np.isnan(Y), None, np.where(Y > 0, "yes", "no"))
    model = make("svc", sharing=0.8).fit(X, Y)
    assert [list(pair) for pair in model.classes_] == [["no", "yes"]] * T
    predicted = model.predict(X)
    assert predicted.shape == (N, T)
    np.testing.assert_array_equal(predicted == "yes", model.linear_predictor(X) > 0)
    seen = Y != None  # noqa: E711
    correct = [(predicted[seen[:, t], t] == Y[seen[:, t], t]).mean() for t in range(T)]
    assert model.score(X, Y) == pytest.approx(np.mean(correct))
    for name, cure in (("predict_proba", "no log-odds"), ("decision_function", "use linear_predictor")):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'") as error:
            getattr(model, name)
        assert cure in str(error.value.__cause__)
    one = make("svc").fit(X, np.where(np.arange(N) % 2, "b", "a"))
    assert one.decision_function(X).shape == (N,)
    assert set(one.predict(X)) <= {"a", "b"}
    with pytest.raises(AttributeError, match="no attribute 'predict_proba'"):
        _ = one.predict_proba
    truth = (table("svc")[1] > 0).astype(int)
    assert roc_auc_score(truth, model.linear_predictor(X)) > 0.7


def test_scorers_take_decision_values():
    X, Y, _ = table("svc")
    scores = cross_val_score(make("svc"), X, Y[:, 0], scoring="roc_auc", cv=3)
    assert np.isfinite(scores).all()


def test_class_weight():
    X, Y, weight = table("svc", missing=True)
    Y[:15, 0] = -1.0
    seen = ~np.isnan(Y)
    balanced = make("svc", class_weight="balanced").fit(X, Y, weight)
    factor = np.ones_like(Y)
    for t in range(T):
        for label in (-1, 1):
            mine = Y[:, t] == label
            factor[mine, t] = weight[seen[:, t], t].sum() / (2 * weight[mine, t].sum())
    by_hand = make("svc").fit(X, Y, weight * factor)
    np.testing.assert_allclose(balanced.linear_predictor(X), by_hand.linear_predictor(X), rtol=0, atol=1e-4)
    given = make("svc", class_weight={1.0: 3.0}).fit(X, Y)
    by_hand = make("svc").fit(X, Y, np.where(Y == 1, 3.0, 1.0))
    np.testing.assert_allclose(given.linear_predictor(X), by_hand.linear_predictor(X), rtol=0, atol=1e-4)
    Z, z = X[seen[:, 0]], Y[seen[:, 0], 0]
    theirs = SVC(kernel="precomputed", class_weight="balanced", tol=1e-6).fit(k(Z, Z), z)
    ours = make("svc", class_weight="balanced", sharing=0.0).fit(Z, z)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(k(X, Z)), rtol=0, atol=1e-4)
    for bad, message in (({2.0: 1.0}, "label 2.0, which no outcome has"), ({1.0: -1.0}, "class_weight of 1.0 is -1.0")):
        with pytest.raises(InvalidParameterError, match=message):
            make("svc", class_weight=bad).fit(X, Y)


def test_a_task_of_one_class_among_rows():
    """In rows of tasks a place may have seen one class only: its level says so, and stays finite."""
    X, Y, _ = table("svc")
    task = np.arange(N) % 3
    y = np.where(task == 1, 1.0, Y[:, 0])
    model = make("svc", sharing=0.5).fit(X, y, task=task)
    assert np.isfinite(model.intercept_).all()
    assert (model.predict(X[task == 1], task=task[task == 1]) == 1).all()


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_bad_input(kind, monkeypatch):
    X, Y, _ = table(kind)
    for options, message in (
        ({"C": 0.0}, "'C' parameter of MultiTaskSV[RC] must be a float in the range"),
        ({"intercept": "none"}, "'intercept' parameter of MultiTaskSV[RC] must be one of 'task', 'common'"),
        ({"sharing": 1.0}, r"'sharing' parameter of MultiTaskSV[RC] must be a float in the range \[0, 1\)"),
        ({"task_kernel": np.eye(T) - 0.5}, "task_kernel is not positive semi-definite, its smallest eigenvalue is -1"),
        ({"kernel": "sigmoid", "gamma": 1.0}, "kernel='sigmoid' between the rows of X is not positive semi-definite"),
    ):
        with pytest.raises(InvalidParameterError, match=message):
            make(kind, **options).fit(X, Y)
    with pytest.raises(TaskDataError, match="kernel='precomputed' reads it as a square matrix"):
        make(kind, kernel="precomputed").fit(X, Y)
    monkeypatch.setattr("skmtl._task_kernels.LARGEST_BYTES", 8 * (N * T) ** 2)
    message = rf"MultiTaskSV. with {N * T} observed entries needs 2 matrices of {N * T} x {N * T} numbers at once"
    with pytest.raises(TaskDataError, match=message):
        make(kind).fit(X, Y)


def test_what_does_not_converge_is_said(monkeypatch):
    X, Y, _ = table("svr")
    with pytest.warns(ConvergenceWarning, match="Solver terminated early"):
        make("svr", intercept="common", max_iter=3).fit(X, Y)
    monkeypatch.setattr("skmtl.svm._machine._MAX_STEPS", 1)
    with pytest.warns(ConvergenceWarning, match=r"the tasks still move by .* \(tol 1.0e-06\) after 1 steps"):
        make("svr").fit(X, Y)


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_a_row_given_twice_is_exactly_a_row_of_weight_two(kind):
    """At any tolerance: libsvm sees the same problem, in the same order."""
    X, Y, _ = table(kind, missing=True)
    i = np.random.default_rng(1).permutation(N + 9)
    for columns in (slice(None), slice(0, 1)):
        twice = make(kind, tol=1e-2).fit(np.vstack([X, X[:9]])[i], np.vstack([Y, Y[:9]])[i][:, columns])
        heavy = make(kind, tol=1e-2).fit(X, Y[:, columns], np.where(np.arange(N) < 9, 2.0, 1.0))
        np.testing.assert_allclose(twice.linear_predictor(X), heavy.linear_predictor(X), rtol=0, atol=1e-12)
    again = [*range(N), 3]
    given = make(kind, kernel="precomputed").fit(k(X[again], X[again]), Y[again])
    same = make(kind).fit(X[again], Y[again])
    np.testing.assert_allclose(given.linear_predictor(k(X, X[again])), same.linear_predictor(X), rtol=0, atol=1e-4)


def test_outcomes_that_differ_at_the_same_features_are_kept():
    X = np.repeat(np.arange(4.0)[:, None], 5, axis=0)
    y = np.tile([0.0, 1.0, 2.0, 3.0, 10.0], 4)
    model = MultiTaskSVR(C=100.0, epsilon=0.0, gamma=1.0, sharing=0.0, tol=1e-6).fit(X, y)
    np.testing.assert_allclose(model.predict(X), 2.0, atol=1e-3)  # the median at each place
    assert model.X_fit_.shape == (4, 1)


@pytest.mark.parametrize("kind", ["svr", "svc"])
def test_precomputed_kernels_are_split_by_both_axes(kind):
    X, Y, _ = table(kind)
    folds = list(KFold(3).split(X))
    plain = cross_val_predict(make(kind), X, Y[:, 0], cv=folds)
    given = cross_val_predict(make(kind, kernel="precomputed"), k(X, X), Y[:, 0], cv=folds)
    np.testing.assert_allclose(given, plain, atol=1e-4)


def test_a_gap_that_is_too_large_is_said(monkeypatch):
    """As single precision leaves one where C is large; here the limit is moved, because such fits take minutes."""
    monkeypatch.setattr("skmtl.svm._machine._UNSOLVED", 1e-12)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    with pytest.warns(ConvergenceWarning, match=r"the duality gap is \S+ of the objective: .* use a smaller C"):
        model = MultiTaskSVR().fit(X, np.sin(X))
    assert model.relative_gap_ > 0


@pytest.mark.parametrize("value", ["2", None, [1, 2], 1 + 0j, np.array([1.0]), True, pd.NA, 0, -1.0, np.inf, np.nan])
def test_class_weights_are_positive_numbers(value):
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(InvalidParameterError, match=r"class_weight of 1 is .*: give a positive finite number"):
        MultiTaskSVC(class_weight={0: 2, 1: value}).fit(X, (X > 0).astype(int))
