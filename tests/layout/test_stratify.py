"""Even shares: the best of all assignments where few items are to be divided, never a worse one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polychip.layout import stratify
from polychip.layout.stratify import NO_BORDERS, Borders, Task, cost, even_out


def task_of(amounts, wanted, borders=NO_BORDERS, held=None, attached=None):
    amounts = np.array(amounts, dtype=float)
    n_splits = len(wanted)
    return Task(
        amounts,
        np.array(wanted),
        np.zeros((n_splits, amounts.shape[1])) if held is None else np.array(held, dtype=float),
        np.zeros((len(amounts), n_splits)) if attached is None else np.array(attached, dtype=float),
        borders,
    )


def slow_cost(amounts, wanted, split):
    """Half the sum of what each share is off, for chips and, averaged, for classes."""
    amounts = np.array(amounts, dtype=float)
    off = []
    for column in amounts.T:
        if not column.sum():
            off.append(None)
            continue
        parts = [column[np.array(split) == s].sum() / column.sum() for s in range(len(wanted))]
        off.append(sum(abs(p - w) for p, w in zip(parts, wanted, strict=True)) / 2)
    classes = [value for value in off[1:] if value is not None]
    return off[0] + (sum(classes) / len(classes) if classes else 0)


tables = st.integers(1, 3).flatmap(
    lambda n_classes: st.lists(
        st.tuples(st.integers(1, 5), *[st.integers(0, 30)] * n_classes), min_size=2, max_size=6
    )
)


@settings(deadline=None, max_examples=60)
@given(tables, st.sampled_from([(0.5, 0.5), (0.8, 0.2), (0.6, 0.2, 0.2)]), st.integers(0, 99))
def test_few_items_get_the_best_of_all_assignments(table, wanted, seed):
    n, k = len(table), len(wanted)
    if n < k:
        return
    rng = np.random.default_rng(seed)
    begin = rng.permutation(np.arange(n) % k).astype(np.int8)
    found = even_out(task_of(table, wanted), begin, rng.permutation(n))
    best = min(
        slow_cost(table, wanted, split)
        for split in itertools.product(range(k), repeat=n)
        if set(split) == set(range(k))
    )
    assert slow_cost(table, wanted, found) == pytest.approx(best, abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.integers(12, 60), st.integers(0, 99))
def test_many_items_never_come_out_worse_and_no_split_ends_empty(n, seed):
    rng = np.random.default_rng(seed)
    amounts = np.column_stack(
        (rng.integers(1, 5, n), rng.integers(0, 90, n), rng.integers(0, 9, n))
    )
    a, b = np.triu_indices(n, 1)
    near = np.flatnonzero((b - a) == 1)
    met = Borders(a[near], b[near], rng.integers(0, 3, len(near)).astype(float))
    task = task_of(amounts, (0.7, 0.2, 0.1), met, attached=rng.integers(0, 2, (n, 3)))
    begin = (np.arange(n) % 3).astype(np.int8)
    found = even_out(task, begin, rng.permutation(n))
    assert cost(task, found) <= cost(task, begin)
    assert set(found.tolist()) == {0, 1, 2}


def test_the_search_keeps_its_sums_right(monkeypatch):
    """What it believes at its end is what the slow way counts."""
    rng = np.random.default_rng(5)
    amounts = np.column_stack((np.ones(40), rng.integers(0, 90, (40, 2))))
    a = np.arange(39)
    task = task_of(amounts, (0.5, 0.3, 0.2), Borders(a, a + 1, np.ones(39)))
    search = stratify._Search(
        task, (np.arange(40) % 3).astype(np.int8), np.arange(40), np.arange(3)
    )
    found = search.run()
    sums = np.array([amounts[found == s].sum(axis=0) for s in range(3)])
    assert np.allclose(search.sums, sums)
    touching = np.zeros((40, 3))
    for i, j in zip(a, a + 1, strict=True):
        touching[i, found[j]] += 1 / 40
        touching[j, found[i]] += 1 / 40
    assert np.allclose(search.touching, touching)


def test_a_rare_class_is_shared_out_where_chip_counts_alone_would_not():
    """Six blocks, two of which hold water: each half gets one of them."""
    table = [(4, 0), (4, 50), (4, 0), (4, 50), (4, 0), (4, 0)]
    begin = np.array([0, 1, 0, 1, 0, 1], dtype=np.int8)  # all water on one side, chips even
    found = even_out(task_of(table, (0.5, 0.5)), begin, np.arange(6))
    assert sorted(found[[1, 3]].tolist()) == [0, 1]
    assert np.bincount(found).tolist() == [3, 3]


def test_what_a_split_holds_already_counts():
    found = even_out(
        task_of([(1, 10), (1, 0)], (0.5, 0.5), held=[[1, 10], [1, 0]]),
        np.array([0, 1], dtype=np.int8),
        np.arange(2),
    )
    assert found.tolist() == [1, 0]  # the class goes to where none is


def test_an_item_follows_the_neighbour_that_it_would_lose_chips_to():
    found = even_out(
        task_of([(4,), (4,)], (0.5, 0.5), attached=[[0, 3], [3, 0]]),
        np.array([0, 1], dtype=np.int8),
        np.arange(2),
    )
    assert found.tolist() == [1, 0]
