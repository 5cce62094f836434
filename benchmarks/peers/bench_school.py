"""School: a whole cross-validation (strengths and sharing) of the mean-regularised ridge on one split."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from sklearn.preprocessing import StandardScaler


def bench_school(case, request):
    school = _script()
    folder = request.config.getoption("data") or school.DATA
    if not (folder / "school.csv.gz").exists():
        pytest.skip(f"no school.csv.gz in {folder}: give its folder with --data")
    X, y, task, splits = school.load(folder)
    train = splits[:, 0]
    X = StandardScaler().fit_transform(X[train])
    model = school.models()["mean-regularised, free intercepts"]
    case.timed(
        lambda: model.fit(X, y[train], task=task[train]),
        table="School, one split",
        problem="MeanRegularizedRidgeCV, 19 strengths x 5 ratios x 5 folds",
        solver="skmtl",
        at_most=2.0,
        against="seconds",
    )


def _script():
    """benchmarks/school.py, which has the data, the folds and the grid."""
    path = Path(__file__).resolve().parents[1] / "school.py"
    spec = importlib.util.spec_from_file_location("school", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
