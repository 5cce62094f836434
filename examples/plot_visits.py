"""
Repeated visits: effects that set in, and patients who drop out
===============================================================

A score is measured at eight visits, at irregular months, and from the third on patients drop
out. Age acts all the time, a treatment from month 12 on, and 18 features do nothing.
``TemporalRegressor`` with ``smoothness="absolute"`` lets an effect stay the same from visit
to visit, or jump.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmtl.linear_model import MultiTaskLassoCV, TemporalRegressorCV

months = np.array([0, 3, 6, 12, 18, 24, 36, 48])
rng = np.random.default_rng(0)
X = rng.normal(size=(120, 20))
effects = np.zeros((8, 20))
effects[:, 0] = 0.8  # age
effects[months >= 12, 1] = -1.0  # treatment
Y = X @ effects.T + 1.5 * rng.normal(size=(120, 8))
last = rng.integers(2, 8, size=120)  # the last visit of each patient
Y[np.arange(8) > last[:, None]] = np.nan

# %%
# Coefficients that are equal at neighbouring visits unless the data say otherwise, and for
# comparison a joint selection of features that knows nothing of the order of the visits.
temporal = TemporalRegressorCV(times=months, smoothness="absolute", sharing=0.5, alphas=20).fit(
    X, Y
)
lasso = MultiTaskLassoCV(alphas=30).fit(X, Y)

fig, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained", sharey=True)
for ax, model, title in zip(
    axes,
    [lasso, temporal],
    ["joint selection", "joint selection and visits in order"],
    strict=True,
):
    ax.plot(months, model.coef_[:, 2:], color="0.75", linewidth=1)
    for feature, name, colour in [(0, "age", "C0"), (1, "treatment", "C3")]:
        ax.plot(months, effects[:, feature], ":", color=colour)
        ax.plot(months, model.coef_[:, feature], "o-", color=colour, label=name)
    ax.set(title=title, xlabel="month", xticks=months)
axes[0].set_ylabel("coefficient (dotted: truth)")
axes[1].legend()

# %%
# **Finding.** The fit finds out when the treatment sets in: its coefficient is zero before
# month 12. At the last visit, with few patients left, it is nearer to the truth, because it
# borrows from the visits before.
seen = np.isfinite(Y).sum(axis=0)
before = months < 12
errors = [np.linalg.norm(model.coef_[-1] - effects[-1]) for model in (lasso, temporal)]
print(
    f"Treatment before month 12: {np.abs(temporal.coef_[before, 1]).max():.2f} at most, in order;",
    end=" ",
)
print(f"{np.abs(lasso.coef_[before, 1]).max():.2f} without.")
print(
    f"Distance from the truth at month 48 ({seen[-1]} of {seen[0]} patients): "
    f"{errors[1]:.2f} against {errors[0]:.2f}."
)
assert np.abs(temporal.coef_[before, 1]).max() < 1e-6 < np.abs(lasso.coef_[before, 1]).max()
assert (temporal.coef_[~before, 1] < -0.3).all()
assert errors[1] < errors[0]
