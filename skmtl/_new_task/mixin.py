"""Cold start for linear models: a new task from the shared prior, and with a few rows of its own."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._new_task.names import check_new_names, new_ids
from skmtl._new_task.prior import TaskPrior, linked, prior_of
from skmtl._new_task.shared import SharedPart
from skmtl._new_task.solve import solve_task
from skmtl._typing import Array
from skmtl.base import task_names_array
from skmtl.data import TargetEncoder, TaskData, as_task_data
from skmtl.exceptions import TaskDataError
from skmtl.losses import Loss, losses_for
from skmtl.penalties import GraphRegularization


class NewTaskMixin:
    """`adapt`, and the prior that ``predict(..., on_unknown="prior")`` answers from.

    A fit sets ``_shared_part``; everything else is made from ``coef_`` when it is asked for.
    """

    _shared_part: SharedPart

    def adapt(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any, links: Any = None) -> Any:
        """Add a new task (site, outcome) from a few rows, without refitting the others.

        With the shared part u of the fit held fixed, the new coefficients minimise what the fit minimises, in one task

            (ω / n̄) Σ_i s_i loss(y_i, x_i·w + b)  +  alpha g(w; u),

        with n̄ and alpha those of the fit: how far a task may stray from the shared part was learned from the known
        tasks (empirical Bayes). g is ½ ‖w - sharing w̄‖² for mean regularisation, ½ Σ_j w_j² / ‖w_j‖ for joint
        selection (features that were not selected stay out), ½ w' (W W')^-½ w in the column space of W for the trace
        norm; a sum of two parts adds the specific part's own penalty. A task that took part in the fit gets its own
        coefficients back. Squared loss with a quadratic g is solved in closed form.

        The intercept is free, as in the fit; with ``share_intercept`` it is pulled to the mean of the known ones with
        the fit's strength. ω is that of ``task_weight``; numbers given there count with their mean.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
            Rows of the new task.
        y : array-like of shape (n,)
            Its outcome; NaN where unobserved. Labels of a classifier fitted on rows of tasks are those of the fit.
        sample_weight : array-like of shape (n,), optional
        task : name, or array-like of shape (n,)
            Name of the new task; or an id for each row, which may be of several new tasks.
        links : array-like of shape (T,), optional
            Weights >= 0 of the edges to the known tasks, in the order of ``task_names_`` at the fit, for
            `GraphRegularizedRidge`; without them the new task is linked to each with weight 1/T.

        Returns
        -------
        estimator
            A new one with the task added at the end of ``task_names_`` (and listed in ``adapted_tasks_``); this one is
            as before, and so are all predictions for the known tasks. Attributes that describe the fit (``rank_``,
            ``outlier_tasks_``) do not count it. The shared part stays that of the fit, so the order in which tasks are
            added does not matter.

        Raises
        ------
        TaskDataError
            The name is known already, missing in a row, or of another type than the known ones; there is no observed
            row, or the model has no shared part.

        Warns
        -----
        ConvergenceWarning
            The certificate of the new task's problem is above the tolerance.

        Notes
        -----
        Not for many rows of many new tasks: they would change the shared part, so fit again. Not for a task unlike
        the known ones: with few rows nothing will tell (Evgeniou and Pontil, KDD 2004; Argyriou, Evgeniou and Pontil,
        Mach. Learn. 73:243-272, 2008).

        Examples
        --------
        >>> import numpy as np
        >>> from skmtl.linear_model import MeanRegularizedRidge
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(90, 3))
        >>> y = X @ [1.0, -1.0, 0.5] + 0.5 * rng.normal(size=90)
        >>> hospital = np.repeat(["A", "B", "C"], 30)
        >>> known = hospital != "C"
        >>> model = MeanRegularizedRidge(alpha=0.1, sharing=0.95).fit(X[known], y[known], task=hospital[known])
        >>> few = np.flatnonzero(~known)[:4]  # four rows for three coefficients and an intercept
        >>> adapted = model.adapt(X[few], y[few], task="C")
        >>> adapted.task_names_
        array(['A', 'B', 'C'], dtype='<U1')
        >>> bool(np.abs(adapted.coef_[2] - [1.0, -1.0, 0.5]).max() < 0.3)
        True
        """
        self._check_shares()
        links = self._check_links(links)
        prior = self._task_prior(links)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32], reset=False)
        ids = new_ids(task, X.shape[0])
        kinds = [self._encoder()] * len(np.unique(ids))
        data = as_task_data(X, y, task=ids, sample_weight=sample_weight, kinds=kinds)
        check_new_names(data.layout.names, self.task_names_.tolist())  # type: ignore[attr-defined]
        loss = losses_for(self._loss_given(), data.layout.names)[0]  # type: ignore[attr-defined]
        found = [self._solve_one(data, t, loss, prior, links) for t in range(data.n_tasks)]
        return self._with_tasks(data.layout.names, found)

    def _check_shares(self) -> None:
        check_is_fitted(self)
        name = type(self).__name__
        if self.data_form_ == "single":  # type: ignore[attr-defined]
            raise TaskDataError(f"This {name} was fitted on one outcome without tasks, so there is nothing shared.")
        if hasattr(self, "losses_"):
            raise TaskDataError(
                f"{name} does not take new tasks: use the regressor or classifier of its penalty in skmtl.linear_model."
            )
        for limit in ("bounds", "constraints"):
            if getattr(self, limit) is not None:
                raise TaskDataError(
                    f"This {name} was fitted with {limit}, which say nothing of a new task: fit without, or fit again "
                    "with the new task's rows."
                )

    def _check_links(self, links: Any) -> Array | None:
        if links is None:
            return None
        if not isinstance(self._shared_part.penalty, GraphRegularization):
            raise TaskDataError("links goes with graph regularisation only: drop it.")
        n_tasks = len(self._fitted_coef())
        links = np.asarray(links, dtype=float)
        if links.shape != (n_tasks,) or not (np.isfinite(links).all() and (links >= 0).all()):
            raise TaskDataError(f"links must be {n_tasks} finite numbers >= 0, one for each task of the fit.")
        return links

    def _fitted_coef(self) -> Array:
        """Coefficients of the tasks of the fit, without those added later."""
        return self.coef_[: len(self.coef_) - len(getattr(self, "adapted_tasks_", ()))]  # type: ignore[attr-defined]

    def _unit_of_new(self) -> float | None:
        """The common unit of all outcomes; None where each has its own."""
        unit = self._unit  # type: ignore[attr-defined]
        return float(unit[0]) if (unit == unit[0]).all() else None

    def _task_prior(self, links: Array | None = None) -> TaskPrior:
        """The prior in units of the standardised outcomes."""
        coef = self._fitted_coef()
        W = getattr(self, "shared_coef_", coef)[: len(coef)].T / self._unit  # type: ignore[attr-defined]
        return prior_of(self._shared_part.penalty, W, links)

    def _prior_point(self) -> tuple[Array, float]:
        """Coefficients and intercept of a task of which nothing is known, in the user's units.

        The intercept is the mean over tasks of the best one at these coefficients: means over x and y of each task
        are on its line. Shared intercepts have their mean.
        """
        self._check_shares()
        prior, unit = self._task_prior(), self._unit_of_new()
        if unit is None:
            raise TaskDataError(
                "The outcomes were standardised each in its own unit, and that of a new one is not known: adapt to a "
                "few of its rows, or fit with scale_targets=False."
            )
        mean = unit * prior.mean
        if not self.fit_intercept:  # type: ignore[attr-defined]
            return mean, 0.0
        if getattr(self, "share_intercept", False):
            return mean, float(self._fitted_intercept().mean())
        shared = self._shared_part
        return mean, shared.level - float(shared.center @ mean)

    def _fitted_intercept(self) -> Array:
        return self.intercept_[: len(self._fitted_coef())]  # type: ignore[attr-defined]

    def _encoder(self) -> Any:
        """How a new task's outcome is coded: as in the fit where it is the same outcome in another place."""
        if not hasattr(self, "classes_"):
            return "numeric"
        classes = self.classes_
        return "binary" if self.data_form_ == "wide" else TargetEncoder("binary", classes)  # type: ignore[attr-defined]

    def _solve_one(
        self, data: TaskData, t: int, loss: Loss, prior: TaskPrior, links: Array | None
    ) -> tuple[Array, Array, float, Any]:
        entries = data.layout.entries(t)
        X, y, s = data.design.X[entries], np.asarray(data.y[entries], float), np.asarray(data.weight[entries], float)
        name = data.layout.names[t]
        unit = self._unit_of_new()
        if unit is None:
            spread = float(np.sqrt(np.average((y - np.average(y, weights=s)) ** 2, weights=s)))
            if spread <= 1e-12 * float(np.abs(y).max()):
                raise TaskDataError(f"y of task {name!r} is constant, so its unit is not known: give more rows.")
            unit = spread
        y = y / unit if unit != 1.0 else y
        shares = getattr(self, "share_intercept", False) and self.fit_intercept  # type: ignore[attr-defined]
        free = self.fit_intercept and not shares  # type: ignore[attr-defined]
        if free and data.encoders[t].kind == "binary" and np.ptp(y) == 0:
            raise TaskDataError(
                f"y of task {name!r} has one class only, which no free intercept can fit: give rows of both classes, "
                "or fit with share_intercept=True where the model has it."
            )
        one = as_task_data(X, y, sample_weight=s)
        shared, own, b, result = solve_task(
            X,
            one,
            loss,
            prior,
            alpha=self._shared_part.alpha * self._shared_part.mean_mass / (self._omega(one, loss, name) * s.sum()),
            intercept=self._intercept_prior(links, unit) if shares else None,
            fit_intercept=free,
            tol=self.tol,  # type: ignore[attr-defined]
            max_iter=self.max_iter,  # type: ignore[attr-defined]
            name=type(self).__name__,
        )
        return unit * shared, unit * own, unit * b, (result, data.encoders[t].classes)

    def _intercept_prior(self, links: Array | None, unit: float) -> tuple[float, float]:
        """Mean and relative precision of the intercept where intercepts are shared."""
        b = self._fitted_intercept() / unit
        penalty = self._shared_part.penalty
        if not isinstance(penalty, GraphRegularization):
            return float(b.mean()), 1.0
        links, stiffness = linked(penalty, len(b), links)
        return float(b.mean() + penalty.sharing * (links @ (b - b.mean())) / stiffness), stiffness

    def _omega(self, data: TaskData, loss: Loss, name: object) -> float:
        """Weight ω of the new task in the sum of losses."""
        weighting = self.task_weight  # type: ignore[attr-defined]
        total = float(data.weight.sum())
        if not isinstance(weighting, str):
            return float(np.mean(np.asarray(weighting, dtype=float)))
        if weighting == "entries":
            return 1.0
        if weighting == "equal":
            return self._shared_part.mean_mass / total
        null = np.full(len(data.y), loss.null_predictor(data.y, data.weight)[0])
        deviance = loss.deviance(data.y, null, data.weight) / total
        if not deviance > 1e-24 * loss.size(data.y, data.weight) / total:
            raise TaskDataError(
                f"task_weight='deviance' divides by the deviance of task {name!r}, which is zero: give more rows."
            )
        return 1.0 / deviance

    def _with_tasks(self, names: tuple[object, ...], found: list[tuple[Array, Array, float, Any]]) -> Any:
        """A copy of the estimator with solved tasks added."""
        model: Any = copy.copy(self)
        shared, own = (np.array([one[k] for one in found]) for k in (0, 1))
        model.coef_ = np.vstack([self.coef_, shared + own])  # type: ignore[attr-defined]
        if hasattr(self, "shared_coef_"):
            model.shared_coef_ = np.vstack([self.shared_coef_, shared])
            model.specific_coef_ = np.vstack([self.specific_coef_, own])  # type: ignore[attr-defined]
        model.intercept_ = np.append(self.intercept_, [one[2] for one in found])  # type: ignore[attr-defined]
        model.task_names_ = task_names_array((*self.task_names_.tolist(), *names))  # type: ignore[attr-defined]
        model.n_tasks_ = len(model.task_names_)
        model.adapted_tasks_ = [*getattr(self, "adapted_tasks_", ()), *names]
        if hasattr(self, "classes_") and self.data_form_ == "wide":  # type: ignore[attr-defined]
            given = self.classes_ if isinstance(self.classes_, list) else [self.classes_]
            model.classes_ = [*given, *(one[3][1] for one in found)]
        return model


__all__ = ["NewTaskMixin"]
