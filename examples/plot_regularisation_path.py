"""
The regularisation path, and two rules for the strength
=======================================================

From the largest strength down, features enter the multi-task lasso one after another. Cross-
validation says how well each strength predicts. The minimum predicts best; the one-standard-
error rule takes the largest strength that cannot be told from it.
"""

import numpy as np

from skmtl.inspection import RegularizationPathDisplay
from skmtl.linear_model import MultiTaskLasso, MultiTaskLassoCV

rng = np.random.default_rng(0)
effects = np.zeros((4, 30))
effects[:, :5] = rng.choice([-1.0, 1.0], size=(4, 5))
X = rng.normal(size=(120, 30))
Y = X @ effects.T + 2 * rng.normal(size=(120, 4))
Y[rng.random(Y.shape) < 0.2] = np.nan

# %%
# Both rules see the same folds.
models = {
    rule: MultiTaskLassoCV(alphas=40, eps=0.02, rule=rule).fit(X, Y) for rule in ["min", "1se"]
}
for rule, model in models.items():
    print(
        f"rule={rule!r}: alpha {model.alpha_:.3f}, {(model.coef_ != 0).any(axis=0).sum()} features"
    )

# %%
# The size of each feature's coefficients in all outcomes together, the five true ones in
# colour.
alphas = models["min"].alphas_
path = np.array([np.linalg.norm(MultiTaskLasso(alpha).fit(X, Y).coef_, axis=0) for alpha in alphas])
display = RegularizationPathDisplay(
    alphas, path[:, :5], [f"x{j}" for j in range(5)], ylabel="norm over outcomes"
).plot()
display.ax_.plot(alphas, path[:, 5:], color="0.8", linewidth=1, zorder=0)

# %%
# The error on left-out rows, and where the two rules end.
RegularizationPathDisplay.from_estimator(models["1se"]).plot()

# %%
# **Finding.** The minimum lets features in that act on nothing; the one-standard-error rule
# has the five true ones and nearly nothing else, at an error that cannot be told apart on
# these folds.
chosen = {rule: (model.coef_ != 0).any(axis=0) for rule, model in models.items()}
for rule, features in chosen.items():
    place = np.flatnonzero(alphas == models[rule].alpha_)[0]
    loss = models[rule].mse_path_[place].mean()
    print(
        f"rule={rule!r}: {features[:5].sum()} of 5 true features, "
        f"{features[5:].sum()} others, error {loss:.2f}"
    )
assert chosen["1se"][:5].all()
assert chosen["1se"][5:].sum() <= 2 < chosen["min"][5:].sum()
