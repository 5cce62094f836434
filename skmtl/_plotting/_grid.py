"""Figures that hold few things or many: panels side by side, names that fit."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from skmtl._plotting._style import import_pyplot, shorten
from skmtl.exceptions import InvalidParameterError

# A page in inches that a screen scrolls through and paper still takes.
TALLEST, WIDEST = 24.0, 24.0


def panels(n: int, caller: str, *, size: tuple[float, float], n_columns: int, ax: Any = None, **shared: Any) -> Any:
    """Axes for n panels, row after row; those left over are taken off.

    Parameters
    ----------
    n : int
    caller : str
    size : (float, float)
        Width and height of a panel in inches; the figure is bounded.
    n_columns : int
    ax : Axes, or array-like of n Axes, optional
        Where to draw instead of a new figure.
    **shared : dict
        ``sharex`` and ``sharey`` of a new figure.

    Returns
    -------
    ndarray of n Axes
    """
    if ax is not None:
        given = np.ravel(np.asarray(ax, dtype=object))
        if len(given) != n:
            raise InvalidParameterError(
                f"ax of {caller} holds {len(given)} axes but there are {n} panels: give an array of {n} axes, or None."
            )
        return given
    plt = import_pyplot(caller)
    columns = min(n, n_columns)
    rows = -(-n // columns)
    figsize = (min(columns * size[0], WIDEST), min(rows * size[1], TALLEST))
    figure, grid = plt.subplots(rows, columns, figsize=figsize, squeeze=False, layout="constrained", **shared)
    for spare in grid.ravel()[n:]:
        figure.delaxes(spare)
    if shared.get("sharex"):
        # The last panel of a column may stand above an empty place.
        for spare in grid.ravel()[max(0, n - columns) : n]:
            spare.tick_params(labelbottom=True)
    return grid.ravel()[:n]


def name_ticks(
    axis: Any,
    names: Sequence[Hashable],
    *,
    width: int,
    most: int,
    order: Any = None,
    starred: Any = None,
    rotation: float = 0.0,
) -> None:
    """Names as tick labels; above ``most`` every second, third and so on, so that they do not collide.

    Parameters
    ----------
    axis : Axis
    names : sequence of length T
        In the order of the user's table: a number that tells long names apart is a place in it.
    width : int
        Characters.
    most : int
        Labels.
    order : array-like of int, optional
        Places of those that are drawn, from the first tick on. Default all.
    starred : array-like of bool of shape (T,), optional
        Names to put a star before.
    rotation : float, default 0.0
        Degrees.
    """
    labels = shorten(names, width)
    if starred is not None:
        labels = [f"★ {label}" if star else label for label, star in zip(labels, starred, strict=True)]
    if order is not None:
        labels = [labels[k] for k in order]
    step = -(-len(labels) // most)
    at = np.arange(0, len(labels), step)
    axis.set_ticks(at, [labels[k] for k in at], rotation=rotation, fontsize=tick_size(len(at)))
    if step > 1:
        axis.set_label_text(f"every {_ordinal(step)} of {len(labels)} named", fontsize=8)


def title_figure(figure: Any, *lines: str) -> None:
    """Lines above a figure, broken where it is narrower than they are."""
    room = max(20, int(13 * figure.get_size_inches()[0]))
    figure.suptitle("\n".join(part for line in lines for part in textwrap.wrap(line, room)), fontsize=10)


def tick_size(n: int) -> float:
    """Letters get smaller from 30 labels on."""
    return 9.0 if n <= 30 else 7.0


def _ordinal(k: int) -> str:
    return {2: "second", 3: "third"}.get(k, f"{k}th")


__all__ = ["TALLEST", "WIDEST", "name_ticks", "panels", "tick_size", "title_figure"]
