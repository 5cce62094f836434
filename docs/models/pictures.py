"""Draw the pictures of the pages on model families into ``_pictures``.

    python docs/models/pictures.py

Each shows what a penalty does, by the estimators themselves. With X = √p I and one row per feature the objective of a
squared loss is ½ ‖W - V‖² + alpha P(W) for the coefficients V that the outcomes alone would give: nothing but the
penalty moves V, and what is left of it is the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import skmtl.linear_model as lm

FOLDER = Path(__file__).parent / "_pictures"
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.6"


def penalised(model: Any, V: np.ndarray) -> np.ndarray:
    """Coefficients (p, T) that the penalty of a model leaves of V."""
    p = len(V)
    return (
        model.set_params(fit_intercept=False)
        .fit(np.sqrt(p) * np.eye(p), np.sqrt(p) * V)
        .coef_.T
    )


def maps(
    tables: dict[str, np.ndarray], *, columns: str = "outcomes", bound: float = 2.0
) -> Any:
    """Coefficient maps beside each other; an exact zero is white with a dot."""
    import matplotlib.pyplot as plt

    width = 0.6 + 1.75 * len(tables)
    fig, axes = plt.subplots(
        1, len(tables), figsize=(width, 2.9), layout="constrained", sharey=True
    )
    for ax, (name, W) in zip(axes, tables.items(), strict=True):
        image = ax.imshow(W, cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto")
        rows, cols = np.nonzero(W == 0)
        ax.scatter(cols, rows, s=2, color="0.75", linewidths=0)
        ax.set(xticks=[], yticks=[], xlabel=columns)
        ax.set_title(name, fontsize=9)
    axes[0].set_ylabel("features")
    fig.colorbar(image, ax=axes, shrink=0.7).ax.tick_params(labelsize=7)
    return fig


def noise(shape: tuple[int, int], size: float = 0.25) -> np.ndarray:
    """What chance adds to the coefficients of separate outcomes."""
    return size * np.random.default_rng(0).normal(size=shape)


def rows_in_use() -> np.ndarray:
    """Four features of twelve act on all of eight outcomes, one on two of them."""
    rng = np.random.default_rng(1)
    V = np.zeros((12, 8))
    V[[0, 3, 4, 8]] = rng.choice([-1, 1], size=(4, 8)) * rng.uniform(
        0.5, 1.8, size=(4, 8)
    )
    V[10, 2:4] = [1.8, -1.8]
    return V + noise(V.shape)


def lasso() -> Any:
    """Rows in or out, with the variants."""
    V = rows_in_use()
    return maps(
        {
            "by themselves": V,
            "MultiTaskLasso": penalised(lm.MultiTaskLasso(1.0), V),
            "SparseGroupLasso": penalised(
                lm.MultiTaskSparseGroupLasso(0.6, l1_ratio=0.6), V
            ),
            "ElasticNet": penalised(lm.MultiTaskElasticNet(1.2, l1_ratio=0.7), V),
            "LInfLasso": penalised(lm.LInfLassoRegressor(2.5), V),
        }
    )


def ridge() -> Any:
    """Columns that are pulled to their mean, or to their neighbours in a graph."""
    rng = np.random.default_rng(2)
    V = (
        rng.normal(size=(12, 1))
        + np.c_[np.zeros((12, 4)), np.tile(rng.normal(size=(12, 1)), 4)]
    )
    V = V + noise(V.shape, 0.5)
    graph = np.kron(np.eye(2), np.ones((4, 4)) - np.eye(4))
    return maps(
        {
            "by themselves": V,
            "sharing=0": penalised(lm.MeanRegularizedRidge(2.0, sharing=0.0), V),
            "sharing=1": penalised(lm.MeanRegularizedRidge(2.0, sharing=1.0), V),
            "graph of two groups": penalised(
                lm.GraphRegularizedRidge(2.0, sharing=1.0, graph=graph), V
            ),
        }
    )


def low_rank() -> Any:
    """Columns that become mixtures of a few; and their singular values."""
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(3)
    V = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 8)) + noise((12, 8), 0.4)
    W = penalised(lm.TraceNormRegressor(2.0), V)
    fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.9), layout="constrained")
    for ax, table, name in zip(
        axes, [V, W], ["by themselves", "TraceNorm"], strict=False
    ):
        ax.imshow(table, cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto")
        ax.set(xticks=[], yticks=[], xlabel="outcomes", ylabel="features")
        ax.set_title(name, fontsize=9)
    place = np.arange(1, 9)
    axes[2].plot(
        place,
        np.linalg.svd(V, compute_uv=False),
        "s--",
        color=GREY,
        label="by themselves",
    )
    axes[2].plot(
        place, np.linalg.svd(W, compute_uv=False), "o-", color=BLUE, label="TraceNorm"
    )
    axes[2].set(xlabel="singular value", xticks=place, ylim=(-0.3, None))
    axes[2].legend(fontsize=8)
    return fig


def shared_plus_specific() -> Any:
    """A sum of two parts."""
    V = rows_in_use()
    dirty = lm.DirtyRegressor(1.25, shared_norm="l2", shared_ratio=0.65)
    total = penalised(dirty, V)
    return maps(
        {
            "by themselves": V,
            "dirty model": total,
            "= shared part": dirty.shared_coef_.T,
            "+ specific part": dirty.specific_coef_.T,
        }
    )


def robust() -> Any:
    """Columns that do not belong get a part of their own."""
    rng = np.random.default_rng(4)
    V = np.outer(
        rng.normal(size=12), rng.choice([-1, 1], size=8) * rng.uniform(0.7, 1.3, size=8)
    )
    V[:, 5] = 1.3 * rng.normal(size=12)
    V = V + noise(V.shape, 0.3)
    model = lm.RobustLowRankRegressor(3.0, shared_ratio=0.52)
    total = penalised(model, V)
    return maps(
        {
            "by themselves": V,
            "RobustLowRank": total,
            "= shared, low rank": model.shared_coef_.T,
            "+ outlying outcomes": model.specific_coef_.T,
        }
    )


def temporal() -> Any:
    """Effects over visits: drifting, or constant with jumps."""
    import matplotlib.pyplot as plt

    effects = np.zeros((3, 12))
    effects[0] = np.linspace(0.3, 1.6, 12)
    effects[1, 5:] = -1.0
    V = effects + noise(effects.shape, 0.35)
    fig, axes = plt.subplots(
        1, 3, figsize=(7.2, 2.7), layout="constrained", sharey=True
    )
    shown = {
        "by themselves": V,
        '"squared": drifts': penalised(
            lm.TemporalRegressor(0.8, sharing=0.9, l1_ratio=0.2), V
        ),
        '"absolute": jumps': penalised(
            lm.TemporalRegressor(0.5, smoothness="absolute", sharing=0.8), V
        ),
    }
    for ax, (name, W) in zip(axes, shown.items(), strict=True):
        for row, truth, color in zip(W, effects, [BLUE, ORANGE, GREEN], strict=True):
            ax.plot(truth, ":", color=color, linewidth=1)
            ax.plot(row, "o-", color=color, markersize=3)
        ax.set(xlabel="visit", xticks=range(0, 12, 3))
        ax.set_title(name, fontsize=9)
    axes[0].set_ylabel("coefficient (dotted: truth)")
    return fig


def clustered() -> Any:
    """Groups of columns, and the matrix that says so."""
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(5)
    V = rng.normal(size=(12, 3))[:, np.repeat([0, 1, 2], 3)] * rng.uniform(
        0.7, 1.3, size=9
    ) + noise((12, 9), 0.5)
    model = lm.ClusteredTasksRegressor(0.3, n_clusters=3, sharing=0.95)
    W = penalised(model, V)
    fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.9), layout="constrained")
    for ax, table, name in zip(
        axes, [V, W], ["by themselves", "ClusteredTasks"], strict=False
    ):
        ax.imshow(table, cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto")
        ax.set(xticks=[], yticks=[], xlabel="outcomes", ylabel="features")
        ax.set_title(name, fontsize=9)
    axes[2].imshow(model.cluster_matrix_, cmap="RdBu_r", vmin=-0.5, vmax=0.5)
    axes[2].set(xticks=range(9), yticks=range(9), xlabel="outcome", ylabel="outcome")
    axes[2].set_title("cluster_matrix_", fontsize=9)
    return fig


def losses() -> Any:
    """What it costs to predict eta."""
    import matplotlib.pyplot as plt

    from skmtl.losses import make_loss

    eta = np.linspace(-3, 3, 301)
    fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.7), layout="constrained")
    panels = [
        ("a number, y = 0", 0.0, ["squared", "huber", "quantile"]),
        ("two classes, y = 1", 1.0, ["logistic", "squared_hinge"]),
        ("a count, y = 2", 2.0, ["poisson"]),
    ]
    for ax, (title, y, names) in zip(axes, panels, strict=True):
        for name, style in zip(names, ["-", "--", ":"], strict=False):
            loss = make_loss(name)
            value = [
                loss.value(np.array([y]), np.array([point]), np.ones(1))
                for point in eta
            ]
            ax.plot(eta, value, style, label=name)
        ax.set(xlabel="linear predictor", ylim=(0, 5))
        ax.set_title(title, fontsize=9)
        ax.legend(fontsize=8)
    axes[0].set_ylabel("loss")
    return fig


def gaussian_process() -> Any:
    """Two functions drawn together, at three correlations."""
    import matplotlib.pyplot as plt

    x = np.linspace(0, 6, 120)
    kernel = np.exp(-0.5 * (x[:, None] - x) ** 2) + 1e-8 * np.eye(120)
    z = np.linalg.cholesky(kernel) @ np.random.default_rng(9).normal(size=(120, 2))
    fig, axes = plt.subplots(
        1, 3, figsize=(7.2, 2.5), layout="constrained", sharey=True
    )
    for ax, r in zip(axes, [0.0, 0.9, -0.9], strict=True):
        ax.plot(x, z[:, 0], color=BLUE, label="outcome 1")
        ax.plot(
            x,
            r * z[:, 0] + np.sqrt(1 - r**2) * z[:, 1],
            "--",
            color=ORANGE,
            label="outcome 2",
        )
        ax.set(xlabel="x")
        ax.set_title(f"correlation {r:g}", fontsize=9)
    axes[0].legend(fontsize=8)
    return fig


def kernels() -> Any:
    """Curves of three places, from separate to common."""
    import matplotlib.pyplot as plt

    from skmtl.kernel_ridge import MultiTaskKernelRidge

    rng = np.random.default_rng(0)
    place = np.repeat(["A", "B", "C"], [25, 25, 5])
    x = rng.uniform(-3, 3, size=(55, 1))
    y = (
        np.sin(1.5 * x[:, 0])
        + 0.4 * (place == "B") * x[:, 0]
        + 0.25 * rng.normal(size=55)
    )
    grid = np.linspace(-3, 3, 100)[:, None]
    fig, axes = plt.subplots(
        1, 3, figsize=(7.2, 2.7), layout="constrained", sharey=True
    )
    for ax, sharing in zip(axes, [0.0, 0.8, 0.98], strict=True):
        model = MultiTaskKernelRidge(
            0.05, kernel="rbf", gamma=0.7, sharing=sharing
        ).fit(x, y, task=place)
        for name, color, style in zip(
            "ABC", [BLUE, ORANGE, GREEN], ["-", "--", "-."], strict=True
        ):
            ax.plot(x[place == name], y[place == name], "o", color=color, markersize=3)
            ax.plot(
                grid,
                model.predict(grid, task=[name] * 100),
                style,
                color=color,
                label=f"place {name}",
            )
        ax.set(xlabel="x")
        ax.set_title(f"sharing={sharing:g}", fontsize=9)
    axes[0].legend(fontsize=8)
    return fig


def baselines() -> Any:
    """Separate lines, one line, and lines pulled together, for places with few rows."""
    import matplotlib.pyplot as plt
    from sklearn.linear_model import LinearRegression

    from skmtl.multioutput import IndependentTasks, PooledTasks

    rng = np.random.default_rng(7)
    place = np.repeat(["A", "B", "C"], [15, 15, 3])
    x = rng.uniform(0, 1, size=(33, 1))
    y = (
        2 * x[:, 0]
        + np.select([place == "A", place == "B"], [0.0, 0.5], 0.25)
        + 0.35 * rng.normal(size=33)
    )
    models = {
        "IndependentTasks": IndependentTasks(LinearRegression()),
        "PooledTasks": PooledTasks(LinearRegression()),
        "MeanRegularizedRidge": lm.MeanRegularizedRidge(
            0.1, sharing=1.0, share_intercept=True
        ),
    }
    ends = np.array([[0.0], [1.0]])
    fig, axes = plt.subplots(
        1, 3, figsize=(7.2, 2.7), layout="constrained", sharey=True
    )
    for ax, (title, model) in zip(axes, models.items(), strict=True):
        model.fit(x, y, task=place)
        for name, color, style in zip(
            "ABC", [BLUE, ORANGE, GREEN], ["-", "--", "-."], strict=True
        ):
            ax.plot(x[place == name], y[place == name], "o", color=color, markersize=3)
            ax.plot(
                ends,
                model.predict(ends, task=[name] * 2),
                style,
                color=color,
                label=f"place {name}",
            )
        ax.set(xlabel="x")
        ax.set_title(title, fontsize=9)
    axes[0].legend(fontsize=8)
    return fig


PICTURES: dict[str, Callable[[], Any]] = {
    "baselines": baselines,
    "clustered": clustered,
    "gaussian_processes": gaussian_process,
    "kernels": kernels,
    "lasso": lasso,
    "low_rank": low_rank,
    "mean_and_graph": ridge,
    "robust": robust,
    "shared_plus_specific": shared_plus_specific,
    "temporal": temporal,
    "types": losses,
}


def draw_all(folder: Path = FOLDER) -> list[Path]:
    """Draw every picture and return the files."""
    import matplotlib.pyplot as plt

    folder.mkdir(exist_ok=True)
    files = []
    with plt.rc_context({"font.size": 9, "savefig.dpi": 120}):
        for name, draw in PICTURES.items():
            files.append(folder / f"{name}.png")
            figure = draw()
            figure.savefig(files[-1])
            plt.close(figure)
    return files


if __name__ == "__main__":
    print(
        "\n".join(
            f"{file.name} {file.stat().st_size // 1024} kB" for file in draw_all()
        )
    )
