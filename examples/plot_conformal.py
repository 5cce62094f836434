"""
Intervals that hold, outcome by outcome
=======================================

A regression says nothing of its own error. ``MultiTaskConformal`` puts intervals round any
model, calibrated for each outcome on the entries that were observed. Here six blood tests of
the diabetes patients in their own units, a third of the results missing.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from skmtl.calibration import MultiTaskConformal
from skmtl.linear_model import MultiTaskLassoCV
from skmtl.model_selection import multitask_train_test_split

table = load_diabetes(as_frame=True, scaled=False).data
X = table[["age", "sex", "bmi", "bp"]]
X = (X - X.mean()) / X.std()
Y = table[["s1", "s2", "s3", "s4", "s5", "s6"]].set_axis(
    ["TC", "LDL", "HDL", "TC/HDL", "log TG", "glucose"], axis=1
)

# %%
# Half of the patients are for fitting and calibration, the others say how often their results
# are inside. A split is one draw: there are ten.
covered, widths = [], []
for seed in range(10):
    X_train, X_test, Y_train, Y_test = multitask_train_test_split(
        X, Y, test_size=0.5, random_state=seed
    )
    Y_train = Y_train.mask(np.random.default_rng(seed).random(Y_train.shape) < 1 / 3)
    lasso = MultiTaskLassoCV(alphas=10, eps=0.01, scale_targets=True)
    model = MultiTaskConformal(lasso, random_state=seed).fit(X_train, Y_train)
    lower, upper = model.predict_interval(X_test, coverage=0.9)
    covered.append(((lower <= Y_test) & (Y_test <= upper)).mean())
    widths.append(pd.Series((upper - lower).mean(axis=0), Y.columns))
covered, widths = 100 * pd.DataFrame(covered), pd.DataFrame(widths)

# %%
# A single split is off by a few percent, since its test part is a sample too.
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.axvline(90, color="0.3", linewidth=1, label="asked for")
for place, name in enumerate(Y):
    ax.plot(
        covered[name],
        np.full(10, place),
        "o",
        color="C0",
        alpha=0.4,
        label="a split" if place == 0 else None,
    )
    ax.plot(covered[name].mean(), place, "D", color="k", label="mean" if place == 0 else None)
ax.set(yticks=range(6), yticklabels=Y.columns, xlabel="new patients inside the 90% interval (%)")
ax.invert_yaxis()
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))

# %%
# **Finding.** Each outcome is covered about as often as was asked, on average over the
# splits, and each has intervals of the width that it needs, in its own units.
summary = pd.DataFrame(
    {
        "covered (%)": covered.mean().round(1),
        "width": widths.mean().round(2),
        "sd": Y.std().round(2),
    }
)
print(summary.to_string())
assert (np.abs(covered.mean() - 90) < 2.5).all()
