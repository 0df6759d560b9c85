"""Styles that QGIS takes with a GeoPackage's layers, and the clock that stands still in it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

FIXED_CLOCK = "2000-01-01T00:00:00.000Z"
"""What a GeoPackage says of its last change: no clock in data."""

_TABLE = """\
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""


@contextmanager
def fixed_clock() -> Iterator[None]:
    """OGR's clock stands still inside."""
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_CLOCK})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def store_styles(base: sqlite3.Connection, styles: Mapping[str, str]) -> None:
    """Make the table of styles that QGIS looks for.

    Args:
        base: a GeoPackage that has none yet.
        styles: QML by layer; QGIS takes it when it opens the layer.
    """
    base.execute(_TABLE)
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, "
        "srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?, 0)",
        (FIXED_CLOCK,),
    )
    base.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
        "update_time) VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', '', ?)",
        [(layer, layer, style, FIXED_CLOCK) for layer, style in styles.items()],
    )
