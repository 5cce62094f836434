"""From a file and column names to features, outcomes, tasks and groups."""

from __future__ import annotations

import csv
import datetime
import importlib
import warnings
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmtl.cli.errors import CommandError, suggestion

_ENDINGS = (".csv", ".csv.gz", ".parquet")
# Words that mean missing: pandas' own without "None", which is a label in many tables (severity: None, mild, severe).
_MISSING = ["", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null", "-NaN", "-nan"]
_UNNAMED = "Unnamed: "
# Numbers that may still be codes of labels, such as 1 to 10 and "unknown".
_FEW = 10
# A date as it is written in a .csv file, with or without a time: 2026-03-01, 2026-03-01T12:30:00.
_DATE = r"\d{4}-\d{2}-\d{2}([T ]|$)"


@dataclass(frozen=True, eq=False)
class Study:
    """What is compared: features, outcomes, and who belongs together; ``aside`` names the columns set aside."""

    X: pd.DataFrame
    Y: Any
    task: pd.Series | None
    groups: pd.Series | None
    aside: list[str]


def split_names(text: str | None, option: str) -> list[str]:
    """Names of a comma-separated option; a name with a comma in it stands in double quotes."""
    if text is None:
        return []
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]
    if not all(names) or not names:
        raise CommandError(f"{option} {text!r} has an empty name: separate names by single commas.")
    for name in names:
        if names.count(name) > 1:
            raise CommandError(f"{option} names {name!r} twice: name it once.")
    return names


def read_table(path: Path, text: Collection[str] = ()) -> pd.DataFrame:
    """Read a .csv, .csv.gz or .parquet file; in a .csv the columns ``text`` as they are written, "03" as "03"."""
    if not path.exists():
        raise CommandError(f"There is no file {str(path)!r}.")
    if path.is_dir():
        raise CommandError(f"{str(path)!r} is a directory: give a file.")
    if not path.name.lower().endswith(_ENDINGS):
        raise CommandError(f"Cannot tell what {path.name!r} is by its name: give a .csv, .csv.gz or .parquet file.")
    try:
        if path.name.lower().endswith(".parquet"):
            frame = pd.read_parquet(path)
        else:
            frame = _read_csv(path, text)
    except CommandError:
        raise
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame()
    except ImportError:
        raise CommandError(f'Reading .parquet files needs pyarrow{_why_not()}: pip install "skmtl[cli]"') from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CommandError(f"Cannot read {path.name!r}: {reason.rstrip('.')}.") from None
    if any(name is not None for name in frame.index.names):
        # A file has columns only; whether one of them became the index is between pandas and itself.
        frame = frame.reset_index()
    frame = frame.reset_index(drop=True)
    frame.columns = [str(column).strip() for column in frame.columns]
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise CommandError(f"{path.name!r} has two columns named {doubled[0]!r}: rename one.")
    if frame.empty:
        raise CommandError(f"{path.name!r} has no rows.")
    return frame


def _read_csv(path: Path, text: Collection[str]) -> pd.DataFrame:
    """A .csv file as its header says; what pandas would mend in silence is an error."""
    written = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0]
    header = written.str.strip().tolist()
    for mark, name in (("\t", "tabs"), (";", "semicolons")):
        if len(header) == 1 and mark in header[0]:
            raise CommandError(f"Columns of {path.name!r} are separated by {name}: separate them by commas.")
    names = [name or f"{_UNNAMED}{k}" for k, name in enumerate(header)]
    for name in names:
        if names.count(name) > 1:
            raise CommandError(f"{path.name!r} has two columns named {name!r}: rename one.")
    with warnings.catch_warnings():
        # More fields than names: empty ones at the end are dropped. Others pandas would drop with a warning, or take
        # the first fields for row names, so that every name stands over the next column.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                path,
                header=0,
                index_col=False,
                low_memory=False,
                keep_default_na=False,
                na_values=_MISSING,
                dtype={column: str for column, name in zip(written, names, strict=True) if name in text},
            )
        except pd.errors.ParserWarning:
            raise CommandError(
                f"Rows of {path.name!r} have more fields than its header has names: name every column."
            ) from None
    frame.columns = names
    return frame.apply(lambda column: column if column.name in text else _none_as_missing(column))


def _none_as_missing(column: pd.Series) -> pd.Series:
    """A column in which "None" stands among numbers, or True and False, does not mean a label by it."""
    if pd.api.types.is_numeric_dtype(column.dtype) or not (none := column == "None").any():
        return column
    rest = column[~none & column.notna()]
    if set(rest) <= {"True", "False"}:
        return column.where(~none, np.nan).map({"True": True, "False": False})
    numbers = pd.to_numeric(rest, errors="coerce")
    return column if numbers.isna().any() else numbers.reindex(column.index)


def _why_not() -> str:
    """Why pyarrow cannot be imported: it may be there and not fit the NumPy that is there."""
    try:
        importlib.import_module("pyarrow")
    except ImportError as error:
        return f" ({error})"
    return ""


def select(
    frame: pd.DataFrame,
    source: str,
    *,
    targets: list[str],
    task: str | None,
    group: str | None,
    ignore: list[str],
) -> Study:
    """Cut a table into features, outcomes, tasks and groups.

    Parameters
    ----------
    frame : DataFrame
    source : str
        Name of the file, for messages.
    targets, ignore : list of str
    task, group : str or None

    Returns
    -------
    Study

    Raises
    ------
    CommandError
        A column is missing, stands in two options, or cannot be used.
    """
    roles = [("--targets", targets), ("--ignore", ignore)]
    roles += [(option, [name]) for option, name in (("--task", task), ("--group", group)) if name is not None]
    for option, names in roles:
        for name in names:
            if name not in frame.columns:
                raise CommandError(f"Column {name!r} ({option}) is not in {source}: {suggestion(name, frame.columns)}")
    for option, names in roles[1:]:
        for name in names:
            if name in targets:
                raise CommandError(f"Column {name!r} is in --targets and in {option}: it can be only one of them.")
    if task is not None and len(targets) > 1:
        raise CommandError(
            f"--task goes with one target (one outcome in several places), and --targets names {len(targets)}: give "
            "one, or leave --task out."
        )
    if task is not None and task == group:
        raise CommandError(
            f"Column {task!r} is in --task and in --group: name the column of patients in --group, or leave --group "
            "out, as a place that stays in one fold is tested without having been trained on."
        )
    used = {*targets, *ignore, task, group}
    features = [column for column in frame.columns if column not in used]
    if not features:
        raise CommandError(f"No column of {source} is left as a feature: every one is a target or set aside.")
    outcomes = frame[targets].apply(decimals_as_numbers)
    return Study(
        X=_features(frame[features]),
        Y=outcomes if task is None else outcomes[targets[0]],
        task=None if task is None else _ids(frame[task], "--task"),
        groups=None if group is None else _ids(frame[group], "--group"),
        aside=[*ignore, *([] if group is None else [group])],
    )


def _ids(column: pd.Series, option: str) -> pd.Series:
    missing = np.flatnonzero(column.isna())
    if missing.size:
        rows = "1 row" if missing.size == 1 else f"{missing.size} rows"
        raise CommandError(
            f"Column {str(column.name)!r} ({option}) is empty in {rows}, first in row {missing[0]} (counted from 0): "
            "fill it in, or leave such rows out."
        )
    return column


def decimals_as_numbers(column: pd.Series) -> pd.Series:
    """A column of decimals, as databases export them to .parquet files, as floats; any other as it is."""
    observed = column[column.notna()]
    return column.astype(float) if observed.size and isinstance(observed.iloc[0], Decimal) else column


def _features(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as floats and labels as strings, NaN where missing."""
    return pd.DataFrame({name: _feature(frame[name]) for name in frame.columns})


def _feature(column: pd.Series) -> pd.Series:
    name = str(column.name)
    missing = column.isna()
    if name.startswith(_UNNAMED):
        raise CommandError(
            f"Column {int(name.removeprefix(_UNNAMED)) + 1} has no name in the header (row numbers?): name it, or set "
            f"it aside by --ignore {name!r}."
        )
    if missing.all():
        raise CommandError(f"Column {name!r} is empty: name it in --ignore.")
    column = decimals_as_numbers(column)
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        first = column[~missing].iloc[0]
        dates = isinstance(first, datetime.date | datetime.timedelta | np.datetime64 | np.timedelta64)
        if dates or column[~missing].astype(str).str.match(_DATE).all():
            raise CommandError(f"Column {name!r} holds dates: turn it into numbers, or name it in --ignore.")
        if not isinstance(first, str | bool | np.bool_ | int | float):
            raise CommandError(
                f"Column {name!r} holds {type(first).__name__} values: turn it into numbers or labels, or name it in "
                "--ignore."
            )
        _check_numbers(column[~missing], name)
        labels = column.astype(object).where(~missing, np.nan)
        labels = labels.map(str, na_action="ignore").astype(object)
        levels = labels.nunique()
        if levels > 20 and levels > len(column) // 2:
            raise CommandError(
                f"Column {name!r} has {levels} different labels in {len(column)} rows, too many for a feature: name "
                "it in --ignore."
            )
        return labels
    numbers = pd.Series(column.to_numpy(dtype=float, na_value=np.nan), index=column.index)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise CommandError(
            f"Column {name!r} is infinite in row {infinite[0]} (counted from 0): leave unknown values empty."
        )
    return numbers


def _check_numbers(labels: pd.Series, name: str) -> None:
    """A column of many numbers with a word in it is no set of labels."""
    numbers = pd.to_numeric(labels.astype(str), errors="coerce")
    if numbers.isna().any() and numbers.nunique() > _FEW and numbers.notna().mean() > 0.5:
        row = labels.index[numbers.isna()][0]
        raise CommandError(
            f"Column {name!r} holds numbers, and {labels[row]!r} in row {row} (counted from 0): write a number, leave "
            f"an unknown value empty, or name the column in --ignore."
        )


__all__ = ["Study", "decimals_as_numbers", "read_table", "select", "split_names"]
