"""
One outcome in several hospitals, and a new one
===============================================

Twelve hospitals of very different size measure the same outcome (``fit(X, y,
task=hospital)``). Effects are alike but not equal. Three ways of fitting: one model each, one
for all, and coefficients pulled towards their mean. Then a hospital that was not there brings
five patients.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import RidgeCV

from skmtl.linear_model import MeanRegularizedRidgeCV
from skmtl.metrics import root_mean_squared_error
from skmtl.model_selection import LeaveOneTaskOut
from skmtl.multioutput import IndependentTasks, PooledTasks

rng = np.random.default_rng(0)
sizes = np.array([8, 10, 12, 15, 20, 25, 30, 40, 60, 90, 150, 300])
common = rng.normal(size=8)
effects = common + 0.35 * rng.normal(size=(12, 8))
levels = rng.normal(size=12)


def draw(sizes):
    """Patients of every hospital: features, outcome, hospital."""
    hospital = np.repeat(np.arange(12), sizes)
    X = rng.normal(size=(len(hospital), 8))
    y = (X * effects[hospital]).sum(axis=1) + levels[hospital] + rng.normal(size=len(hospital))
    return X, y, hospital


X, y, hospital = draw(sizes)
X_new, y_new, hospital_new = draw(np.full(12, 1000))

# %%
# Error on 1000 new patients of each hospital, against the number it was trained on.
models = {
    "one model each": IndependentTasks(RidgeCV(np.logspace(-2, 3, 20))),
    "one model for all": PooledTasks(RidgeCV(np.logspace(-2, 3, 20))),
    "pulled to the mean": MeanRegularizedRidgeCV(share_intercept=True, alphas=15),
}
errors = {}
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, model), style in zip(models.items(), ["s--", "v:", "o-"], strict=True):
    predicted = model.fit(X, y, task=hospital).predict(X_new, task=hospital_new)
    errors[name] = root_mean_squared_error(
        y_new, predicted, task=hospital_new, multioutput="raw_values"
    )
    ax.plot(sizes, errors[name], style, label=name)
ax.axhline(1, color="0.5", linewidth=1)
ax.set(
    xscale="log",
    xlabel="patients in the training data",
    ylabel="RMSE on new patients (noise: 1)",
    ylim=(0.9, None),
)
ax.set_xticks(sizes[::2], [str(size) for size in sizes[::2]], minor=False)
ax.minorticks_off()
ax.legend()

# %%
# A hospital that was not there: each of the twelve in turn is left out, the others are
# fitted, and then five of its patients are shown to ``adapt``, which refits nothing else.
ridge = models["pulled to the mean"]
cold, adapted, alone = [], [], []
for train, left_out in LeaveOneTaskOut().split(X, y, task=hospital):
    name = int(hospital[left_out][0])
    model = clone(ridge).fit(X[train], y[train], task=hospital[train])
    five, test = left_out[:5], hospital_new == name
    own = RidgeCV(np.logspace(-2, 3, 20)).fit(X[five], y[five])
    cold.append(
        y_new[test] - model.predict(X_new[test], task=hospital_new[test], on_unknown="prior")
    )
    model = model.adapt(X[five], y[five], task=name)
    adapted.append(y_new[test] - model.predict(X_new[test], task=hospital_new[test]))
    alone.append(y_new[test] - own.predict(X_new[test]))

# %%
# **Finding.** Models pulled to their mean are best for small hospitals and lose nothing at
# large ones; five patients of a new hospital improve on the common model, and would make a
# poor model by themselves.
small, large = sizes <= 30, sizes >= 90
table = pd.DataFrame(errors).T
table = pd.DataFrame(
    {
        "up to 30 patients": table.loc[:, small].mean(axis=1),
        "from 90 on": table.loc[:, large].mean(axis=1),
    }
)
cold, adapted, alone = (np.sqrt(np.mean(np.square(e))) for e in (cold, adapted, alone))
print("RMSE on new patients, mean over hospitals:")
print(table.round(2).to_string())
print(
    f"A new hospital: {cold:.2f} before, {adapted:.2f} after five patients; "
    f"{alone:.2f} from these alone."
)
assert table["up to 30 patients"].idxmin() == "pulled to the mean"
assert (
    table.loc["pulled to the mean", "from 90 on"] < table.loc["one model each", "from 90 on"] + 0.02
)
assert adapted < cold < alone
