"""Gaussian processes of several outcomes with a learned covariance between them."""

from skmtl.gaussian_process._regressor import MultiTaskGPRegressor

__all__ = ["MultiTaskGPRegressor"]
