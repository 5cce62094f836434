"""Entry point of the command ``skmtl``; it has to say so where the tools of the command line are missing."""

from __future__ import annotations

import importlib
import sys

_TOOLS = ("typer", "rich")


def main() -> None:
    """Run the command line."""
    try:
        for tool in _TOOLS:
            importlib.import_module(tool)
    except ImportError:
        print(
            'The command line of skmtl needs packages that are not installed: pip install "skmtl[cli]"',
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    from skmtl.cli.app import app

    app(prog_name="skmtl")


if __name__ == "__main__":
    main()
