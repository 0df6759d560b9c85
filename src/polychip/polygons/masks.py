"""Labels from the dataset's own masks: classes by pixel, objects by the table of objects."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterioWindow

from polychip import wording
from polychip.errors import InputError
from polychip.format_list import INSTANCES
from polychip.grid import Window
from polychip.io.raster import gdal_env
from polychip.polygons.chips import Ints, SceneChips
from polychip.polygons.components import NOTHING
from polychip.polygons.pixels import FIRST_OBJECT, BlockPixels, ObjectEntry, blank
from polychip.schema import LabelSchema

SEMANTIC, INSTANCE = "semantic", "instance"
_SEPARATOR = "\x1f"


class SceneObjects:
    """A scene's objects: which local id of which chip is which, by namespace and instance id."""

    def __init__(self, folder: Path, chips: SceneChips) -> None:
        """Read the scene's rows of the table of objects."""
        columns = ["chip_id", "scene", "local_id", "namespace", "instance_id", "class_code"]
        table = pq.read_table(
            folder / INSTANCES, columns=columns, filters=[("scene", "==", chips.name)]
        )
        keys = pc.binary_join_element_wise(table["namespace"], table["instance_id"], _SEPARATOR)
        coded = pa.chunked_array([keys.combine_chunks()]).dictionary_encode().combine_chunks()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.chunk(0)
        self._names = coded.dictionary
        number = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        chip = pc.index_in(table["chip_id"], value_set=chips.ids).to_numpy().astype(np.int64)
        local = table["local_id"].to_numpy().astype(np.int64)
        n = len(self._names)
        self._code = np.zeros(n, dtype=np.int64)
        self._code[number] = table["class_code"].to_numpy()
        self._end = np.zeros(n, dtype=np.int64)
        np.maximum.at(self._end, number, chips.box[chip, 3])
        visible = local > 0
        self.n_hidden = n - len(np.unique(number[visible]))
        order = np.lexsort((local[visible], chip[visible]))
        self._chip = chip[visible][order]
        self._local = local[visible][order]
        self._number = number[visible][order]
        spaces = {self._split(i)[0] for i in range(n)}
        self._several = len(spaces) > 1

    def _split(self, number: int) -> tuple[str, str]:
        namespace, _, name = str(self._names[number]).partition(_SEPARATOR)
        return namespace, name

    def values_by_local_id(self, chip: int) -> NDArray[np.int32]:
        """For a chip's local ids from 0 their values; NOTHING for ids that the table lacks."""
        begin, end = np.searchsorted(self._chip, [chip, chip + 1])
        local = self._local[begin:end]
        values = np.full(int(local.max(initial=0)) + 1, NOTHING, dtype=np.int32)
        values[local] = FIRST_OBJECT + self._number[begin:end]
        return values

    def describe(self, number: int) -> ObjectEntry:
        """An object by its number; its id carries the namespace where there are several."""
        namespace, name = self._split(number)
        return ObjectEntry(
            code=int(self._code[number]),
            open_until=int(self._end[number]),
            instance_id=f"{namespace}:{name}" if self._several else name,
        )


class DatasetMasks:
    """The labels of a dataset's scene, as they were burned; overlapping chips agree."""

    def __init__(
        self, folder: Path, chips: SceneChips, schema: LabelSchema, *, objects: bool
    ) -> None:
        """Open a scene's masks; objects want an instance or panoptic dataset."""
        self._folder = folder
        self._chips = chips
        self._schema = schema
        self._objects = SceneObjects(folder, chips) if objects else None

    def read(self, window: Window, chips: Ints) -> BlockPixels:
        """The labels of a window, from the chips that touch it.

        Raises:
            InputError: a mask can't be read, or has an object that the table lacks.
        """
        values, known = blank(window)
        for chip in chips.tolist():
            place = self._chips.window(chip)
            part = place.intersection(window)
            codes = self._read(SEMANTIC, chip, part)
            said = codes != self._schema.ignore
            found = np.where(said & (codes != self._schema.background), codes, NOTHING)
            if self._objects is not None:
                self._put_objects(self._objects, chip, part, found)
            inside = part.slices_in(window)
            values[inside] = np.where(said, found, values[inside])
            known[inside] |= said
        return BlockPixels(values, known, None)

    def describe(self, number: int) -> ObjectEntry:
        """An object by its number."""
        if self._objects is None:
            raise LookupError(number)
        return self._objects.describe(number)

    def notes(self) -> list[str]:
        """Objects of which nothing is seen."""
        if self._objects is None or not self._objects.n_hidden:
            return []
        n = self._objects.n_hidden
        return [
            f"{self._chips.name}: {wording.plural(n, 'object')} {'is' if n == 1 else 'are'} wholly "
            "hidden or ignored in all chips: no polygon"
        ]

    def _put_objects(
        self, objects: SceneObjects, chip: int, part: Window, found: NDArray[np.int32]
    ) -> None:
        local = self._read(INSTANCE, chip, part)
        table = objects.values_by_local_id(chip)
        there = local > 0
        unknown = there & (local >= len(table))
        if not unknown.any():
            named = table[local]
            unknown = there & (named == NOTHING)
        if unknown.any():
            raise InputError(
                f"{self._folder / self._chips.path(INSTANCE, chip)}: object "
                f"{int(local[unknown][0])} is not in {INSTANCES}; the dataset was changed after it "
                "was built: run polychip verify"
            )
        found[there] = named[there]

    def _read(self, kind: str, chip: int, part: Window) -> NDArray[np.int32]:
        path = self._folder / self._chips.path(kind, chip)
        place = self._chips.window(chip)
        frame = RasterioWindow(
            part.x_off - place.x_off, part.y_off - place.y_off, part.width, part.height
        )
        try:
            with gdal_env(), rasterio.open(path) as file:
                return np.asarray(file.read(1, window=frame), dtype=np.int32)
        except RasterioError as error:
            raise InputError(f"{path}: can't be read ({error}); run polychip verify") from error
