"""Names of new tasks: one for all rows or one for each, and none that is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl.base import check_id_types
from skmtl.data import check_task_ids
from skmtl.exceptions import TaskDataError


def new_ids(task: Any, n_rows: int) -> np.ndarray:
    """Task id of each row, of one name for all rows or one for each.

    Parameters
    ----------
    task : name, or array-like of shape (n,)
    n_rows : int

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    TaskDataError
        A name is missing, or there is not one for each row.
    """
    return check_task_ids([task] * n_rows if np.ndim(task) == 0 else task, n_rows)


def check_new_names(names: Sequence[object], known: Sequence[object]) -> None:
    """Refuse new names that are known, or of another type than the known ones.

    Raises
    ------
    TaskDataError
    """
    for name in names:
        if name in known:
            raise TaskDataError(
                f"task {name!r} is known already: give the new task another name, or fit again with its rows added."
            )
    check_id_types(names, known)


__all__ = ["check_new_names", "new_ids"]
