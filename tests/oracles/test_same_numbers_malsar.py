"""The rows of docs/same_numbers.md for MALSAR: one test for each, of the name that stands there.

MALSAR is not run: the objective that it documents is written out in cvxpy with its own parameters, and its minimum
compared with ours at the converted ones.
"""

import cases
import cvxpy as cp
import numpy as np
import pytest
from peers import absolute, chain, check, clusters, columns, glm, largest, rows, sites, variables

from skmtl import penalties

# -- one part -----------------------------------------------------------------------------------------
# What a function adds to its loss, with its parameters times ``scale``: our penalty, its alpha if the loss is not
# scaled, the terms as they are written there, and constraints on what else they minimise over.


def l21(W, scale):
    rho1, rho_l2 = 6 * scale, 2 * scale
    penalty = penalties.GroupElasticNet(l1_ratio=rho1 / (rho1 + 2 * rho_l2))
    return penalty, rho1 + 2 * rho_l2, [rho1 * rows(W), rho_l2 * cp.sum_squares(W)], []


def lasso(W, scale):
    rho1, rho_l2 = 6 * scale, 2 * scale
    penalty = penalties.ElasticNet(l1_ratio=rho1 / (rho1 + 2 * rho_l2))
    return penalty, rho1 + 2 * rho_l2, [rho1 * absolute(W), rho_l2 * cp.sum_squares(W)], []


def trace(W, scale):
    rho1 = 8 * scale
    return penalties.TraceNorm(), rho1, [rho1 * cp.normNuc(W)], []


def srmtl(W, scale):
    """Without its third part, rho2 ‖W‖₁; R is a chain."""
    rho1, rho_l2, R = 5 * scale, 2 * scale, chain(W.shape[1])
    penalty = penalties.GraphRegularization(R.T, sharing=rho1 / (rho1 + rho_l2), form="incidence")
    return penalty, 2 * (rho1 + rho_l2), [rho1 * cp.sum_squares(W @ R), rho_l2 * cp.sum_squares(W)], []


def srmtl_l1(W, scale):
    rho1, rho2, rho_l2, R = 5 * scale, 4 * scale, 2 * scale, chain(W.shape[1])
    total = 2 * rho1 + rho2 + 2 * rho_l2
    options = {"form": "incidence", "sharing": rho1 / (rho1 + rho_l2), "l1_ratio": rho2 / total}
    smooth = [rho1 * cp.sum_squares(W @ R), rho_l2 * cp.sum_squares(W)]
    return penalties.GraphElasticNet(R.T, **options), total, [rho2 * absolute(W), *smooth], []


def srmtl_mean(W, scale):
    rho1, rho_l2, R = 5 * scale, 2 * scale, np.eye(W.shape[1]) - 1 / W.shape[1]
    penalty = penalties.MeanRegularization(sharing=rho1 / (rho1 + rho_l2))
    return penalty, 2 * (rho1 + rho_l2), [rho1 * cp.sum_squares(W @ R), rho_l2 * cp.sum_squares(W)], []


def tgl(W, scale):
    rho1, rho2, rho3 = 1 * scale, 4 * scale, 5 * scale
    total = 2 * rho1 + 2 * rho2 + rho3
    penalty = penalties.ChainGroupLasso(sharing=rho2 / (rho1 + rho2), l1_ratio=rho3 / total)
    steps = cp.sum_squares(W @ chain(W.shape[1]))
    return penalty, total, [rho1 * cp.sum_squares(W), rho2 * steps, rho3 * rows(W)], []


def cfglasso(W, scale):
    rho1, rho2, rho3 = 2 * scale, 6 * scale, 3 * scale
    total = rho1 + rho2 + rho3
    penalty = penalties.FusedSparseGroupLasso(fused_ratio=rho2 / total, l1_ratio=rho1 / (rho1 + rho3))
    steps = absolute(W @ chain(W.shape[1]))
    return penalty, total, [rho1 * absolute(W), rho2 * steps, rho3 * rows(W)], []


def cmtl(W, scale, of_tasks=True):
    rho1, rho2, k = 6 * scale, 2 * scale, 2
    term, constraints = clusters(W, k, rho1, rho2, of_tasks=of_tasks)
    return penalties.ClusteredTasks(n_clusters=k, sharing=rho1 / (rho1 + rho2)), 2 * rho2, [term], constraints


def caso(W, scale):
    return cmtl(W, scale, of_tasks=False)


EACH = (l21, lasso, trace, srmtl, srmtl_l1, srmtl_mean, tgl, cfglasso, cmtl, caso)
FUNCTIONS = [pytest.param(f, id=f.__name__) for f in EACH]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_malsar_least(function):
    """½ Σ_t ‖y_t - X_t w_t‖², no intercept."""
    data = sites(10, sizes=(31, 24, 41, 28))
    W = cp.Variable((data.p, data.n_tasks))
    penalty, strength, terms, constraints = function(W, 1.0)
    model = data.fit(glm(penalty, strength / data.n_bar))
    check(model, [data.squares(W) / 2, *terms], W, constraints)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_malsar_logistic(function):
    """The mean over each task, (1 / n_t) Σ_i, so task_weight="equal" and no n̄; an intercept without penalty."""
    data = sites(20, binary=True, sizes=(31, 24, 41, 28))
    W, c = cp.Variable((data.p, data.n_tasks)), cp.Variable(data.n_tasks)
    penalty, strength, terms, constraints = function(W, 0.02)
    model = data.fit(glm(penalty, strength, loss="logistic", task_weight="equal", fit_intercept=True))
    check(model, [data.mean_logistic(W, c), *terms], W, constraints)


# -- roots of sums of squares -------------------------------------------------------------------------


def test_malsar_mtflc():
    """Roots of the sums of squares: strengths are divided by the root of n̄."""
    data, lam1, lam2 = sites(15), 0.8, 0.3
    W = cp.Variable((data.p, data.n_tasks))
    loss = sum(cp.norm(y - X @ W[:, t], 2) for t, (X, y) in enumerate(zip(data.Xs, data.ys, strict=True)))
    penalty = penalties.GroupElasticNet(lam1 / (lam1 + lam2))
    model = data.fit(glm(penalty, (lam1 + lam2) / np.sqrt(data.n_bar), loss="square_root"))
    check(model, [loss, lam1 * rows(W), lam2 / 2 * cp.sum_squares(W)], W)


# -- two parts, W = P + Q; without the ½ --------------------------------------------------------


def two_parts(data, shared, specific, first, second):
    """Ours, at a peer's strengths of P and of Q, next to Σ_t ‖y_t - X_t w_t‖²."""
    penalty = penalties.SharedPlusSpecific(shared, specific, shared_ratio=first / (first + second))
    return data.fit(glm(penalty, (first + second) / (2 * data.n_bar)))


def test_malsar_least_dirty():
    data, rho1, rho2 = sites(21), 20.0, 11.0
    P, Q = variables(data)
    model = two_parts(data, "group_linf", "l1", rho1, rho2)
    check(model, [data.squares(P + Q), rho1 * largest(P), rho2 * absolute(Q)], P + Q)


def test_malsar_least_rmtl():
    data, rho1, rho2 = sites(22), 16.0, 12.0
    L, S = variables(data)
    model = two_parts(data, "trace_norm", "task_group_lasso", rho1, rho2)
    check(model, [data.squares(L + S), rho1 * cp.normNuc(L), rho2 * columns(S)], L + S)


def test_malsar_least_rmtfl():
    data, rho1, rho2 = sites(23), 16.0, 12.0
    P, Q = variables(data)
    model = two_parts(data, "group_lasso", "task_group_lasso", rho1, rho2)
    check(model, [data.squares(P + Q), rho1 * rows(P), rho2 * columns(Q)], P + Q)


def test_malsar_least_sparse_trace():
    """Its trace norm is bounded by tau: ours has the multiplier of that bound, which follows from the data."""
    data, gamma, tau = sites(24), 12.0, 1.2
    P, Q = variables(data)
    bound = cp.normNuc(Q) <= tau
    terms = [data.squares(P + Q), gamma * absolute(P)]
    cases.solve(cp.Problem(cp.Minimize(sum(terms)), [bound]))
    multiplier = float(bound.dual_value)
    assert multiplier > 1
    model = two_parts(data, "trace_norm", "l1", multiplier, gamma)
    check(model, terms, P + Q, [bound])
