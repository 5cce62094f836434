"""HTML out of Python: everything is text, and escaped, until it has been made into an element."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

# Elements that have no content and no end.
_VOID = {"br", "meta"}
# What no page can show: control characters but tab, newline and return, and characters that are none.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class Html(str):
    """Text that is markup already. Sums and formats of it are plain strings again, which are escaped."""


def escape(text: Any) -> str:
    """Text as it stands in a page or in a quoted attribute."""
    shown = _UNSHOWABLE.sub("\ufffd", str(text))
    # Half a surrogate pair is no character, and could not be written to a file.
    return html.escape(shown.encode("utf-8", "replace").decode("utf-8"), quote=True)


def tag(element: str, *children: Any, **attributes: Any) -> Html:
    """One element.

    Parameters
    ----------
    element : str
        Its name: written in the code, never by a user.
    *children
        `Html` is taken as it is; None is left out; lists and generators are flattened; all else is escaped.
    **attributes
        Escaped. None and False leave the attribute out, True gives one without a value. ``class_`` is ``class``, and
        ``aria_label`` is ``aria-label``.

    Returns
    -------
    Html

    Examples
    --------
    >>> tag("p", "a < b: ", tag("b", "<script>"), title='"')
    '<p title="&quot;">a &lt; b: <b>&lt;script&gt;</b></p>'
    """
    given = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        given.append(f" {name}" if value is True else f' {name}="{escape(value)}"')
    start = f"<{element}{''.join(given)}>"
    return Html(start) if element in _VOID else Html(f"{start}{join(children)}</{element}>")


def join(children: Iterable[Any]) -> Html:
    """Elements and texts one after the other."""
    return Html("".join(_child(child) for child in children))


def _child(child: Any) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str) or not isinstance(child, Iterable):
        return escape(child)
    return join(child)


__all__ = ["Html", "escape", "join", "tag"]
