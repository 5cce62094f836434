"""scikit-learn's own checks of every linear model, no expected failures."""

import cases
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl import linear_model
from skmtl.linear_model import (
    GraphRegularizedRidge,
    MeanRegularizedRidge,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
)


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, checks = mark.args
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


# Targets of the checks are often free of noise: the best strength of a grid is then its smallest, and is said to be.
NOISE_FREE = pytest.mark.filterwarnings("ignore:.*is the smallest of the grid:UserWarning")
DEFAULTS = [getattr(linear_model, name)() for name in linear_model.__all__ if not name.endswith("CV")]


@NOISE_FREE
@sklearn_checks(
    [
        *DEFAULTS,
        *(make() for make in cases.CV.values()),
        MeanRegularizedRidge(share_intercept=True),
        GraphRegularizedRidge(sharing=1.0, scale_targets=True),
        MultiTaskLasso(alpha=0.01, scale_targets=True, task_weight="equal"),
        MultiTaskRidge(fit_intercept=False, solver="lbfgs"),
        MultiTaskLogisticRegression(penalty="mean"),
        MultiTaskLogisticRegression(penalty="ridge", share_intercept=False, task_weight="deviance"),
        MultiTaskGLM(loss="logistic"),
        MultiTaskGLM(penalty="sparse_group_lasso", alpha=0.01, warm_start=True),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


# A Pipeline, whatever is in it, fails these: it changes its ``steps`` in fit, and for the message of an infinite target
# scikit-learn wants its own words of it, since the class Pipeline is scikit-learn's.
OF_THE_PIPELINE = ("check_dont_overwrite_parameters", "check_estimators_overwrite_params", "check_supervised_y_no_nan")


def pipeline_checks(estimators):
    """The checks that say something of the last step."""
    mark = sklearn_checks(estimators)
    names, checks = mark.args
    kept = [entry for entry in checks if getattr(entry[1], "func", entry[1]).__name__ not in OF_THE_PIPELINE]
    return pytest.mark.parametrize(names, kept, **mark.kwargs)


@pipeline_checks(
    [
        make_pipeline(FunctionTransformer(), MultiTaskLasso(alpha=0.01)),
        make_pipeline(FunctionTransformer(), MultiTaskLogisticRegression()),
    ]
)
def test_sklearn_check_of_a_pipeline(estimator, check):
    check(estimator)


def test_every_linear_model_is_checked():
    checked = {type(model).__name__ for model in DEFAULTS} | {type(make()).__name__ for make in cases.CV.values()}
    assert checked == set(linear_model.__all__)


@pytest.mark.parametrize("name", linear_model.__all__)
def test_parameters_are_stored_as_given(name):
    """Constructors check nothing and change nothing; `clone` and `set_params` rely on it."""
    model = getattr(linear_model, name)()
    marker = np.array([1.0, 2.0])
    for parameter in model.get_params(deep=False):
        changed = clone(model)
        setattr(changed, parameter, marker)
        assert changed.get_params(deep=False)[parameter] is marker
    assert set(model._parameter_constraints) == set(model.get_params(deep=False))
