"""Coverage of conformal intervals and sets per outcome, on real data with missing outcomes.

    python benchmarks/sharing/conformal_coverage.py [--quick] [--data DIR]

nhanes_adults (6 numbers, diabetes as classes), pbc (10 numbers) and school (one outcome, rows of 139 schools), each as
it is and with half of the training targets made NaN at random. Random splits into training and test rows, repeated;
everything is fitted and calibrated on training rows. Per outcome and nominal coverage:

- observed: share of the observed test entries inside, the mean over the splits;
- band: the central 95% of that share in ONE split if the coverage is the nominal one (binomial with the test entries of
  a split; the splits overlap, so the mean of several is a little steadier than that);
- splits in: splits whose own share is in the 95% band of the beta-binomial, which also knows that the calibration
  entries are a sample (exact for split conformal).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmtl.calibration import MultiTaskConformal
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso
from skmtl.multioutput import IndependentTasks

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
COVERAGES = [0.8, 0.9, 0.95]
NUMBERS = {
    "nhanes": ["BPSysAve", "BPDiaAve", "Pulse", "DirectChol", "TotChol", "UrineFlow1"],
    "pbc": ["bili", "chol", "albumin", "copper", "alk.phos", "ast", "trig", "platelet", "protime", "stage"],
}
LOGARITHM = ["UrineFlow1", "bili", "chol", "copper", "alk.phos", "ast", "trig"]


def features(X: pd.DataFrame) -> np.ndarray:
    """One matrix for all models; imputation and scaling do not see an outcome."""
    numbers = make_column_selector(dtype_include="number")
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(drop="if_binary", sparse_output=False), make_column_selector(dtype_exclude="number")),
    ).fit_transform(X)


def wide(folder: Path, name: str) -> tuple[np.ndarray, pd.DataFrame]:
    table = pd.read_csv(folder / {"nhanes": "nhanes_adults.csv.gz", "pbc": "pbc.csv"}[name])
    Y = table[NUMBERS[name]].astype(float)
    logs = [column for column in Y if column in LOGARITHM]
    Y[logs] = np.log(Y[logs] + (Y[logs].min() == 0))
    drop = ["Diabetes", "ID", "Testosterone", "id", "time", "status"]
    return features(table.drop(columns=[*NUMBERS[name], *drop], errors="ignore")), Y


def half_missing(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    gone = rng.random(y.shape) < 0.5
    if y.dtype == object:
        return np.where(gone, None, y)
    return np.where(gone, np.nan, y)


def split(n: int, rng: np.random.Generator, share: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    order = rng.permutation(n)
    return order[round(share * n) :], order[: round(share * n)]


def one_split(
    case: str, method: str, folder: Path, hidden: bool, seed: int
) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    """Task, number of calibration entries, which test entries are inside (n, C), and how wide the answers are (C,)."""
    rng = np.random.default_rng(seed)
    if case in NUMBERS:
        X, Y = wide(folder, case)
        train, test = split(len(X), rng)
        Y_train = Y.iloc[train].to_numpy()
        Y_train = half_missing(Y_train, rng) if hidden else Y_train
        lasso = MultiTaskLasso(alpha=0.02, scale_targets=True)
        model = MultiTaskConformal(lasso, method=method, random_state=seed).fit(X[train], Y_train)
        lower, upper = model.predict_interval(X[test], COVERAGES)
        for t, name in enumerate(Y):
            y = Y[name].to_numpy()[test]
            seen = ~np.isnan(y)
            inside = (lower[seen, t] <= y[seen, None]) & (y[seen, None] <= upper[seen, t])
            yield name, int(model.n_calibration_[t]), inside, (upper - lower)[seen, t].mean(axis=0)
    elif case == "nhanes classes":
        X, _ = wide(folder, "nhanes")
        y = pd.read_csv(folder / "nhanes_adults.csv.gz")["Diabetes"].to_numpy(dtype=object)
        y = np.where(pd.isna(y), None, y)
        train, test = split(len(X), rng)
        y_train = half_missing(y[train], rng) if hidden else y[train]
        logistic = IndependentTasks(LogisticRegression(max_iter=500))
        model = MultiTaskConformal(logistic, method=method, class_conditional=True, random_state=seed)
        sets = model.fit(X[train], y_train).predict_set(X[test], COVERAGES)
        for k, label in enumerate(model.classes_):
            members = y[test] == label
            inside = sets[members, k]
            yield f"Diabetes={label}", int((y_train == label).sum()), inside, sets[members].sum(axis=1).mean(axis=0)
    else:
        table = pd.read_csv(folder / "school.csv.gz")
        X = StandardScaler().fit_transform(table.drop(columns=["school", "exam_score"]))
        y, school = table["exam_score"].to_numpy(dtype=float), table["school"].to_numpy()
        train, test = split(len(X), rng)
        y_train = half_missing(y[train], rng) if hidden else y[train]
        by = "all" if case.endswith("pooled") else "task"
        ridge = MeanRegularizedRidge(alpha=1.0, sharing=0.95)
        model = MultiTaskConformal(ridge, method=method, calibrate_by=by, random_state=seed)
        model.fit(X[train], y_train, task=school[train])
        lower, upper = model.predict_interval(X[test], COVERAGES, task=school[test])
        inside = (lower <= y[test, None]) & (y[test, None] <= upper)
        for t, name in enumerate(model.task_names_.tolist()):
            rows = school[test] == name
            n = int(model.n_calibration_.sum() if by == "all" else model.n_calibration_[t])
            yield str(name), n, inside[rows], (upper - lower)[rows].mean(axis=0)


def in_beta_binomial(hits: int, n_test: int, n_cal: int, coverage: float) -> bool:
    """Whether the number of hits is in the central 95%: coverage given the calibration set is beta distributed."""
    rank = int(np.ceil((n_cal + 1) * coverage - 1e-9))
    law = stats.betabinom(n_test, rank, n_cal + 1 - rank) if rank <= n_cal else stats.binom(n_test, 1.0)
    return bool(law.ppf(0.025) <= hits <= law.ppf(0.975))


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (task, nominal), part in frame.groupby(["task", "nominal"], sort=False):
        n_test = round(part["n_test"].mean())
        low, high = stats.binom(n_test, nominal).ppf([0.025, 0.975]) / n_test
        observed = part["hits"].sum() / part["n_test"].sum()
        rows.append(
            {
                "task": task,
                "n_cal": round(part["n_cal"].mean()),
                "n_test": n_test,
                "nominal": nominal,
                "observed": observed,
                "low": low,
                "high": high,
                "within": bool(low - 1e-9 <= observed <= high + 1e-9),
                "splits in": f"{part['in'].sum()}/{len(part)}",
                "width": part["width"][np.isfinite(part["width"])].mean(),
            }
        )
    return pd.DataFrame(rows)


def run(case: str, method: str, folder: Path, hidden: bool, n_splits: int, show: bool) -> None:
    begin = time.process_time()
    records = []
    for seed in range(n_splits):
        for task, n_cal, inside, width in one_split(case, method, folder, hidden, seed):
            for c, nominal in enumerate(COVERAGES):
                hits, n_test = int(inside[:, c].sum()), len(inside)
                ok = in_beta_binomial(hits, n_test, n_cal, nominal)
                records.append((task, nominal, n_cal, n_test, hits, ok, width[c]))
    frame = pd.DataFrame(records, columns=["task", "nominal", "n_cal", "n_test", "hits", "in", "width"])
    table = summarise(frame)
    missing = ", half of the training targets NaN" if hidden else ""
    print(f"\n{case}, {method}{missing}: {n_splits} splits, {time.process_time() - begin:.0f} s")
    if show:
        print(table.to_string(index=False, float_format=lambda v: f"{v:.3f}"))
    for nominal, part in table.groupby("nominal"):
        every = frame[frame["nominal"] == nominal]
        below, infinite = int((part["observed"] < part["low"]).sum()), np.isinf(every["width"]).mean()
        print(
            f"  {nominal:.2f}: all entries {every['hits'].sum() / every['n_test'].sum():.3f}, tasks "
            f"{part['observed'].min():.3f} to {part['observed'].max():.3f}; {part['within'].sum()}/{len(part)} tasks "
            f"within the binomial band, {below} below; {every['in'].mean():.1%} of single splits within theirs"
            + ("" if show else f"; mean finite width {part['width'].mean():.3g}, {infinite:.1%} infinite")
        )


def joint(folder: Path, hidden: bool, n_splits: int) -> None:
    """Rows of nhanes with all six numbers at once in their intervals, of the complete test rows."""
    print(f"\nnhanes, all six at once{', half of the training targets NaN' if hidden else ''}: {n_splits} splits")
    X, Y = wide(folder, "nhanes")
    records = []
    for seed in range(n_splits):
        rng = np.random.default_rng(seed)
        train, test = split(len(X), rng)
        Y_train = Y.iloc[train].to_numpy()
        Y_train = half_missing(Y_train, rng) if hidden else Y_train
        lasso = MultiTaskLasso(alpha=0.02, scale_targets=True)
        model = MultiTaskConformal(lasso, random_state=seed).fit(X[train], Y_train)
        complete = test[Y.iloc[test].notna().all(axis=1)]
        y = Y.iloc[complete].to_numpy()[..., None]
        n_rows = int(np.isfinite(Y_train).all(axis=1).sum())
        for kind in (None, "max", "bonferroni"):
            lower, upper = model.predict_interval(X[complete], COVERAGES, joint=kind)
            hit = ((lower <= y) & (y <= upper)).all(axis=1).mean(axis=0)
            volume = np.log(upper - lower).mean(axis=(0, 1))
            records += [(str(kind), n, n_rows, len(y), h, v) for n, h, v in zip(COVERAGES, hit, volume, strict=True)]
    names = ["joint", "nominal", "complete rows", "n_test", "observed", "log width"]
    table = pd.DataFrame(records, columns=names).groupby(["joint", "nominal"], as_index=False).mean()
    print(table.to_string(index=False, float_format=lambda v: f"{v:.3f}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two splits of each")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    # Infinite intervals are counted in the table.
    warnings.filterwarnings("ignore", message="Intervals are infinite", category=RuntimeWarning)
    plan = [
        ("nhanes", "cv+", 10, True),
        ("nhanes", "split", 10, False),
        ("nhanes classes", "cv+", 10, True),
        ("pbc", "cv+", 40, True),
        ("school", "cv+", 10, False),
        ("school, pooled", "cv+", 5, False),
    ]
    for case, method, n_splits, show in plan:
        for hidden in (False, True):
            run(case, method, options.data, hidden, 2 if options.quick else n_splits, show)
    for hidden in (False, True):
        joint(options.data, hidden, 2 if options.quick else 10)


if __name__ == "__main__":
    main()
