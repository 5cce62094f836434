"""The sweeps of block coordinate descent over rows, compiled by numba.

The only module of the package that imports numba; others import it on first use. What runs once a call or once in some
sweeps is NumPy (`skmtl.solvers._row_descent`): everything compiled here has to be compiled on the user's machine.
"""

# numba infers the types of what it compiles, and its stubs lack two options of njit.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"

from __future__ import annotations

import math

import numpy as np
from numba import b1, f8, i8, njit, types

# Blocks whose rows are all zero are visited once in so many sweeps.
FULL_EVERY = 5

# Sums may be reordered, so that they run in vector registers. NaN and infinity keep their meaning: the bounds of an
# orthant are infinite, and overflow must reach the caller.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
# Not called from Python: without the wrappers they compile faster.
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _compiled(*signature, **options):
    """``numba.njit`` that keeps what it compiled, where there is a place to keep it."""

    def decorate(function):
        try:
            return njit(*signature, cache=True, **_OPTIONS, **options)(function)
        except RuntimeError:  # a read-only installation, for a user without a home
            return njit(*signature, **_OPTIONS, **options)(function)

    return decorate


_inner = _compiled(**_INNER)


def _fixed(dtype: types.Type, ndim: int) -> types.Array:
    """A C-contiguous array that is only read; one signature then serves read-only and writeable input."""
    return types.Array(dtype, ndim, "C", readonly=True)


@_inner
def _row_norm(u, squares, h, w, l2):
    """Solve r = ‖v‖ at v_t = u_t / (h_t + l2 / r).

    r is the root of 1/f(r) - 1 with f(r) = ‖u / (h r + l2)‖. 1/f is increasing and concave, so that Newton's method
    falls below the root at once and then ascends; (‖u‖ - l2) / max h is below the root and catches a first step that
    falls too far.
    """
    steepest, start = 0.0, 0.0
    for t in range(len(u)):
        steepest = max(steepest, h[t])
        start += w[t] * w[t]
    if steepest == 0.0:
        return 0.0
    lowest = (math.sqrt(squares) - l2) / steepest
    r = max(math.sqrt(start), lowest)
    for _ in range(50):
        f, slope = 0.0, 0.0  # f², and -f f'
        for t in range(len(u)):
            inverse = 1.0 / (h[t] * r + l2)
            part = u[t] * inverse
            f += part * part
            slope += part * part * h[t] * inverse
        step = (math.sqrt(f) - 1.0) * f / slope
        r = max(r + step, lowest)
        if abs(step) <= 1e-13 * r:
            break
    return r


@_inner
def _minimise_row(u, squares, h, level, w, l2, linf):
    """Replace u by argmin_v Σ_t ½ h_t v_t² - u_t v_t + l2 ‖v‖₂ + linf max_t |v_t|; ``squares`` is ‖u‖².

    Coefficients without curvature (nothing is known of them) are zero under such a penalty and stay at w otherwise.
    """
    T = len(u)
    if linf > 0.0:
        # The common bound m of |v| solves Σ_t (|u_t| - h_t m)₊ = linf. The left side is convex, decreasing and
        # piecewise linear: Newton's method from m = 0 is exact after finitely many steps.
        m = 0.0
        while True:
            excess, slope = -linf, 0.0
            for t in range(T):
                rest = abs(u[t]) - h[t] * m
                if rest > 0.0:
                    excess += rest
                    slope += h[t]
            if not excess > 0.0 or slope == 0.0 or m + excess / slope == m:
                break
            m += excess / slope
        for t in range(T):
            size = abs(u[t])
            u[t] = math.copysign(m if size > h[t] * m else size / h[t], u[t]) if h[t] > 0.0 else 0.0
    elif l2 > 0.0:
        factor = 0.0
        if squares > l2 * l2 and level and h[0] > 0.0:
            factor = (1.0 - l2 / math.sqrt(squares)) / h[0]
        elif squares > l2 * l2:
            r = _row_norm(u, squares, h, w, l2)
            for t in range(T):
                u[t] *= r / (h[t] * r + l2)
            return
        for t in range(T):
            u[t] *= factor
    else:
        for t in range(T):
            u[t] = u[t] / h[t] if h[t] > 0.0 else w[t]


@_inner
def _visit_rows(first, shift, active, G, D, H, scale, q, h, level, W, zero, limits, l2, linf, u):
    """Minimise over each row of a block in turn, or the non-zero ones; tell whether all are zero now."""
    T, b = G.shape
    per_task = 1 if H.shape[0] > 1 else 0
    all_zero = True
    for j in range(b):
        row = first + j
        if active and zero[row]:
            continue
        squares = 0.0
        for t in range(T):
            u[t] = scale[t] * G[t, j] + q[row, t] * W[row, t]
            squares += u[t] * u[t]
        if limits.shape[1] > 0:
            squares = 0.0
            for t in range(T):
                value = min(max(u[t], limits[1, row, t]), limits[2, row, t])
                u[t] = math.copysign(max(abs(value) - limits[0, row, t], 0.0), value)
                squares += u[t] * u[t]
        _minimise_row(u, squares, h[row], level[row], W[row], l2[row], linf[row])
        zero[row] = True
        for t in range(T):
            if u[t] != 0.0:
                zero[row] = False
                all_zero = False
            d = u[t] - W[row, t]
            if d != 0.0:
                W[row, t] = u[t]
                D[t, j] += d
                # Views, as a computed index that might be negative keeps the loop out of vector registers.
                gradient, gram_row = G[t], H[t * per_task, row, shift : shift + b]
                for i in range(b):
                    gradient[i] -= d * gram_row[i]
    return all_zero


@_inner
def _push(A, D, first, S, center, table, Z, pushed):
    """Carry the moves D of a block into the table."""
    T, b = D.shape
    m = A.shape[2]
    if A.shape[0] > 1:
        for t in range(T):
            for j in range(b):
                if D[t, j] != 0.0:
                    for i in range(m):
                        table[t, i] -= D[t, j] * A[t, first + j, i]
        return
    np.dot(D, A[0, first : first + b], pushed)
    for t in range(T):
        lift = 0.0
        if center.shape[0] > 0:
            for j in range(b):
                lift += D[t, j] * center[first + j, t]
        for i in range(m):
            pushed[t, i] -= lift
            table[t, i] -= pushed[t, i]
        if S.shape[0] > 0:
            for i in range(m):
                Z[t, i] -= S[t, i] * pushed[t, i]


_SIGNATURE = types.Tuple((i8, f8, b1))(
    *(_fixed(f8, d) for d in (3, 3, 2, 2, 1, 2, 2)),  # A to h
    _fixed(b1, 1),
    *(_fixed(f8, d) for d in (3, 1, 1)),
    *(f8[:, ::1], f8[:, ::1], f8[:, ::1], b1[::1], f8[:, :, ::1], f8[:, :, ::1]),  # W to table_past
    *(i8, i8, f8, i8),
)


@_compiled(_SIGNATURE)
def sweep(
    A,
    H,
    S,
    center,
    scale,
    q,
    h,
    level,
    limits,
    l2,
    linf,
    W,
    table,
    Z,
    quiet,
    W_past,
    table_past,
    block,
    turns,
    tol,
    most,
):
    """At most ``most`` sweeps; the iterates before the first of them are kept in ``W_past``, ``table_past``.

    Returns the number of sweeps, the length of the last, and whether a sweep over all rows was short enough.
    """
    k, T = W.shape
    m = A.shape[2]
    gram = center.shape[0] == 0
    whole = gram and k <= block
    tail = k % block if k % block > 0 else block  # rows of the last block
    G_full, G_tail, D_full, D_tail = (
        np.empty((T, block)),
        np.empty((T, tail)),
        np.empty((T, block)),
        np.empty((T, tail)),
    )
    pushed = np.empty((T, 0 if whole else m))
    u, zero = np.empty(T), np.zeros(k, np.bool_)
    change, full = 0.0, True
    for sweep in range(most):
        for part in range(2):
            past, current = (W_past, W) if part == 0 else (table_past, table)
            if sweep < len(past):
                for i in range(current.shape[0]):
                    for j in range(current.shape[1]):
                        past[sweep, i, j] = current[i, j]
        change = 0.0
        for number in range(len(quiet)):
            if quiet[number] and not full:
                continue
            first = number * block
            b = min(block, k - first)
            G, D = (G_full, D_full) if b == block else (G_tail, D_tail)
            if whole:
                G = table
            elif gram:
                for t in range(T):
                    for j in range(b):
                        G[t, j] = table[t, first + j]
            else:
                np.dot(Z, A[0, first : first + b].T, G)
            for t in range(T):
                for j in range(b):
                    D[t, j] = 0.0
            shift = first if gram else 0
            for turn in range(turns):
                quiet[number] = _visit_rows(
                    first, shift, turn > 0, G, D, H, scale, q, h, level, W, zero, limits, l2, linf, u
                )
            length = 0.0
            for j in range(b):
                for t in range(T):
                    length += h[first + j, t] * D[t, j] * D[t, j]
            change += length
            if length != 0.0 and not whole:
                _push(A, D, first, S, center, table, Z, pushed)
        change = math.sqrt(change)
        small = not change > tol
        if full and small:
            return sweep + 1, change, True
        full = small or (sweep + 1) % FULL_EVERY == 0
    return most, change, False


__all__ = ["sweep"]
