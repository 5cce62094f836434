"""Squared loss through moments is squared loss: every number a problem asks for, against the sum over the data."""

import cases
import numpy as np
import pytest

from skmtl.data import Moments, as_task_data
from skmtl.losses import PerTaskLoss, SquaredLoss
from skmtl.penalties import L1, ElasticNet, GroupLasso, TraceNorm
from skmtl.problem import Coefficients, DataTerm, MomentTerm, Problem

T = 4
WEIGHTINGS = ["entries", "equal", "deviance", np.array([1.0, 2.0, 0.5, 3.0])]
# Tall enough for a Gram made column by column, small, and with more features than rows.
SHAPES = {"small": (31, 7), "tall": (6000, 60), "wide": (19, 30)}


def terms(data, task_weight="entries", *, fit_intercept=True, scaled=False):
    """The reference, and both ways to moments."""
    Y, weight = data.Y, None if (data.weight == 1).all() else data.weight
    if data.task is not None:
        Y, weight = Y[np.arange(len(Y)), data.task], None
    task_data = as_task_data(data.X, Y, task=data.task, sample_weight=weight, task_weight=task_weight)
    loss = PerTaskLoss([SquaredLoss()] * T, task_data.layout)
    mean, unit = (np.array([1.0, -2.0, 0.0, 5.0]), np.array([2.0, 0.1, 1.0, 30.0])) if scaled else (None, None)
    y = task_data.y
    if scaled:
        task = task_data.layout.entry_task
        y = (y - mean[task]) / unit[task]
    options = {"mean": mean, "unit": unit, "fit_intercept": fit_intercept}
    return (
        DataTerm(task_data.with_targets(y), loss, fit_intercept=fit_intercept),
        MomentTerm.from_data(task_data, loss, **options),
        MomentTerm.from_moments(Moments.from_data(task_data), task_data, loss, **options),
    )


def same(reference, term, rng, fit_intercept):
    p = reference.shape[0]
    for penalty in (GroupLasso(), ElasticNet(0.3)):
        a, b = Problem(reference, penalty, 0.1), Problem(term, penalty, 0.1)
        for W in (rng.normal(size=(p, T)), rng.normal(size=(p, T)) * (np.arange(p) % 5 == 1)[:, None]):
            point = Coefficients(W, rng.normal(size=T) * fit_intercept)
            assert b.value(point) == pytest.approx(a.value(point), rel=1e-11)
            first, second = (one.smooth_gradient(point, one.predictor(point)) for one in (a, b))
            np.testing.assert_allclose(second.W, first.W, rtol=1e-9, atol=1e-10 * np.abs(first.W).max())
            np.testing.assert_allclose(second.b, first.b, rtol=1e-9, atol=1e-10)
            assert b.certificate(point).kind == a.certificate(point).kind == "duality gap"
            assert b.certificate(point).value == pytest.approx(a.certificate(point).value, rel=1e-9)
            assert b.certificate(point).scale == pytest.approx(a.certificate(point).scale, rel=1e-10)
            assert b.residual(point) == pytest.approx(a.residual(point), rel=1e-9)
            np.testing.assert_allclose(b.original(point).b, a.original(point).b, rtol=1e-10, atol=1e-10)
            product = [one.smooth_hessian_product(one.predictor(point), point) for one in (a, b)]
            np.testing.assert_allclose(product[1].W, product[0].W, rtol=1e-9, atol=1e-9 * np.abs(product[0].W).max())
            np.testing.assert_allclose(product[1].b, product[0].b, atol=1e-10)
        assert b.alpha_max() == pytest.approx(a.alpha_max(), rel=1e-10)
        np.testing.assert_allclose(b.metric, a.metric, rtol=1e-9)
        assert b.curvature_bound == pytest.approx(a.curvature_bound, rel=1e-8)
        assert b.null_value == pytest.approx(a.null_value, rel=1e-11)
    free = np.zeros((p, T), dtype=bool)
    free[1], free[2, 0] = True, True
    point = Coefficients(rng.normal(size=(p, T)), np.zeros(T))
    np.testing.assert_allclose(term.refit(point, free).W, reference.refit(point, free).W, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scenario", cases.SCENARIOS)
@pytest.mark.parametrize("task_weight", WEIGHTINGS, ids=["entries", "equal", "deviance", "array"])
def test_same_numbers_as_the_data(scenario, task_weight, fit_intercept):
    data = cases.table(3, scenario=scenario, n=31, p=7, T=T)
    reference, *others = terms(data, task_weight, fit_intercept=fit_intercept)
    for term in others:
        same(reference, term, np.random.default_rng(0), fit_intercept)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scenario", ["complete", "missing", "weighted"])
def test_same_numbers_however_grams_are_made(scenario, shape, fit_intercept):
    n, p = SHAPES[shape]
    data = cases.table(3, scenario=scenario, n=n, p=p, T=T)
    reference, *others = terms(data, fit_intercept=fit_intercept, scaled=True)
    for term in others:
        same(reference, term, np.random.default_rng(0), fit_intercept)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_blocks_and_products_are_those_of_the_gram(scenario, shape):
    n, p = SHAPES[shape]
    data = cases.table(5, scenario=scenario, n=n, p=p, T=T)
    _, term, _ = terms(data)
    _, whole, _ = terms(data)
    grams = whole.gram.full()
    W = np.zeros((p, T))
    for rows in ([3], [1, 3, 6], [0, 3, 5]):
        W[rows] = np.random.default_rng(0).normal(size=(len(rows), T))
        product = np.stack([grams[t % len(grams)] @ W[:, t] for t in range(T)], axis=1)
        np.testing.assert_allclose(term.gram.product(W), product, rtol=1e-9, atol=1e-9 * np.abs(product).max())
        rows = np.array(rows)
        np.testing.assert_allclose(term.gram.block(rows), grams[:, rows[:, None], rows], rtol=1e-9)


def test_features_far_from_zero_lose_no_digits():
    """Means a million times the spread: products are made about the means."""
    data = cases.table(5, n=6000, p=60, T=T)
    X = data.X + 1e6 * np.arange(60)
    shifted = cases.Table(X, data.Y, data.weight, data.kind)
    centred = cases.Table(X - X.mean(axis=0), data.Y, data.weight, data.kind)
    for name in ("product", "block"):
        _, far, _ = terms(shifted)
        _, near, _ = terms(centred)
        argument = np.eye(60)[:, :T] if name == "product" else np.arange(8)
        a, b = (getattr(one.gram, name)(argument) for one in (far, near))
        np.testing.assert_allclose(a, b, atol=1e-10 * np.abs(b).max())
    np.testing.assert_allclose(far.cross, near.cross, atol=1e-9 * np.abs(near.cross).max())
    np.testing.assert_allclose(far.diagonal, near.diagonal, rtol=1e-9)


def test_a_constant_feature_has_no_gradient():
    data = cases.table(5, n=40, p=6, T=T)
    data.X[:, 2] = 7.3
    reference, *others = terms(data)
    for term in others:
        assert (term.cross[2] == 0).all()
        np.testing.assert_array_equal(np.broadcast_to(term.constant, (6, T))[:, 0], np.arange(6) == 2)
        assert reference.constant[2].all()


@pytest.mark.parametrize("scenario", ["complete", "missing"])
@pytest.mark.parametrize(
    "penalty", [GroupLasso(), GroupLasso([0.5, 2.0, 1.0, np.inf, 1.0, 3.0, 1.0]), L1(), TraceNorm()], ids=repr
)
def test_points_of_a_path_are_assessed_as_one_by_one(penalty, scenario):
    """The reference sees the data; also without strength, and where the gap is most of the objective."""
    data = cases.table(3, scenario=scenario, n=31, p=7, T=T)
    reference, term, _ = terms(data)
    rng = np.random.default_rng(0)
    alphas = [1.0, 0.3, 0.1, 0.01, 0.0]
    points = [
        Coefficients(size * rng.normal(size=(7, T)) * (np.arange(7) != 3)[:, None], term.mean.copy())
        for size in (0.0, 0.01, 0.1, 1.0, 1.0)
    ]
    together = Problem(term, penalty, 1.0).assess_each(alphas, points)
    for alpha, point, (value, certificate) in zip(alphas, points, together, strict=True):
        wanted, gap = Problem(reference, penalty, alpha).assess(point)
        assert value == pytest.approx(wanted, rel=1e-10)
        assert certificate.kind == gap.kind
        assert certificate.value == pytest.approx(gap.value, rel=1e-8)
        assert certificate.value > 0
