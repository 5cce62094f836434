"""Any scikit-learn estimator on several outcomes: the baselines without and with full sharing.

`IndependentTasks` fits one model per task, `PooledTasks` one for all; both take missing outcomes, rows of
tasks and mixed tables as the multi-task estimators do. `TransferGuard` chooses, task by task, between models that share
and the independent one; `TaskColumn` carries the task id inside X.
"""

from skmtl.multioutput._independent import IndependentTasks
from skmtl.multioutput._pooled import PooledTasks
from skmtl.multioutput._task_column import TaskColumn
from skmtl.multioutput._transfer_guard import TransferGuard

__all__ = ["IndependentTasks", "PooledTasks", "TaskColumn", "TransferGuard"]
