"""The result files: checked before the work starts, never half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

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


__all__ = ["check_directory", "write_results"]
