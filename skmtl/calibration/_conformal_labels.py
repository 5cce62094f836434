"""Conformal scores of classes, and the set of labels whose score is not too large."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skmtl._typing import Array, BoolArray, IntArray
from skmtl.calibration._conformal_quantile import conformal_rank


def lac_scores(probability: Array) -> Array:
    """Least ambiguous set-valued classifiers: one minus the probability of the class.

    Sadinle, Lei and Wasserman (2019); the smallest sets on average where the probabilities are right.

    Parameters
    ----------
    probability : ndarray of shape (n, K)

    Returns
    -------
    ndarray of shape (n, K)
    """
    return 1.0 - probability


def aps_scores(probability: Array, uniform: Array) -> Array:
    """Adaptive prediction sets: probability of all classes that are more probable, plus a random part of one's own.

    Romano, Sesia and Candès (2020): score(x, y) = sum of p(y'|x) over y' with p(y'|x) > p(y|x), plus u p(y|x).
    Classes that tie are put in the order of ``classes_``.

    Parameters
    ----------
    probability : ndarray of shape (n, K)
    uniform : ndarray of shape (n,)
        u of each row, uniform on [0, 1).

    Returns
    -------
    ndarray of shape (n, K)
    """
    order = np.argsort(-probability, axis=1, kind="stable")
    ranked = np.take_along_axis(probability, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    scores = np.empty_like(probability)
    np.put_along_axis(scores, order, before + uniform[:, None] * ranked, axis=1)
    return scores


def uniform_of_rows(probability: Array, seed: int, t: int) -> Array:
    """Draw a number of [0, 1) for each row that depends on the seed, the task and the row's own probabilities only.

    A set is then a function of the row: the same whether the row is asked alone, or in a batch at any place. Numbers
    drawn by position would give every row that is asked alone the same number.

    Parameters
    ----------
    probability : ndarray of shape (n, K)
    seed, t : int
        Seed of the fit and position of the task.

    Returns
    -------
    ndarray of shape (n,)
    """
    # The last digits of a probability may depend on the batch that it was computed in.
    digits = np.rint(probability * 1e9).astype(np.int64).view(np.uint64)
    state = np.zeros(len(probability), dtype=np.uint64)
    for word in (np.uint64(seed), np.uint64(t), *digits.T):
        state = _mixed(state ^ word)
    return np.asarray(state >> np.uint64(11), dtype=np.float64) * 2.0**-53


def _mixed(words: np.ndarray) -> np.ndarray:
    """Mix the bits of 64-bit words as splitmix64 does (Steele, Lea and Flood, OOPSLA 2014)."""
    # Unsigned numbers wrap around on purpose.
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def labels_in_set(
    candidate: Array, scores: Array, fold: IntArray, label: IntArray | None, coverages: Sequence[float]
) -> BoolArray:
    """Labels of one task that the calibration entries do not rule out.

    Label y is in the set of x if fewer than m = ceil((n + 1) coverage) calibration entries have a score below that of
    (x, y), each compared under the model that did not see the entry:

        #{ i : scores_i < candidate_k(i)(x, y) }  <  m

    With one model this is score(x, y) <= the m-th smallest score, the split conformal set.

    Parameters
    ----------
    candidate : ndarray of shape (K_models, n_rows, K)
        Score of each label for each row, by each model.
    scores : ndarray of shape (n,)
        Scores of the calibration entries at their own labels.
    fold : ndarray of shape (n,)
        Model that did not see the entry.
    label : ndarray of shape (n,), or None
        Label of each calibration entry: each label is then compared with the entries of its own class only
        (class-conditional or Mondrian sets).
    coverages : sequence of C floats

    Returns
    -------
    bool ndarray of shape (n_rows, K, C)
    """
    n_models, n_rows, n_classes = candidate.shape
    inside = np.empty((n_rows, n_classes, len(coverages)), dtype=bool)
    for y in range(n_classes):
        members = np.ones(len(scores), dtype=bool) if label is None else label == y
        below = np.zeros(n_rows, dtype=np.intp)
        for k in range(n_models):
            ordered = np.sort(scores[members & (fold == k)])
            below += np.searchsorted(ordered, candidate[k, :, y], side="left")
        n = int(members.sum())
        for c, coverage in enumerate(coverages):
            inside[:, y, c] = below < conformal_rank(n, coverage)
    return inside


__all__ = ["aps_scores", "labels_in_set", "lac_scores", "uniform_of_rows"]
