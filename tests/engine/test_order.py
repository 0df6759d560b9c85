"""One declared order decides overlaps; the order in the file decides nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import box
from support.datasets import differing, files_of, masks_of, rows, stitch
from support.pixels import random_polygons
from support.workshop import Workshop

ORDERED = {
    "class_field": "kind",
    "classes": [{"name": "a", "code": 1}, {"name": "b", "code": 2}, {"name": "c", "code": 3}],
}


def stitched(workshop: Workshop, dataset: Path, kind: str = "semantic") -> np.ndarray:
    return stitch(dataset, workshop.where.shape, kind=kind, transform=workshop.where.transform)


def crowd() -> tuple[list[Any], list[str], list[int]]:
    """Forty overlapping shapes, some of them equal, with classes and ids."""
    shapes = random_polygons(np.random.default_rng(5), 45, 36)
    shapes += [shapes[0], shapes[1], shapely.Polygon(shapes[2].geoms[0].exterior), box(3, 3, 9, 9)]
    names = [["a", "b", "c"][number % 3] for number in range(len(shapes))]
    return shapes, names, list(range(100, 100 + len(shapes)))


@pytest.mark.parametrize("with_schema", [True, False])
@pytest.mark.parametrize("all_touched", [True, False])
def test_reversing_the_features_changes_no_byte_of_a_class_mask(
    workshop: Workshop, with_schema: bool, all_touched: bool
) -> None:
    shapes, names, _ = crowd()
    image = workshop.image()
    schema = ORDERED if with_schema else {"class_field": "kind"}
    made = []
    for out, step in (("forward", 1), ("backward", -1)):
        labels = workshop.labels(shapes[::step], kind=names[::step], name=f"{out}.gpkg", layer="l")
        dataset = workshop.build(
            image, labels, out=out, schema=schema, masks={"all_touched": all_touched}
        )
        made.append({k: v for k, v in files_of(dataset).items() if k.startswith("masks/")})
    assert len(made[0]) == 12
    assert made[0] == made[1]


@pytest.mark.parametrize("mode", ["semantic", "instance", "panoptic"])
@pytest.mark.parametrize("step", ["reversed", "shuffled"])
def test_with_ids_the_order_in_the_file_changes_no_byte_at_all(
    workshop: Workshop, mode: str, step: str
) -> None:
    shapes, names, ids = crowd()
    image = workshop.image()
    order = (
        np.random.default_rng(1).permutation(len(ids))
        if step == "shuffled"
        else range(len(ids) - 1, -1, -1)
    )
    made = []
    for out, turn in (("one", range(len(ids))), ("two", order)):
        (workshop.folder / out).mkdir()
        labels = workshop.labels(
            [shapes[i] for i in turn],
            kind=[names[i] for i in turn],
            uid=[ids[i] for i in turn],
            name=f"{out}/labels.gpkg",
        )
        dataset = workshop.build(
            image,
            {"path": labels, "id_field": "uid"},
            out=f"{out}/dataset",
            schema=ORDERED,
            masks={"mode": mode},
        )
        made.append(dataset)
    # the file itself differs, and the manifest says by its content id which one it was
    changed = [p for p in differing(*made) if p != "manifest.json"]
    assert changed == []
    first, second = ((d / "manifest.json").read_text() for d in made)
    lines = [(a, b) for a, b in zip(first.splitlines(), second.splitlines(), strict=True) if a != b]
    assert all("content_id" in a for a, _ in lines), lines


def test_the_first_class_of_the_schema_wins_whatever_its_area(workshop: Workshop) -> None:
    shapes = [box(0, 0, 20, 20), box(5, 5, 10, 10), box(8, 8, 30, 30)]
    labels = workshop.labels(shapes, kind=["b", "c", "a"])
    mask = stitched(workshop, workshop.build(workshop.image(), labels, schema=ORDERED))
    expected = np.zeros(workshop.where.shape, int)
    expected[0:20, 0:20] = 2
    expected[8:30, 8:30] = 1
    assert np.array_equal(mask, expected)


def test_without_a_schema_the_smaller_area_lies_on_top(workshop: Workshop) -> None:
    shapes = [box(6, 6, 9, 9), box(0, 0, 20, 20), box(4, 4, 12, 12)]
    labels = workshop.labels(shapes, kind=["small", "large", "middle"])
    dataset = workshop.build(workshop.image(), labels, schema={"class_field": "kind"})
    expected = np.zeros(workshop.where.shape, int)
    expected[0:20, 0:20], expected[4:12, 4:12], expected[6:9, 6:9] = 1, 2, 3
    assert np.array_equal(stitched(workshop, dataset), expected)


@pytest.mark.parametrize("crs", ["EPSG:32630", "EPSG:4326"])
def test_area_counts_inside_the_padded_footprint_alone(workshop: Workshop, crs: str) -> None:
    """A strip that is huge elsewhere covers less of this image than a field, so it lies on top."""
    shapes = [box(0, 10, 5000, 12), box(0, 5, 15, 20)]  # 128 px of 10,000; 225 px
    labels = workshop.labels(shapes, crs=crs, kind=["road", "field"])
    dataset = workshop.build(workshop.image(), labels, schema={"class_field": "kind"})
    mask = stitched(workshop, dataset)
    assert (mask[10:12] == 2).all()
    assert (mask[5:10, :15] == 1).all()


def test_equal_areas_and_shapes_are_decided_by_shape_then_code_then_id(workshop: Workshop) -> None:
    """Two squares of one area: the greater WKB lies on top; of equal ones the greater code."""
    squares = [box(0, 0, 6, 6), box(3, 3, 9, 9)]
    twins = [box(20, 20, 25, 25)] * 2
    images = workshop.image()
    masks = []
    for out, step in (("one", 1), ("two", -1)):
        labels = workshop.labels(
            [*squares, *twins][::step], kind=["a", "b", "c", "b"][::step], name=f"{out}.gpkg"
        )
        dataset = workshop.build(images, labels, out=out, schema={"class_field": "kind"})
        masks.append(stitched(workshop, dataset))
    assert np.array_equal(*masks)
    assert masks[0][22, 22] == 3
    moved = [shapely.normalize(shapely.transform(s, workshop.where.to_crs)) for s in squares]
    winner = 1 + int(shapely.to_wkb(moved[1]) > shapely.to_wkb(moved[0]))
    assert masks[0][4, 4] == winner


def test_an_ignore_class_wins_over_every_class(workshop: Workshop) -> None:
    shapes = [box(0, 0, 20, 20), box(5, 5, 30, 30)]
    labels = workshop.labels(shapes, kind=[1, 255])
    mask = stitched(
        workshop, workshop.build(workshop.image(), labels, schema={"class_field": "kind"})
    )
    assert (mask[5:30, 5:30] == 255).all()
    assert (mask[:5, :5] == 1).all()


@pytest.mark.parametrize("first", ["unclear", "a"])
def test_an_ignore_class_lies_where_the_schema_lists_it(workshop: Workshop, first: str) -> None:
    classes = [{"name": "unclear", "code": 255}, {"name": "a", "code": 1}]
    if first == "a":
        classes.reverse()
    labels = workshop.labels([box(0, 0, 20, 20), box(5, 5, 30, 30)], kind=["a", "unclear"])
    schema = {"class_field": "kind", "classes": classes}
    mask = stitched(workshop, workshop.build(workshop.image(), labels, schema=schema))
    assert mask[10, 10] == (255 if first == "unclear" else 1)
    assert mask[25, 25] == 255


def test_ignored_objects_keep_their_row_and_lose_their_pixels(workshop: Workshop) -> None:
    classes = [{"name": "unclear", "code": 255}, {"name": "a", "code": 1}]
    labels = workshop.labels(
        [box(2, 2, 8, 8), box(0, 0, 12, 12)], kind=["a", "unclear"], uid=["x", "y"]
    )
    dataset = workshop.build(
        workshop.image(),
        {"path": labels, "id_field": "uid"},
        schema={"class_field": "kind", "classes": classes},
        masks={"mode": "instance"},
    )
    [row] = rows(dataset, "instances")
    assert (row["source_fid"], row["local_id"], row["area_px"], row["visible_px"]) == (
        "x",
        0,
        36,
        0,
    )
    assert all(not mask.any() for mask in masks_of(dataset, "instance").values())


def test_a_background_class_covers_what_lies_below_it(workshop: Workshop) -> None:
    """A drawn background is looked at and empty: it cuts holes by the declared order."""
    classes = [{"name": "none", "code": 0}, {"name": "a", "code": 1}]
    labels = workshop.labels([box(0, 0, 12, 12), box(4, 4, 8, 8)], kind=["a", "none"])
    dataset = workshop.build(
        workshop.image(),
        labels,
        schema={"class_field": "kind", "classes": classes},
        masks={"mode": "instance"},
    )
    mask = stitched(workshop, dataset)
    assert mask[5, 5] == 0
    assert mask[1, 1] == 1
    [row] = rows(dataset, "instances")
    assert (row["area_px"], row["visible_px"]) == (144, 128)
