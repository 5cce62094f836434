"""What happened while estimators were compared: how every fit ended, and what was warned of."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy
import sklearn

from skmtl._parts import fitted_parts
from skmtl._typing import MatrixLike
from skmtl.data._targets import is_missing

# What was warned of: by whom, category, message.
Spoken = tuple[str, type[Warning], str]
FIT_COLUMNS = ["fold", "estimator", "outcomes", "solver", "certificate", "value", "wanted", "n_iter", "converged"]
WARNING_COLUMNS = ["fold", "estimator", "category", "message", "count"]


@dataclass(eq=False)
class Record:
    """Filled while the fits come in, in any order.

    Parameters
    ----------
    predictions : dict from (name, fold) to ndarray of shape (n_test, T), or list of length T
    fitted : dict from (name, fold) to fitted estimator
        Only those that were asked for.
    fits : list of rows
        As ``FIT_COLUMNS``.
    spoken : dict from fold to counts of what was warned of
    """

    predictions: dict[tuple[str, int], Any] = field(default_factory=dict)
    fitted: dict[tuple[str, int], Any] = field(default_factory=dict)
    fits: list[tuple[Any, ...]] = field(default_factory=list)
    spoken: dict[int, Counter[Spoken]] = field(default_factory=dict)

    def heard(self, fold: int, caught: Counter[Spoken]) -> None:
        """Count what was warned of in one fold."""
        self.spoken.setdefault(fold, Counter()).update(caught)

    @property
    def all_spoken(self) -> Counter[Spoken]:
        """What was warned of in all folds together."""
        return sum(self.spoken.values(), Counter())

    def fit_frame(self, names: tuple[str, ...]) -> Any:
        """How every fit ended: a row per fold, estimator and model solved inside it."""
        import pandas as pd

        rows = sorted(self.fits, key=lambda row: (row[0], names.index(row[1])))
        return pd.DataFrame(rows, columns=FIT_COLUMNS)

    def warning_frame(self) -> Any:
        """What was warned of: a row per fold, estimator and message."""
        import pandas as pd

        rows = [
            (fold, name, category.__name__, message, count)
            for fold, spoken in sorted(self.spoken.items())
            for (name, category, message), count in sorted(
                spoken.items(), key=lambda item: (item[0][0], item[0][1].__name__, item[0][2])
            )
        ]
        return pd.DataFrame(rows, columns=WARNING_COLUMNS)

    def fitted_lists(self, names: tuple[str, ...]) -> dict[str, list[Any]] | None:
        """Fitted estimators by name, one for each fold; None where none were asked for."""
        if not self.fitted:
            return None
        return {name: [self.fitted[key] for key in sorted(self.fitted) if key[0] == name] for name in names}


def solved_rows(fold: int, name: str, estimator: Any, outcomes: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """A row of ``FIT_COLUMNS`` for every model inside an estimator that comes with a certificate."""
    rows = []
    for served, model, *_ in fitted_parts(estimator):
        result = getattr(model, "solver_result_", None)
        if result is None:
            continue
        known = served if set(served) <= set(outcomes) else outcomes
        gap = result.certificate
        rows.append(
            (
                *(fold, name, known, result.solver),
                *(gap.kind, float(gap.value), float(gap.threshold(result.tol)), int(result.n_iter), result.converged),
            )
        )
    return rows


def feature_frame(X: MatrixLike) -> Any:
    """Columns of X and in how many rows each has no value; NA where that cannot be told, as in sparse X."""
    import pandas as pd

    if hasattr(X, "columns"):
        names = [str(name) for name in X.columns]
    else:
        shape = getattr(X, "shape", None) or np.shape(X)
        names = [str(j) for j in range(shape[1] if len(shape) > 1 else 1)]
    missing: Any = pd.NA
    if isinstance(X, pd.DataFrame):
        missing = X.isna().sum(axis=0).to_numpy()
    elif hasattr(X, "columns"):  # polars, whose own way to pandas asks for pyarrow
        missing = np.array([is_missing(X[name].to_numpy()).sum() for name in X.columns])
    elif not hasattr(X, "tocsr") and np.ndim(X) < 3:
        missing = pd.DataFrame(X).isna().sum(axis=0).to_numpy()
    return pd.DataFrame({"feature": names, "missing": pd.array(np.broadcast_to(missing, len(names)), dtype="Int64")})


def versions() -> dict[str, str]:
    """Versions of what computed the numbers."""
    import pandas as pd

    import skmtl

    return {
        "skmtl": skmtl.__version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SciPy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "pandas": pd.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


__all__ = ["FIT_COLUMNS", "WARNING_COLUMNS", "Record", "feature_frame", "solved_rows", "versions"]
