"""scikit-learn's own checks of recalibrated estimators, no expected failures."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.calibration import MultiTaskCalibrated
from skmtl.linear_model import MultiTaskLogisticRegression
from skmtl.multioutput import IndependentTasks


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


# Some checks have few entries of a class, or take all weight from one: a warning says that the map does less then.
@pytest.mark.filterwarnings("ignore:The rarest class of task 0 has [04] entries")
@sklearn_checks(
    [
        MultiTaskCalibrated(LogisticRegression(), random_state=0),
        MultiTaskCalibrated(IndependentTasks(GaussianNB()), method="isotonic", cv=3, random_state=0),
        MultiTaskCalibrated(LogisticRegression(), method="temperature", cv=2),
        MultiTaskCalibrated(MultiTaskLogisticRegression(), method="intercept", cv=2),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
