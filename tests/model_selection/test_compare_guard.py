"""The registered guard, for every form of table that it can be built for."""

import numpy as np
import pandas as pd
import pytest

from skmtl.model_selection import compare

N = 60


def table(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 4))
    signal = X @ rng.normal(size=4)
    numbers = {name: signal + rng.normal(size=N) for name in "ab"}
    events = {name: (signal + rng.normal(size=N) > 0).astype(float) for name in "cd"}
    chosen = {"numbers": numbers, "events": events, "mixed": {"a": numbers["a"], "c": events["c"]}}[kind]
    return X, pd.DataFrame(chosen).mask(rng.random((N, 2)) < 0.1)


@pytest.mark.parametrize("kind", ["numbers", "events", "mixed"])
def test_guard_is_compared(kind):
    X, Y = table(kind)
    found = compare(X, Y, ["independent", "guard"], cv=2, random_state=0, groups=np.arange(N) // 2)
    summary = found.summary()
    assert summary["estimator"].tolist() == ["guard"] * 2
    assert summary["outcome"].tolist() == list(Y)
    assert np.isfinite(summary[["score", "gain"]]).all(axis=None)


def test_guard_is_compared_over_places():
    X, Y = table("numbers")
    found = compare(X, Y["a"], ["independent", "guard"], task=np.arange(N) % 3, cv=2, random_state=0)
    assert found.summary()["outcome"].tolist() == [0, 1, 2]
