"""One answer out of several: majority or STAPLE, each pixel with its support."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_ROUNDS = 200
_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """For each pattern of answers the class that stands, and how well supported it is."""

    winner: Ints
    """(n,) class index; −1 where nobody looked."""
    support: NDArray[np.float64]
    """(n,) 0 to 1."""
    skill: NDArray[np.float64] | None
    """(annotators, classes, classes) by STAPLE: chance of each answer, given the truth."""


def majority(patterns: Ints, n_classes: int, rank: Ints) -> Verdict:
    """The most frequent answer; support is its share of those who looked.

    Args:
        patterns: (n, annotators) class index, or −1.
        n_classes: number of classes.
        rank: (n_classes,) of equally frequent answers the one with the lowest rank wins.
    """
    votes = np.stack([(patterns == k).sum(axis=1) for k in range(n_classes)], axis=1)
    looked = votes.sum(axis=1)
    order = np.lexsort((rank,))
    winner = order[np.argmax(votes[:, order], axis=1)]
    support = votes[np.arange(len(votes)), winner] / np.maximum(looked, 1)
    return Verdict(np.where(looked > 0, winner, -1), support, None)


def staple(patterns: Ints, counts: Ints, n_classes: int, rank: Ints) -> Verdict:
    """Simultaneous truth and performance level estimation, for several classes.

    Expectation maximisation over the patterns of answers, which are few: exact for any image.

    Args:
        patterns: (n, annotators) class index, or −1.
        counts: (n,) pixels of each pattern.
        n_classes: number of classes.
        rank: as in `majority`, which gives the prior.

    Source: Warfield, Zou and Wells 2004, STAPLE, IEEE TMI 23(7).
    """
    first = majority(patterns, n_classes, rank)
    seen = first.winner >= 0
    weight = np.where(seen, counts, 0).astype(np.float64)
    prior = np.bincount(first.winner[seen], weights=weight[seen], minlength=n_classes)
    prior = (prior + 1e-12) / (prior + 1e-12).sum()
    k = patterns.shape[1]
    skill = np.full((k, n_classes, n_classes), 0.1 / max(n_classes - 1, 1))
    skill[:, np.arange(n_classes), np.arange(n_classes)] = 0.9
    belief = np.zeros((len(patterns), n_classes))
    for _ in range(_ROUNDS):
        new = _belief(patterns, skill, prior)
        skill = _skill(patterns, new * weight[:, None], n_classes)
        moved = float(np.abs(new - belief).max(initial=0.0))
        belief = new
        if moved < _STILL:
            break
    winner = np.argmax(belief, axis=1)
    support = belief[np.arange(len(belief)), winner]
    return Verdict(np.where(seen, winner, -1), np.where(seen, support, 0.0), skill)


def _belief(
    patterns: Ints, skill: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Chance of each class for each pattern."""
    log = np.broadcast_to(np.log(prior), (len(patterns), len(prior))).copy()
    for number in range(patterns.shape[1]):
        answered = patterns[:, number] >= 0
        log[answered] += np.log(skill[number][:, patterns[answered, number]].T + 1e-300)
    log -= log.max(axis=1, keepdims=True)
    chance = np.exp(log)
    return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def _skill(patterns: Ints, weight: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """How often each annotator gives each answer, by the truth believed."""
    skill = np.empty((patterns.shape[1], n, n))
    for number in range(patterns.shape[1]):
        for answer in range(n):
            skill[number, :, answer] = weight[patterns[:, number] == answer].sum(axis=0)
        total = skill[number].sum(axis=1, keepdims=True)
        skill[number] = np.where(total > 0, skill[number] / np.where(total > 0, total, 1), 1 / n)
    return skill
