"""Did sharing help: the gain of every outcome over a baseline, with its interval and verdict."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from skmtl._plotting._extremes import robust_limits
from skmtl._plotting._grid import TALLEST, panels, tick_size, title_figure
from skmtl._plotting._models import split_by_outcome
from skmtl._plotting._style import VERDICTS, find_letters, shorten
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError

_COLUMNS = ("outcome", "estimator", "gain", "low", "high", "verdict")
_ADJUSTED = {"holm": "after Holm", "fdr_bh": "after Benjamini-Hochberg", None: "each by itself"}
# Names that can be read below each other on the tallest page.
_MOST_ROWS = 110
# The row over all outcomes stands this far below the last outcome.
_APART = 1.6
# One scale for all models hides those that gain this much less than another.
_FEWER = 6.0
_BESIDE = 5


class GainDisplay:
    """Gain of each outcome over a baseline, in percent of the baseline's loss, with interval and verdict.

    A panel per model, a row per outcome, the mean over outcomes below. Right of zero the model has the smaller loss on
    rows it was not trained on. The marker and the colour are the verdict, from p values adjusted for all gains of the
    comparison, whichever are shown; intervals are of one row each and are not adjusted, so that one may leave out
    zero where the verdict is "no evidence".

    Not for choosing the best of many models and reporting its panel: the choice is not part of the interval. "No
    evidence" is not evidence that there is no difference.

    Parameters
    ----------
    gains : DataFrame, one row per outcome and estimator
        Columns outcome, estimator, gain, low, high (percent, NaN or infinite where there is none), verdict ("helped",
        "hurt", "no evidence") and, to say how many were tested, p. As `Comparison.summary` gives it.
    overall : DataFrame, one row per estimator, optional
        Columns estimator, gain, low, high, verdict and n_outcomes, as `Comparison.overall` gives it.
    baseline : str, default "independent"
        What gains are measured against.
    models : sequence of str, optional
        Estimators to show, in this order. Default all.
    order : {"gain", "table"}, default "gain"
        Outcomes by their gain, the mean over the models shown, the greatest first; or as they are in ``gains``.
    alpha : float in (0, 1), default 0.05
        Level of the verdicts; intervals are at ``1 - alpha``.
    adjust : {"holm", "fdr_bh"} or None, default "holm"
        How p values were adjusted.

    Attributes
    ----------
    ax_ : Axes
        Of the first model.
    axes_ : ndarray of Axes
        One per model.
    figure_ : Figure
    lines_ : list of LineCollection
        The whiskers of each model, top to bottom.
    points_ : dict from (model, verdict) to PathCollection
    outcomes_ : list
        Outcomes, top to bottom.

    Raises
    ------
    InvalidParameterError
        A column is missing, there is nothing to show, or a model, verdict or order is not known.

    See Also
    --------
    skmtl.model_selection.compare : Makes the comparison.
    TaskScoreDisplay : The scores themselves.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skmtl.inspection import GainDisplay
    >>> from skmtl.model_selection import compare
    >>> from skmtl.multioutput import IndependentTasks, PooledTasks
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(90, 3))
    >>> Y = np.column_stack([X[:, 0], X[:, 0], -X[:, 0]]) + 0.5 * rng.normal(size=(90, 3))
    >>> models = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}
    >>> found = compare(X, Y, models, random_state=0)
    >>> display = GainDisplay.from_comparison(found).plot()
    >>> display.outcomes_  # the outcome with the other sign loses most
    [0, 1, 2]
    """

    def __init__(
        self,
        gains: Any,
        overall: Any = None,
        *,
        baseline: str = "independent",
        models: Sequence[str] | None = None,
        order: str = "gain",
        alpha: float = 0.05,
        adjust: str | None = "holm",
    ):
        _check(gains, "gains", _COLUMNS)
        if overall is not None:
            _check(overall, "overall", _COLUMNS[1:])
        if order not in ("gain", "table"):
            raise InvalidParameterError(f"order={order!r} is not known: use 'gain' or 'table'.")
        if adjust not in _ADJUSTED:
            raise InvalidParameterError(f"adjust has to be 'holm', 'fdr_bh' or None. Got {adjust!r} instead.")
        known = list(dict.fromkeys(gains["estimator"]))
        chosen = known if models is None else [models] if isinstance(models, str) else list(models)
        strangers = [name for name in chosen if name not in known]
        if strangers or not chosen:
            what = f"{strangers[0]!r}" if strangers else "no estimator"
            raise InvalidParameterError(
                f"models names {what}: name some of {known}, whose gains over {baseline} are here."
            )
        self.gains, self.overall = gains, overall
        self.baseline, self.models, self.order = baseline, chosen, order
        self.alpha, self.adjust = alpha, adjust

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        baseline: str | None = None,
        models: Sequence[str] | None = None,
        order: str = "gain",
        **options: Any,
    ) -> GainDisplay:
        """Take the gains of a comparison.

        Parameters
        ----------
        comparison : Comparison
            What `skmtl.model_selection.compare` returned.
        baseline : str, optional
            Any of its estimators. Default the one named in `compare`.
        models : sequence of str, optional
            Estimators to show, in this order. Default all but the baseline. Verdicts are the same either way.
        order : {"gain", "table"}, default "gain"
        **options : dict
            Of `Comparison.summary`: interval, adjust, alpha, n_resamples, random_state.

        Returns
        -------
        GainDisplay

        Raises
        ------
        InvalidParameterError
            A name or an option is not known, or there is no estimator beside the baseline.
        """
        gains = comparison.summary(baseline, **options)
        # The mean of one outcome is that outcome.
        several = gains["outcome"].nunique() != 1
        return cls(
            gains,
            comparison.overall(baseline, **options) if several else None,
            baseline=comparison.baseline if baseline is None else baseline,
            models=models,
            order=order,
            alpha=options.get("alpha", 0.05),
            adjust=options.get("adjust", "holm"),
        )

    def plot(self, ax: Any = None, *, values: bool | None = None) -> GainDisplay:
        """Draw the gains.

        Parameters
        ----------
        ax : Axes, or array of an Axes per model, optional
            Where to draw. Default a new figure.
        values : bool, optional
            Write gain and interval beside each row. Default with one or two models.

        Returns
        -------
        GainDisplay
            Itself.
        """
        n_models = len(self.models)
        values = n_models <= 2 if values is None else values
        self.outcomes_ = self._ordered()
        n_rows = len(self.outcomes_) + (2 if self.overall is not None else 0)
        columns = min(n_models, _BESIDE)
        # Every row of panels has names of its own at the left, so that each may be as tall as a page for so many.
        tallest = TALLEST / -(-n_models // columns)
        size = (
            (8.5 if columns == 1 else 2.4 + 3.4 / columns + 1.6 * values),
            min(max(2.4, 1.7 + 0.23 * n_rows), tallest),
        )
        self.axes_ = panels(n_models, type(self).__name__, size=size, n_columns=columns, ax=ax, sharey=True)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        tables = [self._rows(name) for name in self.models]
        ends = [robust_limits(numbers) for numbers, _, _ in tables]
        spans = [high - low for low, high in ends]
        one_scale = max(spans) <= _FEWER * min(spans)
        if one_scale:
            ends = [robust_limits(np.concatenate([numbers for numbers, _, _ in tables]))] * n_models
        self.lines_: list[Any] = []
        self.points_: dict[tuple[str, str], Any] = {}
        for name, panel, (numbers, words, at), limits in zip(self.models, self.axes_, tables, ends, strict=True):
            self._whiskers(panel, numbers, words, at, limits)
            self._points(panel, name, numbers, words, at, limits)
            if values:
                self._write(panel, numbers, at)
            self._frame(panel, name, limits)
        self._label_rows()
        unknown = any(np.isnan(numbers[:, 1:]).any() for numbers, _, _ in tables)
        notes = ["scales differ between models"] * (not one_scale) + ["no whisker: no interval"] * unknown
        self._explain(notes, new=ax is None)
        find_letters(self.figure_)
        return self

    def _ordered(self) -> list[Hashable]:
        """Outcomes from the top."""
        gains = self.gains[self.gains["estimator"].isin(self.models)]
        outcomes = list(dict.fromkeys(gains["outcome"]))
        if self.order == "table":
            return outcomes
        # A mean that skips what is not known; outcomes without any gain go last.
        mean = np.array([rows["gain"].mean() for rows in split_by_outcome(gains).values()], dtype=np.float64)
        return [outcomes[t] for t in np.argsort(-mean, kind="stable")]

    def _rows(self, model: str) -> tuple[Array, Array, Array]:
        """Gain, low and high of each row, its verdict, and its height; the mean over outcomes is the last."""
        own = self.gains[self.gains["estimator"] == model]
        place = {outcome: t for t, outcome in enumerate(self.outcomes_)}
        at = np.array([place[outcome] for outcome in own["outcome"]], dtype=np.float64)
        parts = [own]
        if self.overall is not None:
            mean = self.overall[self.overall["estimator"] == model]
            parts.append(mean)
            at = np.append(at, np.full(len(mean), len(place) - 1 + _APART))
        numbers = np.concatenate([part[["gain", "low", "high"]].to_numpy(dtype=np.float64) for part in parts])
        words = np.concatenate([part["verdict"].to_numpy(dtype=object) for part in parts])
        down = np.argsort(at, kind="stable")
        return numbers[down], words[down], at[down]

    def _whiskers(self, panel: Any, numbers: Array, words: Array, at: Array, limits: tuple[float, float]) -> None:
        low, high = numbers[:, 1], numbers[:, 2]
        there = ~(np.isnan(low) | np.isnan(high))
        colors = [VERDICTS[word]["color"] for word in words[there]]
        last = len(self.outcomes_) - 1
        self.lines_.append(
            panel.hlines(at[there], np.clip(low, *limits)[there], np.clip(high, *limits)[there], colors=colors,
                         linewidths=np.where(at[there] > last, 2.6, 1.4), zorder=2)
        )  # fmt: skip
        for beyond, edge, marker in ((low < limits[0], limits[0], "<"), (high > limits[1], limits[1], ">")):
            rows = np.flatnonzero(beyond & there)
            panel.scatter(np.full(len(rows), edge), at[rows], marker=marker, s=26, clip_on=False, zorder=3,
                          c=[VERDICTS[word]["color"] for word in words[rows]])  # fmt: skip

    def _points(
        self, panel: Any, model: str, numbers: Array, words: Array, at: Array, limits: tuple[float, float]
    ) -> None:
        gain = numbers[:, 0]
        inside = (gain >= limits[0]) & (gain <= limits[1])
        for word, style in VERDICTS.items():
            rows = (words == word) & inside
            sizes = np.where(at[rows] > len(self.outcomes_) - 1, 90, 42)
            self.points_[model, word] = panel.scatter(
                gain[rows], at[rows], s=sizes, marker=style["marker"], color=style["color"], zorder=4
            )
        for k in np.flatnonzero(~inside):
            # What cannot be drawn is written.
            text = "no gain to measure" if np.isnan(gain[k]) else f"{gain[k]:+,.0f}%"
            right = gain[k] > limits[1]
            edge = 0.97 if right else 0.03
            panel.annotate(text, (edge, at[k]), xycoords=("axes fraction", "data"), fontsize=7, color="black",
                           ha="right" if right else "left", va="center" if np.isnan(gain[k]) else "bottom")  # fmt: skip

    def _write(self, panel: Any, numbers: Array, at: Array) -> None:
        size = tick_size(len(self.outcomes_)) - 1
        for (gain, low, high), height in zip(numbers, at, strict=True):
            text = f"{_signed(gain)} [{_signed(low)}, {_signed(high)}]"
            if np.isnan(gain) or np.isnan(low) or np.isnan(high):
                text = "no gain" if np.isnan(gain) else f"{_signed(gain)} (no interval)"
            panel.annotate(text, (1, height), xycoords=("axes fraction", "data"), xytext=(8, 0),
                           textcoords="offset points", va="center", fontsize=size, annotation_clip=False)  # fmt: skip

    def _frame(self, panel: Any, model: str, limits: tuple[float, float]) -> None:
        """Zero, what is on either side of it, and names."""
        last = len(self.outcomes_) - 1
        panel.axvline(0, color="black", linewidth=1.0, zorder=1)
        panel.set_xlim(*limits)
        panel.set_ylim(last + 0.6, -0.6)
        if self.overall is not None:
            panel.set_ylim(last + _APART + 0.8, -0.6)
            panel.axhspan(last + 0.8, last + _APART + 0.8, color="0.94", zorder=0)
            panel.axhline(last + 0.8, color="black", linewidth=0.6)
        panel.grid(axis="x", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.tick_params(axis="y", length=0)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_title(shorten([model], 34)[0], fontsize=10, pad=18)
        shared = self.baseline == "independent"
        left = "separate models better" if shared else f"{shorten([self.baseline], 16)[0]} better"
        right = "sharing better" if shared else f"{shorten([model], 16)[0]} better"
        for text, x, side in ((f"← {left}", 0, "left"), (f"{right} →", 1, "right")):
            panel.annotate(text, (x, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points",
                           fontsize=7.5, ha=side, va="bottom")  # fmt: skip
        panel.locator_params(axis="x", nbins=6)
        panel.set_xlabel("gain (% of the baseline's loss)", fontsize=9)

    def _label_rows(self) -> None:
        n = len(self.outcomes_)
        step = -(-n // _MOST_ROWS)
        # A number that tells long names apart is the place in the table, whatever the order here.
        table = list(dict.fromkeys(self.gains["outcome"]))
        label = dict(zip(table, shorten(table, 34), strict=True))
        at: list[float] = list(range(0, n, step))
        named = [label[self.outcomes_[int(t)]] for t in at]
        if self.overall is not None:
            own = self.overall[self.overall["estimator"].isin(self.models)]
            counts = set(own["n_outcomes"]) if "n_outcomes" in own else set()
            at.append(n - 1 + _APART)
            named.append(f"mean of {counts.pop()} outcomes" if len(counts) == 1 else "mean of outcomes")
        for panel in self.axes_:
            panel.set_yticks(at, named, fontsize=tick_size(n))

    def _explain(self, notes: list[str], *, new: bool) -> None:
        """Legend of the verdicts with their numbers, and what intervals and verdicts are."""
        from matplotlib.lines import Line2D

        shown = self.gains[self.gains["estimator"].isin(self.models)]
        counts = shown["verdict"].value_counts()
        handles = [
            Line2D([], [], color=style["color"], marker=style["marker"], label=f"{word} ({counts.get(word, 0)})",
                   markersize=7, linewidth=1.4)
            for word, style in VERDICTS.items()
        ]  # fmt: skip
        tested = int(self.gains["p"].notna().sum()) if "p" in self.gains else len(self.gains)
        verdict = f"verdicts at {self.alpha:.2g}, {_ADJUSTED[self.adjust]}" + f" ({tested} gains)" * (tested > 1)
        if not new:
            self.axes_[-1].legend(handles=handles, fontsize=7.5, loc="best")
            return
        self.figure_.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
        over = "separate models" if self.baseline == "independent" else shorten([self.baseline])[0]
        explained = "; ".join([f"{100 * (1 - self.alpha):.4g}% intervals", verdict, *notes])
        title_figure(self.figure_, f"Gain over {over}", explained)


def _check(frame: Any, argument: str, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in getattr(frame, "columns", ())]
    if missing:
        raise InvalidParameterError(
            f"{argument} has no column {missing[0]!r}: give a frame as Comparison.{_METHOD[argument]} returns it."
        )
    if not len(frame):
        raise InvalidParameterError(f"{argument} has no rows: compare one estimator at least with the baseline.")
    strangers = [word for word in frame["verdict"] if word not in VERDICTS]
    if strangers:
        raise InvalidParameterError(
            f"{argument} holds the verdict {strangers[0]!r}: use {', '.join(map(repr, VERDICTS))}."
        )


_METHOD = {"gains": "summary()", "overall": "overall()"}


def _signed(value: float) -> str:
    if not np.isfinite(value):
        return "∞" if value > 0 else "-∞"
    # No minus before a zero.
    rounded = round(value, 1) + 0.0
    return f"{rounded:+,.1f}" if abs(rounded) < 100 else f"{value:+,.0f}"


__all__ = ["GainDisplay"]
