"""Identities of penalties on W = P + Q: outside the wedge of ratios one part is zero and the other alone the model.

`IDENTITIES` in test_identities.py says which statement each test shows.
"""

from dataclasses import dataclass

import cases
import numpy as np
import pytest
from sklearn import linear_model as sk

from skmtl import linear_model as lm
from skmtl import penalties
from skmtl.penalties import L1, CommonL1, GroupLasso, GroupLInf, TaskGroupLasso, TraceNorm

N, P, T = 37, 6, 4
TOL = 1e-14
scenarios = pytest.mark.parametrize("scenario", ["missing", "rows"])


@dataclass(frozen=True)
class Model:
    """A named model, the least and largest specific(V) / shared(V), and matrices that have them."""

    name: str
    shared: penalties.Penalty
    specific: penalties.Penalty
    low: float
    high: float
    at_low: str
    at_high: str
    options: dict
    kind: str = "numeric"

    @property
    def id(self):
        return self.name + "".join(f"-{value}" for value in self.options.values())

    def make(self, strength, *, alpha_shared=None, alpha_specific=None, **options):
        """At a ratio of strengths shared / specific, of which one strength is given."""
        alpha_specific = alpha_shared / strength if alpha_specific is None else alpha_specific
        total = alpha_specific * (1 + strength)
        given = {"shared_ratio": strength / (1 + strength), "tol": TOL, **self.options, **options}
        return getattr(lm, self.name)(total, **given)

    def alone(self, part, alpha, **options):
        """The model of one part."""
        loss = "logistic" if self.kind == "binary" else "squared"
        return lm.MultiTaskGLM(loss, getattr(self, part), alpha=alpha, tol=TOL, **options)


MODELS = [
    Model("DirtyRegressor", GroupLInf(), L1(), 1, T, "entry", "row", {}),
    Model("DirtyRegressor", GroupLasso(), L1(), 1, T**0.5, "entry", "row", {"shared_norm": "l2"}),
    Model("SparseLowRankRegressor", TraceNorm(), L1(), 1, (P * T) ** 0.5, "entry", "all", {}),
    Model("RobustLowRankRegressor", TraceNorm(), TaskGroupLasso(), 1, T**0.5, "column", "row", {}),
    Model("RobustFeatureRegressor", GroupLasso(), TaskGroupLasso(), P**-0.5, T**0.5, "column", "row", {}),
    Model("DataSharedLassoRegressor", CommonL1(), L1(), 0, T, "", "row", {}),
    Model("DirtyClassifier", GroupLInf(), L1(), 1, T, "entry", "row", {}, "binary"),
    Model("RobustFeatureClassifier", GroupLasso(), TaskGroupLasso(), P**-0.5, T**0.5, "column", "row", {}, "binary"),
]
WITH_LOW = [model for model in MODELS if model.low > 0]


def over(models):
    return pytest.mark.parametrize("model", [pytest.param(model, id=model.id) for model in models])


def table(seed, scenario, **options):
    return cases.table(seed, scenario=scenario, **{"n": N, "p": P, "T": T, **options})


def by_task(data):
    """Features and outcomes of each task, without their means."""
    tasks = [(data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)]
    return [(X - X.mean(axis=0), y - y.mean()) for X, y in tasks]


def close(ours, theirs, tol=1e-6):
    """Within a share of the largest number, which is not zero."""
    assert np.abs(theirs).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * np.abs(theirs).max())


def strength_for(model, data, part):
    """A third of the strength from which one part alone is zero."""
    G = np.column_stack([X.T @ y for X, y in by_task(data)]) / cases.mean_total(data)
    return getattr(model, part).alpha_max(G) / 3


# -- outside the wedge --------------------------------------------------------------------------------


@scenarios
@over(WITH_LOW)
def test_below_the_wedge(model, scenario):
    data = table(10, scenario, kind=model.kind)
    alpha = strength_for(model, data, "shared")
    for share in (0.99, 0.5):
        with pytest.warns(UserWarning, match="the specific part is zero whatever the data"):
            ours = data.fit(model.make(share * model.low, alpha_shared=alpha))
        assert not ours.specific_coef_.any()
        alone = data.fit(model.alone("shared", alpha))
        close(ours.coef_, alone.coef_)
        close(ours.intercept_, alone.intercept_)


@scenarios
@over(MODELS)
def test_above_the_wedge(model, scenario):
    data = table(11, scenario, kind=model.kind)
    alpha = strength_for(model, data, "specific")
    for share in (1.01, 2.0, 1e4):
        with pytest.warns(UserWarning, match="the shared part is zero whatever the data"):
            ours = data.fit(model.make(share * model.high, alpha_specific=alpha))
        assert not ours.shared_coef_.any()
        alone = data.fit(model.alone("specific", alpha))
        close(ours.coef_, alone.coef_)
        close(ours.intercept_, alone.intercept_)


# -- at its ends and inside ---------------------------------------------------------------------------


def planted(where, seed=0):
    """Orthonormal features of length √n, and outcomes without noise that have ones in one place of W."""
    X = np.linalg.qr(np.random.default_rng(seed).normal(size=(N, P)))[0] * np.sqrt(N)
    W = np.zeros((P, T))
    W[{"entry": (2, 1), "row": (2,), "column": (slice(None), 1), "all": (slice(None),)}[where]] = 1.0
    return X, X @ W, W.T


@over([model for model in MODELS if model.kind == "numeric"])
def test_edges_are_sharp(model):
    """Where outcomes have the extreme of the ratio, a hundredth of the ratio moves everything to the other part."""
    for end, where in ((model.low, model.at_low), (model.high, model.at_high)):
        if end == 0:
            continue
        X, Y, W = planted(where)
        for factor, filled, empty in ((0.99, "shared", "specific"), (1.01, "specific", "shared")):
            fitted = model.make(factor * end, alpha_specific=0.05, fit_intercept=False)
            if (end == model.low) == (factor < 1):
                with pytest.warns(UserWarning, match=f"the {empty} part is zero"):
                    fitted.fit(X, Y)
            else:
                fitted.fit(X, Y)
            assert np.abs(getattr(fitted, f"{filled}_coef_")[W == 1]).min() > 0.5
            assert not getattr(fitted, f"{empty}_coef_").any()


@scenarios
@over(MODELS)
def test_at_the_ends(model, scenario):
    """One part may still be left out: W is that of the other alone, however it is split. No warning."""
    data = table(12, scenario, kind=model.kind)
    alpha = strength_for(model, data, "specific")
    ours = data.fit(model.make(model.high, alpha_specific=alpha))
    close(ours.coef_, data.fit(model.alone("specific", alpha)).coef_)
    if model.low > 0:
        alpha = strength_for(model, data, "shared")
        ours = data.fit(model.make(model.low, alpha_shared=alpha))
        close(ours.coef_, data.fit(model.alone("shared", alpha)).coef_)


@scenarios
@over(MODELS)
def test_inside_the_wedge(model, scenario):
    """Both parts are there, W is neither model alone, and each part is best for the other."""
    data = structured(13, scenario, model.kind)
    low, high = model.low or 1.0, model.high
    middle = np.sqrt(low * high)
    alpha = 0.5 * strength_for(model, data, "specific")
    ours = data.fit(model.make(middle, alpha_specific=alpha))
    assert np.abs(ours.shared_coef_).max() > 1e-2
    assert np.abs(ours.specific_coef_).max() > 1e-2
    for part, strength in (("shared", alpha * middle), ("specific", alpha)):
        alone = data.fit(model.alone(part, strength))
        assert np.abs(alone.coef_ - ours.coef_).max() > 1e-2 * np.abs(ours.coef_).max()
        # With the other part given as known, what is left is the model of this part.
        if model.kind == "numeric":
            other = ours.specific_coef_ if part == "shared" else ours.shared_coef_
            left = data.Y - data.X @ other.T
            rest = cases.Table(data.X, left, data.weight, data.kind, data.rows, data.task)
            refit = rest.fit(model.alone(part, strength))
            fitted = data.X @ getattr(ours, f"{part}_coef_").T + ours.intercept_
            close(data.X @ refit.coef_.T + refit.intercept_, fitted)


def structured(seed, scenario, kind, *, entry=1.5):
    """Two features shared by all outcomes, one outcome that needs others besides, one entry."""
    rng = np.random.default_rng(seed)
    W = np.zeros((P, T))
    W[:2] = [[1.0], [-1.0]]
    W[2:, 3] = [1.0, -1.5, 1.2, 1.0]
    W[4, 0] = entry
    X = rng.normal(size=(97, P))
    Y = X @ W + (0.3 * rng.normal(size=(97, T)) if kind == "numeric" else rng.logistic(size=(97, T)))
    Y = np.where(rng.random(Y.shape) < np.linspace(0.05, 0.3, T), np.nan, Y)
    Y = np.where(np.isnan(Y), np.nan, Y > 0) if kind == "binary" else Y
    data = cases.Table(X, Y, np.ones(Y.shape), kind)
    return data.as_rows() if scenario == "rows" else data


def test_an_outlying_task_is_a_column():
    data = structured(14, "missing", "numeric", entry=0.0)
    model = data.fit(lm.RobustLowRankRegressor(0.9, shared_ratio=0.55, tol=TOL))
    np.testing.assert_array_equal(model.outlier_tasks_, [False, False, False, True])
    np.testing.assert_array_equal(model.outlier_tasks_, model.specific_coef_.any(axis=1))
    assert model.specific_coef_[3].all()


# -- data-shared lasso: λ (‖β‖₁ + r Σ_t ‖Δ_t‖₁) ------------------------------------------------------------


def data_shared(data, lam, r):
    """Half the squares summed plus λ (‖β‖₁ + r Σ_t ‖Δ_t‖₁), one r for all tasks."""
    alpha = lam * (1 + r) / cases.mean_total(data)
    return data.fit(lm.DataSharedLassoRegressor(alpha, shared_ratio=1 / (1 + r), tol=TOL))


def lasso(X, y, strength):
    """Half the squares summed plus strength ‖w‖₁."""
    return sk.Lasso(strength / len(y), fit_intercept=False, tol=1e-15, max_iter=1_000_000).fit(X, y).coef_


@scenarios
def test_data_shared_without_common_model(scenario):
    """Σ_t r <= 1: one lasso per task, of strength λ r. Where the sum is above 1 there is a common model."""
    data, lam = structured(15, scenario, "numeric"), 60.0
    for total in (0.5, 0.99):
        theirs = np.array([lasso(X, y, lam * total / T) for X, y in by_task(data)])
        with pytest.warns(UserWarning, match="the shared part is zero"):
            ours = data_shared(data, lam, total / T)
        close(ours.coef_, theirs, 1e-8)
        assert not ours.shared_coef_.any()
    close(data_shared(data, lam, 1 / T).coef_, np.array([lasso(X, y, lam / T) for X, y in by_task(data)]), 1e-8)
    assert data_shared(data, lam, 1.05 / T).shared_coef_.any()


@scenarios
def test_data_shared_with_a_common_model_only(scenario):
    """From a finite r on it is the lasso on the rows of all tasks together, tasks centred; below that it is not."""
    data, lam = structured(16, scenario, "numeric"), 70.0
    tasks = by_task(data)
    X, y = np.vstack([X for X, _ in tasks]), np.concatenate([y for _, y in tasks])
    beta = lasso(X, y, lam)
    assert 0 < (beta != 0).sum() < P
    enough = max(np.abs(X.T @ (y - X @ beta)).max() for X, y in tasks) / lam
    for r in (1.001 * enough, 100 * enough):
        ours = data_shared(data, lam, r)
        close(ours.coef_, np.tile(beta, (T, 1)), 1e-8)
        assert not ours.specific_coef_.any()
    ours = data_shared(data, lam, 0.99 * enough)
    assert ours.specific_coef_.any()
    assert np.abs(ours.coef_ - beta).max() > 1e-4


@scenarios
def test_data_shared_is_one_lasso(scenario):
    """On [X, blockdiag(X_t) / r] with coefficients β and r Δ_t, tasks centred."""
    data, lam, r = structured(17, scenario, "numeric"), 15.0, 0.6
    tasks = by_task(data)
    copies = np.vstack([np.hstack([X / r if s == t else 0.0 * X for s in range(T)]) for t, (X, _) in enumerate(tasks)])
    theirs = lasso(np.hstack([np.vstack([X for X, _ in tasks]), copies]), np.concatenate([y for _, y in tasks]), lam)
    beta, deltas = theirs[:P], theirs[P:].reshape(T, P) / r
    assert beta.any()
    assert 0 < (deltas != 0).sum() < deltas.size
    ours = data_shared(data, lam, r)
    close(ours.coef_, beta + deltas, 1e-7)
    penalty = np.abs(ours.shared_coef_[0]).sum() + r * np.abs(ours.specific_coef_).sum()
    assert penalty == pytest.approx(np.abs(beta).sum() + r * np.abs(deltas).sum(), rel=1e-7)
