"""One thread for linear algebra: on small tables more of them only get in each other's way."""

import os

import pytest
from threadpoolctl import threadpool_limits

from skmtl.model_selection import _compare_candidates


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start
    with threadpool_limits(1):
        yield
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before


@pytest.fixture(autouse=True)
def few_strengths(monkeypatch):
    """What the models choose from is not the business of the command line."""
    monkeypatch.setitem(_compare_candidates._TUNING, "alphas", 4)
