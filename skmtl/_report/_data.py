"""What was compared on: rows, outcomes with what is missing of them, features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from skmtl._report._drawings import draw_missingness
from skmtl._report._figures import figure
from skmtl._report._page import Html, Names, Section, number, several, table, tag

_LISTED = 30
_KINDS = {"numeric": "number", "binary": "yes/no", "classes": "classes", "count": "count"}


def data_section(found: Any, names: Names, units: Mapping[Any, str], no_figures: Html | None) -> Section:
    """Counts in words, a row per outcome, which are observed together, and which features have gaps.

    Parameters
    ----------
    found : Comparison
    names : Names
        Of the outcomes.
    units : dict from outcome to its unit
    no_figures : Html or None
        What stands in place of the figures.
    """
    patterns = _patterns(found)
    body = [
        *_in_words(found, patterns),
        _outcomes(found, names, units),
        no_figures if no_figures is not None or patterns is None else _figure(patterns, names),
        *_gaps(found),
    ]
    return Section("data", "Data and what is missing", body)


def _rows(found: Any) -> int | None:
    return None if found.asked is None else int(found.asked["n_rows"])


def _by_rows(found: Any) -> bool:
    return found.asked is not None and bool(found.asked["by_rows"])


def _in_words(found: Any, patterns: Any) -> list[Html]:
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
    complete = "" if patterns is None else _complete(patterns)
    return [*said, tag("p", text + (f": {complete}." if complete else "."))]


def _patterns(found: Any) -> Any:
    """How many rows have which outcomes, the commonest first; None where it is not known or nothing is missing.

    It is known where every row was tested in some fold.
    """
    n = _rows(found)
    if n is None or _by_rows(found) or len(found.outcomes) < 2:
        return None
    first = found.predictions[found.predictions["estimator"] == found.estimators[0]]
    place = {outcome: t for t, outcome in enumerate(found.outcomes["outcome"])}
    row, labels = pd.factorize(first["row"])
    seen = np.zeros((len(labels), len(place)), dtype=bool)
    # With repeated folds an entry comes several times, each time the same.
    seen[row, [place[outcome] for outcome in first["outcome"]]] = first["y_true"].notna()
    if len(seen) < n or seen.all():
        return None
    rows, counts = np.unique(seen, axis=0, return_counts=True)
    order = np.lexsort((-rows.sum(axis=1), -counts))
    names = pd.Index(list(place), tupleize_cols=False)
    return pd.DataFrame(rows[order], columns=names, index=pd.Index(counts[order], name="count"))


def _complete(patterns: Any) -> str:
    """Rows with every outcome and with none."""
    counts, seen = patterns.index.to_numpy(), patterns.to_numpy()
    every, none = int(counts[seen.all(axis=1)].sum()), int(counts[~seen.any(axis=1)].sum())
    return f"{several(every, 'row')} with every outcome, {none} with none"


def _figure(patterns: Any, names: Names) -> Html | None:
    """Which outcomes are missing together; the commonest patterns in words for those who cannot see it."""
    total = int(patterns.index.to_numpy().sum())
    several_patterns = several(len(patterns), "pattern")
    common = patterns.index[0]
    lacking = [name for name, there in zip(patterns.columns, patterns.to_numpy()[0], strict=True) if not there]
    without = f"{len(lacking)} of {patterns.shape[1]} outcomes missing" if lacking else "every outcome observed"
    alt = (
        f"Which outcomes are observed together: {several_patterns} in {total} rows, the commonest in {common} rows "
        f"({common / total:.0%}) with {without}. Counts for each outcome are in the table."
    )
    shown = [[", " if k else "", names.short(name)] for k, name in enumerate(lacking[:_LISTED])]
    more = f" and {len(lacking) - _LISTED} more" if len(lacking) > _LISTED else ""
    caption = [
        "Which outcomes are observed together: a line is a pattern, dark where the outcome was observed. The "
        f"commonest of {several_patterns}, in {common} of {total} rows, has ",
        ["no ", shown, more, "."] if lacking else "every outcome.",
    ]
    return figure(lambda: draw_missingness(patterns), "figure-missing", alt, caption)


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
            cells.append(f"{n - row.observed} ({_share(n - row.observed, n)})")
        if events:
            binary = row.kind == "binary"
            cells.append(tag("bdi", _label(row.event)) if binary else "-")
            cells.append(f"{row.events} ({_share(row.events, row.observed)})" if binary else "-")
        cells.append(str(fewest.get(row.outcome, "-")))
        rows.append([cells])
    return table("Places" if by_rows else "Outcomes", heads, rows)


def _share(part: int, whole: int) -> str:
    """Percent that is 0 or 100 only where it is."""
    said = f"{part / max(whole, 1):.0%}"
    return "<1%" if said == "0%" and part else ">99%" if said == "100%" and part < whole else said


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
