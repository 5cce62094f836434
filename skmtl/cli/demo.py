"""The main job on patients that scikit-learn ships: seven outcomes of few and of many of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import StandardScaler

from skmtl.model_selection import Comparison, MultiTaskKFold, compare

FEATURES = ["age", "sex", "bmi", "bp"]
OUTCOMES = {
    "s1": "total cholesterol",
    "s2": "LDL",
    "s3": "HDL",
    "s4": "cholesterol/HDL",
    "s5": "log triglycerides",
    "s6": "glucose",
    "target": "progression",
}
N_FEW = 40
INTRODUCTION = """\
442 diabetes patients (Efron et al., Annals of Statistics 32:407-499, 2004).
Seven outcomes are predicted from age, sex, BMI and blood pressure, by models
that share between outcomes and by models that do not."""


class Setting(NamedTuple):
    """How many patients there are to learn from, and the folds that ask what they are good for."""

    name: str
    title: str
    cv: Any


def settings(quick: bool) -> list[Setting]:
    """Few patients: many random sets of 40, each tested on 40 others. All: every patient is tested once."""
    n_sets, n_folds = (4, 3) if quick else (20, 5)
    few = ShuffleSplit(n_sets, train_size=N_FEW, test_size=N_FEW, random_state=0)
    every = MultiTaskKFold(n_folds, shuffle=True, random_state=0)
    return [
        Setting(
            f"{N_FEW} patients",
            f"Learning from {N_FEW} patients ({n_sets} random sets, each tested on {N_FEW} others)",
            few,
        ),
        Setting("All patients", f"Learning from all 442 patients ({n_folds} folds)", every),
    ]


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and outcomes."""
    frame = load_diabetes(scaled=False, as_frame=True).frame
    return frame[FEATURES], frame[list(OUTCOMES)].rename(columns=OUTCOMES)


def run(setting: Setting, *, quick: bool, jobs: int, progress: Any) -> Comparison:
    """Compare at one setting."""
    X, Y = load()
    return compare(
        X,
        Y,
        ["independent", "pooled", "lasso"] if quick else None,
        cv=setting.cv,
        preprocessor=StandardScaler(),
        n_jobs=jobs,
        progress=progress,
    )


__all__ = ["Setting", "load", "run", "settings"]
