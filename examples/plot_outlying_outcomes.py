"""
Outcomes that do not belong
===========================

Ten outcomes follow two combinations of fifteen features, and two go their own way. A model of
low rank has to bend to take these in. ``RobustLowRankRegressor`` gives an outcome that does
not fit coefficients of its own, and names it.
"""

import numpy as np

from skmtl.inspection import CoefficientDisplay
from skmtl.linear_model import RobustLowRankRegressorCV, TraceNormRegressorCV

rng = np.random.default_rng(0)
effects = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 15))
outliers = np.isin(np.arange(12), [3, 8])
effects[outliers] = 1.5 * rng.normal(size=(2, 15))
X = rng.normal(size=(100, 15))
Y = X @ effects.T + 2 * rng.normal(size=(100, 12))

# %%
# To name outcomes the strength is chosen by the one-standard-error rule: the one that
# predicts best names too many.
robust = RobustLowRankRegressorCV(alphas=20, eps=0.01, rule="1se").fit(X, Y)
plain = TraceNormRegressorCV(alphas=20, eps=0.01, rule="1se").fit(X, Y)

# %%
# A star marks an outcome with a part of its own, which is in the last map.
CoefficientDisplay.from_estimator(robust).plot()

# %%
# **Finding.** The two that were planted stand out by far. The list of outcomes with any
# specific part has one name too many: look at the sizes before reading it as a verdict. The
# shared part needs fewer directions than a low-rank model of everything.
apart = np.linalg.norm(robust.specific_coef_, axis=1)
named = np.flatnonzero(robust.outlier_tasks_)
print(
    f"Planted: {np.flatnonzero(outliers)}. Named: {named}, "
    f"with specific parts of length {apart[named].round(2)}."
)
print(f"Rank of what is shared: {robust.rank_}; of the trace norm for all outcomes: {plain.rank_}.")
assert apart[outliers].min() > 5 * apart[~outliers].max()
assert len(named) == 3
assert robust.rank_ < plain.rank_
