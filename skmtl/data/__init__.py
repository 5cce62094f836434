"""Multi-task tables: the four data forms, one container, and every input error."""

from skmtl.data._build import as_task_data, check_task_ids
from skmtl.data._container import TaskData
from skmtl.data._design import Design, RowDesign, SharedDesign
from skmtl.data._layout import TaskLayout
from skmtl.data._moments import Moments
from skmtl.data._targets import TargetEncoder

__all__ = [
    "Design",
    "Moments",
    "RowDesign",
    "SharedDesign",
    "TargetEncoder",
    "TaskData",
    "TaskLayout",
    "as_task_data",
    "check_task_ids",
]
