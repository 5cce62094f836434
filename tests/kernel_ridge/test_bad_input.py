"""What kernel ridge refuses, in one sentence each."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.gaussian_process.kernels import RBF

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.kernel_ridge import MultiTaskKernelRidge, MultiTaskKernelRidgeCV

N, P, T = 31, 4, 3


def table(missing=False):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(N, P)), rng.normal(size=(N, T))
    if missing:
        Y[rng.random(Y.shape) < 0.3] = np.nan
    return X, Y


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0.0}, "'alpha' parameter of MultiTaskKernelRidge must be a float in the range"),
        ({"sharing": 1.0}, r"'sharing' parameter of MultiTaskKernelRidge must be a float in the range \[0, 1\)"),
        ({"kernel": "gaussian"}, "'kernel' parameter of MultiTaskKernelRidge must be one of 'additive_chi2'"),
        ({"task_kernel": "graph"}, "'task_kernel' parameter of MultiTaskKernelRidge must be one of 'mean', 'pooled'"),
        ({"task_kernel": np.eye(2)}, r"task_kernel has shape \(2, 2\) but there are 3 tasks"),
        ({"task_kernel": [["a"] * 3] * 3}, "task_kernel is not an array of numbers"),
        ({"task_kernel": np.full((T, T), np.nan)}, r"task_kernel is nan at \(0, 0\)"),
        (
            {"task_kernel": np.arange(9.0).reshape(3, 3)},
            r"task_kernel is not symmetric, 2 at \(0, 2\) and 6 at \(2, 0\)",
        ),
        (
            {"task_kernel": np.eye(T) - 0.5},
            "positive semi-definite, its smallest eigenvalue is -0.5 and its largest 1:",
        ),
        ({"task_kernel": np.diag([1.0, 0.0, 1.0])}, "task_kernel is zero for task 1"),
        ({"kernel": "sigmoid"}, "kernel='sigmoid' between the rows of X is not positive semi-definite, its smallest"),
        ({"kernel": lambda x, z: np.nan}, r"between the rows of X is nan at \(0, 0\): use a kernel such as 'rbf'"),
        ({"kernel": "precomputed"}, r"X has shape \(31, 4\) but kernel='precomputed' reads it as a square matrix"),
    ],
)
def test_bad_parameters(options, message):
    X, Y = table()
    with pytest.raises(ValueError, match=message) as error:
        MultiTaskKernelRidge(**options).fit(X, Y)
    assert isinstance(error.value, InvalidParameterError | TaskDataError)


def test_bad_tables(monkeypatch):
    X, Y = table(missing=True)
    K = X @ X.T
    with pytest.raises(InvalidParameterError, match=r"X, the precomputed kernel, is not positive semi-definite"):
        MultiTaskKernelRidge(kernel="precomputed").fit(K - 0.5 * np.eye(N), Y)
    with pytest.raises(InvalidParameterError, match=r"X, the precomputed kernel, is not symmetric"):
        MultiTaskKernelRidge(kernel="precomputed").fit(K + np.tri(N), Y)
    with pytest.raises(TaskDataError, match=r"takes dense rows: give X\.toarray\(\)"):
        MultiTaskKernelRidge(kernel=RBF()).fit(sparse.csr_matrix(X), Y)
    with pytest.raises(TaskDataError, match="task 'D' was not seen in fit"):
        MultiTaskKernelRidge().fit(X, np.arange(N), task=np.resize(["A", "B"], N)).predict(X[:1], task=["D"])
    entries = int((~np.isnan(Y)).sum())
    monkeypatch.setattr("skmtl._task_kernels.LARGEST_BYTES", 5 * 8 * N**2)
    MultiTaskKernelRidge().fit(X, np.nan_to_num(Y))
    with pytest.raises(TaskDataError, match=f"{entries} observed entries, not all of a complete table, needs 3 matr"):
        MultiTaskKernelRidge().fit(X, Y)
    with pytest.raises(TaskDataError, match=f"{entries} observed entries, not all of a complete table, needs 5 matr"):
        MultiTaskKernelRidgeCV().fit(X, Y)
    monkeypatch.setattr("skmtl._task_kernels.LARGEST_BYTES", 5 * 8 * N**2 - 1)
    with pytest.raises(TaskDataError, match="Eigen-decomposition of the kernel between 31 rows needs 5 matrices"):
        MultiTaskKernelRidge().fit(X, np.nan_to_num(Y))
    monkeypatch.setattr("skmtl._task_kernels.LARGEST_BYTES", N**2)
    with pytest.raises(TaskDataError, match=r"The kernel between 31 rows needs 2 matrices of 31 x 31 numbers at once"):
        MultiTaskKernelRidge().fit(X, np.nan_to_num(Y))


def test_rounding_of_single_precision_is_not_indefinite():
    X, Y = table()
    K = (X @ X.T).astype(np.float32)
    rough = MultiTaskKernelRidge(0.1, kernel="precomputed").fit(K, Y)
    assert np.linalg.eigvalsh(K.astype(float))[0] < 0
    np.testing.assert_allclose(rough.predict(X @ X.T), MultiTaskKernelRidge(0.1).fit(X, Y).predict(X), atol=1e-4)
    with pytest.raises(InvalidParameterError, match=r"its smallest eigenvalue is -0\.001"):
        MultiTaskKernelRidge(0.1, kernel="precomputed").fit(X @ X.T - 1e-3 * np.eye(N), Y)
