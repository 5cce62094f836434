"""Identities of the spectral penalties: trace norms, clusters, and covariances learned with the coefficients.

`IDENTITIES` in test_identities.py says which statement each test shows.
"""

import cases
import cvxpy as cp
import numpy as np
import pytest
from peers import clusters

from skmtl import linear_model as lm
from skmtl import penalties

N, P, T = 37, 6, 4
TOL = 1e-14
scenarios = pytest.mark.parametrize("scenario", ["missing", "rows"])


def table(seed, scenario, **options):
    return cases.table(seed, scenario=scenario, **{"n": N, "p": P, "T": T, **options})


def by_task(data):
    """Features and outcomes of each task, without their means, which is what free intercepts do."""
    tasks = [(data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)]
    return [(X - X.mean(axis=0), y - y.mean()) for X, y in tasks]


def squares(tasks, W):
    """Half the sum of squares."""
    return sum(((y - X @ W[:, t]) ** 2).sum() for t, (X, y) in enumerate(tasks)) / 2


def glm(penalty, alpha, **options):
    return lm.MultiTaskGLM(penalty=penalty, alpha=alpha, tol=TOL, **options)


def trace_norm(W):
    return np.linalg.svd(W, compute_uv=False).sum()


def covariance_of(W):
    """(W'W)^½ / tr."""
    _, values, vectors = np.linalg.svd(W, full_matrices=False)
    return (vectors.T * (values / values.sum())) @ vectors


def close(ours, theirs, tol=1e-6):
    """Within a share of the largest number, which is not zero."""
    assert np.abs(theirs).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * np.abs(theirs).max())


# -- trace norm ---------------------------------------------------------------------------------------


def test_trace_norm_prox():
    Z = np.random.default_rng(0).normal(size=(P, T))
    U, values, V = np.linalg.svd(Z, full_matrices=False)
    step = values[1:3].mean()
    ours = penalties.TraceNorm().prox(Z, step)
    close(ours, (U * np.maximum(values - step, 0.0)) @ V, 1e-13)
    assert np.linalg.matrix_rank(ours) == 2


def test_trace_norm_turns_with_the_data():
    """Y S has coefficients W S, and X R has R'W; of the L2,1 norm only the first holds."""
    data, rng = table(40, "complete"), np.random.default_rng(0)
    R, S = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in (P, T))
    W, turned, moved = (
        lm.TraceNormRegressor(3.0, tol=TOL).fit(X, Y).coef_.T
        for X, Y in ((data.X, data.Y), (data.X, data.Y @ S), (data.X @ R, data.Y))
    )
    assert 0 < np.linalg.matrix_rank(W, tol=1e-6) < T
    close(turned, W @ S)
    close(moved, R.T @ W)
    rows, turned, moved = (
        lm.MultiTaskLasso(0.8, tol=TOL).fit(X, Y).coef_.T
        for X, Y in ((data.X, data.Y), (data.X, data.Y @ S), (data.X @ R, data.Y))
    )
    close(turned, rows @ S)
    assert np.abs(moved - R.T @ rows).max() > 1e-2


@scenarios
@pytest.mark.parametrize("share", [0.001, 0.6])
def test_squared_trace_norm_is_the_trace_norm(share, scenario):
    """gamma ‖W‖_*² has the solution of lambda ‖W‖_* at lambda = 2 gamma ‖W‖_*."""
    data = table(41, scenario)
    G = np.column_stack([X.T @ y for X, y in by_task(data)]) / cases.mean_total(data)
    gamma = share * np.linalg.norm(G, 2)
    squared = data.fit(glm("squared_trace_norm", 2 * gamma)).coef_
    lam = 2 * gamma * trace_norm(squared)
    plain = data.fit(lm.TraceNormRegressor(lam, tol=TOL))
    close(plain.coef_, squared, 1e-5)
    assert plain.rank_ == (T if share < 0.01 else 1)
    assert np.abs(data.fit(lm.TraceNormRegressor(0.9 * lam, tol=TOL)).coef_ - squared).max() > 1e-3


# -- covariances learned with the coefficients --------------------------------------------------------


def with_features(tasks, D, gamma):
    """The W that minimises half the squares plus gamma tr(W' D⁻¹ W)."""
    return np.column_stack([D @ X.T @ np.linalg.solve(X @ D @ X.T + 2 * gamma * np.eye(len(y)), y) for X, y in tasks])


def with_tasks(tasks, Omega, gamma):
    """The W that minimises half the squares plus gamma tr(W Omega⁻¹ W')."""
    X, y = np.vstack([X for X, _ in tasks]), np.concatenate([y for _, y in tasks])
    task = np.repeat(np.arange(len(tasks)), [len(y) for _, y in tasks])
    a = np.linalg.solve(Omega[np.ix_(task, task)] * (X @ X.T) + 2 * gamma * np.eye(len(y)), y)
    return np.column_stack([X.T @ (a * Omega[t, task]) for t in range(len(tasks))])


@scenarios
@pytest.mark.parametrize(("side", "p", "n_tasks"), [("features", 3, 5), ("tasks", 6, 4)])
def test_learned_features_are_the_squared_trace_norm(side, p, n_tasks, scenario):
    """min over D of trace 1, tr(W' D⁻¹ W) = ‖W‖_*², at D = (WW')^½ / tr; alternating ends there, from above.

    (On the side whose covariance has full rank. It crawls where the optimum has not: ours is then the lower.)
    """
    data = table(42, scenario, p=p, T=n_tasks)
    tasks = by_task(data)
    for gamma, reached in ((0.3, 1e-10), (8.0, 1e-2)):
        W = data.fit(glm("squared_trace_norm", 2 * gamma / cases.mean_total(data))).coef_.T
        best = squares(tasks, W) + gamma * trace_norm(W) ** 2
        size = min(p, n_tasks)
        covariance, values = np.eye(size) / size, []
        for _ in range(300):
            V = (with_features if side == "features" else with_tasks)(tasks, covariance, gamma)
            covariance = covariance_of(V.T if side == "features" else V)
            values.append(squares(tasks, V) + gamma * trace_norm(V) ** 2)
        assert (np.diff(values) <= 1e-12 * best).all()
        assert values[0] > best * (1 + 1e-4)
        assert best * (1 - 1e-13) <= values[-1] <= best * (1 + reached)
        if gamma < 1:
            close(V, W, 1e-5)


@scenarios
def test_fixed_point_of_covariances(scenario):
    """W is the ridge with Omega = (W'W)^½ / tr between tasks, and with D = (WW')^½ / tr between features.

    Either where it has an inverse: W of rank T, and of rank p.
    """
    data = table(43, scenario)
    alpha = 0.02 / cases.mean_total(data)
    W = data.fit(glm("squared_trace_norm", alpha)).coef_.T
    Omega = covariance_of(W)
    assert np.linalg.eigvalsh(Omega)[0] > 1e-3
    close(data.fit(glm(penalties.TaskPrecision(np.linalg.inv(Omega)), alpha)).coef_, W.T, 1e-8)
    tall = table(44, scenario, p=3, T=5)
    W = tall.fit(glm("squared_trace_norm", alpha)).coef_.T
    values, vectors = np.linalg.eigh(covariance_of(W.T))
    half = (vectors * np.sqrt(values)) @ vectors.T
    turned = cases.Table(tall.X @ half, tall.Y, tall.weight, tall.kind, tall.rows, tall.task)
    close(turned.fit(lm.MultiTaskRidge(alpha)).coef_ @ half, W.T, 1e-8)


@scenarios
def test_learned_tasks_are_the_squared_trace_norm(scenario):
    """Σ_t ‖y_t - X_t w_t‖² / n_t + lambda2 / 2 tr(W Omega⁻¹ W') over W and Omega of trace 1, without its ridge part."""
    data, lam2 = table(45, scenario), 0.4
    tasks = by_task(data)
    W, Omega = cp.Variable((P, T)), cp.Variable((T, T), PSD=True)
    terms = [cp.sum_squares(y - X @ W[:, t]) / len(y) for t, (X, y) in enumerate(tasks)]
    problem = cp.Problem(cp.Minimize(sum(terms) + lam2 / 2 * cp.matrix_frac(W.T, Omega)), [cp.trace(Omega) == 1])
    cases.solve(problem)
    ours = data.fit(glm("squared_trace_norm", lam2 / 2, task_weight="equal")).coef_.T
    value = sum(((y - X @ ours[:, t]) ** 2).mean() for t, (X, y) in enumerate(tasks)) + lam2 / 2 * trace_norm(ours) ** 2
    assert value == pytest.approx(problem.value, rel=1e-7)
    close(ours, W.value, 1e-4)
    close(Omega.value, covariance_of(ours), 1e-3)


@scenarios
def test_equal_task_covariance_is_ridge(scenario):
    data, alpha = table(46, scenario), 0.1
    fixed = data.fit(glm(penalties.TaskPrecision(np.linalg.inv(np.eye(T) / T)), alpha))
    close(fixed.coef_, data.fit(lm.MultiTaskRidge(alpha * T)).coef_, 1e-12)


# -- clusters: rho1 eta (1 + eta) tr(W (eta I + M)⁻¹ W'), tr M = k, 0 ⪯ M ⪯ I, eta = rho2 / rho1 ----------------


def clustered(data, k, rho1, rho2):
    alpha = 2 * rho2 / cases.mean_total(data)
    return lm.ClusteredTasksRegressor(alpha, n_clusters=k, sharing=rho1 / (rho1 + rho2), tol=TOL)


@scenarios
def test_as_many_clusters_as_tasks_is_ridge(scenario):
    """With strength rho2, whatever rho1: the penalty to rounding, fits to the root of that."""
    data, rho2 = table(47, scenario), 3.0
    Z = np.random.default_rng(0).normal(size=(P, T))
    for k in (T, T + 3):
        ours = penalties.ClusteredTasks(k, 0.7)
        assert ours.value(Z) == pytest.approx((Z**2).sum() / 2, rel=1e-14)
        close(ours.prox(Z, 0.8), Z / 1.8, 1e-14)
    ridge = data.fit(lm.MultiTaskRidge(2 * rho2 / cases.mean_total(data))).coef_
    for k, rho1 in ((T, 5.0), (T, 500.0), (T + 3, 5.0)):
        close(data.fit(clustered(data, k, rho1, rho2)).coef_, ridge, 1e-5)
    assert np.abs(data.fit(clustered(data, T - 1, 5.0, rho2)).coef_ - ridge).max() > 1e-3


@scenarios
def test_as_many_directions_as_features_is_ridge(scenario):
    """The matrix over features (alternating structure optimisation) is then I: also with fewer features than tasks."""
    data, rho2 = table(48, scenario, p=3, T=5), 3.0
    ridge = data.fit(lm.MultiTaskRidge(2 * rho2 / cases.mean_total(data))).coef_
    close(data.fit(clustered(data, 3, 5.0, rho2)).coef_, ridge, 1e-5)
    assert np.abs(data.fit(clustered(data, 2, 5.0, rho2)).coef_ - ridge).max() > 1e-3


@scenarios
def test_one_cluster_is_the_squared_trace_norm(scenario):
    data, alpha = table(49, scenario), 0.05
    ours = data.fit(lm.ClusteredTasksRegressor(alpha, n_clusters=1, sharing=1.0, tol=TOL)).coef_
    close(ours, data.fit(glm("squared_trace_norm", alpha)).coef_, 1e-8)
    assert np.abs(data.fit(lm.ClusteredTasksRegressor(alpha, n_clusters=1, tol=TOL)).coef_ - ours).max() > 1e-3


@scenarios
@pytest.mark.parametrize("k", [1, 2])
def test_clusters_of_tasks_equal_clusters_of_features(k, scenario):
    """Jointly over W and M, (T, T) or (p, p): one W, which is ours."""
    data, rho1, rho2 = table(50, scenario), 9.0, 3.0
    tasks, eta = by_task(data), rho2 / rho1
    model = data.fit(clustered(data, k, rho1, rho2))
    ours = model.coef_.T
    term = rho1 * eta * (1 + eta) * np.trace(ours @ np.linalg.solve(eta * np.eye(T) + model.cluster_matrix_, ours.T))
    for of_tasks in (True, False):
        W = cp.Variable((P, T))
        penalty, constraints = clusters(W, k, rho1, rho2, of_tasks=of_tasks)
        loss = sum(cp.sum_squares(y - X @ W[:, t]) for t, (X, y) in enumerate(tasks)) / 2
        problem = cp.Problem(cp.Minimize(loss + penalty), constraints)
        cases.solve(problem)
        assert squares(tasks, ours) + term == pytest.approx(problem.value, rel=1e-7)
        close(ours, W.value, 1e-4)


@scenarios
@pytest.mark.parametrize("k", [1, 2, 3])
def test_cluster_matrix_is_the_best(k, scenario):
    """W is the ridge of the matrix found, and no other admissible matrix is cheaper for W."""
    data, sharing, alpha = table(51, scenario), 0.8, 0.2
    model = data.fit(lm.ClusteredTasksRegressor(alpha, n_clusters=k, sharing=sharing, tol=TOL))
    W, M = model.coef_.T, model.cluster_matrix_
    values = np.linalg.eigvalsh(M)
    assert values[0] >= -1e-12
    assert values[-1] <= 1 + 1e-12
    assert np.trace(M) == pytest.approx(k, rel=1e-12)

    def within(M):
        return (1 - sharing) * np.eye(T) + sharing * M

    close(data.fit(glm(penalties.TaskPrecision(np.linalg.inv(within(M))), alpha)).coef_, model.coef_)
    cost = np.trace(W @ np.linalg.solve(within(M), W.T)) / 2
    assert cost == pytest.approx(penalties.ClusteredTasks(k, sharing).value(W), rel=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(50):
        projections = [np.linalg.qr(rng.normal(size=(T, k)))[0] for _ in range(rng.integers(1, 5))]
        other = np.mean([Q @ Q.T for Q in projections], axis=0)
        for mixed in (other, 0.99 * M + 0.01 * other):
            assert np.trace(W @ np.linalg.solve(within(mixed), W.T)) / 2 > cost
