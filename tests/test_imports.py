"""Importing skmtl stays light: optional and heavy packages load when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import skmtl

HEAVY = ("cvxpy", "numba", "matplotlib", "torch", "dask", "typer", "polars")


@pytest.mark.parametrize("module", ["skmtl", *(f"skmtl.{name}" for name in skmtl.__all__ if name != "__version__")])
def test_nothing_heavy_is_loaded(module):
    # Only what the import adds to scikit-learn's own imports counts.
    code = (
        "import sys, sklearn.linear_model, sklearn.model_selection; before = set(sys.modules); "
        f"import {module}; print([m for m in {HEAVY!r} if m in sys.modules and m not in before])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_submodules_come_by_attribute_and_others_do_not():
    assert skmtl.linear_model.MultiTaskLasso.__name__ == "MultiTaskLasso"
    assert set(skmtl.__all__) <= set(dir(skmtl))
    with pytest.raises(AttributeError, match="has no attribute 'linear_models'"):
        _ = skmtl.linear_models


def test_cvxpy_missing_is_one_sentence(monkeypatch):
    import numpy as np

    from skmtl.exceptions import MissingDependencyError
    from skmtl.linear_model import MultiTaskLasso

    monkeypatch.setitem(sys.modules, "cvxpy", None)
    X = np.random.default_rng(0).normal(size=(12, 3))
    with pytest.raises(MissingDependencyError) as error:
        MultiTaskLasso(solver="cvxpy").fit(X, X[:, :2])
    assert str(error.value) == ('solver="cvxpy" and constraints need the package cvxpy: pip install "skmtl[cvxpy]".')
