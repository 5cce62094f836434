"""Multi-task learning for tables, as scikit-learn estimators.

One estimator for several related outcomes, or one outcome at several sites; NaN means unobserved.

- `skmtl.linear_model`: multi-task lasso, ridge, logistic and generalised linear models;
- `skmtl.gaussian_process`: regression, classification and counts with a learned covariance between outcomes;
- `skmtl.kernel_ridge`, `skmtl.svm`: kernel models on products of kernels over outcomes and rows;
- `skmtl.multioutput`: the baselines, one model per outcome and one for all, `TransferGuard` and `TaskColumn`;
- `skmtl.model_selection`, `skmtl.metrics`: folds, comparisons with evidence per outcome, and scores, for missing
  outcomes;
- `skmtl.calibration`: conformal intervals and sets, recalibrated probabilities;
- `skmtl.inspection`: what is missing, and what that may do;
- `skmtl.compose`, `skmtl.preprocessing`: transformed outcomes, weights against missing ones;
- `skmtl.penalties`, `skmtl.losses`, `skmtl.solvers`: the parts models are made of.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__version__ = "0.1.0"

_SUBMODULES = (
    "calibration",
    "compose",
    "data",
    "exceptions",
    "gaussian_process",
    "inspection",
    "kernel_ridge",
    "linear_model",
    "losses",
    "metrics",
    "model_selection",
    "multioutput",
    "penalties",
    "preprocessing",
    "solvers",
    "svm",
)

__all__ = ["__version__", *_SUBMODULES]


def __getattr__(name: str) -> ModuleType:
    # Submodules load when they are first used, so that `import skmtl` costs little.
    if name in _SUBMODULES:
        return importlib.import_module(f"skmtl.{name}")
    raise AttributeError(f"module 'skmtl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
