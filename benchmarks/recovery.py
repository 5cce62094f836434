"""Recovery on made data: does the model made for a structure find it, and predict better than others?

    python benchmarks/recovery.py [--seeds N] [--only NAME ...]

Every structure is planted ten times with a fifth of the outcomes missing, and few enough rows (60, unless stated) that
outcomes are hard to learn one by one. Noise has the variance of the signal, so that the true model explains half, as
is common for clinical measurements; features are correlated like 0.3^|i-j|. The data were not tuned until a model
won, and some do not. Each model chooses strength and ratio on the same three folds. The first model of a table is the
one made for the structure; "r low" and the like are the same model with another grid.

Columns: recovery, where a model has it; F1 under rule="1se", where a selection is judged; error ||What - W|| / ||W||;
R2 (deviance explained for classes) on 1000 new rows, mean over outcomes. Each as mean (standard error) over seeds.
Below the table: the first model against the best of another kind, paired by seed.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, f1_score, log_loss, roc_auc_score
from sklearn.preprocessing import normalize

from skmtl.linear_model import (
    ClusteredTasksRegressorCV,
    DataSharedLassoRegressorCV,
    DirtyRegressorCV,
    LInfLassoRegressorCV,
    MeanRegularizedRidgeCV,
    MultiTaskGLMCV,
    MultiTaskLassoCV,
    MultiTaskLogisticRegressionCV,
    MultiTaskRidgeCV,
    RobustFeatureRegressorCV,
    RobustLowRankRegressorCV,
    SparseLowRankRegressorCV,
    TemporalRegressorCV,
    TraceNormClassifierCV,
    TraceNormRegressorCV,
)
from skmtl.metrics import r2_score
from skmtl.model_selection import MultiTaskKFold
from skmtl.multioutput import PooledTasks

MISSING = 0.2
N_ROWS, N_TEST, FOLDS = 60, 1000, 3
# Choosing a strength does not need six digits: an error of 1e-4 of the null loss is far below that of the folds.
KINK = {"alphas": 8, "eps": 1e-2, "tol": 1e-4}
RELAXED = {"alphas": 8, "eps": 1e-3, "tol": 1e-4}
SMOOTH = {"alphas": 20}


@dataclass
class Made:
    """One planted data set; ``W`` is (T, p) like ``coef_``, ``truth`` what is to be found."""

    X: np.ndarray
    Y: np.ndarray
    W: np.ndarray
    X_test: np.ndarray
    Y_test: np.ndarray
    truth: Any
    task: np.ndarray | None = None


@dataclass
class Structure:
    """A kind of data, its models (the first is the one made for it), and how recovery is measured."""

    measure: str
    make: Callable[[np.random.Generator], Made]
    models: Callable[[], dict[str, Any]]
    found: Callable[[Any, Made], float]
    sparse: tuple[str, Callable[[Any, Made], float]] | None = None  # what is measured under rule="1se"
    smaller: bool = False  # the measure is an error
    results: dict[str, list[tuple[float, float, float, float]]] = field(default_factory=dict)


# -- data ---------------------------------------------------------------------------------------------


def features(rng: np.random.Generator, n: int, p: int) -> np.ndarray:
    correlation = 0.3 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    return rng.normal(size=(n, p)) @ np.linalg.cholesky(correlation).T


def wide(rng: np.random.Generator, W: np.ndarray, truth: Any, missing: Any = MISSING, n: int = N_ROWS) -> Made:
    """Outcomes of the same rows; noise as large as the signal of each."""
    X = features(rng, n + N_TEST, W.shape[1])
    signal = X @ W.T
    Y = signal + signal.std(axis=0) * rng.normal(size=signal.shape)
    X_test, Y_test, X, Y = X[n:], Y[n:], X[:n], Y[:n]
    Y[rng.random(Y.shape) < missing] = np.nan
    return Made(X, Y, W, X_test, Y_test, truth)


def joint(rng: np.random.Generator) -> Made:
    W = np.zeros((8, 30))
    W[:, rng.permutation(30)[:5]] = rng.normal(size=(8, 5))
    return wide(rng, W, W != 0)


def equal(rng: np.random.Generator) -> Made:
    W = np.zeros((8, 30))
    W[:, rng.permutation(30)[:5]] = rng.choice([-1.0, 1.0], size=(8, 5))
    return wide(rng, W, W != 0)


def dirty(rng: np.random.Generator, n: int = N_ROWS) -> Made:
    """Three features of all outcomes, of one size; two more of each outcome alone."""
    W = np.zeros((8, 30))
    order = rng.permutation(30)
    W[:, order[:3]] = rng.choice([-1.0, 1.0], size=(8, 3))
    for t in range(8):
        W[t, rng.choice(order[3:], 2, replace=False)] = rng.choice([-1.0, 1.0], size=2)
    return wide(rng, W, W != 0, n=n)


def low_rank(rng: np.random.Generator) -> Made:
    W = rng.normal(size=(10, 2)) @ rng.normal(size=(2, 25))
    return wide(rng, W, 2)


def sparse_low_rank(rng: np.random.Generator) -> Made:
    """Rank one, and one strong effect of its own for each outcome."""
    W = rng.normal(size=(10, 1)) @ rng.normal(size=(1, 25)) * 0.5
    own = np.zeros(W.shape, dtype=bool)
    own[np.arange(10), rng.integers(25, size=10)] = True
    W[own] += rng.choice([-3.0, 3.0], size=10)
    return wide(rng, W, own)


def outliers_low_rank(rng: np.random.Generator) -> Made:
    """Ten outcomes of rank two; two with coefficients of their own, of the same length."""
    W = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 25)) / 2**0.5
    outlier = np.zeros(12, dtype=bool)
    outlier[rng.permutation(12)[:2]] = True
    W[outlier] = rng.normal(size=(2, 25))
    return wide(rng, W, outlier)


def outliers_joint(rng: np.random.Generator) -> Made:
    """Ten outcomes of the same five features; two that need all thirty."""
    W = np.zeros((12, 30))
    W[:, rng.permutation(30)[:5]] = rng.normal(size=(12, 5))
    outlier = np.zeros(12, dtype=bool)
    outlier[rng.permutation(12)[:2]] = True
    W[outlier] = rng.normal(size=(2, 30)) * (5 / 30) ** 0.5
    return wide(rng, W, outlier)


def clusters(rng: np.random.Generator) -> Made:
    """Three groups of four outcomes; within a group coefficients differ by a third of their size."""
    label = np.repeat(np.arange(3), 4)
    W = rng.normal(size=(3, 20))[label] + rng.normal(size=(12, 20)) / 3
    return wide(rng, W, label)


TIMES = np.array([0.0, 1, 2, 4, 6, 9, 12, 18])
# Late visits lose patients: a fifth is missing overall.
DROP_OUT = np.linspace(0.05, 0.35, 8)


def drifting(rng: np.random.Generator) -> Made:
    """Effects of five features that drift with time, as a straight line and a slow wave."""
    W = np.zeros((8, 20))
    time_ = TIMES[:, None] / TIMES[-1]
    level, slope, wave, phase = rng.normal(size=(4, 5))
    W[:, rng.permutation(20)[:5]] = level + slope * (time_ - 0.5) + 0.5 * wave * np.sin(np.pi * (time_ + phase))
    return wide(rng, W, W, DROP_OUT)


def jumping(rng: np.random.Generator) -> Made:
    """Effects of five features that are constant but for one jump, to zero for two of them."""
    W = np.zeros((8, 20))
    for k, j in enumerate(rng.permutation(20)[:5]):
        jump = rng.integers(2, 7)
        W[:jump, j] = rng.normal()
        W[jump:, j] = 0.0 if k < 2 else rng.normal()
    return wide(rng, W, W, DROP_OUT)


def deviations(rng: np.random.Generator) -> Made:
    """One outcome in six places of unequal size: a common sparse model, and two deviations in each place."""
    sizes = np.array([10, 15, 20, 30, 50, 75])
    common = np.zeros(30)
    common[rng.permutation(30)[:5]] = rng.choice([-1.0, 1.0], size=5)
    W = np.tile(common, (6, 1))
    for row in W:
        row[rng.permutation(30)[:2]] += rng.choice([-1.0, 1.0], size=2)
    X = features(rng, sizes.sum() + 6 * 200, 30)
    task = np.concatenate([np.repeat(np.arange(6), sizes), np.repeat(np.arange(6), 200)])
    signal = (X * W[task]).sum(axis=1)
    y = signal + signal.std() * rng.normal(size=len(signal))
    n = sizes.sum()
    seen = np.r_[rng.random(n) >= MISSING]
    seen[np.flatnonzero(task[:n] == 0)[:5]] = True  # five rows at least, one per fold
    y[:n][~seen] = np.nan
    return Made(X[:n], y[:n], W, X[n:], y[n:], W != 0, task[:n])


def low_rank_binary(rng: np.random.Generator) -> Made:
    """Log-odds of rank two; a perfect model explains 0.3 of the deviance."""
    n = 2 * N_ROWS  # a yes or no says less than a number
    W = rng.normal(size=(10, 2)) @ rng.normal(size=(2, 20)) * 0.35
    X = features(rng, n + N_TEST, 20)
    Y = (X @ W.T + rng.logistic(size=(len(X), 10)) > 0).astype(float)
    seen = Y[:n].copy()
    seen[rng.random(seen.shape) < MISSING] = np.nan
    return Made(X[:n], seen, W, X[n:], Y[n:], 2)


# -- measures -----------------------------------------------------------------------------------------


def support(model: Any, made: Made) -> float:
    return float(f1_score(made.truth.ravel(), (coefficients(model, made) != 0).ravel()))


def coefficients(model: Any, made: Made) -> np.ndarray:
    """``coef_`` (T, p), also of one model for all tasks."""
    if isinstance(model, PooledTasks):
        return np.tile(model.estimators_[0].coef_, (len(made.W), 1))
    return model.coef_


def rank(model: Any, made: Made) -> float:
    return float(np.linalg.matrix_rank(model.coef_, tol=1e-6 * np.linalg.norm(model.coef_, 2)))


def own_effects(model: Any, made: Made) -> float:
    """AUC of the planted single effects by the size of what the model has beside its shared part."""
    if not hasattr(model, "specific_coef_"):
        return float("nan")
    return float(roc_auc_score(made.truth.ravel(), np.abs(model.specific_coef_).ravel()))


def outliers(model: Any, made: Made) -> float:
    if not hasattr(model, "outlier_tasks_"):
        return float("nan")
    return float(f1_score(made.truth, model.outlier_tasks_, zero_division=0))


def outliers_ranked(model: Any, made: Made) -> float:
    if not hasattr(model, "specific_coef_"):
        return float("nan")
    return float(roc_auc_score(made.truth, np.linalg.norm(model.specific_coef_, axis=1)))


def groups(model: Any, made: Made) -> float:
    """Groups of the fit, or k-means over directions of coefficients, which is told that there are three."""
    found = getattr(model, "task_clusters_", None)
    if found is None:
        found = KMeans(3, n_init=10, random_state=0).fit_predict(normalize(model.coef_))
    return float(adjusted_rand_score(made.truth, found))


def error(model: Any, made: Made) -> float:
    return float(np.linalg.norm(coefficients(model, made) - made.W) / np.linalg.norm(made.W))


def explained(model: Any, made: Made) -> float:
    if made.truth is not None and hasattr(model, "predict_proba"):
        values = []
        for y, probability in zip(made.Y_test.T, model.predict_proba(made.X_test), strict=True):
            values.append(1 - log_loss(y, probability[:, 1]) / log_loss(y, np.full(len(y), y.mean())))
        return float(np.mean(values))
    if made.task is not None:
        task = np.repeat(np.arange(len(made.W)), len(made.Y_test) // len(made.W))
        return float(r2_score(made.Y_test, model.predict(made.X_test, task=task), task=task))
    return float(r2_score(made.Y_test, model.predict(made.X_test)))


# -- models -------------------------------------------------------------------------------------------


def l1() -> Any:
    return MultiTaskGLMCV(penalty="l1", **KINK)


def lasso() -> Any:
    return MultiTaskLassoCV(**KINK)


def ridge() -> Any:
    return MultiTaskRidgeCV(**SMOOTH)


def temporal(smoothness: str, times: Any = TIMES) -> Any:
    return TemporalRegressorCV(times=times, smoothness=smoothness, sharing=[0.5, 0.9, 0.99], **KINK)


def temporal_models(first: str, second: str) -> dict[str, Any]:
    return {first: temporal(first), second: temporal(second), "lasso": lasso(), "l1": l1(), "ridge": ridge()}


def drift_models() -> dict[str, Any]:
    return {**temporal_models("squared", "absolute"), "squared, times unknown": temporal("squared", None)}


def dirty_models() -> dict[str, Any]:
    return {"dirty": DirtyRegressorCV(**KINK), "lasso": lasso(), "l1": l1(), "ridge": ridge()}


def ratios(*strengths: float) -> list[float]:
    """Ratios r whose strengths r / (1 - r), of the shared part over the specific one, are given."""
    return [strength / (1 + strength) for strength in strengths]


def logistic(penalty: str) -> Any:
    return MultiTaskLogisticRegressionCV(penalty=penalty, **{**KINK, "eps": None})


SPARSE = ("F1, 1se", support)
STRUCTURES = {
    "joint support": Structure(
        "F1 of support", joint, lambda: {"lasso": lasso(), "l1": l1(), "ridge": ridge()}, support, SPARSE
    ),
    "joint support, equal sizes": Structure(
        "F1 of support",
        equal,
        lambda: {"linf": LInfLassoRegressorCV(**KINK), "lasso": lasso(), "l1": l1(), "ridge": ridge()},
        support,
        SPARSE,
    ),
    "dirty": Structure("F1 of support", dirty, dirty_models, support, SPARSE),
    "dirty, twice the rows": Structure("F1 of support", partial(dirty, n=2 * N_ROWS), dirty_models, support, SPARSE),
    "low rank": Structure(
        "rank, planted 2",
        low_rank,
        lambda: {"trace norm": TraceNormRegressorCV(**KINK), "lasso": lasso(), "l1": l1(), "ridge": ridge()},
        rank,
    ),
    "sparse plus low rank": Structure(
        "AUC of own effects",
        sparse_low_rank,
        lambda: {
            "sparse + low rank": SparseLowRankRegressorCV(**KINK),
            "trace norm": TraceNormRegressorCV(**KINK),
            "lasso": lasso(),
            "l1": l1(),
            "ridge": ridge(),
        },
        own_effects,
    ),
    "outlier tasks, low rank": Structure(
        "AUC of outlier tasks",
        outliers_low_rank,
        lambda: {
            "robust low rank": RobustLowRankRegressorCV(**KINK),
            # Noise alone has an operator norm little above its largest column norm.
            "robust low rank, r low": RobustLowRankRegressorCV(shared_ratio=ratios(1.05, 1.12, 1.25), **KINK),
            "trace norm": TraceNormRegressorCV(**KINK),
            "lasso": lasso(),
            "ridge": ridge(),
        },
        outliers_ranked,
        ("F1, 1se", outliers),
    ),
    "outlier tasks, joint support": Structure(
        "AUC of outlier tasks",
        outliers_joint,
        lambda: {
            "robust feature": RobustFeatureRegressorCV(**KINK),
            "robust feature, r low": RobustFeatureRegressorCV(shared_ratio=ratios(0.4, 0.5, 0.6), **KINK),
            "lasso": lasso(),
            "l1": l1(),
            "ridge": ridge(),
        },
        outliers_ranked,
        ("F1, 1se", outliers),
    ),
    "clusters": Structure(
        "adjusted Rand",
        clusters,
        lambda: {
            "clustered": ClusteredTasksRegressorCV(n_clusters=[2, 3, 4], **RELAXED),
            "clustered, sharing 0.5": ClusteredTasksRegressorCV(n_clusters=[2, 3, 4], sharing=0.5, **RELAXED),
            "clustered, three": ClusteredTasksRegressorCV(n_clusters=3, **RELAXED),
            "mean": MeanRegularizedRidgeCV(**SMOOTH),
            "trace norm": TraceNormRegressorCV(**KINK),
            "ridge": ridge(),
        },
        groups,
    ),
    "drift in time": Structure("error", drifting, drift_models, error, smaller=True),
    "jumps in time": Structure("error", jumping, lambda: temporal_models("absolute", "squared"), error, smaller=True),
    "common plus deviations": Structure(
        "F1 of support",
        deviations,
        lambda: {
            "data shared": DataSharedLassoRegressorCV(**KINK),
            "pooled lasso": PooledTasks(MultiTaskLassoCV(**KINK)),
            "lasso": lasso(),
            "l1": l1(),
            "mean": MeanRegularizedRidgeCV(**SMOOTH),
        },
        support,
        SPARSE,
    ),
    "low rank, two classes": Structure(
        "rank, planted 2",
        low_rank_binary,
        lambda: {
            "trace norm": TraceNormClassifierCV(**KINK),
            "lasso": logistic("group_lasso"),
            "l1": logistic("l1"),
            "ridge": logistic("ridge"),
        },
        rank,
    ),
}
# Where the model made for a structure has the lowest error by two standard errors, and where not: see README.md.
CLAIMED = {
    "joint support",
    "joint support, equal sizes",
    "dirty, twice the rows",
    "low rank",
    "sparse plus low rank",
    "jumps in time",
    "common plus deviations",
    "low rank, two classes",
}


# -- running ------------------------------------------------------------------------------------------


def folds_of(made: Made, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    splitter = MultiTaskKFold(FOLDS, shuffle=True, random_state=seed)
    return list(splitter.split(made.X, made.Y, task=made.task))


def fitted(model: Any, made: Made, folds: Any, rule: str) -> Any:
    model = clone(model)
    if isinstance(model, PooledTasks):
        # The pooled model has rows without outcome dropped, and folds of its own: it knows of no tasks.
        model.set_params(estimator__cv=FOLDS, estimator__rule=rule)
    else:
        model.set_params(cv=folds, rule=rule)
    return model.fit(made.X, made.Y, task=made.task)


def run(structure: Structure, seed: int) -> None:
    made = structure.make(np.random.default_rng(seed))
    folds = folds_of(made, seed)
    for name, model in structure.models().items():
        best = fitted(model, made, folds, "min")
        sparse = float("nan")
        if (
            structure.sparse is not None
            and not np.isnan(structure.sparse[1](best, made))
            and name not in ("ridge", "mean")
        ):
            sparse = structure.sparse[1](fitted(model, made, folds, "1se"), made)
        row = (structure.found(best, made), sparse, error(best, made), explained(best, made))
        structure.results.setdefault(name, []).append(row)


def mean_and_error(values: np.ndarray) -> str:
    if np.isnan(values).any():
        return f"{'-':>20}"
    return f"{values.mean():12.3f} ({values.std(ddof=1) / len(values) ** 0.5:.3f})"


def show(name: str, structure: Structure, seconds: float) -> bool:
    """Print a table; whether the first model's error is lower than the best other one's by two standard errors."""
    wins = False
    columns = [structure.measure, structure.sparse[0] if structure.sparse else "", "error", "explained"]
    table = {model: np.array(rows) for model, rows in structure.results.items()}
    print(f"\n{name} ({seconds:.0f} s)")
    print(f"  {'':24}" + "".join(f"{column:>20}" for column in columns))
    for model, rows in table.items():
        print(f"  {model:24}" + "".join(mean_and_error(rows[:, k]) for k in range(4)))
    first, *others = table
    for k, column, smaller in ((0, structure.measure, structure.smaller), (2, "error", True), (3, "explained", False)):
        if column.startswith("rank") or (k == 0 and structure.smaller):
            continue
        scored = {model: table[model][:, k] for model in others if not np.isnan(table[model][:, k]).any()}
        # A variant of the first model is no rival of another kind.
        rivals = {model: values for model, values in scored.items() if not model.startswith(first)}
        if not rivals:
            continue
        best = (min if smaller else max)(rivals, key=lambda model: rivals[model].mean())
        difference = table[first][:, k] - rivals[best]
        print(f"  {first} - {best}, {column}: {mean_and_error(difference).strip()}")
        if column == "error":
            wins = difference.mean() + 2 * difference.std(ddof=1) / len(difference) ** 0.5 < 0
    return wins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=list(STRUCTURES))
    given = parser.parse_args()
    begin, failed = time.process_time(), []
    with warnings.catch_warnings():
        # A fit that is not solved stops the benchmark.
        warnings.simplefilter("error")
        for name in given.only or STRUCTURES:
            start = time.process_time()
            for seed in range(given.seeds):
                run(STRUCTURES[name], seed)
            if not show(name, STRUCTURES[name], time.process_time() - start) and name in CLAIMED:
                failed.append(name)
    print(f"\n{time.process_time() - begin:.0f} seconds of processor time")
    if failed:
        print(f"no clear win for the model made for: {', '.join(failed)} (FAILED)")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
