"""What a `Comparison` can write about itself beyond its tables: coefficients over folds, and a page for others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skmtl.exceptions import InvalidParameterError
from skmtl.model_selection._compare_candidates import INNER_FOLDS
from skmtl.model_selection._compare_coefficients import mean_coefficients


class Reported:
    """Coefficients and the HTML page of a comparison."""

    baseline: str
    outcomes: Any
    fitted: Any
    features: Any
    asked: Any

    def coefficients(self) -> Any:
        """Coefficients of every linear model: mean over the models of the folds, and how often they are not zero.

        Coefficients are in units of the outcome (of its log odds or log rate, where it is a class or a count) per unit
        of the feature as the model got it, after the preprocessor. A feature that the training rows of a fold did not
        have, such as a rare label, counts as 0 there.

        Returns
        -------
        DataFrame, one row per estimator, outcome and feature
            Columns estimator, outcome, channel (0; of outcomes with a coefficient for every class the position of the
            class), feature, mean, n_selected (folds in which it is not 0), n_folds. Estimators without coefficients
            have no rows.

        Raises
        ------
        InvalidParameterError
            The fitted estimators were not kept.
        """
        if self.fitted is None:
            raise InvalidParameterError(
                "This comparison did not keep its fitted estimators: call compare(..., return_estimator=True)."
            )
        features = [] if self.features is None else self.features["feature"].tolist()
        return mean_coefficients(self.fitted, self.outcomes["outcome"].tolist(), features)

    def to_html(
        self,
        path: str | Path | None = None,
        *,
        title: str = "Did sharing between outcomes help?",
        units: Mapping[Any, str] | None = None,
        command: str | None = None,
        baseline: str | None = None,
        interval: str = "bootstrap",
        adjust: str | None = "holm",
        alpha: float = 0.05,
        n_resamples: int = 4999,
        random_state: int = 0,
    ) -> str:
        """One page about the comparison: words, data, methods, gains, coefficients, calibration, warnings, versions.

        The page is one file that needs no network and runs no script; all names and texts of the table are
        escaped. The same comparison gives the same page. Figures need matplotlib (``pip install "skmtl[plot]"``);
        without it the page says so and has its tables. Coefficients need ``compare(..., return_estimator=True)``.

        Parameters
        ----------
        path : str or Path, default=None
            File to write, in UTF-8. None: only the text is returned.
        title : str, default="Did sharing between outcomes help?"
        units : dict from outcome to str, default=None
            Units of numeric outcomes, ``{"ldl": "mg/dl"}``, for the table of the data.
        command : str, default=None
            What was typed, where that was not a call of `compare`.
        baseline, interval, adjust, alpha, n_resamples, random_state
            As in `Comparison.summary`.

        Returns
        -------
        str
            The page.

        Raises
        ------
        InvalidParameterError
            An option is not known, or ``units`` names something that is no outcome.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.linear_model import Ridge
        >>> from skmtl.model_selection import compare
        >>> from skmtl.multioutput import IndependentTasks, PooledTasks
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(40, 3))
        >>> Y = np.column_stack([X[:, 0], X[:, 0]]) + rng.normal(size=(40, 2))
        >>> models = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}
        >>> found = compare(X, Y, models, cv=3, random_state=0, return_estimator=True)
        >>> page = found.to_html()
        >>> page.startswith("<!DOCTYPE html>"), "http://" in page, "<script" in page
        (True, False, False)
        """
        from skmtl._report import comparison_page

        known = self.outcomes["outcome"].tolist()
        strangers = [name for name in units or {} if name not in known]
        if strangers:
            shown = ", ".join(repr(name) for name in known[:5]) + (", ..." if len(known) > 5 else "")
            raise InvalidParameterError(f"units names {strangers[0]!r}, which is no outcome: name one of {shown}.")
        registered = self.asked is not None and bool(self.asked["registered"])
        text = comparison_page(
            self,
            title=title,
            command=command,
            units=units,
            inner_folds=INNER_FOLDS if registered else None,
            options={
                "baseline": self.baseline if baseline is None else baseline,
                "interval": interval,
                "adjust": adjust,
                "alpha": alpha,
                "n_resamples": n_resamples,
                "random_state": random_state,
            },
        )
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text


__all__ = ["Reported"]
