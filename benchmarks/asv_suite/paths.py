"""Time of paths of 50 strengths."""

from skmtl.data import as_task_data
from skmtl.losses import PerTaskLoss, make_loss
from skmtl.penalties import GroupLasso, MeanRegularization, TraceNorm
from skmtl.problem import DataTerm, Problem, alpha_grid
from skmtl.solvers import choose, solve_path

from .made import regression

PENALTIES = {"group lasso": GroupLasso, "trace norm": TraceNorm, "mean": MeanRegularization}


class Path:
    params = ((500, 50, 5), (20_000, 100, 20)), tuple(PENALTIES)
    param_names = ("n, p, T", "penalty")
    timeout = 300

    def setup(self, shape, penalty):
        self.X, self.Y = regression(*shape)

    def time_path(self, shape, penalty):
        data = as_task_data(self.X, self.Y)
        term = DataTerm(data, PerTaskLoss([make_loss("squared")] * data.n_tasks, data.layout))
        problem = Problem(term, PENALTIES[penalty](), 1.0)
        alphas = alpha_grid(problem, 50, 0.01)
        for _ in solve_path(problem, alphas, lambda one: choose(one, "auto", tol=1e-6, max_iter=10_000)):
            pass
