"""How targets are read: kinds, labels and their codes, exposures."""

import numpy as np
import pandas as pd
import pytest

from skmtl.data import TaskData, as_task_data
from skmtl.exceptions import TaskDataError

N = 12
X = np.random.default_rng(0).normal(size=(N, 3))
WARD = np.array(["icu", "er", "ob"] * 4)
COUNT = np.arange(N) % 5.0


def read(Y, kinds="auto", **options) -> TaskData:
    return as_task_data(X, Y, kinds=kinds, **options)


def put(array, index, value, dtype=None):
    changed = np.array(array, dtype=dtype)
    changed[index] = value
    return changed


class TestClasses:
    def test_codes_and_channels(self):
        data = read(np.column_stack([WARD, WARD != "er"]).astype(object), ["classes", "binary"])
        encoder = data.encoders[0]
        assert encoder.kind == "classes"
        assert encoder.classes.tolist() == ["er", "icu", "ob"]
        assert encoder.n_channels == 3
        assert data.encoders[1].n_channels == 1
        assert data.layout.channels.tolist() == [3, 1]
        assert data.y[:3].tolist() == [1.0, 0.0, 2.0]
        assert encoder.decode(data.y[:N]).tolist() == WARD.tolist()

    def test_two_classes_have_two_channels(self):
        data = read(WARD == "er", "classes")
        assert (data.encoders[0].n_channels, data.layout.n_channels) == (2, 2)

    def test_missing_labels(self):
        data = read(put(WARD, 1, None, object), "classes")
        assert data.y.tolist() == [1.0, 2.0, *([1.0, 0.0, 2.0] * 3)]
        numbers = read(put([3.0, 1.0, 7.0] * 4, 1, np.nan), "classes")
        assert numbers.encoders[0].classes.tolist() == [1.0, 3.0, 7.0]
        assert numbers.y.tolist() == data.y.tolist()

    def test_known_encoder(self):
        encoder = read(WARD, "classes").encoders[0]
        again = as_task_data(X[:3], ["ob", "ob", "icu"], kinds=[encoder])
        assert again.y.tolist() == [2.0, 2.0, 1.0]
        assert again.layout.channels.tolist() == [3]
        assert again.encoders[0] is encoder
        with pytest.raises(TaskDataError) as error:
            as_task_data(X[:2], ["ob", "ward"], kinds=[encoder])
        assert str(error.value) == (
            "Y (task 0) holds the label 'ward', but the fit knew 'er', 'icu' and 'ob' only: give the labels of the fit."
        )

    def test_rows_share_the_classes(self):
        """A class unseen in one place keeps its channel there."""
        site = np.array(["a", "a", "b", "b"] * 3)
        labels = np.where((site == "b") & (WARD == "ob"), "er", WARD)
        data = read(labels, "classes", task=site)
        assert data.layout.channels.tolist() == [3, 3]
        assert data.encoders[0] is data.encoders[1]
        assert set(data.y[data.layout.entries(1)]) == {0.0, 1.0}

    def test_a_class_needs_weight(self):
        weight = (WARD != "ob").astype(float)
        assert read(WARD, "classes", sample_weight=weight).encoders[0].classes.tolist() == ["er", "icu"]


class TestAuto:
    @pytest.mark.parametrize(
        ("column", "kind"),
        [
            (np.where(WARD == "er", "yes", "no"), "binary"),
            (WARD == "er", "binary"),
            ((WARD == "er") * 1, "binary"),
            ((WARD == "er") * 1.0, "binary"),
            (put((WARD == "er") * 1.0, 0, np.nan), "binary"),
            ((WARD == "er") * 1.0 + 1.0, "numeric"),  # 1 and 2: not told from measurements
            (COUNT, "numeric"),
            (COUNT.astype(int), "numeric"),
            (COUNT - 0.5, "numeric"),
            (WARD, "classes"),
            (put(WARD, 2, None, object), "classes"),
            (put(COUNT, 3, None, object), "numeric"),
            (put(WARD == "er", 3, None, object), "binary"),
            (pd.Series(WARD, dtype="category"), "classes"),
            (pd.Series(np.arange(N) % 3, dtype="category"), "classes"),  # categories, whatever their values
            (pd.Series(np.arange(N) % 2 + 1, dtype="category"), "binary"),
            (pd.Series(WARD == "er", dtype="boolean"), "binary"),
            (pd.Series(COUNT, dtype="Int64"), "numeric"),
            (pd.Series(WARD, dtype="string"), "classes"),
        ],
    )
    def test_kind(self, column, kind):
        data = read(column)
        assert data.encoders[0].kind == kind
        assert data.encoders[0].n_channels == (3 if kind == "classes" else 1)
        same = read(column, kind)
        np.testing.assert_array_equal(data.y, same.y)
        frame = read(pd.DataFrame({"a": column, "b": COUNT}))
        assert [encoder.kind for encoder in frame.encoders] == [kind, "numeric"]
        site = np.arange(N) % 2
        assert read(column, task=site).encoders[0].kind == kind

    def test_per_task(self):
        data = read(pd.DataFrame({"ward": WARD, "falls": COUNT, "died": WARD == "er"}), ["auto", "count", "auto"])
        assert [encoder.kind for encoder in data.encoders] == ["classes", "count", "binary"]

    def test_polars(self):
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame({"a": WARD, "b": COUNT}, schema={"a": pl.Categorical, "b": pl.Float64})
        assert [encoder.kind for encoder in read(frame).encoders] == ["classes", "numeric"]


class TestCounts:
    def test_rates_are_counts(self):
        data = read(COUNT + 0.25, "count")
        assert data.encoders[0].kind == "count"
        assert data.encoders[0].classes is None
        assert data.exposure is None
        np.testing.assert_array_equal(data.encoders[0].decode(data.y), COUNT + 0.25)

    @pytest.mark.parametrize("shape", ["rows", "table"])
    def test_exposure(self, shape):
        Y = np.column_stack([COUNT, COUNT - 2, COUNT[::-1]])
        Y[3, 0] = np.nan
        exposure = np.random.default_rng(1).exponential(size=N) + 0.5
        exposure[3] = np.nan  # not looked at: the count is missing, the measurement has none
        given = exposure
        if shape == "table":
            given = np.column_stack([exposure, np.full(N, -1.0), np.ones(N)])
        else:
            Y[3, 2] = np.nan
        data = read(Y, ["count", "numeric", "count"], exposure=given)
        keep = np.arange(N) != 3
        zero, one, two = (data.layout.entries(t) for t in range(3))
        np.testing.assert_array_equal(data.y[zero], COUNT[keep] / exposure[keep])
        np.testing.assert_array_equal(data.exposure[zero], exposure[keep])
        np.testing.assert_array_equal(data.y[one], COUNT - 2)
        np.testing.assert_array_equal(data.exposure[one], np.ones(N))
        if shape == "table":
            np.testing.assert_array_equal(data.y[two], COUNT[::-1])
            np.testing.assert_array_equal(data.exposure[two], np.ones(N))
        else:
            np.testing.assert_array_equal(data.y[two], COUNT[::-1][keep] / exposure[keep])
        assert (data.weight == 1).all()

    def test_exposure_of_rows_and_subsets(self):
        site = np.array([5, 2, 2] * 4)
        exposure = np.arange(1.0, N + 1)
        data = read(COUNT, "count", task=site, exposure=exposure)
        order = data.layout.row_index
        np.testing.assert_array_equal(data.exposure, exposure[order])
        np.testing.assert_array_equal(data.y, COUNT[order] / exposure[order])
        rows = np.arange(N) % 5 != 0
        part = data.take(rows)
        np.testing.assert_array_equal(part.exposure, exposure[order][rows[order]])
        np.testing.assert_array_equal(part.y * part.exposure, COUNT[order][rows[order]])

    def test_exposure_is_an_offset(self):
        """exposure * (exp(eta) - rate eta) is the loss of the count at eta + log(exposure), up to a constant."""
        from skmtl.losses import PoissonLoss

        exposure = np.random.default_rng(1).exponential(size=N) + 0.5
        data = read(COUNT, "count", exposure=exposure)
        loss, rng = PoissonLoss(), np.random.default_rng(2)
        one, two = rng.normal(size=N), rng.normal(size=N)
        plain = [loss.value(COUNT, eta + np.log(exposure), data.weight) for eta in (one, two)]
        rates = [loss.value(data.y, eta, data.weight * data.exposure) for eta in (one, two)]
        assert rates[0] - rates[1] == pytest.approx(plain[0] - plain[1], rel=1e-12)
        # Half the deviance has no constant either.
        assert rates[0] == pytest.approx(plain[0], rel=1e-12)

    def test_input_is_unchanged(self):
        exposure, Y = np.full((N, 2), 2.0), np.column_stack([COUNT, COUNT])
        Y[3] = np.nan
        before = Y.copy()
        read(Y[:, :2], ["count", "numeric"], exposure=exposure)
        read(Y[:, 0], "count", exposure=exposure[:, 0], task=WARD)
        assert (exposure == 2.0).all()
        np.testing.assert_array_equal(Y, before)


@pytest.mark.parametrize(
    ("Y", "options", "message"),
    [
        (
            pd.DataFrame({"falls": put(COUNT, 4, -1.0)}),
            {"kinds": "count"},
            "Y (task 'falls') is read as a count but holds -1 in row 4: give numbers of zero or more, or use a loss "
            "for numeric outcomes.",
        ),
        (
            put(COUNT, 4, -0.5),
            {"kinds": "count", "task": WARD},
            "Y (one outcome, rows of tasks) is read as a count but holds -0.5 in row 4: give numbers of zero or more, "
            "or use a loss for numeric outcomes.",
        ),
        (
            pd.DataFrame({"falls": WARD}),
            {"kinds": "count"},
            "Y (task 'falls') is not numeric (it holds 'icu'): use a classification loss or estimator for it, or turn "
            "it into numbers.",
        ),
        (
            COUNT,
            {"exposure": np.ones(N)},
            "exposure goes with counts, but no outcome is read as a count: drop exposure, or use loss='poisson' for an "
            "outcome that is one.",
        ),
        (
            COUNT,
            {"exposure": np.ones(N), "task": WARD, "kinds": "numeric"},
            "exposure goes with counts, but no outcome is read as a count: drop exposure, or use loss='poisson' for an "
            "outcome that is one.",
        ),
        (
            COUNT,
            {"kinds": "count", "exposure": np.ones(N - 1)},
            "exposure has shape (11,): give it the shape (12,).",
        ),
        (
            np.column_stack([COUNT, COUNT]),
            {"kinds": "count", "exposure": np.ones((N, 3))},
            "exposure has shape (12, 3): give it the shape (12,) or (12, 2).",
        ),
        (
            COUNT,
            {"kinds": "count", "exposure": ["long"] * N},
            "exposure is not an array of numbers: give positive numbers.",
        ),
        (
            pd.DataFrame({"falls": COUNT, "cost": COUNT}),
            {"kinds": ["count", "numeric"], "exposure": put(np.ones(N), 7, 0.0)},
            "exposure of Y (task 'falls') is 0 in row 7: give a positive finite number where a count is observed.",
        ),
        (
            COUNT,
            {"kinds": "count", "exposure": put(np.ones(N), 7, np.nan), "task": WARD},
            "exposure of Y (one outcome, rows of tasks) is nan in row 7: give a positive finite number where a count "
            "is observed.",
        ),
        (
            COUNT,
            {"kinds": "count", "exposure": put(np.ones(N), 7, np.inf)},
            "exposure of Y (task 0) is inf in row 7: give a positive finite number where a count is observed.",
        ),
        (
            np.full(N, "er"),
            {"kinds": "classes"},
            "Y (task 0) has only one class, 'er', among its observed entries of positive weight: leave the outcome out "
            "or give rows of the other class.",
        ),
        (
            np.full(N, "er"),
            {},
            "Y (task 0) has only one class, 'er', among its observed entries of positive weight: leave the outcome out "
            "or give rows of the other class.",
        ),
        (
            COUNT + 0.5,
            {"kinds": "classes"},
            "Unknown label type: continuous. Y (task 0) does not hold classes: use a regression loss or estimator for "
            "it, or turn it into classes.",
        ),
        (WARD.astype(bytes), {}, "Y (task 0) holds labels as bytes: decode them to strings."),
        (
            put(WARD, 1, 3, object),
            {},
            "Y (task 0) mixes labels of several types (int, str): give labels of one type.",
        ),
    ],
)
def test_messages(Y, options, message):
    with pytest.raises(TaskDataError) as error:
        read(Y, **options)
    assert str(error.value) == message
