"""The package as it was built: imports, fits, saves and prints, from outside of its repository."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import skmtl
from skmtl.linear_model import MultiTaskLassoCV


def main() -> None:
    """Fit in Python; fit, predict and compare from the command line."""
    installed = Path(sysconfig.get_path("purelib"))
    assert installed in Path(skmtl.__file__).parents, f"{skmtl.__file__} is not the installed package"
    assert (Path(skmtl.__file__).parent / "py.typed").exists(), "py.typed is missing"
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 4)), columns=["age", "bmi", "sbp", "hr"])
    Y = pd.DataFrame(X.to_numpy()[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    Y = Y.mask(rng.random(Y.shape) < 0.2)
    model = MultiTaskLassoCV().fit(X, Y)
    print(f"skmtl {importlib.metadata.version('skmtl')}: {model.solver_result_.certificate}")
    with tempfile.TemporaryDirectory() as folder:
        table, saved, report = (Path(folder) / name for name in ("t.csv", "m.skops", "r.html"))
        X.join(Y).to_csv(table, index=False)
        command = [str(Path(sys.executable).parent / "skmtl")]
        for arguments in (
            ["fit", str(table), "--targets", "a,b,c", "--model", "lasso", "--save", str(saved)],
            ["predict", str(saved), str(table), "--out", str(Path(folder) / "p.csv")],
            ["compare", str(table), "--targets", "a,b,c", "--models", "lasso", "--report", str(report)],
        ):
            subprocess.run(command + arguments, check=True, capture_output=True)
            print("skmtl " + arguments[0] + ": ran")
        assert "<html" in report.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
