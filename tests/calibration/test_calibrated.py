"""Recalibration: scikit-learn's numbers for one outcome, the written objective, and the laws of the data forms."""

import pickle
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_predict, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skmtl.calibration import MultiTaskCalibrated
from skmtl.calibration._calibrated_fit import LeftOut, fit_calibrators
from skmtl.calibration._calibrated_maps import Scaled, Shifted, log_probabilities, smoothed
from skmtl.calibration._calibrated_shrink import fit_maps
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics import calibration_intercept, log_loss, make_multitask_scorer
from skmtl.multioutput import IndependentTasks, PooledTasks

METHODS = ["sigmoid", "isotonic", "temperature", "intercept"]


@pytest.fixture(scope="module")
def wide():
    """Two binary outcomes of correlated features, a third of the second not observed."""
    rng = np.random.default_rng(0)
    severity = rng.normal(size=(300, 1))
    X = severity + 0.4 * rng.normal(size=(300, 4))
    Y = (rng.random((300, 2)) < expit(severity * [1, 2] - [0, 1])).astype(float)
    Y[::3, 1] = np.nan
    return X, Y


def sites(n_sites=6, n=60, seed=0, spread=0.0):
    """One outcome in sites that differ in the level of risk by ``spread``."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_sites * n, 3))
    task = np.repeat([f"s{i}" for i in range(n_sites)], n)
    shift = np.repeat(spread * rng.normal(size=n_sites), n)
    return X, (rng.random(len(X)) < expit(X.sum(axis=1) - 1 + shift)).astype(int), task


@pytest.mark.parametrize(
    ("estimator", "method"),
    [(LogisticRegression(), "sigmoid"), (GaussianNB(), "isotonic")],
    ids=["sigmoid", "isotonic"],
)
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:Since FrozenEstimator does not appear to accept sample_weight")
def test_one_outcome_is_scikit_learns(wide, estimator, method, frozen, weighted):
    X, y = wide[0], wide[1][:, 0]
    weight = np.random.default_rng(1).uniform(0.5, 2, size=len(y)) if weighted else None
    inner = FrozenEstimator(estimator.fit(X[:100], y[:100])) if frozen else estimator
    ours = MultiTaskCalibrated(inner, method=method, cv=KFold(4)).fit(X, y, weight)
    theirs = CalibratedClassifierCV(inner, method=method, cv=KFold(4), ensemble=False).fit(X, y, weight)
    # Their Platt map is fitted by L-BFGS to a tolerance.
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5 if method == "sigmoid" else 1e-9
    )


def test_isotonic_of_three_classes_is_scikit_learns():
    rng = np.random.default_rng(2)
    y = np.repeat(["a", "b", "c"], 60)
    X = rng.normal(size=(180, 3)) + 1.2 * np.eye(3)[np.repeat(range(3), 60)]
    order = rng.permutation(180)
    X, y = X[order], y[order]
    ours = MultiTaskCalibrated(GaussianNB(), method="isotonic", cv=KFold(3)).fit(X, y)
    theirs = CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=KFold(3), ensemble=False).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()


def test_temperature_of_three_classes_is_the_best_one():
    rng = np.random.default_rng(3)
    probability = rng.dirichlet([1, 1, 1], size=80)
    code = np.array([rng.choice(3, p=p) for p in probability**2 / (probability**2).sum(axis=1, keepdims=True)])
    target = smoothed(np.bincount(code), code)
    np.testing.assert_allclose(target.sum(axis=1), 1)
    score = log_probabilities(probability)
    found = fit_maps([Scaled(score, target, np.ones(80))], (1,), 0.0)[0][0, 1]

    def loss(slope):
        table = np.exp(slope[0] * score)
        return -(target * np.log(table / table.sum(axis=1, keepdims=True))).sum()

    assert found == pytest.approx(minimize(loss, [1.0], tol=1e-12).x[0], abs=1e-5)
    assert 1.2 < found < 3


def test_outcomes_are_calibrated_one_by_one_without_sharing(wide):
    X, Y = wide
    folds = list(KFold(3).split(X))
    both = MultiTaskCalibrated(IndependentTasks(GaussianNB()), cv=folds, shrinkage=0).fit(X, Y)
    assert both.common_ == []
    for t in range(2):
        rows = np.flatnonzero(~np.isnan(Y[:, t]))
        place = {row: i for i, row in enumerate(rows)}
        own = [tuple(np.array([place[r] for r in part if r in place]) for part in fold) for fold in folds]
        one = MultiTaskCalibrated(GaussianNB(), cv=own).fit(X[rows], Y[rows, t])
        np.testing.assert_allclose(both.predict_proba(X)[t], one.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("free", [(0, 1), (0,), (1,)])
@pytest.mark.parametrize("shrinkage", [0.5, 20.0])
def test_maps_minimise_the_written_objective(free, shrinkage):
    rng = np.random.default_rng(4)
    tasks = []
    for n in (15, 40, 90):
        score = rng.normal(size=n)
        event = (rng.random(n) < expit(0.5 + 0.6 * score + rng.normal())).astype(float)
        tasks.append(Shifted(score, event, rng.uniform(0.5, 2, size=n)))
    theta, center, spread = fit_maps(tasks, free, shrinkage)
    np.testing.assert_allclose(spread[list(free)], shrinkage**-0.5)

    def objective(flat):
        every = np.tile([0.0, 1.0], (4, 1))
        every[:, list(free)] = flat.reshape(4, -1)
        loss = sum(
            w @ -(y * np.log(expit(p[0] + p[1] * z)) + (1 - y) * np.log(expit(-p[0] - p[1] * z)))
            for p, (z, y, w) in zip(every, [(t.score, t.target, t.weight) for t in tasks], strict=False)
        )
        return loss + shrinkage / 2 * ((every[:3] - every[3]) ** 2).sum()

    flat = np.vstack([theta, center])[:, list(free)].ravel()
    best = minimize(objective, np.tile([0.0, 1.0], (4, 1))[:, list(free)].ravel(), tol=1e-10)
    assert objective(flat) <= best.fun + 1e-9
    np.testing.assert_allclose(flat, best.x, atol=1e-4)


def test_from_every_task_alone_to_one_map():
    X, y, task = sites(spread=1.0)
    model = FrozenEstimator(IndependentTasks(LogisticRegression()).fit(X, y, task=task))
    fits = {
        s: MultiTaskCalibrated(model, cv="prefit", shrinkage=s).fit(X, y, task=task).calibrators_
        for s in (0, 1e-9, 1.0, 1e9, np.inf)
    }
    shifts = {s: np.array([c.intercept[0] for c in maps]) for s, maps in fits.items()}
    np.testing.assert_allclose(shifts[1e9], shifts[np.inf], atol=1e-5)
    assert np.ptp(shifts[np.inf]) == 0
    widths = [np.ptp(shifts[s]) for s in (1e-9, 1.0, 1e9)]
    assert widths[0] > widths[1] > widths[2]


@pytest.mark.parametrize("spread", [0.0, 0.8])
def test_empirical_bayes_finds_the_spread_of_sites(spread):
    rng = np.random.default_rng(5)
    tasks, truth = [], spread * rng.normal(size=60)
    for shift in truth:
        score = rng.normal(size=100)
        tasks.append(Shifted(score, (rng.random(100) < expit(shift + score)).astype(float), np.ones(100)))
    theta, center, found = fit_maps(tasks, (0, 1), "auto")
    alone = fit_maps(tasks, (0, 1), 0.0)[0]
    assert abs(center[0]) < 0.25
    assert abs(center[1] - 1) < 0.1
    assert found[1] < 0.1  # the slopes do not differ
    assert abs(found[0] - np.std(truth)) < 0.1
    error, error_alone = np.mean((theta[:, 0] - truth) ** 2), np.mean((alone[:, 0] - truth) ** 2)
    assert error < (0.3 if spread == 0 else 0.95) * error_alone


class _Normal:
    """A task whose shift is estimated with a variance of 1 / precision, and its slope not at all."""

    def __init__(self, estimate, precision):
        self.estimate, self.precision = estimate, precision

    def derivatives(self, theta):
        apart = theta[0] - self.estimate
        gradient = np.array([self.precision * apart, 0.0])
        return self.precision * apart**2 / 2, gradient, np.diag([self.precision, 0.0])


@pytest.mark.parametrize("variance", [0.05, 0.4, 5.0])
def test_spread_of_normal_tasks_is_the_variance_less_the_noise(variance):
    """The closed form of one-way analysis of variance, and its shrunken means."""
    estimates = np.array([-1.0, -0.3, 0.1, 0.6, 1.4])
    theta, center, spread = fit_maps([_Normal(e, 1 / variance) for e in estimates], (0,), "auto")
    between = max(estimates.var(ddof=1) - variance, 0)
    assert spread[0] ** 2 == pytest.approx(between, abs=2e-3)
    assert center[0] == pytest.approx(estimates.mean(), abs=1e-6)
    shrunken = estimates.mean() + between / (between + variance) * (estimates - estimates.mean())
    np.testing.assert_allclose(theta[:, 0], shrunken, atol=2e-3)


def test_a_site_without_an_event_borrows():
    X, y, task = sites(n_sites=5, spread=0.3)
    y = np.where(task == "s4", 0, y)
    model = FrozenEstimator(LogisticRegression().fit(X, y))
    pooled = PooledTasks(LogisticRegression()).fit(X, y, task=task)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = MultiTaskCalibrated(pooled, cv="prefit").fit(X, y, task=task)
    assert all(np.isfinite(c.intercept).all() and c.method == "sigmoid" for c in found.calibrators_)
    own = found.predict_proba(X, task=task)[task == "s4", 1].mean()
    assert 0 < own < model.predict_proba(X)[task != "s4", 1].mean()
    message = r"^The rarest class of task 's4' has 0 entries, and method='sigmoid' needs 5"
    with pytest.warns(UserWarning, match=message):
        alone = MultiTaskCalibrated(pooled, cv="prefit", shrinkage=0).fit(X, y, task=task)
    assert [c.method for c in alone.calibrators_] == ["sigmoid"] * 4 + ["identity"]
    np.testing.assert_array_equal(alone.predict_proba(X)[4], pooled.predict_proba(X)[4])


def test_few_events_are_shifted_only(wide):
    X, Y = wide
    Y = np.column_stack([Y[:, 0], np.arange(300) % 100 == 0])
    with pytest.warns(UserWarning, match="rarest class of task 1 has 3 entries.*shifted only"):
        found = MultiTaskCalibrated(IndependentTasks(LogisticRegression()), cv=3, shrinkage=0, random_state=0).fit(X, Y)
    assert [c.method for c in found.calibrators_] == ["sigmoid", "intercept"]
    assert found.calibrators_[1].slope.tolist() == [1.0]


def test_an_event_in_one_row_is_an_error_that_names_the_outcome(wide):
    X, Y = wide
    Y = np.column_stack([Y[:, 0], np.arange(300) == 7])
    with pytest.raises(TaskDataError, match=r"Class 1\.0 of task 1 has 1 observed entry"):
        MultiTaskCalibrated(IndependentTasks(LogisticRegression()), random_state=0).fit(X, Y)


@pytest.mark.parametrize("method", METHODS)
def test_perfect_separation_is_finite(method):
    X = np.linspace(-1, 1, 40)[:, None]
    y = (X[:, 0] > 0).astype(int)
    model = LogisticRegression(C=1e6).fit(X, y)
    probability = MultiTaskCalibrated(model, method=method, cv="prefit").fit(X, y).predict_proba(X)
    assert np.isfinite(probability).all()
    assert ((probability[:, 1] > 0.5) == y).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_intercept_makes_events_add_up(wide):
    X, Y = wide
    model = IndependentTasks(GaussianNB()).fit(X, Y)
    found = MultiTaskCalibrated(model, method="intercept", cv="prefit", shrinkage=0).fit(X, Y)
    np.testing.assert_allclose(calibration_intercept(Y, found.predict_proba(X), multioutput="raw_values"), 0, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_calibration_repairs_naive_bayes(method):
    rng = np.random.default_rng(6)
    severity = rng.normal(size=(3000, 1))
    X = severity + 0.3 * rng.normal(size=(3000, 6))
    Y = (rng.random((3000, 2)) < expit(severity * [1, 2] + [0, 1])).astype(float)
    model = IndependentTasks(GaussianNB())
    found = MultiTaskCalibrated(model, method=method, random_state=0).fit(X[:1500], Y[:1500])
    before = log_loss(Y[1500:], model.fit(X[:1500], Y[:1500]).predict_proba(X[1500:]))
    after = log_loss(Y[1500:], found.predict_proba(X[1500:]))
    assert after < before if method == "intercept" else after < 0.5 * before


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shrinkage", ["auto", 0, np.inf])
def test_laws(wide, method, shrinkage):
    X, Y = wide
    options = {"method": method, "shrinkage": shrinkage, "cv": list(KFold(3).split(X))}
    inner = IndependentTasks(LogisticRegression(tol=1e-12))
    base = MultiTaskCalibrated(inner, **options).fit(X, Y).predict_proba(X)
    tolerance = {"atol": 1e-7}
    # Outcomes in another order.
    other = MultiTaskCalibrated(inner, **options).fit(X, Y[:, ::-1]).predict_proba(X)[::-1]
    np.testing.assert_allclose(other, base, **tolerance)
    # Weight 0 is missing.
    weight = np.where(np.isnan(Y), 0.0, 1.0)
    other = MultiTaskCalibrated(inner, **options).fit(X, np.nan_to_num(Y, nan=1.0), weight).predict_proba(X)
    np.testing.assert_allclose(other, base, **tolerance)
    # Rows of tasks are columns.
    task, row = np.repeat([0, 1], 300), np.tile(np.arange(300), 2)
    folds = [tuple(np.flatnonzero(np.isin(row, part)) for part in fold) for fold in options["cv"]]
    rows = MultiTaskCalibrated(inner, **{**options, "cv": folds}).fit(np.vstack([X, X]), Y.T.ravel(), task=task)
    np.testing.assert_allclose(rows.predict_proba(X), base, **tolerance)
    np.testing.assert_allclose(rows.predict_proba(X, task=np.ones(300, dtype=int)), base[1], **tolerance)
    # Two rows are one of weight two.
    folds = [tuple(np.concatenate([part, part + 300]) for part in fold) for fold in options["cv"]]
    twice = MultiTaskCalibrated(inner, **{**options, "cv": folds}).fit(np.vstack([X, X]), np.vstack([Y, Y]))
    double = MultiTaskCalibrated(inner, **options).fit(X, Y, np.full(300, 2.0))
    np.testing.assert_allclose(twice.predict_proba(X), double.predict_proba(X), **tolerance)


def test_numbers_strings_and_frames(wide):
    pandas = pytest.importorskip("pandas")
    X, Y = wide
    frame = pandas.DataFrame({"sbp": X.sum(axis=1), "death": np.where(Y[:, 0] == 1, "yes", "no")}, dtype=object)
    frame.loc[::4, "death"] = None
    inner = IndependentTasks({"sbp": Ridge(), "death": LogisticRegression()})
    found = MultiTaskCalibrated(inner, random_state=0).fit(X, frame)
    before = frame.copy()
    assert found.task_names_.tolist() == ["sbp", "death"]
    assert found.n_calibration_.tolist() == [300, 225]
    assert found.calibrators_[0] is None
    numbers, probability = found.predict_proba(X)
    assert numbers is None
    assert probability.shape == (300, 2)
    said = found.predict(X)
    np.testing.assert_allclose(said[:, 0].astype(float), found.estimator_.predict(X)[:, 0].astype(float))
    assert (said[:, 1] == np.array(["no", "yes"])[probability.argmax(axis=1)]).all()
    assert found.score(X, frame) > 0.5
    pandas.testing.assert_frame_equal(frame, before)


def test_left_out_predictions_are_what_is_calibrated(wide):
    X, y = wide[0], wide[1][:, 0]
    found = MultiTaskCalibrated(LogisticRegression(), cv=KFold(5)).fit(X, y)
    said = cross_val_predict(LogisticRegression(), X, y, cv=KFold(5), method="predict_proba")
    by_hand = MultiTaskCalibrated(FrozenEstimator(_Says().fit(said[:, 1:], y)), cv="prefit").fit(said[:, 1:], y)
    np.testing.assert_allclose(found.calibrators_[0].slope, by_hand.calibrators_[0].slope, rtol=1e-9)


class _Says(GaussianNB):
    """Its one feature is its probability."""

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])


def test_prefit_at_some_of_the_sites():
    X, y, task = sites(n_sites=4, n=100)
    model = IndependentTasks(LogisticRegression()).fit(X, y, task=task)
    some = task != "s2"
    found = MultiTaskCalibrated(model, cv="prefit").fit(X[some], y[some], task=task[some])
    assert found.estimator_ is model
    assert found.n_calibration_.tolist() == [100, 100, 0, 100]
    pair = found.common_[0]["center"]
    map_of_s2 = found.calibrators_[2]
    np.testing.assert_allclose([map_of_s2.intercept[0], map_of_s2.slope[0]], pair, atol=1e-6)
    expected = expit(pair[0] + pair[1] * logit(model.predict_proba(X)[2][:, 1]))
    np.testing.assert_allclose(found.predict_proba(X)[2][:, 1], expected, atol=1e-6)


def test_groups_clone_pickle_and_routing(wide):
    X, Y = wide
    groups = np.repeat(np.arange(100), 3)
    model = MultiTaskCalibrated(IndependentTasks(LogisticRegression()), cv=3, random_state=0)
    found = clone(model).fit(X, Y, groups=groups)
    other = clone(model).fit(X, Y)
    assert not np.allclose(found.predict_proba(X)[0], other.predict_proba(X)[0], atol=1e-12)
    copy = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(copy.predict_proba(X), found.predict_proba(X))
    X, y, task = sites()
    with config_context(enable_metadata_routing=True):
        routed = MultiTaskCalibrated(PooledTasks(LogisticRegression()), cv=3, random_state=0).set_fit_request(task=True)
        scorer = make_multitask_scorer("neg_log_loss")
        folds = KFold(3, shuffle=True, random_state=0)
        scores = cross_validate(routed, X, y, cv=folds, scoring=scorer, params={"task": task})["test_score"]
    assert np.isfinite(scores).all()


MISTAKES = {
    "method": ({"method": "platt"}, "'method' parameter of MultiTaskCalibrated must be"),
    "shrinkage": ({"shrinkage": -1.0}, "'shrinkage' parameter of MultiTaskCalibrated must be"),
    "isotonic": ({"method": "isotonic", "shrinkage": 2.0}, "does not go with method='isotonic'"),
    "cv": ({"cv": "fitted"}, "cv='fitted' is not known"),
    "no probabilities": ({"estimator": SVC()}, "SVC has no predict_proba"),
    "min_events": ({"min_events": 0}, "'min_events' parameter of MultiTaskCalibrated must be"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(wide, arguments, message):
    with pytest.raises(InvalidParameterError, match=message):
        MultiTaskCalibrated(**{"estimator": LogisticRegression(), **arguments}).fit(wide[0], wide[1][:, 0])


def test_labels_the_fitted_estimator_does_not_know(wide):
    model = LogisticRegression().fit(wide[0], wide[1][:, 0])
    with pytest.raises(TaskDataError, match=r"y of task 0 holds 2\.0, which the fitted estimator does not know"):
        MultiTaskCalibrated(model, cv="prefit").fit(wide[0], wide[1][:, 0] + 1)


def test_an_outcome_of_one_class_does_not_end_the_sharing_of_the_others():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    Y = (X[:, :1] + rng.logistic(size=(200, 3)) > 0).astype(float)
    two = MultiTaskCalibrated(
        IndependentTasks(LogisticRegression()).fit(X, Y[:, :2]), cv="prefit", shrinkage=np.inf
    ).fit(X, Y[:, :2])
    Y[:, 2] = 1.0
    known = IndependentTasks({0: LogisticRegression(), 1: LogisticRegression(), 2: DummyClassifier()}).fit(X, Y)
    three = MultiTaskCalibrated(known, cv="prefit", shrinkage=np.inf).fit(X, Y)
    a, b = three.calibrators_[:2]
    assert (a.intercept, a.slope) == (b.intercept, b.slope)
    np.testing.assert_allclose(a.slope, two.calibrators_[0].slope, rtol=1e-8)
    assert three.calibrators_[2].method == "identity"


def wrong_for_certain(n=300):
    """Predictions of exactly 0 and 1, a fifth of them wrong."""
    rng = np.random.default_rng(0)
    predicted = (rng.random(n) < 0.4).astype(float)
    return predicted, np.where(rng.random(n) < 0.2, 1 - predicted, predicted).astype(int)


@pytest.mark.parametrize("shrinkage", [0.0, "auto", np.inf])
def test_maps_of_predictions_that_are_zero_and_one(shrinkage):
    """Trees and neighbours give them, and the likelihood of the map that leaves them as they are is flat."""
    predicted, event = wrong_for_certain()
    outcomes = [LeftOut(t, np.column_stack([1 - predicted, predicted]), event, np.ones(300)) for t in range(2)]
    for one in fit_calibrators(outcomes, "sigmoid", shrinkage, 5, False)[0]:
        said = one.calibrate(outcomes[0].probability)[:, 1]
        for p in (0, 1):  # two places and two parameters: the rates, but for Platt's targets
            assert said[predicted == p].mean() == pytest.approx(event[predicted == p].mean(), abs=0.01)
    for one in fit_calibrators(outcomes, "temperature", shrinkage, 5, False)[0]:
        assert 0.02 < one.slope[0] < 0.06
    never = [LeftOut(t, np.tile([1.0, 0.0], (300, 1)), event, np.ones(300)) for t in range(2)]
    for given in (outcomes, never):
        for one in fit_calibrators(given, "intercept", shrinkage, 5, False)[0]:
            assert one.calibrate(given[0].probability)[:, 1].sum() == pytest.approx(event.sum(), rel=1e-6)


def test_a_certain_tree_is_mended():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    Y = (rng.random((600, 2)) < expit(3 * X[:, :2])).astype(int)
    tree = IndependentTasks(DecisionTreeClassifier(random_state=0)).fit(X[:300], Y[:300])
    model = MultiTaskCalibrated(IndependentTasks(DecisionTreeClassifier(random_state=0)), random_state=0)
    model.fit(X[:300], Y[:300])
    for t in range(2):
        raw, mended = (log_loss(Y[300:, t], fitted.predict_proba(X[300:])[t]) for fitted in (tree, model))
        assert raw > 5
        assert mended < 0.65
