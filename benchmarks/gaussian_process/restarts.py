"""How much the end of a fit depends on where it starts, and what the default number of restarts buys.

    python benchmarks/gaussian_process/restarts.py [--quick] [--data DIR] [--seeds N]

One fit as shipped, whose only start comes from the data, and for each seed one with four restarts, on the same training
part of three data sets: sarcos (100 rows, 7 torques, half missing), enb (100 rows, 2 loads) and pbc (150 patients, 10
labs). The other starts are drawn about the first, and "random starts" are the ends of these alone.
"Short" is the best log marginal likelihood that any fit reached on the data set, minus that of a fit.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from quality import DATA, Table, density, enb, pbc, sarcos, splits
from sklearn.exceptions import ConvergenceWarning

from skmtl.gaussian_process import MultiTaskGPRegressor

SETTINGS = {"sarcos": (sarcos, 100, 0.5), "enb": (enb, 100, 0.0), "pbc": (pbc, 150, 0.0)}


def fits(table: Table, n: int, removed: float, seeds: int) -> None:
    """Print the spread over seeds of one data set."""
    X, Y, X_test, Y_test = next(splits(table, n, removed, 1))
    rows: dict[str, list[tuple[float, ...]]] = {"as shipped": [], "4 restarts": []}
    ends: list[float] = []
    for seed in range(seeds):
        for name, given in (("as shipped", {}), ("4 restarts", {"n_restarts_optimizer": 4})):
            if name == "as shipped" and seed:
                continue  # the one start comes from the data
            begin = time.process_time()
            model = MultiTaskGPRegressor(rank=table.rank, random_state=seed, **given).fit(X, Y)
            seconds = time.process_time() - begin
            mean, std = model.predict(X_test, return_std=True, include_noise=True)
            error = float(np.sqrt(np.nanmean((Y_test - mean) ** 2, axis=0)).mean())
            rows[name].append((model.log_marginal_likelihood_value_, error, density(Y_test, mean, std), seconds))
            if name == "4 restarts":
                ends.extend(np.asarray(model.restarts_, dtype=float)[1:].tolist())
    finite = np.array([end for end in ends if np.isfinite(end)])
    best = max([*finite, *(value for part in rows.values() for value, *_ in part)])
    for name, part in rows.items():
        values, errors, nlpd, seconds = np.array(part).T
        print(
            f"  {name:14}{len(values):5}{best - values.max():13.3f}{best - np.median(values):9.3f}"
            f"{best - values.min():9.3f}{(best - values < 0.1).mean():12.2f}{errors.mean():9.4f}{np.ptp(errors):9.4f}"
            f"{nlpd.mean():9.4f}{np.ptp(nlpd):9.4f}{seconds.mean():8.2f}",
            flush=True,
        )
    gap = best - finite
    print(
        f"  {'random starts':14}{len(finite):5}{gap.min():13.3f}{np.median(gap):9.3f}{gap.max():9.3f}"
        f"{(gap < 0.1).mean():12.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="4 seeds")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--only", default="", help="data sets whose name has this text")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, (load, n, removed) in SETTINGS.items():
        if arguments.only not in name:
            continue
        print(f"\n{name}, {n} rows, {100 * removed:.0f} % removed")
        print(
            f"  {'':14}{'fits':>5}{'short: best':>13}{'median':>9}{'worst':>9}{'within 0.1':>12}{'RMSE':>9}{'range':>9}"
            f"{'NLPD':>9}{'range':>9}{'CPU s':>8}"
        )
        fits(load(arguments.data), n, removed, arguments.seeds or (4 if arguments.quick else 20))


if __name__ == "__main__":
    main()
