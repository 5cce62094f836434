"""Docstrings are written to be read in a terminal; this makes reStructuredText of them.

Formulas stand in Unicode, indented, between blank lines; `w_jt`, `coef_` and `|w|` stand as they are. In
reStructuredText an underscore at the end of a word is a link, a bar a substitution and an indent a quotation, so
formulas become literal blocks and those characters are escaped before numpydoc reads the text.
"""

from __future__ import annotations

import re
from typing import Any

# What is code already, with one or two backticks or as a role, stays.
_CODE = re.compile(r"(:[\w:]+:`[^`]*`|``.+?``|`[^`]+`_{0,2})")
_TRAILING = re.compile(r"(?<=[\w̄])_(?![\w`])")
_SECTION = re.compile(r"^-{3,}$")
_ENTRIES = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "Warns",
    "Other Parameters",
    "Methods",
)


def escape(line: str) -> str:
    """A line of prose whose characters mean themselves."""
    parts = _CODE.split(line)
    for k in range(0, len(parts), 2):
        text = parts[k].replace("|", r"\|").replace("*", r"\*")
        parts[k] = _TRAILING.sub(r"\\_", text)
    return "".join(parts)


def to_rst(lines: list[str]) -> list[str]:
    """The docstring with formulas as literal blocks and prose escaped."""
    done: list[str] = []
    section, formula, directive = "", None, None
    for k, line in enumerate(lines):
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if k + 1 < len(lines) and _SECTION.match(lines[k + 1].strip()) and indent == 0:
            section, formula, directive = text, None, None
            done.append(line)
            continue
        if _SECTION.match(text) or section == "Examples":
            done.append(line)
            continue
        if directive is not None and text and indent <= directive:
            directive = None
        if directive is not None or text.startswith(".. "):
            directive = indent if directive is None else directive
            done.append(line)
            continue
        entries = section in _ENTRIES
        base = 4 if entries else 0
        if formula is not None and text and indent <= formula:
            formula = None
        opens = (
            text
            and formula is None
            and indent > base
            and (not done or not done[-1].strip())
        )
        if (
            opens
            and not text.startswith(("- ", "* ", ">>>"))
            and not _in_list(done, indent)
        ):
            formula = base
            done += [
                " " * base + ".. code-block:: none",
                " " * (base + 4) + ":class: formula",
                "",
            ]
        if formula is not None:
            done.append(line)
        elif entries and indent == 0:
            done.append(line)  # "name : type", which numpydoc reads
        elif re.match(r"^=+( +=+)+$", text):
            done.append(line)
        else:
            done.append(escape(line))
    return done


def _in_list(done: list[str], indent: int) -> bool:
    """Whether the paragraph belongs to an item of a list."""
    for line in reversed(done):
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            return line.lstrip().startswith(("- ", "* "))
    return False


def process(
    app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Called by autodoc for every docstring, before numpydoc."""
    if name.startswith("skmtl"):
        lines[:] = to_rst(lines)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", process, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
