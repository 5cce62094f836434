"""Linear models of several outcomes: one estimator per penalty, one fit template."""

from skmtl.linear_model._clustered import (
    ClusteredTasksClassifier,
    ClusteredTasksClassifierCV,
    ClusteredTasksRegressor,
    ClusteredTasksRegressorCV,
)
from skmtl.linear_model._data_shared import (
    DataSharedLassoClassifier,
    DataSharedLassoClassifierCV,
    DataSharedLassoRegressor,
    DataSharedLassoRegressorCV,
)
from skmtl.linear_model._dirty import (
    DirtyClassifier,
    DirtyClassifierCV,
    DirtyRegressor,
    DirtyRegressorCV,
)
from skmtl.linear_model._glm import MultiTaskGLM
from skmtl.linear_model._glm_cv import MultiTaskGLMCV, MultiTaskLogisticRegressionCV
from skmtl.linear_model._lasso import MultiTaskElasticNet, MultiTaskLasso, MultiTaskSparseGroupLasso
from skmtl.linear_model._lasso_cv import (
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    MultiTaskSparseGroupLassoCV,
)
from skmtl.linear_model._linf import (
    LInfLassoClassifier,
    LInfLassoClassifierCV,
    LInfLassoRegressor,
    LInfLassoRegressorCV,
)
from skmtl.linear_model._logistic import MultiTaskLogisticRegression
from skmtl.linear_model._low_rank import (
    RobustLowRankClassifier,
    RobustLowRankClassifierCV,
    RobustLowRankRegressor,
    RobustLowRankRegressorCV,
    SparseLowRankClassifier,
    SparseLowRankClassifierCV,
    SparseLowRankRegressor,
    SparseLowRankRegressorCV,
)
from skmtl.linear_model._ridge import MultiTaskRidge
from skmtl.linear_model._ridge_cv import MultiTaskRidgeCV
from skmtl.linear_model._robust_feature import (
    RobustFeatureClassifier,
    RobustFeatureClassifierCV,
    RobustFeatureRegressor,
    RobustFeatureRegressorCV,
)
from skmtl.linear_model._structured import GraphRegularizedRidge, MeanRegularizedRidge
from skmtl.linear_model._structured_cv import GraphRegularizedRidgeCV, MeanRegularizedRidgeCV
from skmtl.linear_model._temporal import (
    TemporalClassifier,
    TemporalClassifierCV,
    TemporalRegressor,
    TemporalRegressorCV,
)
from skmtl.linear_model._trace_norm import (
    TraceNormClassifier,
    TraceNormClassifierCV,
    TraceNormRegressor,
    TraceNormRegressorCV,
)

__all__ = [
    "ClusteredTasksClassifier",
    "ClusteredTasksClassifierCV",
    "ClusteredTasksRegressor",
    "ClusteredTasksRegressorCV",
    "DataSharedLassoClassifier",
    "DataSharedLassoClassifierCV",
    "DataSharedLassoRegressor",
    "DataSharedLassoRegressorCV",
    "DirtyClassifier",
    "DirtyClassifierCV",
    "DirtyRegressor",
    "DirtyRegressorCV",
    "GraphRegularizedRidge",
    "GraphRegularizedRidgeCV",
    "LInfLassoClassifier",
    "LInfLassoClassifierCV",
    "LInfLassoRegressor",
    "LInfLassoRegressorCV",
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
    "RobustFeatureClassifier",
    "RobustFeatureClassifierCV",
    "RobustFeatureRegressor",
    "RobustFeatureRegressorCV",
    "RobustLowRankClassifier",
    "RobustLowRankClassifierCV",
    "RobustLowRankRegressor",
    "RobustLowRankRegressorCV",
    "SparseLowRankClassifier",
    "SparseLowRankClassifierCV",
    "SparseLowRankRegressor",
    "SparseLowRankRegressorCV",
    "TemporalClassifier",
    "TemporalClassifierCV",
    "TemporalRegressor",
    "TemporalRegressorCV",
    "TraceNormClassifier",
    "TraceNormClassifierCV",
    "TraceNormRegressor",
    "TraceNormRegressorCV",
]
