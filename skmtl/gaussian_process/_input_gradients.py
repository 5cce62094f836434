"""Gradients of an input kernel k(X, Z) between two sets of points, with respect to its parameters and to Z.

scikit-learn's kernels give a gradient for k(X, X) only, and none with respect to points. The kernels here are written
from their formulas; any other kernel is evaluated on the two sets stacked, which gives the gradient of its parameters
at about four times the cost, and none with respect to Z.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Exponentiation,
    Kernel,
    Matern,
    Product,
    RationalQuadratic,
    Sum,
    WhiteKernel,
)

from skmtl._typing import Array

Pullback = Callable[[Array], tuple[Array, Array | None]]
DiagonalPullback = Callable[[Array], Array]

_CHUNK = 64  # rows stacked at a time for a kernel without a formula of its own


def has_input_gradient(kernel: Kernel) -> bool:
    """Tell whether `cross_pullback` gives a gradient with respect to the points of this kernel."""
    # Exact types: a subclass may compute something else.
    if type(kernel) in (Sum, Product):
        return has_input_gradient(kernel.k1) and has_input_gradient(kernel.k2)
    if type(kernel) is Exponentiation:
        return has_input_gradient(kernel.kernel)
    if type(kernel) is Matern:
        return kernel.nu in (0.5, 1.5, 2.5, np.inf)
    return type(kernel) in (RBF, RationalQuadratic, DotProduct, ConstantKernel, WhiteKernel)


def cross_pullback(kernel: Kernel, X: Array, Z: Array) -> tuple[Array, Pullback]:
    """K = k(X, Z) and the map from G to the gradients of Σ_ij G_ij K_ij.

    Parameters
    ----------
    kernel : scikit-learn kernel
    X : ndarray of shape (n, p)
    Z : ndarray of shape (m, p)

    Returns
    -------
    K : ndarray of shape (n, m)
    pullback : callable
        Takes G of shape (n, m); returns the gradient with respect to ``kernel.theta`` and that with respect to Z of
        shape (m, p), None where `has_input_gradient` is False.
    """
    if type(kernel) is Sum:
        K1, pull1 = cross_pullback(kernel.k1, X, Z)
        K2, pull2 = cross_pullback(kernel.k2, X, Z)
        return K1 + K2, lambda G: _join(pull1(G), pull2(G))
    if type(kernel) is Product:
        K1, pull1 = cross_pullback(kernel.k1, X, Z)
        K2, pull2 = cross_pullback(kernel.k2, X, Z)
        return K1 * K2, lambda G: _join(pull1(G * K2), pull2(G * K1))
    if type(kernel) is Exponentiation:
        K1, pull1 = cross_pullback(kernel.kernel, X, Z)
        power = kernel.exponent
        return K1**power, lambda G: pull1(G * power * K1 ** (power - 1))
    if not has_input_gradient(kernel):
        return _stacked(kernel, X, Z)
    if type(kernel) in _PROFILES:
        return _radial(kernel, X, Z)
    return _LINEAR[type(kernel)](kernel, X, Z)


def diagonal_pullback(kernel: Kernel, X: Array) -> tuple[Array, DiagonalPullback]:
    """k(x_i, x_i) for every row and the map from g to the gradient of Σ_i g_i k(x_i, x_i) in ``kernel.theta``."""
    if type(kernel) in (Sum, Product):
        k1, pull1 = diagonal_pullback(kernel.k1, X)
        k2, pull2 = diagonal_pullback(kernel.k2, X)
        if type(kernel) is Sum:
            return k1 + k2, lambda g: np.concatenate([pull1(g), pull2(g)])
        return k1 * k2, lambda g: np.concatenate([pull1(g * k2), pull2(g * k1)])
    if type(kernel) is Exponentiation:
        k1, pull1 = diagonal_pullback(kernel.kernel, X)
        power = kernel.exponent
        return k1**power, lambda g: pull1(g * power * k1 ** (power - 1))
    k = np.asarray(kernel.diag(X), dtype=float)
    n_theta = len(kernel.theta)
    if n_theta == 0 or type(kernel) in _PROFILES:
        return k, lambda g: np.zeros(n_theta)  # one on the diagonal, whatever the parameters
    if type(kernel) in (ConstantKernel, WhiteKernel):
        return k, lambda g: np.array([g @ k])
    if type(kernel) is DotProduct:
        return k, lambda g: np.array([2.0 * kernel.sigma_0**2 * g.sum()])
    return k, lambda g: _diagonal_by_chunks(kernel, X, g)


def _join(first: tuple[Array, Array | None], second: tuple[Array, Array | None]) -> tuple[Array, Array | None]:
    dZ = None if first[1] is None or second[1] is None else first[1] + second[1]
    return np.concatenate([first[0], second[0]]), dZ


# Kernels of the scaled distance: K as a function of r² = Σ_j (x_j - z_j)² / ℓ_j², and its slope -2 dK/dr².


def _rbf(kernel: Any, r2: Array) -> tuple[Array, Array]:
    K = np.exp(-0.5 * r2)
    return K, K


def _matern(kernel: Any, r2: Array) -> tuple[Array, Array]:
    if kernel.nu == np.inf:
        return _rbf(kernel, r2)
    s = np.sqrt(2.0 * kernel.nu * r2)
    decay = np.exp(-s)
    if kernel.nu == 0.5:
        # The kernel has a kink where the points meet; 0 lies between its slopes there.
        return decay, np.divide(decay, s, out=np.zeros_like(s), where=s > 0)
    if kernel.nu == 1.5:
        return (1.0 + s) * decay, 3.0 * decay
    return (1.0 + s + s**2 / 3.0) * decay, 5.0 / 3.0 * (1.0 + s) * decay


def _rational_quadratic(kernel: Any, r2: Array) -> tuple[Array, Array]:
    base = 1.0 + r2 / (2.0 * kernel.alpha)
    K = base**-kernel.alpha
    return K, K / base


_PROFILES = {RBF: _rbf, Matern: _matern, RationalQuadratic: _rational_quadratic}


def _radial(kernel: Any, X: Array, Z: Array) -> tuple[Array, Pullback]:
    scale = np.asarray(kernel.length_scale, dtype=float)
    centre = Z.mean(axis=0)  # keeps the expanded squares below from cancelling
    A, C = (X - centre) / scale, (Z - centre) / scale
    r2 = cdist(A, C, "sqeuclidean")
    K, slope = _PROFILES[type(kernel)](kernel, r2)

    def pullback(G: Array) -> tuple[Array, Array]:
        W = G * slope
        toward, columns = W.T @ A, W.sum(axis=0)
        dtheta = []
        if isinstance(kernel, RationalQuadratic) and not kernel.hyperparameter_alpha.fixed:
            base = 1.0 + r2 / (2.0 * kernel.alpha)
            dtheta.append([np.sum(G * K * (0.5 * r2 / base - kernel.alpha * np.log(base)))])
        if not kernel.hyperparameter_length_scale.fixed:
            # Σ W (a_j - c_j)² for each input j
            squares = W.sum(axis=1) @ A**2 - 2.0 * np.sum(toward * C, axis=0) + columns @ C**2
            dtheta.append(squares if kernel.hyperparameter_length_scale.n_elements > 1 else [squares.sum()])
        return np.concatenate([np.empty(0), *dtheta]), (toward - columns[:, None] * C) / scale

    return K, pullback


# Kernels that are no function of a distance.


def _constant(kernel: Any, X: Array, Z: Array) -> tuple[Array, Pullback]:
    K = np.full((len(X), len(Z)), float(kernel.constant_value))
    free = not kernel.hyperparameter_constant_value.fixed
    return K, lambda G: (np.array([kernel.constant_value * G.sum()] if free else []), np.zeros_like(Z))


def _white(kernel: Any, X: Array, Z: Array) -> tuple[Array, Pullback]:
    """Zero between two sets of points, as in scikit-learn, even where a point is in both."""
    return np.zeros((len(X), len(Z))), lambda G: (np.zeros(len(kernel.theta)), np.zeros_like(Z))


def _dot_product(kernel: Any, X: Array, Z: Array) -> tuple[Array, Pullback]:
    constant = kernel.sigma_0**2
    free = not kernel.hyperparameter_sigma_0.fixed
    return X @ Z.T + constant, lambda G: (np.array([2.0 * constant * G.sum()] if free else []), G.T @ X)


_LINEAR = {ConstantKernel: _constant, WhiteKernel: _white, DotProduct: _dot_product}


# Any other kernel.


def _stacked(kernel: Kernel, X: Array, Z: Array) -> tuple[Array, Pullback]:
    step = max(_CHUNK, len(Z))

    def pullback(G: Array) -> tuple[Array, None]:
        dtheta = np.zeros(len(kernel.theta))
        if len(dtheta):
            for start in range(0, len(X), step):
                rows = X[start : start + step]
                _, gradient = kernel(np.vstack([rows, Z]), eval_gradient=True)
                dtheta += np.einsum("ij,ijk->k", G[start : start + step], gradient[: len(rows), len(rows) :])
        return dtheta, None

    return np.asarray(kernel(X, Z), dtype=float), pullback


def _diagonal_by_chunks(kernel: Kernel, X: Array, g: Array) -> Array:
    dtheta = np.zeros(len(kernel.theta))
    for start in range(0, len(X), _CHUNK):
        _, gradient = kernel(X[start : start + _CHUNK], eval_gradient=True)
        dtheta += np.einsum("i,iik->k", g[start : start + _CHUNK], gradient)
    return dtheta
