"""What a fitted Gaussian process of several outcomes answers: means, deviations, covariances, draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl.base import MultiTaskRegressorMixin, check_id_types, check_on_unknown, task_codes
from skmtl.data import TaskLayout, check_task_ids
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process._coregionalization import DescribedTasks
from skmtl.gaussian_process._prepare import Standard

# Numbers in a block of covariances between new and observed entries: 32 MB.
_BLOCK = 1 << 22
# Values asked for at once, with all their covariances: 800 MB.
_MOST_COVARIANCES = 10_000


class GPAnswers(MultiTaskRegressorMixin):
    """Predictions from a posterior of standardised latent functions.

    A fit sets ``_posterior``, ``_inference``, ``_standard`` (what was taken out of the outcomes), ``_noise`` (T,), the
    standardised noise variances, ``_layout``, the observed entries, and ``theta_``.
    """

    _posterior: Any
    _inference: Any
    _standard: Standard
    _noise: np.ndarray
    _layout: TaskLayout
    theta_: np.ndarray
    _with_prior_tasks: Any

    def predict(
        self,
        X: Any,
        *,
        return_std: bool = False,
        return_cov: bool = False,
        task: Any = None,
        include_noise: bool = False,
        on_unknown: str = "error",
    ) -> Any:
        """Predict the outcomes.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        return_std : bool, default False
            Also the standard deviations.
        return_cov : bool, default False
            Also the covariances between all values.
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.
        include_noise : bool, default False
            Of measurements, with their noise, and not of the latent functions.
        on_unknown : {"error", "prior"}, default "error"
            For rows of a task that was not in the fit: refuse, or answer for a task whose loadings are the mean of the
            known ones, see `adapt`.

        Returns
        -------
        mean : ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        std : ndarray of the same shape, with ``return_std``
        cov : ndarray of shape (n, T, n, T), or (n, n), with ``return_cov``

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``, or with ``on_unknown="prior"`` one of another type; or more
            covariances are asked for than memory holds.
        """
        if return_std and return_cov:
            raise InvalidParameterError("return_std and return_cov are both True: ask for one of them.")
        check_on_unknown(on_unknown)
        if on_unknown == "prior" and task is not None:
            check_is_fitted(self)
            asked, known = check_task_ids(task, np.shape(X)[0]).tolist(), self.task_names_.tolist()
            new = tuple(name for name in dict.fromkeys(asked) if name not in set(known))
            if new:
                check_id_types(new, known)
                model = self._with_prior_tasks(new)
                given = {"return_std": return_std, "return_cov": return_cov, "include_noise": include_noise}
                return model.predict(X, task=task, **given)
        X, rows, tasks = self._asked(X, task)
        mean = self._standard.mean[tasks] + self._standard.scale[tasks] * self._means(X, rows, tasks)
        shape = self._shape(len(X), task)
        mean = mean.reshape(shape)
        if return_cov:
            return mean, self._covariances(X, rows, tasks, include_noise).reshape(*shape, *shape)
        if not return_std:
            return mean
        variance = self._variances(X, rows, tasks)
        if include_noise:
            variance = variance + self._noise[tasks]
        return mean, (self._standard.scale[tasks] * np.sqrt(variance)).reshape(shape)

    def linear_predictor(self, X: Any, *, task: Any = None) -> np.ndarray:
        """The posterior mean of the latent functions, which is what `predict` gives.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self.predict(X, task=task)

    def _asked(self, X: Any, task: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Features, and row and task of each value asked for; row after row where all tasks are."""
        check_is_fitted(self)
        X = validate_data(self, dense(X), dtype=np.float64, reset=False)
        if task is None:
            return X, np.repeat(np.arange(len(X)), self.n_tasks_), np.tile(np.arange(self.n_tasks_), len(X))
        return X, np.arange(len(X)), task_codes(task, self.task_names_, len(X))

    def _shape(self, n_rows: int, task: Any) -> tuple[int, ...]:
        return (n_rows,) if task is not None or self.data_form_ == "single" else (n_rows, self.n_tasks_)

    def _means(self, X: np.ndarray, rows: np.ndarray, tasks: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros(0), *(self._posterior.mean(*part) for part in self._blocks(X, rows, tasks))])

    def _variances(self, X: np.ndarray, rows: np.ndarray, tasks: np.ndarray) -> np.ndarray:
        parts = (self._posterior.variance(*part) for part in self._blocks(X, rows, tasks))
        return np.concatenate([np.zeros(0), *parts])

    def _blocks(self, X: np.ndarray, rows: np.ndarray, tasks: np.ndarray) -> Any:
        """Values asked for, in blocks whose covariances with the observed entries are a few megabytes."""
        size = max(self.n_tasks_, _BLOCK // self._posterior.width)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            first, last = int(part.min()), int(part.max())
            yield X[first : last + 1], part - first, tasks[start : start + size]

    def _covariances(self, X: np.ndarray, rows: np.ndarray, tasks: np.ndarray, include_noise: bool) -> np.ndarray:
        if len(rows) > _MOST_COVARIANCES:
            raise TaskDataError(
                f"The covariances of {len(rows)} values would take {8 * len(rows) ** 2 / 1e9:.1f} GB: ask for fewer "
                "rows at once, for one task, or for return_std."
            )
        C = self._posterior.covariance_matrix(X, rows, tasks)
        if include_noise:
            C = C + np.diag(self._noise[tasks])
        scale = self._standard.scale[tasks]
        return C * scale[:, None] * scale

    def sample_y(
        self, X: Any, n_samples: int = 1, *, task: Any = None, include_noise: bool = False, random_state: Any = 0
    ) -> np.ndarray:
        """Draw from the posterior.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        n_samples : int, default 1
        task : array-like of shape (n,), optional
        include_noise : bool, default False
        random_state : int, RandomState or None, default 0

        Returns
        -------
        ndarray of shape (n, T, n_samples), or (n, n_samples) with ``task`` or after a fit on a 1-D ``y``
        """
        X, rows, tasks = self._asked(X, task)
        mean = self._standard.mean[tasks] + self._standard.scale[tasks] * self._means(X, rows, tasks)
        values, vectors = np.linalg.eigh(self._covariances(X, rows, tasks, include_noise))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        draws = mean[:, None] + root @ check_random_state(random_state).normal(size=(len(mean), n_samples))
        return draws.reshape(*self._shape(len(X), task), n_samples)

    def log_marginal_likelihood(self, theta: Any = None, eval_gradient: bool = False) -> Any:
        """Log marginal likelihood of the standardised outcomes (its lower bound with inducing points).

        Parameters
        ----------
        theta : array-like of shape (k,), default None
            As ``theta_``; None for that.
        eval_gradient : bool, default False

        Returns
        -------
        value : float
        gradient : ndarray of shape (k,), with ``eval_gradient``
        """
        check_is_fitted(self)
        theta = self.theta_ if theta is None else np.asarray(theta, dtype=np.float64)
        if theta.shape != self.theta_.shape:
            raise InvalidParameterError(f"theta has shape {theta.shape}: give it the shape {self.theta_.shape}.")
        return self._inference.evidence(theta, eval_gradient)

    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict each observed outcome from all others, at the fitted parameters, in closed form.

        Sundararajan and Keerthi, Neural Comput. 13:1103-1118, 2001.

        Returns
        -------
        mean, std : ndarray shaped as the y of the fit
            Of the measurement, noise included; NaN where it is unobserved.
        """
        check_is_fitted(self)
        if not hasattr(self._posterior, "leave_one_out"):
            raise TaskDataError(
                "leave_one_out has no closed form with inducing points: use inference='dense', or "
                "skmtl.model_selection.cross_val_predict."
            )
        mean, variance = self._posterior.leave_one_out()
        if mean.ndim == 2:  # complete outcomes, rows by tasks
            mean, variance = mean.T.ravel(), variance.T.ravel()
        layout = self._layout
        scale, center = self._standard.scale[layout.entry_task], self._standard.mean[layout.entry_task]
        answers = []
        for values in (center + scale * mean, scale * np.sqrt(variance)):
            shape = (layout.n_rows, self.n_tasks_) if self.data_form_ == "wide" else (layout.n_rows,)
            table = np.full(shape, np.nan)
            at = (layout.row_index, layout.entry_task) if self.data_form_ == "wide" else layout.row_index
            table[at] = values
            answers.append(table)
        return answers[0], answers[1]

    def predict_new_task(self, X: Any, task_features: Any, *, return_std: bool = False) -> Any:
        """Predict tasks that were not in the fit, from their descriptions.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
        task_features : array-like of shape (k, d)
            Descriptions of the new tasks.
        return_std : bool, default False
            Also the standard deviations of the latent functions; a new task's own variance is not known, and is taken
            to be the mean of the known ones.

        Returns
        -------
        mean : ndarray of shape (n, k)
        std : ndarray of shape (n, k), with ``return_std``

        Raises
        ------
        TaskDataError
            The fit had no ``task_features``; or outcomes were standardised each in a unit of its own.
        """
        check_is_fitted(self)
        task = self._posterior.covariance.terms[0].task
        if not isinstance(task, DescribedTasks):
            raise TaskDataError("predict_new_task needs a fit with task_features, which describe the tasks.")
        if not (np.ptp(self._standard.mean) == 0 and np.ptp(self._standard.scale) == 0):
            raise TaskDataError(
                "Outcomes were standardised each in its own unit, and that of a new one is not known: fit on rows of "
                "tasks, or with normalize_y=False."
            )
        X = validate_data(self, dense(X), dtype=np.float64, reset=False)
        try:
            described = np.asarray(task_features, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise TaskDataError("task_features holds something that is not a number: encode it first.") from error
        if described.ndim != 2 or described.shape[1] != task.features.shape[1] or not np.isfinite(described).all():
            raise TaskDataError(
                f"task_features has shape {described.shape}: give finite numbers, one row per new task and "
                f"{task.features.shape[1]} columns."
            )
        mean, variance = self._posterior.of_new_task(X, *task.with_new(described))
        mean = self._standard.mean[0] + self._standard.scale[0] * mean
        return (mean, self._standard.scale[0] * np.sqrt(variance)) if return_std else mean


def dense(X: Any) -> Any:
    if sparse.issparse(X):
        raise TaskDataError("X is a sparse matrix, which kernels do not take: give X.toarray().")
    return X


__all__ = ["GPAnswers", "dense"]
