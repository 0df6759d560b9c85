"""The tables and split lists against each other, and leakage between splits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError, some
from polychip.grid import Grid
from polychip.io.index import GEOMETRY
from polychip.layout.ground import Footprints
from polychip.layout.leakage import audit
from polychip.quality.pixels import Facts
from polychip.quality.rows import ChipRow, Index
from polychip.quality.verdict import Check, Findings
from polychip.tables import CHIPS

_NEAR_PX = 0.01
"""How far a footprint's corner may lie from where it should be."""


def check_splits(folder: Path, index: Index, manifest: Mapping[str, Any]) -> Check:
    """The lists of chip ids against the index's column `split`."""
    found = Findings("splits")
    names = list(manifest["split"]["names"])
    lists = {path.stem: path for path in sorted((folder / "splits").glob("*.txt"))}
    for name in sorted(lists.keys() - set(names)):
        found.wrong(f"splits/{name}.txt is there, but the manifest knows no split '{name}'")
    table = index.columns("chip_id", "split")
    told = pc.unique(table["split"]).to_pylist()
    foreign = sorted({str(name) for name in told} - set(names)) if names else []
    if foreign or (not names and told not in ([], [None])):
        found.wrong(f"the index has the splits {some(sorted(map(str, told)))}, not {some(names)}")
    seen: dict[str, pa.Array] = {}
    for name in names:
        mine = table["chip_id"].filter(
            pc.fill_null(pc.equal(table["split"], name), fill_value=False)
        )
        seen[name] = pc.unique(mine)
        if name not in lists:
            found.wrong(f"splits/{name}.txt is missing")
            continue
        text = lists[name].read_text(encoding="utf-8").splitlines()
        if text != sorted(set(text)):
            found.wrong(f"splits/{name}.txt is not sorted, or names a chip twice")
        _compare(found, name, pa.array(text, type=pa.string()), seen[name])
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            both = seen[name].filter(pc.is_in(seen[name], value_set=seen[other]))
            if len(both):
                found.wrong(f"{some(both.to_pylist(), 3)} are both in '{name}' and '{other}'")
    if not names:
        return found.check("the chips are not divided")
    counts = ", ".join(f"{name} {len(seen[name])}" for name in names)
    return found.check(f"lists and index agree ({counts})")


def _compare(found: Findings, name: str, listed: pa.Array, indexed: pa.Array) -> None:
    extra = listed.filter(pc.invert(pc.is_in(listed, value_set=indexed)))
    lacking = indexed.filter(pc.invert(pc.is_in(indexed, value_set=listed)))
    if len(extra):
        found.wrong(
            f"splits/{name}.txt names {some(extra.to_pylist(), 3)}, which the index doesn't "
            f"count to '{name}'"
        )
    if len(lacking):
        found.wrong(f"splits/{name}.txt lacks {some(lacking.to_pylist(), 3)}")


def check_leakage(index: Index, facts: Facts) -> Check:
    """No ground location in two splits, in any scene, date or CRS."""
    found = Findings("leakage")
    names = list(facts.manifest["split"]["names"])
    if not names:
        return found.check("the chips are not divided into splits, so nothing can leak")
    scenes = list(facts.grids)
    table = index.columns("scene", "x_off", "y_off", "width", "height", "split")
    grid = _places(table["scene"], scenes)
    if (grid < 0).any():
        found.wrong("some chips belong to no scene of the manifest")
        return found.check("")
    columns = [
        table[name].to_numpy().astype(np.int64) for name in ("x_off", "y_off", "width", "height")
    ]
    split = _places(table["split"], names).astype(np.int8)
    try:
        leaks = audit(
            Footprints(grid.astype(np.int32), *columns),
            list(facts.grids.values()),
            split,
            gap_px=int(facts.manifest["split"]["gap_px"]),
        )
    except InputError as error:
        found.skip(str(error))
        return found.check("")
    for leak in leaks:
        (a, b), (x, y) = _names(index, leak.first, leak.second), (leak.first, leak.second)
        found.wrong(f"{a} ({names[split[x]]}) shows ground that {b} ({names[split[y]]}) shows, too")
    gap = facts.manifest["split"]["gap_px"]
    apart = f", which lie at least {gap} px apart" if gap else ""
    return found.check(f"no ground is in two of {len(names)} splits{apart}")


def _places(column: pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.int64]:
    """Place of each text among the names, −1 for others."""
    places = pc.index_in(column, value_set=pa.array(names, type=pa.string()))
    return np.asarray(pc.fill_null(places, -1).to_numpy()).astype(np.int64)


def _names(index: Index, *numbers: int) -> list[str]:
    table = index.columns("scene", "chip_id").take(pa.array(numbers))
    return [f"{row['scene']}/{row['chip_id']}" for row in table.to_pylist()]


class TablesCheck:
    """Whether other programs read the index, and footprints are where the chips are."""

    def __init__(self, folder: Path, index: Index, facts: Facts) -> None:
        """Nothing is read yet."""
        self.found = Findings("tables")
        self._path, self._index, self._facts = folder / CHIPS, index, facts
        self._crs: pyproj.CRS | None = None

    def open_with_geopandas(self) -> None:
        """Read the chips around the first one as GeoPandas does."""
        import geopandas

        try:
            first = next(self._index.rows())
            box = shapely.from_wkb(first.values[GEOMETRY]).bounds
            frame = geopandas.read_parquet(self._path, columns=["chip_id", GEOMETRY], bbox=box)
        except Exception as error:  # noqa: BLE001 - any error there is a finding
            self.found.wrong(f"{CHIPS} can't be read by geopandas ({error})")
            return
        if frame.crs is None:
            self.found.wrong(f"{CHIPS} has no CRS")
            return
        self._crs = frame.crs
        if first.chip_id not in set(frame["chip_id"]):
            self.found.wrong(f"{CHIPS}: reading by bounding box does not find {first}")

    def look_at(self, row: ChipRow) -> None:
        """Compare a chip's footprint with its window."""
        grid = self._facts.grids.get(row.scene)
        if self._crs is None or grid is None:
            return
        shape = shapely.from_wkb(row.values[GEOMETRY])
        expected, pixel = _outline(grid, row, self._crs)
        self.found.n_checked += 1
        if shapely.hausdorff_distance(shape, expected) > _NEAR_PX * pixel:
            self.found.wrong(f"{row}: its footprint is not where its pixels are")
        box = row.values["bbox"]
        bounds = (box["xmin"], box["ymin"], box["xmax"], box["ymax"])
        if not np.allclose(bounds, shape.bounds, rtol=0, atol=_NEAR_PX * pixel):
            self.found.wrong(f"{row}: its bbox is not that of its footprint")

    def check(self, objects_left: str | None, *, objects: bool) -> Check:
        """The result.

        Args:
            objects_left: the first chip in the table of objects that the index doesn't have there.
            objects: whether there is such a table.
        """
        if objects_left is not None:
            self.found.wrong(
                f"instances.parquet has objects of {objects_left}, which the index doesn't have, "
                "or not in this order"
            )
        also = ", and every object belongs to a chip" if objects else ""
        return self.found.check(
            f"the index opens in geopandas, {self.found.n_checked} footprints match{also}"
        )


def _outline(grid: Grid, row: ChipRow, crs: pyproj.CRS) -> tuple[shapely.Polygon, float]:
    """A chip's outline in the index's CRS, and the length of a pixel there."""
    points = grid.outline(row.window, points=9)
    own = pyproj.CRS.from_wkt(grid.crs_wkt)
    if not own.equals(crs, ignore_axis_order=True):
        move = pyproj.Transformer.from_crs(own, crs, always_xy=True)
        points = np.column_stack(move.transform(points[:, 0], points[:, 1]))
    polygon = shapely.Polygon(points)
    return polygon, float(np.sqrt(polygon.area / (row.window.width * row.window.height)))
