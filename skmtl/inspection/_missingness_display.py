"""Which outcomes are observed together, how many of each, and whether the features tell: one figure."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from skmtl._plotting._grid import TALLEST, WIDEST, name_ticks
from skmtl._plotting._style import BLUE, GREY, VERMILION, import_pyplot
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError
from skmtl.inspection._missingness import missingness_report
from skmtl.inspection._missingness_result import PREDICTABLE, MissingnessReport

_MOST_COLUMNS = 80


# Here and not beside the other displays, as it makes the report that it shows.
class MissingnessDisplay:
    """Patterns of joint observation, entries per outcome, and how well the features tell who was measured.

    A row of the map is a pattern, the commonest first: dark where the outcome is observed. The bar beside it is how
    many rows of the table have it. Bars above are observed entries of each outcome; with features also the effective
    number under inverse-probability weights, and the AUC of a model of the missingness with its 95% interval: 0.5 if
    the features tell nothing, a diamond where they do beyond chance (Holm over outcomes).

    It says nothing of values that are missing because of what they would have been: no figure of the observed can.

    Parameters
    ----------
    patterns : DataFrame, one row per pattern
        A column per outcome, True where observed; the index holds the count of each in its level "count".
    outcomes : DataFrame, one row per outcome, optional
        Columns outcome, n_effective, auc, low, high, flag, as `MissingnessReport.to_frame` gives it.
    max_patterns : int, default 25
        Patterns to show; the others are counted in one row.
    order : {"observed", "table"}, default "observed"
        Outcomes by their number of observed entries, the greatest first; or as in the table.
    unit : str, default "rows"
        What counts are of.

    Attributes
    ----------
    ax_ : Axes
        Of the map.
    axes_ : dict from {"patterns", "counts", "observed", "auc"} to Axes
    figure_ : Figure
    image_ : AxesImage
    outcomes_ : list
        Outcomes, left to right.

    Raises
    ------
    InvalidParameterError
        A parameter is out of range, or the index has no level "count".

    See Also
    --------
    missingness_report : The numbers and the words.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.inspection import MissingnessDisplay
    >>> rng = np.random.default_rng(0)
    >>> Y = pd.DataFrame(rng.normal(size=(200, 3)), columns=["ldl", "hdl", "crp"])
    >>> Y.loc[rng.random(200) < 0.3, ["ldl", "hdl"]] = np.nan  # one tube of blood
    >>> Y.loc[rng.random(200) < 0.5, "crp"] = np.nan
    >>> display = MissingnessDisplay.from_data(Y).plot()
    >>> display.patterns.astype(int)
                 ldl  hdl  crp
    count share
    75    0.375    1    1    1
    60    0.300    1    1    0
    33    0.165    0    0    1
    32    0.160    0    0    0
    """

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

    @classmethod
    def from_data(
        cls,
        Y: Any,
        X: Any = None,
        *,
        task: Any = None,
        groups: Any = None,
        max_patterns: int = 25,
        order: str = "observed",
        **options: Any,
    ) -> MissingnessDisplay:
        """Make the report of a table and show it.

        Parameters
        ----------
        Y : array-like or frame of shape (n,) or (n, T)
            Outcomes; NaN, None and pandas.NA where unobserved.
        X : array-like, sparse matrix or frame of shape (n, p), optional
            Features. Without them nothing is said of predictability.
        task : array-like of shape (n,), optional
            Task of each row of a 1-D ``Y``; give ``groups`` with it, or every row is a pattern of its one task.
        groups : array-like of shape (n,), optional
            Whose rows are not independent.
        max_patterns : int, default 25
        order : {"observed", "table"}, default "observed"
        **options : dict
            Of `missingness_report`: cv, estimator, random_state.

        Returns
        -------
        MissingnessDisplay

        Raises
        ------
        TaskDataError
            The outcomes cannot be read, or rows do not match.
        """
        report = missingness_report(Y, X, task=task, groups=groups, **options)
        return cls.from_report(report, max_patterns=max_patterns, order=order)

    @classmethod
    def from_report(
        cls, report: MissingnessReport, *, max_patterns: int = 25, order: str = "observed"
    ) -> MissingnessDisplay:
        """Show a report.

        Parameters
        ----------
        report : MissingnessReport
        max_patterns : int, default 25
        order : {"observed", "table"}, default "observed"

        Returns
        -------
        MissingnessDisplay
        """
        unit = "groups" if report.by_rows and report.n_groups is not None else "rows"
        return cls(report.patterns, report.to_frame(), max_patterns=max_patterns, order=order, unit=unit)

    def plot(self, ax: Any = None) -> MissingnessDisplay:
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
        return self

    def _panels(self, ax: Any, n_rows: int, n_columns: int, *, asked: bool) -> dict[str, Any]:
        plt = import_pyplot(type(self).__name__)
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
        name_ticks(self.ax_.xaxis, self.outcomes_, width=24, most=_MOST_COLUMNS, rotation=90)
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
        told = (frame["flag"] == PREDICTABLE).to_numpy()
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
    """Percent that is 0 only where it is."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


__all__ = ["MissingnessDisplay"]
