"""Make the sample: a flood near Valencia that never happened, in two dates, with labels.

    python sample_data/make_sample.py [--out DIR]

The scene is drawn as vectors (scene_map.py), painted to reflectances (scene_fields.py,
scene_pixels.py) and written here, together with the same vectors as labels in EPSG:4326.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import pyproj
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from scene_fields import ground, parcel_kinds
from scene_map import SHAPE, SceneMap, Thing, draw_map, share_of
from scene_noise import Floats
from scene_pixels import render
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry

IMAGE_CRS = "EPSG:32630"
LABEL_CRS = "EPSG:4326"
TRANSFORM = Affine(10.0, 0.0, 720000.0, 0.0, -10.0, 4370000.0)
BANDS = ("blue", "green", "red", "nir")
BEFORE, AFTER, LABELS = "before_20240915.tif", "after_20241031.tif", "labels.gpkg"
OUTPUTS = (BEFORE, AFTER, LABELS)
FIXED_CLOCK = "2024-11-08T12:00:00.000Z"
"""What the GeoPackage says about its last change, so that it does not depend on the day."""
ANNOTATORS = ("ana", "bruno", "carla")
EXTENT = Polygon([(124, 6), (640, 6), (640, 552), (8, 552), (8, 186), (70, 130)]).segmentize(64)
"""What was looked at, in pixels: without the hills in the north-west and a rim.

Long sides have a vertex every 64 px, so that they stay straight in the labels' CRS.
"""
TASK_CELLS = (4, 5)
"""(rows, columns) of task cells over the scene."""
OBJECT_FIELDS = {
    "uid": "str:16",
    "class": "str:24",
    "instance_id": "int32",
    "confidence": "float",
    "annotator": "str:16",
    "date": "date",
    "status": "str:8",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the GeoPackage."""

    name: str
    fields: dict[str, str]
    """Field name to fiona type."""
    rows: list[tuple[BaseGeometry, dict[str, Any]]]
    """Geometry in pixel space, and attributes."""


def to_label_crs(geometry: BaseGeometry) -> MultiPolygon:
    """A pixel-space geometry in the labels' CRS, on a lattice of a billionth of a degree.

    The lattice (0.1 mm) keeps shared walls exact and hides the last bits of PROJ versions.
    """
    project = pyproj.Transformer.from_crs(IMAGE_CRS, LABEL_CRS, always_xy=True)

    def move(points: NDArray[np.float64]) -> Floats:
        x = TRANSFORM.c + TRANSFORM.a * points[:, 0]
        y = TRANSFORM.f + TRANSFORM.e * points[:, 1]
        return np.round(np.stack(project.transform(x, y), axis=1), 9)

    moved = shapely.transform(geometry, move)
    return MultiPolygon(shapely.get_parts(moved).tolist())


def object_row(thing: Thing, *, after: bool) -> tuple[BaseGeometry, dict[str, Any]]:
    """A labelled object with the attributes an annotator would have left."""
    confidence = round(0.6 + 0.4 * share_of(thing.uid, 11) ** 0.5, 2)
    day = int(6 * share_of(thing.uid, 12))
    return thing.geometry, {
        "uid": thing.uid,
        "class": thing.kind,
        "instance_id": thing.instance_id,
        "confidence": confidence,
        "annotator": ANNOTATORS[int(len(ANNOTATORS) * share_of(thing.uid, 13))],
        "date": (date(2024, 11, 2 + day) if after else date(2024, 9, 20 + day)).isoformat(),
        "status": "review" if confidence < 0.66 else "done",
    }


def task_rows() -> list[tuple[BaseGeometry, dict[str, Any]]]:
    """Cells of work: todo where the extent does not reach, the rest in several states."""
    height, width = SHAPE[0] / TASK_CELLS[0], SHAPE[1] / TASK_CELLS[1]
    rows = []
    for row, column in np.ndindex(TASK_CELLS):
        left, top = column * width, row * height
        cell = shapely.box(left, top, left + width, top + height).segmentize(64)
        name = f"T-{row + 1}{column + 1}"
        status = ("review", "doing", "done", "done", "done")[int(5 * share_of(name, 15))]
        if cell.intersection(EXTENT).area < 0.9 * cell.area:
            status = "todo"
        annotator = ANNOTATORS[int(len(ANNOTATORS) * share_of(name, 14))]
        fields: dict[str, Any] = {"cell": name, "status": status}
        rows.append((cell, fields | {"annotator": None if status == "todo" else annotator}))
    return rows


def layers(scene: SceneMap) -> list[Layer]:
    """All layers of the GeoPackage, in writing order."""
    seen = {"name": "looked at", "annotator": ANNOTATORS[0]}
    return [
        Layer(
            "labels",
            OBJECT_FIELDS,
            [object_row(t, after=True) for t in scene.things if t.after],
        ),
        Layer(
            "labels_before",
            OBJECT_FIELDS,
            [object_row(t, after=False) for t in scene.things if t.before],
        ),
        Layer("extent", {"name": "str:16", "annotator": "str:16"}, [(EXTENT, seen)]),
        Layer("tasks", {"cell": "str:8", "status": "str:8", "annotator": "str:16"}, task_rows()),
    ]


def write_labels(path: Path, content: Iterable[Layer]) -> None:
    """A new GeoPackage with these layers."""
    with fiona.Env(OGR_CURRENT_DATE=FIXED_CLOCK):
        for layer in content:
            schema = {"geometry": "MultiPolygon", "properties": layer.fields}
            with fiona.open(
                path, "w", driver="GPKG", layer=layer.name, crs=LABEL_CRS, schema=schema
            ) as sink:
                sink.writerecords(
                    {
                        "type": "Feature",
                        "geometry": mapping(to_label_crs(geometry)),
                        "properties": attributes,
                    }
                    for geometry, attributes in layer.rows
                )


def write_image(path: Path, pixels: NDArray[np.uint16], taken: str) -> None:
    """A tiled GeoTIFF of pixels, shape (4, H, W)."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=SHAPE[0],
        width=SHAPE[1],
        count=len(BANDS),
        dtype="uint16",
        crs=IMAGE_CRS,
        transform=TRANSFORM,
        nodata=0,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        zlevel=9,
        predictor=2,
        interleave="band",
    ) as sink:
        sink.write(pixels)
        sink.descriptions = BANDS
        sink.colorinterp = (
            ColorInterp.blue,
            ColorInterp.green,
            ColorInterp.red,
            ColorInterp.undefined,
        )
        sink.update_tags(
            TIFFTAG_DATETIME=taken,
            TIFFTAG_IMAGEDESCRIPTION="Synthetic scene, reflectance * 10000 (Polychip sample)",
        )


def make_sample(out: Path) -> None:
    """Write the sample's files and their checksums into a folder; whole files or none."""
    scene = draw_map()
    kinds = parcel_kinds()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".making-") as scratch:
        desk = Path(scratch)
        for name, after, taken in (
            (BEFORE, False, "2024:09:15 10:56:21"),
            (AFTER, True, "2024:10:31 10:56:31"),
        ):
            write_image(desk / name, render(scene, ground(kinds, after=after), after=after), taken)
        write_labels(desk / LABELS, layers(scene))
        sums = [f"{hashlib.sha256((desk / n).read_bytes()).hexdigest()}  {n}\n" for n in OUTPUTS]
        (desk / "SHA256SUMS").write_text("".join(sums), encoding="ascii", newline="\n")
        for name in (*OUTPUTS, "SHA256SUMS"):
            (desk / name).replace(out / name)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make Polychip's sample scene and labels.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    make_sample(parser.parse_args().out)


if __name__ == "__main__":
    main()
