"""What a Gaussian process says of each outcome along one feature, and how sure it is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from skmtl._plotting._grid import panels, title_figure
from skmtl._plotting._style import BLUE, find_letters, shorten
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError

_MOST_PANELS = 60
_INVERSE = {"logit": expit, "probit": norm.cdf, "poisson": np.exp}
_SCALE = {"logit": "probability of", "probit": "probability of", "poisson": "rate"}


class GaussianProcessDisplay:
    """Posterior of every outcome along one feature, a panel each, with pointwise intervals.

    The other features are held at one value: the median of ``X`` (of columns that are not numbers the most frequent
    value). Points are the observed outcomes of all rows, whatever their other features are; where several features
    matter they lie about the curve of a row that few of them are like. Intervals are of the function, without noise, so
    that most points may lie outside; ``include_noise=True`` gives those of measurements. Each holds at one value of the
    feature by itself, and at fitted kernel parameters, taken as known.

    Of classes the curve is the probability of the second class, of counts the rate per unit of exposure: median and
    quantiles of the latent function, put through the link. Not a picture of a cause, and not of interactions.

    Parameters
    ----------
    values : array-like of shape (m,)
        Of the feature.
    center : array-like of shape (m, T)
        The posterior median; of numbers it is the mean.
    bands : dict from float in (0, 1) to (low, high), each array-like of shape (m, T)
        Pointwise intervals by their level.
    names : sequence of length T, optional
        Default 0 .. T-1.
    observed : list of T pairs (x, y) of arrays, optional
        Points of each outcome.
    feature_name : str, default "feature"
    ylabels : sequence of T str, optional
        The scale of each outcome.
    title : str, default ""

    Attributes
    ----------
    axes_ : ndarray of T Axes
    ax_ : Axes
        The first.
    figure_ : Figure
    lines_ : list of T Line2D
    bands_ : list of PolyCollection
        Outcome by outcome, the widest first.
    points_ : list of Line2D

    Raises
    ------
    InvalidParameterError
        Shapes do not match.

    See Also
    --------
    TaskRelationDisplay : The correlation between outcomes that the process has learned.

    Examples
    --------
    Two outcomes that move together, the second measured in the left half only:

    >>> import numpy as np
    >>> from skmtl.gaussian_process import MultiTaskGPRegressor
    >>> from skmtl.inspection import GaussianProcessDisplay
    >>> x = np.linspace(0, 6, 40)[:, None]
    >>> rng = np.random.default_rng(0)
    >>> Y = np.hstack([np.sin(x), 2 * np.sin(x)]) + 0.1 * rng.normal(size=(40, 2))
    >>> Y[20:, 1] = np.nan
    >>> gp = MultiTaskGPRegressor().fit(x, Y)
    >>> display = GaussianProcessDisplay.from_estimator(gp, x, Y, intervals=(0.95,)).plot()
    >>> low, high = display.bands[0.95]
    >>> width = (high - low)[80]  # at 4.8, where the second was not measured
    >>> bool(width[1] > 5 * width[0])
    True
    """

    def __init__(
        self,
        values: Any,
        center: Any,
        bands: dict[float, tuple[Any, Any]],
        names: Sequence[Hashable] | None = None,
        *,
        observed: list[tuple[Any, Any]] | None = None,
        feature_name: Hashable = "feature",
        ylabels: Sequence[str] | None = None,
        title: str = "",
    ):
        self.values, self.center = np.asarray(values), np.asarray(center, dtype=np.float64)
        if self.center.ndim != 2 or self.values.shape != self.center.shape[:1]:
            raise InvalidParameterError(
                f"center has shape {self.center.shape}: give it a row for each of the {self.values.size} values."
            )
        self.bands = {level: (np.asarray(low), np.asarray(high)) for level, (low, high) in bands.items()}
        if any(edge.shape != self.center.shape for pair in self.bands.values() for edge in pair):
            raise InvalidParameterError(f"bands must have the shape {self.center.shape} of center, low and high each.")
        n = self.center.shape[1]
        self.names = list(range(n)) if names is None else list(names)
        self.ylabels = [""] * n if ylabels is None else list(ylabels)
        self.observed = observed
        for argument, given in (("names", self.names), ("ylabels", self.ylabels), ("observed", observed)):
            if given is not None and len(given) != n:
                raise InvalidParameterError(f"{argument} has {len(given)} entries for {n} outcomes: give one for each.")
        self.feature_name, self.title = feature_name, title

    @classmethod
    def from_estimator(
        cls,
        gp: Any,
        X: Any,
        Y: Any = None,
        *,
        task: Any = None,
        feature: int | Hashable = 0,
        outcomes: Sequence[Hashable] | None = None,
        grid: int = 100,
        intervals: Sequence[float] = (0.5, 0.95),
        include_noise: bool = False,
    ) -> GaussianProcessDisplay:
        """Ask a fitted Gaussian process along one feature.

        Parameters
        ----------
        gp : fitted estimator of `skmtl.gaussian_process`
            Or a pipeline that ends in one.
        X : array-like or frame of shape (n, p)
            Rows that give the range of the feature and the medians of the others.
        Y : array-like or frame of shape (n,) or (n, T), optional
            Observed outcomes, NaN where missing; drawn as points.
        task : array-like of shape (n,), optional
            Task of each row, with a 1-D ``Y``.
        feature : int or name, default 0
            Column of ``X``.
        outcomes : sequence of names, optional
            Which outcomes; default all, 60 at most.
        grid : int >= 2, default 100
            Points along the feature, from its least to its largest value.
        intervals : sequence of floats in (0, 1), default (0.5, 0.95)
        include_noise : bool, default False
            Intervals of measurements; only for `MultiTaskGPRegressor`.

        Returns
        -------
        GaussianProcessDisplay

        Raises
        ------
        InvalidParameterError
            The estimator is no Gaussian process of skmtl, or a parameter is out of range.
        """
        model = gp.steps[-1][1] if hasattr(gp, "steps") else gp
        if not (hasattr(model, "task_covariance_") and hasattr(model, "task_names_")):
            raise InvalidParameterError(
                f"{cls.__name__}: {type(model).__name__} is no fitted Gaussian process of skmtl: fit it first, or give "
                "another estimator."
            )
        if include_noise and hasattr(model, "predict_latent"):
            raise InvalidParameterError("include_noise=True is for MultiTaskGPRegressor only: leave it out.")
        levels = _levels(intervals)
        known = model.task_names_.tolist()
        shown = _shown(outcomes, known)
        table, column = _along(X, feature, grid)
        rows = gp[:-1].transform(table) if hasattr(gp, "steps") else table
        mean, deviation = _latent(model, rows, include_noise)
        links = _links(model, len(known))
        center = _through(mean, links)[:, shown]
        bands = {}
        for level in levels:
            reach = norm.ppf((1 + level) / 2) * deviation
            low, high = (_through(edge, links)[:, shown] for edge in (mean - reach, mean + reach))
            bands[level] = low, high
        name = list(table.columns)[column] if hasattr(table, "columns") else f"feature {column}"
        observed = None if Y is None else _points(model, X, column, Y, task, shown)
        kind = "measurements" if include_noise else "the function"
        said = f"{_in_words(levels)} intervals of {kind}"
        if _width(X) > 1:
            said += "; other features at their median"
        if len(shown) < len(known):
            said += f"; {len(shown)} of {len(known)} outcomes"
        labels = [_scale(model, links, t) for t in shown]
        return cls(
            _column(table, column), center, bands, [known[t] for t in shown], observed=observed, feature_name=name,
            ylabels=labels, title=said,
        )  # fmt: skip

    def plot(self, ax: Any = None, **line_kwargs: Any) -> GaussianProcessDisplay:
        """Draw a panel for each outcome.

        Parameters
        ----------
        ax : Axes, or array of as many Axes as there are outcomes, optional
            Where to draw. Default a new figure.
        **line_kwargs : dict
            Of ``Axes.plot`` for the curves.

        Returns
        -------
        GaussianProcessDisplay
            Itself.
        """
        n = self.center.shape[1]
        columns = n if n <= 3 else 4 if n <= 12 else 6
        size = (3.6, 3.0) if n <= 3 else (3.0, 2.4) if n <= 12 else (2.4, 1.9)
        self.axes_ = panels(n, type(self).__name__, size=size, n_columns=columns, ax=ax, sharex=True)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_, self.bands_, self.points_ = [], [], []
        letters = 9 if n <= 12 else 7
        for t, (panel, label) in enumerate(zip(self.axes_, shorten(self.names, 24), strict=True)):
            for k, level in enumerate(sorted(self.bands, reverse=True)):
                low, high = (edge[:, t] for edge in self.bands[level])
                band = panel.fill_between(self.values, low, high, color=BLUE, alpha=0.18 + 0.12 * k, linewidth=0)
                band.set_label(f"{100 * level:g}% interval")
                self.bands_.append(band)
            style = {"color": BLUE, "linewidth": 1.5, **line_kwargs}
            self.lines_ += panel.plot(self.values, self.center[:, t], **style)
            if self.observed is not None:
                x, y = self.observed[t]
                size_of = 3 if len(x) <= 100 else 1.8
                self.points_ += panel.plot(x, y, "o", color="black", markersize=size_of, alpha=0.5, linewidth=0)
            panel.set_title(label, fontsize=letters)
            if self.ylabels[t]:
                panel.set_ylabel(shorten([self.ylabels[t]], 26)[0], fontsize=letters - 1)
            panel.tick_params(labelsize=letters - 1)
        below = self.axes_[-columns:] if ax is None else self.axes_
        for panel in below:
            panel.set_xlabel(shorten([self.feature_name], 26)[0], fontsize=letters)
        if ax is None:
            title_figure(self.figure_, self.title)
        find_letters(self.figure_)
        return self


def _levels(intervals: Any) -> list[float]:
    given: list[Any] = list(intervals) if hasattr(intervals, "__iter__") and not isinstance(intervals, str) else [None]
    if not given or not all(isinstance(level, float) and 0 < level < 1 for level in given):
        raise InvalidParameterError(f"intervals must be a list of floats in (0, 1). Got {intervals!r} instead.")
    return sorted(given)


def _in_words(levels: list[float]) -> str:
    return " and ".join(f"{100 * level:g}%" for level in levels)


def _shown(outcomes: Any, known: list[Any]) -> list[int]:
    if outcomes is None:
        return list(range(min(len(known), _MOST_PANELS)))
    if isinstance(outcomes, str) or not hasattr(outcomes, "__iter__") or not len(outcomes):
        raise InvalidParameterError(f"outcomes must be a list of names, or None for all. Got {outcomes!r} instead.")
    for name in outcomes:
        if name not in known:
            raise InvalidParameterError(f"outcomes names {name!r}, which is not among those fitted: {known[:5]}.")
    return [known.index(name) for name in outcomes]


def _width(X: Any) -> int:
    return np.shape(X)[1] if np.ndim(X) == 2 else 0


def _along(X: Any, feature: Any, grid: Any) -> tuple[Any, int]:
    """A table that differs in one column only, and the place of that column."""
    if isinstance(grid, bool) or not isinstance(grid, Integral) or grid < 2:
        raise InvalidParameterError(f"grid must be an int of at least 2, the points along the feature. Got {grid!r}.")
    if _width(X) == 0:
        raise InvalidParameterError(f"X has shape {np.shape(X)}: give a table of shape (n, p).")
    framed = hasattr(X, "columns")
    table = pd.DataFrame(X) if not isinstance(X, pd.DataFrame) else X
    columns = list(table.columns)
    if framed and feature in columns:
        column = columns.index(feature)
    elif isinstance(feature, Integral) and not isinstance(feature, bool) and 0 <= int(feature) < len(columns):
        column = int(feature)
    else:
        raise InvalidParameterError(
            f"feature={feature!r} is no column of X: give a name, or a position below {len(columns)}."
        )
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]
    if not numeric[column]:
        raise InvalidParameterError(f"feature {columns[column]!r} does not hold numbers: choose one that does.")
    held = [table.iloc[:, j].median() if numeric[j] else table.iloc[:, j].mode().iloc[0] for j in range(len(columns))]
    along = np.linspace(table.iloc[:, column].min(), table.iloc[:, column].max(), int(grid))
    made = {j: along if j == column else np.full(int(grid), value) for j, value in enumerate(held)}
    out = pd.DataFrame(made)
    out.columns = table.columns
    return (out if framed else out.to_numpy()), column


def _column(table: Any, column: int) -> Array:
    return np.asarray(table.iloc[:, column] if hasattr(table, "iloc") else np.asarray(table)[:, column], dtype=float)


def _latent(model: Any, rows: Any, include_noise: bool) -> tuple[Array, Array]:
    """Mean and deviation of the latent functions, (m, T)."""
    if hasattr(model, "predict_latent"):
        mean, variance = model.predict_latent(rows)
        deviation = np.sqrt(variance)
    else:
        mean, deviation = model.predict(rows, return_std=True, include_noise=include_noise)
    return mean.reshape(len(mean), -1), deviation.reshape(len(mean), -1)


def _links(model: Any, n: int) -> list[str]:
    return [str(name) for name in getattr(model, "likelihoods_", ["gaussian"] * n)]


def _through(latent: Array, links: list[str]) -> Array:
    """Latent values on the scale of each outcome."""
    columns = [_INVERSE[link](latent[:, t]) if link in _INVERSE else latent[:, t] for t, link in enumerate(links)]
    return np.column_stack(columns)


def _classes(model: Any, t: int) -> Any:
    classes = model.classes_
    return classes[t] if isinstance(classes, list) else classes


def _scale(model: Any, links: list[str], t: int) -> str:
    word = _SCALE.get(links[t], "")
    return f"{word} {_classes(model, t)[1]}" if links[t] in ("logit", "probit") else word


def _points(model: Any, X: Any, column: int, Y: Any, task: Any, shown: list[int]) -> list[tuple[Array, Array]]:
    """Observed values of each outcome; of classes 1 for the second."""
    x = _column(X, column)
    table = pd.DataFrame(Y) if np.ndim(Y) == 2 else pd.DataFrame({0: np.asarray(Y)})
    if len(table) != len(x):
        raise InvalidParameterError(f"Y has {len(table)} rows but X has {len(x)}: give the same rows.")
    rows_form = getattr(model, "data_form_", "") == "rows"
    if rows_form and task is None:
        raise InvalidParameterError("The model was fitted on rows of tasks: give task, the task of each row of Y.")
    names, links = model.task_names_.tolist(), _links(model, model.n_tasks_)
    if not rows_form and table.shape[1] != len(names):
        raise InvalidParameterError(f"Y has {table.shape[1]} columns but the model {len(names)} outcomes: give all.")
    points = []
    for t in shown:
        values = table.iloc[:, 0 if rows_form else t]
        seen = values.notna().to_numpy(copy=True)
        if rows_form:
            seen &= np.asarray(task) == names[t]
        if links[t] in ("logit", "probit"):
            y = (values[seen] == _classes(model, t)[1]).to_numpy(dtype=float)
        else:
            y = values[seen].to_numpy(dtype=float)
        points.append((x[seen], y))
    return points


__all__ = ["GaussianProcessDisplay"]
