"""Where chips start; the expected numbers were counted by hand on squared paper."""

from __future__ import annotations

import pytest
from polychip_qgis.chips import (
    Chip,
    ChipLayout,
    PixelGrid,
    chips,
    corners,
    rows_and_columns,
    starts,
)


@pytest.mark.parametrize(
    ("length", "size", "stride", "pad", "shift", "drop"),
    [
        (8, 4, 4, [0, 4], [0, 4], [0, 4]),
        (9, 4, 4, [0, 4, 8], [0, 4, 5], [0, 4]),
        (4, 4, 4, [0], [0], [0]),
        (3, 4, 4, [0], [0], []),
        (12, 4, 3, [0, 3, 6, 9], [0, 3, 6, 8], [0, 3, 6]),
        (10, 4, 3, [0, 3, 6], [0, 3, 6], [0, 3, 6]),
        (11, 4, 6, [0, 6], [0, 6], [0, 6]),
        (14, 4, 6, [0, 6, 12], [0, 6, 10], [0, 6]),
    ],
)
def test_chips_start_where_the_edge_rule_says(length, size, stride, pad, shift, drop):
    assert starts(length, ChipLayout(size, stride, "pad")) == pad
    assert starts(length, ChipLayout(size, stride, "shift")) == shift
    assert starts(length, ChipLayout(size, stride, "drop")) == drop


@pytest.mark.parametrize("edge", ["pad", "shift"])
def test_every_pixel_lies_in_a_chip_unless_the_edge_is_dropped(edge):
    for length in range(1, 40):
        for size in range(1, 12):
            for stride in range(1, size + 1):
                covered = {
                    s + k
                    for s in starts(length, ChipLayout(size, stride, edge))
                    for k in range(size)
                }
                assert set(range(length)) <= covered, (length, size, stride)


def test_dropped_and_shifted_chips_never_leave_the_image():
    for edge in ("drop", "shift"):
        for length in range(8, 40):
            for stride in range(1, 12):
                assert all(
                    0 <= s <= length - 8 for s in starts(length, ChipLayout(8, stride, edge))
                )


def test_chips_come_row_by_row_with_their_pixel_offsets():
    grid = PixelGrid((0.0, 1.0, 0.0, 0.0, 0.0, -1.0), 300, 200)
    layout = ChipLayout(128, 128)
    assert rows_and_columns(grid, layout) == (2, 3)
    assert [tuple(chip) for chip in chips(grid, layout)] == [
        (0, 0, 0, 0), (0, 1, 128, 0), (0, 2, 256, 0),
        (1, 0, 0, 128), (1, 1, 128, 128), (1, 2, 256, 128),
    ]  # fmt: skip


def test_a_chip_id_names_row_and_column_with_seven_digits():
    assert Chip(3, 12, 6144, 1536).chip_id == "r0000003_c0000012"


def test_corners_follow_a_rotated_grid():
    grid = PixelGrid((100.0, 4.0, 3.0, 200.0, 3.0, -4.0), 50, 50)
    assert corners(grid, Chip(0, 1, 10, 0), 10) == [
        (140.0, 230.0),
        (180.0, 260.0),
        (210.0, 220.0),
        (170.0, 190.0),
    ]


def test_corners_follow_a_sheared_grid():
    grid = PixelGrid((100.0, 4.0, 2.0, 200.0, 1.0, -3.0), 50, 50)
    expected = [(140.0, 210.0), (180.0, 220.0), (200.0, 190.0), (160.0, 180.0)]
    assert corners(grid, Chip(0, 1, 10, 0), 10) == expected


@pytest.mark.parametrize(("length", "layout", "message"), [
    (10, ChipLayout(0, 1), "size 0"),
    (10, ChipLayout(4, 0), "stride 0"),
    (0, ChipLayout(4, 4), "length 0"),
    (10, ChipLayout(4, 4, "wrap"), "'wrap' is not one of pad, shift, drop"),
])  # fmt: skip
def test_a_layout_that_makes_no_sense_is_refused(length, layout, message):
    with pytest.raises(ValueError, match=message):
        starts(length, layout)
