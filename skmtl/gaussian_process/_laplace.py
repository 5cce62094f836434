"""Laplace's approximation of a latent Gaussian process: the posterior's mode, the evidence, and its gradient.

With eta = f + m, f ~ N(0, K) and log-concave densities p(y_i | eta_i), the posterior of f is taken as the normal
distribution about its mode with the curvature K^-1 + W there. Source: Rasmussen and Williams, Gaussian Processes for
Machine Learning, MIT Press 2006, algorithms 3.1 and 5.1; here for densities that differ from task to task, with
gradients in the means m and in the parameters of the densities too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.blas import dsyr2
from scipy.linalg.lapack import dpotrf, dpotri

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._likelihoods import Likelihood

# Of the squared Newton decrement per entry. The evidence is not stationary at the mode (its determinant moves), so that
# what is left of the decrement is an error of the first order in it.
_TOL = 1e-20
# What is accepted where rounding ends the search above the tolerance.
_LOOSE = 1e-12
_MAX_ITER = 100


class EntryDensities:
    """The likelihoods of all tasks over the flat, task-major vector of entries.

    Parameters
    ----------
    y : ndarray of shape (N,)
    tasks : ndarray of int of shape (N,)
        In increasing order.
    likelihoods : sequence of T likelihoods
    """

    def __init__(self, y: Array, tasks: IntArray, likelihoods: Sequence[Likelihood]):
        self.y = y
        self.tasks = tasks
        self.likelihoods = tuple(likelihoods)
        self.with_parameter = np.array([t for t, one in enumerate(likelihoods) if one.has_parameter], dtype=np.intp)
        ptr = np.searchsorted(tasks, np.arange(len(likelihoods) + 1))
        # Neighbouring tasks with the same likelihood, and no parameter of their own, are evaluated in one call.
        self._runs = []
        for _, run in groupby(
            range(len(likelihoods)), key=lambda t: (likelihoods[t], t if likelihoods[t].has_parameter else -1)
        ):
            members = list(run)
            self._runs.append(
                (likelihoods[members[0]], members[0], slice(int(ptr[members[0]]), int(ptr[members[-1] + 1])))
            )

    def log_density(self, eta: Array, phi: Array) -> float:
        """Sum of log p(y_i | eta_i); minus infinity where a rate overflows."""
        return float(sum(one.log_density(self.y[at], eta[at], phi[t]).sum() for one, t, at in self._runs))

    def derivatives(self, eta: Array, phi: Array) -> tuple[Array, Array, Array]:
        """First derivative, negative second (W), and third, each of shape (N,)."""
        parts = [one.derivatives(self.y[at], eta[at], phi[t]) for one, t, at in self._runs]
        first, curvature, third = (np.concatenate(column) for column in zip(*parts, strict=True))
        return first, curvature, third

    def parameter_derivatives(self, eta: Array, phi: Array) -> tuple[Array, Array, Array]:
        """Derivatives in each entry's own parameter of log p, of its first derivative and of W; zero where none."""
        out = np.zeros((3, len(self.y)))
        for one, t, at in self._runs:
            if one.has_parameter:
                out[:, at] = one.parameter_derivatives(self.y[at], eta[at], phi[t])  # type: ignore[attr-defined]
        return out[0], out[1], out[2]


@dataclass(frozen=True, eq=False)
class Mode:
    """The mode of the posterior and what certifies it.

    Parameters
    ----------
    alpha : ndarray of shape (N,)
        K^-1 f.
    f : ndarray of shape (N,)
        Latent values without their means.
    slope, curvature, third : ndarray of shape (N,)
        Derivatives of the log density at the mode; ``curvature`` is W.
    factor : ndarray of shape (N, N)
        Lower Cholesky factor of I + W^½ K W^½, whose eigenvalues are 1 or more.
    evidence : float
        log p(y | f) - ½ f' K^-1 f - ½ log|I + W^½ K W^½|.
    decrement : float
        Newton's: half its square is, to second order, what the log posterior is below its maximum.
    gradient_norm : float
        Largest entry of the gradient of the log posterior in f.
    n_iter : int
    converged : bool
    """

    alpha: Array
    f: Array
    slope: Array
    curvature: Array
    third: Array
    factor: Array
    evidence: float
    decrement: float
    gradient_norm: float
    n_iter: int
    converged: bool


def find_mode(
    K: Array,
    densities: EntryDensities,
    mean: Array,
    phi: Array,
    *,
    start: Array | None = None,
    tol: float = _TOL,
    max_iter: int = _MAX_ITER,
) -> Mode:
    """Maximise log p(y | f + mean) - ½ f' K^-1 f by Newton's method with step halving (algorithm 3.1).

    The objective is concave; a step is halved until it gains, which overshooting rates of counts need. It ends where
    the squared Newton decrement is at most ``tol`` times N, or where rounding lets it fall no further.

    Parameters
    ----------
    K : ndarray of shape (N, N)
        Positive semi-definite; it is not inverted, and needs no jitter.
    densities : EntryDensities
    mean : ndarray of shape (N,)
        Added to f: means of the tasks, logarithms of exposures.
    phi : ndarray of shape (T,)
        Parameters of the densities; not looked at where a task's has none.
    start : ndarray of shape (N,), optional
        alpha to begin with; taken if it is better than zero.
    tol : float
    max_iter : int

    Returns
    -------
    Mode
    """
    alpha, f = np.zeros(len(K)), np.zeros(len(K))
    value = densities.log_density(mean, phi)
    if start is not None:
        f_start = K @ start
        value_start = densities.log_density(f_start + mean, phi) - 0.5 * float(start @ f_start)
        if value_start > value:
            alpha, f, value = start, f_start, value_start
    n_iter, stalled, last = 0, False, np.inf
    while True:
        slope, curvature, third = densities.derivatives(f + mean, phi)
        root = np.sqrt(curvature)
        factor = _factor(K, root)
        target = curvature * f + slope
        alpha_step = target - root * _solve(factor, root * (K @ target)) - alpha
        f_step = K @ alpha_step
        # (slope - alpha)' (K^-1 + W)^-1 (slope - alpha); rounding may carry it below zero.
        squared = max(float((slope - alpha) @ f_step), 0.0)
        converged = squared <= tol * len(K)
        near = squared <= max(tol, _LOOSE) * len(K)
        if converged or stalled or n_iter == max_iter or (near and squared > 0.5 * last):
            break
        n_iter, last = n_iter + 1, squared
        size = 1.0
        while True:
            trial, f_trial = alpha + size * alpha_step, f + size * f_step
            with np.errstate(over="ignore", invalid="ignore"):
                value_trial = densities.log_density(f_trial + mean, phi) - 0.5 * float(trial @ f_trial)
            # Near the mode the gain is lost in the rounding of the value, and the full step is safe.
            if near or value_trial >= value + 1e-4 * size * squared:
                break
            size *= 0.5
            if size < 1e-10:
                stalled = True
                break
        if not stalled:
            alpha, f, value = trial, f_trial, value_trial
    return Mode(
        alpha=alpha,
        f=f,
        slope=slope,
        curvature=curvature,
        third=third,
        factor=factor,
        evidence=value - float(np.log(np.diagonal(factor)).sum()),
        decrement=float(np.sqrt(squared)),
        gradient_norm=float(np.abs(slope - alpha).max()),
        n_iter=n_iter,
        converged=near,
    )


def _factor(K: Array, root: Array) -> Array:
    B = root[:, None] * K * root
    B.flat[:: len(K) + 1] += 1.0
    # The transpose of a C-ordered symmetric matrix is in LAPACK's order: no copy.
    factor, info = dpotrf(B.T, lower=True, overwrite_a=True)
    if info != 0:
        raise np.linalg.LinAlgError(
            "I + W^1/2 K W^1/2 is not positive definite: the covariance is not positive semi-definite, or not finite."
        )
    return factor


def _solve(factor: Array, b: Array) -> Array:
    half = solve_triangular(factor, b, lower=True, check_finite=False)
    return solve_triangular(factor, half, lower=True, trans=1, check_finite=False, overwrite_b=True)


@dataclass(frozen=True, eq=False)
class EvidenceGradient:
    """Derivatives of the approximate evidence at a mode (algorithm 5.1).

    Parameters
    ----------
    in_covariance : ndarray of shape (N, N)
        G, symmetric: the derivative along dK is Σ_ij G_ij dK_ij.
    in_mean : ndarray of shape (N,)
        In each entry's mean.
    in_parameter : ndarray of shape (N,)
        Share of each entry in the derivative in the parameter of its task's density.
    """

    in_covariance: Array
    in_mean: Array
    in_parameter: Array


def evidence_gradient(K: Array, mode: Mode, densities: EntryDensities, mean: Array, phi: Array) -> EvidenceGradient:
    """Explicit and implicit derivatives of the evidence, the latter by way of the mode's own movement.

    With R = W^½ (I + W^½ K W^½)^-1 W^½, alpha = K^-1 f, Sigma = (K^-1 + W)^-1 and s_i = ½ Sigma_ii d³ log p / d f_i³,
    the derivative of -½ log|I + W^½ K W^½| in f, and u = (I - R K) s,

        G = ½ alpha alpha' - ½ R + ½ (u alpha' + alpha u'),    in the means: alpha + u.
    """
    root = np.sqrt(mode.curvature)
    inverse, _ = dpotri(mode.factor, lower=True)
    share = 1.0 - np.diagonal(inverse)  # W_ii Sigma_ii, in [0, 1)
    # No digits are lost in Sigma_ii: it only appears times a derivative that is a moderate multiple of W_ii.
    relative = np.divide(mode.third, mode.curvature, out=np.zeros(len(K)), where=mode.curvature > 1e-290)
    s = 0.5 * share * relative
    u = s - root * _solve(mode.factor, root * (K @ s))
    # -½ R in the lower half, the other two terms added there, and mirrored.
    inverse *= -0.5 * root[:, None]
    inverse *= root
    G = dsyr2(0.5, 0.5 * mode.alpha + u, mode.alpha, lower=True, a=inverse, overwrite_a=True)
    G += np.tril(G, -1).T
    value, slope, curvature = densities.parameter_derivatives(mode.f + mean, phi)
    change = np.divide(curvature, mode.curvature, out=np.zeros(len(K)), where=mode.curvature > 1e-290)
    return EvidenceGradient(
        in_covariance=G,
        in_mean=mode.alpha + u,
        in_parameter=value - 0.5 * share * change + slope * (K @ u),
    )
