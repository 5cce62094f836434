"""scikit-learn's own checks of the support vector machines, no expected failures."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.svm import MultiTaskSVC, MultiTaskSVR


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, checks = mark.args
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


@sklearn_checks(
    [
        MultiTaskSVR(),
        MultiTaskSVR(C=10.0, kernel="linear", intercept="common", scale_targets=True),
        MultiTaskSVC(),
        MultiTaskSVC(kernel="linear", intercept="common", class_weight="balanced"),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
