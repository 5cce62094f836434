"""scikit-learn's own checks of kernel ridge, no expected failures."""

import pytest
from sklearn.gaussian_process.kernels import RBF
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl.kernel_ridge import MultiTaskKernelRidge, MultiTaskKernelRidgeCV


def sklearn_checks(estimators):
    """`parametrize_with_checks` as a list: older releases give a generator, which newer pytest refuses."""
    mark = parametrize_with_checks(estimators)
    names, checks = mark.args
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


# Targets of the checks are often free of noise: the best strength of a grid is then its smallest, and is said to be.
@pytest.mark.filterwarnings("ignore:.*is the smallest of the grid:UserWarning")
@sklearn_checks(
    [
        MultiTaskKernelRidge(),
        MultiTaskKernelRidge(kernel="rbf", gamma="scale", fit_intercept=False, scale_targets=True),
        MultiTaskKernelRidge(alpha=0.1, kernel=RBF(), task_kernel="pooled"),
        MultiTaskKernelRidgeCV(alphas=4, sharing=(0.0, 0.9)),
        MultiTaskKernelRidgeCV(alphas=3, kernel="rbf", leave_out="entry", scale_targets=True),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)
