"""
Missing outcomes: keep the rows
===============================

Six blood tests of 442 patients are predicted from age, sex, body mass index and blood
pressure. A growing share of the results is removed at random. Most software then drops every
patient with a gap; here a missing outcome is left out of the loss and the rest of the row is
used.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skmtl.linear_model import MultiTaskLassoCV
from skmtl.metrics import r2_score

table = load_diabetes(as_frame=True, scaled=False).data
X = table[["age", "sex", "bmi", "bp"]] / table[["age", "sex", "bmi", "bp"]].std()
Y = table[["s1", "s2", "s3", "s4", "s5", "s6"]]
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.5, random_state=0)

# %%
# The same model is fitted twice at each share of gaps: to every observed entry, and to the
# complete rows. Both are judged on the complete outcomes of patients that took no part, over
# ten draws of the gaps.
shares = [0.0, 0.1, 0.2, 0.3, 0.4]
scores = np.full((2, len(shares), 10), np.nan)
n_complete = np.zeros((len(shares), 10), dtype=int)
for k, share in enumerate(shares):
    for draw in range(10):
        gaps = np.random.default_rng(draw).random(Y_train.shape) < share
        Y_gaps = Y_train.mask(gaps)
        complete = Y_gaps.notna().all(axis=1)
        n_complete[k, draw] = complete.sum()
        for way, rows in enumerate([complete | True, complete]):
            if rows.sum() < 10:  # five folds need some patients each
                continue
            model = MultiTaskLassoCV(alphas=20, scale_targets=True).fit(X_train[rows], Y_gaps[rows])
            scores[way, k, draw] = r2_score(Y_test, model.predict(X_test))

# %%
# The bands are the range over the ten draws. At 40% too few complete rows are left to fit anything.
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
percent = 100 * np.array(shares)
for way, (label, style) in enumerate(
    [("every observed entry", "o-"), ("complete rows only", "s--")]
):
    used = np.isfinite(scores[way]).all(axis=1)
    values = scores[way][used]
    (line,) = ax.plot(percent[used], values.mean(axis=1), style, label=label)
    ax.fill_between(
        percent[used],
        values.min(axis=1),
        values.max(axis=1),
        color=line.get_color(),
        alpha=0.2,
    )
ax.axhline(0, color="0.5", linewidth=1)
ax.set(xlabel="results missing (%)", ylabel="R² on new patients, mean of six tests")
ax.legend()

# %%
# **Finding.** Dropping rows costs most of what the features can tell, long before half of the
# results are missing.
kept, dropped = scores.mean(axis=2)
at = shares.index(0.3)
assert kept[at] > 2 * dropped[at]
print(f"At 30% missing, {n_complete[at].mean():.0f} of {len(Y_train)} patients have no gap.")
print(
    f"R² on new patients: {kept[0]:.3f} with nothing missing, "
    f"{kept[at]:.3f} from every observed entry,"
)
print(f"{dropped[at]:.3f} from complete rows only.")
