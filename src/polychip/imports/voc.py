"""Pascal VOC boxes: an XML file an image."""

from pathlib import Path
from xml.etree import ElementTree

from polychip.errors import InputError
from polychip.grid import Grid
from polychip.imports.annotation import Account, Annotation, AnnotationSource, ImageAnnotations
from polychip.imports.masks import MaskSource
from polychip.imports.rings import box

_MOST_BYTES = 50_000_000


def voc_source(folder: Path, classes: str | None, shift_px: float = 0.0) -> AnnotationSource:
    """The masks of a VOC folder where it has them, else its boxes."""
    masks = folder / "SegmentationClass"
    if masks.is_dir():
        objects = folder / "SegmentationObject"
        return MaskSource(masks, classes, objects if objects.is_dir() else None)
    return VocBoxes(folder, shift_px)


class VocBoxes:
    """XML files. Pixels are counted from 1 and both ends belong to the box."""

    def __init__(self, folder: Path, shift_px: float = 0.0) -> None:
        """List the folder.

        Raises:
            InputError: there is no folder, or no XML file in it.
        """
        root = folder / "Annotations" if (folder / "Annotations").is_dir() else folder
        self._files = sorted(root.rglob("*.xml")) if root.is_dir() else []
        self._shift_px = shift_px
        if not self._files:
            raise InputError(f"{root}: no .xml files; expected VOC's annotations, one an image")
        self.image_names = [p.relative_to(root).with_suffix("").as_posix() for p in self._files]

    def read(self, index: int, grid: Grid, account: Account) -> ImageAnnotations:
        """The boxes of an image.

        Raises:
            InputError: the file is malformed, or says another size than the image has.
        """
        path, name = self._files[index], self.image_names[index]
        root = _parsed(path)
        _check_size(path, root, grid)
        found = []
        for number, entry in enumerate(root.iter("object"), 1):
            class_name = (entry.findtext("name") or "").strip()
            corners = entry.find("bndbox")
            try:
                x0, y0, x1, y1 = (
                    float(corners.findtext(key) or "")  # type: ignore[union-attr]
                    for key in ("xmin", "ymin", "xmax", "ymax")
                )
            except (AttributeError, ValueError) as error:
                raise InputError(f"{path}: object {number} has no bndbox with numbers") from error
            if not class_name:
                raise InputError(f"{path}: object {number} has no name")
            s = self._shift_px
            shape = box(x0 - 1 + s, y0 - 1 + s, x1 + s, y1 + s)
            if shape is None:
                account.left_out["annotations without an area"] += 1
                continue
            source_id = f"{name}:{number}"
            found.append(Annotation(shape, class_name, class_name, source_id, source_id))
        return ImageAnnotations(found)


class _DoctypeError(Exception):
    """A file with a document type, in whatever encoding."""


class _NoDoctype(ElementTree.TreeBuilder):
    """Builds elements, and gives up at a document type: only there are entities declared."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse it.

        Raises:
            _DoctypeError: always.
        """
        raise _DoctypeError(name, pubid, system)


def _parsed(path: Path) -> ElementTree.Element:
    try:
        text = path.read_bytes()
        if len(text) > _MOST_BYTES:
            raise InputError(f"{path}: {len(text):,} bytes; no VOC annotation is so large")
        parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314 - entities are refused
        root: ElementTree.Element = ElementTree.fromstring(text, parser)  # noqa: S314
    except _DoctypeError as error:
        raise InputError(
            f"{path}: declares a document type, by which entities can be made to explode; no VOC "
            "annotation does"
        ) from error
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise InputError(f"{path}: no XML that can be read ({error})") from error
    return root


def _check_size(path: Path, root: ElementTree.Element, grid: Grid) -> None:
    stated = [root.findtext(f"size/{side}") for side in ("height", "width")]
    sizes = [int(text) for text in stated if text and text.strip().isdecimal()]
    if len(sizes) == 2 and min(sizes) > 0 and tuple(sizes) != grid.shape:
        raise InputError(
            f"{path}: says {sizes[0]} × {sizes[1]} px (height × width), its image has "
            f"{grid.height} × {grid.width}; give the image that was annotated"
        )
