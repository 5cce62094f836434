"""Estimators with a likelihood per outcome: messages, storage, and scikit-learn's checks."""

import pickle

import numpy as np
import pytest
from gaussian_process.generalized_data import MIXED, N, binary, mixed_model, numbers, table
from scipy import sparse
from sklearn.gaussian_process.kernels import RBF
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process import MultiTaskGeneralizedGP, MultiTaskGPClassifier, MultiTaskGPPoissonRegressor

# -- bad input ----------------------------------------------------------------------------------------


def test_an_outcome_of_one_class_is_named():
    X, Y = table(missing=0.0)
    with pytest.raises(TaskDataError, match=r"Y \(task 'death'\) has only one class, 'no'"):
        MultiTaskGPClassifier().fit(X, Y[["death"]].assign(death="no"))


def test_an_unknown_task_is_named():
    X, y = binary()
    model = MultiTaskGPClassifier(optimizer=None).fit(X, y, task=np.repeat(["a", "b"], 30))
    for method in ("predict", "predict_proba", "decision_function", "linear_predictor", "predict_latent"):
        with pytest.raises(TaskDataError, match="task 'c' was not seen in fit"):
            getattr(model, method)(X[:2], task=["a", "c"])
    with pytest.raises(TaskDataError, match="score needs task"):
        model.score(X, y)


def test_counts_that_are_none_are_named():
    X, Y = numbers(missing=0.0)
    with pytest.raises(TaskDataError, match=r"Y \(task 1\) is read as a count but holds -2 in row 4"):
        MultiTaskGPPoissonRegressor().fit(X, np.column_stack([Y[:, 2], np.where(np.arange(N) == 4, -2, Y[:, 2])]))
    with pytest.warns(UserWarning, match=r"Y \(task 0\) is read as a count but holds the fraction") as caught:
        MultiTaskGPPoissonRegressor(optimizer=None).fit(X, Y[:, 2] / 2)
    assert caught[0].filename == __file__  # it points to the line of the fit
    # Rates with their exposures are counts.
    exposure = np.random.default_rng(0).uniform(0.1, 7.3, size=N)
    MultiTaskGPPoissonRegressor(optimizer=None).fit(X, Y[:, 2], exposure=exposure)
    with pytest.raises(TaskDataError, match=r"exposure of Y \(task 0\) is 0 in row 2"):
        MultiTaskGPPoissonRegressor().fit(X, Y[:, 2], exposure=np.where(np.arange(N) == 2, 0.0, exposure))
    with pytest.raises(TaskDataError, match="exposure goes with counts"):
        MultiTaskGeneralizedGP("gaussian").fit(X, Y[:, 2], exposure=exposure)


def test_too_many_entries_are_refused_with_the_memory_they_would_need():
    X = np.zeros((3000, 1))
    Y = np.tile([0.0, 1.0], (3000, 1))
    Y[::2] = 1 - Y[::2]
    with pytest.raises(TaskDataError, match=r"Y has 6000 observed entries, .* would need 1.3 GB, .*MultiTaskGLM"):
        MultiTaskGPClassifier().fit(X, Y)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"likelihood": "cauchy"}, InvalidParameterError, "'likelihood' parameter of MultiTaskGeneralizedGP must be"),
        ({"likelihood": {"sbp": "gaussian"}}, InvalidParameterError, "has no entry for 'death'"),
        ({"likelihood": "gaussian"}, TaskDataError, r"Y \(task 'death'\) is not numeric"),
        ({"kernel": "rbf"}, InvalidParameterError, "kernel='rbf' is not known"),
        ({"rank": -1}, InvalidParameterError, "rank=-1 must be an int >= 0"),
        ({"rank": [1, 1]}, InvalidParameterError, "one for each of the 1 kernels"),
        ({"mean": "median"}, InvalidParameterError, "'mean' parameter of MultiTaskGeneralizedGP must be"),
        ({"optimizer": "adam"}, InvalidParameterError, "'optimizer' parameter"),
        ({"n_restarts_optimizer": -1}, InvalidParameterError, "'n_restarts_optimizer' parameter"),
    ],
)
def test_wrong_parameters_are_refused(given, error, message):
    X, Y = table()
    with pytest.raises(error, match=message):
        MultiTaskGeneralizedGP(**given).fit(X, Y)


def test_more_than_two_classes_are_refused():
    X, Y = table(missing=0.0)
    grades = Y[["sbp"]].assign(grade=np.array(["low", "mid", "high"])[np.arange(N) % 3])
    with pytest.raises(TaskDataError, match=r"Y \(task 'grade'\) has more than two classes"):
        MultiTaskGeneralizedGP().fit(X, grades)


class NoCovariance(RBF):
    """One on the diagonal, and far more beside it."""

    def __call__(self, X, Y=None, eval_gradient=False):
        K = super().__call__(X, Y, eval_gradient)
        far = np.array([[1.0]]) if Y is None and len(X) == 1 else np.array([[-50.0]])
        return (far * K[0], far[..., None] * K[1]) if eval_gradient else far * K


@pytest.mark.parametrize("optimizer", [None, "fmin_l_bfgs_b"])
def test_a_kernel_that_is_no_covariance_is_refused(optimizer):
    X, Y = numbers()
    with pytest.raises(TaskDataError, match="The evidence is finite at no start"):
        mixed_model(kernel=NoCovariance(), optimizer=optimizer).fit(X, Y)


def test_sparse_features_are_refused():
    X, Y = numbers()
    with pytest.raises(TaskDataError, match="X is a sparse matrix"):
        mixed_model().fit(sparse.csr_array(X), Y)


def test_theta_of_the_wrong_length_is_refused():
    X, Y = numbers()
    model = mixed_model(optimizer=None).fit(X, Y)
    with pytest.raises(InvalidParameterError, match="theta has 2 numbers, but this model has"):
        model.log_marginal_likelihood([0.0, 1.0])


def test_numbers_have_no_probabilities():
    X, Y = numbers()
    assert not hasattr(MultiTaskGeneralizedGP("gaussian"), "predict_proba")
    assert not hasattr(MultiTaskGeneralizedGP(["gaussian", "poisson"]), "predict_proba")
    assert hasattr(MultiTaskGeneralizedGP(), "predict_proba")
    assert not hasattr(MultiTaskGeneralizedGP(optimizer=None).fit(X, Y[:, [0, 2]]), "predict_proba")


# -- an estimator as others ---------------------------------------------------------------------------


def test_restarts_are_reproducible_and_the_best_is_kept():
    X, Y = numbers()
    first, second = (mixed_model(n_restarts_optimizer=3, random_state=7).fit(X, Y) for _ in range(2))
    assert first.restarts_.shape == (4,)
    np.testing.assert_array_equal(first.restarts_, second.restarts_)
    np.testing.assert_array_equal(first.predict_mean(X), second.predict_mean(X))
    assert first.log_marginal_likelihood_value_ == pytest.approx(first.restarts_.max(), abs=1e-8)


def test_pickle_keeps_predictions_and_evidence():
    X, Y = table()
    model = MultiTaskGeneralizedGP(MIXED).fit(X, Y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    np.testing.assert_array_equal(copy.predict_mean(X), model.predict_mean(X))
    theta = model.theta_ + 0.1
    assert copy.log_marginal_likelihood(theta) == pytest.approx(model.log_marginal_likelihood(theta), abs=1e-9)


def test_input_is_read_only_and_unchanged():
    X, Y = numbers()
    exposure = np.ones(N)
    before = X.copy(), Y.copy()
    for array in (X, Y, exposure):
        array.flags.writeable = False
    model = mixed_model().fit(X, Y, exposure=exposure)
    model.predict(X), model.predict_latent(X), model.score(X, Y)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])


def test_predictions_do_not_depend_on_their_neighbours():
    X, Y = numbers()
    model = mixed_model().fit(X, Y)
    whole = model.predict_mean(X)
    np.testing.assert_allclose(np.vstack([model.predict_mean(X[i : i + 1]) for i in range(N)]), whole, rtol=1e-9)
    np.testing.assert_allclose(model.predict_mean(X[::-1])[::-1], whole, rtol=1e-9)


# It gives targets below zero to every regressor of several outputs, also to one whose tags say that it takes none.
NOT_FOR_COUNTS = "check_regressor_multioutput"


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, checks = mark.args
    kept = [
        entry
        for entry in checks
        if not isinstance(entry[0], MultiTaskGPPoissonRegressor)
        or getattr(entry[1], "func", entry[1]).__name__ != NOT_FOR_COUNTS
    ]
    return pytest.mark.parametrize(names, kept, **mark.kwargs)


# Targets of the checks are fractions, also where counts are wanted.
@pytest.mark.filterwarnings("ignore:.*is read as a count but holds the fraction:UserWarning")
@sklearn_checks(
    [
        MultiTaskGPClassifier(),
        MultiTaskGPClassifier(link="probit", optimizer=None),
        MultiTaskGPPoissonRegressor(),
        MultiTaskGeneralizedGP(),
        MultiTaskGeneralizedGP("gaussian"),
        MultiTaskGeneralizedGP("logit", mean="zero", optimizer=None),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


def test_the_check_left_out_for_counts_does_give_negative_ones():
    with pytest.raises(TaskDataError, match="is read as a count but holds -"):
        getattr(estimator_checks, NOT_FOR_COUNTS)("counts", MultiTaskGPPoissonRegressor())
