"""A dataset as PyTorch wants it. Imported by `Dataset.to_torch` alone: PyTorch is optional."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import rasterio
import torch
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from polychip.errors import InputError, nearest
from polychip.io.raster import gdal_env
from polychip.schema import LabelSchema

Style = Literal["segmentation", "detection"]


@dataclass(frozen=True)
class TorchOptions:
    """What a sample holds."""

    style: Style = "segmentation"
    layers: tuple[str, ...] | None = None
    """Image layers by name, their bands one after another; None: all."""
    targets: tuple[str, ...] = ()
    """Further masks by their name in the index's `files`."""
    dtype: str | None = "float32"
    """Of images; None: the source's."""
    transforms: Callable[..., Any] | None = None


class TorchDataset(torch.utils.data.Dataset):  # type: ignore[misc]
    """A map-style dataset. It pickles, so workers may be forked or spawned."""

    def __init__(
        self, folder: Path, schema: LabelSchema, index: pa.Table, options: TorchOptions
    ) -> None:
        """Take the chips of an index.

        Args:
            folder: the dataset's.
            schema: its classes.
            index: a row a chip: chip_id, scene and files.
            options: what a sample holds.

        Raises:
            InputError: a layer or target that the dataset doesn't have, or a style it can't give.
        """
        self.folder = folder.absolute()
        self.ignore_index = schema.ignore
        """For the loss."""
        self.num_classes = 1 + max(
            schema.background, *(c.code for c in schema.classes if c.code != schema.ignore), 0
        )
        """Highest code and one: codes are a model's channels, unused ones included."""
        self.class_names = {schema.background: "background"} | {
            c.code: c.name for c in schema.classes if c.code != schema.ignore
        }
        """Name by code, without ignore."""
        self._index = index
        self._options = options
        self._dtype = _dtype_named(options.dtype)
        self._images, self._masks = self._kinds()

    def __len__(self) -> int:
        """Number of chips."""
        return int(self._index.num_rows)

    def __getitem__(self, index: int) -> Any:
        """A sample; see `Dataset.to_torch`.

        Raises:
            IndexError: there are fewer chips.
            InputError: a file of the chip is missing or broken.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"chip {index} of {len(self)}")
        place = int(index) % len(self)
        row = {name: self._index[name][place].as_py() for name in ("chip_id", "scene", "files")}
        with gdal_env():
            image = self._image(row)
            masks = {kind: torch.from_numpy(_plain(self._read(row, kind))) for kind in self._masks}
        extra = {name: masks[name] for name in self._options.targets}
        transforms = self._options.transforms
        if self._options.style == "detection":
            objects = detection_target(masks["semantic"].numpy(), masks["instance"].numpy())
            target = objects | extra | {"image_id": place}
            return (image, target) if transforms is None else transforms(image, target)
        sample = {"image": image, "mask": masks["semantic"], **extra}
        sample |= {"chip_id": row["chip_id"], "scene": row["scene"]}
        return sample if transforms is None else transforms(sample)

    def _image(self, row: Mapping[str, Any]) -> torch.Tensor:
        layers = [torch.from_numpy(self._read(row, kind)) for kind in self._images]
        if self._dtype is not None:
            layers = [layer.to(self._dtype) for layer in layers]
        return layers[0] if len(layers) == 1 else torch.cat(layers)

    def _read(self, row: Mapping[str, Any], kind: str) -> NDArray[Any]:
        path = row["files"].get(kind)
        if path is None:
            raise InputError(
                f"{self.folder}: chip {row['chip_id']} of scene {row['scene']} has no '{kind}'"
            )
        try:
            with rasterio.open(self.folder / path) as file:
                pixels: NDArray[Any] = file.read()
        except RasterioError as error:
            raise InputError(
                f"{self.folder / path}: can't be read ({error}); run polychip verify"
            ) from error
        return pixels

    def _kinds(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns of `files` that are read: of images, and of masks."""
        if self._options.style not in get_args(Style):
            raise InputError(
                f"style = '{self._options.style}'{nearest(self._options.style, get_args(Style))}: "
                f"give one of {', '.join(get_args(Style))}"
            )
        known = [field.name for field in self._index.schema.field("files").type]
        layers = {
            kind.removeprefix("image_"): kind
            for kind in known
            if kind == "image" or kind.startswith("image_")
        }
        if not layers:
            raise InputError(f"{self.folder}: the dataset has no image files to train on")
        asked = tuple(layers) if self._options.layers is None else self._options.layers
        if not asked:
            raise InputError(f"layers = (): name at least one of {', '.join(layers)}")
        for name in asked:
            _require(self.folder, "image layer", name, layers)
        masks = [kind for kind in known if kind not in layers.values()]
        wanted = ["semantic"]
        if self._options.style == "detection":
            if "instance" not in masks:
                raise InputError(
                    f"{self.folder}: a dataset without instance masks has no objects to detect; "
                    "build it with masks.mode = 'instance' or 'panoptic' (--mode)"
                )
            wanted.append("instance")
        for name in self._options.targets:
            _require(self.folder, "target", name, masks)
            wanted.append(name)
        return tuple(layers[name] for name in asked), tuple(dict.fromkeys(wanted))


def detection_target(semantic: NDArray[Any], instance: NDArray[Any]) -> dict[str, torch.Tensor]:
    """The visible objects of a chip as torchvision's detection models take them.

    Args:
        semantic: class codes, shape (H, W).
        instance: local ids, shape (H, W), 0 = none.

    Returns:
        boxes (N, 4) float32 as x1, y1, x2, y2 in pixel edges; labels (N) int64 class codes;
        masks (N, H, W) uint8; area (N) float32 in pixels; iscrowd (N) int64, all 0; local_ids (N)
        int64, which join with the table of objects.
    """
    ids, first = np.unique(instance, return_index=True)
    ids, first = ids[ids != 0], first[ids != 0]
    masks = instance[None] == ids[:, None, None]
    boxes = np.array([_box(mask) for mask in masks], dtype=np.float32).reshape(-1, 4)
    return {
        "boxes": torch.from_numpy(boxes),
        "labels": torch.from_numpy(semantic.reshape(-1)[first].astype(np.int64)),
        "masks": torch.from_numpy(masks.astype(np.uint8)),
        "area": torch.from_numpy(masks.sum(axis=(1, 2)).astype(np.float32)),
        "iscrowd": torch.zeros(len(ids), dtype=torch.int64),
        "local_ids": torch.from_numpy(ids.astype(np.int64)),
    }


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _plain(pixels: NDArray[Any]) -> NDArray[Any]:
    """A mask without the axis of a single band; codes and ids as int64, as losses want them."""
    mask = pixels[0] if len(pixels) == 1 else pixels
    return mask.astype(np.int64) if mask.dtype.kind in "iu" else mask


def _dtype_named(name: str | None) -> Any:
    dtype = None if name is None else getattr(torch, name, None)
    if name is not None and not isinstance(dtype, torch.dtype):
        raise InputError(
            f"dtype = '{name}': PyTorch has no such dtype; give its name ('float32', 'float16', …) "
            "or None for the source's"
        )
    return dtype


def _require(folder: Path, what: str, name: str, known: Mapping[str, str] | Sequence[str]) -> None:
    if name not in known:
        raise InputError(
            f"{folder}: no {what} '{name}'{nearest(name, known)}; it has {', '.join(known)}"
        )
