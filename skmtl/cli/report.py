"""The page of `skmtl compare --report`: where it goes, and the command that made it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import typer

from skmtl.cli import files
from skmtl.cli.errors import CommandError
from skmtl.model_selection import Comparison

_ENDINGS = (".html", ".htm")


def check_report(path: Path) -> None:
    """Raise where the page could not be written, or where its name says that it is something else."""
    if path.suffix.lower() not in _ENDINGS:
        raise CommandError(f"--report {str(path)!r} will be a page for a browser: give a name ending in .html.")
    files.check_file(path, "--report")


def typed(context: typer.Context) -> str:
    """The command as it was given, option by option; defaults are left out."""
    words = ["skmtl", str(context.info_name)]
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        value = context.params.get(str(parameter.name))
        if value is None or source is None or source.name != "COMMANDLINE":
            continue
        words += [str(value)] if parameter.param_type_name == "argument" else [parameter.opts[-1], str(value)]
    return shlex.join(words)


def write_report(path: Path, found: Comparison, source: str, command: str, **options: Any) -> None:
    """Write the page; on failure there is no half of it.

    Parameters
    ----------
    path : Path
    found : Comparison
    source : str
        Name of the table.
    command : str
        As `typed`.
    **options
        Those of ``Comparison.to_html``.
    """
    text = found.to_html(title=f"{source}: did sharing between outcomes help?", command=command, **options)
    files.write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


__all__ = ["check_report", "typed", "write_report"]
