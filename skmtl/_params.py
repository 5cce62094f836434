"""Parameter objects and the declarative checks of their constructor parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.base import BaseEstimator, clone

from skmtl.exceptions import InvalidParameterError


class Constraint:
    """What one parameter may be: ``allows`` decides, ``str`` names it in the message."""

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` satisfies the constraint."""
        raise TypeError(f"{type(self).__name__} has to say what it allows")


@dataclass(frozen=True)
class Interval(Constraint):
    """A number in an interval; ``closed`` is "both", "left", "right" or "neither"."""

    kind: type
    low: float
    high: float
    closed: str = "both"

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` is a number of the right kind inside the interval."""
        if isinstance(value, bool) or not isinstance(value, self.kind):
            return False
        number = float(value)  # type: ignore[arg-type]
        above = number >= self.low if self.closed in ("both", "left") else number > self.low
        below = number <= self.high if self.closed in ("both", "right") else number < self.high
        return above and below

    def __str__(self) -> str:
        name = "an int" if self.kind is Integral else "a float"
        left = "[" if self.closed in ("both", "left") else "("
        right = "]" if self.closed in ("both", "right") else ")"
        return f"{name} in the range {left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class OneOf(Constraint):
    """One of a set of strings."""

    options: tuple[str, ...]

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` is one of the options."""
        return isinstance(value, str) and value in self.options

    def __str__(self) -> str:
        return "one of " + ", ".join(repr(option) for option in self.options)


@dataclass(frozen=True)
class InstanceOf(Constraint):
    """An instance of a class; ``name`` is how the message calls it."""

    cls: type | tuple[type, ...]
    name: str

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` is an instance."""
        return isinstance(value, self.cls)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class IsNone(Constraint):
    """None."""

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` is None."""
        return value is None

    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True)
class HasMethods(Constraint):
    """An object with the given methods, ``fit`` and ``predict`` say."""

    methods: tuple[str, ...]

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` is an instance (not a class) that has all the methods."""
        return not isinstance(value, type | str) and all(callable(getattr(value, m, None)) for m in self.methods)

    def __str__(self) -> str:
        return "an object with the methods " + ", ".join(self.methods)


@dataclass(frozen=True)
class IsCallable(Constraint):
    """A callable."""

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` can be called."""
        return callable(value)

    def __str__(self) -> str:
        return "a callable"


@dataclass(frozen=True)
class IsIterable(Constraint):
    """Something to go through, other than a string; ``name`` is how the message calls it."""

    name: str

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` can be gone through."""
        return hasattr(value, "__iter__") and not isinstance(value, str)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ArrayLike(Constraint):
    """A sequence, array or frame of values; its content is checked where it is used."""

    def allows(self, value: object) -> bool:
        """Tell whether ``value`` looks like an array."""
        if isinstance(value, str | bytes | Mapping):
            return False
        return isinstance(value, Sequence) or hasattr(value, "__array__") or hasattr(value, "shape")

    def __str__(self) -> str:
        return "array-like"


BOOLEAN = InstanceOf(bool, "a bool")
NONE = IsNone()
STRENGTH = Interval(Real, 0, float("inf"), closed="left")
RATIO = Interval(Real, 0, 1)
POSITIVE_INT = Interval(Integral, 1, float("inf"), closed="left")
TOLERANCE = Interval(Real, 0, float("inf"), closed="left")


def check_parameters(obj: Any, constraints: Mapping[str, Iterable[Constraint]]) -> None:
    """Raise `InvalidParameterError` for the first parameter of ``obj`` that breaks its constraints."""
    for name, allowed in constraints.items():
        value = getattr(obj, name)
        for constraint in allowed:
            if constraint.allows(value):
                break
        else:
            names = [str(constraint) for constraint in allowed]
            wanted = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
            raise InvalidParameterError(
                f"The {name!r} parameter of {type(obj).__name__} must be {wanted}. Got {value!r} instead."
            )


class Params(BaseEstimator):
    """A parameter object: constructor parameters only, no fitted state.

    It has ``clone``, ``get_params`` and ``repr`` of scikit-learn, so that ``penalty__l1_ratio`` can
    stand in a grid. Checks run when the object is used (`check_params`), never in ``__init__``.
    """

    _parameter_constraints: ClassVar[Mapping[str, Iterable[Constraint]]] = {}

    def check_params(self) -> None:
        """Check the constructor parameters against ``_parameter_constraints``."""
        check_parameters(self, self._parameter_constraints)


__all__ = [
    "BOOLEAN",
    "NONE",
    "POSITIVE_INT",
    "RATIO",
    "STRENGTH",
    "TOLERANCE",
    "ArrayLike",
    "Constraint",
    "HasMethods",
    "InstanceOf",
    "Interval",
    "IsCallable",
    "IsIterable",
    "IsNone",
    "OneOf",
    "Params",
    "check_parameters",
    "clone",
]
