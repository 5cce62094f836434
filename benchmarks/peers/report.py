"""Tables of runs in several environments, with the bounds asked; exits with 1 where one is missed.

    python benchmarks/peers/report.py RUN.json [RUN.json ...]

A later file replaces the cells of an earlier one.
"""

from __future__ import annotations

import json
import sys
from math import log
from pathlib import Path
from statistics import linear_regression
from typing import Any

OURS = "skmtl"
Cell = dict[str, Any]
Table = dict[str, dict[str, Cell]]


def load(paths: list[str]) -> tuple[dict[str, Table], list[str]]:
    """Cells by table, problem and solver; and one line on the machine of each run."""
    tables: dict[str, Table] = {}
    machines = []
    for path in paths:
        run = json.loads(Path(path).read_text())
        info = run["machine_info"]
        versions = ", ".join(f"{name} {version}" for name, version in info.get("versions", {}).items())
        cpu = info["cpu"]
        machines.append(
            f"{run['datetime'][:16]}Z, {cpu.get('brand_raw', info['machine'])} x {cpu.get('count', '?')}, "
            f"Python {info['python_version']}: {versions}; `{info.get('command', '')}`"
        )
        for record in run["benchmarks"]:
            cell = dict(record["extra_info"])
            cell.setdefault("value", record["stats"]["median"])
            for one in [cell, *([{**cell, **cell["also"]}] if "also" in cell else [])]:
                tables.setdefault(one["table"], {}).setdefault(one["problem"], {})[one["solver"]] = one
    return tables, machines


def verdict(table: Table, problem: str) -> tuple[str, str, bool]:
    """What is compared, what is asked of it, and whether it holds."""
    cells = table[problem]
    ours = cells.get(OURS)
    if ours is None:
        return "", "", True
    against, at_most = ours.get("against"), ours.get("at_most")
    if "unit" in ours or against == "seconds":
        value, text = ours["value"], f"{ours['value']:.3g} {ours.get('unit', 's')}"
    elif against is not None:
        if against not in table:
            return f"{against!r} was not run", _asked(at_most), at_most is None
        value = ours["value"] / table[against][OURS]["value"]
        text = f"{value:.3g} of {against}"
    else:
        # A peer that was stopped before it was accurate needs more than the time it took: its ratio only flatters it.
        peers = {name: cell["value"] for name, cell in cells.items() if name != OURS}
        if not peers:
            return "", _asked(at_most), True
        named = ours.get("peer")
        best = named if named in peers else min(peers, key=lambda name: peers[name])
        value = ours["value"] / peers[best]
        text = f"{value:.3g} of {best}"
    held = (at_most is None or value <= at_most) and ours.get("reached", True)
    return text, _asked(at_most), held


def _asked(at_most: float | None) -> str:
    return "" if at_most is None else f"<= {at_most:.3g}"


def show(cell: Cell | None) -> str:
    """One cell: CPU (wall) seconds, and where it was tightened the last tolerance and the distance to the optimum."""
    if cell is None:
        return "-"
    if "unit" in cell:
        return f"{cell['value']:.3g} {cell['unit']}"
    seconds = f"{_short(cell['value'])} ({_short(cell['wall'])})"
    if "tol" not in cell:
        return seconds
    return f"{'' if cell['reached'] else '> '}{seconds} tol {cell['tol']:.0e}, {max(cell['suboptimality'], 0):.0e}"


def _short(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"


def slopes(table: Table) -> list[str]:
    """Measured slopes in log-log coordinates beside those of one pass over the data and of the whole Gram matrix."""
    lines = []
    cells = [cells[OURS] for cells in table.values()]
    for axis in dict.fromkeys(cell["axis"] for cell in cells):
        series = sorted((cell for cell in cells if cell["axis"] == axis), key=lambda cell: cell["size"])
        sizes = [log(cell["size"]) for cell in series]
        for label, part in (("all", slice(None)), ("last two", slice(-2, None))):
            measured, one_pass, gram = (
                linear_regression(sizes[part], [log(cell[key]) for cell in series[part]]).slope
                for key in ("value", "one_pass", "gram")
            )
            lines.append(f"| {axis}, {label} | {measured:.2f} | {one_pass:.2f} | {gram:.2f} |")
    return lines


def first_calls(tables: dict[str, Table]) -> list[str]:
    """The largest first call of a solver that compiles, less its median: wall seconds."""
    most: dict[str, float] = {}
    for table in tables.values():
        for cells in table.values():
            for name, cell in cells.items():
                if "first_call_wall" in cell:
                    most[name] = max(most.get(name, 0.0), cell["first_call_wall"] - cell["wall"])
    return [f"| {name} | {seconds:.1f} s |" for name, seconds in most.items()]


def main(paths: list[str]) -> None:
    tables, machines = load(paths)
    print("\n".join(f"- {machine}" for machine in machines))
    print("- Cells: median CPU seconds of one thread (wall seconds), last tolerance, relative distance to the optimum")
    missed = []
    for title, table in tables.items():
        solvers = list(dict.fromkeys(name for cells in table.values() for name in cells))
        solvers.sort(key=lambda name: name != OURS)
        verdicts = {problem: verdict(table, problem) for problem in table}
        compared = any(text for text, _, _ in verdicts.values())
        columns = ["", *solvers, *(["ratio", "asked", ""] if compared else [])]
        print(f"\n### {title}\n\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
        for problem, cells in table.items():
            text, asked, held = verdicts[problem]
            if not held:
                missed.append(f"{title}: {problem}: {text}, asked {asked}")
            row = [problem, *(show(cells.get(name)) for name in solvers)]
            row += [text, asked, "" if held else "MISSED"] if compared else []
            print(f"| {' | '.join(row)} |")
        if title == "growth":
            print("\n| slope in | measured | one pass, n p T | Gram, n p (p + T) |\n|---|---|---|---|")
            print("\n".join(slopes(table)))
    gaps = [
        (cell["reference_gap"], f"{title}, {problem}")
        for title, table in tables.items()
        for problem, cells in table.items()
        for cell in cells.values()
        if "reference_gap" in cell
    ]
    if gaps:
        print(
            "\nReferences are certified to a relative duality gap of {:.0e} or less (largest: {}).".format(*max(gaps))
        )
    if compiled := first_calls(tables):
        print("\n### First call less the median\n\n| | wall seconds |\n|---|---|\n" + "\n".join(compiled))
    print(f"\n{len(missed)} bounds missed" + "".join(f"\n- {line}" for line in missed))
    if missed:
        raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
