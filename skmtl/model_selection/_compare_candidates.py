"""The estimators that `compare` knows by name, built for the outcomes at hand."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skmtl.exceptions import InvalidParameterError
from skmtl.gaussian_process import MultiTaskGeneralizedGP, MultiTaskGPClassifier, MultiTaskGPRegressor
from skmtl.kernel_ridge import MultiTaskKernelRidgeCV
from skmtl.linear_model import (
    ClusteredTasksClassifierCV,
    ClusteredTasksRegressorCV,
    DataSharedLassoClassifierCV,
    DataSharedLassoRegressorCV,
    DirtyClassifierCV,
    DirtyRegressorCV,
    GraphRegularizedRidgeCV,
    MeanRegularizedRidgeCV,
    MultiTaskElasticNetCV,
    MultiTaskGLMCV,
    MultiTaskLassoCV,
    MultiTaskLogisticRegressionCV,
    MultiTaskSparseGroupLassoCV,
    RobustFeatureClassifierCV,
    RobustFeatureRegressorCV,
    RobustLowRankClassifierCV,
    RobustLowRankRegressorCV,
    SparseLowRankClassifierCV,
    SparseLowRankRegressorCV,
    TraceNormClassifierCV,
    TraceNormRegressorCV,
)
from skmtl.losses._registry import LOSS_OF_KIND
from skmtl.model_selection._compare_outcomes import BINARY, CLASSES, COUNT, NUMERIC, Outcomes
from skmtl.multioutput import IndependentTasks, PooledTasks, TransferGuard
from skmtl.penalties import MeanRegularization

# Folds and strengths inside each training part: the same care for the baselines as for the multi-task models.
INNER_FOLDS = 5
_STRENGTHS = 20
_TUNING: dict[str, Any] = {"alphas": _STRENGTHS, "cv": INNER_FOLDS}
# Logistic models with a common model: deviations from it cost twice or ten times what it costs itself.
_SHARING = (0.5, 0.9)
# Their paths are the slowest here; below a thousandth of the curvature they take minutes and predict much the same.
_SHARING_EPS = 1e-4


@dataclass(frozen=True)
class Model:
    """A named estimator: how to build it for given outcomes, and what it is in half a line."""

    build: Callable[[Outcomes], Any]
    meaning: str


def _kind(outcomes: Outcomes) -> str:
    """The kind of all outcomes, or "mixed"."""
    return outcomes.kinds[0] if len(set(outcomes.kinds)) == 1 else "mixed"


def _one_at_a_time(outcomes: Outcomes) -> Any:
    """Ridge or lasso, whichever the inner folds prefer: one estimator, or where both kinds occur one per outcome.

    A baseline of ridge alone would credit sharing with what a lasso per outcome does without it.
    """
    single = {
        NUMERIC: MultiTaskElasticNetCV(l1_ratio=[0.0, 1.0], eps=None, **_TUNING),
        BINARY: MultiTaskLogisticRegressionCV(penalty=["ridge", "l1"], **_TUNING),
        CLASSES: MultiTaskGLMCV(loss="multinomial", penalty=["ridge", "l1"], **_TUNING),
        COUNT: MultiTaskGLMCV(loss="poisson", penalty=["ridge", "l1"], **_TUNING),
    }
    if _kind(outcomes) in single:
        return single[_kind(outcomes)]
    return {name: single[kind] for name, kind in zip(outcomes.names, outcomes.kinds, strict=True)}


def _independent(outcomes: Outcomes) -> Any:
    return IndependentTasks(_one_at_a_time(outcomes))


def _pooled(outcomes: Outcomes) -> Any:
    if not _can_pool(outcomes):
        raise InvalidParameterError(
            "The model 'pooled' needs numbers on one scale, counts as they are, and classes with the same labels, and "
            "the outcomes do not go together: leave it out."
        )
    # A count that was standardised is no count.
    return PooledTasks(_one_at_a_time(outcomes), scale_targets=COUNT not in outcomes.kinds)


def _can_pool(outcomes: Outcomes) -> bool:
    labels = {
        tuple(c.tolist())
        for c, k in zip(outcomes.classes, outcomes.kinds, strict=True)
        if c is not None and k == CLASSES
    }
    return len(labels) < 2 and not {NUMERIC, COUNT} <= set(outcomes.kinds)


def _jointly(regressor: type, penalty: str) -> Callable[[Outcomes], Any]:
    """One penalty over all outcomes, with the loss that fits each of them."""

    def build(outcomes: Outcomes) -> Any:
        if _kind(outcomes) == NUMERIC:
            # One outcome in several places has one unit: its spread in a place of five rows is noise.
            return regressor(scale_targets=not outcomes.by_rows, **_TUNING)
        if _kind(outcomes) == BINARY:
            return MultiTaskLogisticRegressionCV(penalty=penalty, **_TUNING)
        losses: Any = [LOSS_OF_KIND[kind] for kind in outcomes.kinds]
        if outcomes.by_rows:
            # One outcome with one loss, wherever it was observed; its unit is that of all places.
            return MultiTaskGLMCV(loss=losses[0], penalty=penalty, **_TUNING)
        return MultiTaskGLMCV(loss=losses, penalty=penalty, scale_targets=True, task_weight="deviance", **_TUNING)

    return build


def _mean(outcomes: Outcomes) -> Any:
    if _kind(outcomes) == NUMERIC:
        return MeanRegularizedRidgeCV(scale_targets=not outcomes.by_rows, share_intercept=outcomes.by_rows, **_TUNING)
    if outcomes.by_rows:
        penalties = [MeanRegularization(sharing) for sharing in _SHARING]
        return MultiTaskLogisticRegressionCV(penalty=penalties, share_intercept=True, eps=_SHARING_EPS, **_TUNING)
    if _kind(outcomes) in (CLASSES, COUNT):
        raise InvalidParameterError(
            f"The model 'mean' is not tuned for {_WORDS[_kind(outcomes)]} yet: leave it out, or use 'lasso'."
        )
    raise InvalidParameterError(
        "The model 'mean' shares one common model, which yes/no outcomes beside others do not have: leave it out, or "
        "use it for numeric outcomes, or for one outcome in several places (task)."
    )


_WORDS = {NUMERIC: "numbers", BINARY: "yes/no outcomes", CLASSES: "outcomes of several classes", COUNT: "counts"}


def _family(name: str, regressor: type, classifier: type | None = None) -> Callable[[Outcomes], Any]:
    """A model with an estimator for numbers and perhaps one for yes/no outcomes, but none for both at once."""

    def build(outcomes: Outcomes) -> Any:
        kind = _kind(outcomes)
        if kind == NUMERIC:
            return regressor(scale_targets=not outcomes.by_rows, **_TUNING)
        if kind == BINARY and classifier is not None:
            return classifier(**_TUNING)
        known = "numbers" if classifier is None else "numbers, or for yes/no outcomes,"
        have = _WORDS.get(kind, "outcomes of several kinds")
        raise InvalidParameterError(
            f"The model {name!r} is for {known} only, and there are {have}: leave it out, or use 'lasso'."
        )

    return build


def _kernel_ridge(outcomes: Outcomes) -> Any:
    if _kind(outcomes) == NUMERIC:
        # Its strength comes from leaving out rows, in closed form, and so it takes neither folds nor a number of them.
        return MultiTaskKernelRidgeCV(kernel="rbf", scale_targets=not outcomes.by_rows)
    raise InvalidParameterError("The model 'kernel_ridge' is for numbers only: leave it out, or use 'gp'.")


def _gaussian_process(outcomes: Outcomes) -> Any:
    if _kind(outcomes) == NUMERIC:
        return MultiTaskGPRegressor(random_state=0)
    if _kind(outcomes) == BINARY:
        return MultiTaskGPClassifier(random_state=0)
    if CLASSES in outcomes.kinds:
        raise InvalidParameterError("The model 'gp' has no likelihood for several classes: leave it out.")
    names = {NUMERIC: "gaussian", BINARY: "logit", COUNT: "poisson"}
    return MultiTaskGeneralizedGP([names[kind] for kind in outcomes.kinds], random_state=0)


def _guard(outcomes: Outcomes) -> Any:
    sharing = {"lasso": _jointly(MultiTaskLassoCV, "group_lasso")(outcomes)}
    if outcomes.by_rows and _kind(outcomes) in (NUMERIC, BINARY):
        sharing["mean"] = _mean(outcomes)
    if _can_pool(outcomes):
        sharing["pooled"] = _pooled(outcomes)
    # Losses listed outcome by outcome do not fit fewer outcomes, and among many places none spoils the rest alone.
    drop = not outcomes.by_rows and _kind(outcomes) in (NUMERIC, BINARY)
    return TransferGuard(sharing, independent=_independent(outcomes), drop_tasks=drop, random_state=0)


MODELS: dict[str, Model] = {
    "independent": Model(_independent, "ridge or lasso (chosen inside) for each outcome by itself: no sharing"),
    "pooled": Model(_pooled, "one ridge or lasso (chosen inside) for all outcomes of a kind: full sharing"),
    "lasso": Model(_jointly(MultiTaskLassoCV, "group_lasso"), "outcomes select their features together"),
    "elastic_net": Model(
        _jointly(MultiTaskElasticNetCV, "group_elastic_net"), "the same, keeping correlated features together"
    ),
    "sparse_group": Model(
        _jointly(MultiTaskSparseGroupLassoCV, "sparse_group_lasso"), "features together, single outcomes may drop some"
    ),
    "mean": Model(_mean, "coefficients pulled towards their mean over outcomes or places"),
    "graph": Model(
        _family("graph", GraphRegularizedRidgeCV), "coefficients pulled towards each other, by a chosen share"
    ),
    "clustered": Model(
        _family("clustered", ClusteredTasksRegressorCV, ClusteredTasksClassifierCV), "outcomes in groups that share"
    ),
    "trace_norm": Model(
        _family("trace_norm", TraceNormRegressorCV, TraceNormClassifierCV),
        "coefficients of low rank: few hidden factors",
    ),
    "sparse_low_rank": Model(
        _family("sparse_low_rank", SparseLowRankRegressorCV, SparseLowRankClassifierCV),
        "low rank beside single entries",
    ),
    "robust_low_rank": Model(
        _family("robust_low_rank", RobustLowRankRegressorCV, RobustLowRankClassifierCV),
        "low rank, outlying outcomes by themselves",
    ),
    "dirty": Model(
        _family("dirty", DirtyRegressorCV, DirtyClassifierCV),
        "a part with shared features, a part of each outcome's own",
    ),
    "robust_feature": Model(
        _family("robust_feature", RobustFeatureRegressorCV, RobustFeatureClassifierCV),
        "shared features, outlying outcomes by themselves",
    ),
    "data_shared": Model(
        _family("data_shared", DataSharedLassoRegressorCV, DataSharedLassoClassifierCV),
        "one common lasso and sparse differences from it",
    ),
    "guard": Model(_guard, "lasso, pooled or mean for the outcomes that left-out rows say gain, else independent"),
    "kernel_ridge": Model(_kernel_ridge, "curved effects (rbf kernel), pulled towards their mean; numbers only"),
    "gp": Model(_gaussian_process, "Gaussian process with correlated outcomes; for up to some thousand values"),
}


def default_names(outcomes: Outcomes) -> list[str]:
    """The models compared when none is named: both baselines and the likeliest ways to share."""
    baselines = ["independent", "pooled"] if _can_pool(outcomes) else ["independent"]
    if outcomes.by_rows:
        return [*baselines, "lasso", *(["mean"] if _kind(outcomes) in (NUMERIC, BINARY) else [])]
    return [*baselines, "lasso", "elastic_net", "mean" if _kind(outcomes) == NUMERIC else "sparse_group"]


# Columns of `Comparison.table` that are no estimators.
_COLUMNS = ("outcome", "metric", "observed", "events")


def make_candidates(
    estimators: Mapping[str, Any] | Iterable[str] | None, baseline: str, outcomes: Outcomes
) -> tuple[dict[str, Any], dict[str, str]]:
    """Name to estimator, the baseline among them, and which of them are registered models.

    Parameters
    ----------
    estimators : dict from name to estimator or registered name, list of registered names, or None for the default
    baseline : str
        Added in front where it is missing and registered.
    outcomes : Outcomes

    Returns
    -------
    candidates : dict from name to estimator
    registered : dict from name to the registered model it stands for
    """
    if isinstance(estimators, str):
        estimators = [estimators]
    if isinstance(estimators, Mapping):
        given = dict(estimators)
        for name, estimator in given.items():
            if isinstance(estimator, str):
                check_name(estimator)
            elif isinstance(estimator, type) or not all(hasattr(estimator, method) for method in ("fit", "predict")):
                raise InvalidParameterError(
                    f"The estimator {name!r} has to be an object with fit and predict. Got {estimator!r} instead."
                )
    else:
        names = default_names(outcomes) if estimators is None else _names_of(estimators)
        for name in names:
            check_name(name)
        if len(set(names)) < len(names):
            doubled = next(name for name in names if names.count(name) > 1)
            raise InvalidParameterError(f"The model {doubled!r} is named twice: name it once.")
        given = {name: name for name in names}
    for name in given:
        if not isinstance(name, str) or name in _COLUMNS:
            raise InvalidParameterError(
                f"An estimator has the name {name!r}: give it a string other than {', '.join(map(repr, _COLUMNS))}, "
                "which are columns of the tables."
            )
    if not given:
        raise InvalidParameterError("There is no estimator to compare: give at least one.")
    if baseline not in given:
        if baseline not in MODELS:
            raise InvalidParameterError(
                f"The baseline {baseline!r} is not among the estimators {list(given)}: name one of them, or "
                "'independent' or 'pooled'."
            )
        given = {baseline: baseline, **given}
    registered = {name: estimator for name, estimator in given.items() if isinstance(estimator, str)}
    built = {
        name: MODELS[estimator].build(outcomes) if isinstance(estimator, str) else estimator
        for name, estimator in given.items()
    }
    return built, registered


def _names_of(estimators: Any) -> list[str]:
    wanted = "estimators has to be a dict from name to estimator, or a list of known names. Got "
    if not isinstance(estimators, Iterable) or hasattr(estimators, "fit"):  # a Pipeline lists its steps
        raise InvalidParameterError(f"{wanted}{estimators!r} instead.")
    names = list(estimators)
    for name in names:
        if not isinstance(name, str):
            raise InvalidParameterError(f"{wanted}a list with {name!r} instead.")
    return names


def check_name(name: Any) -> None:
    """An unknown name is an error that names the known ones."""
    if name in MODELS:
        return
    close = difflib.get_close_matches(str(name), MODELS, n=1)
    guess = f"did you mean {close[0]!r}? The" if close else "the"
    raise InvalidParameterError(f"There is no model {name!r}: {guess} known ones are {', '.join(MODELS)}.")


__all__ = ["INNER_FOLDS", "MODELS", "Model", "check_name", "default_names", "make_candidates"]
