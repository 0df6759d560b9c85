"""The independent painter: it agrees with the engine in hard places, and is no yes-man."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from polychip import api
from polychip.io.identity import content_id
from polychip.quality.roundtrip import spread
from polychip.quality.verify import verify_dataset

UTM = Affine(10.0, 0.0, 700_000.0, 0.0, -10.0, 4_400_000.0)
SIZE = 96


def write_raster(path: Path, transform: Affine, crs: str, **options: Any) -> str:
    pixels = (
        np.random.default_rng(1)
        .integers(1, 200, (2, SIZE, SIZE))
        .astype(options.pop("dtype", "uint8"))
    )
    profile = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": 2, "crs": crs}
    with rasterio.open(
        path, "w", **profile, dtype=pixels.dtype, transform=transform, **options
    ) as file:
        file.write(pixels)
    return str(path)


def discs(transform: Affine, seed: int = 2, n: int = 40) -> list[shapely.Polygon]:
    """Overlapping many-sided figures all over the image and beyond."""
    rng = np.random.default_rng(seed)
    shapes = []
    for x, y, radius in rng.uniform((-9, -9, 0.3), (SIZE + 9, SIZE + 9, 14), (n, 3)):
        disc = shapely.Point(x, y).buffer(radius, quad_segs=3)
        shapes.append(shapely.transform(disc, lambda xy: np.column_stack(place(transform, *xy.T))))
    return shapes


def place(t: Affine, x: Any, y: Any) -> tuple[Any, Any]:
    return t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f


def write_labels(path: Path, shapes: list[Any], crs: str, to: str | None = None) -> str:
    classes = ["abc"[i % 3] for i in range(len(shapes))]
    frame = geopandas.GeoDataFrame({"class": classes}, geometry=shapes, crs=crs)
    (frame.to_crs(to) if to else frame).to_file(path, layer="labels")
    return str(path)


Verify = Callable[..., dict[str, Any]]


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Build a dataset of one scene and give each check's (ok, message)."""

    def run(scene: dict[str, Any], **tables: Any) -> dict[str, Any]:
        data: dict[str, Any] = {
            "scenes": [{"name": "place"} | scene],
            "chips": {"size": 40},
            "masks": {"mode": "panoptic"},
            "output": {"path": str(tmp_path / "dataset")},
        }
        api.run(data | tables)
        report = verify_dataset(tmp_path / "dataset")
        return {check.id: check for check in report.checks}

    return run


@pytest.mark.parametrize("to", [None, "EPSG:4326", "EPSG:3035", "EPSG:3857"])
@pytest.mark.parametrize(
    "turn",
    [Affine.identity(), Affine.rotation(30), Affine.scale(1, -1), Affine.scale(1, 1.7)],
    ids=["north-up", "rotated", "south-up", "oblong"],
)
def test_engine_and_painter_agree_on_every_grid(
    verify: Verify, tmp_path: Path, turn: Affine, to: str | None
) -> None:
    grid = UTM @ turn if hasattr(Affine, "__matmul__") else UTM * turn
    image = write_raster(tmp_path / "i.tif", grid, "EPSG:32630")
    labels = write_labels(tmp_path / "l.gpkg", discs(grid), "EPSG:32630", to)
    checks = verify({"image": image, "labels": labels})
    assert checks["round_trip"].ok is True, checks["round_trip"].message
    assert checks["images"].ok is True, checks["images"].message


@pytest.mark.parametrize("split_there", [True, False], ids=["as RFC 7946", "past 180 degrees"])
@pytest.mark.parametrize("grid_crs", ["EPSG:4326", "EPSG:32660"])
def test_engine_and_painter_agree_at_the_antimeridian(
    verify: Verify, tmp_path: Path, grid_crs: str, *, split_there: bool
) -> None:
    degrees = Affine(2e-4, 0.0, 179.99, 0.0, -2e-4, 10.0)
    shapes: list[Any] = discs(degrees)
    grid = degrees if grid_crs == "EPSG:4326" else Affine(20, 0, 827_500, 0, -20, 1_107_000)
    if split_there:
        east, west = shapely.box(-180, -90, 180, 90), shapely.box(180, -90, 540, 90)
        halves = [
            (shape & east, shapely.transform(shape & west, lambda xy: xy - [360.0, 0.0]))
            for shape in shapes
        ]
        shapes = [shapely.MultiPolygon([h for h in pair if not h.is_empty]) for pair in halves]
    image = write_raster(tmp_path / "i.tif", grid, grid_crs)
    labels = write_labels(tmp_path / "l.gpkg", shapes, "EPSG:4326")
    checks = verify({"image": image, "labels": labels})
    assert checks["round_trip"].ok is True, checks["round_trip"].message


def test_a_world_sized_polygon_lies_beneath_the_small_ones(verify: Verify, tmp_path: Path) -> None:
    shapes = geopandas.GeoSeries(discs(UTM), crs="EPSG:32630").to_crs("EPSG:4326")
    image = write_raster(tmp_path / "i.tif", UTM, "EPSG:32630")
    everything = [*shapes, shapely.box(-180, -90, 180, 90)]
    labels = write_labels(tmp_path / "l.gpkg", everything, "EPSG:4326")
    checks = verify({"image": image, "labels": labels})
    assert checks["round_trip"].ok is True, checks["round_trip"].message


def test_mosaics_several_sources_and_ignore_rasters_make_the_round_trip(
    verify: Verify, tmp_path: Path
) -> None:
    beside = Affine(10.0, 0.0, 700_604.0, 0.0, -10.0, 4_399_697.0)
    images = [
        write_raster(tmp_path / "a.tif", UTM, "EPSG:32630", nodata=7),
        write_raster(tmp_path / "b.tif", beside, "EPSG:32630", nodata=7),
    ]
    union = Affine(10.0, 0.0, 700_000.0, 0.0, -10.0, 4_400_000.0)
    cloud = write_raster(tmp_path / "cloud.tif", union, "EPSG:32630")
    first = write_labels(tmp_path / "l.gpkg", discs(UTM), "EPSG:32630")
    second = write_labels(tmp_path / "m.gpkg", discs(beside, 5), "EPSG:32630", "EPSG:4326")
    checks = verify(
        {
            "image": images,
            "labels": [{"path": first}, {"path": second, "class_name": "road"}],
            "ignore": {"path": cloud, "values": [3, 4, 5]},
            "nodata_rule": "any",
        }
    )
    assert {name: check.ok for name, check in checks.items()} == dict.fromkeys(checks, True)


def test_resampled_imagery_is_named_as_the_reason_for_not_comparing_it(
    verify: Verify, tmp_path: Path
) -> None:
    image = write_raster(tmp_path / "i.tif", UTM, "EPSG:32630", nodata=0)
    labels = write_labels(tmp_path / "l.gpkg", discs(UTM), "EPSG:32630")
    checks = verify({"image": image, "labels": labels}, grid={"crs": "EPSG:4326"})
    assert checks["images"].ok is None
    assert "i.tif was resampled to the scene's grid" in checks["images"].message
    assert checks["round_trip"].ok is True, checks["round_trip"].message


def test_an_edge_through_pixel_centres_is_excused_and_counted(
    verify: Verify, tmp_path: Path
) -> None:
    image = write_raster(tmp_path / "i.tif", UTM, "EPSG:32630")
    corner = shapely.box(*place(UTM, 10.5, 30.5), *place(UTM, 30.5, 10.5))
    labels = write_labels(tmp_path / "l.gpkg", [corner], "EPSG:32630")
    checks = verify({"image": image, "labels": labels}, chips={"size": SIZE})
    assert checks["round_trip"].ok is True
    assert "(39 pixels lie on an edge" in checks["round_trip"].message  # 20 + 20 − 1 are claimed


@pytest.mark.parametrize(("edge_now", "ok"), [(10.47, True), (10.54, True), (10.56, False)])
def test_centres_may_fall_either_way_within_a_twentieth_of_a_pixel_and_no_further(
    verify: Verify, tmp_path: Path, edge_now: float, *, ok: bool
) -> None:
    image = write_raster(tmp_path / "i.tif", UTM, "EPSG:32630")
    path = tmp_path / "l.gpkg"

    def write(edge: float) -> str:
        shape = shapely.box(*place(UTM, edge, 30.2), *place(UTM, 30.2, 10.2))
        path.unlink(missing_ok=True)
        return write_labels(path, [shapely.segmentize(shape, 50)], "EPSG:32630", "EPSG:4326")

    verify({"image": image, "labels": write(10.47)}, chips={"size": SIZE})
    write(edge_now)  # the centres of column 10 were inside; now they are so far outside
    forge(tmp_path)
    found = verify_dataset(tmp_path / "dataset")
    assert found.ok is ok, str(found)


def forge(folder: Path) -> None:
    """Let the manifest claim that the labels of now are those of then."""
    path = folder / "dataset" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for entry in manifest["sources"]:
        entry["content_id"] = content_id(str(folder / entry["name"]))
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_sampled_chips_are_spread_evenly_and_never_more_than_there_are() -> None:
    assert spread(5, 64) == {0, 1, 2, 3, 4}
    assert spread(1000, 4) == {125, 375, 625, 875}
    assert len(spread(65, 64)) == 64
    assert spread(0, 64) == set()
