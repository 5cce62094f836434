"""One entry per public loss, penalty, solver and estimator, and the tables the tests fit them on.

The registry drives the oracles, the laws and the checks; `test_registry.py` fails for an exported name without an
entry. Nothing here uses the formulas of the library: penalties and losses are written out a second time, as loops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from skmtl import calibration, compose, linear_model, losses, multioutput, penalties, preprocessing, solvers

# -- graphs -------------------------------------------------------------------------------------------


def chain(n_tasks: int) -> np.ndarray:
    """Edge weights of a chain of tasks, no two alike."""
    graph = np.zeros((n_tasks, n_tasks))
    for t in range(n_tasks - 1):
        graph[t, t + 1] = graph[t + 1, t] = 0.5 + 0.3 * t
    return graph


# -- penalties: the object, and its value as a loop ---------------------------------------------------


@dataclass(frozen=True)
class PenaltyCase:
    id: str
    make: Callable[..., penalties.Penalty]  # takes the number of tasks, and where there are weights that of features
    naive: Callable[[np.ndarray], float]  # W of shape (p, T); stacked (2p, T) for the two parts of a sum
    cvx: Callable[[Any, Any], Any]  # W, cvxpy; gives an expression, or a pair of one and a list of constraints
    parts: int = 1
    domain: Callable[[np.ndarray], np.ndarray] = lambda W: W  # the nearest point where the value is finite
    smooth: bool = False
    degree: int | None = None  # of homogeneity
    has_alpha_max: bool = True
    exact_alpha_max: bool = True  # else an upper bound
    even: bool = True  # the value at -W is that at W


def _row_norms(W):
    return sum(float(np.sqrt(sum(v * v for v in row))) for row in W)


def _absolute(W):
    return sum(abs(float(v)) for row in W for v in row)


def _squares(W):
    return sum(float(v) ** 2 for row in W for v in row)


def _mean_naive(sharing):
    def value(W):
        n_tasks = W.shape[1]
        mean = W.mean(axis=1)
        spread = sum(float(((W[:, t] - mean) ** 2).sum()) for t in range(n_tasks))
        return 0.5 * (spread + (1 - sharing) * n_tasks * float((mean**2).sum()))

    return value


def _mean_cvx(sharing):
    def value(W, cp):
        n_tasks = W.shape[1]
        mean = cp.sum(W, axis=1) / n_tasks
        spread = sum(cp.sum_squares(W[:, t] - mean) for t in range(n_tasks))
        return 0.5 * (spread + (1 - sharing) * n_tasks * cp.sum_squares(mean))

    return value


def _edges(n_tasks, graph):
    weights = np.full((n_tasks, n_tasks), 1.0 / n_tasks) if graph is None else graph(n_tasks)
    return [(s, t, weights[s, t]) for s in range(n_tasks) for t in range(s) if weights[s, t] > 0]


def _graph_naive(sharing, graph):
    def value(W):
        links = sum(a * float(((W[:, s] - W[:, t]) ** 2).sum()) for s, t, a in _edges(W.shape[1], graph))
        return 0.5 * ((1 - sharing) * _squares(W) + sharing * links)

    return value


def _graph_cvx(sharing, graph):
    def value(W, cp):
        links = sum(a * cp.sum_squares(W[:, s] - W[:, t]) for s, t, a in _edges(W.shape[1], graph))
        return 0.5 * ((1 - sharing) * cp.sum_squares(W) + sharing * links)

    return value


def _elastic(norm, cvx_norm, ratio):
    return (
        lambda W: ratio * norm(W) + 0.5 * (1 - ratio) * _squares(W),
        lambda W, cp: ratio * cvx_norm(W, cp) + 0.5 * (1 - ratio) * cp.sum_squares(W),
    )


def _cvx_rows(W, cp):
    return sum(cp.norm(W[j, :], 2) for j in range(W.shape[0]))


def _cvx_absolute(W, cp):
    return cp.sum(cp.abs(W))


def with_constraints(cvx):
    """Expression and constraints of what a ``cvx`` or a ``conic`` gives."""
    return cvx if isinstance(cvx, tuple) else (cvx, [])


def visits(n_tasks: int) -> np.ndarray:
    """Times with no two gaps alike."""
    return np.cumsum(1.0 + 0.7 * np.arange(n_tasks) ** 1.5)


def _links(n_tasks):
    """Neighbours of the chain of visits, and mean gap / gap."""
    gaps = [visits(n_tasks)[t + 1] - visits(n_tasks)[t] for t in range(n_tasks - 1)]
    return [(t, t + 1, sum(gaps) / len(gaps) / gap) for t, gap in enumerate(gaps)]


def _chain_naive(sharing):
    def value(W):
        links = sum(a * float(((W[:, s] - W[:, t]) ** 2).sum()) for s, t, a in _links(W.shape[1]))
        return 0.5 * ((1 - sharing) * _squares(W) + sharing * links)

    return value


def _chain_cvx(sharing):
    def value(W, cp):
        links = sum(a * cp.sum_squares(W[:, s] - W[:, t]) for s, t, a in _links(W.shape[1]))
        return 0.5 * ((1 - sharing) * cp.sum_squares(W) + sharing * links)

    return value


def _variation(W):
    return sum(a * float(np.abs(W[:, s] - W[:, t]).sum()) for s, t, a in _links(W.shape[1]))


def _cvx_variation(W, cp):
    return sum(a * cp.sum(cp.abs(W[:, s] - W[:, t])) for s, t, a in _links(W.shape[1]))


def task_precision(n_tasks: int) -> np.ndarray:
    """Inverse of a covariance of the tasks, no common model among its eigenvectors."""
    return np.linalg.inv(np.diag(1.0 + np.arange(n_tasks)) + 0.6)


def _precision_naive(W):
    M = task_precision(W.shape[1])
    return 0.5 * sum(M[s, t] * float(W[:, s] @ W[:, t]) for s in range(len(M)) for t in range(len(M)))


def _precision_cvx(W, cp):
    root = np.linalg.cholesky(task_precision(W.shape[1]))
    return 0.5 * cp.sum_squares(W @ root)


def _common(W):
    return np.repeat(W.mean(axis=1, keepdims=True), W.shape[1], axis=1)


def _common_naive(W):
    equal = all(np.allclose(W[:, t], W[:, 0], rtol=0, atol=1e-6 * np.abs(W).max()) for t in range(W.shape[1]))
    return sum(abs(float(v)) for v in W[:, 0]) if equal else float("inf")


def _common_cvx(W, cp):
    return cp.sum(cp.abs(W[:, 0])), [W[:, t] == W[:, 0] for t in range(1, W.shape[1])]


def _largest(W):
    return sum(max(abs(float(v)) for v in row) for row in W)


def _cvx_largest(W, cp):
    return sum(cp.norm(W[j, :], "inf") for j in range(W.shape[0]))


def _sum_case(name, make, shared, specific, ratio, **options):
    """A penalty on [P; Q]; ``shared`` and ``specific`` are pairs of a loop and a formula, ``ratio`` depends on T."""

    def naive(W):
        half = len(W) // 2
        return ratio(W.shape[1]) * shared[0](W[:half]) + (1 - ratio(W.shape[1])) * specific[0](W[half:])

    def cvx(W, cp):
        half = W.shape[0] // 2
        terms = [with_constraints(part(V, cp)) for part, V in ((shared[1], W[:half]), (specific[1], W[half:]))]
        total = ratio(W.shape[1]) * terms[0][0] + (1 - ratio(W.shape[1])) * terms[1][0]
        return total, terms[0][1] + terms[1][1]

    return PenaltyCase(name, make, naive, cvx, parts=2, degree=1, **options)


def feature_weights(p: int) -> np.ndarray:
    """A weight for each feature: some ordinary, one free, one excluded."""
    return np.resize([1.0, 0.0, 2.5, np.inf, 0.4], p)


def entry_weights(T: int, p: int) -> np.ndarray:
    """A weight for each task and feature, oriented like coef_."""
    return np.resize([1.0, 0.3, 0.0, 2.0, 1.5, np.inf, 0.7], (T, p))


def _row_weights(W):
    return np.repeat(feature_weights(W.shape[0])[:, None], W.shape[1], axis=1)


def _entry_weights(W):
    return entry_weights(W.shape[1], W.shape[0]).T


def _weighted_rows(size, cvx_size):
    """Loop, formula and domain of Σ_j weight_j size(w_j)."""

    def value(W):
        rows = zip(W, feature_weights(len(W)), strict=True)
        return sum(float(weight) * size(row[None, :]) for row, weight in rows if row.any())

    def cvx(W, cp):
        weights = feature_weights(W.shape[0])
        rows = range(W.shape[0])
        total = sum(weights[j] * cvx_size(W[j : j + 1, :], cp) for j in rows if 0 < weights[j] < np.inf)
        return total, [W[j, :] == 0 for j in rows if np.isinf(weights[j])]

    return {"naive": value, "cvx": cvx, "domain": lambda W: np.where(np.isinf(_row_weights(W)), 0.0, W)}


def _weighted_entries(size, cvx_size):
    """Loop, formula and domain of Σ_jt weight_jt size(w_jt)."""

    def value(W):
        entries = zip(W.ravel(), _entry_weights(W).ravel(), strict=True)
        return sum(float(weight) * size(np.array([[v]])) for v, weight in entries if v != 0)

    def cvx(W, cp):
        weights = _entry_weights(W)
        at = [(j, t) for j in range(W.shape[0]) for t in range(W.shape[1])]
        cell = {(j, t): W[j : j + 1, t : t + 1] for j, t in at}
        total = sum(weights[a] * cvx_size(cell[a], cp) for a in at if 0 < weights[a] < np.inf)
        return total, [W[a] == 0 for a in at if np.isinf(weights[a])]

    return {"naive": value, "cvx": cvx, "domain": lambda W: np.where(np.isinf(_entry_weights(W)), 0.0, W)}


def _singular(W):
    return np.linalg.svd(W, compute_uv=False)


def _clusters_naive(k, s):
    """½ min Σ σ² / (1 - s + s theta) over theta in [0, 1] of sum k, by bisection on the multiplier."""

    def value(W):
        sigma = [float(v) for v in _singular(W) if v > 0]
        if k >= len(sigma):
            return 0.5 * sum(v**2 for v in sigma)

        def theta(root):
            return [min(max((v / root - (1 - s)) / s, 0.0), 1.0) for v in sigma]

        low, high = 1e-12, 2.0 * sum(sigma) / s
        for _ in range(200):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if sum(theta(middle)) > k else (low, middle)
        return 0.5 * sum(
            v**2 / (1 - s + s * x) for v, x in zip(sigma, theta(high), strict=True) if v > 0 and x + 1 - s > 0
        )

    return value


def _clusters_cvx(k, s):
    """W (a I + s M)⁻¹ W' below a matrix U, by a Schur complement."""

    def value(W, cp):
        p, T = W.shape
        M, U = cp.Variable((T, T), PSD=True), cp.Variable((p, p), symmetric=True)
        block = cp.bmat([[U, W], [W.T, (1 - s) * np.eye(T) + s * M]])
        return 0.5 * cp.trace(U), [block >> 0, np.eye(T) - M >> 0, cp.trace(M) == min(k, T)]

    return value


def _bounded(name, inner, lower, upper, **options):
    """A case within bounds: numbers, or functions of (T, p)."""

    def box(W):
        bounds = [bound(W.shape[1], W.shape[0]) if callable(bound) else bound for bound in (lower, upper)]
        return [np.broadcast_to(bound, W.shape[::-1]).T for bound in bounds]

    def make(T, p=5):
        bounds = [bound(T, p) if callable(bound) else bound for bound in (lower, upper)]
        return penalties.Bounded(inner.make(T), *bounds)

    def naive(W):
        low, high = box(W)
        at = np.ndindex(W.shape)
        inside = all(low[a] - 1e-12 * np.abs(W).max() <= W[a] <= high[a] + 1e-12 * np.abs(W).max() for a in at)
        return inner.naive(W) if inside else float("inf")

    def cvx(W, cp):
        expression, constraints = with_constraints(inner.cvx(W, cp))
        low, high = box(W)
        limits = [W[a] >= low[a] for a in np.ndindex(W.shape) if np.isfinite(low[a])]
        limits += [W[a] <= high[a] for a in np.ndindex(W.shape) if np.isfinite(high[a])]
        return expression, [*constraints, *limits]

    def domain(W):
        return np.clip(inner.domain(W), *box(W))

    return PenaltyCase(
        name, make, naive, cvx, domain=domain, even=False, **{"has_alpha_max": inner.has_alpha_max, **options}
    )


def _signs(T, p):
    """Lower bounds of 0 for some coefficients, none for others."""
    return np.resize([0.0, -np.inf, 0.0, -np.inf, 0.0], (T, p))


def _cvx_columns(W, cp):
    return sum(cp.norm(W[:, t], 2) for t in range(W.shape[1]))


def _cvx_singular(W, cp):
    return cp.normNuc(W)


PENALTIES = [
    PenaltyCase("l1", lambda T: penalties.L1(), _absolute, _cvx_absolute, degree=1),
    PenaltyCase("elastic_net", lambda T: penalties.ElasticNet(l1_ratio=0.4), *_elastic(_absolute, _cvx_absolute, 0.4)),
    PenaltyCase("group_lasso", lambda T: penalties.GroupLasso(), _row_norms, _cvx_rows, degree=1),
    PenaltyCase(
        "group_elastic_net", lambda T: penalties.GroupElasticNet(l1_ratio=0.6), *_elastic(_row_norms, _cvx_rows, 0.6)
    ),
    PenaltyCase(
        "sparse_group_lasso",
        lambda T: penalties.SparseGroupLasso(l1_ratio=0.3),
        lambda W: 0.3 * _absolute(W) + 0.7 * _row_norms(W),
        lambda W, cp: 0.3 * _cvx_absolute(W, cp) + 0.7 * _cvx_rows(W, cp),
        degree=1,
    ),
    PenaltyCase(
        "ridge",
        lambda T: penalties.Ridge(),
        lambda W: 0.5 * _squares(W),
        lambda W, cp: 0.5 * cp.sum_squares(W),
        smooth=True,
        degree=2,
        has_alpha_max=False,
    ),
    *(
        PenaltyCase(
            f"mean_{sharing:g}",
            lambda T, sharing=sharing: penalties.MeanRegularization(sharing=sharing),
            _mean_naive(sharing),
            _mean_cvx(sharing),
            smooth=True,
            degree=2,
            has_alpha_max=False,
        )
        for sharing in (0.7, 1.0)
    ),
    PenaltyCase(
        "graph_complete",
        lambda T: penalties.GraphRegularization(sharing=0.6),
        _graph_naive(0.6, None),
        _graph_cvx(0.6, None),
        smooth=True,
        degree=2,
        has_alpha_max=False,
    ),
    *(
        PenaltyCase(
            f"graph_chain_{sharing:g}",
            lambda T, sharing=sharing: penalties.GraphRegularization(chain(T), sharing=sharing),
            _graph_naive(sharing, chain),
            _graph_cvx(sharing, chain),
            smooth=True,
            degree=2,
            has_alpha_max=False,
        )
        for sharing in (0.8, 1.0)
    ),
    PenaltyCase(
        "graph_elastic_net",
        lambda T: penalties.GraphElasticNet(chain(T), sharing=0.7, l1_ratio=0.4),
        lambda W: 0.4 * _absolute(W) + 0.6 * _graph_naive(0.7, chain)(W),
        lambda W, cp: 0.4 * _cvx_absolute(W, cp) + 0.6 * _graph_cvx(0.7, chain)(W, cp),
    ),
    *(
        PenaltyCase(
            f"chain_{sharing:g}",
            lambda T, sharing=sharing: penalties.ChainRegularization(visits(T), sharing=sharing),
            _chain_naive(sharing),
            _chain_cvx(sharing),
            smooth=True,
            degree=2,
            has_alpha_max=False,
        )
        for sharing in (0.8, 1.0)
    ),
    PenaltyCase(
        "task_precision",
        lambda T: penalties.TaskPrecision(task_precision(T)),
        _precision_naive,
        _precision_cvx,
        smooth=True,
        degree=2,
        has_alpha_max=False,
    ),
    *(
        PenaltyCase(
            f"chain_group_lasso_{sharing:g}",
            lambda T, sharing=sharing: penalties.ChainGroupLasso(visits(T), sharing=sharing, l1_ratio=0.4),
            lambda W, sharing=sharing: 0.4 * _row_norms(W) + 0.6 * _chain_naive(sharing)(W),
            lambda W, cp, sharing=sharing: 0.4 * _cvx_rows(W, cp) + 0.6 * _chain_cvx(sharing)(W, cp),
        )
        for sharing in (0.7, 1.0)
    ),
    PenaltyCase(
        "fused_sparse_group_lasso",
        lambda T: penalties.FusedSparseGroupLasso(visits(T), fused_ratio=0.6, l1_ratio=0.3),
        lambda W: 0.6 * _variation(W) + 0.12 * _absolute(W) + 0.28 * _row_norms(W),
        lambda W, cp: 0.6 * _cvx_variation(W, cp) + 0.12 * _cvx_absolute(W, cp) + 0.28 * _cvx_rows(W, cp),
        degree=1,
    ),
    PenaltyCase("common_l1", lambda T: penalties.CommonL1(), _common_naive, _common_cvx, domain=_common, degree=1),
    _sum_case(
        "dirty",
        lambda T: penalties.SharedPlusSpecific(),
        (_largest, _cvx_largest),
        (_absolute, _cvx_absolute),
        lambda T: T**0.5 / (1 + T**0.5),
    ),
    _sum_case(
        "group_plus_l1",
        lambda T: penalties.SharedPlusSpecific("group_lasso", penalties.L1(), shared_ratio=0.55),
        (_row_norms, _cvx_rows),
        (_absolute, _cvx_absolute),
        lambda T: 0.55,
    ),
    _sum_case(
        "sparse_low_rank",
        lambda T: penalties.SharedPlusSpecific("trace_norm", "l1", shared_ratio=0.6),
        (lambda W: sum(_singular(W)), _cvx_singular),
        (_absolute, _cvx_absolute),
        lambda T: 0.6,
    ),
    _sum_case(
        "robust_low_rank",
        lambda T: penalties.SharedPlusSpecific("trace_norm", "task_group_lasso", shared_ratio=0.55),
        (lambda W: sum(_singular(W)), _cvx_singular),
        (lambda W: _row_norms(W.T), _cvx_columns),
        lambda T: 0.55,
    ),
    _sum_case(
        "robust_feature",
        lambda T: penalties.SharedPlusSpecific("group_lasso", "task_group_lasso", shared_ratio=0.5),
        (_row_norms, _cvx_rows),
        (lambda W: _row_norms(W.T), _cvx_columns),
        lambda T: 0.5,
    ),
    _sum_case(
        "data_shared",
        lambda T: penalties.SharedPlusSpecific("common_l1", "l1"),
        (_common_naive, _common_cvx),
        (_absolute, _cvx_absolute),
        lambda T: T**0.5 / (1 + T**0.5),
        domain=lambda W: np.vstack([_common(W[: len(W) // 2]), W[len(W) // 2 :]]),
    ),
    *(
        PenaltyCase(f"{name}_weighted", make, degree=1, **_weighted_rows(size, cvx_size))
        for name, make, size, cvx_size in (
            ("group_lasso", lambda T, p=5: penalties.GroupLasso(feature_weights(p)), _row_norms, _cvx_rows),
            ("group_linf", lambda T, p=5: penalties.GroupLInf(feature_weights(p)), _largest, _cvx_largest),
            ("l1_by_feature", lambda T, p=5: penalties.L1(feature_weights(p)), _absolute, _cvx_absolute),
            (
                "sparse_group_lasso",
                lambda T, p=5: penalties.SparseGroupLasso(0.3, feature_weights(p)),
                lambda W: 0.3 * _absolute(W) + 0.7 * _row_norms(W),
                lambda W, cp: 0.3 * _cvx_absolute(W, cp) + 0.7 * _cvx_rows(W, cp),
            ),
        )
    ),
    PenaltyCase(
        "l1_weighted",
        lambda T, p=5: penalties.L1(entry_weights(T, p)),
        degree=1,
        **_weighted_entries(_absolute, _cvx_absolute),
    ),
    PenaltyCase(
        "elastic_net_weighted",
        lambda T, p=5: penalties.ElasticNet(0.4, entry_weights(T, p)),
        **_weighted_entries(*_elastic(_absolute, _cvx_absolute, 0.4)),
    ),
    PenaltyCase(
        "group_elastic_net_weighted",
        lambda T, p=5: penalties.GroupElasticNet(0.6, feature_weights(p)),
        **_weighted_rows(*_elastic(_row_norms, _cvx_rows, 0.6)),
    ),
    PenaltyCase("group_linf", lambda T: penalties.GroupLInf(), _largest, _cvx_largest, degree=1),
    PenaltyCase(
        "task_group_lasso",
        lambda T: penalties.TaskGroupLasso(),
        lambda W: _row_norms(W.T),
        _cvx_columns,
        degree=1,
    ),
    PenaltyCase("trace_norm", lambda T: penalties.TraceNorm(), lambda W: sum(_singular(W)), _cvx_singular, degree=1),
    PenaltyCase(
        "squared_trace_norm",
        lambda T: penalties.SquaredTraceNorm(),
        lambda W: 0.5 * sum(_singular(W)) ** 2,
        lambda W, cp: 0.5 * cp.square(cp.normNuc(W)),
        degree=2,
        has_alpha_max=False,
    ),
    *(
        PenaltyCase(
            f"clustered_{k}_{s:g}",
            lambda T, k=k, s=s: penalties.ClusteredTasks(k, s),
            _clusters_naive(k, s),
            _clusters_cvx(k, s),
            degree=2,
            has_alpha_max=False,
        )
        for k, s in ((2, 0.5), (1, 0.9), (2, 1.0))
    ),
]
PENALTY = {case.id: case for case in PENALTIES}

# Penalties within bounds: every way to the prox, with and without a conjugate.
BOUNDED = [
    _bounded("bounded_ridge", PENALTY["ridge"], 0.0, np.inf),
    _bounded("bounded_l1", PENALTY["l1"], -0.3, lambda T, p: np.linspace(0.0, 2.0, p)),
    _bounded("bounded_group_lasso", PENALTY["group_lasso"], 0.0, np.inf, degree=1),
    _bounded("bounded_sparse_group_lasso", PENALTY["sparse_group_lasso"], _signs, np.inf, degree=1),
    _bounded("bounded_group_lasso_box", PENALTY["group_lasso"], -0.2, lambda T, p: np.resize([0.5, np.inf, 1], (T, p))),
    _bounded("bounded_mean", PENALTY["mean_0.7"], 0.0, 1.0),
    _bounded("bounded_trace_norm", PENALTY["trace_norm"], 0.0, np.inf, degree=1, exact_alpha_max=False),
    _bounded("bounded_group_linf_box", PENALTY["group_linf"], -np.inf, 0.4),
]
PENALTIES += BOUNDED
PENALTY |= {case.id: case for case in BOUNDED}


# -- losses -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LossCase:
    id: str
    make: Callable[[], losses.Loss]
    # Target and linear predictor (a vector of them if there are channels); targets, predictors and weights if joint.
    naive: Callable[..., float]
    cvx: Callable[[Any, Any, Any, Any], Any]  # y, eta of shape (m,) or (m, channels), weight, cvxpy
    targets: tuple[float, ...]
    channels: int = 1
    joint: bool = False

    def total(self, y: np.ndarray, eta: np.ndarray, weight: np.ndarray) -> float:
        """The weighted loss of a task, ``eta`` of shape (m,) or (m, channels)."""
        if self.joint:
            return self.naive(y, eta, weight)
        return sum(w * self.naive(v, e) for v, e, w in zip(y, eta, weight, strict=True))


def _huber_naive(y, eta):
    size = abs(y - eta)
    return 0.5 * size**2 if size <= 1.35 else 1.35 * size - 0.5 * 1.35**2


def _huber_cvx(y, eta, w, cp):
    """Squared loss of what is left of the residuals after free outliers of a price."""
    far = cp.Variable(len(y))
    return cp.sum(cp.multiply(w, 0.5 * cp.square(y - eta - far) + 1.35 * cp.abs(far)))


def _quantile_naive(y, eta):
    """The 0.7-pinball loss smoothed by a width of 0.3: inf over s of pinball(s) + (r - s)² / 0.6, r moved by 0.06."""
    r = y - eta + 0.06
    s = r - 0.21 if r > 0.21 else r + 0.09 if r < -0.09 else 0.0
    return max(0.7 * s, -0.3 * s) + (r - s) ** 2 / 0.6


def _quantile_cvx(y, eta, w, cp):
    s = cp.Variable(len(y))
    return cp.sum(cp.multiply(w, cp.maximum(0.7 * s, -0.3 * s) + cp.square(y + 0.06 - eta - s) / 0.6))


def _poisson_naive(y, eta):
    return float(np.exp(eta)) - y * eta + (y * float(np.log(y)) - y if y > 0 else 0.0)


def _poisson_cvx(y, eta, w, cp):
    constant = sum(wi * (v * np.log(v) - v) for v, wi in zip(y, w, strict=True) if v > 0)
    return cp.sum(cp.multiply(w, cp.exp(eta) - cp.multiply(y, eta))) + constant


def _least_noise(y, w):
    mean = sum(wi * v for v, wi in zip(y, w, strict=True)) / sum(w)
    return 0.1 * float(np.sqrt(sum(wi * (v - mean) ** 2 for v, wi in zip(y, w, strict=True))))


def _square_root_naive(y, eta, w):
    squares = sum(wi * (v - e) ** 2 for v, e, wi in zip(y, eta, w, strict=True))
    noise = max(float(np.sqrt(squares)), _least_noise(y, w))
    return 0.5 * (squares / noise + noise)


def _square_root_cvx(y, eta, w, cp):
    noise = cp.Variable(nonneg=True) + _least_noise(y, w)
    return 0.5 * (cp.quad_over_lin(cp.multiply(np.sqrt(w), y - eta), noise) + noise)


def _multinomial_cvx(y, eta, w, cp):
    own = np.eye(eta.shape[1])[np.asarray(y, dtype=int)]
    return cp.sum(cp.multiply(w, cp.log_sum_exp(eta, axis=1) - cp.sum(cp.multiply(own, eta), axis=1)))


LOSSES = [
    LossCase(
        "squared",
        losses.SquaredLoss,
        lambda y, eta: 0.5 * (y - eta) ** 2,
        lambda y, eta, w, cp: 0.5 * cp.sum_squares(cp.multiply(np.sqrt(w), y - eta)),
        (-1.3, 0.0, 2.7),
    ),
    LossCase(
        "logistic",
        losses.LogisticLoss,
        lambda y, eta: float(np.logaddexp(0.0, eta)) - y * eta,
        lambda y, eta, w, cp: cp.sum(cp.multiply(w, cp.logistic(eta) - cp.multiply(y, eta))),
        (0.0, 1.0),
    ),
    LossCase("huber", losses.HuberLoss, _huber_naive, _huber_cvx, (-1.3, 0.0, 2.7)),
    LossCase(
        "quantile",
        lambda: losses.QuantileLoss(quantile=0.7, width=0.3),
        _quantile_naive,
        _quantile_cvx,
        (-1.3, 0.0, 2.7),
    ),
    LossCase("poisson", losses.PoissonLoss, _poisson_naive, _poisson_cvx, (0.0, 1.0, 4.0, 2.5)),
    LossCase(
        "squared_hinge",
        losses.SquaredHingeLoss,
        lambda y, eta: 0.5 * max(0.0, 1 - (2 * y - 1) * eta) ** 2,
        lambda y, eta, w, cp: 0.5 * cp.sum(cp.multiply(w, cp.square(cp.pos(1 - cp.multiply(2 * y - 1, eta))))),
        (0.0, 1.0),
    ),
    LossCase(
        "multinomial",
        losses.MultinomialLoss,
        lambda y, eta: float(np.logaddexp.reduce(eta)) - float(eta[int(y)]),
        _multinomial_cvx,
        (0.0, 1.0, 2.0),
        channels=3,
    ),
    LossCase(
        "square_root",
        lambda: losses.SquareRootLoss(floor=0.1),
        _square_root_naive,
        _square_root_cvx,
        (-1.3, 0.0, 2.7),
        joint=True,
    ),
]
LOSS = {case.id: case for case in LOSSES}


# -- solvers ------------------------------------------------------------------------------------------

SOLVERS = {
    "closed_form": solvers.ClosedForm,
    "block_cd": solvers.BlockCD,
    "splitting": solvers.Splitting,
    "lbfgs": solvers.LBFGS,
    "newton": solvers.Newton,
    "fista": solvers.FISTA,
    "cvxpy": solvers.Conic,
}


# -- convex estimators --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ConvexCase:
    """An estimator, the penalty it has, and the losses of its tasks."""

    id: str
    cls: type
    penalty: PenaltyCase
    options: Callable[[int], dict[str, Any]]  # what makes the penalty, given the number of tasks
    kind: str = "numeric"  # numeric, binary or mixed; or a loss, the same for all tasks
    share_intercept: bool = False

    def make(self, n_tasks: int, **options: Any) -> Any:
        """The estimator with a tolerance that leaves only rounding."""
        share = {"share_intercept": True} if self.share_intercept else {}
        alpha = options.get("alpha", 0.1)
        # Without a duality gap quasi-Newton is certified by its gradient, which rounding hides below some 1e-7.
        tol = 1e-6 if self.kind != "numeric" and self.penalty.smooth and (share or alpha == 0) else 1e-10
        # To that tolerance trace norms of features in several units take their time.
        limit = {"max_iter": 50_000} if self in NAMED else {}
        return self.cls(**{"alpha": alpha, "tol": tol, **limit, **share, **self.options(n_tasks), **options})

    def losses(self, n_tasks: int) -> list[LossCase]:
        """One loss per task."""
        kinds = {"numeric": ["squared"], "binary": ["logistic"], "mixed": ["squared", "logistic"]}
        names = kinds.get(self.kind, [self.kind])
        return [LOSS[names[t % len(names)]] for t in range(n_tasks)]

    def solution(self, model: Any) -> tuple[np.ndarray, np.ndarray]:
        """W (p, C), parts stacked, and b (C,) of a fitted estimator."""
        parts = [model.coef_] if self.penalty.parts == 1 else [model.shared_coef_, model.specific_coef_]
        return np.vstack([part.T for part in parts]), model.intercept_


def _none(n_tasks):
    return {}


def _penalty(name):
    return lambda T: {"penalty": PENALTY[name].make(T)}


def _mixed(name):
    return lambda T: {"penalty": PENALTY[name].make(T), "loss": [("squared", "logistic")[t % 2] for t in range(T)]}


lm = linear_model
CONVEX = [
    ConvexCase("ridge", lm.MultiTaskRidge, PENALTY["ridge"], _none),
    ConvexCase("lasso", lm.MultiTaskLasso, PENALTY["group_lasso"], _none),
    ConvexCase("elastic_net", lm.MultiTaskElasticNet, PENALTY["group_elastic_net"], lambda T: {"l1_ratio": 0.6}),
    ConvexCase(
        "sparse_group", lm.MultiTaskSparseGroupLasso, PENALTY["sparse_group_lasso"], lambda T: {"l1_ratio": 0.3}
    ),
    ConvexCase("mean", lm.MeanRegularizedRidge, PENALTY["mean_0.7"], lambda T: {"sharing": 0.7}),
    ConvexCase("mean_1", lm.MeanRegularizedRidge, PENALTY["mean_1"], lambda T: {"sharing": 1.0}),
    ConvexCase(
        "mean_intercept",
        lm.MeanRegularizedRidge,
        PENALTY["mean_0.7"],
        lambda T: {"sharing": 0.7},
        share_intercept=True,
    ),
    ConvexCase(
        "graph", lm.GraphRegularizedRidge, PENALTY["graph_chain_0.8"], lambda T: {"sharing": 0.8, "graph": chain(T)}
    ),
    ConvexCase(
        "graph_intercept",
        lm.GraphRegularizedRidge,
        PENALTY["graph_chain_0.8"],
        lambda T: {"sharing": 0.8, "graph": chain(T)},
        share_intercept=True,
    ),
    ConvexCase(
        "graph_1", lm.GraphRegularizedRidge, PENALTY["graph_chain_1"], lambda T: {"sharing": 1.0, "graph": chain(T)}
    ),
    ConvexCase("glm_l1", lm.MultiTaskGLM, PENALTY["l1"], _penalty("l1")),
    ConvexCase("glm_elastic_net", lm.MultiTaskGLM, PENALTY["elastic_net"], _penalty("elastic_net")),
    ConvexCase("glm_mixed_group", lm.MultiTaskGLM, PENALTY["group_lasso"], _mixed("group_lasso"), "mixed"),
    ConvexCase("glm_mixed_ridge", lm.MultiTaskGLM, PENALTY["ridge"], _mixed("ridge"), "mixed"),
    ConvexCase(
        "logistic_group", lm.MultiTaskLogisticRegression, PENALTY["group_lasso"], _penalty("group_lasso"), "binary"
    ),
    ConvexCase("logistic_l1", lm.MultiTaskLogisticRegression, PENALTY["l1"], _penalty("l1"), "binary"),
    ConvexCase(
        "logistic_elastic",
        lm.MultiTaskLogisticRegression,
        PENALTY["group_elastic_net"],
        _penalty("group_elastic_net"),
        "binary",
    ),
    ConvexCase(
        "logistic_graph",
        lm.MultiTaskLogisticRegression,
        PENALTY["graph_chain_0.8"],
        _penalty("graph_chain_0.8"),
        "binary",
    ),
    ConvexCase(
        "logistic_mean_intercept",
        lm.MultiTaskLogisticRegression,
        PENALTY["mean_0.7"],
        _penalty("mean_0.7"),
        "binary",
        share_intercept=True,
    ),
]


def _named(structure, penalty, options=_none, **more):
    """The regressor and the classifier of a structure."""
    names = [f"{structure}Regressor", f"{structure}Classifier"]
    return [
        ConvexCase(name, getattr(lm, name), PENALTY[penalty], options, kind, **more)
        for name, kind in zip(names, ("numeric", "binary"), strict=True)
    ]


NAMED = [
    *_named("TraceNorm", "trace_norm"),
    *_named("LInfLasso", "group_linf"),
    *_named("Dirty", "dirty"),
    ConvexCase(
        "dirty_l2", lm.DirtyRegressor, PENALTY["group_plus_l1"], lambda T: {"shared_norm": "l2", "shared_ratio": 0.55}
    ),
    *_named("SparseLowRank", "sparse_low_rank", lambda T: {"shared_ratio": 0.6}),
    *_named("RobustLowRank", "robust_low_rank", lambda T: {"shared_ratio": 0.55}),
    *_named("RobustFeature", "robust_feature", lambda T: {"shared_ratio": 0.5}),
    *_named("DataSharedLasso", "data_shared"),
    *_named("Temporal", "chain_group_lasso_0.7", lambda T: {"times": visits(T), "sharing": 0.7, "l1_ratio": 0.4}),
    ConvexCase(
        "temporal_absolute",
        lm.TemporalRegressor,
        PENALTY["fused_sparse_group_lasso"],
        lambda T: {"times": visits(T), "smoothness": "absolute", "sharing": 0.6, "l1_ratio": 0.3},
    ),
    *_named("ClusteredTasks", "clustered_2_0.5", lambda T: {"n_clusters": 2, "sharing": 0.5}),
]
CONVEX += NAMED
CONVEX_BY_ID = {case.id: case for case in CONVEX}

# Estimators that choose their strength, on grids small enough for tests.
CV = {
    "ridge": lambda: lm.MultiTaskRidgeCV(alphas=5),
    "lasso": lambda: lm.MultiTaskLassoCV(alphas=5),
    "elastic_net": lambda: lm.MultiTaskElasticNetCV(alphas=5),
    "sparse_group": lambda: lm.MultiTaskSparseGroupLassoCV(alphas=5),
    "mean": lambda: lm.MeanRegularizedRidgeCV(alphas=5, sharing=(0.0, 0.9)),
    "graph": lambda: lm.GraphRegularizedRidgeCV(alphas=5, sharing=(0.0, 0.9)),
    "logistic": lambda: lm.MultiTaskLogisticRegressionCV(alphas=5),
    "glm": lambda: lm.MultiTaskGLMCV(alphas=5),
    **{
        f"{structure}{kind}": lambda name=f"{structure}{kind}CV", ratio=ratio: getattr(lm, name)(
            alphas=2, cv=2, **ratio
        )
        for structure, ratio in (
            # Where no ratio is given there is one for a single outcome. A half is never outside the useful ratios.
            ("ClusteredTasks", {"n_clusters": 2}),
            ("DataSharedLasso", {"eps": 0.1}),
            ("Dirty", {"eps": 0.1}),
            ("LInfLasso", {}),
            ("RobustFeature", {"shared_ratio": 0.5, "eps": 0.1}),
            ("RobustLowRank", {"eps": 0.1}),
            ("SparseLowRank", {"shared_ratio": 0.5, "eps": 0.1}),
            ("Temporal", {"sharing": 0.5}),
            ("TraceNorm", {}),
        )
        for kind in ("Regressor", "Classifier")
    },
}


def kind_of_cv(name: str) -> str:
    """What targets an entry of ``CV`` is for."""
    return "binary" if name == "logistic" or name.endswith("Classifier") else "numeric"


MULTIOUTPUT = {
    "independent": lambda: multioutput.IndependentTasks(Ridge()),
    "independent_classifier": lambda: multioutput.IndependentTasks(LogisticRegression()),
    "pooled": lambda: multioutput.PooledTasks(Ridge()),
    "pooled_classifier": lambda: multioutput.PooledTasks(LogisticRegression()),
    "task_column": lambda: multioutput.TaskColumn(lm.MultiTaskLasso(alpha=0.01)),
    "transfer_guard": lambda: multioutput.TransferGuard(
        {"pooled": multioutput.PooledTasks(Ridge())}, independent=multioutput.IndependentTasks(Ridge())
    ),
}

# Estimators around estimators, and what comes before the fit; their laws are beside their own tests.
AROUND = {
    "conformal": lambda: calibration.MultiTaskConformal(lm.MultiTaskLasso(alpha=0.01)),
    "calibrated": lambda: calibration.MultiTaskCalibrated(lm.MultiTaskLogisticRegression(alpha=0.01)),
    "inverse_probability": lambda: compose.InverseProbabilityWeighted(lm.MultiTaskLasso(alpha=0.01)),
    "transformed_target": lambda: compose.TransformedTaskTarget(lm.MultiTaskLasso(alpha=0.01)),
    "observation_weights": lambda: preprocessing.ObservationWeights(),
    "target_scaler": lambda: preprocessing.TargetScaler(),
}


# -- tables -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Table:
    """Features, targets with NaN, entry weights; given as a wide table or as rows of tasks."""

    X: np.ndarray
    Y: np.ndarray  # (n, T), NaN where unobserved
    weight: np.ndarray  # (n, T)
    kind: str
    rows: bool = False
    task: np.ndarray | None = None
    extra: dict = field(default_factory=dict)

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return self.Y.shape[1]

    @property
    def observed(self) -> np.ndarray:
        """Cells that count."""
        return ~np.isnan(self.Y) & (self.weight > 0)

    @property
    def weighted(self) -> bool:
        """Whether any weight differs from one."""
        return bool((self.weight != 1).any())

    def as_rows(self) -> Table:
        """The observed entries of a wide table, one row each, in a shuffled order."""
        i, t = np.nonzero(~np.isnan(self.Y))
        order = np.random.default_rng(3).permutation(len(i))
        i, t = i[order], t[order]
        Y, weight = np.full((len(i), self.n_tasks), np.nan), np.ones((len(i), self.n_tasks))
        Y[np.arange(len(i)), t] = self.Y[i, t]
        weight[np.arange(len(i)), t] = self.weight[i, t]
        return replace(self, X=self.X[i], Y=Y, weight=weight, rows=True, task=t)

    def fit(self, estimator: Any) -> Any:
        """Fit an estimator on the table as it would be given."""
        if not self.rows:
            return estimator.fit(self.X, self.Y, self.weight if self.weighted else None)
        at = (np.arange(len(self.X)), self.task)
        return estimator.fit(self.X, self.Y[at], self.weight[at] if self.weighted else None, task=self.task)


def table(
    seed: int,
    *,
    kind: str = "numeric",
    scenario: str = "complete",
    n: int = 23,
    p: int = 4,
    T: int = 3,
    noise: float = 1.0,
) -> Table:
    """A random table: scenario "complete", "missing" (30 % NaN), "rows" (unequal n per task) or "weighted"."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.5, 3.0, p) + rng.normal(size=p)
    W = rng.normal(size=(p, T)) / np.geomspace(0.5, 3.0, p)[:, None] * (rng.random((p, 1)) < 0.7)
    eta = (X - X.mean(axis=0)) @ W + noise * rng.normal(size=(n, T)) + rng.normal(size=T)
    Y = eta * np.geomspace(1.0, 2.5, T)
    every = range(T)
    for t in {"binary": every, "squared_hinge": every, "mixed": every[1::2]}.get(kind, ()):
        Y[:, t] = eta[:, t] > np.median(eta[:, t]) + 0.3
    for t in every if kind == "multinomial" else ():
        Y[:, t] = np.digitize(eta[:, t], np.quantile(eta[:, t], [0.3, 0.6]))
    for t in every if kind == "poisson" else ():
        Y[:, t] = rng.poisson(np.exp(np.clip(0.4 * eta[:, t], -2.0, 2.0)) + 0.2)
    missing = np.zeros((n, T), dtype=bool)
    if scenario == "missing":
        missing = rng.random((n, T)) < 0.3
    elif scenario == "rows":
        # Task 0 keeps most rows, the last one a quarter.
        missing = rng.random((n, T)) < np.linspace(0.05, 0.75, T)
    weight = np.ones((n, T))
    if scenario == "weighted":
        weight = np.round(rng.exponential(size=(n, T)), 2) * (rng.random((n, T)) < 0.85)
    for t in range(T):
        # Every task keeps four rows, two of each class, and of three classes the middle one.
        keep = np.argsort(Y[:, t])[[0, 1, n // 2, -2, -1] if kind == "multinomial" else [0, 1, -2, -1]]
        missing[keep, t] = False
        weight[keep, t] = np.maximum(weight[keep, t], 0.5)
    result = Table(X, np.where(missing, np.nan, Y), weight, kind)
    return result.as_rows() if scenario == "rows" and kind != "mixed" else result


SCENARIOS = ("complete", "missing", "rows", "weighted")


# -- the objective, from the formula in the docstrings ------------------------------------------------


def task_weights(case_losses: list[LossCase], data: Table, task_weight: Any) -> np.ndarray:
    """ω of each task."""
    if not isinstance(task_weight, str):
        return np.asarray(task_weight, dtype=float)
    T = data.n_tasks
    totals = np.array([data.weight[data.observed[:, t], t].sum() for t in range(T)])
    if task_weight == "entries":
        return np.ones(T)
    if task_weight == "equal":
        return totals.mean() / totals
    omega = np.empty(T)
    for t, loss in enumerate(case_losses):
        seen = data.observed[:, t]
        y, s = data.Y[seen, t], data.weight[seen, t]
        mean = (s * y).sum() / s.sum()
        null = mean if loss.id == "squared" else np.log(mean / (1 - mean))
        omega[t] = s.sum() / (2 * sum(w * loss.naive(v, null) for v, w in zip(y, s, strict=True)))
    return omega


def mean_total(data: Table) -> float:
    """n̄: sum of the weights that count, over the number of tasks."""
    return float(data.weight[data.observed].sum()) / data.n_tasks


def intercept_term(penalty: PenaltyCase, b: np.ndarray) -> float:
    """What shared intercepts add: the penalty of deviations from their mean."""
    return penalty.naive((b - b.mean())[None, :])


def channels_of(case_losses: list[LossCase], t: int) -> int | slice:
    """The column of a task's coefficients, or its columns."""
    first = sum(loss.channels for loss in case_losses[:t])
    return first if case_losses[t].channels == 1 else slice(first, first + case_losses[t].channels)


def objective(
    case: ConvexCase, data: Table, W: np.ndarray, b: np.ndarray, alpha: float, task_weight: Any = "entries"
) -> float:
    """The objective of the docstrings, entry by entry; W (p, C), parts stacked, and b (C,) at x = 0."""
    case_losses = case.losses(data.n_tasks)
    omega = task_weights(case_losses, data, task_weight) / mean_total(data)
    value = alpha * case.penalty.naive(W) if alpha > 0 else 0.0
    if case.penalty.parts == 2:
        W = W[: len(W) // 2] + W[len(W) // 2 :]
    for t, loss in enumerate(case_losses):
        seen = data.observed[:, t]
        at = channels_of(case_losses, t)
        eta = data.X[seen] @ W[:, at] + b[at]
        value += loss.total(data.Y[seen, t], eta, omega[t] * data.weight[seen, t])
    if case.share_intercept:
        value += alpha * intercept_term(case.penalty, b)
    return value


def solve(problem: Any) -> None:
    """Solve a cvxpy problem to 1e-9, or to 1e-8 or 1e-7 where Clarabel gets no further."""
    import cvxpy as cp

    for tol in (1e-9, 1e-8, 1e-7):
        limits = {"tol_gap_abs": tol, "tol_gap_rel": tol, "tol_feas": tol, "reduced_tol_feas": 1e-12}
        try:
            # A warm start would keep the tolerances of the attempt before.
            problem.solve(solver="CLARABEL", warm_start=False, **limits)
        except cp.SolverError:
            continue
        if problem.status == "optimal":
            return
    raise AssertionError(f"the oracle itself failed: {problem.status}")


def optimum(
    case: ConvexCase,
    data: Table,
    alpha: float,
    *,
    task_weight: Any = "entries",
    fit_intercept: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Optimal W (parts stacked) and b, from cvxpy and the formula alone."""
    import cvxpy as cp

    p, T = data.X.shape[1], data.n_tasks
    case_losses = case.losses(T)
    omega = task_weights(case_losses, data, task_weight) / mean_total(data)
    C = sum(loss.channels for loss in case_losses)
    stacked = cp.Variable((case.penalty.parts * p, C))
    W = stacked if case.penalty.parts == 1 else stacked[:p] + stacked[p:]
    b = cp.Variable((1, C)) if fit_intercept else np.zeros((1, C))
    terms = []
    for t, loss in enumerate(case_losses):
        seen = data.observed[:, t]
        at = channels_of(case_losses, t)
        ones = np.ones((int(seen.sum()), 1))
        eta = data.X[seen] @ W[:, at] + (b[0, at] if loss.channels == 1 else ones @ b[:, at])
        terms.append(loss.cvx(data.Y[seen, t], eta, omega[t] * data.weight[seen, t], cp))
    expression, constraints = with_constraints(case.penalty.cvx(stacked, cp))
    if alpha > 0:
        terms.append(alpha * expression)
    if case.share_intercept and fit_intercept:
        terms.append(alpha * case.penalty.cvx(b - cp.sum(b) / T, cp))
    problem = cp.Problem(cp.Minimize(sum(terms)), constraints)
    solve(problem)
    # An interior point is feasible to its tolerance only.
    return case.penalty.domain(stacked.value), (b.value if fit_intercept else b)[0]
