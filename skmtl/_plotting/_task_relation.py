"""How outcomes are related: a heat map in the order of a dendrogram, with its uncertainty over folds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy import stats
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from skmtl._plotting._grid import TALLEST, name_ticks, title_figure
from skmtl._plotting._relation import relation_of
from skmtl._plotting._style import DIVERGING, SEQUENTIAL, find_letters, import_pyplot
from skmtl._typing import Array, BoolArray, IntArray
from skmtl.exceptions import InvalidParameterError

# Outcomes up to which cells have their numbers written in.
_WRITTEN = 12
_MOST_NAMES = 90
# Beyond it Fisher's z of a correlation is that of rounding.
_NEARLY_ONE = 1 - 1e-9
# Weights below this share of the largest have no colour.
_NO_EDGE = 1e-9


class TaskRelationDisplay:
    """Heat map of a matrix between outcomes, like outcomes beside each other, with their dendrogram.

    The order is that of average linkage on distances 1 - r (1 - w / max w for weights) with like leaves next to each
    other [1]_. It is a way to lay out a table: any numbers give a tree, those of unrelated outcomes too.

    With one estimator per fold, hatched cells are those whose interval contains 0: of them the data do not say that
    the two outcomes are related. Fits that each leave out one of K folds are the replicates of a grouped jackknife
    [2]_; with z = artanh r and its mean z̄ over folds,

        z̄ ± t_{K-1}(level) √[ (K - 1)/K Σ_k (z_k - z̄)² ].

    Intervals are for each cell by itself. The jackknife is for estimates that move smoothly with the data: where a
    model selects features it is a rough guide. Not for repeated folds, nor for bootstrap samples.

    Parameters
    ----------
    matrix : array-like of shape (T, T)
        Symmetric, NaN where not known. Entries in [-1, 1] with ``signed``, else of zero or more.
    names : sequence of length T, optional
        Default 0 .. T-1.
    what : str, default "relation of two outcomes"
        In words what an entry is; written into the figure.
    signed : bool, default True
        Whether entries have a sign, as correlations; False for weights.
    unclear : array-like of bool of shape (T, T), optional
        Cells to hatch.
    level : float, optional
        Of the intervals behind ``unclear``, for the title.

    Attributes
    ----------
    order_ : ndarray of int of shape (T,)
        Outcomes top to bottom.
    linkage_ : ndarray of shape (T - 1, 4)
        As ``scipy.cluster.hierarchy.linkage``.
    ax_ : Axes
        Of the heat map.
    dendrogram_ax_ : Axes or None
    figure_ : Figure
    image_ : AxesImage

    Raises
    ------
    InvalidParameterError
        The matrix is not square or not symmetric, has entries outside their range, or names do not match.

    See Also
    --------
    CoefficientDisplay : The coefficients themselves.

    References
    ----------
    .. [1] Bar-Joseph, Gifford and Jaakkola. Fast optimal leaf ordering for hierarchical clustering. Bioinformatics
       17:S22-S29, 2001.
    .. [2] Efron. The Jackknife, the Bootstrap and Other Resampling Plans. SIAM, 1982.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import clone
    >>> from skmtl.inspection import TaskRelationDisplay
    >>> from skmtl.linear_model import MultiTaskRidge
    >>> from skmtl.model_selection import MultiTaskKFold
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> W = np.array([[2, 1, 0, 0, 0], [2, 1, 0, 0, 0.5], [0, 0, 0, 2, 1.0]]).T
    >>> Y = X @ W + rng.normal(size=(100, 3))
    >>> folds = [clone(MultiTaskRidge(alpha=0.1)).fit(X[a], Y[a]) for a, _ in MultiTaskKFold(5).split(X, Y)]
    >>> display = TaskRelationDisplay.from_estimators(folds).plot()
    >>> round(float(display.matrix[0, 1]), 1)
    1.0
    >>> display.unclear[0]  # of the first and the last outcome nothing can be said
    array([False, False,  True])
    """

    def __init__(
        self,
        matrix: Any,
        names: Sequence[Hashable] | None = None,
        *,
        what: str = "relation of two outcomes",
        signed: bool = True,
        unclear: Any = None,
        level: float | None = None,
    ):
        self.matrix = _checked(matrix, signed)
        n = len(self.matrix)
        self.names = list(range(n)) if names is None else list(names)
        if len(self.names) != n:
            raise InvalidParameterError(f"names has {len(self.names)} names for {n} outcomes: give one for each.")
        self.unclear: BoolArray | None = None
        if unclear is not None:
            self.unclear = np.asarray(unclear, dtype=bool)
            if self.unclear.shape != (n, n):
                raise InvalidParameterError(f"unclear has shape {self.unclear.shape}: give it the shape {(n, n)}.")
        self.what, self.signed, self.level = what, signed, level

    @classmethod
    def from_matrix(
        cls, matrix: Any, names: Sequence[Hashable] | None = None, *, what: str = "as given", signed: bool = True
    ) -> TaskRelationDisplay:
        """Show a matrix from elsewhere; a frame brings its names.

        Parameters
        ----------
        matrix : array-like or frame of shape (T, T)
        names : sequence of length T, optional
        what : str, default "as given"
            In words what an entry is.
        signed : bool, default True
            False for weights of zero or more.

        Returns
        -------
        TaskRelationDisplay
        """
        if names is None and hasattr(matrix, "columns"):
            names = list(matrix.columns)
        return cls(matrix, names, what=what, signed=signed)

    @classmethod
    def from_estimator(cls, estimator: Any, *, kind: str = "auto") -> TaskRelationDisplay:
        """Read a matrix between outcomes off a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
        kind : {"auto", "correlation", "clusters", "graph", "coefficients"}, default "auto"
            "correlation": ``task_correlation_`` of a Gaussian process. "clusters": ``cluster_matrix_``. "graph": the
            edges the model was given. "coefficients": cosine of the coefficients of two outcomes, which does not
            depend on the outcomes' units, but on the features': standardise them first. "auto": the first it has.

        Returns
        -------
        TaskRelationDisplay

        Raises
        ------
        InvalidParameterError
            The estimator has no such matrix.
        """
        found = relation_of(estimator, kind, cls.__name__)
        return cls(found.matrix, found.names, what=found.what, signed=found.signed)

    @classmethod
    def from_estimators(
        cls, estimators: Sequence[Any], *, kind: str = "auto", level: float = 0.95
    ) -> TaskRelationDisplay:
        """The relation with its uncertainty, from estimators that were each fitted without one of K folds.

        Parameters
        ----------
        estimators : sequence of at least 3 fitted estimators
            As ``cross_validate(..., return_estimator=True)`` or ``Comparison.fitted`` have them.
        kind : {"auto", "correlation", "clusters", "coefficients"}, default "auto"
            As in `from_estimator`.
        level : float in (0, 1), default 0.95
            Of the interval of each cell.

        Returns
        -------
        TaskRelationDisplay
            Of tanh z̄ for each cell.

        Raises
        ------
        InvalidParameterError
            There are fewer than three, their outcomes differ, or the matrix was given and not learned.
        """
        if not hasattr(estimators, "__len__") or len(estimators) < 3:
            raise InvalidParameterError("estimators must be a list of at least 3 fitted estimators, one per fold.")
        if not isinstance(level, float) or not 0 < level < 1:
            raise InvalidParameterError(f"level must be a float in (0, 1). Got {level!r} instead.")
        found = [relation_of(estimator, kind, cls.__name__) for estimator in estimators]
        first = found[0]
        if any(one.names != first.names for one in found):
            raise InvalidParameterError("estimators were fitted on different outcomes: give those of one comparison.")
        if not first.signed:
            raise InvalidParameterError("A graph that was given is the same in every fold: use from_estimator.")
        matrix, unclear = _over_folds(np.stack([one.matrix for one in found]), level)
        return cls(matrix, first.names, what=f"{first.what}, over {len(found)} folds", unclear=unclear, level=level)

    def plot(self, ax: Any = None, **imshow_kwargs: Any) -> TaskRelationDisplay:
        """Draw the heat map, and on a new figure the dendrogram and the colour bar.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw the heat map alone. Default a new figure.
        **imshow_kwargs : dict
            Of ``Axes.imshow``.

        Returns
        -------
        TaskRelationDisplay
            Itself.
        """
        n = len(self.matrix)
        self.linkage_, self.order_ = _tree(self.matrix, self.signed)
        self.dendrogram_ax_ = None
        alone = ax is None
        plt = import_pyplot(type(self).__name__)
        if alone:
            side = min(3.2 + 0.24 * n, TALLEST)
            size = (side + 1.6, side)
            _, (tree, ax) = plt.subplots(1, 2, figsize=size, width_ratios=[1, 7], layout="constrained")
            self._draw_tree(tree)
        self.ax_, self.figure_ = ax, ax.figure
        shown = self.matrix[np.ix_(self.order_, self.order_)]
        top = 1.0 if self.signed else np.nanmax(shown, initial=0.0) or 1.0
        cmap = plt.get_cmap(DIVERGING if self.signed else SEQUENTIAL)
        if not self.signed:
            # Two outcomes without an edge are paper.
            cmap = cmap.with_extremes(under="white")
        kwargs = {"cmap": cmap, "vmin": -1.0 if self.signed else _NO_EDGE * top, "vmax": top}
        self.image_ = ax.imshow(shown, **{"aspect": "auto", "interpolation": "nearest", **kwargs, **imshow_kwargs})
        ax.set_facecolor("lightgrey")
        self._mark(ax, shown, top)
        name_ticks(ax.xaxis, self.names, order=self.order_, width=24, most=_MOST_NAMES, rotation=90)
        name_ticks(ax.yaxis, self.names, order=self.order_, width=28, most=_MOST_NAMES)
        ax.tick_params(length=0)
        if alone:
            # Names stand between the tree and the map: the tree's leaves are the rows.
            self.figure_.colorbar(self.image_, ax=ax, fraction=0.04, pad=0.02)
            title_figure(self.figure_, *self._title())
        find_letters(self.figure_)
        return self

    def _draw_tree(self, tree: Any) -> None:
        n = len(self.matrix)
        tree.set_axis_off()
        if n < 2:
            return
        dendrogram(self.linkage_, orientation="left", ax=tree, no_labels=True, link_color_func=lambda _: "black")
        # scipy puts leaf k at 10 k + 5; the first row of the map is at the top.
        tree.set_ylim(10 * n, 0)
        for line in tree.collections:
            line.set_linewidth(0.8)
        self.dendrogram_ax_ = tree

    def _mark(self, ax: Any, shown: Array, top: float) -> None:
        """Numbers in the cells of small maps; signs in others; hatches where nothing is clear."""
        n = len(shown)
        if n <= _WRITTEN:
            hatched = np.zeros((n, n), bool) if self.unclear is None else self.unclear[np.ix_(self.order_, self.order_)]
            for row, column in np.argwhere(np.isfinite(shown) if self.signed else shown > 0):
                value = shown[row, column]
                light = abs(value) > 0.6 * top if self.signed else value > 0.5 * top
                text = ax.text(column, row, f"{round(value, 2) + 0.0:.2f}", ha="center", va="center", fontsize=8)
                text.set_color("white" if light else "black")
                if hatched[row, column]:
                    text.set(color="black", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})
        elif self.signed:
            rows, columns = np.nonzero(shown < 0)
            size = np.clip(5 * 72 / n, 1.5, 6)
            dark = np.where(shown[rows, columns] < -0.6, "white", "black")
            ax.scatter(columns, rows, marker="_", s=size**2, c=list(dark), linewidths=0.7)
        if self.unclear is not None:
            from matplotlib.collections import PatchCollection
            from matplotlib.patches import Rectangle

            cells = np.argwhere(self.unclear[np.ix_(self.order_, self.order_)])
            boxes = [Rectangle((column - 0.5, row - 0.5), 1, 1) for row, column in cells]
            patches = PatchCollection(boxes, facecolor="none", edgecolor="#505050", linewidth=0, hatch="////")
            ax.add_collection(patches)
        ax.set_xlim(-0.5, n - 0.5)
        ax.set_ylim(n - 0.5, -0.5)

    def _title(self) -> list[str]:
        said = [self.what[:1].upper() + self.what[1:]]
        n = len(self.matrix)
        if self.unclear is not None:
            pairs = int(np.triu(self.unclear, 1).sum())
            of = "" if self.level is None else f"{100 * self.level:g}% "
            said.append(f"hatched: {of}interval contains 0 ({pairs} of {n * (n - 1) // 2} pairs)")
        if np.isnan(self.matrix).any():
            said.append("grey: not known")
        if not self.signed:
            said.append("white: none")
        elif n > _WRITTEN:
            said.append("dash: negative")
        return said


def _over_folds(matrices: Array, level: float) -> tuple[Array, BoolArray]:
    """Mean over folds on Fisher's scale, and where its jackknife interval contains 0; off the diagonal."""
    k, n, _ = matrices.shape
    z = np.arctanh(np.clip(matrices, -_NEARLY_ONE, _NEARLY_ONE))
    mean = z.mean(axis=0)
    error = np.sqrt((k - 1) / k * ((z - mean) ** 2).sum(axis=0))
    unclear = np.abs(mean) <= stats.t.ppf((1 + level) / 2, k - 1) * error
    together = np.tanh(mean)
    known = ~np.isnan(np.diag(together))
    together[known, known] = 1.0
    return together, unclear & ~np.eye(n, dtype=bool)


def _tree(matrix: Array, signed: bool) -> tuple[Array, IntArray]:
    """Average linkage with like leaves beside each other, and the order of the leaves."""
    n = len(matrix)
    if n < 2:
        return np.zeros((0, 4)), np.arange(n)
    top = 1.0 if signed else np.nanmax(matrix, initial=0.0) or 1.0
    distance = 1.0 - np.nan_to_num((matrix + matrix.T) / 2, nan=0.0) / top
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(np.maximum(distance, 0.0), checks=False), "average", optimal_ordering=True)
    order = dendrogram(tree, no_plot=True)["leaves"]
    return tree, np.asarray(order, dtype=np.intp)


def _checked(matrix: Any, signed: bool) -> Array:
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise InvalidParameterError(f"matrix has shape {matrix.shape}: give a square one, a row per outcome.")
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise InvalidParameterError("matrix is not symmetric: give (matrix + matrix.T) / 2 if that is what is meant.")
    low, high = np.nanmin(matrix, initial=0.0), np.nanmax(matrix, initial=0.0)
    if signed and (low < -1 - 1e-9 or high > 1 + 1e-9):
        raise InvalidParameterError(
            f"matrix has entries from {low:.3g} to {high:.3g}, but correlations are in [-1, 1]: divide a covariance by "
            "the deviations, or use signed=False for weights."
        )
    if not signed and (low < 0 or not np.isfinite(high)):
        raise InvalidParameterError(f"matrix has the entry {low:.3g}: weights (signed=False) are finite and >= 0.")
    return matrix


__all__ = ["TaskRelationDisplay"]
