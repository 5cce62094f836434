"""Coefficients and intercepts as one point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array


@dataclass(frozen=True, eq=False)
class Coefficients:
    """A point: ``W`` of shape (p, C) and ``b`` of shape (C,)."""

    W: Array
    b: Array

    def combine(self, factor: float, other: Coefficients, other_factor: float) -> Coefficients:
        """The linear combination ``factor * self + other_factor * other``."""
        return Coefficients(
            factor * self.W + other_factor * other.W,
            factor * self.b + other_factor * other.b,
        )

    def dot(self, other: Coefficients) -> float:
        """Inner product."""
        return float(np.vdot(self.W, other.W) + self.b @ other.b)

    def isfinite(self) -> bool:
        """Whether every number is finite."""
        return bool(np.isfinite(self.W).all() and np.isfinite(self.b).all())
