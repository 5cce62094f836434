"""What all displays share: colours, labels that fit, axes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

# Okabe and Ito (2008): told apart with any kind of colour vision, and in print by their lightness.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#707070"
CYCLE = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D00")
# Never colour alone: each verdict has its marker too.
VERDICTS = {
    "helped": {"color": BLUE, "marker": "o"},
    "hurt": {"color": VERMILION, "marker": "X"},
    "no evidence": {"color": GREY, "marker": "|"},
}
DIVERGING, SEQUENTIAL = "RdBu_r", "cividis"


def import_pyplot(caller: str) -> Any:
    """matplotlib.pyplot, or an error that says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(f'{caller} draws with matplotlib: pip install "skmtl[plot]".') from error
    return plt


def new_axes(ax: Any, caller: str, figsize: tuple[float, float]) -> tuple[Any, Any]:
    """The figure and axes to draw on: those given, else new ones of this size in inches."""
    plt = import_pyplot(caller)
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax.figure, ax


def shorten(names: Iterable[Hashable], width: int = 28) -> list[str]:
    """Labels of at most ``width`` characters that stay different and are never read as mathematics.

    Long names lose their middle, as their ends tell them apart; names that collide then get their number.
    """
    full = [" ".join(str(name).split()) for name in names]
    short = [_middle_out(name, width) for name in full]
    if len(set(short)) < len(set(full)):
        short = [
            label if short.count(label) == 1 else f"{_middle_out(name, width - len(str(k)) - 3)} ({k})"
            for k, (name, label) in enumerate(zip(full, short, strict=True), start=1)
        ]
    return [label.replace("$", r"\$") for label in short]


def _middle_out(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return f"{name[:head]}…{name[len(name) - (width - 1 - head) :]}"
