"""How a cell is measured: tighten the tolerance until the answer is right, then take the median of repeated runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Relative distance to the certified optimum at which an answer counts.
ACCURATE = 1e-6
# A single run longer than this (CPU seconds) is the last: its time is a lower bound on the solver's.
CAP = 60.0


@dataclass
class Case:
    """One cell of a table, written to the JSON of pytest-benchmark (as ``extra_info``), from which ``report`` reads.

    pytest-benchmark's timer is ``time.process_time``: CPU seconds. Wall seconds stand beside them.
    """

    benchmark: Any

    def tightened(
        self,
        solve: Callable[[float], Any],
        suboptimality: Callable[[Any], float],
        first_tol: float,
        *,
        limit: float = ACCURATE,
        compiles: bool = False,
        **cell: Any,
    ) -> None:
        """Measure ``solve(tol)`` at the loosest of ``first_tol``, ``first_tol / 10``, ... that is within ``limit``.

        ``cell`` says where the number stands (table, problem, solver) and what is asked of it: ``at_most`` is the
        largest admitted ratio to the fastest peer (or to the one named in ``peer``), to the problem named in
        ``against``, or in seconds where that is "seconds". A solver that ``compiles`` is called once beforehand.
        """
        if compiles:
            begin = time.perf_counter()
            solve(first_tol)
            cell["first_call_wall"] = time.perf_counter() - begin
        tol = first_tol
        while True:
            start = time.process_time()
            result = solve(tol)
            cpu = time.process_time() - start
            reached = suboptimality(result)
            del result
            if reached <= limit or cpu > CAP or tol < 1e-15:
                break
            tol = float(f"{tol / 10:.0e}")
        cell |= {"tol": tol, "suboptimality": reached, "reached": reached <= limit}
        self.timed(lambda: solve(tol), cpu, **cell)

    def timed(self, call: Callable[[], Any], hint: float | None = None, **cell: Any) -> None:
        """Measure ``call()``; ``hint`` is what one run took, None to run once more beforehand."""
        if hint is None:
            begin = time.process_time()
            call()
            hint = time.process_time() - begin
        wall: list[float] = []

        def run() -> None:
            begin = time.perf_counter()
            call()
            wall.append(time.perf_counter() - begin)

        self.benchmark.pedantic(run, rounds=_rounds(hint), iterations=1)
        self._record(wall=sorted(wall)[len(wall) // 2], **cell)

    def value(self, measure: Callable[[], float], unit: str, **cell: Any) -> None:
        """Record a number that is no time of this process, such as memory or a difference of times."""
        self._record(value=self.benchmark.pedantic(measure, rounds=1, iterations=1), unit=unit, **cell)

    def _record(self, *, table: str, problem: str, solver: str, **rest: Any) -> None:
        self.benchmark.group = f"{table}: {problem}"
        self.benchmark.extra_info.update(table=table, problem=problem, solver=solver, **rest)


def _rounds(seconds: float) -> int:
    """Repeats of a run of so many seconds."""
    for limit, rounds in ((0.005, 51), (0.05, 15), (2.0, 5), (5.0, 3)):
        if seconds < limit:
            return rounds
    return 1
