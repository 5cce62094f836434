"""What the README shows runs, and its links and estimator names exist."""

from __future__ import annotations

import re
from pathlib import Path

import skmtl.linear_model
import skmtl.multioutput
from skmtl import gaussian_process, kernel_ridge, svm

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs_and_is_certified(capsys):
    example = re.findall(r"```python\n(import .*?)```", README, re.S)[0]
    names: dict[str, object] = {}
    exec(example, names)
    assert "duality gap" in capsys.readouterr().out
    search = names["search"]
    result = search.best_estimator_[-1].solver_result_
    assert result.converged
    assert result.certificate.value <= result.certificate.threshold(1e-6)


def test_every_estimator_is_in_the_table_and_every_name_exists():
    table = README.split("## Estimators")[1].split("##")[0]
    named = {name.split("(")[0] for name in re.findall(r"`(\w+(?:\([^`]*\))?)`", table.split("\n\n")[1])}
    modules = (skmtl.linear_model, skmtl.multioutput, gaussian_process, kernel_ridge, svm)
    public = {name for module in modules for name in module.__all__}
    assert {name for name in public if not name.endswith("CV")} == {n for n in named if n in public}
    assert all(n in public for n in named if n[0].isupper())
    assert {name + "CV" for name in named if hasattr(skmtl.linear_model, name)} == {
        name for name in skmtl.linear_model.__all__ if name.endswith("CV")
    }


def test_linked_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in link:
            assert (ROOT / link).exists(), link
