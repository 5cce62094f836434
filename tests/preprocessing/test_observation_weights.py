"""Inverse probability of observation."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.preprocessing import ObservationWeights

N, P = 1500, 2


def missing_at_random(seed, n=N):
    """Two outcomes, the first observed with a probability that depends on the first feature."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, P))
    Y = np.column_stack([2 * X[:, 0] + rng.normal(size=n), X[:, 1] + rng.normal(size=n)])
    propensity = expit(0.3 + 1.2 * X[:, 0])
    full = Y.copy()
    Y[rng.random(n) > propensity, 0] = np.nan
    return X, Y, full, propensity


def test_known_propensities():
    """The weights are the inverse of the true probabilities, but for noise and the common factor."""
    X, Y, _, propensity = missing_at_random(0, 20_000)
    weight = ObservationWeights(truncate=0, random_state=0).fit_weights(X, Y)
    seen = ~np.isnan(Y[:, 0])
    true = 1 / propensity[seen]
    np.testing.assert_allclose(weight[seen, 0], true / true.mean(), rtol=0.12)


def test_mean_is_unbiased_with_weights_and_biased_without():
    bare, weighted = [], []
    for seed in range(25):
        X, Y, full, _ = missing_at_random(seed)
        weight = ObservationWeights(truncate=0, random_state=0).fit_weights(X, Y[:, 0])
        seen = ~np.isnan(Y[:, 0])
        bare.append(Y[seen, 0].mean() - full[:, 0].mean())
        weighted.append(np.average(Y[seen, 0], weights=weight[seen]) - full[:, 0].mean())
    error = np.std(weighted, ddof=1) / np.sqrt(len(weighted))
    assert np.mean(bare) > 0.5
    assert abs(np.mean(weighted)) < 3 * error < 0.05


def test_shape_and_scale():
    X, Y, _, _ = missing_at_random(1)
    weight = ObservationWeights(random_state=0).fit_weights(X, Y)
    seen = ~np.isnan(Y)
    assert weight.shape == Y.shape
    assert (weight[~seen] == 0).all()
    np.testing.assert_array_equal(weight[:, 1], 1)  # complete
    assert weight[seen[:, 0], 0].mean() == pytest.approx(1)


def test_truncation_is_at_the_quantiles():
    X, Y, _, _ = missing_at_random(1)
    seen = ~np.isnan(Y[:, 0])
    free = ObservationWeights(truncate=0, random_state=0).fit_weights(X, Y)[seen, 0]
    cut = ObservationWeights(truncate=0.05, random_state=0).fit_weights(X, Y)[seen, 0]
    clipped = np.clip(free, *np.quantile(free, [0.05, 0.95]))
    np.testing.assert_allclose(cut, clipped / clipped.mean(), rtol=1e-12)


def test_cross_fitted_weights_differ_from_those_of_one_model_and_those_are_weights():
    X, Y, _, _ = missing_at_random(2)
    maker = ObservationWeights(n_splits=None, random_state=0)
    np.testing.assert_allclose(maker.fit_weights(X, Y), maker.weights(X, Y), rtol=1e-12)
    crossed = ObservationWeights(random_state=0).fit_weights(X, Y)
    assert 1e-4 < np.abs(crossed - maker.weights(X, Y)).max() < 0.6


def test_a_cross_fitted_row_does_not_know_itself():
    """The nearest neighbour of a row is itself, observed; cross-fitted it is another one."""
    X, Y, _, _ = missing_at_random(3)
    memory = KNeighborsClassifier(1)
    remembered = ObservationWeights(memory, n_splits=None, truncate=0).fit_weights(X, Y)
    crossed = ObservationWeights(memory, truncate=0, random_state=0).fit_weights(X, Y)
    seen = ~np.isnan(Y[:, 0])
    np.testing.assert_allclose(remembered[seen, 0], 1, rtol=1e-12)
    assert crossed[seen, 0].max() > 3


def test_rows_are_wide():
    """A task is missing in rows of its own; with the same features these are the same tables."""
    X, Y, _, _ = missing_at_random(4)
    Y[::3, 1] = np.nan
    wide = ObservationWeights(n_splits=None).fit_weights(X, Y)
    rows = ObservationWeights(n_splits=None).fit_weights(np.tile(X, (2, 1)), Y.T.ravel(), task=np.repeat(["a", "b"], N))
    np.testing.assert_allclose(rows, wide.T.ravel(), rtol=1e-6)


def test_outcomes_observed_together_have_one_model():
    X, Y, _, _ = missing_at_random(5)
    maker = ObservationWeights(random_state=0).fit(X, np.column_stack([Y[:, 0], 10 + Y[:, 0], Y[:, 1]]))
    assert maker.estimators_[0] is maker.estimators_[1]
    assert maker.estimators_[2] is None


def test_weight_zero_is_not_in_the_table_and_others_multiply():
    X, Y, _, _ = missing_at_random(6)
    given = np.random.default_rng(0).integers(0, 3, size=N).astype(float)
    kept = given > 0
    weight = ObservationWeights(n_splits=None).fit_weights(X, Y, given)
    without = ObservationWeights(n_splits=None).fit_weights(X[kept], Y[kept])
    np.testing.assert_allclose(weight[kept], without * given[kept, None], rtol=1e-10)
    assert (weight[~kept] == 0).all()


def test_groups_stay_together():
    """Copies of a row in one group: no model of a fold has seen the copy, so a memory is of no use."""
    X, Y, _, _ = missing_at_random(7, 300)
    X, y, group = np.repeat(X, 3, axis=0), np.repeat(Y[:, 0], 3), np.repeat(np.arange(300), 3)
    memory = KNeighborsClassifier(1)
    maker = ObservationWeights(memory, truncate=0, random_state=0)
    seen = ~np.isnan(y)
    assert maker.fit_weights(X, y, groups=group)[seen].max() > 3
    assert np.quantile(maker.fit_weights(X, y)[seen], 0.9) < 1.2


def test_features_of_any_kind_and_frames():
    rng = np.random.default_rng(8)
    X = pd.DataFrame(
        {
            "age": rng.normal(60, 9, size=400),
            "ward": rng.choice(["icu", "er", "x"], size=400),
            "flag": pd.array(rng.choice([True, False], size=400), dtype="boolean"),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, size=400), unit="D"),
            "group": pd.Categorical(rng.choice(["a", "b"], size=400)),
            "constant": 1.0,
        }
    )
    X.loc[::7, "age"], X.loc[::5, "ward"], X.loc[::6, "flag"] = np.nan, None, pd.NA
    Y = pd.DataFrame({"died": rng.choice(["yes", "no"], size=400)}, dtype=object)
    Y.loc[(X["ward"] == "icu") & (rng.random(400) < 0.8), "died"] = None
    before = X.copy(), Y.copy()
    maker = ObservationWeights(random_state=0)
    weight = maker.fit_weights(X, Y)
    icu = (X["ward"] == "icu").to_numpy() & Y["died"].notna().to_numpy()
    others = Y["died"].notna().to_numpy() & ~icu
    assert weight[icu].min() > weight[others].max()
    pd.testing.assert_frame_equal(X, before[0])
    pd.testing.assert_frame_equal(Y, before[1])
    assert maker.weights(X.iloc[:5]).shape == (5, 1)
    assert maker.feature_names_in_.tolist() == list(X.columns)
    copy = pickle.loads(pickle.dumps(clone(maker).fit(X, Y)))
    np.testing.assert_array_equal(copy.weights(X, Y), maker.weights(X, Y))


def test_new_rows_of_tasks():
    X, Y, _, _ = missing_at_random(9)
    maker = ObservationWeights(random_state=0).fit(X, Y)
    table = maker.weights(X[:4])
    np.testing.assert_array_equal(maker.weights(X[:4], task=[1, 0, 0, 1]), table[range(4), [1, 0, 0, 1]])
    with pytest.raises(TaskDataError, match="task 7 was not seen"):
        maker.weights(X[:1], task=[7])
    with pytest.raises(TaskDataError, match="y has 1 outcomes, and the weights are of 2"):
        maker.weights(X, Y[:, 0])


def test_few_observed_entries_are_warned_of():
    X, Y, _, _ = missing_at_random(10)
    Y[4:, 1] = np.nan
    with pytest.warns(UserWarning, match="Outcome 1 has 4 observed entries"):
        weight = ObservationWeights(random_state=0).fit_weights(X, Y)
    assert weight[:4, 1].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": None}, "requires y"),
        ({"y": [[1.0, np.nan], [2.0, np.nan]]}, "task 1.*NaN only"),
        ({"y": [1.0, 2.0, 3.0]}, "Y has 3 rows but X has 2"),
        ({"sample_weight": [0.0, 0.0]}, "sample_weight is zero for every observed entry"),
        ({"groups": [1]}, "groups has 1 rows but there are 2"),
        ({"X": [[np.inf], [1.0]]}, "X contains infinity in column '0', row 0"),
        ({"y": pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=["a", "a"])}, "two columns named 'a'"),
    ],
)
def test_bad_input(given, message):
    arguments = {"X": [[1.0], [2.0]], "y": [1.0, 2.0], **given}
    with pytest.raises(TaskDataError, match=message):
        ObservationWeights().fit(arguments.pop("X"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    "given", [{"truncate": 0.5}, {"truncate": -0.1}, {"n_splits": 1}, {"estimator": LogisticRegression}]
)
def test_bad_parameters(given):
    with pytest.raises(InvalidParameterError, match=f"'{next(iter(given))}' parameter of ObservationWeights"):
        ObservationWeights(**given).fit([[1.0], [2.0]], [1.0, 2.0])


def test_outcomes_of_new_rows_are_those_of_the_fit_in_their_order():
    X, Y, _, _ = missing_at_random(11, 200)
    frame = pd.DataFrame(Y, columns=["u", "v"])
    maker = ObservationWeights(random_state=0).fit(X, frame)
    np.testing.assert_array_equal(maker.weights(X, Y), maker.weights(X, frame))  # no names, no contradiction
    with pytest.raises(TaskDataError, match="outcomes of the fit in another order"):
        maker.weights(X, frame[["v", "u"]])
    with pytest.raises(TaskDataError, match="y has the outcome 'w', which the fit did not have"):
        maker.weights(X, frame.rename(columns={"v": "w"}))
    bare = ObservationWeights(random_state=0).fit(X, Y)
    np.testing.assert_array_equal(bare.weights(X, frame), bare.weights(X, Y))


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan])
@pytest.mark.parametrize("values", ["numbers", "booleans"])
def test_any_sign_of_a_missing_feature_is_the_same(missing, values):
    X, Y, _, _ = missing_at_random(12, 300)
    column = pd.Series(X[:, 0] if values == "numbers" else X[:, 0] > 0)
    floats, objects = column.astype(float), column.astype(object)
    floats.iloc[::7], objects.iloc[::7] = np.nan, missing
    maker = ObservationWeights(random_state=0)
    expected = maker.fit_weights(pd.DataFrame({"a": floats}), Y)
    np.testing.assert_allclose(maker.fit_weights(pd.DataFrame({"a": objects}), Y), expected)


def test_new_rows_are_read_as_those_of_the_fit():
    X, Y, _, _ = missing_at_random(13, 300)
    table = pd.DataFrame({"a": X[:, 0], "s": np.where(X[:, 1] > 0, "f", "m")})
    maker = ObservationWeights(random_state=0).fit(table, Y)
    new = table.iloc[:3]
    unknown = maker.weights(new.assign(s="other"))
    for nothing in (None, np.nan, 1.0):
        np.testing.assert_allclose(maker.weights(new.assign(s=nothing)), unknown)
    np.testing.assert_allclose(maker.weights(new.assign(a=None)), maker.weights(new.assign(a=np.nan)))
    with pytest.raises(TaskDataError, match="X holds 'x' in column 'a', which held numbers at the fit"):
        maker.weights(new.assign(a="x"))
