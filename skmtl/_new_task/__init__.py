"""Tasks that come after the fit: what the known ones say of them, and how a few rows change it."""

from skmtl._new_task.mixin import NewTaskMixin
from skmtl._new_task.prior import TaskPrior, prior_of
from skmtl._new_task.shared import SharedPart

__all__ = ["NewTaskMixin", "SharedPart", "TaskPrior", "prior_of"]
