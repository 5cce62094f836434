"""The paragraphs that the docstrings of all linear models have in common, written once."""

from __future__ import annotations

import inspect
import re
from textwrap import indent
from typing import Any, TypeVar

from skmtl.base import MultiTaskClassifierMixin

_Class = TypeVar("_Class", bound=type)

# A placeholder is a line of its own: braces elsewhere, in formulas and sets of options, stay what they are.
_PLACEHOLDER = re.compile(r"^( *)\{(\w+)\}$", re.MULTILINE)

_PARAMETERS = {
    "alphas": """\
alphas : int >= 1 or array-like of positive numbers, default {default}
    How many strengths to try, on a geometric grid, or the strengths themselves. {grid}""",
    "eps": """\
eps : {eps}
    Smallest strength of the grid over its largest{eps_none}.""",
    "cv": """\
cv : int, splitter, iterable of (train, test) or None, default None
    None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.""",
    "rule": """\
rule : {"min", "1se"}, default "min"
    "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
    ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): a
    simpler model for a loss that cannot be told apart.""",
    "n_jobs": """\
n_jobs : int or None, default None
    Folds fitted at once, by joblib.""",
    "fit_intercept": """\
fit_intercept : bool, default True
    Whether each task has an intercept{unpenalised}""",
    "task_weight": """\
task_weight : {"entries", "equal", "deviance"} or array-like of shape (T,), default "entries"
    ω. "entries": every observation counts the same, so a small task borrows more. "equal": every task
    counts the same. "deviance": each task is divided by its deviance without features, so that units do
    not decide which task matters. Numbers are used as given.""",
    "scale_targets": """\
scale_targets : bool, default False
    {scaling}""",
    "solver": """\
solver : {"auto", "closed_form", "lbfgs", "newton", "fista", "cvxpy"} or Solver, default "auto"
    "auto" chooses by a table, see `skmtl.solvers.choose`; the choice made is in ``solver_result_``.""",
    "constraints": """\
constraints : callable or None, default None
    Extra convex constraints: takes the coefficients as a cvxpy expression of shape (T, p) and returns a
    list of cvxpy constraints. Solved by cvxpy.""",
    "bounds": """\
bounds : (lower, upper) or None, default None
    Limits on the coefficients, each a number or an array of shape (p,) or (T, p), lower <= 0 <= upper;
    ``(0, np.inf)`` is non-negativity, equal zeros exclude a coefficient. Solved natively{otherwise}.""",
    "tol": """\
tol : float > 0, default 1e-6
    Relative tolerance of the certificate.""",
    "max_iter": """\
max_iter : int >= 1, default 10000""",
    "warm_start": """\
warm_start : bool, default False
    Start from the previous fit.""",
}
# By whether intercepts may be shared, targets are classes, constraints are taken.
_UNPENALISED = (". Intercepts are never penalised.", ", never penalised unless shared.")
_SCALING = (
    "Standardise the observed targets inside the fit and give everything back in original units. Without\n"
    "    it the outcome with the largest units dominates the fit.",
    "No effect on binary outcomes; present so that all estimators of the family take the same parameters.",
)
_OTHERWISE = ("", "; other convex constraints\n    go through ``constraints``")
_CV_PARAMETERS = ("alphas", "eps", "cv", "rule", "n_jobs")

_ATTRIBUTES = """\
coef_ : ndarray of shape (T, p)
intercept_ : ndarray of shape (T,)
task_names_ : ndarray of shape (T,)
    Column names of ``y``, task ids, or 0 .. T-1.
n_tasks_ : int
n_features_in_ : int
feature_names_in_ : ndarray of shape (p,)
    Only where X has column names.
n_iter_ : int
solver_result_ : SolveResult
    Status, certificate, objective and history of the fit."""

_TEXTS = {
    "squared_objective": """\
With n̄ = Σ s / T and squared loss the objective is

    (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²""",
    "logistic_objective": """\
With n̄ = Σ s / T, η_it = x_i·w_t + b_t and y coded 0/1, the second class in sorted order being 1, the objective is

    (1 / n̄) Σ_t ω_t Σ_{i observed for t} s_it [ log(1 + exp(η_it)) - y_it η_it ]""",
    "share_intercept": """\
share_intercept : bool, default False
    Pull the intercepts towards their mean as if they were coefficients of a constant feature 1; the mean
    itself is not penalised. What a place with five rows needs: its own intercept is mostly noise.""",
    "losses": """\
"squared": numbers. "logistic": two classes. "multinomial": two or more classes, one row of coefficients each.
"poisson": counts, log link. "huber": numbers with outliers. "quantile": the conditional median (another
quantile: `skmtl.losses.QuantileLoss`). "squared_hinge": two classes, as a support vector machine.
"square_root": numbers, a strength that need not know the noise level. "auto": by the values of each outcome.
Or an object of `skmtl.losses`.""",
    "penalties": """\
Each outcome by itself: "ridge", squares; "l1", absolute values; "elastic_net", both; "task_group_lasso", whole
outcomes in or out. Features selected together: "group_lasso", by row norm; "group_elastic_net", with ridge;
"sparse_group_lasso", with single outcomes dropped; "group_linf", by largest coefficient. Few directions:
"trace_norm"; "squared_trace_norm", half its square; "clustered_tasks", few groups of outcomes. A common model:
"mean", pulled to the mean; "graph", along edges; "graph_elastic_net", with L1; "task_precision", by a precision
matrix; "common_l1", one sparse model for all. Ordered outcomes: "chain", neighbours alike; "chain_group_lasso", with
joint selection; "fused_sparse_group_lasso", neighbours equal. Other: "shared_plus_specific", a sum of two parts;
"bounded", within limits. Or an object of `skmtl.penalties`, which carries its own mixing parameters
(``penalty__sharing`` in a grid).""",
    "classes": "classes_ : ndarray of shape (2,), or list of T of them after a fit on several outcomes",
}


def documented(cls: _Class) -> _Class:
    """Fill the placeholders in the docstring of a linear model.

    A placeholder is a line that holds a name in braces and nothing else: ``{fit_parameters}``, ``{cv_parameters}``,
    ``{attributes}``, ``{cv_attributes}``, ``{selection}``, a name of ``_TEXTS``, or of the dict ``_texts`` that
    the class (its base) has for what its variants say alike. Parameters come in the order of the constructor.

    Parameters
    ----------
    cls : type

    Returns
    -------
    type
        The same class.

    Raises
    ------
    KeyError
        A placeholder has no text.
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    texts = {**_TEXTS, **_made_for(cls), **getattr(cls, "_texts", {})}

    def text(match: re.Match[str]) -> str:
        if match[2] not in texts:
            raise KeyError(f"The docstring of {cls.__name__} has {{{match[2]}}}, which has no text.")
        return indent(texts[match[2]], match[1])

    cls.__doc__ = _PLACEHOLDER.sub(text, cls.__doc__)
    return cls


def _made_for(cls: Any) -> dict[str, str]:
    """The texts that depend on the class: on its parameters and their defaults, and on how it is chosen."""
    defaults = {name: p.default for name, p in inspect.signature(cls.__init__).parameters.items()}
    words = {
        "unpenalised": _UNPENALISED["share_intercept" in defaults],
        "scaling": _SCALING[issubclass(cls, MultiTaskClassifierMixin)],
        "otherwise": _OTHERWISE["constraints" in defaults],
        "default": str(defaults.get("alphas")),
        **_grid_words(defaults.get("eps")),
    }
    common = {name: _fill(_PARAMETERS[name], words) for name in defaults if name in _PARAMETERS}
    made = {
        "fit_parameters": "\n".join(text for name, text in common.items() if name not in _CV_PARAMETERS),
        "cv_parameters": "\n".join(text for name, text in common.items() if name in _CV_PARAMETERS),
        "attributes": _ATTRIBUTES,
    }
    if "alphas" in defaults:
        made["selection"] = _selection(cls)
        made["cv_attributes"] = _cv_attributes(cls)
    return made


def _fill(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    return text


def _grid_words(eps: float | None) -> dict[str, str]:
    """Where the grid starts; the default of eps tells penalties with a kink at zero from quadratic ones."""
    zero, curvature = "``alpha_max`` (all coefficients zero)", "ten times the largest curvature of the loss"
    if eps is None:
        return {
            "grid": f"The grid starts at\n    {zero}; for quadratic penalties at {curvature}.",
            "eps": "float in (0, 1) or None, default None",
            "eps_none": "; None means 1e-3, and 1e-6 for quadratic penalties",
        }
    start = zero if eps > 1e-4 else curvature
    return {
        "grid": f"The grid starts at\n    {start}.",
        "eps": f"float in (0, 1), default {eps:g}".replace("e-0", "e-"),
        "eps_none": "",
    }


def _selection(cls: Any) -> str:
    return f"""\
The model, its objective and when not to use it: `{cls.__name__.removesuffix("CV")}`. On every training part fits run
from the largest strength to the smallest, each started from the one before; the strength that
predicts the test parts best is then used on all rows.
The folds are shared by all outcomes and keep each of them observed."""


def _cv_attributes(cls: Any) -> str:
    """What was tried and chosen; the axes follow the parameter that may be a list."""
    mix, path = cls._mix, cls._path_name
    kind, chosen, count = {
        None: ("", "", ""),
        "penalty": ("Penalty or str", "The penalty chosen.", "n_penalties"),
        "n_clusters": ("int", "The number of clusters chosen.", "n_choices"),
    }.get(mix, ("float", "The ratio chosen.", "n_ratios"))
    one = {"penalty": "the penalty is a single one", "n_clusters": "it is one number"}.get(mix, "the ratio is a number")
    axis = f"{count}, " if mix else ""
    deviance = "-2 log-likelihood" if issubclass(cls, MultiTaskClassifierMixin) else "squared error; -2 log-likelihood"
    measure = "Mean squared error" if path == "mse_path_" else f"Mean deviance ({deviance})"
    lines = ["alpha_ : float", "    The strength chosen."]
    if mix:
        lines += [f"{mix}_ : {kind}", f"    {chosen}"]
    lines += [
        "alphas_ : ndarray of shape (n_alphas,)" + (f", or ({axis}n_alphas)" if mix else ""),
        "    Strengths tried, largest first.",
        f"{path} : ndarray of shape ({axis}n_alphas, n_folds)",
        f"    {measure} on the test parts, weighted (and scaled) as in the objective.",
    ]
    if mix:
        lines += [f"    Without the first axis where {one}."]
    lines += [
        f"task_{path} : ndarray of shape ({axis}n_alphas, n_folds, T)",
        "    The same per task, in original units; NaN where a task is not observed in a test part.",
    ]
    return "\n".join(lines)


__all__ = ["documented"]
