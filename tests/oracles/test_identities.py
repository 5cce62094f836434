"""Identities between models: how each was shown, and the tests of the single penalties.

What the literature and the definitions say must be equal, or must vanish, fitted through the public estimators and
compared number by number. The tests of quadratic penalties, of spectral ones, of penalties on two parts and of time are
in the files test_identities_*.py beside this one. Numbers B1 to B28 are those of the models in `IDENTITIES`.
"""

import re
from pathlib import Path

import cases
import numpy as np
import pytest
from sklearn import linear_model as sk

from skmtl import linear_model as lm
from skmtl import penalties
from skmtl.losses import SquareRootLoss

# Statement -> the tests that show it. "+" marks those that were not on the list of statements to be proved.
IDENTITIES = {
    "scale: rho of a sum of squares is n alpha": "test_strength_of_a_sum_of_squares",
    "B1 L2,1: all zero from max_j ‖X_t'r_t‖ on": "test_strength_from_which_all_is_zero",
    "B1 L2,1: equals sklearn's MultiTaskLasso": "test_l21_equals_sklearn",
    "B1+ L2,1: optimality of rows": "test_l21_optimality_of_rows",
    "B1+ no strength is least squares": "test_no_strength_is_least_squares",
    "B1+ B3+ B7+ one task": "test_one_task",
    "B1+ rows, tasks and features permuted": "test_permuted_rows test_permuted_tasks test_permuted_features",
    "B1+ NaN is weight zero is a row less": "test_nan_is_weight_zero test_nan_is_row_absent_for_that_task",
    "B1+ binary features with an intercept": "test_binary_features_with_an_intercept",
    "B2+ L1 and elastic net: one fit per task": "test_separable_penalties_are_one_fit_per_task",
    "B3 L1,inf: all zero from max_j Σ_t |X_t'r_t| on": "test_strength_from_which_all_is_zero",
    "B3+ L1,inf: dual norm": "test_linf_dual_norm",
    "B4 remMap: prox in this order": "test_remmap_prox_is_soft_then_block",
    "B4+ remMap: its ends": "test_remmap_ends",
    "B5 dirty: specific part zero below the wedge": "test_below_the_wedge",
    "B5 dirty: shared part zero above the wedge": "test_above_the_wedge",
    "B5 dirty: wedge of the L2,1 variant": "test_below_the_wedge test_above_the_wedge test_edges_are_sharp",
    "B5+ B9+ B10+ B11+ at the ends only W is determined": "test_at_the_ends",
    "B5+ B9+ B10+ B11+ inside the wedge both parts": "test_inside_the_wedge",
    "B6 square-root loss: strength of all zero has no units": "test_square_root_strength_has_no_units",
    "B6+ square-root loss: one task is the square-root lasso": "test_square_root_lasso_of_one_task",
    "B7 trace norm: all zero from ‖[X_t'r_t]‖_op on": "test_strength_from_which_all_is_zero",
    "B7+ trace norm: prox thresholds singular values": "test_trace_norm_prox",
    "B7+ trace norm: rotations": "test_trace_norm_turns_with_the_data",
    "B9 sparse plus low rank: sparse part zero": "test_below_the_wedge test_edges_are_sharp",
    "B9 sparse plus low rank: low-rank part zero": "test_above_the_wedge test_edges_are_sharp",
    "B9 low rank with no room is the lasso": "test_above_the_wedge",  # penalised: tau = 0 is any ratio above the wedge
    "B10 robust: no outlying tasks": "test_below_the_wedge test_edges_are_sharp",
    "B10 robust: nothing of low rank": "test_above_the_wedge test_edges_are_sharp",
    "B10+ robust: outlying tasks are columns": "test_an_outlying_task_is_a_column",
    "B11 robust features: nothing shared": "test_above_the_wedge test_edges_are_sharp",
    "B11 robust features: no outlying tasks": "test_below_the_wedge test_edges_are_sharp",
    "B12 mean: independent ridges": "test_mean_without_pull_is_one_ridge_per_task",
    "B12 mean: pooled ridge at T times the strength": "test_mean_with_all_pull_is_one_ridge_of_all_rows",
    "B12 mean: complete graph over T": "test_mean_is_the_complete_graph",
    "B12 mean: kernel ridge, Daumé's copies of features": "test_mean_is_kernel_ridge test_mean_is_ridge_on_copies",
    "B12 mean: mixed model": "test_mean_is_the_mixed_model",
    "B13 precision: mean of a Gaussian process": "test_precision_is_the_gaussian_process_mean",
    "B13 precision: where tasks nearly agree": "test_precision_of_tasks_that_nearly_agree",
    "B13+ graph: without links": "test_graph_without_links_is_ridge",
    "B13+ graph: negative links refused": "test_graph_with_negative_links_is_refused",
    "B13+ graph: parts without links between them": "test_graph_in_parts_decouples",
    "B13+ graph: three forms": "test_three_forms_of_a_graph_agree",
    "B14 clusters: as many as tasks is ridge": "test_as_many_clusters_as_tasks_is_ridge",
    "B14 B16 clusters over tasks and over features": "test_clusters_of_tasks_equal_clusters_of_features",
    "B14+ clusters: the matrix and the coefficients are best for each other": "test_cluster_matrix_is_the_best",
    "B14+ one cluster and nothing else": "test_one_cluster_is_the_squared_trace_norm",
    "B15 time, absolute: order of the prox": "test_fused_prox_is_block_shrinkage_of_the_fused_lasso",
    "B15 time, squared: pooled ridge at T times the strength": "test_stiff_chain_is_one_ridge_of_all_rows",
    "B15+ time: without links": "test_loose_chain",
    "B15+ time: one visit": "test_one_visit",
    "B15+ time: backwards": "test_backwards_in_time",
    "B15+ time, absolute: constant rows are one lasso": "test_stiff_fused_chain_is_one_lasso_of_all_rows",
    "B15+ time: with a selection a stiff chain is one elastic net": "test_stiff_chain_with_selection",
    "B16+ as many directions as features is ridge": "test_as_many_directions_as_features_is_ridge",
    "B17 squared trace norm: trace norm at another strength": "test_squared_trace_norm_is_the_trace_norm",
    "B17+ squared trace norm: the best feature covariance": "test_learned_features_are_the_squared_trace_norm",
    "B17+ B18+ coefficients are those of their own covariance": "test_fixed_point_of_covariances",
    "B18+ learned task covariance": "test_learned_tasks_are_the_squared_trace_norm",
    "B18+ task covariance I / T": "test_equal_task_covariance_is_ridge",
    "B25 data shared: separate lassos": "test_data_shared_without_common_model test_above_the_wedge",
    "B25 data shared: pooled": "test_data_shared_with_a_common_model_only",
    "B25+ data shared: one lasso on copies of the features": "test_data_shared_is_one_lasso",
    "B27+ task kernels 11' and I": "test_task_kernels_at_their_limits",
    "B27+ task kernel a + b I is the mean model": "test_task_kernel_of_the_mean_model",
    "B27+ matrices that are no kernels": "test_task_kernel_has_to_be_one",
    "B27 product kernel: pooled and independent": "test_ones_are_kernel_ridge_on_stacked_rows "
    "test_identity_is_independent_kernel_ridge",
    "B27 product kernel: the mean and the graph model": "test_linear_kernel_is_mean_regularised_ridge "
    "test_linear_kernel_is_graph_regularised_ridge",
    "B28 linear kernel: mean is the ridge with B⁻¹": "test_precision_is_the_gaussian_process_mean "
    "test_a_linear_kernel_is_ridge_with_the_inverse_of_b",
    "B28 noise proportional to B on a block design: no transfer": "test_noise_proportional_to_b_transfers_nothing_on_a_"
    "complete_design",
    "B28 B = I is independent": "test_diagonal_b_is_one_model_per_outcome "
    "test_unit_b_is_scikit_learn_outcome_by_outcome",
    "B28 heterotopic data does transfer": "test_outcomes_measured_elsewhere_do_transfer",
    "B28 Kronecker path is the dense one": "test_kronecker_is_dense",
    "B28 inducing points at the rows are exact": "test_exact_where_every_row_is_an_inducing_point",
    "B28+ two kernels are the sum of two processes": "test_two_kernels_are_the_sum_of_two_processes",
}
OUT_OF_SCOPE = {
    "B8 multilevel lasso: 2 √(λ₁λ₂) Σ √‖w^j‖₁": "no model here is non-convex",
    "B22 reduced rank: full rank is OLS, truncation is not reduced rank": "no reduced-rank regression here",
    "B23 MRCE: no strength is OLS for any Q": "no joint estimate of the noise covariance here",
}

N, P, T = 37, 6, 4
TOL = 1e-14
scenarios = pytest.mark.parametrize("scenario", ["missing", "rows"])


def table(seed, scenario, **options):
    return cases.table(seed, scenario=scenario, **{"n": N, "p": P, "T": T, **options})


def by_task(data, *, center=True):
    """Features and outcomes of each task, without their means."""
    tasks = [(data.X[seen], Y[seen]) for seen, Y in zip(data.observed.T, data.Y.T, strict=True)]
    return [(X - X.mean(axis=0), y - y.mean()) for X, y in tasks] if center else tasks


def glm(penalty, alpha, **options):
    return lm.MultiTaskGLM(penalty=penalty, alpha=alpha, tol=TOL, **options)


def close(ours, theirs, tol=1e-8):
    """Within a share of the largest number, which is not zero."""
    assert np.abs(theirs).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * np.abs(theirs).max())


def test_every_statement_has_its_tests():
    defined = {}
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            defined.setdefault(name, []).append(path.name)
    named = {name for tests in IDENTITIES.values() for name in tests.split()}
    assert named <= set(defined)
    here = {name for name, paths in defined.items() if any(path.startswith("test_identities") for path in paths)}
    assert here - {"test_every_statement_has_its_tests"} <= named


# -- strengths ----------------------------------------------------------------------------------------


def test_strength_of_a_sum_of_squares():
    """½ ‖Y - XW‖² + rho Σ_j ‖w_j‖ has the solution of alpha = rho / n: residual correlations of length rho."""
    data, rho = table(0, "complete"), 22.0
    X, Y = data.X, data.Y
    W = lm.MultiTaskLasso(rho / N, fit_intercept=False, tol=TOL).fit(X, Y).coef_.T
    theirs = sk.MultiTaskLasso(rho / N, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X, Y)
    close(W, theirs.coef_.T)
    pull, chosen = X.T @ (Y - X @ W), W.any(axis=1)
    assert 0 < chosen.sum() < P
    close(pull[chosen], rho * W[chosen] / np.linalg.norm(W[chosen], axis=1, keepdims=True))
    assert np.linalg.norm(pull[~chosen], axis=1).max() < rho


def remmap_zero(G, ratio):
    """Least strength nu with ‖soft(g_j, nu ratio)‖ <= nu (1 - ratio) for all rows, by bisection."""
    low, high = 0.0, np.abs(G).sum()
    for _ in range(200):
        nu = (low + high) / 2
        left = np.maximum(np.abs(G) - nu * ratio, 0.0)
        low, high = (nu, high) if np.linalg.norm(left, axis=1).max() > nu * (1 - ratio) else (low, nu)
    return high


ZERO = {
    "l1": (penalties.L1(), lambda G: np.abs(G).max()),
    "group_lasso": (penalties.GroupLasso(), lambda G: np.linalg.norm(G, axis=1).max()),
    "group_linf": (penalties.GroupLInf(), lambda G: np.abs(G).sum(axis=1).max()),
    "trace_norm": (penalties.TraceNorm(), lambda G: np.linalg.norm(G, 2)),
    "task_group_lasso": (penalties.TaskGroupLasso(), lambda G: np.linalg.norm(G, axis=0).max()),
    "remmap": (penalties.SparseGroupLasso(0.3), lambda G: remmap_zero(G, 0.3)),
    "data_shared": (
        penalties.SharedPlusSpecific("common_l1", "l1", 0.6),
        lambda G: max(np.abs(G.sum(axis=1)).max() / 0.6, np.abs(G).max() / 0.4),
    ),
    "robust_features": (
        penalties.SharedPlusSpecific("group_lasso", "task_group_lasso", 0.5),
        lambda G: 2 * max(np.linalg.norm(G, axis=1).max(), np.linalg.norm(G, axis=0).max()),
    ),
}


@scenarios
@pytest.mark.parametrize("name", ZERO)
def test_strength_from_which_all_is_zero(name, scenario):
    data = table(1, scenario)
    penalty, formula = ZERO[name]
    G = np.column_stack([X.T @ y for X, y in by_task(data)]) / cases.mean_total(data)
    alpha = formula(G)
    assert not data.fit(glm(penalty, alpha * (1 + 1e-9))).coef_.any()
    for factor in (1 - 1e-4, 0.97):
        model = data.fit(glm(penalty, alpha * factor))
        assert np.abs(model.coef_).max() > 1e-6
        assert model.solver_result_.converged


def test_l21_equals_sklearn():
    data = table(2, "complete")
    ours = lm.MultiTaskLasso(0.8, tol=TOL).fit(data.X, data.Y)
    theirs = sk.MultiTaskLasso(0.8, tol=1e-14, max_iter=100_000).fit(data.X, data.Y)
    close(ours.coef_, theirs.coef_)
    close(ours.intercept_, theirs.intercept_)
    assert 0 < ours.coef_.any(axis=0).sum() < P


@scenarios
def test_l21_optimality_of_rows(scenario):
    """‖g_j‖ <= alpha, and g_j = alpha w_j / ‖w_j‖ for the features chosen."""
    data, alpha = table(3, scenario), 0.6
    W = data.fit(lm.MultiTaskLasso(alpha, tol=TOL)).coef_.T
    tasks = by_task(data)
    G = np.column_stack([X.T @ (y - X @ W[:, t]) for t, (X, y) in enumerate(tasks)]) / cases.mean_total(data)
    chosen = W.any(axis=1)
    assert 0 < chosen.sum() < P
    close(G[chosen], alpha * W[chosen] / np.linalg.norm(W[chosen], axis=1, keepdims=True))
    assert np.linalg.norm(G[~chosen], axis=1).max() < alpha


@scenarios
@pytest.mark.parametrize("penalty", ["group_lasso", "group_linf", "l1", "trace_norm", "chain_group_lasso"])
def test_no_strength_is_least_squares(penalty, scenario):
    data = table(4, scenario, n=61)
    least = np.array([np.linalg.lstsq(X, y)[0] for X, y in by_task(data)])
    errors = [np.abs(data.fit(glm(penalty, alpha)).coef_ - least).max() for alpha in (1e-4, 1e-6, 0.0)]
    assert errors[2] < 1e-10 * np.abs(least).max()
    assert errors[1] == pytest.approx(errors[0] / 100, rel=0.05)


@pytest.mark.parametrize("penalty", ["group_lasso", "group_linf", "l1", "trace_norm", "task_group_lasso"])
def test_one_task(penalty):
    """Penalties on rows are the lasso, penalties on columns and singular values the length of the coefficients."""
    data, alpha = table(5, "complete", T=1), 0.5
    w = data.fit(glm(penalty, alpha)).coef_[0]
    [(X, y)] = by_task(data)
    if penalty in ("trace_norm", "task_group_lasso"):
        # A gap at rounding level leaves coefficients to the root of that.
        close(X.T @ (y - X @ w) / N, alpha * w / np.linalg.norm(w), 1e-6)
    else:
        close(w, sk.Lasso(alpha, tol=1e-14, max_iter=100_000).fit(X, y).coef_)
        assert 0 < (w != 0).sum() < P


@scenarios
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_separable_penalties_are_one_fit_per_task(ratio, scenario):
    """Task t has the strength alpha n̄ / n_t of scikit-learn's elastic net."""
    data, alpha = table(6, scenario), 0.3
    ours = data.fit(glm(penalties.ElasticNet(ratio), alpha))
    theirs = [
        sk.ElasticNet(alpha * cases.mean_total(data) / len(y), l1_ratio=ratio, tol=1e-14, max_iter=100_000).fit(X, y)
        for X, y in by_task(data, center=False)
    ]
    close(ours.coef_, np.array([one.coef_ for one in theirs]), 1e-7)
    close(ours.intercept_, np.array([one.intercept_ for one in theirs]), 1e-7)
    assert (ours.coef_ == 0).any()


# -- single penalties ---------------------------------------------------------------------------------


def test_linf_dual_norm():
    """max_j Σ_t |z_jt| is the largest <W, Z> over W of norm one, which one row of signs attains."""
    rng, penalty = np.random.default_rng(0), penalties.GroupLInf()
    Z = rng.normal(size=(P, T))
    row = np.abs(Z).sum(axis=1).argmax()
    best = np.zeros((P, T))
    best[row] = np.sign(Z[row])
    assert penalty.dual_norm(Z) == pytest.approx((best * Z).sum() / penalty.value(best), rel=1e-14)
    for _ in range(100):
        W = rng.normal(size=(P, T)) * (rng.random((P, 1)) < 0.4)
        assert (W * Z).sum() <= penalty.dual_norm(Z) * penalty.value(W) * (1 + 1e-14)


def test_remmap_prox_is_soft_then_block():
    """At the result the subgradients of L1 and L2,1 add up to what is missing; in the other order they do not."""
    step, ratio = 0.8, 0.45
    Z = np.random.default_rng(0).normal(size=(9, T))

    def soft(V):
        return np.sign(V) * np.maximum(np.abs(V) - step * ratio, 0.0)

    def block(V):
        length = np.linalg.norm(V, axis=1, keepdims=True)
        return V * np.maximum(1 - step * (1 - ratio) / length, 0.0)

    V = penalties.SparseGroupLasso(ratio).prox(Z, step)
    np.testing.assert_allclose(V, block(np.where(soft(Z) == 0, 1e-300, soft(Z))), atol=1e-14)
    assert np.abs(soft(block(Z)) - V).max() > 1e-2
    chosen = V.any(axis=1)
    assert 0 < chosen.sum() < 9
    missing = (Z - V) / step - (1 - ratio) * V / np.where(chosen, np.linalg.norm(V, axis=1), 1.0)[:, None]
    assert (V[chosen] == 0).any()
    close(missing[V != 0], ratio * np.sign(V[V != 0]), 1e-13)
    assert np.abs(missing[chosen]).max() <= ratio * (1 + 1e-13)
    assert np.linalg.norm(soft(Z)[~chosen], axis=1).max() <= step * (1 - ratio)


@scenarios
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_remmap_ends(ratio, scenario):
    data, alpha = table(7, scenario), 0.5
    ours = data.fit(lm.MultiTaskSparseGroupLasso(alpha, l1_ratio=ratio, tol=TOL))
    names = ("group_lasso", "l1") if ratio == 0 else ("l1", "group_lasso")
    pure, other = (data.fit(glm(name, alpha)) for name in names)
    close(ours.coef_, pure.coef_, 1e-10)
    assert np.abs(ours.coef_ - other.coef_).max() > 1e-2


# -- square-root loss ---------------------------------------------------------------------------------


@scenarios
def test_square_root_strength_has_no_units(scenario):
    """Σ_t ‖y_t - X_t w_t‖₂ + lambda Σ_j ‖w_j‖ is empty from max_j ‖X_t'y_t / ‖y_t‖‖ on; lambda = alpha √n̄."""
    data = table(8, scenario)
    model = lm.MultiTaskGLM("square_root", "group_lasso", tol=TOL)
    G = np.column_stack([X.T @ y / np.linalg.norm(y) for X, y in by_task(data)])
    alpha = np.linalg.norm(G, axis=1).max() / np.sqrt(cases.mean_total(data))
    for task in range(T):
        units = np.where(np.arange(T) == task, 50.0, 1.0)
        scaled = cases.Table(data.X, data.Y * units, data.weight, data.kind, data.rows, data.task)
        assert not scaled.fit(model.set_params(alpha=alpha * (1 + 1e-9))).coef_.any()
        for factor in (1 - 1e-4, 0.97):
            assert np.abs(scaled.fit(model.set_params(alpha=alpha * factor)).coef_).max() > 1e-6
    # What squared loss needs grows with the units, up to fifty times.
    squared = lm.MultiTaskGLM("squared", "group_lasso", alpha=alpha, tol=TOL)
    assert scaled.fit(squared).coef_.any()


def test_square_root_lasso_of_one_task():
    """The lasso whose strength is alpha ‖r‖ / √n at its own residuals r; 50 times the target is 50 times the model."""
    data, alpha = table(9, "complete", T=1), 0.3
    model = lm.MultiTaskGLM(SquareRootLoss(floor=1e-3), "group_lasso", alpha=alpha, tol=TOL).fit(data.X, data.Y)
    residual = data.Y[:, 0] - model.predict(data.X)[:, 0]
    theirs = sk.Lasso(alpha * np.linalg.norm(residual) / np.sqrt(N), tol=1e-15, max_iter=100_000)
    close(model.coef_[0], theirs.fit(data.X, data.Y[:, 0]).coef_)
    assert 0 < (model.coef_ != 0).sum() < P
    close(lm.MultiTaskGLM("square_root", "l1", alpha=alpha, tol=TOL).fit(data.X, 50 * data.Y).coef_, 50 * model.coef_)
