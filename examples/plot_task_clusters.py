"""
Groups of outcomes, found by the fit
====================================

Twelve outcomes come from three mechanisms, four from each, in mixed order, and nobody has
told the model which. With 40 patients and 20 features no outcome has enough data of its own.
``ClusteredTasksRegressor`` learns the groups with the coefficients.
"""

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import adjusted_rand_score

from skmtl.inspection import TaskRelationDisplay
from skmtl.linear_model import ClusteredTasksRegressorCV
from skmtl.multioutput import IndependentTasks

rng = np.random.default_rng(0)
mechanism = rng.permutation(np.repeat([0, 1, 2], 4))
effects = rng.normal(size=(3, 20))[mechanism] * rng.uniform(0.6, 1.2, size=(12, 1))
X = rng.normal(size=(40, 20))
Y = X @ effects.T + 3 * rng.normal(size=(40, 12))

# %%
# The number of groups is given; the strength is chosen by cross-validation.
model = ClusteredTasksRegressorCV(n_clusters=3).fit(X, Y)
alone = IndependentTasks(RidgeCV(np.logspace(-2, 3, 20))).fit(X, Y)

# %%
# The relation of outcomes that was learned, with like ones side by side.
TaskRelationDisplay.from_estimator(model).plot()

# %%
# **Finding.** The groups are the mechanisms, without an error, and coefficients learned in
# groups are much nearer to the truth than those learned alone.
agreement = adjusted_rand_score(mechanism, model.task_clusters_)
own = np.array([ridge.coef_ for ridge in alone.estimators_])
errors = [
    np.mean(np.sum((coefficients - effects) ** 2, axis=1)) for coefficients in (own, model.coef_)
]
print(f"Agreement of the groups with the mechanisms (adjusted Rand index): {agreement:.2f}.")
print(
    f"Squared distance from the true coefficients: {errors[0]:.1f} alone, "
    f"{errors[1]:.1f} in groups."
)
assert agreement == 1.0
assert errors[1] < 0.8 * errors[0]
