"""What a comparison found: scores, predictions, gains, and the words for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skmtl.model_selection._compare_scores import HELPED, HURT, LEVEL, UNCLEAR

# A summary names this many outcomes in a line and counts the rest.
_LONGEST = 6


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found.

    All tables are pandas frames; an outcome is a column of ``Y``, or in the rows form a task.

    Parameters
    ----------
    estimators : tuple of str
        Names in the order of the columns of `table`.
    baseline : str
        The estimator that gains are measured against.
    outcomes : DataFrame, one row per outcome
        Columns outcome, kind ("numeric" or "binary"), metric (the one shown in `table`), observed, events (entries
        of the second class; NA for numbers), event (the label of the second class; None for numbers).
    folds : DataFrame, one row per fold and outcome
        Columns fold, outcome, n_train, n_test: observed entries.
    scores : DataFrame, one row per estimator, outcome, fold and metric
        Columns estimator, outcome, fold, metric, value. Metrics of numbers: mse, rmse, mae, r2; of binary
        outcomes: log_loss, brier, roc_auc, average_precision. NaN where a metric is undefined, as with one
        class in a test part.
    predictions : DataFrame, one row per fold, test row, estimator and outcome
        Columns row (position in ``X``, from 0), fold, estimator, outcome, y_true (NaN where not observed), y_pred. Of
        binary outcomes y_true is 1 for the second class and y_pred its probability.
    gains : DataFrame, one row per outcome and estimator but the baseline
        Columns estimator, outcome, metric ("mse" or "log_loss"), loss and baseline_loss (means over folds), gain
        (percent of the baseline's loss that is saved), lower and upper (its 95% interval), verdict ("helped",
        "hurt", "no clear difference"), n_folds.

    See Also
    --------
    compare : Makes it, and says how the interval is made.

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
    >>> found.gains[["estimator", "outcome", "verdict"]]
      estimator  outcome verdict
    0    pooled        0    hurt
    1    pooled        1    hurt
    """

    estimators: tuple[str, ...]
    baseline: str
    outcomes: Any
    folds: Any
    scores: Any
    predictions: Any
    gains: Any

    def table(self) -> Any:
        """One number per outcome and estimator, the smaller the better.

        For numbers the root of the mean squared error (averaged over folds) in units of the outcome, for binary
        outcomes the log loss. Ranks and ratios go with those of ``gains``.

        Returns
        -------
        DataFrame
            Rows are outcomes; columns metric, observed, events, then one per estimator.
        """
        frame = self.outcomes.set_index("outcome")[["metric", "observed", "events"]].copy()
        losses = self.scores[self.scores["metric"].isin(["mse", "log_loss"])]
        means = losses.groupby(["outcome", "estimator"], sort=False, observed=True)["value"].mean()
        numeric = (self.outcomes["kind"] == "numeric").to_numpy()
        for name in self.estimators:
            values = means.xs(name, level="estimator").reindex(frame.index).to_numpy(dtype=float, copy=True)
            values[numeric] **= 0.5
            frame[name] = values
        return frame

    def summary(self) -> str:
        """Where sharing helped, where it hurt, and where that cannot be told, one line each.

        The verdicts are those of ``gains``, one for each estimator and outcome: no estimator is picked as the best
        on the folds that would have to judge it.

        Returns
        -------
        str
        """
        gains = self.gains
        if gains.empty:
            return f"Nothing to compare {self.baseline} with."
        lines = []
        if len(self.outcomes) == 1:
            lines.append("With one outcome there is nothing to share: the estimators differ in their penalties only.")
        for verdict, words in ((HELPED, "helped"), (HURT, "hurt")):
            rows = gains[gains["verdict"] == verdict]
            rows = rows.reindex(rows["gain"].abs().sort_values(ascending=False, kind="stable").index)
            per_outcome: dict[Any, list[str]] = {}
            for row in rows.itertuples():
                per_outcome.setdefault(row.outcome, []).append(
                    f"{row.estimator} {row.gain:+.1f}% [{row.lower:+.1f}, {row.upper:+.1f}]"
                )
            found = [f"{outcome} ({', '.join(said)})" for outcome, said in per_outcome.items()]
            lines.append(f"Sharing {words}: {_listed(found) if found else 'nowhere beyond chance'}.")
        clear = set(gains.loc[gains["verdict"] != UNCLEAR, "outcome"])
        rest = [str(outcome) for outcome in self.outcomes["outcome"] if outcome not in clear]
        lines.append(f"No clear difference with any estimator: {_listed(rest) if rest else 'none'}.")
        chance = (1 - LEVEL) * len(gains)
        if chance >= 0.5:
            about = "1" if chance < 1.5 else f"{chance:.0f}"
            lines.append(
                f"({len(gains)} intervals of {LEVEL:.0%}: about {about} would leave out 0 by chance if nothing helped "
                "or hurt.)"
            )
        return "\n".join(lines)


def _listed(items: list[str]) -> str:
    more = len(items) - _LONGEST
    return "; ".join(items[:_LONGEST]) + (f"; and {more} more" if more > 0 else "")


__all__ = ["Comparison"]
