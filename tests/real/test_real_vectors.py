"""Real datasets into polygons and back; real labels through COCO and back."""

import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import scipy.ndimage
import shapely
from PIL import Image
from pycocotools import mask as coco
from support.datasets import manifest, masks_of, read_chip, rows, stitch
from support.real import gdal_burn, pixels_of, place_of
from support.vectors import burned, layer, same_partition
from support.workshop import Workshop

import polychip

CASES: dict[str, dict[str, Any]] = {
    "mass-buildings": {
        "image": ["22978945_15.tif"], "labels": "massachusetts_buildings.gpkg",
        "schema": {}, "mode": "instance", "size": 300,
    },
    "nb-bakerlake": {
        "image": ["23322E759967N_clipped_1m_1of2.tif", "23322E759967N_clipped_1m_2of2.tif"],
        "labels": "BakerLake_2017_clipped.gpkg", "mode": "panoptic", "size": 150,
        "schema": {
            "class_field": "Quatreclasses",
            "classes": [
                {"name": "unclear", "code": 255},
                {"name": "building", "code": 4},
                {"name": "road", "code": 3, "thing": False},
                {"name": "hydro", "code": 2, "thing": False},
                {"name": "forest", "code": 1, "thing": False},
            ],
        },
    },
    "sen1floods11-spain": {
        "image": ["Spain_7370579_S2Hand.tif"], "labels": "Spain_7370579_water_DERIVED.gpkg",
        "mode": "semantic", "size": 200,
        "schema": {
            "class_field": "class",
            "classes": [{"name": "no_data", "code": 255}, {"name": "water", "code": 1}],
        },
    },
}  # fmt: skip


def build(
    workshop: Workshop, folder: Path, case: dict[str, Any], labels: Any, out: str, **more: Any
) -> Path:
    images = [str(folder / name) for name in case["image"]]
    options = {
        "schema": case["schema"], "masks": {"mode": case["mode"]}, "chips": {"size": case["size"]},
    } | more  # fmt: skip
    return workshop.build(images, labels, out=out, **options)


@pytest.mark.parametrize("name", CASES)
def test_masks_become_polygons_and_the_polygons_the_same_masks(
    workshop: Workshop, data: Path, name: str
) -> None:
    case, folder = CASES[name], data / name
    first = build(workshop, folder, case, str(folder / case["labels"]), "first")
    back = str(workshop.folder / "back.gpkg")
    summary = polychip.vectorize(first, out=back)
    classes = manifest(first)["schema"]["classes"]
    ids = {} if case["mode"] == "semantic" else {"instance_field": "instance_id"}
    schema = {
        "class_field": "class",
        "classes": [
            {key: entry[key] for key in ("name", "code", "thing", "color")} for entry in classes
        ],
    }
    second = build(
        workshop, folder, case, {"path": back, "layer": "labels"}, "second",
        schema=schema | ids, scene={"extent": {"path": back, "layer": "extent"}},
    )  # fmt: skip
    before, after = masks_of(first), masks_of(second)
    assert before.keys() == after.keys()
    assert all(np.array_equal(mask, after[chip]) for chip, mask in before.items())
    pixels = manifest(first)["counts"]["pixels"]
    codes = {entry["name"]: entry["code"] for entry in classes}
    assert {codes[k]: n for k, n in summary.pixels.items()} == {
        int(code): n for code, n in pixels.items() if n and int(code) not in (0, 255)
    }
    if ids:
        objects = {r["instance_id"] for r in rows(first, "instances") if r["local_id"]}
        assert {r["instance_id"] for r in rows(second, "instances")} == objects
        for row in rows(first):
            masks = [read_chip(dataset, row, "instance")[0] for dataset in (first, second)]
            assert same_partition(*masks)


def test_the_spanish_water_is_as_many_polygons_as_the_raster_has_components(
    workshop: Workshop, data: Path
) -> None:
    case, folder = CASES["sen1floods11-spain"], data / "sen1floods11-spain"
    dataset = build(workshop, folder, case, str(folder / case["labels"]), "first")
    hand = pixels_of(folder / "Spain_7370579_LabelHand.tif")[0]
    out = workshop.folder / "back.gpkg"
    polychip.vectorize(dataset, out=out)
    assert len(layer(out)) == scipy.ndimage.label(hand == 1)[1] == 716
    where = place_of(folder / case["image"][0])
    extent = layer(out, "extent")
    assert np.array_equal(burned(extent, where, [1] * len(extent)), hand != -1)
    holes = shapely.get_num_interior_rings(shapely.get_parts(layer(out).geometry.to_numpy()))
    assert holes.sum() == 330
    polychip.vectorize(dataset, out=out, overwrite=True, simplify=1.5, min_size=4)
    smooth = layer(out)
    assert smooth.geometry.is_valid.all()
    sizes = np.bincount(scipy.ndimage.label(hand == 1)[0].ravel())[1:]
    assert len(smooth) == np.count_nonzero(sizes >= 4)
    assert sorted(smooth["n_px"]) == sorted(sizes[sizes >= 4])


def test_buildings_through_pycocotools_rle_come_back_pixel_for_pixel(
    workshop: Workshop, data: Path, tmp_path: Path
) -> None:
    """Every building's full mask is written chip by chip as COCO, and imported on the chips."""
    case, folder = CASES["mass-buildings"], data / "mass-buildings"
    dataset = build(workshop, folder, case, str(folder / case["labels"]), "first")
    images, annotations = [], []
    for number, row in enumerate(rows(dataset)):
        size = {"height": row["height"], "width": row["width"]}
        images.append({"id": number, "file_name": f"{row['chip_id']}.jpg", **size})
        instance = read_chip(dataset, row, "instance")[0]
        for local in np.unique(instance[instance > 0]).tolist():
            rle = coco.encode(np.asfortranarray((instance == local).astype(np.uint8)))
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": 1, "iscrowd": 0,
                "segmentation": {"size": list(instance.shape), "counts": rle["counts"].decode()},
            })  # fmt: skip
    assert len(annotations) > 400
    path = tmp_path / "coco.json"
    categories = [{"id": 1, "name": "building"}]
    path.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )
    out = tmp_path / "labels.gpkg"
    summary = polychip.import_labels(path, format="coco", images=dataset / "images", out=out)
    assert dict(summary.annotations) == {"building": len(annotations)}
    where = place_of(folder / case["image"][0], crs="EPSG:26986")
    frame: geopandas.GeoDataFrame = layer(out)
    truth = stitch(dataset, where.shape)
    again = burned(frame, where, [1] * len(frame))
    assert np.array_equal(again == 1, truth == 1)


def test_the_spanish_hand_labels_come_in_as_a_palette_png(data: Path, tmp_path: Path) -> None:
    folder = data / "sen1floods11-spain"
    hand = pixels_of(folder / "Spain_7370579_LabelHand.tif")[0]
    (tmp_path / "masks").mkdir()
    index = Image.fromarray(np.where(hand == -1, 255, hand).astype(np.uint8))
    index.putpalette([value for i in range(256) for value in (i, 0, 255 - i)])
    index.save(tmp_path / "masks" / "Spain_7370579_S2Hand.png")
    image, out = folder / "Spain_7370579_S2Hand.tif", tmp_path / "labels.gpkg"
    summary = polychip.import_labels(
        tmp_path / "masks", format="masks", images=folder, classes="water", out=out
    )
    assert dict(summary.annotations) == {"water": 716}
    dataset = polychip.export(
        image, labels=f"{out}|labels", extent=f"{out}|extent", out=tmp_path / "dataset", size=512
    )
    assert np.array_equal(dataset[0].semantic, np.where(hand == -1, 255, hand))


def test_outlines_of_baker_lake_come_back_from_yolo_shares(data: Path, tmp_path: Path) -> None:
    """What lies on the second tile, without holes, each outline a line of shares."""
    folder = data / "nb-bakerlake"
    tile = folder / "23322E759967N_clipped_1m_2of2.tif"
    where = place_of(tile)
    frame = geopandas.read_file(folder / "BakerLake_2017_clipped.gpkg")
    corners = where.to_crs(np.array([[0, 0], [where.width, where.height]]))
    inside = shapely.box(*corners.min(axis=0), *corners.max(axis=0))
    parts = [
        (int(code), part)
        for code, shape in zip(frame["Quatreclasses"], frame.geometry, strict=True)
        for part in shapely.get_parts(shapely.force_2d(shape) & inside)
        if part.geom_type == "Polygon" and part.area > 0 and not part.interiors
    ]
    assert len(parts) == 13
    lines = []
    for code, part in parts:
        pixels = np.array([~where.transform @ point for point in part.exterior.coords[:-1]])
        shares = pixels / (where.width, where.height)
        lines.append(f"{code} " + " ".join(f"{value:.12f}" for value in shares.ravel()))
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo" / f"{tile.stem}.txt").write_text("\n".join(lines))
    out = tmp_path / "labels.gpkg"
    polychip.import_labels(tmp_path / "yolo", format="yolo", images=folder, out=out)
    back = layer(out)
    assert back["class"].tolist() == [str(code) for code, _ in parts]
    for shape, (_, part) in zip(back.geometry, parts, strict=True):
        assert shape.symmetric_difference(part).area < 1e-6 * max(part.area, 1)
        assert np.array_equal(gdal_burn(shape, where), gdal_burn(part, where))
