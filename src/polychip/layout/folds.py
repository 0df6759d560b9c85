"""Folds of a cross-validation: their names, and who trains where; pure."""

from collections.abc import Collection, Mapping


def fold_names(folds: int) -> tuple[str, ...]:
    """The names 'fold0', 'fold1' and so on."""
    return tuple(f"fold{number}" for number in range(folds))


def train_list(name: str) -> str:
    """Name of the list of chips to train on while a fold is held back."""
    return f"{name}-train"


def chip_lists(ids: Mapping[str, Collection[str]], *, kfold: bool) -> dict[str, list[str]]:
    """The lists of chip ids to be written, each sorted, by name.

    Args:
        ids: of each split.
        kfold: whether the splits are folds; then each gets a second list, of all other folds.
    """
    lists = {name: sorted(mine) for name, mine in ids.items()}
    if kfold:
        for name in ids:
            others = {chip_id for other, mine in ids.items() if other != name for chip_id in mine}
            lists[train_list(name)] = sorted(others)
    return lists
