"""A dataset read back: chips as aligned arrays, tables as data frames."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from polychip.addresses import is_bucket, plain_address
from polychip.borrowed import BorrowedImages
from polychip.errors import FormatError, InputError, nearest
from polychip.format_list import CHIPS, INSTANCES
from polychip.grid import Window
from polychip.io.index import GEOMETRY
from polychip.io.raster import gdal_env
from polychip.io.table_rows import TableRows
from polychip.manifest import read_manifest, read_schema
from polychip.reporter import Silent
from polychip.schema import LabelSchema
from polychip.segments import Segment, panoptic_segments

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from polychip.formats.convert import Converted
    from polychip.reporter import Reporter
    from polychip.torch_dataset import Style, TorchDataset


@dataclass(frozen=True)
class Chip:
    """Aligned arrays of one chip: every array covers the same pixels."""

    chip_id: str
    scene: str
    split: str | None
    image: NDArray[np.generic]
    """(bands, height, width), the source's dtype; of several layers the first one's."""
    layers: Mapping[str, NDArray[np.generic]]
    """(bands, height, width) by layer name; 'image' for the only one."""
    semantic: NDArray[np.generic]
    """(height, width) class codes, background and ignore included."""
    instance: NDArray[np.generic] | None
    """(height, width) local ids, 0 = none; None in semantic datasets."""
    targets: Mapping[str, NDArray[np.generic]]
    """(bands, height, width) by the target's name: 'distance', 'boundary', …"""
    schema: LabelSchema
    crs_wkt: str
    transform: Affine
    """Pixel (column, row) to CRS coordinates, corner convention."""
    row: Mapping[str, Any]
    """The chip's row in chips.parquet."""

    def __post_init__(self) -> None:
        """Refuse arrays that are not aligned."""
        shape = self.semantic.shape
        arrays = [*self.layers.values(), *self.targets.values()]
        arrays += [] if self.instance is None else [self.instance]
        for array in arrays:
            if array.shape[-2:] != shape:
                raise InputError(
                    f"chip {self.chip_id}: an array is {array.shape[-2:]} px, the mask {shape}; "
                    "the dataset was changed after it was built: run polychip verify"
                )

    def panoptic(self) -> tuple[NDArray[np.int32], list[Segment]]:
        """The map of segments (height, width), 0 being void, and what each segment is.

        Each labelled pixel belongs to exactly one: an object, or what is left of a class.

        Raises:
            InputError: a semantic dataset tells no objects apart.
        """
        if self.instance is None:
            raise InputError(
                f"chip {self.chip_id}: a semantic dataset has no objects; build it with masks.mode "
                "= 'panoptic' (--mode)"
            )
        return panoptic_segments(self.semantic, self.instance, self.schema)


class Dataset:
    """A dataset on disk. `len`, iteration and indexing go over its chips in the index's order."""

    def __init__(self, folder: str | Path) -> None:
        """Open a dataset's index; pixels are read when a chip is.

        Args:
            folder: or s3://BUCKET/PREFIX. Files come from there when they are wanted, into a
                folder that is removed when the program ends.

        Raises:
            InputError: there is no dataset, or one of a format that this version doesn't know.
        """
        self._mirror = None
        if is_bucket(plain_address(str(folder))):
            from polychip.mirror import Mirror

            self._mirror = Mirror(str(folder))
        self.folder = self._mirror.folder if self._mirror else Path(folder)
        """Of a dataset in a bucket, that of the copies."""
        self.manifest = read_manifest(self.folder)
        self._chosen: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        """What and how many."""
        return f"<Dataset {self._place} of {len(self)} chips, {self.manifest['mode']}>"

    @property
    def _place(self) -> str:
        return self._mirror.address if self._mirror else str(self.folder)

    def _there(self, *names: str) -> None:
        """Copy files here that a bucket has."""
        if self._mirror is not None:
            self._mirror.fetch(names)

    def _part(self, chosen: NDArray[np.int64]) -> "Dataset":
        """Some chips, by their places in the whole dataset."""
        part = Dataset(self.folder)
        part._mirror = self._mirror
        part._chosen = chosen
        return part

    @cached_property
    def schema(self) -> LabelSchema:
        """Classes, codes and colours."""
        return read_schema(self.manifest["schema"])

    @cached_property
    def _rows(self) -> TableRows:
        try:
            self._there(CHIPS)
            return TableRows(self.folder / CHIPS)
        except (OSError, pa.ArrowException) as error:
            raise InputError(
                f"{self.folder / CHIPS} can't be read ({error}); the dataset is damaged"
            ) from error

    @cached_property
    def _all_chips(self) -> "geopandas.GeoDataFrame":
        import geopandas

        self._there(CHIPS)
        return geopandas.read_parquet(self.folder / CHIPS)

    @cached_property
    def chips(self) -> "geopandas.GeoDataFrame":
        """The index: a row a chip, its footprint as geometry."""
        if self._chosen is None:
            return self._all_chips
        return self._all_chips.iloc[self._chosen].reset_index(drop=True)

    @cached_property
    def instances(self) -> "pd.DataFrame":
        """The table of objects: a row for each object in each chip of this (part of a) dataset.

        Raises:
            InputError: a semantic dataset has none.
        """
        import pandas as pd

        if self.manifest["mode"] != "semantic":
            self._there(INSTANCES)
        path = self.folder / INSTANCES
        if not path.exists():
            raise InputError(
                f"{self._place}: a {self.manifest['mode']} dataset has no objects; build it with "
                "masks.mode = 'instance' or 'panoptic' (--mode)"
            )
        table = pd.read_parquet(path)
        if self._chosen is None:
            return table
        keys = self.chips[["chip_id", "scene"]]
        return table.merge(keys, on=["chip_id", "scene"])

    def split(self, name: str) -> "Dataset":
        """The chips of one split.

        Raises:
            InputError: there is no such split.
        """
        known = self.manifest["split"]["names"]
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it was built without splits"
            raise InputError(f"{self._place}: no split '{name}'{nearest(name, known)}; {has}")
        self._there(CHIPS)
        splits = pq.read_table(self.folder / CHIPS, columns=["split"])["split"]
        mine = np.flatnonzero(pc.fill_null(pc.equal(splits, name), fill_value=False).to_numpy())
        chosen = self._chosen
        return self._part(mine if chosen is None else chosen[np.isin(chosen, mine)])

    def to_torch(
        self,
        split: str | None = None,
        *,
        style: "Style" = "segmentation",
        layers: Sequence[str] | None = None,
        targets: Sequence[str] = (),
        dtype: str | None = "float32",
        transforms: Callable[..., Any] | None = None,
    ) -> "TorchDataset":
        """A map-style PyTorch dataset over these chips, or over one split of them.

        Args:
            split: its name; None: all chips of this (part of a) dataset.
            style: 'segmentation' gives a dict: image (C, H, W), mask (H, W) int64 class codes,
                chip_id, scene. 'detection' gives what torchvision's detection models take, an image
                and a dict of the visible objects: boxes (N, 4), labels (N), masks (N, H, W), area,
                iscrowd, local_ids, image_id (the place in this dataset).
            layers: image layers by name, their bands put one after another; None: all.
            targets: further masks to add, by their names in the index's `files`.
            dtype: of the image, by PyTorch's name; values are not scaled. None: the source's.
            transforms: called with what the style gives, returns the sample.

        Raises:
            InputError: PyTorch isn't installed; there is no such split, layer or target; objects
                are asked of a semantic dataset.
        """
        if split is not None:
            return self.split(split).to_torch(
                style=style, layers=layers, targets=targets, dtype=dtype, transforms=transforms
            )
        try:
            from polychip.torch_dataset import TorchDataset, TorchOptions
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise InputError(
                "to_torch() needs PyTorch, which is not installed: pip install 'polychip[torch]', "
                "or PyTorch as https://pytorch.org says for your machine"
            ) from error
        self._there(CHIPS)
        index = pq.read_table(self.folder / CHIPS, columns=["chip_id", "scene", "files"])
        if self._chosen is not None:
            index = index.take(self._chosen)
        files = index.column("files").to_pylist() if self._mirror else ()
        self._there(*(path for row in files for path in row.values() if path))
        options = TorchOptions(
            style, None if layers is None else tuple(layers), tuple(targets), dtype, transforms
        )
        return TorchDataset(self.folder, self.schema, index, options)

    def count(self, *, by_class: bool = False) -> int | dict[str, int]:
        """Number of objects, each counted once, however many chips and dates show it.

        Args:
            by_class: give a number a class name, classes without objects included.

        Raises:
            InputError: a semantic dataset has none.
        """
        objects = self.instances[["namespace", "instance_id", "class_code"]].drop_duplicates(
            ["namespace", "instance_id"]
        )
        if not by_class:
            return len(objects)
        counts = objects["class_code"].value_counts()
        things = [entry for entry in self.schema.mask_classes if entry.thing]
        return {entry.name: int(counts.get(entry.code, 0)) for entry in things}

    def track(self, instance_id: str, namespace: str | None = None) -> "Dataset":
        """The chips that show an object, in time order; chips without a date come last.

        Args:
            instance_id: as in the table of objects.
            namespace: needed where files or layers have objects of the same id.

        Raises:
            InputError: there is no such object, or several are meant.
        """
        table = self.instances
        mine = table[table["instance_id"] == str(instance_id)]
        names = sorted(mine["namespace"].unique()) if namespace is None else [namespace]
        if len(names) > 1:
            raise InputError(
                f"{self._place}: '{instance_id}' is an object in {', '.join(names)}; name one as "
                "namespace"
            )
        mine = mine[mine["namespace"].isin(names)]
        if mine.empty:
            known = nearest(str(instance_id), table["instance_id"].unique())
            raise InputError(f"{self._place}: no object '{instance_id}'{known}")
        keys = set(zip(mine["scene"], mine["chip_id"], strict=True))
        chips = self.chips
        found = [
            index
            for index, key in enumerate(zip(chips["scene"], chips["chip_id"], strict=True))
            if key in keys
        ]
        dates = chips["date"].tolist()
        found.sort(key=lambda index: (dates[index] is None, dates[index] or 0, index))
        places = np.array(found, dtype=np.int64)
        return self._part(places if self._chosen is None else self._chosen[places])

    def __len__(self) -> int:
        """Number of chips."""
        if self._chosen is None:
            return int(self.manifest["counts"]["chips"])
        return len(self._chosen)

    def __iter__(self) -> Iterator[Chip]:
        """Chips in the index's order."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Chip:
        """The chip at a place in the index.

        Raises:
            IndexError: there are fewer chips.
            InputError: a file of the chip is missing or broken.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"chip {index} of {len(self)}")
        place = index % len(self)
        row = self._rows.row(place if self._chosen is None else int(self._chosen[place]))
        row[GEOMETRY] = shapely.from_wkb(row[GEOMETRY])
        files = {kind: path for kind, path in row["files"].items() if path}
        with gdal_env():
            arrays, transform, crs_wkt = self._read_all(files)
            layers = self._layers(arrays, row)
        instance = arrays.get("instance")
        return Chip(
            chip_id=row["chip_id"],
            scene=row["scene"],
            split=row["split"],
            image=next(iter(layers.values())),
            layers=layers,
            semantic=arrays["semantic"][0],
            instance=None if instance is None else instance[0],
            targets={name: arrays[name] for name in self.manifest.get("targets", {})},
            schema=self.schema,
            crs_wkt=crs_wkt,
            transform=transform,
            row=row,
        )

    def _layers(
        self, arrays: Mapping[str, NDArray[np.generic]], row: Mapping[str, Any]
    ) -> dict[str, NDArray[np.generic]]:
        if self.manifest.get("images") == "none":
            window = Window(row["x_off"], row["y_off"], row["width"], row["height"])
            found = self._borrowed.read(row["scene"], window)
            return {layer or "image": pixels for layer, pixels in found.items()}
        return {
            kind.removeprefix("image_"): array
            for kind, array in arrays.items()
            if kind.startswith("image")
        }

    @cached_property
    def _borrowed(self) -> BorrowedImages:
        self._there("recipe.toml", CHIPS)
        return BorrowedImages(self.folder, self.manifest)

    def convert(
        self,
        to: str,
        out: str | Path,
        *,
        workers: int = 1,
        overwrite: bool = False,
        reporter: "Reporter | None" = None,
        layer: str | None = None,
        bands: Sequence[int | str] | None = None,
        stretch: str | None = None,
        **options: object,
    ) -> "Converted":
        """Write the dataset in another format.

        Args:
            to: the format's name, as `polychip convert --help` lists them.
            out: a new folder.
            workers: processes; more than one need `if __name__ == "__main__":` in scripts.
            overwrite: replace a conversion that is there, as a whole.
            reporter: hears progress and notes.
            layer: image layer; default: the first.
            bands: by number from 1 or by name; default: what suits the format.
            stretch: how imagery becomes 8-bit: 'auto', 'none', 'MIN,MAX' or a pair for each band.
            options: of the format alone.

        Raises:
            FormatError: the format can't hold the dataset; nothing is written.
        """
        from polychip.formats.convert import convert_dataset
        from polychip.formats.options import ConvertOptions

        if self._chosen is not None:
            raise FormatError(
                f"{self._place}: only whole datasets are converted, not a split of one; the "
                "output keeps the splits apart"
            )
        if self._mirror is not None:
            self._mirror.fetch_all(reporter or Silent())
        more = {name: str(value) for name, value in options.items()}
        given = ConvertOptions(layer, None if bands is None else tuple(bands), stretch, more)
        return convert_dataset(
            self.folder, to, Path(out), given, workers=workers, overwrite=overwrite,
            reporter=reporter,
        )  # fmt: skip

    def _read_all(
        self, files: Mapping[str, str]
    ) -> tuple[dict[str, NDArray[np.generic]], Affine, str]:
        arrays: dict[str, NDArray[np.generic]] = {}
        transform, crs_wkt = Affine.identity(), ""
        self._there(*files.values())
        for kind, path in files.items():
            try:
                with rasterio.open(self.folder / path) as file:
                    arrays[kind] = file.read()
                    if kind == "semantic":
                        transform, crs_wkt = file.transform, file.crs.to_wkt()
            except RasterioError as error:
                raise InputError(
                    f"{self._place}/{path}: can't be read ({error}); run polychip verify"
                ) from error
        return arrays, transform, crs_wkt
