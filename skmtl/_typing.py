"""Names for the array types that recur in signatures."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]
MatrixLike: TypeAlias = Any

__all__ = ["Array", "BoolArray", "IntArray", "MatrixLike"]
