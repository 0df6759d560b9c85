"""What any format's annotations are turned into: shapes in pixels of an image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import shapely

from polychip.grid import Grid


@dataclass(frozen=True, slots=True)
class Annotation:
    """One object or region of an image."""

    shape: shapely.Geometry
    """In pixel coordinates: (0, 0) is the outer corner of the first pixel, whose centre is 0.5."""
    class_name: str
    class_id: str
    """The format's own number of the class."""
    source_id: str
    """The format's own id of the annotation, made of the file and its place where it has none."""
    instance_id: str | None
    """Annotations with the same one are one object; None: an object of its own."""
    crowd: bool = False
    """A region of objects that were not told apart."""


@dataclass(frozen=True, slots=True)
class ImageAnnotations:
    """All that is known of one image."""

    annotations: Sequence[Annotation]
    unknown: shapely.Geometry | None = None
    """Void pixels, in pixel coordinates: nobody said what is there."""


@dataclass(slots=True)
class Account:
    """What was left out or changed, by reason."""

    left_out: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)


class AnnotationSource(Protocol):
    """Annotations of a format, image by image."""

    image_names: list[str]
    """The annotated images by the name that the format gives them."""

    def read(self, index: int, grid: Grid, account: Account) -> ImageAnnotations:
        """The annotations of an image.

        Args:
            index: its place in image_names.
            grid: of the image, for formats in shares of its size, and to compare sizes.
            account: hears what is left out.

        Raises:
            InputError: something is malformed; the message names the file and the image.
        """


def load_json(path: Any) -> Any:
    """A JSON document.

    Raises:
        InputError: it can't be read.
    """
    import json
    from pathlib import Path

    from polychip.errors import InputError

    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no JSON that can be read ({error})") from error
