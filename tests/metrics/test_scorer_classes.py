"""The classes that a scorer assumes for the columns of ``predict_proba``."""

import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from skmtl.exceptions import TaskDataError
from skmtl.metrics import make_multitask_scorer


class SomeClasses(ClassifierMixin, BaseEstimator):
    """Half and half, for classes as given."""

    def __init__(self, classes):
        self.classes = classes

    def fit(self, X, y):
        self.classes_ = self.classes
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_classes_that_do_not_fit():
    X, y, site = np.zeros((6, 2)), np.array([0, 1, 0, 1, 1, 1]), np.array(["a", "a", "a", "a", "b", "b"])
    scorer = make_multitask_scorer("neg_log_loss")
    for classes in ([np.array([0, 1])] * 2, [np.array([0, 1]), np.array([1])], [np.array([3, 4]), np.array([0, 1])]):
        assert scorer(SomeClasses(classes).fit(X, y), X, y, task=site) == pytest.approx(np.log(0.5))
    message = "y_true of task 'task0' holds 'no', which is not one of its labels [0, 1]: give all classes in labels."
    with pytest.raises(TaskDataError, match=f"^{re.escape(message)}$"):
        scorer(SomeClasses(np.array([0, 1])).fit(X, y), X, ["no", "yes"] * 3)


def test_labels_of_the_user_come_first():
    X, y = np.zeros((4, 2)), np.array([7, 8, 7, 8])
    model = SomeClasses(np.array([7, 9])).fit(X, y)
    assert make_multitask_scorer("neg_log_loss", labels=[7, 8])(model, X, y) == pytest.approx(np.log(0.5))
    assert make_multitask_scorer("neg_log_loss")(model, X, y) < -10  # probability 0 for the class 8
