"""The multi-task lasso in every package, called as its own documentation says and in its fastest form.

Objective of all: (1/2n) ‖Y - XW‖² + alpha Σ_j ‖w_j‖₂ with W (p, T), no intercept. X comes in Fortran order and no
solver has to copy it. A package is imported inside its functions: a run measures what its environment holds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MANY = 100_000


@dataclass(frozen=True)
class Peer:
    """A package: how it fits one strength, a path (A, p, T), and from which tolerances tightening starts."""

    name: str
    module: str
    fit: Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]
    path: Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]
    first_tol: float
    compiles: bool = False

    @property
    def installed(self) -> bool:
        """Whether this environment has the package."""
        return importlib.util.find_spec(self.module) is not None


def _skmtl_fit(X, Y, alpha, tol):
    from skmtl.linear_model import MultiTaskLasso

    return MultiTaskLasso(alpha=alpha, fit_intercept=False, tol=tol, max_iter=MANY).fit(X, Y).coef_.T


def _skmtl_path(X, Y, alphas, tol):
    from skmtl.penalties import GroupLasso

    return np.stack(skmtl_path(X, Y, GroupLasso(), alphas, tol))


def skmtl_path(X, Y, penalty, alphas, tol, loss="squared") -> list[np.ndarray]:
    """Coefficients (p, T) at each strength: reading the data, the problem and `solve_path`."""
    from skmtl.data import as_task_data
    from skmtl.losses import PerTaskLoss, make_loss
    from skmtl.problem import DataTerm, MomentTerm, Problem
    from skmtl.solvers import choose, solve_path

    loss = make_loss(loss)
    data = as_task_data(X, Y, kinds=loss.target_kind)
    losses = PerTaskLoss([loss] * data.n_tasks, data.layout)
    # As the estimators do.
    if losses.quadratic:
        term = MomentTerm.from_data(data, losses, fit_intercept=False)
    else:
        term = DataTerm(data, losses, fit_intercept=False)
    results = solve_path(
        Problem(term, penalty, 1.0), alphas, lambda problem: choose(problem, "auto", tol=tol, max_iter=MANY)
    )
    return [result.coefficients.W for result in results]


def _sklearn_fit(X, Y, alpha, tol):
    from sklearn.linear_model import MultiTaskLasso

    model = MultiTaskLasso(alpha=alpha, fit_intercept=False, copy_X=False, tol=tol, max_iter=MANY)
    return model.fit(X, Y).coef_.T


def _sklearn_path(X, Y, alphas, tol):
    from sklearn.linear_model import MultiTaskLasso

    coefs = MultiTaskLasso.path(X, Y, l1_ratio=1.0, alphas=alphas, copy_X=False, tol=tol, max_iter=MANY)[1]
    return np.transpose(coefs, (2, 1, 0))


def _celer_fit(X, Y, alpha, tol):
    return _celer_path(X, Y, np.array([alpha]), tol)[0]


def _celer_path(X, Y, alphas, tol):
    # celer.MultiTaskLasso.fit of 0.7.4 does not run under scikit-learn 1.9; the function beneath it does.
    from celer.homotopy import mtl_path

    coefs = mtl_path(X, Y, alphas=alphas, tol=tol, max_iter=1000)[1]
    return np.transpose(coefs, (2, 1, 0))


def _skglm_fit(X, Y, alpha, tol):
    from skglm import MultiTaskLasso

    model = MultiTaskLasso(alpha=alpha, fit_intercept=False, copy_X=False, tol=tol, max_iter=1000)
    return model.fit(X, Y).coef_.T


def _skglm_path(X, Y, alphas, tol):
    from skglm import MultiTaskLasso

    model = MultiTaskLasso(fit_intercept=False, tol=tol, max_iter=1000, warm_start=True)
    return np.transpose(model.path(X, Y, alphas)[1], (2, 1, 0))


def _adelie_fit(X, Y, alpha, tol):
    return _adelie_path(X, Y, np.array([alpha]), tol)[0]


def _adelie_path(X, Y, alphas, tol):
    # Its loss is divided by T, and its group weights are the square roots of T unless given.
    import adelie

    T = Y.shape[1]
    state = adelie.grpnet(
        X=adelie.matrix.dense(X, method="naive", n_threads=1),
        glm=adelie.glm.multigaussian(np.ascontiguousarray(Y)),
        penalty=np.ones(X.shape[1]),
        lmda_path=np.asarray(alphas) / T,
        intercept=False,
        early_exit=False,
        tol=tol,
        progress_bar=False,
    )
    return state.betas.toarray().reshape(len(alphas), X.shape[1], T)


PEERS = {
    peer.name: peer
    for peer in (
        Peer("skmtl", "skmtl", _skmtl_fit, _skmtl_path, 1e-3, compiles=True),
        Peer("scikit-learn", "sklearn", _sklearn_fit, _sklearn_path, 1e-2),
        Peer("celer", "celer", _celer_fit, _celer_path, 1e-2),
        Peer("skglm", "skglm", _skglm_fit, _skglm_path, 1e-1, compiles=True),
        Peer("adelie", "adelie", _adelie_fit, _adelie_path, 1e-4),
    )
}
