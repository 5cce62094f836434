"""Losses: convex functions of the linear predictor, one per outcome type."""

from skmtl.losses._base import Loss, SeparableLoss
from skmtl.losses._huber import HuberLoss
from skmtl.losses._logistic import LogisticLoss
from skmtl.losses._multinomial import MultinomialLoss
from skmtl.losses._per_task import PerTaskLoss
from skmtl.losses._poisson import PoissonLoss
from skmtl.losses._quantile import QuantileLoss
from skmtl.losses._registry import LOSSES, kinds_for, losses_for, make_loss
from skmtl.losses._square_root import SquareRootLoss
from skmtl.losses._squared import SquaredLoss
from skmtl.losses._squared_hinge import SquaredHingeLoss

__all__ = [
    "LOSSES",
    "HuberLoss",
    "LogisticLoss",
    "Loss",
    "MultinomialLoss",
    "PerTaskLoss",
    "PoissonLoss",
    "QuantileLoss",
    "SeparableLoss",
    "SquareRootLoss",
    "SquaredHingeLoss",
    "SquaredLoss",
    "kinds_for",
    "losses_for",
    "make_loss",
]
