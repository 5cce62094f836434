"""Does acting on the predictions do good: decision curves, outcome by outcome."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from skmtl._plotting._answers import ask, read_answers
from skmtl._plotting._grid import panels, title_figure
from skmtl._plotting._models import model_styles, named, split_by_outcome
from skmtl._plotting._style import GREY, find_letters, shorten
from skmtl.exceptions import InvalidParameterError
from skmtl.metrics._decision import net_benefit

_COLUMNS = ("model", "outcome", "threshold", "n", "events", "net_benefit", "treat_all")


class DecisionCurveDisplay:
    """Net benefit of acting on predicted risks, against the threshold of acting, a panel per yes/no outcome.

    The threshold says how the harm of a needless treatment weighs against an untreated event: who acts at 10% accepts
    nine needless treatments for one event treated. A model is of use at a threshold where its curve is above both
    "treat all" and "treat none" (Vickers and Elkin 2006; the formula is at `skmtl.metrics.net_benefit`). Read the
    curve over the thresholds at which a doctor might act, no farther.

    The curves have no intervals: small differences between models are no finding. Not for choosing the threshold by
    the highest curve, nor for a case-control sample, whose share of events is not that of patients. Predictions must be
    for rows that were not in the fit, and be calibrated; see `TaskCalibrationDisplay`.

    Parameters
    ----------
    curves : DataFrame, one row per model, outcome and threshold
        Columns model, outcome, threshold, n, events, net_benefit, treat_all; NaN for an outcome without entries.

    Attributes
    ----------
    ax_ : Axes
        Of the first outcome.
    axes_ : ndarray of Axes
        One per outcome.
    figure_ : Figure
    lines_ : dict from (outcome, model) to Line2D
    outcomes_ : list

    References
    ----------
    A. J. Vickers and E. B. Elkin (2006). Decision curve analysis: a novel method for evaluating prediction models.
    Medical Decision Making 26(6), 565-574.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.inspection import DecisionCurveDisplay
    >>> rng = np.random.default_rng(0)
    >>> eta = rng.normal(size=(500, 2)) - 1
    >>> risk = 1 / (1 + np.exp(-eta))
    >>> Y = (rng.random((500, 2)) < risk).astype(float)
    >>> models = {"model": risk, "the same for all": np.full((500, 2), 0.3)}
    >>> display = DecisionCurveDisplay.from_predictions(Y, models, thresholds=[0.1, 0.2, 0.3]).plot()
    >>> display.curves.loc[display.curves["outcome"] == 0, ["model", "threshold", "net_benefit"]].round(2)
                  model  threshold  net_benefit
    0             model        0.1         0.24
    1             model        0.2         0.17
    2             model        0.3         0.12
    6  the same for all        0.1         0.24
    7  the same for all        0.2         0.15
    8  the same for all        0.3         0.03
    """

    def __init__(self, curves: Any):
        missing = [name for name in _COLUMNS if name not in getattr(curves, "columns", ())]
        if missing:
            raise InvalidParameterError(f"curves has no column {missing[0]!r}: it needs {', '.join(_COLUMNS)}.")
        self.curves = curves

    @classmethod
    def from_predictions(
        cls, Y: Any, prob: Any, *, thresholds: Any = None, task: Any = None, labels: Any = None
    ) -> DecisionCurveDisplay:
        """Net benefit of predicted probabilities.

        Parameters
        ----------
        Y : array-like or frame of shape (n,) or (n, T)
            NaN, None or pandas.NA where not observed; the greater label is the event. Outcomes that are numbers, with
            more than two values, are left out.
        prob : array-like of shape (n,), (n, T) or (n, K), or list of T arrays, or dict from name of a model to such
            Probabilities of the event, in any form that ``predict_proba`` gives.
        thresholds : array-like of shape (C,), optional
            Probabilities in [0, 1). Default 0.01, 0.02, ..., 0.99; a tenth of these for an outcome with fewer than 5%
            events.
        task : array-like of shape (n,), optional
            Task of each row of a 1-D ``Y``.
        labels : array-like, or list of T arrays, optional
            All classes, where ``Y`` does not show them.

        Returns
        -------
        DecisionCurveDisplay

        Raises
        ------
        TaskDataError
            The arguments do not fit together.
        InvalidParameterError
            A threshold is outside [0, 1), or no outcome is yes/no.
        """
        return cls(_curves(cls.__name__, Y, {m: (p, labels) for m, p in named(prob).items()}, thresholds, task))

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, Y: Any, *, thresholds: Any = None, task: Any = None
    ) -> DecisionCurveDisplay:
        """Predict probabilities and take their net benefit.

        Parameters
        ----------
        estimator : fitted estimator with ``predict_proba``, or dict from name to such
        X : array-like, sparse matrix or frame of n rows
            Rows that were not in the fit.
        Y : array-like or frame of shape (n,) or (n, T)
        thresholds : array-like of shape (C,), optional
        task : array-like of shape (n,), optional

        Returns
        -------
        DecisionCurveDisplay

        Raises
        ------
        InvalidParameterError
            An estimator has no ``predict_proba``.
        """
        models = named(estimator, "model")
        for name, model in models.items():
            if not hasattr(model, "predict_proba"):
                raise InvalidParameterError(
                    f"{type(model).__name__} ({name!r}) has no predict_proba: a decision curve needs probabilities."
                )
        given = {name: ask(model, X, Y, task) for name, model in models.items()}
        return cls(_curves(cls.__name__, Y, given, thresholds, task))

    def plot(self, ax: Any = None) -> DecisionCurveDisplay:
        """Draw a panel per outcome.

        Parameters
        ----------
        ax : Axes, or array of an Axes per outcome, optional
            Where to draw. Default a new figure.

        Returns
        -------
        DecisionCurveDisplay
            Itself.
        """
        curves = split_by_outcome(self.curves)
        self.outcomes_ = list(curves)
        models = list(dict.fromkeys(self.curves["model"]))
        styles = model_styles(models, type(self).__name__)
        n = len(self.outcomes_)
        columns = min(n, 4 if n <= 12 else 8)
        width, height = (5.6, 4.0) if n == 1 else (3.1, 2.8) if columns <= 4 else (2.4, 2.2)
        self.axes_ = panels(n, type(self).__name__, size=(width, height), n_columns=columns, ax=ax)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_: dict[tuple[Hashable, Hashable], Any] = {}
        titles = shorten(self.outcomes_, 30 if columns <= 4 else 22)
        drawn: dict[str, Any] = {}
        for k, (outcome, panel, title) in enumerate(zip(self.outcomes_, self.axes_, titles, strict=True)):
            own = curves[outcome]
            events, entries = int(own["events"].iloc[0]), int(own["n"].iloc[0])
            panel.set_title(f"{title}\n{events:,} events, n = {entries:,}", fontsize=9 if columns <= 4 else 7.5)
            drawn |= self._panel(panel, outcome, own, styles)
            panel.tick_params(labelsize=8 if columns <= 4 else 7)
            if k % columns == 0:
                panel.set_ylabel("net benefit", fontsize=9)
            if k >= n - columns:
                panel.set_xlabel("threshold of acting", fontsize=9)
        self._legend(drawn, new=ax is None)
        find_letters(self.figure_)
        return self

    def _panel(self, panel: Any, outcome: Hashable, own: Any, styles: Any) -> dict[str, Any]:
        """Lines by their labels."""
        panel.spines[["top", "right"]].set_visible(False)
        if not own["events"].iloc[0]:
            panel.annotate("no event" if own["n"].iloc[0] else "no observed entry", (0.5, 0.5),
                           xycoords="axes fraction", ha="center", fontsize=8)  # fmt: skip
            panel.set(xticks=[], yticks=[])
            return {}
        drawn = {}
        first = own[own["model"] == own["model"].iloc[0]]
        at = first["threshold"].to_numpy()
        drawn["treat none"] = panel.axhline(0, color="black", linewidth=0.9)
        drawn["treat all"] = panel.plot(at, first["treat_all"], color=GREY, linewidth=2.6, alpha=0.5)[0]
        for model, style in styles.items():
            curve = own[own["model"] == model]
            (line,) = panel.plot(curve["threshold"], curve["net_benefit"], linewidth=1.6, color=style["color"],
                                 linestyle=style["linestyle"])  # fmt: skip
            self.lines_[outcome, model] = drawn[style["label"]] = line
        # At most the share of events can be gained; what is far below zero is as useless as what is below.
        top = max(first["treat_all"].max(), own["net_benefit"].max(), 1e-6)
        panel.set_ylim(-0.3 * top, 1.1 * top)
        low, high = at.min(), at.max()
        panel.set_xlim(low - 0.02 * (high - low or 1), high + 0.02 * (high - low or 1))
        panel.locator_params(nbins=4)
        return drawn

    def _legend(self, drawn: dict[str, Any], *, new: bool) -> None:
        # Models first.
        labels = sorted(drawn, key=lambda label: label in ("treat all", "treat none"))
        handles = [drawn[label] for label in labels]
        if not new:
            self.ax_.legend(handles, labels, fontsize=8)
            return
        columns = 3 if len(self.outcomes_) == 1 else 5
        self.figure_.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
        title_figure(self.figure_, "Net benefit of acting on the prediction (events treated per patient)")


def _curves(caller: str, Y: Any, models: dict[Hashable, tuple[Any, Any]], thresholds: Any, task: Any) -> Any:
    import pandas as pd

    pieces = []
    for model, (given, labels) in models.items():
        answers = [answer for answer in read_answers(caller, Y, given, task, labels) if answer.binary]
        if not answers:
            raise InvalidParameterError(f"{caller} needs an outcome of two classes, and Y has numbers only.")
        for answer in answers:
            cuts = thresholds
            if cuts is None:
                rare = 0 < answer.observed.sum() < 0.05 * answer.observed.size
                cuts = np.arange(1, 100) / (1000 if rare else 100)
            y, p = answer.observed, answer.predicted
            # An outcome without an entry keeps its panel, which says so.
            found = net_benefit(y if y.size else [np.nan], p if y.size else [0.5], cuts)
            found["outcome"] = pd.Series([answer.outcome] * len(found), dtype=object)
            found.insert(0, "model", pd.Series([model] * len(found), dtype=object))
            pieces.append(found)
    return pd.concat(pieces, ignore_index=True)


__all__ = ["DecisionCurveDisplay"]
