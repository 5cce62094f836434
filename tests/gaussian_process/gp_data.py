"""Small tables and models that the tests of Gaussian processes share."""

import numpy as np
from sklearn.gaussian_process.kernels import RBF

from skmtl.gaussian_process._coregionalization import Coregionalization
from skmtl.gaussian_process._covariance import Covariance, Term
from skmtl.gaussian_process._dense import DenseInference
from skmtl.gaussian_process._kronecker import KroneckerInference
from skmtl.gaussian_process._noise import Noise

N, P, T = 11, 2, 3


def drawn(n=N, p=P, n_tasks=T, rank=2, noise=0.1, seed=0, kernel=None):
    """Rows, outcomes drawn from the model, and the covariance B between them."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n, p))
    L = rng.normal(size=(n_tasks, rank))
    B = L @ L.T + 0.1 * np.eye(n_tasks)
    K = (RBF(1.0) if kernel is None else kernel)(X) + 1e-10 * np.eye(n)
    F = np.linalg.cholesky(K) @ rng.normal(size=(n, n_tasks)) @ np.linalg.cholesky(B).T
    return X, F + np.sqrt(noise) * rng.normal(size=F.shape), B


def holes(Y, share=0.3, seed=1):
    """A copy with missing outcomes, but for the first row."""
    Y = Y.copy()
    gone = np.random.default_rng(seed).random(Y.shape) < share
    gone[0] = False
    Y[gone] = np.nan
    return Y


def covariance(rank=2, n_tasks=T, kernel=None, seed=2):
    rng = np.random.default_rng(seed)
    task = Coregionalization(rng.normal(size=(n_tasks, rank)), rng.normal(size=n_tasks) - 1)
    return Covariance((Term(RBF([0.8, 1.3]) if kernel is None else kernel, task),))


def noise(n_tasks=T, shared=False):
    return Noise(np.log(0.2 + 0.1 * np.arange(1 if shared else n_tasks)))


def both(X, Y, cov, sigma2):
    """The Kronecker and the dense inference of complete outcomes, entries task-major."""
    n, n_tasks = Y.shape
    rows, tasks = np.tile(np.arange(n), n_tasks), np.repeat(np.arange(n_tasks), n)
    return KroneckerInference(cov, X, Y, sigma2), DenseInference(cov, X, rows, tasks, Y.T.ravel(), sigma2)
