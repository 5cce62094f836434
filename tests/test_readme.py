"""What the README shows runs, and its links and estimator names exist."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn.linear_model

import skmtl.linear_model
import skmtl.multioutput
from skmtl import (
    calibration,
    compose,
    gaussian_process,
    inspection,
    kernel_ridge,
    metrics,
    model_selection,
    preprocessing,
    svm,
)

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


def test_every_wrapper_is_named_below_the_table():
    section = README.split("## Estimators")[1].split("##")[0]
    for module in (calibration, compose, preprocessing):
        wrappers = [name for name in module.__all__ if isinstance(getattr(module, name), type)]
        assert wrappers
        assert [name for name in wrappers if f"`{name}`" not in section] == []


def tables():
    """A table for every other piece of code: features, four outcomes of four types, and what goes with rows."""
    rng = np.random.default_rng(0)
    n = 90
    X = rng.normal(size=(n, 4))
    sbp = 120 + 10 * X[:, 0] + 5 * rng.normal(size=n)
    death = (X[:, 0] + rng.logistic(size=n) > 0).astype(float)
    years = rng.uniform(1.0, 3.0, size=n)
    names = {"patient": np.arange(n) // 2, "hospital": np.array(["a", "b", "c"])[np.arange(n) % 3], "years": years}
    return X, sbp, death, rng.poisson(years), rng.integers(3, size=n), names


def public_names():
    modules = (sklearn.linear_model, skmtl.linear_model, skmtl.multioutput)
    modules += (model_selection, metrics, calibration, inspection)
    return {name: getattr(module, name) for module in modules for name in module.__all__}


def blocks():
    """The pieces of code but the first, which is a program of its own, by the section they are in."""
    sections = re.findall(r"^## (.+?)\n(.*?)(?=^## )", README, re.S | re.M)
    return {
        title: code for title, text in sections for code in re.findall(r"```python\n(?!import)(.*?)```", text, re.S)
    }


def test_pieces_of_code_are_those_tested_below():
    assert set(blocks()) == {
        "One outcome in several places",
        "Outcomes of several types",
        "Did it help, and how sure are we?",
    }


def test_one_outcome_in_several_places():
    X, y, *_, names = tables()
    names |= {"X": X, "y": y, "X_new": X[:5], "hospital_new": names["hospital"][:5], **public_names()}
    exec(blocks()["One outcome in several places"], names)
    assert names["model"].coef_.shape == (3, 4)


def test_outcomes_of_several_types():
    X, sbp, death, falls, function, names = tables()
    frame = pd.DataFrame({"sbp": sbp, "death": death, "falls": falls, "function": function})
    names |= {"X": X, "Y": frame, **public_names()}
    exec(blocks()["Outcomes of several types"], names)
    shapes = [None if p is None else p.shape for p in names["model"].predict_proba(X)]
    assert shapes == [None, (90, 2), None, (90, 3)]


def test_did_it_help(capsys):
    X, sbp, death, *_, names = tables()
    Y = np.column_stack([sbp, sbp + X[:, 1], 2 * sbp + X[:, 2]])
    Y[::4, 1] = np.nan
    labels = np.column_stack([death, 1 - death])
    labels[::5, 1] = np.nan
    code = blocks()["Did it help, and how sure are we?"]
    probabilities, rest = [], []
    for line in code.splitlines():
        (probabilities if "classifier" in line else rest).append(line)
    classifier = skmtl.linear_model.MultiTaskLogisticRegression(alpha=0.01).fit(X, labels)
    exec("\n".join(probabilities), {"X": X, "Y": labels, "classifier": classifier, **public_names()})
    model = skmtl.linear_model.MeanRegularizedRidge(share_intercept=True).fit(X, sbp, task=names["hospital"])
    names |= {"X": X, "Y": Y, "X_new": X[:5], "y_new": sbp[:5], "ids": ["new hospital"] * 5, "model": model}
    exec("\n".join(rest), names | public_names())
    assert "observed" in capsys.readouterr().out


def test_linked_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in link:
            assert (ROOT / link).exists(), link
