"""Every penalty and every loss against cvxpy, as a table.

Each cell is |objective of skmtl - optimum of cvxpy| / optimum, with the objective and the problem written out from the
docstrings in `cases.py`; the largest over a few random tables. Print it with ``make oracle-table``.
"""

from __future__ import annotations

import cases

from skmtl.linear_model import MultiTaskGLM

FORMS = ("complete", "missing", "rows")
LOSSES = ("squared", "logistic")
# For the losses beyond those: one penalty of every sort.
SOME_PENALTIES = ("group_lasso", "trace_norm", "dirty", "mean_0.7", "clustered_2_0.5", "bounded_group_lasso")
SHAPE = {"n": 34, "p": 5, "T": 3}
# Below alpha_max and above the smallest strengths for all of them.
ALPHA = 0.06


def difference(penalty: cases.PenaltyCase, loss: str, form: str, seeds: int = 1) -> float:
    """Largest relative difference of the objectives over ``seeds`` tables."""
    # The two first losses are called by what they read.
    kind = {"squared": "numeric", "logistic": "binary"}.get(loss, loss)
    worst = 0.0
    for seed in range(seeds):
        data = cases.table(40 + seed, kind=kind, scenario=form, noise=2.0, **SHAPE)
        case = cases.ConvexCase(penalty.id, MultiTaskGLM, penalty, cases._none, kind)
        model = MultiTaskGLM(cases.LOSS[loss].make(), penalty.make(SHAPE["T"]), ALPHA, tol=1e-7)
        model = data.fit(model)
        ours = cases.objective(case, data, *case_point(penalty, model), ALPHA)
        best = cases.objective(case, data, *cases.optimum(case, data, ALPHA), ALPHA)
        worst = max(worst, abs(ours - best) / best)
    return worst


def case_point(penalty: cases.PenaltyCase, model: MultiTaskGLM):
    """W, parts stacked, and b of a fitted model."""
    return cases.ConvexCase(penalty.id, MultiTaskGLM, penalty, cases._none).solution(model)


def main() -> None:
    """Print both tables."""
    worst = 0.0
    columns = [(loss, form) for loss in LOSSES for form in FORMS]
    print(f"{'penalty':34}" + "".join(f"{loss + ' ' + form:>18}" for loss, form in columns))
    for penalty in cases.PENALTIES:
        cells = [difference(penalty, loss, form, seeds=3) for loss, form in columns]
        worst = max(worst, *cells)
        print(f"{penalty.id:34}" + "".join(f"{cell:18.1e}" for cell in cells), flush=True)
    columns = [(name, form) for name in SOME_PENALTIES for form in FORMS]
    print()
    print(f"{'loss':14}" + "".join(f"{name[:12] + ' ' + form[:4]:>18}" for name, form in columns))
    for loss in cases.LOSS:
        cells = [difference(cases.PENALTY[name], loss, form, seeds=3) for name, form in columns]
        worst = max(worst, *cells)
        print(f"{loss:14}" + "".join(f"{cell:18.1e}" for cell in cells), flush=True)
    print(f"\nlargest relative difference: {worst:.1e}")


if __name__ == "__main__":
    main()
