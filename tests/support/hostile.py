"""Files that were made to harm whoever reads them."""

import json
import zipfile
from pathlib import Path

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BOMB = f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>', "&l9;"
"""A document type and the text that makes 3 GB of it."""
_RING = "700010,4399990 700200,4399990 700200,4399800 700010,4399990"
_DEGREES = "-0.655,39.71 -0.651,39.71 -0.651,39.715 -0.655,39.71"


def outside(address: str) -> tuple[str, str]:
    """A document type whose entity is another file or address."""
    return f'<!DOCTYPE x [<!ENTITY x SYSTEM "{address}">]>', "&x;"


def xml_labels(kind: str, doctype: str, text: str) -> str:
    """A polygon (a waypoint in gpx) whose class is a text."""
    if kind == "gml":
        return (
            f'<?xml version="1.0"?>{doctype}<ogr:FeatureCollection '
            'xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml">'
            '<gml:featureMember><ogr:labels fid="l.0"><ogr:geometryProperty>'
            '<gml:Polygon srsName="EPSG:32630"><gml:outerBoundaryIs><gml:LinearRing>'
            f"<gml:coordinates>{_RING}</gml:coordinates></gml:LinearRing></gml:outerBoundaryIs>"
            f"</gml:Polygon></ogr:geometryProperty><ogr:class>{text}</ogr:class></ogr:labels>"
            "</gml:featureMember></ogr:FeatureCollection>"
        )
    if kind == "kml":
        return (
            f'<?xml version="1.0"?>{doctype}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
            f"<Placemark><name>{text}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
            f"{_DEGREES}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
            "</Document></kml>"
        )
    return (
        f'<?xml version="1.0"?>{doctype}<gpx version="1.1" creator="x" '
        'xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="39.71" lon="-0.65">'
        f"<name>{text}</name></wpt></gpx>"
    )


def vrt(source: str, *, side: int = 64, band: str = "", more: str = "") -> str:
    """A raster VRT of one band on the tests' usual place."""
    return (
        f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}"><SRS>EPSG:32630</SRS>'
        "<GeoTransform>700000, 10, 0, 4400000, 0, -10</GeoTransform>"
        f'<VRTRasterBand dataType="UInt16" band="1"{band}>{more}<SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{source}</SourceFilename></SimpleSource>'
        "</VRTRasterBand></VRTDataset>"
    )


def wms(address: str) -> str:
    """What GDAL takes for a tiled map service, whatever the file's name."""
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{address}</ServerUrl></Service><DataWindow>'
        "<UpperLeftX>700000</UpperLeftX><UpperLeftY>4400000</UpperLeftY>"
        "<LowerRightX>700640</LowerRightX><LowerRightY>4399360</LowerRightY>"
        "<TileLevel>0</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY>"
        "<YOrigin>top</YOrigin></DataWindow><Projection>EPSG:32630</Projection>"
        "<BlockSizeX>64</BlockSizeX><BlockSizeY>64</BlockSizeY><BandsCount>3</BandsCount>"
        "</GDAL_WMS>"
    )


def ogr_vrt(source: str) -> str:
    """A vector VRT; read where its name does not end as a raster's does."""
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="labels"><SrcDataSource>{source}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


def pipeline(source: str) -> str:
    """A file that GDAL carries out as a command line."""
    command = f"gdal vector pipeline ! read {source}"
    return json.dumps({"type": "gdal_streamed_alg", "command_line": command, "gdal_version": "3"})


def linked_geojson(address: str) -> str:
    """A GeoJSON whose CRS is at an address."""
    crs = {"type": "link", "properties": {"href": address, "type": "esriwkt"}}
    ring = [[float(n) for n in pair.split(",")] for pair in _RING.split()]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"class": "a"}, "geometry": polygon}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]})


def zip_bomb(path: Path, inner: str, n_bytes: int = 1 << 30) -> Path:
    """A thousandth of its content in size."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
        bomb.open(inner, "w", force_zip64=True) as file,
    ):
        for _ in range(n_bytes >> 24):
            file.write(bytes(1 << 24))
    return path
