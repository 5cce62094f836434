"""Outcomes of several types in one fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._convex import ConvexModel
from skmtl._params import BOOLEAN, InstanceOf, OneOf
from skmtl.base import label_table
from skmtl.data import TargetEncoder, TaskData, as_task_data
from skmtl.exceptions import TaskDataError
from skmtl.linear_model._docs import documented
from skmtl.losses import LOSSES, Loss, PerTaskLoss
from skmtl.metrics._with_entries import with_entries
from skmtl.penalties import PENALTIES, Penalty, make_penalty


def _losses_named(loss: Any) -> list[Any]:
    """The losses in what the user gave, as names, classes or objects."""
    given = loss.values() if isinstance(loss, Mapping) else loss if isinstance(loss, list | tuple) else [loss]
    return [LOSSES.get(one, one) if isinstance(one, str) else one for one in given]


def _has_classes(estimator: Any) -> bool:
    if hasattr(estimator, "losses_"):
        some = any(hasattr(loss, "probabilities") for loss in estimator.losses_)
    else:
        some = any(one == "auto" or hasattr(one, "probabilities") for one in _losses_named(estimator.loss))
    if not some:
        raise AttributeError("predict_proba needs an outcome of classes, and every loss here is for numbers.")
    return True


@documented
class MultiTaskGLM(ConvexModel):
    """Generalised linear models of outcomes of several types, coupled by one penalty.

    With n̄ = Σ s / T the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} s_it loss_t(y_it, x_i·w_t + b_t)  +  alpha P(W),

    with a loss of its own for each task, such as ½ (y - η)² for numbers, log(1 + exp(η)) - y η for two classes, or
    half the Poisson deviance, exp(η) - y η + y log y - y, for counts. Outcomes of all types then choose their features
    (directions, clusters) together. An outcome of K classes has K columns of W, one linear predictor each. Source:
    Yang, Kim and Xing, Heterogeneous multitask learning with joint sparsity constraints, NIPS 2009; losses and
    penalties as cited there.

    The losses have different units: ``task_weight="deviance"`` (and ``scale_targets=True``, which leaves classes and
    counts as they are) keeps the outcome with the largest numbers from deciding alone. Not for outcomes that would be
    better modelled apart: compare with `skmtl.multioutput.IndependentTasks`.

    Parameters
    ----------
    loss : str, Loss, list of them (one per task) or dict from task name to them, default "squared"
        {losses}
    penalty : Penalty or str, default "group_lasso"
        {penalties}
    alpha : float >= 0, default 1.0
        Strength of the penalty.
    {share_intercept}
        Needs a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
    {fit_parameters}

    Attributes
    ----------
    classes_ : list of length T, or what would be its one entry after a fit on one outcome
        The sorted labels of an outcome of classes, None for a number or a count.
    losses_ : list of T losses
    channel_task_ : ndarray of int of shape (C,)
        The outcome that each row of ``coef_`` belongs to. With an outcome of K > 2 classes among them ``coef_`` and
        ``intercept_`` have C > T rows: K for that outcome, in the order of its ``classes_``.
    shared_coef_, specific_coef_ : ndarray of shape (C, p)
        The parts of ``coef_`` where the penalty is `SharedPlusSpecific`.
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.linear_model import MultiTaskGLM
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(150, 4))
    >>> table = pd.DataFrame({"sbp": 120 + 10 * X[:, 0] + rng.normal(size=150), "death": rng.random(150) < 0.3})
    >>> table["death"] = np.where(X[:, 0] + rng.logistic(size=150) > 0, "dead", "alive")
    >>> table.loc[:20, "death"] = None
    >>> model = MultiTaskGLM(loss={"sbp": "squared", "death": "logistic"}, alpha=0.05, scale_targets=True)
    >>> model = model.fit(X, table)
    >>> row = model.predict(X[:1])[0]  # labels for classes, the mean for numbers
    >>> round(row[0]), row[1]
    (121, 'alive')
    >>> model.predict_proba(X)[0] is None  # no probabilities for a number
    True
    """

    _parameter_constraints: ClassVar = {
        **ConvexModel._parameter_constraints,
        "loss": [
            OneOf((*LOSSES, "auto")),
            InstanceOf((Loss, Mapping, list, tuple), "a loss, a list or a dict of losses"),
        ],
        "penalty": [OneOf(tuple(PENALTIES)), InstanceOf(Penalty, "a penalty object")],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        loss: Any = "squared",
        penalty: Any = "group_lasso",
        alpha: float = 1.0,
        share_intercept: bool = False,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        constraints: Any = None,
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: bool = False,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.share_intercept = share_intercept
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def __sklearn_tags__(self) -> Tags:
        """Tags: whether outcomes may have classes, and more than two of them."""
        tags = super().__sklearn_tags__()
        kinds = {"classes" if one == "auto" else getattr(one, "target_kind", None) for one in _losses_named(self.loss)}
        if kinds & {"binary", "classes"}:
            tags.classifier_tags = ClassifierTags(multi_class="classes" in kinds)
        return tags

    def _loss_given(self) -> Any:
        return self.loss

    def _make_penalty(self) -> Penalty:
        return make_penalty(self.penalty)

    def _remember(self, data: TaskData) -> None:
        self._encoders: tuple[TargetEncoder, ...] = data.encoders
        classes = [encoder.classes for encoder in data.encoders]
        self.classes_ = classes if data.form == "wide" and data.n_tasks > 1 else classes[0]
        self.losses_ = self._losses_of(data)
        self.channel_task_ = data.layout.channel_task

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, exposure: Any = None) -> MultiTaskGLM:
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        exposure : array-like of shape (n,) or (n, T), optional
            Time (or persons) under observation, positive: a Poisson outcome is then a count over it, and predictions
            are rates per unit of exposure. Other outcomes do not use it. The same as an offset of log(exposure).

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read; the message names the argument, the task and the cure.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            The certificate is above the tolerance; the message has both numbers.
        """
        return self._fit(X, y, sample_weight, task, exposure)

    def _by_task(self, table: np.ndarray) -> list[np.ndarray]:
        """An (n, C) table of linear predictors as one flat array per task, channel after channel."""
        return [table[:, self.channel_task_ == t].T.ravel() for t in range(self.n_tasks_)]

    def linear_predictor(self, X: Any, *, task: Any = None) -> np.ndarray:
        """The same as `decision_function`.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, C), (n,) or (n, K)
        """
        return self.decision_function(X, task=task)

    def decision_function(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Linear predictors: mean of a number, log-odds of two classes, log-rate of a count, a score per class of K.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, C)
            One column per row of ``coef_``: C = T where no outcome has more than two classes. With ``task``, the row's
            own task only: (n,), or (n, K) for an outcome of K classes. After a fit on a 1-D ``y`` without tasks (n,),
            or (n, K).
        """
        eta = self._linear_predictor(X)
        width = eta.shape[1] // self.n_tasks_
        if task is not None:
            self._check_alike()
            own = self._per_task(np.arange(self.n_tasks_)[None, :].repeat(len(eta), axis=0), task)
            chosen = eta.reshape(len(eta), self.n_tasks_, width)[np.arange(len(eta)), own]
            return chosen[:, 0] if width == 1 else chosen
        return eta[:, 0] if self.data_form_ == "single" and width == 1 else eta

    def _check_alike(self) -> None:
        """With ``task`` one answer mixes outcomes, which then have to be of one kind."""
        if len({(encoder.kind, repr(loss)) for encoder, loss in zip(self._encoders, self.losses_, strict=True)}) > 1:
            raise TaskDataError(
                "task asks for one outcome in each row, but these outcomes are of several kinds: leave task out, and "
                "take the columns wanted."
            )

    def predict_mean(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Expected outcomes: the mean of a number, the rate of a count, the probability of the second of two classes.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of float of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
            For an outcome of K classes the expected label where labels are numbers (a score, a grade), else NaN.
        """
        etas = self._by_task(self._linear_predictor(X))
        means = []
        for loss, encoder, eta in zip(self.losses_, self._encoders, etas, strict=True):
            if encoder.kind == "classes":
                means.append(_expected_label(_probabilities(loss, encoder, eta), encoder.classes))
            else:
                means.append(loss.mean(eta))
        return self._per_task(np.column_stack(means), task)

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Predict the most probable label of classes and the mean of numbers and counts.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
            Of floats where every label is a number, else of objects.
        """
        etas = self._by_task(self._linear_predictor(X))
        columns = []
        for loss, encoder, eta in zip(self.losses_, self._encoders, etas, strict=True):
            if encoder.classes is None:
                columns.append(loss.mean(eta))
            elif encoder.kind == "binary":
                columns.append(encoder.decode(eta > 0))
            else:
                columns.append(encoder.decode(eta.reshape(len(encoder.classes), -1).argmax(axis=0)))
        return self._per_task(label_table(columns), task)

    @available_if(_has_classes)
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Probabilities of the classes of each outcome that has any; absent where none has.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        list of length T
            An ndarray of shape (n, K) per outcome of K classes, None per number or count; with ``task`` or a single
            outcome the one array (or None) itself.
        """
        if task is not None and self.n_tasks_ > 1:
            self._check_alike()
            eta = self.decision_function(X, task=task)
            return _probabilities(self.losses_[0], self._encoders[0], eta.T.ravel())
        etas = self._by_task(self._linear_predictor(X))
        tables = [
            _probabilities(loss, encoder, eta)
            for loss, encoder, eta in zip(self.losses_, self._encoders, etas, strict=True)
        ]
        return tables[0] if self.n_tasks_ == 1 else tables

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, exposure: Any = None) -> float:
        """Share of the deviance explained on the observed targets, the mean over outcomes.

        1 - deviance / deviance of the outcome's best constant (in the data given): R2 for numbers, McFadden's R2 for
        classes; 0 for an outcome that is constant in the data given. One without an observed entry is left out, with a
        warning. After a fit on rows of tasks, over all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T)
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.
        exposure : array-like of shape (n,) or (n, T), optional
            As in ``fit``.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        self._score_target(y, task)
        rows = task is not None
        # Labels are coded as in the fit: a held-out part may hold one class only.
        encoders, losses = (self._encoders[:1], self.losses_[:1]) if rows else (self._encoders, self.losses_)
        y, sample_weight, exposure, kept = with_entries(
            y, sample_weight, exposure, [0] if rows else self.task_names_.tolist()
        )
        if not kept.size:
            return float("nan")
        kinds = [encoders[t] for t in kept]
        data = as_task_data(X, y, sample_weight=sample_weight, kinds=kinds, exposure=exposure)
        layout, weight = data.layout, data.weight if data.exposure is None else data.weight * data.exposure
        loss = PerTaskLoss([losses[t] for t in kept], layout)
        # A loss may have a length in units of the targets, and those are the units of the fit.
        unit = self._unit[kept]
        target = data.y / unit[layout.entry_task]
        table = self.decision_function(X, task=task).reshape(layout.n_rows, -1)
        task_of_channel = np.repeat(np.arange(len(encoders)), [encoder.n_channels for encoder in encoders])
        table = table[:, np.isin(task_of_channel, kept)]
        cells = [table[layout.row_index[layout.entries(t)], c] for c, t in enumerate(layout.channel_task)]
        eta = np.concatenate(cells) / unit[layout.channel_task][layout.eta_channel]
        null = loss.null_predictor(target, weight)[layout.eta_channel]
        reached = loss.deviance_by_task(target, eta, weight)
        without = loss.deviance_by_task(target, null, weight)
        # Where the mean alone is right there is nothing to explain: 1 for a model that is right too, else 0, as R2.
        constant = without <= 1e-12 * np.maximum(reached, 1e-300)
        explained = 1.0 - np.divide(reached, without, out=np.ones_like(reached), where=~constant)
        return float(np.mean(np.where(constant & (reached <= 0), 1.0, explained)))


def _probabilities(loss: Loss, encoder: TargetEncoder, eta: np.ndarray) -> Any:
    """Probabilities (m, K) of the classes, None for a loss that has none."""
    if encoder.classes is None or not hasattr(loss, "probabilities"):
        return None
    return loss.probabilities(eta, len(encoder.classes))


def _expected_label(probabilities: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """Mean of the labels under their probabilities; NaN where labels are not numbers."""
    if classes is None or classes.dtype.kind not in "biuf":
        return np.full(len(probabilities), np.nan)
    return probabilities @ classes.astype(float)
