"""One fit of the multi-task lasso at every size, against the peers. Bounds: largest ratio to the fastest peer."""

from __future__ import annotations

import certify
import numpy as np
import problems
import pytest
from peers import PEERS
from reference import excess

BOUNDS = {
    problems.CLINICAL: 1.0,
    problems.MEDIUM: 1 / 2,
    problems.WIDE: 1.0,
    problems.TALL: 1 / 8,
    problems.MANY_TASKS: 1 / 3,
    problems.VERY_TALL: 1 / 8,
    problems.MEG: 1.0,
}
LONG = (problems.MANY_TASKS, problems.VERY_TALL, problems.MEG)
# Measured once at more than a minute, or out of memory, and not repeated.
LEFT_OUT: dict[tuple[str, str], str] = {
    ("adelie", "MEG"): "64 s without coming within 1e-3 of the optimum",
    ("adelie", "many tasks"): "116 s without coming within 1e-4 of the optimum",
}


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(
    "instance", [pytest.param(i, marks=pytest.mark.full if i in LONG else (), id=i.name) for i in BOUNDS]
)
def bench_fit(case, references, instance, name):
    peer = PEERS[name]
    if not peer.installed:
        pytest.skip(f"{name} is not installed here")
    if (name, instance.name) in LEFT_OUT:
        pytest.skip(LEFT_OUT[name, instance.name])
    X, Y = problems.regression(instance)
    alpha = certify.largest_strength(X, Y) / instance.divisor

    def certified(W):
        return certify.squared(X, Y, W, alpha)

    optimum = references.optimum(f"fit {instance}", lambda tol: [PEERS["skmtl"].fit(X, Y, alpha, tol)], [certified])
    case.tightened(
        lambda tol: peer.fit(X, Y, alpha, tol),
        lambda W: excess(np.array([certified(W)[0]]), optimum),
        peer.first_tol,
        compiles=peer.compiles,
        table="fit",
        problem=str(instance),
        solver=name,
        at_most=BOUNDS[instance],
    )
