"""Every pixel's class is what pyproj and shapely say of its centre, through the whole pipeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from support.datasets import manifest, masks_of, read_chip, rows, stitch
from support.labels import from_pixels, star, star_with_hole, transformer, write_labels
from support.oracle import (
    EDGE_PX,
    assert_equals_oracle,
    expected_codes,
    far_from_edges,
)
from support.rasters import Place, write_raster

import polychip.api
from polychip.errors import InputError

CLASSES = [
    {"name": "water", "code": 3},
    {"name": "field", "code": 1},
    {"name": "roof", "code": 7},
]
"""First wins: the oracle paints them from the last to the first."""
CODES = {entry["name"]: entry["code"] for entry in CLASSES}

SPAIN = Affine(100.0, 0.0, 690_037.5, 0.0, -100.0, 4_410_012.5)
GRIDS = {
    "utm": Place("EPSG:32630", SPAIN, 93, 110),
    "geographic": Place("EPSG:4326", Affine(0.0011, 0.0, -0.77, 0.0, -0.0009, 39.81), 93, 110),
    "rotated": Place("EPSG:32630", SPAIN * Affine.rotation(30.0), 93, 110),
    "south-up": Place("EPSG:32630", SPAIN * Affine.scale(1.0, -1.0), 93, 110),
    "non-square": Place("EPSG:32630", SPAIN * Affine.scale(1.0, 2.6), 60, 140),
}
LABEL_CRS = ["same", "EPSG:4326", "EPSG:32631", "EPSG:25830", "EPSG:3035"]


def drawn(where: Place, crs: str, *, wide: bool = True) -> tuple[list[Any], list[str]]:
    """Overlapping polygons in the labels' CRS in painting order, and their classes.

    Some have holes, some several parts; `wide` ones have edges ten times as long as the image.
    """
    rng = np.random.default_rng(7)
    h, w = where.shape
    shapes, names = [], []
    for name in ("roof", "field", "water"):
        if wide:
            x, y = w * rng.uniform(0.3, 0.7), h * rng.uniform(0.3, 0.7)
            corner = rng.uniform(-0.15, 0.15, 4) * h
            shapes.append(
                shapely.Polygon(
                    [
                        (-5 * w, y - 4 + corner[0]),
                        (6 * w, y + corner[1]),
                        (x + corner[2], y + 9),
                    ]
                )
            )
            names.append(name)
        for _ in range(6):
            x, y = rng.uniform(-5, w + 5), rng.uniform(-5, h + 5)
            shapes.append(star_with_hole(rng, x, y, rng.uniform(6, 22)))
            names.append(name)
        parts = [star(rng, *rng.uniform(0, min(h, w), 2), 6.0) for _ in range(2)]
        shapes.append(shapely.union_all(parts))
        names.append(name)
    return [from_pixels(where, shape, crs) for shape in shapes], names


def build(
    folder: Path,
    where: Place,
    polygons: Sequence[Any],
    names: Sequence[str],
    crs: str,
    **tables: dict[str, Any],
) -> Path:
    """A dataset of small chips, made by the public API."""
    pixels = np.ones((1, *where.shape), dtype="uint8")
    image = write_raster(
        folder / "image.tif", where, pixels, tiled=True, blockxsize=32, blockysize=32
    )
    labels = write_labels(folder / "labels.gpkg", polygons, crs, kind=list(names))
    recipe = {
        "scenes": [{"name": "scene", "image": image, "labels": labels}],
        "schema": {"class_field": "kind", "classes": CLASSES},
        "chips": {"size": [37, 41]},
        "output": {"path": str(folder / "dataset"), "compress": "none"},
    }
    polychip.api.run(recipe | tables)
    return folder / "dataset"


def check(
    folder: Path,
    where: Place,
    polygons: Sequence[Any],
    names: Sequence[str],
    crs: str,
    **options: Any,
) -> None:
    """Build a dataset and compare all of its pixels with the oracle."""
    tables = {key: options.pop(key) for key in ("grid", "chips") if key in options}
    dataset = build(folder, where, polygons, names, crs, **tables)
    burned = stitch(dataset, where.shape, transform=where.transform)
    codes = [CODES[name] for name in names]
    assert_equals_oracle(burned, where, polygons, codes, crs, **options)


@pytest.mark.parametrize("crs", LABEL_CRS)
@pytest.mark.parametrize("kind", GRIDS)
def test_every_pixel_is_the_class_of_its_centre(kind: str, crs: str, tmp_path: Path) -> None:
    where = GRIDS[kind]
    label_crs = where.crs if crs == "same" else crs
    polygons, names = drawn(where, label_crs)
    check(tmp_path, where, polygons, names, label_crs)


@pytest.mark.parametrize(
    ("crs", "where"),
    [
        ("EPSG:27700", Place("EPSG:32630", Affine(20, 0, 690_010, 0, -20, 5_700_010), 90, 110)),
        ("EPSG:27700", Place("EPSG:4326", Affine(3e-4, 0, -0.2, 0, -2e-4, 51.5), 90, 110)),
        ("EPSG:2056", Place("EPSG:32632", Affine(20, 0, 450_010, 0, -20, 5_200_010), 90, 110)),
        ("EPSG:2056", Place("EPSG:3857", Affine(30, 0, 920_010, 0, -30, 5_950_010), 90, 110)),
    ],
)
def test_national_grids_are_met_to_the_pixel(crs: str, where: Place, tmp_path: Path) -> None:
    polygons, names = drawn(where, crs)
    check(tmp_path, where, polygons, names, crs)


def test_the_cases_have_edges_that_bend_by_more_than_a_pixel(tmp_path: Path) -> None:
    """Burning the transformed vertices alone would fail: the oracle's cases have teeth."""
    where = GRIDS["utm"]
    polygons, names = drawn(where, "EPSG:4326")
    codes = [CODES[name] for name in names]
    expected = expected_codes(where, polygons, codes, "EPSG:4326")
    to_grid = rasterio.warp.transform_geom("EPSG:4326", where.crs, polygons)
    straight = expected_codes(where, [shapely.geometry.shape(g) for g in to_grid], codes, where.crs)
    far = far_from_edges(where, polygons, "EPSG:4326", straight != expected, limit_px=1.0)
    assert len(far) > 20


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32630", "EPSG:3035"])
def test_masks_on_a_warped_grid_fit_the_warped_grid(crs: str, tmp_path: Path) -> None:
    """The chips' own georeferencing says where they are; the masks must agree with that."""
    polygons, names = drawn(GRIDS["utm"], crs)
    codes = [CODES[name] for name in names]
    dataset = build(
        tmp_path, GRIDS["utm"], polygons, names, crs, grid={"crs": "EPSG:3035", "resolution": 90.0}
    )
    n_known = 0
    for row in rows(dataset):
        with rasterio.open(dataset / row["files"]["semantic"]) as file:
            mask = file.read(1)
            assert file.crs.to_epsg() == 3035
            assert file.transform.a == 90.0
            assert (file.transform.c / 90).is_integer()
            where = Place("EPSG:3035", file.transform, *file.shape)
        known = mask != 255
        expected = expected_codes(where, polygons, codes, crs)
        limit = 1e-6 if crs == "EPSG:3035" else EDGE_PX
        far = far_from_edges(where, polygons, crs, known & (mask != expected), limit_px=limit)
        assert not len(far), row["chip_id"]
        image = read_chip(dataset, row, "image")[0]
        assert (image[known] == 1).all()
        n_known += int(known.sum())
    assert n_known * 90**2 == pytest.approx(93 * 110 * 100**2, rel=0.03)


def test_a_world_sized_polygon_covers_the_scene_up_to_its_edge(tmp_path: Path) -> None:
    where = GRIDS["utm"]
    west_half = shapely.Polygon([(-180, -90), (-0.7, -90), (-0.72, 90), (-180, 90)])
    world = shapely.box(-180, -90, 180, 90)
    check(tmp_path, where, [world, west_half], ["roof", "water"], "EPSG:4326")


@pytest.mark.parametrize("kind", ["rotated", "geographic"])
def test_a_world_sized_polygon_on_other_grids(kind: str, tmp_path: Path) -> None:
    where = GRIDS[kind]
    wedge = shapely.Polygon([(-0.72, 39.77), (179, -60), (179, 60)])
    check(tmp_path, where, [wedge], ["field"], "EPSG:4326")


OHIO = Place("EPSG:26917", Affine(10.0, 0.0, 330_005.0, 0.0, -10.0, 4_430_005.0), 80, 90)


def test_nad27_without_its_grids_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    polygons, names = drawn(OHIO, "EPSG:26717")
    with pytest.raises(InputError, match=r"ballpark.*allow_ballpark = true"):
        build(tmp_path, OHIO, polygons, names, "EPSG:26717")
    assert not (tmp_path / "dataset").exists()


def test_nad27_with_allow_ballpark_is_burned_by_the_operation_in_the_manifest(
    tmp_path: Path,
) -> None:
    polygons, names = drawn(OHIO, "EPSG:26717")
    grid = {"allow_ballpark": True}
    dataset = build(tmp_path, OHIO, polygons, names, "EPSG:26717", grid=grid)
    [source] = manifest(dataset)["scenes"][0]["labels"]
    assert source["operation"]["ballpark"]
    burned = stitch(dataset, OHIO.shape, transform=OHIO.transform)
    codes = [CODES[name] for name in names]
    pipeline = source["operation"]["pipeline"]
    assert_equals_oracle(burned, OHIO, polygons, codes, "EPSG:26717", pipeline=pipeline)


FIJI = {
    "utm": Place("EPSG:32701", Affine(200.0, 0.0, 175_100.0, 0.0, -200.0, 8_120_100.0), 90, 110),
    "geographic": Place("EPSG:4326", Affine(0.002, 0, 179.9, 0, -0.002, -16.9), 90, 110),
    "geographic from −180.1": Place(
        "EPSG:4326", Affine(0.002, 0, -180.1, 0, -0.002, -16.9), 90, 110
    ),
}


def cut_at_antimeridian(geometry: Any) -> Any:
    """Longitudes beyond ±180 as RFC 7946 wants them: cut, the rest a whole turn away."""
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        part = geometry & shapely.box(-180 + turn, -90, 180 + turn, 90)
        if part.area > 0:
            pieces.append(shapely.transform(part, lambda xy, turn=turn: xy - [turn, 0.0]))
    return shapely.union_all(pieces)


@pytest.mark.parametrize("kind", FIJI)
def test_labels_cut_at_the_antimeridian_burn_whole_on_a_scene_across_it(
    kind: str, tmp_path: Path
) -> None:
    where = FIJI[kind]
    straight, names = drawn(where, "EPSG:4326", wide=False)
    if kind == "utm":  # pyproj gives −180 … 180: bring each polygon into one piece first
        straight = [shapely.transform(s, lambda xy: np.column_stack(
            (np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]))) for s in straight]  # fmt: skip
    polygons = [cut_at_antimeridian(shape) for shape in straight]
    both = [p for p in polygons if p.bounds[0] < -170 and p.bounds[2] > 170]
    assert len(both) > 3, "the case has no polygon that crosses"
    check(tmp_path, where, polygons, names, "EPSG:4326", wrap=True)


def test_a_scene_across_the_antimeridian_takes_labels_of_another_utm_zone(tmp_path: Path) -> None:
    where = FIJI["utm"]
    polygons, names = drawn(where, "EPSG:32760", wide=False)
    check(tmp_path, where, polygons, names, "EPSG:32760")


def test_a_scene_around_the_pole_takes_labels_in_degrees(tmp_path: Path) -> None:
    """No edge of the footprint is near the pole: the latitudes inside reach further than those."""
    where = Place("EPSG:3413", Affine(2000.0, 0.0, -100_000.0, 0.0, -2000.0, 100_000.0), 100, 100)
    cap = shapely.box(-180, 89.5, 180, 90)
    ring = shapely.box(-180, 89.2, 180, 89.35)
    wedge = shapely.box(10, 88, 70, 89.9)
    check(tmp_path, where, [cap, ring, wedge], ["roof", "field", "water"], "EPSG:4326")


def test_chip_size_and_stride_change_no_pixel(tmp_path: Path) -> None:
    where = GRIDS["rotated"]
    polygons, names = drawn(where, "EPSG:4326")
    masks = []
    for number, chips in enumerate(
        [
            {"size": 200},
            {"size": [37, 41]},
            {"size": 16, "stride": 9},
            {"size": 64, "edge": "shift"},
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        dataset = build(folder, where, polygons, names, "EPSG:4326", chips=chips)
        masks.append(stitch(dataset, where.shape, transform=where.transform))
    for other in masks[1:]:
        assert np.array_equal(masks[0], other)


def test_padding_is_ignore_and_the_image_never_is(tmp_path: Path) -> None:
    where = GRIDS["utm"]
    polygons, names = drawn(where, where.crs)
    dataset = build(tmp_path, where, polygons, names, where.crs)
    for row, mask in zip(rows(dataset), masks_of(dataset).values(), strict=True):
        y, x = np.mgrid[: row["height"], : row["width"]]
        outside = (x + row["x_off"] >= where.width) | (y + row["y_off"] >= where.height)
        assert np.array_equal(mask == 255, outside)


@pytest.mark.parametrize("crs", ["EPSG:32630", "EPSG:4326", "EPSG:3035"])
@pytest.mark.parametrize("kind", ["utm", "rotated"])
def test_all_touched_takes_every_pixel_that_a_polygon_overlaps(
    kind: str, crs: str, tmp_path: Path
) -> None:
    """Overlaps of more than a twentieth of a pixel's width count, none at all doesn't."""
    where = GRIDS[kind]
    polygons, names = drawn(where, crs, wide=False)
    dataset = build(tmp_path, where, polygons, names, crs, masks={"all_touched": True})
    burned = stitch(dataset, where.shape, transform=where.transform) > 0
    inverse = ~where.transform
    to_grid = transformer(crs, where.crs)

    def to_pixels(xy: np.ndarray) -> np.ndarray:
        x, y = to_grid.transform(*xy.T)
        return np.column_stack(inverse @ (x, y))

    step = max(np.ptp(shapely.get_coordinates(p), axis=0).max() for p in polygons) / 200
    pixels = [shapely.transform(shapely.segmentize(p, step), to_pixels) for p in polygons]
    whole = shapely.union_all(pixels)
    row, column = np.mgrid[: where.height, : where.width]
    squares = shapely.box(column, row, column + 1, row + 1)
    shapely.prepare(whole)
    surely = shapely.intersects(whole.buffer(-EDGE_PX), squares)
    possibly = shapely.intersects(whole.buffer(EDGE_PX), squares)
    assert not (surely & ~burned).any()
    assert not (burned & ~possibly).any()
    assert (possibly & ~surely).mean() < 0.05
