"""Laws of every loss; ``loss_case`` runs over the registry, whose ``naive`` is the loss of one entry."""

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from skmtl.exceptions import InvalidParameterError
from skmtl.losses import LOSSES, LogisticLoss, SquaredLoss, losses_for, make_loss

ETA = np.array([-7.0, -1.2, -0.1, 0.0, 0.3, 2.5, 6.0])


def entries(case, eta=ETA, seed=0):
    """Every target with every predictor, and weights."""
    y, e = (a.ravel() for a in np.meshgrid(case.targets, eta))
    return y, e, np.random.default_rng(seed).exponential(size=len(y)) + 0.1


def test_value_is_the_loop(loss_case):
    y, eta, w = entries(loss_case)
    expected = sum(wi * loss_case.naive(yi, ei) for yi, ei, wi in zip(y, eta, w, strict=True))
    assert loss_case.make().value(y, eta, w) == pytest.approx(expected, rel=1e-13)


def test_first_derivative(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    numeric = [
        wi * (loss_case.naive(a, b + 1e-5) - loss_case.naive(a, b - 1e-5)) / 2e-5
        for a, b, wi in zip(y, eta, w, strict=True)
    ]
    # Central differences: the step squared plus rounding over the step.
    np.testing.assert_allclose(loss.gradient(y, eta, w), numeric, atol=1e-8)


def test_second_derivative(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    numeric = (loss.gradient(y, eta + 1e-5, w) - loss.gradient(y, eta - 1e-5, w)) / 2e-5
    np.testing.assert_allclose(loss.hessian(y, eta, w), numeric, atol=1e-8)


def test_curvature_bounds_the_second_derivative(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    second = loss.hessian(y, eta, np.ones_like(w))
    assert (second <= loss.curvature).all()
    assert second.max() == pytest.approx(loss.curvature)  # and is reached
    assert loss.quadratic == bool((second == loss.curvature).all())


def test_conjugate_by_brute_force(loss_case):
    """sup over eta of theta eta - weight loss(eta), on a fine grid."""
    loss = loss_case.make()
    grid = np.linspace(-40, 40, 400_001)
    for y in loss_case.targets:
        plain = np.logaddexp(0, grid) - y * grid if loss_case.id == "logistic" else 0.5 * (y - grid) ** 2
        for weight in (0.4, 2.0):
            for share in (0.05, 0.5, 0.9):
                # Inside the domain of either loss: a gradient at some predictor.
                theta = weight * (share - y) if loss_case.id == "logistic" else 3.0 * (share - 0.5)
                best = float((theta * grid - weight * plain).max())
                got = loss.conjugate(np.array([y]), np.array([theta]), np.array([weight]))
                assert got == pytest.approx(best, abs=1e-6)


def test_fenchel_young(loss_case):
    """Equality at theta = gradient, inequality elsewhere."""
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    theta = loss.gradient(y, eta, w)
    value = loss.value(y, eta, w)
    assert value + loss.conjugate(y, theta, w) == pytest.approx(float(theta @ eta), rel=1e-12, abs=1e-12)
    other = loss.gradient(y, eta[::-1], w)
    assert value + loss.conjugate(y, other, w) > float(other @ eta) + 1e-3


def test_conjugate_outside_its_domain():
    one = np.ones(1)
    for y, theta in ((0.0, -0.1), (0.0, 1.1), (1.0, 0.1), (1.0, -1.1)):
        assert LogisticLoss().conjugate(y * one, theta * one, one) == np.inf
    # The edges belong to it: certain predictions.
    assert LogisticLoss().conjugate(one, -one, one) == 0.0
    assert LogisticLoss().conjugate(0 * one, one, one) == 0.0


@pytest.mark.parametrize("extreme", [800.0, 1e5])
def test_extreme_predictors(loss_case, extreme):
    """No overflow (a warning would be an error here), and the right limits."""
    loss = loss_case.make()
    y, eta, w = entries(loss_case, np.array([-extreme, extreme]))
    value, gradient, hessian = loss.value(y, eta, w), loss.gradient(y, eta, w), loss.hessian(y, eta, w)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    if loss_case.id == "logistic":
        wrong = (eta > 0) != (y == 1)
        assert value == pytest.approx(float((w * extreme)[wrong].sum()), rel=1e-12)
        np.testing.assert_allclose(gradient, np.where(wrong, w * np.sign(eta), 0.0), atol=1e-300)
        assert (loss.mean(eta) == (eta > 0)).all()


def test_small_losses_keep_their_digits():
    """A confident right prediction has the loss exp(-eta), not zero."""
    value = LogisticLoss().value(np.ones(1), np.array([50.0]), np.ones(1))
    assert value == pytest.approx(np.exp(-50.0), rel=1e-12)


def test_null_predictor_is_the_best_constant(loss_case):
    loss = loss_case.make()
    rng = np.random.default_rng(4)
    y = rng.choice(loss_case.targets, size=17)
    w = rng.exponential(size=17)
    found = minimize_scalar(lambda c: sum(wi * loss_case.naive(yi, c) for yi, wi in zip(y, w, strict=True)))
    assert loss.null_predictor(y, w) == pytest.approx(found.x, abs=1e-5)


def test_null_predictor_of_one_class_is_infinite():
    assert LogisticLoss().null_predictor(np.ones(3), np.ones(3)) == np.inf
    assert LogisticLoss().null_predictor(np.zeros(3), np.ones(3)) == -np.inf


def test_mean():
    np.testing.assert_array_equal(SquaredLoss().mean(ETA), ETA)
    np.testing.assert_allclose(LogisticLoss().mean(ETA), 1 / (1 + np.exp(-ETA)), rtol=1e-14)


def test_weight_scales_everything(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    assert loss.value(y, eta, 3 * w) == pytest.approx(3 * loss.value(y, eta, w))
    np.testing.assert_allclose(loss.gradient(y, eta, 3 * w), 3 * loss.gradient(y, eta, w))
    theta = loss.gradient(y, eta, w)
    assert loss.conjugate(y, 3 * theta, 3 * w) == pytest.approx(3 * loss.conjugate(y, theta, w))


def test_conic_is_the_value(loss_case):
    loss = loss_case.make()
    y, eta, w = entries(loss_case)
    assert loss.conic(y, cp.Constant(eta), w).value == pytest.approx(loss.value(y, eta, w), rel=1e-10)


# -- names --------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("hinge", "loss='hinge' is not known: use 'squared', 'logistic', or a loss object."),
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
