"""On the image, on data, in the extent."""

import numpy as np
import pytest
import shapely
from support.desk import Desk

INSIDE = shapely.box(5, 5, 15, 15)


def test_a_feature_off_the_image_is_a_warning_and_one_across_its_edge_is_told(desk: Desk) -> None:
    across, off, touching = (
        shapely.box(45, 5, 55, 15),
        shapely.box(60, 5, 70, 15),
        shapely.box(40, 20, 50, 30),
    )
    found = desk.check([INSIDE, across, off, touching])
    assert found == {("place.beyond_image", "2"), ("place.off_image", "3")}
    assert desk.report is not None
    messages = {p.source_fid: p.message for p in desk.report.problems}
    assert messages == {"2": "50.0% of it is beyond the image", "3": "10 px from the nearest image"}


def test_features_on_nodata_are_counted_pixel_by_pixel(desk: Desk) -> None:
    pixels = np.full((1, 40, 50), 7, dtype=np.uint8)
    pixels[0, :, 20:] = 0
    desk.image(pixels, nodata=0)
    found = desk.check([INSIDE, shapely.box(15, 20, 25, 25), shapely.box(30, 20, 40, 30)])
    assert found == {("place.nodata", "2"), ("place.nodata", "3")}
    assert desk.report is not None
    messages = [(p.severity, p.message) for p in desk.report.problems]
    assert messages == [
        ("info", "25 of its pixels (50.0%) hold no data"),
        ("warning", "100 of its pixels (100.0%) hold no data"),
    ]


def test_what_leaves_the_extent_is_told_and_what_reaches_its_edge_is_not(desk: Desk) -> None:
    extent = desk.write([shapely.box(0, 0, 20, 40)], "extent.gpkg")
    shapes = [
        INSIDE,
        shapely.box(10, 20, 20, 30),
        shapely.box(15, 32, 25, 36),
        shapely.box(30, 5, 40, 15),
    ]
    found = desk.check(shapes, extent=extent)
    assert found == {("place.outside_extent", "3"), ("place.outside_extent", "4")}
    assert desk.report is not None
    assert [p.severity for p in desk.report.problems] == ["info", "warning"]
    assert desk.report.problems[0].message == "50.0% of it lies outside"


@pytest.mark.parametrize(
    ("status", "empty"), [("done", True), ("Done", True), ("todo", False), (None, False)]
)
def test_a_cell_that_is_done_and_empty_is_a_warning(
    desk: Desk, status: str | None, empty: bool
) -> None:
    cells = [shapely.box(0, 0, 20, 40), shapely.box(20, 0, 50, 40)]
    extent = desk.write(cells, "cells.gpkg", status=["done", status])
    found = desk.check([INSIDE], extent=extent)
    assert (("place.empty_cell", None) in found) == empty


def test_labels_in_another_crs_are_placed_alike(desk: Desk) -> None:
    from support.labels import from_pixels, write_labels

    from polychip.quality.checks.check import check_labels
    from polychip.quality.checks.subject import Request
    from polychip.recipe import LabelSource

    shapes = [INSIDE, shapely.box(45, 5, 55, 15), shapely.box(60, 5, 70, 15)]
    moved = [from_pixels(desk.where, shape, "EPSG:4326") for shape in shapes]
    path = write_labels(desk.folder / "far.gpkg", moved, "EPSG:4326", **{"class": ["a"] * 3})
    report, _ = check_labels(Request(LabelSource(path=path), images=(desk.image(),)))
    found = {(p.check.id, p.source_fid) for p in report.problems}
    assert found == {("place.beyond_image", "2"), ("place.off_image", "3")}
    for problem in report.problems:
        assert -1 < problem.where.bounds[0] < 1, "places are in the labels' CRS"
