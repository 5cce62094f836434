"""What the named estimators say of what they found, on planted structure."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from skmtl import linear_model as lm
from skmtl.linear_model._clustered import spectral_labels
from skmtl.linear_model._trace_norm import rank

STRUCTURES = (
    "ClusteredTasks", "DataSharedLasso", "Dirty", "LInfLasso", "RobustFeature", "RobustLowRank", "SparseLowRank",
    "Temporal", "TraceNorm",
)  # fmt: skip
TWO_PARTS = ("DataSharedLasso", "Dirty", "RobustFeature", "RobustLowRank", "SparseLowRank")
FORMS = ("Regressor", "Classifier", "RegressorCV", "ClassifierCV")
N, P, T = 60, 5, 4


def _estimator(structure, form, **given):
    if form.endswith("CV"):
        # Quadratic penalties have to reach down to almost none.
        grid = (5, 1e-5) if structure == "ClusteredTasks" else (3, 0.1)
        given = {"alphas": grid[0], "eps": grid[1], "cv": 3, **given}
    return getattr(lm, structure + form)(**given)


def _table(form, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    W = np.outer([2.0, -1.5, 0.0, 0.0, 1.0], [1.0, 1.2, 0.8, 1.0])
    Y = X @ W + rng.logistic(size=(N, T))
    if form.startswith("Classifier"):
        Y = (Y > 0).astype(float)
    Y[rng.random(Y.shape) < 0.1] = np.nan
    return X, Y


# -- every structure in every form --------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_fits_and_keeps_its_parameters(structure, form):
    X, Y = _table(form)
    model = _estimator(structure, form)
    before = clone(model).get_params()
    model.fit(X, Y)
    assert model.coef_.shape == (T, P)
    assert model.get_params() == before
    assert hasattr(model, "predict_proba") == form.startswith("Classifier")
    path = "deviance_path_" if form.startswith("Classifier") else "mse_path_"
    assert hasattr(model, path) == form.endswith("CV")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("structure", TWO_PARTS)
def test_parts_sum_to_the_coefficients(structure, form):
    X, Y = _table(form)
    model = _estimator(structure, form).fit(X, Y)
    np.testing.assert_allclose(model.shared_coef_ + model.specific_coef_, model.coef_, rtol=0, atol=1e-14)


@pytest.mark.parametrize("form", ["RegressorCV", "ClassifierCV"])
@pytest.mark.parametrize("structure", TWO_PARTS)
def test_ratios_are_chosen_inside_the_wedge_and_may_be_given(structure, form):
    X, Y = _table(form)
    model = _estimator(structure, form, alphas=2).fit(X, Y)
    assert model.alphas_.shape == (3, 2)
    assert 0 < model.shared_ratio_ < 1
    assert _estimator(structure, form, alphas=2, shared_ratio=[0.55, 0.6]).fit(X, Y).shared_ratio_ in (0.55, 0.6)
    single = _estimator(structure, form, alphas=2, shared_ratio=0.6).fit(X, Y)
    assert single.shared_ratio_ == 0.6
    assert single.alphas_.shape == (2,)


@pytest.mark.parametrize("form", ["Regressor", "RegressorCV"])
def test_dirty_norms_are_different_models(form):
    X, Y = _table(form)
    largest = _estimator("Dirty", form, shared_ratio=0.6).fit(X, Y)
    euclidean = _estimator("Dirty", form, shared_ratio=0.6, shared_norm="l2").fit(X, Y)
    assert np.abs(largest.coef_ - euclidean.coef_).max() > 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_temporal_squared_and_absolute(form):
    X, Y = _table(form)
    for smoothness in ("squared", "absolute"):
        model = _estimator("Temporal", form, times=[0, 1, 3, 9], smoothness=smoothness).fit(X, Y)
        np.testing.assert_array_equal(model.selected_features_, (model.coef_ != 0).any(axis=0))


def test_number_of_clusters_may_be_one_or_a_list():
    X, Y = _table("Regressor")
    assert _estimator("ClusteredTasks", "RegressorCV", n_clusters=2).fit(X, Y).n_clusters_ == 2
    assert _estimator("ClusteredTasks", "RegressorCV", n_clusters=[1, 3]).fit(X, Y).n_clusters_ in (1, 3)


# -- rank ---------------------------------------------------------------------------------------------


def test_rank_does_not_depend_on_units():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(7, 2)) @ rng.normal(size=(2, 5))
    assert rank(W) == 2
    assert rank(W * np.geomspace(1e-5, 1e5, 5)) == 2
    assert rank(np.hstack([W, np.zeros((7, 1))])) == 2
    assert rank(np.zeros((7, 5))) == 0


def test_rank_of_nothing_is_zero():
    X, Y = _table("Regressor")
    assert lm.TraceNormRegressor(alpha=1e3).fit(X, Y).rank_ == 0


def test_rank_with_scaled_targets_counts_small_units():
    X, Y = _table("Regressor")
    units = np.array([1.0, 1e-4, 1e4, 1.0])
    model = lm.TraceNormRegressor(alpha=0.05, scale_targets=True)
    assert clone(model).fit(X, Y * units).rank_ == clone(model).fit(X, Y).rank_ > 1


# -- clusters -----------------------------------------------------------------------------------------


def _planted(signs):
    """Outcomes along one of two directions, times their signs."""
    rng = np.random.default_rng(1)
    directions = np.linalg.qr(rng.normal(size=(6, 2)))[0]
    group = np.array([0, 1, 1, 0, 1, 0, 0])
    return directions[:, group] * signs, group


@pytest.mark.parametrize("flip", [False, True])
def test_w_and_minus_w_are_in_one_cluster(flip):
    signs = np.array([1, -1, 1, -1, 1, 1, -1.0]) if flip else np.ones(7)
    W, group = _planted(signs * np.linspace(1, 3, 7))
    matrix = lm._clustered.ClusteredTasks(2, 0.9).task_matrix_at(W)
    np.testing.assert_array_equal(spectral_labels(matrix, 2), group)


def test_labels_follow_the_order_of_outcomes():
    W, group = _planted(np.linspace(1, 3, 7))
    order = np.array([4, 0, 6, 1, 2, 5, 3])
    matrix = lm._clustered.ClusteredTasks(2, 0.9).task_matrix_at(W[:, order])
    labels = spectral_labels(matrix, 2)
    assert labels[0] == 0
    np.testing.assert_array_equal(labels, 1 - group[order])


@pytest.mark.parametrize("n_clusters", [1, 4, 9])
def test_as_many_labels_as_there_can_be(n_clusters):
    X, Y = _table("Regressor")
    model = lm.ClusteredTasksRegressor(n_clusters=n_clusters).fit(X, Y)
    assert model.task_clusters_.shape == (T,)
    assert model.task_clusters_.max() < min(n_clusters, T)
    assert model.cluster_matrix_.shape == (T, T)
    np.testing.assert_allclose(np.trace(model.cluster_matrix_), min(n_clusters, T))


def test_no_signal_gives_labels_all_the_same():
    assert spectral_labels(np.eye(3) * 2 / 3, 2).shape == (3,)


# -- parts --------------------------------------------------------------------------------------------


def test_outlier_tasks_and_features_are_those_of_the_parts():
    X, Y = _table("Regressor")
    Y[:, 3] = 3.0 * X[:, 3]
    for structure in ("RobustFeature", "RobustLowRank"):
        model = _estimator(structure, "Regressor", alpha=0.5).fit(X, Y)
        np.testing.assert_array_equal(model.outlier_tasks_, (model.specific_coef_ != 0).any(axis=1))
        assert model.outlier_tasks_.any()
    model = _estimator("RobustFeature", "Regressor", alpha=0.5).fit(X, Y)
    np.testing.assert_array_equal(model.selected_features_, (model.shared_coef_ != 0).any(axis=0))


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.1])
def test_a_ratio_at_the_end_is_refused(ratio):
    X, Y = _table("Regressor")
    with pytest.raises(ValueError, match="shared_ratio"):
        lm.DirtyRegressor(shared_ratio=ratio).fit(X, Y)
