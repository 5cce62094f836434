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
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from skmtl.model_selection import Comparison

_STYLES = {"helped": "green", "hurt": "red", "no evidence": "dim"}
# Of a file or a pipe nobody knows the width; rows are then not folded.
_UNFOLDED = 400
# With more outcomes than this only gains with a verdict are listed; `--out` has all of them.
_ALL_LISTED = 12
_MEANING = {
    "RMSE": "RMSE in units of the outcome",
    "log loss": "log loss of classes",
    "deviance": "Poisson deviance of counts",
}


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


def show(found: Comparison, title: str, **options: Any) -> None:
    """Print the losses, the gains with their intervals, the overall gain, and what follows from them.

    Parameters
    ----------
    found : Comparison
    title : str
        The line above the table.
    **options
        ``interval`` and ``adjust`` of `Comparison.summary`.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_UNFOLDED)
    console.print(_losses(found, title))
    typer.echo()
    typer.echo(_legend(found))
    if len(found.estimators) > 1:
        typer.echo()
        gains = found.summary(**options)
        told = gains if len(found.outcomes) <= _ALL_LISTED else gains[gains["verdict"] != "no evidence"]
        if len(told):
            console.print(_gains(told, found.baseline, by_outcome=True))
        if len(told) < len(gains):
            typer.echo(f"{len(gains) - len(told)} of {len(gains)} gains without evidence either way are not listed.")
        if len(found.outcomes) > 1:
            typer.echo()
            console.print(_gains(found.overall(**options), found.baseline, by_outcome=False))
    typer.echo()
    typer.echo(found.describe(**options))


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.show_edge = table.pad_edge = False
    return table


def _losses(found: Comparison, title: str) -> Table:
    """A row per outcome, the loss of every estimator."""
    numbers = found.table()
    table = _table(escape(title))
    table.add_column("outcome", overflow="fold")
    table.add_column("metric")
    table.add_column("observed", justify="right")
    events = bool(numbers["events"].notna().any())
    if events:
        table.add_column("events", justify="right")
    for name in found.estimators:
        table.add_column(Text(name), justify="right", overflow="fold")
    for outcome, row in numbers.iterrows():
        cells = [Text(str(outcome)), Text(row["metric"]), Text(str(row["observed"]))]
        if events:
            cells.append(Text("" if pd.isna(row["events"]) else str(row["events"])))
        values = row[list(found.estimators)].to_numpy(dtype=float)
        shown = _digits(values)
        best = shown[int(np.nanargmin(values))] if np.isfinite(values).any() else None
        for digits in shown:
            # What looks the same is the same.
            lowest = digits == best
            cells.append(Text(digits + ("*" if lowest else " "), style="bold" if lowest else ""))
        table.add_row(*cells)
    return table


def _gains(gains: Any, baseline: str, *, by_outcome: bool) -> Table:
    """A row per outcome and estimator, or per estimator: gain, interval, verdict."""
    table = _table(escape(f"Loss saved against {baseline}" + ("" if by_outcome else ", mean over outcomes")))
    if by_outcome:
        table.add_column("outcome", overflow="fold")
    table.add_column("model", overflow="fold")
    for column in ("gain", "95% interval", "adjusted p"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    before = None
    if by_outcome:
        # The models of an outcome stand together, outcomes in their order.
        order = {outcome: place for place, outcome in enumerate(dict.fromkeys(gains["outcome"]))}
        gains = gains.sort_values("outcome", key=lambda names: names.map(order), kind="stable")
    for row in gains.itertuples():
        cells = [Text("" if row.outcome == before else str(row.outcome))] if by_outcome else []
        before = row.outcome if by_outcome else None
        style = _STYLES[row.verdict]
        cells += [Text(str(row.estimator)), Text(_percent(row.gain), style=style)]
        cells += [Text("-" if pd.isna(row.low) else f"{_percent(row.low)} to {_percent(row.high)}")]
        cells += [Text("-" if pd.isna(row.p_adjusted) else f"{row.p_adjusted:.3f}"), Text(row.verdict, style=style)]
        table.add_row(*cells)
    return table


def _percent(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:+.1f}%"


def _digits(values: np.ndarray) -> list[str]:
    """Numbers of one row with the same number of decimals, four digits for the smallest."""
    finite = values[np.isfinite(values) & (values > 0)]
    decimals = int(np.clip(3 - np.floor(np.log10(finite.min())), 0, 6)) if finite.size else 3
    return [f"{value:.{decimals}f}" if np.isfinite(value) else "-" for value in values]


def _legend(found: Comparison) -> str:
    metrics = [_MEANING[metric] for metric in sorted(set(found.outcomes["metric"]))]
    folds = found.folds["fold"].nunique()
    return (
        f"{', '.join(metrics)}, over {folds} folds; * is the lowest of a row.\n"
        "Gains are of squared error, log loss or deviance; below 0 loss is added."
    )


__all__ = ["progress_bar", "show", "warnings_as_lines"]
