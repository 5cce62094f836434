"""What a tiny fit costs beyond scikit-learn's own ``validate_data``: checks, containers, choice of a solver."""

from __future__ import annotations

import statistics
import time

import numpy as np
from sklearn.linear_model import MultiTaskLasso as SklearnLasso
from sklearn.utils.validation import validate_data

REPEATS = 300


def bench_overhead(case):
    from skmtl.linear_model import MultiTaskLasso

    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    model, plain = MultiTaskLasso(alpha=0.1), SklearnLasso()

    def beyond() -> float:
        fit, validate = [], []
        for _ in range(REPEATS):
            begin = time.process_time()
            model.fit(X, Y)
            middle = time.process_time()
            validate_data(plain, X, Y, multi_output=True)
            fit.append(middle - begin)
            validate.append(time.process_time() - middle)
        return 1e3 * (statistics.median(fit) - statistics.median(validate))

    model.fit(X, Y)
    case.value(
        beyond, unit="ms", table="overhead", problem="fit at (20, 3, 2) less validate_data", solver="skmtl", at_most=0.4
    )
