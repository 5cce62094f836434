"""What the regression metrics share: read, check, then scikit-learn's own function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skmtl.metrics._align import read_predictions, read_targets
from skmtl.metrics._evaluate import check_multioutput, evaluate
from skmtl.metrics._table import Table, as_numbers, read_table


def regression_metric(
    name: str,
    function: Callable[..., Any],
    y_true: Any,
    y_pred: Any,
    *,
    task: Any,
    sample_weight: Any,
    multioutput: Any,
    greater_is_better: bool = False,
    undefined: Callable[[np.ndarray], str | None] | None = None,
    takes_tables: bool = True,
    **options: Any,
) -> float | np.ndarray:
    """Evaluate a regression metric.

    ``function`` has the signature of scikit-learn's; ``undefined`` gives the reason why the observed
    values of a task leave the metric undefined, or None; ``takes_tables`` says whether ``function``
    knows 2-D arrays and ``multioutput``.
    """
    targets = read_targets(y_true, task, sample_weight)
    multioutput = check_multioutput(multioutput, targets)
    table = read_table(y_pred, "y_pred")
    predictions = read_predictions(table, targets)
    tasks = range(targets.n_tasks)
    true = [as_numbers(targets.y_true[t], targets.where("y_true", t), name) for t in tasks]
    pred = [as_numbers(predictions[t], targets.where("y_pred", t), name) for t in tasks]

    def score(t: int) -> float:
        return float(function(true[t], pred[t], sample_weight=targets.weight_of(t), **options))

    def score_all() -> np.ndarray:
        return function(
            _numeric(targets.table, true),
            _numeric(table, pred),
            sample_weight=targets.weight_of(0),
            multioutput="raw_values",
            **options,
        )

    return evaluate(
        name,
        targets,
        multioutput,
        greater_is_better,
        reason=lambda t: None if undefined is None else undefined(true[t]),
        score=score,
        score_all=score_all if takes_tables else None,
        stacklevel=4,
    )


def _numeric(table: Table, columns: Sequence[np.ndarray]) -> np.ndarray:
    """A complete table as numbers: as it came if it can be, so that sums add in the same order."""
    return np.column_stack(columns) if table.values.dtype.kind == "O" else table.values


__all__ = ["regression_metric"]
