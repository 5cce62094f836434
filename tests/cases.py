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

from skmtl import linear_model, losses, multioutput, penalties, solvers

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
    make: Callable[[int], penalties.Penalty]  # takes the number of tasks
    naive: Callable[[np.ndarray], float]  # W of shape (p, T)
    cvx: Callable[[Any, Any], Any]  # W, cvxpy
    smooth: bool = False
    degree: int | None = None  # of homogeneity
    has_alpha_max: bool = True


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
]
PENALTY = {case.id: case for case in PENALTIES}


# -- losses -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LossCase:
    id: str
    make: Callable[[], losses.Loss]
    naive: Callable[[float, float], float]  # target, linear predictor
    cvx: Callable[[Any, Any, Any, Any], Any]  # y, eta, weight, cvxpy
    targets: tuple[float, ...]


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
]
LOSS = {case.id: case for case in LOSSES}


# -- solvers ------------------------------------------------------------------------------------------

SOLVERS = {
    "closed_form": solvers.ClosedForm,
    "lbfgs": solvers.LBFGS,
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
    kind: str = "numeric"  # numeric, binary or mixed
    share_intercept: bool = False

    def make(self, n_tasks: int, **options: Any) -> Any:
        """The estimator with a tolerance that leaves only rounding."""
        share = {"share_intercept": True} if self.share_intercept else {}
        alpha = options.get("alpha", 0.1)
        # Without a duality gap quasi-Newton is certified by its gradient, which rounding hides below some 1e-7.
        tol = 1e-6 if self.kind != "numeric" and self.penalty.smooth and (share or alpha == 0) else 1e-10
        return self.cls(**{"alpha": alpha, "tol": tol, **share, **self.options(n_tasks), **options})

    def losses(self, n_tasks: int) -> list[LossCase]:
        """One loss per task."""
        kinds = {"numeric": ["squared"], "binary": ["logistic"], "mixed": ["squared", "logistic"]}[self.kind]
        return [LOSS[kinds[t % len(kinds)]] for t in range(n_tasks)]


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
}
CLASSIFIERS = ("logistic", "classifier")

MULTIOUTPUT = {
    "independent": lambda: multioutput.IndependentTasks(Ridge()),
    "independent_classifier": lambda: multioutput.IndependentTasks(LogisticRegression()),
    "pooled": lambda: multioutput.PooledTasks(Ridge()),
    "pooled_classifier": lambda: multioutput.PooledTasks(LogisticRegression()),
    "task_column": lambda: multioutput.TaskColumn(lm.MultiTaskLasso(alpha=0.01)),
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
    binary = {"numeric": [], "binary": list(range(T)), "mixed": list(range(1, T, 2))}[kind]
    for t in binary:
        Y[:, t] = eta[:, t] > np.median(eta[:, t]) + 0.3
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
        # Every task keeps four rows, two of each class.
        keep = np.argsort(Y[:, t])[[0, 1, -2, -1]]
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


def objective(
    case: ConvexCase, data: Table, W: np.ndarray, b: np.ndarray, alpha: float, task_weight: Any = "entries"
) -> float:
    """The objective of the docstrings, entry by entry; W (p, T) and b (T,) at x = 0."""
    case_losses = case.losses(data.n_tasks)
    omega = task_weights(case_losses, data, task_weight)
    total = 0.0
    for t, loss in enumerate(case_losses):
        for i in np.flatnonzero(data.observed[:, t]):
            eta = float(data.X[i] @ W[:, t]) + b[t]
            total += omega[t] * data.weight[i, t] * loss.naive(data.Y[i, t], eta)
    value = total / mean_total(data) + alpha * case.penalty.naive(W)
    if case.share_intercept:
        value += alpha * intercept_term(case.penalty, b)
    return value


def solve(problem: Any) -> None:
    """Solve a cvxpy problem to 1e-9, or to 1e-8 where Clarabel gets no further."""
    import cvxpy as cp

    for tol in (1e-9, 1e-8):
        try:
            problem.solve(solver="CLARABEL", tol_gap_abs=tol, tol_gap_rel=tol, tol_feas=tol, reduced_tol_feas=1e-12)
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
    """Optimal W and b, from cvxpy and the formula alone."""
    import cvxpy as cp

    p, T = data.X.shape[1], data.n_tasks
    case_losses = case.losses(T)
    omega = task_weights(case_losses, data, task_weight) / mean_total(data)
    W = cp.Variable((p, T))
    b = cp.Variable(T) if fit_intercept else np.zeros(T)
    terms = []
    for t, loss in enumerate(case_losses):
        seen = data.observed[:, t]
        eta = data.X[seen] @ W[:, t] + b[t]
        terms.append(loss.cvx(data.Y[seen, t], eta, omega[t] * data.weight[seen, t], cp))
    if alpha > 0:
        terms.append(alpha * case.penalty.cvx(W, cp))
    if case.share_intercept and fit_intercept:
        deviation = cp.reshape(b - cp.sum(b) / T, (1, T), order="C")
        terms.append(alpha * case.penalty.cvx(deviation, cp))
    problem = cp.Problem(cp.Minimize(sum(terms)))
    solve(problem)
    return W.value, b.value if fit_intercept else b
