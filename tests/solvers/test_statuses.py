"""What a solve says of itself when it does not get there."""

import cases
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from skmtl.linear_model import MultiTaskLasso, MultiTaskLassoCV, MultiTaskLogisticRegression, MultiTaskRidge
from skmtl.solvers import FISTA, Status

N, P, T = 33, 6, 4


def hard(kind="numeric"):
    """Nearly collinear features: many iterations."""
    data = cases.table(1, kind=kind, n=N, p=P, T=T)
    X = data.X[:, :1] + 0.05 * data.X
    return cases.replace(data, X=X)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (MultiTaskLasso(1e-3, max_iter=7, solver="fista"), "numeric"),
        (MultiTaskLogisticRegression(alpha=1e-3, max_iter=7, solver="fista"), "binary"),
        (MultiTaskLogisticRegression("ridge", alpha=1e-4, max_iter=7), "binary"),
    ],
)
def test_iteration_limit_warns_with_the_numbers(model, kind):
    data = hard(kind)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(data.X, data.Y)
    assert len(caught) == 1
    result = model.solver_result_
    assert (result.status, result.converged, result.n_iter) == (Status.MAX_ITER, False, model.n_iter_)
    assert model.n_iter_ == 7
    certificate = result.certificate
    assert str(caught[0].message) == (
        f"{type(model).__name__}: The iteration limit was reached before the certificate was within the tolerance. "
        f"{result.solver}: {certificate.kind} {certificate.value:.3g}, wanted {certificate.threshold(1e-6):.3g} "
        f"(tol=1e-06 times {certificate.scale:.3g}), after 7 iterations. To change it: increase max_iter, loosen tol, "
        "put features and outcomes on one scale (StandardScaler, scale_targets=True), or use a larger alpha."
    )
    assert certificate.value > certificate.threshold(1e-6)
    # The warning points at the call of fit, not into the library.
    assert caught[0].filename == __file__


def test_the_warning_is_right():
    """A fit that warns is off by at most its gap, and one with enough iterations is not off."""
    data, case = hard(), cases.CONVEX_BY_ID["lasso"]
    best = cases.objective(case, data, *cases.optimum(case, data, 1e-3), 1e-3)
    with pytest.warns(ConvergenceWarning):
        early = MultiTaskLasso(1e-3, max_iter=20, solver="fista").fit(data.X, data.Y)
    value = cases.objective(case, data, early.coef_.T, early.intercept_, 1e-3)
    assert best < value <= best + early.solver_result_.certificate.value
    done = MultiTaskLasso(1e-3).fit(data.X, data.Y)
    assert (
        cases.objective(case, data, done.coef_.T, done.intercept_, 1e-3)
        <= best + 1e-6 * done.solver_result_.certificate.scale
    )


def test_one_warning_of_a_whole_path():
    data = hard()
    with pytest.warns(ConvergenceWarning) as caught:
        MultiTaskLassoCV(alphas=4, eps=1e-4, cv=2, max_iter=3).fit(data.X, data.Y)
    assert sum("fits on the path are above the tolerance, such as: " in str(w.message) for w in caught) == 1
    assert len(caught) <= 2  # one more of the final fit


def test_a_larger_limit_silences_it():
    data = hard()
    model = MultiTaskLasso(1e-3, solver="fista").fit(data.X, data.Y)
    assert model.solver_result_.status is Status.CONVERGED
    assert 7 < model.n_iter_ < 10_000


def test_no_iteration_is_a_legal_result():
    data = cases.table(1, n=N, p=P, T=T)
    model = MultiTaskLasso(1e6).fit(data.X, data.Y)
    assert model.n_iter_ == 0
    assert model.solver_result_.converged
    assert model.solver_result_.certificate.value <= model.solver_result_.certificate.floor
    assert (model.coef_ == 0).all()


def test_check_every_is_respected():
    data = hard()
    with pytest.warns(ConvergenceWarning):
        model = MultiTaskLasso(1e-3, solver=FISTA(max_iter=17, check_every=5)).fit(data.X, data.Y)
    assert [row.iteration for row in model.solver_result_.history] == [0, 5, 10, 15, 17]


def test_seconds_and_solver_are_recorded():
    data = hard()
    result = MultiTaskLasso(0.1).fit(data.X, data.Y).solver_result_
    seconds = [row.seconds for row in result.history]
    assert seconds == sorted(seconds)
    assert (result.solver, result.tol) == ("block_cd", 1e-6)
    assert MultiTaskRidge(tol=1e-3).fit(data.X, data.Y).solver_result_.tol == 1e-3


def test_every_status_is_a_sentence():
    for status in Status:
        assert status.value.endswith(".")
        assert status.value[0].isupper()


def test_coefficients_are_finite_whatever_happens():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(N, P)), rng.normal(size=(N, T))
    for scale in (1e-8, 1e-3, 1e5, 1e8):
        model = MultiTaskLasso(0.01 * scale).fit(X, Y * scale)
        assert np.isfinite(model.coef_).all()
        np.testing.assert_allclose(model.coef_ / scale, MultiTaskLasso(0.01).fit(X, Y).coef_, atol=1e-4)
