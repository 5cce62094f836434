"""The registered guard."""

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
    chosen = numbers if kind == "numbers" else {"a": numbers["a"], "c": events["c"]}
    return X, pd.DataFrame(chosen).mask(rng.random((N, 2)) < 0.1)


@pytest.mark.parametrize("kind", ["numbers", pytest.param("mixed", marks=pytest.mark.slow)])
def test_guard_is_compared(kind):
    X, Y = table(kind)
    found = compare(X, Y, ["independent", "guard"], cv=2, random_state=0, groups=np.arange(N) // 2)
    summary = found.summary()
    assert summary["estimator"].tolist() == ["guard"] * 2
    assert summary["outcome"].tolist() == list(Y)
    assert np.isfinite(summary[["score", "gain"]]).all(axis=None)
