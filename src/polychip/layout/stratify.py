"""Whole items to splits, so that chips and classes come out as asked; pure.

An item is what must stay together: a block of chips, a place, chips that share an object. The
cost of an assignment is how far the shares are off, averaged over chips and classes, and the share
of chips that would be lost where items of different splits meet.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EXHAUSTIVE = 20_000
"""Up to so many assignments, all are tried."""
VISITS = 20_000
"""Items looked at, at most, while an assignment is improved."""
STARTS = 24
"""Beginnings that are improved, one after the other; the best one wins."""
FEW = 1000
"""Further beginnings are tried for so few items, and until so many were looked at."""
PARTNERS = 256
"""Items that one is tried to change places with."""
GAIN = 1e-12


@dataclass(frozen=True, slots=True)
class Borders:
    """Where items meet, shape (borders,) each."""

    a: Ints
    b: Ints
    n_units: Floats
    """Units that are lost when the two items differ in split."""


NO_BORDERS = Borders(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be divided."""

    amounts: Floats
    """Units, then pixels of each class, of each item: shape (items, 1 + classes)."""
    wanted: Floats
    """Share of each split, shape (splits,)."""
    held: Floats
    """Amounts that splits have already, shape (splits, 1 + classes)."""
    attached: Floats
    """Units that are lost unless an item goes to a split, shape (items, splits)."""
    borders: Borders = field(default_factory=lambda: NO_BORDERS)

    def weights(self) -> Floats:
        """Of each column: chips count as much as all classes together; what is absent doesn't."""
        total = self.amounts.sum(axis=0) + self.held.sum(axis=0)
        weight = np.where(total > 0, 1.0, 0.0)
        n_classes = weight[1:].sum()
        if n_classes:
            weight[1:] /= n_classes
        result: Floats = np.divide(weight, 2 * total, out=np.zeros_like(weight), where=total > 0)
        return result


def cost(task: Task, split: NDArray[np.integer]) -> float:
    """How far an assignment is from what is asked for; 0 is perfect."""
    sums = task.held.copy()
    np.add.at(sums, split, task.amounts)
    total = task.amounts.sum(axis=0) + task.held.sum(axis=0)
    off = np.abs(sums - task.wanted[:, None] * total) @ task.weights()
    lost = task.borders.n_units[split[task.borders.a] != split[task.borders.b]].sum()
    chosen = task.attached[np.arange(len(split)), split]
    lost += task.attached.sum() - chosen.sum()
    return float(off.sum() + lost / max(total[0], 1.0))


def even_out(task: Task, split: NDArray[np.int8], order: Ints) -> NDArray[np.int8]:
    """An assignment at least as good as the given one; every split that has an item keeps one.

    Few items: the best of all assignments. Many: items move and change places as long as that
    helps, so that the result is good, not always the best.

    Args:
        task: what is to be divided.
        split: an assignment to begin with, shape (items,).
        order: the items in an order that chance gave; ties are decided by it.
    """
    usable = np.flatnonzero(task.wanted > 0)
    if len(order) * np.log(max(len(usable), 1)) <= np.log(EXHAUSTIVE):
        return _best_of_all(task, split, order, usable)
    best, visits = split, 0
    for start in range(STARTS if len(order) <= FEW else 1):
        begin = split.copy()
        begin[order] = np.roll(split[order], start * len(order) // STARTS)
        search = _Search(task, begin, order, usable)
        found = search.run(VISITS - visits)
        visits += search.visits
        if cost(task, found) < cost(task, best) - GAIN:
            best = found
        if visits >= FEW:
            break
    return best


def _best_of_all(
    task: Task, split: NDArray[np.int8], order: Ints, usable: Ints
) -> NDArray[np.int8]:
    n = len(order)
    digits = np.arange(len(usable) ** n)[:, None] // len(usable) ** np.arange(n)[None, :]
    choices = usable[digits % len(usable)]  # (assignments, items in order)
    has = {int(s) for s in np.unique(split)}
    for s in sorted(has):
        choices = choices[(choices == s).any(axis=1)]
    amounts = task.amounts[order]
    total = task.amounts.sum(axis=0) + task.held.sum(axis=0)
    costs = np.zeros(len(choices))
    for s in range(len(task.wanted)):
        sums = task.held[s] + (choices == s).astype(np.float64) @ amounts
        costs += np.abs(sums - task.wanted[s] * total) @ task.weights()
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    for a, b, n_units in zip(place[task.borders.a], place[task.borders.b], task.borders.n_units,
                             strict=True):  # fmt: skip
        costs += (choices[:, a] != choices[:, b]) * (n_units / max(total[0], 1.0))
    attached = task.attached[order]
    for k in range(n):
        costs -= attached[k, choices[:, k]] / max(total[0], 1.0)
    best = int(costs.argmin())
    costs += task.attached.sum() / max(total[0], 1.0)
    if cost(task, split) <= costs[best] + GAIN:
        return split
    result = split.copy()
    result[order] = choices[best]
    return result


class _Search:
    """Moves and swaps of single items, each of which helps."""

    def __init__(self, task: Task, split: NDArray[np.int8], order: Ints, usable: Ints) -> None:
        self.task, self.order, self.usable = task, order, usable
        self.split = split.astype(np.int64)
        total = task.amounts.sum(axis=0) + task.held.sum(axis=0)
        self.weights, self.goal = task.weights(), task.wanted[:, None] * total
        self.sums = task.held.copy()
        np.add.at(self.sums, self.split, task.amounts)
        self.count = np.bincount(self.split, minlength=len(task.wanted))
        self.n_units = max(total[0], 1.0)
        self.visits = 0
        self._know_borders()

    def _know_borders(self) -> None:
        """Each item's neighbours, and what borders it to each split."""
        borders, n = self.task.borders, len(self.order)
        ends = np.concatenate((borders.a, borders.b))
        others = np.concatenate((borders.b, borders.a))
        units = np.tile(borders.n_units / self.n_units, 2)
        by = np.argsort(ends, kind="stable")
        self.others, self.units = others[by], units[by]
        self.begin = np.searchsorted(ends[by], np.arange(n + 1))
        self.touching = self.task.attached / self.n_units
        np.add.at(self.touching, (ends, self.split[others]), units)

    def run(self, most: int = VISITS) -> NDArray[np.int8]:
        """Until nothing helps any more, or so many items were looked at."""
        idle, n = 0, len(self.order)
        while self.visits < most and idle < n:
            item = int(self.order[self.visits % n])
            changed = self._move(item) or self._swap(item, self.visits)
            idle = 0 if changed else idle + 1
            self.visits += 1
        return self.split.astype(np.int8)

    def _off(self, sums: Floats, of: Ints | int) -> Floats:
        return np.asarray(np.abs(sums - self.goal[of]) @ self.weights)

    def _move(self, item: int) -> bool:
        """Give an item to the split where it helps most, if it helps."""
        here = int(self.split[item])
        there = self.usable[self.usable != here]
        if self.count[here] <= 1 or not len(there):
            return False
        amount = self.task.amounts[item]
        gain = self._off(self.sums[there], there) - self._off(self.sums[there] + amount, there)
        gain += self._off(self.sums[here], here) - self._off(self.sums[here] - amount, here)
        gain += self.touching[item, there] - self.touching[item, here]
        best = int(gain.argmax())
        if gain[best] <= GAIN:
            return False
        self._give(item, int(there[best]))
        return True

    def _swap(self, item: int, turn: int) -> bool:
        """Let an item change places with the one of another split where it helps most."""
        here, n = int(self.split[item]), len(self.order)
        picked = self.order[(turn * 7919 + np.arange(min(n, PARTNERS))) % n]
        others = picked[self.split[picked] != here]
        if not len(others):
            return False
        there = self.split[others]
        change = self.task.amounts[others] - self.task.amounts[item]
        gain = self._off(self.sums[there], there) - self._off(self.sums[there] - change, there)
        gain += self._off(self.sums[here], here) - self._off(self.sums[here] + change, here)
        gain += self.touching[item, there] - self.touching[item, here]
        gain += self.touching[others, here] - self.touching[others, there]
        for k in range(self.begin[item], self.begin[item + 1]):
            gain[others == self.others[k]] -= 2 * self.units[k]  # they still meet
        best = int(gain.argmax())
        if gain[best] <= GAIN:
            return False
        other, target = int(others[best]), int(there[best])
        self._give(item, target)
        self._give(other, here)
        return True

    def _give(self, item: int, split: int) -> None:
        here = int(self.split[item])
        self.sums[here] -= self.task.amounts[item]
        self.sums[split] += self.task.amounts[item]
        self.count[here] -= 1
        self.count[split] += 1
        self.split[item] = split
        mine = slice(self.begin[item], self.begin[item + 1])
        np.subtract.at(self.touching[:, here], self.others[mine], self.units[mine])
        np.add.at(self.touching[:, split], self.others[mine], self.units[mine])
