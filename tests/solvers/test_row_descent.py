"""Block coordinate descent against proximal gradient written out in NumPy."""

import functools

import numpy as np
import pytest

from skmtl.penalties._row_terms import RowTerms
from skmtl.solvers import _row_descent
from skmtl.solvers._row_descent import solve_gram, solve_residual

N, K, T = 37, 11, 3
TOL, MANY = 1e-12, 5000
NONE, BELOW, ABOVE = np.zeros((1, 1)), np.full((1, 1), -np.inf), np.full((1, 1), np.inf)


def penalty(k=K, l1=NONE, l2=0.0, linf=0.0, ridge=NONE, lower=BELOW, upper=ABOVE):
    tables = [np.asarray(a, dtype=float) for a in (l1, ridge, lower, upper)]
    l1, ridge, lower, upper = (a.reshape((1, 1)) if a.ndim == 0 else a for a in tables)
    l2, linf = (np.array(np.broadcast_to(np.asarray(a, dtype=float), (k,))) for a in (l2, linf))
    return RowTerms(l1, l2, linf, ridge, lower, upper)


_rng = np.random.default_rng(7)
_some = _rng.uniform(0.0, 0.3, K) * (np.arange(K) % 4 > 0)
PENALTIES = {
    "none": penalty(),
    "group": penalty(l2=0.2),
    "group, some free": penalty(l2=_some),
    "lasso": penalty(l1=0.1),
    "lasso, each": penalty(l1=_rng.uniform(0.0, 0.3, (K, T)) * (_rng.random((K, T)) > 0.2)),
    "sparse group": penalty(l1=0.05, l2=0.1),
    "sparse group, rows": penalty(l1=_some[:, None], l2=_some),
    "ridge": penalty(ridge=0.3),
    "elastic net group": penalty(l2=0.2, ridge=_some[:, None]),
    "elastic net, each": penalty(l1=0.1, ridge=_rng.uniform(0.0, 1.0, (K, T))),
    "everything": penalty(l1=0.03, l2=_some, ridge=_rng.uniform(0.0, 1.0, (K, T)), lower=0.0),
    "non-negative": penalty(lower=0.0),
    "non-negative group": penalty(l2=0.15, lower=0.0),
    "signs": penalty(
        l1=0.05,
        l2=0.05,
        lower=np.where(np.arange(T) == 0, 0.0, -np.inf)[None],
        upper=np.where(np.arange(K) % 3 == 0, 0.0, np.inf)[:, None],
    ),
    "largest": penalty(linf=0.3),
    "largest, some free": penalty(linf=_some),
    "largest, non-negative, ridge": penalty(linf=0.2, lower=0.0, ridge=0.1),
}


def data(seed=0, weighted=False):
    """X (K, N) about its means, Y (T, N), weights, centres, scales that differ between tasks."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(K, N)) + 0.5 * rng.normal(size=N)
    X *= rng.uniform(0.5, 2.0, K)[:, None]
    X -= X.mean(axis=1, keepdims=True)
    Y = rng.normal(size=(T, K)) * (rng.random(K) > 0.4) @ X + rng.normal(size=(T, N)) + 3.0
    S = rng.uniform(0.5, 2.0, (T, N)) * (rng.random((T, N)) > 0.3) if weighted else np.ones((T, N))
    center = (X @ S.T) / S.sum(axis=1)
    R = Y - ((S * Y).sum(axis=1) / S.sum(axis=1))[:, None]
    return X, S, center, np.ascontiguousarray(R), rng.uniform(0.5, 1.5, T) / N


def moments(X, S, center, R, scale):
    about = X[None] - center.T[:, :, None]
    H = np.einsum("tji,ti,tli,t->tjl", about, S, about, scale)
    return H, np.einsum("tji,ti,ti,t->jt", about, S, R, scale)


def prox(V, step, p):
    """Row by row, from the definitions."""
    V = np.clip(V, np.broadcast_to(p.lower, V.shape), np.broadcast_to(p.upper, V.shape))
    V = np.sign(V) * np.maximum(np.abs(V) - step * p.l1, 0.0)
    for j, v in enumerate(V):
        norm = np.linalg.norm(v)
        if p.l2[j] > 0:
            V[j] = v * max(1 - step * p.l2[j] / norm, 0.0) if norm > 0 else v
        radius = step * p.linf[j]
        if p.linf[j] > 0:  # v less its projection on the ball of ‖·‖₁
            ordered = np.sort(np.abs(v))[::-1]
            level = ((np.cumsum(ordered) - radius) / np.arange(1, len(v) + 1)).max()
            V[j] = np.sign(v) * np.minimum(np.abs(v), max(level, 0.0))
    return V


def reference(H, c, p):
    """Proximal gradient with the constant momentum of strongly convex problems; the ridge is part of the loss."""
    H = H + np.broadcast_to(p.ridge, c.shape).T[:, :, None] * np.eye(len(c))
    values = np.linalg.eigvalsh(H)
    step, beta = 1 / values.max(), np.sqrt(values.min() / values.max())
    W = probe = np.zeros_like(c)
    for _ in range(3000):
        gradient = np.einsum("tjl,lt->jt", H, probe) - c
        new = prox(probe - step * gradient, step, p)
        if np.abs(new - W).max() < 1e-14:
            break
        W, probe = new, new + (1 - beta) / (1 + beta) * (new - W)
    return W


@functools.cache
def minimum(name, seed=0, weighted=False, same_scale=False):
    X, S, center, R, scale = data(seed, weighted)
    return reference(*moments(X, S, center, R, np.full(T, 1 / N) if same_scale else scale), PENALTIES[name])


@pytest.fixture(params=[32, 4], ids=["one block", "blocks"])
def blocks(request, monkeypatch):
    if request.param < K:
        for name in ("BLOCK", "WEIGHTED_BLOCK", "SINGLE_BLOCK"):
            monkeypatch.setattr(_row_descent, name, request.param)


@pytest.mark.parametrize("weighted", [False, True], ids=["complete", "weighted"])
@pytest.mark.parametrize("name", PENALTIES)
def test_both_modes_reach_the_minimum(name, weighted, blocks):
    p = PENALTIES[name]
    X, S, center, R, scale = data(weighted=weighted)
    H, c = moments(X, S, center, R, scale)
    expected = minimum(name, weighted=weighted)

    W = np.zeros((K, T))
    sweeps, last = solve_gram(H, c, W, p, TOL, MANY)
    assert sweeps < MANY
    assert last <= TOL
    np.testing.assert_allclose(W, expected, atol=1e-10)
    np.testing.assert_array_equal(W == 0, expected == 0)

    W, left = np.zeros((K, T)), R.copy()
    sweeps, _ = solve_residual(X, S if weighted else None, center, left, W, p, scale, TOL, MANY)
    assert sweeps < MANY
    np.testing.assert_allclose(W, expected, atol=1e-10)
    about = X[None] - center.T[:, :, None]
    np.testing.assert_allclose(left, R - np.einsum("tji,jt->ti", about, W), atol=1e-11)


@pytest.mark.parametrize("name", PENALTIES)
def test_one_gram_for_all_tasks(name, blocks):
    p = PENALTIES[name]
    X, S, center, R, _ = data(seed=1)
    scale = np.full(T, 1 / N)
    H, c = moments(X, S, center, R, scale)
    shared, each = np.zeros((K, T)), np.random.default_rng(2).normal(size=(K, T))
    solve_gram(H[:1].copy(), c, shared, p, TOL, MANY)
    np.testing.assert_allclose(shared, minimum(name, seed=1, same_scale=True), atol=1e-10)
    np.maximum(each, p.lower, out=each)
    np.minimum(each, p.upper, out=each)
    solve_gram(H, c, each, p, TOL, MANY)  # from elsewhere
    np.testing.assert_allclose(each, shared, atol=1e-10)


def test_warm_start_ends_at_once_and_leaves_the_residual_alone():
    p = PENALTIES["group"]
    X, _, center, R, scale = data()
    W = np.zeros((K, T))
    solve_residual(X, None, center, R, W, p, scale, TOL, MANY)
    again, left = W.copy(), R.copy()
    sweeps, last = solve_residual(X, None, center, left, again, p, scale, 1e-9, MANY)
    assert sweeps == 1
    assert last <= 1e-9
    np.testing.assert_allclose(again, W, atol=1e-9)
    np.testing.assert_allclose(left, R, atol=1e-9)


def test_features_without_variation_are_zero_or_left_alone(blocks):
    X, _, _, R, scale = data()
    X[2], X[5] = 0.0, 1e3
    center = np.repeat(X.mean(axis=1)[:, None], T, axis=1)
    l2 = np.full(K, 0.2)
    l2[5] = 0.0
    W = np.full((K, T), 0.5)
    R -= 0.5 * (X - center[:, :1]).sum(axis=0)
    solve_residual(X, None, center, R, W, penalty(l2=l2), scale, TOL, MANY)
    np.testing.assert_array_equal(W[2], 0.0)
    np.testing.assert_allclose(W[5], 0.5, rtol=1e-14)  # not penalised
    assert np.isfinite(W).all()


@pytest.mark.parametrize("curvatures", [(1.0, 1e-8, 1e8), (0.0, 2.0, 3.0), (5.0, 5.0, 5.0)])
@pytest.mark.parametrize("kind", ["l2", "linf"])
def test_a_row_with_different_curvatures_is_exact(kind, curvatures):
    h = np.array(curvatures)
    for seed in range(5):
        v = np.random.default_rng(seed).normal(size=T) * np.sqrt(h)
        w = np.zeros((1, T))
        strength = 0.3 * (np.linalg.norm(v) if kind == "l2" else np.abs(v).sum())
        sweeps, _ = solve_gram(h.reshape(T, 1, 1), v[None], w, penalty(1, **{kind: strength}), 1e-9, 9)
        gradient, w = v - h * w[0], w[0]
        assert sweeps <= 3
        # The gradient is a subgradient: of the dual norm's size, and <gradient, w> = strength · norm of w.
        if kind == "l2":
            np.testing.assert_allclose(gradient, strength * w / np.linalg.norm(w), rtol=1e-9, atol=1e-12 * strength)
        else:
            np.testing.assert_allclose(np.abs(gradient).sum(), strength, rtol=1e-10)
            np.testing.assert_allclose(gradient @ w, strength * np.abs(w).max(), rtol=1e-10)


def test_the_result_does_not_depend_on_the_run():
    X, S, center, R, scale = data(weighted=True)
    runs = []
    for _ in range(2):
        W = np.zeros((K, T))
        solve_residual(X, S, center, R.copy(), W, PENALTIES["sparse group"], scale, 1e-6, MANY)
        runs.append(W)
    np.testing.assert_array_equal(*runs)


def test_extrapolation_saves_sweeps(monkeypatch):
    """Collinear features: plain descent crawls."""
    rng = np.random.default_rng(3)
    k = 30
    X = rng.normal(size=(60, k)) * 0.1 + rng.normal(size=(60, 1))
    H, c = (X.T @ X / 60)[None], X.T @ rng.normal(size=(60, T)) / 60
    counts, fits = {}, {}
    for depth, easy in ((5, 10), (1, 10**6)):
        monkeypatch.setattr(_row_descent, "DEPTH", depth)
        monkeypatch.setattr(_row_descent, "EASY", easy)
        fits[depth] = np.zeros((k, T))
        counts[depth], _ = solve_gram(H, c, fits[depth], penalty(k, l2=1e-4), 1e-10, 10**5)
    np.testing.assert_allclose(fits[5], fits[1], atol=1e-7)
    assert counts[5] < 0.5 * counts[1]


def test_sweeps_are_limited():
    X, _, center, R, scale = data()
    for limit in (1, 3, 12):
        sweeps, last = solve_residual(X, None, center, R.copy(), np.zeros((K, T)), penalty(), scale, 0.0, limit)
        assert sweeps == limit
        assert last > 0
