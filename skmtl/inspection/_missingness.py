"""Missing outcomes as a risk: who is observed with whom, and how much of it the features tell."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError
from skmtl.inspection._delong import interval, mean_area
from skmtl.inspection._differences import as_numbers, differences
from skmtl.inspection._missingness_result import (
    COMPLETE,
    EMPTY,
    NOT_ASKED,
    NOT_SEEN,
    PREDICTABLE,
    TOO_FEW,
    MissingnessReport,
)
from skmtl.model_selection._compare_verdicts import adjust_p
from skmtl.preprocessing._observation_weights import inverse_weights
from skmtl.preprocessing._observed import Observed, count_rows, group_codes, read_observed
from skmtl.preprocessing._propensity import OutOfFold, out_of_fold, prepare, same_rows

LEVEL = 0.95


def missingness_report(
    Y: Any,
    X: Any = None,
    *,
    task: Any = None,
    groups: Any = None,
    cv: int = 5,
    estimator: Any = None,
    random_state: Any = 0,
) -> MissingnessReport:
    r"""Report which outcomes are missing, with which others, and how well the features tell.

    A multi-task fit on the observed entries is a fit to those who were measured. Where the features tell who was (the
    AUC of a model of the missingness is above 1/2), a model that has these features and the right form needs no
    more; a mean, a score, or a model without them is about other people than it seems to be, and
    `ObservationWeights` weigh it back. Where an outcome differs between rows with and without another one,
    missingness goes with the outcomes themselves. What cannot be seen in any data: whether values are missing because
    of what they would have been. A report without a finding is no proof that they are not.

    For each outcome,

        predictability   AUC of a classifier of "observed" on X, out of fold, averaged over the folds with the pairs of
                         each as weights; interval of DeLong et al. (1988) on the logit scale (with groups Obuchowski
                         1997), the variance doubled because folds learn from each other; two-sided p-value of
                         AUC = 1/2, adjusted over outcomes by Holm (1979)
        flag             "predictable": the AUC is above 1/2 and the adjusted p-value at most 0.05
        effective n      (Σ w)² / Σ w² over the observed entries (Kish 1965), w the inverse-probability weights of
                         `ObservationWeights` from the same out-of-fold probabilities; with groups w is summed
                         within a group first. Without X, or where no model is fitted, w = 1.

    Parameters
    ----------
    Y : array-like or frame of shape (n,) or (n, T)
        Outcomes of any type; NaN, None and pandas.NA where unobserved.
    X : array-like, sparse matrix or frame of shape (n, p), optional
        Features: numbers and labels, with missing values. Without them nothing is said of predictability.
    task : array-like of shape (n,), optional
        Task of each row of a 1-D ``Y``. An outcome is then a task, and missing only in rows of its own.
    groups : array-like of shape (n,), optional
        Whose rows are not independent (patients). They are kept in one fold, and intervals account for them.
    cv : int, default 5
        Folds, at least 2; fewer where an outcome is observed or missing in few rows.
    estimator : classifier with ``predict_proba`` or None, default None
        Model of the missingness; gets X as it is. None: logistic regression with scikit-learn's default penalty, on
        standardised numbers (the median and an indicator for missing ones) and one-hot labels, prepared inside
        the folds. It sees what is linear in the features; `HistGradientBoostingClassifier` sees more and
        takes longer.
    random_state : int, RandomState instance or None, default 0
        Of the folds.

    Returns
    -------
    MissingnessReport
        ``print`` it; ``to_frame()`` has a row per outcome.

    Raises
    ------
    TaskDataError
        The outcomes cannot be read, or rows do not match. An outcome without a value is reported, not an error.
    InvalidParameterError
        ``cv`` or ``estimator`` is out of range.

    See Also
    --------
    skmtl.preprocessing.ObservationWeights : Weights against what is predictable.

    Notes
    -----
    Outcomes that are observed in the same rows have one model and one test between them. With fewer than ten observed
    or ten missing rows (groups with one) no model is fitted. The interval is about the models of the folds, as
    that of any cross-validated score: it does not contain the variation of another training table.

    Differences between rows with and without another outcome are standardised mean differences; see
    ``MissingnessReport.differences``. Outcomes with more than two labels are left out there.

    Not needed for complete outcomes, and no substitute for asking why a measurement was not taken.

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson (1988). Comparing the areas under two or more correlated receiver operating
    characteristic curves. Biometrics 44:837-845. L. Kish (1965). Survey Sampling. Wiley.

    Examples
    --------
    A lab that is ordered for older patients:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.inspection import missingness_report
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"age": rng.normal(60, 10, size=300)})
    >>> Y = pd.DataFrame({"pressure": X["age"] + rng.normal(size=300), "lactate": rng.normal(size=300)})
    >>> Y.loc[rng.normal(60, 10, size=300) > X["age"], "lactate"] = np.nan
    >>> report = missingness_report(Y, X)
    >>> report.to_frame()[["outcome", "observed", "auc", "flag"]].round(2)
        outcome  observed   auc         flag
    0  pressure       300   NaN     complete
    1   lactate       147  0.87  predictable
    >>> report.differences[["outcome", "without", "difference"]].round(1)
        outcome  without  difference
    0  pressure  lactate         1.5
    """
    _check(cv, estimator)
    n_rows = None if X is None else count_rows(X)
    observed = read_observed(Y, task, n_rows=n_rows, owner="missingness_report")
    code = group_codes(groups, observed.n_rows)
    fitted = _models(observed, X, code, cv, estimator, random_state)
    # A row of one task has no other outcome to differ by.
    names = () if observed.form == "rows" else observed.names
    values = [as_numbers(observed.columns[t], observed.mask[:, t]) for t in range(len(names))]
    together, patterns = _together(observed, code)
    return MissingnessReport(
        outcomes=_outcomes(observed, code, fitted, X is not None),
        together=together,
        patterns=patterns,
        differences=differences(names, values, observed.mask, code, LEVEL),
        n_rows=observed.n_rows,
        n_groups=None if code is None else int(code.max()) + 1,
        by_rows=observed.form == "rows",
        level=LEVEL,
    )


def _check(cv: Any, estimator: Any) -> None:
    if isinstance(cv, bool) or not isinstance(cv, Integral) or cv < 2:
        raise InvalidParameterError(f"cv must be an int of at least 2, the number of folds. Got {cv!r} instead.")
    if estimator is not None and (
        isinstance(estimator, type | str) or not all(hasattr(estimator, m) for m in ("fit", "predict_proba"))
    ):
        raise InvalidParameterError(
            f"estimator must be None or a classifier with the methods fit and predict_proba. Got {estimator!r} instead."
        )


def _models(
    observed: Observed, X: Any, code: IntArray | None, cv: int, estimator: Any, random_state: Any
) -> dict[int, OutOfFold | None]:
    """Out-of-fold probabilities of each outcome; one model for outcomes that are missing together."""
    if X is None:
        return {}
    table, model = prepare(estimator, X)
    seed = check_random_state(random_state).randint(2**31 - 1)
    found: dict[int, OutOfFold | None] = {}
    for tasks in same_rows(observed):
        t = tasks[0]
        answer = out_of_fold(model, table, observed.possible[:, t], observed.mask[:, t], code, int(cv), seed)
        found.update(dict.fromkeys(tasks, answer))
    return found


def _outcomes(
    observed: Observed, code: IntArray | None, fitted: dict[int, OutOfFold | None], asked: bool
) -> pd.DataFrame:
    """One row per outcome."""
    rows = []
    # Outcomes with one missingness share one test.
    lead = {t: tasks[0] for tasks in same_rows(observed) for t in tasks}
    for t, name in enumerate(observed.names):
        mask = observed.mask[:, t]
        possible, count = int(observed.possible[:, t].sum()), int(mask.sum())
        row: dict[str, Any] = {"outcome": name, "rows": possible, "observed": count, "missing": possible - count}
        row["share"] = count / possible
        if code is not None:
            row["groups"] = len(np.unique(code[mask]))
        found = fitted.get(t)
        weight = np.ones(count)
        auc = low = high = p_value = np.nan
        if found is not None:
            members = None if code is None else code[found.rows]
            curve = mean_area(found.observed, found.probability, found.fold, members)
            low, high, p_value = interval(curve, LEVEL)
            auc = curve.value
            weight = inverse_weights(found.probability[found.observed], found.observed.mean(), 0.01).weight
        row |= {
            "n_effective": _kish(weight, None if code is None else code[mask]),
            "max_weight": float(weight.max()) if count else np.nan,
            "auc": auc,
            "low": low,
            "high": high,
            "p_value": p_value,
        }
        rows.append(row)
    frame = pd.DataFrame(rows)
    leads = sorted(set(lead.values()))
    adjusted = dict(zip(leads, adjust_p(frame["p_value"].to_numpy(dtype=float)[leads]), strict=True))
    frame["p_adjusted"] = [adjusted[lead[t]] for t in range(len(frame))]
    frame["flag"] = [_flag(row, asked) for row in frame.to_dict("records")]
    return frame


def _flag(row: dict[str, Any], asked: bool) -> str:
    if row["observed"] == 0:
        return EMPTY
    if row["missing"] == 0:
        return COMPLETE
    if not asked:
        return NOT_ASKED
    if not np.isfinite(row["p_value"]):
        return TOO_FEW
    return PREDICTABLE if row["auc"] > 0.5 and row["p_adjusted"] <= 1 - LEVEL else NOT_SEEN


def _kish(weight: Array, code: IntArray | None) -> float:
    """Effective sample size (Σ w)² / Σ w², of groups by the sums of their weights."""
    if not len(weight):
        return 0.0
    units = weight if code is None else np.bincount(code, weights=weight)
    return float(units.sum() ** 2 / np.sum(units**2))


def _together(observed: Observed, code: IntArray | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts of rows with two outcomes, and of the patterns; of groups where a row has one task only."""
    mask = observed.mask
    if observed.form == "rows" and code is not None:
        of_group = np.zeros((int(code.max()) + 1, observed.n_tasks), dtype=bool)
        rows, tasks = np.nonzero(mask)
        of_group[code[rows], tasks] = True
        mask = of_group
    counts = mask.T.astype(np.int64) @ mask.astype(np.int64)
    names = list(observed.names)
    kinds, frequency = np.unique(mask, axis=0, return_counts=True)
    order = np.lexsort((-kinds.sum(axis=1), -frequency))
    # Beside the columns of the outcomes, which may have any names, the counts stand in the index.
    index = pd.MultiIndex.from_arrays([frequency[order], frequency[order] / len(mask)], names=["count", "share"])
    return (
        pd.DataFrame(counts, index=pd.Index(names, tupleize_cols=False), columns=pd.Index(names, tupleize_cols=False)),
        pd.DataFrame(kinds[order], index=index, columns=pd.Index(names, tupleize_cols=False)),
    )


__all__ = ["missingness_report"]
