"""Losses by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skmtl._params import clone
from skmtl.exceptions import InvalidParameterError
from skmtl.losses._base import Loss
from skmtl.losses._logistic import LogisticLoss
from skmtl.losses._squared import SquaredLoss

LOSSES: dict[str, type[Loss]] = {"squared": SquaredLoss, "logistic": LogisticLoss}


def make_loss(loss: str | Loss) -> Loss:
    """A loss from its registered name, or a checked copy of a loss object."""
    if isinstance(loss, Loss):
        copy = clone(loss)
        copy.check_params()
        return copy
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]()
    names = ", ".join(repr(name) for name in LOSSES)
    raise InvalidParameterError(f"loss={loss!r} is not known: use {names}, or a loss object.")


def losses_for(loss: Any, names: Sequence[object]) -> list[Loss]:
    """One loss per task from a name, a loss, a sequence of them, or a mapping from task to loss."""
    if isinstance(loss, str | Loss):
        return [make_loss(loss) for _ in names]
    if isinstance(loss, Mapping):
        unknown = [key for key in loss if key not in names]
        if unknown:
            raise InvalidParameterError(
                f"loss names the task {unknown[0]!r}, which is not among the tasks {list(names)}: correct its name."
            )
        absent = [name for name in names if name not in loss]
        if absent:
            raise InvalidParameterError(f"loss has no entry for task {absent[0]!r}: give every task a loss.")
        return [make_loss(loss[name]) for name in names]
    if isinstance(loss, Sequence):
        if len(loss) != len(names):
            raise InvalidParameterError(
                f"loss has {len(loss)} entries but there are {len(names)} tasks: give one loss per task."
            )
        return [make_loss(item) for item in loss]
    raise InvalidParameterError(
        f"loss={loss!r} is not known: use a name, a loss object, a list with one per task, or a dict by task."
    )
