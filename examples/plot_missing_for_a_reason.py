"""
Outcomes that are missing for a reason
======================================

Triglycerides and glucose of diabetes patients are measured in those whom a doctor takes for
ill: the higher the body mass index and the blood pressure, the more often. The gaps are made
here, on complete data, so that the truth is known. The features tell who was measured; those
measured are not like all; weights bring most of that back.
"""

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from skmtl.inspection import MissingnessDisplay
from skmtl.preprocessing import ObservationWeights

table = load_diabetes(as_frame=True, scaled=False).data
X = table[["age", "sex", "bmi", "bp"]]
truth = table[["s1", "s3", "s5", "s6"]].set_axis(
    ["cholesterol", "HDL", "log TG", "glucose"], axis=1
)

rng = np.random.default_rng(0)
illness = (X[["bmi", "bp"]] - X[["bmi", "bp"]].mean()).div(X[["bmi", "bp"]].std()).sum(axis=1)
Y = truth.copy()
Y.loc[illness + 0.8 * rng.logistic(size=len(Y)) < 0, ["log TG", "glucose"]] = (
    np.nan
)  # one tube of blood, for the ill
Y.loc[rng.random(len(Y)) < 0.2, "HDL"] = np.nan  # lost at random

# %%
# A row of the map is a pattern. Above it stands how well the features tell who was measured:
# 0.5 where they do not.
MissingnessDisplay.from_data(Y, X).plot()

# %%
# **Finding.** Means of those measured are too high where missingness has a reason, and right
# where it has none. Weighting the observed by the inverse probability of being observed takes
# most of that away, as the reason is among the features.
weights = ObservationWeights(random_state=0).fit_weights(X, Y)
seen = Y.notna().to_numpy()
weighted = np.where(seen, Y.to_numpy() * weights, 0.0).sum(axis=0) / np.where(
    seen, weights, 0.0
).sum(axis=0)
off = pd.DataFrame(
    {"measured": Y.mean() - truth.mean(), "weighted": weighted - truth.mean()},
    index=truth.columns,
).div(truth.std(), axis=0)
print("Error of the mean, in standard deviations:")
print(off.round(2).to_string())
chosen = ["log TG", "glucose"]
assert (off.loc[chosen, "measured"] > 0.15).all()
assert (off.loc[chosen, "weighted"].abs() < 0.5 * off.loc[chosen, "measured"]).all()
assert abs(off.loc["HDL", "measured"]) < 0.1
