"""Statements of uncertainty that hold: intervals, sets and probabilities per outcome."""

from skmtl.calibration._calibrated import MultiTaskCalibrated
from skmtl.calibration._conformal import MultiTaskConformal

__all__ = ["MultiTaskCalibrated", "MultiTaskConformal"]
