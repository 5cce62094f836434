"""Figures inside the page: SVG that refers to nothing outside it and whose text is text."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from skmtl._html import Html, escape, tag

HOW_TO_GET = 'There are no figures: matplotlib is not installed. pip install "skmtl[plot]", and make the page again.'
# Characters that XML does not have; names of columns may hold them.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Width in pixels, and share of its own, below which a figure is not shrunk: it scrolls.
_SMALLEST, _SHRUNK = 540.0, 0.75
_LINK = "{http://www.w3.org/1999/xlink}href"
_RULES: dict[Any, Any] = {
    # Text stays text: it can be searched and copied, and the reader's browser knows more letters than one font does.
    "svg.fonttype": "none",
    "svg.hashsalt": "skmtl",
    "font.family": "sans-serif",
    # Fonts as wide as the one that labels were measured with, or narrower.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Noto Sans", "Arial", "sans-serif"],
}


def can_draw() -> bool:
    """Whether matplotlib is there."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def figure(draw: Callable[[], Any], anchor: str, alt: str, caption: Any) -> Html | None:
    """A drawing with its words, or nothing where matplotlib is missing.

    Parameters
    ----------
    draw : callable
        Draws with matplotlib and gives the figure.
    anchor : str
        Comes before every id inside, which have to differ from those of other figures on the page.
    alt : str
        What it shows, for those who cannot see it.
    caption : str or Html
    """
    if not can_draw():
        return None
    import matplotlib.pyplot as plt

    with plt.rc_context(_RULES), plt.ioff(), warnings.catch_warnings():
        # Letters that matplotlib's font lacks are drawn by the browser.
        warnings.filterwarnings("ignore", "(?s).*(Glyph|missing from|constrained_layout not applied).*")
        drawn = draw()
        out = io.StringIO()
        try:
            drawn.savefig(out, format="svg", metadata={"Date": None})
        finally:
            plt.close(drawn)
    box = tag("div", _inline(out.getvalue(), anchor, alt), class_="scroll", role="region", aria_label=alt, tabindex="0")
    return tag("figure", box, tag("figcaption", caption), id=anchor)


def _inline(svg: str, anchor: str, alt: str) -> Html:
    """An SVG file as an element of a page."""
    root = ElementTree.fromstring(_NOT_XML.sub("", svg))
    for parent in list(root.iter()):
        for child in list(parent):
            # Who made it is a list of addresses; the rules would be those of the whole page.
            if _local(child.tag) in ("metadata", "style"):
                parent.remove(child)
    # No larger than it was drawn, so that its letters are those of the page; on a phone it scrolls.
    width = float(str(root.get("width")).removesuffix("pt")) * 96 / 72
    small = max(min(width, _SMALLEST), _SHRUNK * width)
    root.set("style", f"stroke-linejoin: round; max-width: {width:.0f}px; min-width: {small:.0f}px")
    root.set("role", "img")
    root.set("aria-label", alt)
    return Html(_element(root, anchor))


def _element(node: Any, anchor: str) -> str:
    name = _local(node.tag)
    given = []
    for key, value in node.attrib.items():
        if key == _LINK:
            key = "href"
        if key == "href":
            if value.startswith("#"):
                value = f"#{anchor}-{value[1:]}"
            elif not value.startswith("data:image/png;base64,"):
                continue
        elif key.startswith("{") or key.startswith("on"):
            continue
        elif key == "id":
            value = f"{anchor}-{value}"
        else:
            value = value.replace("url(#", f"url(#{anchor}-")
        given.append(f' {key}="{escape(value)}"')
    inside = escape(node.text) if node.text and node.text.strip() else ""
    inside += "".join(_element(child, anchor) + _tail(child) for child in node)
    return f"<{name}{''.join(given)}>{inside}</{name}>"


def _tail(node: Any) -> str:
    return escape(node.tail) if node.tail and node.tail.strip() else ""


def _local(name: Any) -> str:
    return str(name).rsplit("}", 1)[-1]


__all__ = ["HOW_TO_GET", "can_draw", "figure"]
