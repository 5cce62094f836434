"""Made data of the suite: five per cent of the features matter, noise as large as the signal."""

import numpy as np


def regression(n: int, p: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    W = np.zeros((p, T))
    W[: max(1, p // 20)] = rng.normal(size=(max(1, p // 20), T))
    signal = X @ W
    return X, signal + signal.std() * rng.normal(size=(n, T))


def missing(Y: np.ndarray, share: float = 0.3) -> np.ndarray:
    return np.where(np.random.default_rng(1).random(Y.shape) < share, np.nan, Y)


def labels(n: int, p: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    X, Y = regression(n, p, T)
    return X, (Y > 0).astype(float)
