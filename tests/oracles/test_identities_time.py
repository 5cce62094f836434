"""Identities of the penalties along time.

Parameters are those of the papers, with half the squares summed: "squared" rho1 ‖W‖² + rho2 Σ_t ‖w_{t+1} - w_t‖² +
rho3 Σ_j ‖w_j‖; "absolute" rho1 ‖W‖₁ + rho2 Σ_t ‖w_{t+1} - w_t‖₁ + rho3 Σ_j ‖w_j‖. `IDENTITIES` in test_identities.py
says which statement each test shows.
"""

import cases
import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import lsq_linear
from sklearn import linear_model as sk

from skmtl import linear_model as lm
from skmtl import penalties

N, P, T = 37, 6, 4
TOL = 1e-14
TIMES = np.array([0.0, 1.0, 2.5, 6.0])
scenarios = pytest.mark.parametrize("scenario", ["missing", "rows"])
smoothnesses = pytest.mark.parametrize("smoothness", ["squared", "absolute"])


def table(seed, scenario, **options):
    return cases.table(seed, scenario=scenario, **{"n": N, "p": P, "T": T, **options})


def by_task(data):
    """Features and outcomes of each task, without their means."""
    tasks = [(data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)]
    return [(X - X.mean(axis=0), y - y.mean()) for X, y in tasks]


def pooled(data):
    """Their rows below each other."""
    tasks = by_task(data)
    return np.vstack([X for X, _ in tasks]), np.concatenate([y for _, y in tasks])


def elastic_net(X, y, l1, ridge):
    """Half the squares summed plus l1 ‖w‖₁ + ridge ‖w‖²."""
    total = (l1 + 2 * ridge) / len(y)
    model = sk.ElasticNet(total, l1_ratio=l1 / (l1 + 2 * ridge), fit_intercept=False, tol=1e-15, max_iter=1_000_000)
    return model.fit(X, y).coef_


def temporal(data, smoothness, rho1, rho2, rho3, **options):
    if smoothness == "squared":
        total = 2 * rho1 + 2 * rho2 + rho3
        sharing, l1_ratio = (rho2 / (rho1 + rho2) if rho1 + rho2 > 0 else 0.0), rho3 / total
    else:
        total = rho1 + rho2 + rho3
        sharing, l1_ratio = rho2 / total, rho1 / (rho1 + rho3)
    given = {"smoothness": smoothness, "sharing": sharing, "l1_ratio": l1_ratio, "tol": TOL, **options}
    return data.fit(lm.TemporalRegressor(total / cases.mean_total(data), **given))


def close(ours, theirs, tol=1e-7):
    """Within a share of the largest number, which is not zero."""
    assert np.abs(theirs).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * np.abs(theirs).max())


# -- stiff --------------------------------------------------------------------------------------------


@scenarios
def test_stiff_chain_is_one_ridge_of_all_rows(scenario):
    """Equal coefficients of all visits: the ridge at T rho1. The distance falls as 1 / rho2."""
    data, rho1 = table(60, scenario), 2.0
    X, y = pooled(data)
    w = np.linalg.solve(X.T @ X + 2 * T * rho1 * np.eye(P), X.T @ y)
    fits = [temporal(data, "squared", rho1, rho2, 0.0, times=TIMES).coef_ for rho2 in (1e4, 1e6)]
    errors = [np.abs(coef - w).max() for coef in fits]
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.05)
    # Nearer to the limit by the closed form, which the penalty has where nothing is selected.
    chain = penalties.ChainRegularization(TIMES, 1e10 / (1e10 + rho1))
    stiff = data.fit(lm.MultiTaskGLM("squared", chain, 2 * (1e10 + rho1) / cases.mean_total(data)))
    close(stiff.coef_, np.tile(w, (T, 1)))
    assert np.abs(np.linalg.solve(X.T @ X + 2 * rho1 * np.eye(P), X.T @ y) - w).max() > 1e-3


@scenarios
def test_stiff_chain_with_selection(scenario):
    """A row of equal coefficients has length √T |w_j|: the elastic net with √T rho3 and T rho1, up to 1 / rho2."""
    data, rho1, rho3 = table(61, scenario), 2.0, 25.0
    w = elastic_net(*pooled(data), np.sqrt(T) * rho3, T * rho1)
    assert 0 < (w != 0).sum() < P
    fits = [temporal(data, "squared", rho1, rho2, rho3, tol=1e-11).coef_ for rho2 in (1e5, 1e7)]
    errors = [np.abs(coef - w).max() for coef in fits]
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.2)
    close(fits[1], np.tile(w, (T, 1)), 1e-4)


@scenarios
def test_stiff_fused_chain_is_one_lasso_of_all_rows(scenario):
    """The lasso with T rho1 + √T rho3, once rho2 a_t outweighs the visits up to t pulling otherwise than the mean."""
    data, rho1, rho3 = table(62, scenario), 6.0, 14.0
    w = elastic_net(*pooled(data), T * rho1 + np.sqrt(T) * rho3, 0.0)
    assert 0 < (w != 0).sum() < P
    pull = np.column_stack([X.T @ (y - X @ w) for X, y in by_task(data)])
    gaps = np.diff(TIMES) / np.diff(TIMES).mean()
    needed = (np.abs(np.cumsum(pull - pull.mean(axis=1, keepdims=True), axis=1)[:, :-1]) * gaps).max(axis=1)
    for rho2 in (1.001 * needed.max(), 100 * needed.max()):
        ours = temporal(data, "absolute", rho1, rho2, rho3, times=TIMES).coef_
        close(ours, np.tile(w, (T, 1)))
        assert np.ptp(ours, axis=0).max() < 1e-14
    loose = temporal(data, "absolute", rho1, 0.97 * needed[w != 0].max(), rho3, times=TIMES)
    assert np.ptp(loose.coef_[:, w != 0], axis=0).max() > 1e-4


# -- loose --------------------------------------------------------------------------------------------


@scenarios
def test_loose_chain(scenario):
    """rho2 = 0: the multi-task lasso or elastic net, and the sparse group lasso. With rho2 it is not."""
    data = table(63, scenario)
    n_bar = cases.mean_total(data)
    pairs = [
        ("squared", (0.0, 0.0, 20.0), lm.MultiTaskLasso(20.0 / n_bar, tol=TOL)),
        ("squared", (3.0, 0.0, 20.0), lm.MultiTaskElasticNet(26.0 / n_bar, l1_ratio=20.0 / 26.0, tol=TOL)),
        ("absolute", (6.0, 0.0, 14.0), lm.MultiTaskSparseGroupLasso(20.0 / n_bar, l1_ratio=0.3, tol=TOL)),
        ("absolute", (0.0, 0.0, 20.0), lm.MultiTaskLasso(20.0 / n_bar, tol=TOL)),
        ("absolute", (20.0, 0.0, 0.0), lm.MultiTaskGLM("squared", "l1", alpha=20.0 / n_bar, tol=TOL)),
    ]
    for smoothness, rho, other in pairs:
        theirs = data.fit(other).coef_
        assert 0 < (theirs != 0).sum() < theirs.size
        close(temporal(data, smoothness, *rho, times=TIMES).coef_, theirs)
        tied = temporal(data, smoothness, rho[0], 5.0, rho[2], times=TIMES)
        assert np.abs(tied.coef_ - theirs).max() > 1e-2


@smoothnesses
def test_one_visit(smoothness):
    """Elastic net, lasso: what ties visits is idle."""
    data = table(64, "complete", T=1)
    rho1, rho2, rho3 = 4.0, 50.0, 9.0
    l1, ridge = (rho3, rho1) if smoothness == "squared" else (rho1 + rho3, 0.0)
    w = elastic_net(*pooled(data), l1, ridge)
    assert 0 < (w != 0).sum() < P
    close(temporal(data, smoothness, rho1, rho2, rho3).coef_, w[None, :])


@scenarios
@smoothnesses
def test_backwards_in_time(smoothness, scenario):
    data, rho = table(65, scenario), (2.0, 9.0, 6.0)
    task = None if data.task is None else T - 1 - data.task
    back = cases.Table(data.X, data.Y[:, ::-1], data.weight[:, ::-1], data.kind, data.rows, task)
    forth = temporal(data, smoothness, *rho, times=TIMES)
    close(temporal(back, smoothness, *rho, times=10.0 - TIMES[::-1]).coef_[::-1], forth.coef_)
    # Times that are not turned with the visits are other times.
    assert np.abs(temporal(back, smoothness, *rho, times=TIMES).coef_[::-1] - forth.coef_).max() > 1e-3


# -- the prox -----------------------------------------------------------------------------------------


def test_fused_prox_is_block_shrinkage_of_the_fused_lasso():
    """Block shrinkage of the fused lasso's prox, which is a quadratic programme with bounds; not in the other order."""
    rng, step, fused, sparse, group = np.random.default_rng(0), 1.3, 0.25, 0.45, 0.3
    Z = rng.normal(size=(11, T)) + rng.normal(size=(11, 1))
    a = np.diff(TIMES).mean() / np.diff(TIMES)
    jumps = np.diff(np.eye(T), axis=0)

    def fused_lasso(V):
        """V minus what the bounded multipliers of jumps and of coefficients can explain."""
        A = np.hstack([jumps.T, np.eye(T)])
        bound = step * np.concatenate([fused * a, np.full(T, sparse)])
        return np.array([v - A @ lsq_linear(A, v, (-bound, bound), method="bvls", tol=1e-15).x for v in V])

    def block(V):
        length = np.linalg.norm(V, axis=1, keepdims=True)
        return V * np.maximum(1 - step * group / np.maximum(length, 1e-300), 0.0)

    penalty = penalties.FusedSparseGroupLasso(TIMES, fused_ratio=fused, l1_ratio=sparse / (sparse + group))
    V = penalty.prox(Z, step)
    close(V, block(fused_lasso(Z)), 1e-12)
    assert np.abs(fused_lasso(block(Z)) - V).max() > 1e-2
    # Some rows vanish, some entries, some jumps.
    chosen = V.any(axis=1)
    assert 0 < chosen.sum() < 11
    assert (V[chosen] == 0).any()
    assert ((np.abs(np.diff(V, axis=1)) < 1e-12) & (V[:, 1:] != 0)).any()
    # All three terms at once.
    W = cp.Variable(Z.shape)
    terms = fused * cp.sum(cp.abs(W @ jumps.T) @ a) + sparse * cp.sum(cp.abs(W)) + group * cp.sum(cp.norm(W, 2, axis=1))
    problem = cp.Problem(cp.Minimize(cp.sum_squares(W - Z) / 2 + step * terms))
    cases.solve(problem)
    close(V, W.value, 1e-5)
    assert ((V - Z) ** 2).sum() / 2 + step * penalty.value(V) == pytest.approx(problem.value, rel=1e-8)
