"""Multi-task estimators against baselines without sharing, on the same folds, outcome by outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import indexable

from skmtl._splits.columns import group_codes
from skmtl._typing import Array, MatrixLike
from skmtl.model_selection._compare_arguments import check_arguments, check_rows
from skmtl.model_selection._compare_candidates import MODELS, make_candidates
from skmtl.model_selection._compare_folds import Parts, make_parts
from skmtl.model_selection._compare_outcomes import BINARY, Outcomes, read_outcomes
from skmtl.model_selection._compare_record import feature_frame, versions
from skmtl.model_selection._compare_result import Comparison
from skmtl.model_selection._compare_run import Progress, predict_parts
from skmtl.model_selection._compare_scores import SHOWN, entry_losses, score_outcome

Predictions = dict[tuple[str, int], Array]


def compare(
    X: MatrixLike,
    Y: MatrixLike,
    estimators: Mapping[str, Any] | Iterable[str] | None = None,
    *,
    task: MatrixLike = None,
    groups: MatrixLike = None,
    kinds: Mapping[Any, str] | None = None,
    cv: Any = None,
    sample_weight: MatrixLike = None,
    preprocessor: Any = None,
    baseline: str = "independent",
    n_jobs: int | None = None,
    random_state: Any = None,
    progress: Progress | None = None,
    return_estimator: bool = False,
) -> Comparison:
    """Compare estimators on the same folds and say for each outcome whether sharing helped.

    Every estimator is fitted on the training part of every fold, missing outcomes left missing, and predicts the test
    part. Loss is the squared error of a numeric outcome, the log loss of classes and the Poisson deviance of a
    count. The gain of an estimator is the share of the baseline's loss that it saves on rows it was not trained on;
    with L and L₀ mean losses over folds,

        gain = 1 - L / L₀.

    Its interval comes from drawing patients with replacement [1]_ or from the folds [2]_; it helped, or hurt, where the
    p value, adjusted for the number of outcomes and estimators [3]_, is below 0.05, and else there is no
    evidence either way: see `Comparison.summary`.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of n rows
        Features; whatever the preprocessor or the estimators take.
    Y : array-like or frame of shape (n,) or (n, T)
        Outcomes, NaN, None or pandas.NA where not observed. A column of 0 and 1, of booleans or of two labels is
        binary, its second class (in sorted order) the event; one of three to 20 labels has classes, and so has
        a pandas Categorical, of numbers as well; any other column of numbers is numeric.
    estimators : dict from name to estimator, list of names, or None, default=None
        Known names are "independent" (ridge or lasso, chosen inside, per outcome), "pooled" (one for all), "lasso",
        "elastic_net", "sparse_group" (outcomes select features together), "mean" (coefficients pulled towards their
        mean), "graph", "clustered", "trace_norm", "sparse_low_rank", "robust_low_rank", "dirty", "robust_feature",
        "data_shared", "kernel_ridge", "gp" and "guard" (`skmtl.multioutput.TransferGuard` over some of these). Each is
        built for the kinds of the outcomes and chooses its strength by five folds inside the
        training part. None: both baselines and the two or three likeliest of the others. Estimators of
        your own get the outcomes as numbers, the event as 1; those for binary outcomes need ``predict_proba``. A
        dict may hold known names beside them: ``{"mine": estimator, "lasso": "lasso"}``.
    task : array-like of shape (n,), default=None
        Task of each row, where `Y` is one outcome in several places. Results are then given for each task.
    groups : array-like of shape (n,), default=None
        Rows with the same value (patient) stay in the same fold, also in those by which registered models choose
        their strength. Estimators of your own are fitted without them.
    kinds : dict from name of an outcome to its kind, default=None
        "numeric", "binary", "classes" or "count", where the values do not tell: counts are never guessed.
    cv : int, splitter, iterable of (train, test) or None, default=None
        None means 5; a number of folds means ``MultiTaskKFold(cv, shuffle=True, random_state=random_state)``. The
        test parts need not make up the table: ``ShuffleSplit(20, train_size=40, test_size=40)`` asks what 40
        rows are good for.
    sample_weight : array-like of shape (n,) or (n, T), default=None
        Weights of rows or entries, in fits and in scores; 0 means absent.
    preprocessor : transformer, default=None
        Fitted on each training part, once for all estimators.
    baseline : str, default="independent"
        What gains are measured against. Added to `estimators` where it is missing.
    n_jobs : int or None, default=None
        Fits at the same time, as in scikit-learn.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds where `cv` is a number.
    progress : callable, default=None
        Called after every fit with the number of fits done, their total, and what was done.
    return_estimator : bool, default=False
        Keep the estimators fitted in every fold, in ``fitted``: `Comparison.coefficients` and the coefficients of the
        report are made of them. With a preprocessor they are pipelines of both. All are in memory at the same time.

    Returns
    -------
    Comparison
        With frames ``scores`` and ``predictions``; ``summary()`` gives gains, intervals and verdicts per outcome,
        ``overall()`` those over all outcomes, ``table()`` the losses, and ``print`` says it in words.

    Raises
    ------
    TaskDataError
        The table cannot be compared on: an outcome is empty, constant, or has too few observations for the folds; a
        fold trains on what it tests; an estimator fails. The message names the outcome, or estimator and fold.
    InvalidParameterError
        An unknown estimator or baseline, or another argument that cannot be used; before anything is fitted.

    Warns
    -----
    ConvergenceWarning
        Once for each estimator with fits that did not converge, with their number. Other warnings likewise.

    See Also
    --------
    skmtl.model_selection.cross_val_predict : Predictions of one estimator.

    Notes
    -----
    Repeated folds (``RepeatedMultiTaskKFold``) make the gain depend less on how rows fell into folds; they do not make
    the table larger, and intervals get little narrower. With one fold there is no interval. Where training parts
    leave rows out, as in the ``ShuffleSplit`` above, the gain is that of models trained on so many rows.

    Not for the choice of a model that is to be reported with the same numbers: compare first, then test on rows that
    took no part.

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani (1993). An Introduction to the Bootstrap. Chapman & Hall.
    .. [2] C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning 52, 239-281.
    .. [3] S. Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
           Statistics 6, 65-70.

    Examples
    --------
    Four outcomes of 60 patients that depend on the same two of eight features. (``compare(X, Y)`` compares tuned
    models.)

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from skmtl.linear_model import MultiTaskLasso
    >>> from skmtl.model_selection import compare
    >>> from skmtl.multioutput import IndependentTasks, PooledTasks
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> effect = np.array([[1.0, 0.8, 1.2, -1.0], [-0.9, -1.1, -0.8, 1.0]])
    >>> Y = pd.DataFrame(X[:, :2] @ effect + 0.8 * rng.normal(size=(60, 4)), columns=["ldl", "crp", "tch", "hdl"])
    >>> Y = Y.mask(rng.random(Y.shape) < 0.2)  # a fifth was not measured
    >>> models = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}
    >>> found = compare(X, Y, {**models, "lasso": MultiTaskLasso(alpha=0.3)}, cv=10, random_state=0)
    >>> found.table().round(2)
            metric  observed  events  independent  pooled  lasso
    outcome
    ldl       RMSE        48    <NA>         0.89    1.01   0.84
    crp       RMSE        52    <NA>         0.77    1.08   0.83
    tch       RMSE        49    <NA>         0.89    1.05   0.85
    hdl       RMSE        49    <NA>         0.83    1.95   0.79
    >>> print(found)
    Sharing helped: nowhere beyond chance.
    Sharing hurt: hdl (pooled -46... [-10..., -14...]).
    No evidence either way: ldl; crp; tch.
    (The chance of a wrong word anywhere among 8 gains is held to about 5% (Holm).)

    The lasso looks better on three outcomes of four; over all of them together that is still within chance.

    >>> found.overall().set_index("estimator").loc["lasso", ["gain", "low", "high"]].astype(float).round(0)
    gain     4...
    low    -1...
    high    2...
    Name: lasso, dtype: float64
    """
    n_rows = check_rows(X, Y, task, groups)
    cv = check_arguments(kinds, cv, preprocessor, baseline, n_jobs, progress)
    X, Y, task, groups = indexable(X, Y, task, groups)
    if groups is not None:
        group_codes(groups)  # an id in every row, or an error
        groups = np.asarray(groups).reshape(n_rows)
    outcomes = read_outcomes(Y, task, sample_weight, n_rows, kinds)
    candidates, registered = make_candidates(estimators, baseline, outcomes)
    parts = make_parts(cv, random_state, X, outcomes, groups, registered=set(registered.values()))
    record = predict_parts(
        candidates,
        X,
        outcomes,
        parts,
        preprocessor=preprocessor,
        sample_weight=sample_weight,
        n_jobs=n_jobs,
        progress=progress,
        groups=groups,
        registered=registered,
        return_estimator=return_estimator,
    )
    names, predictions = tuple(candidates), record.predictions
    return Comparison(
        estimators=names,
        baseline=baseline,
        outcomes=_describe(outcomes),
        folds=_count_folds(outcomes, parts),
        scores=_score(names, outcomes, parts, predictions),
        predictions=_list_predictions(names, outcomes, parts, predictions),
        groups=groups,
        fitted=record.fitted_lists(names),
        fits=record.fit_frame(names),
        warnings=record.warning_frame(),
        features=feature_frame(X),
        asked={
            "n_rows": n_rows,
            "by_rows": outcomes.by_rows,
            "models": {
                name: MODELS[registered[name]].meaning if name in registered else repr(estimator)
                for name, estimator in candidates.items()
            },
            "registered": tuple(registered),
            "cv": "5" if cv is None else _in_short(cv),
            "preprocessor": None if preprocessor is None else repr(preprocessor),
            "weighted": sample_weight is not None,
            "random_state": None if random_state is None else _seed(random_state),
            "versions": versions(),
        },
    )


def _seed(random_state: Any) -> str:
    """A seed as it was given; of a generator there is nothing that could be written down."""
    return str(random_state) if isinstance(random_state, Integral) else "a generator"


def _in_short(cv: Any) -> str:
    """Folds as they were asked for; those given row by row are not repeated."""
    return "given row by row" if isinstance(cv, Iterable) else repr(cv)


def _describe(outcomes: Outcomes) -> Any:
    import pandas as pd

    rows, labels = [], []
    for t, (name, kind, classes) in enumerate(zip(outcomes.names, outcomes.kinds, outcomes.classes, strict=True)):
        observed, events = outcomes.counts(t)
        event = classes.tolist()[1] if kind == BINARY and classes is not None else None
        labels.append(event)
        rows.append((name, kind, SHOWN[kind], observed, events if kind == BINARY else pd.NA))
    frame = pd.DataFrame(rows, columns=["outcome", "kind", "metric", "observed", "events"])
    # A column of its own type: among labels pandas would turn None into NaN.
    return frame.astype({"events": "Int64"}).assign(event=pd.Series(labels, dtype=object))


def _count_folds(outcomes: Outcomes, parts: Parts) -> Any:
    import pandas as pd

    rows = [
        (fold, name, outcomes.counts(t, train)[0], outcomes.counts(t, test)[0])
        for fold, (train, test) in enumerate(parts)
        for t, name in enumerate(outcomes.names)
    ]
    return pd.DataFrame(rows, columns=["fold", "outcome", "n_train", "n_test"])


def _score(names: tuple[str, ...], outcomes: Outcomes, parts: Parts, predictions: Predictions) -> Any:
    import pandas as pd

    rows = []
    for name in names:
        for t, (outcome, kind) in enumerate(zip(outcomes.names, outcomes.kinds, strict=True)):
            for fold, (_, test) in enumerate(parts):
                there = outcomes.observed[test, t]
                cells = test[there]
                values = score_outcome(
                    kind,
                    outcomes.table[cells, t],
                    _column(predictions[name, fold], t)[there],
                    outcomes.weight[cells, t],
                )
                rows += [(name, outcome, fold, metric, value) for metric, value in values.items()]
    return pd.DataFrame(rows, columns=["estimator", "outcome", "fold", "metric", "value"])


def _list_predictions(names: tuple[str, ...], outcomes: Outcomes, parts: Parts, predictions: Predictions) -> Any:
    import pandas as pd

    labels = np.empty(len(outcomes.names), dtype=object)
    labels[:] = outcomes.names
    pieces = []
    for fold, (_, test) in enumerate(parts):
        row, t = np.nonzero(outcomes.asked[test])
        y = outcomes.table[test]
        for name in names:
            said, loss = np.empty(y.shape), np.empty(y.shape)
            for column, kind in enumerate(outcomes.kinds):
                values = _column(predictions[name, fold], column)
                loss[:, column] = entry_losses(kind, y[:, column], values)
                # Of several classes there is room for one probability: that of the class observed.
                said[:, column] = values if values.ndim == 1 else np.exp(-loss[:, column])
            piece = {
                "row": test[row],
                "fold": fold,
                "estimator": name,
                "outcome": labels[t],
                "y_true": y[row, t],
                "y_pred": said[row, t],
                "weight": outcomes.weight[test[row], t],
                "loss": loss[row, t],
            }
            pieces.append(pd.DataFrame(piece))
    return pd.concat(pieces, ignore_index=True).infer_objects()


def _column(predicted: Any, t: int) -> Array:
    """Predictions of one outcome: (n,), or (n, K) for several classes."""
    return np.asarray(predicted[t] if isinstance(predicted, list) else predicted[:, t])


__all__ = ["compare"]
