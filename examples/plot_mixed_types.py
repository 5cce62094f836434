"""
Measured, yes/no and counted outcomes in one fit
================================================

Blood pressure, admission and the number of falls of 100 patients depend on the same three of
40 features. ``MultiTaskGLM`` gives each outcome its own loss, and lets all of them choose the
features together.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmtl.linear_model import MultiTaskGLMCV

losses = {"pressure": "squared", "admitted": "logistic", "falls": "poisson"}
effects = np.zeros((40, 3))
effects[:3] = [[6.0, 0.9, 0.35], [-5.0, 0.8, -0.3], [5.0, -0.8, 0.3]]


def draw(rng, n):
    """Draw n patients: three features act on every outcome, 37 on none."""
    X = rng.normal(size=(n, 40))
    eta = X @ effects
    pressure = 130 + eta[:, 0] + 12 * rng.normal(size=n)
    admitted = rng.logistic(size=n) < eta[:, 1]
    return X, np.column_stack([pressure, admitted, rng.poisson(np.exp(eta[:, 2]))]).astype(float)


# %%
# Ten tables of 100 patients. ``task_weight="deviance"`` makes the three losses comparable.
# One column at a time, the same class fits the separate models. Both find coefficients, whose
# correlation with the truth says how well they rank new patients.
quality = np.empty((10, 3, 2))
selected = np.empty((10, 3, 2, 40), dtype=bool)
for k in range(10):
    X, Y = draw(np.random.default_rng(k), 100)
    joint = MultiTaskGLMCV(
        list(losses.values()), alphas=20, scale_targets=True, task_weight="deviance"
    ).fit(X, Y)
    for t, loss in enumerate(losses.values()):
        alone = MultiTaskGLMCV(loss, alphas=20, scale_targets=True).fit(X, Y[:, t])
        for way, w in enumerate([np.ravel(alone.coef_), joint.coef_[t]]):
            selected[k, t, way] = w != 0
            length = np.linalg.norm(w) * np.linalg.norm(effects[:, t])
            quality[k, t, way] = w @ effects[:, t] / length if length else 0.0

# %%
# A line is a table; it goes up where the joint fit is better.
fig, axes = plt.subplots(1, 3, figsize=(8, 3.6), layout="constrained", sharey=True)
for t, (ax, (name, loss)) in enumerate(zip(axes, losses.items(), strict=True)):
    ax.plot([0, 1], quality[:, t].T, "-", color="0.75", linewidth=1)
    ax.plot([0, 1], quality[:, t].mean(axis=0), "o-", color="C0", linewidth=2, label="mean")
    ax.set(
        title=f"{name} ({loss})",
        xticks=[0, 1],
        xticklabels=["alone", "joint"],
        xlim=(-0.3, 1.3),
    )
axes[0].set_ylabel("correlation with the true score")
axes[0].legend(loc="lower right")

# %%
# **Finding.** The outcomes help each other across types; those that say least of the
# coefficients gain most.
for t, name in enumerate(losses):
    found = selected[:, t, :, :3].sum(axis=2).mean(axis=0)
    before, after = quality[:, t].mean(axis=0)
    print(
        f"{name}: correlation {before:.2f} alone, {after:.2f} joint; "
        f"{found[0]:.1f} and {found[1]:.1f} of 3 features"
    )
    assert after > before
gains = np.diff(quality.mean(axis=0))[:, 0]
assert np.argmax(gains) != 0
