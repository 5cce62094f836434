"""A penalty of our own: blocks of features, in or out together and for every outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from skmtl.penalties import Penalty


class FeatureBlocks(Penalty):
    """Σ_b √|b| ‖W_b‖, with W_b the coefficients of the features of block b in all outcomes.

    The columns that a category was coded into are one block: the category is used by every outcome or by none. The
    group lasso of Yuan and Lin (JRSS-B 68:49-67, 2006) over several outcomes. Not where single levels of a
    category matter: use `skmtl.penalties.GroupLasso`.

    Parameters
    ----------
    blocks : sequence of int, of length p
        The block of each feature.
    """

    # The prox is that of a norm over several rows, so that one step has to serve them all.
    separable: ClassVar[str | None] = None
    # P depends on |W| only and grows with it: sign constraints are then exact.
    absolute: ClassVar[bool] = True

    def __init__(self, blocks: Sequence[int]):
        self.blocks = blocks

    def _norms(self, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The norm of each block, the weight of each, and the block of each row."""
        _, block, sizes = np.unique(
            np.asarray(self.blocks), return_inverse=True, return_counts=True
        )
        return (
            np.sqrt(np.bincount(block, weights=(W**2).sum(axis=1))),
            np.sqrt(sizes),
            block,
        )

    def value(self, W: np.ndarray) -> float:
        """Weighted sum of the norms."""
        norms, weights, _ = self._norms(W)
        return float(weights @ norms)

    def prox(self, W: np.ndarray, step: Any) -> np.ndarray:
        """Each block shrunk by its weight times the step, and zero where its norm is less."""
        norms, weights, block = self._norms(W)
        kept = np.maximum(1 - step * weights / np.where(norms > 0, norms, 1.0), 0.0)
        return W * kept[block][:, None]

    def alpha_max(self, gradient: np.ndarray) -> float:
        """Largest norm of a block of the gradient over its weight."""
        return self.dual_norm(gradient)

    def conic(self, W: Any) -> Any:
        """The sum of norms, for cvxpy: the oracle of the tests."""
        import cvxpy

        _, block, sizes = np.unique(
            np.asarray(self.blocks), return_inverse=True, return_counts=True
        )
        return sum(
            np.sqrt(size) * cvxpy.norm(W[np.flatnonzero(block == b)], "fro")
            for b, size in enumerate(sizes)
        )

    # With the next two a fit is certified by a duality gap; without them by the length of a step.
    def dual_norm(self, Z: np.ndarray) -> float:
        """Smallest alpha for which alpha P dominates Z."""
        norms, weights, _ = self._norms(Z)
        return float((norms / weights).max())

    def conjugate(self, Z: np.ndarray, alpha: float) -> float:
        """0 in the dual ball, infinite outside; rounding may carry Z over its edge."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")
