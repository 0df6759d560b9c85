"""The tables and split lists against each other, and leakage between splits."""

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError, some
from polychip.format_list import CHIPS, INSTANCES
from polychip.grid import Grid
from polychip.io.index import GEOMETRY
from polychip.layout.folds import train_list
from polychip.layout.ground import Footprints
from polychip.layout.leakage import audit
from polychip.quality.pixels import Facts
from polychip.quality.rows import ChipRow, Index
from polychip.quality.verdict import Check, Findings

_NEAR_PX = 0.01
"""How far a footprint's corner may lie from where it should be."""


def check_splits(folder: Path, index: Index, manifest: Mapping[str, Any]) -> Check:
    """The lists of chip ids against the index's column `split`."""
    found = Findings("splits")
    names = list(manifest["split"]["names"])
    lists = {path.stem: path for path in sorted((folder / "splits").glob("*.txt"))}
    folds = manifest["split"]["by"] == "kfold"
    trained = {train_list(name) for name in names} if folds else set()
    for name in sorted(lists.keys() - set(names) - trained):
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
        if any(one >= other for one, other in pairwise(text)):
            found.wrong(f"splits/{name}.txt is not sorted, or names a chip twice")
        _compare(found, name, pa.array(text, type=pa.string()), seen[name])
    if folds:
        _check_folds(found, lists, seen)
    _check_apart(found, seen)
    if not names:
        return found.check("the chips are not divided")
    counts = ", ".join(f"{name} {len(seen[name])}" for name in names)
    return found.check(f"lists and index agree (chip ids: {counts})")


def _check_apart(found: Findings, seen: Mapping[str, pa.Array]) -> None:
    for (name, mine), (other, theirs) in combinations(seen.items(), 2):
        both = mine.filter(pc.is_in(mine, value_set=theirs))
        if len(both):
            found.wrong(f"{some(both.to_pylist(), 3)} are both in '{name}' and '{other}'")


def _check_folds(found: Findings, lists: Mapping[str, Path], seen: Mapping[str, pa.Array]) -> None:
    """The list to train on of each fold: the chips of all others."""
    ids = {name: set(mine.to_pylist()) for name, mine in seen.items()}
    for name in seen:
        path = lists.get(train_list(name))
        others = sorted(set().union(*(ids[other] for other in ids if other != name)))
        if path is None or path.read_text(encoding="utf-8").splitlines() != others:
            found.wrong(f"splits/{train_list(name)}.txt is not the chips of all other folds")


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


def check_leakage(folder: Path, index: Index, facts: Facts) -> Check:
    """No ground location, and if asked for no object, in two splits: any scene, date or CRS."""
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
    whole = _check_objects(found, folder, index, facts)
    gap = facts.manifest["split"]["gap_px"]
    apart = f", which lie at least {gap} px apart" if gap else ""
    return found.check(f"no ground{whole} is in two of {len(names)} splits{apart}")


def _check_objects(found: Findings, folder: Path, index: Index, facts: Facts) -> str:
    """Where objects were to stay whole, that none is in two splits; ' and no object' then."""
    if facts.manifest["split"].get("objects") != "whole":
        return ""
    if facts.manifest["mode"] == "semantic":
        found.notes.append("whole objects can't be checked: semantic masks come without a table")
        return ""
    try:
        halves = torn_objects(folder / INSTANCES, index.columns("scene", "chip_id", "split"))
    except (OSError, pa.ArrowException) as error:
        found.wrong(f"{INSTANCES} can't be read ({error})")
        return ""
    for name in halves:
        found.wrong(f"object {name} is shown by chips of more than one split")
    return " and no object"


def torn_objects(instances: Path, chips: pa.Table) -> list[str]:
    """Objects that chips of different splits show.

    Args:
        instances: the table of objects.
        chips: the index's columns scene, chip_id and split.
    """
    table = pq.read_table(instances, columns=["scene", "chip_id", "namespace", "instance_id"])
    split_of = _numbers(chips["split"])[0]
    key = pc.binary_join_element_wise(chips["scene"], chips["chip_id"], "/")
    place = pc.index_in(
        pc.binary_join_element_wise(table["scene"], table["chip_id"], "/"),
        value_set=key.combine_chunks(),
    )
    known = pc.fill_null(place, -1).to_numpy()
    names = pc.binary_join_element_wise(table["namespace"], table["instance_id"], "\0")
    number, values = _numbers(names)
    number, known = number[known >= 0], known[known >= 0]
    split = split_of[known]
    low = np.full(len(values), np.iinfo(np.int64).max)
    high = np.full(len(values), np.iinfo(np.int64).min)
    np.minimum.at(low, number, split)
    np.maximum.at(high, number, split)
    return [str(values[i]).replace("\0", " ") for i in np.flatnonzero(low < high).tolist()]


def _numbers(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """(a number for each row, −1 for null, the same for the same text; the texts)."""
    coded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = pa.concat_arrays(coded.chunks)
    number = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False))
    return number.astype(np.int64), coded.dictionary.to_pylist()


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
