"""The API reference: a page a package and a page a name, written from each package's ``__all__``.

A name is public where a package lists it, so a new estimator is on the site once it is exported. ``ModuleType``,
class, function and constant each have their form; a registry (a dict from name to class) becomes a table.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import skmtl

GENERATED = Path(__file__).resolve().parents[1] / "api" / "generated"
# `problem` is for those who write solvers, and so not among the attributes of skmtl.
PACKAGES = (*(name for name in skmtl.__all__ if name != "__version__"), "problem")


def packages() -> dict[str, Any]:
    """The public packages by their full name."""
    return {
        f"skmtl.{name}": importlib.import_module(f"skmtl.{name}")
        for name in sorted(PACKAGES)
    }


def kind(thing: Any) -> str:
    """class, function or data, as Sphinx calls them."""
    if inspect.isclass(thing):
        return "class"
    return "function" if callable(thing) else "data"


def write_if_changed(path: Path, text: str) -> None:
    """Leave a page that stays the same alone, so that Sphinx does not read it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def heading(text: str, line: str = "=") -> list[str]:
    """A title of reStructuredText."""
    return [text, line * len(text), ""]


def package_page(name: str, package: Any) -> str:
    """What a package is for, and a table of its names."""
    lines = [
        *heading(name),
        f".. automodule:: {name}",
        "   :no-members:",
        "",
        f".. currentmodule:: {name}",
        "",
    ]
    titles = {"class": "Classes", "function": "Functions", "data": "Registries"}
    for wanted, title in titles.items():
        names = [
            each for each in package.__all__ if kind(getattr(package, each)) == wanted
        ]
        if not names:
            continue
        lines += heading(title, "-")
        if wanted == "data":
            for each in names:
                lines += registry(name, each, getattr(package, each))
        else:
            lines += [
                ".. autosummary::",
                "   :toctree: ../names",
                "   :nosignatures:",
                "",
            ]
            lines += [f"   {each}" for each in names] + [""]
    return "\n".join(lines)


def registry(package: str, name: str, content: dict[str, type]) -> list[str]:
    """A dict from name to class, as a table."""
    lines = [
        f".. py:data:: {name}",
        f"   :module: {package}",
        "",
        "   The objects that a name stands for.",
        "",
    ]
    lines += [
        "   .. list-table::",
        "      :header-rows: 1",
        "",
        "      * - name",
        "        - object",
    ]
    for key, value in content.items():
        lines += [f'      * - ``"{key}"``', f"        - `{value.__name__}`"]
    return [*lines, ""]


def write_pages(*_: Any) -> None:
    """Write the page of every package; autosummary writes those of the names."""
    for name, package in packages().items():
        write_if_changed(
            GENERATED / "packages" / f"{name}.rst", package_page(name, package)
        )
    wanted = {
        f"{package}.{name}"
        for package, module in packages().items()
        for name in module.__all__
    }
    for page in (GENERATED / "names").glob("*.rst"):
        if page.stem not in wanted:
            page.unlink()


def skip(
    app: Any, what: str, name: str, thing: Any, skipped: bool, options: Any
) -> bool | None:
    """Leave out what scikit-learn's metadata routing adds to every estimator: the glossary explains it once."""
    routing = name == "get_metadata_routing" or (
        name.startswith("set_") and name.endswith("_request")
    )
    return True if routing else None


def resolve(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A public name without its package, as docstrings and examples write it, is a link where it is the only one."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    found = [name for name, package in packages().items() if target in package.__all__]
    if len(found) != 1:
        return None
    python = env.get_domain("py")
    return python.resolve_xref(
        env, node["refdoc"], app.builder, "obj", f"{found[0]}.{target}", node, content
    )


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("config-inited", write_pages)
    app.connect("autodoc-skip-member", skip)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
