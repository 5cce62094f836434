"""What the estimators with a likelihood per task have in common: the fit, the evidence, and the latent functions."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._params import NONE, Constraint, Interval, IsCallable, OneOf, check_parameters
from skmtl._typing import Array, IntArray
from skmtl.base import MultiTaskMixin, task_codes
from skmtl.data import TaskData, as_task_data
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process._answers import dense
from skmtl.gaussian_process._laplace import EntryDensities
from skmtl.gaussian_process._laplace_inference import LaplaceInference
from skmtl.gaussian_process._likelihoods import LIKELIHOODS, Binary, Likelihood, kinds_of, likelihood_names, settled
from skmtl.gaussian_process._optimize import Maximum, maximise, random_start
from skmtl.gaussian_process._prepare import (
    MOST_DENSE,
    Entries,
    covariance_of,
    kernels_of,
    ranks_of,
    rows_of,
    standard_of,
)
from skmtl.metrics._with_entries import with_entries

_BLOCK = 1 << 22  # numbers in a block of covariances of new points
# Covariance, factor, inverse, gradient and half of another: measured, 4.4 at 500 to 2800 entries.
_MATRICES = 4.5
_NONE = -1e24  # an evidence below this is none: see `maximise`


class LaplaceModel(MultiTaskMixin, BaseEstimator, ABC):
    """Latent functions f_t ~ GP(m_t, sum_q B_q (x) k_q), each behind the likelihood of its outcome.

    Fitted by the evidence under Laplace's approximation. Subclasses say which likelihoods there are, and what to
    answer.
    """

    _parameter_constraints: ClassVar[Mapping[str, Iterable[Constraint]]] = {
        "mean": [OneOf(("learned", "empirical", "zero"))],
        "optimizer": [OneOf(("fmin_l_bfgs_b",)), IsCallable(), NONE],
        "n_restarts_optimizer": [Interval(Integral, 0, float("inf"), closed="left")],
    }
    kernel: Any
    rank: Any
    mean: str
    optimizer: Any
    n_restarts_optimizer: int
    random_state: Any

    def __sklearn_tags__(self) -> Tags:
        """Tags: kernels take dense X."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    @abstractmethod
    def _likelihood_given(self) -> Any:
        """What the user asked for: a name, a list, or a dict."""

    def _fit(self, X: Any, y: Any, task: Any, exposure: Any = None) -> Any:
        check_parameters(self, self._parameter_constraints)
        rng = check_random_state(self.random_state)
        given = self._likelihood_given()
        data = self._read(
            dense(X), y, task=task, exposure=exposure, kinds=lambda names: kinds_of(likelihood_names(given, names))
        )
        names = data.layout.names
        self.likelihoods_ = settled(likelihood_names(given, names), [e.kind for e in data.encoders], names)
        _check_size(data.layout.n_entries)
        self._encoders = data.encoders
        self._remember(data)
        self._inference = self._prepare(data)
        self.theta_ = self._optimise(self._inference, rng)
        self._finish()
        return self

    def _finish(self) -> None:
        """Posterior and public attributes at ``theta_``."""
        posterior = self._posterior = self._inference.condition(self.theta_)
        if not posterior.mode.converged:
            warnings.warn(
                f"{type(self).__name__}: the search of the posterior's mode ended at a Newton decrement of "
                f"{posterior.mode.decrement:.3g} after {posterior.mode.n_iter} steps, and the evidence is off by about "
                "that much: use narrower bounds of the kernel.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.mode_ = posterior.mode
        self.log_marginal_likelihood_value_ = posterior.mode.evidence
        terms = posterior.covariance.terms
        kernels = [term.kernel for term in terms]
        self.kernel_ = kernels if isinstance(self.kernel, list | tuple) else kernels[0]
        unit = np.outer(self._scale, self._scale)
        self.task_covariances_ = [unit * term.task.B for term in terms]
        self.task_covariance_ = np.sum(self.task_covariances_, axis=0)
        deviation = np.sqrt(self.task_covariance_.diagonal())
        self.task_correlation_ = self.task_covariance_ / np.outer(deviation, deviation)
        self.intercept_ = self._location + self._scale * posterior.intercept
        numeric = [likelihood.has_parameter for likelihood in self._likelihoods]
        self.noise_ = np.where(numeric, self._scale**2 * np.exp(posterior.phi), np.nan)

    def _remember(self, data: TaskData) -> None:
        """Keep the classes, where the outcomes have some."""

    @property
    def _likelihoods(self) -> list[Likelihood]:
        return [LIKELIHOODS[name] for name in self.likelihoods_]

    def _entries(self, data: TaskData) -> tuple[Array, Array]:
        """Targets as their likelihoods read them, and exposures: numbers standardised, rates as counts again."""
        layout = data.layout
        exposure = np.ones(layout.n_entries) if data.exposure is None else data.exposure
        y = data.y * exposure
        numeric = np.array([likelihood.kind == "numeric" for likelihood in self._likelihoods])
        standard = standard_of(data, normalize=bool(numeric.any()))
        self._location = np.where(numeric, standard.mean, 0.0) if self.mean != "zero" else np.zeros(layout.n_tasks)
        self._scale = np.where(numeric, standard.scale, 1.0)
        for t, likelihood in enumerate(self._likelihoods):
            at = layout.entries(t)
            if likelihood.kind == "count":
                y[at] = _whole(y[at], layout.names[t])
        return (y - layout.per_entry(self._location)) / layout.per_entry(self._scale), exposure

    def _prepare(self, data: TaskData) -> LaplaceInference:
        """The inference, with start values made from the outcomes."""
        layout = data.layout
        y, exposure = self._entries(data)
        intercept = np.zeros(layout.n_tasks)
        if self.mean != "zero":
            for t, likelihood in enumerate(self._likelihoods):
                intercept[t] = likelihood.start(y[layout.entries(t)], exposure[layout.entries(t)])
        X, rows = rows_of(data)
        densities = EntryDensities(y, layout.entry_task, self._likelihoods)
        # Correlations to start from: those of what the constant means leave unexplained, in units of its own spread.
        left = densities.derivatives(layout.per_entry(intercept) + np.log(exposure), np.zeros(layout.n_tasks))[0]
        spread = np.sqrt(layout.sum_by_task(left**2) / layout.counts)
        left /= layout.per_entry(np.where(spread > 0, spread, 1.0))
        kernels = kernels_of(self.kernel, X)
        scores = Entries(X, rows, layout.entry_task, left, None, complete=False)
        return LaplaceInference(
            covariance_of(kernels, ranks_of(self.rank, len(kernels)), scores, layout.n_tasks, None),
            X,
            rows,
            densities,
            offset=np.log(exposure),
            intercept=intercept,
            fit_intercept=self.mean == "learned",
        )

    def _optimise(self, inference: LaplaceInference, rng: np.random.RandomState) -> Array:
        """Parameters of the greatest evidence; ``restarts_`` keeps what each start reached."""
        first, bounds = inference.theta, inference.bounds
        if self.optimizer is None:
            # Start values of the user's may lie outside the bounds of a search.
            value = float(inference.evidence(first))
            found = Maximum(first, value, np.array([value]), "")
        else:
            loadings = inference.covariance.loadings
            starts = [first, *(random_start(first, bounds, rng, loadings) for _ in range(self.n_restarts_optimizer))]
            found = maximise(inference.evidence, starts, bounds, self.optimizer)
        if not np.isfinite(found.value) or found.value <= _NONE:
            raise TaskDataError(
                "The evidence is finite at no start: on these features the kernel is not finite, or its matrix is not "
                "positive semi-definite; change the kernel or its parameters."
            )
        if found.message:
            warnings.warn(
                f"{type(self).__name__}: the search of the greatest evidence ended early ({found.message}): use "
                "n_restarts_optimizer, or narrower bounds of the kernel.",
                ConvergenceWarning,
                stacklevel=4,
            )
        self.restarts_ = found.values
        return found.theta

    def log_marginal_likelihood(self, theta: Any = None, eval_gradient: bool = False) -> Any:
        """Laplace's approximation of the log evidence of the outcomes, numbers among them standardised.

        Parameters
        ----------
        theta : array-like of shape (k,) or None, default None
            Parameters as in ``theta_``; None for the fitted ones.
        eval_gradient : bool, default False
            Whether the gradient in theta is returned as well.

        Returns
        -------
        float, or (float, ndarray of shape (k,))
        """
        check_is_fitted(self)
        if theta is None and not eval_gradient:
            return self.log_marginal_likelihood_value_
        theta = self.theta_ if theta is None else np.asarray(theta, dtype=np.float64)
        if theta.shape != self.theta_.shape:
            raise InvalidParameterError(
                f"theta has {theta.size} numbers, but this model has {len(self.theta_)} parameters: see theta_."
            )
        return self._inference.evidence(theta, eval_gradient)

    # -- answers --------------------------------------------------------------------------------------

    def predict_latent(self, X: Any, *, task: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Posterior mean and variance of the latent functions, with their constant means, without exposure.

        Log-odds (or probits) of classes, log-rates of counts, the noise-free value of numbers in their own units.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the answer is then that task's.

        Returns
        -------
        mean, variance : ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``.
        """
        mean, variance, tasks = self._latent(X, task)
        return (
            self._shaped(self._location[tasks] + self._scale[tasks] * mean, task),
            self._shaped(self._scale[tasks] ** 2 * variance, task),
        )

    def linear_predictor(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Posterior mean of the latent functions: the first part of `predict_latent`, at less cost.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        mean, _, tasks = self._latent(X, task, variance=False)
        return self._shaped(self._location[tasks] + self._scale[tasks] * mean, task)

    def _latent(self, X: Any, task: Any, variance: bool = True) -> tuple[Array, Array, IntArray]:
        """Mean, variance (zero if not asked for) and task of each cell asked for, row by row; numbers standardised."""
        check_is_fitted(self)
        X = validate_data(self, dense(X), dtype=np.float64, reset=False)
        n, T = len(X), self.n_tasks_
        codes = None if task is None else task_codes(task, self.task_names_, n)
        means, variances = np.empty((n, T if codes is None else 1)), np.zeros((n, T if codes is None else 1))
        size = max(1, _BLOCK // (len(self._posterior.rows) * means.shape[1]))
        for first in range(0, n, size):
            at = slice(first, first + size)
            m = len(X[at])
            tasks = np.tile(np.arange(T), m) if codes is None else codes[at]
            rows = np.repeat(np.arange(m), means.shape[1])
            if variance:
                mean, var = self._posterior.mean_and_variance(X[at], rows, tasks)
                variances[at] = var.reshape(m, -1)
            else:
                mean = self._posterior.mean(X[at], rows, tasks)
            means[at] = mean.reshape(m, -1)
        return means.ravel(), variances.ravel(), np.tile(np.arange(T), n) if codes is None else codes

    def _shaped(self, flat: np.ndarray, task: Any) -> np.ndarray:
        """One number per cell, row by row, as the caller gets them."""
        return flat if task is not None or self.data_form_ == "single" else flat.reshape(-1, self.n_tasks_)

    def _expected(self, X: Any, task: Any) -> np.ndarray:
        """Expected outcomes: the mean of a number, the rate of a count, the probability of the second class."""
        mean, variance, tasks = self._latent(X, task)
        for t, likelihood in enumerate(self._likelihoods):
            at = tasks == t
            mean[at] = self._location[t] + self._scale[t] * likelihood.mean(mean[at], variance[at])
        return self._shaped(mean, task)

    def _log_odds(self, X: Any, task: Any) -> np.ndarray:
        """Log-odds of the predictive probability of the second class; NaN for outcomes without classes."""
        mean, variance, tasks = self._latent(X, task)
        for t, likelihood in enumerate(self._likelihoods):
            at = tasks == t
            mean[at] = likelihood.log_odds(mean[at], variance[at]) if isinstance(likelihood, Binary) else np.nan
        return self._shaped(mean, task)

    def _explained(self, X: Any, y: Any, sample_weight: Any, task: Any, exposure: Any) -> float:
        """Share of the deviance explained on the observed targets: the mean over outcomes, or over all rows.

        An outcome without an observed entry is left out, with a warning.
        """
        check_is_fitted(self)
        self._score_target(y, task)
        rows = task is not None
        names = [0] if rows else self.task_names_.tolist()
        y, sample_weight, exposure, kept = with_entries(y, sample_weight, exposure, names, stacklevel=4)
        if not kept.size:
            return float("nan")
        kinds = [self._encoders[t] for t in kept]
        data = as_task_data(X, y, sample_weight=sample_weight, kinds=kinds, exposure=exposure)
        layout, weight = data.layout, data.weight if data.exposure is None else data.weight * data.exposure
        expected = self._expected(X, task).reshape(layout.n_rows, -1)[:, kept]
        explained = []
        for t, likelihood in enumerate(self._likelihoods[k] for k in kept):
            at = layout.entries(t)
            y_t, weight_t = data.y[at], weight[at]
            reached = float(weight_t @ likelihood.deviance(y_t, expected[layout.row_index[at], t]))
            best = np.full(len(y_t), np.average(y_t, weights=weight_t))
            without = float(weight_t @ likelihood.deviance(y_t, best))
            # Where the mean alone is right there is nothing to explain: 1 for a model that is right too, else 0, as R2.
            if without <= 1e-12 * max(reached, 1e-300):
                explained.append(float(reached <= 0))
            else:
                explained.append(1.0 - reached / without)
        return float(np.mean(explained))


def _check_size(n_entries: int) -> None:
    if n_entries > MOST_DENSE:
        raise TaskDataError(
            f"Y has {n_entries} observed entries, but a fit takes {MOST_DENSE} at most: every step would need "
            f"{_MATRICES * 8 * n_entries**2 / 1e9:.1f} GB, and time in proportion to their cube. Fit on fewer rows, or "
            "use skmtl.linear_model.MultiTaskGLM."
        )


def _whole(counts: Array, name: object) -> Array:
    """Counts that an exposure has divided and multiplied, as whole numbers again; a warning where they were none."""
    whole = np.rint(counts)
    wrong = np.abs(counts - whole) > 1e-9 * np.maximum(1.0, counts)
    if not wrong.any():
        return whole
    warnings.warn(
        f"Y (task {name!r}) is read as a count but holds the fraction {counts[wrong][0]:g}: how sure a rate is depends "
        "on how many events it comes from, so give the numbers of events, and as exposure what they were counted over.",
        UserWarning,
        stacklevel=6,
    )
    return counts
