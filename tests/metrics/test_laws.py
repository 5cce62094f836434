"""One rule for missing outcomes: NaN, weight 0 and an absent row are the same thing, in every metric."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning

N, T = 57, 4
EVERY_AVERAGE = ["raw_values", "uniform_average", "entries", "worst", np.array([1.0, 4.0, 0.0, 2.0])]


def with_holes(case):
    y_true, prediction = case.data(N, T)
    holes = case.holes(N, T)
    missing = y_true.copy()
    missing[holes] = np.nan
    return y_true, missing, prediction, holes


@pytest.mark.parametrize("multioutput", EVERY_AVERAGE, ids=str)
def test_nan_is_weight_zero_is_no_row(case, multioutput):
    y_true, missing, prediction, holes = with_holes(case)
    weight = np.random.default_rng(5).uniform(0.5, 2, size=(N, T))
    as_nan = case.metric(missing, prediction, sample_weight=weight, multioutput=multioutput)
    as_zero = case.metric(y_true, prediction, sample_weight=np.where(holes, 0, weight), multioutput=multioutput)
    assert np.array_equal(as_nan, as_zero)
    keep = ~holes.T.ravel()  # rows of tasks, the missing ones left out
    rows = (a.T.ravel()[keep] for a in (y_true, prediction))
    options = {"task": np.repeat(np.arange(T), N)[keep], "sample_weight": weight.T.ravel()[keep]}
    assert np.array_equal(as_nan, case.metric(*rows, multioutput=multioutput, **options))


@pytest.mark.parametrize("multioutput", EVERY_AVERAGE, ids=str)
def test_rows_equal_wide(case, multioutput):
    _, missing, prediction, _ = with_holes(case)
    ids = np.repeat(["north", "east", "south", "west"], N)  # sorted: east, north, south, west
    order = np.random.default_rng(6).permutation(N * T)
    y, p = missing.T.ravel()[order], prediction.T.ravel()[order]
    wide = case.metric(missing[:, [1, 0, 2, 3]], prediction[:, [1, 0, 2, 3]], multioutput=multioutput)
    np.testing.assert_allclose(case.metric(y, p, task=ids[order], multioutput=multioutput), wide, rtol=10 * case.rtol)


@pytest.mark.parametrize("multioutput", EVERY_AVERAGE, ids=str)
def test_a_row_twice_is_weight_two(case, multioutput):
    _, missing, prediction, _ = with_holes(case)
    times = np.random.default_rng(7).integers(1, 4, size=N)
    weighted = case.metric(missing, prediction, sample_weight=times, multioutput=multioutput)
    repeated = case.metric(
        np.repeat(missing, times, axis=0), np.repeat(prediction, times, axis=0), multioutput=multioutput
    )
    np.testing.assert_allclose(weighted, repeated, rtol=100 * case.rtol)
    unweighted = case.metric(missing, prediction, multioutput=multioutput)
    assert not np.allclose(weighted, unweighted, rtol=1e-11)


def test_one_column_of_weights_is_a_weight_for_each_row(case):
    _, missing, prediction, _ = with_holes(case)
    weight = np.random.default_rng(8).uniform(0.5, 2, size=N)
    a = case.metric(missing, prediction, sample_weight=weight, multioutput="entries")
    b = case.metric(missing, prediction, sample_weight=np.repeat(weight[:, None], T, axis=1), multioutput="entries")
    assert a == b
    np.testing.assert_allclose(a, case.metric(missing, prediction, sample_weight=3 * weight, multioutput="entries"))


def test_order_of_rows_and_tasks(case):
    _, missing, prediction, _ = with_holes(case)
    raw = case.metric(missing, prediction, multioutput="raw_values")
    tasks, rows = np.array([2, 0, 3, 1]), np.random.default_rng(9).permutation(N)
    assert np.array_equal(case.metric(missing[:, tasks], prediction[:, tasks], multioutput="raw_values"), raw[tasks])
    np.testing.assert_allclose(
        case.metric(missing[rows], prediction[rows], multioutput="raw_values"), raw, rtol=10 * case.rtol
    )


def test_predictions_of_missing_cells_do_not_matter(case):
    _, missing, prediction, holes = with_holes(case)
    raw = case.metric(missing, prediction, multioutput="raw_values")
    for anything in (np.nan, np.inf, -1e300):
        other = np.where(holes, anything, prediction)
        assert np.array_equal(case.metric(missing, other, multioutput="raw_values"), raw)


def test_averages(case):
    _, missing, prediction, holes = with_holes(case)
    weight = np.random.default_rng(10).uniform(0.5, 2, size=(N, T))
    options = {"sample_weight": weight}
    raw = case.metric(missing, prediction, multioutput="raw_values", **options)
    assert len(set(raw)) == T
    total = np.where(holes, 0, weight).sum(axis=0)
    average = {m: case.metric(missing, prediction, multioutput=m, **options) for m in EVERY_AVERAGE[1:4]}
    assert all(isinstance(value, float) for value in average.values())
    assert average["uniform_average"] == pytest.approx(raw.sum() / T)
    assert average["entries"] == pytest.approx((raw * total).sum() / total.sum())
    assert average["worst"] == case.worst(raw)
    custom = case.metric(missing, prediction, multioutput=[3.0, 0.0, 1.0, 0.5], **options)
    assert custom == pytest.approx((3 * raw[0] + raw[2] + 0.5 * raw[3]) / 4.5)


@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "accuracy_score", "log_loss"])
def test_entries_is_the_metric_over_all_cells(cases, name):
    case = next(case for case in cases if case.name == name)
    _, missing, prediction, holes = with_holes(case)
    entries = case.metric(missing, prediction, multioutput="entries")
    assert entries == pytest.approx(case.twin(missing[~holes], prediction[~holes]), rel=1e-12)


def test_input_is_not_changed(case):
    _, missing, prediction, _ = with_holes(case)
    weight = np.ones((N, T))
    weight[3, 1] = 0
    arrays = [missing, prediction, weight]
    before = [a.copy() for a in arrays]
    for a in arrays:
        a.flags.writeable = False
    case.metric(missing, prediction, sample_weight=weight)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays, before, strict=True))


def test_a_task_without_entries(case):
    _, missing, prediction, _ = with_holes(case)
    rest = case.metric(np.delete(missing, 2, axis=1), np.delete(prediction, 2, axis=1), multioutput="raw_values")
    missing[:, 2] = np.nan
    message = rf"^{case.name} is undefined for task 2 \(no observed entries\): raw values are nan there, averages skip "
    with pytest.warns(UndefinedMetricWarning, match=message) as caught:
        raw = case.metric(missing, prediction, multioutput="raw_values")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert np.isnan(raw[2])
    assert np.array_equal(np.delete(raw, 2), rest)
    with pytest.warns(UndefinedMetricWarning):
        assert case.metric(missing, prediction) == np.average(rest)
    with pytest.warns(UndefinedMetricWarning):
        worst = case.metric(missing, prediction, multioutput="worst")
    assert worst == case.worst(rest)
    with pytest.warns(UndefinedMetricWarning):
        weighted = case.metric(missing, prediction, multioutput=[1, 1, 100, 2])
    assert weighted == pytest.approx(np.average(rest, weights=[1, 1, 2]))
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(case.metric(missing, prediction, multioutput=[0, 0, 1, 0]))


@pytest.mark.parametrize("multioutput", EVERY_AVERAGE, ids=str)
def test_no_task_with_entries(case, multioutput):
    _, missing, prediction, _ = with_holes(case)
    with pytest.warns(UndefinedMetricWarning, match=r"for tasks 0, 1, 2, 3 \(no observed entries\): the value is nan"):
        value = case.metric(np.full_like(missing, np.nan), prediction, multioutput=multioutput)
    assert np.isnan(value).all()
    assert np.shape(value) == ((T,) if isinstance(multioutput, str) and multioutput == "raw_values" else ())


def test_frames_and_objects_equal_arrays(case):
    pandas = pytest.importorskip("pandas")
    _, missing, prediction, holes = with_holes(case)
    raw = case.metric(missing, prediction, multioutput="raw_values")
    names = ["sodium", "glucose", "died", "los"]
    frame = pandas.DataFrame(missing, columns=names)
    forms = [
        frame,
        frame.astype("Float64"),
        frame.astype(object).where(~holes, None),
        frame.astype(object).where(~holes, pandas.NA),
        missing.astype(object),
        [[None if np.isnan(v) else v for v in row] for row in missing.tolist()],
    ]
    if case.kind != "value":
        forms += [frame.astype("Int64"), frame.astype("boolean"), frame.astype("category")]
    for form in forms:
        assert np.array_equal(case.metric(form, prediction, multioutput="raw_values"), raw)
    predicted = pandas.DataFrame(prediction, columns=names)
    assert np.array_equal(case.metric(frame, predicted, multioutput="raw_values"), raw)
    column = case.metric(frame["glucose"], predicted["glucose"])
    assert column == raw[1]
    with pytest.warns(UndefinedMetricWarning, match="undefined for task 'glucose'"):
        case.metric(frame.assign(glucose=np.nan), prediction)


def test_polars_equals_arrays(case):
    polars = pytest.importorskip("polars")
    _, missing, prediction, _ = with_holes(case)
    raw = case.metric(missing, prediction, multioutput="raw_values")
    frame = polars.DataFrame(missing, schema=list("abcd"))
    for form in (frame, frame.fill_nan(None)):
        assert np.array_equal(case.metric(form, prediction, multioutput="raw_values"), raw)
    assert case.metric(frame["b"].fill_nan(None), prediction[:, 1]) == raw[1]


def test_strings_equal_codes(classification_case):
    pandas = pytest.importorskip("pandas")
    case = classification_case
    _, missing, prediction, holes = with_holes(case)
    names = np.array(["no", "yes"], dtype=object)
    words = np.where(holes, None, names[np.nan_to_num(missing).astype(int)])
    second = names[prediction.astype(int)] if case.kind == "label" else prediction
    options = {"pos_label": "yes"} if case.name in ("f1_score", "average_precision_score") else {}
    raw = case.metric(missing, prediction, multioutput="raw_values")
    for form in (words, words.tolist(), pandas.DataFrame(words), np.where(holes, np.nan, words).tolist()):
        assert np.array_equal(case.metric(form, second, multioutput="raw_values", **options), raw)


def test_no_warning_where_every_task_is_defined(case):
    _, missing, prediction, _ = with_holes(case)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        case.metric(missing, prediction)
