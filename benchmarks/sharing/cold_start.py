"""A new site: what do the known sites say of it, and how much do a few of its own rows add?

    python benchmarks/sharing/cold_start.py [--data DIR] [--quick] [--schools N] [--only school]

Leave one site out: models see all other sites, then k = 0, 5, 10, 20, 50 rows of the left-out one, and are judged on
its other rows (never among the k; the same for every k and every model). School: exam scores, every school with 70 rows
or more is new once, 3 draws of k rows. Heart disease: four hospitals, a binary diagnosis, 20 draws.

- adapt: mean-regularised model with shared intercepts, strength and sharing chosen by 5-fold cross-validation on the
  known sites and carried over to the new one; k = 0 is ``predict(..., on_unknown="prior")``;
- adapt, trace norm: the subspace of the known sites, which without a row says no more than their mean level;
- pooled: one model of the known sites, blind to the new one; its intercept is theirs;
- pooled + k: the same with the k rows among the others;
- scratch: the k rows alone (ridge with leave-one-out strength; logistic regression with its strength by up to five
  folds; the frequency where there is one class).

Standard errors are over sites, of which heart disease has four: read its intervals as such. The paired difference is
"adapt" minus the other at the same k and site (negative: adapt is better).
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skmtl.linear_model import (
    MeanRegularizedRidgeCV,
    MultiTaskLogisticRegressionCV,
    TraceNormClassifierCV,
    TraceNormRegressorCV,
)
from skmtl.model_selection import MultiTaskKFold
from skmtl.penalties import MeanRegularization

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ROWS = (0, 5, 10, 20, 50)
FOLDS = MultiTaskKFold(5, shuffle=True, random_state=0)


def standardised(known: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both by the known sites' medians (for what is missing), means and deviations."""
    median = np.nanmedian(known, axis=0)
    known, new = (np.where(np.isnan(one), median, one) for one in (known, new))
    mean, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale == 0] = 1.0
    return (known - mean) / scale, (new - mean) / scale


def new_sites(X: np.ndarray, y: np.ndarray, site: np.ndarray, least: int, most: int):
    """Each site as a new one: the known rows, and the features and outcomes of the new ones."""
    names, counts = np.unique(site, return_counts=True)
    names = names[counts >= least]
    for name in names[:: max(1, len(names) // most)]:
        new = site == name
        known, its = standardised(X[~new], X[new])
        yield name, known, y[~new], site[~new], its, y[new]


def school(folder: Path, quick: bool, most: int) -> pd.DataFrame:
    table = pd.read_csv(folder / "school.csv.gz")
    site, y = table.pop("school").to_numpy(), table.pop("exam_score").to_numpy(float)
    found = []
    for name, X, y_known, sites, X_new, y_new in new_sites(table.to_numpy(float), y, site, 70, most):
        mean = MeanRegularizedRidgeCV(
            alphas=np.geomspace(100, 0.1, 10), sharing=[0.8, 0.95, 1.0], share_intercept=True, cv=FOLDS
        ).fit(X, y_known, task=sites)
        trace = TraceNormRegressorCV(alphas=8, eps=0.01, cv=FOLDS, tol=1e-4).fit(X, y_known, task=sites)
        pooled = RidgeCV(np.geomspace(0.1, 1e4, 11)).fit(X, y_known)
        for draw in range(1 if quick else 3):
            order = np.random.default_rng(draw).permutation(len(X_new))
            few, test = order[:50], order[50:]
            for k in ROWS:
                A, b, ids = X_new[few[:k]], y_new[few[:k]], np.full(len(test), name)
                said = {"pooled": pooled.predict(X_new[test])}
                if k == 0:
                    for label, model in (("adapt", mean), ("adapt, trace norm", trace)):
                        said[label] = model.predict(X_new[test], task=ids, on_unknown="prior")
                else:
                    for label, model in (("adapt", mean), ("adapt, trace norm", trace)):
                        said[label] = model.adapt(A, b, task=name).predict(X_new[test], task=ids)
                    both = Ridge(pooled.alpha_).fit(np.vstack([X, A]), np.append(y_known, b))
                    said["pooled + k"] = both.predict(X_new[test])
                    said["scratch"] = RidgeCV(np.geomspace(0.1, 1e4, 11)).fit(A, b).predict(X_new[test])
                for label, p in said.items():
                    found.append((name, draw, k, label, "RMSE", float(np.sqrt(np.mean((y_new[test] - p) ** 2)))))
    return pd.DataFrame(found, columns=["site", "draw", "k", "model", "metric", "value"])


def tuned(X: np.ndarray, y: np.ndarray) -> LogisticRegression:
    """Logistic regression, its strength by the log loss of five folds, of fewer where a class has fewer rows."""
    folds, model = min(5, np.bincount(y).min()), LogisticRegression(max_iter=1000)
    if folds < 2:
        return model.fit(X, y)  # one row of a class: nothing to choose by
    cv = StratifiedKFold(folds, shuffle=True, random_state=0)
    grid = {"C": np.geomspace(1e-3, 10, 9)}
    return GridSearchCV(model, grid, cv=cv, scoring="neg_log_loss").fit(X, y).best_estimator_


def heart(folder: Path, quick: bool, most: int) -> pd.DataFrame:
    table = pd.read_csv(folder / "heart_disease.csv")
    site, y = table.pop("hospital").to_numpy(str), table.pop("disease").to_numpy(int)
    found = []
    features = table.drop(columns="num").to_numpy(float)
    for name, X, y_known, sites, X_new, y_new in new_sites(features, y, site, 70, most):
        mean = MultiTaskLogisticRegressionCV(
            penalty=[MeanRegularization(0.8), MeanRegularization(0.95), MeanRegularization(1.0)],
            alphas=np.geomspace(10, 0.01, 10), share_intercept=True, cv=FOLDS,
        ).fit(X, y_known, task=sites)  # fmt: skip
        trace = TraceNormClassifierCV(alphas=8, eps=0.01, cv=FOLDS, tol=1e-4).fit(X, y_known, task=sites)
        pooled = tuned(X, y_known)
        for draw in range(3 if quick else 20):
            order = np.random.default_rng(draw).permutation(len(X_new))
            few, test = order[:50], order[50:]
            for k in ROWS:
                A, b, ids = X_new[few[:k]], y_new[few[:k]], np.full(len(test), name)
                said = {"pooled": pooled.predict_proba(X_new[test])[:, 1]}
                mixed = k > 0 and np.ptp(b) > 0
                if k == 0:
                    for label, model in (("adapt", mean), ("adapt, trace norm", trace)):
                        said[label] = model.predict_proba(X_new[test], task=ids, on_unknown="prior")[:, 1]
                else:
                    said["adapt"] = mean.adapt(A, b, task=name).predict_proba(X_new[test], task=ids)[:, 1]
                    # A free intercept needs both classes; a site of one class keeps the prior.
                    one = trace.adapt(A, b, task=name) if mixed else trace
                    said["adapt, trace norm"] = one.predict_proba(X_new[test], task=ids, on_unknown="prior")[:, 1]
                    both = clone(pooled).fit(np.vstack([X, A]), np.append(y_known, b))
                    said["pooled + k"] = both.predict_proba(X_new[test])[:, 1]
                    said["scratch"] = (
                        tuned(A, b).predict_proba(X_new[test])[:, 1]
                        if mixed
                        else np.full(len(test), (b.sum() + 0.5) / (k + 1))
                    )
                for label, p in said.items():
                    found.append((name, draw, k, label, "AUC", roc_auc_score(y_new[test], p)))
                    found.append((name, draw, k, label, "log loss", log_loss(y_new[test], p)))
    return pd.DataFrame(found, columns=["site", "draw", "k", "model", "metric", "value"])


def report(found: pd.DataFrame, title: str) -> None:
    print(f"\n{title}: {found.site.nunique()} sites, {found.draw.nunique()} draws of k rows")
    for metric, part in found.groupby("metric", sort=False):
        by_site = part.groupby(["model", "k", "site"]).value.mean().unstack("site")
        n = by_site.shape[1]
        print(f"{metric}: mean over sites (standard error)")
        print(f"{'':20}" + "".join(f"{'k = ' + str(k):>16}" for k in ROWS))
        for label in ("adapt", "adapt, trace norm", "pooled", "pooled + k", "scratch"):
            cells = ""
            for k in ROWS:
                if (label, k) in by_site.index:
                    row = by_site.loc[(label, k)]
                    cells += f"{row.mean():.3f} ({row.std(ddof=1) / n**0.5:.3f})".rjust(16)
                else:
                    cells += "-".rjust(16)
            print(f"{label:20}{cells}")
        print("adapt minus the other: mean over sites [95% interval, t over sites]")
        for label in ("pooled", "pooled + k", "scratch"):
            cells = ""
            for k in ROWS:
                if (label, k) not in by_site.index:
                    cells += "-".rjust(24)
                    continue
                gap = by_site.loc[("adapt", k)] - by_site.loc[(label, k)]
                half = student.ppf(0.975, n - 1) * gap.std(ddof=1) / n**0.5
                cells += f"{gap.mean():+.3f} [{gap.mean() - half:+.3f},{gap.mean() + half:+.3f}]".rjust(24)
            print(f"  {label:12}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help="six schools, fewer draws")
    parser.add_argument("--schools", type=int, default=1000, help="about so many schools, evenly spaced")
    parser.add_argument("--only", choices=["school", "heart"], default=None)
    given = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*smallest of the grid.*")
    for title, run in (("Heart disease", heart), ("School", school)):
        if given.only not in (None, run.__name__):
            continue
        start = time.process_time()
        report(run(given.data, given.quick, 6 if given.quick else given.schools), title)
        print(f"{time.process_time() - start:.0f} s CPU", flush=True)


if __name__ == "__main__":
    main()
