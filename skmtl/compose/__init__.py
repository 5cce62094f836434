"""Estimators around estimators: transformed outcomes, weights against missing ones."""

from __future__ import annotations

from skmtl.compose._inverse_probability import InverseProbabilityWeighted
from skmtl.compose._transformed_target import TransformedTaskTarget

__all__ = ["InverseProbabilityWeighted", "TransformedTaskTarget"]
