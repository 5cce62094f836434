"""How well each outcome is predicted: the score of every model, outcome by outcome."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from skmtl._plotting._extremes import robust_limits
from skmtl._plotting._grid import TALLEST, panels, tick_size, title_figure
from skmtl._plotting._models import model_styles, named, split_by_outcome
from skmtl._plotting._style import find_letters, import_pyplot, shorten
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError
from skmtl.metrics._align import read_predictions, read_targets
from skmtl.metrics._scorer_names import NAMED, find_metric

_COLUMNS = ("outcome", "estimator", "metric", "value")
# Of every kind of outcome in a comparison the score that has no unit, where there is one.
_PLAIN = {"numeric": "r2", "binary": "roc_auc", "classes": "accuracy", "count": "deviance"}
_SHORT = {
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "brier": "brier_score",
}
_METRICS = {name.removeprefix("neg_"): entry for name, entry in NAMED.items()}
_METRICS |= {short: _METRICS[full] for short, full in _SHORT.items()}
_GREATER = {name: entry.greater_is_better for name, entry in _METRICS.items()} | {"deviance": False}
_WORDS = {"r2": "R²", "roc_auc": "area under the ROC curve", "rmse": "RMSE", "mse": "MSE", "mae": "MAE"}
_MOST_ROWS = 110


class TaskScoreDisplay:
    """Score of each model on each outcome, with the spread over folds.

    A row per outcome, a marker per model at its mean over folds; the line runs from its lowest to its highest fold. A
    panel per metric, as yes/no outcomes and numbers have none in common.

    The lines are no confidence intervals, and lines that overlap are no test: models are compared on the same folds,
    where one can be better in each. For "did sharing help" see `GainDisplay`. Do not compare across outcomes what has
    a unit, such as the RMSE.

    Parameters
    ----------
    scores : DataFrame, one row per outcome, estimator, metric and (if any) fold
        Columns outcome, estimator, metric, value (NaN where undefined), fold (optional).
    models : sequence of str, optional
        Estimators to show, at most eight. Default all.
    order : {"score", "table"}, default "score"
        Outcomes by their mean score over the models, the best first; or as they are in ``scores``.
    greater_is_better : bool, optional
        Of metrics that this package does not know by name.

    Attributes
    ----------
    ax_ : Axes
        Of the first metric.
    axes_ : ndarray of Axes
        One per metric.
    figure_ : Figure
    metrics_ : list of str
    outcomes_ : dict from metric to list
        Outcomes, top to bottom.
    points_ : dict from (metric, model) to PathCollection
    lines_ : dict from (metric, model) to LineCollection

    Raises
    ------
    InvalidParameterError
        A column is missing, there is nothing to show, or a model or order is not known.

    See Also
    --------
    GainDisplay : Paired differences with intervals and verdicts.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.inspection import TaskScoreDisplay
    >>> from skmtl.linear_model import MultiTaskLasso, MultiTaskRidge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 4))
    >>> Y = X[:, [0, 0]] + [0.5, 2.0] * rng.normal(size=(60, 2))
    >>> Y[rng.random((60, 2)) < 0.2] = np.nan
    >>> models = {"ridge": MultiTaskRidge(), "lasso": MultiTaskLasso(alpha=0.1)}
    >>> said = {name: model.fit(X[:30], Y[:30]).predict(X[30:]) for name, model in models.items()}
    >>> display = TaskScoreDisplay.from_predictions(Y[30:], said, metric="r2").plot()
    >>> display.outcomes_["r2"]  # the less noise, the better
    [0, 1]
    """

    def __init__(
        self,
        scores: Any,
        *,
        models: Sequence[str] | None = None,
        order: str = "score",
        greater_is_better: bool | None = None,
    ):
        missing = [name for name in _COLUMNS if name not in getattr(scores, "columns", ())]
        if missing:
            raise InvalidParameterError(f"scores has no column {missing[0]!r}: it needs {', '.join(_COLUMNS)}.")
        if order not in ("score", "table"):
            raise InvalidParameterError(f"order={order!r} is not known: use 'score' or 'table'.")
        known = list(dict.fromkeys(scores["estimator"]))
        chosen = known if models is None else [models] if isinstance(models, str) else list(models)
        strangers = [name for name in chosen if name not in known]
        if strangers or not chosen:
            what = f"{strangers[0]!r}" if strangers else "no estimator"
            raise InvalidParameterError(f"models names {what}: name some of {known}.")
        self.scores, self.models, self.order, self.greater_is_better = scores, chosen, order, greater_is_better

    @classmethod
    def from_comparison(
        cls,
        comparison: Any,
        *,
        metric: str | None = None,
        models: Sequence[str] | None = None,
        order: str = "score",
    ) -> TaskScoreDisplay:
        """Take the scores of a comparison.

        Parameters
        ----------
        comparison : Comparison
            What `skmtl.model_selection.compare` returned.
        metric : str, optional
            One of its metrics; outcomes without it are left out. Default R² of numbers, the area under the ROC curve
            of yes/no outcomes, the accuracy of classes and the deviance of counts.
        models : sequence of str, optional
            Estimators to show. Default all, the baseline with them.
        order : {"score", "table"}, default "score"

        Returns
        -------
        TaskScoreDisplay

        Raises
        ------
        InvalidParameterError
            No outcome has the metric; a model or order is not known.
        """
        scores = comparison.scores
        if metric is None:
            kind = dict(zip(comparison.outcomes["outcome"], comparison.outcomes["kind"], strict=True))
            wanted = np.array([_PLAIN[kind[name]] for name in scores["outcome"]], dtype=object)
            scores = scores[scores["metric"].to_numpy(dtype=object) == wanted]
        elif metric not in set(scores["metric"]):
            raise InvalidParameterError(
                f"metric={metric!r} is not among {list(dict.fromkeys(scores['metric']))} of this comparison: "
                "name one of them."
            )
        else:
            scores = scores[scores["metric"] == metric]
        return cls(scores.reset_index(drop=True), models=models, order=order)

    @classmethod
    def from_predictions(
        cls,
        Y: Any,
        predictions: Any,
        *,
        metric: str | Callable[..., Any] = "r2",
        task: Any = None,
        sample_weight: Any = None,
        order: str = "score",
        greater_is_better: bool | None = None,
    ) -> TaskScoreDisplay:
        """Score predictions on the observed entries of each outcome.

        Parameters
        ----------
        Y : array-like or frame of shape (n,) or (n, T)
            NaN, None or pandas.NA where not observed.
        predictions : array-like of the shape of ``Y``, or dict from name of a model to such
            Where the metric is one of probabilities, in any form that it takes.
        metric : str or callable, default "r2"
            "r2", "rmse", "mae", "accuracy", "roc_auc", "log_loss", "brier" or another name of a scorer of
            `skmtl.metrics` without "neg"; or a function of the observed values and predictions of one outcome.
        task : array-like of shape (n,), optional
            Task of each row of a 1-D ``Y``.
        sample_weight : array-like of shape (n,) or (n, T), optional
            For metrics of this package.
        order : {"score", "table"}, default "score"
        greater_is_better : bool, optional
            Of a callable that is not of this package.

        Returns
        -------
        TaskScoreDisplay

        Raises
        ------
        InvalidParameterError
            The metric is not known, or cannot take weights.
        TaskDataError
            The predictions do not fit ``Y``.
        """
        import pandas as pd

        name, score = _scorer(metric, sample_weight)
        rows: list[tuple[Any, ...]] = []
        targets = read_targets(Y, task)
        for model, said in named(predictions).items():
            values = np.ravel(score(Y, said, task))
            rows += [(outcome, model, name, value) for outcome, value in zip(targets.names, values, strict=True)]
        return cls(pd.DataFrame(rows, columns=list(_COLUMNS)), order=order, greater_is_better=greater_is_better)

    def plot(self, ax: Any = None) -> TaskScoreDisplay:
        """Draw the scores.

        Parameters
        ----------
        ax : Axes, or array of an Axes per metric, optional
            Where to draw. Default a new figure.

        Returns
        -------
        TaskScoreDisplay
            Itself.
        """
        styles = model_styles(self.models, type(self).__name__)
        shown = self.scores[self.scores["estimator"].isin(self.models)]
        self.metrics_ = list(dict.fromkeys(shown["metric"]))
        self.outcomes_ = {metric: self._ordered(shown[shown["metric"] == metric], metric) for metric in self.metrics_}
        self.axes_ = self._panels(ax)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.points_: dict[tuple[str, str], Any] = {}
        self.lines_: dict[tuple[str, str], Any] = {}
        for metric, panel in zip(self.metrics_, self.axes_, strict=True):
            self._panel(panel, metric, shown[shown["metric"] == metric], styles)
        handles = [self.points_[self.metrics_[0], model] for model in self.models]
        labels = [str(styles[model]["label"]) for model in self.models]
        if ax is not None:
            self.ax_.legend(handles, labels, fontsize=8)
            find_letters(self.figure_)
            return self
        if len(self.models) > 1:
            columns = min(4, len(self.models))
            self.figure_.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
        folds = shown["fold"].nunique() if "fold" in shown else 0
        spread = f"; lines: lowest to highest of {folds} folds, no intervals" if folds > 1 else ""
        title_figure(self.figure_, f"Score of each outcome{spread}")
        find_letters(self.figure_)
        return self

    def _greater(self, metric: str) -> bool | None:
        return _GREATER.get(metric, self.greater_is_better)

    def _ordered(self, scores: Any, metric: str) -> list[Hashable]:
        outcomes = list(dict.fromkeys(scores["outcome"]))
        if self.order == "table":
            return outcomes
        mean = np.array([rows["value"].mean() for rows in split_by_outcome(scores).values()], dtype=np.float64)
        return [outcomes[t] for t in np.argsort(mean if self._greater(metric) is False else -mean, kind="stable")]

    def _panels(self, ax: Any) -> Any:
        rows = [len(outcomes) for outcomes in self.outcomes_.values()]
        if ax is not None:
            return panels(len(rows), type(self).__name__, size=(8.0, 4.0), n_columns=1, ax=ax)
        plt = import_pyplot(type(self).__name__)
        each = 0.14 + 0.1 * len(self.models)
        heights = [0.9 + each * n for n in rows]
        figsize = (8.5, min(0.9 + sum(heights), TALLEST))
        figure = plt.figure(figsize=figsize, layout="constrained")
        return np.ravel(figure.subplots(len(rows), 1, squeeze=False, gridspec_kw={"height_ratios": heights}))

    def _panel(self, panel: Any, metric: str, scores: Any, styles: Any) -> None:
        outcomes = self.outcomes_[metric]
        parts = {model: split_by_outcome(scores[scores["estimator"] == model]) for model in self.models}
        # Mean, lowest and highest fold of each model and outcome; folds where the score is undefined are skipped.
        found = {
            model: np.array([_mean_low_high(parts[model].get(outcome)) for outcome in outcomes])
            for model in self.models
        }
        means = np.concatenate([numbers[:, 0] for numbers in found.values()])
        middle = float(np.median(means[np.isfinite(means)])) if np.isfinite(means).any() else 0.0
        limits = robust_limits(np.concatenate(list(found.values())), middle, reach=5.0)
        n, m = len(outcomes), len(self.models)
        for k, (model, numbers) in enumerate(found.items()):
            at = np.arange(n) + (0.0 if m == 1 else 0.64 * (k / (m - 1) - 0.5))
            mean, low, high = numbers.T
            style = styles[model]
            self.lines_[metric, model] = panel.hlines(
                at, np.clip(low, *limits), np.clip(high, *limits), color=style["color"], linewidth=1.2
            )
            inside = (mean >= limits[0]) & (mean <= limits[1])
            self.points_[metric, model] = panel.scatter(
                mean[inside], at[inside], marker=style["marker"], color=style["color"], s=22 if n > 30 else 32, zorder=3
            )
            for t in np.flatnonzero(~inside & np.isfinite(mean)):
                left = mean[t] < limits[0]
                # Numbers of several models stand beside each other, as they are higher than a lane.
                edge = 0.01 + 0.1 * k if left else 0.99 - 0.1 * k
                panel.annotate(f"← {mean[t]:,.3g}" if left else f"{mean[t]:,.3g} →", (edge, at[t]),
                               xycoords=("axes fraction", "data"), ha="left" if left else "right", va="center",
                               fontsize=7, color=style["color"], zorder=4,
                               bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.5})  # fmt: skip
        for t in np.flatnonzero(np.all([~np.isfinite(numbers[:, 0]) for numbers in found.values()], axis=0)):
            panel.annotate("no score", (0.01, t), xycoords=("axes fraction", "data"), va="center", fontsize=7)
        self._frame(panel, metric, limits)

    def _frame(self, panel: Any, metric: str, limits: tuple[float, float]) -> None:
        outcomes = self.outcomes_[metric]
        n = len(outcomes)
        table = list(dict.fromkeys(self.scores["outcome"]))
        label = dict(zip(table, shorten(table, 34), strict=True))
        step = -(-n // _MOST_ROWS)
        panel.set_yticks(range(0, n, step), [label[name] for name in outcomes[::step]], fontsize=tick_size(n))
        panel.set_ylim(n - 0.5, -0.5)
        panel.set_xlim(*limits)
        for t in range(1, n, 2):
            panel.axhspan(t - 0.5, t + 0.5, color="0.95", zorder=0)
        panel.tick_params(axis="y", length=0)
        panel.grid(axis="x", color="0.88", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        better = {True: " (right is better →)", False: " (← left is better)", None: ""}[self._greater(metric)]
        panel.set_xlabel(_WORDS.get(metric, shorten([metric.replace("_", " ")])[0]) + better, fontsize=9)


def _mean_low_high(rows: Any) -> tuple[float, float, float]:
    values = np.array([] if rows is None else rows["value"], dtype=np.float64)
    values = values[~np.isnan(values)]
    return (values.mean(), values.min(), values.max()) if values.size else (np.nan, np.nan, np.nan)


def _scorer(metric: Any, sample_weight: Any) -> tuple[str, Callable[[Any, Any, Any], Array]]:
    """Name of a metric, and a function of outcomes, predictions and tasks that gives a score per outcome."""
    entry = None
    if isinstance(metric, str):
        entry = _METRICS.get(metric.removeprefix("neg_"))
        if entry is None:
            raise InvalidParameterError(f"metric={metric!r} is not known: use one of {sorted(_METRICS)}.")
        name = metric.removeprefix("neg_")
    elif callable(metric):
        known = find_metric(metric)
        name = getattr(metric, "__name__", "score") if known is None else known[0].removeprefix("neg_")
        entry = None if known is None else known[1]
    else:
        raise InvalidParameterError(f"metric={metric!r} is neither a name nor a function of y_true and y_pred.")
    if entry is not None:
        function = entry.function
        return name, lambda Y, said, task: function(
            Y, said, task=task, sample_weight=sample_weight, multioutput="raw_values"
        )
    if sample_weight is not None:
        raise InvalidParameterError("sample_weight goes with metrics of skmtl.metrics only: leave it out.")

    def each(Y: Any, said: Any, task: Any) -> Array:
        targets = read_targets(Y, task)
        columns = read_predictions(said, targets, "predictions")
        return np.array(
            [metric(true, pred) if len(true) else np.nan for true, pred in zip(targets.y_true, columns, strict=True)]
        )

    return name, each


__all__ = ["TaskScoreDisplay"]
