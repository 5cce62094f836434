"""Time and peak memory of fits, and time of cross-validation, by estimator and form of the data."""

import numpy as np

from skmtl.linear_model import (
    MeanRegularizedRidge,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    TraceNormRegressor,
)

from .made import labels, missing, regression


class Lasso:
    """One strength, from tiny to tall and wide."""

    params = ((20, 3, 2), (500, 50, 5), (2000, 500, 20), (200, 5000, 20), (100_000, 100, 20))
    param_names = ("n, p, T",)

    def setup(self, shape):
        self.X, self.Y = regression(*shape)
        self.model = MultiTaskLasso(alpha=0.3)
        self.model.fit(self.X, self.Y)  # compiles

    def time_fit(self, shape):
        self.model.fit(self.X, self.Y)

    def peakmem_fit(self, shape):
        self.model.fit(self.X, self.Y)


class LassoMissing:
    """A third of the outcomes missing at random."""

    def setup(self):
        self.X, Y = regression(20_000, 100, 20)
        self.Y = missing(Y)
        self.model = MultiTaskLasso(alpha=0.3)
        self.model.fit(self.X, self.Y)

    def time_fit(self):
        self.model.fit(self.X, self.Y)

    def peakmem_fit(self):
        self.model.fit(self.X, self.Y)


class LassoCV:
    """Fifty strengths, five folds."""

    params = ((500, 50, 5), (20_000, 100, 20))
    param_names = ("n, p, T",)
    timeout = 300

    def setup(self, shape):
        self.X, self.Y = regression(*shape)

    def time_fit(self, shape):
        MultiTaskLassoCV(alphas=50, eps=0.01).fit(self.X, self.Y)


class Others:
    """Curved loss, trace norm, ridge on rows of tasks."""

    def setup(self):
        self.X, self.Y = regression(2000, 200, 20)
        self.labels = labels(2000, 200, 5)
        rng = np.random.default_rng(2)
        self.rows = rng.normal(size=(100_000, 50)), rng.normal(size=100_000), rng.integers(100, size=100_000)

    def time_logistic(self):
        MultiTaskLogisticRegression(alpha=0.02).fit(*self.labels)

    def time_trace_norm(self):
        TraceNormRegressor(alpha=0.3).fit(self.X, self.Y)

    def time_rows_of_tasks(self):
        X, y, task = self.rows
        MeanRegularizedRidge(alpha=0.1).fit(X, y, task=task)

    def peakmem_rows_of_tasks(self):
        X, y, task = self.rows
        MeanRegularizedRidge(alpha=0.1).fit(X, y, task=task)
