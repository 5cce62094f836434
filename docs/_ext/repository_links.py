"""Files of the repository that are also pages of the site: their includes, the links between them, their fences.

The Markdown files link to each other as they lie in the repository, so that the links work where the repository is
read. On the site some of them are included in pages elsewhere, and their links turned to those pages.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks/commands.md",
    "benchmarks/peers/results.md": "benchmarks/peers.md",
    "benchmarks/sharing/results.md": "benchmarks/sharing.md",
    "benchmarks/gaussian_process/README.md": "benchmarks/gaussian_process_commands.md",
    "benchmarks/gaussian_process/results.md": "benchmarks/gaussian_process.md",
}
_INCLUDE = re.compile(r"^```\{include\} (\S+)\n```$", re.MULTILINE)
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def to_pages(text: str, read_from: Path, page: Path) -> str:
    """Text of a file in the folder ``read_from`` with its links as they must be on ``page``."""

    def link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(read_from / match[1]))
        place = (
            target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        )
        if place in PAGES:
            target = DOCS / PAGES[place]
        elif read_from == page.parent:
            return match[0]
        return f"]({os.path.relpath(target, page.parent)}{match[2] or ''})"

    return _LINK.sub(link, text)


def name_fences(text: str) -> str:
    """Fences that name no language hold tables of numbers here: as text, where Sphinx would colour Python."""
    lines, opened = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            lines.append("```text" if not opened and line == "```" else line)
            opened = not opened
        else:
            lines.append(line)
    return "\n".join(lines)


def on_read(app: Any, docname: str, source: list[str]) -> None:
    """Called by Sphinx with the text of every page."""
    page = Path(app.env.doc2path(docname))
    if page.suffix != ".md":
        return

    def include(match: re.Match[str]) -> str:
        path = (page.parent / match[1]).resolve()
        app.env.note_dependency(str(path), docname=docname)
        return to_pages(path.read_text(encoding="utf-8"), path.parent, page)

    source[0] = name_fences(
        _INCLUDE.sub(include, to_pages(source[0], page.parent, page))
    )


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", on_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
