"""Objects of a chip, counted by hand."""

import numpy as np
from pycocotools import mask as coco
from shapely import MultiPolygon, box
from support.pixels import edge_set

from polychip.burn.objects import ChipRuns, objects_of_chips
from polychip.burn.runs import Runs, count_pixels, cut_for_all, paint, scan
from polychip.grid import Window

IMAGE = Window(0, 0, 12, 12)


def chip_runs(chip: Window, runs: Runs, total: np.ndarray, top: np.ndarray) -> ChipRuns:
    return ChipRuns(runs, total, top, IMAGE.shifted(-chip.x_off, -chip.y_off))


def objects_in(chip: Window, polygons: list, ignored: Window | None = None):
    """The objects of a chip where each polygon is one; the last lies on top."""
    edges = edge_set(polygons)
    total = count_pixels(edges, IMAGE, np.arange(edges.n_owners))
    runs = scan(edges, chip)
    top = paint(
        np.zeros((chip.height, chip.width), np.int32), runs, (runs.owner + 1).astype(np.int32)
    )
    if ignored is not None:
        top[ignored.slices_in(chip)] = 0
    [found] = objects_of_chips([chip_runs(chip, runs, total, top)])
    return found


SCENE = [
    box(1, 1, 3, 3),  # 0: 4 px, wholly below 1
    box(0, 0, 5, 4),  # 1: 20 px, of which 2 takes four
    box(4, 0, 6, 4),  # 2: 8 px
    MultiPolygon([box(0, 8, 2, 10), box(9, 9, 12, 12)]),  # 3: 4 + 9 px in two parts
    box(6, 6, 9, 9) - box(7, 7, 8, 8),  # 4: 8 px around a hole
    box(20, 20, 30, 30),  # 5: off the image
]


def test_objects_of_a_chip_that_holds_the_whole_image() -> None:
    found, mask = objects_in(IMAGE, SCENE)
    assert found.number.tolist() == [0, 1, 2, 3, 4]
    assert found.local_id.tolist() == [0, 1, 2, 3, 4], "the hidden object has local id 0"
    assert found.area_px.tolist() == [4, 20, 8, 13, 8]
    assert found.visible_px.tolist() == [0, 16, 8, 13, 8]
    assert found.box.tolist() == [
        [1, 1, 2, 2], [0, 0, 5, 4], [4, 0, 2, 4], [0, 8, 12, 4], [6, 6, 3, 3],
    ]  # fmt: skip
    assert not found.truncated.any()
    assert [int((mask == i).sum()) for i in range(1, 5)] == [16, 8, 13, 8]
    assert mask[7, 7] == 0


def test_full_masks_are_encoded_with_what_is_hidden() -> None:
    found, _ = objects_in(IMAGE, SCENE)
    for text, area, corner in zip(found.rle, found.area_px, found.box, strict=True):
        entry = {"size": [12, 12], "counts": text.encode()}
        assert int(coco.area(entry)) == area
        assert coco.toBbox(entry).tolist() == corner.tolist()
    hidden = coco.decode({"size": [12, 12], "counts": found.rle[0].encode()})
    assert np.argwhere(hidden).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_a_chip_that_cuts_an_object_says_so() -> None:
    found, mask = objects_in(Window(0, 0, 5, 9), SCENE)
    assert found.number.tolist() == [0, 1, 2, 3]
    assert found.area_px.tolist() == [4, 20, 4, 2]
    assert found.visible_px.tolist() == [0, 16, 4, 2]
    assert found.truncated.tolist() == [False, False, True, True]
    assert found.box.tolist() == [[1, 1, 2, 2], [0, 0, 5, 4], [4, 0, 1, 4], [0, 8, 2, 1]]
    assert mask.shape == (9, 5)


def test_what_is_ignored_is_not_visible_and_stays_in_the_area() -> None:
    found, mask = objects_in(IMAGE, SCENE, ignored=Window(6, 0, 6, 12))
    assert found.visible_px.tolist() == [0, 16, 8, 4, 0]
    assert found.local_id.tolist() == [0, 1, 2, 3, 0]
    assert found.area_px.tolist() == [4, 20, 8, 13, 8]
    assert mask[:, 6:].max() == 0


def test_padding_belongs_to_no_object() -> None:
    reaching_out = box(-4, -4, 2, 2)
    found, _ = objects_in(Window(-3, -3, 8, 8), [reaching_out], ignored=Window(-3, -3, 8, 3))
    assert found.area_px.tolist() == [4]
    assert found.box.tolist() == [[3, 3, 2, 2]]
    assert not found.truncated[0]


def test_a_chip_without_objects_has_an_empty_table_and_an_empty_mask() -> None:
    found, mask = objects_in(Window(0, 10, 2, 2), SCENE)
    assert len(found.number) == len(found.rle) == len(found.box) == 0
    assert isinstance(found.rle, list)
    assert not mask.any()
    none = np.empty(0, np.int64)
    bare = ChipRuns(Runs(none, none, none, none), none, np.zeros((2, 2), np.int32), IMAGE)
    [(empty, _)] = objects_of_chips([bare])
    assert empty.rle == []
    assert objects_of_chips([]) == []


def test_many_chips_together_give_what_each_gives_alone() -> None:
    """Overlapping ones, one without objects and one that reaches out of the image among them."""
    edges = edge_set(SCENE)
    total = count_pixels(edges, IMAGE, np.arange(edges.n_owners))
    chips = [Window(x, y, 5, 5) for y in (-2, 0, 4, 9) for x in (-2, 0, 3, 7, 10)]
    asked = []
    for chip in chips:
        runs = scan(edges, chip)
        top = paint(np.zeros((5, 5), np.int32), runs, (runs.owner + 1).astype(np.int32))
        asked.append(chip_runs(chip, runs, total, top))
    together = objects_of_chips(asked)
    assert sum(len(found.number) for found, _ in together) > len(SCENE)
    for one, (found, mask) in zip(asked, together, strict=True):
        [(alone, same)] = objects_of_chips([one])
        for name in ("number", "local_id", "area_px", "visible_px", "box", "truncated"):
            assert np.array_equal(getattr(found, name), getattr(alone, name)), name
        assert found.rle == alone.rle
        assert np.array_equal(mask, same)


def test_runs_cut_for_many_windows_are_those_of_each_window() -> None:
    edges, outer = edge_set(SCENE), Window(-3, -3, 18, 18)
    windows = [Window(x, y, 4, 4) for y in (-3, 0, 2, 11) for x in (-3, -1, 3, 11)]
    together = cut_for_all(scan(edges, outer), outer, windows)
    for window in windows:
        alone = scan(edges, window)
        for name in ("owner", "row", "start", "stop"):
            assert np.array_equal(getattr(together[window], name), getattr(alone, name)), window
