"""What a comparison found: scores, predictions, gains with verdicts, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError
from skmtl.model_selection._compare_arguments import check_options
from skmtl.model_selection._compare_gains import INTERVALS, Gains, Losses, tabulate
from skmtl.model_selection._compare_report import Reported
from skmtl.model_selection._compare_scores import LOSS
from skmtl.model_selection._compare_verdicts import adjust_p, verdicts
from skmtl.model_selection._compare_words import in_words

_OVERALL = ["estimator", "n_outcomes", "gain", "low", "high", "p", "p_adjusted", "verdict"]
_PER_OUTCOME = [
    *("outcome", "estimator", "metric", "score", "baseline", "gain", "low", "high", "p", "p_adjusted", "verdict")
]


@dataclass(frozen=True, eq=False)
class Comparison(Reported):
    """What `compare` found.

    All tables are pandas frames; an outcome is a column of ``Y``, or in the rows form a task. ``print(found)`` says it
    in words.

    Parameters
    ----------
    estimators : tuple of str
        Names in the order of the columns of `table`.
    baseline : str
        The estimator that gains are measured against where no other is named.
    outcomes : DataFrame, one row per outcome
        Columns outcome, kind ("numeric", "binary", "classes" or "count"), metric (the one shown in `table`), observed,
        events (entries of the second class; NA for other kinds), event (the label of the second class).
    folds : DataFrame, one row per fold and outcome
        Columns fold, outcome, n_train, n_test: observed entries.
    scores : DataFrame, one row per estimator, outcome, fold and metric
        Columns estimator, outcome, fold, metric, value. Metrics of numbers: mse, rmse, mae, r2; of binary
        outcomes: log_loss, brier, roc_auc, average_precision; of several classes: log_loss, brier, accuracy; of
        counts: deviance, rmse, mae. NaN where a metric is undefined, as with one class in a test part.
    predictions : DataFrame, one row per fold, test row, estimator and outcome
        Columns row (position in ``X``, from 0), fold, estimator, outcome, y_true (NaN where not observed), y_pred,
        weight, loss (of this entry; NaN where not observed). Of binary outcomes y_true is 1 for the second class and
        y_pred its probability; of several classes y_true is the position of the class and y_pred the probability of
        the class observed.
    groups : ndarray of shape (n,) or None
        Who each row of ``X`` belongs to: the units of the bootstrap.
    fitted : dict from name to list of fitted estimators, or None
        One for each fold, where ``compare(..., return_estimator=True)``; with a preprocessor a pipeline of both.
    fits : DataFrame, one row per fold, estimator and model solved inside it, or None
        Columns fold, estimator, outcomes (a tuple: those the model serves), solver, certificate (its kind), value,
        wanted (the value at which it counts as solved), n_iter, converged. Models without a certificate have no row.
    warnings : DataFrame, one row per fold, estimator and message, or None
        Columns fold, estimator, category, message, count: everything warned of in fits and predictions.
    features : DataFrame, one row per column of ``X``, or None
        Columns feature, missing: rows without a value (NA of sparse ``X``).
    asked : dict or None
        What `compare` was asked: folds, seed, preprocessor, and half a line about each estimator.

    See Also
    --------
    compare : Makes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skmtl.model_selection import compare
    >>> from skmtl.multioutput import IndependentTasks, PooledTasks
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(90, 3))
    >>> Y = np.column_stack([X[:, 0], -X[:, 0]]) + 0.5 * rng.normal(size=(90, 2))
    >>> models = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}
    >>> found = compare(X, Y, models, random_state=0)
    >>> found.summary()[["outcome", "estimator", "verdict"]]
       outcome estimator verdict
    0        0    pooled    hurt
    1        1    pooled    hurt

    The same predictions, asked the other way round:

    >>> found.summary(baseline="pooled")[["outcome", "estimator", "verdict"]]
       outcome    estimator verdict
    0        0  independent  helped
    1        1  independent  helped
    """

    estimators: tuple[str, ...]
    baseline: str
    outcomes: Any
    folds: Any
    scores: Any
    predictions: Any
    groups: Any = None
    fitted: Any = None
    fits: Any = None
    warnings: Any = None
    features: Any = None
    asked: Any = None

    def table(self) -> Any:
        """One number per outcome and estimator, the smaller the better.

        For numbers the root of the mean squared error (averaged over folds) in units of the outcome, for other
        outcomes their loss. Ranks and ratios go with those of `summary`.

        Returns
        -------
        DataFrame
            Rows are outcomes; columns metric, observed, events, then one per estimator.
        """
        frame = self.outcomes.set_index("outcome")[["metric", "observed", "events"]].copy()
        means = self._means()
        numeric = (self.outcomes["kind"] == "numeric").to_numpy()
        means[numeric] **= 0.5
        for e, name in enumerate(self.estimators):
            frame[name] = means[:, e]
        return frame

    def to_frame(self) -> Any:
        """All scores, tidy.

        Returns
        -------
        DataFrame, one row per estimator, outcome, fold and metric
            Columns estimator, outcome, repeat, fold, metric, value. ``repeat`` counts the passes over the rows: it is
            0 for K folds, and goes up with every fold that tests rows which the present pass has tested.
        """
        repeat, seen, repeats = 0, set[int](), []
        first = self.predictions[self.predictions["estimator"] == self.estimators[0]]
        for _, rows in first.groupby("fold", sort=True)["row"]:
            tested = set(rows.tolist())
            if seen & tested:
                repeat, seen = repeat + 1, set()
            seen |= tested
            repeats.append(repeat)
        frame = self.scores.copy()
        frame.insert(2, "repeat", np.array(repeats)[frame["fold"].to_numpy()])
        return frame

    def summary(
        self,
        baseline: str | None = None,
        *,
        interval: str = "bootstrap",
        adjust: str | None = "holm",
        alpha: float = 0.05,
        n_resamples: int = 4999,
        random_state: int | None = 0,
    ) -> Any:
        """Gain of every estimator over a baseline, for every outcome, with interval and verdict.

        The gain is the percentage of the baseline's loss that the estimator saves, 100 (1 - L/L₀), from the
        out-of-fold predictions of both: nothing is fitted again, whichever the baseline.

        Parameters
        ----------
        baseline : str or None, default=None
            Any of ``estimators``. None: the one that was named in `compare`, independent models unless you said
            otherwise.
        interval : {"bootstrap", "corrected_t"}, default="bootstrap"
            "bootstrap" draws patients (`groups`; rows without groups) with replacement, with all their out-of-fold
            losses, and widens the spread for what other training rows would have done [1]_, [2]_. "corrected_t" takes
            folds as the observations and corrects for the rows that their training parts share [3]_, [4]_: it needs no
            draws, is wide with five folds, and its error rates were above their level with many repeats on small
            tables.
        adjust : {"holm", "fdr_bh"} or None, default="holm"
            How p values allow for their number. They are those of the whole frame, outcomes times estimators: it is
            read as a whole, and one wrong word anywhere is an error. "holm": the probability of one is at most
            `alpha` [5]_. "fdr_bh": of all words "helped" and "hurt", a share of at most `alpha` is wrong [6]_.
        alpha : float in (0, 1), default=0.05
            Verdicts are at this level, intervals at ``1 - alpha``.
        n_resamples : int, default=4999
            Draws of the bootstrap, 100 or more. Far percentiles and small p values are those of a normal tail: for
            hundreds of outcomes draw more.
        random_state : int or None, default=0
            Seed of the draws; None draws anew for every `Comparison`.

        Returns
        -------
        DataFrame, one row per outcome and estimator but the baseline
            Columns outcome, estimator, metric (the loss), score and baseline (mean loss over folds of either), gain,
            low, high (in percent), p, p_adjusted, verdict: "helped" or "hurt" where ``p_adjusted < alpha``, else "no
            evidence", which is not evidence that there is no difference. Intervals are of one cell each
            and are not adjusted: one may leave out 0 where the verdict, which looks at all cells, is "no evidence".
            With one fold there is no interval and no evidence.

        Notes
        -----
        The interval is one for the expected gain of models trained on as many rows as the training parts have, over
        all that might be drawn. The bootstrap by itself is conditional on the fitted models; the factor that
        widens it was chosen by simulation (``benchmarks/sharing/null_rates.py``). Where there was nothing to gain,
        95% intervals covered in 93 to 98 of 100 tables and words were wrong in 3 to 6, with 5 folds and with 10 times
        5. Where estimators make nearly the same predictions they cover too often; on tables with fewer rows than
        features, where other training rows make other models, too seldom (90 of 100).

        Not for choosing the best of many estimators and reporting its row: test that one on rows that took no part.

        References
        ----------
        .. [1] B. Efron and R. J. Tibshirani (1993). An Introduction to the Bootstrap. Chapman & Hall.
        .. [2] T. C. Hesterberg (2015). What teachers should know about the bootstrap. The American Statistician 69,
               371-386.
        .. [3] C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning 52, 239-281.
        .. [4] R. R. Bouckaert and E. Frank (2004). Evaluating the replicability of significance tests for comparing
               learning algorithms. PAKDD, 3-12.
        .. [5] S. Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
               Statistics 6, 65-70.
        .. [6] Y. Benjamini and Y. Hochberg (1995). Controlling the false discovery rate. Journal of the Royal
               Statistical Society B 57, 289-300.
        """
        import pandas as pd

        b, (gains, _) = self._gains(baseline, interval, adjust, alpha, n_resamples, random_state)
        means = self._means()
        rows = [
            (outcome, name, LOSS[kind], means[t, e], means[t, b], *(100 * x[t, e] for x in gains[:3]), gains.p[t, e])
            for e, name in enumerate(self.estimators)
            if e != b
            for t, (outcome, kind) in enumerate(zip(self.outcomes["outcome"], self.outcomes["kind"], strict=True))
        ]
        frame = pd.DataFrame(rows, columns=_PER_OUTCOME[:-2])
        return _judged(frame, adjust, alpha)

    def overall(
        self,
        baseline: str | None = None,
        *,
        interval: str = "bootstrap",
        adjust: str | None = "holm",
        alpha: float = 0.05,
        n_resamples: int = 4999,
        random_state: int | None = 0,
    ) -> Any:
        """Gain of every estimator over all outcomes: the mean of their relative gains, each outcome counting the same.

        Outcomes share patients and folds, so that their gains go up and down together: the interval is that of the
        mean within a draw (or a fold), not one that takes outcomes for independent. With fewer rows than features the
        95% interval of the bootstrap covered in 85 of 100 simulated tables, that of the corrected t in 93.

        Parameters
        ----------
        baseline, interval, adjust, alpha, n_resamples, random_state
            As in `summary`; the p values adjusted together are those of the estimators.

        Returns
        -------
        DataFrame, one row per estimator but the baseline
            Columns estimator, n_outcomes (with a gain), gain, low, high (in percent), p, p_adjusted, verdict.
        """
        import pandas as pd

        b, (apiece, gains) = self._gains(baseline, interval, adjust, alpha, n_resamples, random_state)
        counted = int((~np.isnan(apiece.gain[:, b])).sum())
        rows = [
            (name, counted, *(100 * x[e] for x in gains[:3]), gains.p[e])
            for e, name in enumerate(self.estimators)
            if e != b
        ]
        return _judged(pd.DataFrame(rows, columns=_OVERALL[:-2]), adjust, alpha)

    def describe(self, baseline: str | None = None, **options: Any) -> str:
        """Where sharing helped, where it hurt, and where that cannot be told, one line each.

        The words are the verdicts of `summary`: no estimator is picked as the best on the folds that would have to
        judge it.

        Parameters
        ----------
        baseline : str or None, default=None
        **options
            Those of `summary`.

        Returns
        -------
        str
        """
        return in_words(
            self.summary(baseline, **options),
            baseline=self.baseline if baseline is None else baseline,
            outcomes=self.outcomes["outcome"].tolist(),
            n_folds=self.folds["fold"].nunique(),
            adjust=options.get("adjust", "holm"),
            alpha=options.get("alpha", 0.05),
        )

    def __str__(self) -> str:
        return self.describe()

    def _gains(
        self,
        baseline: str | None,
        interval: str,
        adjust: str | None,
        alpha: float,
        n_resamples: int,
        random_state: int | None,
    ) -> tuple[int, tuple[Gains, Gains]]:
        """Position of the baseline; gains per outcome and overall."""
        name = self.baseline if baseline is None else baseline
        if name not in self.estimators:
            raise InvalidParameterError(
                f"The baseline {name!r} is not among the estimators {list(self.estimators)}: name one of them."
            )
        check_options(interval, adjust, alpha, n_resamples, random_state)
        b = self.estimators.index(name)
        key = (b, interval, alpha, n_resamples, random_state)
        if key not in self._known:
            draws = {} if interval == "corrected_t" else {"n_resamples": n_resamples, "random_state": random_state}
            self._known[key] = INTERVALS[interval](self._losses, b, alpha, **draws)
        return b, self._known[key]

    @cached_property
    def _known(self) -> dict[Any, tuple[Gains, Gains]]:
        """Gains that were asked for before: words and frames are of the same draws."""
        return {}

    @cached_property
    def _losses(self) -> Losses:
        """Losses by fold and by unit, from the out-of-fold predictions."""
        import pandas as pd

        outcomes = self.outcomes["outcome"].tolist()
        code = {outcome: t for t, outcome in enumerate(outcomes)}
        # Every estimator has the same entries in the same order.
        by_estimator = dict(list(self.predictions.groupby("estimator", sort=False)))
        first = by_estimator[self.estimators[0]]
        seen = first["loss"].notna().to_numpy()
        loss = np.column_stack([by_estimator[name]["loss"].to_numpy(dtype=np.float64) for name in self.estimators])
        row = first["row"].to_numpy()[seen]
        who = row if self.groups is None else np.asarray(self.groups)[row]
        unit, units = pd.factorize(who, use_na_sentinel=False)
        return tabulate(
            unit,
            first["fold"].to_numpy()[seen],
            np.array([code[outcome] for outcome in first["outcome"]], dtype=np.intp)[seen],
            first["weight"].to_numpy(dtype=np.float64)[seen],
            loss[seen],
            ratio=self._ratios(),
            n_units=len(units),
        )

    def _means(self) -> Array:
        """Mean loss of every outcome and estimator, NaN where no test part has the outcome."""
        means = self._losses.unit.sum(axis=0)
        means[~self._losses.there.any(axis=0)] = np.nan
        return means

    def _ratios(self) -> Array:
        """Test entries over all other entries, mean over the folds that test an outcome.

        Where training and test part make up the table this is n_test / n_train. Where training parts leave rows out
        (a learning curve), folds overlap less than n_test / n_train would say.
        """
        tested = self.folds.pivot(index="fold", columns="outcome", values="n_test")
        # By label: names may be True and False, which brackets would read as a mask.
        tested = tested.reindex(columns=self.outcomes["outcome"].tolist()).to_numpy(dtype=np.float64)
        others = np.maximum(self.outcomes["observed"].to_numpy(dtype=np.float64) - tested, 1)
        return (tested / others).sum(axis=0) / np.maximum((tested > 0).sum(axis=0), 1)


def _judged(frame: Any, adjust: str | None, alpha: float) -> Any:
    """The frame with adjusted p values and verdicts."""
    frame["p_adjusted"] = adjust_p(frame["p"].to_numpy(dtype=np.float64), adjust)
    frame["verdict"] = verdicts(frame["gain"].to_numpy(dtype=np.float64), frame["p_adjusted"].to_numpy(), alpha)
    return frame


__all__ = ["Comparison"]
