"""Registry of the kernel methods: Gaussian processes, kernel ridge and support vector machines.

Everything is at fixed parameters, and without what is learned from the whole table: what a law says then holds to
rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.gaussian_process.kernels import RBF

from skmtl import gaussian_process as gp
from skmtl import kernel_ridge, svm

FIXED: dict[str, Any] = {"kernel": RBF(1.5), "rank": 0, "optimizer": None}


@dataclass(frozen=True)
class KernelCase:
    """An estimator, the kind of its outcomes, and how near its numbers are the same."""

    make: Callable[[], Any]
    kind: str = "numeric"
    weighted: bool = False
    atol: float = 1e-7


KERNEL: dict[str, KernelCase] = {
    "gp": KernelCase(lambda: gp.MultiTaskGPRegressor(noise=0.3, normalize_y=False, **FIXED)),
    "gp_inducing": KernelCase(
        lambda: gp.MultiTaskGPRegressor(
            noise=0.3, normalize_y=False, inference="inducing", n_inducing=200, random_state=0, **FIXED
        ),
        atol=1e-4,
    ),
    "gp_classifier": KernelCase(lambda: gp.MultiTaskGPClassifier(mean="zero", **FIXED), "binary"),
    "gp_poisson": KernelCase(lambda: gp.MultiTaskGPPoissonRegressor(mean="zero", **FIXED), "count"),
    "gp_generalized": KernelCase(lambda: gp.MultiTaskGeneralizedGP("logit", mean="zero", **FIXED), "binary"),
    "kernel_ridge": KernelCase(lambda: kernel_ridge.MultiTaskKernelRidge(0.1, kernel="rbf"), weighted=True),
    "kernel_ridge_cv": KernelCase(
        lambda: kernel_ridge.MultiTaskKernelRidgeCV(alphas=(0.01, 0.1), kernel="rbf", leave_out="entry"), weighted=True
    ),
    "svr": KernelCase(lambda: svm.MultiTaskSVR(gamma=0.3, tol=1e-8), weighted=True, atol=1e-5),
    "svc": KernelCase(lambda: svm.MultiTaskSVC(gamma=0.3, tol=1e-8), "binary", weighted=True, atol=1e-5),
}
