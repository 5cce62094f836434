"""scikit-learn's own checks of the wrapped estimators, no expected failures."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.compose import InverseProbabilityWeighted, TransformedTaskTarget
from skmtl.linear_model import MultiTaskLasso
from skmtl.multioutput import IndependentTasks
from skmtl.preprocessing import TargetScaler


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


@sklearn_checks(
    [
        TransformedTaskTarget(Ridge()),
        TransformedTaskTarget(Ridge(), transformer=StandardScaler()),
        TransformedTaskTarget(MultiTaskLasso(alpha=0.01), transformer=TargetScaler()),
        TransformedTaskTarget(IndependentTasks(Ridge()), func=np.arcsinh, inverse_func=np.sinh),
        TransformedTaskTarget(make_pipeline(FunctionTransformer(), Ridge()), transformer={}),
        TransformedTaskTarget(LogisticRegression(), transformer=StandardScaler()),
        InverseProbabilityWeighted(MultiTaskLasso(alpha=0.01)),
        InverseProbabilityWeighted(IndependentTasks(LogisticRegression())),
        InverseProbabilityWeighted(make_pipeline(FunctionTransformer(), IndependentTasks(Ridge()))),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
