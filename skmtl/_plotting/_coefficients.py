"""Which features each outcome uses, with what sign and size: a map of coefficients."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from skmtl._plotting._coefficient_table import CoefficientTable, coefficient_table
from skmtl._plotting._grid import TALLEST, WIDEST, name_ticks, panels, title_figure
from skmtl._plotting._style import DIVERGING, find_letters, import_pyplot, shorten
from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError

# Names that can be read below each other, or beside each other.
_MOST_ROWS, _MOST_COLUMNS = 60, 80
# More columns than this and the parts stand below each other.
_BESIDE = 16
# One scale for all outcomes leaves those blank whose largest coefficient is this much smaller.
_APART = 10.0


class CoefficientDisplay:
    """Map of coefficients, features by outcomes, with the shared and the specific part of models that have them.

    White is exactly zero, so that the support can be read: no small coefficient is white. A dash is a negative
    coefficient, which in grey print would look like a positive one. Grey and hatched is one that is not known (NaN).

    Compare along a row or a column only what is in like units. A coefficient is in units of its outcome (log-odds of a
    yes/no outcome, log-rate of a count) per unit of its feature, as the model got it. Down a column sizes can be
    compared where features were standardised (``StandardScaler`` before the model); along a row where the outcomes
    have one unit, or with ``relative=True``. A coefficient is no cause, and of correlated features one stands in for
    the others. Not for models of products of features or for kernels, and not to test anything: there are no intervals.

    Parameters
    ----------
    coef : array-like of shape (C, p)
        A row per outcome, and one per class where an outcome has more than two.
    feature_names : sequence of length p, optional
        Default x0, x1, and so on.
    task_names : sequence of length C, optional
        Default 0 .. C-1.
    shared, specific : array-like of shape (C, p), optional
        Parts whose sum is ``coef``. Only the sum is identified: the split is one way to see it.
    outliers : array-like of bool of shape (C,), optional
        Outcomes to mark as going their own way.
    clusters : array-like of int of shape (C,), optional
        Group of each outcome, negative for none; outcomes are then shown group by group.
    features : int or sequence of names, optional
        How many to show, those of largest norm, or which. Default 60, as many as can be read. The title counts others.

    Attributes
    ----------
    ax_ : Axes
        Of the coefficients.
    axes_ : ndarray of Axes
        Of all panels.
    figure_ : Figure
    image_ : AxesImage
    images_ : list of AxesImage
    shown_ : ndarray of int
        Columns of ``coef`` that are drawn, top to bottom.

    Raises
    ------
    InvalidParameterError
        Shapes do not match, or a feature is not known.

    See Also
    --------
    TaskRelationDisplay : How alike the columns of this map are.
    RegularizationPathDisplay : What other strengths would have selected.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.inspection import CoefficientDisplay
    >>> from skmtl.linear_model import DirtyRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> W = np.zeros((6, 3))
    >>> W[0], W[4, 2] = 2, -1.5  # one feature for all, one for the last outcome
    >>> model = DirtyRegressor(alpha=0.3).fit(X, X @ W + rng.normal(size=(80, 3)))
    >>> display = CoefficientDisplay.from_estimator(model).plot()
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['coefficients', 'shared part', 'specific part']
    """

    def __init__(
        self,
        coef: Any,
        *,
        feature_names: Sequence[Hashable] | None = None,
        task_names: Sequence[Hashable] | None = None,
        shared: Any = None,
        specific: Any = None,
        outliers: Any = None,
        clusters: Any = None,
        features: int | Sequence[Hashable] | None = None,
    ):
        self.coef = np.atleast_2d(np.asarray(coef, dtype=np.float64))
        n_rows, n_features = self.coef.shape
        self.feature_names = _names(feature_names, [f"x{j}" for j in range(n_features)], "feature_names")
        self.task_names = _names(task_names, list(range(n_rows)), "task_names")
        self.shared, self.specific = (
            None if part is None else _like(part, self.coef.shape, name)
            for part, name in ((shared, "shared"), (specific, "specific"))
        )
        self.outliers = None if outliers is None else _like(outliers, (n_rows,), "outliers", dtype=bool)
        self.clusters = None if clusters is None else _like(clusters, (n_rows,), "clusters", dtype=np.intp)
        self.features = features
        self._chosen = _chosen(features, self.feature_names, self.coef)

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, features: int | Sequence[Hashable] | None = None, parts: str = "auto"
    ) -> CoefficientDisplay:
        """Read coefficients and names off a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            A linear model with ``coef_``, or one in a pipeline, a search, `IndependentTasks` or `TransferGuard`.
            Features have the names that the steps of a pipeline give them.
        features : int or sequence of names, optional
            How many to show, or which; see the class.
        parts : {"auto", "total"}, default "auto"
            "auto": with the shared and the specific part where the model has them. "total": their sum only.

        Returns
        -------
        CoefficientDisplay

        Raises
        ------
        InvalidParameterError
            It has no coefficients; ``parts`` is neither.
        """
        if parts not in ("auto", "total"):
            raise InvalidParameterError(f"parts={parts!r} is not known: use 'auto' or 'total'.")
        table: CoefficientTable = coefficient_table(estimator, cls.__name__)
        return cls(
            table.coef,
            feature_names=table.features,
            task_names=table.labels,
            shared=table.shared if parts == "auto" else None,
            specific=table.specific if parts == "auto" else None,
            outliers=table.outliers,
            clusters=table.clusters,
            features=features,
        )

    def plot(self, ax: Any = None, *, relative: bool | None = None, **imshow_kwargs: Any) -> CoefficientDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : Axes, or array of as many Axes as there are panels, optional
            Where to draw. Default a new figure.
        relative : bool, optional
            Divide the coefficients of each outcome by the largest of them, so that outcomes of all units can be seen.
            Default only where the largest of two outcomes are more than tenfold apart.
        **imshow_kwargs : dict
            Of ``Axes.imshow``.

        Returns
        -------
        CoefficientDisplay
            Itself.
        """
        order = self._order()
        tables = {"coefficients": self.coef}
        if self.shared is not None and self.specific is not None:
            tables |= {"shared part": self.shared, "specific part": self.specific}
        if relative is None:
            sizes = _largest(self.coef)
            relative = bool(sizes.max(initial=0) > _APART * sizes[sizes > 0].min(initial=np.inf))
        unit = _largest(self.coef)[:, None] if relative else 1.0
        unit = np.where(unit == 0, 1.0, unit)
        drawn = {title: (table / unit)[order][:, self._chosen].T for title, table in tables.items()}
        self.axes_ = self._panels(ax, len(drawn))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        bound = max(float(_largest(table).max(initial=0.0)) for table in drawn.values()) or 1.0
        kwargs = {"cmap": _white_is_zero(), "vmin": -bound, "vmax": bound, "aspect": "auto", **imshow_kwargs}
        self.images_ = []
        for panel, (title, table) in zip(self.axes_, drawn.items(), strict=True):
            shown = np.ma.masked_where((table == 0) | np.isnan(table), table)
            self.images_.append(panel.imshow(shown, interpolation="nearest", **kwargs))
            self._mark_unknown(panel, table)
            self._mark_negative(panel, table, bound)
            panel.set_title(title, loc="left", fontsize=10, pad=6 if self.clusters is None else 16)
            self._label(panel, order)
        self.image_ = self.images_[0]
        self.shown_ = self._chosen
        bar = self.figure_.colorbar(self.image_, ax=list(self.axes_), fraction=0.05, pad=0.02, aspect=30)
        bar.set_label("coefficient / largest of its outcome" if relative else "coefficient", fontsize=9)
        if ax is None:
            title_figure(self.figure_, *self._title())
        find_letters(self.figure_)
        return self

    def _order(self) -> IntArray:
        """Outcomes group by group, else as they are."""
        if self.clusters is None:
            return np.arange(len(self.coef))
        key = np.where(self.clusters < 0, self.clusters.max() + 1, self.clusters)
        return np.argsort(key, kind="stable")

    def _panels(self, ax: Any, n: int) -> Any:
        n_rows, n_columns = len(self._chosen), len(self.coef)
        beside = n_columns <= _BESIDE
        width = min(max(3.0 + 0.24 * n_columns, 6.0 / n), WIDEST / n if beside else WIDEST)
        height = min(2.6 + 0.19 * n_rows, TALLEST if beside else TALLEST / n)
        shared = {"sharey": True} if beside else {"sharex": True}
        return panels(n, type(self).__name__, size=(width, height), n_columns=n if beside else 1, ax=ax, **shared)

    def _label(self, panel: Any, order: IntArray) -> None:
        name_ticks(panel.yaxis, self.feature_names, order=self._chosen, width=28, most=_MOST_ROWS)
        name_ticks(panel.xaxis, self.task_names, order=order, starred=self.outliers, width=24, most=_MOST_COLUMNS,
                   rotation=90)  # fmt: skip
        panel.tick_params(length=0)
        if self.clusters is None:
            return
        group = self.clusters[order]
        starts = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
        for start, stop in zip(starts, [*starts[1:], len(group)], strict=True):
            if start:
                panel.axvline(start - 0.5, color="black", linewidth=1.2)
            text = (
                "no group" if group[start] < 0 else f"group {group[start]}" if stop - start > 2 else str(group[start])
            )
            panel.annotate(text, ((start + stop - 1) / 2, 1), xycoords=("data", "axes fraction"), fontsize=8,
                           xytext=(0, 2), textcoords="offset points", ha="center", va="bottom")  # fmt: skip

    def _mark_unknown(self, panel: Any, table: Array) -> None:
        """Hatched on grey: what is not known is no zero."""
        for row, column in np.argwhere(np.isnan(table)).tolist():
            panel.add_patch(_cell(row, column))

    def _mark_negative(self, panel: Any, table: Array, bound: float) -> None:
        """A dash in every negative cell, as wide as half of it."""
        rows, columns = np.nonzero(table < 0)
        if not rows.size:
            return
        inches = panel.get_position().width * self.figure_.get_size_inches()[0]
        width = np.clip(0.5 * 72 * inches / table.shape[1], 1.5, 7)
        dark = np.abs(table[rows, columns]) > 0.6 * bound
        colors = np.where(dark, "white", "black")
        panel.scatter(columns, rows, marker="_", s=width**2, c=list(colors), linewidths=0.8, zorder=3)

    def _title(self) -> list[str]:
        n, shown = self.coef.shape[1], len(self._chosen)
        used = (np.nan_to_num(self.coef) != 0).any(axis=0)
        said = [f"{used.sum()} of {n} features used by some outcome"]
        if shown < n:
            left = np.setdiff1d(np.arange(n), self._chosen)
            said[0] += f"; {n - shown} not shown, {used[left].sum()} of them used"
        if self.shared is not None:
            said.append("Only the sum is identified: the parts are one way to split it")
        if self.outliers is not None:
            said.append(f"★ {self.outliers.sum()} of {len(self.outliers)} outcomes go their own way")
        unknown = ", hatched: not known" * bool(np.isnan(self.coef).any())
        return [*said, f"white: exactly zero, dash: negative{unknown}"]


def _white_is_zero() -> Any:
    """Colours of two signs without the white between them, which is left to exact zeros."""
    plt = import_pyplot("CoefficientDisplay")
    from matplotlib.colors import ListedColormap

    levels = np.concatenate([np.linspace(0.0, 0.40, 128), np.linspace(0.60, 1.0, 128)])
    return ListedColormap(plt.get_cmap(DIVERGING)(levels)).with_extremes(bad="white")


def _largest(table: Array) -> Array:
    """Largest size in each row; what is not known does not count."""
    return np.abs(np.nan_to_num(table)).max(axis=1, initial=0.0)


def _cell(row: int, column: int) -> Any:
    """The look of a coefficient that is not known."""
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="0.85", edgecolor="0.5", linewidth=0, hatch="xxx")


def _chosen(features: Any, names: list[Hashable], coef: Array) -> IntArray:
    """Columns to show: named ones in their order, else the largest, in the order of the table."""
    n = coef.shape[1]
    if hasattr(features, "__iter__") and not isinstance(features, str):
        place = {name: j for j, name in enumerate(names)}
        unknown = [name for name in features if name not in place]
        if unknown or not len(features):
            wrong = f"features names {unknown[0]!r}, which is not" if unknown else "features is empty: name some"
            raise InvalidParameterError(f"{wrong} among the {n} features ({', '.join(shorten(names[:5]))}, ...).")
        return np.array([place[name] for name in features], dtype=np.intp)
    most = _MOST_ROWS if features is None else features
    if isinstance(most, bool) or not isinstance(most, Integral) or most < 1:
        raise InvalidParameterError(
            f"features must be a number of features of at least 1, a list of their names, or None. Got {features!r}."
        )
    # Each outcome counts the same, whatever its unit.
    size = _largest(coef)[:, None]
    norm = np.linalg.norm(np.nan_to_num(coef) / np.where(size == 0, 1.0, size), axis=0)
    return np.sort(np.argsort(-norm, kind="stable")[: int(most)])


def _names(given: Any, default: list[Any], argument: str) -> list[Hashable]:
    names = default if given is None else list(given)
    if len(names) != len(default):
        raise InvalidParameterError(
            f"{argument} has {len(names)} names but coef has {len(default)}: give one for each."
        )
    return names


def _like(array: Any, shape: tuple[int, ...], argument: str, dtype: Any = np.float64) -> Any:
    array = np.asarray(array, dtype=dtype)
    if array.shape != shape:
        raise InvalidParameterError(f"{argument} has shape {array.shape}: give it the shape {shape} that coef has.")
    return array


__all__ = ["CoefficientDisplay"]
