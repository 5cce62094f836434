"""scikit-learn's own checks of the wrapped estimators, no expected failures."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso
from skmtl.multioutput import IndependentTasks, PooledTasks, TaskColumn


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, cases = mark.args
    return pytest.mark.parametrize(names, list(cases), **mark.kwargs)


# Release 1.6 of scikit-learn and a newer SciPy: not our warning.
@pytest.mark.filterwarnings("ignore:scipy.optimize. The `disp` and `iprint`:DeprecationWarning")
@sklearn_checks(
    [
        IndependentTasks(Ridge()),
        IndependentTasks(LogisticRegression()),
        IndependentTasks(GaussianNB()),
        IndependentTasks(DecisionTreeRegressor(random_state=0)),
        IndependentTasks(make_pipeline(FunctionTransformer(), Ridge())),
        PooledTasks(Ridge()),
        PooledTasks(LinearRegression(), scale_targets=True),
        PooledTasks(LogisticRegression()),
        PooledTasks(DecisionTreeClassifier(random_state=0)),
        TaskColumn(MultiTaskLasso(alpha=0.01)),
        TaskColumn(make_pipeline(FunctionTransformer(), MeanRegularizedRidge(alpha=0.01))),
        TaskColumn(IndependentTasks(Ridge())),
        TaskColumn(IndependentTasks(LogisticRegression())),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
