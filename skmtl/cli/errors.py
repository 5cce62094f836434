"""How the command line fails: one sentence on stderr, exit code 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from skmtl.exceptions import InvalidParameterError, MissingDependencyError, TaskDataError


class CommandError(Exception):
    """Something the user can mend; the message is a sentence that says how."""


@contextmanager
def sentences() -> Iterator[None]:
    """Turn errors that the user can mend into a sentence and exit code 2."""
    try:
        yield
    except (CommandError, TaskDataError, InvalidParameterError, MissingDependencyError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known names that look like a wrong one, or some of them, as the end of a sentence."""
    known = list(known)
    folded = {candidate.lower(): candidate for candidate in reversed(known)}
    close = [folded[match] for match in difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    return f"it has {shown}."


__all__ = ["CommandError", "sentences", "suggestion"]
