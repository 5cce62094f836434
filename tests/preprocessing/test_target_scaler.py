"""Outcomes to a common scale and back."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.preprocessing import TargetScaler

METHODS = ["standard", "robust", "power", "normal", "log1p"]
N, T = 61, 3


@pytest.fixture(name="Y")
def table():
    rng = np.random.default_rng(3)
    Y = np.exp(rng.normal(size=(N, T))) * [1.0, 30.0, 0.2] + [0.0, 500.0, 3.0]
    Y[rng.random((N, T)) < 0.3] = np.nan
    return Y


@pytest.mark.parametrize("method", METHODS)
def test_there_and_back_is_the_identity(Y, method):
    scaler = TargetScaler(method).fit(Y)
    Z = scaler.transform(Y)
    assert not np.allclose(Z, Y, equal_nan=True)
    np.testing.assert_allclose(scaler.inverse_transform(Z), Y, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_missing_is_absent(Y, method):
    together = TargetScaler(method).fit_transform(Y)
    for t in range(T):
        seen = ~np.isnan(Y[:, t])
        alone = TargetScaler(method).fit_transform(Y[seen, t][:, None])
        np.testing.assert_allclose(together[seen, t], alone[:, 0], rtol=1e-10, atol=1e-12)
        assert np.isnan(together[~seen, t]).all()


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_wide(Y, method):
    wide = TargetScaler(method).fit_transform(Y)
    names = np.array(["east", "north", "west"])
    order = np.random.default_rng(0).permutation(N * T)
    y, task = Y.T.ravel()[order], np.repeat(names, N)[order]
    scaler = TargetScaler(method).fit(y, task=task)
    z = scaler.transform(y, task=task)
    np.testing.assert_allclose(z, wide.T.ravel()[order], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(scaler.inverse_transform(z, task=task), y, rtol=1e-8)
    assert scaler.task_names_.tolist() == names.tolist()


def test_standard_is_standard_scaler_on_complete_outcomes():
    Y = np.random.default_rng(0).normal(5, 3, size=(N, T))
    np.testing.assert_allclose(TargetScaler().fit_transform(Y), StandardScaler().fit_transform(Y), rtol=1e-11)


def test_normal_scores_have_a_normal_shape(Y):
    Z = TargetScaler("normal").fit_transform(Y)
    # The middle of the ranks is the middle of the normal distribution.
    np.testing.assert_allclose(np.nanmedian(Z, axis=0), 0, atol=0.05)


@pytest.mark.parametrize("method", METHODS[:4])
def test_constant_outcome_is_moved_to_zero(method):
    Y = np.column_stack([np.full(9, 7.0), np.arange(9.0)])
    scaler = TargetScaler(method).fit(Y)
    np.testing.assert_array_equal(scaler.transform(Y)[:, 0], np.zeros(9))
    np.testing.assert_array_equal(scaler.inverse_transform(scaler.transform(Y))[:, 0], Y[:, 0])


def test_labels_and_zeros_and_ones_are_left_alone():
    Y = pd.DataFrame(
        {"sbp": [120.0, None, 140.0, 130.0], "died": [0.0, 1.0, np.nan, 1.0], "stage": ["I", "II", "III", "I"]}
    )
    before = Y.copy()
    scaler = TargetScaler().fit(Y)
    Z = scaler.transform(Y)
    assert Z.dtype == object
    assert Z[:, 2].tolist() == ["I", "II", "III", "I"]
    np.testing.assert_array_equal(Z[:, 1].astype(float), Y["died"])
    assert [fitted is None for fitted in scaler.transformers_] == [False, True, True]
    np.testing.assert_allclose(scaler.inverse_transform(Z)[:, 0].astype(float), Y["sbp"])
    pd.testing.assert_frame_equal(Y, before)


def test_set_output_keeps_names(Y):
    frame = pd.DataFrame(Y, columns=["a b", "", "c=d"])
    Z = TargetScaler().set_output(transform="pandas").fit_transform(frame)
    assert list(Z.columns) == ["a b", "", "c=d"]


def test_clone_and_pickle(Y):
    scaler = clone(TargetScaler("robust")).fit(Y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(scaler)).transform(Y), scaler.transform(Y))


def test_task_is_routed(Y):
    with sklearn.config_context(enable_metadata_routing=True):
        request = TargetScaler().set_fit_request(task=True).get_metadata_routing()
    assert request.fit.requests["task"] is True


@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        ([[1.0], [np.inf]], {}, r"task 0.*infinity in row 1"),
        ([[1.0, np.nan], [2.0, np.nan]], {}, "task 1.*NaN only"),
        ([1.0, 2.0], {}, "Expected 2D array"),
        ([[1.0, 2.0]], {"task": ["a"]}, "task goes with one outcome"),
        ([1.0, 2.0], {"task": ["a", None]}, "task has no id in row 1"),
        ([1.0, np.nan], {"task": ["a", "b"]}, "task 'b'.*NaN only"),
    ],
)
def test_bad_outcomes(values, given, message):
    with pytest.raises(TaskDataError, match=message):
        TargetScaler().fit(values, **given)


def test_bad_method_and_domain():
    with pytest.raises(InvalidParameterError, match="'method' parameter of TargetScaler"):
        TargetScaler("ranks").fit([[1.0], [2.0]])
    with pytest.raises(TaskDataError, match=r"task 'cost'.*holds -1, and log"):
        TargetScaler("log1p").fit(pd.DataFrame({"cost": [3.0, -1.0, 2.0]}))
    scaler = TargetScaler("log1p").fit([[1.0], [2.0]])
    with pytest.raises(TaskDataError, match="no finite value for -2 in Y"):
        scaler.transform([[-2.0]])


def test_task_of_the_fit_and_of_the_transformation_have_to_agree(Y):
    scaler = TargetScaler().fit([1.0, 2.0, 5.0], task=["a", "a", "b"])
    with pytest.raises(TaskDataError, match="fitted with task"):
        scaler.transform([[1.0]])
    with pytest.raises(TaskDataError, match="task 'c' was not seen"):
        scaler.transform([1.0], task=["c"])
    with pytest.raises(TaskDataError, match="fitted without task"):
        TargetScaler().fit(Y).transform([1.0], task=["a"])
    with pytest.raises(TaskDataError, match="expecting 3"):
        TargetScaler().fit(Y).inverse_transform(Y[:, :2])


def test_a_value_beyond_the_range_of_a_power_is_warned_of():
    y = -np.log(np.linspace(0.001, 1, 200))[:, None]
    scaler = TargetScaler("power").fit(y)
    with pytest.warns(UserWarning, match=r"1 of 2 values for Y \(task 0\) have no finite counterpart"):
        scaler.inverse_transform([[0.0], [1e3]])


def test_a_fit_to_rows_forgets_the_names_of_a_table():
    scaler = TargetScaler().set_output(transform="pandas")
    scaler.fit(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]}))
    said = scaler.fit_transform(pd.Series([1.0, 3.0, 5.0, 9.0], index=list("wxyz")), task=[0, 0, 1, 1])
    assert said.to_numpy().ravel().tolist() == [-1, 1, -1, 1]
    assert scaler.get_feature_names_out().tolist() == ["x0"]


def test_the_way_back_refuses_another_order():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})
    scaler = TargetScaler().fit(table)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(table)), table)
    with pytest.raises(TaskDataError, match="outcomes of the fit in another order"):
        scaler.inverse_transform(table[["b", "a"]])
