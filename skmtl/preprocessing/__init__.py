"""Before the fit: outcomes on a common scale, weights against missing ones."""

from __future__ import annotations

from skmtl.preprocessing._observation_weights import ObservationWeights
from skmtl.preprocessing._target_scaler import TargetScaler

__all__ = ["ObservationWeights", "TargetScaler"]
