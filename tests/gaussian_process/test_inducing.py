"""Inducing points: the bound against dense formulas, its gradient, its limits, and a fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    Matern,
    RationalQuadratic,
    WhiteKernel,
)

from skmtl.exceptions import InvalidParameterError
from skmtl.gaussian_process._coregionalization import Coregionalization, DescribedTasks
from skmtl.gaussian_process._covariance import Covariance, Term
from skmtl.gaussian_process._dense import DenseInference
from skmtl.gaussian_process._inducing import InducingInference, inducing_points
from skmtl.gaussian_process._input_gradients import cross_pullback, diagonal_pullback, has_input_gradient
from skmtl.gaussian_process._kronecker import KroneckerInference
from skmtl.gaussian_process._noise import Noise
from skmtl.gaussian_process._optimize import maximise

N_ROWS, N_FEATURES, N_TASKS, RANK = 30, 2, 3, 2
ONE = [Matern([0.9, 1.2], nu=2.5)]
TWO = [Matern([0.9, 1.2], nu=1.5), RBF(0.7) + ConstantKernel(0.3)]


def covariance_of(kernels, rng):
    def task():
        return Coregionalization(rng.normal(size=(N_TASKS, RANK)), rng.normal(size=N_TASKS) - 1.0)

    return Covariance(tuple(Term(kernel, task()) for kernel in kernels))


def problem(kernels, *, form="wide", seed=0, known=False):
    """Arguments of an engine: outcomes with NaN on shared rows, or rows of tasks."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, N_FEATURES))
    if form == "wide":
        tasks, rows = np.nonzero(rng.random((N_TASKS, N_ROWS)) < 0.7)
    else:
        tasks, rows = np.sort(rng.integers(N_TASKS, size=N_ROWS)), rng.permutation(N_ROWS)
    y = rng.normal(size=len(rows))
    noise = Noise(np.log(rng.uniform(0.05, 0.3, size=N_TASKS)), known=rng.uniform(0, 0.1, len(y)) if known else None)
    return covariance_of(kernels, rng), X, rows, tasks, y, noise


def points(number, seed=5):
    return np.random.default_rng(seed).normal(size=(number, N_FEATURES))


@pytest.mark.parametrize("kernels", [ONE, TWO], ids=["one term", "two terms"])
@pytest.mark.parametrize("form", ["wide", "rows"])
def test_exact_where_every_row_is_an_inducing_point(kernels, form):
    given = problem(kernels, form=form, known=True)
    X_new, rows_new, tasks_new = points(4), np.array([0, 1, 2, 3, 0]), np.array([0, 1, 2, 0, 2])
    exact, inducing = DenseInference(*given), InducingInference(*given, Z=given[1], block_rows=7)
    assert not inducing.moves_points
    theta = exact.theta
    np.testing.assert_array_equal(inducing.theta, theta)
    value, gradient = inducing.evidence(theta, eval_gradient=True)
    expected, expected_gradient = exact.evidence(theta, eval_gradient=True)
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-6, atol=1e-5)
    posterior, dense = inducing.condition(theta), exact.condition(theta)
    for name in ("mean", "variance", "covariance_matrix"):
        found = getattr(posterior, name)(X_new, rows_new, tasks_new)
        np.testing.assert_allclose(found, getattr(dense, name)(X_new, rows_new, tasks_new), rtol=0, atol=1e-6)


def test_equals_the_bound_with_inducing_variables_of_every_task_written_out():
    # One term: K_uu = B (x) k(Z, Z) over all tasks, and its inverse in full.
    covariance, X, rows, tasks, y, noise = problem(ONE, known=True)
    Z = points(6)
    of_points = np.tile(np.arange(6), N_TASKS), np.repeat(np.arange(N_TASKS), 6)
    K_uu = covariance.matrix(Z, *of_points)
    K_fu = covariance.cross(X, rows, tasks, Z, *of_points)
    d = noise.of_entries(tasks, N_TASKS)
    Q = K_fu @ np.linalg.solve(K_uu, K_fu.T)
    bound = multivariate_normal(np.zeros(len(y)), Q + np.diag(d)).logpdf(y)
    bound -= 0.5 * np.sum((covariance.diag(X, rows, tasks) - Q.diagonal()) / d)
    engine = InducingInference(covariance, X, rows, tasks, y, noise, Z=Z)
    np.testing.assert_allclose(engine.evidence(engine.theta), bound, rtol=1e-8)

    # The posterior of Titsias (2009), equation 6, at new points.
    X_new, rows_new, tasks_new = points(3, seed=6), np.arange(3), np.array([2, 0, 1])
    K_su = covariance.cross(X_new, rows_new, tasks_new, Z, *of_points)
    inner = np.linalg.inv(K_uu + K_fu.T @ (K_fu / d[:, None]))
    mean = K_su @ inner @ K_fu.T @ (y / d)
    C = covariance.matrix(X_new, rows_new, tasks_new) - K_su @ (np.linalg.inv(K_uu) - inner) @ K_su.T
    posterior = engine.condition(engine.theta)
    np.testing.assert_allclose(posterior.mean(X_new, rows_new, tasks_new), mean, rtol=1e-7)
    np.testing.assert_allclose(posterior.covariance_matrix(X_new, rows_new, tasks_new), C, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(posterior.variance(X_new, rows_new, tasks_new), C.diagonal(), rtol=1e-6)


@pytest.mark.parametrize("kernels", [ONE, TWO], ids=["one term", "two terms"])
def test_never_above_the_likelihood_and_no_lower_with_more_points(kernels):
    for seed in range(5):
        given = problem(kernels, seed=seed)
        exact = DenseInference(*given)
        values = []
        for number in (1, 2, 4, 8, 16, 32):
            engine = InducingInference(*given, Z=points(32, seed)[:number])
            values.append(engine.evidence(engine.theta))
        assert values[-1] <= exact.evidence(exact.theta)
        assert (np.diff(values) > 0).all()


KERNELS = {
    "RBF": RBF([0.7, 1.3]),
    "one length scale": RBF(0.8),
    "Matern 1/2": Matern([0.7, 1.3], nu=0.5),
    "Matern 3/2": Matern(1.1, nu=1.5),
    "Matern 5/2": Matern([0.7, 2.0], nu=2.5),
    "Matern infinite": Matern([0.7, 2.0], nu=np.inf),
    "rational quadratic": RationalQuadratic(0.9, alpha=0.6),
    "fixed alpha": RationalQuadratic(0.9, alpha=0.6, alpha_bounds="fixed"),
    "dot product": DotProduct(0.7),
    "fixed length scale": ConstantKernel(2.0) * RBF([0.8, 1.0], "fixed"),
    "sum, product, white": RBF(1.0) + DotProduct(2.0) * Matern(1.0, nu=2.5) + WhiteKernel(0.3),
    "power": (DotProduct(1.0) + ConstantKernel(0.5)) ** 2,
    "none in inputs": ExpSineSquared(0.9, 1.4) * RBF(1.0),
    "no formula": Matern(1.0, nu=0.9),
}


@pytest.mark.parametrize("name", KERNELS)
def test_gradients_of_a_kernel_between_two_sets_of_points(name):
    kernel = KERNELS[name]
    rng = np.random.default_rng(0)
    X, Z = rng.normal(size=(70, 2)) + 3.0, rng.normal(size=(4, 2)) + 3.0
    Z[1] = X[2]
    G, g = rng.normal(size=(70, 4)), rng.normal(size=70)
    K, pull = cross_pullback(kernel, X, Z)
    k, pull_diagonal = diagonal_pullback(kernel, X)
    np.testing.assert_allclose(K, kernel(X, Z), rtol=0, atol=1e-12)
    np.testing.assert_allclose(k, kernel.diag(X), rtol=1e-14)
    in_theta, in_Z = pull(G)
    assert in_theta.shape == kernel.theta.shape
    known = name not in ("none in inputs", "no formula")
    assert has_input_gradient(kernel) is known
    assert (in_Z is not None) is known

    def at(theta):
        return kernel.clone_with_theta(theta)

    # Without a formula scikit-learn's own gradient is a finite difference with a step of 1e-10.
    atol = 1e-4 if name == "no formula" else 1e-6
    np.testing.assert_allclose(in_theta, slope(lambda theta: np.vdot(G, at(theta)(X, Z)), kernel.theta), 1e-5, atol)
    found = slope(lambda theta: g @ at(theta).diag(X), kernel.theta)
    np.testing.assert_allclose(pull_diagonal(g), found, rtol=1e-5, atol=1e-6)
    if known:
        off = np.delete(np.arange(4), 1)  # Matern 1/2 has a kink where the points meet
        numeric = slope(lambda z: np.vdot(G, kernel(X, z.reshape(Z.shape))), Z.ravel()).reshape(Z.shape)
        np.testing.assert_allclose(in_Z[off], numeric[off], rtol=1e-5, atol=1e-5)


def slope(function, x, step=1e-6):
    """Central differences."""
    return np.array([(function(x + step * e) - function(x - step * e)) / (2 * step) for e in np.eye(len(x))])


@pytest.mark.parametrize("name", [name for name in KERNELS if name != "no formula"])
@pytest.mark.parametrize("form", ["wide", "rows"])
def test_gradient_of_the_bound(name, form):
    given = problem([KERNELS[name], RBF([0.5, 0.9])] if name == "dot product" else [KERNELS[name]], form=form)
    engine = InducingInference(*given, Z=points(5), block_rows=11)
    assert engine.moves_points is (name != "none in inputs")
    assert len(engine.theta) == len(engine.bounds) == given[0].n_theta + N_TASKS + engine.n_points_theta
    gradient = engine.evidence(engine.theta, eval_gradient=True)[1]
    # scipy's check_grad is the norm of the difference to forward differences, whose own error is about 1e-6 relative.
    error = check_grad(engine.evidence, lambda theta: gradient, engine.theta, epsilon=1e-7)
    assert error <= 2e-5 * np.linalg.norm(gradient)
    numeric = slope(engine.evidence, engine.theta, 1e-5)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-6 * np.abs(gradient).max())


def test_one_noise_for_all_tasks_has_one_gradient():
    covariance, X, rows, tasks, y, _ = problem(ONE)
    engine = InducingInference(covariance, X, rows, tasks, y, Noise(np.log([0.2])), Z=points(5), move_points=False)
    assert engine.n_points_theta == 0
    np.testing.assert_allclose(
        engine.evidence(engine.theta, eval_gradient=True)[1], slope(engine.evidence, engine.theta, 1e-5), rtol=1e-5
    )


@pytest.mark.parametrize("form", ["wide", "rows"])
def test_blocks_and_the_order_of_entries_do_not_matter(form):
    covariance, X, rows, tasks, y, noise = problem(TWO, form=form)
    whole = InducingInference(covariance, X, rows, tasks, y, noise, Z=points(5))
    assert len(whole.entries.blocks) == 1
    value, gradient = whole.evidence(whole.theta, eval_gradient=True)
    mixed = np.random.default_rng(1).permutation(len(y))
    for size, order in [(1, slice(None)), (4, slice(None)), (29, slice(None)), (4, mixed)]:
        parts = rows[order], tasks[order], y[order]
        engine = InducingInference(covariance, X, *parts, noise, Z=points(5), block_rows=size)
        assert len(engine.entries.blocks) == -(-N_ROWS // size)
        found, found_gradient = engine.evidence(whole.theta, eval_gradient=True)
        np.testing.assert_allclose(found, value, rtol=1e-12)
        np.testing.assert_allclose(found_gradient, gradient, rtol=1e-8, atol=1e-8)


def test_shared_rows_equal_the_same_rows_repeated():
    covariance, X, rows, tasks, y, noise = problem(TWO)
    given = {"Z": points(5), "move_points": False}
    wide = InducingInference(covariance, X, rows, tasks, y, noise, **given)
    long = InducingInference(covariance, X[rows], np.arange(len(y)), tasks, y, noise, **given)
    for one, other in zip(wide.evidence(wide.theta, True), long.evidence(wide.theta, True), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8)


def test_a_task_covariance_without_full_rank_and_a_task_without_entries():
    _, X, rows, tasks, y, noise = problem(ONE)
    loadings = np.random.default_rng(2).normal(size=(N_TASKS, 1))
    singular = Covariance((Term(ONE[0], Coregionalization(loadings, np.full(N_TASKS, -np.inf))),))
    seen = tasks < 2
    parts = rows[seen], tasks[seen], y[seen]
    exact = DenseInference(singular, X, *parts, noise)
    engine = InducingInference(singular, X, *parts, noise, Z=X)
    np.testing.assert_allclose(engine.evidence(engine.theta), exact.evidence(exact.theta), rtol=0, atol=1e-6)
    new = X[:3] + 0.1, np.arange(3), np.full(3, 2)
    mean = engine.condition(engine.theta).mean(*new)
    np.testing.assert_allclose(mean, exact.condition(exact.theta).mean(*new), rtol=0, atol=1e-6)


def test_a_new_task_from_its_description():
    _, X, rows, tasks, y, noise = problem(ONE)
    described = DescribedTasks(RBF(1.0), np.array([[0.0], [0.5], [2.0]]), 0.0, np.array([-1.0, -2.0, -1.5]))
    covariance = Covariance((Term(ONE[0], described),))
    exact = DenseInference(covariance, X, rows, tasks, y, noise)
    engine = InducingInference(covariance, X, rows, tasks, y, noise, Z=X)
    new = X[:4] + 0.1, *described.with_new(np.array([[0.2], [1.0]]))
    found, expected = (one.condition(exact.theta).of_new_task(*new) for one in (engine, exact))
    for one, other in zip(found, expected, strict=True):
        assert one.shape == (4, 2)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_points_that_coincide_get_jitter_and_stay_a_bound():
    given = problem([RBF([0.7, 1.3])])
    apart, twice = (InducingInference(*given, Z=Z) for Z in (points(5), np.repeat(points(5), 2, axis=0)))
    exact = DenseInference(*given)
    value = apart.evidence(apart.theta)
    np.testing.assert_allclose(twice.evidence(twice.theta), value, rtol=1e-6)
    assert value < exact.evidence(exact.theta)


def test_what_cannot_be_factored_has_no_likelihood():
    given = problem([RBF([0.7, 1.3])])
    engine = InducingInference(*given, Z=points(5))
    theta = engine.theta
    theta[-1] = np.nan
    assert engine.evidence(theta) == -np.inf
    value, gradient = engine.evidence(theta, eval_gradient=True)
    assert value == -np.inf
    assert not gradient.any()


def test_needs_noise():
    covariance, X, rows, tasks, y, _ = problem(ONE)
    none = Noise(np.full(N_TASKS, -np.inf), free=False)
    with pytest.raises(InvalidParameterError, match="positive noise variance of every measurement"):
        InducingInference(covariance, X, rows, tasks, y, none, Z=points(5))
    known = Noise(np.full(N_TASKS, -np.inf), free=False, known=np.full(len(y), 0.1))
    assert np.isfinite(
        InducingInference(covariance, X, rows, tasks, y, known, Z=points(5)).condition(covariance.theta).mu
    ).all()


def test_inducing_points_are_centres_of_the_rows_whatever_their_units():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    X = np.repeat(centres, 20, axis=0) + 0.05 * rng.normal(size=(60, 2))
    units = np.array([1.0, 1e6])
    Z = inducing_points(X * units, 3, random_state=0) / units
    order = np.lexsort((Z[:, 0].round(), Z[:, 1].round()))
    np.testing.assert_allclose(Z[order], centres, atol=0.1)
    np.testing.assert_array_equal(inducing_points(X, 7, random_state=1), inducing_points(X, 7, random_state=1))
    assert inducing_points(X, 7, random_state=1).shape == (7, 2)
    few = np.repeat(X[:4], 3, axis=0)
    np.testing.assert_array_equal(inducing_points(few, 9), np.unique(X[:4], axis=0))
    constant = np.column_stack([X[:, 0], np.ones(60)])
    np.testing.assert_allclose(inducing_points(constant, 5, random_state=0)[:, 1], 1.0)


def test_a_fit_with_few_points_predicts_as_the_exact_process():
    rng = np.random.default_rng(0)
    n, M = 1000, 40
    X = rng.uniform(-2, 2, size=(n, 2))
    signal = np.column_stack([np.sin(2 * X[:, 0]), np.cos(X[:, 1]), X[:, 0] * X[:, 1] / 2])
    F = signal @ rng.normal(size=(3, N_TASKS))
    noise = np.array([0.2, 0.3, 0.4])
    Y = F + noise * rng.normal(size=F.shape)
    tasks, rows = np.repeat(np.arange(N_TASKS), n), np.tile(np.arange(n), N_TASKS)
    start = Covariance((Term(RBF([1.0, 1.0]), Coregionalization(rng.normal(size=(N_TASKS, 2)), np.zeros(N_TASKS))),))
    given = start, X, rows, tasks, Y.T.ravel(), Noise(np.zeros(N_TASKS))
    engine = InducingInference(*given, Z=inducing_points(X, M, random_state=0))
    first = engine.evidence(engine.theta)
    found = maximise(engine.evidence, [engine.theta], engine.bounds)
    assert found.value > first + 100
    _, estimated, Z = engine.split(found.theta)
    assert np.abs(Z - engine.Z).max() > 0.01  # points moved
    np.testing.assert_allclose(np.sqrt(estimated.by_task(N_TASKS)), noise, rtol=0.1)

    exact = KroneckerInference(start, X, Y, Noise(np.zeros(N_TASKS)))
    theta = found.theta[: len(exact.theta)]
    likelihood = exact.evidence(theta)
    assert likelihood - 5.0 < found.value <= likelihood
    X_new = rng.uniform(-2, 2, size=(50, 2))
    new = X_new, np.tile(np.arange(50), N_TASKS), np.repeat(np.arange(N_TASKS), 50)
    posterior, dense = engine.condition(found.theta), exact.condition(theta)
    mean, std = posterior.mean(*new), np.sqrt(posterior.variance(*new))
    assert np.abs(mean - dense.mean(*new)).max() < 0.02 * F.std()
    np.testing.assert_allclose(std, np.sqrt(dense.variance(*new)), rtol=0.1)
