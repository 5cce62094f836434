"""Draws the pictures of the pages on models before the pages are read."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[1] / "models" / "pictures.py"


def draw(_app: Any, _config: Any) -> None:
    """Run ``docs/models/pictures.py``."""
    import matplotlib

    matplotlib.use("Agg")
    spec = importlib.util.spec_from_file_location("model_pictures_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.draw_all()


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("config-inited", draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
