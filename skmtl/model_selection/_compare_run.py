"""Fit every estimator on every training part and collect what it says of the test part."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from skmtl._sklearn import safe_split
from skmtl._typing import Array, BoolArray, IntArray, MatrixLike
from skmtl.exceptions import TaskDataError
from skmtl.model_selection._compare_folds import Parts
from skmtl.model_selection._compare_inner import keep_groups
from skmtl.model_selection._compare_outcomes import BINARY, CLASSES, COUNT, NUMERIC, Outcomes
from skmtl.model_selection._compare_record import Record, Spoken, solved_rows
from skmtl.model_selection._predict import _check_task, _last_step_prefix
from skmtl.multioutput._inner import fit_argument

Progress = Callable[[int, int, str], None]


class Part(NamedTuple):
    """One fold: its rows, and its features as the estimators get them."""

    fold: int
    train: IntArray
    test: IntArray
    X_train: Any
    X_test: Any


def predict_parts(
    estimators: Mapping[str, Any],
    X: MatrixLike,
    outcomes: Outcomes,
    parts: Parts,
    *,
    preprocessor: Any,
    sample_weight: MatrixLike,
    n_jobs: int | None,
    progress: Progress | None,
    groups: MatrixLike = None,
    registered: Container[str] = (),
    return_estimator: bool = False,
) -> Record:
    """Predictions of every estimator on every test part, and how its fits ended.

    Parameters
    ----------
    estimators : dict from name to estimator
        Cloned for every fold.
    X : array-like or frame of n rows
    outcomes : Outcomes
    parts : list of (train, test)
    preprocessor : transformer or None
        Fitted once on each training part.
    sample_weight : array-like of shape (n,) or (n, T), or None
    n_jobs : int or None
    progress : callable of (done, total, label), or None
    groups : array-like of shape (n,) or None
        Kept together in the folds inside registered estimators.
    registered : names of estimators
        Those that were built from a registered name.
    return_estimator : bool
        Keep the fitted estimators; with a preprocessor as pipelines of both.

    Returns
    -------
    Record
        Its ``predictions`` are means, or probabilities of the second class; NaN in the cells of other places in the
        rows form. A list where an outcome has more than two classes: its probabilities have shape (n_test, K), those
        of others (n_test,).

    Warns
    -----
    Whatever the estimators warned of, once at the end, with counts.
    """
    for name, estimator in estimators.items():
        _check_methods(name, estimator, outcomes, sample_weight is not None)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    record = Record()
    ready = dict(enumerate(parts))
    transformed: dict[int, tuple[Any, Any]] = {}
    preprocessors: dict[int, Any] = {}
    if preprocessor is not None:
        for fold, train_test, fitted, caught in parallel(
            delayed(_transform)(clone(preprocessor), X, outcomes.y_at(part[0]), fold, *part)
            for fold, part in ready.items()
        ):
            transformed[fold], preprocessors[fold] = train_test, fitted
            record.heard(fold, caught)

    def jobs() -> Iterator[Any]:
        for fold, (train, test) in ready.items():
            for name, estimator in estimators.items():
                if fold in transformed:
                    X_train, X_test = transformed[fold]
                else:
                    X_train = safe_split(estimator, X, None, train)[0]
                    X_test = safe_split(estimator, X, None, test, train)[0]
                part = Part(fold, train, test, X_train, X_test)
                inner = groups if name in registered else None
                yield delayed(_fit_and_predict)(
                    name, clone(estimator), part, outcomes, sample_weight, inner, return_estimator
                )

    total = len(parts) * len(estimators)
    for name, fold, values, fits, fitted, caught in parallel(jobs()):
        record.predictions[name, fold] = values
        record.fits += fits
        record.heard(fold, caught)
        if return_estimator:
            before = [("preprocessor", preprocessors[fold])] if fold in preprocessors else []
            record.fitted[name, fold] = Pipeline([*before, ("model", fitted)]) if before else fitted
        if progress is not None:
            progress(len(record.predictions), total, f"{name}, fold {fold + 1} of {len(parts)}")
    _speak(record.all_spoken, len(parts))
    return record


def _check_methods(name: str, estimator: Any, outcomes: Outcomes, weighted: bool) -> None:
    """Say before the first fit that an estimator cannot predict what it is asked."""
    by_kind = {NUMERIC: "predict", COUNT: "predict", BINARY: "predict_proba", CLASSES: "predict_proba"}
    methods = sorted({by_kind[kind] for kind in outcomes.kinds})
    for method in methods:
        if not hasattr(estimator, method):
            labelled = next((t for t, labels in enumerate(outcomes.classes) if labels is not None), 0)
            labels = outcomes.classes[labelled]
            number = "two" if labels is None or len(labels) == 2 else f"{len(labels)}"
            raise TaskDataError(
                f"The estimator {name!r} has no {method}, which the outcome {outcomes.names[labelled]!r} with its "
                f"{number} classes needs: "
                "give a classifier, or IndependentTasks with one estimator per outcome."
            )
        _check_task(estimator, method, outcomes.ids)
    if weighted and fit_argument(estimator, "sample_weight") is None:
        raise TaskDataError(
            f"The estimator {name!r} takes no sample_weight in fit: leave sample_weight out, or the estimator."
        )


def _transform(
    preprocessor: Any, X: MatrixLike, y: Any, fold: int, train: IntArray, test: IntArray
) -> tuple[int, tuple[Any, Any], Any, Counter[Spoken]]:
    """Fit the preprocessor on the training part, ``y`` of which it gets; its output for both parts, and itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with _named("preprocessor", fold):
            train_out = preprocessor.fit_transform(safe_split(preprocessor, X, None, train)[0], y)
            test_out = preprocessor.transform(safe_split(preprocessor, X, None, test)[0])
    return fold, (train_out, test_out), preprocessor, _count("preprocessor", caught)


def _fit_and_predict(
    name: str, estimator: Any, part: Part, outcomes: Outcomes, sample_weight: Any, groups: Any, keep: bool
) -> tuple[str, int, Any, list[tuple[Any, ...]], Any, Counter[Spoken]]:
    """Fit on the training part and predict the test part; how the fit ended, and perhaps the fitted estimator."""
    given, asked = {}, {}
    if sample_weight is not None:
        given["sample_weight"] = np.asarray(sample_weight)[part.train]
    if outcomes.ids is not None:
        given["task"], asked["task"] = outcomes.ids[part.train], outcomes.ids[part.test]
    prefix = _last_step_prefix(estimator)
    options = {prefix + key: value for key, value in given.items()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with _named(name, part.fold):
            # Folds inside the model are its own affair: which of them lack a class, nobody outside can mend.
            warnings.filterwarnings("ignore", ".*test parts? (has|have) none of it", UserWarning)
            estimator = keep_groups(estimator, outcomes, part.train, groups)
            estimator.fit(part.X_train, outcomes.y_at(part.train), **options)
            columns = _expectations(estimator, part.X_test, outcomes, asked)
    if outcomes.code is not None:
        code = outcomes.code[part.test]
        columns = [_only(columns[0], code == t) for t in range(len(outcomes.names))]
    values = columns if CLASSES in outcomes.kinds else np.column_stack(columns)
    fits = solved_rows(part.fold, name, estimator, outcomes.names)
    return name, part.fold, values, fits, estimator if keep else None, _count(name, caught)


def _only(column: Array, there: BoolArray) -> Array:
    """A column that is NaN in the cells of other places."""
    out = np.full(column.shape, np.nan)
    out[there] = column[there]
    return out


def _expectations(estimator: Any, X: Any, outcomes: Outcomes, asked: dict[str, Any]) -> list[Array]:
    """Expected outcomes, a column each: means, probabilities of second classes, or of all of several classes."""
    kinds = outcomes.kinds[:1] if outcomes.by_rows else outcomes.kinds
    columns: list[Any] = [None] * len(kinds)
    if NUMERIC in kinds or COUNT in kinds:
        means = np.asarray(estimator.predict(X, **asked))
        means = means.reshape(len(means), -1)
        if means.shape[1] != len(kinds):
            raise TaskDataError(f"predict gave {means.shape[1]} columns for {len(kinds)} outcomes.")
        columns = list(means.T)
    if BINARY in kinds or CLASSES in kinds:
        said = estimator.predict_proba(X, **asked)
        tables = said if isinstance(said, list) else [said]
        if len(tables) != len(kinds):
            raise TaskDataError(f"predict_proba gave {len(tables)} tables for {len(kinds)} outcomes.")
        for t, labels in enumerate(outcomes.classes[: len(kinds)]):
            if labels is None:
                continue
            wide = len(labels)
            if np.ndim(tables[t]) != 2 or np.shape(tables[t])[1] != wide:
                number = "two" if wide == 2 else wide
                raise TaskDataError(f"predict_proba of outcome {outcomes.names[t]!r} has not {number} columns.")
            columns[t] = np.asarray(tables[t])[:, 1] if wide == 2 else np.asarray(tables[t])
    columns = [np.asarray(column, dtype=np.float64) for column in columns]
    if not all(np.isfinite(column).all() for column in columns):
        raise TaskDataError("it predicts NaN or infinity.")
    return columns


@contextmanager
def _named(name: str, fold: int) -> Iterator[None]:
    """Name estimator and fold in whatever goes wrong inside."""
    try:
        yield
    except ValueError as error:
        raise TaskDataError(f"{name}, fold {fold}: {error}") from error
    except Exception as error:
        # Other errors keep their type: a missing package or a bug is not bad data.
        error.add_note(f"In {name}, fold {fold}.")
        raise


def _count(name: str, caught: list[warnings.WarningMessage]) -> Counter[Spoken]:
    return Counter((name, warning.category, str(warning.message)) for warning in caught)


def _speak(spoken: Counter[Spoken], n_folds: int) -> None:
    """Give back what was warned of: one line per estimator and category, with counts."""
    groups: dict[tuple[str, type[Warning]], Counter[str]] = {}
    for (name, category, message), count in spoken.items():
        groups.setdefault((name, category), Counter())[message] += count
    for (name, category), messages in groups.items():
        what = "convergence warning" if issubclass(category, ConvergenceWarning) else "warning"
        what += "" if messages.total() == 1 else "s"
        example = messages.most_common(1)[0][0]
        warnings.warn(
            f"{name}: {messages.total()} {what} in {n_folds} folds, such as: {example}",
            category,
            stacklevel=4,
        )


__all__ = ["predict_parts"]
