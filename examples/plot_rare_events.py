"""
Rare events: probabilities that can be acted on
===============================================

Six complications, each in three to nine patients of a hundred, have the same few risk
factors. A model of one complication sees some forty events. A joint one sees them all. Does
it rank better, are its probabilities right, and would acting on them do more good than
treating everybody, or nobody?
"""

import numpy as np
import pandas as pd

from skmtl.calibration import MultiTaskCalibrated
from skmtl.inspection import DecisionCurveDisplay, TaskCalibrationDisplay
from skmtl.linear_model import MultiTaskLogisticRegressionCV
from skmtl.metrics import calibration_table, net_benefit, roc_auc_score
from skmtl.multioutput import IndependentTasks

rng = np.random.default_rng(0)
names = ["bleeding", "clot", "infection", "kidney injury", "stroke", "re-operation"]
effects = np.zeros((30, 6))
effects[:4] = rng.uniform(0.4, 0.9, size=(4, 6)) * [[1], [1], [-1], [1]]


def draw(n):
    """Draw n patients: four risk factors among 30 features, six rare complications."""
    X = rng.normal(size=(n, 30))
    eta = X @ effects - np.linspace(3.0, 4.4, 6)
    return X, pd.DataFrame((rng.logistic(size=eta.shape) < eta).astype(int), columns=names)


X, Y = draw(700)
X_new, Y_new = draw(10_000)
print(f"Events among 700 patients:\n{Y.sum().to_string()}")

# %%
# Both choose their strength by cross-validation. ``MultiTaskCalibrated`` wraps the joint one,
# fits a shift and a slope for each outcome to left-out predictions, and keeps the model
# itself as ``estimator_``.
lasso = MultiTaskLogisticRegressionCV(alphas=20)
separate = IndependentTasks(lasso).fit(X, Y)
calibrated = MultiTaskCalibrated(lasso, cv=3, random_state=0).fit(X, Y)
models = {
    "separate": separate,
    "joint": calibrated.estimator_,
    "joint, calibrated": calibrated,
}
probabilities = {
    name: np.column_stack([p[:, 1] for p in model.predict_proba(X_new)])
    for name, model in models.items()
}

# %%
# Are the probabilities of the joint model right? Above a slope of 1 they are too much alike:
# those of patients at high risk are too low.
TaskCalibrationDisplay.from_predictions(Y_new, probabilities["joint"]).plot()

# %%
# Would acting on them do good? Who acts at 10% takes nine needless treatments for one event
# treated.
thresholds = np.arange(0.02, 0.2, 0.02)
shown = {name: probabilities[name] for name in ["separate", "joint, calibrated"]}
DecisionCurveDisplay.from_predictions(Y_new, shown, thresholds=thresholds).plot()

# %%
# **Finding.** The joint model ranks better, and does more good at every threshold, on the
# mean of the six. Its probabilities are too much alike; calibration mends most of that and
# leaves the order of patients as it is.
table = pd.DataFrame(index=list(models))
benefit = {}
for name, values in probabilities.items():
    auc = roc_auc_score(Y_new, values, multioutput="raw_values")
    slope = calibration_table(Y_new, values, n_bootstrap=0)["slope"]
    table.loc[name, ["least AUC", "mean AUC"]] = auc.min(), auc.mean()
    table.loc[name, "mean distance of slopes from 1"] = (slope - 1).abs().mean()
    benefit[name] = (
        100 * net_benefit(Y_new, values, thresholds).groupby("threshold")["net_benefit"].mean()
    )
benefit = pd.DataFrame(benefit)
print(table.round(3).to_string())
print(benefit.round(2).rename_axis("net benefit per 100 patients").to_string())
assert (
    table.loc["joint", ["least AUC", "mean AUC"]] > table.loc["separate", ["least AUC", "mean AUC"]]
).all()
off = table["mean distance of slopes from 1"]
assert off["joint, calibrated"] < 0.7 * off["joint"]
assert (benefit["joint, calibrated"] > benefit["separate"]).all()
