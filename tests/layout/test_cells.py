"""Chip cells: coverage, names, and the same place under the same id."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from polychip.crs import to_wkt
from polychip.errors import InputError, RecipeError
from polychip.grid import Grid, Window
from polychip.layout.cells import (
    GRID_ANCHOR_INDEX,
    Cells,
    ChipOptions,
    Lattice,
    check_group_names,
    chip_ids,
    coverage_gap,
    group_lattice,
    plan_cells,
    starts,
)

EDGES = st.sampled_from(["pad", "shift", "drop"])
SMALL = st.integers(1, 12)


def grid(x=0.0, y=0.0, width=20, height=20, *, crs="EPSG:32630", res=10.0):
    return Grid(crs, Affine(res, 0, x, 0, -res, y), height, width)


def options(size=8, stride=None, edge="pad", anchor="image"):
    stride = stride or size
    return ChipOptions(size, size, stride, stride, edge, anchor)


def covered_pixels(lattice: Lattice, cells: Cells, chips: ChipOptions) -> list[np.ndarray]:
    """How many chips hold each pixel of each scene; the slow way."""
    counts = [np.zeros((s.height, s.width), dtype=int) for s in lattice.scenes]
    for scene, x, y in zip(cells.scene, cells.x_off, cells.y_off, strict=True):
        rows, columns = slice(max(0, y), y + chips.height), slice(max(0, x), x + chips.width)
        counts[scene][rows, columns] += 1
    return counts


@st.composite
def groups(draw):
    """A group of one to three scenes with whole-pixel offsets."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        x, y = draw(st.integers(-15, 15)), draw(st.integers(-15, 15))
        found.append((f"s{number}", grid(x * 10, y * 10, draw(SMALL) * 2, draw(SMALL) * 2)))
    return group_lattice("g", found)


@st.composite
def any_options(draw):
    anchor = draw(st.sampled_from(["image", "grid"]))
    edge = draw(EDGES if anchor == "image" else st.sampled_from(["pad", "drop"]))
    return ChipOptions(draw(SMALL), draw(SMALL), draw(SMALL), draw(SMALL), edge, anchor)


@pytest.mark.parametrize(
    ("length", "size", "stride", "pad", "shift", "drop"),
    [
        (10, 5, 5, [0, 5], [0, 5], [0, 5]),
        (11, 5, 5, [0, 5, 10], [0, 5, 6], [0, 5]),
        (12, 10, 5, [0, 5], [0, 2], [0]),
        (5, 10, 5, [0], [0], []),
        (10, 2, 5, [0, 5], [0, 5], [0, 5]),
        (11, 2, 5, [0, 5, 10], [0, 5, 9], [0, 5]),
        (1, 1, 1, [0], [0], [0]),
    ],
)
def test_starts_of_an_axis_counted_by_hand(length, size, stride, pad, shift, drop):
    assert starts(length, size, stride, "pad").tolist() == pad
    assert starts(length, size, stride, "shift").tolist() == shift
    assert starts(length, size, stride, "drop").tolist() == drop


@given(st.integers(1, 60), SMALL, SMALL, EDGES)
def test_starts_ascend_lie_inside_and_end_as_the_edge_says(length, size, stride, edge):
    found = starts(length, size, stride, edge)
    assert (np.diff(found) > 0).all()
    assert ((found >= 0) & (found < length)).all()
    if edge == "drop" or (edge == "shift" and length >= size):
        assert (found + size <= length).all()
    if edge == "pad":
        assert (found % stride == 0).all()
        assert (found[:-1] + size < length).all()  # no chip after the end is covered


@given(groups(), any_options())
def test_every_pixel_is_in_a_chip_or_counted_by_the_coverage_gap(lattice, chips):
    cells = plan_cells(lattice, chips)
    counts = covered_pixels(lattice, cells, chips)
    missing = sum(int((count == 0).sum()) for count in counts)
    total = sum(count.size for count in counts)
    assert coverage_gap(lattice, chips) == pytest.approx(missing / total, abs=1e-12)
    small = chips.stride_y <= chips.height and chips.stride_x <= chips.width
    if small and chips.edge != "drop":
        assert missing == 0


@given(groups(), any_options())
def test_each_chip_cuts_its_scene_and_dropped_edges_are_never_padded(lattice, chips):
    cells = plan_cells(lattice, chips)
    for scene, x, y in zip(cells.scene, cells.x_off, cells.y_off, strict=True):
        own = lattice.scenes[scene]
        chip = Window(x, y, chips.width, chips.height)
        common = chip.intersection(Window(0, 0, own.width, own.height))
        assert not common.is_empty()
        if chips.edge == "drop":
            assert common == chip


@given(groups(), any_options())
def test_a_row_and_column_mean_one_place_in_every_scene_and_come_in_order(lattice, chips):
    cells = plan_cells(lattice, chips)
    offsets = np.array(lattice.offsets)[cells.scene]
    places: dict[tuple[int, int], tuple[int, int]] = {}
    keys = []
    for n in range(len(cells)):
        key = int(cells.row[n]), int(cells.col[n])
        place = int(cells.x_off[n] + offsets[n, 0]), int(cells.y_off[n] + offsets[n, 1])
        assert places.setdefault(key, place) == place
        keys.append((int(cells.scene[n]), *key))
    assert keys == sorted(set(keys))


@given(groups(), SMALL, SMALL, st.sampled_from(["pad", "drop"]))
def test_grid_anchored_cells_of_a_scene_do_not_depend_on_the_other_scenes(
    lattice, size, stride, edge
):
    chips = options(size, stride, edge, "grid")
    together = plan_cells(lattice, chips)
    for index, window in enumerate(lattice.scenes):
        alone = plan_cells(group_lattice("g", [("s", lattice.grid.sub_grid(window))]), chips)
        mine = together.scene == index
        for part in ("row", "col", "x_off", "y_off"):
            assert getattr(together, part)[mine].tolist() == getattr(alone, part).tolist()


def test_grid_anchored_cells_count_from_the_origin_of_the_reference_system():
    cells = plan_cells(
        group_lattice("g", [("a", grid(-50, 30, 10, 10))]), options(8, anchor="grid")
    )
    # Columns -5 to 4 and rows -3 to 6: cells -1 and 0 on both axes.
    assert sorted(set(cells.row.tolist())) == [GRID_ANCHOR_INDEX - 1, GRID_ANCHOR_INDEX]
    assert sorted(set(cells.x_off.tolist())) == [-3, 5]
    assert sorted(set(cells.y_off.tolist())) == [-5, 3]


def test_south_up_grids_can_be_anchored_at_the_origin_too():
    south_up = Grid("EPSG:32630", Affine(10, 0, 160, 0, 10, 80), 8, 8)
    cells = plan_cells(group_lattice("g", [("a", south_up)]), options(8, anchor="grid"))
    assert cells.row.tolist() == [GRID_ANCHOR_INDEX + 1]
    assert cells.col.tolist() == [GRID_ANCHOR_INDEX + 2]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (grid(3, 0), r"0\.300 px off a whole multiple.*give grid\.resolution"),
        (Grid("EPSG:32630", Affine(5 * 3**0.5, -5, 0, 5, 5 * 3**0.5, 0), 8, 8), "rotated"),
    ],
)
def test_grids_that_miss_the_origin_are_refused_as_anchors(bad, message):
    lattice = group_lattice("g", [("a", bad)])
    with pytest.raises(InputError, match=message):
        plan_cells(lattice, options(anchor="grid"))
    assert len(plan_cells(lattice, options())) > 0


def test_rows_that_do_not_fit_the_seven_digits_are_refused():
    lattice = group_lattice("g", [("a", grid(0, 60_000_000, 4, 4))])
    with pytest.raises(RecipeError, match=r"chip rows run from -1000000.*larger chips\.stride"):
        plan_cells(lattice, options(1, anchor="grid"))


def test_the_lattice_is_the_union_in_the_first_scenes_pixels():
    lattice = group_lattice("g", [("a", grid(100, 200, 10, 12)), ("b", grid(70, 220, 4, 5))])
    assert lattice.grid == grid(70, 220, 13, 14)
    assert lattice.offsets == ((3, 2), (0, 0))
    assert lattice.scenes == (Window(3, 2, 10, 12), Window(0, 0, 4, 5))


def test_scenes_that_spell_one_reference_system_differently_share_a_lattice():
    scenes = [("a", grid()), ("b", grid(10, 0, crs=to_wkt("EPSG:32630")))]
    assert group_lattice("g", scenes).offsets == ((0, 0), (1, 0))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (grid(crs="EPSG:32631"), r"'b' is in EPSG:32631, scene 'a' in EPSG:32630; .*grid\.crs"),
        (grid(5.5, 8.5), r"'b' lies 0\.450 × 0\.150 px off the pixels of scene 'a'"),
        (grid(res=20), r"pixels of scene 'b' measure 20 × 20, those of scene 'a' 10 × 10"),
        (Grid("EPSG:32630", Affine(10, 0, 0, 0, 10, 0), 5, 5), "in another direction"),
    ],
)
def test_scenes_that_do_not_share_pixels_are_refused_with_both_names(other, message):
    with pytest.raises(InputError, match=message) as caught:
        group_lattice("g", [("a", grid()), ("b", other)])
    assert "separate groups" in str(caught.value)


def test_an_offset_of_a_hundredth_of_a_pixel_counts_as_whole():
    assert group_lattice("g", [("a", grid()), ("b", grid(30.09, 0))]).offsets[1] == (3, 0)


def test_chip_ids_have_seven_digits():
    rows, cols = np.array([0, 5_000_001]), np.array([12, 9_999_999])
    assert chip_ids("val", rows, cols) == ["val_r0000000_c0000012", "val_r5000001_c9999999"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"height": 0}, r"chips\.size is 0 × 8"),
        ({"stride_x": 0}, r"chips\.stride is 8 × 0"),
        ({"edge": "shift", "anchor": "grid"}, "moves chips off the cells"),
        ({"edge": "crop"}, r"chips\.edge is 'crop'"),
    ],
)
def test_options_that_cannot_be_cut_are_refused(bad, message):
    good = {"height": 8, "width": 8, "stride_y": 8, "stride_x": 8}
    with pytest.raises(RecipeError, match=message):
        ChipOptions(**(good | bad))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["Spain", "spain"], "same to file systems"),
        (["a", "a"], "same to file systems"),
        (["north-Spain", "x", "spain"], "'north-Spain' ends with another group's name, 'spain'"),
        (["s2.tif"], "call it 's2-tif'"),
        (["València 2024"], "call it 'Valencia-2024'"),
        (["..."], "call it 'scene'"),
        ([""], "call it 'scene'"),
        (["aux"], "reserved on Windows; call it 'scene-aux'"),
        (["x" * 81], "81 characters, 80 are allowed"),
    ],
)
def test_group_names_that_confuse_files_or_loaders_are_refused(names, message):
    with pytest.raises(RecipeError, match=message):
        check_group_names(names)


def test_ordinary_group_names_pass():
    check_group_names(["valencia", "valencia-2", "S2_31TCJ", "auxiliary", "x" * 80])


@given(st.lists(st.text("ab", min_size=1, max_size=4), max_size=6))
def test_a_list_of_names_is_refused_exactly_when_one_ends_with_another(names):
    ends = any(a.endswith(b) for i, a in enumerate(names) for j, b in enumerate(names) if i != j)
    if ends:
        with pytest.raises(RecipeError):
            check_group_names(names)
    else:
        check_group_names(names)
