"""Features selected together, with outcomes that do not follow."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from skmtl._typing import Array
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.linear_model._two_part import TwoPartModel, TwoPartModelCV, two_part_texts
from skmtl.penalties import Penalty


class _RobustFeature(TwoPartModel):
    """Rows of the shared part, columns of the specific one."""

    _shared: ClassVar[str] = "group_lasso"
    _specific: ClassVar[str] = "task_group_lasso"
    _texts: ClassVar = two_part_texts(
        "Below 1/(1 + √p) Q = 0: joint selection alone. Above √T/(1 + √T) P = 0: outcomes have nothing in common.",
        model="""\
with p_j the rows of P, features in or out for all outcomes, and q_t the columns of Q, outcomes that go their own way.
Source: Gong, Ye and Zhang, Robust multi-task feature learning, KDD 2012.

Not where every outcome differs a little: Q is for few outcomes that differ much. An outlier with few rows cannot be
told from one that follows.""",
        peer="""\
MALSAR's ``Least_rMTFL`` on n complete rows is the same at ``rho1 = 2 * n * alpha * r``,
``rho2 = 2 * n * alpha * (1 - r)``, without intercepts.""",
        found="""\
selected_features_ : ndarray of bool of shape (p,)
    Features with a shared coefficient that is not zero.
outlier_tasks_ : ndarray of bool of shape (T,)
    Outcomes with a specific coefficient that is not zero. The strength that predicts best marks too many of them:
    choose it by ``rule="1se"`` where they are to be named.""",
    )

    def _describe(self, penalty: Penalty, W: Array) -> None:
        shared, specific = np.split(W, 2)
        self.selected_features_ = (shared != 0).any(axis=1)
        self.outlier_tasks_ = (specific != 0).any(axis=0)


class _RobustFeatureCV(TwoPartModelCV, _RobustFeature):
    """Rows of the shared part, columns of the specific one, chosen by cross-validation."""


@documented
class RobustFeatureRegressor(MultiTaskRegressorMixin, _RobustFeature):
    """Robust multi-task feature learning: features selected together, outlying outcomes let go.

    {squared_objective}
            +  alpha min { r Σ_j ‖p_j‖₂ + (1 - r) Σ_t ‖q_t‖₂ : P + Q = W },

    {model}

    {peer}

    {identified}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {shared_ratio}
    {fit_parameters}

    Attributes
    ----------
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import RobustFeatureRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 6))
    >>> W = np.zeros((6, 5))
    >>> W[:2, :4] = 2.0  # four outcomes need two features
    >>> W[2:, 4] = 1.5  # the fifth needs the others
    >>> Y = X @ W + 0.5 * rng.normal(size=(100, 5))
    >>> model = RobustFeatureRegressor(alpha=0.5).fit(X, Y)
    >>> model.selected_features_
    array([ True,  True, False, False, False, False])
    >>> model.outlier_tasks_
    array([False, False, False, False,  True])
    """


@documented
class RobustFeatureClassifier(BinaryOutcomes, _RobustFeature):
    """Logistic regression with features selected together and outlying outcomes let go.

    {logistic_objective}
            +  alpha min { r Σ_j ‖p_j‖₂ + (1 - r) Σ_t ‖q_t‖₂ : P + Q = W },

    {model}

    {identified}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {shared_ratio}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import RobustFeatureClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 6))
    >>> W = np.zeros((6, 5))
    >>> W[:2, :4] = 2.0  # four outcomes need two features
    >>> W[2:, 4] = 1.5  # the fifth needs the others
    >>> Y = X @ W + rng.logistic(size=(400, 5)) > 0
    >>> RobustFeatureClassifier(alpha=0.15).fit(X, Y).outlier_tasks_
    array([False, False, False, False,  True])
    """


@documented
class RobustFeatureRegressorCV(MultiTaskRegressorMixin, _RobustFeatureCV):
    """Robust multi-task feature learning, strength and ratio chosen by cross-validation.

    {selection}

    {identified}

    Parameters
    ----------
    {shared_ratios}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import RobustFeatureRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 6))
    >>> W = np.zeros((6, 5))
    >>> W[:2, :4] = 2.0
    >>> W[2:, 4] = 1.5
    >>> Y = X @ W + 0.5 * rng.normal(size=(100, 5))
    >>> model = RobustFeatureRegressorCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> int(np.linalg.norm(model.specific_coef_, axis=1).argmax())  # the fifth goes its own way
    4
    """


@documented
class RobustFeatureClassifierCV(BinaryOutcomes, _RobustFeatureCV):
    """Logistic robust multi-task feature learning, strength and ratio chosen by cross-validation.

    {selection}

    {identified}

    Parameters
    ----------
    {shared_ratios}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {cv_attributes}
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import RobustFeatureClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 6))
    >>> W = np.zeros((6, 5))
    >>> W[:2, :4] = 2.0
    >>> W[2:, 4] = 1.5
    >>> Y = X @ W + rng.logistic(size=(400, 5)) > 0
    >>> model = RobustFeatureClassifierCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> int(np.linalg.norm(model.specific_coef_, axis=1).argmax())  # the fifth goes its own way
    4
    """
