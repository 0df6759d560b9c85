"""The shipped sample: reproducible, small, and as faulty as its README promises."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data"
IMAGES = ("before_20240915.tif", "after_20241031.tif")
LAYERS = ("labels", "labels_before", "extent", "tasks")

Row = tuple[str, BaseGeometry, dict[str, Any]]
Labels = dict[str, tuple[BaseGeometry, dict[str, Any]]]


def rows_of(folder: Path, layer: str) -> list[Row]:
    """(fid, geometry, attributes) of a layer, in file order."""
    with fiona.open(folder / "labels.gpkg", layer=layer) as source:
        return [(f.id, shape(f.geometry), dict(f.properties)) for f in source]


def in_pixels(geometry: BaseGeometry) -> BaseGeometry:
    """A label geometry in pixel coordinates of the images."""
    with rasterio.open(SAMPLE / IMAGES[1]) as image:
        crs, origin = image.crs.to_wkt(), image.transform
    project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = project.transform(points[:, 0], points[:, 1])
        return np.stack([(x - origin.c) / origin.a, (y - origin.f) / origin.e], axis=1)

    return shapely.transform(geometry, move)


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, made anew in an empty folder."""
    out = tmp_path_factory.mktemp("sample")
    script = str(SAMPLE / "make_sample.py")
    subprocess.run([sys.executable, "-B", script, "--out", str(out)], check=True)
    return out


@pytest.fixture(scope="module")
def labels() -> Labels:
    """Labels of the second date by uid, in pixel coordinates."""
    return {row["uid"]: (in_pixels(g), row) for _, g, row in rows_of(SAMPLE, "labels")}


def of_class(labels: Labels, name: str) -> dict[str, BaseGeometry]:
    """The geometries of a class by uid."""
    return {uid: g for uid, (g, row) in labels.items() if row["class"] == name}


def test_committed_files_match_their_checksums() -> None:
    lines = (SAMPLE / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {n: hashlib.sha256((SAMPLE / n).read_bytes()).hexdigest() for n in listed}
    assert set(listed) == {*IMAGES, "labels.gpkg"}
    assert found == listed


def test_the_sample_stays_under_five_megabytes() -> None:
    files = [f for f in SAMPLE.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert sum(f.stat().st_size for f in files) < 5_000_000


@pytest.mark.parametrize("name", IMAGES)
def test_the_generator_makes_the_same_pixels(remade: Path, name: str) -> None:
    with rasterio.open(SAMPLE / name) as committed, rasterio.open(remade / name) as again:
        assert again.profile == committed.profile
        assert again.descriptions == committed.descriptions
        np.testing.assert_array_equal(again.read(), committed.read())


@pytest.mark.parametrize("layer", LAYERS)
def test_the_generator_makes_the_same_features(remade: Path, layer: str) -> None:
    again, committed = rows_of(remade, layer), rows_of(SAMPLE, layer)
    assert [r[2] for r in again] == [r[2] for r in committed]
    assert [(r[0], r[1].wkb) for r in again] == [(r[0], r[1].wkb) for r in committed]


def test_the_generator_leaves_nothing_else_behind(remade: Path) -> None:
    names = sorted(f.name for f in remade.iterdir())
    assert names == sorted([*IMAGES, "labels.gpkg", "SHA256SUMS"])


def test_both_dates_share_a_grid_that_is_no_multiple_of_a_tile() -> None:
    with rasterio.open(SAMPLE / IMAGES[0]) as before, rasterio.open(SAMPLE / IMAGES[1]) as after:
        for image in (before, after):
            assert image.crs.to_epsg() == 32630
            assert image.shape == (560, 640)
            assert image.transform == rasterio.Affine(10, 0, 720000, 0, -10, 4370000)
            assert image.descriptions == ("blue", "green", "red", "nir")
            assert image.block_shapes == [(256, 256)] * 4
            assert image.overviews(1) == []
            assert image.nodata == 0


def test_the_collar_is_nodata_in_all_bands_and_nothing_else_is() -> None:
    for name in IMAGES:
        with rasterio.open(SAMPLE / name) as image:
            zero = image.read() == 0
        assert (zero.all(axis=0) == zero.any(axis=0)).all()
        per_row = zero[0].sum(axis=1)
        assert per_row[0] < 20
        assert per_row[-1] > 80
        assert (np.diff(per_row) >= 0).all()


def test_uids_are_unique_in_each_layer() -> None:
    for layer in ("labels", "labels_before"):
        uids = [row["uid"] for _, _, row in rows_of(SAMPLE, layer)]
        assert len(set(uids)) == len(uids)


def test_exactly_one_polygon_is_invalid_and_it_is_the_bow_tie() -> None:
    invalid = [
        row["uid"]
        for layer in ("labels", "labels_before")
        for _, geometry, row in rows_of(SAMPLE, layer)
        if not geometry.is_valid
    ]
    assert invalid == ["D-008"]


def test_the_flood_has_an_island() -> None:
    flood = {row["uid"]: g for _, g, row in rows_of(SAMPLE, "labels")}["F-001"]
    assert any(in_pixels(shapely.Polygon(r)).area > 300 for r in flood.geoms[0].interiors)


def test_terraced_houses_share_their_wall_exactly() -> None:
    # In the labels' own coordinates, without any tolerance.
    houses = [g.geoms[0] for _, g, row in rows_of(SAMPLE, "labels") if row["uid"] < "B-0150"]
    owners: dict[frozenset[tuple[float, float]], int] = {}
    for house in houses:
        corners = list(house.exterior.coords)
        for wall in pairwise(corners):
            owners[frozenset(wall)] = owners.get(frozenset(wall), 0) + 1
    assert max(owners.values()) == 2
    assert sum(n == 2 for n in owners.values()) > 100


def test_buildings_never_overlap_each_other(labels: Labels) -> None:
    buildings = list(of_class(labels, "building").values())
    total = sum(b.area for b in buildings)
    assert shapely.union_all(buildings).area == pytest.approx(total, abs=1e-3)


def test_one_building_has_two_parts_under_one_instance_id(labels: Labels) -> None:
    ids: dict[int, list[str]] = {}
    for uid, (_, row) in labels.items():
        if row["instance_id"] is not None:
            ids.setdefault(row["instance_id"], []).append(uid)
    shared = [uids for uids in ids.values() if len(uids) > 1]
    assert len(shared) == 1
    first, second = (labels[uid][0] for uid in shared[0])
    assert first.distance(second) > 0.3


def test_some_buildings_have_no_instance_id(labels: Labels) -> None:
    missing = [uid for uid in of_class(labels, "building") if labels[uid][1]["instance_id"] is None]
    assert 3 <= len(missing) <= 10


def test_the_shed_holds_no_pixel_centre_and_is_the_only_one(labels: Labels) -> None:
    def holds_a_centre(geometry: BaseGeometry) -> bool:
        left, top, right, bottom = (int(v) for v in geometry.bounds)
        columns, rows = np.meshgrid(np.arange(left, right + 1), np.arange(top, bottom + 1))
        return bool(shapely.contains_xy(geometry, columns + 0.5, rows + 0.5).any())

    valid = {uid: g for uid, (g, _) in labels.items() if g.is_valid}
    assert [uid for uid, g in valid.items() if not holds_a_centre(g)] == ["B-0999"]


def test_the_lagoon_runs_into_the_collar(labels: Labels) -> None:
    with rasterio.open(SAMPLE / IMAGES[1]) as image:
        valid = image.read(1) > 0
    lagoon = rasterio.features.rasterize([labels["W-005"][0]], valid.shape) > 0
    assert 0.2 < valid[lagoon].mean() < 0.8


def test_classes_overlap_as_promised(labels: Labels) -> None:
    flood, river = labels["F-001"][0], labels["W-001"][0]
    buildings = of_class(labels, "building").values()
    assert flood.intersection(river).area > 0.8 * river.area
    assert labels["R-001"][0].intersection(river).area > 10
    assert sum(flood.contains(b) for b in buildings) > 20
    assert labels["R-001"][0].intersects(labels["C-001"][0])


def test_the_extent_leaves_out_a_part_of_the_image_and_some_labels(labels: Labels) -> None:
    (extent,) = (in_pixels(g) for _, g, _ in rows_of(SAMPLE, "extent"))
    left_out = shapely.box(0, 0, 640, 560).difference(extent).area / (640 * 560)
    assert 0.03 < left_out < 0.2
    assert labels["R-002"][0].difference(extent).area > 10


def test_tasks_tile_the_image_in_all_states() -> None:
    tasks = rows_of(SAMPLE, "tasks")
    assert {row["status"] for _, _, row in tasks} == {"todo", "doing", "done", "review"}
    area = sum(in_pixels(g).area for _, g, _ in tasks)
    assert area == pytest.approx(640 * 560, rel=1e-4)


@pytest.mark.parametrize("layer", ["labels", "labels_before"])
def test_labels_in_another_crs_land_on_what_is_seen(layer: str) -> None:
    with fiona.open(SAMPLE / "labels.gpkg", layer=layer) as source:
        assert source.crs.to_epsg() == 4326
    with rasterio.open(SAMPLE / IMAGES[layer == "labels"]) as image:
        nir, valid = image.read(4).astype(float), image.read(1) > 0
    seen: dict[str, list[BaseGeometry]] = {"permanent_water": [], "any": []}
    for _, geometry, row in rows_of(SAMPLE, layer):
        seen["any"].append(in_pixels(geometry))
        if row["class"] == "permanent_water":
            seen["permanent_water"].append(in_pixels(geometry).buffer(-1))
    water = rasterio.features.rasterize(seen["permanent_water"], nir.shape) > 0
    fields = rasterio.features.rasterize(seen["any"], nir.shape) == 0
    assert nir[water & valid].mean() < 0.35 * nir[fields & valid].mean()


def test_no_shift_of_the_labels_fits_the_image_better() -> None:
    with rasterio.open(SAMPLE / IMAGES[0]) as image:
        nir = image.read(4).astype(float)
    ponds = [
        in_pixels(g)
        for _, g, row in rows_of(SAMPLE, "labels_before")
        if row["uid"] in {"W-002", "W-003", "W-004"}
    ]
    mask = rasterio.features.rasterize(ponds, nir.shape) > 0
    means = {
        (dy, dx): nir[np.roll(mask, (dy, dx), axis=(0, 1))].mean()
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    assert min(means, key=means.__getitem__) == (0, 0)


def test_the_recipe_names_what_is_there() -> None:
    recipe = tomllib.loads((SAMPLE / "recipe.toml").read_text(encoding="utf-8"))
    classes = {entry["name"]: entry["code"] for entry in recipe["schema"]["classes"]}
    assert next(iter(classes.items())) == ("cloud", 255)
    for scene in recipe["scenes"]:
        assert (SAMPLE / scene["image"]).is_file()
        used = {row["class"] for _, _, row in rows_of(SAMPLE, scene["labels"]["layer"])}
        assert used <= set(classes)
        assert scene["extent"]["layer"] in LAYERS
