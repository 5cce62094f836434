"""Net benefit of acting on predicted probabilities: decision curves per outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skmtl.exceptions import InvalidParameterError
from skmtl.metrics._binary import read_binary

if TYPE_CHECKING:
    import pandas as pd

# A prediction of 0.3 is at the threshold 0.1 * 3, which is more than that by its rounding.
_ROUNDING = 1e-12


def net_benefit(
    y_true: Any,
    y_proba: Any,
    thresholds: Any = None,
    *,
    task: Any = None,
    sample_weight: Any = None,
    pos_label: Any = None,
    labels: Any = None,
) -> pd.DataFrame:
    r"""Net benefit per binary outcome of treating those whose probability reaches a threshold.

    Who treats at the threshold c holds one untreated event as bad as (1 - c) / c needless treatments. For task t, with
    observed entries i and weights s of total :math:`S_t`,

    .. math::

        \mathrm{NB}_t(c) = \frac{1}{S_t} \sum_i s_{it} 1[\hat p_{it} \ge c]
        \left( y_{it} - (1 - y_{it}) \frac{c}{1 - c} \right)

    in units of events treated per patient. Treating all has :math:`\bar y - (1 - \bar y) c / (1 - c)`, treating none 0.
    A model is of use at c if it is above both.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    thresholds : array-like of shape (C,), optional
        Probabilities in [0, 1); 0.01, 0.02, ..., 0.99 by default. Look at those at which a doctor might act.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_proba`` has a column
        per class and ``y_true`` does not show every class.

    Returns
    -------
    DataFrame
        One row per outcome and threshold: ``outcome``, ``threshold``, ``n``, ``events``, ``net_benefit``,
        ``treat_all``, ``treat_none``, and ``treated``, the weighted share at or above the threshold. nan where an
        outcome has no entry, or where it is not known what an event is.

    Raises
    ------
    TaskDataError
        The arguments do not fit together; the message names the argument, the task and the cure.
    InvalidParameterError
        A threshold is outside [0, 1).

    Notes
    -----
    Not for a case-control sample, whose share of events is not that of patients: give weights that restore it. And not
    the threshold with the greatest net benefit as the one to act at: the threshold says what harm weighs, it is chosen
    before.

    References
    ----------
    A. J. Vickers and E. B. Elkin (2006). Decision curve analysis: a novel method for evaluating prediction models.
    Medical Decision Making 26(6), 565-574.

    Examples
    --------
    At 20% the model spares two of five patients the treatment and misses nobody:

    >>> from skmtl.metrics import net_benefit
    >>> found = net_benefit([0, 0, 1, 0, 1], [0.1, 0.05, 0.6, 0.3, 0.8], thresholds=[0.2, 0.5])
    >>> found[["threshold", "treated", "net_benefit", "treat_all"]].round(2)
       threshold  treated  net_benefit  treat_all
    0        0.2      0.6         0.35       0.25
    1        0.5      0.4         0.40      -0.20
    """
    outcomes = read_binary(
        "net_benefit",
        y_true,
        y_proba,
        task=task,
        sample_weight=sample_weight,
        pos_label=pos_label,
        labels=labels,
    )
    cuts = _read_thresholds(thresholds)
    odds = cuts / (1 - cuts)
    pieces = []
    for t, name in enumerate(outcomes.targets.names):
        event, probability, weight = outcomes.event[t], outcomes.probability[t], outcomes.weight(t)
        columns: dict[str, Any] = {"n": len(event), "events": int(event.sum())}
        if len(event) and outcomes.known[t]:
            share = weight / weight.sum()
            order = np.argsort(probability, kind="stable")
            # Sums over entries at or above a threshold are the total less those below it.
            below = np.searchsorted(probability[order], cuts - _ROUNDING, side="left")
            true_positive = _sums_from(share[order] * event[order], below)
            false_positive = _sums_from(share[order] * (1 - event[order]), below)
            rate = share @ event
            columns |= {
                "net_benefit": true_positive - odds * false_positive,
                "treat_all": rate - odds * (share @ (1 - event)),
                "treat_none": 0.0,
                "treated": true_positive + false_positive,
            }
        else:
            columns |= dict.fromkeys(("net_benefit", "treat_all", "treat_none", "treated"), np.nan)
        pieces.append((name, columns))
    return _frame(pieces, cuts)


def _sums_from(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sum of ``values[start:]`` for each start."""
    return np.append(np.cumsum(values[::-1])[::-1], 0.0)[starts]


def _frame(pieces: list[tuple[object, dict[str, Any]]], cuts: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for name, columns in pieces:
        part = pd.DataFrame({"threshold": cuts, **columns})
        part.insert(0, "outcome", [name] * len(cuts))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _read_thresholds(thresholds: Any) -> np.ndarray:
    if thresholds is None:
        return np.arange(1, 100) / 100
    try:
        cuts = np.atleast_1d(np.asarray(thresholds, dtype=float))
    except (TypeError, ValueError):
        cuts = np.array([np.nan])
    if cuts.ndim != 1 or not cuts.size or not ((cuts >= 0) & (cuts < 1)).all():
        raise InvalidParameterError(
            f"thresholds={thresholds!r} is not a list of probabilities: give numbers of at least 0 and less than 1."
        )
    return cuts


__all__ = ["net_benefit"]
