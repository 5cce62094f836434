"""Tasks with several linear predictors: layouts and designs against dense loops."""

import numpy as np
import pytest
from scipy import sparse

from skmtl.data import RowDesign, SharedDesign, as_task_data

N, P = 17, 4


def make(form, thin):
    """Data and its entries: (task, row of features, target), task-major; channels 1, 3, 1, or 3 each in rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, P)) * (rng.random((N, P)) < 0.7)
    given = sparse.csr_array(X) if thin else X
    if form == "rows":
        task, y = np.arange(N) % 3, rng.integers(0, 3, size=N).astype(float)
        task, y = task[rng.permutation(N)], np.where(rng.random(N) < 0.2, np.nan, y)
        data = as_task_data(given, y, task=task, kinds="classes")
        seen = [(t, X[i], y[i]) for t in range(3) for i in range(N) if task[i] == t and y[i] == y[i]]
        return data, seen, [3, 3, 3]
    Y = rng.normal(size=(N, 3))
    Y[:, 1] = rng.permutation(N) % 3
    if form == "missing":
        Y[rng.random((N, 3)) < 0.3] = np.nan
    data = as_task_data(given, Y, kinds=["numeric", "classes", "numeric"])
    return data, [(t, X[i], Y[i, t]) for t in range(3) for i in range(N) if Y[i, t] == Y[i, t]], [1, 3, 1]


def places(entries, channels):
    """(channel, row of features, entry) of each linear predictor, in their order."""
    first = np.cumsum([0, *channels])
    return [
        (first[t] + k, x, e)
        for t in range(3)
        for k in range(channels[t])
        for e, (task, x, _) in enumerate(entries)
        if task == t
    ]


@pytest.mark.parametrize("thin", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("form", ["complete", "missing", "rows"])
class TestChannels:
    def test_layout(self, form, thin):
        data, entries, channels = make(form, thin)
        flat = places(entries, channels)
        layout = data.layout
        assert layout.n_channels == sum(channels)
        assert layout.complete == (form == "complete")
        assert isinstance(data.design, RowDesign if form == "rows" else SharedDesign)
        np.testing.assert_array_equal(data.y, [y for _, _, y in entries])
        np.testing.assert_array_equal(layout.eta_channel, [c for c, _, _ in flat])
        values = np.random.default_rng(1).normal(size=len(entries))
        np.testing.assert_array_equal(layout.expand(values), [values[e] for _, _, e in flat])
        for t in range(3):
            mine = [k for k, (c, _, _) in enumerate(flat) if layout.channel_task[c] == t]
            assert layout.eta(t) == slice(mine[0], mine[-1] + 1)

    def test_forward(self, form, thin):
        data, entries, channels = make(form, thin)
        rng = np.random.default_rng(1)
        W, b = rng.normal(size=(P, sum(channels))), rng.normal(size=sum(channels))
        expected = [x @ W[:, c] + b[c] for c, x, _ in places(entries, channels)]
        np.testing.assert_allclose(data.design.forward(W, b), expected, atol=1e-13)

    def test_adjoint_and_second_moment(self, form, thin):
        data, entries, channels = make(form, thin)
        flat = places(entries, channels)
        g = np.random.default_rng(1).normal(size=len(flat))
        dW, db, second = np.zeros((P, sum(channels))), np.zeros(sum(channels)), np.zeros((P, sum(channels)))
        for (c, x, _), value in zip(flat, g, strict=True):
            dW[:, c] += value * x
            db[c] += value
            second[:, c] += value * x**2
        got_W, got_b = data.design.adjoint(g)
        np.testing.assert_allclose(got_W, dW, atol=1e-12)
        np.testing.assert_allclose(got_b, db, atol=1e-12)
        np.testing.assert_allclose(data.design.second_moment(g), second, atol=1e-12)

    def test_take(self, form, thin):
        data, _, channels = make(form, thin)
        rows = np.random.default_rng(2).random(N) < 0.8
        part = data.take(rows)
        W, b = np.random.default_rng(1).normal(size=(P, sum(channels))), np.zeros(sum(channels))
        kept = data.layout.expand(rows[data.layout.row_index])
        np.testing.assert_allclose(part.design.forward(W, b), data.design.forward(W, b)[kept], atol=1e-13)
        assert part.layout.channels.tolist() == channels


def test_expand_is_the_identity_without_classes():
    data = as_task_data(np.eye(4), np.ones((4, 2)))
    values = np.arange(8.0)
    assert data.layout.expand(values) is values
