"""How to make the page again: command or call, seed, versions."""

from __future__ import annotations

from typing import Any

from skmtl._report._figures import can_draw
from skmtl._report._page import Section, table, tag


def origin_section(found: Any, command: str | None) -> Section:
    """Command or call, seed and versions.

    Parameters
    ----------
    found : Comparison
    command : str or None
        What was typed. None: the call of `compare`, as far as it is known.
    """
    asked = found.asked or {}
    what = "The command" if command is not None else "The call"
    body: list[Any] = [tag("p", f"{what} that compared:"), tag("pre", command if command is not None else _call(found))]
    if asked:
        seed = asked["random_state"] or "none was given: other folds come out next time"
        body.append(tag("p", f"Seed of the folds: {seed}."))
        versions = dict(asked["versions"])
        if can_draw():
            import matplotlib

            versions["matplotlib"] = matplotlib.__version__
        rows = [[[name, version]] for name, version in versions.items()]
        body.append(table("Versions", [("Package", "name"), ("Version", "plain")], rows))
    return Section("origin", "Versions, seed and command", body)


def _call(found: Any) -> str:
    """The call of `compare`; the table itself nobody can write here."""
    asked = found.asked or {}
    names = [repr(name) for name in found.estimators]
    own = [name for name in found.estimators if name not in asked.get("registered", found.estimators)]
    models = asked.get("models", {})
    if own:
        shown = [f"{name!r}: {models.get(name, '...') if name in own else repr(name)}" for name in found.estimators]
        estimators = "{" + ", ".join(shown) + "}"
    else:
        estimators = "[" + ", ".join(names) + "]"
    given = ["X", "Y", estimators, *(["task=task"] if asked.get("by_rows") else [])]
    given += ["groups=groups"] if found.groups is not None else []
    given += ["sample_weight=sample_weight"] if asked.get("weighted") else []
    given += [f"baseline={found.baseline!r}"]
    given += [f"cv={asked['cv'] if asked['cv'] != 'given row by row' else 'cv'}"] if asked else []
    given += [f"preprocessor={asked['preprocessor']}"] if asked.get("preprocessor") else []
    if asked.get("random_state"):
        given.append(f"random_state={asked['random_state'] if asked['random_state'].isdigit() else '...'}")
    return f"compare({', '.join(given)})"


__all__ = ["origin_section"]
