"""`skmtl demo`: two tables and a verdict on each."""

from __future__ import annotations

import numpy as np
from typer.testing import CliRunner

from skmtl.cli import demo
from skmtl.cli.app import app


def test_quick_demo_says_where_sharing_helped():
    result = CliRunner().invoke(app, ["demo", "--quick", "--jobs", "1"])
    assert result.exit_code == 0, result.stderr
    titles = [line.strip() for line in result.stdout.splitlines() if line.startswith("Learning from")]
    assert titles == [
        "Learning from 40 patients (4 random sets, each tested on 40 others)",
        "Learning from all 442 patients (3 folds)",
    ]
    for outcome in demo.OUTCOMES.values():
        rows = [line for line in result.stdout.splitlines() if line.startswith(f"{outcome} ") and " RMSE " in line]
        assert len(rows) == 2
        assert all("*" in row for row in rows)
        gains = [line for line in result.stdout.splitlines() if line.startswith(f"{outcome} ") and "%" in line]
        assert [row.count("%") for row in gains] == [3, 3]
    for start in ("Sharing helped: ", "Sharing hurt: ", "No evidence either way: "):
        assert sum(line.startswith(start) for line in result.stdout.splitlines()) == 2


def test_the_demo_learns_from_forty_and_from_all():
    few, every = demo.settings(quick=False)
    X, Y = demo.load()
    assert X.shape == (442, 4)
    assert Y.columns.tolist() == list(demo.OUTCOMES.values())
    sizes = {(len(train), len(test)) for train, test in few.cv.split(X)}
    assert (sizes, few.cv.get_n_splits()) == ({(40, 40)}, 20)
    tested = np.concatenate([test for _, test in every.cv.split(X, Y)])
    assert sorted(tested) == list(range(442))


def test_serum_values_are_those_of_the_patients():
    _, Y = demo.load()
    np.testing.assert_allclose(Y["cholesterol/HDL"], Y["total cholesterol"] / Y["HDL"], rtol=0.25)
    assert Y["glucose"].between(50, 130).all()
