"""scikit-learn's own checks of conformal estimators, no expected failures."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.calibration import MultiTaskConformal
from skmtl.linear_model import MeanRegularizedRidge
from skmtl.multioutput import IndependentTasks


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


@sklearn_checks(
    [
        MultiTaskConformal(Ridge()),
        MultiTaskConformal(MeanRegularizedRidge(alpha=0.01), cv=3, calibrate_by="all"),
        MultiTaskConformal(LinearRegression(), method="jackknife+"),
        MultiTaskConformal(make_pipeline(FunctionTransformer(), Ridge()), cv=2),
        MultiTaskConformal(LogisticRegression(), random_state=0),
        MultiTaskConformal(IndependentTasks(GaussianNB()), cv=3, label_scores="aps", class_conditional=True),
        MultiTaskConformal(DecisionTreeRegressor(random_state=0), cv=2),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
