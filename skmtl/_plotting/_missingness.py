"""Which outcomes are observed together, how many of each, and whether the features tell: the drawing."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np

from skmtl._plotting._grid import TALLEST, WIDEST, name_ticks
from skmtl._plotting._style import BLUE, GREY, VERMILION, find_letters, import_pyplot
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError

_MOST_COLUMNS = 80
# The flag of outcomes of which the features tell who was measured.
_TOLD = "predictable"


class MissingnessFigure:
    """What `skmtl.inspection.MissingnessDisplay` draws; the report of a comparison has patterns without a report."""

    def __init__(
        self,
        patterns: Any,
        outcomes: Any = None,
        *,
        max_patterns: int = 25,
        order: str = "observed",
        unit: str = "rows",
    ):
        if isinstance(max_patterns, bool) or not isinstance(max_patterns, Integral) or max_patterns < 1:
            raise InvalidParameterError(
                f"max_patterns={max_patterns!r} is not a number of patterns: give a positive int."
            )
        if order not in ("observed", "table"):
            raise InvalidParameterError(f"order={order!r} is not known: use 'observed' or 'table'.")
        if "count" not in patterns.index.names:
            raise InvalidParameterError(
                "patterns has no level 'count' in its index: give MissingnessReport.patterns, or call from_data."
            )
        wanted = ("outcome", "n_effective", "auc", "low", "high", "flag")
        missing = [] if outcomes is None else [name for name in wanted if name not in outcomes]
        if missing:
            raise InvalidParameterError(
                f"outcomes has no column {missing[0]!r}: give MissingnessReport.to_frame(), or call from_report."
            )
        self.patterns: Any = patterns
        self.outcomes: Any = outcomes
        self.max_patterns: int = int(max_patterns)
        self.order: str = order
        self.unit: str = unit

    def plot(self, ax: Any = None) -> Self:
        """Draw the figure.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw the map alone, counts as labels of its rows. Default a new figure of all panels.

        Returns
        -------
        MissingnessDisplay
            Itself.
        """
        count = self.patterns.index.get_level_values("count").to_numpy(dtype=np.float64)
        table = self.patterns.to_numpy(dtype=bool)
        observed = table.T @ count
        columns = np.argsort(-observed, kind="stable") if self.order == "observed" else np.arange(table.shape[1])
        self._columns = columns
        self.outcomes_ = [self.patterns.columns[t] for t in columns]
        rows = np.argsort(-count, kind="stable")
        shown, rest = rows[: self.max_patterns], rows[self.max_patterns :]
        drawn = table[np.ix_(shown, columns)].astype(np.float64)
        counts = count[shown]
        if rest.size:
            drawn = np.vstack([drawn, np.full(len(columns), np.nan)])
            counts = np.append(counts, count[rest].sum())
        asked = self.outcomes is not None and bool(np.isfinite(self.outcomes["auc"]).any())
        self.axes_ = self._panels(ax, *drawn.shape, asked=asked)
        self.ax_ = self.axes_["patterns"]
        self.figure_ = self.ax_.figure
        self._map(drawn, int(rest.size))
        said = [f"{int(n):,} ({_percent(n / count.sum())})" for n in counts]
        if ax is not None:
            self.ax_.set_yticks(range(len(said)), said, fontsize=8)
            find_letters(self.figure_)
            return self
        self._counts(counts, said, n_shown=len(shown))
        self._observed(observed[columns], count.sum())
        if asked:
            self._auc()
        self.figure_.suptitle(
            f"Outcomes observed together: {len(count):,} pattern{'s' * (len(count) > 1)} "
            f"in {int(count.sum()):,} {self.unit}\ndark: observed",
            fontsize=10,
        )
        find_letters(self.figure_)
        return self

    def _panels(self, ax: Any, n_rows: int, n_columns: int, *, asked: bool) -> dict[str, Any]:
        plt = import_pyplot("MissingnessDisplay")
        if ax is not None:
            return {"patterns": ax}
        width = min(max(2.6, 0.24 * n_columns), WIDEST - 2.8)
        height = min(max(1.2, 0.22 * n_rows), TALLEST - 6.0)
        above = ["observed"] + ["auc"] * asked
        heights = [1.1] * len(above) + [height]
        figure = plt.figure(figsize=(width + 2.8, sum(heights) + 2.0), layout="constrained")
        grid = figure.subplots(
            len(heights),
            2,
            squeeze=False,
            sharex="col",
            gridspec_kw={"height_ratios": heights, "width_ratios": [width, 1.6]},
        )
        for spare in grid[:-1, 1]:
            figure.delaxes(spare)
        # Rows of the map and their counts move together.
        grid[-1, 1].sharey(grid[-1, 0])
        return {**dict(zip([*above, "patterns"], grid[:, 0], strict=True)), "counts": grid[-1, 1]}

    def _map(self, drawn: Array, n_rest: int) -> None:
        from matplotlib.colors import ListedColormap

        cmap = ListedColormap(["white", "0.3"]).with_extremes(bad="0.88")
        n_rows, n_columns = drawn.shape
        self.image_ = self.ax_.imshow(
            np.ma.masked_invalid(drawn), cmap=cmap, vmin=0, vmax=1, aspect="auto", interpolation="nearest"
        )
        self.ax_.set_xticks(np.arange(n_columns - 1) + 0.5, minor=True)
        self.ax_.set_yticks(np.arange(n_rows - 1) + 0.5, minor=True)
        self.ax_.grid(which="minor", color="0.8", linewidth=0.5)
        self.ax_.tick_params(which="both", length=0)
        self.ax_.set_yticks([])
        name_ticks(self.ax_.xaxis, list(self.patterns.columns), order=self._columns, width=24, most=_MOST_COLUMNS,
                   rotation=90)  # fmt: skip
        self.ax_.set_ylabel("patterns", fontsize=9)
        if n_rest:
            said = f"{n_rest:,} other pattern{'s' * (n_rest > 1)}"
            self.ax_.text((n_columns - 1) / 2, n_rows - 1, said, ha="center", va="center", fontsize=8)

    def _counts(self, counts: Array, said: list[str], n_shown: int) -> None:
        panel = self.axes_["counts"]
        # All other patterns together may be many: a bar of theirs would dwarf the others.
        longest = counts[:n_shown].max()
        panel.barh(np.arange(n_shown), counts[:n_shown], height=0.7, color="0.3")
        for k, text in enumerate(said):
            start = counts[k] if k < n_shown else 0.0
            panel.annotate(text, (start, k), xytext=(3, 0), textcoords="offset points", va="center", fontsize=7.5)
        # Room for the numbers right of the longest bar.
        panel.set_xlim(0, 1.9 * longest)
        panel.set_xticks([])
        panel.tick_params(axis="y", which="both", length=0, labelleft=False)
        panel.spines[:].set_visible(False)
        panel.set_xlabel(self.unit, fontsize=9)

    def _observed(self, observed: Array, total: float) -> None:
        """Entries of each outcome; what is left of them under weights."""
        panel = self.axes_["observed"]
        at = np.arange(len(observed))
        panel.bar(at, observed, width=0.7, color="0.75", label="observed")
        frame = self._by_outcome()
        if frame is not None and "auc" in self.axes_:
            panel.bar(
                at,
                frame["n_effective"],
                width=0.35,
                color=BLUE,
                label="effective groups" if "groups" in frame else "effective",
            )
            panel.legend(fontsize=7, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0.1, frameon=False)
        panel.set_ylim(0, total)
        panel.set_ylabel("entries", fontsize=9)
        panel.tick_params(axis="x", which="both", length=0, labelbottom=False)
        panel.tick_params(axis="y", labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)

    def _auc(self) -> None:
        panel, frame = self.axes_["auc"], self._by_outcome()
        values = frame[["auc", "low", "high"]].to_numpy(dtype=np.float64)
        at = np.arange(len(values))
        told = (frame["flag"] == _TOLD).to_numpy()
        panel.axhline(0.5, color="black", linewidth=0.8)
        for some, color, marker, label in (
            (told, VERMILION, "D", "features tell"),
            (~told & np.isfinite(values[:, 0]), GREY, "o", "not seen to tell"),
        ):
            panel.vlines(at[some], values[some, 1], values[some, 2], color=color, linewidth=1.2)
            panel.scatter(at[some], values[some, 0], color=color, marker=marker, s=20, zorder=3, label=label)
        for t in np.flatnonzero(~np.isfinite(values[:, 0])):
            panel.text(t, 0.5, f" {frame['flag'].iloc[t]} ", rotation=90, ha="center", va="bottom", fontsize=6)
        known = values[np.isfinite(values)]
        panel.set_ylim(min(0.4, known.min() - 0.02), 1.02)
        panel.set_ylabel("AUC of\nmissingness", fontsize=9)
        panel.legend(fontsize=7, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0.1, frameon=False)
        panel.tick_params(axis="x", which="both", length=0, labelbottom=False)
        panel.tick_params(axis="y", labelsize=8)
        panel.spines[["top", "right"]].set_visible(False)

    def _by_outcome(self) -> Any:
        """Rows of the outcomes in the order drawn."""
        if self.outcomes is None:
            return None
        place = {name: k for k, name in enumerate(self.outcomes["outcome"])}
        return self.outcomes.iloc[[place[name] for name in self.outcomes_]]


def _percent(share: float) -> str:
    """Percent that is 0 or 100 only where it is."""
    said = f"{share:.0%}"
    return "<1%" if said == "0%" and share > 0 else ">99%" if said == "100%" and share < 1 else said


__all__ = ["MissingnessFigure"]
