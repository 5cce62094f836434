"""Strata that no outcome brings with it: quantile bins of numbers, and which outcomes a row has observed."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array, BoolArray, IntArray

# More bins of one outcome hardly make folds more alike, and cost the other outcomes theirs.
MAX_BINS = 5
# Patterns beyond the most frequent ones are told apart by the number of observed outcomes only.
MAX_PATTERNS = 50


def quantile_bins(values: Array, bin_size: int) -> list[IntArray]:
    """Cut numbers into bins of about equal size.

    There are ``min(5, n // bin_size)`` bins, fewer where values repeat (equal values stay together), and none where
    that would be one.

    Parameters
    ----------
    values : array of shape (n,)
        Numbers without NaN.
    bin_size : int
        How many entries a bin has at least, ties apart: with K folds, K.

    Returns
    -------
    list of int arrays
        The positions in each bin.
    """
    n_bins = min(MAX_BINS, values.size // bin_size)
    if n_bins < 2:
        return []
    # Edges are values that occur, so that bins do not depend on the unit.
    edges = np.unique(np.quantile(values, np.arange(1, n_bins) / n_bins, method="inverted_cdf"))
    code = np.searchsorted(edges, values, side="left")
    bins = [members for members in members_of(code, edges.size + 1) if members.size]
    return bins if len(bins) > 1 else []


def missingness_patterns(seen: BoolArray) -> list[IntArray]:
    """Group rows by the set of outcomes they have observed.

    Each of the 50 most frequent sets is a stratum. The rows of all other sets are told apart by how many outcomes they
    have observed: with many outcomes nearly every row has a set of its own, and nothing of it can be spread.

    Parameters
    ----------
    seen : bool array of shape (n_rows, n_tasks)
        Which outcomes each row has observed.

    Returns
    -------
    list of int arrays
        The rows in each stratum; empty where all rows have the same set.
    """
    if seen.shape[1] < 2:
        # One outcome: observed or not, which the outcome itself says.
        return []
    packed = np.ascontiguousarray(np.packbits(seen, axis=1))
    as_one = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, code, size = np.unique(as_one, return_index=True, return_inverse=True, return_counts=True)
    if size.size == 1:
        return []
    # A set with one row has nothing to spread. Among equals the rows decide, not the order of the outcomes.
    frequent = np.lexsort((first, -size))[:MAX_PATTERNS]
    frequent = frequent[size[frequent] > 1]
    rank = np.full(size.size, frequent.size)
    rank[frequent] = np.arange(frequent.size)
    stratum = rank[code.ravel()]
    rare = stratum == frequent.size
    stratum[rare] += seen[rare].sum(axis=1)
    strata = members_of(stratum, int(stratum.max()) + 1)
    return [rows for rows in strata if rows.size > 1]


def members_of(code: IntArray, n_codes: int) -> list[IntArray]:
    """Give the positions of each code 0, ..., n_codes - 1."""
    ends = np.cumsum(np.bincount(code, minlength=n_codes))[:-1]
    return np.split(np.argsort(code, kind="stable"), ends)
