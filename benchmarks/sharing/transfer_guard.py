"""What the guard keeps of a gain, and what it spares of a harm.

    python benchmarks/sharing/transfer_guard.py [--quick] [--data DIR] [--only planted|motor_opt|pbc|nhanes]

Independent models, a multi-task model, pooling and the guard over both are fitted on training rows and judged on test
rows: squared error of each outcome over that of its training mean. Mean over outcomes of a group, and over
repetitions: fresh tables for "planted", random parts of the rows otherwise. The interval is that of the paired
difference guard minus independent, t over repetitions (random parts overlap, so that there it is too narrow).

- planted: ten outcomes, seven of which share their coefficients but for small deviations; three have coefficients of
  their own ("alien") or the negative ones ("opposite").
- motor_opt: nine dental measures at the last visit, four measures of the birth.
- pbc: ten blood tests. nhanes: six measures.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from conformal_coverage import DATA, features, wide
from scipy import stats
from sklearn.linear_model import RidgeCV

from skmtl.linear_model import MeanRegularizedRidgeCV, MultiTaskLassoCV
from skmtl.multioutput import IndependentTasks, PooledTasks, TransferGuard

ALPHAS = np.geomspace(0.1, 1e4, 16)
DENTAL = ["V5.GE", "V5..BOP", "V5.PD.avg", "V5..PD.4", "V5..PD.5", "V5.CAL.avg", "V5..CAL.2", "V5..CAL.3", "V5.Calc.I"]
BIRTH = ["GA.at.outcome", "Birthweight", "Apgar1", "Apgar5"]
MODELS = ("independent", "multi-task", "pooled", "guard")


def models(planted: bool, seed: int) -> dict:
    apart = IndependentTasks(RidgeCV(ALPHAS))
    joint = (
        MeanRegularizedRidgeCV(alphas=10, cv=4)
        if planted
        else MultiTaskLassoCV(alphas=15, cv=4, scale_targets=True, eps=1e-2)
    )
    pooled = PooledTasks(RidgeCV(ALPHAS), scale_targets=True)
    guard = TransferGuard({"multi-task": joint, "pooled": pooled}, independent=apart, random_state=seed)
    return {"independent": apart, "multi-task": joint, "pooled": pooled, "guard": guard}


def planted(n: int, kind: str, seed: int) -> tuple:
    rng = np.random.default_rng(seed)
    p, T, aliens = 30, 10, 3
    common = rng.normal(size=(p, 1))
    W = common + 0.2 * rng.normal(size=(p, T))
    W[:, :aliens] = rng.normal(size=(p, aliens)) if kind == "alien" else -common
    X = rng.normal(size=(n + 1000, p))
    Y = X @ W + 1.5 * np.sqrt(p) * rng.normal(size=(n + 1000, T))
    train = np.arange(n)
    Y[train] = np.where(rng.random((n, T)) < 0.2, np.nan, Y[train])
    names = [f"{kind} {t}" for t in range(aliens)] + [f"related {t}" for t in range(T - aliens)]
    return X, pd.DataFrame(Y, columns=names), train, np.arange(n, n + 1000)


def halves(X: np.ndarray, Y: pd.DataFrame, n: int, seed: int) -> tuple:
    order = np.random.default_rng(seed).permutation(len(X))
    return X, Y, np.sort(order[:n]), np.sort(order[n:])


def motor(folder: Path) -> tuple:
    table = pd.read_csv(folder / "motor_opt.csv.gz")
    drop = [c for c in table if c.startswith("V5")] + BIRTH
    drop += ["Preg.ended...37.wk", "Pre.eclamp", "Gest.diab", "PID", "Birth.outcome"]
    X = table.drop(columns=drop)
    X = X.drop(columns=[c for c in X if X[c].dtype == object and X[c].nunique() > 20])
    return features(X), table[DENTAL + BIRTH].astype(float)


def one(table: tuple, planted_: bool, seed: int) -> tuple[pd.DataFrame, TransferGuard]:
    """Relative test error of each outcome and model."""
    X, Y, train, test = table
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model in models(planted_, seed).items():
            model.fit(X[train], Y.iloc[train])
            error = (Y.iloc[test] - model.predict(X[test])) ** 2
            base = (Y.iloc[test] - Y.iloc[train].mean()) ** 2
            found[name] = error.mean() / base.mean()
    return pd.DataFrame(found), model


def report(title: str, tables: list[tuple[pd.DataFrame, TransferGuard]], seconds: float) -> None:
    print(f"\n{title}: {len(tables)} repetitions, {seconds:.0f} s CPU")
    print(
        f"  {'outcomes':12}"
        + "".join(f"{name:>13}" for name in MODELS)
        + f"{'guard - independent [95%]':>32}{'kept':>8}{'shared':>8}{'worst':>8}"
    )
    groups = {
        name: ("dental" if name in DENTAL else "birth" if name in BIRTH else name.split(" ")[0])
        for name in tables[0][0].index
    }
    if len(set(groups.values())) == len(groups):
        groups = dict.fromkeys(groups, "all")
    for group in dict.fromkeys(groups.values()):
        names = [name for name in groups if groups[name] == group]
        means = pd.DataFrame([found.loc[names].mean() for found, _ in tables])
        apart = means["guard"] - means["independent"]
        half = stats.t.ppf(0.975, len(apart) - 1) * apart.std() / np.sqrt(len(apart))
        gain = means["independent"].mean() - min(means["multi-task"].mean(), means["pooled"].mean())
        kept = f"{-apart.mean() / gain:8.0%}" if gain > 0.002 else f"{'-':>8}"
        shared = np.mean(
            [(guard.chosen_[[list(groups).index(n) for n in names]] != "independent").mean() for _, guard in tables]
        )
        each = pd.concat([found.loc[names, "guard"] - found.loc[names, "independent"] for found, _ in tables], axis=1)
        print(
            f"  {group:12}"
            + "".join(f"{means[name].mean():13.3f}" for name in MODELS)
            + f"{apart.mean():+14.3f} [{apart.mean() - half:+.3f}, {apart.mean() + half:+.3f}]{kept}{shared:8.0%}"
            + f"{each.mean(axis=1).max():+8.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", choices=["planted", "motor_opt", "pbc", "nhanes"])
    given = parser.parse_args()
    print("Squared error over that of the training mean; kept: share of the better sharing model's gain; shared:")
    print("outcomes that are not independent; worst: the largest mean difference guard - independent of an outcome.")
    times = 3 if given.quick else 10
    if given.only in (None, "planted"):
        for kind in ("alien", "opposite"):
            for n in (40, 80, 200):
                begin = time.process_time()
                tables = [one(planted(n, kind, seed), True, seed) for seed in range(times)]
                report(f"planted, {kind}, {n} rows", tables, time.process_time() - begin)
    real = {
        "motor_opt": (lambda: motor(given.data), 300),
        "pbc": (lambda: wide(given.data, "pbc"), 200),
        "nhanes": (lambda: wide(given.data, "nhanes"), 300),
    }
    for name, (load, n) in real.items():
        if given.only in (None, name):
            if not given.data.exists():
                print(f"\n{name}: no data in {given.data}")
                continue
            X, Y = load()
            begin = time.process_time()
            tables = [one(halves(X, Y, n, seed), False, seed) for seed in range(3 if given.quick else 10)]
            report(f"{name}, {n} rows of {len(X)}", tables, time.process_time() - begin)


if __name__ == "__main__":
    main()
