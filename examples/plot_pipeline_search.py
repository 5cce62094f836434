"""
Task ids through a pipeline and a search
========================================

Ten schools with 8 to 40 pupils, one outcome: the task of a row is its school. With scikit-
learn's metadata routing the ids go through ``Pipeline`` and ``GridSearchCV`` to the estimator
and the scorer, and the search can say how much the schools should share.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.linear_model import MeanRegularizedRidge
from skmtl.metrics import make_multitask_scorer
from skmtl.model_selection import MultiTaskKFold

rng = np.random.default_rng(0)
school = np.repeat([f"school {k}" for k in range(10)], rng.integers(8, 40, size=10))
number = np.unique(school, return_inverse=True)[1]
effects = [0.5, 1.0, -0.8, 0.0, 0.3] + 0.25 * rng.normal(size=(10, 5))
X = 50 + 10 * rng.normal(size=(len(school), 5))
y = (
    ((X - 50) / 10 * effects[number]).sum(axis=1)
    + rng.normal(size=10)[number]
    + rng.normal(size=len(school))
)

# %%
# Who wants the ids has to say so. The folds keep every school in the training part. The score
# is a squared error: a test part has a few pupils of each school, too few for an R² per
# school.
with sklearn.config_context(enable_metadata_routing=True):
    ridge = (
        MeanRegularizedRidge(share_intercept=True)
        .set_fit_request(task=True)
        .set_predict_request(task=True)
    )
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ridge),
        {
            "meanregularizedridge__alpha": np.logspace(-3, 2, 16),
            "meanregularizedridge__sharing": [0.0, 0.5, 0.9, 1.0],
        },
        scoring=make_multitask_scorer("neg_mean_squared_error"),
        cv=MultiTaskKFold(5, shuffle=True, random_state=0),
    ).fit(X, y, task=school)
    predicted = search.best_estimator_.predict(X[:3], task=school[:3])
print("First pupils:", y[:3].round(1), "predicted:", predicted.round(1))

# %%
# The error of every strength, for four amounts of sharing.
results = pd.DataFrame(search.cv_results_).rename(
    columns=lambda name: name.removeprefix("param_meanregularizedridge__")
)
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (sharing, rows), style in zip(
    results.groupby("sharing"), ["o:", "s-.", "^--", "v-"], strict=True
):
    ax.plot(rows["alpha"], -rows["mean_test_score"], style, label=f"sharing = {sharing:g}")
ax.set(xscale="log", xlabel="alpha", ylabel="mean squared error, five folds")
ax.legend()

# %%
# **Finding.** Some sharing is better than none, and there is more to lose by not sharing the
# stronger the penalty is.
best = -results.groupby("sharing")["mean_test_score"].max()
print("Least error by sharing:", best.round(3).to_dict())
print(
    "Chosen:",
    {name.split("__")[1]: round(float(value), 3) for name, value in search.best_params_.items()},
)
assert best.idxmin() >= 0.5
assert best.min() < 0.97 * best[0.0]
