"""Calibration of every outcome in one table: slope, intercept and error with intervals, and the Brier score's parts."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri
from sklearn.utils import check_random_state

from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics._binary import BinaryOutcomes, read_binary
from skmtl.metrics._calibration import check_bins
from skmtl.metrics._calibration_bins import brier_parts, calibration_error
from skmtl.metrics._evaluate import NO_ENTRIES
from skmtl.metrics._recalibrate import log_odds, recalibrate, separated
from skmtl.metrics._table import missing_cells, plain_column, read_table

if TYPE_CHECKING:
    import pandas as pd


def calibration_table(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    groups: Any = None,
    n_bins: int | None = 10,
    confidence: float = 0.95,
    n_bootstrap: int = 500,
    random_state: Any = 0,
    pos_label: Any = None,
    labels: Any = None,
) -> pd.DataFrame:
    r"""How well each outcome's probabilities are calibrated, with intervals: one row per outcome.

    The slope and the intercept are those of `calibration_slope` and `calibration_intercept` with Wald intervals

    .. math::

        \hat b_t \pm z_{1 - \alpha / 2} \, \mathrm{se}(\hat b_t)

    from the information matrix or, with weights or groups, from the sandwich. The interval of the
    calibration error e is from :math:`\max(0, 2 e - q)` to q, with the quantile q of level :math:`1 - \alpha / 2` of
    errors resampled over rows (groups): the upper end of the percentile interval, and the lower end of the basic one
    (Davison and Hinkley 1997, 5.2-5.3). Either interval alone covers too rarely: a resample has the upward bias of e
    once more, so that percentiles lie too high, and turned around they reach up too little.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label, kept off 0 and 1 by the machine precision.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    groups : array-like of shape (n,), optional
        Rows with the same value (patient) are not independent: they are resampled, and summed, together. With rows of
        one group only an outcome has no intervals.
    n_bins : int or None, default=10
        Bins of equal weight; equal predictions share one, so that there may be fewer. None makes one bin per distinct
        prediction.
    confidence : float in (0, 1), default=0.95
        Level 1 - alpha of the intervals.
    n_bootstrap : int, default=500
        Resamples for the interval of the calibration error, and simulations of perfect calibration; 0 leaves both out.
    random_state : int, RandomState instance or None, default=0
        Draws the resamples.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_proba`` has a column
        per class and ``y_true`` does not show every class.

    Returns
    -------
    DataFrame
        Index "outcome". Columns: ``n`` (entries), ``events``, ``observed`` (weighted share of events), ``predicted``
        (mean probability), ``o_over_e`` (their ratio), ``slope``, ``slope_low``, ``slope_high``, ``intercept``,
        ``intercept_low``, ``intercept_high``, ``ece``, ``ece_low``, ``ece_high``, ``ece_if_calibrated`` (mean error of
        outcomes drawn from the probabilities themselves: what chance alone gives), the columns of
        `brier_decomposition`, and ``undefined``: why a slope, an intercept or an interval is nan, else an empty string.

    Raises
    ------
    TaskDataError
        The arguments do not fit together; the message names the argument, the task and the cure.
    InvalidParameterError
        A parameter is out of range.

    Notes
    -----
    Outcomes without an event, with nothing else, or with predictions that separate them, are told in ``undefined``
    and have nan, without a warning: a table of many outcomes has some.

    Not for a verdict by the calibration error alone; compare it with ``ece_if_calibrated``. The Wald interval of the
    slope is rough below 20 events.

    References
    ----------
    B. Van Calster, D. J. McLernon, M. van Smeden, L. Wynants and E. W. Steyerberg (2019). Calibration: the Achilles
    heel of predictive analytics. BMC Medicine 17, 230.

    A. C. Davison and D. V. Hinkley (1997). Bootstrap Methods and their Application. Cambridge.

    J. Bröcker and L. A. Smith (2007). Increasing the reliability of reliability diagrams. Weather and Forecasting 22,
    651-661.

    Examples
    --------
    The first outcome is predicted as it is, the second with log-odds twice as extreme:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.metrics import calibration_table
    >>> rng = np.random.default_rng(0)
    >>> eta = rng.normal(size=(2000, 2)) - 1
    >>> Y = pd.DataFrame(rng.random((2000, 2)) < 1 / (1 + np.exp(-eta)), columns=["death", "stroke"])
    >>> found = calibration_table(Y, 1 / (1 + np.exp(-eta * [1, 2])))
    >>> found[["slope", "slope_low", "slope_high", "ece", "ece_if_calibrated"]].round(2)
             slope  slope_low  slope_high   ece  ece_if_calibrated
    outcome
    death     0.97       0.85        1.09  0.02               0.02
    stroke    0.49       0.43        0.55  0.11               0.02
    """
    check_bins(n_bins)
    if not isinstance(confidence, Real) or not 0 < confidence < 1:
        raise InvalidParameterError(f"confidence={confidence!r} is not a level: give a number between 0 and 1.")
    if isinstance(n_bootstrap, bool) or not isinstance(n_bootstrap, Integral) or n_bootstrap < 0:
        raise InvalidParameterError(
            f"n_bootstrap={n_bootstrap!r} is not a number of resamples: give an int, 0 for none."
        )
    outcomes = read_binary(
        "calibration_table",
        y_true,
        y_proba,
        task=task,
        sample_weight=sample_weight,
        pos_label=pos_label,
        labels=labels,
    )
    group = _read_groups(groups, outcomes.targets.n_rows)
    # One seed for all outcomes: the row of an outcome does not depend on which others stand beside it.
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    rows = []
    for t in range(outcomes.targets.n_tasks):
        members = None if group is None else group[outcomes.targets.rows[t]]
        row = _fit_columns(outcomes, t, members, float(ndtri(0.5 + confidence / 2)))
        why = row.pop("undefined")
        row |= _error_columns(outcomes, t, members, n_bins, confidence, n_bootstrap, seed)
        rows.append(row | _brier_columns(outcomes, t, n_bins) | {"undefined": why})
    return _frame(rows, outcomes)


def brier_decomposition(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    n_bins: int | None = 10,
    pos_label: Any = None,
    labels: Any = None,
) -> pd.DataFrame:
    r"""The Brier score of each binary outcome as a sum of its parts.

    With entries in bins k of weight :math:`w_k`, mean prediction :math:`\bar p_k` and share of events
    :math:`\bar y_k`, the overall share :math:`\bar y` and :math:`W = \sum_k w_k`

    .. math::

        \mathrm{BS} = \underbrace{\tfrac1W \sum_k w_k (\bar p_k - \bar y_k)^2}_{\text{reliability}}
        - \underbrace{\tfrac1W \sum_k w_k (\bar y_k - \bar y)^2}_{\text{resolution}}
        + \underbrace{\bar y (1 - \bar y)}_{\text{uncertainty}}
        + \underbrace{\tfrac1W \sum_{ki} s_i (p_i - \bar p_k)^2}_{\text{within-bin variance}}
        - \underbrace{\tfrac2W \sum_{ki} s_i (y_i - \bar y_k)(p_i - \bar p_k)}_{\text{within-bin covariance}}

    Murphy's (1973) three terms are exact where all predictions in a bin are equal; the last two (Stephenson, Coelho and
    Jolliffe 2008) make the identity exact for any bins.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label, kept off 0 and 1 by the machine precision.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    n_bins : int or None, default=10
        Bins of equal weight; equal predictions share one, so that there may be fewer. None makes one bin per distinct
        prediction.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_proba`` has a column
        per class and ``y_true`` does not show every class.

    Returns
    -------
    DataFrame
        Index "outcome", columns ``brier``, ``reliability`` (0 is calibrated), ``resolution`` (more is better),
        ``uncertainty``, ``within_variance``, ``within_covariance``. An outcome without entries, or of which it is not
        known what an event is, has nan.

    Raises
    ------
    TaskDataError
        The arguments do not fit together; the message names the argument, the task and the cure.
    InvalidParameterError
        ``n_bins`` is not a positive int or None.

    Notes
    -----
    Not for small outcomes with many bins: reliability and resolution then both hold the noise of the rates.

    References
    ----------
    A. H. Murphy (1973). A new vector partition of the probability score. Journal of Applied Meteorology 12, 595-600.

    D. B. Stephenson, C. A. S. Coelho and I. T. Jolliffe (2008). Two extra components in the Brier score decomposition.
    Weather and Forecasting 23, 752-757.

    Examples
    --------
    >>> from skmtl.metrics import brier_decomposition
    >>> y_true = [0, 0, 0, 1, 1, 1, 0, 1]
    >>> y_proba = [0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8]
    >>> parts = brier_decomposition(y_true, y_proba).loc[0]
    >>> print(parts[["brier", "reliability", "resolution", "uncertainty"]].round(4).to_dict())
    {'brier': 0.2, 'reliability': 0.0125, 'resolution': 0.0625, 'uncertainty': 0.25}
    """
    check_bins(n_bins)
    outcomes = read_binary(
        "brier_decomposition",
        y_true,
        y_proba,
        task=task,
        sample_weight=sample_weight,
        pos_label=pos_label,
        labels=labels,
    )
    return _frame([_brier_columns(outcomes, t, n_bins) for t in range(outcomes.targets.n_tasks)], outcomes)


def _frame(rows: list[dict[str, Any]], outcomes: BinaryOutcomes) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, index=pd.Index(list(outcomes.targets.names), name="outcome", tupleize_cols=False))


def _no_events_known(outcomes: BinaryOutcomes, t: int) -> str | None:
    return outcomes.unknown_label(t) if len(outcomes.event[t]) else NO_ENTRIES


def _fit_columns(outcomes: BinaryOutcomes, t: int, members: np.ndarray | None, z: float) -> dict[str, Any]:
    event, probability, weight = outcomes.event[t], outcomes.probability[t], outcomes.weight(t)
    row: dict[str, Any] = {"n": len(event), "events": int(event.sum())}
    for name in ("observed", "predicted", "o_over_e"):
        row[name] = np.nan
    for name in ("slope", "intercept"):
        row |= {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    why = _no_events_known(outcomes, t)
    if why is not None:
        return row | {"undefined": why}
    row["observed"], row["predicted"] = np.average(event, weights=weight), np.average(probability, weights=weight)
    row["o_over_e"] = row["observed"] / row["predicted"] if row["predicted"] > 0 else np.nan
    why = outcomes.one_class(t)
    if why is None:
        score, given = log_odds(probability), outcomes.targets.weight_of(t)
        fit = recalibrate(event, score, given, slope=False, groups=members)
        row |= _interval("intercept", fit.intercept, z * fit.intercept_error)
        why = separated(event, score)
        if why is None:
            fit = recalibrate(event, score, given, slope=True, groups=members)
            row |= _interval("slope", fit.slope, z * fit.slope_error)
            if members is not None and (members == members[0]).all():
                why = "one group only: no interval"
    return row | {"undefined": why or ""}


def _interval(name: str, value: float, half: float) -> dict[str, float]:
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def _error_columns(
    outcomes: BinaryOutcomes,
    t: int,
    members: np.ndarray | None,
    n_bins: int | None,
    confidence: float,
    n_bootstrap: int,
    seed: int,
) -> dict[str, float]:
    nothing = {"ece": np.nan, "ece_low": np.nan, "ece_high": np.nan, "ece_if_calibrated": np.nan}
    if _no_events_known(outcomes, t) is not None:
        return nothing
    event, probability, weight = outcomes.event[t], outcomes.probability[t], outcomes.weight(t)
    error = calibration_error(event, probability, weight, n_bins)
    if n_bootstrap == 0:
        return nothing | {"ece": error}
    rng = np.random.RandomState(seed)
    unit = np.arange(len(event)) if members is None else np.unique(members, return_inverse=True)[1]
    n_units = int(unit.max()) + 1
    resampled, by_chance = np.empty(n_bootstrap), np.empty(n_bootstrap)
    for b in range(n_bootstrap):
        times = np.bincount(rng.randint(n_units, size=n_units), minlength=n_units)[unit]
        drawn = times > 0
        resampled[b] = calibration_error(event[drawn], probability[drawn], (weight * times)[drawn], n_bins)
        simulated: Array = (rng.uniform(size=len(event)) < probability).astype(float)
        by_chance[b] = calibration_error(simulated, probability, weight, n_bins)
    # One unit is the whole of every resample: that says nothing of the spread.
    high = float(np.quantile(resampled, 0.5 + confidence / 2)) if n_units > 1 else np.nan
    return {
        "ece": error,
        "ece_low": float(np.maximum(2 * error - high, 0.0)),
        "ece_high": high,
        "ece_if_calibrated": float(by_chance.mean()),
    }


def _brier_columns(outcomes: BinaryOutcomes, t: int, n_bins: int | None) -> dict[str, float]:
    if _no_events_known(outcomes, t) is not None:
        names = ("brier", "reliability", "resolution", "uncertainty", "within_variance", "within_covariance")
        return dict.fromkeys(names, np.nan)
    return brier_parts(outcomes.event[t], outcomes.probability[t], outcomes.weight(t), n_bins)


def _read_groups(groups: Any, n_rows: int) -> np.ndarray | None:
    if groups is None:
        return None
    table = read_table(groups, "groups")
    if table.values.shape != (n_rows, 1):
        raise TaskDataError(f"groups has the shape {table.shape} but y_true has {n_rows} rows: give one value per row.")
    missing = missing_cells(table.values[:, 0])
    if missing.any():
        raise TaskDataError(
            f"groups has no value in row {int(np.argmax(missing))}: give every row its group, or drop the row."
        )
    return plain_column(table.values[:, 0], "groups")


__all__ = ["brier_decomposition", "calibration_table"]
