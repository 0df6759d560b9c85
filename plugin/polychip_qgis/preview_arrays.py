# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine answers to `preview`, as pictures; standard library and Qt alone."""

from __future__ import annotations

import array
import base64
import colorsys
import zlib
from typing import Any, NamedTuple

from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage, QPainter

IMAGE, CLASSES, OBJECTS = "image", "classes", "objects"
VIEWS = (IMAGE, CLASSES, OBJECTS)
"""The image alone, with its mask over it, with its objects over it."""
_CODES = {"uint8": "B", "uint16": "H", "uint32": "I", "int32": "i"}
_N_COLORS = 254
_GOLDEN = 0.618034
"""Neighbouring numbers get hues that lie far apart."""


class PreviewPictures(NamedTuple):
    """One chip, ready to be painted; all of the chip's size in pixels."""

    image: QImage
    classes: QImage
    """Colours of the classes; background is clear."""
    objects: QImage | None
    """A colour for each object, clear elsewhere; None in semantic mode."""

    def composed(self, view: str, opacity: float) -> QImage:
        """The image with the mask over it, as opaque as asked for (0 to 1)."""
        over = {CLASSES: self.classes, OBJECTS: self.objects}.get(view)
        picture = self.image.convertToFormat(QImage.Format.Format_RGB32)
        if over is not None:
            painter = QPainter(picture)
            painter.setOpacity(opacity)
            painter.drawImage(0, 0, over)
            painter.end()
        return picture


def numbers(told: dict[str, Any]) -> array.array:
    """An array of whole numbers, row by row."""
    values = array.array(_CODES[told["dtype"]])
    values.frombytes(raw_bytes(told))
    if array.array("H", [1]).tobytes() == b"\0\1":  # a big-endian machine
        values.byteswap()
    return values


def raw_bytes(told: dict[str, Any]) -> bytes:
    """An array's bytes, little-endian."""
    return zlib.decompress(base64.b64decode(told["data"]))


def pictures(arrays: dict[str, Any], schema: dict[str, Any]) -> PreviewPictures:
    """The pictures of a chip, from the engine's arrays and the plan's schema."""
    height, width, _ = arrays["picture"]["shape"]
    data = raw_bytes(arrays["picture"])
    # The copy owns its pixels; `data` goes away.
    image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    size = QSize(width, height)
    objects = arrays.get("instance")
    return PreviewPictures(
        image,
        _class_picture(arrays["semantic"], schema, size),
        None if objects is None else _object_picture(objects, size),
    )


def object_color(number: int) -> QColor:
    """The colour of an object by its number in the chip, from 1."""
    hue = (number * _GOLDEN) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.9 if number % 2 else 0.6, 1.0)
    return QColor(int(red * 255), int(green * 255), int(blue * 255))


def _class_picture(told: dict[str, Any], schema: dict[str, Any], size: QSize) -> QImage:
    background, ignore = schema["background"], schema["ignore"]
    colors = {entry["code"]: QColor(entry["color"]) for entry in schema["classes"]}
    colors[ignore] = QColor(60, 60, 60)
    colors.pop(background, None)
    codes = sorted(colors)
    if told["dtype"] == "uint8":
        table = [QColor(0, 0, 0, 0).rgba()] * 256
        for code in codes:
            table[code] = colors[code].rgba()
        return _indexed(raw_bytes(told), table, size)
    index = {code: number % 255 + 1 for number, code in enumerate(codes)}
    table = [QColor(0, 0, 0, 0).rgba()] + [colors[code].rgba() for code in codes[:255]]
    return _indexed(bytes(index.get(code, 0) for code in numbers(told)), table, size)


def _object_picture(told: dict[str, Any], size: QSize) -> QImage:
    raw = raw_bytes(told)
    if told["dtype"] == "uint16" and not any(raw[1::2]) and max(raw[::2], default=0) <= _N_COLORS:
        index = raw[::2]  # few objects, which is usual: the low bytes are their numbers
    else:
        values = numbers(told)
        index = bytes((value - 1) % _N_COLORS + 1 if value else 0 for value in values)
    table = [QColor(0, 0, 0, 0).rgba()]
    table += [object_color(number).rgba() for number in range(1, _N_COLORS + 1)]
    return _indexed(index, table, size)


def _indexed(data: bytes, table: list[int], size: QSize) -> QImage:
    width, height = size.width(), size.height()
    image = QImage(data, width, height, width, QImage.Format.Format_Indexed8).copy()
    image.setColorTable(table)
    return image.convertToFormat(QImage.Format.Format_ARGB32)
