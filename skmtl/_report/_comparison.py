"""The page of a comparison: its sections in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skmtl._report._calibration import calibration_section
from skmtl._report._coefficients import coefficients_section
from skmtl._report._data import data_section
from skmtl._report._figures import HOW_TO_GET, can_draw
from skmtl._report._fits import fits_section
from skmtl._report._gains import gain_section, outcomes_section
from skmtl._report._headline import headline
from skmtl._report._methods import methods_section
from skmtl._report._origin import origin_section
from skmtl._report._page import Names, page, several, tag


def comparison_page(
    found: Any,
    *,
    title: str,
    command: str | None = None,
    units: Mapping[Any, str] | None = None,
    inner_folds: int | None = None,
    options: dict[str, Any],
) -> str:
    """A whole HTML page about a comparison.

    Parameters
    ----------
    found : Comparison
    title : str
    command : str or None
        What was typed; None: the call of `compare` is written out.
    units : dict from outcome to its unit, or None
    inner_folds : int or None
        Folds by which registered models choose their strength, where there are such models.
    options : dict
        ``baseline``, ``interval``, ``adjust``, ``alpha``, ``n_resamples`` and ``random_state`` of its summary.

    Returns
    -------
    str
    """
    summary, overall = found.summary(**options), found.overall(**options)
    names = Names(found.outcomes["outcome"])
    no_figures = None if can_draw() else tag("p", HOW_TO_GET)
    sections = [
        data_section(found, names, units or {}, no_figures),
        methods_section(found, options, inner_folds),
        outcomes_section(found, summary, options, names),
        gain_section(summary, overall, options, no_figures),
        coefficients_section(found, names, no_figures),
        calibration_section(found, names, no_figures),
        fits_section(found, names),
        origin_section(found, command),
    ]
    n_models = several(len(found.estimators), "model")
    n_outcomes = several(len(found.outcomes), "outcome")
    folds = several(found.folds["fold"].nunique(), "fold")
    intro = [
        tag("p", f"{n_models} compared on {n_outcomes} and {folds}", class_="quiet"),
        headline(found, summary, overall, options, names),
    ]
    footer = tag("p", "Made by skmtl from out-of-fold predictions. The same comparison gives the same page.")
    return page(title, intro, sections, footer)


__all__ = ["comparison_page"]
