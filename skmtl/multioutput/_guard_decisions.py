"""What a guard decided, as tables, and why, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skmtl._notebook import NotebookMixin
from skmtl._typing import Array
from skmtl.multioutput._guard_losses import Saving, Study, saving

INDEPENDENT = "independent"


@dataclass
class Trial:
    """A candidate fitted without some tasks, and what the remaining ones save by that."""

    candidate: str
    turn: int
    without: tuple[object, ...]
    found: Saving
    kept: bool = False


def trials_table(trials: Sequence[Trial]) -> Any:
    """All trials as a frame; savings in percent."""
    import pandas as pd

    rows = [
        (one.candidate, one.turn, one.without, 100 * one.found.share, 100 * one.found.error, one.kept) for one in trials
    ]
    frame = pd.DataFrame(rows, columns=["candidate", "round", "without", "saving", "error", "kept"])
    return frame.astype({"kept": bool})


def results_table(study: Study, base: dict[int, Array], lost: dict[str, dict[int, Array]]) -> Any:
    """Losses and savings of every candidate and task, as a frame."""
    import pandas as pd

    rows = []
    for t, outcome in enumerate(study.entries.names):
        weight = study.entries.weight_of(t)
        for name, served in lost.items():
            inside = t in served
            found = saving(study, base, base, {t: served[t]}) if inside else Saving(np.nan, np.nan)
            loss = float(np.average(served[t], weights=weight)) if inside else np.nan
            own = float(np.average(base[t], weights=weight))
            rows.append((outcome, name, len(base[t]), loss, own, 100 * found.share, 100 * found.error, inside))
    return pd.DataFrame(
        rows, columns=["outcome", "candidate", "n", "loss", "independent_loss", "saving", "error", "in_sharing_set"]
    )


def decisions_table(study: Study, results: Any, trials: Any, rule: str) -> Any:
    """The candidate of every task, and the reason, as a frame."""
    import pandas as pd

    rows = []
    for t, outcome in enumerate(study.entries.names):
        own = results.iloc[t * (len(results) // study.entries.n_tasks) :][: len(results) // study.entries.n_tasks]
        savings = {
            row.candidate: Saving(row.saving / 100, row.error / 100) for row in own.itertuples() if row.in_sharing_set
        }
        best = max(savings, key=lambda name: savings[name].share, default=None)
        passed = [name for name in savings if savings[name].passes(rule)]
        choice = max(passed, key=lambda name: savings[name].share, default=INDEPENDENT)
        if study.entries.n_tasks == 1:
            told, reason = Saving(np.nan, np.nan), "One outcome has nothing to share with."
        elif best is None:
            told, reason = Saving(np.nan, np.nan), _dropped(outcome, trials)
        else:
            told = savings[choice if passed else best]
            reason = _compared(choice, best, told)
        rows.append((outcome, choice, 100 * told.share, 100 * told.error, reason))
    return pd.DataFrame(rows, columns=["outcome", "chosen", "saving", "error", "reason"])


def _dropped(outcome: object, trials: Any) -> str:
    kept = trials[trials["kept"]]
    last = kept[[outcome in without for without in kept["without"]]].iloc[-1]
    return (
        f"Left out of the sharing set of {last['candidate']!r}, whose other outcomes lose {last['saving']:.1f}% less "
        f"without it (standard error {last['error']:.1f}%)."
    )


def _compared(choice: str, best: str, told: Saving) -> str:
    error = f"(standard error {100 * told.error:.1f}%)"
    if choice != INDEPENDENT:
        return f"{choice!r} loses {100 * told.share:.1f}% less than an independent model {error}."
    if told.share > 0:
        return (
            f"The best candidate, {best!r}, loses {100 * told.share:.1f}% less than an independent model, which is "
            f"within one standard error {error}."
        )
    return f"The best candidate, {best!r}, loses {-100 * told.share:.1f}% more than an independent model {error}."


class Tables(NotebookMixin, BaseEstimator):
    """Keeps a guard's frames as lists in its state: skops, unlike pickle, cannot store a frame."""

    _frames = ("trials_", "cv_results_", "decisions_")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        for name in self._frames:
            if name in state:
                table = state[name]
                state[name] = {"names": list(table.columns), "columns": [table[one].tolist() for one in table.columns]}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        import pandas as pd

        state = dict(state)
        for name in self._frames:
            if name in state:
                names, columns = state[name]["names"], state[name]["columns"]
                state[name] = pd.DataFrame(dict(zip(names, columns, strict=True)), columns=names)
        super().__setstate__(state)


__all__ = ["INDEPENDENT", "Tables", "Trial", "decisions_table", "results_table", "trials_table"]
