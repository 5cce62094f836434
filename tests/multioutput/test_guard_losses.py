"""The standard error of a guard's saving is that of a ratio: the loss it is a share of is uncertain as well."""

from types import SimpleNamespace

import numpy as np
import pytest

from skmtl.multioutput._guard_losses import saving


def study(rows, unit, weight=None):
    """The two things of a study that a saving reads: the entries of each outcome, and the unit of each row."""
    entries = SimpleNamespace(rows=rows, weight_of=lambda t: None if weight is None else weight[t])
    return SimpleNamespace(unit=unit, entries=entries)


@pytest.mark.parametrize("true", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("trial", [False, True])
def test_the_error_is_the_spread_over_tables(true, trial):
    """A candidate that loses a fixed share less everywhere is known well, however heavy-tailed the losses are.

    In a trial two losses are compared that both differ from the loss they are a share of.
    """
    rng = np.random.default_rng(0)
    found = []
    for _ in range(600):
        base = rng.standard_t(5, size=60) ** 2
        old = 0.8 * base + 0.02 * rng.normal(size=60) if trial else base
        new = old - true * base + 0.02 * rng.normal(size=60)
        found.append(saving(study([np.arange(60)], np.arange(60)), {0: base}, {0: old}, {0: new}))
    shares = np.array([one.share for one in found])
    assert shares.mean() == pytest.approx(true, abs=0.001)
    assert np.mean([one.error for one in found]) == pytest.approx(shares.std(), rel=0.1)


def test_the_error_is_that_of_the_jackknife_over_patients():
    """Several outcomes, weights, missing entries, patients with several rows: leave one patient out at a time."""
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(150), 2)
    patient = rng.normal(size=150)[unit]
    rows = [np.flatnonzero(rng.random(300) < seen) for seen in (0.5, 0.9, 1.0)]
    base, old, new, weight = {}, {}, {}, []
    for t, own in enumerate(rows):
        base[t] = (patient[own] + rng.normal(size=own.size)) ** 2
        old[t] = base[t] * rng.uniform(0.6, 1.2, own.size)
        new[t] = old[t] * rng.uniform(0.4, 1.0, own.size)
        weight.append(rng.uniform(0.2, 2.0, own.size))

    def without(left_out):
        keep = [unit[own] != left_out for own in rows]
        cut = [{t: one[t][k] for t, k in enumerate(keep)} for one in (base, old, new)]
        kept, left = ([one[k] for one, k in zip(ones, keep, strict=True)] for ones in (rows, weight))
        return saving(study(kept, unit, left), *cut).share

    left_out = np.array([without(one) for one in range(150)])
    jackknife = np.sqrt(149 / 150 * ((left_out - left_out.mean()) ** 2).sum())
    assert saving(study(rows, unit, weight), base, old, new).error == pytest.approx(jackknife, rel=0.03)


def test_outcomes_without_loss_and_single_patients():
    base, new = {0: np.ones(4), 1: np.zeros(4)}, {0: np.full(4, 0.5), 1: np.zeros(4)}
    found = saving(study([np.arange(4)] * 2, np.arange(4)), base, base, new)
    assert (found.share, found.error) == (0.25, 0.0)
    alone = saving(study([np.arange(4)] * 2, np.zeros(4, dtype=int)), base, base, new)
    assert alone.error == np.inf
    assert not alone.passes("one_se")
    assert alone.passes("min")
