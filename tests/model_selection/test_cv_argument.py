"""Everything with a ``cv`` says the same of folds that cannot be meant, before any fit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from skmtl.calibration import MultiTaskCalibrated, MultiTaskConformal
from skmtl.exceptions import TaskDataError
from skmtl.linear_model import MultiTaskLassoCV, MultiTaskRidge
from skmtl.model_selection import compare, cross_val_predict
from skmtl.multioutput import IndependentTasks, TransferGuard

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
Y = X @ RNG.normal(size=(2, 2)) + RNG.normal(size=(N, 2))
LABELS = (Y > 0).astype(int)

# Everything that takes a cv of the caller's.
TAKERS = {
    "compare": lambda cv: compare(
        X, Y, {"one": MultiTaskRidge(), "other": IndependentTasks(LinearRegression())}, cv=cv
    ),
    "cross_val_predict": lambda cv: cross_val_predict(MultiTaskRidge(), X, Y, cv=cv),
    "conformal": lambda cv: MultiTaskConformal(MultiTaskRidge(), cv=cv).fit(X, Y),
    "split conformal": lambda cv: MultiTaskConformal(MultiTaskRidge(), method="split", cv=cv).fit(X, Y),
    "calibrated": lambda cv: MultiTaskCalibrated(IndependentTasks(LogisticRegression()), cv=cv).fit(X, LABELS),
    "guard": lambda cv: TransferGuard({"joint": MultiTaskRidge()}, independent=LinearRegression(), cv=cv).fit(X, Y),
    "strengths": lambda cv: MultiTaskLassoCV(alphas=3, cv=cv).fit(X, Y),
}
FIRST = np.arange(N) < N // 2
HALF, REST = np.flatnonzero(FIRST), np.flatnonzero(~FIRST)


@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
@pytest.mark.parametrize(
    ("cv", "said"),
    [
        (
            [(FIRST, ~FIRST), (~FIRST, FIRST)],
            "Fold 0 of cv has True and False as its training part, where row numbers are wanted: give "
            "np.flatnonzero(mask).",
        ),
        (
            [(HALF, REST), (np.arange(N), HALF)],
            "Fold 1 of cv has row 0 in its training part and in its test part: give parts without a common row.",
        ),
        (
            [(HALF, REST), (REST, HALF - 1)],
            "Fold 1 of cv has row -1 in its test part, and X has the rows 0 to 39: give folds of this X.",
        ),
        (
            [(HALF, REST + 1), (REST, HALF)],
            "Fold 0 of cv has row 40 in its test part, and X has the rows 0 to 39: give folds of this X.",
        ),
        (
            [(HALF / 2, REST), (REST, HALF)],
            "Fold 0 of cv has a training part that is no list of row numbers: give integers.",
        ),
        ([], "cv gives no fold: give at least one."),
    ],
    ids=["masks", "overlap", "negative", "beyond", "floats", "none"],
)
def test_folds_that_cannot_be_meant(take, cv, said):
    with pytest.raises(TaskDataError) as error:
        take(cv)
    assert str(error.value) == said


@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_lists_and_any_integers_are_row_numbers(take):
    take([(HALF.tolist(), REST.astype(np.int32)), (REST.astype(np.uint8), HALF)])


def test_a_class_that_occurs_once_names_the_cure():
    labels = LABELS.copy()
    labels[:, 1] = 0
    labels[0, 1] = 1
    told = r"merge the class with another one, or use MultiTaskKFold\(stratify=False\) as cv\.$"
    with pytest.raises(TaskDataError, match=told):
        MultiTaskCalibrated(IndependentTasks(LogisticRegression()), random_state=0).fit(X, labels)
