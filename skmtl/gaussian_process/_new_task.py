"""A task that was not in the fit: its prior given what the known tasks are like, and its posterior given a few rows.

Loadings of tasks are taken for draws from one population. A new task has their mean l̄ as loadings, and so the mean
covariance with every known task, cov(f_new, f_t) = l̄·l_t k, and the mean of the known variances as its own:
v_new = mean_t B_tt - l̄·l̄ for each kernel. Its noise is the geometric mean of the known ones. Nothing is fitted again.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._new_task.names import check_new_names, new_ids
from skmtl._typing import Array
from skmtl.base import task_names_array
from skmtl.data import TaskLayout, as_task_data
from skmtl.exceptions import TaskDataError
from skmtl.gaussian_process._coregionalization import Coregionalization
from skmtl.gaussian_process._covariance import Covariance, Term
from skmtl.gaussian_process._dense import DenseInference
from skmtl.gaussian_process._noise import Noise
from skmtl.gaussian_process._units import Standard


def with_new(covariance: Covariance, k: int) -> Covariance:
    """The covariance with ``k`` more tasks of mean loadings."""
    return Covariance(tuple(Term(term.kernel, _one_more(term.task, k)) for term in covariance.terms))


def _one_more(task: Any, k: int) -> Coregionalization:
    if not isinstance(task, Coregionalization):
        raise TaskDataError("This fit has task_features, which describe tasks: use predict_new_task for a new one.")
    mean = task.L.mean(axis=0)
    own = np.log(task.B.diagonal().mean() - mean @ mean)
    return replace(
        task,
        L=np.vstack([task.L, *[mean] * k]),
        log_v=np.append(task.log_v, [own] * k),
        log_bounds=None if task.log_bounds is None else np.vstack([task.log_bounds, *[task.log_bounds[-1]] * k]),
        units=None if task.units is None else np.append(task.units, [task.units.mean()] * k),
    )


def noise_with_new(noise: Noise, k: int) -> Noise:
    """The noise with ``k`` more tasks of geometric mean variance, where tasks have their own."""
    if noise.known is not None:
        raise TaskDataError(
            "This fit has noise_variance, and that of a new task is not known: fit again with its rows."
        )
    if len(noise.log_variance) == 1:
        return noise
    bounds = noise.log_bounds
    return replace(
        noise,
        log_variance=np.append(noise.log_variance, [noise.log_variance.mean()] * k),
        log_bounds=None if bounds is None else np.vstack([bounds, *[bounds[-1]] * k]),
    )


class GPNewTask:
    """`adapt` of a Gaussian process with exact inference, and the prior of tasks that were not there."""

    def adapt(self: Any, X: Any, y: Any, *, task: Any) -> Any:
        """Add a new task (site, outcome) from a few rows, at the fitted parameters.

        Its loadings are the mean of the known ones, its variance and noise their means; then all latent functions are
        conditioned on all measurements, old and new, exactly. The rows of the new task tell of the known tasks too, as
        far as they are correlated, so their predictions move; kernel, task covariance and noise stay as fitted.

        Parameters
        ----------
        X : array-like or frame of shape (n, p)
            Rows of the new task.
        y : array-like of shape (n,)
            Its outcome; NaN where unobserved.
        task : name, or array-like of shape (n,)
            Name of the new task; or an id for each row, which may be of several new tasks.

        Returns
        -------
        estimator
            A new one with the task added at the end of ``task_names_``; this one is as before.

        Raises
        ------
        TaskDataError
            The name is known already, missing in a row or of another type than the known ones, the inference is not
            dense, or outcomes were standardised each in its own unit.

        Notes
        -----
        Not for a task whose correlation with the others differs from that among them: fit again with its rows.

        Examples
        --------
        >>> import numpy as np
        >>> from skmtl.gaussian_process import MultiTaskGPRegressor
        >>> rng = np.random.default_rng(0)
        >>> X = rng.uniform(0, 6, size=(40, 1))
        >>> y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=40)
        >>> gp = MultiTaskGPRegressor().fit(X, y, task=np.repeat(["A", "B"], 20))
        >>> adapted = gp.adapt(X[:3], y[:3], task="C")
        >>> adapted.task_names_
        array(['A', 'B', 'C'], dtype='<U1')
        """
        check_is_fitted(self)
        if self.data_form_ == "single":
            raise TaskDataError("This Gaussian process was fitted on one outcome without tasks: nothing is shared.")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        data = as_task_data(X, y, task=new_ids(task, len(X)))
        check_new_names(data.layout.names, self.task_names_.tolist())
        return self._with_tasks(data.layout.names, np.asarray(data.design.X), data.layout.task_ptr, data.y)

    def _with_tasks(self: Any, names: tuple[Any, ...], X: Array, starts: Any, y: Array) -> Any:
        """A copy with tasks added, and conditioned on their entries, task after task from ``starts`` on."""
        k, T = len(names), self.n_tasks_
        if self.inference_ != "dense":
            raise TaskDataError(
                f"A new task needs inference='dense', and this fit has {self.inference_!r}: fit with inference='dense'."
            )
        standard = self._standard
        if not (np.ptp(standard.mean) == 0 and np.ptp(standard.scale) == 0):
            raise TaskDataError(
                "Outcomes were standardised each in its own unit, and that of a new one is not known: fit on rows of "
                "tasks, or with normalize_y=False."
            )
        model, old = copy.copy(self), self._posterior
        _, noise = self._inference.split(self.theta_)
        covariance, noise = with_new(old.covariance, k), noise_with_new(noise, k)
        model._standard = Standard(*(np.append(part, [part[0]] * k) for part in _parts(standard)))
        model.task_names_ = task_names_array((*self.task_names_.tolist(), *names))
        model.n_tasks_ = T + k
        tasks = np.repeat(np.arange(T, T + k), np.diff(starts))
        layout = self._layout
        model._layout = TaskLayout(
            names=tuple(model.task_names_.tolist()),
            row_index=np.append(layout.row_index, layout.n_rows + np.arange(len(y))),
            task_ptr=np.append(layout.task_ptr, layout.task_ptr[-1] + starts[1:]),
            n_rows=layout.n_rows + len(y),
            channels=np.append(layout.channels, [1] * k),
        )
        model._inference = DenseInference(
            covariance,
            np.vstack([old.X, X]),
            np.append(old.rows, len(old.X) + np.arange(len(y))),
            np.append(old.tasks, tasks),
            np.append(old.y, (y - standard.mean[0]) / standard.scale[0]),
            noise,
        )
        model.theta_ = model._inference.theta
        model._posterior = model._inference.condition(model.theta_)
        model.jitter_ = model._posterior.jitter
        model.log_marginal_likelihood_value_ = float(model._inference.evidence(model.theta_))
        model._describe(covariance, model._standard)
        return model

    def _with_prior_tasks(self: Any, names: tuple[Any, ...]) -> Any:
        """A copy with tasks added of which nothing is measured."""
        empty = np.zeros((0, self.n_features_in_))
        return self._with_tasks(names, empty, np.zeros(len(names) + 1, dtype=np.intp), np.zeros(0))


def _parts(standard: Standard) -> tuple[Array, Any, Any]:
    return standard.mean, standard.scale, standard.lone


__all__ = ["GPNewTask", "noise_with_new", "with_new"]
