"""What SciPy calls the relative tolerance of conjugate gradients."""

from __future__ import annotations

import inspect

from scipy.sparse.linalg import cg

# SciPy 1.12 renamed it.
CG_TOLERANCE = "rtol" if "rtol" in inspect.signature(cg).parameters else "tol"

__all__ = ["CG_TOLERANCE"]
