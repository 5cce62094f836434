"""The result files: checked before the work starts, never half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from skmtl.cli.errors import CommandError
from skmtl.model_selection import Comparison


def check_directory(directory: Path) -> None:
    """Raise where the result files could not be written; nothing is left behind."""
    existing = directory
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise CommandError(f"--out {str(directory)!r}: {str(existing)!r} is a file, not a directory.")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise CommandError(f"--out {str(directory)!r} is not writable ({error.strerror}).") from None


def check_file(path: Path, option: str) -> None:
    """Raise where a file could not be written; nothing is left behind."""
    if path.is_dir():
        raise CommandError(f"{option} {str(path)!r} is a directory: give the name of a file.")
    if not path.parent.is_dir():
        raise CommandError(f"{option} {str(path)!r}: there is no directory {str(path.parent)!r}.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise CommandError(f"{option} {str(path)!r} is not writable ({error.strerror}).") from None


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let a function write a file under another name beside it, then rename: there is never half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        temporary.replace(path)
    except OSError as error:
        raise CommandError(f"Could not write {str(path)!r} ({error.strerror}).") from None
    finally:
        temporary.unlink(missing_ok=True)


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as .csv."""
    write_whole(path, lambda temporary: frame.to_csv(temporary, index=False))


def write_results(directory: Path, found: Comparison) -> list[Path]:
    """Write ``scores.csv`` and ``predictions.csv``; on failure neither is touched.

    Each is written under another name in the same directory and then renamed, so that a reader, or a full disk,
    never meets half a file.
    """
    frames = {"scores.csv": found.scores, "predictions.csv": found.predictions}
    written: dict[Path, Path] = {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            temporary = directory / f".{name}.{os.getpid()}.part"
            written[temporary] = directory / name
            frame.to_csv(temporary, index=False)
        for temporary, final in written.items():
            temporary.replace(final)
    except OSError as error:
        raise CommandError(f"Could not write to {str(directory)!r} ({error.strerror}).") from None
    finally:
        for temporary in written:
            temporary.unlink(missing_ok=True)
    return list(written.values())


__all__ = ["check_directory", "check_file", "write_frame", "write_results", "write_whole"]
