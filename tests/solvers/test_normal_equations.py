"""Where features outnumber rows the system is solved in the span of the rows, with the same result."""

import cases
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skmtl.linear_model import GraphRegularizedRidge, MeanRegularizedRidge, MultiTaskRidge
from skmtl.solvers import ClosedForm
from skmtl.solvers import _normal_equations as module

N, P, T = 24, 61, 3

MODELS = {  # a solver object sees the data, where a name may get moments with their Grams at hand
    "ridge": lambda **k: MultiTaskRidge(solver=ClosedForm(), **k),
    "mean": lambda **k: MeanRegularizedRidge(sharing=0.7, solver=ClosedForm(), **k),
    "mean_1": lambda **k: MeanRegularizedRidge(sharing=1.0, solver=ClosedForm(), **k),
    "graph": lambda **k: GraphRegularizedRidge(graph=cases.chain(T), sharing=0.5, solver=ClosedForm(), **k),
}


@pytest.fixture
def spans(monkeypatch):
    """The systems made in the span of the rows."""
    made = []
    original = module._in_row_space

    def recorded(term):
        made.append(original(term))
        return made[-1]

    monkeypatch.setattr(module, "_in_row_space", recorded)
    # Tables as small as these have their whole Gram at hand, which would be taken.
    monkeypatch.setattr(module, "FullGram", ())
    return made


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scenario", ["complete", "missing", "rows"])
@pytest.mark.parametrize("name", MODELS)
def test_same_coefficients(name, scenario, fit_intercept, offset, spans, monkeypatch):
    if scenario == "rows":
        data = cases.table(4, n=8, p=P, T=T).as_rows()
    else:
        data = cases.table(4, scenario=scenario, n=N, p=P, T=T)
    data.X[:, 0] += offset * fit_intercept
    data.X[:, 5] = 1.3 + offset * fit_intercept  # nothing but an intercept
    model = MODELS[name](alpha=0.1, fit_intercept=fit_intercept)
    ours = data.fit(clone(model))
    assert len(spans) == 1
    monkeypatch.setattr(module, "_rows_are_fewer", lambda term: False)
    theirs = data.fit(clone(model))
    assert ours.solver_result_.converged
    assert theirs.solver_result_.converged
    assert ours.solver_result_.objective == pytest.approx(theirs.solver_result_.objective, rel=1e-7)
    if name == "mean_1":  # the common model is not unique: the shorter one is the better answer
        assert np.linalg.norm(ours.coef_) <= 1.2 * np.linalg.norm(theirs.coef_)
    else:
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6 * max(offset, 1.0))
    if fit_intercept:
        assert np.abs(ours.coef_[:, 5]).max() <= 1e-12


def test_ridge_is_scikit_learns(spans):
    data = cases.table(4, n=N, p=P, T=T)
    ours = MultiTaskRidge(alpha=0.3, solver=ClosedForm()).fit(data.X, data.Y)
    theirs = Ridge(alpha=0.3 * N).fit(data.X, data.Y)
    assert spans[0].basis.shape == (P, N - 1)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-10)


def test_units_far_apart_stay_with_the_features(spans):
    data = cases.table(4, n=N, p=P, T=T)
    units = 10 ** np.linspace(-3, 3, P)
    ours = MultiTaskRidge(alpha=1e-3, solver=ClosedForm()).fit(data.X * units, data.Y)
    assert not spans
    theirs = Ridge(alpha=1e-3 * N, solver="svd").fit(data.X * units, data.Y)
    np.testing.assert_allclose(ours.predict(data.X * units), theirs.predict(data.X * units), atol=1e-6)


def test_a_path_makes_it_once(spans):
    from skmtl.linear_model import MeanRegularizedRidgeCV

    data = cases.table(4, n=N, p=P, T=T)
    MeanRegularizedRidgeCV(alphas=np.geomspace(10, 0.01, 5), sharing=0.5, cv=3, solver=ClosedForm()).fit(data.X, data.Y)
    assert len(spans) == 3 + 1


def test_sparse_features_stay_sparse(spans):
    from scipy import sparse

    data = cases.table(4, n=N, p=P, T=T)
    X = np.where(np.abs(data.X) > 1, data.X, 0.0)
    dense = MultiTaskRidge(alpha=0.1, solver=ClosedForm()).fit(X, data.Y)
    thin = MultiTaskRidge(alpha=0.1, solver=ClosedForm()).fit(sparse.csr_matrix(X), data.Y)
    assert len(spans) == 1
    np.testing.assert_allclose(thin.coef_, dense.coef_, atol=1e-9)
