"""Linear models of several outcomes: one estimator per penalty, one fit template."""

from skmtl.linear_model._glm import MultiTaskGLM
from skmtl.linear_model._glm_cv import MultiTaskGLMCV, MultiTaskLogisticRegressionCV
from skmtl.linear_model._lasso import MultiTaskElasticNet, MultiTaskLasso, MultiTaskSparseGroupLasso
from skmtl.linear_model._lasso_cv import (
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    MultiTaskSparseGroupLassoCV,
)
from skmtl.linear_model._logistic import MultiTaskLogisticRegression
from skmtl.linear_model._ridge import MultiTaskRidge
from skmtl.linear_model._ridge_cv import MultiTaskRidgeCV
from skmtl.linear_model._structured import GraphRegularizedRidge, MeanRegularizedRidge
from skmtl.linear_model._structured_cv import GraphRegularizedRidgeCV, MeanRegularizedRidgeCV

__all__ = [
    "GraphRegularizedRidge",
    "GraphRegularizedRidgeCV",
    "MeanRegularizedRidge",
    "MeanRegularizedRidgeCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskGLM",
    "MultiTaskGLMCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "MultiTaskLogisticRegression",
    "MultiTaskLogisticRegressionCV",
    "MultiTaskRidge",
    "MultiTaskRidgeCV",
    "MultiTaskSparseGroupLasso",
    "MultiTaskSparseGroupLassoCV",
]
