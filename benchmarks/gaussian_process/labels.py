"""How much yes/no outcomes say of their correlation: forty labels of each, and hundreds.

    OMP_NUM_THREADS=1 python benchmarks/gaussian_process/labels.py

Two latent functions of one feature are drawn from a Gaussian process with a known correlation; labels are drawn from
them, each row with a label of one outcome. Prints the correlations that the greatest evidence has, and what sharing
(``rank=1``) changes in the log loss of the true probabilities on a grid, against ``rank=0``: below 0 it helps.
One minute.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import expit

from skmtl.gaussian_process import MultiTaskGPClassifier

DRAWS = 20
LABELS = (40, 200)
CORRELATIONS = (0.0, 0.8)
GRID = np.linspace(0, 10, 150)


def drawn(correlation: float, n_labels: int, seed: int):
    """Rows, labels with holes, and the true probabilities on the grid."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.uniform(0, 10, 2 * n_labels), GRID])
    kernel = 4.0 * np.exp(-0.5 * ((x[:, None] - x) / 1.5) ** 2) + 1e-8 * np.eye(x.size)
    between = np.array([[1.0, correlation], [correlation, 1.0]])
    latent = np.linalg.cholesky(kernel) @ rng.normal(size=(x.size, 2)) @ np.linalg.cholesky(between).T
    probability = expit(latent)
    labels = (rng.random((2 * n_labels, 2)) < probability[: 2 * n_labels]).astype(float)
    labels[:n_labels, 1] = labels[n_labels:, 0] = np.nan
    return x[: 2 * n_labels, None], labels, probability[2 * n_labels :]


def log_loss(model: MultiTaskGPClassifier, truth: np.ndarray) -> float:
    """Expected log loss on the grid, mean over the outcomes."""
    said = np.column_stack([proba[:, 1] for proba in model.predict_proba(GRID[:, None])])
    return float(-(truth * np.log(said) + (1 - truth) * np.log1p(-said)).mean())


def main() -> None:
    """Print a line for each correlation and number of labels."""
    warnings.simplefilter("ignore")  # a search at the bound of the correlation is what this is about
    print("true  labels  estimated: 10 %, median, 90 %   |.| > 0.95   log loss, shared - apart (se)")
    for correlation in CORRELATIONS:
        for n_labels in LABELS:
            found, change = np.empty(DRAWS), np.empty(DRAWS)
            for seed in range(DRAWS):
                X, labels, truth = drawn(correlation, n_labels, seed)
                shared = MultiTaskGPClassifier(rank=1, random_state=0).fit(X, labels)
                apart = MultiTaskGPClassifier(rank=0, random_state=0).fit(X, labels)
                found[seed] = shared.task_correlation_[0, 1]
                change[seed] = log_loss(shared, truth) - log_loss(apart, truth)
            low, middle, high = np.quantile(found, [0.1, 0.5, 0.9])
            print(
                f"{correlation:4.1f}  {n_labels:6d}  {low:+14.2f} {middle:+6.2f} {high:+6.2f}"
                f"  {np.mean(np.abs(found) > 0.95):11.0%}"
                f"  {change.mean():+14.4f} ({change.std(ddof=1) / DRAWS**0.5:.4f})"
            )


if __name__ == "__main__":
    main()
