"""Binary outcomes with probabilities as zeros, ones and numbers: what every metric of calibration starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._typing import Array
from skmtl.metrics._align import Targets
from skmtl.metrics._labels import ONE_CLASS, read_classes
from skmtl.metrics._scores import positive_scores, read_scores


@dataclass(frozen=True, eq=False)
class BinaryOutcomes:
    """Events and predicted probabilities of the observed entries of each task.

    Parameters
    ----------
    targets : Targets
    event : list of T arrays
        1.0 where the positive label was observed, 0.0 elsewhere.
    probability : list of T arrays
        Predicted probability of the positive label.
    known : list of T bools
        False where the labels do not tell which is the positive one.
    multioutput : str or ndarray
        Checked.
    """

    targets: Targets
    event: list[Array]
    probability: list[Array]
    known: list[bool]
    multioutput: Any

    def weight(self, t: int) -> Array:
        """Weights of the entries of a task, ones where none were given."""
        weight = self.targets.weight_of(t)
        return np.ones(len(self.event[t])) if weight is None else weight.astype(float)

    def unknown_label(self, t: int) -> str | None:
        """Why the events of a task are not known, or None."""
        return None if self.known[t] else f"{ONE_CLASS}, pos_label unknown"

    def one_class(self, t: int) -> str | None:
        """Why a task that needs events and non-events has no value, or None."""
        event = self.event[t]
        return ONE_CLASS if not self.known[t] or event.min() == event.max() else None


def read_binary(
    metric: str,
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "raw_values",
    pos_label: Any = None,
    labels: Any = None,
) -> BinaryOutcomes:
    """Read labels and probabilities of binary tasks, in all the forms of `skmtl.metrics.brier_score_loss`."""
    targets, true, classes, multioutput = read_classes(metric, y_true, task, sample_weight, multioutput, labels)
    scores = read_scores(y_proba, targets, "y_proba", metric, probability=True)
    events, known = [], []
    for t in range(targets.n_tasks):
        classes.check_binary(t, metric)
        positive = classes.positive(t, pos_label)
        known.append(positive is not None)
        if positive is not None and len(true[t]):
            scores[t] = positive_scores(scores[t], targets, classes, t, positive, "y_proba")
        events.append((true[t] == positive).astype(float) if positive is not None else np.zeros(len(true[t])))
    probability = [np.asarray(score, dtype=float) for score in scores]
    return BinaryOutcomes(targets, events, probability, known, multioutput)


__all__ = ["BinaryOutcomes", "read_binary"]
