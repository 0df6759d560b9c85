"""Mosaics, stacks and layers on a scene's grid."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray

from polychip.crs import to_wkt
from polychip.errors import InputError
from polychip.grid import Grid, Window
from polychip.image import LayerSpec
from polychip.io.placement import LayerPlan, cover_grid, native_grid, plan_layer
from polychip.io.sources import open_layer

WriteRaster = Callable[..., str]
Read = tuple[NDArray[np.generic], NDArray[np.bool_]]


def place(x_px: float, y_px: float, size: float = 10.0) -> Affine:
    """A grid that starts so many 10 m pixels right of and below the common origin."""
    return Affine(size, 0, 700_000 + 10 * x_px, 0, -size, 4_400_000 - 10 * y_px)


def planned(spec: LayerSpec, grid: Grid | None = None) -> LayerPlan:
    """The plan as a worker gets it."""
    plan = plan_layer(spec, grid or native_grid(spec))
    return pickle.loads(pickle.dumps(plan))  # noqa: S301


def read_all(spec: LayerSpec, grid: Grid | None = None) -> Read:
    """The whole layer."""
    plan = planned(spec, grid)
    source = open_layer(plan)
    found = source.read(plan.grid.window)
    source.close()
    return found


def test_a_single_file_is_copied_window_by_window(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 9, (2, 33, 41), dtype=np.uint16)
    path = write_raster("a.tif", pixels, nodata=0, tiled=True, blockxsize=16, blockysize=32)
    plan = planned(LayerSpec("", (path,)))
    assert [p.method for p in plan.placements] == ["copy"]
    assert plan.block_shape == (32, 16)
    assert plan.notes == ()
    source = open_layer(plan)
    for window in (Window(0, 0, 41, 33), Window(-4, 30, 50, 9), Window(7, 3, 5, 5)):
        found, valid = source.read(window)
        inner = window.intersection(plan.grid.window)
        expected = np.zeros((2, window.height, window.width), np.uint16)
        expected[:, *inner.slices_in(window)] = pixels[:, *inner.slices_in(plan.grid.window)]
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(valid, expected.any(axis=0))


def test_a_scene_grid_that_is_larger_or_shifted_by_whole_pixels_still_copies(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 255, (1, 20, 20), dtype=np.uint8)
    path = write_raster("a.tif", pixels)
    spec = LayerSpec("", (path,))
    for window in (Window(-5, -7, 40, 40), Window(3, 4, 5, 6)):
        grid = native_grid(spec).sub_grid(window)
        found, valid = read_all(spec, grid)
        inner = window.intersection(Window(0, 0, 20, 20))
        expected = np.zeros((1, window.height, window.width), np.uint8)
        expected[:, *inner.slices_in(window)] = pixels[:, *inner.slices_in(Window(0, 0, 20, 20))]
        np.testing.assert_array_equal(found, expected)
        assert valid.sum() == inner.width * inner.height


def test_nothing_beyond_the_scene_grid_is_read(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.full((1, 10, 10), 5, np.uint8))
    spec = LayerSpec("", (path,))
    source = open_layer(planned(spec, native_grid(spec).sub_grid(Window(2, 2, 3, 3))))
    found, valid = source.read(Window(-1, 0, 5, 4))
    expected = [[0, 5, 5, 5, 0]] * 3 + [[0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(valid, np.array(expected) == 5)


def test_a_mosaic_lies_on_the_first_images_lattice_and_reports_the_residual(
    write_raster: WriteRaster,
) -> None:
    first = write_raster("a.tif", np.full((1, 4, 4), 1, np.uint8))
    second = write_raster("b.tif", np.full((1, 4, 4), 2, np.uint8), transform=place(3.13, -1.55))
    plan = planned(LayerSpec("", (first, second), "mosaic"))
    assert plan.grid.shape == (6, 7)
    assert plan.grid.transform.almost_equals(place(0, -2))
    assert plan.notes == ("b.tif was snapped by (-0.13, -0.45) px to the first image's grid",)
    found, valid = open_layer(plan).read(plan.grid.window)
    expected = [
        [0, 0, 0, 2, 2, 2, 2],
        [0, 0, 0, 2, 2, 2, 2],
        [1, 1, 1, 1, 2, 2, 2],
        [1, 1, 1, 1, 2, 2, 2],
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0],
    ]
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(valid, np.array(expected) > 0)


def test_where_a_mosaic_overlaps_the_first_valid_pixel_wins(write_raster: WriteRaster) -> None:
    rows = ([0, 1, 0, 1], [2, 2, 0, 0], [3, 3, 3, 0])
    files = tuple(
        write_raster(f"{n}.tif", np.array([[row]], np.uint8), nodata=0)
        for n, row in enumerate(rows)
    )
    found, valid = read_all(LayerSpec("", files, "mosaic"))
    np.testing.assert_array_equal(found[0], [[2, 1, 3, 1]])
    assert valid.all()
    found, valid = read_all(LayerSpec("", files[::-1], "mosaic"))
    np.testing.assert_array_equal(found[0], [[3, 3, 3, 1]])
    found, valid = read_all(LayerSpec("", files, "mosaic", nodata=2))
    np.testing.assert_array_equal(found[0], [[0, 1, 0, 1]])
    assert valid.all()


def test_each_file_of_a_mosaic_has_its_own_nodata_and_the_layer_none(
    write_raster: WriteRaster,
) -> None:
    first = write_raster("a.tif", np.array([[[0, 255, 9]]], np.uint8), nodata=0)
    second = write_raster("b.tif", np.array([[[255, 7, 7]]], np.uint8), nodata=255)
    spec = LayerSpec("", (first, second), "mosaic")
    plan = planned(spec)
    assert plan.profile.nodata is None
    assert any("different nodata values (0, 255)" in note for note in plan.notes)
    found, valid = read_all(spec)
    np.testing.assert_array_equal(found[0], [[0, 255, 9]])
    np.testing.assert_array_equal(valid, [[False, True, True]])


def test_the_window_of_a_mosaic_does_not_matter(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    files = tuple(
        write_raster(
            f"{n}.tif", rng.integers(0, 3, (2, 20, 20), dtype=np.uint8), nodata=0,
            transform=place(7.3 * n, 5.6 * n),
        )
        for n in range(4)
    )  # fmt: skip
    plan = planned(LayerSpec("", files, "mosaic"))
    source = open_layer(plan)
    whole, whole_valid = source.read(plan.grid.window)
    assert not whole_valid.all()
    for _ in range(40):
        x, y = (int(v) for v in rng.integers(-5, 40, 2))
        width, height = (int(v) for v in rng.integers(1, 30, 2))
        window = Window(x, y, width, height)
        found, valid = source.read(window)
        common = window.intersection(plan.grid.window)
        if common.is_empty():
            assert not valid.any()
            continue
        there, here = common.slices_in(plan.grid.window), common.slices_in(window)
        np.testing.assert_array_equal(found[:, *here], whole[:, *there])
        np.testing.assert_array_equal(valid[here], whole_valid[there])
        assert valid.sum() == whole_valid[there].sum()


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:32631", place(0, 0)),
        ("EPSG:32630", place(0, 0, size=20)),
        ("EPSG:32630", Affine(10, 0, 700_000, 0, 10, 4_400_000)),
    ],
    ids=["crs", "size", "direction"],
)
def test_a_mosaic_of_different_lattices_needs_an_explicit_grid(
    crs: str, transform: Affine, write_raster: WriteRaster
) -> None:
    first = write_raster("a.tif", np.ones((1, 9, 9), np.uint8))
    second = write_raster("b.tif", np.ones((1, 9, 9), np.uint8), crs=crs, transform=transform)
    with pytest.raises(InputError, match=r"b\.tif: pixels of .* set crs and resolution under"):
        native_grid(LayerSpec("", (first, second), "mosaic"))


def test_with_an_explicit_grid_each_file_of_a_mosaic_is_warped(write_raster: WriteRaster) -> None:
    first = write_raster("a.tif", np.full((1, 40, 40), 1, np.uint8))
    second = write_raster(
        "b.tif", np.full((1, 40, 40), 2, np.uint8), transform=place(30, 0, size=20)
    )
    spec = LayerSpec("", (first, second), "mosaic")
    grid = cover_grid(spec, "EPSG:32630", 5.0)
    assert grid.transform.almost_equals(place(0, 0, size=5))
    assert grid.shape == (160, 220)
    plan = planned(spec, grid)
    assert [p.method for p in plan.placements] == ["warp", "warp"]
    assert plan.notes == (
        "a.tif was resampled from 10 m to 5 m by bilinear",
        "b.tif was resampled from 20 m to 5 m by bilinear",
    )
    found, valid = read_all(spec, grid)
    expected = np.zeros(grid.shape, np.uint8)
    expected[:160, 60:220] = 2
    expected[:80, :80] = 1
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_array_equal(valid, expected > 0)


def test_a_covering_grid_holds_files_of_several_zones(write_raster: WriteRaster) -> None:
    west = write_raster("a.tif", np.ones((1, 30, 30), np.uint8), transform=place(0, 0))
    east = write_raster(
        "b.tif", np.ones((1, 30, 30), np.uint8), crs="EPSG:32631",
        transform=Affine(10, 0, 187_000, 0, -10, 4_405_000),
    )  # fmt: skip
    spec = LayerSpec("", (west, east), "mosaic")
    grid = cover_grid(spec, "EPSG:32630", 10.0)
    assert grid.transform.c % 10 == grid.transform.f % 10 == 0
    plan = planned(spec, grid)
    assert "b.tif was warped from EPSG:32631 (10 m) to EPSG:32630 (10 m) by bilinear" in plan.notes
    assert [op.source for op in plan.operations] == ["EPSG:32631"]
    valid = read_all(spec, grid)[1]
    assert 1700 <= valid.sum() <= 1900


def test_files_of_a_mosaic_must_have_the_same_bands_and_type(write_raster: WriteRaster) -> None:
    first = write_raster("a.tif", np.ones((1, 4, 4), np.uint8))
    for other in (np.ones((2, 4, 4), np.uint8), np.ones((1, 4, 4), np.int16)):
        second = write_raster("b.tif", other, transform=place(4, 0))
        with pytest.raises(InputError, match=r"b\.tif: has . band\(s\) of u?int.* the same bands"):
            planned(LayerSpec("", (first, second), "mosaic"))


def test_bands_given_as_a_mosaic_are_noticed(write_raster: WriteRaster) -> None:
    red = write_raster("B04.tif", np.ones((1, 20, 20), np.uint8))
    nir = write_raster("B08.tif", np.ones((1, 20, 20), np.uint8), transform=place(0.4, 0.4))
    plan = planned(LayerSpec("", (red, nir), "mosaic"))
    assert any("B04.tif and B08.tif cover the same ground" in note for note in plan.notes)
    aside = write_raster("c.tif", np.ones((1, 20, 20), np.uint8), transform=place(10, 0))
    plan = planned(LayerSpec("", (red, aside), "mosaic"))
    assert plan.notes == ()


def test_a_stack_has_the_finest_files_grid_and_resamples_the_others(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    fine = rng.integers(1, 255, (1, 40, 40), dtype=np.uint8)
    coarse = rng.integers(1, 255, (1, 20, 20), dtype=np.uint8)
    files = (
        write_raster("B11.tif", coarse, transform=place(0, 0, size=20)),
        write_raster("B02.tif", fine, descriptions=("blue",)),
    )
    spec = LayerSpec("s2", files, "stack", resampling="nearest")
    assert native_grid(spec).transform.almost_equals(place(0, 0))
    plan = planned(spec)
    assert plan.profile.descriptions == ("B11", "blue")
    assert plan.notes == ("B11.tif was resampled from 20 m to 10 m by nearest",)
    found, valid = read_all(spec)
    np.testing.assert_array_equal(found[0], np.kron(coarse[0], np.ones((2, 2), np.uint8)))
    np.testing.assert_array_equal(found[1], fine[0])
    assert valid.all()


def test_codes_and_palettes_are_never_blended(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    codes = rng.choice([1, 100], (1, 20, 20)).astype(np.uint8)
    scl = write_raster("scl.tif", codes, transform=place(0, 0, size=20))
    painted = write_raster("map.tif", codes, transform=place(0, 0, size=20), photometric="palette")
    with rasterio.open(painted, "r+") as target:
        target.write_colormap(1, {1: (1, 2, 3, 255)})
    grid = Grid(to_wkt("EPSG:32630"), place(0.3, 0.3), 30, 30)
    for path, categorical in ((scl, True), (painted, False)):
        spec = LayerSpec("", (path,), categorical=categorical, resampling="bilinear")
        assert set(np.unique(read_all(spec, grid)[0])) == {1, 100}
    blended = read_all(LayerSpec("", (scl,)), grid)[0]
    assert len(np.unique(blended)) > 2


def test_a_stack_keeps_the_order_of_files_and_chooses_bands_across_them(
    write_raster: WriteRaster,
) -> None:
    both = write_raster("ab.tif", np.array([[[1]], [[2]]], np.uint8), descriptions=("a", "b"))
    plain = write_raster("cd.tif", np.array([[[3]], [[4]]], np.uint8))
    spec = LayerSpec("", (both, plain), "stack")
    assert planned(spec).profile.descriptions == ("a", "b", "cd_1", "cd_2")
    assert read_all(spec)[0].ravel().tolist() == [1, 2, 3, 4]
    chosen = LayerSpec("", (both, plain), "stack", bands=("cd_2", 1, "cd_1"))
    assert read_all(chosen)[0].ravel().tolist() == [4, 1, 3]
    assert planned(chosen).profile.descriptions == ("cd_2", "a", "cd_1")
    alone = LayerSpec("", (both, plain), "stack", bands=(3,))
    assert len(planned(alone).placements) == 1


def test_a_stack_is_valid_where_all_its_files_reach_and_the_rule_holds(
    write_raster: WriteRaster,
) -> None:
    first = write_raster("a.tif", np.array([[[0, 0, 5, 5, 5]]], np.uint8), nodata=0)
    second = write_raster("b.tif", np.array([[[0, 7, 0, 7]]], np.uint8), nodata=0)
    spec = LayerSpec("", (first, second), "stack")
    grid = native_grid(LayerSpec("", (first,)))
    found, valid = read_all(spec, grid)
    np.testing.assert_array_equal(found, [[[0, 0, 5, 5, 5]], [[0, 7, 0, 7, 0]]])
    np.testing.assert_array_equal(valid, [[False, True, True, True, False]])
    strict = LayerSpec("", (first, second), "stack", nodata_rule="any")
    np.testing.assert_array_equal(read_all(strict, grid)[1], [[False, False, False, True, False]])


def test_types_of_a_stack_are_promoted_only_without_loss(write_raster: WriteRaster) -> None:
    value = {"int16": -32768, "uint16": 65535, "float32": 0.5, "int64": 2**60, "uint8": 255}
    files = {
        dtype: write_raster(f"{dtype}.tif", np.full((1, 2, 2), number, dtype))
        for dtype, number in value.items()
    }
    for pair, expected in (
        (("int16", "uint16"), "int32"),
        (("uint16", "float32"), "float32"),
        (("uint8", "int64"), "int64"),
    ):
        spec = LayerSpec("", tuple(files[dtype] for dtype in pair), "stack")
        plan = planned(spec)
        assert plan.profile.dtype == expected
        assert f"became {expected}; no value changed" in plan.notes[0]
        found = read_all(spec)[0]
        assert found.dtype == expected
        assert found[:, 0, 0].tolist() == [value[dtype] for dtype in pair]
    with pytest.raises(InputError, match=r"int64\.tif: int64, float32\.tif: float32.*no type"):
        planned(LayerSpec("", (files["int64"], files["float32"]), "stack"))


def test_nodata_of_a_stack_is_the_common_value_or_none_with_a_note(
    write_raster: WriteRaster,
) -> None:
    files = [
        write_raster(f"{name}.tif", np.ones((1, 2, 2), np.float32), nodata=nodata)
        for name, nodata in (("a", -9), ("b", -9), ("c", np.nan), ("d", None))
    ]
    assert planned(LayerSpec("", (files[0], files[1]), "stack")).profile.nodata == -9
    for other in files[2:]:
        plan = planned(LayerSpec("", (files[0], other), "stack"))
        assert plan.profile.nodata is None
        assert any("different nodata values" in note for note in plan.notes)
        given = planned(LayerSpec("", (files[0], other), "stack", nodata=-1))
        assert given.profile.nodata == -1
        assert given.notes == ()


def test_bands_are_chosen_by_name_and_unknown_ones_refused(write_raster: WriteRaster) -> None:
    path = write_raster(
        "a.tif", np.arange(3, dtype=np.uint8).reshape(3, 1, 1), descriptions=("red", "nir", "nir")
    )
    assert read_all(LayerSpec("", (path,), bands=("red", 3)))[0].ravel().tolist() == [0, 2]
    for bands, message in (
        (("rad",), r"no band 'rad' \(did you mean 'red'\?\); the bands are numbered 1 to 3"),
        ((4,), "no band 4; the bands are numbered 1 to 3, named red, nir, nir"),
        (("nir",), "2 bands are called 'nir'; choose by number"),
        ((), "chooses none"),
    ):
        with pytest.raises(InputError, match=message):
            planned(LayerSpec("", (path,), bands=bands))


def test_a_nodata_value_that_does_not_fit_is_refused(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.uint16))
    with pytest.raises(InputError, match=r"nodata = -1 was given, but its pixels are uint16"):
        planned(LayerSpec("", (path,), nodata=-1))


def test_a_nodata_value_that_never_occurs_is_noted(write_raster: WriteRaster) -> None:
    path = Path(write_raster("a.tif", np.ones((1, 2, 2), np.uint8), nodata=7))
    vrt = path.with_suffix(".vrt")
    rasterio.shutil.copy(path, vrt, driver="VRT")
    vrt.write_text(vrt.read_text().replace("<NoDataValue>7<", "<NoDataValue>0.5<"))
    plan = planned(LayerSpec("", (str(vrt),)))
    assert plan.profile.nodata is None
    assert plan.notes == (
        "a.vrt: band 1 declares nodata 0.5, which uint8 can't hold; it was left out",
    )


@pytest.mark.parametrize("files", [(), ("a.tif", "b.tif")])
def test_a_single_layer_names_one_file(files: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="layer 's1' names"):
        native_grid(LayerSpec("s1", files))


def test_a_ballpark_operation_must_be_allowed(write_raster: WriteRaster) -> None:
    path = write_raster(
        "a.tif", np.ones((1, 20, 20), np.uint8), crs="EPSG:4267",
        transform=Affine(1e-4, 0, -100.0, 0, -1e-4, 40.0),
    )  # fmt: skip
    spec = LayerSpec("", (path,))
    grid = cover_grid(spec, "EPSG:26914", 10)
    with pytest.raises(InputError, match=r"a\.tif: .*only a ballpark transformation"):
        plan_layer(spec, grid)
    plan = plan_layer(spec, grid, allow_ballpark=True)
    assert plan.operations[0].ballpark
    assert open_layer(plan).read(grid.window)[1].mean() > 0.8


def test_more_files_than_are_kept_open_can_be_read_again_and_again(
    write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polychip.io.sources.OPEN_FILES", 2)
    files = tuple(
        write_raster(f"{n}.tif", np.full((1, 1, 1), n + 1, np.uint8), transform=place(n, 0))
        for n in range(6)
    )
    plan = planned(LayerSpec("", files, "mosaic"))
    source = open_layer(plan)
    for _ in range(2):
        np.testing.assert_array_equal(source.read(plan.grid.window)[0], [[[1, 2, 3, 4, 5, 6]]])
    source.close()
    np.testing.assert_array_equal(source.read(Window(2, 0, 1, 1))[0], [[[3]]])


def test_a_damaged_file_of_a_layer_is_named(write_raster: WriteRaster) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (1, 64, 64), dtype=np.uint8)
    path = Path(write_raster("broken.tif", pixels, compress="deflate"))
    content = path.read_bytes()
    path.write_bytes(content[:-300] + bytes(300))
    spec = LayerSpec("", (str(path),))
    grid = cover_grid(spec, None, 7.0)
    for where in (native_grid(spec), grid):
        with pytest.raises(InputError, match=r"broken\.tif: the pixels of columns .* can't be"):
            open_layer(plan_layer(spec, where)).read(where.window)
