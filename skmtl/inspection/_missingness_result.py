"""What a missingness report found, as frames and in words."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

PREDICTABLE, NOT_SEEN, TOO_FEW = "predictable", "not seen", "too few"
COMPLETE, EMPTY, NOT_ASKED = "complete", "never observed", "not asked"
# Flags as they stand in the column "predictable" of the words.
_WORDS = {PREDICTABLE: "yes", EMPTY: "empty"}
# A table of the words shows this many patterns, pairs and differences, and says how many more there are.
_SHOWN = 5
_WIDTH = 80
_UNSEEN = (
    "Not seen, here or in any data: whether values are missing because of what they would have been. "
    "Nothing found above is no proof that they are not."
)


@dataclass(frozen=True, eq=False)
class MissingnessReport:
    """What `missingness_report` found; ``print`` it for the words.

    Parameters
    ----------
    outcomes : DataFrame, one row per outcome
        Columns outcome, rows (in which it could be observed), observed, missing, share (observed of rows), groups
        (with an observed row; only where there are groups), n_effective, max_weight (largest inverse-probability
        weight, of mean 1), auc, low, high (its interval), p_value, p_adjusted (Holm), flag:
        "predictable" (AUC above 1/2, p_adjusted at most 0.05), "not seen", "too few" (fewer than ten observed or
        missing rows or groups), "complete", "never observed", "not asked" (no X). NaN where nothing was estimated.
    together : DataFrame of shape (T, T)
        Rows in which both outcomes are observed (one with itself: observed). In the rows form with groups: groups.
    patterns : DataFrame, one row per pattern, most frequent first
        One column per outcome, True where observed; the index has count and share of each.
    differences : DataFrame, one row per ordered pair of outcomes
        Columns outcome, without, n_with, n_without, difference, low, high, p_value, p_adjusted (Holm over the pairs):
        the standardised mean difference of ``outcome`` between rows with and without the outcome ``without``. Pairs
        with fewer than ten values on either side, or a constant on either, and outcomes with more than two labels are
        left out. Of two labels the second in sorted order is 1.
    n_rows : int
    n_groups : int or None
    by_rows : bool
        One outcome in several tasks; the outcomes above are the tasks.
    level : float
        Of the intervals.

    See Also
    --------
    missingness_report : Makes it, and says how.
    """

    outcomes: pd.DataFrame
    together: pd.DataFrame
    patterns: pd.DataFrame
    differences: pd.DataFrame
    n_rows: int
    n_groups: int | None
    by_rows: bool
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row per outcome, a copy of ``outcomes``."""
        return self.outcomes.copy()

    def together_share(self) -> pd.DataFrame:
        """Share of the rows with the outcome of the table's row in which that of the column is observed as well.

        Returns
        -------
        DataFrame of shape (T, T)
            Not symmetric; NaN in the row of an outcome that is never observed.
        """
        counts = self.together.to_numpy(dtype=float)
        with np.errstate(invalid="ignore"):
            share = counts / np.diag(counts)[:, None]
        return pd.DataFrame(share, index=self.together.index, columns=self.together.columns)

    def __str__(self) -> str:
        return self.describe()

    def describe(self) -> str:
        """The report in words, in lines of at most 80 characters.

        Returns
        -------
        str
        """
        parts = [self._table(), self._legend()]
        if self.outcomes["missing"].sum() == 0:
            return "\n\n".join([self._table(), "Every outcome is observed in every row: nothing is missing."])
        if not self.by_rows or self.n_groups is not None:
            parts.append(self._seen_together())
        parts += [self._predictable(), self._differences(), _filled(_UNSEEN)]
        return "\n\n".join(part for part in parts if part)

    def _table(self) -> str:
        frame = self.outcomes
        heads = ["observed", "share"] + ["groups"] * ("groups" in frame) + ["effective", "AUC"]
        rows = []
        for row in frame.to_dict("records"):
            cells = [f"{row['observed']:,}", _percent(row["share"])]
            cells += [f"{row['groups']:,}"] if "groups" in frame else []
            cells += [f"{row['n_effective']:,.0f}"]
            if np.isfinite(row["auc"]):
                low, high = (f"{row[side]:.2f}" if np.isfinite(row[side]) else "?" for side in ("low", "high"))
                cells += [f"{row['auc']:.2f}", f"[{low}, {high}] " + _WORDS.get(row["flag"], row["flag"])]
            else:
                cells += ["-", " " * 13 + _WORDS.get(row["flag"], row["flag"])]
            rows.append(cells)
        widths = [max(map(len, column)) for column in zip(heads, *[cells[:-1] for cells in rows], strict=True)]
        last = f"{self.level:.0%} interval predictable"
        room = _WIDTH - sum(widths) - len(widths) - 1 - len(last)
        names = [_short(name, room) for name in frame["outcome"]]
        first = max(len("outcome"), *map(len, names))

        def line(name: str, cells: list[str], end: str) -> str:
            numbers = " ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
            return f"{name:<{first}} {numbers} {end}".rstrip()

        head = line("outcome", heads, last)
        body = [line(name, cells[:-1], cells[-1]) for name, cells in zip(names, rows, strict=True)]
        return "\n".join([head, "-" * len(head), *body])

    def _legend(self) -> str:
        frame = self.outcomes
        units = "groups" if self.n_groups is not None else "rows"
        said = []
        if np.isfinite(frame["auc"]).any():
            said.append(
                "AUC: how well the features tell where an outcome is observed, out of fold (0.5: not at all). "
                f"Predictable, yes: above 0.5 with p at most {1 - self.level:.2g} after Holm's adjustment over "
                f"outcomes. Effective: {units} left of the observed ones under inverse-probability weights."
            )
        if (frame["flag"] == TOO_FEW).any():
            said.append(f"Too few: fewer than ten observed or ten missing {units}.")
        return "\n".join(map(_filled, said))

    def _seen_together(self) -> str:
        units = "groups" if self.by_rows else "rows"
        count = self.patterns.index.get_level_values("count").to_numpy()
        total = int(count.sum())
        lines = [f"Observed together ({_counted(len(count), 'pattern')} in {total:,} {units}):"]
        names = list(self.patterns.columns)
        for n, pattern in list(zip(count, self.patterns.to_numpy(), strict=True))[:_SHOWN]:
            lines.append(_filled(f"{n:>7,} {_percent(n / total):>4}  {_which(names, pattern)}", indent=15))
        if len(count) > _SHOWN:
            rest = int(count[_SHOWN:].sum())
            lines.append(f"{rest:>7,} {_percent(rest / total):>4}  {_counted(len(count) - _SHOWN, 'other pattern')}")
        apart = self._never_together()
        return "\n".join(lines + ([apart] if apart else []))

    def _never_together(self) -> str:
        counts = self.together.to_numpy()
        seen = np.diag(counts) > 0
        pairs = np.argwhere(np.triu((counts == 0) & seen[:, None] & seen, 1))
        if not len(pairs):
            return ""
        names = list(self.together.columns)
        shown = "; ".join(f"{_short(names[j])} with {_short(names[k])}" for j, k in pairs[:_SHOWN])
        more = f"; and {len(pairs) - _SHOWN} more pairs" if len(pairs) > _SHOWN else ""
        return _filled(f"Never together: {shown}{more}. Nothing here tells how they go with each other.")

    def _predictable(self) -> str:
        frame = self.outcomes
        found = frame[frame["flag"] == PREDICTABLE].sort_values("auc", ascending=False, kind="stable")
        tested = int(np.isfinite(frame["p_value"]).sum())
        said = []
        if len(found):
            first = ", ".join(f"{_short(row.outcome)} ({row.auc:.2f})" for row in found.head(_SHOWN).itertuples())
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            said.append(
                f"The features tell who was measured for {len(found)} of {tested} outcome{'s' * (tested > 1)}: "
                f"{first}{more}. Means, scores and models without these features are about those who were measured; "
                "ObservationWeights weigh that back."
            )
        elif tested:
            said.append("No outcome whose missingness the features were seen to tell.")
        empty = frame.loc[frame["flag"] == EMPTY, "outcome"]
        if len(empty):
            listed = ", ".join(_short(name) for name in empty[:_SHOWN])
            more = f" and {len(empty) - _SHOWN} more" if len(empty) > _SHOWN else ""
            said.append(f"Never observed, to be left out of a fit: {listed}{more}.")
        return "\n".join(map(_filled, said))

    def _differences(self) -> str:
        frame = self.differences
        if frame.empty:
            return ""
        found = frame[frame["p_adjusted"] <= 1 - self.level]
        if found.empty:
            return _filled(
                f"No outcome differs beyond chance between rows with and without another one ({len(frame)} pairs, "
                "Holm)."
            )
        largest = found.reindex(found["difference"].abs().sort_values(ascending=False, kind="stable").index)
        lines = [
            _filled(
                f"Outcomes that differ between rows with and without another one, in standard deviations "
                f"({len(found)} of {len(frame)} pairs beyond chance, Holm; the largest):"
            )
        ]
        for row in largest.head(_SHOWN).itertuples():
            where = f"where {_short(row.without, 24)} is missing"
            lines.append(
                f"  {_short(row.outcome, 24)} {'lower' if row.difference > 0 else 'higher'} {where}:"
                f" {-row.difference:+.2f} [{-row.high:+.2f}, {-row.low:+.2f}]"
            )
        return "\n".join(lines)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + "s" * (count != 1)


def _percent(share: float) -> str:
    """Percent that is 0 or 100 only where it is."""
    if not np.isfinite(share):
        return "-"
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _short(name: Any, width: int = 20) -> str:
    """A name on one line, cut in the middle where it is long."""
    text = " ".join(str(name).split()) or "''"
    if len(text) <= width:
        return text
    tail = (width - 2) // 3
    return text[: width - 2 - tail] + ".." + text[-tail:]


def _which(names: list[Any], pattern: np.ndarray) -> str:
    """A pattern by its shorter side."""
    with_, without = np.flatnonzero(pattern), np.flatnonzero(~pattern)
    if not len(without):
        return "all outcomes"
    if not len(with_):
        return "no outcome"
    word, side = ("all but", without) if len(without) <= len(with_) else ("only", with_)
    listed = ", ".join(_short(names[t]) for t in side[:_SHOWN])
    return f"{word} {listed}" + (f" and {len(side) - _SHOWN} more" if len(side) > _SHOWN else "")


def _filled(text: str, indent: int = 0) -> str:
    """A paragraph in lines of at most 80 characters; spaces at its start stay."""
    return fill(text, _WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)


__all__ = ["COMPLETE", "EMPTY", "NOT_ASKED", "NOT_SEEN", "PREDICTABLE", "TOO_FEW", "MissingnessReport"]
