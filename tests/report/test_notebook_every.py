"""Every public estimator that predicts shows its outcomes and their observed counts in a notebook."""

from __future__ import annotations

import importlib
import inspect
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from report.conftest import EVIL, Reader
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl._notebook import NotebookMixin, fitted_block
from skmtl._parts import fitted_parts
from skmtl.calibration import MultiTaskCalibrated, MultiTaskConformal
from skmtl.compose import InverseProbabilityWeighted, TransformedTaskTarget
from skmtl.linear_model import MultiTaskGLM, MultiTaskLasso, MultiTaskRidge
from skmtl.multioutput import IndependentTasks, PooledTasks, TaskColumn, TransferGuard

PACKAGES = ["linear_model", "kernel_ridge", "svm", "gaussian_process", "multioutput", "calibration", "compose"]
MODULES = [importlib.import_module(f"skmtl.{name}") for name in PACKAGES]
PUBLIC = [getattr(module, name) for module in MODULES for name in module.__all__]
ESTIMATORS = [
    one for one in PUBLIC if inspect.isclass(one) and issubclass(one, BaseEstimator) and hasattr(one, "predict")
]
NAMES = [EVIL[0], EVIL[3], "ldl & <hdl>"]
START = '<div class="skmtl-fitted">'
WRAPPERS = {
    IndependentTasks: LinearRegression(),
    PooledTasks: LinearRegression(),
    TaskColumn: MultiTaskRidge(),
    TransferGuard: {"<i>ridge</i>": MultiTaskRidge(alpha=1e-3), "lasso": MultiTaskLasso(alpha=1e-3)},
    TransformedTaskTarget: make_pipeline(StandardScaler(), MultiTaskRidge()),
    InverseProbabilityWeighted: make_pipeline(StandardScaler(), MultiTaskRidge()),
    MultiTaskConformal: MultiTaskRidge(),
    MultiTaskCalibrated: IndependentTasks(LogisticRegression()),
}
FAST = {"cv": 2, "alphas": 2, "n_restarts_optimizer": 0, "optimizer": None, "max_iter": 20}


def table(kind: str) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 3))
    signal = X @ rng.normal(size=(3, 3)) + 0.3 * rng.normal(size=(30, 3))
    Y = {"numbers": signal, "labels": (signal > 0).astype(float), "counts": np.floor(np.exp(0.5 * signal))}[kind]
    Y[:4, 1] = np.nan
    Y[5, 2] = np.nan
    return X, pd.DataFrame(Y, columns=NAMES)


def small(kind: type) -> BaseEstimator:
    """A quick one of the class."""
    taken = inspect.signature(kind).parameters
    given = {name: value for name, value in FAST.items() if name in taken}
    if kind is TransferGuard:
        return TransferGuard(WRAPPERS[kind], independent=IndependentTasks(LinearRegression()), cv=2)
    return kind(WRAPPERS[kind], **given) if kind in WRAPPERS else kind(**given)


def fitted(kind: type) -> BaseEstimator:
    labels = kind.__name__.endswith(("Classifier", "ClassifierCV", "SVC", "LogisticRegression", "LogisticRegressionCV"))
    measured = "counts" if "Poisson" in kind.__name__ else "numbers"
    X, Y = table("labels" if labels or kind is MultiTaskCalibrated else measured)
    model = small(kind)
    if "times" in model.get_params():
        model.set_params(times=[0.0, 1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        return model.fit(X, Y)


def block(estimator) -> Reader:
    shown = estimator._repr_html_()
    return Reader(shown[shown.index(START) :])


@pytest.mark.parametrize("kind", ESTIMATORS, ids=[kind.__name__ for kind in ESTIMATORS])
def test_outcomes_and_counts(kind):
    assert issubclass(kind, NotebookMixin)
    assert START not in small(kind)._repr_html_()
    model = fitted(kind)
    text = block(model).text
    assert f"Fitted on 3 outcomes ({kind.__name__})" in text
    for name, count in zip(NAMES, (30, 26, 29), strict=True):
        assert f"{name}{count}" in text
    assert "<script>alert" not in model._repr_html_()
    assert START not in clone(model)._repr_html_()
    assert fitted_block(pickle.loads(pickle.dumps(model))) == fitted_block(model)


def test_the_certificate_inside_a_wrapper_is_shown():
    X, Y = table("numbers")
    for model in (
        TransformedTaskTarget(MultiTaskLasso(alpha=0.1)),
        InverseProbabilityWeighted(make_pipeline(StandardScaler(), MultiTaskLasso(alpha=0.1))),
        MultiTaskConformal(MultiTaskLasso(alpha=0.1), cv=3),  # as many folds as outcomes
    ):
        model.fit(X, Y)
        inner = next(fitted_parts(model)).model
        assert isinstance(inner, MultiTaskLasso)
        assert f"converged after {inner.n_iter_} iterations: duality gap" in block(model).text


def test_the_models_of_folds_are_no_models_of_outcomes():
    X, Y = table("numbers")
    model = MultiTaskConformal(MultiTaskLasso(alpha=0.1), cv=3).fit(X, Y)
    assert [part.model for part in fitted_parts(model)] == [model.estimator_]


def test_rows_that_calibrate_where_they_are_not_all():
    X, Y = table("numbers")
    model = MultiTaskConformal(MultiTaskRidge(), method="split", cv=3, random_state=0).fit(X, Y)
    reader = block(model)
    assert "calibrated on" in reader.text
    counts = model.n_calibration_.tolist()
    for name, count, calibrating in zip(NAMES, (30, 26, 29), counts, strict=True):
        assert f"{name}{count}{calibrating}" in reader.text
    assert "calibrated on" not in block(MultiTaskConformal(MultiTaskRidge(), cv=3).fit(X, Y)).text


def test_a_guard_names_the_outcomes_that_share():
    X, Y = table("numbers")
    rng = np.random.default_rng(0)
    Y["alone"] = rng.normal(size=30)
    model = TransferGuard(
        WRAPPERS[TransferGuard], independent=IndependentTasks(LinearRegression()), cv=3, random_state=0
    ).fit(X, Y)
    model.chosen_ = np.array(["<i>ridge</i>", "independent", "lasso", "independent"], dtype=object)
    text = block(model).text
    assert f"2 of 4 share: {NAMES[0]}, {NAMES[2]}." in text
    assert f"{NAMES[0]}30<i>ridge</i>" in text
    assert "alone30independent" in text
    model.chosen_[:] = "independent"
    assert "None of 4 shares: each has its independent model." in block(model).text


def test_tasks_in_a_column_and_a_glm_of_several_losses():
    X, Y = table("numbers")
    site = np.repeat([0, 1, 2], 10)
    model = TaskColumn(MultiTaskRidge(), column=0).fit(np.column_stack([site, X]), Y[NAMES[0]])
    assert "0.0101.0102.010" in block(model).text
    Y[NAMES[1]] = np.where(Y[NAMES[1]].isna(), None, np.where(Y[NAMES[1]] > 0, "yes", "no"))
    mixed = MultiTaskGLM(loss="auto").fit(X, Y)
    assert f"{NAMES[1]}26" in block(mixed).text


def test_a_wrapper_counts_where_the_estimator_inside_does_not():
    X, Y = table("numbers")
    Y = Y.fillna(0.0)
    text = block(TransformedTaskTarget(LinearRegression(), transformer=StandardScaler()).fit(X, Y)).text
    for name in NAMES:
        assert f"{name}30" in text
