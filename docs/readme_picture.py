"""The picture of the README: the figure of the gallery's first question, did sharing help?

python docs/readme_picture.py
"""

from __future__ import annotations

import runpy
from pathlib import Path

import matplotlib

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the example and keep its figure."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    runpy.run_path(str(ROOT / "examples" / "plot_did_sharing_help.py"))
    plt.gcf().savefig(
        ROOT / "docs" / "_static" / "gains.png", dpi=100, metadata={"Software": None}
    )


if __name__ == "__main__":
    main()
