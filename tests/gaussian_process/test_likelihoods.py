"""Densities, their derivatives to the edges of their domain, and what they predict for a normal latent value."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process._likelihoods import LIKELIHOODS, averaged_expit, kinds_of, likelihood_names, settled

NAMES = list(LIKELIHOODS)
TARGETS = {"logit": (0.0, 1.0), "probit": (0.0, 1.0), "poisson": (0.0, 1.0, 7.0), "gaussian": (-1.3, 0.0, 2.0)}
PHI = 0.4
CASES = [(name, y) for name in NAMES for y in TARGETS[name]]


def _arrays(y, eta):
    eta = np.atleast_1d(np.asarray(eta, dtype=float))
    return np.full(eta.shape, y), eta


def _difference(function, x, step):
    """Central difference with one step of Richardson's extrapolation."""
    coarse = (function(x + step) - function(x - step)) / (2 * step)
    fine = (function(x + step / 2) - function(x - step / 2)) / step
    return (4 * fine - coarse) / 3


@pytest.mark.parametrize(("name", "y"), CASES)
def test_densities_are_those_of_scipy(name, y):
    values, eta = _arrays(y, [-3.0, -0.4, 0.0, 1.1, 2.5])
    expected = {
        "logit": lambda: stats.bernoulli.logpmf(y, special.expit(eta)),
        "probit": lambda: stats.bernoulli.logpmf(y, stats.norm.cdf(eta)),
        "poisson": lambda: stats.poisson.logpmf(y, np.exp(eta)),
        "gaussian": lambda: stats.norm.logpdf(y, eta, np.exp(PHI / 2)),
    }[name]()
    np.testing.assert_allclose(LIKELIHOODS[name].log_density(values, eta, PHI), expected, rtol=1e-13)


@pytest.mark.parametrize(("name", "y"), CASES)
def test_derivatives_are_those_of_the_density(name, y):
    likelihood = LIKELIHOODS[name]
    # Both sides of -3, where the probit changes its formula.
    values, eta = _arrays(y, [-8.0, -3.1, -2.9, -1.0, 0.0, 0.3, 1.7, 2.9, 3.1])
    first, curvature, third = likelihood.derivatives(values, eta, PHI)
    assert (curvature >= 0).all()
    for function, derivative in (
        (lambda x: likelihood.log_density(values, x, PHI), first),
        (lambda x: likelihood.derivatives(values, x, PHI)[0], -curvature),
        (lambda x: -likelihood.derivatives(values, x, PHI)[1], third),
    ):
        np.testing.assert_allclose(_difference(function, eta, 1e-2), derivative, rtol=2e-7, atol=2e-9)


@pytest.mark.parametrize("name", ["logit", "probit"])
def test_derivatives_keep_their_digits_in_the_tails(name):
    """Known limits: exp(-|eta|) for the logit; for the probit the series of Mills' ratio."""
    far = np.array([40.0, 200.0, 700.0])
    first, curvature, third = LIKELIHOODS[name].derivatives(np.ones(3), -far, 0.0)
    if name == "logit":
        np.testing.assert_allclose(first, 1.0)
        np.testing.assert_allclose(curvature, np.exp(-far), rtol=1e-12)
        np.testing.assert_allclose(third, -np.exp(-far), rtol=1e-12)
    else:
        x = far
        np.testing.assert_allclose(first - x, 1 / x - 2 / x**3 + 10 / x**5 - 74 / x**7, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(1 - curvature, 1 / x**2 - 6 / x**4 + 50 / x**6, rtol=1e-6, atol=1e-15)
        np.testing.assert_allclose(third, 2 / x**3 - 24 / x**5 + 300 / x**7, rtol=1e-6)
    # At the other end the observation is certain: nothing is left, and nothing is NaN.
    assert all((np.abs(part) < 1e-16).all() for part in LIKELIHOODS[name].derivatives(np.ones(3), far, 0.0))
    np.testing.assert_allclose(LIKELIHOODS[name].log_density(np.ones(3), far, 0.0), 0.0, atol=1e-16)


def test_probit_is_smooth_where_its_formula_changes():
    at = np.array([np.nextafter(-3.0, -4.0), np.nextafter(-3.0, 0.0)])
    for part in LIKELIHOODS["probit"].derivatives(np.ones(2), at, 0.0):
        np.testing.assert_allclose(part[0], part[1], rtol=1e-11)


def test_a_rate_that_overflows_has_no_density():
    assert LIKELIHOODS["poisson"].log_density(np.array([3.0]), np.array([800.0]), 0.0) == -np.inf


def test_gaussian_derivatives_in_the_noise():
    likelihood, y = LIKELIHOODS["gaussian"], np.array([0.3, -1.0, 2.0])
    eta = np.array([0.0, 1.0, 1.5])
    parts = likelihood.parameter_derivatives(y, eta, PHI)
    for k, part in enumerate(parts):

        def function(phi, k=k):
            return [likelihood.log_density(y, eta, phi), *likelihood.derivatives(y, eta, phi)[:2]][k]

        np.testing.assert_allclose(_difference(function, PHI, 1e-2), part, rtol=1e-8)


@pytest.mark.parametrize("variance", [0.0, 0.01, 0.9, 1.0, 1.3, 30.0, 1000.0])
@pytest.mark.parametrize("mean", [-12.0, -2.0, 0.0, 0.7, 5.0])
def test_averaged_expit_is_the_integral(mean, variance):
    deviation = np.sqrt(variance)
    if variance == 0:
        expected = special.expit(mean)
    else:
        breaks = [b for b in (-mean / deviation, deviation) if abs(b) < 12]
        expected = integrate.quad(
            lambda z: stats.norm.pdf(z) * special.expit(mean + deviation * z),
            -12, 12, points=breaks or None, epsabs=0, epsrel=1e-12, limit=500,
        )[0]  # fmt: skip
    got = averaged_expit(np.array([mean]), np.array([variance]))[0]
    np.testing.assert_allclose(got, expected, rtol=2e-11)


@pytest.mark.parametrize("variance", [0.3, 1.0, 6.0])
def test_averaged_expit_of_the_rarest(variance):
    """Where 1 + exp(f) is one to rounding the average is that of exp(f)."""
    got = averaged_expit(np.array([-70.0]), np.array([variance]))[0]
    np.testing.assert_allclose(got, np.exp(-70.0 + variance / 2), rtol=1e-10)


def test_averaged_expit_of_both_sides_is_one():
    mean, variance = np.meshgrid(np.linspace(-30, 30, 61), [0.0, 0.5, 0.999, 1.0, 4.0, 400.0])
    total = averaged_expit(mean, variance) + averaged_expit(-mean, variance)
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_predicted_mean_is_the_integral(name):
    likelihood = LIKELIHOODS[name]
    mean, variance = 0.6, 0.8
    response = {"logit": special.expit, "probit": stats.norm.cdf, "poisson": np.exp, "gaussian": lambda f: f}[name]
    expected = integrate.quad(
        lambda z: stats.norm.pdf(z) * response(mean + np.sqrt(variance) * z), -12, 12, epsabs=1e-13
    )[0]
    np.testing.assert_allclose(likelihood.mean(np.array([mean]), np.array([variance])), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["logit", "probit"])
def test_log_odds_have_the_sign_of_the_latent_mean_and_no_infinity(name):
    mean = np.array([-900.0, -8.0, -1e-3, 0.0, 1e-3, 8.0, 900.0])
    for variance in (0.0, 0.5, 20.0):
        odds = LIKELIHOODS[name].log_odds(mean, np.full(7, variance))
        assert np.isfinite(odds).all()
        np.testing.assert_array_equal(np.sign(odds), np.sign(mean))
        np.testing.assert_allclose(odds, -odds[::-1], rtol=1e-9, atol=1e-13)


RARE = np.r_[np.ones(30), np.zeros(970)]
COUNTS, EXPOSURE = np.array([400.0, 10.0, 90.0]), np.array([4.0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("name", "y", "exposure", "response", "mean"),
    [
        ("logit", RARE, np.ones(1000), special.expit, 30.5 / 1001),
        ("probit", RARE, np.ones(1000), stats.norm.cdf, 30.5 / 1001),
        ("poisson", COUNTS, EXPOSURE, np.exp, 500.5 / 5),
        ("gaussian", COUNTS, np.ones(3), lambda f: f, 500 / 3),
    ],
)
def test_start_is_the_observed_mean_and_finite(name, y, exposure, response, mean):
    """Half an observation is added of each class, half an event to the counts."""
    assert response(LIKELIHOODS[name].start(y, exposure)) == pytest.approx(mean, rel=1e-12)
    assert np.isfinite(LIKELIHOODS[name].start(np.zeros(4), np.ones(4)))


def test_likelihoods_are_named_for_one_for_all_or_by_task():
    names = ("sbp", "death", "visits")
    assert likelihood_names("probit", names) == ["probit"] * 3
    by_name = {"visits": "poisson", "sbp": "gaussian", "death": "auto"}
    assert likelihood_names(by_name, names) == ["gaussian", "auto", "poisson"]
    assert kinds_of(["gaussian", "auto", "poisson"]) == ["numeric", "auto", "count"]
    assert settled(["gaussian", "auto", "poisson"], ["numeric", "binary", "count"], names)[1] == "logit"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("cauchy", "likelihood='cauchy' is not known: use 'gaussian', 'logit', 'probit', 'poisson' or 'auto'"),
        (["logit"], "likelihood has 1 entries but there are 2 tasks"),
        ({"a": "logit", "c": "logit", "b": "logit"}, "likelihood names the task 'c', which is not among the tasks"),
        ({"a": "logit"}, "likelihood has no entry for 'b', one among the tasks"),
    ],
)
def test_wrong_names_are_refused(given, message):
    with pytest.raises(InvalidParameterError, match=message):
        likelihood_names(given, ("a", "b"))


def test_auto_refuses_more_than_two_classes():
    with pytest.raises(TaskDataError, match=r"Y \(task 'grade'\) has more than two classes"):
        settled(["auto"], ["classes"], ("grade",))
