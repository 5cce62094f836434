"""
Shared and specific: which features serve whom
==============================================

Four features act on all eight outcomes, and each outcome has one of its own besides. A model
that selects features for all outcomes or for none has to let the single ones in for
everybody. ``DirtyRegressor`` writes the coefficients as the sum of a shared and a specific
part.
"""

import numpy as np

from skmtl.inspection import CoefficientDisplay
from skmtl.linear_model import DirtyRegressorCV, MultiTaskLassoCV

rng = np.random.default_rng(0)
effects = np.zeros((8, 60))
effects[:, :4] = rng.choice([-1.0, 1.0], size=(8, 4))
effects[np.arange(8), 10 + np.arange(8)] = 1.5
X = rng.normal(size=(100, 60))
Y = X @ effects.T + rng.normal(size=(100, 8))

# %%
# The strength is chosen by the one-standard-error rule, which is the one for naming features.
models = {
    "joint selection": MultiTaskLassoCV(rule="1se"),
    "shared + specific": DirtyRegressorCV(alphas=20, eps=0.01, rule="1se"),
}
for model in models.values():
    model.fit(X, Y)

# %%
# The dirty model, and the two parts that it is the sum of. White is exactly zero; only
# features in use are shown.
used = np.flatnonzero((models["shared + specific"].coef_ != 0).any(axis=0))
CoefficientDisplay.from_estimator(
    models["shared + specific"], features=[f"x{j}" for j in used]
).plot()

# %%
# **Finding.** Both find what is there. The joint selection puts every single effect into all
# eight outcomes; the dirty model puts in far fewer that are not there, and its coefficients
# are nearer to the truth.
joint, dirty = (model.coef_ for model in models.values())
there = effects != 0
false_joint, false_dirty = ((coefficients != 0)[~there].sum() for coefficients in (joint, dirty))
error_joint, error_dirty = (
    np.linalg.norm(coefficients - effects) for coefficients in (joint, dirty)
)
print(
    f"Effects found: {(joint != 0)[there].sum()} and {(dirty != 0)[there].sum()} of {there.sum()}."
)
print(
    f"Effects that are not there: {false_joint} by joint selection, "
    f"{false_dirty} by the dirty model."
)
print(f"Distance from the true coefficients: {error_joint:.2f} and {error_dirty:.2f}.")
assert (dirty != 0)[there].all()
assert (joint != 0)[there].all()
assert 2 * false_dirty < false_joint
assert error_dirty < error_joint
