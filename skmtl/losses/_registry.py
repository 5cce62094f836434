"""Losses by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skmtl._params import clone
from skmtl.exceptions import InvalidParameterError
from skmtl.losses._base import Loss
from skmtl.losses._huber import HuberLoss
from skmtl.losses._logistic import LogisticLoss
from skmtl.losses._multinomial import MultinomialLoss
from skmtl.losses._poisson import PoissonLoss
from skmtl.losses._quantile import QuantileLoss
from skmtl.losses._square_root import SquareRootLoss
from skmtl.losses._squared import SquaredLoss
from skmtl.losses._squared_hinge import SquaredHingeLoss

LOSSES: dict[str, type[Loss]] = {
    "squared": SquaredLoss,
    "huber": HuberLoss,
    "quantile": QuantileLoss,
    "square_root": SquareRootLoss,
    "poisson": PoissonLoss,
    "logistic": LogisticLoss,
    "squared_hinge": SquaredHingeLoss,
    "multinomial": MultinomialLoss,
}
# What "auto" stands for, by how the target was read.
LOSS_OF_KIND = {"numeric": "squared", "binary": "logistic", "classes": "multinomial", "count": "poisson"}
AUTO = "auto"


def make_loss(loss: str | Loss) -> Loss:
    """A loss from its registered name, or a checked copy of a loss object."""
    if isinstance(loss, Loss):
        copy: Loss = clone(loss)
        copy.check_params()
        return copy
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]()
    names = ", ".join(repr(name) for name in LOSSES)
    raise InvalidParameterError(f"loss={loss!r} is not known: use {names}, 'auto', or a loss object.")


def losses_for(loss: Any, names: Sequence[object], kinds: Sequence[str] | None = None) -> list[Loss]:
    """One loss per task from a name, a loss, a sequence of them, or a mapping from task to loss.

    Where "auto" stands, ``kinds``, how each target was read, decides: numeric squared, binary logistic, classes
    multinomial, count Poisson.
    """
    if isinstance(loss, Loss) or (isinstance(loss, str) and loss != AUTO):
        return [make_loss(loss)] * len(names)
    losses = []
    for t, item in enumerate(_items(loss, names)):
        if isinstance(item, str) and item == AUTO:
            if kinds is None:
                raise InvalidParameterError("loss='auto' is decided by the targets: give data first, or name the loss.")
            item = LOSS_OF_KIND[kinds[t]]
        losses.append(make_loss(item))
    return losses


def kinds_for(loss: Any, names: Sequence[object]) -> list[str]:
    """How each target is to be read: the kind of its loss, or "auto" where the target decides."""
    if isinstance(loss, Loss) or (isinstance(loss, str) and loss != AUTO):
        return [make_loss(loss).target_kind] * len(names)
    items = _items(loss, names)
    return [AUTO if isinstance(item, str) and item == AUTO else make_loss(item).target_kind for item in items]


def _items(loss: Any, names: Sequence[object]) -> list[Any]:
    """What was given for each task."""
    if isinstance(loss, str | Loss):
        return [loss] * len(names)
    if isinstance(loss, Mapping):
        unknown = [key for key in loss if key not in names]
        if unknown:
            raise InvalidParameterError(
                f"loss names the task {unknown[0]!r}, which is not among the tasks {list(names)}: correct its name."
            )
        absent = [name for name in names if name not in loss]
        if absent:
            raise InvalidParameterError(f"loss has no entry for task {absent[0]!r}: give every task a loss.")
        return [loss[name] for name in names]
    if isinstance(loss, Sequence):
        if len(loss) != len(names):
            raise InvalidParameterError(
                f"loss has {len(loss)} entries but there are {len(names)} tasks: give one loss per task."
            )
        return list(loss)
    raise InvalidParameterError(
        f"loss={loss!r} is not known: use a name, a loss object, a list with one per task, or a dict by task."
    )
