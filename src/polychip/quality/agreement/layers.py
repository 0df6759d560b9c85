"""Where annotators differ, and what they agree on, as layers for QGIS and as a raster."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.io.plain_raster import write_windows
from polychip.io.styled_layers import OutLayer, write_geopackage
from polychip.quality.agreement.agree import AgreementReport, pack
from polychip.quality.agreement.consensus import Verdict
from polychip.quality.agreement.subject import NOT_LOOKED, Block, Subject

Ints = NDArray[np.int64]
_STEPS = 1000
"""Support is told in thousandths in the polygons."""
_KINDS = {"only_a": "230,97,1", "only_b": "94,60,153", "class_differs": "202,0,32"}
_FILL = """<symbol type="fill" name="{n}" alpha="1"><layer class="SimpleFill" enabled="1">
<Option type="Map"><Option type="QString" name="color" value="{color},130"/>
<Option type="QString" name="style" value="solid"/>
<Option type="QString" name="outline_color" value="{color},255"/>
<Option type="QString" name="outline_width" value="0.2"/></Option></layer></symbol>"""


def write_layers(
    path: Path, report: AgreementReport, subject: Subject, verdict: Verdict | None
) -> None:
    """Write `disagreement` (of A and B) and, where there is a verdict, `consensus`.

    Polygons follow pixels and end at the edges of blocks of 1024 px.

    Raises:
        OutputError: it can't be written there.
    """
    layers = [_disagreement(subject)]
    if verdict is not None:
        layers.append(_consensus(report, subject, verdict))
    write_geopackage(path, layers)


def write_support(path: Path, report: AgreementReport, subject: Subject, verdict: Verdict) -> None:
    """Write the consensus as a raster: band 1 the class code, band 2 its support.

    Raises:
        OutputError: it can't be written there.
    """

    def parts() -> Iterator[tuple[Window, NDArray[np.float32]]]:
        codes = np.array([*subject.codes, 0], dtype=np.float64)
        for block, own in subject.read():
            winner, support = _answers(block, report, subject, verdict)
            pixels = np.stack((codes[winner], support)).astype(np.float32)
            pixels[:, winner < 0] = np.nan
            yield own, pixels

    write_windows(path, subject.grid, ("class", "support"), parts())


def _answers(
    block: Block, report: AgreementReport, subject: Subject, verdict: Verdict
) -> tuple[Ints, NDArray[np.float64]]:
    """(class index, support) of each pixel, (height, width)."""
    n = len(subject.codes)
    index = _indices(block, subject)
    keys = pack(report.patterns.T, n)
    place = np.searchsorted(keys, pack(index, n))
    return verdict.winner[place], verdict.support[place]


def _indices(block: Block, subject: Subject) -> Ints:
    known = np.array(subject.codes)
    return np.where(block.codes == NOT_LOOKED, -1, np.searchsorted(known, block.codes))


def _disagreement(subject: Subject) -> OutLayer:
    names, n = subject.names(), len(subject.codes)
    background = subject.codes.index(subject.schema.background)

    def values(block: Block) -> Ints:
        a, b = _indices(block, subject)[:2]
        differs = (a >= 0) & (b >= 0) & (a != b)
        return np.where(differs, a * n + b + 1, 0)

    shapes, found = _polygons(subject, values)
    a, b = np.divmod(found - 1, n)
    kinds = np.where(
        b == background, "only_a", np.where(a == background, "only_b", "class_differs")
    )
    return OutLayer(
        "disagreement", subject.grid.crs_wkt, "Polygon", shapes,
        {
            "kind": kinds.astype(object),
            "class_a": np.array([names[i] for i in a.tolist()], dtype=object),
            "class_b": np.array([names[i] for i in b.tolist()], dtype=object),
            "pixels": _pixels(shapes, subject),
        },
        _by_kind(),
    )  # fmt: skip


def _consensus(report: AgreementReport, subject: Subject, verdict: Verdict) -> OutLayer:
    names = subject.names()
    background = subject.codes.index(subject.schema.background)
    base = _STEPS + 1

    def values(block: Block) -> Ints:
        winner, support = _answers(block, report, subject, verdict)
        steps = np.rint(support * _STEPS).astype(np.int64)
        return np.where((winner >= 0) & (winner != background), winner * base + steps + 1, 0)

    shapes, found = _polygons(subject, values)
    winner, steps = np.divmod(found - 1, base)
    return OutLayer(
        "consensus", subject.grid.crs_wkt, "Polygon", shapes,
        {
            "class": np.array([names[i] for i in winner.tolist()], dtype=object),
            "confidence": steps / _STEPS,
            "pixels": _pixels(shapes, subject),
        },
    )  # fmt: skip


def _polygons(
    subject: Subject, values: Callable[[Block], Ints]
) -> tuple[NDArray[np.object_], Ints]:
    """Polygons along pixels, in the grid's CRS, and their values; 0 is left out."""
    shapes: list[Any] = []
    found: list[int] = []
    for block, own in subject.read():
        raster = values(block).astype(np.int32)
        transform = subject.grid.window_transform(own)
        parts = rasterio.features.shapes(raster, mask=raster != 0, transform=transform)
        for shape, value in parts:
            shapes.append(shapely.Polygon(shape["coordinates"][0], shape["coordinates"][1:]))
            found.append(int(value))
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out, np.array(found, dtype=np.int64)


def _pixels(shapes: NDArray[np.object_], subject: Subject) -> Ints:
    area = np.asarray(shapely.area(shapes), dtype=np.float64)
    return np.rint(area / abs(subject.grid.transform.determinant)).astype(np.int64)


def _by_kind() -> str:
    categories = "".join(
        f'<category value="{kind}" label="{kind}" symbol="{n}" render="true"/>'
        for n, kind in enumerate(_KINDS)
    )
    symbols = "".join(_FILL.format(n=n, color=color) for n, color in enumerate(_KINDS.values()))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.28" styleCategories="Symbology|MapTips">'
        '<renderer-v2 type="categorizedSymbol" attr="kind" forceraster="0" symbollevels="0" '
        f'enableorderby="0"><categories>{categories}</categories><symbols>{symbols}</symbols>'
        '</renderer-v2><mapTip>A: [% "class_a" %], B: [% "class_b" %]</mapTip></qgis>'
    )
