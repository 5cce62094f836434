"""What the splitters guarantee, over random tables, against counts of rows and groups and an integer program."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

from skmtl.exceptions import TaskDataError
from skmtl.model_selection import MultiTaskKFold, RepeatedMultiTaskKFold, multitask_train_test_split

# ---------------------------------------------------------------------------------------------------------
# Random tables and what has to hold for them, by definition


@dataclass
class Table:
    y: np.ndarray
    groups: np.ndarray | None
    task: np.ndarray | None
    n_splits: int

    @property
    def given(self):
        return {"groups": self.groups, "task": self.task}

    @property
    def item(self):
        return np.arange(len(self.y)) if self.groups is None else np.unique(self.groups, return_inverse=True)[1]


def random_table(seed):
    """Numbers, rare events, labels; few or many rows; groups or none; wide or rows of tasks."""
    rng = np.random.default_rng(seed)
    n, n_splits = int(rng.integers(17, 150)), int(rng.integers(2, 7))
    groups = None
    if rng.random() < 0.5:
        sizes = rng.geometric(rng.choice([0.2, 0.5, 0.8]), n)
        groups = rng.permutation(np.repeat(rng.permutation(n), sizes)[:n])
    if rng.random() < 0.4:
        n_tasks = int(rng.integers(2, 9))
        task = rng.choice(n_tasks, n, p=rng.dirichlet(np.full(n_tasks, 2.0)))
        rate = rng.choice([0.03, 0.2])
        y = rng.standard_normal(n) if rng.random() < 0.4 else (rng.random(n) < rate).astype(float)
        y[rng.random(n) < rng.choice([0.0, 0.2])] = np.nan
        if rng.random() < 0.3:
            y = np.array([None if np.isnan(v) else f"c{v > 0:d}" for v in y], dtype=object)
        return Table(y, groups, np.array([f"site {t}" for t in task]), n_splits)
    n_tasks = int(rng.integers(1, 9))
    y = rng.standard_normal((n, n_tasks))
    for t in range(n_tasks):
        if rng.random() < 0.5:
            y[:, t] = rng.random(n) < rng.choice([0.02, 0.1, 0.4])
    rates = rng.choice([0.0, 0.3, 0.6, 0.95], n_tasks, p=[0.3, 0.3, 0.25, 0.15])
    y[rng.random((n, n_tasks)) < rates] = np.nan
    return Table(y, groups, None, n_splits)


def missing(values):
    return np.array([v is None or v != v for v in values.tolist()])


def has_classes(values):
    """Labels, or two numbers of which one occurs twice."""
    values = values[~missing(values)].tolist()
    return len(set(values)) > 1 and (isinstance(values[0], str) or (len(set(values)) == 2 < len(values)))


def masks(table):
    """By definition: what every training part must have, and what every part should have; name -> rows (bool)."""
    y, must, should = table.y, {}, {}
    if table.task is None:
        for t in range(y.shape[1]):
            must[f"task {t}"] = ~missing(y[:, t])
            for label in np.unique(y[:, t][~missing(y[:, t])]) if has_classes(y[:, t]) else []:
                must[f"class {label} of task {t}"] = y[:, t] == label
        return must, must
    for name in np.unique(table.task).tolist():
        must[f"task '{name}'"] = (table.task == name) & ~missing(y)
    for label in set(y[~missing(y)].tolist()) if has_classes(y) else ():
        must[f"class {label!r} of the outcome"] = y == label
        for name in np.unique(table.task).tolist():
            within = (y == label) & (table.task == name)
            if within.any():
                should[f"class {label!r} of task '{name}'"] = within
    return must, must | should


def in_items(table, mask):
    """How many rows, or groups, hold a mask."""
    return np.unique(table.item[mask]).size


def in_parts(fold, mask, n_splits):
    """In how many folds a mask occurs."""
    return np.unique(fold[mask]).size if n_splits else 0


def fold_of(parts, n):
    fold = np.full(n, -1)
    for k, (train, test) in enumerate(parts):
        assert test.size
        assert np.all(fold[test] == -1)
        fold[test] = k
        np.testing.assert_array_equal(np.setdiff1d(np.arange(n), test), train)
    assert np.all(fold >= 0)
    return fold


def caught_call(call):
    with warnings.catch_warnings(record=True, action="always") as caught:
        result = call()
    return result, [str(w.message) for w in caught]


def jointly_possible(table, wanted, n_folds):
    """Whether some assignment of items to folds has each mask in so many folds, by an integer program.

    Variables x_ik (item i in fold k) and z_ck (mask c counted in fold k); wanted: name -> (mask, folds that count,
    how many of them).
    """
    n_items = table.item.max() + 1
    n_x, n_z = n_items * n_folds, len(wanted) * n_folds
    one_fold = sparse.hstack(
        [sparse.kron(sparse.identity(n_items), np.ones((1, n_folds))), sparse.csr_array((n_items, n_z))]
    )
    holds = np.zeros((len(wanted), n_items))
    for c, (mask, _, _) in enumerate(wanted.values()):
        holds[c, table.item[mask]] = 1
    held = sparse.hstack([sparse.kron(holds, sparse.identity(n_folds)), -sparse.identity(n_z)])
    countable = np.zeros((len(wanted), n_z))
    for c, (_, folds, _) in enumerate(wanted.values()):
        countable[c, [c * n_folds + k for k in folds]] = 1
    enough = sparse.hstack([sparse.csr_array((len(wanted), n_x)), sparse.csr_array(countable)])
    rules = [
        LinearConstraint(sparse.csc_array(one_fold), 1, 1),
        LinearConstraint(sparse.csc_array(held), 0, np.inf),
        LinearConstraint(sparse.csc_array(enough), [how_many for _, _, how_many in wanted.values()], np.inf),
    ]
    result = milp(np.zeros(n_x + n_z), constraints=rules, integrality=np.ones(n_x + n_z), bounds=(0, 1))
    assert result.status in (0, 2)
    return result.status == 0


# ---------------------------------------------------------------------------------------------------------
# K folds


@pytest.mark.parametrize("seed", range(200))
def test_folds_of_random_tables(seed):
    table = random_table(seed)
    n, n_splits = len(table.y), table.n_splits
    must, should = masks(table)
    shuffle = bool(seed % 2)
    cv = MultiTaskKFold(n_splits, shuffle=shuffle, random_state=seed if shuffle else None)

    def split():
        return list(cv.split(np.zeros((n, 1)), table.y, **table.given))

    if table.item.max() + 1 < n_splits:
        with pytest.raises(TaskDataError, match="Cannot have number of splits"):
            split()
        return
    unknown = {name for name, mask in must.items() if in_items(table, mask) < 2}
    if unknown:
        # It names one of those that cannot be known, and how often it occurs.
        with pytest.raises(TaskDataError) as error:
            split()
        text = str(error.value)
        assert any(text.lower().startswith(name.lower() + " has") for name in unknown)
        assert any(f" {must[name].sum()} observed" in text or "no observed" in text for name in unknown)
        return

    parts, texts = caught_call(split)
    fold = fold_of(parts, n)
    assert all(np.unique(fold[table.item == i]).size == 1 for i in range(table.item.max() + 1))
    assert all(in_parts(fold, mask, n_splits) >= 2 for mask in must.values())
    short = {name for name, mask in should.items() if in_parts(fold, mask, n_splits) < n_splits}
    assert bool(short) == bool(texts)
    assert len(texts) <= 1
    if short:
        named = [name for name in short if texts[0].lower().startswith(name.lower() + " has")]
        assert f" {should[named[0]].sum()} observed" in texts[0]
    # Less than what each column could have by itself only where they cannot all have it.
    best = {name: min(n_splits, in_items(table, mask)) for name, mask in should.items()}
    if any(in_parts(fold, mask, n_splits) < best[name] for name, mask in should.items()):
        wanted = {name: (mask, range(n_splits), best[name]) for name, mask in should.items()}
        assert not jointly_possible(table, wanted, n_splits)
    if table.groups is None:
        assert np.ptp(np.bincount(fold)) <= 1


def test_the_random_tables_are_of_all_kinds():
    kinds = {"wide": 0, "rows": 0, "groups": 0, "error": 0, "warning": 0, "all parts": 0}
    for seed in range(200):
        table = random_table(seed)
        must, should = masks(table)
        kinds["wide" if table.task is None else "rows"] += 1
        kinds["groups"] += table.groups is not None
        least = min(in_items(table, mask) for mask in must.values())
        fewest = min(in_items(table, mask) for mask in should.values())
        kinds["error" if least < 2 else "warning" if fewest < table.n_splits else "all parts"] += 1
    assert min(kinds.values()) >= 25, kinds


@pytest.mark.parametrize("seed", range(0, 200, 8))
def test_repeats_keep_every_guarantee(seed):
    table = random_table(seed)
    n, n_splits = len(table.y), table.n_splits
    must, should = masks(table)
    cv = RepeatedMultiTaskKFold(n_splits, n_repeats=3, random_state=seed)

    def split():
        return list(cv.split(np.zeros((n, 1)), table.y, **table.given))

    if table.item.max() + 1 < n_splits or any(in_items(table, mask) < 2 for mask in must.values()):
        with pytest.raises(TaskDataError):
            split()
        return
    parts, texts = caught_call(split)
    assert len(parts) == cv.get_n_splits() == 3 * n_splits
    assert len(texts) <= 1
    for repeat in range(3):
        fold = fold_of(parts[repeat * n_splits : (repeat + 1) * n_splits], n)
        assert all(np.unique(fold[table.item == i]).size == 1 for i in range(table.item.max() + 1))
        assert all(in_parts(fold, mask, n_splits) >= 2 for mask in must.values())
        if not texts:
            assert all(in_parts(fold, mask, n_splits) == n_splits for mask in should.values())


# ---------------------------------------------------------------------------------------------------------
# Folds do not depend on names and order


@pytest.mark.parametrize("seed", range(0, 60))
def test_names_and_order_of_tasks_and_groups_do_not_matter(seed):
    table = random_table(1000 + seed)
    rng = np.random.default_rng(seed)
    n, cv = len(table.y), MultiTaskKFold(table.n_splits, shuffle=True, random_state=seed)

    def folds(y, groups, task):
        try:
            return fold_of(caught_call(lambda: list(cv.split(np.zeros((n, 1)), y, groups, task)))[0], n)
        except TaskDataError:
            return None

    want = folds(table.y, table.groups, table.task)
    y, groups, task = table.y, table.groups, table.task
    if groups is not None:
        groups = rng.permutation(5 * n)[groups]
    if task is None:
        y = y[:, rng.permutation(y.shape[1])]
    else:
        names = np.unique(task)
        other = dict(zip(names, rng.permutation(names), strict=True))
        task = np.array([other[name] for name in task])
    np.testing.assert_array_equal(folds(y, groups, task), want)
    np.testing.assert_array_equal(folds(table.y, table.groups, table.task), want)


# ---------------------------------------------------------------------------------------------------------
# One training and one test part


@pytest.mark.parametrize("seed", range(120))
def test_training_and_test_part_of_random_tables(seed):
    table = random_table(2000 + seed)
    n = len(table.y)
    must, should = masks(table)
    rng = np.random.default_rng(seed)
    sizes = {"test_size": rng.choice([0.2, 0.25, 0.5])}
    if seed % 4 == 0:
        sizes["train_size"] = 0.4

    def split():
        rows = np.arange(n)
        return multitask_train_test_split(rows, table.y, random_state=seed, **table.given, **sizes)

    if any(in_items(table, mask) < 1 for mask in must.values()):
        with pytest.raises(TaskDataError, match="has no observed entry: drop it"):
            split()
        return
    (train, test, _, _), texts = caught_call(split)
    fold = np.full(n, 2)
    fold[train], fold[test] = 0, 1
    assert np.intersect1d(train, test).size == 0
    assert all(np.unique(fold[table.item == i]).size == 1 for i in range(table.item.max() + 1))
    assert all(mask[train].any() for mask in must.values())
    lacking = {name for name, mask in should.items() if not mask[test].any()}
    lacking |= {name for name, mask in should.items() if not mask[train].any()}
    if table.groups is None:
        assert (train.size, test.size) == (int(0.4 * n) if "train_size" in sizes else n - test.size, test.size)
        assert test.size == np.ceil(sizes["test_size"] * n)
    in_test = {name for name, mask in should.items() if not mask[test].any()}
    assert bool(texts) == bool(in_test)
    if texts:
        named = [name for name in in_test if texts[0].lower().startswith(name.lower() + " has")]
        assert f" {should[named[0]].sum()} observed" in texts[0]
    if any(in_items(table, should[name]) >= 2 for name in lacking):
        wanted = {name: (mask, [0], 1) for name, mask in must.items()}
        wanted |= {
            f"{name}, {fold}": (mask, [fold], 1)
            for name, mask in should.items()
            for fold in (0, 1)
            if in_items(table, mask) >= 2
        }
        assert not jointly_possible(table, wanted, 2)
