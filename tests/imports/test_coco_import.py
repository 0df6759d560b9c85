"""COCO from other people's writers: pycocotools decides which pixels an annotation has."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pycocotools import mask as coco
from rasterio.errors import NotGeoreferencedWarning
from support.rasters import Place, write_raster
from support.vectors import burned, layer, same_partition

import polychip
from polychip.imports.rle import decode_rle

CATEGORIES = [{"id": 7, "name": "Gebäude alt"}, {"id": 3, "name": "water"}]


def write_coco(folder: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:
    images = [
        {"id": number, "file_name": f"{name}.png", "height": 40, "width": 50}
        for number, name in ((0, "a"), (5, "b"))
    ]
    path = folder / "instances.json"
    data = {"images": images, "categories": CATEGORIES, "annotations": annotations} | more
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def pixels(shape: shapely.Geometry, where: Place) -> shapely.Geometry:
    """A shape in pixel coordinates."""
    t = where.transform
    return shapely.transform(shape, lambda xy: (xy - (t.c, t.f)) / (t.a, t.e))


def random_masks(n: int) -> list[NDArray[np.bool_]]:
    rng = np.random.default_rng(2)
    masks = [rng.random((40, 50)) < share for share in np.linspace(0.02, 0.98, n)]
    corner = np.zeros((40, 50), bool)
    corner[0, 0] = corner[39, 49] = True
    return [*masks, corner, np.ones((40, 50), bool)]


@pytest.mark.parametrize("compressed", [True, False])
def test_both_forms_of_rle_decode_as_pycocotools_does(compressed: bool) -> None:
    for mask in [*random_masks(12), np.zeros((40, 50), bool)]:
        text = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"]
        flat = mask.ravel(order="F")
        ends = np.flatnonzero(np.diff(flat)) + 1
        runs = np.diff(np.r_[0, ends, flat.size]).tolist()
        counts = text if compressed else ([0, *runs] if flat[0] else runs)
        column, columns = decode_rle(counts, 40, 50)
        whole = np.zeros((40, 50), bool)
        whole[:, column : column + columns.shape[1]] = columns
        assert np.array_equal(whole, mask)


@pytest.mark.parametrize("counts", ["", "abc", "0", b"~", [1, 2], [-1, 2001], [2000.5], None, "P"])
def test_counts_of_something_else_are_refused(counts: Any) -> None:
    with pytest.raises(ValueError, match="counts"):
        decode_rle(counts, 40, 50)


def test_rle_objects_come_back_pixel_for_pixel_with_their_ids(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    masks = random_masks(4)
    entries = []
    for number, mask in enumerate(masks):
        rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
        text = {"size": [40, 50], "counts": rle["counts"].decode()}
        entries.append({
            "id": 100 + number, "image_id": 5 * (number % 2), "category_id": (7, 3)[number % 2],
            "segmentation": text, "iscrowd": 0,
        })  # fmt: skip
    path = write_coco(tmp_path, entries)
    out = tmp_path / "labels.gpkg"
    summary = polychip.import_labels(path, format="coco", images=tmp_path / "images", out=out)
    assert dict(summary.annotations) == {"Gebäude alt": 3, "water": 3}
    frame = layer(out)
    assert frame["source_id"].tolist() == ["100", "102", "104", "101", "103", "105"]
    assert frame["instance_id"].tolist() == frame["source_id"].tolist()
    assert frame["class_id"].tolist() == ["7"] * 3 + ["3"] * 3
    for number, mask in enumerate(masks):
        row = frame[frame["source_id"] == str(100 + number)]
        where = chips["ab"[number % 2]]
        assert np.array_equal(burned(row, where, [1]), mask)
        assert row.geometry.is_valid.all()
    extent = layer(out, "extent")
    for name, where in chips.items():
        [shape] = extent[extent["image"] == f"{name}.png"].geometry
        assert pixels(shape, where).equals(shapely.box(0, 0, 50, 40))


def test_rings_are_filled_and_boxes_stand_in_for_missing_outlines(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    """A second ring inside the first fills nothing out; apart from it, it is a second part."""
    outer, inner = [2, 2, 20, 2, 20, 20, 2, 20], [5, 5, 9, 5, 9, 9, 5, 9]
    apart = [30.25, 4.5, 40.25, 4.5, 40.25, 10, 30.25, 10]
    common = {"image_id": 0, "category_id": 3}
    path = write_coco(tmp_path, [
        {"id": 1, "segmentation": [outer, inner], **common},
        {"id": 2, "segmentation": [outer, apart], **common},
        {"id": 3, "bbox": [3.5, 4, 10, 2.25], **common},
        {"id": 4, "segmentation": [[1, 1, 2, 2]], **common},
        {"id": 5, "segmentation": [[2, 20, 20, 38, 20, 20, 2, 38]], **common},
    ])  # fmt: skip
    out = tmp_path / "labels.gpkg"
    summary = polychip.import_labels(path, format="coco", images=[tmp_path / "images"], out=out)
    shapes = [pixels(shape, chips["a"]) for shape in layer(out).geometry]
    assert shapes[0].equals(shapely.box(2, 2, 20, 20))
    assert (
        shapes[1]
        .normalize()
        .equals_exact(
            shapely.MultiPolygon(
                [shapely.box(2, 2, 20, 20), shapely.box(30.25, 4.5, 40.25, 10)]
            ).normalize(),
            1e-9,
        )
    )
    assert (
        shapes[2]
        .normalize()
        .equals_exact(shapely.MultiPolygon([shapely.box(3.5, 4, 13.5, 6.25)]).normalize(), 1e-9)
    )
    assert shapes[3].is_valid
    assert shapes[3].area == pytest.approx(2 * 18 * 9 / 2)
    assert dict(summary.left_out) == {"annotations without an area": 1}
    assert dict(summary.changed) == {
        "boxes, without an outline": 1, "invalid outlines repaired": 1,
    }  # fmt: skip
    polychip.import_labels(
        path, format="coco", images=[tmp_path / "images"], out=out, shift_px=0.5, overwrite=True
    )
    assert pixels(layer(out).geometry[0], chips["a"]).equals(shapely.box(2.5, 2.5, 20.5, 20.5))


def test_a_crowd_is_ignore_but_for_the_objects_in_it(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    crowd = np.zeros((40, 50), np.uint8)
    crowd[10:30, 10:30] = 1
    flat = crowd.ravel(order="F")
    runs = np.diff(np.r_[0, np.flatnonzero(np.diff(flat)) + 1, flat.size]).tolist()
    path = write_coco(tmp_path, [
        {"id": 1, "image_id": 0, "category_id": 7, "iscrowd": 1,
         "segmentation": {"size": [40, 50], "counts": runs}},
        {"id": 2, "image_id": 0, "category_id": 7, "segmentation": [[12, 12, 16, 12, 16, 16, 12, 16]]},
    ])  # fmt: skip
    out = tmp_path / "labels.gpkg"
    summary = polychip.import_labels(path, format="coco", images=tmp_path / "images", out=out)
    assert layer(out)["source_id"].tolist() == ["2"]
    assert summary.changed == {"crowd regions, made ignore": 1}
    known = np.where(crowd == 1, 0, 1)
    known[12:16, 12:16] = 1
    extent = layer(out, "extent")
    one = extent[extent["image"] == "a.png"]
    assert np.array_equal(burned(one, chips["a"], [1]), known)
    polychip.import_labels(
        path, format="coco", images=tmp_path / "images", out=out, crowd="keep", overwrite=True
    )
    assert layer(out)["crowd"].tolist() == [1, 0]
    assert (layer(out, "extent").geometry.area == 200_000).all()


def test_ids_that_start_anew_in_each_image_are_kept_apart(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    ring = [[2, 2, 9, 2, 9, 9]]
    path = write_coco(tmp_path, [
        {"id": 1, "image_id": image, "category_id": 3, "segmentation": ring} for image in (0, 5)
    ])  # fmt: skip
    out = tmp_path / "labels.gpkg"
    polychip.import_labels(path, format="coco", images=tmp_path / "images", out=out)
    assert layer(out)["instance_id"].tolist() == ["a.png:1", "b.png:1"]


def test_what_was_imported_runs_through_export_and_unannotated_images_are_ignore(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    """A third image has no annotations: its pixels are ignore, those of an empty one background."""
    mask = random_masks(1)[0]
    rle = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    path = write_coco(tmp_path, [
        {"id": 4, "image_id": 0, "category_id": 7,
         "segmentation": {"size": [40, 50], "counts": rle["counts"].decode()}},
    ])  # fmt: skip
    out = tmp_path / "labels.gpkg"
    summary = polychip.import_labels(path, format="coco", images=tmp_path / "images", out=out)
    assert (summary.n_images, summary.n_empty) == (2, 1)
    third = Place(
        "EPSG:32630", chips["b"].transform @ chips["b"].transform.translation(50, 0), 40, 50
    )
    write_raster(tmp_path / "c.tif", third)
    images = [tmp_path / "images" / "a.tif", tmp_path / "images" / "b.tif", tmp_path / "c.tif"]
    dataset = polychip.export(
        images, labels=f"{out}|labels", extent=f"{out}|extent", out=tmp_path / "dataset",
        class_field="class", instance_field="instance_id", mode="instance", size=(40, 50),
    )  # fmt: skip
    found = {chip.scene: chip for chip in dataset}
    assert np.array_equal(found["a"].semantic, mask.astype(int))
    assert same_partition(found["a"].instance, mask.astype(int))
    assert not found["b"].semantic.any()
    assert (found["c"].semantic == 255).all()


def test_images_of_another_crs_are_transformed_and_it_is_said(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    other = Place("EPSG:25830", chips["b"].transform, 40, 50)
    write_raster(tmp_path / "images" / "b.tif", other)
    ring = [[2, 2, 30, 2, 30, 30, 2, 30]]
    path = write_coco(tmp_path, [
        {"id": i, "image_id": image, "category_id": 3, "segmentation": ring}
        for i, image in ((1, 0), (2, 5))
    ])  # fmt: skip
    out = tmp_path / "labels.gpkg"
    summary = polychip.import_labels(path, format="coco", images=tmp_path / "images", out=out)
    assert summary.crs == "EPSG:32630"
    assert summary.notes == ("1 image in EPSG:25830 transformed to EPSG:32630",)
    geographic = polychip.import_labels(
        path, format="coco", images=tmp_path / "images", out=out, crs="EPSG:4326", overwrite=True
    )
    assert geographic.crs == "EPSG:4326"
    back = layer(out).to_crs("EPSG:32630")
    for shape, where in zip(back.geometry, chips.values(), strict=True):
        assert pixels(shape, where).hausdorff_distance(shapely.box(2, 2, 30, 30)) < 1e-3


def test_images_that_are_missing_or_lie_nowhere_are_all_named(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    images = [
        {"id": i, "file_name": f"{name}.png", "height": 40, "width": 50}
        for i, name in enumerate(["a", "gone", "nowhere", "b"])
    ]
    with (
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(
            tmp_path / "images" / "nowhere.png",
            "w",
            driver="PNG",
            width=50,
            height=40,
            count=1,
            dtype="uint8",
        ) as file,
    ):
        file.write(np.zeros((1, 40, 50), np.uint8))
    ring = [[2, 2, 9, 2, 9, 9]]
    path = write_coco(tmp_path, [
        {"id": i, "image_id": i, "category_id": 3, "segmentation": ring} for i in range(4)
    ], images=images)  # fmt: skip
    out = tmp_path / "labels.gpkg"
    with pytest.raises(polychip.InputError) as error:
        polychip.import_labels(path, format="coco", images=tmp_path / "images", out=out)
    text = str(error.value)
    assert text.startswith("2 of 4 annotated images can't be placed:")
    assert "gone.png: no image of that name" in text
    assert "nowhere.png: has no coordinate reference system" in text
    assert not out.exists()
    summary = polychip.import_labels(
        path, format="coco", images=tmp_path / "images", out=out, skip_missing=True
    )
    assert len(summary.missing) == 2
    assert layer(out)["source_id"].tolist() == ["0", "3"]


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    ([{"id": 1, "image_id": 9, "category_id": 3}], {}, "images that the file does not list"),
    ([{"id": 1, "image_id": 0, "category_id": 4, "bbox": [0, 0, 4, 4]}], {}, "category_id 4 is not"),
    ([{"id": 1, "image_id": 0, "category_id": 3, "segmentation": {"size": [4, 4], "counts": "04"}}], {},
     "its RLE is 4 × 4 px"),
    ([{"id": 1, "image_id": 0, "category_id": 3, "segmentation": {"size": [40, 50], "counts": [3]}}], {},
     "annotation 1 of image 0: ValueError: counts of 3 pixels for 40 × 50"),
    ([{"id": 1, "image_id": 0, "category_id": 3}], {}, "annotation 1 of image 0: KeyError: 'bbox'"),
    ([], {"images": [{"id": 0, "file_name": "a.tif", "height": 20, "width": 25}]},
     "20 × 25 px .* the image found has 40 × 50"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "more", "message"), WRONG)
def test_what_contradicts_itself_is_refused_and_nothing_is_written(
    tmp_path: Path, chips: dict[str, Place], entries: Any, more: dict[str, Any], message: str
) -> None:
    path = write_coco(tmp_path, entries, **more)
    with pytest.raises(polychip.InputError, match=message):
        polychip.import_labels(
            path, format="coco", images=tmp_path / "images", out=tmp_path / "labels.gpkg"
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["images", "instances.json"]
