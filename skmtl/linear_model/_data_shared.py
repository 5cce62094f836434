"""One sparse model for all outcomes plus sparse corrections."""

from __future__ import annotations

from typing import ClassVar

from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.linear_model._two_part import TwoPartModel, TwoPartModelCV, two_part_texts


class _DataSharedLasso(TwoPartModel):
    """A common sparse model plus L1."""

    _shared: ClassVar[str] = "common_l1"
    _specific: ClassVar[str] = "l1"
    _texts: ClassVar = two_part_texts(
        "Above T/(1 + T) there is no common model: one lasso per outcome.",
        model="""\
with β the common model (every column of P) and q_t what outcome t adds to it. For one outcome in several places: most
effects are the same everywhere, a few are not. Source: Gross and Tibshirani, Comput. Stat. Data Anal. 101:226-235,
2016.

Not for outcomes whose effects have different signs or units: they have no common model, use `DirtyRegressor`.""",
        peer="""\
In the paper's notation, with half the squared error summed, λ = n̄ alpha r and every r_g = (1 - r)/r.""",
    )


class _DataSharedLassoCV(TwoPartModelCV, _DataSharedLasso):
    """A common sparse model plus L1, chosen by cross-validation."""


@documented
class DataSharedLassoRegressor(MultiTaskRegressorMixin, _DataSharedLasso):
    """Data-shared lasso: one sparse model for all outcomes, and sparse corrections for each.

    {squared_objective}
            +  alpha min { r ‖β‖₁ + (1 - r) Σ_t ‖q_t‖₁ : w_t = β + q_t },

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
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DataSharedLassoRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 4))
    >>> site = np.repeat(["A", "B", "C"], 40)
    >>> y = X[:, 0] + 2.0 * X[:, 2] * (site == "C") + 0.5 * rng.normal(size=120)  # one effect is in C only
    >>> model = DataSharedLassoRegressor(alpha=0.5).fit(X, y, task=site)
    >>> model.shared_coef_[0] != 0
    array([ True, False, False, False])
    >>> model.specific_coef_ != 0
    array([[False, False, False, False],
           [False, False, False, False],
           [False, False,  True, False]])
    """


@documented
class DataSharedLassoClassifier(BinaryOutcomes, _DataSharedLasso):
    """Logistic data-shared lasso: one sparse model for all outcomes, and sparse corrections for each.

    {logistic_objective}
            +  alpha min { r ‖β‖₁ + (1 - r) Σ_t ‖q_t‖₁ : w_t = β + q_t },

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
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DataSharedLassoClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 4))
    >>> site = np.repeat(["A", "B", "C"], 200)
    >>> risk = 2.0 * X[:, 0] + 3.0 * X[:, 2] * (site == "C")  # one effect is in C only
    >>> died = risk + rng.logistic(size=600) > 0
    >>> model = DataSharedLassoClassifier(alpha=0.2).fit(X, died, task=site)
    >>> model.coef_ != 0
    array([[ True, False, False, False],
           [ True, False, False, False],
           [ True, False,  True, False]])
    """


@documented
class DataSharedLassoRegressorCV(MultiTaskRegressorMixin, _DataSharedLassoCV):
    """Data-shared lasso, strength and ratio chosen by cross-validation.

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
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DataSharedLassoRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 4))
    >>> site = np.repeat(["A", "B", "C"], 40)
    >>> y = X[:, 0] + 2.0 * X[:, 2] * (site == "C") + 0.5 * rng.normal(size=120)
    >>> model = DataSharedLassoRegressorCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, y, task=site)
    >>> np.abs(model.coef_) > 0.5
    array([[ True, False, False, False],
           [ True, False, False, False],
           [ True, False,  True, False]])
    """


@documented
class DataSharedLassoClassifierCV(BinaryOutcomes, _DataSharedLassoCV):
    """Logistic data-shared lasso, strength and ratio chosen by cross-validation.

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
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DataSharedLassoClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 4))
    >>> site = np.repeat(["A", "B", "C"], 200)
    >>> risk = 2.0 * X[:, 0] + 3.0 * X[:, 2] * (site == "C")
    >>> died = risk + rng.logistic(size=600) > 0
    >>> model = DataSharedLassoClassifierCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, died, task=site)
    >>> np.abs(model.coef_) > 0.5
    array([[ True, False, False, False],
           [ True, False, False, False],
           [ True, False,  True, False]])
    """
