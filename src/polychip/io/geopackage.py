"""GeoPackages of our own: layers of polygons, written in batches, the same bytes every time."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError, OutputError
from polychip.io.atomic import replacing
from polychip.io.layer_styles import fixed_clock

SUFFIX = ".gpkg"
_BATCH = 20_000
Columns = Mapping[str, NDArray[Any]]


def check_output(path: Path, *, overwrite: bool) -> None:
    """Raise where a GeoPackage can't or shall not be written."""
    if path.suffix.lower() != SUFFIX:
        raise InputError(f"{path}: labels and extent are written as layers of a {SUFFIX} file")
    if path.is_dir():
        raise OutputError(f"{path}: a folder is where the file belongs; choose another name")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already; --overwrite replaces it")


@contextmanager
def new_geopackage(path: Path) -> Iterator["GeoPackage"]:
    """A GeoPackage that appears under its name when the block is left without an error.

    Raises:
        OutputError: it can't be written.
    """
    from pyogrio.errors import DataSourceError

    try:
        with fixed_clock(), replacing(path) as temporary:
            yield GeoPackage(temporary)
    except DataSourceError as error:
        raise OutputError(
            f"{path}: can't be written ({error}); check the disk, its permissions and free space"
        ) from error


class GeoPackage:
    """A file whose layers are written one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def layer(self, name: str, crs_wkt: str, columns: Mapping[str, str]) -> "Layer":
        """A new layer of MultiPolygons.

        Args:
            name: of the layer.
            crs_wkt: its CRS.
            columns: numpy dtypes by field name; 'str' for texts, which may be None.
        """
        return Layer(self, name, crs_wkt, columns)

    def append(
        self, name: str, crs_wkt: str, geometry: NDArray[np.object_], columns: Columns
    ) -> None:
        """Write features to a layer, which is made when there is none."""
        from pyogrio.raw import write

        with warnings.catch_warnings():  # that the name ends in .part until it is whole
            warnings.simplefilter("ignore", RuntimeWarning)
            write(
                self._path,
                shapely.to_wkb(geometry),
                list(columns.values()),
                list(columns),
                layer=name,
                driver="GPKG",
                geometry_type="MultiPolygon",
                promote_to_multi=True,
                crs=crs_wkt,
                append=self._path.exists(),
                # Of a newer one older QGIS warns that it may know it in part.
                dataset_options=None if self._path.exists() else {"VERSION": "1.2"},
            )


class Layer:
    """Features of a layer, kept until there are enough to be written."""

    def __init__(
        self, package: GeoPackage, name: str, crs_wkt: str, columns: Mapping[str, str]
    ) -> None:
        self.name = name
        self.n_written = 0
        self._package = package
        self._crs_wkt = crs_wkt
        self._dtypes = {k: object if v == "str" else np.dtype(v) for k, v in columns.items()}
        self._shapes: list[Any] = []
        self._rows: list[tuple[Any, ...]] = []
        self._begun = False

    def __enter__(self) -> Self:
        """The layer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is kept; an empty layer is made, too."""
        if kind is None and (self._shapes or not self._begun):
            self._flush()

    def add(self, geometry: NDArray[np.object_], rows: list[tuple[Any, ...]]) -> None:
        """Features with a row of values each, in the order of the columns."""
        self._shapes += geometry.tolist()
        self._rows += rows
        self.n_written += len(rows)
        if len(self._shapes) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        values = list(zip(*self._rows, strict=True)) or [()] * len(self._dtypes)
        columns = {
            name: np.array(column, dtype=dtype)
            for (name, dtype), column in zip(self._dtypes.items(), values, strict=True)
        }
        shapes = np.array(self._shapes, dtype=object)
        self._package.append(self.name, self._crs_wkt, shapes, columns)
        self._begun = True
        self._shapes, self._rows = [], []
