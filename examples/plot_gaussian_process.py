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
# Bands of two standard deviations, in the noise-free signal.
grid = np.linspace(0, 10, 200)[:, None]
fig, axes = plt.subplots(2, 2, figsize=(8, 5), layout="constrained", sharex=True, sharey="row")
for column, (model, title) in enumerate([(apart, "each by itself"), (joint, "with their covariance")]):
    mean, deviation = model.predict(grid, return_std=True)
    for outcome, ax in enumerate(axes[:, column]):
        ax.plot(grid, truth(grid)[:, outcome], "k:", label="truth")
        ax.plot(x, Y[:, outcome], "o", markersize=3, color="0.4", label="measured")
        ax.plot(grid, mean[:, outcome], color="C0", label="predicted")
        band = mean[:, outcome] + 2 * deviation[:, outcome] * np.array([[-1], [1]])
        ax.fill_between(grid[:, 0], *band, color="C0", alpha=0.2)
        ax.set_ylabel(f"signal {outcome + 1}")
    axes[0, column].set_title(title)
axes[0, 1].legend(fontsize="small")

# %%
# **Finding.** Where the second signal was never measured, the first one stands in for it.
right = grid[:, 0] > 5
found = {}
for name, model in [("by itself", apart), ("with the first", joint)]:
    mean, deviation = model.predict(grid[right], return_std=True)
    found[name] = np.abs(mean - truth(grid[right]))[:, 1].mean(), deviation[:, 1].mean()
    print(f"Second signal, right half, {name}: mean error {found[name][0]:.2f}, mean deviation {found[name][1]:.2f}.")
print(f"Correlation learned: {joint.task_correlation_[0, 1]:.2f}.")
assert found["with the first"][0] < 0.5 * found["by itself"][0]
assert joint.task_correlation_[0, 1] < -0.9
assert found["with the first"][1] < 0.5 * found["by itself"][1]
