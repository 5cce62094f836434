"""Tables of a number, two classes and a count, for the tests of estimators with a likelihood per outcome."""

import numpy as np
import pandas as pd

from skmtl.gaussian_process import MultiTaskGeneralizedGP

N, P, T = 30, 2, 3
LINKS = ("logit", "probit")
MIXED = {"sbp": "gaussian", "death": "logit", "visits": "poisson"}


def table(seed=0, n=N, missing=0.2):
    """A number, two classes and a count that share a latent function; some unobserved."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, P))
    risk = X[:, 0] - np.tanh(X[:, 1])
    Y = pd.DataFrame(
        {
            "sbp": 120 + 10 * risk + 5 * rng.normal(size=n),
            "death": np.where(risk + rng.logistic(size=n) > 0, "yes", "no"),
            "visits": rng.poisson(np.exp(0.7 * risk)).astype(float),
        }
    ).astype({"death": object})
    hidden = rng.random(Y.shape) < missing
    return X, Y.mask(hidden)


def numbers(seed=0, n=N, missing=0.2):
    """The same as an array."""
    X, Y = table(seed, n, missing)
    return X, Y.assign(death=Y["death"].map({"no": 0.0, "yes": 1.0})).to_numpy(dtype=float)


def mixed_model(**given):
    return MultiTaskGeneralizedGP(["gaussian", "logit", "poisson"], **given)


def binary(seed=1, n=60):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, P))
    return X, (X[:, 0] + 0.5 * rng.logistic(size=n) > 0).astype(int)
