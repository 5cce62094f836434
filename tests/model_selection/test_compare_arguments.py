"""Arguments of `compare` and of its summary that make no sense: one sentence, before anything is fitted."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.model_selection import compare

N = 30
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
Y = X @ RNG.normal(size=(3, 2)) + RNG.normal(size=(N, 2))


class Unfitted(RegressorMixin, BaseEstimator):
    """Fails the test by being fitted."""

    def fit(self, X, y):
        raise AssertionError("nothing may be fitted")

    def predict(self, X):
        return X


MODELS = {"independent": Unfitted()}
MODELS_MESSAGE = "estimators has to be a dict from name to estimator, or a list of known names. Got "
CV_MESSAGE = "cv has to be a number of folds from 2, a splitter, or a list of (train, test). Got "
SEED_MESSAGE = "random_state has to be a whole number, 0 or more, or None. Got "
DRAWS_MESSAGE = "n_resamples has to be a whole number, 100 or more. Got "


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kinds": ["numeric"]},
            "kinds has to be a dict from the name of an outcome to its kind. Got ['numeric'] instead.",
        ),
        ({"kinds": "count"}, "kinds has to be a dict from the name of an outcome to its kind. Got 'count' instead."),
        ({"estimators": Ridge()}, MODELS_MESSAGE + "Ridge() instead."),
        ({"estimators": 3}, MODELS_MESSAGE + "3 instead."),
        ({"estimators": ["lasso", Ridge()]}, MODELS_MESSAGE + "a list with Ridge() instead."),
        (
            {"preprocessor": "scale"},
            "preprocessor has to be a transformer, with fit_transform and transform, or None. Got 'scale' instead.",
        ),
        (
            {"preprocessor": Ridge()},
            "preprocessor has to be a transformer, with fit_transform and transform, or None. Got Ridge() instead.",
        ),
        (
            {"preprocessor": StandardScaler},
            "preprocessor has to be a transformer, with fit_transform and transform, or None. Got the class "
            "StandardScaler instead.",
        ),
        ({"cv": "5"}, CV_MESSAGE + "'5' instead."),
        ({"cv": 2.0}, CV_MESSAGE + "2.0 instead."),
        ({"cv": True}, CV_MESSAGE + "True instead."),
        ({"cv": 1}, CV_MESSAGE + "1 instead."),
        ({"cv": 0}, CV_MESSAGE + "0 instead."),
        ({"cv": [1, 2]}, CV_MESSAGE + "a list with 1 instead."),
        ({"cv": (fold for fold in [([0], [1], [2])])}, CV_MESSAGE + "a list with ([0], [1], [2]) instead."),
        ({"n_jobs": 0}, "n_jobs has to be a whole number other than 0, or None. Got 0 instead."),
        ({"n_jobs": 1.5}, "n_jobs has to be a whole number other than 0, or None. Got 1.5 instead."),
        ({"baseline": ["independent"]}, "baseline has to be the name of an estimator. Got ['independent'] instead."),
        ({"baseline": None}, "baseline has to be the name of an estimator. Got None instead."),
        ({"progress": 3}, "progress has to be a callable or None. Got 3 instead."),
        ({"X": None}, "X has to be a table of features. Got None instead."),
        ({"X": 3.0}, "X has to be a table of features. Got 3.0 instead."),
        ({"Y": None}, "Y has to be a table of outcomes. Got None instead."),
    ],
)
def test_arguments_that_make_no_sense(given, message):
    with pytest.raises(InvalidParameterError) as error:
        compare(**{"X": X, "Y": Y, "estimators": MODELS, "random_state": 0, **given})
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Y": Y[:20]}, "X has 30 rows and Y has 20: give them the same rows."),
        ({"groups": [1, 2]}, "X has 30 rows and groups has 2: give them the same rows."),
        ({"Y": Y[:, 0], "task": ["a"] * 20}, "X has 30 rows and task has 20: give them the same rows."),
        ({"cv": [([0, 1], [99])]}, "Fold 0 of cv has row 99 in its test part, and X has the rows 0 to 29"),
    ],
)
def test_rows_that_do_not_fit(given, message):
    with pytest.raises(TaskDataError, match=f"^{re.escape(message)}"):
        compare(**{"X": X, "Y": Y, "estimators": MODELS, "random_state": 0, **given})


@pytest.fixture(scope="module")
def found():
    return compare(X, Y, {"independent": Ridge(), "strong": Ridge(100.0)}, cv=2, random_state=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"random_state": "x"}, SEED_MESSAGE + "'x' instead."),
        ({"random_state": -1}, SEED_MESSAGE + "-1 instead."),
        ({"random_state": [1]}, SEED_MESSAGE + "[1] instead."),
        ({"random_state": True}, SEED_MESSAGE + "True instead."),
        ({"n_resamples": 1}, DRAWS_MESSAGE + "1 instead."),
        ({"n_resamples": 99}, DRAWS_MESSAGE + "99 instead."),
        ({"n_resamples": True}, DRAWS_MESSAGE + "True instead."),
        ({"interval": ["bootstrap"]}, "interval has to be 'bootstrap' or 'corrected_t'. Got ['bootstrap'] instead."),
    ],
)
def test_options_of_a_summary_that_make_no_sense(found, options, message):
    for method in (found.summary, found.overall, found.describe):
        with pytest.raises(InvalidParameterError) as error:
            method(**options)
        assert str(error.value) == message


def test_the_fewest_draws_and_any_seed(found):
    assert found.summary(n_resamples=100, random_state=np.int64(3))["p"].between(0, 1).all()
    assert found.summary(n_resamples=np.int64(200), random_state=None)["p"].between(0, 1).all()


@pytest.mark.parametrize(
    ("alpha", "words"), [(0.05, "about 5% "), (0.001, "about 0.1% "), (0.025, "about 2.5% "), (0.5, "50% ")]
)
@pytest.mark.parametrize("adjust", ["holm", "fdr_bh"])
def test_small_levels_are_written_out(found, alpha, words, adjust):
    assert words in found.describe(alpha=alpha, adjust=adjust)
