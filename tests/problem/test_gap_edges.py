"""Certificates where they once misled: counts in large units, one-sided bounds, unpenalised coefficients at a bound."""

import cases
import numpy as np
import pytest

from skmtl.linear_model import MultiTaskGLM, MultiTaskLasso
from skmtl.penalties import L1, GroupLasso

N, P, T = 120, 4, 2


def counts(size, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    B = np.array([[0.5, 0.0, 0.3, 0.0], [0.4, 0.0, 0.0, 0.2]]).T
    return X, rng.poisson(size * np.exp(0.9 / np.sqrt(size) * X @ B)).astype(float)


@pytest.mark.parametrize("size", [1e3, 1e7])
def test_rounding_does_not_certify_an_unfitted_count(size):
    """The rounding of a Poisson loss grows as y log y, not as y²."""
    X, Y = counts(size)
    model = MultiTaskGLM(loss="poisson", alpha=1e-3 * np.sqrt(size)).fit(X, Y)
    certificate = model.solver_result_.certificate
    assert certificate.floor < 1e-4 * certificate.scale
    assert (model.coef_[:, 0] * np.sqrt(size) > 0.2).all()


def test_the_unit_of_exposure_moves_intercepts_only():
    X, Y = counts(50.0)
    fits = [MultiTaskGLM(loss="poisson", alpha=0.01, tol=1e-9).fit(X, Y, exposure=np.full(N, e)) for e in (1.0, 1e-9)]
    np.testing.assert_allclose(fits[1].coef_, fits[0].coef_, atol=1e-5)
    np.testing.assert_allclose(fits[1].intercept_ - fits[0].intercept_, np.log(1e9), atol=1e-5)


@pytest.mark.parametrize("penalty", ["l1", "group_lasso", "sparse_group_lasso"])
@pytest.mark.parametrize("bounds", [(0, np.inf), (-np.inf, 0)])
def test_a_gap_within_one_sided_bounds_falls_with_the_error(penalty, bounds):
    """Features pushed against the bound do not count in the dual norm."""
    data = cases.table(3, scenario="missing", n=60, p=5, T=3)
    model = data.fit(MultiTaskGLM(penalty=penalty, alpha=0.05, bounds=bounds, solver="fista", tol=1e-10))
    assert (model.coef_ == 0).any()
    best = model.solver_result_.objective
    for row in model.solver_result_.history[1:]:
        error = row.objective - best
        assert row.certificate >= error - 1e-12 * best
        # Linear in the step, where the error is quadratic.
        assert row.certificate <= 100 * np.sqrt(max(error, 1e-16) * best)


@pytest.mark.parametrize("penalty", [L1([0.0, 0.0, 1.0, 1.0]), GroupLasso([0.0, 1.0, 1.0, 2.0])], ids=["l1", "group"])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_an_unpenalised_coefficient_at_its_bound_is_no_failure(penalty, loss):
    data = cases.table(5, kind="binary" if loss == "logistic" else "numeric", n=60, p=4, T=3, noise=2.0)
    model = data.fit(MultiTaskGLM(loss=loss, penalty=penalty, alpha=0.05, bounds=(0, np.inf)))
    assert (model.coef_ >= 0).all()
    other = data.fit(
        MultiTaskGLM(loss=loss, penalty=penalty, alpha=0.05, constraints=lambda coef: [coef >= 0], solver="cvxpy")
    )
    np.testing.assert_allclose(model.coef_, other.coef_, atol=2e-4)


@pytest.mark.parametrize("penalty", ["common_l1", L1([1.0, np.inf, 1.0, 1.0])], ids=["common", "excluded"])
@pytest.mark.parametrize("solver", ["auto", "fista"])
def test_a_warm_start_that_the_penalty_forbids(penalty, solver):
    data = cases.table(6, n=60, p=4, T=3)
    model = data.fit(MultiTaskGLM(penalty="l1", alpha=0.05, warm_start=True, solver=solver))
    warm = data.fit(model.set_params(penalty=penalty))
    cold = data.fit(MultiTaskGLM(penalty=penalty, alpha=0.05, solver=solver))
    np.testing.assert_allclose(warm.coef_, cold.coef_, atol=1e-3)


def test_a_warm_start_out_of_bounds():
    data = cases.table(6, n=60, p=4, T=3)
    model = data.fit(MultiTaskLasso(0.05, warm_start=True))
    assert (model.coef_ < 0).any()
    warm = data.fit(model.set_params(bounds=(0.0, 0.5)))
    assert warm.coef_.min() >= 0
    assert warm.coef_.max() <= 0.5
    np.testing.assert_allclose(warm.coef_, data.fit(MultiTaskLasso(0.05, bounds=(0.0, 0.5))).coef_, atol=1e-4)
