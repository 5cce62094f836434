"""The rows of docs/same_numbers.md whose peers run in Python: adelie and skglm, fitted here.

They come with the extra "oracles". adelie wants numpy < 2; skglm compiles for some seconds at its first fit.
"""

import cases
import numpy as np
import pytest
from peers import close

from skmtl import penalties
from skmtl.linear_model import MultiTaskElasticNet, MultiTaskGLM, MultiTaskLasso

REASON = "compares with {0}: pip install skmtl[oracles]"


# -- adelie -------------------------------------------------------------------------------------------


@pytest.fixture
def adelie():
    return pytest.importorskip("adelie", reason=REASON.format("adelie"))


def grpnet(adelie, X, family, lam, **options):
    """Coefficients of adelie at one strength, one row for each feature."""
    path = [4 * lam, lam]
    state = adelie.grpnet(
        np.asfortranarray(X), family, lmda_path=path, early_exit=False, progress_bar=False,
        tol=1e-16, irls_tol=1e-14, **options,
    )  # fmt: skip
    return state.betas[-1].toarray().ravel(), np.asarray(state.intercepts[-1])


def test_adelie_multigaussian(adelie):
    """1 / (2 n K) and a factor √K on each feature, so alpha = K √K lmda, with K tasks."""
    data, lam, mix = cases.table(0, n=40, p=6, T=3), 0.05, 0.7
    family = adelie.glm.multigaussian(np.asfortranarray(data.Y))
    beta, intercept = grpnet(adelie, data.X, family, lam, alpha=mix)
    ours = MultiTaskElasticNet(3 * np.sqrt(3) * lam, l1_ratio=mix, tol=1e-12).fit(data.X, data.Y)
    close(ours.coef_.T, beta.reshape(6, 3))
    close(ours.intercept_, intercept)


def test_adelie_multigaussian_without_factors(adelie):
    data, lam = cases.table(0, n=40, p=6, T=3), 0.05
    family = adelie.glm.multigaussian(np.asfortranarray(data.Y))
    beta, _ = grpnet(adelie, data.X, family, lam, penalty=np.ones(6))
    close(MultiTaskLasso(3 * lam, tol=1e-12).fit(data.X, data.Y).coef_.T, beta.reshape(6, 3))


def test_adelie_multinomial(adelie):
    """1 / (n K) and a factor √K on each feature, with K classes."""
    data, lam, mix = cases.table(3, n=70, p=5, T=2), 0.01, 0.7
    y = np.digitize(data.Y[:, 0], [-1.0, 1.0])
    family = adelie.glm.multinomial(np.asfortranarray(np.eye(3)[y]))
    beta, _ = grpnet(adelie, data.X, family, lam, alpha=mix)
    ours = MultiTaskGLM("multinomial", penalties.GroupElasticNet(mix), 3 * np.sqrt(3) * lam, tol=1e-12)
    close(ours.fit(data.X, y).coef_.T, beta.reshape(5, 3), rtol=1e-4)  # theirs is slow along equal shifts of a row


def test_adelie_binomial_group_lasso(adelie):
    """Several yes/no outcomes: stacked rows, a block diagonal X, and the T copies of a feature as one group."""
    data, lam = cases.table(1, kind="binary", n=60, p=5, T=3), 0.01
    stacked = np.einsum("ij,ts->tijs", data.X, np.eye(3)).reshape(3 * 60, 5 * 3)
    family = adelie.glm.binomial(data.Y.T.ravel())
    beta, _ = grpnet(adelie, stacked, family, lam, groups=np.arange(0, 15, 3), intercept=False)
    ours = MultiTaskGLM("logistic", "group_lasso", 3 * np.sqrt(3) * lam, fit_intercept=False, tol=1e-12)
    close(ours.fit(data.X, data.Y).coef_.T, beta.reshape(5, 3))


# -- skglm --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_skglm_multi_task_lasso():
    """The estimator, and the datafit and penalty that it is made of."""
    skglm = pytest.importorskip("skglm", reason=REASON.format("skglm"))
    data = cases.table(2, n=40, p=6, T=3)
    ours = MultiTaskLasso(0.2, tol=1e-12).fit(data.X, data.Y)
    close(ours.coef_, skglm.MultiTaskLasso(0.2, tol=1e-12).fit(data.X, data.Y).coef_)
    solver = skglm.solvers.MultiTaskBCD(tol=1e-12, fit_intercept=False)
    X, Y = np.asfortranarray(data.X), np.asfortranarray(data.Y)
    theirs, *_ = solver.solve(X, Y, skglm.datafits.QuadraticMultiTask(), skglm.penalties.L2_1(0.2))
    close(MultiTaskLasso(0.2, fit_intercept=False, tol=1e-12).fit(X, Y).coef_.T, theirs)


@pytest.mark.slow
def test_skglm_weighted_lasso():
    skglm = pytest.importorskip("skglm", reason=REASON.format("skglm"))
    data, v = cases.table(4, n=40, p=6, T=3), np.array([1.0, 0.0, 2.0, 0.5, 4.0, 1.0])
    ours = MultiTaskGLM(penalty=penalties.L1(weights=v), alpha=0.2, tol=1e-12).fit(data.X, data.Y)
    for t in range(3):
        theirs = skglm.WeightedLasso(0.2, weights=v, tol=1e-12).fit(data.X, data.Y[:, t])
        close(ours.coef_[t], theirs.coef_)
