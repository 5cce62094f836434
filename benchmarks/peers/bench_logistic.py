"""Group-sparse classification: five binary outcomes against skglm, one outcome of five classes against adelie."""

from __future__ import annotations

import certify
import numpy as np
import problems
import pytest
from peers import MANY
from reference import excess

SHAPE = (2000, 200, 5)
DIVISORS = (10, 100)


@pytest.mark.parametrize("name", ["skmtl", "skglm"])
@pytest.mark.parametrize("divisor", DIVISORS)
def bench_binary(case, references, divisor, name):
    if name == "skglm":
        pytest.importorskip("skglm")
    X, Y = problems.labels(*SHAPE)
    alpha = certify.largest_logistic(X, Y) / divisor
    solve = {"skmtl": lambda: _skmtl_binary(X, Y, alpha), "skglm": lambda: _skglm_stacked(X, Y, alpha)}
    _measure(case, references, "binary", divisor, name, solve, lambda W: certify.logistic(X, Y, W, alpha))


@pytest.mark.parametrize("name", ["skmtl", "adelie"])
@pytest.mark.parametrize("divisor", DIVISORS)
def bench_classes(case, references, divisor, name):
    if name == "adelie":
        pytest.importorskip("adelie")
    X, y = problems.classes(*SHAPE)
    alpha = certify.largest_multinomial(X, y) / divisor
    solve = {"skmtl": lambda: _skmtl_classes(X, y, alpha), "adelie": lambda: _adelie_classes(X, y, alpha)}
    _measure(case, references, "classes", divisor, name, solve, lambda W: certify.multinomial(X, y, W, alpha))


def _measure(case, references, kind, divisor, name, solve, certified):
    """``solve[name]()`` gives a function from tolerance to W, with whatever is made once and not timed."""
    reference = solve["skmtl"]()
    optimum = references.optimum(f"{kind} max/{divisor}", lambda tol: [reference(tol)], [certified])
    first_tol = {"skmtl": 1e-3, "skglm": 1e-2, "adelie": 1e-5}[name]
    case.tightened(
        solve[name](),
        lambda W: excess(np.array([certified(W)[0]]), optimum),
        first_tol,
        compiles=name != "adelie",
        table="group-sparse classification, (2000, 200, 5)",
        problem=f"{'five binary outcomes' if kind == 'binary' else 'one outcome of five classes'}, max/{divisor}",
        solver=name,
        at_most=1.0,
    )


def _skmtl_binary(X, Y, alpha):
    from skmtl.linear_model import MultiTaskLogisticRegression

    def solve(tol):
        model = MultiTaskLogisticRegression(alpha=alpha, fit_intercept=False, tol=tol, max_iter=MANY)
        return model.fit(X, Y).coef_.T

    return solve


def _skmtl_classes(X, y, alpha):
    from skmtl.linear_model import MultiTaskGLM

    def solve(tol):
        model = MultiTaskGLM("multinomial", "group_lasso", alpha=alpha, fit_intercept=False, tol=tol, max_iter=MANY)
        return model.fit(X, y).coef_.T

    return solve


def _skglm_stacked(X, Y, alpha):
    """Tasks below each other on a block-diagonal X; the making of the stacked problem is not timed.

    Its loss is divided by n T rows, so alpha is divided by T. `GroupBCD` has no logistic loss, `GroupProxNewton` has.
    """
    from skglm.datafits import LogisticGroup
    from skglm.penalties import WeightedGroupL2
    from skglm.solvers import GroupProxNewton
    from skglm.utils.jit_compilation import compiled_clone

    p, T = X.shape[1], Y.shape[1]
    stacked = np.asfortranarray(np.kron(np.eye(T), X))
    y = 2 * Y.T.ravel() - 1
    pointers = np.arange(0, p * T + 1, T, dtype=np.int32)
    indices = np.arange(p * T, dtype=np.int32).reshape(T, p).T.ravel().copy()
    penalty = WeightedGroupL2(alpha / T, np.ones(p), pointers, indices)
    datafit, penalty = compiled_clone(LogisticGroup(pointers, indices)), compiled_clone(penalty)

    def solve(tol):
        solver = GroupProxNewton(max_iter=200, tol=tol, fit_intercept=False)
        return solver.solve(stacked, y, datafit, penalty)[0].reshape(T, p).T

    return solve


def _adelie_classes(X, y, alpha):
    """Its loss is divided by the number of classes, and its group weights are given as ones."""
    import adelie

    one = np.eye(int(y.max()) + 1)[y]

    def solve(tol):
        state = adelie.grpnet(
            X=adelie.matrix.dense(X, method="naive", n_threads=1),
            glm=adelie.glm.multinomial(one),
            penalty=np.ones(X.shape[1]),
            lmda_path=np.array([alpha]) / one.shape[1],
            intercept=False,
            early_exit=False,
            tol=tol,
            irls_tol=tol,
            progress_bar=False,
        )
        return state.betas.toarray().reshape(X.shape[1], one.shape[1])

    return solve
