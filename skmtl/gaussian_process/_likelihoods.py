"""Densities of one observation given its latent function, and what a Gaussian belief about that function predicts.

Every likelihood here is log-concave in the latent value eta, so that the posterior has one mode and the curvature
W = -d²/d eta² log p(y | eta) is never negative. Derivatives are written so that they keep their digits far in the
tails, where the textbook formulas cancel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from scipy.special import erfcx, expit, gammaln, log_expit, log_ndtr, ndtr, ndtri, xlogy

from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError, TaskDataError

_LOG_2PI = float(np.log(2.0 * np.pi))
_TINY = float(np.finfo(float).tiny)


class Likelihood(ABC):
    """p(y | eta) of one task.

    ``phi`` is the log of a free scale, for a likelihood that has one; others do not look at it.
    """

    kind: ClassVar[str]  # how the target is read: "numeric", "binary" or "count"
    has_parameter: ClassVar[bool] = False

    @abstractmethod
    def log_density(self, y: Array, eta: Array, phi: float) -> Array:
        """Log p(y | eta), entry by entry."""

    @abstractmethod
    def derivatives(self, y: Array, eta: Array, phi: float) -> tuple[Array, Array, Array]:
        """First derivative in eta, the *negative* of the second, and the third."""

    @abstractmethod
    def mean(self, mean: Array, variance: Array) -> Array:
        """Expectation of y where eta is normal: of two classes, the probability of the second."""

    @abstractmethod
    def deviance(self, y: Array, mean: Array) -> Array:
        """Unit deviance of an expectation of y, zero where it is right; of a count, per unit of exposure."""

    @abstractmethod
    def start(self, y: Array, exposure: Array) -> float:
        """The constant eta that fits the observations of a task by itself, kept finite."""


class Binary(Likelihood):
    """Two classes, y = 0 or 1."""

    kind = "binary"

    @abstractmethod
    def log_odds(self, mean: Array, variance: Array) -> Array:
        """Log-odds of the predictive probability; its sign is the sign of ``mean``."""

    def mean(self, mean: Array, variance: Array) -> Array:
        """Probability of the second class."""
        return expit(self.log_odds(mean, variance))

    def deviance(self, y: Array, mean: Array) -> Array:
        """-2 log of the probability of the class that came."""
        return -2.0 * np.log(np.maximum(np.where(y > 0, mean, 1.0 - mean), _TINY))


class BernoulliLogit(Binary):
    """p(y = 1 | eta) = 1 / (1 + exp(-eta))."""

    def log_density(self, y: Array, eta: Array, phi: float) -> Array:
        """Log p(y | eta)."""
        return log_expit(np.where(y > 0, eta, -eta))

    def derivatives(self, y: Array, eta: Array, phi: float) -> tuple[Array, Array, Array]:
        """First derivative, negative second, third."""
        curvature = expit(eta) * expit(-eta)
        return np.where(y > 0, expit(-eta), -expit(eta)), curvature, curvature * np.tanh(0.5 * eta)

    def log_odds(self, mean: Array, variance: Array) -> Array:
        """Log-odds of E[expit(eta)], by `averaged_expit` on either side."""
        second, first = averaged_expit(mean, variance), averaged_expit(-mean, variance)
        return np.log(np.maximum(second, _TINY)) - np.log(np.maximum(first, _TINY))

    def start(self, y: Array, exposure: Array) -> float:
        """Empirical log-odds, half an observation of either class added."""
        return float(np.log(y.sum() + 0.5) - np.log((1.0 - y).sum() + 0.5))


class BernoulliProbit(Binary):
    """p(y = 1 | eta) = Phi(eta), the normal distribution function."""

    def log_density(self, y: Array, eta: Array, phi: float) -> Array:
        """Log p(y | eta)."""
        return log_ndtr(np.where(y > 0, eta, -eta))

    def derivatives(self, y: Array, eta: Array, phi: float) -> tuple[Array, Array, Array]:
        """First derivative, negative second, third."""
        sign = np.where(y > 0, 1.0, -1.0)
        first, curvature, third = _probit_tail(sign * eta)
        return sign * first, curvature, sign * third

    def log_odds(self, mean: Array, variance: Array) -> Array:
        """Log-odds of Phi(mean / sqrt(1 + variance)), which is exact."""
        z = mean / np.sqrt(1.0 + variance)
        return log_ndtr(z) - log_ndtr(-z)

    def mean(self, mean: Array, variance: Array) -> Array:
        """Phi(mean / sqrt(1 + variance))."""
        return ndtr(mean / np.sqrt(1.0 + variance))

    def start(self, y: Array, exposure: Array) -> float:
        """Normal quantile of the frequency, half an observation of either class added."""
        return float(ndtri((y.sum() + 0.5) / (len(y) + 1.0)))


class Poisson(Likelihood):
    """Counts with mean exp(eta); an exposure enters as its logarithm, added to eta.

    For a fraction y the density is continued by the gamma function.
    """

    kind = "count"

    def log_density(self, y: Array, eta: Array, phi: float) -> Array:
        """Log p(y | eta), minus infinity where the mean overflows."""
        with np.errstate(over="ignore"):
            return y * eta - np.exp(eta) - gammaln(y + 1.0)

    def derivatives(self, y: Array, eta: Array, phi: float) -> tuple[Array, Array, Array]:
        """First derivative, negative second, third."""
        rate = np.exp(eta)
        return y - rate, rate, -rate

    def mean(self, mean: Array, variance: Array) -> Array:
        """exp(mean + variance / 2), the mean of a log-normal rate."""
        with np.errstate(over="ignore"):
            return np.exp(mean + 0.5 * variance)

    def deviance(self, y: Array, mean: Array) -> Array:
        """2 (y log(y / mean) - y + mean)."""
        return 2.0 * (xlogy(y, y / mean) - y + mean)

    def start(self, y: Array, exposure: Array) -> float:
        """Log of events over exposure, half an event added."""
        return float(np.log(y.sum() + 0.5) - np.log(exposure.sum()))


class Gaussian(Likelihood):
    """Numbers with mean eta and variance exp(phi)."""

    kind = "numeric"
    has_parameter = True

    def log_density(self, y: Array, eta: Array, phi: float) -> Array:
        """Log p(y | eta)."""
        return -0.5 * ((y - eta) ** 2 * np.exp(-phi) + phi + _LOG_2PI)

    def derivatives(self, y: Array, eta: Array, phi: float) -> tuple[Array, Array, Array]:
        """First derivative, negative second, third."""
        precision = np.exp(-phi)
        return (y - eta) * precision, np.full(y.shape, precision), np.zeros(y.shape)

    def parameter_derivatives(self, y: Array, eta: Array, phi: float) -> tuple[Array, Array, Array]:
        """Derivatives in phi of the log density, of its first derivative and of its negative second one."""
        precision = np.exp(-phi)
        return 0.5 * (y - eta) ** 2 * precision - 0.5, (eta - y) * precision, np.full(y.shape, -precision)

    def mean(self, mean: Array, variance: Array) -> Array:
        """The mean itself."""
        return mean

    def deviance(self, y: Array, mean: Array) -> Array:
        """(y - mean)²."""
        return (y - mean) ** 2

    def start(self, y: Array, exposure: Array) -> float:
        """Mean of the observations."""
        return float(y.mean())


def _probit_tail(z: Array) -> tuple[Array, Array, Array]:
    """First derivative, negative second, and third of log Phi at z.

    With r = phi(z) / Phi(z) they are r, r (z + r) and r [(z + r) (z + 2 r) - 1]. Far to the left r is near -z and the
    differences cancel; there Laplace's continued fraction gives them without a difference: for x = -z,
    z + r = 1 / (x + 2 / (x + 3 / (x + ...))).
    """
    ratio = np.sqrt(2.0 / np.pi) / erfcx(-z / np.sqrt(2.0))
    excess = z + ratio
    third = ratio * (excess * (excess + ratio) - 1.0)
    far = z < -3.0
    if far.any():
        x = -z[far]
        e = x.copy()
        for k in range(50, 4, -1):  # as many as x = 3 needs for the last digit
            e = x + k / e
        d = x + 4.0 / e
        c = x + 3.0 / d
        excess[far] = 1.0 / (x + 2.0 / c)
        ratio[far] = x + excess[far]
        third[far] = 2.0 * ratio[far] * (excess[far] ** 2 / c) * (3.0 / d - 2.0 / c)
    return ratio, ratio * excess, third


def averaged_expit(mean: Array, variance: Array) -> Array:
    """E[1 / (1 + exp(-f))] for f normal, to about 1e-14.

    It is the probability that a standard logistic variable is below f. Conditioning on the narrower of the two leaves
    the other one's smooth distribution function to be averaged, and the trapezoidal rule with step 1/2 then has an
    error near exp(-4 pi²) (Trefethen and Weideman, SIAM Review 56:385-458, 2014), for any variance: Gauss-Hermite
    nodes would have to grow with it.
    """
    mean, deviation = np.broadcast_arrays(np.asarray(mean, dtype=float), np.sqrt(np.maximum(variance, 0.0)))
    step = 0.5
    total = np.zeros(mean.shape)
    narrow = deviation < 1.0
    m, s = mean[narrow], deviation[narrow]
    part = np.zeros(m.shape)
    for z in step * np.arange(-18, 19):
        part += np.exp(-0.5 * (z * z + _LOG_2PI)) * expit(m + s * z)
    total[narrow] = step * part
    m, s = mean[~narrow], deviation[~narrow]
    part = np.zeros(m.shape)
    # Where the probability is small its mass is about mean + variance: the density of f tilted by exp(f).
    center = np.minimum(m + s**2, 0.0)
    for shift in step * np.arange(-80, 81):
        node = center + shift
        part += expit(node) * expit(-node) * ndtr((m - node) / s)
    total[~narrow] = step * part
    return np.minimum(total, 1.0)


LIKELIHOODS: dict[str, Likelihood] = {
    "gaussian": Gaussian(),
    "logit": BernoulliLogit(),
    "probit": BernoulliProbit(),
    "poisson": Poisson(),
}
_OF_KIND = {"numeric": "gaussian", "binary": "logit", "count": "poisson"}


def likelihood_names(likelihood: Any, names: Sequence[object]) -> list[str]:
    """The name (or "auto") given for each task, from one for all, a list in the order of the tasks, or a dict."""
    if isinstance(likelihood, Mapping):
        unknown = [key for key in likelihood if key not in names]
        missing = [name for name in names if name not in likelihood]
        if unknown or missing:
            wrong = f"names the task {unknown[0]!r}, which is" if unknown else f"has no entry for {missing[0]!r}, one"
            raise InvalidParameterError(
                f"likelihood {wrong} {'not ' if unknown else ''}among the tasks {list(names)}: give one per task."
            )
        items = [likelihood[name] for name in names]
    elif isinstance(likelihood, str):
        items = [likelihood] * len(names)
    else:
        items = list(likelihood)
        if len(items) != len(names):
            raise InvalidParameterError(
                f"likelihood has {len(items)} entries but there are {len(names)} tasks: give one per task."
            )
    for item in items:
        if item not in (*LIKELIHOODS, "auto"):
            options = ", ".join(repr(name) for name in LIKELIHOODS)
            raise InvalidParameterError(f"likelihood={item!r} is not known: use {options} or 'auto'.")
    return items


def kinds_of(items: Sequence[str]) -> list[str]:
    """How each target is to be read."""
    return ["auto" if item == "auto" else LIKELIHOODS[item].kind for item in items]


def settled(items: Sequence[str], kinds: Sequence[str], names: Sequence[object]) -> list[str]:
    """The names with "auto" replaced by what the target was found to be."""
    for item, kind, name in zip(items, kinds, names, strict=True):
        if item == "auto" and kind not in _OF_KIND:
            raise TaskDataError(
                f"Y (task {name!r}) has more than two classes, for which there is no likelihood here: make it two "
                "classes, or one column per class."
            )
    return [_OF_KIND[kind] if item == "auto" else item for item, kind in zip(items, kinds, strict=True)]
