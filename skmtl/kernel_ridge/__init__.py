"""Kernel ridge regression of several outcomes, on product kernels over outcomes and rows."""

from skmtl.kernel_ridge._kernel_ridge import MultiTaskKernelRidge
from skmtl.kernel_ridge._kernel_ridge_cv import MultiTaskKernelRidgeCV

__all__ = ["MultiTaskKernelRidge", "MultiTaskKernelRidgeCV"]
