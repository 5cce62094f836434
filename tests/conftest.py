"""Arguments that run over the registry in `cases.py`."""

import cases
import pytest

REGISTRY = {"convex": cases.CONVEX, "penalty_case": cases.PENALTIES, "loss_case": cases.LOSSES}


def pytest_generate_tests(metafunc):
    """A test with one of these arguments runs once for each entry."""
    for argument, entries in REGISTRY.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, [pytest.param(entry, id=entry.id) for entry in entries])
