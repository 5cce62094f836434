"""Tables of 53 rows, 4 features and 3 tasks."""

from types import SimpleNamespace

import numpy as np
import pytest

N, P, T = 53, 4, 3


def pytest_collection_modifyitems(items):
    """Release 1.6 of scikit-learn asks SciPy for what newer SciPy warns of: not our warning."""
    mark = pytest.mark.filterwarnings("ignore:scipy.optimize. The `disp` and `iprint`:DeprecationWarning")
    for item in items:
        item.add_marker(mark)


@pytest.fixture
def table():
    """Complete numeric and labelled outcomes of the same rows, holes, weights and task ids."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(N, P))
    eta = X @ rng.normal(size=(P, T))
    Y = (eta + rng.normal(size=(N, T))) * [1.0, 30.0, 0.2] + [0.0, 500.0, -3.0]
    B = np.where(eta + rng.logistic(size=(N, T)) > 0, "yes", "no")
    K = np.digitize(eta + rng.normal(size=(N, T)), [-1.0, 1.0])
    holes = rng.random((N, T)) < 0.35
    return SimpleNamespace(
        X=X,
        X_new=rng.normal(size=(11, P)),
        Y=Y,
        Y_nan=np.where(holes, np.nan, Y),
        B=B,
        B_none=np.where(holes, None, B.astype(object)),
        K=K,
        holes=holes,
        weight=rng.integers(0, 4, size=(N, T)).astype(float),
        task=np.array(["east", "north", "west"])[rng.integers(0, T, size=N)],
        task_new=np.array(["west", "east", "north", "west", "west", "east", "north", "east", "west", "north", "east"]),
    )
