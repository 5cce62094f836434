"""How a fit came to its solution: certificate and objective over iterations or seconds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from skmtl._parts import fitted_parts
from skmtl._plotting._grid import panels, title_figure
from skmtl._plotting._style import CYCLE, GREY, find_letters, in_legend, shorten
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError

# Lines that can be told apart by colour and marker.
_NAMED = 8
# Of a long record so many points have their marker.
_MARKED = 20
_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*")
# What an objective above the best one found is counted as where it is the best: the rounding of its own size.
_ROUNDING = 1e-16


class ConvergenceDisplay:
    """The record of one or several solves: how far each point was from optimal.

    Left, the certificate over its tolerance: below the line at 1 the problem is solved as well as was asked for. A
    duality gap bounds how far the objective is above its minimum; see `skmtl.problem.Certificate`. It may go up on the
    way. Right, the objective above the least value found in the same record, relative to it; the least itself has no
    place on a log scale and is left out. Solvers write down a point now and then, not every one.

    Objectives of different models or strengths say nothing about each other. Not a figure of how well a model
    predicts, and one of seconds is about this machine at that time.

    Parameters
    ----------
    results : sequence of SolveResult
    names : sequence of the same length, optional
        Default the name of each solver.

    Attributes
    ----------
    axes_ : ndarray of 2 Axes
    ax_ : Axes
        Of the certificates.
    figure_ : Figure
    lines_ : list of Line2D
        Certificates.
    objective_lines_ : list of Line2D
    tolerance_line_ : Line2D

    Raises
    ------
    InvalidParameterError
        There are no results, or names do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.inspection import ConvergenceDisplay
    >>> from skmtl.linear_model import MultiTaskLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 10))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> fits = {solver: MultiTaskLasso(alpha=0.1, solver=solver).fit(X, Y) for solver in ("fista", "block_cd")}
    >>> display = ConvergenceDisplay.from_estimators(fits).plot()
    >>> [line.get_label() for line in display.lines_]
    ['fista', 'block_cd']
    >>> display.figure_.get_suptitle()
    'All 2 solves converged: fista, block_cd'
    """

    def __init__(self, results: Sequence[Any], names: Sequence[Hashable] | None = None):
        self.results = list(results)
        if not self.results:
            raise InvalidParameterError("results is empty: give at least one SolveResult.")
        self.names = [result.solver for result in self.results] if names is None else list(names)
        if len(self.names) != len(self.results):
            raise InvalidParameterError(
                f"names has {len(self.names)} names for {len(self.results)} results: give one for each."
            )

    @classmethod
    def from_estimator(cls, estimator: Any) -> ConvergenceDisplay:
        """Read the records off a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator
            With ``solver_result_``, or a pipeline, a search or `IndependentTasks` of such.

        Returns
        -------
        ConvergenceDisplay
            With a line per model; those of single outcomes have their names.

        Raises
        ------
        InvalidParameterError
            No model has a record.
        """
        solved = [part for part in fitted_parts(estimator) if hasattr(part.model, "solver_result_")]
        if not solved:
            raise InvalidParameterError(
                f"{cls.__name__}: {type(estimator).__name__} has no solver_result_: fit it first, or give a model of "
                "skmtl.linear_model."
            )
        if len(solved) == 1:
            return cls([solved[0].model.solver_result_])
        names = [part.outcomes[0] if len(part.outcomes) == 1 else k for k, part in enumerate(solved)]
        return cls([part.model.solver_result_ for part in solved], names)

    @classmethod
    def from_estimators(cls, estimators: dict[Hashable, Any]) -> ConvergenceDisplay:
        """Lay the records of several estimators over each other.

        Parameters
        ----------
        estimators : dict from name to fitted estimator

        Returns
        -------
        ConvergenceDisplay

        Raises
        ------
        InvalidParameterError
            It is not a dict, or an estimator has no record.
        """
        if not isinstance(estimators, dict) or not estimators:
            raise InvalidParameterError("estimators must be a dict from name to fitted estimator, with at least one.")
        results: list[Any] = []
        names: list[Hashable] = []
        for name, estimator in estimators.items():
            one = cls.from_estimator(estimator)
            results += one.results
            names += [name] if len(one.results) == 1 else [f"{name}: {outcome}" for outcome in one.names]
        return cls(results, names)

    def plot(self, ax: Any = None, *, x: str = "iterations", **line_kwargs: Any) -> ConvergenceDisplay:
        """Draw the records.

        Parameters
        ----------
        ax : array of 2 Axes, optional
            Where to draw. Default a new figure.
        x : {"iterations", "seconds"}, default "iterations"
            Iterations of different solvers cost differently.
        **line_kwargs : dict
            Of ``Axes.plot``.

        Returns
        -------
        ConvergenceDisplay
            Itself.

        Raises
        ------
        InvalidParameterError
            ``x`` is neither.
        """
        if x not in ("iterations", "seconds"):
            raise InvalidParameterError(f"x={x!r} is not known: use 'iterations' or 'seconds'.")
        self.axes_ = panels(2, type(self).__name__, size=(5.0, 4.2), n_columns=2, ax=ax, sharex=True)
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_, self.objective_lines_ = [], []
        few = len(self.results) <= _NAMED
        for k, (result, label) in enumerate(zip(self.results, shorten(self.names, 36), strict=True)):
            style = {"color": GREY, "linewidth": 0.7, "marker": ".", "markersize": 4}
            if few:
                style = {"color": CYCLE[k % len(CYCLE)], "marker": _MARKERS[k % len(_MARKERS)], "markersize": 5}
            if not result.converged:
                style |= {"linestyle": "--", "color": style["color"] if few else "black"}
            at, ratio, above = _record(result, x)
            # Of long records some points have a marker: lines are to be told apart.
            style |= {"label": in_legend(label) if few else "_", "markevery": -(-len(at) // _MARKED)}
            style = {**style, **line_kwargs}
            self.lines_ += self.axes_[0].plot(at, ratio, **style)
            self.objective_lines_ += self.axes_[1].plot(at, above, **style)
        self.tolerance_line_ = self.axes_[0].axhline(1.0, color="black", linewidth=1.2, linestyle=":")
        self._finish(x, few=few, new=ax is None)
        if ax is None:
            title_figure(self.figure_, *self._title())
        find_letters(self.figure_)
        return self

    def _finish(self, x: str, *, few: bool, new: bool) -> None:
        from matplotlib.ticker import MaxNLocator

        kinds = sorted({result.certificate.kind for result in self.results})
        said = ("certificate / tolerance: " + ", ".join(kinds), "objective above the least / least")
        for panel, label, lines in zip(self.axes_, said, (self.lines_, self.objective_lines_), strict=True):
            panel.set_xlabel("seconds" if x == "seconds" else "iterations (those written down)")
            panel.set_ylabel(label)
            drawn = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in lines])
            drawn = drawn[np.isfinite(drawn)]
            if drawn.size:
                panel.set_yscale("log")
                if lines is self.objective_lines_ and drawn.max() < 10 * drawn.min():
                    # Powers of ten on the axis, where all points are alike.
                    panel.set_ylim(drawn.min() / 10, drawn.max() * 10)
            else:
                empty = "the certificate is zero" if lines is self.lines_ else "no point above the least"
                panel.text(0.5, 0.6, empty, ha="center", transform=panel.transAxes)
                panel.set_yticks([])
            panel.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=x == "iterations"))
        # At the left, where curves are still far above.
        self.axes_[0].text(0.01, 1.0, "tolerance", transform=self.axes_[0].get_yaxis_transform(), ha="left",
                           va="bottom", fontsize=8)  # fmt: skip
        if few and len(self.results) > 1:
            if new:
                handles = self.lines_
                self.figure_.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
            else:
                self.axes_[0].legend(fontsize=8)

    def _title(self) -> list[str]:
        if len(self.results) == 1:
            result = self.results[0]
            reached, wanted = result.certificate.value, result.certificate.threshold(result.tol)
            said = "converged" if result.converged else "did not converge"
            unit = "iteration" if result.n_iter == 1 else "iterations"
            return [
                f"{result.solver} {said} after {result.n_iter} {unit}: {result.certificate.kind} {reached:.2g}, "
                f"wanted at most {wanted:.2g} (tol {result.tol:g})"
            ]
        failed = [k for k, result in enumerate(self.results) if not result.converged]
        if not failed:
            names = shorten(self.names, 36)
            listed = ": " + ", ".join(names) if len(names) <= _NAMED else ""
            return [f"All {len(self.results)} solves converged{listed}"]
        names = shorten(self.names, 36)
        listed = ", ".join(names[k] for k in failed[:3]) + (", ..." if len(failed) > 3 else "")
        return [f"{len(failed)} of {len(self.results)} solves did not converge (dashed): {listed}"]


def _record(result: Any, x: str) -> tuple[Array, Array, Array]:
    """Where, the certificate over its tolerance, and the objective above the least; one point without a history."""
    rows = list(result.history)
    wanted = result.certificate.threshold(result.tol)
    if rows:
        at = np.array([row.seconds if x == "seconds" else row.iteration for row in rows], dtype=float)
        certificate = np.array([row.certificate for row in rows], dtype=float)
        objective = np.array([row.objective for row in rows], dtype=float)
    else:
        at = np.array([np.nan if x == "seconds" else result.n_iter], dtype=float)
        certificate, objective = np.array([result.certificate.value]), np.array([result.objective])
    # Written down in the order of time; a refinement may count its iterations anew.
    at = np.maximum.accumulate(at)
    ratio = certificate / wanted if wanted > 0 else np.full(len(at), np.nan)
    least = np.nanmin(objective)
    above = (objective - least) / (abs(least) if least != 0 else 1.0)
    return at, np.where(ratio > 0, ratio, np.nan), np.where(above > _ROUNDING, above, np.nan)


__all__ = ["ConvergenceDisplay"]
