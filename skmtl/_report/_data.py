"""What was compared on: rows, outcomes with what is missing of them, features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from skmtl._report._page import Html, Names, Section, number, several, table, tag

_LISTED = 30
_KINDS = {"numeric": "number", "binary": "yes/no", "classes": "classes", "count": "count"}


def data_section(found: Any, names: Names, units: Mapping[Any, str]) -> Section:
    """Counts in words, a row per outcome, and which features have gaps.

    Parameters
    ----------
    found : Comparison
    names : Names
        Of the outcomes.
    units : dict from outcome to its unit
    """
    body = [*_in_words(found), _outcomes(found, names, units), *_gaps(found)]
    return Section("data", "Data and what is missing", body)


def _rows(found: Any) -> int | None:
    return None if found.asked is None else int(found.asked["n_rows"])


def _by_rows(found: Any) -> bool:
    return found.asked is not None and bool(found.asked["by_rows"])


def _in_words(found: Any) -> list[Html]:
    """Rows, features, outcomes, and how complete the rows are."""
    n, outcomes = _rows(found), found.outcomes
    counted = several(len(outcomes), "place") if _by_rows(found) else several(len(outcomes), "outcome")
    parts = [several(n, "row")] if n is not None else []
    if found.groups is not None:
        parts.append(f"{pd.Series(found.groups).nunique(dropna=False)} groups of rows")
    if found.features is not None:
        parts.append(several(len(found.features), "feature"))
    said = [tag("p", ", ".join([*parts, counted]), ".")]
    if n is None or _by_rows(found):
        return said
    observed = int(outcomes["observed"].sum())
    missing = n * len(outcomes) - observed
    if not missing:
        return [*said, tag("p", "No outcome is missing anywhere.")]
    text = f"{missing} of {n * len(outcomes)} outcome values ({missing / (n * len(outcomes)):.1%}) are not observed"
    complete = _complete(found, n)
    return [*said, tag("p", text + (f": {complete}." if complete else "."))]


def _complete(found: Any, n: int) -> str:
    """Rows with every outcome and with none, where every row was tested in some fold."""
    first = found.predictions[found.predictions["estimator"] == found.estimators[0]]
    there = first.drop_duplicates(["row", "outcome"]).groupby("row")["y_true"].agg(lambda y: int(y.notna().sum()))
    if len(there) < n or len(found.outcomes) < 2:
        return ""
    every, none = int((there == len(found.outcomes)).sum()), int((there == 0).sum())
    return f"{several(every, 'row')} with every outcome, {none} with none"


def _outcomes(found: Any, names: Names, units: Mapping[Any, str]) -> Html:
    n, by_rows = _rows(found), _by_rows(found)
    heads = [("Place" if by_rows else "Outcome", "name"), ("Kind", "plain")]
    if units:
        heads.append(("Unit", "plain"))
    heads.append(("Observed", "n"))
    told_missing = n is not None and not by_rows
    if told_missing:
        heads.append(("Missing", "n"))
    events = bool((found.outcomes["kind"] == "binary").any())
    if events:
        heads += [("Event", "plain"), ("Events", "n")]
    heads.append(("Fewest in a training part", "n"))
    fewest = found.folds.groupby("outcome", sort=False)["n_train"].min()
    rows = []
    for row in found.outcomes.itertuples():
        cells: list[Any] = [names.whole(row.outcome), _KINDS.get(row.kind, row.kind)]
        if units:
            cells.append(tag("bdi", units.get(row.outcome, "")))
        cells.append(str(row.observed))
        if told_missing:
            assert n is not None
            cells.append(f"{n - row.observed} ({(n - row.observed) / n:.0%})")
        if events:
            binary = row.kind == "binary"
            cells.append(tag("bdi", _label(row.event)) if binary else "-")
            cells.append(f"{row.events} ({row.events / max(row.observed, 1):.0%})" if binary else "-")
        cells.append(str(fewest.get(row.outcome, "-")))
        rows.append([cells])
    return table("Places" if by_rows else "Outcomes", heads, rows)


def _label(event: Any) -> str:
    """The label of the event; a number without decimals that it does not have."""
    return number(event) if isinstance(event, float) else str(event)


def _gaps(found: Any) -> list[Html]:
    """Names of the features, and which have missing values."""
    if found.features is None:
        return []
    labels = Names(found.features["feature"])
    listed = [[", " if k else "", labels.short(name)] for k, name in enumerate(found.features["feature"][:_LISTED])]
    more = len(found.features) - _LISTED
    body = [tag("h3", "Features"), tag("p", listed, f" and {more} more" if more > 0 else "", ".")]
    missing = found.features["missing"]
    if missing.isna().any():
        return body
    gaps = found.features[missing > 0].sort_values("missing", ascending=False, kind="stable")
    if gaps.empty:
        return [*body, tag("p", "No feature has missing values.")]
    told = [
        [", " if k else "", labels.short(row.feature), f" ({row.missing} of {_rows(found)})"]
        for k, row in enumerate(gaps.head(_LISTED).itertuples())
    ]
    rest = f" and {len(gaps) - _LISTED} more" if len(gaps) > _LISTED else ""
    have = "has" if len(gaps) == 1 else "have"
    return [*body, tag("p", f"{several(len(gaps), 'feature')} {have} rows without a value: ", told, rest, ".")]


__all__ = ["data_section"]
