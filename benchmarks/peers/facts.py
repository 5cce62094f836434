"""What the comparison with peers says of packages that it ran: each line is tried here, on what is installed.

    python benchmarks/peers/facts.py

Prints the versions, then one line a claim with what the package did; packages that are missing are said so. For all of
them: an environment with ``pip install "scikit-learn==1.7.2" skglm celer xgboost catboost mapie``, and another one with
adelie, which wants NumPy 1. Half a minute.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import io
import warnings
from collections.abc import Callable

import numpy as np

PACKAGES = ("scikit-learn", "numpy", "skglm", "celer", "adelie", "xgboost", "catboost", "mapie")
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5))
Y = X @ rng.normal(size=(5, 3)) + rng.normal(size=(60, 3))
HOLES = np.where(rng.random(Y.shape) < 0.2, np.nan, Y)
LABELS = (HOLES > 0).astype(float)
LABELS[np.isnan(HOLES)] = np.nan
PER_ENTRY = np.ones_like(Y)


def version(package: str) -> str | None:
    """The version, where the package is installed; XGBoost has two names."""
    for name in (package, f"{package}-cpu"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return None


def told(call: Callable[[], object]) -> str:
    """What came of a call: its result, or the first line of its error."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = call()
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {lines[0][:100] if lines else ''}"
    return result if isinstance(result, str) else "works"


def failing_checks(estimator) -> str:
    """How many of scikit-learn's checks an estimator fails."""
    from sklearn.utils.estimator_checks import check_estimator

    records = check_estimator(estimator, on_fail=None)
    failed = sum(record["status"] == "failed" for record in records)
    return f"{failed} of {len(records)} checks fail"


def scikit_learn() -> None:
    """Missing outcomes, weights per entry, deviations of several outcomes."""
    from sklearn import metrics
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.linear_model import MultiTaskElasticNet, MultiTaskLasso, Ridge
    from sklearn.multioutput import MultiOutputRegressor, RegressorChain
    from sklearn.neighbors import KNeighborsRegressor

    estimators = (
        *(MultiTaskLasso(), MultiTaskElasticNet(), Ridge(), RandomForestRegressor(), KNeighborsRegressor()),
        *(MultiOutputRegressor(Ridge()), RegressorChain(Ridge()), PLSRegression(), GaussianProcessRegressor()),
    )
    for estimator in estimators:
        print(f"  {type(estimator).__name__}, NaN in Y: {told(lambda e=estimator: e.fit(X, HOLES))}")
    print(f"  RandomForestClassifier, NaN in labels: {told(lambda: RandomForestClassifier().fit(X, LABELS))}")
    for name in ("r2_score", "mean_squared_error", "mean_absolute_error"):
        print(f"  {name}, NaN in y_true: {told(lambda n=name: getattr(metrics, n)(HOLES, Y))}")
    lasso = MultiTaskLasso()
    print(f"  MultiTaskLasso, a weight per row: {told(lambda: lasso.fit(X, Y, sample_weight=PER_ENTRY[:, 0]))}")
    print(f"  MultiTaskLasso, a weight per entry: {told(lambda: lasso.fit(X, Y, sample_weight=PER_ENTRY))}")
    _, deviation = GaussianProcessRegressor().fit(X, Y * [1, 10, 100]).predict(X[:5] + 1, return_std=True)
    print(f"  GaussianProcessRegressor, one deviation for all outcomes: {bool((np.ptp(deviation, axis=1) == 0).all())}")
    print(f"  MultiTaskLasso: {failing_checks(MultiTaskLasso())}")


def skglm() -> None:
    """scikit-learn's checks, as it is and with the tag that says that it wants several outcomes; missing outcomes."""
    from skglm import MultiTaskLasso

    tags_of = MultiTaskLasso.__sklearn_tags__

    def tagged(self):
        tags = tags_of(self)
        tags.target_tags.multi_output, tags.target_tags.single_output = True, False
        return tags

    print(f"  MultiTaskLasso, NaN in Y: {told(lambda: MultiTaskLasso().fit(X, HOLES))}")
    print(f"  MultiTaskLasso: {told(lambda: failing_checks(MultiTaskLasso()))}")
    MultiTaskLasso.__sklearn_tags__ = tagged
    print(f"  the same, tagged as wanting several outcomes: {told(lambda: failing_checks(MultiTaskLasso()))}")


def celer() -> None:
    """Whether the estimator runs, and the solver function."""
    from celer import MultiTaskLasso
    from celer.homotopy import mtl_path

    print(f"  MultiTaskLasso: {told(lambda: MultiTaskLasso().fit(X, Y))}")
    arrays = np.asfortranarray(X), np.asfortranarray(Y)
    print(f"  celer.homotopy.mtl_path: {told(lambda: mtl_path(*arrays, alphas=[0.1]))}")

    def with_holes() -> str:
        coefficients = mtl_path(arrays[0], np.asfortranarray(HOLES), alphas=[0.1])[1]
        return f"{np.isfinite(coefficients).mean():.0%} of the coefficients are numbers"

    print(f"  the same, NaN in Y: {told(with_holes)}")


def adelie() -> None:
    """Missing outcomes."""
    from adelie import glm, grpnet

    def path(targets) -> str:
        state = grpnet(np.asfortranarray(X), glm.multigaussian(y=np.ascontiguousarray(targets)), progress_bar=False)
        return f"{state.betas.shape[0]} strengths solved"

    for name, targets in (("complete Y", Y), ("NaN in Y", HOLES)):
        print(f"  grpnet, {name}: {told(lambda y=targets: path(y))}")


def xgboost() -> None:
    """Missing outcomes in vector leaves and in one tree an outcome."""
    from xgboost import XGBClassifier, XGBRegressor

    for leaves in ("one_output_per_tree", "multi_output_tree"):
        model = XGBRegressor(n_estimators=3, multi_strategy=leaves)
        print(f"  {leaves}, NaN in Y: {told(lambda m=model: m.fit(X, HOLES))}")
    print(f"  labels, NaN in Y: {told(lambda: XGBClassifier(n_estimators=3).fit(X, LABELS))}")


def catboost() -> None:
    """Missing outcomes by loss."""
    from catboost import CatBoost

    options = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    for loss, targets in (("MultiRMSEWithMissingValues", HOLES), ("MultiRMSE", HOLES), ("MultiLogloss", LABELS)):
        model = CatBoost({"loss_function": loss, **options})
        print(f"  {loss}, NaN in Y: {told(lambda m=model, y=targets: m.fit(X, y))}")


def mapie() -> None:
    """Several outcomes, missing ones."""
    from mapie.regression import CrossConformalRegressor
    from sklearn.linear_model import Ridge

    for name, targets in (("one outcome", Y[:, 0]), ("several outcomes", Y), ("NaN in y", HOLES[:, 0])):
        model = CrossConformalRegressor(Ridge(), confidence_level=0.9)
        print(f"  {name}: {told(lambda m=model, y=targets: m.fit_conformalize(X, y).predict_interval(X))}")


def main() -> None:
    """Print what is installed, and what it does."""
    warnings.simplefilter("ignore")
    print(", ".join(f"{package} {version(package)}" for package in PACKAGES if version(package)))
    for package, try_it in zip(
        ("scikit-learn", "skglm", "celer", "adelie", "xgboost", "catboost", "mapie"),
        (scikit_learn, skglm, celer, adelie, xgboost, catboost, mapie),
        strict=True,
    ):
        print(package if version(package) else f"{package}: not installed")
        if version(package):
            try_it()


if __name__ == "__main__":
    main()
