"""COCO instances: polygons of several rings, both forms of RLE, boxes, crowd regions."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from polychip.errors import InputError, some
from polychip.grid import Grid
from polychip.imports.annotation import Account, Annotation, ImageAnnotations, load_json
from polychip.imports.rings import box, filled_rings, mask_shape
from polychip.imports.rle import decode_rle


class CocoSource:
    """A COCO JSON file. Coordinates count from the outer corner of the first pixel."""

    def __init__(self, path: Path, shift_px: float = 0.0) -> None:
        """Read the file.

        Raises:
            InputError: it isn't COCO.
        """
        self._path = _json_file(path)
        self._shift_px = shift_px
        data = load_json(self._path)
        if not isinstance(data, dict) or not {"images", "annotations"} <= data.keys():
            what = "a list of results" if isinstance(data, list) else "no COCO instances"
            raise InputError(
                f"{self._path}: {what}; expected an object with images, annotations and categories"
            )
        self._images = data["images"]
        self._names = {c["id"]: str(c["name"]) for c in data.get("categories", [])}
        ids = Counter(image["id"] for image in self._images)
        twice = [key for key, n in ids.items() if n > 1]
        if twice:
            raise InputError(f"{self._path}: several images have the id {some(twice)}")
        self.image_names = [str(image["file_name"]) for image in self._images]
        self._of_image: dict[Any, list[dict[str, Any]]] = {key: [] for key in ids}
        strangers = []
        for entry in data["annotations"]:
            if entry["image_id"] in self._of_image:
                self._of_image[entry["image_id"]].append(entry)
            else:
                strangers.append(entry.get("id"))
        if strangers:
            raise InputError(
                f"{self._path}: {len(strangers)} annotations (ids {some(strangers)}) belong to "
                "images that the file does not list; correct their image_id"
            )
        given = Counter(entry.get("id") for entry in data["annotations"])
        self._ids_unique = None not in given and max(given.values(), default=1) == 1

    def read(self, index: int, grid: Grid, account: Account) -> ImageAnnotations:
        """The annotations of an image.

        Raises:
            InputError: sizes contradict each other, or something is malformed.
        """
        image = self._images[index]
        self._check_size(image, grid)
        found = []
        for place, entry in enumerate(self._of_image[image["id"]], 1):
            shape = self._shape(entry, grid, account)
            if shape is None:
                account.left_out["annotations without an area"] += 1
                continue
            name = self.image_names[index]
            number = entry.get("id", place)
            source_id = str(number) if self._ids_unique else f"{name}:{number}"
            class_id = entry.get("category_id")
            if class_id not in self._names:
                raise self._malformed(entry, f"category_id {class_id} is not among the categories")
            found.append(
                Annotation(
                    shape,
                    self._names[class_id],
                    str(class_id),
                    source_id,
                    source_id,
                    crowd=bool(entry.get("iscrowd", 0)),
                )
            )
        return ImageAnnotations(found)

    def _check_size(self, image: dict[str, Any], grid: Grid) -> None:
        stated = (image.get("height", grid.height), image.get("width", grid.width))
        if stated != grid.shape:
            raise InputError(
                f"{self._path}: image {image['file_name']} is {stated[0]} × {stated[1]} px (height "
                f"× width) there, the image found has {grid.height} × {grid.width}; give the image "
                "that was annotated"
            )

    def _shape(
        self, entry: dict[str, Any], grid: Grid, account: Account
    ) -> shapely.Geometry | None:
        segmentation = entry.get("segmentation")
        try:
            if isinstance(segmentation, dict):
                height, width = segmentation["size"]
                if (height, width) != grid.shape:
                    raise self._malformed(
                        entry, f"its RLE is {height} × {width} px, the image {grid.shape}"
                    )
                column, mask = decode_rle(segmentation["counts"], height, width)
                return mask_shape(mask, x_off=column)
            if segmentation:
                rings = [np.array(ring, dtype=float).reshape(-1, 2) for ring in segmentation]
                shape, repaired = filled_rings([ring + self._shift_px for ring in rings])
                account.changed["invalid outlines repaired"] += repaired
                return shape
            x, y, width, height = (float(value) for value in entry["bbox"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._malformed(entry, f"{type(error).__name__}: {error}") from error
        account.changed["boxes, without an outline"] += 1
        return box(
            x + self._shift_px, y + self._shift_px,
            x + width + self._shift_px, y + height + self._shift_px,
        )  # fmt: skip

    def _malformed(self, entry: dict[str, Any], what: str) -> InputError:
        return InputError(
            f"{self._path}: annotation {entry.get('id')} of image {entry.get('image_id')}: {what}"
        )


def _json_file(path: Path) -> Path:
    """The file, or the only one of a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.rglob("*.json"))
    if len(found) != 1:
        listed = some(file.relative_to(path).as_posix() for file in found)
        raise InputError(
            f"{path}: {len(found)} JSON files ({listed or 'none'}); name the one to import"
        )
    return found[0]
