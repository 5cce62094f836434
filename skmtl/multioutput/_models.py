"""From one fitted scikit-learn model per task to predictions, probabilities and scores of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._notebook import NotebookMixin
from skmtl._sklearn import safe_split
from skmtl._typing import IntArray
from skmtl.base import MultiTaskMixin, label_table, task_codes, task_names_array
from skmtl.exceptions import TaskDataError
from skmtl.multioutput._entries import TaskEntries, count_rows
from skmtl.multioutput._inner import take_attribute, take_tags, wrapped
from skmtl.multioutput._rows import check_same_columns
from skmtl.multioutput._score import default_score


def _some_inner_has(method: str) -> Callable[[Any], bool]:
    """Condition of a method that exists if one of the estimators has it; else the first one says why not."""

    def check(owner: Any) -> bool:
        models = getattr(owner, "estimators_", None) or wrapped(owner.estimator)
        if models and not any(hasattr(model, method) for model in models):
            getattr(models[0], method)
        return True

    return check


def _one_outcome_with_decision(owner: Any) -> bool:
    if getattr(owner, "data_form_", None) == "wide" and owner.n_tasks_ > 1:
        raise AttributeError(
            f"This {type(owner).__name__} was fitted on several outcomes, which have no common decision_function: "
            "use predict_proba(X), or the decision_function of each model in estimators_."
        )
    return _some_inner_has("decision_function")(owner)


class TaskModels(NotebookMixin, BaseEstimator):
    """One fitted model per task; several tasks may have the same one.

    A subclass has a parameter ``estimator`` and a ``fit`` that ends in ``_remember``.
    """

    estimator: Any
    estimators_: list[Any]
    task_names_: np.ndarray
    n_tasks_: int
    data_form_: str
    _n_observed: IntArray
    _classes: list[Any]
    _kernel_columns: list[IntArray] | None

    def __sklearn_tags__(self) -> Tags:
        """Tags: those of the wrapped estimator, for several outcomes with missing entries."""
        return take_tags(super().__sklearn_tags__(), self.estimator)

    def _remember(self, X: Any, entries: TaskEntries, models: list[Any], rows: list[IntArray]) -> None:
        """Set the fitted attributes; ``rows`` are those each task's model was fitted on."""
        self.estimators_ = models
        self.task_names_ = task_names_array(entries.names)
        self.n_tasks_ = entries.n_tasks
        self.data_form_ = entries.form
        self._n_observed = entries.counts
        # A precomputed kernel has one column per training row, and a model knows those of its own rows.
        self._kernel_columns = rows if get_tags(self).input_tags.pairwise else None
        for name in ("n_features_in_", "feature_names_in_"):
            take_attribute(self, name, getattr(models[0], name, None))
        if self._kernel_columns is not None:
            validate_data(self, X, skip_check_array=True)
        classes: list[Any] = [getattr(model, "classes_", None) for model in models]
        if entries.form == "rows" and classes[0] is not None:
            # One outcome: every task has all its classes, also those that its own rows do not show.
            classes = [np.unique(np.concatenate(classes))] * entries.n_tasks
        self._classes = classes
        some = any(known is not None for known in classes)
        several = entries.form == "wide" and entries.n_tasks > 1
        take_attribute(self, "classes_", classes if some and several else classes[0])

    def _check_rows(self, X: Any) -> Any:
        """Something with rows to choose from; all else is the wrapped estimator's business."""
        check_is_fitted(self)
        (X,) = indexable(X)
        if self._kernel_columns is not None:
            validate_data(self, X, reset=False, skip_check_array=True)
        return X

    def _say(self, method: str, t: int, X: Any, rows: IntArray | None = None) -> np.ndarray:
        """What the model of task ``t`` says of all rows, or of some."""
        model = self.estimators_[t]
        if self._kernel_columns is not None:
            columns = self._kernel_columns[t]
            X = X[:, columns] if rows is None else X[np.ix_(rows, columns)]
        elif rows is not None:
            X = safe_split(model, X, None, rows)[0]
        return np.asarray(getattr(model, method)(X))

    def _answer(self, method: str, t: int, said: np.ndarray) -> np.ndarray:
        """What a model said, as an answer for task ``t``: 1-D predictions, all classes of the outcome."""
        classes = self._classes[t]
        if method == "predict":
            # Strings as long as the longest label of the outcome, whichever a model has seen.
            return said.reshape(len(said)).astype(said.dtype if classes is None else classes.dtype, copy=False)
        known = self.estimators_[t].classes_
        if len(known) == len(classes):
            return said
        if method == "decision_function":
            raise TaskDataError(
                f"Task {self.task_names_.tolist()[t]!r} was fitted without the class "
                f"{np.setdiff1d(classes, known).tolist()[0]!r}, so it has no decision_function for all classes: "
                "use predict_proba."
            )
        probability = np.zeros((len(said), len(classes)))
        probability[:, np.searchsorted(classes, known)] = said
        return probability

    def _answers(self, method: str, X: Any) -> list[Any]:
        """Every task's answer for all rows; None for a regression task where the method is about classes."""
        X = self._check_rows(X)
        said: dict[int, np.ndarray] = {}  # a model that serves several tasks is asked once
        answers: list[Any] = []
        for t, model in enumerate(self.estimators_):
            if method != "predict" and self._classes[t] is None:
                answers.append(None)
                continue
            if id(model) not in said:
                said[id(model)] = self._say(method, t, X)
            answers.append(self._answer(method, t, said[id(model)]))
        return answers

    def _answer_rows(self, method: str, X: Any, task: Any) -> np.ndarray:
        """For each row the answer of its task."""
        X = self._check_rows(X)
        codes = task_codes(task, self.task_names_, count_rows(X))
        present = np.unique(codes).tolist()
        if method != "predict":
            check_same_columns(self._classes, self.task_names_.tolist(), present)
        rows = [np.flatnonzero(codes == t) for t in present]
        pieces = [self._answer(method, t, self._say(method, t, X, r)) for t, r in zip(present, rows, strict=True)]
        # Numbers beside labels are objects, whichever of them the rows at hand need: as without task.
        dtypes = {np.dtype(float) if known is None else known.dtype for known in self._classes}
        plain = method != "predict" or len(dtypes) == 1 or all(dtype.kind in "biuf" for dtype in dtypes)
        dtype = np.result_type(*[piece.dtype for piece in pieces]) if plain else np.dtype(object)
        answer = np.empty((len(codes), *pieces[0].shape[1:]), dtype=dtype)
        for r, piece in zip(rows, pieces, strict=True):
            answer[r] = piece
        return answer

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Predict every outcome with its model.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
            Whatever the wrapped estimator predicts from.
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
            Numbers where every outcome is a number; objects where numbers stand beside labels.

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``.
        """
        if task is not None:
            return self._answer_rows("predict", X, task)
        return MultiTaskMixin._per_task(self, label_table(self._answers("predict", X)), None)

    @available_if(_some_inner_has("predict_proba"))
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Probabilities of the classes of each outcome; absent if no wrapped estimator has them.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional

        Returns
        -------
        list of length T
            An ndarray of shape (n, K_t) per classification task, columns in the order of ``classes_``, and None
            per regression task. With ``task`` or a single outcome the one array itself. After a fit on rows of
            tasks every array has all classes of the outcome; one that a task did not show has probability 0.

        Raises
        ------
        TaskDataError
            With ``task``: a row belongs to a regression task, or tasks differ in the number of classes.
        """
        if task is not None:
            return self._answer_rows("predict_proba", X, task)
        answers = self._answers("predict_proba", X)
        return answers[0] if self.n_tasks_ == 1 else answers

    @available_if(_one_outcome_with_decision)
    def decision_function(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Decision values of a single outcome, as the wrapped classifier defines them.

        Absent after a fit on several outcomes, as on every scikit-learn classifier whose ``predict_proba`` gives a
        list, and where no wrapped estimator has it.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Needed after a fit on rows of tasks if the outcome has more than two classes.

        Returns
        -------
        ndarray of shape (n,) for two classes, (n, K) for more
            (n, T), one column per task, after a fit on rows of tasks without ``task``.

        Raises
        ------
        TaskDataError
            A task was fitted without one of the classes of the outcome.
        """
        if task is not None:
            return self._answer_rows("decision_function", X, task)
        answers = self._answers("decision_function", X)
        if self.data_form_ != "rows":
            return answers[0]
        if answers[0].ndim > 1:
            raise TaskDataError(
                f"decision_function of {len(self._classes[0])} classes needs task, the task id of each row: "
                "give it, or use predict_proba."
            )
        return np.column_stack(answers)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Mean over outcomes of each outcome's own score on its observed entries: R2, or accuracy for classes.

        After a fit on rows of tasks, the R2 or the accuracy over all rows. In a table of numbers and labels the mean
        mixes both, which serves to compare estimators on that table and nothing else; see `skmtl.metrics` for
        scores of single outcomes.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        y : array-like or frame of shape (n,) or (n, T)
            NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.

        Returns
        -------
        float

        Raises
        ------
        TaskDataError
            ``task`` is missing after a fit on rows of tasks.
        """
        check_is_fitted(self)
        MultiTaskMixin._score_target(self, y, task)
        labelled = [known is not None for known in self._classes]
        return default_score(y, self.predict(X, task=task), sample_weight, labelled, self.task_names_.tolist())


__all__ = ["TaskModels"]
