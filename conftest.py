"""Doctests draw without a window, and leave no figure open."""

from __future__ import annotations

import sys

import pytest

try:
    import matplotlib
except ImportError:
    collect_ignore_glob = ["skmtl/_plotting/*", "skmtl/_report/*", "skmtl/inspection/*"]
else:
    matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
