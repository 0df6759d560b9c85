"""A chip's place and objects, for formats that carry them beside the pixels."""

from typing import Any

import numpy as np

from polychip.formats.chip import SourceChip
from polychip.formats.source import Source
from polychip.io.png import encode_png

OBJECT_KEYS = ("local_id", "instance_id", "class_code", "bbox_px", "area_px", "visible_px",
               "truncated", "rle")  # fmt: skip


def place_of(chip: SourceChip, crs_names: dict[str, str]) -> dict[str, Any]:
    """CRS, the six numbers of the transform, and (left, bottom, right, top) of the chip."""
    transform, (height, width) = chip.transform, chip.shape
    corners = [transform @ corner for corner in ((0, 0), (width, 0), (0, height), (width, height))]
    xs, ys = zip(*corners, strict=True)
    return {
        "crs": crs_names[chip.scene],
        "transform": list(transform)[:6],
        "bounds": [min(xs), min(ys), max(xs), max(ys)],
    }


def crs_names(source: Source) -> dict[str, str]:
    """The CRS of each scene: 'EPSG:N' where it has a code, else WKT."""
    from polychip.crs import parse_crs

    names = {}
    for name, scene in source.scenes.items():
        wkt = str(scene["crs_wkt"])
        code = parse_crs(wkt).to_authority(min_confidence=100)
        names[name] = ":".join(code) if code else wkt
    return names


def instance_png(chip: SourceChip) -> bytes:
    """The instance mask as a 16-bit PNG of local ids, 0 = none.

    Raises:
        FormatError: more objects than 16 bits can number.
    """
    ids = chip.instance()
    if ids.max(initial=0) > np.iinfo(np.uint16).max:
        raise chip.refused(
            f"it shows {ids.max()} objects, and a PNG counts to 65,535",
            "make chips smaller (chips.size), or choose coco, which has no such limit",
        )
    return encode_png(ids.astype(np.uint16))


def objects_of(chip: SourceChip) -> list[dict[str, Any]]:
    """Its objects, wholly hidden ones (local_id 0) too; rle is COCO's, size = the chip's."""
    return [
        {key: list(row[key]) if key == "bbox_px" else row[key] for key in OBJECT_KEYS}
        for row in chip.objects
    ]
