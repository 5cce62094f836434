"""P values of many outcomes judged together, and the word for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError

HELPED, HURT, UNCLEAR = "helped", "hurt", "no evidence"
ADJUSTMENTS = ("holm", "fdr_bh", None)


def adjust_p(p: Sequence[float] | Array, method: str | None = "holm") -> Array:
    """P values adjusted for their number.

    With p_(1) ≤ ... ≤ p_(m), Holm's [1]_ are max_{j ≤ i} min(1, (m - j + 1) p_(j)), and rejecting those below α is
    wrong anywhere with probability α at most, however the tests depend on each other. Those of Benjamini and
    Hochberg [2]_ are min_{j ≥ i} min(1, m p_(j) / j): of those rejected, a share of α at most is expected to be wrong
    (tests independent or positively dependent).

    Parameters
    ----------
    p : array-like of shape (m,)
        NaN where there was no test; it stays NaN and does not count.
    method : {"holm", "fdr_bh"} or None, default="holm"
        None: as they are.

    Returns
    -------
    ndarray of shape (m,)

    References
    ----------
    .. [1] S. Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
           Statistics 6, 65-70.
    .. [2] Y. Benjamini and Y. Hochberg (1995). Controlling the false discovery rate. Journal of the Royal
           Statistical Society B 57, 289-300.

    Examples
    --------
    >>> adjust_p([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    if method not in ADJUSTMENTS:
        raise InvalidParameterError(f"adjust has to be 'holm', 'fdr_bh' or None. Got {method!r} instead.")
    adjusted = np.array(p, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(adjusted))
    if method is None or not tested.size:
        return adjusted
    order = tested[np.argsort(adjusted[tested], kind="stable")]
    rank = np.arange(1, len(order) + 1)
    if method == "holm":
        steps = np.maximum.accumulate((len(order) - rank + 1) * adjusted[order])
    else:
        steps = np.minimum.accumulate((len(order) / rank * adjusted[order])[::-1])[::-1]
    adjusted[order] = np.minimum(steps, 1)
    return adjusted


def verdicts(gain: Array, p_adjusted: Array, alpha: float) -> list[str]:
    """The word for each gain: its sign where its adjusted p value is below ``alpha``, else "no evidence".

    Parameters
    ----------
    gain, p_adjusted : ndarray of shape (m,)
        NaN where there was no test: no evidence.
    alpha : float in (0, 1)

    Returns
    -------
    list of {"helped", "hurt", "no evidence"}
    """
    clear = (p_adjusted < alpha) & (gain != 0)
    return [(HELPED if g > 0 else HURT) if sure else UNCLEAR for g, sure in zip(gain, clear, strict=True)]


__all__ = ["ADJUSTMENTS", "HELPED", "HURT", "UNCLEAR", "adjust_p", "verdicts"]
