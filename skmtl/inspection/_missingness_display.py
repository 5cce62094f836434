"""Which outcomes are observed together, how many of each, and whether the features tell: one figure."""

from __future__ import annotations

from typing import Any

from skmtl._plotting._missingness import MissingnessFigure
from skmtl.inspection._missingness import missingness_report
from skmtl.inspection._missingness_result import MissingnessReport


# Here and not beside the other displays, as it makes the report that it shows.
class MissingnessDisplay(MissingnessFigure):
    """Patterns of joint observation, entries per outcome, and how well the features tell who was measured.

    A row of the map is a pattern, the commonest first: dark where the outcome is observed. The bar beside it is how
    many rows of the table have it. Bars above are observed entries of each outcome; with features also the effective
    number under inverse-probability weights, and the AUC of a model of the missingness with its 95% interval: 0.5 if
    the features tell nothing, a diamond where they do beyond chance (Holm over outcomes).

    It says nothing of values that are missing because of what they would have been: no figure of the observed can.

    Parameters
    ----------
    patterns : DataFrame, one row per pattern
        A column per outcome, True where observed; the index holds the count of each in its level "count".
    outcomes : DataFrame, one row per outcome, optional
        Columns outcome, n_effective, auc, low, high, flag, as `MissingnessReport.to_frame` gives it.
    max_patterns : int, default 25
        Patterns to show; the others are counted in one row.
    order : {"observed", "table"}, default "observed"
        Outcomes by their number of observed entries, the greatest first; or as in the table.
    unit : str, default "rows"
        What counts are of.

    Attributes
    ----------
    ax_ : Axes
        Of the map.
    axes_ : dict from {"patterns", "counts", "observed", "auc"} to Axes
    figure_ : Figure
    image_ : AxesImage
    outcomes_ : list
        Outcomes, left to right.

    Raises
    ------
    InvalidParameterError
        A parameter is out of range, or the index has no level "count".

    See Also
    --------
    missingness_report : The numbers and the words.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.inspection import MissingnessDisplay
    >>> rng = np.random.default_rng(0)
    >>> Y = pd.DataFrame(rng.normal(size=(200, 3)), columns=["ldl", "hdl", "crp"])
    >>> Y.loc[rng.random(200) < 0.3, ["ldl", "hdl"]] = np.nan  # one tube of blood
    >>> Y.loc[rng.random(200) < 0.5, "crp"] = np.nan
    >>> display = MissingnessDisplay.from_data(Y).plot()
    >>> display.patterns.astype(int)
                 ldl  hdl  crp
    count share
    75    0.375    1    1    1
    60    0.300    1    1    0
    33    0.165    0    0    1
    32    0.160    0    0    0
    """

    @classmethod
    def from_data(
        cls,
        Y: Any,
        X: Any = None,
        *,
        task: Any = None,
        groups: Any = None,
        max_patterns: int = 25,
        order: str = "observed",
        **options: Any,
    ) -> MissingnessDisplay:
        """Make the report of a table and show it.

        Parameters
        ----------
        Y : array-like or frame of shape (n,) or (n, T)
            Outcomes; NaN, None and pandas.NA where unobserved.
        X : array-like, sparse matrix or frame of shape (n, p), optional
            Features. Without them nothing is said of predictability.
        task : array-like of shape (n,), optional
            Task of each row of a 1-D ``Y``; give ``groups`` with it, or every row is a pattern of its one task.
        groups : array-like of shape (n,), optional
            Whose rows are not independent.
        max_patterns : int, default 25
        order : {"observed", "table"}, default "observed"
        **options : dict
            Of `missingness_report`: cv, estimator, random_state.

        Returns
        -------
        MissingnessDisplay

        Raises
        ------
        TaskDataError
            The outcomes cannot be read, or rows do not match.
        """
        report = missingness_report(Y, X, task=task, groups=groups, **options)
        return cls.from_report(report, max_patterns=max_patterns, order=order)

    @classmethod
    def from_report(
        cls, report: MissingnessReport, *, max_patterns: int = 25, order: str = "observed"
    ) -> MissingnessDisplay:
        """Show a report.

        Parameters
        ----------
        report : MissingnessReport
        max_patterns : int, default 25
        order : {"observed", "table"}, default "observed"

        Returns
        -------
        MissingnessDisplay
        """
        unit = "groups" if report.by_rows and report.n_groups is not None else "rows"
        return cls(report.patterns, report.to_frame(), max_patterns=max_patterns, order=order, unit=unit)


__all__ = ["MissingnessDisplay"]
