"""Every link inside the built site leads to a page, and to an anchor that exists; examples ran, without a warning.

    python docs/check_site.py docs/_build/html

Links to other sites are left alone: the build needs no network.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Sphinx's own pages hold no text of ours; what they link is on the other pages too.
SKIPPED = {"genindex.html", "search.html", "py-modindex.html"}


class Page(HTMLParser):
    """The links and the anchors of one page."""

    def __init__(self, path: Path):
        super().__init__(convert_charrefs=True)
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what points somewhere, and what can be pointed at."""
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            elif name in ("href", "src"):
                self.links.add(value)


def broken_links(root: Path) -> tuple[list[str], int, int]:
    """Sentences about links that lead nowhere, and the numbers of pages and of links inside the site."""
    pages = {
        path.resolve(): Page(path)
        for path in sorted(root.rglob("*.html"))
        if "_static" not in path.parts
    }
    broken, count = [], 0
    for path, page in pages.items():
        if path.name in SKIPPED:
            continue
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (
                (path.parent / unquote(parts.path)).resolve() if parts.path else path
            )
            here = path.relative_to(root.resolve())
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                broken.append(f"{here}: {link} is not there.")
            elif (
                parts.fragment
                and target in pages
                and unquote(parts.fragment) not in pages[target].anchors
            ):
                broken.append(f"{here}: {link} has no such anchor.")
    return broken, len(pages), count


def executed(record: Path) -> tuple[int, int]:
    """How many examples this build ran, and how many of them failed: sphinx-gallery's record."""
    if not record.exists():
        return 0, 0
    suite = ElementTree.parse(record).getroot()
    return int(suite.get("tests", 0)) - int(suite.get("skipped", 0)), int(
        suite.get("failures", 0)
    )


def warned(root: Path) -> list[str]:
    """Sentences about warnings in what examples printed."""
    output = re.compile(r'class="sphx-glr-script-out.*?</pre>', re.DOTALL)
    found = []
    for page in sorted(root.glob("auto_examples/**/plot_*.html")):
        for part in output.findall(page.read_text(encoding="utf-8")):
            found += [
                f"{page.stem} printed a {name}."
                for name in re.findall(r"\w*Warning\b", part)
            ]
    return found


def main(root: str) -> int:
    """Print what is broken, and how much was looked at."""
    broken, n_pages, n_links = broken_links(Path(root))
    spoken = warned(Path(root))
    for sentence in broken + spoken:
        print(sentence)
    n_examples = len(list(Path(root).glob("auto_examples/**/plot_*.html")))
    n_run, n_failed = executed(Path(root).parent / "examples.xml")
    print(
        f"{n_pages} pages, {n_links} links inside the site, {len(broken)} of them broken"
    )
    print(
        f"{n_examples} examples on the site, {n_run} executed by this build, {n_failed} failed"
    )
    return 1 if broken or spoken or n_failed or not n_pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
