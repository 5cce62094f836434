"""What a fitted `MultiTaskCalibrated` says of rows: probabilities, the class of the greatest one, and a score."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._notebook import NotebookMixin
from skmtl.base import MultiTaskMixin, label_table, task_codes
from skmtl.multioutput._entries import count_rows
from skmtl.multioutput._left_out import Outcomes, ask_classes
from skmtl.multioutput._rows import of_each_row
from skmtl.multioutput._score import default_score


class CalibratedAnswers(NotebookMixin, BaseEstimator):
    """Answers of a fitted `MultiTaskCalibrated`, which sets the attributes below."""

    estimator: Any
    estimator_: Any
    calibrators_: list[Any]
    task_names_: np.ndarray
    n_tasks_: int
    data_form_: str
    _outcomes: Outcomes

    def _calibrated(self, X: Any) -> list[Any]:
        check_is_fitted(self)
        said = ask_classes(self.estimator_, X, self._outcomes)
        return [
            None if calibrator is None else calibrator.calibrate(probability)
            for calibrator, probability in zip(self.calibrators_, said, strict=True)
        ]

    @available_if(lambda self: getattr(self, "estimator_", self.estimator).predict_proba or True)
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Calibrated probabilities of the classes of each outcome.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the probabilities are then that task's.

        Returns
        -------
        list of T ndarrays of shape (n, K_t), None for numbers, or one such array with ``task`` or a single outcome

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``, or tasks that do not have the same number of classes.
        """
        answers = self._calibrated(X)
        if task is None:
            return answers[0] if self.n_tasks_ == 1 else answers
        codes = task_codes(task, self.task_names_, count_rows(X))
        return of_each_row(answers, self._outcomes.classes, self.task_names_.tolist(), codes)

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """The class of greatest calibrated probability; numbers as the estimator predicts them.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``.
        """
        answers = self._calibrated(X)
        numbers = np.asarray(self.estimator_.predict(X)) if self._outcomes.numeric else None
        columns = []
        for t, (probability, known) in enumerate(zip(answers, self._outcomes.classes, strict=True)):
            if known is None:
                assert numbers is not None
                columns.append(numbers[:, t].astype(float))
            else:
                columns.append(known[probability.argmax(axis=1)])
        return MultiTaskMixin._per_task(self, label_table(columns), task)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Mean over outcomes of the accuracy of the predictions, or their R2 for numbers.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        y : array-like or frame of shape (n,) or (n, T)
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        MultiTaskMixin._score_target(self, y, task)
        labelled = [known is not None for known in self._outcomes.classes]
        return default_score(y, self.predict(X, task=task), sample_weight, labelled, self.task_names_.tolist())


__all__ = ["CalibratedAnswers"]
