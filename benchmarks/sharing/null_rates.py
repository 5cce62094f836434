"""How often is "helped" or "hurt" wrong, and how often does the interval of a gain cover it?

    python benchmarks/sharing/null_rates.py [--quick] [--designs features,halves,...] [--share 0.5]

Simulated tables (10 features, outcomes with noise of variance 1 that correlates 0.5; for the power 100 features and
independent noise), ridge models in closed form, strengths chosen by leave-one-out inside every training part; gains,
intervals and verdicts by the functions behind `Comparison.summary`. Coefficients of the tasks have nothing in common
but in the last design. Designs, candidate against baseline:

features     ridge on five features against ridge on the other five, equally good: the gain is 0
halves       ridge on a random half of the training part against ridge on another: the gain is 0
independent  ridge pulled towards the mean task, how much chosen with the strength, against ridge per task. The gain is
             about 0, its truth taken from large simulation
forced       the same, but the pull is fixed: sharing hurts
shared       coefficients are a common part and a smaller one per task, pull chosen: sharing helps (power over n)

The true gain is 1 - E L/E L₀ over training sets of the size of the training parts (4/5 of n), risks in closed form.
Columns: true gain in percent (mean over outcomes); cover, the rate at which the 95% interval covers it, per outcome
and for the overall gain; wrong, the rate of a wrong word per outcome at level 0.05 without adjustment ("helped" or
"hurt" where the truth is 0 within two standard errors of its simulation, else the wrong sign); any, the rate of
tables with a wrong word on any outcome after Holm; then the rates of right words per outcome, without adjustment and
after Holm, and for the overall gain.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from skmtl.model_selection import _compare_gains
from skmtl.model_selection._compare_gains import Losses, bootstrap, corrected_t, tabulate
from skmtl.model_selection._compare_verdicts import adjust_p

K = 5
ALPHAS = np.geomspace(0.1, 1000, 9)
NULLS = ("features", "halves", "independent", "forced")
Fit = tuple[np.ndarray, np.ndarray]


def ridge_paths(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ridge at every strength: coefficients (A, p, T), leave-one-out residuals (A, n, T); and the feature means."""
    centre = X.mean(axis=0)
    U, s, Vt = np.linalg.svd(X - centre, full_matrices=False)
    UY = U.T @ (Y - Y.mean(axis=0))
    shrink = s**2 / (s**2 + ALPHAS[:, None])
    leverage = (U**2) @ shrink.T + 1 / len(X)
    residual = (Y - Y.mean(axis=0)) - np.matmul(U, shrink[:, :, None] * UY)
    return np.matmul(Vt.T, (shrink / s)[:, :, None] * UY), residual / (1 - leverage.T[:, :, None]), centre


def apart(X: np.ndarray, Y: np.ndarray) -> Fit:
    """Ridge per outcome, its strength by leave-one-out."""
    coef, residual, centre = ridge_paths(X, Y)
    W = coef[np.square(residual).sum(axis=1).argmin(axis=0), :, np.arange(Y.shape[1])].T
    return W, Y.mean(axis=0) - centre @ W


def towards_mean(X: np.ndarray, Y: np.ndarray, forced: bool = False) -> Fit:
    """Ridge of the mean outcome and of the deviations from it: on complete tables MeanRegularizedRidge.

    ``forced``: the deviations are punished about thirty times as much as the mean, whatever leave-one-out says.
    """
    mean = Y.mean(axis=1, keepdims=True)
    coef, residual, centre = ridge_paths(X, np.hstack([mean, Y - mean]))
    error = np.square(residual[:, None, :, :1] + residual[None, :, :, 1:]).sum(axis=(2, 3))
    a, b = np.unravel_index(error.argmin(), error.shape)
    if forced:
        a, b = 2, 5
    W = coef[a, :, :1] + coef[b, :, 1:]
    return W, Y.mean(axis=0) - centre @ W


def both(design: str, X: np.ndarray, Y: np.ndarray, rng: np.random.Generator) -> tuple[Fit, Fit]:
    """Baseline and candidate."""
    if design == "halves":
        return tuple(apart(X[half], Y[half]) for half in (rng.permutation(len(X))[: len(X) // 2] for _ in "ab"))
    if design == "features":
        fits = []
        p = X.shape[1]
        for part in (slice(0, p // 2), slice(p // 2, p)):
            W = np.zeros((p, Y.shape[1]))
            W[part], b = apart(X[:, part], Y)
            fits.append((W, b))
        return fits[0], fits[1]
    return apart(X, Y), towards_mean(X, Y, forced=design == "forced")


def coefficients(design: str, T: int, rng: np.random.Generator) -> np.ndarray:
    if design == "shared":
        return 0.15 * rng.normal(size=(100, 1)) + 0.03 * rng.normal(size=(100, T))
    W = 0.3 * rng.normal(size=(10, T))
    if design == "features":
        W[5:] = W[:5]
    return W


def draw(design: str, W: np.ndarray, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    X, T = rng.normal(size=(n, len(W))), W.shape[1]
    common = 0.0 if design == "shared" else 0.5
    noise = np.sqrt(common) * rng.normal(size=(n, 1)) + np.sqrt(1 - common) * rng.normal(size=(n, T))
    return X, X @ W + noise


def true_gain(design: str, W: np.ndarray, n_train: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Gain in expectation over training sets, 0 where it is within two standard errors of 0."""
    if design in ("features", "halves"):
        return np.zeros(W.shape[1])
    risks = np.empty((draws, 2, W.shape[1]))
    for i in range(draws):
        for j, (coef, intercept) in enumerate(both(design, *draw(design, W, n_train, rng), rng)):
            risks[i, j] = np.square(coef - W).sum(axis=0) + intercept**2 + 1
    base, mean = risks.mean(axis=0)
    error = np.std(risks[:, 1] - risks[:, 0], axis=0) / np.sqrt(draws) / base
    return np.where(np.abs(1 - mean / base) < 2 * error, 0, 1 - mean / base)


def out_of_fold(design: str, W: np.ndarray, n: int, repeats: int, rng: np.random.Generator) -> Losses:
    """Losses of baseline and candidate in repeated K-fold cross-validation of one table."""
    X, Y = draw(design, W, n, rng)
    T = W.shape[1]
    loss, unit, fold = [], [], []
    for r in range(repeats):
        order = rng.permutation(n)
        for k in range(K):
            test, train = order[k::K], np.delete(order, np.s_[k::K])
            fits = both(design, X[train], Y[train], rng)
            loss.append(np.stack([np.square(Y[test] - X[test] @ coef - b).ravel() for coef, b in fits], axis=1))
            unit.append(np.repeat(test, T))
            fold.append(np.full(len(test) * T, r * K + k))
    units, entries = np.concatenate(unit), np.concatenate(loss)
    outcome = np.tile(np.arange(T), len(units) // T)
    weight, ratio = np.ones(len(units)), np.full(T, 1 / (K - 1))
    return tabulate(units, np.concatenate(fold), outcome, weight, entries, ratio=ratio, n_units=n)


def judge(losses: Losses, gain: np.ndarray, method: str, draws: int) -> list[float]:
    """Cover, overall cover; wrong words, any after Holm; right words, with Holm, overall."""
    options = {} if method == "corrected_t" else {"n_resamples": draws}
    found, overall = (corrected_t if method == "corrected_t" else bootstrap)(losses, 0, 0.05, **options)
    estimate, low, high, p = (x[:, 1] for x in found)
    said, after = np.sign(estimate) * (p < 0.05), np.sign(estimate) * (adjust_p(p) < 0.05)
    return [
        np.mean((low <= gain) & (gain <= high)),
        float(overall.low[1] <= gain.mean() <= overall.high[1]),
        np.mean((said != 0) & (said != np.sign(gain))),
        float(np.any((after != 0) & (after != np.sign(gain)))),
        np.mean((said == np.sign(gain)) & (gain != 0)),
        np.mean((after == np.sign(gain)) & (gain != 0)),
        float(overall.p[1] < 0.05 and overall.gain[1] * gain.mean() > 0),
    ]


def simulate(design: str, n: int, T: int, repeats: int, tables: int, args: argparse.Namespace) -> None:
    rng = np.random.default_rng([args.seed, n, T])
    W = coefficients(design, T, rng)
    gain = true_gain(design, W, n - n // K, 10 * tables, rng)
    methods = ("corrected_t", "bootstrap")
    rates = {method: np.zeros(7) for method in methods}
    for _ in range(tables):
        losses = out_of_fold(design, W, n, repeats, rng)
        for method in methods:
            rates[method] += np.array(judge(losses, gain, method, args.resamples)) / tables
    cv = f"{repeats}x{K}" if repeats > 1 else str(K)
    for method in methods:
        cover, overall, wrong, any_wrong, right, right_holm, right_overall = rates[method]
        line = (
            f"{design:11s} {n:4d} {T:2d} {cv:>5s}  {method:11s} {100 * gain.mean():+6.2f}  {cover:.3f}   {overall:.3f}"
        )
        line += f"  {wrong:.3f} {any_wrong:.3f}"
        print(line + f"  {right:.3f} {right_holm:.3f}   {right_overall:.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 tables, 2 instead of 10 repeats")
    parser.add_argument("--designs", default=",".join([*NULLS, "shared"]))
    parser.add_argument("--share", type=float, default=None, help="another TRAINING_SHARE")
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=4999)
    parser.add_argument("--cv", default="1,10", help="repeats")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.share is not None:
        _compare_gains.TRAINING_SHARE = args.share
    tables, repeats = (20, (1, 2)) if args.quick else (args.tables, tuple(map(int, args.cv.split(","))))
    print(f"TRAINING_SHARE {_compare_gains.TRAINING_SHARE}, {tables} tables")
    print("design         n  T    cv  interval     gain%  cover overall  wrong   any  right +Holm overall")
    started = time.process_time()
    for design in args.designs.split(","):
        for n in (40, 80, 160, 320, 640) if design == "shared" else (60, 200):
            for T in (5,) if design == "shared" else (3, 8):
                for r in repeats[:1] if design == "shared" else repeats:
                    simulate(design, n, T, r, tables, args)
    print(f"{time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
