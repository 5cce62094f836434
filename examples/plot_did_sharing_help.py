"""
Did sharing help? One gain per outcome, with an interval
========================================================

``compare`` fits every model on the same folds and says for each outcome how much of the loss
of separate models is saved on rows that took no part, with an interval and a word. Here eight
tests of 120 patients depend on the same four of 60 features, with effects of any sign and
size; the ninth depends on four others.
"""

import numpy as np
import pandas as pd

from skmtl.inspection import GainDisplay
from skmtl.linear_model import MultiTaskLassoCV
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 60))
effects = np.zeros((60, 9))
effects[:4, :8] = rng.choice([-1.0, 1.0], size=(4, 8)) * rng.uniform(0.4, 0.8, size=(4, 8))
effects[10:14, 8] = 0.6
names = [f"test {k}" for k in range(1, 9)] + ["stranger"]
Y = pd.DataFrame(X @ effects + rng.normal(size=(120, 9)), columns=names)
Y = Y.mask(rng.random(Y.shape) < 0.3)  # a third was not measured

# %%
# Separate models are tuned as carefully as the shared one: otherwise sharing would get the
# credit for tuning.
lasso = MultiTaskLassoCV(alphas=30, eps=0.01)
found = compare(X, Y, {"independent": IndependentTasks(lasso), "lasso": lasso}, random_state=0)
print(found)

# %%
# Right of zero the shared model has the smaller loss. The word at each outcome goes by a p
# value that is adjusted for the number of outcomes, so it may be more careful than the
# interval.
GainDisplay.from_comparison(found).plot()

# %%
# **Finding.** Sharing is proven to help some of the eight related tests, and to hurt the one
# that does not belong. For the others the table is too small to say, one by one; over all
# outcomes together there is a gain.
gains = found.summary()
verdicts = gains.set_index("outcome")["verdict"]
print(
    gains[["outcome", "gain", "low", "high", "p_adjusted", "verdict"]]
    .round(3)
    .to_string(index=False)
)
overall = found.overall().iloc[0]
print(
    f"All outcomes together: {overall['gain']:.1f}% saved, "
    f"95% interval {overall['low']:.1f} to {overall['high']:.1f}."
)
assert (verdicts[:-1] == "helped").sum() >= 3
assert "hurt" not in set(verdicts[:-1])
assert verdicts["stranger"] == "hurt"
assert overall["low"] > 0
