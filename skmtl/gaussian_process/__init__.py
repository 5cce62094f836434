"""Gaussian processes of several outcomes with a learned covariance between them."""

from skmtl.gaussian_process._classifier import MultiTaskGPClassifier
from skmtl.gaussian_process._generalized import MultiTaskGeneralizedGP
from skmtl.gaussian_process._poisson import MultiTaskGPPoissonRegressor
from skmtl.gaussian_process._regressor import MultiTaskGPRegressor

__all__ = ["MultiTaskGPClassifier", "MultiTaskGPPoissonRegressor", "MultiTaskGPRegressor", "MultiTaskGeneralizedGP"]
