"""The private scikit-learn names that skmtl uses; no other module imports one."""

from __future__ import annotations

from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.validation import _check_method_params as check_method_params

__all__ = ["check_method_params", "safe_split"]
