"""What may be given as labels, extent and ignore masks, and what becomes of it."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from shapely import LineString, Point, box
from support.datasets import manifest, masks_of, rows, stitch
from support.labels import from_pixels, transformer, write_labels
from support.oracle import assert_equals_oracle
from support.rasters import Place, place, write_raster
from support.workshop import Workshop

from polychip.errors import InputError


def stitched(workshop: Workshop, dataset: Path, kind: str = "semantic") -> np.ndarray:
    return stitch(dataset, workshop.where.shape, kind=kind, transform=workshop.where.transform)


def filled(workshop: Workshop, *boxes: tuple[int, int, int, int, int]) -> np.ndarray:
    """An array with (x, y, x_end, y_end, value) painted one after the other."""
    canvas = np.zeros(workshop.where.shape, dtype=int)
    for x, y, x_end, y_end, value in boxes:
        canvas[y:y_end, x:x_end] = value
    return canvas


def test_several_sources_give_a_fixed_class_each(workshop: Workshop) -> None:
    houses = workshop.labels([box(2, 2, 8, 8)], name="houses.gpkg", kind=["x"])
    roads = workshop.labels([box(0, 4, 40, 6)], name="roads.gpkg")
    sources = [
        {"path": houses, "class_name": "house"},
        {"path": roads, "class_name": "road"},
    ]
    schema = {"classes": [{"name": "road", "code": 4}, {"name": "house", "code": 2}]}
    dataset = workshop.build(workshop.image(), sources, schema=schema, masks={"mode": "instance"})
    assert np.array_equal(
        stitched(workshop, dataset), filled(workshop, (2, 2, 8, 8, 2), (0, 4, 40, 6, 4))
    )
    assert {row["namespace"] for row in rows(dataset, "instances")} == {"houses.gpkg", "roads.gpkg"}


def test_equal_instance_ids_in_two_files_stay_two_objects(workshop: Workshop) -> None:
    sources = [
        {
            "path": workshop.labels([box(x, 2, x + 3, 5)], name=f"{name}.gpkg", obj=[1]),
            "class_name": "a",
        }
        for name, x in (("one", 1), ("two", 8))
    ]
    dataset = workshop.build(
        workshop.image(), sources, schema={"instance_field": "obj"}, masks={"mode": "instance"}
    )
    found = [(r["instance_id"], r["namespace"], r["area_px"]) for r in rows(dataset, "instances")]
    assert sorted(found) == [("1", "one.gpkg", 9), ("1", "two.gpkg", 9)]
    assert stitched(workshop, dataset, "instance").max() == 2


def test_a_where_filter_chooses_features(workshop: Workshop) -> None:
    labels = workshop.labels([box(2, 2, 8, 8), box(10, 10, 20, 20)], status=["done", "draft"])
    source = {"path": labels, "where": "status = 'done'", "class_name": "a"}
    dataset = workshop.build(workshop.image(), source)
    assert np.array_equal(stitched(workshop, dataset), filled(workshop, (2, 2, 8, 8, 1)))


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "fgb", "shp", "parquet"])
def test_every_vector_format_burns_alike(workshop: Workshop, suffix: str) -> None:
    shapes = [box(2, 2, 8, 8) - box(4, 4, 6, 6), box(10, 10, 20, 20)]
    moved = [from_pixels(workshop.where, shape, "EPSG:4326") for shape in shapes]
    path = workshop.folder / f"labels.{suffix}"
    if suffix == "parquet":
        import geopandas

        geopandas.GeoDataFrame({"kind": [5, 9]}, geometry=moved, crs="EPSG:4326").to_parquet(path)
    else:
        write_labels(path, moved, "EPSG:4326", kind=[5, 9])
    dataset = workshop.build(workshop.image(), str(path), schema={"class_field": "kind"})
    expected = filled(workshop, (2, 2, 8, 8, 5), (4, 4, 6, 6, 0), (10, 10, 20, 20, 9))
    assert np.array_equal(stitched(workshop, dataset), expected)


def test_file_and_layer_name_a_layer(workshop: Workshop) -> None:
    path = workshop.labels([box(0, 0, 3, 3)], layer="first")
    workshop.labels([box(5, 5, 9, 9)], layer="second")
    dataset = workshop.build(workshop.image(), f"{path}|second")
    assert np.array_equal(stitched(workshop, dataset), filled(workshop, (5, 5, 9, 9, 1)))
    with pytest.raises(InputError, match="2 layers"):
        workshop.build(workshop.image(), path, out="other")


LINE = LineString([(3.3, 4.1), (25.2, 30.7), (44.9, 12.3)])
SPOT = Point(30.2, 8.4)


@pytest.mark.parametrize("crs", ["EPSG:32630", "EPSG:25830", "EPSG:4326"])
def test_lines_and_points_are_as_wide_as_said_in_metres(workshop: Workshop, crs: str) -> None:
    labels = workshop.labels([LINE, SPOT], crs=crs)
    dataset = workshop.build(workshop.image(), {"path": labels, "buffer_m": 35.0})
    metres = [
        from_pixels(workshop.where, shape).buffer(35.0, quad_segs=64) for shape in (LINE, SPOT)
    ]
    mask = stitched(workshop, dataset)
    expected = shapely.contains_xy(shapely.union_all(metres), *workshop.where.centres())
    distance = shapely.distance(
        shapely.union_all(metres).boundary, shapely.points(*workshop.where.centres())
    )
    differs = (mask == 1) != expected
    assert expected.sum() > 100
    assert distance[differs].max(initial=0) < 0.5, "a quarter circle has 16 segments: within 0.5 m"


def test_a_width_field_gives_each_line_its_whole_width(workshop: Workshop) -> None:
    across = [LineString([(0, 5.5), (50, 5.5)]), LineString([(0, 20.5), (50, 20.5)])]
    labels = workshop.labels(across, w=[10.0, 50.0])
    dataset = workshop.build(workshop.image(), {"path": labels, "width_field": "w"})
    rows_burned = np.flatnonzero(stitched(workshop, dataset)[:, 25] == 1)
    assert rows_burned.tolist() == [5, 18, 19, 20, 21, 22]


def test_a_buffer_reaches_into_the_image_from_outside(workshop: Workshop) -> None:
    labels = workshop.labels([Point(-2.0, 20.0), Point(25, 25)])
    dataset = workshop.build(workshop.image(), {"path": labels, "buffer_m": 60.0})
    assert stitched(workshop, dataset)[20, 0] == 1


def test_a_width_field_reaches_into_the_image_from_far_outside(workshop: Workshop) -> None:
    """A river 800 m wide whose middle line lies 300 m from the image covers its margin."""
    labels = workshop.labels(
        [LineString([(-30, 0), (-30, 40)]), LineString([(20, 20), (25, 25)])], w=[800.0, 20.0]
    )
    dataset = workshop.build(workshop.image(), {"path": labels, "width_field": "w"})
    assert (stitched(workshop, dataset)[5:35, :9] == 1).all()


def test_extents_are_united_and_the_rest_is_ignore(workshop: Workshop) -> None:
    labels = workshop.labels([box(2, 2, 30, 8)])
    tasks = workshop.labels(
        [box(0, 0, 10, 20), box(40, 30, 50, 40)], name="tasks.gpkg", status=["done", "open"]
    )
    view = workshop.labels([box(5, 5, 20, 25)], name="view.gpkg", crs="EPSG:4326")
    extent = [{"path": tasks, "where": "status = 'done'"}, view]
    dataset = workshop.build(workshop.image(), labels, scene={"extent": extent})
    looked = filled(workshop, (0, 0, 10, 20, 1), (5, 5, 20, 25, 1)) == 1
    expected = np.where(looked, filled(workshop, (2, 2, 30, 8, 1)), 255)
    assert np.array_equal(stitched(workshop, dataset), expected)
    assert not [w for w in workshop.ear.warnings if "no extent" in w]


def test_without_an_extent_the_run_says_that_everything_counts_as_looked_at(
    workshop: Workshop,
) -> None:
    workshop.build(workshop.image(), workshop.labels([box(2, 2, 30, 8)]))
    assert [w for w in workshop.ear.warnings if "no extent given: the whole image counts" in w]


def test_an_extent_far_from_the_image_is_an_error(workshop: Workshop) -> None:
    labels = workshop.labels([box(2, 2, 30, 8)])
    away = workshop.labels([box(900, 900, 950, 950)], name="away.gpkg")
    with pytest.raises(InputError, match=r"no polygon of the extent lies"):
        workshop.build(workshop.image(), labels, scene={"extent": away})


def test_ignore_rasters_hide_their_values_on_any_grid(workshop: Workshop) -> None:
    cloud_place = place(8, 10, transform=workshop.where.transform @ Affine.scale(5))
    clouds = np.arange(80).reshape(1, 8, 10).astype("uint8") % 11
    path = write_raster(workshop.folder / "scl.tif", cloud_place, clouds)
    labels = workshop.labels([box(2, 2, 30, 38)])
    dataset = workshop.build(
        workshop.image(), labels, scene={"ignore": {"path": path, "values": [3, 8, 9]}}
    )
    hidden = np.isin(clouds[0].repeat(5, axis=0).repeat(5, axis=1), [3, 8, 9])
    expected = np.where(hidden, 255, filled(workshop, (2, 2, 30, 38, 1)))
    assert np.array_equal(stitched(workshop, dataset), expected)


def test_raster_labels_are_brought_to_the_grid_by_nearest(workshop: Workshop) -> None:
    at = place(20, 25, transform=workshop.where.transform @ Affine.scale(2))
    rng = np.random.default_rng(2)
    classes = rng.choice([0, 1, 4, 255], (1, 20, 25)).astype("uint8")
    path = write_raster(workshop.folder / "classes.tif", at, classes)
    dataset = workshop.build(workshop.image(), path)
    assert np.array_equal(
        stitched(workshop, dataset), classes[0].repeat(2, axis=0).repeat(2, axis=1)
    )


def test_raster_labels_end_where_their_raster_ends(workshop: Workshop) -> None:
    """Outside the class raster and where it is nodata nobody knows: ignore, not background."""
    classes = np.ones((1, 20, 30), "int16")
    classes[0, 5:8, 5:8] = -1
    classes[0, 10:, :] = 0
    path = write_raster(workshop.folder / "classes.tif", place(20, 30), classes, nodata=-1)
    mask = stitched(workshop, workshop.build(workshop.image(), path))
    expected = filled(
        workshop, (0, 0, 50, 40, 255), (0, 0, 30, 10, 1), (0, 10, 30, 20, 0), (5, 5, 8, 8, 255)
    )
    assert np.array_equal(mask, expected)


def test_polygons_lie_over_raster_labels(workshop: Workshop) -> None:
    classes = np.full((1, 40, 50), 2, "uint8")
    path = write_raster(workshop.folder / "classes.tif", workshop.where, classes)
    polygons = workshop.labels([box(5, 5, 10, 10)], kind=[7])
    sources = [path, {"path": polygons, "class_field": "kind"}]
    mask = stitched(workshop, workshop.build(workshop.image(), sources))
    assert np.array_equal(mask, filled(workshop, (0, 0, 50, 40, 2), (5, 5, 10, 10, 7)))


def test_raster_labels_with_a_value_that_the_schema_lacks_are_an_error(workshop: Workshop) -> None:
    classes = np.full((1, 40, 50), 2, "uint8")
    path = write_raster(workshop.folder / "classes.tif", workshop.where, classes)
    schema = {"classes": [{"name": "water", "code": 1}]}
    with pytest.raises(
        InputError, match=r"classes\.tif: pixels have the value 2, the schema knows water"
    ):
        workshop.build(workshop.image(), path, schema=schema)


def test_labels_off_the_image_are_an_error_with_both_extents(workshop: Workshop) -> None:
    labels = workshop.labels([box(500, 500, 510, 510)])
    with pytest.raises(
        InputError,
        match=r"nothing would be burned.*covers \(700000, .*labels\.gpkg\|labels \(705000",
    ):
        workshop.build(workshop.image(), labels)
    assert not (workshop.folder / "dataset").exists()


def test_tiny_objects_are_kept_when_asked_for(workshop: Workshop) -> None:
    labels = workshop.labels([box(2.6, 3.6, 2.9, 3.9), box(10, 10, 12, 12)])
    plain = workshop.build(workshop.image(), labels, out="plain")
    kept = workshop.build(workshop.image(), labels, out="kept", masks={"keep_tiny": True})
    assert np.array_equal(stitched(workshop, plain), filled(workshop, (10, 10, 12, 12, 1)))
    assert np.array_equal(
        stitched(workshop, kept), filled(workshop, (10, 10, 12, 12, 1), (2, 3, 3, 4, 1))
    )
    assert manifest(plain)["scenes"][0]["tiny_by_class"] == {"labels": 1}


def test_255_classes_make_16_bit_masks(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, place(40, 600))
    shapes = [box(2 * i, 0, 2 * i + 1, 40) for i in range(255)]
    labels = workshop.labels(shapes, kind=[f"class {i:03d}" for i in range(255)])
    extent = workshop.labels([box(0, 0, 600, 30)], name="extent.gpkg")
    dataset = workshop.build(
        workshop.image(),
        labels,
        schema={"class_field": "kind"},
        scene={"extent": extent},
        chips={"size": 64},
    )
    mask = stitched(workshop, dataset)
    assert {m.dtype.name for m in masks_of(dataset).values()} == {"uint16"}
    assert mask[0, 0:510:2].tolist() == list(range(1, 256))
    assert (mask[30:] == 65535).all()


def test_panoptic_masks_hold_stuff_in_one_and_things_in_both(workshop: Workshop) -> None:
    labels = workshop.labels(
        [box(0, 0, 20, 20), box(2, 2, 6, 6), box(8, 8, 12, 12)], kind=["lake", "boat", "boat"]
    )
    schema = {
        "class_field": "kind",
        "classes": [{"name": "boat", "code": 1}, {"name": "lake", "code": 2, "thing": False}],
    }
    dataset = workshop.build(workshop.image(), labels, schema=schema, masks={"mode": "panoptic"})
    mask, objects = stitched(workshop, dataset), stitched(workshop, dataset, "instance")
    assert np.array_equal(
        mask, filled(workshop, (0, 0, 20, 20, 2), (2, 2, 6, 6, 1), (8, 8, 12, 12, 1))
    )
    assert np.array_equal(objects > 0, mask == 1)
    table = rows(dataset, "instances")
    assert {row["class_code"] for row in table} == {1}
    assert sum(row["visible_px"] for row in table) == 32


def test_objects_cut_by_chips_add_up_and_are_marked(workshop: Workshop) -> None:
    """Chips of 16 px; an object from 10 to 40 lies in three of them."""
    labels = workshop.labels([box(10, 3, 40, 9), box(1, 1, 3, 3)], uid=["long", "short"])
    dataset = workshop.build(
        workshop.image(), {"path": labels, "id_field": "uid"}, masks={"mode": "instance"}
    )
    table = rows(dataset, "instances")
    long = [row for row in table if row["source_fid"] == "long"]
    assert [(row["area_px"], row["visible_px"]) for row in long] == [(36, 36), (96, 96), (48, 48)]
    assert [row["bbox_px"] for row in long] == [[10, 3, 6, 6], [0, 3, 16, 6], [0, 3, 8, 6]]
    assert all(row["truncated"] for row in long)
    [short] = [row for row in table if row["source_fid"] == "short"]
    assert not short["truncated"]
    assert (short["visible_fraction"], short["instance_id"]) == (1.0, "fid:short")


def test_labels_in_another_crs_than_a_geographic_image_are_burned_exactly(tmp_path: Path) -> None:
    where = Place("EPSG:4326", Affine(1e-4, 0, -0.4, 0, -8e-5, 39.5), 70, 60)
    workshop = Workshop(tmp_path, where)
    shapes = [box(3.2, 5.1, 40.7, 33.3), shapely.Point(40, 45).buffer(12)]
    labels = workshop.labels(shapes, crs="EPSG:25830")
    dataset = workshop.build(workshop.image(), labels)
    moved = [from_pixels(where, shape, "EPSG:25830") for shape in shapes]
    assert_equals_oracle(stitched(workshop, dataset), where, moved, [1, 1], "EPSG:25830")


def widths_on_the_ground(
    where: Place, line: LineString, crs: str, metric: str, distance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each pixel's centre lies within a distance of a line that is straight in a CRS.

    Measured in a metric CRS, the line followed in small steps; and how near the limit it is.
    """
    drawn = from_pixels(where, line, crs)
    fine = shapely.segmentize(drawn, drawn.length / 4000)
    to_metric = transformer(crs, metric)
    moved = shapely.transform(fine, lambda xy: np.column_stack(to_metric.transform(*xy.T)))
    x, y = transformer(where.crs, metric).transform(*where.centres())
    away = shapely.distance(moved, shapely.points(x, y))
    return away < distance, np.abs(away - distance)


@pytest.mark.parametrize(
    ("crs", "grid", "metric"),
    [
        ("EPSG:4326", "EPSG:32630", "EPSG:32630"),
        ("EPSG:3857", "EPSG:32630", "EPSG:32630"),
        ("EPSG:4326", "EPSG:3857", "EPSG:32630"),
        ("EPSG:3857", "EPSG:3857", "EPSG:32630"),
        ("EPSG:4258", "EPSG:4326", "EPSG:25830"),
        ("EPSG:32631", "EPSG:4326", "EPSG:32630"),
    ],
)
def test_a_long_line_is_as_wide_as_said_on_the_ground_in_every_crs(
    tmp_path: Path, crs: str, grid: str, metric: str
) -> None:
    """600 m to each side of a line of 120 km, in CRSs whose metres or edges are not the ground's."""
    grids = {
        "EPSG:32630": Affine(100, 0, 690_000, 0, -100, 4_410_000),
        "EPSG:3857": Affine(130, 0, -85_000, 0, -130, 4_840_000),
        "EPSG:4326": Affine(1.2e-3, 0, -0.75, 0, -9e-4, 39.8),
    }
    where = place(60, 70, crs=grid, transform=grids[grid])
    line = LineString([(-600, 10), (650, 52)])
    workshop = Workshop(tmp_path, where)
    labels = workshop.labels([line], crs=crs)
    dataset = workshop.build(workshop.image(), {"path": labels, "buffer_m": 600.0})
    expected, near = widths_on_the_ground(where, line, crs, metric, 600.0)
    wrong = (stitched(workshop, dataset) == 1) != expected
    assert 300 < expected.sum() < 2000
    # the metric CRS of the comparison is itself a few parts in a thousand off the ground
    assert near[wrong].max(initial=0.0) < 6.0


def test_a_buffer_across_the_antimeridian_is_round(tmp_path: Path) -> None:
    where = place(60, 60, crs="EPSG:4326", transform=Affine(1e-3, 0, 179.97, 0, -1e-3, -16.97))
    workshop = Workshop(tmp_path, where)
    path = write_labels(workshop.folder / "labels.gpkg", [Point(-180.0, -17.0)], "EPSG:4326")
    dataset = workshop.build(workshop.image(), {"path": path, "buffer_m": 2000.0})
    burned = stitched(workshop, dataset) == 1
    x, y = transformer("EPSG:4326", "EPSG:32701").transform(*where.centres())
    spot = transformer("EPSG:4326", "EPSG:32701").transform(180.0, -17.0)
    away = np.hypot(x - spot[0], y - spot[1])
    assert np.abs(away - 2000.0)[burned != (away < 2000.0)].max(initial=0.0) < 10.0
    assert burned.sum() > 500


def test_objects_are_not_visible_where_nobody_looked_or_there_is_no_image(
    workshop: Workshop,
) -> None:
    pixels = np.full((1, 40, 50), 9, "uint8")
    pixels[0, :, :4] = 0
    labels = workshop.labels([box(2, 2, 14, 12)])
    extent = workshop.labels([box(0, 0, 50, 8)], name="extent.gpkg")
    dataset = workshop.build(
        workshop.image(pixels, nodata=0),
        labels,
        masks={"mode": "instance"},
        scene={"extent": extent},
    )
    mask, objects = stitched(workshop, dataset), stitched(workshop, dataset, "instance")
    assert np.array_equal(objects, filled(workshop, (4, 2, 14, 8, 1)))
    assert np.array_equal(objects == 1, mask == 1)
    [row] = rows(dataset, "instances")
    assert (row["area_px"], row["visible_px"], row["visible_fraction"]) == (120, 60, 0.5)
