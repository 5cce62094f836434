"""Is a prediction what it says: observed against predicted, outcome by outcome."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from numbers import Integral
from typing import Any

import numpy as np
from scipy import stats

from skmtl._plotting._answers import Answer, ask, read_answers
from skmtl._plotting._grid import panels, title_figure
from skmtl._plotting._models import split_by_outcome
from skmtl._plotting._style import BLUE, GREY, VERMILION, find_letters, shorten
from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError
from skmtl.metrics._calibration_bins import equal_mass_bins
from skmtl.metrics._calibration_table import calibration_table

_LEVEL = 0.95
_STRIP_BINS = 25
# Below the plot, in parts of its height: how many rows were predicted what.
_STRIP = 0.18


class TaskCalibrationDisplay:
    r"""Observed against predicted, a panel per outcome, in bins of predictions with intervals.

    For yes/no outcomes the share of events in each bin with the interval of Wilson (1927): with k events among m
    entries and z the normal quantile

    .. math::

        \frac{k + z^2 / 2}{m + z^2} \pm \frac{z}{m + z^2} \sqrt{\frac{k (m - k)}{m} + \frac{z^2}{4}}

    For numbers the mean in each bin with its t interval. Below each panel stand the counts of predictions, the events
    among them darker. The panel gives the slope (1 if right, less where predictions are too extreme) with its 95%
    interval, and the intercept at slope 1 (0 if right, more where there is more than predicted), of yes/no outcomes
    those of `skmtl.metrics.calibration_slope` and `calibration_intercept`, on the log-odds; of numbers those of least
    squares and in units of the outcome.

    Use predictions for rows that were not in the fit. Intervals take entries as independent: with several rows of a
    patient they are too narrow, and where one bin misses the diagonal among many, chance is a reason. Not for outcomes
    with fewer than some 20 events, whose slope says little.

    Parameters
    ----------
    curves : DataFrame, one row per outcome and bin
        Columns outcome, predicted (mean), observed (mean), low, high, n.
    fits : DataFrame, one row per outcome
        Columns outcome, binary, n, events, slope, slope_low, slope_high, intercept; NaN where there is none.
    entries : DataFrame, one row per observed entry
        Columns outcome, predicted, observed.

    Attributes
    ----------
    ax_ : Axes
        Of the first outcome.
    axes_ : ndarray of Axes
        One per outcome.
    figure_ : Figure
    lines_ : list of ErrorbarContainer
        The bins of each outcome; None for an outcome without entries.

    See Also
    --------
    skmtl.metrics.calibration_table : The numbers, with the calibration error.
    DecisionCurveDisplay : Whether acting on the predictions does good.

    References
    ----------
    E. B. Wilson (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212.

    Examples
    --------
    The second outcome is predicted with log-odds twice as extreme as they are:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.inspection import TaskCalibrationDisplay
    >>> rng = np.random.default_rng(0)
    >>> eta = rng.normal(size=(800, 2)) - 1
    >>> Y = pd.DataFrame(rng.random((800, 2)) < 1 / (1 + np.exp(-eta)), columns=["death", "stroke"])
    >>> display = TaskCalibrationDisplay.from_predictions(Y, 1 / (1 + np.exp(-eta * [1, 2]))).plot()
    >>> display.fits.set_index("outcome")["slope"].round(1).to_dict()
    {'death': 0.9, 'stroke': 0.5}
    """

    def __init__(self, curves: Any, fits: Any, entries: Any):
        self.curves, self.fits, self.entries = curves, fits, entries

    @classmethod
    def from_predictions(
        cls,
        Y: Any,
        prob: Any,
        *,
        task: Any = None,
        n_bins: int | None = None,
        strategy: str = "quantile",
        labels: Any = None,
    ) -> TaskCalibrationDisplay:
        """Compare predictions with what was observed.

        Parameters
        ----------
        Y : array-like or frame of shape (n,) or (n, T)
            NaN, None or pandas.NA where not observed. Outcomes of 0 and 1, of booleans or of two labels are yes/no,
            the greater label the event; other numbers are numbers.
        prob : array-like of shape (n,), (n, T) or (n, K), or list of T arrays
            Probabilities of the event (any form that ``predict_proba`` gives), predicted values of numbers.
        task : array-like of shape (n,), optional
            Task of each row of a 1-D ``Y``.
        n_bins : int, optional
            At most so many; fewer where predictions are equal. Default 10, or fewer, not below 3, such that a bin has
            five of the rarer label on average, or ten numbers.
        strategy : {"quantile", "uniform"}, default "quantile"
            Bins of equal counts, or of equal width: from 0 to 1, for numbers over the range of predictions.
        labels : array-like, or list of T arrays, optional
            All classes, where ``Y`` does not show them.

        Returns
        -------
        TaskCalibrationDisplay

        Raises
        ------
        TaskDataError
            The arguments do not fit together, or an outcome has more than two classes.
        InvalidParameterError
            ``n_bins`` or ``strategy`` is out of range.
        """
        _check_bins(n_bins, strategy)
        return cls._from_answers(read_answers(cls.__name__, Y, prob, task, labels), n_bins, strategy)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, Y: Any, *, task: Any = None, n_bins: int | None = None, strategy: str = "quantile"
    ) -> TaskCalibrationDisplay:
        """Predict and compare with what was observed.

        Parameters
        ----------
        estimator : fitted estimator
            With ``predict_proba`` for yes/no outcomes; its ``predict`` for the others.
        X : array-like, sparse matrix or frame of n rows
            Rows that were not in the fit.
        Y : array-like or frame of shape (n,) or (n, T)
        task : array-like of shape (n,), optional
        n_bins : int, optional
        strategy : {"quantile", "uniform"}, default "quantile"

        Returns
        -------
        TaskCalibrationDisplay
        """
        _check_bins(n_bins, strategy)
        given, labels = ask(estimator, X, Y, task)
        return cls.from_predictions(Y, given, task=task, n_bins=n_bins, strategy=strategy, labels=labels)

    @classmethod
    def from_comparison(
        cls, comparison: Any, estimator: str, *, n_bins: int | None = None, strategy: str = "quantile"
    ) -> TaskCalibrationDisplay:
        """Take the out-of-fold predictions of one estimator of a comparison.

        With repeated folds a row's predictions are averaged, so that it counts once. Outcomes of three and more
        classes are left out.

        Parameters
        ----------
        comparison : Comparison
            What `skmtl.model_selection.compare` returned.
        estimator : str
            One of its estimators.
        n_bins : int, optional
        strategy : {"quantile", "uniform"}, default "quantile"

        Returns
        -------
        TaskCalibrationDisplay

        Raises
        ------
        InvalidParameterError
            The estimator is not known, or all outcomes have several classes.
        """
        _check_bins(n_bins, strategy)
        if estimator not in comparison.estimators:
            raise InvalidParameterError(
                f"estimator={estimator!r} is not among {list(comparison.estimators)}: name one of them."
            )
        own = comparison.predictions
        entries = split_by_outcome(own[(own["estimator"] == estimator) & own["y_true"].notna()])
        answers = []
        for outcome, kind in zip(comparison.outcomes["outcome"], comparison.outcomes["kind"], strict=True):
            if kind == "classes":
                continue
            rows = entries[outcome].groupby("row")[["y_true", "y_pred"]].mean()
            answers.append(Answer(outcome, kind == "binary", *rows.to_numpy(dtype=np.float64).T))
        if not answers:
            raise InvalidParameterError("Every outcome has three or more classes: there is no curve to draw.")
        return cls._from_answers(answers, n_bins, strategy)

    @classmethod
    def _from_answers(cls, answers: list[Answer], n_bins: int | None, strategy: str) -> TaskCalibrationDisplay:
        import pandas as pd

        curves = pd.concat([_curve(answer, n_bins, strategy) for answer in answers], ignore_index=True)
        entries = pd.concat(
            [_labelled(a.outcome, {"predicted": a.predicted, "observed": a.observed}) for a in answers],
            ignore_index=True,
        )
        return cls(curves, pd.DataFrame([_fit(answer) for answer in answers]), entries)

    def plot(self, ax: Any = None) -> TaskCalibrationDisplay:
        """Draw a panel per outcome.

        Parameters
        ----------
        ax : Axes, or array of an Axes per outcome, optional
            Where to draw. Default a new figure.

        Returns
        -------
        TaskCalibrationDisplay
            Itself.
        """
        n = len(self.fits)
        columns = min(n, 4 if n <= 12 else 8)
        side = 4.4 if n == 1 else 3.0 if columns <= 4 else 2.3
        self.axes_ = panels(n, type(self).__name__, size=(side, side + 0.2), n_columns=columns, ax=ax)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_ = []
        curves, entries = split_by_outcome(self.curves), split_by_outcome(self.entries)
        titles = shorten(self.fits["outcome"], 30 if columns <= 4 else 22)
        for k, (panel, title, fit) in enumerate(zip(self.axes_, titles, self.fits.to_dict("records"), strict=True)):
            name = fit["outcome"]
            self.lines_.append(self._panel(panel, fit, curves.get(name), entries.get(name)))
            panel.set_title(f"{title}\n{_counts(fit)}", fontsize=9 if columns <= 4 else 7.5)
            panel.tick_params(labelsize=8 if columns <= 4 else 7)
            panel.locator_params(axis="x", nbins=5 if columns <= 4 else 4)
            if k % columns == 0:
                panel.set_ylabel("observed", fontsize=9)
            if k >= n - columns:
                panel.set_xlabel("predicted", fontsize=9)
        if ax is None:
            title_figure(
                self.figure_,
                "Observed against predicted, right on the dashed line",
                f"bins with {_LEVEL:.0%} intervals; below: how many were predicted what (dark: events)",
            )
        find_letters(self.figure_)
        return self

    def _panel(self, panel: Any, fit: dict[str, Any], curve: Any, own: Any) -> Any:
        panel.spines[["top", "right"]].set_visible(False)
        if curve is None:
            panel.annotate("no observed entry", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=8)
            panel.set(xticks=[], yticks=[])
            return None
        low, high = _range(curve, own, binary=fit["binary"])
        if not fit["binary"]:
            panel.scatter(own["predicted"], own["observed"], s=3, color=GREY, alpha=0.35, linewidths=0, zorder=1)
        panel.plot([low, high], [low, high], color="black", linewidth=0.9, linestyle=(0, (4, 3)), zorder=2)
        error = np.abs(curve[["low", "high"]].to_numpy().T - curve["observed"].to_numpy())
        bars = panel.errorbar(curve["predicted"], curve["observed"], yerr=error, color=BLUE, marker="o", markersize=4,
                              linewidth=1.2, elinewidth=1.0, zorder=3)  # fmt: skip
        self._strip(panel, own, low, high, binary=fit["binary"])
        said = _number("slope", fit["slope"], fit["slope_low"], fit["slope_high"])
        said += f"\nintercept {_short(fit['intercept'])}"
        panel.annotate(said, (0.03, 0.98), xycoords="axes fraction", va="top", fontsize=7, zorder=4,
                       bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1})  # fmt: skip
        return bars

    def _strip(self, panel: Any, own: Any, low: float, high: float, *, binary: bool) -> None:
        """Counts of predictions below the curve, the events in them darker."""
        depth = _STRIP * (high - low)
        edges = np.linspace(low, high, _STRIP_BINS + 1)
        counts = np.histogram(own["predicted"], edges)[0]
        scale = 0.85 * depth / max(counts.max(), 1)
        middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
        panel.bar(middle, counts * scale, width, bottom=low - depth, color="0.75", zorder=1)
        if binary:
            events = np.histogram(own.loc[own["observed"] == 1, "predicted"], edges)[0]
            panel.bar(middle, events * scale, width, bottom=low - depth, color=VERMILION, zorder=1)
        panel.axhline(low, color="0.75", linewidth=0.6)
        panel.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
        panel.set_ylim(low - depth, high + 0.03 * (high - low))
        # Heights below the curve are counts, not values.
        tiny = 1e-9 * (high - low)
        panel.set_yticks([tick for tick in panel.get_yticks() if low - tiny <= tick <= high + tiny])
        panel.set_ylim(low - depth, high + 0.03 * (high - low))


def _curve(answer: Answer, n_bins: int | None, strategy: str) -> Any:
    """Mean prediction, mean observation and its interval in every bin."""
    y, p = answer.observed, answer.predicted
    if not y.size:
        return _labelled(answer.outcome, {name: [] for name in ("predicted", "observed", "low", "high", "n")})
    if n_bins is None:
        enough = min(y.sum(), y.size - y.sum()) / 5 if answer.binary else y.size / 10
        n_bins = int(np.clip(enough, 3, 10))
    member = _members(p, int(n_bins), strategy, binary=answer.binary)
    n = np.bincount(member)
    predicted, observed = np.bincount(member, p) / n, np.bincount(member, y) / n
    if answer.binary:
        events: Array = observed * n
        low, high = _wilson(events, n.astype(np.float64))
    else:
        spread = np.bincount(member, (y - observed[member]) ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            half = stats.t.ppf(0.5 + _LEVEL / 2, n - 1) * np.sqrt(spread / (n - 1) / n)
        half[n < 2] = np.nan
        low, high = observed - half, observed + half
    return _labelled(answer.outcome, {"predicted": predicted, "observed": observed, "low": low, "high": high, "n": n})


def _members(p: Array, n_bins: int, strategy: str, *, binary: bool) -> IntArray:
    """Bin of each entry; bins without an entry do not count."""
    if strategy == "quantile":
        return equal_mass_bins(p, p, np.ones(len(p)), n_bins).member
    low, high = (0.0, 1.0) if binary else (p.min(), p.max())
    place = (p - low) / ((high - low) or 1.0) * n_bins
    slot = np.minimum(place.astype(np.intp), n_bins - 1)
    return np.unique(slot, return_inverse=True)[1]


def _wilson(k: Array, n: Array) -> tuple[Array, Array]:
    z = stats.norm.ppf(0.5 + _LEVEL / 2)
    middle = (k + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(k * (n - k) / n + z**2 / 4)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def _fit(answer: Answer) -> dict[str, Any]:
    y, p = answer.observed, answer.predicted
    row: dict[str, Any] = {"outcome": answer.outcome, "binary": answer.binary, "n": len(y)}
    row |= {"events": float(y.sum()) if answer.binary else np.nan}
    if answer.binary and y.size:
        table = calibration_table(y, p, n_bootstrap=0).iloc[0]
        return row | {name: float(table[name]) for name in ("slope", "slope_low", "slope_high", "intercept")}
    row |= dict.fromkeys(("slope", "slope_low", "slope_high", "intercept"), np.nan)
    if y.size:
        off = float(np.mean(y - p))
        # On the rows of a fit it is zero, but for rounding.
        row["intercept"] = off if abs(off) > 1e-10 * np.abs(y).max() else 0.0
    if y.size > 2 and np.ptp(p) > 0:
        with warnings.catch_warnings():
            # A perfect fit has no spread, and an interval of no width.
            warnings.simplefilter("ignore", RuntimeWarning)
            line = stats.linregress(p, y)
        half = stats.t.ppf(0.5 + _LEVEL / 2, y.size - 2) * line.stderr
        row |= {"slope": line.slope, "slope_low": line.slope - half, "slope_high": line.slope + half}
    return row


def _range(curve: Any, own: Any, *, binary: bool) -> tuple[float, float]:
    """The square that is drawn: all numbers, or from 0 to 1, or less where events are rare."""
    if binary:
        top = max(own["predicted"].quantile(0.99), curve["predicted"].max(), curve["high"].max())
        return 0.0, 1.0 if top > 0.5 else 1.1 * top
    values = np.concatenate([own["predicted"].to_numpy(), own["observed"].to_numpy()])
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _labelled(outcome: Hashable, columns: dict[str, Any]) -> Any:
    import pandas as pd

    frame = pd.DataFrame(columns, dtype=np.float64)
    frame.insert(0, "outcome", pd.Series([outcome] * len(frame), dtype=object, index=frame.index))
    return frame


def _counts(fit: dict[str, Any]) -> str:
    return f"{int(fit['events']):,} events, n = {fit['n']:,}" if fit["binary"] else f"n = {fit['n']:,}"


def _number(name: str, value: float, low: float, high: float) -> str:
    return f"{name} {_short(value)}" + (f" [{_short(low)}, {_short(high)}]" if np.isfinite(low) else "")


def _short(value: float) -> str:
    if not np.isfinite(value):
        return "none"
    return f"{value + 0.0:.2f}" if 0.01 <= abs(value) < 100 or value == 0 else f"{value:.2g}"


def _check_bins(n_bins: Any, strategy: Any) -> None:
    if n_bins is not None and (isinstance(n_bins, bool) or not isinstance(n_bins, Integral) or n_bins < 1):
        raise InvalidParameterError(f"n_bins={n_bins!r} is not a number of bins: give a positive int, or None.")
    if strategy not in ("quantile", "uniform"):
        raise InvalidParameterError(f"strategy={strategy!r} is not known: use 'quantile' or 'uniform'.")


__all__ = ["TaskCalibrationDisplay"]
