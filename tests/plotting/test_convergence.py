"""Convergence shows the record as it is, and says in words whether it was enough."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.exceptions import InvalidParameterError
from skmtl.inspection import ConvergenceDisplay
from skmtl.linear_model import MultiTaskLasso, MultiTaskRidge
from skmtl.multioutput import IndependentTasks


def table(n_outcomes=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8))
    Y = X[:, :2] @ rng.normal(size=(2, n_outcomes)) + rng.normal(size=(60, n_outcomes))
    return X, pd.DataFrame(Y, columns=[f"y{t}" for t in range(n_outcomes)])


def unsolved():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return MultiTaskLasso(alpha=0.01, solver="fista", max_iter=3, tol=1e-12).fit(*table())


@pytest.mark.parametrize("x", ["iterations", "seconds"])
def test_lines_are_the_record(x):
    model = make_pipeline(StandardScaler(), MultiTaskLasso(alpha=0.05, solver="fista")).fit(*table())
    result = model[-1].solver_result_
    display = ConvergenceDisplay.from_estimator(model).plot(x=x)
    wanted = result.certificate.threshold(result.tol)
    expected = [row.certificate / wanted for row in result.history]
    np.testing.assert_allclose(display.lines_[0].get_ydata(), expected)
    assert expected[-1] <= 1
    at = [row.iteration if x == "iterations" else row.seconds for row in result.history]
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), at)
    objective = np.array([row.objective for row in result.history])
    above = (objective - objective.min()) / objective.min()
    np.testing.assert_allclose(display.objective_lines_[0].get_ydata(), np.where(above > 0, above, np.nan))
    assert display.ax_.get_yscale() == "log"
    assert display.tolerance_line_.get_ydata()[0] == 1
    said = display.figure_.get_suptitle().replace("\n", " ")
    assert said.startswith(f"fista converged after {result.n_iter} iterations: duality gap")


def test_what_did_not_converge_is_dashed_and_named():
    fits = {"good": MultiTaskLasso(alpha=0.1).fit(*table()), "$b_ad$": unsolved()}
    display = ConvergenceDisplay.from_estimators(fits).plot()
    assert [line.get_linestyle() for line in display.lines_] == ["-", "--"]
    assert display.figure_.get_suptitle() == r"1 of 2 solves did not converge (dashed): \$b_ad\$"
    alone = ConvergenceDisplay.from_estimator(unsolved()).plot()
    assert "did not converge after 3 iterations" in alone.figure_.get_suptitle()


def test_models_of_single_outcomes_have_their_names():
    alone = IndependentTasks(MultiTaskLasso(alpha=0.1)).fit(*table())
    assert ConvergenceDisplay.from_estimator(alone).names == ["y0", "y1", "y2"]
    both = ConvergenceDisplay.from_estimators({"alone": alone, "joint": MultiTaskLasso(alpha=0.1).fit(*table())})
    assert both.names == ["alone: y0", "alone: y1", "alone: y2", "joint"]


def test_a_closed_form_has_no_record_and_is_drawn():
    model = MultiTaskRidge().fit(*table())
    assert model.solver_result_.history == ()
    display = ConvergenceDisplay.from_estimator(model).plot()
    display.figure_.canvas.draw()
    assert "closed_form converged after 1 iteration:" in display.figure_.get_suptitle()
    assert [text.get_text() for text in display.axes_[1].texts] == ["no point above the least"]


def test_iterations_that_are_counted_anew_do_not_run_back():
    result = MultiTaskLasso(alpha=0.05, solver="fista").fit(*table()).solver_result_
    rows = [dataclasses.replace(row, iteration=k) for row, k in zip(result.history, (0, 5, 2), strict=False)]
    display = ConvergenceDisplay([dataclasses.replace(result, history=tuple(rows))]).plot()
    assert display.lines_[0].get_xdata().tolist() == [0, 5, 5][: len(rows)]


def test_sixty_records():
    alone = IndependentTasks(MultiTaskLasso(alpha=0.1, solver="fista")).fit(*table(60))
    display = ConvergenceDisplay.from_estimator(alone).plot()
    display.figure_.canvas.draw()
    assert len(display.lines_) == 60
    assert display.ax_.get_legend() is None
    assert display.figure_.get_suptitle() == "All 60 solves converged"


def test_bad_input_is_named():
    X, Y = table()
    model = MultiTaskLasso(alpha=0.1).fit(X, Y)
    for other in (Ridge().fit(X, Y), MultiTaskLasso()):
        with pytest.raises(InvalidParameterError, match="has no solver_result_: fit it first"):
            ConvergenceDisplay.from_estimator(other)
    with pytest.raises(InvalidParameterError, match="x='time'"):
        ConvergenceDisplay.from_estimator(model).plot(x="time")
    with pytest.raises(InvalidParameterError, match="estimators must be a dict"):
        ConvergenceDisplay.from_estimators([model])
    with pytest.raises(InvalidParameterError, match="results is empty"):
        ConvergenceDisplay([])
    with pytest.raises(InvalidParameterError, match="names has 2 names for 1"):
        ConvergenceDisplay([model.solver_result_], ["a", "b"])
