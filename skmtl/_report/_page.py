"""The frame of a page and what its sections are made of: tables that scroll in their own box, names, numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from skmtl._html import Html, join, tag
from skmtl._plotting._style import shorten

# In sentences and beside figures a name has this many characters at most; tables and the list of outcomes wrap it.
_LONGEST = 60
# A table of so many rows is not torn apart by the end of a sheet of paper.
_UNTORN = 16
# Never by colour alone: the word is there, and a sign before it.
_VERDICTS = {"helped": ("helped", "▲ helped"), "hurt": ("hurt", "▼ hurt"), "no evidence": ("unclear", "○ no evidence")}


class Section(NamedTuple):
    """One part of a page: where links point to, its heading, and what stands there."""

    anchor: str
    title: str
    body: list[Any]


def page(title: str, intro: Any, sections: Sequence[Section], footer: Any) -> str:
    """A whole page that needs no other file."""
    css = files("skmtl._report").joinpath("page.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Nothing on the page may load or run anything, whatever it may hold.
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        ),
        tag("title", title),
        tag("style", Html(css)),
    )
    links = [tag("li", tag("a", section.title, href=f"#{section.anchor}")) for section in sections]
    body = tag(
        "body",
        tag("header", tag("h1", title), intro),
        tag("nav", tag("ol", links), aria_label="Contents"),
        tag("main", [_section(section) for section in sections]),
        tag("footer", footer),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _section(section: Section) -> Html:
    heading = f"{section.anchor}-title"
    return tag(
        "section", tag("h2", section.title, id=heading), section.body, id=section.anchor, aria_labelledby=heading
    )


class Names:
    """Names of outcomes or features as they are shown: whole in tables, cut in the middle elsewhere."""

    def __init__(self, names: Iterable[Hashable]):
        self._names = list(dict.fromkeys(names))
        # In figures a dollar sign would begin a formula; here it is one.
        short = [label.replace(r"\$", "$") for label in shorten(self._names, _LONGEST)]
        self._short = dict(zip(self._names, short, strict=True))

    def whole(self, name: Hashable) -> Html:
        """The name as it is; right-to-left names do not turn the rest of the line round."""
        return tag("bdi", name if str(name).strip() else "(no name)")

    def short(self, name: Hashable) -> Html:
        """The name, or its beginning and end with all of it in the title."""
        label = self._short.get(name, str(name))
        return tag("bdi", label, title=None if label == str(name) else str(name))


def table(
    caption: str, heads: Sequence[tuple[str, str]], groups: Iterable[Sequence[Sequence[Any]]], *, row_heads: int = 1
) -> Html:
    """A table in a box of its own, in which it scrolls where the page is narrow.

    Parameters
    ----------
    caption : str
    heads : list of (text, kind)
        Kinds: "name", "text" (wraps) or "n" (a number, to the right).
    groups : iterable of lists of rows
        Rows that stand together, and are not torn apart by the end of a sheet of paper. Only the first row of a group
        has the first cell, which spans them.
    row_heads : int, default=1
        So many first columns name what the row is about.
    """
    head = tag("thead", tag("tr", [tag("th", text, scope="col", class_=_css(kind)) for text, kind in heads]))
    bodies, groups = [], list(groups)
    for rows in groups:
        lines = []
        for k, row in enumerate(rows):
            spanned = len(heads) - len(row)
            cells = []
            for j, cell in enumerate(row, start=spanned):
                span = len(rows) if j == 0 and len(rows) > 1 else None
                scope = None if j >= row_heads else "rowgroup" if span else "row"
                cells.append(
                    tag("td" if scope is None else "th", cell, class_=_css(heads[j][1]), scope=scope, rowspan=span)
                )
            assert spanned == 0 or k > 0
            lines.append(tag("tr", cells))
        bodies.append(tag("tbody", lines, class_="keep" if 1 < len(rows) <= 24 else None))
    short = sum(len(rows) for rows in groups) <= _UNTORN
    whole = tag("table", tag("caption", caption), head, bodies, class_="keep" if short else None)
    return tag("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def _css(kind: str) -> str | None:
    return None if kind == "name" else kind


def verdict(word: str) -> Html:
    """A verdict as a word with a sign and a colour."""
    css, shown = _VERDICTS[word]
    return tag("span", shown, class_=css)


def percent(value: Any, digits: int = 1) -> str:
    """A share in percent with its sign."""
    return "-" if _none(value) else f"{value:+.{digits}f}%"


def share(value: float) -> str:
    """A level in percent with the digits that it needs: 95%, 99.9%."""
    return f"{100 * value:.4g}%"


def between(low: Any, high: Any) -> str:
    """The two ends of an interval in percent."""
    return "-" if _none(low) or _none(high) else f"{percent(low)} to {percent(high)}"


def p_value(value: Any) -> str:
    """Three decimals, and none that are not there."""
    return "-" if _none(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def number(value: Any, digits: int = 4) -> str:
    """So many digits, as few as tell something."""
    return "-" if _none(value) else f"{value:.{digits}g}"


def several(count: int, thing: str) -> str:
    """A count with its noun, in the plural where it is one."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _none(value: Any) -> bool:
    return bool(pd.isna(value)) or not np.isfinite(float(value))


__all__ = [
    "Html", "Names", "Section", "between", "join", "number", "p_value", "page", "percent", "several", "share", "table",
    "tag", "verdict",
]  # fmt: skip
