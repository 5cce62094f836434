"""The rows of docs/same_numbers.md for scikit-learn, mutar and R: one test for each, of the name that stands there.

scikit-learn's models are fitted. The others are not run: the objective each of them documents is written out in cvxpy
with its own parameters, and its minimum compared with ours at the converted ones.
"""

import cases
import cvxpy as cp
import numpy as np
import pytest
import sklearn
from peers import absolute, chain, check, close, clusters, glm, rows, sites, variables
from sklearn import linear_model as sk
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import LinearSVC
from sklearn.utils.fixes import parse_version

from skmtl import losses, penalties
from skmtl.linear_model import (
    MeanRegularizedRidge,
    MultiTaskElasticNet,
    MultiTaskLasso,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
    MultiTaskSparseGroupLasso,
)

# -- scikit-learn -------------------------------------------------------------------------------------


def test_sklearn_multi_task_lasso():
    data = cases.table(0, n=40, p=6, T=3)
    ours = MultiTaskLasso(0.2, tol=1e-12).fit(data.X, data.Y)
    theirs = sk.MultiTaskLasso(0.2, tol=1e-12, max_iter=100_000).fit(data.X, data.Y)
    close(ours.coef_, theirs.coef_)
    close(ours.intercept_, theirs.intercept_)


def test_sklearn_multi_task_elastic_net():
    data = cases.table(1, n=40, p=6, T=3)
    ours = MultiTaskElasticNet(0.2, l1_ratio=0.3, tol=1e-12).fit(data.X, data.Y)
    theirs = sk.MultiTaskElasticNet(0.2, l1_ratio=0.3, tol=1e-12, max_iter=100_000).fit(data.X, data.Y)
    close(ours.coef_, theirs.coef_)


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_sklearn_lasso(scenario):
    data = cases.table(2, scenario=scenario, n=40, p=6, T=3)
    ours = glm("l1", 0.2, fit_intercept=True, tol=1e-12).fit(data.X, data.Y)
    n_bar = data.observed.sum() / 3
    for t, seen in enumerate(data.observed.T):
        # A task with more rows than the average is penalised less per row.
        theirs = sk.Lasso(n_bar * 0.2 / seen.sum(), tol=1e-12, max_iter=100_000).fit(data.X[seen], data.Y[seen, t])
        close(ours.coef_[t], theirs.coef_)


def test_sklearn_lasso_positive():
    data = cases.table(2, n=40, p=6, T=3)
    ours = glm("l1", 0.2, fit_intercept=True, bounds=(0, np.inf), tol=1e-12).fit(data.X, data.Y)
    for t in range(3):
        theirs = sk.Lasso(0.2, positive=True, tol=1e-12, max_iter=100_000).fit(data.X, data.Y[:, t])
        close(ours.coef_[t], theirs.coef_)


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_sklearn_elastic_net(scenario):
    data = cases.table(3, scenario=scenario, n=40, p=6, T=3)
    ours = glm(penalties.ElasticNet(0.4), 0.2, fit_intercept=True, tol=1e-12).fit(data.X, data.Y)
    n_bar = data.observed.sum() / 3
    for t, seen in enumerate(data.observed.T):
        theirs = sk.ElasticNet(n_bar * 0.2 / seen.sum(), l1_ratio=0.4, tol=1e-12, max_iter=100_000)
        close(ours.coef_[t], theirs.fit(data.X[seen], data.Y[seen, t]).coef_)


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_sklearn_ridge(scenario):
    data = cases.table(4, scenario=scenario, n=40, p=6, T=3)
    ours = MultiTaskRidge(0.2).fit(data.X, data.Y)
    n_bar = data.observed.sum() / 3
    for t, seen in enumerate(data.observed.T):
        close(ours.coef_[t], sk.Ridge(n_bar * 0.2).fit(data.X[seen], data.Y[seen, t]).coef_)


def test_sklearn_ridge_one_alpha_per_target():
    data = cases.table(5, n=40, p=6, T=3)
    strengths = np.array([0.5, 20.0, 3.0])
    ours = MultiTaskRidge(0.2, task_weight=40 * 0.2 / strengths).fit(data.X, data.Y)
    close(ours.coef_, sk.Ridge(strengths).fit(data.X, data.Y).coef_)


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_sklearn_logistic_regression(scenario):
    data = cases.table(6, kind="binary", scenario=scenario, n=60, p=5, T=3)
    ours = MultiTaskLogisticRegression("ridge", 0.03, tol=1e-12).fit(data.X, data.Y)
    n_bar = data.observed.sum() / 3
    for t, seen in enumerate(data.observed.T):
        theirs = sk.LogisticRegression(C=1 / (n_bar * 0.03), solver="newton-cholesky", tol=1e-10)
        close(ours.coef_[t], theirs.fit(data.X[seen], data.Y[seen, t]).coef_[0])


def test_sklearn_logistic_regression_l1():
    new = parse_version(sklearn.__version__) >= parse_version("1.8")  # which renames the way to say it
    l1 = {"l1_ratio": 1.0} if new else {"penalty": "l1"}
    data = cases.table(7, kind="binary", n=60, p=5, T=3)
    ours = MultiTaskLogisticRegression("l1", 0.05, fit_intercept=False, tol=1e-12).fit(data.X, data.Y)
    for t in range(3):
        theirs = sk.LogisticRegression(
            **l1, C=1 / (60 * 0.05), solver="liblinear", fit_intercept=False, tol=1e-10, max_iter=10_000
        )
        close(ours.coef_[t], theirs.fit(data.X, data.Y[:, t]).coef_[0])


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_sklearn_multinomial(scenario):
    data = cases.table(8, scenario=scenario, n=70, p=4, T=2)
    labels = np.digitize(data.Y, [-1.0, 1.0]).astype(float)  # three classes
    labels[~data.observed] = np.nan
    ours = glm("ridge", 0.05, loss="multinomial", fit_intercept=True, tol=1e-12).fit(data.X, labels)
    n_bar = data.observed.sum() / 2
    for t, seen in enumerate(data.observed.T):
        theirs = sk.LogisticRegression(C=1 / (n_bar * 0.05), solver="newton-cg", tol=1e-12, max_iter=1000)
        theirs.fit(data.X[seen], labels[seen, t])
        close(ours.coef_[3 * t : 3 * t + 3], theirs.coef_)
        close(ours.predict_proba(data.X)[t], theirs.predict_proba(data.X))


def counts(seed):
    data = cases.table(seed, n=50, p=4, T=3)
    return data.X, np.random.default_rng(seed).poisson(np.exp(0.3 * data.Y / data.Y.std(axis=0)))


def test_sklearn_poisson_regressor():
    X, Y = counts(9)
    ours = glm("ridge", 0.2, loss="poisson", fit_intercept=True, tol=1e-12).fit(X, Y)
    for t in range(3):
        theirs = sk.PoissonRegressor(alpha=0.2, solver="newton-cholesky", tol=1e-10).fit(X, Y[:, t])
        close(ours.coef_[t], theirs.coef_)


def test_sklearn_poisson_regressor_of_rates():
    """Rates weighted by exposure there, counts and exposure here."""
    X, Y = counts(9)
    exposure = np.random.default_rng(0).uniform(0.5, 3.0, size=50)
    ours = glm("ridge", 0.2 * exposure.mean(), loss="poisson", fit_intercept=True, tol=1e-12)
    ours.fit(X, Y, exposure=exposure)
    for t in range(3):
        theirs = sk.PoissonRegressor(alpha=0.2, solver="newton-cholesky", tol=1e-10)
        close(ours.coef_[t], theirs.fit(X, Y[:, t] / exposure, sample_weight=exposure).coef_)


def test_sklearn_huber_regressor():
    """It learns a scale, which is fixed here: the same coefficients at the scale that it learned."""
    data = cases.table(10, n=60, p=4, T=2)
    y = data.Y[:, 0] + 15 * (np.arange(60) % 9 == 0)
    theirs = sk.HuberRegressor(epsilon=1.5, alpha=4.0, tol=1e-10, max_iter=10_000).fit(data.X, y)
    loss = losses.HuberLoss(delta=1.5 * theirs.scale_)
    ours = glm("ridge", 4.0 * theirs.scale_ / 60, loss=loss, fit_intercept=True, tol=1e-12).fit(data.X, y)
    assert 0.05 < np.mean(np.abs(y - theirs.predict(data.X)) > loss.delta) < 0.5
    close(ours.coef_[0], theirs.coef_, rtol=1e-4)  # theirs stops at some 1e-6


@pytest.mark.parametrize("alpha", [0.02, 0.2])
def test_sklearn_quantile_regressor(alpha):
    """Smoothed here: the pinball objective is within width max(tau, 1 - tau)² / 2 of its least."""
    data, tau, width = cases.table(11, n=60, p=4, T=2), 0.7, 1e-3
    y = data.Y[:, 0]

    def objective(model):
        residual = y - data.X @ model.coef_.ravel() - model.intercept_
        return np.maximum(tau * residual, (tau - 1) * residual).mean() + alpha * np.abs(model.coef_).sum()

    theirs = sk.QuantileRegressor(quantile=tau, alpha=alpha).fit(data.X, y)
    loss = losses.QuantileLoss(quantile=tau, width=width)
    ours = glm("l1", alpha, loss=loss, fit_intercept=True).fit(data.X, y)
    assert -1e-9 < objective(ours) - objective(theirs) < width * tau**2 / 2
    close(ours.coef_[0], theirs.coef_, rtol=10 * width)


def test_sklearn_linear_svc():
    """Without intercepts: theirs is penalised."""
    data = cases.table(12, kind="binary", n=60, p=5, T=3)
    ours = glm("ridge", 0.1, loss="squared_hinge", tol=1e-12).fit(data.X, data.Y)
    for t in range(3):
        theirs = LinearSVC(C=1 / (2 * 60 * 0.1), fit_intercept=False, dual=False, tol=1e-10, max_iter=100_000)
        close(ours.coef_[t], theirs.fit(data.X, data.Y[:, t]).coef_[0])


WEIGHTED = {
    "lasso": (lambda total: sk.Lasso(0.2, tol=1e-12), lambda total: glm("l1", 0.2, tol=1e-12)),
    "elastic_net": (
        lambda total: sk.ElasticNet(0.2, l1_ratio=0.4, tol=1e-12),
        lambda total: glm(penalties.ElasticNet(0.4), 0.2, tol=1e-12),
    ),
    "poisson": (
        lambda total: sk.PoissonRegressor(alpha=0.2, solver="newton-cholesky", tol=1e-10),
        lambda total: glm("ridge", 0.2, loss="poisson", tol=1e-12),
    ),
    "ridge": (lambda total: sk.Ridge(3.0), lambda total: glm("ridge", 3.0 / total)),
    "logistic": (
        lambda total: sk.LogisticRegression(C=2.0, solver="newton-cholesky", tol=1e-10),
        lambda total: glm("ridge", 1 / (total * 2.0), loss="logistic", tol=1e-12),
    ),
}


@pytest.mark.parametrize("name", WEIGHTED)
def test_sklearn_sample_weight(name):
    """``total`` is the sum of the weights, which stands for n in the rows that have it."""
    X, Y = counts(13)
    y, weight = (Y[:, 0] > 0 if name == "logistic" else Y[:, 0]), np.random.default_rng(1).exponential(2.0, size=50)
    theirs, ours = (make(weight.sum()) for make in WEIGHTED[name])
    ours.set_params(fit_intercept=True).fit(X, y, weight)
    close(ours.coef_, theirs.fit(X, y, sample_weight=weight).coef_.reshape(1, -1))


# -- Gaussian processes and mixed models --------------------------------------------------------------


def test_icm_gaussian_process():
    """Posterior mean with the covariance B_st x·z between tasks s and t, and noise: a kernel ridge on that kernel."""
    data, B, noise = sites(80), np.array([[2.0, 0.8, 0.3], [0.8, 1.0, -0.4], [0.3, -0.4, 1.5]]), 3.0
    X, y = np.vstack(data.Xs), np.concatenate(data.ys)
    kernel = (X @ X.T) * B[np.ix_(data.task, data.task)]
    theirs = KernelRidge(alpha=noise, kernel="precomputed").fit(kernel, y).predict(kernel)
    ours = data.fit(glm(penalties.TaskPrecision(np.linalg.inv(B)), noise / data.n_bar))
    close(ours.predict(X, task=data.task), theirs)


def test_mixed_model():
    """Random intercepts and slopes of one variance about free fixed effects: best linear unbiased prediction."""
    data, noise, spread = sites(81), 1.5, 0.4
    X, y = np.vstack(data.Xs), np.concatenate(data.ys)
    fixed = np.column_stack([np.ones(len(y)), X])
    random = np.hstack([fixed * (data.task == t)[:, None] for t in range(data.n_tasks)])
    covariance = spread * random @ random.T + noise * np.eye(len(y))
    beta = np.linalg.solve(fixed.T @ np.linalg.solve(covariance, fixed), fixed.T @ np.linalg.solve(covariance, y))
    deviation = spread * random.T @ np.linalg.solve(covariance, y - fixed @ beta)
    theirs = beta + deviation.reshape(data.n_tasks, -1)
    ours = data.fit(MeanRegularizedRidge(noise / (spread * data.n_bar), sharing=1.0, share_intercept=True))
    close(ours.coef_, theirs[:, 1:])
    close(ours.intercept_, theirs[:, 0])
    close(ours.coef_.mean(axis=0), beta[1:])


# -- RMTL (R) -----------------------------------------------------------------------------------------
# (1 / (2 n_t)) ‖y_t - X_t w_t - c_t‖² for each task, so task_weight="equal"; Lam2 ‖W‖² besides.


def equal(penalty, alpha, **options):
    return glm(penalty, alpha, task_weight="equal", fit_intercept=True, **options)


def test_rmtl_l21():
    data, lam1, lam2 = sites(30), 0.3, 0.05
    W, c = cp.Variable((data.p, data.n_tasks)), cp.Variable(data.n_tasks)
    model = equal(penalties.GroupElasticNet(lam1 / (lam1 + 2 * lam2)), lam1 + 2 * lam2)
    check(data.fit(model), [data.mean_squares(W, c) / 2, lam1 * rows(W), lam2 * cp.sum_squares(W)], W)


def test_rmtl_lasso():
    data, lam1, lam2 = sites(31), 0.3, 0.05
    W, c = cp.Variable((data.p, data.n_tasks)), cp.Variable(data.n_tasks)
    model = equal(penalties.ElasticNet(lam1 / (lam1 + 2 * lam2)), lam1 + 2 * lam2)
    check(data.fit(model), [data.mean_squares(W, c) / 2, lam1 * absolute(W), lam2 * cp.sum_squares(W)], W)


def test_rmtl_graph():
    data, lam1, lam2 = sites(32), 0.3, 0.05
    W, c, G = cp.Variable((data.p, data.n_tasks)), cp.Variable(data.n_tasks), chain(3)
    penalty = penalties.GraphRegularization(G.T, sharing=lam1 / (lam1 + lam2), form="incidence")
    model = equal(penalty, 2 * (lam1 + lam2))
    terms = [data.mean_squares(W, c) / 2, lam1 * cp.sum_squares(W @ G), lam2 * cp.sum_squares(W)]
    check(data.fit(model), terms, W)


def test_rmtl_trace():
    data, lam1 = sites(33), 0.4
    W, c = cp.Variable((data.p, data.n_tasks)), cp.Variable(data.n_tasks)
    model = data.fit(equal("trace_norm", lam1))
    check(model, [data.mean_squares(W, c) / 2, lam1 * cp.normNuc(W)], W)


def test_rmtl_cmtl():
    data, lam1, lam2, k = sites(34, sizes=(31, 24, 41, 28)), 0.3, 0.1, 2
    W, c = cp.Variable((data.p, data.n_tasks)), cp.Variable(data.n_tasks)
    term, constraints = clusters(W, k, lam1, lam2, of_tasks=True)
    penalty = penalties.ClusteredTasks(n_clusters=k, sharing=lam1 / (lam1 + lam2))
    check(data.fit(equal(penalty, 2 * lam2)), [data.mean_squares(W, c) / 2, term], W, constraints)


# -- mutar --------------------------------------------------------------------------------------------
# (1 / (2 n)) Σ_t ‖y_t - X_t w_t‖²; every task has n rows.


def test_mutar_group_lasso():
    data, alpha = sites(40, sizes=(30, 30, 30, 30)), 0.2
    W = cp.Variable((data.p, data.n_tasks))
    check(data.fit(glm("group_lasso", alpha)), [data.squares(W) / 60, alpha * rows(W)], W)


def test_mutar_dirty_model():
    """Its shared part has row norms: not the dirty model of MALSAR."""
    data, alpha, beta = sites(41, sizes=(30, 30, 30, 30)), 0.4, 0.25
    P, Q = variables(data)
    penalty = penalties.SharedPlusSpecific("group_lasso", "l1", shared_ratio=alpha / (alpha + beta))
    check(data.fit(glm(penalty, alpha + beta)), [data.squares(P + Q) / 60, alpha * rows(P), beta * absolute(Q)], P + Q)


# -- remMap -------------------------------------------------------------------------------------------


def test_remmap():
    data, lam1, lam2 = cases.table(50, n=40, p=6, T=3), 2.0, 6.0
    X, Y = data.X - data.X.mean(axis=0), data.Y - data.Y.mean(axis=0)
    B = cp.Variable((6, 3))
    model = MultiTaskSparseGroupLasso(
        (lam1 + lam2) / 40, l1_ratio=lam1 / (lam1 + lam2), fit_intercept=False, tol=1e-9
    ).fit(X, Y)
    check(model, [cp.sum_squares(Y - X @ B) / 2, lam1 * absolute(B), lam2 * rows(B)], B)


# -- data-shared lasso ---------------------------------------------------------------------------------


def test_data_shared_lasso():
    """One lasso on [X, blockdiag(X_g) / r]: coefficients beta + Delta_g, penalty ‖beta‖₁ + r Σ_g ‖Delta_g‖₁."""
    data, lam, r = sites(51), 0.08, 0.8
    blocks = np.zeros((data.n.sum(), data.p * data.n_tasks))
    for t, (at, X) in enumerate(zip(np.split(np.arange(data.n.sum()), np.cumsum(data.n)[:-1]), data.Xs, strict=True)):
        blocks[at, t * data.p : (t + 1) * data.p] = X / r
    augmented = np.hstack([np.vstack(data.Xs), blocks])
    theirs = sk.Lasso(lam, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(augmented, np.concatenate(data.ys))
    common, deviation = theirs.coef_[: data.p], theirs.coef_[data.p :].reshape(data.n_tasks, data.p) / r
    assert common.any()
    assert deviation.any()
    penalty = penalties.SharedPlusSpecific("common_l1", "l1", shared_ratio=1 / (1 + r))
    ours = data.fit(glm(penalty, data.n_tasks * lam * (1 + r), tol=1e-12))
    close(ours.coef_, common + deviation)


# -- glmnet -------------------------------------------------------------------------------------------


def test_glmnet_mgaussian():
    data, lam, mix = cases.table(60, n=40, p=6, T=3), 0.3, 0.6
    B, b = cp.Variable((6, 3)), cp.Variable((1, 3))
    model = MultiTaskElasticNet(lam, l1_ratio=mix, tol=1e-9).fit(data.X, data.Y)
    loss = cp.sum_squares(data.Y - data.X @ B - np.ones((40, 1)) @ b) / (2 * 40)
    check(model, [loss, lam * (mix * rows(B) + (1 - mix) / 2 * cp.sum_squares(B))], B)


@pytest.mark.parametrize(
    ("penalty", "norm"),
    [(penalties.GroupElasticNet(0.7), rows), (penalties.ElasticNet(0.7), absolute)],
    ids=["grouped", "ungrouped"],
)
def test_glmnet_multinomial(penalty, norm):
    """One outcome of K classes; "grouped" takes the K coefficients of a feature as one group."""
    data, lam, mix = cases.table(61, n=60, p=5, T=2), 0.05, 0.7
    y = np.digitize(data.Y[:, 0], [-1.0, 1.0])
    B, b = cp.Variable((5, 3)), cp.Variable((1, 3))
    model = glm(penalty, lam, loss="multinomial", fit_intercept=True).fit(data.X, y)
    eta = data.X @ B + np.ones((60, 1)) @ b
    loss = (cp.sum(cp.log_sum_exp(eta, axis=1)) - cp.sum(cp.multiply(np.eye(3)[y], eta))) / 60
    check(model, [loss, lam * (mix * norm(B) + (1 - mix) / 2 * cp.sum_squares(B))], B)


def test_glmnet_penalty_factor():
    """Factors are rescaled to the mean 1."""
    data, lam, v = cases.table(62, n=40, p=6, T=2), 0.3, np.array([0.0, 1.0, 2.0, 0.5, 4.0, 1.0])
    beta, b = cp.Variable((6, 1)), cp.Variable()
    model = glm(penalties.L1(weights=v), lam * 6 / v.sum(), fit_intercept=True).fit(data.X, data.Y[:, 0])
    loss = cp.sum_squares(data.Y[:, :1] - data.X @ beta - b) / (2 * 40)
    check(model, [loss, lam * cp.sum(cp.multiply((v / v.mean())[:, None], cp.abs(beta)))], beta)


# -- pretrained lasso ---------------------------------------------------------------------------------


def test_pretrained_lasso():
    """Both stages of ptLasso's model against scikit-learn's Lasso; a share a of the second stage is the group's own."""
    data, lam1, lam2, a = sites(70), 0.5, 0.15, 0.4
    Xs = [X - X.mean(axis=0) for X in data.Xs]
    ys = [y - y.mean() for y in data.ys]
    pooled = sk.Lasso(lam1, fit_intercept=False, tol=1e-12).fit(np.vstack(Xs), np.concatenate(ys)).coef_
    assert 0 < (pooled != 0).sum() < data.p
    first = data.fit(glm("common_l1", data.n_tasks * lam1, fit_intercept=True, tol=1e-12))
    close(first.coef_, np.tile(pooled, (data.n_tasks, 1)))
    factor = np.where(pooled != 0, 1.0, 1 / a)
    for t, (X, y) in enumerate(zip(data.Xs, data.ys, strict=True)):
        offset = (1 - a) * (X @ first.coef_[t] + first.intercept_[t])
        ours = glm(penalties.L1(weights=factor), lam2, fit_intercept=True, tol=1e-12).fit(X, y - offset)
        theirs = sk.Lasso(lam2, tol=1e-12).fit(X / factor, y - offset)
        close(ours.coef_[0], theirs.coef_ / factor)
