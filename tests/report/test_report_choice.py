"""Which chips the page shows."""

import numpy as np

from polychip.report.choice import Features, choose_groups

SCHEMA = {"classes": [{"name": "water", "code": 1}, {"name": "road", "code": 2}]}


def features(water: list[int], road: list[int], green: list[float], splits: list[str]) -> Features:
    names = list(dict.fromkeys(splits))
    return Features(
        ("mean of green",),
        np.array(green)[:, None],
        {1: np.array(water), 2: np.array(road)},
        np.ones(len(water)),
        np.array([names.index(split) for split in splits], dtype=np.int32),
        names,
    )


def shown(groups: object) -> dict[str, list[tuple[str, int]]]:
    return {g.name: [(c.role, c.index) for c in g.chosen] for g in groups}  # type: ignore[attr-defined]


def test_the_most_the_fewest_and_the_oddest_of_each_split_and_class() -> None:
    chips = features(
        water=[5, 0, 9, 1, 7, 2],
        road=[0, 0, 3, 0, 0, 0],
        green=[10, 11, 10, 11, 90, 10],
        splits=["train", "train", "train", "val", "train", "val"],
    )
    assert shown(choose_groups(chips, SCHEMA, 100)) == {
        "train": [("the most", 2), ("the fewest", 1), ("the oddest", 4)],
        "val": [("the most", 5), ("the fewest", 3)],
        "water": [("the most", 2), ("the fewest", 3), ("the oddest", 4)],
        "road": [("the most", 2)],
    }


def test_what_is_odd_is_told() -> None:
    chips = features([1, 2, 3, 4], [0] * 4, [10, 10, 10, 30], ["train"] * 4)
    [train, *_] = choose_groups(chips, SCHEMA, 100)
    # mean 15, spread sqrt((3 · 25 + 225) / 4) = 8.66: (30 − 15) / 8.66 = 1.7
    assert train.chosen[2].why == "mean of green 1.7 sd above the mean"


def test_few_pictures_show_the_most_of_each_group_first_and_count_the_rest() -> None:
    chips = features(
        [5, 0, 9, 1, 7, 2], [0, 4, 0, 0, 0, 0], [10, 11, 10, 11, 90, 10], ["train"] * 6
    )
    groups = choose_groups(chips, SCHEMA, 2)
    assert shown(groups) == {
        "train": [("the most", 2)],
        "water": [("the most", 2)],
        "road": [("the most", 1)],
    }
    assert [group.left_out for group in groups] == [2, 2, 0]


def test_a_class_without_pixels_has_no_chip() -> None:
    chips = features([5, 1], [0, 0], [1, 1], ["train", "train"])
    assert shown(choose_groups(chips, SCHEMA, 10))["road"] == []
