"""Paths of 50 strengths down to a hundredth of alpha_max, and 5-fold cross-validation along them."""

from __future__ import annotations

import certify
import numpy as np
import problems
import pytest
from peers import MANY, PEERS
from reference import excess

FULL = pytest.mark.full
# What is asked, as the largest ratio to the fastest peer; the fifth of the tall problem stands in for it in quick mode.
PATHS = [
    pytest.param(problems.CLINICAL, None, id="clinical"),
    pytest.param(problems.MEDIUM, 1 / 5, id="medium"),
    pytest.param(problems.FIFTH, None, id="fifth"),
    pytest.param(problems.TALL, 1 / 100, marks=FULL, id="tall"),
]
FOLDED = [
    pytest.param(problems.CLINICAL, 1 / 2, id="clinical"),
    pytest.param(problems.MEDIUM, 1 / 4, marks=FULL, id="medium"),
    pytest.param(problems.FIFTH, None, id="fifth"),
    pytest.param(problems.TALL, 1 / 150, marks=FULL, id="tall"),
]
# Looser tolerances fail on paths; adelie's and skglm's tall paths take minutes.
FIRST_TOL = {"skmtl": 1e-3, "scikit-learn": 1e-3, "celer": 1e-3, "skglm": 1e-2, "adelie": 1e-7}
LEFT_OUT = {
    ("adelie", "medium"): "25 s",
    ("adelie", "a fifth of tall"): "minutes",
    ("adelie", "tall"): "minutes",
    ("skglm", "tall"): "minutes",
}
# Relative error of the curve of mean held-out errors that counts.
SAME_CURVE = 1e-4


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(("instance", "at_most"), PATHS)
def bench_path(case, references, instance, at_most, name):
    peer = PEERS[name]
    if not peer.installed:
        pytest.skip(f"{name} is not installed here")
    if (name, instance.name) in LEFT_OUT:
        pytest.skip(LEFT_OUT[name, instance.name])
    X, Y = problems.regression(instance)
    alphas = problems.strengths(certify.largest_strength(X, Y))
    certified = _certified(X, Y, alphas)
    optima = references.optimum(f"path {instance}", lambda tol: list(PEERS["skmtl"].path(X, Y, alphas, tol)), certified)
    case.tightened(
        lambda tol: peer.path(X, Y, alphas, tol),
        lambda coefs: excess([one(W)[0] for one, W in zip(certified, coefs, strict=True)], optima),
        FIRST_TOL[name],
        compiles=peer.compiles,
        table="path of 50",
        problem=_label(instance),
        solver=name,
        at_most=at_most,
    )


@pytest.mark.parametrize("name", ["skmtl", "scikit-learn"])
@pytest.mark.parametrize(("instance", "at_most"), FOLDED)
def bench_cv(case, references, instance, at_most, name):
    if not PEERS[name].installed:
        pytest.skip(f"{name} is not installed here")
    X, Y = problems.regression(instance)
    alphas = problems.strengths(certify.largest_strength(X, Y))
    folds = problems.folds(len(X))
    shape = len(folds), len(alphas), X.shape[1], Y.shape[1]
    curve = references.optimum(
        f"cv {instance}",
        lambda tol: [W for train, _ in folds for W in PEERS["skmtl"].path(X[train], Y[train], alphas, tol)],
        [one for train, _ in folds for one in _certified(X[train], Y[train], alphas)],
        lambda solutions: _curve(X, Y, folds, np.reshape(solutions, shape)),
    )
    case.tightened(
        lambda tol: _cross_validated(name, X, Y, alphas, folds, tol),
        lambda found: float(np.max(np.abs(found / curve - 1))),
        # At 1e-3, a run of minutes, scikit-learn leaves six times the error admitted on the tall problem.
        1e-4 if (name, instance) == ("scikit-learn", problems.TALL) else 1e-3,
        limit=SAME_CURVE,
        compiles=PEERS[name].compiles,
        table="5-fold CV on the path, refit included",
        problem=_label(instance),
        solver=name,
        at_most=at_most,
    )


def _label(instance):
    return f"{instance.name} ({instance.n}, {instance.p}, {instance.T})"


def _certified(X, Y, alphas):
    return [lambda W, alpha=alpha: certify.squared(X, Y, W, alpha) for alpha in alphas]


def _curve(X, Y, folds, coefs):
    """Mean over folds of the mean squared error on held-out rows, (A,)."""
    errors = [
        [np.mean((Y[test] - X[test] @ W) ** 2) for W in path] for (_, test), path in zip(folds, coefs, strict=True)
    ]
    return np.mean(errors, axis=0)


def _cross_validated(name, X, Y, alphas, folds, tol):
    if name == "skmtl":
        from skmtl.linear_model import MultiTaskLassoCV
    else:
        from sklearn.linear_model import MultiTaskLassoCV
    model = MultiTaskLassoCV(alphas=alphas, cv=folds, fit_intercept=False, tol=tol, max_iter=MANY).fit(X, Y)
    return model.mse_path_.mean(axis=1)
