"""YOLO text files: outlines, boxes and turned boxes in shares of the image's sides."""

from pathlib import Path

import numpy as np

from polychip.errors import InputError
from polychip.grid import Grid
from polychip.imports.annotation import Account, Annotation, ImageAnnotations
from polychip.imports.class_names import yolo_names
from polychip.imports.rings import box, filled_rings

_BOX = 5
_NOT_LABELS = {"classes.txt", "class_names.txt", "train.txt", "val.txt", "test.txt", "readme.txt"}


class YoloSource:
    """A folder with a text file for each image; an empty file is an image without objects.

    Shares run from the image's outer edges, so 0.5 / width is the centre of the first pixel.
    """

    def __init__(self, folder: Path, classes: str | None, shift_px: float = 0.0) -> None:
        """List the folder.

        Raises:
            InputError: there is no folder, or no text file in it.
        """
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; expected YOLO's labels, a .txt an image")
        root = folder / "labels" if (folder / "labels").is_dir() else folder
        self._names = yolo_names(root, classes)
        self._shift_px = shift_px
        self._files = [p for p in sorted(root.rglob("*.txt")) if p.name.lower() not in _NOT_LABELS]
        if not self._files:
            raise InputError(f"{root}: no .txt files; expected YOLO's labels, one for each image")
        self.image_names = [p.relative_to(root).with_suffix("").as_posix() for p in self._files]

    def read(self, index: int, grid: Grid, account: Account) -> ImageAnnotations:
        """The annotations of an image.

        Raises:
            InputError: a line is malformed.
        """
        path = self._files[index]
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: can't be read ({error})") from error
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            parts = line.split()
            if not parts:
                continue
            try:
                class_number = int(parts[0])
                values = np.array([float(part) for part in parts[1:]])
            except ValueError as error:
                raise _malformed(path, number, line) from error
            if len(parts) < _BOX or (len(parts) > _BOX and (len(values) % 2 or len(values) < 6)):
                raise _malformed(path, number, line)
            if not np.isfinite(values).all() or values.min() < -0.5 or values.max() > 1.5:
                raise InputError(
                    f"{path}: line {number} has coordinates from {values.min():.4g} to "
                    f"{values.max():.4g}; shares of the image's sides run from 0 to 1"
                )
            size = np.array([grid.width, grid.height], dtype=float)
            if len(parts) == _BOX:
                middle, side = values[:2] * size + self._shift_px, values[2:] * size
                shape = box(*(middle - side / 2), *(middle + side / 2))
            else:
                shape, repaired = filled_rings([values.reshape(-1, 2) * size + self._shift_px])
                account.changed["invalid outlines repaired"] += repaired
            if shape is None:
                account.left_out["annotations without an area"] += 1
                continue
            name = self._names.get(class_number)
            if name is None and self._names:
                raise InputError(
                    f"{path}: line {number} has class {class_number}, but only "
                    f"{len(self._names)} names are known, from 0 on; correct them (--classes)"
                )
            source_id = f"{self.image_names[index]}:{number}"
            found.append(
                Annotation(shape, name or str(class_number), parts[0], source_id, source_id)
            )
        return ImageAnnotations(found)


def _malformed(path: Path, number: int, line: str) -> InputError:
    return InputError(
        f"{path}: line {number} is '{line[:60]}'; expected CLASS X Y WIDTH HEIGHT, or CLASS and "
        "the X Y of three or more corners"
    )
