"""A score on outcomes in another order than in the fit is refused, not computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from skmtl.exceptions import TaskDataError
from skmtl.linear_model import MultiTaskGLM, MultiTaskRidge
from skmtl.multioutput import IndependentTasks


@pytest.mark.parametrize("model", [MultiTaskRidge(0.01), MultiTaskGLM(alpha=0.01), IndependentTasks(Ridge())])
def test_a_frame_in_another_order_is_an_error_that_names_both(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    Y = pd.DataFrame({"lab": X[:, 0] + 0.1 * rng.normal(size=30), "los": X[:, 1], "icu": X[:, 2]})
    model.fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert model.score(X, Y.to_numpy()) == model.score(X, Y)
    with pytest.raises(TaskDataError) as error:
        model.score(X, Y[["los", "lab", "icu"]])
    assert str(error.value) == (
        f"y has the outcomes ['los', 'lab', 'icu'] but this {type(model).__name__} was fitted on "
        "['lab', 'los', 'icu']: "
        "give the same columns in the same order."
    )
