"""
A guard against harm: keep sharing where it helps
=================================================

Six outcomes go up with the same combination of twelve features, and a seventh goes down with
it. A model pooled over all of them takes the seventh for noise. ``TransferGuard`` decides
outcome by outcome, from losses on left-out rows, whether to share, and may leave out an
outcome that hurts the others.
"""

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV

from skmtl.inspection import TaskScoreDisplay
from skmtl.metrics import mean_squared_error
from skmtl.multioutput import IndependentTasks, PooledTasks, TransferGuard

rng = np.random.default_rng(0)
direction = rng.normal(size=12)
names = [f"outcome {k}" for k in range(1, 7)] + ["outlier"]


def draw(n):
    """Features of n patients and their outcomes: one direction, and noise of variance 16."""
    X = rng.normal(size=(n, 12))
    Y = (X @ direction)[:, None] * [1, 1, 1, 1, 1, 1, -1] + 4 * rng.normal(size=(n, 7))
    return X, pd.DataFrame(Y, columns=names)


X, Y = draw(60)
X_new, Y_new = draw(5000)

# %%
# The guard is given the model that shares and the one to fall back to.
strengths = np.logspace(-1, 3, 20)
independent, pooled = IndependentTasks(RidgeCV(strengths)), PooledTasks(RidgeCV(strengths))
guard = TransferGuard({"pooled": pooled}, independent=independent, random_state=0).fit(X, Y)
print(guard.decisions_[["outcome", "chosen"]].to_string(index=False))
print(guard.decisions_["reason"].iloc[-1])

# %%
# How the three do on 5000 new patients.
predicted = {
    "independent": independent.fit(X, Y).predict(X_new),
    "pooled": pooled.fit(X, Y).predict(X_new),
    "guard": guard.predict(X_new),
}
TaskScoreDisplay.from_predictions(Y_new, predicted, metric="r2", order="table").plot()

# %%
# **Finding.** Pooling does great harm to one outcome. The guard keeps that one apart, and
# without it the pooled model is better for the others. An outcome whose gain is not proven
# keeps its own model, which costs a little.
errors = pd.DataFrame(
    {
        name: mean_squared_error(Y_new, values, multioutput="raw_values")
        for name, values in predicted.items()
    },
    index=names,
)
worst, mean = errors.loc["outlier"], errors.mean()
print(errors.round(1).to_string())
print(
    f"The outlier has {worst['pooled'] / worst['independent']:.1f} times the error if it is pooled."
)
print("Mean of the seven:", mean.round(1).to_dict())
assert guard.chosen_[-1] == "independent"
assert (guard.chosen_[:6] == "pooled").sum() >= 4
assert worst["pooled"] > 1.5 * worst["independent"]
assert mean["guard"] < min(mean["independent"], mean["pooled"])
