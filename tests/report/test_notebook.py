"""What notebooks show of estimators: scikit-learn's representation, and below it what a fit found."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from report.conftest import EVIL, Reader, hostile, mixed
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skmtl._notebook import fitted_block
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso, MultiTaskLassoCV, MultiTaskRidge
from skmtl.multioutput import IndependentTasks

START = '<div class="skmtl-fitted">'


def block(estimator) -> Reader:
    """The part that was added, alone."""
    shown = estimator._repr_html_()
    return Reader(shown[shown.index(START) :].replace("<details>", "<div>").replace("</details>", "</div>")
                  .replace("<summary>", "<p>").replace("</summary>", "</p>"))  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    X, Y, _ = mixed()
    return X, Y[["ldl", "hdl"]]


def test_nothing_is_added_before_the_fit():
    shown = MultiTaskLasso()._repr_html_()
    assert START not in shown
    assert "sk-container" in shown


def test_outcomes_counts_and_certificate(tables):
    X, Y = tables
    model = MultiTaskLasso(alpha=0.1).fit(X, Y)
    text = block(model).text
    result = model.solver_result_
    assert "Fitted on 2 outcomes (MultiTaskLasso)" in text
    assert f"{result.solver} converged after {model.n_iter_} iterations: duality gap" in text
    wanted = f"{result.certificate.threshold(1e-6):.2g}"
    assert f"{result.certificate.value:.2g}, wanted at most {wanted} (tol 1e-06)." in text
    assert f"ldl{Y['ldl'].notna().sum()}hdl{Y['hdl'].notna().sum()}" in text
    assert model._repr_html_().startswith("<style>")
    assert "sk-container" in model._repr_html_()


def test_the_scikit_learn_part_is_untouched(tables):
    model = MultiTaskLasso(alpha=0.1).fit(*tables)
    shown = model._repr_html_()
    plain = estimator_html_repr(model)
    # The same but for the running number of the container.
    assert abs(shown.index("<style>.skmtl-fitted") - len(plain)) < 10
    with config_context(display="text"):
        assert not hasattr(model, "_repr_html_")
        assert list(model._repr_mimebundle_()) == ["text/plain"]


def test_a_model_for_each_outcome_has_a_certificate_each(tables):
    model = IndependentTasks(MultiTaskLassoCV(alphas=3, cv=3)).fit(*tables)
    shown = Reader(fitted_block(model).split("</style>")[1]).text
    assert "2 models were solved: all converged." in shown
    for name, inner in zip(["ldl", "hdl"], model.estimators_, strict=True):
        result = inner.solver_result_
        assert f"{name}{tables[1][name].notna().sum()}duality gap {result.certificate.value:.2g}" in shown
        assert f"{result.solver}{result.n_iter}yes" in shown


def test_what_did_not_converge_is_said(tables):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MultiTaskLasso(alpha=1e-4, solver="fista", max_iter=1).fit(*tables)
    assert "fista did not converge after 1 iterations" in block(model).text


def test_hostile_names_stay_text_and_sixty_outcomes_are_folded():
    X, Y = hostile()
    model = MultiTaskRidge().fit(X, Y)
    shown = model._repr_html_()
    assert "<details><summary>The 60 outcomes</summary>" in shown
    text = " ".join(block(model).text.split())
    for name in EVIL[:6]:
        assert name in text
    assert "<script>alert" not in shown


def test_few_outcomes_are_not_folded(tables):
    assert "<details" not in fitted_block(MultiTaskRidge().fit(*tables))


def test_pipelines_and_searches_are_shown(tables):
    X, Y = tables
    pipe = make_pipeline(StandardScaler(), MultiTaskLasso(alpha=0.1)).fit(X, Y)
    assert "MultiTaskLasso" in pipe._repr_html_()
    search = GridSearchCV(pipe, {"multitasklasso__alpha": [0.1, 0.2]}, cv=2).fit(X, Y.fillna(0.0))
    assert "MultiTaskLasso" in search._repr_html_()
    assert START in search.best_estimator_[-1]._repr_html_()


def test_models_without_a_certificate_and_rows_of_tasks(tables):
    X, Y = tables
    model = MultiTaskGPRegressor(random_state=0, optimizer=None).fit(X, Y)
    assert "ldl" in block(model).text
    place = np.tile(["north", "south"], 45)
    rows = MultiTaskRidge().fit(X, Y["ldl"].fillna(0.0), task=place)
    assert "north45south45" in block(rows).text


def test_outcomes_added_after_the_fit_have_no_count(tables):
    X, Y = tables
    place = pd.Series(np.tile(["north", "south"], 45))
    model = MeanRegularizedRidge(share_intercept=True).fit(X, Y["ldl"].fillna(0.0), task=place)
    model = model.adapt(X[:10], Y["ldl"].fillna(0.0)[:10], task=np.repeat("west", 10))
    assert "north45south45west-" in block(model).text
