"""The dual of a norm that is known through its proximal map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skmtl._typing import Array


def dual_norm_of_rows(prox: Callable[[Array, float], Array], norm: Callable[[Array], Array], Z: Array) -> float:
    """Largest dual norm of the rows of Z: the smallest nu with prox(Z, nu) = 0, exactly.

    For a norm P and v = prox_{nu P}(z) ≠ 0, the residual z - v is nu times a subgradient of P at v, so that
    <z - v, v> = nu P(v). The dual norm is nu* = max <z, u> / P(u), and u = v gives

        nu* >= <z, v> / P(v) = nu + ‖v‖² / P(v) > nu.

    Iterating nu <- nu + ‖v‖² / P(v) hence increases and never passes nu*. It is Newton's method on the distance
    ‖v‖ of z from the ball of radius nu, a convex function of nu with derivative -P(v) / ‖v‖ (bounded away from 0), so
    it converges fast, and after finitely many steps where P is polyhedral. One nu serves all rows: the largest
    that any row has reached; rows with v = 0 there are out.

    Parameters
    ----------
    prox : callable
        (rows, nu) to the prox of the rows.
    norm : callable
        Rows to the norm of each, shape (number of rows,).
    Z : ndarray of shape (p, T)
    """
    nu = 0.0
    rows = V = Z[np.linalg.norm(Z, axis=1) > 0]
    while len(rows):
        squares, norms = (V * V).sum(axis=1), norm(V)
        gain = np.divide(squares, norms, out=np.zeros_like(norms), where=norms > 0)
        reached = nu + float(gain.max())
        if reached <= nu * (1 + 1e-15):
            break
        nu = reached
        V = prox(rows, nu)
        # What rounding leaves of a row whose dual norm has been reached is not worth another step.
        far = np.linalg.norm(V, axis=1) > 1e-14 * np.linalg.norm(rows, axis=1)
        rows, V = rows[far], V[far]
    return nu


__all__ = ["dual_norm_of_rows"]
