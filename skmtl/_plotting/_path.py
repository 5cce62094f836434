"""What the strength of a penalty does: held-out error of every outcome, or coefficients, along the path."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from skmtl._parts import fitted_parts, task_names
from skmtl._plotting._grid import title_figure
from skmtl._plotting._style import CYCLE, GREY, find_letters, in_legend, new_axes, shorten
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError

# Lines that can be told apart, in print by their dashes alone; others are grey.
_DASHES: tuple[Any, ...] = (
    "-", "--", "-.", ":", (0, (8, 3)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (5, 1, 1, 1, 1, 1, 1, 1)),
)  # fmt: skip
_NAMED = len(_DASHES)
_PATHS = {"mse_path_": "mean squared error", "deviance_path_": "deviance"}


class RegularizationPathDisplay:
    """Curves along the strength of a penalty: held-out error of a ``*CV`` estimator, or norms of coefficients.

    Of an estimator, each outcome's curve is its held-out error over its error at the largest strength, so that
    outcomes of all units stand in one figure: below 1 the features help. A dot is each outcome's own best strength.
    Where dots are far to one side of the strength chosen, those outcomes would want another one: fit them apart, or
    scale the outcomes. The bold line is the mean that the choice was made by, weighted as in the objective, with a band
    of one standard error over folds.

    The error at the strength chosen is a little too good, having been chosen. Not a figure of how well the model
    predicts: use `skmtl.model_selection.compare`.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Strengths, positive.
    curves : array-like of shape (n_alphas, k)
        A column per outcome or feature; NaN where not known.
    names : sequence of length k, optional
        Default 0 .. k-1.
    mean, error : array-like of shape (n_alphas,), optional
        The bold curve and its standard error.
    chosen : float, optional
        The strength chosen.
    rule : {"min", "1se"}, optional
        How it was chosen.
    ylabel : str, default ""
    title : str, default ""

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure
    lines_ : list of Line2D
        A line per column of ``curves``.
    mean_line_ : Line2D or None
    band_ : PolyCollection or None
    chosen_line_ : Line2D or None

    Raises
    ------
    InvalidParameterError
        Shapes do not match, or a strength is not positive.

    See Also
    --------
    CoefficientDisplay : The coefficients at the strength chosen.

    References
    ----------
    Breiman, Friedman, Olshen and Stone. Classification and Regression Trees. Wadsworth, 1984, for the rule "1se".

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.inspection import RegularizationPathDisplay
    >>> from skmtl.linear_model import MultiTaskLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> model = MultiTaskLassoCV(alphas=30, rule="1se").fit(X, Y)
    >>> display = RegularizationPathDisplay.from_estimator(model).plot()
    >>> len(display.lines_), display.chosen == model.alpha_
    (3, True)

    The coefficients along the path are not kept; each fit can start from the one before:

    >>> from skmtl.linear_model import MultiTaskLasso
    >>> lasso = MultiTaskLasso(warm_start=True)
    >>> coefs = [lasso.set_params(alpha=alpha).fit(X, Y).coef_.copy() for alpha in model.alphas_]
    >>> display = RegularizationPathDisplay.from_path(model.alphas_, coefs, chosen=model.alpha_).plot()
    >>> len(display.lines_)
    6
    """

    def __init__(
        self,
        alphas: Any,
        curves: Any,
        names: Sequence[Hashable] | None = None,
        *,
        mean: Any = None,
        error: Any = None,
        chosen: float | None = None,
        rule: str | None = None,
        ylabel: str = "",
        title: str = "",
    ):
        self.alphas = np.asarray(alphas, dtype=np.float64)
        if self.alphas.ndim != 1 or not len(self.alphas) or not (self.alphas > 0).all():
            raise InvalidParameterError("alphas must be a list of positive numbers, the strengths along the path.")
        self.curves = np.asarray(curves, dtype=np.float64)
        n = len(self.alphas)
        if self.curves.ndim != 2 or len(self.curves) != n:
            raise InvalidParameterError(
                f"curves has shape {self.curves.shape}: give it a row for each of the {n} strengths."
            )
        self.names = list(range(self.curves.shape[1])) if names is None else list(names)
        if len(self.names) != self.curves.shape[1]:
            raise InvalidParameterError(
                f"names has {len(self.names)} names for {self.curves.shape[1]} curves: give one for each."
            )
        self.mean, self.error = (None if given is None else np.asarray(given, dtype=float) for given in (mean, error))
        if any(given is not None and given.shape != (n,) for given in (self.mean, self.error)):
            raise InvalidParameterError(f"mean and error must have shape ({n},), a number for each strength.")
        self.chosen, self.rule, self.ylabel, self.title = chosen, rule, ylabel, title

    @classmethod
    def from_estimator(cls, estimator: Any) -> RegularizationPathDisplay:
        """Read the held-out errors off a fitted ``*CV`` estimator.

        Of several mixing ratios tried the path at the one chosen is shown.

        Parameters
        ----------
        estimator : fitted estimator
            Of `skmtl.linear_model` or `skmtl.kernel_ridge` whose name ends in CV; also in a pipeline.

        Returns
        -------
        RegularizationPathDisplay

        Raises
        ------
        InvalidParameterError
            It has no path, or has several models with a path each.
        """
        models = [part.model for part in fitted_parts(estimator)]
        if len(models) > 1:
            raise InvalidParameterError(
                f"{cls.__name__}: {type(estimator).__name__} holds {len(models)} models: show one of its estimators_."
            )
        model = models[0]
        attribute = next((name for name in _PATHS if hasattr(model, name)), None)
        if attribute is None or not hasattr(model, "alpha_"):
            raise InvalidParameterError(
                f"{cls.__name__}: {type(model).__name__} has no path of held-out errors: fit a *CV estimator, or use "
                "from_path."
            )
        total, by_task = np.asarray(getattr(model, attribute)), np.asarray(getattr(model, f"task_{attribute}"))
        # Before the axes of strengths and, but for leave-one-out, folds stands that of the mixing ratios tried.
        folds = not hasattr(model, "leave_out")
        mixed = total.ndim - folds > 1
        mean = total.mean(axis=-1) if folds else total
        row = divmod(int(np.argmin(mean)), mean.shape[-1])[0] if mixed else 0
        alphas = np.atleast_2d(model.alphas_)[row if np.ndim(model.alphas_) > 1 else 0]
        total, by_task = (table[row] if mixed else table for table in (total, by_task))
        error = total.std(axis=-1, ddof=1) / np.sqrt(total.shape[-1]) if folds else None
        curve = total.mean(axis=-1) if folds else total
        tasks = _mean_over_folds(by_task) if folds else by_task
        strongest = int(np.argmax(alphas))
        at_null, tasks_null = curve[strongest], tasks[strongest]
        measure = _PATHS[attribute]
        ratios = np.divide(tasks, tasks_null, out=np.full(tasks.shape, np.nan), where=tasks_null > 0)
        how = f"{total.shape[-1]} folds" if folds else "leave-one-out"
        return cls(
            alphas,
            ratios,
            list(task_names(model)) or None,
            mean=curve / at_null,
            error=None if error is None else error / at_null,
            chosen=float(model.alpha_),
            rule=getattr(model, "rule", "min"),
            ylabel=f"held-out {measure} / that at the largest strength",
            title=f"Held-out error along the path: {type(model).__name__}, {how}" + _ratio(model, mixed),
        )

    @classmethod
    def from_path(
        cls,
        alphas: Any,
        coefs: Any,
        *,
        by: str = "feature",
        feature_names: Sequence[Hashable] | None = None,
        task_names: Sequence[Hashable] | None = None,
        chosen: float | None = None,
    ) -> RegularizationPathDisplay:
        """Show the size of coefficients along a path.

        Parameters
        ----------
        alphas : array-like of shape (n_alphas,)
        coefs : array-like of shape (n_alphas, T, p)
            ``coef_`` at each strength.
        by : {"feature", "task"}, default "feature"
            Euclidean norm over the outcomes of each feature, or over the features of each outcome.
        feature_names : sequence of length p, optional
        task_names : sequence of length T, optional
        chosen : float, optional
            A strength to mark.

        Returns
        -------
        RegularizationPathDisplay

        Raises
        ------
        InvalidParameterError
            Shapes do not match, or ``by`` is neither.
        """
        if by not in ("feature", "task"):
            raise InvalidParameterError(f"by={by!r} is not known: use 'feature' or 'task'.")
        coefs = np.asarray(coefs, dtype=np.float64)
        if coefs.ndim != 3:
            raise InvalidParameterError(f"coefs has shape {coefs.shape}: give it (n_alphas, T, p), a coef_ each.")
        names = feature_names if by == "feature" else task_names
        if names is None and by == "feature":
            names = [f"x{j}" for j in range(coefs.shape[2])]
        over = "outcomes" if by == "feature" else "features"
        norms = np.linalg.norm(coefs, axis=1 if by == "feature" else 2)
        return cls(
            alphas,
            norms,
            names,
            chosen=chosen,
            ylabel=f"norm of coefficients over {over}",
            title=f"Size of the coefficients along the path, by {by}",
        )

    def plot(self, ax: Any = None, **line_kwargs: Any) -> RegularizationPathDisplay:
        """Draw the curves; strength grows to the right.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default a new figure.
        **line_kwargs : dict
            Of ``Axes.plot`` for the curves.

        Returns
        -------
        RegularizationPathDisplay
            Itself.
        """
        alone = ax is None
        self.figure_, self.ax_ = new_axes(ax, type(self).__name__, (8.5, 4.8))
        ax, n = self.ax_, self.curves.shape[1]
        named = self._named()
        self.lines_ = []
        for k, label in enumerate(shorten(self.names)):
            style = {"color": GREY, "linewidth": 0.7, "alpha": 0.6}
            if k in named:
                at = named.index(k)
                # Above the bold mean, which of one outcome is the same curve.
                style = {"color": CYCLE[at % len(CYCLE)], "linestyle": _DASHES[at % len(_DASHES)], "zorder": 4.5}
                style |= {"label": in_legend(label)}
            self.lines_ += ax.plot(self.alphas, self.curves[:, k], **{**style, **line_kwargs})
        self.mean_line_ = self.band_ = self.chosen_line_ = None
        if self.mean is not None:
            self._draw_mean(ax, named)
        if len(named) < n:
            ax.plot([], [], color=GREY, linewidth=0.7, label=f"{n - len(named)} others" if named else f"{n} outcomes")
        if self.chosen is not None:
            said = f"chosen, {self.chosen:.3g}" + (f" (rule {self.rule})" if self.rule else "")
            self.chosen_line_ = ax.axvline(self.chosen, color="black", linewidth=1.2, label=said)
        ax.set_xscale("log")
        ax.set_xlabel("strength of the penalty, alpha")
        ax.set_ylabel(self.ylabel)
        self._limit(ax)
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False, fontsize=8)
        if alone:
            title_figure(self.figure_, self.title)
        find_letters(self.figure_)
        return self

    def _named(self) -> list[int]:
        """Curves with a name and a colour of their own: all, or of norms the largest."""
        n = self.curves.shape[1]
        if n <= _NAMED:
            return list(range(n))
        if self.mean is not None:
            return []
        largest = np.argsort(-np.nan_to_num(self.curves).max(axis=0), kind="stable")[:_NAMED]
        return [int(k) for k in largest]

    def _draw_mean(self, ax: Any, named: list[int]) -> None:
        assert self.mean is not None
        (self.mean_line_,) = ax.plot(self.alphas, self.mean, color="black", linewidth=2.5, label="mean", zorder=4)
        if self.error is not None:
            low, high = self.mean - self.error, self.mean + self.error
            self.band_ = ax.fill_between(
                self.alphas, low, high, color="black", alpha=0.18, linewidth=0, label="± 1 standard error", zorder=3
            )
        best = int(np.argmin(self.mean))
        ax.plot(self.alphas[best], self.mean[best], "o", color="black", markersize=7, zorder=5, label="least mean")
        if self.rule == "1se" and self.error is not None:
            ax.axhline(self.mean[best] + self.error[best], color="black", linewidth=0.8, linestyle=":",
                       label="least mean + 1 standard error")  # fmt: skip
        known = np.isfinite(self.curves).all(axis=0)
        own = np.argmin(np.where(np.isfinite(self.curves), self.curves, np.inf), axis=0)
        for k in np.flatnonzero(known).tolist():
            color = CYCLE[named.index(k) % len(CYCLE)] if k in named else GREY
            ax.plot(self.alphas[own[k]], self.curves[own[k], k], "o", color=color, markersize=4)
        ax.plot([], [], "o", color=GREY, markersize=4, label="best for the outcome alone")

    def _limit(self, ax: Any) -> None:
        """At strengths of nearly nothing an error may be a thousandfold: the choice is to be seen."""
        if self.mean is None:
            ax.set_ylim(bottom=0)
            return
        shown = self.curves[np.isfinite(self.curves)]
        top = max(1.15, 1.25 * float(self.mean[0 if self.alphas[0] > self.alphas[-1] else -1]))
        if shown.size and shown.max() > 2 * top:
            ax.set_ylim(top=top * 1.3)
        ax.axhline(1.0, color=GREY, linewidth=0.8)


def _ratio(model: Any, mixed: bool) -> str:
    """The mixing parameter that was chosen, in words."""
    name = getattr(model, "_mix", None) or "sharing"
    return f", at {name} {getattr(model, name + '_')} of those tried" if mixed else ""


def _mean_over_folds(by_task: Array) -> Array:
    """(n_alphas, n_folds, T) to (n_alphas, T); an outcome may be absent from the test part of a fold."""
    known = np.isfinite(by_task)
    counts = known.sum(axis=1)
    sums = np.where(known, by_task, 0.0).sum(axis=1)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


__all__ = ["RegularizationPathDisplay"]
