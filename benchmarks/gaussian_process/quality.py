"""Are the intervals right, and does sharing predict better than one Gaussian process for each outcome?

    python benchmarks/gaussian_process/quality.py [--quick] [--data DIR] [--only TEXT] [--splits N]

Coverage: draws from the model itself; the share of new noisy targets inside the 50, 80 and 95 % intervals of a model
that was fitted to the draw.

Real tables: "shared" is `MultiTaskGPRegressor` as shipped, of the given rank; "one kernel" is rank 0, the outcomes
independent given common length scales and signals of their own; "apart" is one fit for each outcome. The number is
the negative log predictive density of held-out outcomes, in units of the standard deviation of the training part,
mean over outcomes; lower is better, and 1.42 is a normal with nothing learnt. Then the difference to the others with
its 95 % interval (t) over splits, and in how many of them "shared" was better. Training rows of sarcos and physionet
are disjoint between splits; those of enb and pbc overlap, and the standard error is that of Nadeau and Bengio.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from problems import RANK, draw
from scipy.stats import norm, t
from sklearn.exceptions import ConvergenceWarning

from skmtl.gaussian_process import MultiTaskGPRegressor

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LEVELS = (0.5, 0.8, 0.95)
MODELS = ("shared", "one kernel", "apart")


class Table(NamedTuple):
    """Features and outcomes as arrays; training sizes, shares removed, test rows, rank, and whether splits overlap."""

    X: np.ndarray
    Y: np.ndarray
    sizes: tuple[int, ...]
    removed: tuple[float, ...]
    n_test: int
    rank: int
    overlap: bool


def sarcos(folder: Path) -> Table:
    """Robot arm: 21 positions, velocities and accelerations, 7 torques."""
    table = pd.read_csv(folder / "sarcos_test.csv.gz")
    torques = [name for name in table if name.startswith("torque")]
    X, Y = table.drop(columns=torques).to_numpy(float), table[torques].to_numpy(float)
    return Table(X, Y, (50, 100, 200, 400), (0.0, 0.5), 500, 2, False)


def enb(folder: Path) -> Table:
    """Heating and cooling load of 768 buildings."""
    table = pd.read_csv(folder / "mtr_enb.csv.gz")
    X, Y = table.drop(columns=["Y1", "Y2"]).to_numpy(float), table[["Y1", "Y2"]].to_numpy(float)
    return Table(X, Y, (50, 100, 200), (0.0, 0.5), 300, 1, True)


def pbc(folder: Path) -> Table:
    """Ten labs of patients with liver disease from the clinical picture; outcomes missing as they are."""
    table = pd.read_csv(folder / "pbc.csv")
    labs = "bili chol albumin copper alk.phos ast trig platelet protime stage".split()
    Y = table[labs].astype(float)
    skewed = ["bili", "chol", "copper", "alk.phos", "ast", "trig", "protime"]
    Y[skewed] = np.log(Y[skewed])
    X = pd.get_dummies(table["trt age sex ascites hepato spiders edema".split()], dtype=float)
    return Table(_with_indicators(X), Y.to_numpy(), (100, 200), (0.0, 0.5), 150, 2, True)


def physionet(folder: Path) -> Table:
    """Ten labs of intensive care from age, vital signs and urine; many labs were not ordered."""
    table = pd.read_csv(folder / "physionet2012_set_a.csv.gz")
    logs = [f"{name}_last" for name in ("ALP", "ALT", "AST", "Bilirubin", "BUN", "Creatinine", "Lactate")]
    plain = [f"{name}_last" for name in ("Albumin", "HCO3", "pH")]
    Y = pd.concat([np.log(table[logs].where(table[logs] > 0)), table[plain]], axis=1)
    vitals = [f"{name}_median" for name in ("GCS", "HR", "NISysABP", "NIDiasABP", "Temp")]
    X = _with_indicators(table[["Age", "Gender", "Weight", "UrineOutputSum", *vitals]])
    return Table(X, Y.to_numpy(float), (100, 200), (0.0, 0.5), 500, 2, False)


TABLES = {"sarcos": sarcos, "enb": enb, "pbc": pbc, "physionet": physionet}


def _with_indicators(X: pd.DataFrame) -> np.ndarray:
    """Medians for missing numbers, and an indicator for each pattern that is missing in over 5 % of the rows."""
    missing = X.isna().loc[:, X.isna().mean() > 0.05].T.drop_duplicates().T
    return np.hstack([X.fillna(X.median()).to_numpy(float), missing.to_numpy(float)])


def splits(table: Table, n_train: int, removed: float, number: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Training and test parts in units of the training part; training outcomes removed at random."""
    order = np.random.default_rng(0).permutation(len(table.X))
    for k in range(number):
        rng = np.random.default_rng([1, k])
        if table.overlap:
            order = rng.permutation(len(table.X))
            train, test = order[:n_train], order[n_train : n_train + table.n_test]
        else:
            train = order[k * n_train : (k + 1) * n_train]
            test = rng.choice(np.setdiff1d(order, train), table.n_test, replace=False)
        Y = table.Y[train].copy()
        # Where fewer than ten values would be left of an outcome it is not thinned, and left out if there are not ten.
        take = rng.random(Y.shape) < removed
        for column, out in zip(Y.T, take.T, strict=True):
            if (~np.isnan(column) & ~out).sum() >= 10:
                column[out] = np.nan
        seen = (~np.isnan(Y)).sum(axis=0) >= 10
        centre, scale = np.nanmean(Y[:, seen], axis=0), np.nanstd(Y[:, seen], axis=0)
        middle, spread = table.X[train].mean(axis=0), table.X[train].std(axis=0)
        spread[spread == 0] = 1.0
        yield (
            (table.X[train] - middle) / spread,
            (Y[:, seen] - centre) / scale,
            (table.X[test] - middle) / spread,
            (table.Y[test][:, seen] - centre) / scale,
        )


def predict(name: str, rank: int, X: np.ndarray, Y: np.ndarray, X_test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations, noise included, of one of the models."""
    if name == "apart":
        parts = []
        for column in Y.T:
            seen = ~np.isnan(column)
            model = MultiTaskGPRegressor(rank=0, random_state=0).fit(X[seen], column[seen])
            parts.append(model.predict(X_test, return_std=True, include_noise=True))
        return np.column_stack([mean for mean, _ in parts]), np.column_stack([std for _, std in parts])
    model = MultiTaskGPRegressor(rank=rank if name == "shared" else 0, random_state=0).fit(X, Y)
    return model.predict(X_test, return_std=True, include_noise=True)


def density(Y: np.ndarray, mean: np.ndarray, std: np.ndarray) -> float:
    """Negative log predictive density of the observed entries, mean over outcomes."""
    each = -norm.logpdf(Y, mean, std)
    return float(np.nanmean(each, axis=0).mean())


def interval(differences: np.ndarray, ratio: float) -> tuple[float, float, float]:
    """Mean and 95 % interval; ``ratio`` is test over training rows where splits overlap, else 0."""
    n = len(differences)
    half = t.ppf(0.975, n - 1) * differences.std(ddof=1) * np.sqrt(1.0 / n + ratio)
    mean = differences.mean()
    return mean, mean - half, mean + half


def show_coverage(repeats: int) -> None:
    """Coverage of new targets on draws from the model."""
    print(f"Coverage of new noisy targets, {repeats} draws of the model, 200 new rows each (standard error)")
    print(f"  {'':28}{'':12}" + "".join(f"{f'{100 * level:.0f} %':>16}" for level in LEVELS) + f"{'NLPD':>10}{'s':>7}")
    for n, T, missing in ((60, 3, 0.0), (60, 3, 0.3), (150, 5, 0.0), (150, 5, 0.5)):
        for name in ("shared", "apart"):
            inside, nlpd, begin = [], [], time.process_time()
            for seed in range(repeats):
                problem, _ = draw(n, T, missing, seed=seed)
                mean, std = predict(name, RANK, problem.X, problem.Y, problem.X_test)
                depth = np.abs(problem.Y_test - mean) / std
                inside.append([(depth <= norm.ppf(0.5 + level / 2)).mean() for level in LEVELS])
                nlpd.append(density(problem.Y_test, mean, std))
            shares, error = np.mean(inside, axis=0), np.std(inside, axis=0, ddof=1) / np.sqrt(repeats)
            cells = "".join(f"{f'{share:.3f} ({se:.3f})':>16}" for share, se in zip(shares, error, strict=True))
            seconds = (time.process_time() - begin) / repeats
            label = f"{n} x {T}, {100 * missing:.0f} % missing"
            print(f"  {label:28}{name:12}{cells}{np.mean(nlpd):10.4f}{seconds:7.2f}", flush=True)


def show_table(name: str, table: Table, number: int, quick: bool) -> None:
    """Densities of the three models on one table."""
    T = table.Y.shape[1]
    print(f"\n{name}: {table.X.shape[1]} features, {T} outcomes, rank {table.rank}, {number} splits")
    print(
        f"  {'':22}"
        + "".join(f"{model:>12}" for model in MODELS)
        + f"{'shared - one kernel, won':>34}{'shared - apart, won':>34}"
        + f"{'in 95 %':>9}{'s':>7}"
    )
    for n in table.sizes[:1] if quick else table.sizes:
        for removed in table.removed:
            scores: dict[str, list[float]] = {model: [] for model in MODELS}
            inside, shared_seconds = [], 0.0
            for X, Y, X_test, Y_test in splits(table, n, removed, number):
                for model in MODELS:
                    start = time.process_time()
                    mean, std = predict(model, min(table.rank, Y.shape[1]), X, Y, X_test)
                    scores[model].append(density(Y_test, mean, std))
                    if model == "shared":
                        shared_seconds += time.process_time() - start
                        seen = ~np.isnan(Y_test)
                        inside.append((np.abs(Y_test - mean)[seen] <= 1.96 * std[seen]).mean())
            ratio = table.n_test / n if table.overlap else 0.0
            cells = ""
            for other in MODELS[1:]:
                differences = np.array(scores["shared"]) - np.array(scores[other])
                mean, low, high = interval(differences, ratio)
                won = f"{(differences < 0).sum()}/{number}"
                cells += f"{f'{mean:+.3f} [{low:+.3f}, {high:+.3f}] {won}':>34}"
            label = f"{n} rows, {100 * removed:.0f} % removed"
            means = "".join(f"{np.mean(scores[model]):12.3f}" for model in MODELS)
            print(f"  {label:22}{means}{cells}{np.mean(inside):9.3f}{shared_seconds / number:7.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer draws and splits, the smallest training size")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", default="", help="'coverage' or tables whose name has this text")
    parser.add_argument("--splits", type=int, help="splits of each table")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if arguments.only in "coverage":
        show_coverage(5 if arguments.quick else 40)
    for name, load in TABLES.items():
        if arguments.only in name:
            show_table(name, load(arguments.data), arguments.splits or (3 if arguments.quick else 10), arguments.quick)


if __name__ == "__main__":
    main()
