"""Identities of the quadratic penalties: means, graphs, precisions; kernels, mixed models and Gaussian processes.

`IDENTITIES` in test_identities.py says which statement each test shows.
"""

import cases
import numpy as np
import pytest
from sklearn import linear_model as sk
from sklearn.kernel_ridge import KernelRidge

from skmtl import linear_model as lm
from skmtl import penalties
from skmtl.exceptions import InvalidParameterError

N, P, T = 37, 6, 4
scenarios = pytest.mark.parametrize("scenario", ["missing", "rows"])


def table(seed, scenario, **options):
    return cases.table(seed, scenario=scenario, **{"n": N, "p": P, "T": T, **options})


def by_task(data):
    """Features and outcomes of each task, without their means, which is what free intercepts do."""
    tasks = [(data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)]
    return [(X - X.mean(axis=0), y - y.mean()) for X, y in tasks]


def stacked(tasks):
    """All rows, below each other: features, outcomes, tasks."""
    X, y = np.vstack([X for X, _ in tasks]), np.concatenate([y for _, y in tasks])
    return X, y, np.repeat(np.arange(len(tasks)), [len(y) for _, y in tasks])


def ridge(X, y, strength):
    """Half the squares summed plus strength / 2 ‖w‖²."""
    return sk.Ridge(strength, fit_intercept=False, solver="svd").fit(X, y).coef_


def mean_ridge(data, lam1, lam2):
    """Half the squares summed plus lam1 Σ_t ‖w_t - w̄‖² + lam2 ‖W‖²."""
    alpha = 2 * (lam1 + lam2) / cases.mean_total(data)
    return data.fit(lm.MeanRegularizedRidge(alpha, sharing=lam1 / (lam1 + lam2)))


def mean_kernel(lam1, lam2):
    """a and b of the covariance a + b δ_st between tasks, at unit noise: the inverse of the matrix of the penalty."""
    b = 1 / (2 * (lam1 + lam2))
    return (1 / (2 * lam2) - b) / T, b


def with_precision(M, noise, data):
    """Half the squares summed plus noise / 2 tr(W M W')."""
    return lm.MultiTaskGLM("squared", penalties.TaskPrecision(M), noise / cases.mean_total(data))


def precision(B, noise, data):
    """The fit with the precision of a covariance B."""
    return data.fit(with_precision(np.linalg.inv(B), noise, data))


def close(ours, theirs, tol=1e-10):
    """Within a share of the largest number, which is not zero."""
    assert np.abs(theirs).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * np.abs(theirs).max())


def covariance(seed=0):
    factor = np.random.default_rng(seed).normal(size=(T, T))
    return factor @ factor.T + 0.1 * np.eye(T)


# -- pulled to the mean -------------------------------------------------------------------------------


@scenarios
def test_mean_without_pull_is_one_ridge_per_task(scenario):
    data, lam2 = table(20, scenario), 3.0
    close(mean_ridge(data, 0.0, lam2).coef_, np.array([ridge(X, y, 2 * lam2) for X, y in by_task(data)]))


@scenarios
def test_mean_with_all_pull_is_one_ridge_of_all_rows(scenario):
    """With T times lam2. The distance falls as 1 / lam1."""
    data, lam2 = table(21, scenario), 3.0
    X, y, _ = stacked(by_task(data))
    theirs = np.tile(ridge(X, y, 2 * T * lam2), (T, 1))
    errors = [np.abs(mean_ridge(data, lam1, lam2).coef_ - theirs).max() for lam1 in (1e4, 1e6)]
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.05)
    close(mean_ridge(data, 1e10, lam2).coef_, theirs, 1e-7)
    # With the strength of a single ridge it is another model.
    assert np.abs(ridge(X, y, 2 * lam2) - theirs).max() > 1e-3


@scenarios
def test_mean_is_the_complete_graph(scenario):
    """Σ_t ‖w_t - w̄‖² = tr(W L W') / T, L the Laplacian of the graph with all links of weight one."""
    data = table(22, scenario)
    ours = mean_ridge(data, 5.0, 3.0)
    options = {"alpha": ours.alpha, "sharing": ours.sharing}
    links = np.ones((T, T)) - np.eye(T)
    close(data.fit(lm.GraphRegularizedRidge(graph=links / T, **options)).coef_, ours.coef_)
    laplacian = (T * np.eye(T) - np.ones((T, T))) / T
    close(data.fit(lm.GraphRegularizedRidge(graph=laplacian, graph_form="laplacian", **options)).coef_, ours.coef_)
    assert np.abs(data.fit(lm.GraphRegularizedRidge(graph=links, **options)).coef_ - ours.coef_).max() > 1e-3


@scenarios
def test_mean_is_kernel_ridge(scenario):
    """Kernel (a + b δ_st) x·z between a row of task s and one of task t."""
    data, lams = table(23, scenario), (5.0, 0.7)
    X, y, task = stacked(by_task(data))
    a, b = mean_kernel(*lams)
    kernel = (a + b * (task[:, None] == task)) * (X @ X.T)
    theirs = KernelRidge(alpha=1.0, kernel="precomputed").fit(kernel, y).predict(kernel)
    close((X * mean_ridge(data, *lams).coef_[task]).sum(axis=1), theirs)


@scenarios
def test_mean_is_ridge_on_copies(scenario):
    """On [√a x, √b x in the place of its task] (Daumé, ACL 2007): w_t = √a u + √b u_t."""
    data, lams = table(24, scenario), (5.0, 0.7)
    X, y, task = stacked(by_task(data))
    a, b = mean_kernel(*lams)
    copies = np.hstack([np.sqrt(a) * X, *(np.sqrt(b) * X * (task == t)[:, None] for t in range(T))])
    u = ridge(copies, y, 1.0).reshape(T + 1, P)
    close(mean_ridge(data, *lams).coef_, np.sqrt(a) * u[0] + np.sqrt(b) * u[1:])


@scenarios
def test_mean_is_the_mixed_model(scenario):
    """Random slopes of variance τ² about free fixed effects, noise σ²: lam1 = σ² / (2 τ²), lam2 = 0.

    Best linear unbiased prediction, by generalised least squares; intercepts are fixed effects of each task.
    """
    data, noise, spread = table(25, scenario), 1.5, 0.4
    tasks = [(data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)]
    X, y, task = stacked(tasks)
    fixed = np.hstack([X, (task[:, None] == np.arange(T)).astype(float)])
    V = spread * (task[:, None] == task) * (X @ X.T) + noise * np.eye(len(y))
    beta = np.linalg.solve(fixed.T @ np.linalg.solve(V, fixed), fixed.T @ np.linalg.solve(V, y))
    weights = np.linalg.solve(V, y - fixed @ beta)
    deviations = np.array([spread * X[task == t].T @ weights[task == t] for t in range(T)])
    ours = mean_ridge(data, noise / (2 * spread), 0.0)
    close(ours.coef_, beta[:P] + deviations)
    close(ours.intercept_, beta[P:])
    close(ours.coef_.mean(axis=0), beta[:P])
    close(ours.coef_ - ours.coef_.mean(axis=0), deviations)


# -- graphs -------------------------------------------------------------------------------------------


@scenarios
def test_graph_without_links_is_ridge(scenario):
    data, alpha, sharing = table(26, scenario), 0.4, 0.7
    ours = data.fit(lm.GraphRegularizedRidge(alpha, sharing=sharing, graph=np.zeros((T, T))))
    strength = alpha * (1 - sharing) * cases.mean_total(data)
    close(ours.coef_, np.array([ridge(X, y, strength) for X, y in by_task(data)]))


def test_graph_with_negative_links_is_refused():
    data, graph = table(27, "missing"), np.ones((T, T))
    graph[1, 2] = graph[2, 1] = -0.1
    with pytest.raises(InvalidParameterError, match=r"negative weight between tasks 1 and 2, so .* not convex"):
        data.fit(lm.GraphRegularizedRidge(graph=graph))


@pytest.mark.parametrize("sharing", [0.8, 1.0])
def test_graph_in_parts_decouples(sharing):
    """Tasks 0 and 2, linked, and task 1 with 3: each pair is a fit of its own."""
    data, alpha = table(28, "missing"), 0.5
    graph = np.zeros((T, T))
    graph[0, 2] = graph[2, 0] = 1.3
    graph[1, 3] = graph[3, 1] = 0.4
    together = data.fit(lm.GraphRegularizedRidge(alpha, sharing=sharing, graph=graph)).coef_
    for pair in ([0, 2], [1, 3]):
        part = cases.Table(data.X, data.Y[:, pair], data.weight[:, pair], "numeric")
        strength = alpha * cases.mean_total(data) / cases.mean_total(part)
        alone = lm.GraphRegularizedRidge(strength, sharing=sharing, graph=graph[np.ix_(pair, pair)])
        close(together[pair], part.fit(alone).coef_)
        unlinked = part.fit(alone.set_params(graph=np.zeros((2, 2)))) if sharing < 1 else None
        assert unlinked is None or np.abs(together[pair] - unlinked.coef_).max() > 1e-2


# -- Gaussian processes and kernels -------------------------------------------------------------------


@scenarios
def test_precision_is_the_gaussian_process_mean(scenario):
    """Linear kernel, covariance B over tasks, noise σ²: posterior mean at new points of every task.

    Rows are used as they are in one half (no intercepts), without the means of their tasks in the other.
    """
    data, B, noise = table(29, scenario), covariance(), 2.5
    new = np.random.default_rng(1).normal(size=(11, P))
    for fit_intercept in (False, True):
        tasks = by_task(data) if fit_intercept else [
            (data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)
        ]  # fmt: skip
        X, y, task = stacked(tasks)
        K = B[np.ix_(task, task)] * (X @ X.T)
        weights = np.linalg.solve(K + noise * np.eye(len(y)), y)
        mean = np.column_stack([(B[t, task] * (new @ X.T)) @ weights for t in range(T)])
        penalty = penalties.TaskPrecision(np.linalg.inv(B))
        alpha = noise / cases.mean_total(data)
        ours = data.fit(lm.MultiTaskGLM("squared", penalty, alpha, fit_intercept=fit_intercept))
        close(new @ ours.coef_.T, mean)
    # What the other tasks have to say matters.
    alone = data.fit(lm.MultiTaskGLM("squared", penalties.TaskPrecision(np.diag(1 / np.diag(B))), alpha))
    assert np.abs(new @ alone.coef_.T - mean).max() > 1e-2 * np.abs(mean).max()


@scenarios
def test_precision_of_tasks_that_nearly_agree(scenario):
    """The same for B = l l' + 1e-4 I, whose inverse has all but one eigenvalue large and equal up to rounding."""
    data, load, noise = table(33, scenario, T=3), np.array([1.0, 4 / 3, 5 / 3]), 2.5
    B = np.outer(load, load) + 1e-4 * np.eye(3)
    X, _, task = stacked(by_task(data))
    close((X * precision(B, noise, data).coef_[task]).sum(axis=1), kernel_ridge(data, B, noise), 1e-8)


def kernel_ridge(data, K, noise):
    """Fitted values of rows without the means of their tasks, kernel K_st x·z."""
    X, y, task = stacked(by_task(data))
    kernel = K[np.ix_(task, task)] * (X @ X.T)
    return KernelRidge(alpha=noise, kernel="precomputed").fit(kernel, y).predict(kernel)


@scenarios
def test_task_kernels_at_their_limits(scenario):
    """11': one ridge for the rows of all tasks. I: one ridge for each."""
    data, noise = table(30, scenario), 4.0
    tasks = by_task(data)
    X, y, task = stacked(tasks)
    pooled, single = ridge(X, y, noise), np.array([ridge(X, y, noise) for X, y in tasks])
    close(kernel_ridge(data, np.ones((T, T)), noise), X @ pooled)
    # 11' has no inverse: it is the limit of 11' + ε I, whose inverse is (I - 11' / (T + ε)) / ε.
    inverses = [(np.eye(T) - 1 / (T + eps)) / eps for eps in (1e-5, 1e-7, 1e-9)]
    near = [data.fit(with_precision(M, noise, data)).coef_ for M in inverses]
    errors = [np.abs(coef - pooled).max() for coef in near]
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.05)
    close(near[2], np.tile(pooled, (T, 1)), 1e-6)
    close(kernel_ridge(data, np.eye(T), noise), (X * single[task]).sum(axis=1))
    close(precision(np.eye(T), noise, data).coef_, single)
    assert np.abs(pooled - single).max() > 1e-2


@scenarios
def test_task_kernel_of_the_mean_model(scenario):
    """a 11' + b I is pulling to the mean, and to neighbours in the complete graph."""
    data, lams = table(31, scenario), (2.0, 0.5)
    a, b = mean_kernel(*lams)
    ours = precision(a + b * np.eye(T), 1.0, data)
    mean = mean_ridge(data, *lams)
    close(ours.coef_, mean.coef_)
    close(ours.coef_, data.fit(lm.GraphRegularizedRidge(mean.alpha, sharing=mean.sharing)).coef_)
    X, _, task = stacked(by_task(data))
    close((X * ours.coef_[task]).sum(axis=1), kernel_ridge(data, a + b * np.eye(T), 1.0))


def test_task_kernel_has_to_be_one():
    data, B = table(32, "missing"), covariance()
    vectors = np.linalg.eigh(B)[1]
    indefinite = (vectors * [1.0, 1.0, 1.0, -0.1]) @ vectors.T
    with pytest.raises(InvalidParameterError, match="not positive semi-definite"):
        precision(indefinite, 1.0, data)
    skewed = np.linalg.inv(B)
    skewed[0, 1] += 1.0
    with pytest.raises(InvalidParameterError, match="not symmetric"):
        data.fit(lm.MultiTaskGLM("squared", penalties.TaskPrecision(skewed)))
