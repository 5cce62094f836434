"""scikit-learn's own checks, no expected failures."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.preprocessing import ObservationWeights, TargetScaler


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


@sklearn_checks(
    [
        ObservationWeights(random_state=0),
        ObservationWeights(LogisticRegression(), n_splits=None, truncate=0),
        TargetScaler(),
        TargetScaler("robust"),
        TargetScaler("power"),
        TargetScaler("normal"),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
