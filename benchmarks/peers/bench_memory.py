"""Peak memory of a fit in a process of its own, as a ratio to its input, the input included."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("one_fit.py")
SMALL, LARGE = "200000 100 20", "1000000 50 10"
FULL = pytest.mark.full
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


@pytest.mark.parametrize("form", ["F float64", "C float64", "F float32", "C float32"])
@pytest.mark.parametrize("shape", [SMALL, pytest.param(LARGE, marks=FULL)])
def bench_memory(case, shape, form):
    case.value(
        lambda: _one_fit("lasso", *shape.split(), *form.split())["peak"],
        unit="x input",
        table="peak memory of a fit",
        problem=f"({', '.join(shape.split())}), {form}",
        solver="skmtl",
        at_most=1.3,
    )


@pytest.mark.parametrize("shape", ["100000 50 100", pytest.param("1000000 50 1000", marks=FULL)])
def bench_rows_of_tasks(case, shape):
    found = {}

    def run():
        found.update(_one_fit("rows", *shape.split(), "C", "float64"))
        return found["peak"]

    case.value(
        run,
        unit="x input",
        table="rows of tasks: memory",
        problem=f"({', '.join(shape.split())})",
        solver="skmtl",
        at_most=3.0,
    )
    case.benchmark.extra_info["also"] = {
        "table": "rows of tasks: CPU seconds of one fit",
        "value": found["seconds"],
        "unit": "s",
        "at_most": 20.0,
    }


def _one_fit(*arguments: str) -> dict[str, float]:
    run = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)
    if run.returncode:
        pytest.fail(run.stderr)
    return json.loads(run.stdout)
