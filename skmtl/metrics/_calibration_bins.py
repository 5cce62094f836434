"""Bins of equal mass, the calibration error and the parts of the Brier score of one outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array, IntArray


@dataclass(frozen=True, eq=False)
class Bins:
    """Weight, mean prediction and observed rate of each bin, all of shape (K,), and the bin of each entry."""

    member: IntArray
    weight: Array
    predicted: Array
    observed: Array


def equal_mass_bins(event: Array, probability: Array, weight: Array, n_bins: int | None) -> Bins:
    """Put entries into at most ``n_bins`` bins of equal weight; equal predictions share a bin.

    The bin of a prediction is that of the middle of its weight in the sorted order, so that a row of weight two is the
    same as two rows. None makes one bin per distinct prediction.
    """
    _, code = np.unique(probability, return_inverse=True)
    if n_bins is None:
        member = code
    else:
        mass = np.bincount(code, weights=weight)
        middle = (np.cumsum(mass) - mass / 2) / mass.sum()
        # Rounding must not decide about a middle on an edge: the last digits are cut off.
        slot = np.floor(np.round(middle * n_bins, 9)).astype(np.intp)
        member = np.unique(slot, return_inverse=True)[1][code]
    total = np.bincount(member, weights=weight).astype(float)
    return Bins(
        member,
        total,
        np.bincount(member, weights=weight * probability) / total,
        np.bincount(member, weights=weight * event) / total,
    )


def calibration_error(event: Array, probability: Array, weight: Array, n_bins: int | None) -> float:
    """Mean absolute distance of observed rate and mean prediction, over bins."""
    bins = equal_mass_bins(event, probability, weight, n_bins)
    return float(bins.weight @ np.abs(bins.observed - bins.predicted) / bins.weight.sum())


def brier_parts(event: Array, probability: Array, weight: Array, n_bins: int | None) -> dict[str, float]:
    """The Brier score and the terms it is the sum of (Murphy 1973; Stephenson, Coelho and Jolliffe 2008)."""
    bins = equal_mass_bins(event, probability, weight, n_bins)
    total = weight.sum()
    rate = float(weight @ event / total)
    apart = probability - bins.predicted[bins.member]
    return {
        "brier": float(weight @ (event - probability) ** 2 / total),
        "reliability": float(bins.weight @ (bins.predicted - bins.observed) ** 2 / total),
        "resolution": float(bins.weight @ (bins.observed - rate) ** 2 / total),
        "uncertainty": rate * (1 - rate),
        "within_variance": float(weight @ apart**2 / total),
        "within_covariance": float(2 * weight @ ((event - bins.observed[bins.member]) * apart) / total),
    }


__all__ = ["Bins", "brier_parts", "calibration_error", "equal_mass_bins"]
