"""Several models in one panel, told apart by colour, marker and line, never colour alone; the rows of each outcome."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from skmtl._plotting._style import CYCLE, in_legend, shorten
from skmtl.exceptions import InvalidParameterError

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)),
                            (0, (9, 2)), (0, (2, 2)), (0, (8, 2, 2, 2)))  # fmt: skip


def model_styles(names: Sequence[Hashable], caller: str) -> dict[Hashable, dict[str, Any]]:
    """Colour, marker, dashes and label of each model."""
    if len(names) > len(CYCLE):
        raise InvalidParameterError(
            f"{caller} cannot tell {len(names)} models apart in one panel: name at most {len(CYCLE)} of them."
        )
    return {
        name: {
            "color": CYCLE[k],
            "marker": _MARKERS[k],
            "linestyle": _DASHES[k],
            "label": in_legend(label),
        }
        for k, (name, label) in enumerate(zip(names, shorten(names), strict=True))
    }


def named(predictions: Any, name: str = "model") -> dict[Hashable, Any]:
    """A dict of models, also where one was given without a name."""
    found = dict(predictions) if isinstance(predictions, Mapping) else {name: predictions}
    if not found:
        raise InvalidParameterError("The dict of models is empty: give one model at least.")
    return found


def split_by_outcome(frame: Any) -> dict[Hashable, Any]:
    """The rows of each outcome, in order of appearance.

    An outcome may have any name, also a tuple, which pandas takes for several values when it is compared with.
    """
    places: dict[Hashable, list[int]] = {}
    for row, outcome in enumerate(frame["outcome"]):
        places.setdefault(outcome, []).append(row)
    return {outcome: frame.iloc[np.asarray(rows)] for outcome, rows in places.items()}


__all__ = ["model_styles", "named", "split_by_outcome"]
