"""L1 plus a graph: its limits, and its prox and conjugate by block pivoting."""

import cases
import cvxpy as cp
import numpy as np
import pytest

from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model import MultiTaskGLM
from skmtl.penalties import L1, ElasticNet, GraphElasticNet, GraphRegularization, _graph_elastic_net, make_penalty

P, T = 6, 4
STEPS = (0.03, 0.8, 15.0, np.linspace(0.1, 3.0, P)[:, None])


def matrix(seed, n_tasks=T):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(P, n_tasks)) * 10.0 ** rng.uniform(-1, 1, size=(P, 1))
    W[0] = 0.0
    W[1] = 2.0
    W[2] = np.round(W[2])
    return W


def laplacians(n_tasks, rng):
    """Of a chain, of edges of all sizes, and with positive entries off the diagonal, of full and of low rank."""
    links = np.diff(np.eye(n_tasks), axis=0)
    yield links.T @ links
    yield (links.T * 10.0 ** rng.uniform(-3, 3, size=n_tasks - 1)) @ links
    for rank in (2 * n_tasks, 2):
        root = rng.normal(size=(rank, n_tasks))
        root -= root.mean(axis=1, keepdims=True)
        yield root.T @ root


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        *((GraphElasticNet(cases.chain(T), sharing=0.0, l1_ratio=r), ElasticNet(r)) for r in (0.0, 0.4, 1.0)),
        *(
            (GraphElasticNet(cases.chain(T), sharing=s, l1_ratio=0.0), GraphRegularization(cases.chain(T), s))
            for s in (0.6, 1.0)
        ),
        *((GraphElasticNet(sharing=s, l1_ratio=1.0), L1()) for s in (0.6, 1.0)),
    ],
)
def test_limits(ours, other):
    for seed in range(3):
        W = matrix(seed)
        assert ours.value(W) == pytest.approx(other.value(W), rel=1e-13)
        assert ours.alpha_max(W) == other.alpha_max(W)
        for step in STEPS:
            np.testing.assert_allclose(ours.prox(W, step), other.prox(W, step), atol=1e-14 * np.abs(W).max())
        for alpha in (0.0, 0.2, 1.5):
            for size in (0.0, 0.05, 1.0):
                expected = other.conjugate(size * W, alpha)
                assert ours.conjugate(size * W, alpha) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("sharing", "ratio"), [(0.5, 0.5), (1.0, 0.3), (0.99, 0.01), (0.2, 0.95)])
@pytest.mark.parametrize("form", ["adjacency", "laplacian", "incidence"])
def test_prox_to_seven_digits(form, sharing, ratio):
    rng = np.random.default_rng(4)
    root = rng.normal(size=(3, T))
    root -= root.mean(axis=1, keepdims=True)
    graph = {"adjacency": cases.chain(T), "laplacian": root.T @ root, "incidence": root}[form]
    W = rng.normal(size=(P, T)) + rng.normal(size=(P, 1))
    penalty = GraphElasticNet(graph, sharing, ratio, form)
    L = np.diag(graph.sum(axis=0)) - graph if form == "adjacency" else root.T @ root
    factor = np.linalg.cholesky((1 - sharing) * np.eye(T) + sharing * L + 1e-15 * np.eye(T))
    for step in (0.2, 0.7):
        V = cp.Variable((P, T))
        expression = ratio * cp.sum(cp.abs(V)) + (1 - ratio) / 2 * cp.sum_squares(V @ factor)
        problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(V - W) + step * expression))
        problem.solve(solver="CLARABEL", tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13)
        np.testing.assert_allclose(penalty.prox(W, step), V.value, rtol=0, atol=1e-7)


def off(W, radius, H, V):
    """How far each row is from optimal, in units of what the terms of the condition are made of."""
    pull = W - V @ H
    missing = np.where(V == 0, np.maximum(np.abs(pull) - radius, 0.0), np.abs(pull - radius * np.sign(V)))
    size = np.abs(W).max(axis=1) + np.abs(H).sum(axis=1).max() * np.abs(V).max(axis=1)
    return (missing.max(axis=1) / np.maximum(size, 1e-300)).max()


@pytest.mark.parametrize("n_tasks", [1, 2, 7, 30])
def test_prox_is_optimal_to_rounding(n_tasks):
    """Also where tasks are tied together and entries of a row differ by twelve orders of magnitude."""
    rng = np.random.default_rng(n_tasks)
    for L in laplacians(n_tasks, rng):
        for scale in (0.1, 1e3, 1e6, 1e10):
            rough = rng.normal(size=(20, n_tasks)) * 10.0 ** rng.uniform(-6, 6, size=(20, n_tasks))
            for W in (rng.normal(size=(20, n_tasks)), rough, scale * rng.choice([-1.0, 0.5, 1.0], size=(20, n_tasks))):
                for radius in (0.1, scale):
                    V = _graph_elastic_net.l1_plus_quadratic(W, radius, L, scale)
                    assert off(W, radius, np.eye(n_tasks) + scale * L, V) < 1e-14


def test_one_at_a_time_finds_what_blocks_do():
    rng = np.random.default_rng(7)
    for L in laplacians(9, rng):
        W, H = rng.normal(size=(30, 9)) + rng.normal(size=(30, 1)), np.eye(9) + 3 * L
        V = np.array([_graph_elastic_net._one_at_a_time(w, 0.5, H) for w in W])
        np.testing.assert_allclose(V, _graph_elastic_net.l1_plus_quadratic(W, 0.5, L, 3.0), atol=1e-13)
        assert off(W, 0.5, H, V) < 1e-14


@pytest.mark.parametrize(("sharing", "ratio"), [(0.5, 0.5), (0.9, 0.1), (0.3, 0.9)])
def test_conjugate_is_the_supremum(sharing, ratio):
    """Never below <z, v> - alpha P(v), and reached."""
    penalty = GraphElasticNet(cases.chain(T), sharing=sharing, l1_ratio=ratio)
    for seed in range(3):
        Z = matrix(seed)
        for alpha in (0.3, 1.0):
            V = cp.Variable((P, T))
            problem = cp.Problem(cp.Maximize(cp.sum(cp.multiply(Z, V)) - alpha * penalty.conic(V)))
            cases.solve(problem)
            reached = float((Z * V.value).sum()) - alpha * penalty.value(V.value)
            assert reached * (1 - 1e-12) <= penalty.conjugate(Z, alpha) == pytest.approx(problem.value, rel=1e-7)


@pytest.mark.parametrize(("sharing", "kind"), [(0.7, "duality gap"), (1.0, "fixed-point residual")])
def test_certificate_bounds_the_objective(sharing, kind):
    case = cases.PenaltyCase(
        "graph_elastic_net",
        lambda T: GraphElasticNet(cases.chain(T), sharing=sharing, l1_ratio=0.4),
        lambda W: 0.4 * cases._absolute(W) + 0.6 * cases._graph_naive(sharing, cases.chain)(W),
        lambda W, cp: 0.4 * cases._cvx_absolute(W, cp) + 0.6 * cases._graph_cvx(sharing, cases.chain)(W, cp),
    )
    convex = cases.ConvexCase("graph", MultiTaskGLM, case, cases._none)
    data, alpha = cases.table(2, scenario="missing", n=34, p=P, T=T, noise=2.0), 0.1
    best = cases.objective(convex, data, *cases.optimum(convex, data, alpha), alpha)
    for tol in (1e-2, 1e-7):
        model = data.fit(MultiTaskGLM("squared", case.make(T), alpha, tol=tol))
        certificate = model.solver_result_.certificate
        assert certificate.kind == kind
        assert certificate.satisfied(tol)
        above = cases.objective(convex, data, *convex.solution(model), alpha) - best
        assert above <= (certificate.value if sharing < 1 else tol) + 1e-8
    assert 0 < (model.coef_ == 0).mean() < 1


def test_bad_graphs():
    """Those of `GraphRegularization`, in its words."""
    good = cases.chain(T)
    for graph, form in (
        (good[:3], "adjacency"),
        (np.triu(good), "adjacency"),
        (-good, "adjacency"),
        (good + np.nan, "adjacency"),
        (good, "laplacian"),
        (good - np.diag(good.sum(axis=1)), "laplacian"),
        (good, "incidence"),
    ):
        messages = []
        for penalty in (GraphElasticNet(graph, form=form), GraphRegularization(graph, form=form)):
            with pytest.raises(InvalidParameterError) as error:
                penalty.prox(np.ones((P, T)), 1.0)
            messages.append(str(error.value))
        assert messages[0] == messages[1]
        assert messages[0].startswith(("graph ", "graph, "))
    for name, bad in (("sharing", 1.5), ("l1_ratio", -0.1), ("form", "edges"), ("graph", "chain")):
        with pytest.raises(InvalidParameterError, match=name):
            make_penalty(GraphElasticNet(**{name: bad}))
