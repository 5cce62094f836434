"""One entry per public metric; a test with the argument ``case`` runs over all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from skmtl import metrics


def normalized_mse_by_hand(y_true, y_pred, sample_weight=None):
    """One minus R2."""
    weight = np.ones(len(y_true)) if sample_weight is None else sample_weight
    mean = (weight * y_true).sum() / weight.sum()
    return (weight * (y_true - y_pred) ** 2).sum() / (weight * (y_true - mean) ** 2).sum()


def concordance_by_hand(y_true, y_pred, sample_weight=None):
    """All pairs in a table."""
    weight = np.ones(len(y_true)) if sample_weight is None else sample_weight
    pairs = np.outer(weight, weight) * (y_true[:, None] > y_true)
    right = (y_pred[:, None] > y_pred) + 0.5 * (y_pred[:, None] == y_pred)
    return (pairs * right).sum() / pairs.sum()


def slope_by_scikit_learn(y_true, y_proba, sample_weight=None):
    """Logistic regression without a penalty."""
    event = (y_true == np.max(y_true)).astype(int)
    model = LogisticRegression(C=np.inf, tol=1e-14, solver="newton-cholesky")
    return float(model.fit(logit(y_proba)[:, None], event, sample_weight).coef_[0, 0])


def intercept_by_root(y_true, y_proba, sample_weight=None):
    """The shift at which events are as many as predicted."""
    event = (y_true == np.max(y_true)).astype(float)
    weight = np.ones(len(event)) if sample_weight is None else sample_weight
    return brentq(lambda a: weight @ (expit(a + logit(y_proba)) - event), -50, 50, xtol=1e-15, rtol=1e-15)


def calibration_error_by_hand(y_true, y_proba, sample_weight=None):
    """A loop over distinct predictions, each in the bin that the middle of its weight falls into."""
    event = (y_true == np.max(y_true)).astype(float)
    weight = np.ones(len(event)) if sample_weight is None else sample_weight
    bins, below = {}, 0.0
    for value in sorted(set(y_proba.tolist())):
        mass = weight[y_proba == value].sum()
        bins.setdefault(int(10 * (below + mass / 2) / weight.sum() + 1e-10), []).append(value)
        below += mass
    rows = [np.isin(y_proba, values) for values in bins.values()]
    return sum(abs(weight[r] @ (event - y_proba)[r]) for r in rows) / weight.sum()


@dataclass(frozen=True)
class Case:
    name: str
    twin: Callable[..., float]  # scikit-learn's function of one column
    kind: str  # what the second argument holds: value, label, score, probability
    greater_is_better: bool | float  # a float is the ideal value
    exact: bool = True  # the twin is scikit-learn's own function
    options: dict = field(default_factory=dict)
    rtol: float = 1e-13  # of what is iterated, less

    @property
    def metric(self):
        return getattr(metrics, self.name)

    def worst(self, raw):
        if isinstance(self.greater_is_better, bool):
            return min(raw) if self.greater_is_better else max(raw)
        return max(raw, key=lambda value: abs(value - self.greater_is_better))

    def data(self, n, n_tasks, seed=0):
        """Complete targets and predictions of shape (n, n_tasks), both classes in each column."""
        rng = np.random.default_rng(seed)
        if self.kind == "value":
            y_true = rng.normal(loc=3.0, size=(n, n_tasks)) * np.geomspace(1, 50, n_tasks)
            return y_true, y_true + rng.normal(size=(n, n_tasks)) * np.geomspace(1, 50, n_tasks)
        y_true = (rng.random((n, n_tasks)) < 0.4).astype(float)
        y_true[:2] = [[0.0], [1.0]]
        if self.kind == "label":
            return y_true, np.where(rng.random((n, n_tasks)) < 0.3, 1 - y_true, y_true)
        probability = np.clip(0.3 + 0.4 * y_true + rng.normal(scale=0.25, size=(n, n_tasks)), 0.01, 0.99)
        # Ties are part of the game of ranks.
        return y_true, probability.round(2) if self.kind == "probability" else 5 * probability.round(2) - 2

    def holes(self, n, n_tasks, seed=1):
        """Mask of missing cells that leaves the two classes of the first rows in place."""
        mask = np.random.default_rng(seed).random((n, n_tasks)) < 0.3
        mask[:2] = False
        return mask

    def by_column(self, y_true, prediction, sample_weight=None):
        """What scikit-learn says of each column."""
        weight = np.broadcast_to(sample_weight, y_true.T.shape).T if np.ndim(sample_weight) == 1 else sample_weight
        return np.array(
            [
                self.twin(
                    y_true[:, t],
                    prediction[:, t],
                    sample_weight=None if weight is None else weight[:, t],
                    **self.options,
                )
                for t in range(y_true.shape[1])
            ]
        )


CASES = [
    Case("mean_squared_error", sk.mean_squared_error, "value", False),
    Case("root_mean_squared_error", sk.root_mean_squared_error, "value", False),
    Case("mean_absolute_error", sk.mean_absolute_error, "value", False),
    Case("r2_score", sk.r2_score, "value", True),
    Case("explained_variance_score", sk.explained_variance_score, "value", True),
    Case("normalized_mse", normalized_mse_by_hand, "value", False, exact=False),
    Case("accuracy_score", sk.accuracy_score, "label", True),
    Case("balanced_accuracy_score", sk.balanced_accuracy_score, "label", True),
    Case("f1_score", sk.f1_score, "label", True),
    Case("roc_auc_score", sk.roc_auc_score, "score", True),
    Case("average_precision_score", sk.average_precision_score, "score", True),
    Case("log_loss", sk.log_loss, "probability", False),
    Case("brier_score_loss", sk.brier_score_loss, "probability", False),
    Case("concordance_index", concordance_by_hand, "value", True, exact=False),
    Case("calibration_slope", slope_by_scikit_learn, "probability", 1.0, exact=False, rtol=1e-10),
    Case("calibration_intercept", intercept_by_root, "probability", 0.0, exact=False, rtol=1e-10),
    Case("expected_calibration_error", calibration_error_by_hand, "probability", False, exact=False),
]


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=lambda case: case.name)
    if "regression_case" in metafunc.fixturenames:
        chosen = [case for case in CASES if case.kind == "value" and case.exact]
        metafunc.parametrize("regression_case", chosen, ids=lambda case: case.name)
    if "classification_case" in metafunc.fixturenames:
        chosen = [case for case in CASES if case.kind != "value"]
        metafunc.parametrize("classification_case", chosen, ids=lambda case: case.name)


@pytest.fixture(scope="session")
def cases():
    """All cases."""
    return CASES
