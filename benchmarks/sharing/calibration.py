"""Recalibrated probabilities on real yes/no outcomes: what a map per outcome gains, and what sharing the maps adds.

    python benchmarks/sharing/calibration.py [--quick] [--data DIR]

vlbw (8 complications of 617 newborns, some missing), tox21 (12 assays of 1000 compounds, a sixth missing) and landmine
(29 fields in rows form, a mine in 6% of the rows, 60 rows a field). Random splits into training and test rows; the maps
see left-out predictions of training rows only. For each model of the probabilities, on test rows:

- log loss and Brier score, the mean over outcomes with both classes in the test part;
- slope: the median distance of an outcome's calibration slope from 1;
- better in: splits whose log loss is below that of the model as it is, and the mean difference with its standard error.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmtl.calibration import MultiTaskCalibrated
from skmtl.linear_model import MultiTaskLogisticRegression
from skmtl.metrics import brier_score_loss, calibration_slope, log_loss
from skmtl.multioutput import IndependentTasks

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MAPS = {
    "shift, shared": {"method": "intercept"},
    "shift and slope, each its own": {"method": "sigmoid", "shrinkage": 0.0},
    "shift and slope, shared in part": {"method": "sigmoid"},
    "shift and slope, one for all": {"method": "sigmoid", "shrinkage": np.inf},
    "isotonic, each its own": {"method": "isotonic"},
}
COMPLICATIONS = ["dead", "pvh_any", "ivh_any", "ipe_any", "vent", "pneumo", "pda", "cld"]
NEWBORN = ["race", "inout", "delivery", "sex", "twn", "magsulf", "meth", "toc", "lowph", "pltct", "bwt", "gest", "apg1"]


def models() -> dict[str, Any]:
    """Shrunken, averaged and far too sure probabilities."""
    return {
        "joint lasso": MultiTaskLogisticRegression(alpha=0.02),
        "forest": IndependentTasks(RandomForestClassifier(50, min_samples_leaf=3, random_state=0)),
        "naive Bayes": IndependentTasks(GaussianNB(var_smoothing=1e-3)),
    }


def read(case: str, folder: Path) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Features, outcomes, and the field of each row where the outcome is one."""
    if case == "vlbw":
        table = pd.read_csv(folder / "vlbw.csv")
        numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
        prepare = make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (OneHotEncoder(drop="if_binary", sparse_output=False), make_column_selector(dtype_exclude="number")),
        )
        return prepare.fit_transform(table[NEWBORN]), table[COMPLICATIONS].to_numpy(dtype=float), None
    if case == "tox21":
        table = pd.read_csv(folder / "tox21.csv.gz")
        assays = [name for name in table if str(name).startswith(("NR-", "SR-"))]
        X = table.drop(columns=[*assays, "mol_id"])
        return StandardScaler().fit_transform(X.iloc[:, :30]), table[assays].to_numpy(dtype=float), None
    table = pd.read_csv(folder / "landmine.csv.gz")
    X = StandardScaler().fit_transform(table.drop(columns=["field", "mine"]))
    return X, table["mine"].to_numpy(dtype=float), table["field"].to_numpy()


def split(case: str, y: np.ndarray, field: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows: half of vlbw, 1000 compounds, 60 rows of each field."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    if field is None:
        n = {"vlbw": len(y) // 2, "tox21": 1000}[case]
        return order[:n], order[n:]
    train = []
    for name in np.unique(field):
        rows = order[field[order] == name]
        # Two mines at least: one to fit and one to calibrate.
        mines = rows[y[rows] == 1][:2]
        train.append(np.concatenate([mines, np.setdiff1d(rows, mines, assume_unique=True)[:58]]))
    train = np.concatenate(train)
    return train, np.setdiff1d(order, train)


def one_split(case: str, data: tuple[Any, Any, Any], seed: int) -> Iterator[dict[str, Any]]:
    X, y, field = data
    train, test = split(case, y, field, seed)
    fit_ids = {} if field is None else {"task": field[train]}
    test_ids = {} if field is None else {"task": field[test]}
    for name, model in models().items():
        fitted = {"as it is": clone(model).fit(X[train], y[train], **fit_ids)}
        for label, options in MAPS.items():
            calibrated = MultiTaskCalibrated(model, random_state=seed, **options)
            fitted[label] = calibrated.fit(X[train], y[train], **fit_ids)
        for label, one in fitted.items():
            probability = one.predict_proba(X[test], **test_ids)
            told = dict(test_ids, multioutput="raw_values")
            yield {
                "model": name,
                "map": label,
                "seed": seed,
                "log loss": np.nanmean(log_loss(y[test], probability, **told)),
                "Brier": np.nanmean(brier_score_loss(y[test], probability, **told)),
                "slope": np.nanmedian(np.abs(calibration_slope(y[test], probability, **told) - 1)),
            }


def run(case: str, folder: Path, n_splits: int) -> None:
    begin = time.process_time()
    data = read(case, folder)
    frame = pd.DataFrame([row for seed in range(n_splits) for row in one_split(case, data, seed)])
    print(f"\n{case}: {n_splits} splits, {time.process_time() - begin:.0f} s")
    print(f"  {'model':12s} {'map':32s} {'log loss':>9s} {'Brier':>7s} {'slope':>6s}  better in, mean difference")
    for (name, label), part in frame.groupby(["model", "map"], sort=False):
        same = frame[(frame["model"] == name) & (frame["map"] == "as it is")]
        change = part["log loss"].to_numpy() - same["log loss"].to_numpy()
        means = part[["log loss", "Brier", "slope"]].mean()
        line = f"  {name:12s} {label:32s} {means['log loss']:9.4f} {means['Brier']:7.4f} {means['slope']:6.2f}"
        if label != "as it is":
            error = change.std(ddof=1) / np.sqrt(n_splits)
            line += f"  {(change < 0).sum()}/{n_splits} {change.mean():+.4f} ({error:.4f})"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two splits of each")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    # Outcomes with fewer than five events are shifted only, and fields without a mine in the test part have no score:
    # both are part of the question.
    warnings.filterwarnings("ignore", message="The rarest class", category=UserWarning)
    warnings.filterwarnings("ignore", category=UndefinedMetricWarning)
    for case in ("vlbw", "tox21", "landmine"):
        run(case, options.data, 2 if options.quick else 10)


if __name__ == "__main__":
    main()
