"""Layouts, designs, moments and subsets against tables of plain loops."""

import cases
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skmtl.data import Moments, RowDesign, SharedDesign, as_task_data
from skmtl.exceptions import TaskDataError

N, P, T = 19, 4, 3
FORMS = ["complete", "missing", "rows", "weighted"]


def make(form, thin=False, seed=0, offset=0.0):
    """A table, its TaskData, and its entries as a list (task, x, y, weight) in task-major order."""
    table = cases.table(seed, scenario=form, n=N, p=P, T=T)
    X = np.where(np.abs(table.X) > 0.5, table.X, 0.0) + offset
    given = sparse.csr_array(X) if thin else X
    if table.rows:
        at = (np.arange(len(X)), table.task)
        data = as_task_data(given, table.Y[at], task=table.task, sample_weight=table.weight[at])
    else:
        data = as_task_data(given, table.Y, sample_weight=table.weight)
    entries = [
        (t, X[i], table.Y[i, t], table.weight[i, t]) for t in range(T) for i in range(len(X)) if table.observed[i, t]
    ]
    return data, entries


@pytest.mark.parametrize("thin", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("form", FORMS)
class TestDesigns:
    def test_entries(self, form, thin):
        data, entries = make(form, thin)
        assert isinstance(data.design, RowDesign if form == "rows" else SharedDesign)
        np.testing.assert_array_equal(data.y, [e[2] for e in entries])
        np.testing.assert_array_equal(data.weight, [e[3] for e in entries])
        np.testing.assert_array_equal(data.layout.entry_task, [e[0] for e in entries])
        assert data.layout.counts.sum() == data.layout.n_entries == len(entries)
        assert data.layout.complete == (form == "complete")

    def test_forward(self, form, thin):
        data, entries = make(form, thin)
        rng = np.random.default_rng(1)
        W, b = rng.normal(size=(P, T)), rng.normal(size=T)
        expected = [x @ W[:, t] + b[t] for t, x, _, _ in entries]
        np.testing.assert_allclose(data.design.forward(W, b), expected, atol=1e-12)

    def test_adjoint_is_the_transpose(self, form, thin):
        data, entries = make(form, thin)
        rng = np.random.default_rng(1)
        W, b, g = rng.normal(size=(P, T)), rng.normal(size=T), rng.normal(size=len(entries))
        dW, db = data.design.adjoint(g)
        assert float(data.design.forward(W, b) @ g) == pytest.approx(float((W * dW).sum() + b @ db), rel=1e-12)

    def test_second_moment_and_gram(self, form, thin):
        data, entries = make(form, thin)
        g = np.random.default_rng(1).normal(size=len(entries))
        second = np.zeros((P, T))
        for (t, x, _, _), value in zip(entries, g, strict=True):
            second[:, t] += value * x**2
        np.testing.assert_allclose(data.design.second_moment(g), second, atol=1e-12)
        shift = np.array([0.5, -1.0, 2.0, 0.0])
        for t in range(T):
            mine = [e for e in entries if e[0] == t]
            weight = np.array([e[3] for e in mine])
            for by in (None, shift):
                rows = np.array([e[1] for e in mine]) - (0.0 if by is None else by)
                expected = rows.T @ (weight[:, None] * rows)
                np.testing.assert_allclose(data.design.gram(t, weight, by), expected, atol=1e-11)

    def test_take(self, form, thin):
        """A subset of the rows is what reading those rows alone gives."""
        data, _ = make(form, thin)
        n_rows = data.layout.n_rows
        rows = np.random.default_rng(2).random(n_rows) < 0.7
        part = data.take(rows)
        X = data.design.X
        table = cases.table(0, scenario=form, n=N, p=P, T=T)
        full = np.where(np.abs(table.X) > 0.5, table.X, 0.0)[rows]
        if table.rows:
            at = (np.arange(n_rows), table.task)
            own = as_task_data(full, table.Y[at][rows], task=table.task[rows], sample_weight=table.weight[at][rows])
        else:
            own = as_task_data(full, table.Y[rows], sample_weight=table.weight[rows])
        assert sparse.issparse(part.design.X) == sparse.issparse(X) == thin
        np.testing.assert_array_equal(part.y, own.y)
        np.testing.assert_array_equal(part.weight, own.weight)
        np.testing.assert_array_equal(part.layout.row_index, own.layout.row_index)
        np.testing.assert_array_equal(part.layout.task_ptr, own.layout.task_ptr)
        W, b = np.random.default_rng(1).normal(size=(P, T)), np.arange(3.0)
        np.testing.assert_allclose(part.design.forward(W, b), own.design.forward(W, b), atol=1e-12)

    def test_moments_are_the_sums(self, form, thin):
        data, entries = make(form, thin)
        moments = Moments.from_data(data)
        assert moments.shared == (form == "complete")
        about = moments.about(np.array([1.0, -2.0, 0.3, 0.0]), np.array([5.0, 0.0, -1.0]))
        for t in range(T):
            rows = [(x, y, s) for task, x, y, s in entries if task == t]
            g = 0 if moments.shared else t
            for of in (moments, about):
                x = np.array([r[0] for r in rows]) - of.shift_x
                y = np.array([r[1] for r in rows]) - of.shift_y[t]
                s = np.array([r[2] for r in rows])
                np.testing.assert_allclose(of.xx[g], x.T @ (s[:, None] * x), atol=1e-11)
                np.testing.assert_allclose(of.sx[:, g], x.T @ s, atol=1e-11)
                np.testing.assert_allclose(of.xy[:, t], x.T @ (s * y), atol=1e-11)
                assert of.yy[t] == pytest.approx(float(s @ y**2), rel=1e-11)
                assert of.sy[t] == pytest.approx(float(s @ y), abs=1e-11)
                assert of.s[t] == pytest.approx(float(s.sum()), rel=1e-13)

    def test_centred_moments(self, form, thin):
        data, entries = make(form, thin)
        moments = Moments.from_data(data)
        grams, cross = moments.centered()
        mean_x, mean_y = moments.means()
        for t in range(T):
            rows = [(x, y, s) for task, x, y, s in entries if task == t]
            x, y, s = (np.array(column) for column in zip(*rows, strict=True))
            mx, my = np.average(x, axis=0, weights=s), np.average(y, weights=s)
            np.testing.assert_allclose(mean_x[:, t], mx, atol=1e-12)
            assert mean_y[t] == pytest.approx(my, abs=1e-12)
            expected = (x - mx).T @ (s[:, None] * (x - mx))
            np.testing.assert_allclose(grams[0 if moments.shared else t], expected, atol=1e-11)
            np.testing.assert_allclose(cross[:, t], (x - mx).T @ (s * (y - my)), atol=1e-11)


@pytest.mark.parametrize("form", FORMS)
def test_moments_add(form):
    """Over chunks of rows, in any order, about different points."""
    data, _ = make(form)
    whole = Moments.from_data(data)
    labels = np.arange(data.layout.n_rows) % 3
    # Every chunk has to see every task, to have a mean of its own.
    parts = [Moments.from_data(data.take(labels == k)) for k in range(3)]
    for order in ([0, 1, 2], [2, 0, 1]):
        total = parts[order[0]] + parts[order[1]] + parts[order[2]]
        for a, b in zip(total.centered(), whole.centered(), strict=True):
            np.testing.assert_allclose(np.broadcast_to(a, b.shape), b, atol=1e-10)
        total = total.about(whole.shift_x, whole.shift_y)
        for name in ("xx", "sx", "xy", "yy", "s", "sy"):
            a, b = getattr(total, name), getattr(whole, name)
            np.testing.assert_allclose(np.broadcast_to(a, b.shape), b, atol=1e-10)


def test_shared_and_unshared_moments_add():
    """A complete site and a site with holes."""
    complete, _ = make("complete", seed=1)
    holes, _ = make("missing", seed=2)
    total = Moments.from_data(complete) + Moments.from_data(holes)
    assert not total.shared
    one, two = (cases.table(k, scenario=s, n=N, p=P, T=T) for k, s in ((1, "complete"), (2, "missing")))
    X = np.vstack([np.where(np.abs(t.X) > 0.5, t.X, 0.0) for t in (one, two)])
    whole = Moments.from_data(as_task_data(X, np.vstack([one.Y, two.Y])))
    for a, b in zip(total.centered(), whole.centered(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)


def test_moments_of_other_features_do_not_add():
    data, _ = make("complete")
    other = as_task_data(np.eye(5), np.ones((5, T)))
    with pytest.raises(TaskDataError, match=r"Moments of shape \(features, tasks\) \(4, 3\) and \(5, 3\) do not add"):
        Moments.from_data(data) + Moments.from_data(other)
    with pytest.raises(TypeError):
        Moments.from_data(data) + 3


def test_moments_keep_their_digits_far_from_zero():
    """Features about a million, spread one: raw second moments would lose twelve digits."""
    near, _ = make("missing")
    far, _ = make("missing", offset=1e6)
    for a, b in zip(Moments.from_data(near).centered(), Moments.from_data(far).centered(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


def test_a_subset_without_a_task_names_it():
    table = cases.table(0, n=N, p=P, T=T)
    Y = pd.DataFrame(table.Y, columns=["ldl", "hdl", "tri"])
    Y.loc[5:, "hdl"] = np.nan
    data = as_task_data(table.X, Y)
    with pytest.raises(TaskDataError) as error:
        data.take(np.arange(N) >= 5)
    assert str(error.value) == (
        "Task 'hdl' has no observed entry in this subset of the rows: use folds that keep every task observed, such as "
        "MultiTaskKFold."
    )
    part = data.take(np.arange(N) >= 5, every_task=False)
    assert part.layout.counts.tolist() == [N - 5, 0, N - 5]
    assert part.design.forward(np.ones((P, T)), np.zeros(T)).shape == (2 * (N - 5),)


def test_names_and_forms():
    X = np.eye(4)
    assert as_task_data(X, np.ones(4)).form == "single"
    wide = as_task_data(X, pd.DataFrame({"b": [1.0, 2, 3, 4], "a": [1.0, 2, 3, 4]}))
    assert (wide.form, wide.layout.names) == ("wide", ("b", "a"))
    rows = as_task_data(X, np.ones(4), task=[20, 3, 3, 20])
    assert (rows.form, rows.layout.names) == ("rows", (3, 20))
    assert rows.layout.row_index.tolist() == [1, 2, 0, 3]
    assert as_task_data(X, pd.Series([1.0, 2, 3, 4], name="los")).layout.names == ("los",)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, float("nan"), pd.NaT], ids=repr)
def test_every_word_for_missing(missing):
    Y = np.array([[1.0, "a"], [missing, "b"], [2.0, missing], [3.0, "a"]], dtype=object)
    data = as_task_data(np.eye(4), Y, kinds=["numeric", "binary"])
    assert data.layout.counts.tolist() == [3, 3]
    assert data.y.tolist() == [1.0, 2.0, 3.0, 0.0, 1.0, 0.0]
    assert data.encoders[1].classes.tolist() == ["a", "b"]


def test_labels_come_back():
    data = as_task_data(np.eye(4), ["yes", "no", "no", "yes"], kinds="binary")
    encoder = data.encoders[0]
    assert encoder.decode(data.y).tolist() == ["yes", "no", "no", "yes"]
    again = as_task_data(np.eye(2), ["no", "no"], kinds=[encoder])
    assert again.y.tolist() == [0.0, 0.0]
    flipped = as_task_data(np.eye(2), ["yes", "yes"], kinds=[encoder])
    assert flipped.y.tolist() == [1.0, 1.0]
