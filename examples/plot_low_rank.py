"""
Many outcomes, few directions: the lower half of a digit
========================================================

The 32 pixels of the lower half of a handwritten digit are predicted from those of the upper
half. There are 150 digits to learn from, but only one pixel in five of their lower halves was
observed. Each of 32 outcomes has 32 coefficients and some 30 observations; but digits do not
vary in 32 independent ways. The trace norm makes the rank of the coefficients small.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split

from skmtl.linear_model import TraceNormRegressorCV
from skmtl.multioutput import IndependentTasks

images, digit = load_digits(return_X_y=True)
upper, lower = images[:, :32] / 16, images[:, 32:] / 16
X, X_test, Y, Y_test, _, digit_test = train_test_split(
    upper, lower, digit, train_size=150, random_state=0
)
complete = Y.copy()
Y[np.random.default_rng(0).random(Y.shape) < 0.8] = np.nan

# %%
# One ridge regression per pixel, each with a strength of its own, against one model of low
# rank.
models = {
    "one ridge\nper pixel": IndependentTasks(RidgeCV(np.logspace(-3, 3, 25))),
    "trace norm": TraceNormRegressorCV(alphas=20, eps=0.01),
}
predicted = {name: model.fit(X, Y).predict(X_test) for name, model in models.items()}
ridge, trace = (float(np.mean((Y_test - guess) ** 2)) for guess in predicted.values())
mean = float(np.mean((Y_test - np.nanmean(Y, axis=0)) ** 2))

# %%
# New digits, one of each; their upper halves are given.
shown = [np.flatnonzero(digit_test == k)[0] for k in range(10)]
fig, axes = plt.subplots(3, 10, figsize=(8, 3), layout="constrained")
for line, (name, guess) in zip(axes, {"truth": Y_test, **predicted}.items(), strict=True):
    for ax, row in zip(line, shown, strict=True):
        ax.imshow(np.r_[X_test[row], guess[row]].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.axhline(3.5, color="C3", linewidth=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(
        name, rotation="horizontal", horizontalalignment="right", verticalalignment="center"
    )

# %%
# **Finding.** Where every pixel is seen in every fifth image only, separate models are worse
# than the mean image. A model of low rank, in which pixels share what they have, is better
# than both. With every pixel observed the difference is gone: sharing pays where single
# outcomes are short of data.
rank = models["trace norm"].rank_
full = {
    name: np.mean((Y_test - model.fit(X, complete).predict(X_test)) ** 2)
    for name, model in models.items()
}
print(
    f"Mean squared error: {mean:.4f} mean image, {ridge:.4f} ridge per pixel, "
    f"{trace:.4f} trace norm, rank {rank}."
)
print("With nothing missing: {:.4f} one ridge per pixel, {:.4f} trace norm.".format(*full.values()))
assert trace < 0.9 * mean < mean < ridge
assert rank < 16
ratio = full["trace norm"] / full["one ridge\nper pixel"]
assert 0.95 < ratio < 1.05
