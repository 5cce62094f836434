"""Coefficients of low rank plus a part that is sparse or belongs to few outcomes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from skmtl._typing import Array
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.linear_model._trace_norm import rank
from skmtl.linear_model._two_part import TwoPartModel, TwoPartModelCV, two_part_texts
from skmtl.penalties import Penalty

_RANK = """\
rank_ : int
    Rank of the shared part: singular values above 1e-6 of the largest, every outcome's coefficients at length one."""


class _SparseLowRank(TwoPartModel):
    """Low rank plus single entries."""

    _shared: ClassVar[str] = "trace_norm"
    _specific: ClassVar[str] = "l1"
    _texts: ClassVar = two_part_texts(
        "Below 1/2 Q = 0: the trace norm alone. Above √(pT)/(1 + √(pT)) P = 0: one lasso per outcome.",
        model="""\
with ‖P‖_* the sum of the singular values. All outcomes share a few combinations of features, and single effects are
added to them. Source: Chen, Liu and Ye, Learning incoherent sparse and low-rank patterns from multiple tasks,
KDD 2010; they bound ‖P‖_* and penalise Q.

Not for two or three outcomes, nor where the shared part is itself a selection of features: `DirtyRegressor`.""",
        peer="""\
MALSAR's ``Least_SparseTrace`` on n complete rows is the same at ``gamma = 2 * n * alpha * (1 - r)`` and the ``tau``
that is ‖P‖_* here, without intercepts.""",
        found=_RANK,
    )

    def _describe(self, penalty: Penalty, W: Array) -> None:
        self.rank_ = rank(np.split(W, 2)[0])


class _SparseLowRankCV(TwoPartModelCV, _SparseLowRank):
    """Low rank plus single entries, chosen by cross-validation."""


class _RobustLowRank(TwoPartModel):
    """Low rank plus outlying outcomes."""

    _shared: ClassVar[str] = "trace_norm"
    _specific: ClassVar[str] = "task_group_lasso"
    _texts: ClassVar = two_part_texts(
        "Below 1/2 Q = 0: the trace norm alone. Above √T/(1 + √T) P = 0: outcomes have nothing in common.",
        model="""\
with ‖P‖_* the sum of the singular values and q_t the columns of Q: most outcomes share a few combinations of features,
some go their own way and do not spoil it. Source: Chen, Zhou and Ye, Integrating low-rank and group-sparse structures
for robust multi-task learning, KDD 2011.

Not for robustness against outlying rows: an outlier here is an outcome. One with few rows cannot be told from one
that follows.""",
        peer="""\
MALSAR's ``Least_RMTL`` on n complete rows is the same at ``rho1 = 2 * n * alpha * r``,
``rho2 = 2 * n * alpha * (1 - r)``, without intercepts.""",
        found=f"""\
{_RANK}
outlier_tasks_ : ndarray of bool of shape (T,)
    Outcomes with a specific coefficient that is not zero. The strength that predicts best marks too many of them:
    choose it by ``rule="1se"`` where they are to be named.""",
    )

    def _describe(self, penalty: Penalty, W: Array) -> None:
        shared, specific = np.split(W, 2)
        self.rank_ = rank(shared)
        self.outlier_tasks_ = (specific != 0).any(axis=0)


class _RobustLowRankCV(TwoPartModelCV, _RobustLowRank):
    """Low rank plus outlying outcomes, chosen by cross-validation."""


@documented
class SparseLowRankRegressor(MultiTaskRegressorMixin, _SparseLowRank):
    """Regression of several outcomes with coefficients of low rank plus single entries.

    {squared_objective}
            +  alpha min { r ‖P‖_* + (1 - r) ‖Q‖₁ : P + Q = W },

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
    >>> from skmtl.linear_model import SparseLowRankRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 8))
    >>> W = np.outer(rng.normal(size=8), rng.normal(size=6))  # one combination of features for all six outcomes
    >>> W[2, 3] += 4.0  # and one effect of its own
    >>> Y = X @ W + 0.5 * rng.normal(size=(200, 6))
    >>> model = SparseLowRankRegressor(alpha=0.8, shared_ratio=0.6).fit(X, Y)
    >>> model.rank_, np.argwhere(model.specific_coef_).tolist()  # outcome 3, feature 2
    (1, [[3, 2]])
    """


@documented
class SparseLowRankClassifier(BinaryOutcomes, _SparseLowRank):
    """Logistic regression of several binary outcomes with coefficients of low rank plus single entries.

    {logistic_objective}
            +  alpha min { r ‖P‖_* + (1 - r) ‖Q‖₁ : P + Q = W },

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
    >>> from skmtl.linear_model import SparseLowRankClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 6))
    >>> W = np.outer(np.ones(6), [1.0, -1.0, 1.0, 1.0, -1.0])
    >>> W[2, 3] += 4.0
    >>> Y = X @ W + rng.logistic(size=(600, 5)) > 0
    >>> model = SparseLowRankClassifier(alpha=0.15).fit(X, Y)
    >>> model.rank_, np.argwhere(model.specific_coef_).tolist()  # outcome 3, feature 2
    (1, [[3, 2]])
    """


@documented
class SparseLowRankRegressorCV(MultiTaskRegressorMixin, _SparseLowRankCV):
    """Regression with coefficients of low rank plus single entries, strength and ratio by cross-validation.

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
    >>> from skmtl.linear_model import SparseLowRankRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 8))
    >>> W = np.outer(rng.normal(size=8), rng.normal(size=6))
    >>> W[2, 3] += 4.0
    >>> Y = X @ W + 0.5 * rng.normal(size=(200, 6))
    >>> model = SparseLowRankRegressorCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> divmod(int(np.abs(model.specific_coef_).argmax()), 8)  # outcome 3, feature 2
    (3, 2)
    """


@documented
class SparseLowRankClassifierCV(BinaryOutcomes, _SparseLowRankCV):
    """Logistic regression with coefficients of low rank plus single entries, strength and ratio by cross-validation.

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
    >>> from skmtl.linear_model import SparseLowRankClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 6))
    >>> W = np.outer(np.ones(6), [1.0, -1.0, 1.0, 1.0, -1.0])
    >>> W[2, 3] += 4.0
    >>> Y = X @ W + rng.logistic(size=(600, 5)) > 0
    >>> model = SparseLowRankClassifierCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> divmod(int(np.abs(model.specific_coef_).argmax()), 6)  # outcome 3, feature 2
    (3, 2)
    """


@documented
class RobustLowRankRegressor(MultiTaskRegressorMixin, _RobustLowRank):
    """Robust multi-task learning: coefficients of low rank, outlying outcomes let go.

    {squared_objective}
            +  alpha min { r ‖P‖_* + (1 - r) Σ_t ‖q_t‖₂ : P + Q = W },

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
    >>> from skmtl.linear_model import RobustLowRankRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 8))
    >>> W = np.outer(rng.normal(size=8), [1.0, -1.0, 1.5, 1.0, -1.5, 0.0])  # one combination for five outcomes
    >>> W[:, 5] = rng.normal(size=8)  # the sixth goes its own way
    >>> Y = X @ W + 0.5 * rng.normal(size=(100, 6))
    >>> model = RobustLowRankRegressor(alpha=0.8).fit(X, Y)
    >>> model.outlier_tasks_
    array([False, False, False, False, False,  True])
    """


@documented
class RobustLowRankClassifier(BinaryOutcomes, _RobustLowRank):
    """Logistic regression with coefficients of low rank and outlying outcomes let go.

    {logistic_objective}
            +  alpha min { r ‖P‖_* + (1 - r) Σ_t ‖q_t‖₂ : P + Q = W },

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
    >>> from skmtl.linear_model import RobustLowRankClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 6))
    >>> W = np.outer([1.0, 1.0, 1.0, -1.0, -1.0, -1.0], [1.0, -1.0, 1.0, 1.0, -1.0, 0.0])
    >>> W[:, 5] = [2.0, -1.0, -1.0, 1.0, -2.0, 1.0]  # the sixth goes its own way
    >>> Y = X @ W + rng.logistic(size=(500, 6)) > 0
    >>> RobustLowRankClassifier(alpha=0.2).fit(X, Y).outlier_tasks_
    array([False, False, False, False, False,  True])
    """


@documented
class RobustLowRankRegressorCV(MultiTaskRegressorMixin, _RobustLowRankCV):
    """Robust multi-task learning, strength and ratio chosen by cross-validation.

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
    >>> from skmtl.linear_model import RobustLowRankRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 8))
    >>> W = np.outer(rng.normal(size=8), [1.0, -1.0, 1.5, 1.0, -1.5, 0.0])
    >>> W[:, 5] = rng.normal(size=8)
    >>> Y = X @ W + 0.5 * rng.normal(size=(100, 6))
    >>> model = RobustLowRankRegressorCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> model.outlier_tasks_
    array([False, False, False, False, False,  True])
    """


@documented
class RobustLowRankClassifierCV(BinaryOutcomes, _RobustLowRankCV):
    """Logistic robust multi-task learning, strength and ratio chosen by cross-validation.

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
    >>> from skmtl.linear_model import RobustLowRankClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 6))
    >>> W = np.outer([1.0, 1.0, 1.0, -1.0, -1.0, -1.0], [1.0, -1.0, 1.0, 1.0, -1.0, 0.0])
    >>> W[:, 5] = [2.0, -1.0, -1.0, 1.0, -2.0, 1.0]
    >>> Y = X @ W + rng.logistic(size=(500, 6)) > 0
    >>> model = RobustLowRankClassifierCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> int(np.linalg.norm(model.specific_coef_, axis=1).argmax())  # the sixth goes its own way
    5
    """
