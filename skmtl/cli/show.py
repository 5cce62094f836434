"""A comparison on the terminal: progress, the table, the words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from skmtl.model_selection import Comparison

_STYLES = {"helped": "green", "hurt": "red", "no clear difference": "dim"}
# Of a file or a pipe nobody knows the width; rows are then not folded.
_UNFOLDED = 400


@contextmanager
def progress_bar(what: str) -> Iterator[Any]:
    """A bar on stderr; gives the callable that `compare` takes as ``progress``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        work = bar.add_task(what, total=None)

        def step(done: int, total: int, label: str) -> None:
            bar.update(work, completed=done, total=total, description=f"{what}: {label}")

        yield step


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """What was warned of inside as lines on stderr, at the end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if not issubclass(warning.category, DeprecationWarning | PendingDeprecationWarning | FutureWarning):
            typer.echo(f"Warning: {warning.message}", err=True)


def show(found: Comparison, title: str) -> None:
    """Print the table of a comparison and what follows from it."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_UNFOLDED)
    console.print(_table(found, title))
    typer.echo()
    typer.echo(_legend(found))
    typer.echo()
    typer.echo(found.summary())


def _table(found: Comparison, title: str) -> Table:
    numbers = found.table()
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.show_edge = table.pad_edge = False
    table.add_column("outcome", overflow="fold")
    table.add_column("metric")
    table.add_column("observed", justify="right")
    events = bool(numbers["events"].notna().any())
    if events:
        table.add_column("events", justify="right")
    for name in found.estimators:
        table.add_column(Text(name), justify="right")
    gains = found.gains.set_index(["outcome", "estimator"])
    for outcome, row in numbers.iterrows():
        cells = [Text(str(outcome)), Text(row["metric"]), Text(str(row["observed"]))]
        if events:
            cells.append(Text("" if pd.isna(row["events"]) else str(row["events"])))
        values = row[list(found.estimators)].to_numpy(dtype=float)
        shown = _digits(values)
        best = shown[int(np.nanargmin(values))] if np.isfinite(values).any() else None
        for name, value, digits in zip(found.estimators, values, shown, strict=True):
            # What looks the same is the same.
            lowest = digits == best
            cell = Text(digits + ("*" if lowest else " "), style="bold" if lowest else "")
            if name != found.baseline and np.isfinite(value):
                gain = gains.loc[(outcome, name)]
                cell.append(f" {gain['gain']:+6.1f}%", style=_STYLES[gain["verdict"]])
            cells.append(cell)
        table.add_row(*cells)
    return table


def _digits(values: np.ndarray) -> list[str]:
    """Numbers of one row with the same number of decimals, four digits for the smallest."""
    finite = values[np.isfinite(values) & (values > 0)]
    decimals = int(np.clip(3 - np.floor(np.log10(finite.min())), 0, 6)) if finite.size else 3
    return [f"{value:.{decimals}f}" if np.isfinite(value) else "-" for value in values]


def _legend(found: Comparison) -> str:
    metrics = set(found.outcomes["metric"])
    meaning = {"RMSE": "RMSE in units of the outcome", "log loss": "log loss of yes/no outcomes"}
    folds = found.folds["fold"].nunique()
    return (
        f"{' and '.join(meaning[m] for m in sorted(metrics))}, over {folds} folds; * is the lowest of a row.\n"
        f"%: loss saved against {found.baseline} (squared error, log loss); below 0 it is loss added."
    )


__all__ = ["progress_bar", "show", "warnings_as_lines"]
