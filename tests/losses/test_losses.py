"""Laws of every loss; ``loss_case`` runs over the registry, whose ``total`` is the loss written out as a loop."""

import cases
import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from skmtl.exceptions import InvalidParameterError
from skmtl.losses import (
    LOSSES,
    HuberLoss,
    LogisticLoss,
    MultinomialLoss,
    PoissonLoss,
    QuantileLoss,
    SeparableLoss,
    SquaredHingeLoss,
    SquaredLoss,
    SquareRootLoss,
    kinds_for,
    losses_for,
    make_loss,
)

ETA = np.array([-7.0, -1.2, -0.1, 0.0, 0.3, 2.5, 6.0])
ONE = np.ones(1)


def entries(case, eta=ETA, seed=0):
    """Every target with every predictor, and weights; further channels hold the same predictors in another order."""
    rng = np.random.default_rng(seed)
    y, first = (a.ravel() for a in np.meshgrid(case.targets, eta))
    channels = [first, *(rng.permutation(first) for _ in range(case.channels - 1))]
    return y, np.concatenate(channels), rng.exponential(size=len(y)) + 0.1


def total(case, y, eta, w):
    """The loop, for flat predictors."""
    return case.total(y, eta.reshape(case.channels, -1).T if case.channels > 1 else eta, w)


def differences(function, eta, step=1e-5):
    """Central differences of a function of flat predictors."""
    return np.array([(function(eta + step * e) - function(eta - step * e)) / (2 * step) for e in np.eye(len(eta))])


def hessian(loss, y, eta, w):
    """The whole second derivative, column by column."""
    return np.array([loss.hessian_product(y, eta, w, e) for e in np.eye(len(eta))]).T


def shifted(eta, constants):
    """Flat predictors with a constant added to each channel."""
    return eta + np.repeat(constants, len(eta) // len(constants))


def test_value_is_the_loop(loss_case):
    y, eta, w = entries(loss_case)
    assert loss_case.make().value(y, eta, w) == pytest.approx(total(loss_case, y, eta, w), rel=1e-13)


def test_first_derivative(loss_case):
    y, eta, w = entries(loss_case)
    numeric = differences(lambda e: total(loss_case, y, e, w), eta)
    gradient = loss_case.make().gradient(y, eta, w)
    assert gradient.shape == eta.shape
    # Central differences: the step squared plus rounding over the step.
    np.testing.assert_allclose(gradient, numeric, rtol=1e-9, atol=2e-7)


def test_second_derivative(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    numeric = differences(lambda e: loss.gradient(y, e, w), eta).T
    second = hessian(loss, y, eta, w)
    np.testing.assert_allclose(second, numeric, rtol=1e-9, atol=2e-8)
    np.testing.assert_allclose(second, second.T, atol=1e-14)
    if isinstance(loss, SeparableLoss):
        np.testing.assert_array_equal(np.diag(loss.hessian(y, eta, w)), second)


def test_curvature(loss_case):
    """A bound of the second derivative, and reached; else the largest at the best constant."""
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    root = np.sqrt(np.tile(w, loss_case.channels))
    bound = loss.curvature(y, w)
    if loss_case.id in ("poisson", "square_root"):
        eta = np.repeat(loss.null_predictor(y, w), len(y))
    elif loss_case.id == "multinomial":
        eta[2 * len(y) :] = -40.0  # two even classes, and one out of play
        eta[: 2 * len(y)] = 0.0
    largest = np.linalg.eigvalsh(hessian(loss, y, eta, w) / np.outer(root, root)).max()
    assert largest == pytest.approx(bound, rel=1e-9)
    assert loss.quadratic == (loss_case.id == "squared")
    if loss.quadratic:
        np.testing.assert_array_equal(hessian(loss, y, eta, w), bound * np.diag(w))


def test_second_derivative_is_positive(loss_case):
    loss = loss_case.make()
    for seed in range(3):
        y, eta, w = entries(loss_case, ETA + 0.01 * seed, seed)
        values = np.linalg.eigvalsh(hessian(loss, y, eta, w))
        assert values.min() >= -1e-10 * values.max()


def test_conjugate_by_brute_force(loss_case):
    """sup over eta of theta eta - loss(eta), by a general minimiser."""
    loss = loss_case.make()
    rng = np.random.default_rng(1)
    for k in range(12):
        y = rng.permutation(loss_case.targets) if loss_case.joint else np.roll(loss_case.targets, k)[:1]
        m = len(y)
        w = rng.exponential(size=m) + 0.2
        # Between two gradients: inside the domain.
        one, two = (loss.gradient(y, rng.normal(size=m * loss_case.channels), w) for _ in range(2))
        theta = 0.6 * one + 0.4 * two
        found = minimize(
            lambda e, y=y, w=w, theta=theta: total(loss_case, y, e, w) - theta @ e, np.zeros(len(theta)), tol=1e-9
        )
        assert loss.conjugate(y, theta, w) == pytest.approx(-found.fun, abs=1e-6)


def test_fenchel_young(loss_case):
    """Equality at theta = gradient, inequality elsewhere."""
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    theta = loss.gradient(y, eta, w)
    value = loss.value(y, eta, w)
    assert value + loss.conjugate(y, theta, w) == pytest.approx(float(theta @ eta), rel=1e-12, abs=1e-12)
    other = loss.gradient(y, eta[::-1], w)
    assert value + loss.conjugate(y, other, w) > float(other @ eta) + 1e-3
    # Shrunken gradients stay in the domain: what a certificate relies on.
    assert np.isfinite(loss.conjugate(y, 0.5 * theta, w))
    assert np.isfinite(loss.conjugate(y, 0.0 * theta, w))


@pytest.mark.parametrize(
    ("loss", "y", "theta"),
    [
        (LogisticLoss(), 0.0, -0.1),
        (LogisticLoss(), 0.0, 1.1),
        (LogisticLoss(), 1.0, 0.1),
        (LogisticLoss(), 1.0, -1.1),
        (HuberLoss(delta=2.0), 5.0, 2.1),
        (HuberLoss(delta=2.0), 5.0, -2.1),
        (QuantileLoss(quantile=0.9), 5.0, 0.11),
        (QuantileLoss(quantile=0.9), 5.0, -0.91),
        (PoissonLoss(), 3.0, -3.1),
        (PoissonLoss(), 0.0, -0.1),
        (SquaredHingeLoss(), 1.0, 0.1),
        (SquaredHingeLoss(), 0.0, -0.1),
        (SquareRootLoss(), 2.0, 1.1),
        (SquareRootLoss(), 2.0, -1.1),
        (MultinomialLoss(), 1.0, (0.3, -0.2, 0.0)),  # does not sum to zero
        (MultinomialLoss(), 1.0, (-0.1, 0.0, 0.1)),  # less than none of a class
        (MultinomialLoss(), 1.0, (0.6, -1.1, 0.5)),
    ],
    ids=repr,
)
def test_conjugate_outside_its_domain(loss, y, theta):
    theta = np.atleast_1d(np.array(theta))
    assert loss.conjugate(y * ONE, theta, ONE) == np.inf
    assert loss.conjugate(y * ONE, 3.0 * theta, 3.0 * ONE) == np.inf or loss.joint


@pytest.mark.parametrize(
    ("loss", "y", "theta", "expected"),
    [
        (LogisticLoss(), 1.0, -1.0, 0.0),
        (LogisticLoss(), 0.0, 1.0, 0.0),
        (HuberLoss(delta=2.0), 5.0, -2.0, -8.0),
        (QuantileLoss(quantile=0.75, width=0.5), 4.0, 0.25, 4.125 * 0.25 + 0.25 * 0.0625),
        (PoissonLoss(), 3.0, -3.0, 3.0 - 3.0 * np.log(3.0)),
        (PoissonLoss(), 0.0, 0.0, 0.0),
        (SquaredHingeLoss(), 1.0, 0.0, 0.0),
        (SquareRootLoss(), 2.0, 1.0, 2.0),
        (MultinomialLoss(), 1.0, (0.0, -1.0, 1.0), 0.0),
    ],
    ids=repr,
)
def test_edges_belong_to_the_domain(loss, y, theta, expected):
    theta = np.atleast_1d(np.array(theta))
    for nudge in (1.0, 1.0 + 1e-15):  # rounding does not make it infeasible
        assert loss.conjugate(y * ONE, nudge * theta, ONE) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("extreme", [700.0, 800.0, 1e5])
def test_extreme_predictors(loss_case, extreme):
    """No overflow (a warning would be an error here), and the right limits."""
    loss = loss_case.make()
    y, eta, w = entries(loss_case, np.array([-extreme, 0.0, extreme]))
    value, gradient = loss.value(y, eta, w), loss.gradient(y, eta, w)
    second = loss.hessian_product(y, eta, w, np.ones(len(eta)))
    if loss_case.id == "poisson" and extreme > 700:
        high = eta > 0
        assert value == np.inf
        assert (gradient[high] == np.inf).all()
        assert (second[high] == np.inf).all()
        assert np.isfinite(gradient[~high]).all()
        return
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(second).all()
    assert np.isfinite(loss.conjugate(y, gradient, w))
    if loss_case.id == "logistic":
        wrong = (eta > 0) != (y == 1)
        assert value == pytest.approx(float((w * (np.abs(eta) * wrong + np.log(2) * (eta == 0))).sum()), rel=1e-12)
        decided = eta != 0
        np.testing.assert_allclose(gradient[decided], np.where(wrong, w * np.sign(eta), 0.0)[decided], atol=1e-300)
        np.testing.assert_allclose(loss.mean(eta)[decided], (eta > 0)[decided], atol=1e-300)


def test_tiny_weights(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    tiny = 1e-280 * w
    theta = loss.gradient(y, eta, tiny)
    assert np.isfinite(loss.value(y, eta, tiny))
    assert np.isfinite(loss.conjugate(y, theta, tiny))
    np.testing.assert_allclose(loss.recenter(y, eta, tiny), loss.recenter(y, eta, w), rtol=1e-12, atol=1e-13)


def test_small_losses_keep_their_digits():
    """A confident right prediction has the loss exp(-eta), not zero; so has a close one."""
    value = LogisticLoss().value(ONE, np.array([50.0]), ONE)
    assert value == pytest.approx(np.exp(-50.0), rel=1e-12)
    eta = np.array([0.0, 50.0, 0.0])
    slope = MultinomialLoss().gradient(ONE, eta, ONE)[1]
    assert slope == pytest.approx(-2 * np.exp(-50.0), rel=1e-12)
    assert MultinomialLoss().value(ONE, eta, ONE) == pytest.approx(2 * np.exp(-50.0), rel=1e-12)
    value = PoissonLoss().value(1e6 * ONE, np.log(1e6) + np.array([1e-6]), ONE)
    assert value == pytest.approx(0.5e-6, rel=1e-3)
    assert PoissonLoss().value(7 * ONE, np.log(7 * ONE), ONE) == 0.0


# -- the best constants -------------------------------------------------------------------------------


def slopes(loss, y, eta, w):
    """Slope of the loss along the constant of each channel, relative to its parts."""
    gradient = loss.gradient(y, eta, w).reshape(-1, len(y))
    return np.abs(gradient.sum(axis=1)) / np.maximum(np.abs(gradient).sum(axis=1), 1e-300)


def test_null_predictor_is_the_best_constant(loss_case):
    loss = loss_case.make()
    rng = np.random.default_rng(4)
    y = np.concatenate([loss_case.targets, rng.choice(loss_case.targets, size=17)])
    w = rng.exponential(size=len(y))
    K = loss_case.channels
    found = minimize(lambda c: total(loss_case, y, np.repeat(c, len(y)), w), np.zeros(K), tol=1e-10).x
    null = loss.null_predictor(y, w, K)
    assert null.shape == (K,)
    np.testing.assert_allclose(null, found - (found.mean() if K > 1 else 0.0), atol=1e-5)
    np.testing.assert_allclose(loss.recenter(y, np.zeros(K * len(y)), w), null, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("size", [0.1, 3.0, 30.0, 300.0])
def test_recenter_is_the_optimum(loss_case, size):
    loss = loss_case.make()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        y = np.concatenate([loss_case.targets, rng.choice(loss_case.targets, size=5 + 7 * seed)])
        eta = size * rng.normal(size=loss_case.channels * len(y))
        w = rng.exponential(size=len(y)) + 0.01
        constants = loss.recenter(y, eta, w)
        moved = shifted(eta, constants)
        # The predictors are rounded to some 1e-16 of their size: as much of the curvature is left of the slope.
        noise = 1e-15 * size * np.abs(loss.hessian_product(y, moved, w, np.ones(len(eta)))).sum()
        left = np.abs(loss.gradient(y, moved, w).reshape(-1, len(y)).sum(axis=1)).max()
        spread = np.abs(loss.gradient(y, moved, w)).sum()
        assert left <= 1e-13 * spread + noise + 1e-300, seed
        value = loss.value(y, moved, w)
        for _ in range(5):
            step = rng.normal(size=len(constants)) * 10.0 ** rng.uniform(-3, 1)
            assert loss.value(y, shifted(moved, step), w) >= value * (1 - 1e-13)
        if loss_case.channels > 1:
            assert abs(constants.sum()) <= 1e-12 * (1 + np.abs(constants).max())


def test_recenter_by_scalar_search(loss_case):
    """Against a bounded search on the loop."""
    if loss_case.channels > 1:
        return  # the search above is over several constants
    y, eta, w = entries(loss_case, ETA[1:6])
    found = minimize_scalar(lambda c: total(loss_case, y, eta + c, w), bounds=(-20, 20), options={"xatol": 1e-10})
    assert loss_case.make().recenter(y, eta, w)[0] == pytest.approx(found.x, abs=1e-5)


def test_recenter_of_groups_is_recenter_of_each(loss_case):
    loss = loss_case.make()
    if not isinstance(loss, SeparableLoss):
        return
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(5), [9, 4, 30, 5, 12])
    y = rng.choice(loss_case.targets, size=len(group))
    y[[0, 9, 13, 43, 48]], y[[1, 10, 14, 44, 49]] = loss_case.targets[0], loss_case.targets[1]
    eta, w = 3 * rng.normal(size=len(group)), rng.exponential(size=len(group))
    each = [loss.recenter(y[group == g], eta[group == g], w[group == g])[0] for g in range(5)]
    np.testing.assert_allclose(loss.recenter_groups(y, eta, w, group, 5), each, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("loss", [HuberLoss(delta=0.01), QuantileLoss(width=1e-6), QuantileLoss(0.05, 1e-3)], ids=repr)
def test_recenter_over_flat_pieces(loss):
    """Two heaps of residuals far apart: the slope is constant between them."""
    y = np.concatenate([np.linspace(-1, 1, 30), 1e6 + np.linspace(-1, 1, 30)])
    for w in (np.ones(60), np.r_[np.ones(30), 1.1 * np.ones(30)], np.r_[1.1 * np.ones(30), np.ones(30)]):
        c = loss.recenter(y, np.zeros(60), w)
        assert abs(loss.gradient(y, np.full(60, c[0]), w).sum()) <= 1e-9 * w.sum() / min(1, getattr(loss, "width", 1))
        around = [loss.value(y, np.full(60, c[0] + d), w) for d in (-1e-3, 0.0, 1e-3)]
        assert around[1] <= min(around) * (1 + 1e-14)


def test_recenter_of_separated_labels():
    """Squared hinge: any constant between the margins is best; one is found, without loss."""
    y, eta = np.array([0.0, 0.0, 1.0, 1.0]), np.array([-9.0, -5.0, 4.0, 8.0])
    for shift in (0.0, 100.0):
        c = SquaredHingeLoss().recenter(y, eta + shift, np.ones(4))
        assert SquaredHingeLoss().value(y, eta + shift + c[0], np.ones(4)) == 0.0
    assert SquaredHingeLoss().recenter(y, eta, np.ones(4)) == 0.0
    assert SquaredHingeLoss().null_predictor(np.ones(3), np.ones(3)) == 1.0


def test_recenter_of_saturated_classes():
    """Predictors so far apart that every probability is 0 or 1 up to rounding, some of them wrong."""
    y = np.array([0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 2.0])
    table = 700.0 * np.eye(3)[[0, 1, 2, 1, 2, 0, 2]].T
    loss, w = MultinomialLoss(), np.linspace(1, 2, 7)
    c = loss.recenter(y, table.ravel(), w)
    value = loss.value(y, shifted(table.ravel(), c), w)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = shifted(table.ravel(), c + rng.normal(size=3) * 10.0 ** rng.uniform(-3, 3))
        assert loss.value(y, other, w) >= value * (1 - 1e-13)


def test_infinite_optima():
    """One class, no count, a class that does not occur."""
    three = np.ones(3)
    assert LogisticLoss().null_predictor(three, three).tolist() == [np.inf]
    assert LogisticLoss().null_predictor(0 * three, three).tolist() == [-np.inf]
    assert LogisticLoss().recenter(three, three, three).tolist() == [np.inf]
    assert PoissonLoss().null_predictor(0 * three, three).tolist() == [-np.inf]
    both = [MultinomialLoss().null_predictor(np.array([0.0, 2.0, 2.0]), three, 3)]
    both.append(MultinomialLoss().recenter(np.array([0.0, 2.0, 2.0]), np.zeros(9), three))
    for null in both:
        assert null[1] == -np.inf
        np.testing.assert_allclose(null[[0, 2]], [-0.5 * np.log(2), 0.5 * np.log(2)])


# -- predictions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["squared", "huber", "quantile", "square_root"])
def test_mean_of_numeric_losses(name):
    np.testing.assert_array_equal(make_loss(name).mean(ETA), ETA)
    assert not hasattr(make_loss(name), "probabilities")


def test_mean():
    np.testing.assert_allclose(LogisticLoss().mean(ETA), 1 / (1 + np.exp(-ETA)), rtol=1e-14)
    np.testing.assert_allclose(PoissonLoss().mean(ETA), np.exp(ETA))
    assert PoissonLoss().mean(np.array([1e3])) == np.inf
    assert SquaredHingeLoss().mean(np.array([-3.0, -1.0, 0.0, 0.5, 7.0])).tolist() == [0.0, 0.0, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("loss", [LogisticLoss(), SquaredHingeLoss()], ids=repr)
def test_mean_inverts_the_best_predictor(loss, p):
    """The share of the second class comes back from the best constant."""
    null = loss.null_predictor(np.array([0.0, 1.0]), np.array([1 - p, p]))
    assert loss.mean(null)[0] == pytest.approx(p, rel=1e-13)
    np.testing.assert_allclose(loss.probabilities(null, 2), [[1 - p, p]], rtol=1e-13)


def test_probabilities():
    rng = np.random.default_rng(0)
    eta = rng.normal(size=(5, 3)) * 400
    shares = MultinomialLoss().probabilities(eta.T.ravel(), 3)
    expected = [[1 / sum(np.exp(min(o - e, 700.0)) for o in row) for e in row] for row in eta]
    np.testing.assert_allclose(shares, expected, rtol=1e-12, atol=1e-300)
    two = MultinomialLoss().probabilities(np.concatenate([-0.5 * ETA, 0.5 * ETA]), 2)
    np.testing.assert_allclose(two, LogisticLoss().probabilities(ETA), rtol=1e-13)


def test_two_classes_are_logistic():
    """Half the difference of two channels is the log-odds."""
    y, eta, w = entries(cases.LOSS["logistic"])
    both = np.concatenate([-0.5 * eta, 0.5 * eta])
    assert MultinomialLoss().value(y, both, w) == pytest.approx(LogisticLoss().value(y, eta, w), rel=1e-13)
    c = MultinomialLoss().recenter(y, both, w)
    assert c[1] - c[0] == pytest.approx(LogisticLoss().recenter(y, eta, w)[0], rel=1e-12)


def test_deviance(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    if loss_case.id in ("squared", "square_root"):
        assert loss.deviance(y, eta, w) == pytest.approx(float(w @ (y - eta) ** 2), rel=1e-13)
    else:
        assert loss.deviance(y, eta, w) == 2 * loss.value(y, eta, w)


def test_quantile_bias():
    """What the docstring says of the width: on a uniform density none, on a curved one of the order of its square."""
    even = (np.arange(200_000) + 0.5) / 200_000
    for quantile in (0.1, 0.5, 0.8):
        null = QuantileLoss(quantile, width=0.1).null_predictor(even, np.ones(len(even)))[0]
        assert null == pytest.approx(quantile, abs=1e-5)
    y = -np.log(even)  # exponential: quantile -log(1 - tau), bias h² / 24 to first order, as density' / density = -1
    for width in (0.2, 0.4):
        null = QuantileLoss(0.8, width=width).null_predictor(y, np.ones(len(y)))[0]
        assert null + np.log(0.2) == pytest.approx(width**2 / 24, rel=0.02)


def test_huber_meets_its_neighbours():
    """Large delta is squared loss; small delta over delta is absolute error."""
    y, eta, w = entries(cases.LOSS["huber"])
    assert HuberLoss(1e3).value(y, eta, w) == pytest.approx(SquaredLoss().value(y, eta, w), rel=1e-13)
    assert HuberLoss(1e-9).value(y, eta, w) / 1e-9 == pytest.approx(float(w @ np.abs(y - eta)), rel=1e-8)
    # Median regression with the width of its corner is Huber's loss over delta.
    half = HuberLoss(0.2).value(y, eta, w) / 0.4
    assert QuantileLoss(0.5, width=0.4).value(y, eta, w) == pytest.approx(half, rel=1e-13)


def test_square_root_below_its_floor():
    y, w = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 1.0])
    loss = SquareRootLoss(floor=0.5)
    least = 0.5 * np.sqrt(w @ (y - 2.25) ** 2)
    assert loss.value(y, y, w) == pytest.approx(0.5 * least)
    assert loss.gradient(y, y, w).tolist() == [0.0, 0.0, 0.0]
    eta = y + np.array([0.1, -0.1, 0.2])
    np.testing.assert_allclose(hessian(loss, y, eta, w), np.diag(w / least), rtol=1e-13)
    numeric = differences(lambda e: loss.value(y, e, w), eta)
    np.testing.assert_allclose(loss.gradient(y, eta, w), numeric, atol=1e-9)


@pytest.mark.parametrize("level", [0.0, 3.0, -1e8])
def test_square_root_of_a_constant_target(level):
    """No division by a spread of zero."""
    y, w = np.full(4, level), np.ones(4)
    loss = SquareRootLoss()
    assert np.isfinite(loss.value(y, y, w))
    assert np.abs(loss.gradient(y, y, w)).max() == 0.0
    assert np.isfinite(loss.curvature(y, w))
    assert np.isfinite(loss.conjugate(y, 0.1 * w, w))


def test_weight_scales_everything(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    root = 4.0 if not loss_case.joint else 2.0  # of a norm, the root
    assert loss.value(y, eta, 4 * w) == pytest.approx(root * loss.value(y, eta, w))
    np.testing.assert_allclose(loss.gradient(y, eta, 4 * w), root * loss.gradient(y, eta, w))
    theta = loss.gradient(y, eta, w)
    assert loss.conjugate(y, root * theta, 4 * w) == pytest.approx(root * loss.conjugate(y, theta, w))
    assert 4 * loss.curvature(y, 4 * w) == pytest.approx(root * loss.curvature(y, w))


def test_duplicated_entry_is_weight_two(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    table = eta.reshape(loss_case.channels, -1)
    twice = np.r_[y, y[:3]], np.c_[table, table[:, :3]].ravel(), np.r_[w, w[:3]]
    heavy = np.r_[2 * w[:3], w[3:]]
    assert loss.value(*twice) == pytest.approx(loss.value(y, eta, heavy), rel=1e-13)
    np.testing.assert_allclose(loss.recenter(*twice), loss.recenter(y, eta, heavy), rtol=1e-12, atol=1e-13)


def test_no_entry(loss_case):
    """A task without held-out entries has no loss."""
    loss, none = loss_case.make(), np.empty(0)
    assert abs(loss.deviance(none, none, none)) == 0.0
    assert loss.gradient(none, none, none).shape == (0,)


def test_conic_is_the_value(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    given = eta.reshape(loss_case.channels, -1).T if loss_case.channels > 1 else eta
    assert loss.conic(y, cp.Constant(given), w).value == pytest.approx(loss.value(y, eta, w), rel=1e-10)
    assert loss.conic(y, cp.Variable(given.shape), w).is_dcp()


def test_the_registry_is_the_value(loss_case):
    """The cvxpy form of the cases, where it has variables of its own, against their loop."""
    y, eta, w = entries(loss_case)
    given = eta.reshape(loss_case.channels, -1).T if loss_case.channels > 1 else eta
    variable = cp.Variable(given.shape)
    problem = cp.Problem(cp.Minimize(loss_case.cvx(y, variable, w, cp)), [variable == given])
    cases.solve(problem)
    assert problem.value == pytest.approx(total(loss_case, y, eta, w), rel=1e-7)


# -- parameters and names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (HuberLoss(0), "The 'delta' parameter of HuberLoss must be a float in the range (0, inf). Got 0 instead."),
        (HuberLoss("1"), "The 'delta' parameter of HuberLoss must be a float in the range (0, inf). Got '1' instead."),
        (
            QuantileLoss(quantile=1.0),
            "The 'quantile' parameter of QuantileLoss must be a float in the range (0, 1). Got 1.0 instead.",
        ),
        (
            QuantileLoss(width=0.0),
            "The 'width' parameter of QuantileLoss must be a float in the range (0, inf). Got 0.0 instead.",
        ),
        (
            SquareRootLoss(floor=1.5),
            "The 'floor' parameter of SquareRootLoss must be a float in the range (0, 1]. Got 1.5 instead.",
        ),
    ],
    ids=repr,
)
def test_wrong_parameters(loss, message):
    with pytest.raises(InvalidParameterError) as error:
        make_loss(loss)
    assert str(error.value) == message


@pytest.mark.parametrize("name", LOSSES)
def test_loss_by_name(name):
    assert type(make_loss(name)) is LOSSES[name]


def test_losses_of_tasks():
    names = ["los", "died"]
    both = [SquaredLoss, LogisticLoss]
    assert [type(loss) for loss in losses_for("squared", names)] == [SquaredLoss, SquaredLoss]
    assert [type(loss) for loss in losses_for(["squared", LogisticLoss()], names)] == both
    assert [type(loss) for loss in losses_for(("squared", "logistic"), names)] == both
    assert [type(loss) for loss in losses_for({"died": "logistic", "los": SquaredLoss()}, names)] == both


def test_auto():
    names = ["los", "died", "ward", "falls"]
    kinds = ["numeric", "binary", "classes", "count"]
    found = [SquaredLoss, LogisticLoss, MultinomialLoss, PoissonLoss]
    assert [type(loss) for loss in losses_for("auto", names, kinds)] == found
    some = {"los": HuberLoss(2.0), "died": "auto", "ward": "auto", "falls": "poisson"}
    assert repr(losses_for(some, names, kinds)[0]) == "HuberLoss(delta=2.0)"
    assert [type(loss) for loss in losses_for(some, names, kinds)[1:]] == found[1:]
    assert kinds_for("auto", names) == ["auto"] * 4
    assert kinds_for(some, names) == ["numeric", "auto", "auto", "count"]
    assert kinds_for(list(LOSSES), range(8)) == [
        *["numeric"] * 4,
        "count",
        "binary",
        "binary",
        "classes",
    ]


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            "hinge",
            "loss='hinge' is not known: use 'squared', 'huber', 'quantile', 'square_root', 'poisson', 'logistic', "
            "'squared_hinge', 'multinomial', 'auto', or a loss object.",
        ),
        ("auto", "loss='auto' is decided by the targets: give data first, or name the loss."),
        (
            3,
            "loss=3 is not known: use a name, a loss object, a list with one per task, or a dict by task.",
        ),
        (["squared"], "loss has 1 entries but there are 2 tasks: give one loss per task."),
        ({"los": "squared"}, "loss has no entry for task 'died': give every task a loss."),
        (
            {"los": "squared", "died": "logistic", "age": "squared"},
            "loss names the task 'age', which is not among the tasks ['los', 'died']: correct its name.",
        ),
    ],
)
def test_wrong_losses(loss, message):
    with pytest.raises(InvalidParameterError) as error:
        losses_for(loss, ["los", "died"])
    assert str(error.value) == message
