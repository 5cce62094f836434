"""Multi-task learning for tables, as scikit-learn estimators."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
