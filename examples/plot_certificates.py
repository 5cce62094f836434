"""
What a certificate says
=======================

Most solvers stop when they change little, which proves nothing. Every convex fit here has a
certificate, for the lasso a duality gap: an upper bound of how far its objective is above the
smallest possible one. Here two solvers, the same certificate, and a fit that was stopped too
early.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skmtl.linear_model import MultiTaskLasso

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 300)) + rng.normal(size=(200, 1))  # features that are correlated
Y = X[:, :10] @ rng.normal(size=(10, 5)) + rng.normal(size=(200, 5))
Y[rng.random(Y.shape) < 0.2] = np.nan

# %%
# ``solver="auto"`` takes block coordinate descent here; the other is the reference,
# accelerated proximal gradients. The third is the reference again, stopped after 50
# iterations; its warning is caught to be shown.
fits = {
    "block coordinate descent": MultiTaskLasso(0.1, tol=1e-8).fit(X, Y),
    "proximal gradients": MultiTaskLasso(0.1, tol=1e-8, solver="fista").fit(X, Y),
}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fits["stopped early"] = MultiTaskLasso(0.1, tol=1e-8, solver="fista", max_iter=50).fit(X, Y)
print(caught[0].message)

# %%
# The gap by iteration. It need not fall in every step: the lower bound that it rests on is
# made anew each time.
best = min(fit.solver_result_.objective for fit in fits.values())
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, fit), style in zip(fits.items(), ["o-", ".-", "X"], strict=True):
    history = fit.solver_result_.history if name != "stopped early" else fit.solver_result_.history[-1:]
    at, gap = [row.iteration for row in history], [row.certificate for row in history]
    (line,) = ax.plot(at, gap, style, label=f"{name}: duality gap", markersize=9 if style == "X" else 4)
    if name == "proximal gradients":
        above = [max(row.objective - best, 1e-12) for row in history]
        ax.plot(
            at,
            above,
            ":",
            color=line.get_color(),
            label=f"{name}: objective above the best found",
        )
result = fits["proximal gradients"].solver_result_
ax.axhline(result.certificate.threshold(result.tol), color="0.3", linewidth=1, label="wanted")
ax.set(yscale="log", xlabel="iteration", ylabel="gap, in units of the objective", ylim=(1e-9, None))
ax.legend(fontsize="small")

# %%
# **Finding.** The gap is above the true distance from the best objective all the way. Two
# solvers that have nothing in common end at the same coefficients; the one that was stopped
# says how far off it may be, and is.
first, second, early = (fit.solver_result_ for fit in fits.values())
apart = np.abs(fits["block coordinate descent"].coef_ - fits["proximal gradients"].coef_).max()
print(f"Largest difference between coefficients of the two solvers: {apart:.0e}.")
print(
    f"Stopped early: {early.objective - best:.2f} above the best objective; its gap is {early.certificate.value:.2f}."
)
for result in (first, second, early):
    assert all(row.objective - best <= row.certificate + 1e-9 for row in result.history)
assert apart < 1e-5
assert issubclass(caught[0].category, ConvergenceWarning)
