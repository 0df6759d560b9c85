"""The problems as layers of a GeoPackage that opens in QGIS with a style."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.io.styled_layers import OutLayer, write_geopackage
from polychip.quality.checks.problem import SEVERITIES, Problem

_COLORS = {"error": "215,25,28", "warning": "253,174,97", "info": "44,123,182"}
_MARKER = """<symbol type="marker" name="{n}" alpha="1"><layer class="SimpleMarker" enabled="1">
<Option type="Map"><Option type="QString" name="name" value="{shape}"/>
<Option type="QString" name="color" value="{color},255"/>
<Option type="QString" name="outline_color" value="255,255,255,255"/>
<Option type="QString" name="outline_width" value="0.4"/>
<Option type="QString" name="size" value="3.4"/></Option></layer></symbol>"""
_FILL = """<symbol type="fill" name="{n}" alpha="1"><layer class="SimpleFill" enabled="1">
<Option type="Map"><Option type="QString" name="color" value="{color},{alpha}"/>
<Option type="QString" name="style" value="solid"/>
<Option type="QString" name="outline_color" value="{color},255"/>
<Option type="QString" name="outline_width" value="0.5"/></Option></layer></symbol>"""
_ALPHA = {"error": 100, "warning": 80, "info": 25}
_SHAPES = {"error": "diamond", "warning": "triangle", "info": "circle"}


def write_problems(path: Path, problems: Sequence[Problem], crs_wkt: str) -> None:
    """Write all problems: `problems` has a point each, `problem_areas` the polygons meant.

    The worst come last, so that QGIS draws them on top.

    Raises:
        OutputError: it can't be written there.
    """
    problems = sorted(problems, key=lambda p: -SEVERITIES.index(p.severity))
    where = np.array([None, *(p.where for p in problems)], dtype=object)[1:]
    area = np.flatnonzero(np.isin(shapely.get_type_id(where), (3, 6)))
    points = shapely.point_on_surface(where)
    points[shapely.is_empty(points)] = None
    areas = _multi(where[area])
    write_geopackage(
        path,
        [
            OutLayer("problems", crs_wkt, "Point", points, _fields(problems), _style("marker")),
            OutLayer(
                "problem_areas", crs_wkt, "MultiPolygon", areas,
                _fields([problems[i] for i in area.tolist()]), _style("fill"),
            ),
        ],
    )  # fmt: skip


def _multi(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    parts, owner = shapely.get_parts(shapes, return_index=True)
    out = np.empty(len(shapes), dtype=object)
    if len(shapes):
        shapely.multipolygons(parts, indices=owner, out=out)
    return out


def _fields(problems: Sequence[Problem]) -> dict[str, NDArray[Any]]:
    columns: dict[str, list[str | None]] = {
        "check": [p.check.id for p in problems],
        "severity": [p.severity for p in problems],
        "source_fid": [p.source_fid for p in problems],
        "other_fid": [p.other_fid for p in problems],
        "message": [p.message for p in problems],
        "explanation": [p.check.explanation for p in problems],
        "hint": [p.check.hint for p in problems],
    }
    fields: dict[str, NDArray[Any]] = {n: np.array(v, dtype=object) for n, v in columns.items()}
    fields["fixable"] = np.array([p.fixable for p in problems], dtype=np.bool_)
    return fields


def _style(kind: str) -> str:
    """QML that colours by severity."""
    categories, symbols = [], []
    for n, (severity, color) in enumerate(_COLORS.items()):
        categories.append(
            f'<category value="{severity}" label="{severity}" symbol="{n}" render="true"/>'
        )
        template = _MARKER if kind == "marker" else _FILL
        symbols.append(
            template.format(n=n, color=color, shape=_SHAPES[severity], alpha=_ALPHA[severity])
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.28" styleCategories="Symbology|MapTips">'
        '<renderer-v2 type="categorizedSymbol" attr="severity" forceraster="0" '
        'symbollevels="0" enableorderby="0">'
        f"<categories>{''.join(categories)}</categories><symbols>{''.join(symbols)}</symbols>"
        "</renderer-v2>"
        '<mapTip>[% "check" %]: [% "message" %]</mapTip></qgis>'
    )
