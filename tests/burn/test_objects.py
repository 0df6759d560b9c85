"""Objects of a chip, counted by hand."""

import numpy as np
from pycocotools import mask as coco
from shapely import MultiPolygon, box
from support.pixels import edge_set

from polychip.burn.objects import chip_objects
from polychip.burn.runs import Runs, count_pixels, paint, scan
from polychip.grid import Window

IMAGE = Window(0, 0, 12, 12)


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
    return chip_objects(runs, total, top, IMAGE.shifted(-chip.x_off, -chip.y_off))


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
    empty, _ = chip_objects(Runs(none, none, none, none), none, np.zeros((2, 2), np.int32), IMAGE)
    assert empty.rle == []
