"""Options of the harness: one BLAS thread, ``--quick``, references kept between runs."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import measure
import pytest

# CPU seconds of one thread: BLAS reads these when NumPy is imported, which is after this file.
if "numpy" in sys.modules:
    raise pytest.UsageError("NumPy was imported before the number of threads could be set: leave out that plugin.")
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

PACKAGES = ("skmtl", "scikit-learn", "celer", "skglm", "adelie", "spams-bin", "numpy", "scipy", "numba")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what is marked full: five minutes on two cores")
    parser.addoption("--data", type=Path, default=None, help="folder of school.csv.gz and school_splits.csv.gz")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("quick"):
        long = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict) -> None:
    machine_info["command"] = shlex.join(["pytest", *config.invocation_params.args])
    machine_info["versions"] = {}
    for name in PACKAGES:
        try:
            machine_info["versions"][name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue


@pytest.fixture
def case(benchmark: Any) -> measure.Case:
    """One cell of a table: see `measure.Case`."""
    return measure.Case(benchmark)


@pytest.fixture
def references(request: pytest.FixtureRequest, benchmark: Any) -> Any:
    """Certified optima, made once and kept in pytest's cache for the other environments."""
    import reference

    return reference.References(request.config.cache, benchmark.extra_info)
