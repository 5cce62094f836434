"""MultiTaskGPRegressor: the data forms, units, answers and what is refused."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from gaussian_process.gp_data import N, P, T, drawn, holes
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.gaussian_process._noise import Noise
from skmtl.gaussian_process._prepare import covariance_of, entries_of, inference_of
from skmtl.gaussian_process._units import standard_of

X, Y, _ = drawn()
GAPS = holes(Y)
NEW = np.random.default_rng(5).uniform(-2, 2, size=(4, P))
QUICK = {"kernel": RBF(1.0), "noise": 0.2, "optimizer": None, "normalize_y": False}


def checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    return pytest.mark.parametrize(mark.args[0], list(mark.args[1]), ids=mark.kwargs.get("ids"))


@checks([MultiTaskGPRegressor(RBF(1.0)), MultiTaskGPRegressor(optimizer=None)])
def test_sklearn_checks(estimator, check):
    with warnings.catch_warnings():
        # The likelihood of checks' data runs to bounds, and scikit-learn's constant columns are constant.
        warnings.simplefilter("ignore")
        check(estimator)


# -- data forms -------------------------------------------------------------------------------------


def test_missing_outcomes_are_rows_that_are_absent():
    """Rows of tasks, one entry each, are the same data as a table with holes."""
    given = {"noise": "shared", "optimizer": "fmin_l_bfgs_b", "n_restarts_optimizer": 4, "random_state": 0}
    model = MultiTaskGPRegressor(**{**QUICK, **given})
    wide = model.fit(X, GAPS).predict(NEW, return_std=True)
    theta, value = model.theta_, model.log_marginal_likelihood_value_
    tasks, rows = np.nonzero(~np.isnan(GAPS.T))
    long = model.fit(X[rows], GAPS[rows, tasks], task=tasks)
    assert long.data_form_ == "rows"
    assert long.log_marginal_likelihood(theta) == pytest.approx(value, rel=1e-10)
    # Rows do not show which outcomes go together: other start values, and the same maximum with some restarts.
    assert long.log_marginal_likelihood_value_ == pytest.approx(value, abs=0.1)
    long._posterior = long._inference.condition(theta)
    np.testing.assert_allclose(long.predict(NEW, return_std=True), wide, rtol=1e-8)
    by_task = [long.predict(NEW, task=np.full(4, t)) for t in range(T)]
    np.testing.assert_allclose(np.column_stack(by_task), long.predict(NEW), rtol=1e-10)


def test_order_of_rows_and_of_tasks():
    rng = np.random.default_rng(0)
    rows, tasks = rng.permutation(N), rng.permutation(T)
    model = MultiTaskGPRegressor(Matern(1.0, nu=2.5), rank=2)
    one = model.fit(X, GAPS).predict(NEW, return_std=True)
    value = model.log_marginal_likelihood_value_
    other = model.fit(X[rows], GAPS[rows][:, tasks]).predict(NEW, return_std=True)
    assert model.log_marginal_likelihood_value_ == pytest.approx(value, abs=1e-3)
    for k in range(2):
        np.testing.assert_allclose(other[k], one[k][:, tasks], atol=0.05)


@pytest.mark.parametrize("Y", [Y, GAPS], ids=["complete", "missing"])
def test_units_of_the_outcomes_are_the_users(Y):
    shift, scale = np.array([5.0, -300.0, 0.1]), np.array([1.0, 1e3, 1e-4])
    model = MultiTaskGPRegressor(rank=1)
    mean, std = model.fit(X, Y).predict(NEW, return_std=True)
    covariance, noise, value = model.task_covariance_, model.noise_, model.log_marginal_likelihood_value_
    mean_2, std_2 = model.fit(X, shift + scale * Y).predict(NEW, return_std=True)
    np.testing.assert_allclose(mean_2, shift + scale * mean, rtol=1e-5, atol=1e-6 * scale.max())
    np.testing.assert_allclose(std_2, scale * std, rtol=1e-5)
    np.testing.assert_allclose(model.task_covariance_, covariance * np.outer(scale, scale), rtol=1e-4)
    np.testing.assert_allclose(model.noise_, noise * scale**2, rtol=1e-4)
    assert model.log_marginal_likelihood_value_ == pytest.approx(value, rel=1e-7)


def test_single_precision_is_that_of_the_same_numbers():
    x, y = X.astype(np.float32), GAPS.astype(np.float32)
    single = MultiTaskGPRegressor(**QUICK).fit(x, y)
    double = MultiTaskGPRegressor(**QUICK).fit(x.astype(float), y.astype(float))
    np.testing.assert_array_equal(single.predict(NEW), double.predict(NEW))


def test_frames_and_names():
    table = pd.DataFrame(GAPS, columns=["crp", "wbc", "il6"])
    model = MultiTaskGPRegressor(**QUICK).fit(pd.DataFrame(X, columns=["age", "bmi"]), table)
    assert model.task_names_.tolist() == ["crp", "wbc", "il6"]
    assert model.feature_names_in_.tolist() == ["age", "bmi"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(pd.DataFrame(NEW, columns=["bmi", "age"]))


# -- answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("Y", [Y, GAPS], ids=["complete", "missing"])
def test_covariances_and_deviations_agree(Y):
    model = MultiTaskGPRegressor(**QUICK).fit(X, Y)
    for include_noise in (False, True):
        mean, std = model.predict(NEW, return_std=True, include_noise=include_noise)
        mean_2, cov = model.predict(NEW, return_cov=True, include_noise=include_noise)
        assert cov.shape == (4, T, 4, T)
        np.testing.assert_allclose(mean, mean_2, rtol=1e-12)
        np.testing.assert_allclose(np.sqrt(cov.reshape(4 * T, -1).diagonal()).reshape(4, T), std, rtol=1e-7)
        task = np.array([0, 2, 1, 2])
        at = np.arange(4)
        mean_3, std_3 = model.predict(NEW, return_std=True, include_noise=include_noise, task=task)
        np.testing.assert_allclose(mean_3, mean[at, task], rtol=1e-12)
        np.testing.assert_allclose(std_3, std[at, task], rtol=1e-10)
        cov_3 = model.predict(NEW, return_cov=True, include_noise=include_noise, task=task)[1]
        np.testing.assert_allclose(cov_3, cov[at, task][:, at, task], rtol=1e-7, atol=1e-10)
    quiet, loud = (model.predict(NEW, return_std=True, include_noise=k)[1] for k in (False, True))
    np.testing.assert_allclose(loud**2 - quiet**2, np.broadcast_to(model.noise_, (4, T)), rtol=1e-8)


def test_draws_have_the_posterior_moments():
    model = MultiTaskGPRegressor(**QUICK).fit(X, GAPS)
    mean, cov = model.predict(NEW, return_cov=True)
    draws = model.sample_y(NEW, 20_000, random_state=1)
    assert draws.shape == (4, T, 20_000)
    np.testing.assert_allclose(draws.mean(axis=-1), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(draws.reshape(4 * T, -1)), cov.reshape(4 * T, -1), atol=0.05)
    np.testing.assert_array_equal(model.sample_y(NEW), model.sample_y(NEW, random_state=0))


@pytest.mark.parametrize("form", ["complete", "missing", "rows", "single"])
def test_leave_one_out_is_shaped_as_y(form):
    y, task = {"complete": Y, "missing": GAPS, "rows": Y[:, 0], "single": Y[:, 0]}[form], None
    if form == "rows":
        task = np.array(["a", "b", "c"])[np.arange(N) % 3]
        y = np.where(np.arange(N) == 4, np.nan, y)
    model = MultiTaskGPRegressor(RBF(1.0)).fit(X, y, task=task)
    mean, std = model.leave_one_out()
    assert mean.shape == std.shape == y.shape
    np.testing.assert_array_equal(np.isnan(mean), np.isnan(y))
    # The last observation, left out by hand at the same parameters and units.
    i, t = N - 1, 0
    rest = y.copy()
    if form in ("complete", "missing"):
        t = int(np.flatnonzero(~np.isnan(y[i]))[-1])
        rest[i, t] = np.nan
    else:
        rest[i] = np.nan
    by_hand = MultiTaskGPRegressor(RBF(1.0), optimizer=None, inference="dense").fit(X, rest, task=task)
    layout, standard = by_hand._layout, model._standard
    values = rest[layout.row_index, layout.entry_task] if y.ndim == 2 else rest[layout.row_index]
    by_hand._inference.y = (values - standard.mean[layout.entry_task]) / standard.scale[layout.entry_task]
    by_hand.theta_, by_hand._posterior = model.theta_, by_hand._inference.condition(model.theta_)
    by_hand._describe(by_hand._posterior.covariance, standard)
    name = by_hand.task_names_[t] if task is None else task[i]
    wanted = by_hand.predict(X[[i]], return_std=True, include_noise=True, task=[name])
    at = (i, t) if y.ndim == 2 else i
    assert mean[at] == pytest.approx(wanted[0][0], rel=1e-6)
    assert std[at] == pytest.approx(wanted[1][0], rel=1e-6)


def test_known_variances():
    """With noise=0 the known variances are all; equal ones are a noise."""
    model = MultiTaskGPRegressor(**{**QUICK, "noise": 0.0})
    known = model.fit(X, GAPS, noise_variance=np.full((N, T), 0.2)).predict(NEW, return_std=True)
    fixed = MultiTaskGPRegressor(**QUICK).fit(X, GAPS).predict(NEW, return_std=True)
    np.testing.assert_allclose(known, fixed, rtol=1e-9)
    by_row = np.linspace(0.1, 2.0, N)
    one = model.fit(X, GAPS, noise_variance=by_row).predict(NEW)
    np.testing.assert_allclose(model.fit(X, GAPS, noise_variance=np.tile(by_row, (T, 1)).T).predict(NEW), one)
    # A measurement with an enormous variance is as good as absent.
    doubtful, gone = np.full((N, T), 0.2), GAPS.copy()
    doubtful[3], gone[3] = 1e9, np.nan
    model.set_params(rank=0)  # whose start values do not look at the outcomes
    np.testing.assert_allclose(
        model.fit(X, GAPS, noise_variance=doubtful).predict(NEW),
        model.fit(X, gone, noise_variance=np.full(N, 0.2)).predict(NEW),
        atol=1e-6,
    )


def test_new_tasks_from_descriptions():
    """Dose-response of one outcome at several sites; a site in between is predicted from its description."""
    rng = np.random.default_rng(0)
    sites = np.linspace(-1, 1, 7)
    x = rng.uniform(-2, 2, size=(140, 1))
    code = rng.integers(7, size=140)
    f = lambda x, z: np.sin(x) * (1 + z)  # noqa: E731
    y = f(x[:, 0], sites[code]) + 0.1 * rng.normal(size=140)
    held = code == 4
    names = np.array([f"site {k}" for k in range(7)])
    described = pd.DataFrame({"z": np.delete(sites, 4)}, index=np.delete(names, 4))
    model = MultiTaskGPRegressor(RBF(1.0), task_features=described).fit(x[~held], y[~held], task=names[code[~held]])
    mean, std = model.predict_new_task(x[held], [[sites[4]], [50.0]], return_std=True)
    assert np.abs(mean[:, 0] - f(x[held][:, 0], sites[4])).mean() < 0.2
    assert (std[:, 1] > 2 * std[:, 0]).all()
    # A described task with next to no variance of its own, at a known one's place, is that one.
    theta = model.theta_.copy()
    own = slice(3, 9)
    theta[own] = np.log(1e-6)
    model._posterior = model._inference.condition(theta)
    np.testing.assert_allclose(
        model.predict_new_task(x[:5], [[sites[0]]])[:, 0], model.predict(x[:5], task=names[[0] * 5]), atol=1e-3
    )


def test_restarts_are_kept_and_repeated():
    models = [MultiTaskGPRegressor(n_restarts_optimizer=3, random_state=7).fit(X, GAPS) for _ in range(2)]
    np.testing.assert_array_equal(models[0].restarts_, models[1].restarts_)
    assert len(models[0].restarts_) == 4
    assert models[0].log_marginal_likelihood_value_ == models[0].restarts_.max()
    np.testing.assert_array_equal(models[0].predict(NEW), models[1].predict(NEW))


def test_an_optimizer_of_the_users():
    calls = []

    def stay(objective, start, bounds):
        calls.append(bounds.shape)
        return start, objective(start)[0]

    model = MultiTaskGPRegressor(RBF(1.0), optimizer=stay).fit(X, Y)
    assert calls == [(len(model.theta_), 2)]
    assert model.log_marginal_likelihood_value_ == pytest.approx(model.log_marginal_likelihood())


def test_the_scale_of_a_kernel_is_bs():
    model = MultiTaskGPRegressor(ConstantKernel(4.0) * RBF(1.0)).fit(X, GAPS)
    assert model.kernel_.k1.constant_value == 4.0
    plain = MultiTaskGPRegressor(RBF(1.0)).fit(X, GAPS)
    assert model.log_marginal_likelihood_value_ == pytest.approx(plain.log_marginal_likelihood_value_, abs=1e-4)


def test_grid_search_and_pickle():
    grid = GridSearchCV(MultiTaskGPRegressor(RBF(1.0), noise=0.1), {"rank": [0, 1]}, cv=2).fit(X, Y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    model = MultiTaskGPRegressor().fit(X, GAPS)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(NEW, return_std=True), model.predict(NEW, return_std=True))


def test_duplicate_rows():
    twice, table = np.vstack([X, X]), np.vstack([Y, Y + 0.01])
    for inference in ("kronecker", "dense"):
        model = MultiTaskGPRegressor(RBF(1.0), inference=inference).fit(twice, table)
        assert np.isfinite(model.log_marginal_likelihood_value_)
        assert np.isfinite(model.predict(NEW, return_std=True)).all()


def test_nothing_given_is_changed():
    x, y, known = X.copy(), GAPS.copy(), np.full(GAPS.shape, 0.1)
    kernel = ConstantKernel(2.0) * RBF(1.0)
    for array in (x, y, known):
        array.flags.writeable = False
    MultiTaskGPRegressor(kernel).fit(x, y, noise_variance=known).predict(x, return_std=True)
    assert kernel == ConstantKernel(2.0) * RBF(1.0)


# -- bad input --------------------------------------------------------------------------------------


BAD_FITS = {
    "kernel": ({"kernel": "rbf"}, "kernel='rbf' is not known"),
    "no kernel": ({"kernel": []}, "kernel=\\[\\] is not known"),
    "not finite": ({"kernel": RBF(1.0) * ConstantKernel(np.inf)}, "finite on the features"),
    "rank": ({"rank": -1}, "rank=-1 must be an int >= 0"),
    "ranks": ({"rank": [1, 1]}, "one for each of the 1 kernels"),
    "noise name": ({"noise": "none"}, "noise='none' is not known"),
    "noise": ({"noise": -0.1}, "noise=-0.1 must be"),
    "noises": ({"noise": [0.1, 0.2]}, "or 3 of them, one per task"),
    "inference": ({"inference": "sparse"}, "'inference' parameter of MultiTaskGPRegressor must be one of"),
    "kronecker": ({"inference": "kronecker"}, "needs complete outcomes"),
    "task kernel": ({"task_kernel": RBF()}, "task_kernel goes with task_features"),
    "task features": ({"task_features": [[1.0], [2.0]]}, "one row per task"),
    "task feature": ({"task_features": [[1.0], [np.nan], [2.0]]}, "task_features of task 1 is not finite"),
    "absent feature": ({"task_features": pd.DataFrame({"z": [1.0]}, index=[0])}, "no row for task 1"),
    "one kernel": ({"task_features": [[1.0], [2.0], [3.0]], "kernel": [RBF(), RBF()]}, "goes with one kernel"),
    "restarts": ({"n_restarts_optimizer": -1}, "n_restarts_optimizer"),
}


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_parameters(case):
    parameters, message = BAD_FITS[case]
    with pytest.raises((InvalidParameterError, TaskDataError), match=message):
        MultiTaskGPRegressor(**parameters).fit(X, GAPS)


def test_bad_tables():
    model = MultiTaskGPRegressor(RBF(1.0))
    with pytest.raises(TaskDataError, match=r"task 1\) contains NaN only"):
        model.fit(X, np.where(np.arange(T) == 1, np.nan, Y))
    with pytest.raises(TaskDataError, match=r"X.toarray\(\)"):
        model.fit(sparse.csr_array(X), Y)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X > 1.9, np.nan, np.nan), Y)
    for bad, message in (
        (np.zeros(3), "shape \\(3,\\)"),
        (-np.ones((N, T)), "row 0 of task 0"),
        (np.full(N, "a"), "not a number"),
    ):
        with pytest.raises(TaskDataError, match=message):
            model.fit(X, Y, noise_variance=bad)
    with pytest.warns(UserWarning, match=r"task 2\) is constant"):
        model.fit(X, np.where(np.arange(T) == 2, 3.0, Y))


def test_too_many_entries():
    n = 100_001
    X, y = np.zeros((n, 1)), np.arange(n) % 7.0
    model = MultiTaskGPRegressor(RBF(1.0))
    with pytest.raises(TaskDataError, match="an exact fit would need 240 GB"):
        model.fit(X, y, task=np.arange(n) % 2)
    with pytest.raises(TaskDataError, match="200002 observed outcomes are too many: an exact fit would need 240 GB"):
        model.fit(X, np.column_stack([y, y]))
    for inference, what in (("dense", "20000 observed outcomes"), ("kronecker", "20000 rows")):
        with pytest.raises(TaskDataError, match=f"inference='{inference}' of {what} would need 10 GB"):
            model.set_params(inference=inference).fit(X[:20_000], y[:20_000])


@pytest.mark.parametrize("Y", [Y, GAPS], ids=["complete", "missing"])
def test_rows_without_outcomes_cost_nothing(Y):
    """Nor do they make a complete table another."""
    many = 50_000
    longer, empty = np.vstack([X, np.zeros((many, P))]), np.vstack([Y, np.full((many, T), np.nan)])
    model, other = MultiTaskGPRegressor(**QUICK).fit(X, Y), MultiTaskGPRegressor(**QUICK).fit(longer, empty)
    assert other.inference_ == model.inference_
    np.testing.assert_allclose(other.predict(NEW, return_std=True), model.predict(NEW, return_std=True))
    mean, std = other.leave_one_out()
    assert len(mean) == N + many
    np.testing.assert_allclose(mean[:N], model.leave_one_out()[0])
    assert np.isnan(mean[N:]).all()
    assert np.isnan(std[N:]).all()


@pytest.mark.parametrize("Y", [Y, GAPS], ids=["complete", "missing"])
def test_a_fit_keeps_its_own_rows(Y):
    x = X.copy()
    model = MultiTaskGPRegressor(**QUICK).fit(x, Y)
    before = model.predict(NEW)
    x[:] = 77.0
    np.testing.assert_array_equal(model.predict(NEW), before)


def test_bad_questions():
    model = MultiTaskGPRegressor(**QUICK)
    with pytest.raises(NotFittedError):
        model.predict(NEW)
    model.fit(X, pd.DataFrame(GAPS, columns=list("abc")))
    with pytest.raises(TaskDataError, match="task 'd' was not seen in fit"):
        model.predict(NEW, task=list("abcd"))
    with pytest.raises(TaskDataError, match="task -1 was not seen"):
        model.fit(X, GAPS).predict(NEW, task=[0, 1, 2, -1])
    with pytest.raises(InvalidParameterError, match="ask for one of them"):
        model.predict(NEW, return_std=True, return_cov=True)
    with pytest.raises(TaskDataError, match="ask for fewer rows"):
        model.predict(np.zeros((4000, P)), return_cov=True)
    with pytest.raises(InvalidParameterError, match="theta has shape"):
        model.log_marginal_likelihood([0.0])
    with pytest.raises(TaskDataError, match="needs a fit with task_features"):
        model.predict_new_task(NEW, [[1.0]])
    described = MultiTaskGPRegressor(RBF(1.0), task_features=[[0.0], [1.0], [2.0]], optimizer=None).fit(X, GAPS)
    with pytest.raises(TaskDataError, match="each in its own unit"):
        described.predict_new_task(NEW, [[1.0]])


@pytest.mark.parametrize("inference", ["kronecker", "dense", "inducing"])
def test_every_inference_can_be_stored(inference):
    model = MultiTaskGPRegressor(RBF(1.0), inference=inference, n_inducing=5, optimizer=None, random_state=0).fit(X, Y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(NEW, return_std=True), model.predict(NEW, return_std=True))
    one, other = (m.log_marginal_likelihood(eval_gradient=True) for m in (model, again))
    np.testing.assert_array_equal(one[1], other[1])


def test_many_tasks_of_few_entries_are_dense():
    """A hundred inducing points for each of two hundred tasks would be four times the entries."""
    rng = np.random.default_rng(0)
    x, task = rng.normal(size=(5200, 1)), np.arange(5200) % 200
    standard = MultiTaskGPRegressor(RBF(1.0), optimizer=None)
    data = standard._read(x, np.sin(x[:, 0]), task=task)
    entries = entries_of(data, standard_of(data, True), None)
    covariance = covariance_of([RBF(1.0)], [1], entries, 200, None)
    noise = Noise(np.zeros(200))
    assert inference_of("auto", covariance, entries, noise, 100, 0).name == "dense"
    assert inference_of("auto", covariance, entries, noise, 10, 0).name == "inducing"
    with pytest.raises(TaskDataError, match="would need 25 GB: use a smaller n_inducing"):
        inference_of("inducing", covariance, entries, noise, 5200 // 32, 0)
