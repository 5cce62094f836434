"""How the cost of one fit grows with rows, features and tasks. ``report`` prints slopes beside the arithmetic's."""

from __future__ import annotations

import certify
import problems
import pytest
from peers import PEERS

FULL = pytest.mark.full
AXES = {
    "n": [(n, 50, 10) for n in (1000, 10_000, 100_000, 1_000_000)],
    "p": [(2000, p, 10) for p in (10, 50, 200, 1000, 5000)],
    "T": [(2000, 100, T) for T in (2, 10, 50, 200, 500)],
}
LONG = {(1_000_000, 50, 10), (2000, 5000, 10)}


@pytest.mark.parametrize(
    ("axis", "shape"),
    [
        pytest.param(axis, shape, id=f"{axis}-{shape['npT'.index(axis)]}", marks=FULL if shape in LONG else ())
        for axis, shapes in AXES.items()
        for shape in shapes
    ],
)
def bench_growth(case, axis, shape):
    n, p, T = shape
    X, Y = problems.regression(problems.Instance("growth", n, p, T))
    alpha = certify.largest_strength(X, Y) / 10
    PEERS["skmtl"].fit(X, Y, alpha, 1e-6)
    case.timed(
        lambda: PEERS["skmtl"].fit(X, Y, alpha, 1e-6),
        table="growth",
        problem=str(shape),
        solver="skmtl",
        axis=axis,
        size=shape["npT".index(axis)],
        # Multiplications of one pass, X'Y, and of the whole Gram, made only where that is the cheaper way.
        one_pass=n * p * T,
        gram=n * p * (p + T),
    )
