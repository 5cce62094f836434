"""
Curves measured in different places
===================================

Two signals follow one another. The first is cheap and measured throughout; the second is
dear, and there is nothing of it in the right half. A Gaussian process with a learned
covariance between outcomes uses the first to say where the second is, and how sure it is.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.inspection import GaussianProcessDisplay

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 10, size=60))[:, None]


def truth(x):
    """The two signals: the second is the first, turned round and with a part of its own."""
    first = np.sin(x) + 0.5 * np.sin(2.3 * x)
    return np.hstack([first, 2 - 1.5 * first + 0.3 * np.cos(0.7 * x)])


Y = truth(x) + 0.15 * rng.normal(size=(60, 2))
Y[(x[:, 0] > 5) | (rng.random(60) < 0.4), 1] = np.nan
Y[rng.random(60) < 0.3, 0] = np.nan

# %%
# ``rank=0`` is the same model without covariance between the outcomes: they share the kernel
# and nothing else.
joint = MultiTaskGPRegressor().fit(x, Y)
apart = MultiTaskGPRegressor(rank=0).fit(x, Y)

# %%
# Bands of 50% and 95% for the noise-free signal, dotted the truth; above each signal by
# itself, below with what the two have in common.
grid = np.linspace(x.min(), x.max(), 200)[:, None]
fig, axes = plt.subplots(2, 2, figsize=(8, 5), layout="constrained", sharex=True, sharey="col")
titles = {"by itself": apart, "with their covariance": joint}
for row, (title, model) in zip(axes, titles.items(), strict=True):
    GaussianProcessDisplay.from_estimator(model, x, Y).plot(ax=row)
    for signal, ax in enumerate(row):
        ax.plot(grid, truth(grid)[:, signal], "k:")
        ax.set(title=f"signal {signal + 1}, {title}", xlabel="")

# %%
# **Finding.** Where the second signal was never measured, the first one stands in for it.
right = grid[:, 0] > 5
found = {}
for name, model in [("by itself", apart), ("with the first", joint)]:
    mean, deviation = model.predict(grid[right], return_std=True)
    found[name] = np.abs(mean - truth(grid[right]))[:, 1].mean(), deviation[:, 1].mean()
    error, spread = found[name]
    print(f"Second signal, right half, {name}: mean error {error:.2f}, deviation {spread:.2f}.")
print(f"Correlation learned: {joint.task_correlation_[0, 1]:.2f}.")
assert found["with the first"][0] < 0.5 * found["by itself"][0]
assert joint.task_correlation_[0, 1] < -0.9
assert found["with the first"][1] < 0.5 * found["by itself"][1]
