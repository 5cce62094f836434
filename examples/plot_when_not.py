"""
When sharing does not help
==========================

Two tables on which no gain is to be expected. In the first the outcomes have nothing in
common; in the second they are related, and there are so many rows that each outcome knows its
coefficients well enough by itself. A comparison has to say so.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV

from skmtl.linear_model import MeanRegularizedRidgeCV
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks, PooledTasks

rng = np.random.default_rng(0)
common = rng.normal(size=(10, 1))
settings = {
    "unrelated, 80 rows": (80, rng.normal(size=(10, 5))),
    "related, 80 rows": (80, common + 0.2 * rng.normal(size=(10, 5))),
    "related, 3000 rows": (3000, common + 0.2 * rng.normal(size=(10, 5))),
}

# %%
# The model that pulls coefficients to their mean chooses by itself how much to share; pooling
# always shares everything.
strengths = np.logspace(-3, 4, 30)
models = {
    "independent": IndependentTasks(RidgeCV(strengths)),
    "pulled to the mean": MeanRegularizedRidgeCV(alphas=15),
    "pooled": PooledTasks(RidgeCV(strengths)),
}
overall = {}
for name, (n, effects) in settings.items():
    X = rng.normal(size=(n, 10))
    Y = pd.DataFrame(X @ effects + 3 * rng.normal(size=(n, 5))).add_prefix("outcome ")
    overall[name] = (
        compare(X, Y, models, random_state=0)
        .overall()
        .set_index("estimator")
        .astype({"gain": float})
    )

# %%
# Loss saved against independent models, mean of five outcomes, with its 95% interval.
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
for shift, model, style in [(-0.12, "pulled to the mean", "o"), (0.12, "pooled", "s")]:
    gain, low, high = (
        np.array([float(frame.loc[model, c]) for frame in overall.values()])
        for c in ["gain", "low", "high"]
    )
    ax.errorbar(
        gain,
        np.arange(3) + shift,
        xerr=[gain - low, high - gain],
        fmt=style,
        capsize=3,
        label=model,
    )
ax.axvline(0, color="0.3", linewidth=1)
ax.set(yticks=range(3), yticklabels=overall, xlabel="loss saved against independent models (%)")
ax.invert_yaxis()
ax.legend()

# %%
# **Finding.** Unrelated outcomes gain nothing, and related ones with 3000 rows next to
# nothing; there separate models are as good and simpler. Pooling does harm in both. Only
# related outcomes with few rows gain.
for name, frame in overall.items():
    row, pooled = frame.loc["pulled to the mean"], frame.loc["pooled"]
    print(
        f"{name}: {row['gain']:+.1f}% ({row['verdict']}) pulled to the mean, "
        f"{pooled['gain']:+.1f}% pooled"
    )
gains = [frame.loc["pulled to the mean", "gain"] for frame in overall.values()]
verdicts = [frame.loc["pulled to the mean", "verdict"] for frame in overall.values()]
assert verdicts == ["no evidence", "helped", "no evidence"]
assert abs(gains[2]) < 0.5 < gains[1]
assert overall["unrelated, 80 rows"].loc["pooled", "verdict"] == "hurt"
assert overall["related, 3000 rows"].loc["pooled", "verdict"] == "hurt"
