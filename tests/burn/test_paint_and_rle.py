"""Painting in order, merging runs, and COCO's run-length encoding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco
from shapely import box
from support.pixels import cover, edge_set, random_polygons

from polychip.burn import runs as runs_module
from polychip.burn.rle import encode
from polychip.burn.runs import Runs, merge, paint, scan
from polychip.grid import Window


def runs_of(*rows: tuple[int, int, int, int]) -> Runs:
    """Runs given as (owner, row, start, stop)."""
    return Runs(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))


def test_later_runs_lie_over_earlier_ones() -> None:
    canvas = np.zeros((2, 4), dtype=np.uint8)
    runs = runs_of((0, 0, 0, 4), (0, 1, 0, 2), (1, 0, 1, 3), (2, 0, 2, 3))
    paint(canvas, runs, np.array([5, 5, 6, 7], dtype=np.uint8))
    assert canvas.tolist() == [[5, 6, 7, 5], [5, 5, 0, 0]]


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_of_painting_give_the_same_picture(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(0, 0, 50, 40)
    runs = scan(edge_set(random_polygons(np.random.default_rng(seed), 50, 12)), window)
    values = (runs.owner * 7 + 1).astype(np.uint16)
    pictures = []
    for long_run in (0, 10**9):  # always run by run; always pixel by pixel
        monkeypatch.setattr(runs_module, "_LONG_RUN", long_run)
        pictures.append(paint(np.zeros((40, 50), np.uint16), runs, values))
    assert pictures[0].any()
    assert np.array_equal(*pictures)
    by_hand = np.zeros((40, 50), np.uint16)
    for number, layer in enumerate(cover(runs, 12, window)):
        by_hand[layer > 0] = number * 7 + 1
    assert np.array_equal(pictures[0], by_hand)


def test_merging_joins_what_overlaps_or_touches_and_nothing_else() -> None:
    window = Window(0, 0, 10, 3)
    first = runs_of((0, 0, 0, 3), (0, 0, 8, 10), (1, 0, 0, 2), (1, 2, 9, 10))
    second = runs_of((0, 0, 2, 5), (0, 0, 5, 6), (0, 1, 0, 1), (1, 0, 3, 4), (2, 0, 0, 10))
    merged = merge([first, second], window)
    got = list(
        zip(*(getattr(merged, n).tolist() for n in ("owner", "row", "start", "stop")), strict=True)
    )
    assert got == [
        (0, 0, 0, 6), (0, 0, 8, 10), (0, 1, 0, 1),
        (1, 0, 0, 2), (1, 0, 3, 4), (1, 2, 9, 10), (2, 0, 0, 10),
    ]  # fmt: skip


def test_a_run_to_the_end_of_a_row_does_not_join_the_next_row() -> None:
    window = Window(0, 0, 4, 2)
    merged = merge([runs_of((0, 0, 2, 4), (0, 1, 0, 2), (1, 0, 0, 4), (1, 1, 0, 4))], window)
    assert merged.row.tolist() == [0, 1, 0, 1]
    assert merged.stop.tolist() == [4, 2, 4, 4]


def coco_counts(mask: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


def masks_to_runs(masks: np.ndarray) -> Runs:
    """Runs of boolean masks (n, height, width), found the slow way."""
    rows = []
    for owner, mask in enumerate(masks):
        for row, line in enumerate(mask):
            padded = np.r_[0, line.astype(int), 0]
            starts = np.flatnonzero(np.diff(padded) == 1)
            stops = np.flatnonzero(np.diff(padded) == -1)
            rows += [(owner, row, int(a), int(b)) for a, b in zip(starts, stops, strict=True)]
    return runs_of(*rows) if rows else runs_of((0, 0, 0, 0)).take(np.zeros(1, bool))


@settings(max_examples=80, deadline=None)
@given(data=st.data(), height=st.integers(1, 9), width=st.integers(1, 9), n=st.integers(1, 4))
def test_rle_is_cocos_own_for_any_masks(
    data: st.DataObject, height: int, width: int, n: int
) -> None:
    bits = data.draw(
        st.lists(st.booleans(), min_size=n * height * width, max_size=n * height * width)
    )
    masks = np.array(bits).reshape(n, height, width)
    assert encode(masks_to_runs(masks), n, height, width) == [coco_counts(mask) for mask in masks]


@pytest.mark.parametrize("shape", [(512, 512), (300, 700), (1, 900), (900, 1)])
def test_rle_of_large_chips_with_empty_full_and_holed_objects(shape: tuple[int, int]) -> None:
    height, width = shape
    masks = np.zeros((5, height, width), dtype=bool)
    masks[1] = True
    masks[2, height // 4 : height // 2 + 1, width // 3 :] = True
    masks[2, height // 3 : height // 3 + 2, width // 2 : width // 2 + 3] = False
    masks[3, -1, -1] = True
    masks[4] = np.random.default_rng(1).random(shape) < 0.5
    counts = encode(masks_to_runs(masks), 5, height, width)
    assert counts == [coco_counts(mask) for mask in masks]
    for text, mask in zip(counts, masks, strict=True):
        entry = {"size": [height, width], "counts": text.encode()}
        assert np.array_equal(coco.decode(entry).astype(bool), mask)
        assert int(coco.area(entry)) == mask.sum()


def test_rle_of_polygons_with_holes_decodes_to_their_pixels() -> None:
    window = Window(5, -3, 60, 50)
    polygons = [
        *random_polygons(np.random.default_rng(9), 55, 8),
        box(10, 5, 40, 40) - box(15, 10, 20, 20) - box(30, 30, 35.5, 36),
        box(500, 500, 501, 501),
        box(-100, -100, 200, 200),
    ]
    runs = scan(edge_set(polygons), window)
    counts = encode(runs, len(polygons), window.height, window.width)
    for text, layer in zip(counts, cover(runs, len(polygons), window), strict=True):
        entry = {"size": [window.height, window.width], "counts": text.encode()}
        assert np.array_equal(coco.decode(entry), layer)


def test_no_object_gives_no_rle() -> None:
    assert encode(runs_of((0, 0, 0, 0)).take(np.zeros(1, bool)), 0, 4, 4) == []


def test_many_short_runs_are_painted_in_lots_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "_PIXELS", 7)
    window = Window(0, 0, 50, 40)
    runs = scan(edge_set(random_polygons(np.random.default_rng(2), 50, 12)), window)
    picture = paint(np.zeros((40, 50), np.uint8), runs, (runs.owner + 1).astype(np.uint8))
    by_hand = np.zeros((40, 50), np.uint8)
    for number, layer in enumerate(cover(runs, 12, window)):
        by_hand[layer > 0] = number + 1
    assert np.array_equal(picture, by_hand)
