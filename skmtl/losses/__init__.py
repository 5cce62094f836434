"""Losses: convex functions of the linear predictor, one per outcome type."""

from skmtl.losses._base import Loss
from skmtl.losses._logistic import LogisticLoss
from skmtl.losses._per_task import PerTaskLoss
from skmtl.losses._registry import LOSSES, losses_for, make_loss
from skmtl.losses._squared import SquaredLoss

__all__ = ["LOSSES", "LogisticLoss", "Loss", "PerTaskLoss", "SquaredLoss", "losses_for", "make_loss"]
