"""Made data of every case, seed 0, and the sizes of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import lfilter

SNR = 3.0


@dataclass(frozen=True)
class Instance:
    """A multi-task regression: n rows, p features (AR(1), correlation rho), T tasks, 5% of the features in use.

    ``divisor`` places the strength: alpha_max / divisor.
    """

    name: str
    n: int
    p: int
    T: int
    rho: float = 0.5
    divisor: int = 10

    def __str__(self) -> str:
        return f"{self.name} ({self.n}, {self.p}, {self.T}), max/{self.divisor}"


CLINICAL = Instance("clinical", 500, 50, 5)
MEDIUM = Instance("medium", 2000, 500, 20, divisor=100)
WIDE = Instance("wide", 200, 5000, 20)
MEG = Instance("MEG", 200, 20000, 50, rho=0.95)
TALL = Instance("tall", 100_000, 100, 20)
FIFTH = Instance("a fifth of tall", 20_000, 100, 20)
VERY_TALL = Instance("very tall", 1_000_000, 50, 10)
MANY_TASKS = Instance("many tasks", 5000, 2000, 100)


@lru_cache(maxsize=1)
def regression(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """X (n, p) and Y (n, T), centred and in Fortran order, with three parts of signal to one of noise."""
    rng = np.random.default_rng(0)
    X = _features(instance, rng)
    W = np.zeros((instance.p, instance.T))
    rows = rng.choice(instance.p, max(1, round(0.05 * instance.p)), replace=False)
    W[rows] = rng.normal(size=(len(rows), instance.T))
    Y = _noisy(X @ W, rng)
    return _centred(X), _centred(Y)


@lru_cache(maxsize=1)
def low_rank(instance: Instance) -> tuple[np.ndarray, np.ndarray]:
    """The same with coefficients of rank three on all features."""
    rng = np.random.default_rng(0)
    X = _features(instance, rng)
    W = rng.normal(size=(instance.p, 3)) @ rng.normal(size=(3, instance.T))
    return _centred(X), _centred(_noisy(X @ W, rng))


@lru_cache(maxsize=1)
def labels(n: int, p: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """X (n, p) and T columns of 0 and 1."""
    rng = np.random.default_rng(0)
    X, eta = _predictors(n, p, T, rng)
    return X, (rng.random((n, T)) < 1 / (1 + np.exp(-eta))).astype(float)


@lru_cache(maxsize=1)
def classes(n: int, p: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """X (n, p) and one column of K classes (Gumbel noise on the linear predictors)."""
    rng = np.random.default_rng(0)
    X, eta = _predictors(n, p, K, rng)
    return X, np.argmax(eta + rng.gumbel(size=eta.shape), axis=1)


def folds(n: int, k: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    """Contiguous folds: the rows are exchangeable."""
    parts = np.array_split(np.arange(n), k)
    return [(np.setdiff1d(np.arange(n), test), test) for test in parts]


def strengths(alpha_max: float, n_alphas: int = 50, eps: float = 0.01) -> np.ndarray:
    """Geometric grid, largest first."""
    return np.geomspace(alpha_max, eps * alpha_max, n_alphas)


def _predictors(n: int, p: int, T: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    X = _centred(_features(Instance("", n, p, T), rng))
    W = np.zeros((p, T))
    rows = rng.choice(p, max(1, round(0.05 * p)), replace=False)
    W[rows] = rng.normal(size=(len(rows), T))
    eta = X @ W
    return X, 2.0 * eta / eta.std()


def _features(instance: Instance, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=(instance.n, instance.p))
    noise[:, 1:] *= np.sqrt(1 - instance.rho**2)
    return lfilter([1], [1, -instance.rho], noise, axis=1)


def _noisy(signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=signal.shape)
    return signal + noise * (np.linalg.norm(signal) / np.linalg.norm(noise) / np.sqrt(SNR))


def _centred(array: np.ndarray) -> np.ndarray:
    array -= array.mean(axis=0)
    return np.asfortranarray(array)
