"""Missing outcomes on the terminal."""

from __future__ import annotations

from typing import Any

import typer

from skmtl.inspection import MissingnessReport, missingness_report


def audit(
    X: Any, Y: Any, *, task: Any = None, groups: Any = None, title: str = "", cv: int = 5, seed: int = 0
) -> MissingnessReport:
    """Print which outcomes are missing and how well the features tell.

    Parameters
    ----------
    X : DataFrame or None
        Features, as they are; None: nothing is said of predictability.
    Y : DataFrame or Series
    task : Series, optional
        Place of each row of a single outcome.
    groups : Series, optional
        Whose rows belong together.
    title : str, default ""
        The line above the table.
    cv : int, default 5
        Number of folds.
    seed : int, default 0
        Of the folds.

    Returns
    -------
    MissingnessReport
        What was printed; ``to_frame()`` is the table.
    """
    found = missingness_report(Y, X, task=task, groups=groups, cv=cv, random_state=seed)
    if title:
        typer.echo(f"{title}\n")
    typer.echo(found.describe())
    return found


__all__ = ["audit"]
