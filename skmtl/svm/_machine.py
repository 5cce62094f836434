"""libsvm on the product kernel between observed entries, with an intercept for every task."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVR

from skmtl._params import BOOLEAN, Constraint, Interval, OneOf
from skmtl._task_kernels import (
    KERNEL_CONSTRAINTS,
    FitRows,
    ProductKernelModel,
    check_memory,
    dual_table,
    entry_matrix,
    row_codes,
    task_matrix,
)
from skmtl._typing import Array, IntArray
from skmtl.data import TaskData, TaskLayout

# The quadratic term that holds the intercepts of a step near those before is this many times smaller than the
# function's: 1 takes twice the steps where the loss has little weight, 10 errs more where it has much, as libsvm stores
# kernels in single precision (excess of the objective 2e-5, 6e-5 and 1e-4 at C = 30 and 4 x 45 entries).
_LOOSENESS = 3.0
_MAX_STEPS = 100
# A gap above this part of the loss without functions is no solution. (The objective itself may be next to nothing.)
_UNSOLVED = 1e-3


@dataclass(frozen=True, eq=False)
class Machine:
    """Dual coefficients of the entries, intercepts of the tasks, and what libsvm needed for them."""

    dual: Array
    values: Array  # of the functions at the entries, without intercepts
    intercept: Array
    n_iter: int
    n_steps: int


class SupportVectorModel(ProductKernelModel):
    """What regression and classification have in common: the quadratic programme over the entries."""

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        **KERNEL_CONSTRAINTS,
        "C": [Interval(Real, 0, float("inf"), closed="neither")],
        "gamma": [OneOf(("scale", "auto")), Interval(Real, 0, float("inf"), closed="left")],
        "intercept": [OneOf(("task", "common"))],
        "tol": [Interval(Real, 0, float("inf"), closed="neither")],
        "shrinking": [BOOLEAN],
        "cache_size": [Interval(Real, 0, float("inf"), closed="neither")],
        "max_iter": [Interval(Integral, -1, float("inf"), closed="left")],
    }

    task_names_: np.ndarray
    task_kernel: Any
    sharing: float
    C: float
    tol: float
    intercept: str
    max_iter: int

    def _distinct(self, data: TaskData) -> tuple[FitRows, TaskData]:
        """The entries without copies, in an order of their content; the result keeps the design of ``data``.

        Where libsvm stops, within its tolerance, depends on the order. This way a row given twice is exactly a row of
        weight two, and the order of the rows means nothing.
        """
        fit = self._fit_rows(data)
        first, code = row_codes(fit.X)
        rows, y = code[fit.rows], data.y.astype(np.float64, copy=False)
        order = np.lexsort((y, rows, fit.tasks))
        table = np.column_stack([fit.tasks, rows, y])[order]
        start = np.flatnonzero(np.concatenate([[True], (np.diff(table, axis=0) != 0).any(axis=1)]))
        weight = np.add.reduceat(data.weight[order], start)
        rows, tasks, y = rows[order][start], fit.tasks[order][start], y[order][start]
        ends = np.concatenate([[0], np.cumsum(np.bincount(tasks, minlength=data.n_tasks))])
        layout = TaskLayout(data.layout.names, rows, ends, len(first), data.layout.channels)
        X = fit.X[first][:, first] if self._precomputed else fit.X[first]
        return FitRows(X, fit.given[first], rows, tasks), replace(data, y=y, weight=weight, layout=layout)

    def _entry_kernel(self, fit: FitRows, weight: Array) -> Array:
        """The kernel between the entries, (n_entries, n_entries)."""
        check_memory(len(fit.rows), 2, f"{type(self).__name__} with {len(fit.rows)} observed entries")
        self.task_kernel_ = task_matrix(self.task_kernel, self.sharing, tuple(self.task_names_.tolist()))
        return entry_matrix(self._fit_kernel(fit, weight), self.task_kernel_, fit)

    def _fit_machine(self, fit: FitRows, K: Array, target: Array, epsilon: float, weight: Array, spread: float) -> None:
        """Solve for targets of the entries, with deviations up to epsilon free, and set the fitted attributes."""
        n_tasks = len(self.task_kernel_)
        if self.intercept == "common" or n_tasks == 1:
            dual, b, n_iter = self._libsvm(K, target, epsilon, weight, self.tol)
            machine = Machine(dual, K @ dual, np.full(n_tasks, b), n_iter, 1)
        else:
            machine = self._with_intercepts(K, fit.tasks, target, epsilon, weight, spread)
        self.dual_coef_ = dual_table(machine.dual, fit, n_tasks)
        self.intercept_ = machine.intercept - self._origin()
        self.n_support_ = np.bincount(fit.tasks[machine.dual != 0], minlength=n_tasks)
        self.n_iter_, self.n_intercept_steps_ = machine.n_iter, machine.n_steps
        # Each entry's share in the duality gap is loss + conjugate - product, which is zero at best.
        left = target - machine.values - machine.intercept[fit.tasks]
        loss = self.C * weight * np.maximum(0.0, np.abs(left) - epsilon)
        gap = loss + epsilon * np.abs(machine.dual) - machine.dual * left
        primal = 0.5 * float(machine.dual @ machine.values) + float(loss.sum())
        self.relative_gap_ = max(0.0, float(gap.sum())) / primal if primal > 0 else 0.0
        null = float((self.C * weight * np.maximum(0.0, np.abs(left + machine.values) - epsilon)).sum())
        # With a limit of iterations libsvm itself says when it was reached.
        if self.max_iter == -1 and float(gap.sum()) > _UNSOLVED * max(primal, null):
            warnings.warn(
                f"{type(self).__name__}: the duality gap is {self.relative_gap_:.2g} of the objective: libsvm stores "
                f"kernels in single precision, which is not enough at C={self.C:g} for this kernel: use a smaller C, "
                "features and outcomes in units of their spread, or intercept='common'.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _libsvm(self, K: Array, target: Array, epsilon: float, weight: Array, tol: float) -> tuple[Array, float, int]:
        options: dict[str, Any] = {name: getattr(self, name) for name in ("C", "shrinking", "cache_size", "max_iter")}
        model = SVR(kernel="precomputed", epsilon=epsilon, tol=tol, **options).fit(K, target, weight)
        dual = np.zeros(len(target))
        dual[model.support_] = model.dual_coef_.ravel()
        return dual, float(model.intercept_[0]), int(model.n_iter_)

    def _with_intercepts(
        self, K: Array, tasks: IntArray, target: Array, epsilon: float, weight: Array, spread: float
    ) -> Machine:
        """Free intercepts of tasks by the proximal point method (Rockafellar, SIAM J. Control Optim. 14:877-898, 1976).

        libsvm knows one intercept. A constant τ added to the kernel within tasks gives each its own, at the price of
        the penalty b_t² / (2τ). Solving again for what the intercepts found so far leave of the targets moves the
        centre of that penalty along, until it costs nothing: then its gradient, Σ_i c_it, is zero for every task, which
        is the condition for free intercepts. It takes a handful of steps.
        """
        counts = np.bincount(tasks)
        tau = _LOOSENESS * max(float(K.diagonal().mean()), spread / (self.C * float(counts.mean())))
        for start, stop in itertools.pairwise([0, *np.cumsum(counts).tolist()]):
            K[start:stop, start:stop] += tau
        b, n_iter, n_steps = np.zeros(len(counts)), 0, 0
        for _ in range(_MAX_STEPS):
            dual, common, done = self._libsvm(K, target - b[tasks], epsilon, weight, 0.1 * self.tol)
            moved = tau * np.bincount(tasks, weights=dual)
            b, n_iter, n_steps = b + moved, n_iter + done, n_steps + 1
            if np.abs(moved).max() <= self.tol:
                break
        else:
            warnings.warn(
                f"{type(self).__name__}: the intercepts of the tasks still move by {np.abs(moved).max():.1e} (tol "
                f"{self.tol:.1e}) after {_MAX_STEPS} steps: loosen tol, scale the outcomes, or use "
                "intercept='common'.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return Machine(dual, K @ dual - moved[tasks], b + common, n_iter, n_steps)
