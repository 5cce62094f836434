"""Models in files: written and read with skops, which rebuilds objects of types that were allowed and runs nothing.

A pickle runs whatever its author put into it. A skops file names the types it needs; here those are the
types that skops itself trusts (of scikit-learn, NumPy, SciPy and Python's own containers) and the classes of skmtl's
estimators. Anything else is an error that names it, before any object is made.
"""

from __future__ import annotations

import importlib
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import skmtl
from skmtl.cli.errors import CommandError
from skmtl.cli.files import check_file as _check_writable
from skmtl.cli.files import write_whole
from skmtl.exceptions import MissingDependencyError

_ENDING = ".skops"
_FORMAT = "skmtl model 1"
# What models hold beside classes of skmtl and what skops trusts by itself.
_TRUSTED = frozenset({"numpy.dtype"})
# Classes of kernels, whose parameters are numbers and kernels, are all that this module has.
_KERNELS = "sklearn.gaussian_process.kernels"


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model and what has to be known of its table.

    Parameters
    ----------
    name : str
        Registered name of the model.
    features : list of str
        Columns, in the order in which they were fitted.
    numbers : list of str
        Those of them that are numbers; the others are labels.
    preprocessor : fitted transformer
    estimator : fitted estimator
    outcomes : list of str
        Columns, or in the rows form the one column.
    kinds : list of str
        Of the outcomes: "numeric", "binary", "classes" or "count".
    labels : list
        Labels of each outcome's classes as a list, None for numbers.
    observed : list of int
        Entries that each outcome was fitted on; in the rows form of each place.
    task : str or None
        Column of the places.
    places : list
        The places that were seen; empty without `task`.
    aside : list of str
        Columns that were there and are no part of the model: ignored ones, and whose rows stayed together.
    """

    name: str
    features: list[str]
    numbers: list[str]
    preprocessor: Any
    estimator: Any
    outcomes: list[str]
    kinds: list[str]
    labels: list[Any]
    observed: list[int]
    task: str | None
    places: list[Any]
    aside: list[str]


def check_file(path: Path) -> None:
    """Raise before the work starts where a model could not be saved."""
    _skops()
    if path.suffix.lower() != _ENDING:
        raise CommandError(f"--save {str(path)!r}: give a name that ends in {_ENDING}.")
    _check_writable(path, "--save")


def save(path: Path, fitted: FittedModel) -> None:
    """Write a model; on failure an older file stays as it is."""
    io = _skops()
    # Not dataclasses.asdict, which copies what is inside.
    content = {field.name: getattr(fitted, field.name) for field in fields(fitted)}
    content |= {"format": _FORMAT, "version": skmtl.__version__}
    data = io.dumps(content)
    write_whole(path, lambda temporary: temporary.write_bytes(data))


def load(path: Path) -> FittedModel:
    """Read a model that `save` wrote.

    Raises
    ------
    CommandError
        There is no such file, it is no model, or it holds a type that is not trusted.
    """
    io = _skops()
    if not path.is_file():
        raise CommandError(f"There is no file {str(path)!r}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CommandError(f"Cannot read {str(path)!r} ({error.strerror}).") from None
    no_model = CommandError(f"{path.name!r} is not a model that skmtl fit wrote.")
    try:
        wanted = io.get_untrusted_types(data=data)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError):
        raise no_model from None
    foreign = sorted(name for name in wanted if not _is_trusted(name))
    if foreign:
        raise CommandError(
            f"{path.name!r} holds {', '.join(foreign[:5])}{' and more' if len(foreign) > 5 else ''}, which no model of "
            "skmtl needs: it is not loaded, as doing so could run foreign code."
        )
    try:
        content = io.loads(data, trusted=wanted)
    except Exception as error:
        # Files of other versions, or damaged ones, fail in as many ways as there are classes.
        raise CommandError(f"Cannot load {path.name!r}: {str(error).splitlines()[0].rstrip('.')}.") from None
    names = [field.name for field in fields(FittedModel)]
    if not isinstance(content, dict) or content.get("format") != _FORMAT or not set(names) <= content.keys():
        raise no_model
    return FittedModel(**{name: content[name] for name in names})


def _is_trusted(name: str) -> bool:
    """A class, not a function, that is defined in skmtl outside its command line, a kernel, or one of a short list."""
    if name in _TRUSTED:
        return True
    module, _, attribute = name.rpartition(".")
    package, *parts = module.split(".")
    if module == _KERNELS:
        found = getattr(importlib.import_module(module), attribute, None)
        return isinstance(found, type) and found.__module__ == module
    if package != "skmtl" or not parts or parts[0] == "cli":
        return False
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__ == module


def _skops() -> Any:
    try:
        return importlib.import_module("skops.io")
    except ImportError:
        raise MissingDependencyError(
            'Saved models need skops, which is not installed: pip install "skmtl[cli]"'
        ) from None


__all__ = ["FittedModel", "check_file", "load", "save"]
