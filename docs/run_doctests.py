"""Run the examples on the Markdown pages of the site: lines after ``>>>`` within fences.

    python docs/run_doctests.py [PAGE ...]

doctest reads Markdown as text, and would take the line that closes a fence for output: fences are blanked first. One
page is one namespace, so that a page reads as one session. Sphinx's own doctest builder would ask for a directive in
place of plain fences, which GitHub and editors do not colour.
"""

from __future__ import annotations

import doctest
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
_FENCE = re.compile(r"^ *(```|:::).*$", re.MULTILINE)
_BLOCK = re.compile(r"^ *```(python|pycon)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """The Markdown pages, without those that Sphinx makes."""
    made = ("_build", "auto_examples", "generated")
    return [
        path
        for path in sorted(HERE.rglob("*.md"))
        if not set(made) & set(path.relative_to(HERE).parts)
    ]


def without_prompts(page: Path) -> list[str]:
    """First lines of the Python blocks that nobody runs, because they have no prompt."""
    blocks = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [block.strip().split("\n")[0] for _, block in blocks if ">>> " not in block]


def examples_of(page: Path) -> doctest.DocTest:
    """The examples of a page, with the page's own line numbers."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return doctest.DocTestParser().get_doctest(
        text, {"__name__": "__main__"}, page.stem, str(page), 0
    )


def run(page: Path) -> doctest.TestResults:
    """Run a page; failures are printed. A warning that a page does not expect is a failure.

    Pages run in a folder of their own, so that what they write is gone afterwards, and find the modules they show.
    """
    here, path = Path.cwd(), list(sys.path)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        os.chdir(folder)
        sys.path.insert(0, str(HERE / "extend_code"))
        try:
            return doctest.DocTestRunner(optionflags=FLAGS).run(examples_of(page))
        finally:
            os.chdir(here)
            sys.path[:] = path


def main(names: list[str]) -> int:
    """Run the pages named, or every page, and say how many examples there were."""
    chosen = [Path(name).resolve() for name in names] or pages()
    ran = failed = 0
    for page in chosen:
        result = run(page)
        ran, failed = ran + result.attempted, failed + result.failed
    print(f"{ran} doctests on {len(chosen)} pages, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
