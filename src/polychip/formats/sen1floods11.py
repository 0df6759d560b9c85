"""The folders of Sen1Floods11, so that code that trains on it takes other floods unchanged.

Source: github.com/cloudtostreet/Sen1Floods11, and TerraTorch's `Sen1Floods11NonGeo`.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.class_choice import chosen_codes, class_names, other_class_pixels
from polychip.formats.class_values import recoded
from polychip.formats.geotiff_masks import encode_mask
from polychip.formats.json_parts import JsonLists
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits

_DATA = "v1.1/data/flood_events/HandLabeled"
_LISTS = "v1.1/splits/flood_handlabeled"
_METADATA = "v1.1/Sen1Floods11_Metadata.geojson"
_NO_DATA, _DRY, _WATER = -1, 0, 1
_SPELLED = {"train": "train", "val": "valid", "test": "test"}
_LAYERS = {"s2": (13, "iu", "whole numbers, reflectance × 10,000"), "s1": (2, "f", "floats, dB")}
"""Bands, kinds of dtype and their meaning of each layer."""
_LAYOUT = """\
v1.1/data/flood_events/HandLabeled/
{layers}  LabelHand/EVENT_ID_LabelHand.tif   int16: 1 water, 0 none, -1 no data
v1.1/splits/flood_handlabeled/
  flood_{{train,valid,test}}_data.txt  EVENT_ID, a line each
{csv}"""
_LAYER_LINES = {
    "s2": "  S2Hand/EVENT_ID_S2Hand.tif         13 bands, the chips' own bytes\n",
    "s1": "  S1Hand/EVENT_ID_S1Hand.tif         VV, VH, the chips' own bytes\n",
}
_CSV = "  flood_{train,valid,test}_data.csv  S1Hand file, LabelHand file\n"
_SNIPPET = """\
from terratorch.datasets import Sen1Floods11NonGeo

chips = Sen1Floods11NonGeo(".", split="{split}")
sample = chips[0]  # image (13, height, width) × 0.0001, mask (height, width) of -1, 0, 1
"""
_SNIPPET_S1 = """\
from pathlib import Path

import rasterio

root = Path("v1.1")
stems = (root / "splits/flood_handlabeled/flood_{split}_data.txt").read_text().split()
folder = root / "data/flood_events/HandLabeled"
with rasterio.open(folder / f"S1Hand/{{stems[0]}}_S1Hand.tif") as file:
    image = file.read()  # (2, height, width), dB
with rasterio.open(folder / f"LabelHand/{{stems[0]}}_LabelHand.tif") as file:
    mask = file.read(1)  # (height, width) of -1, 0, 1
"""


def prepare(preparation: Preparation) -> "Sen1Floods11":
    """Sen1Floods11 for a dataset; options: `water` (classes), `s1` and `s2` (layers or none).

    Raises:
        FormatError: splits, scenes or layers do not fit it, or no class is water.
    """
    source, name = preparation.source, preparation.name
    if preparation.options.layer is not None or preparation.options.bands is not None:
        raise FormatError(
            f"{name}: chips are copied as they are, all bands; name the layers by "
            "--set s1=LAYER --set s2=LAYER"
        )
    splits = {key: _SPELLED[plain] for key, plain in standard_splits(source, name).items()}
    water = chosen_codes(preparation, "water", _is_water)
    if not water:
        raise FormatError(
            f"{name}: no class has water or flood in its name; say which are water "
            "(--set water=NAME,NAME)"
        )
    layers = {kind: _layer(preparation, kind) for kind in _LAYERS}
    kept = {kind: layer for kind, layer in layers.items() if layer is not None}
    if not kept:
        wanted = ", or ".join(f"{n} bands for {kind}" for kind, (n, _, _) in _LAYERS.items())
        found = ", ".join(f"{layer} ({len(source.band_names(layer))})" for layer in source.layers)
        raise FormatError(
            f"{source.folder}: {name} needs a layer of {wanted}; the dataset has {found}; choose "
            "png or another format that takes any bands"
        )
    return Sen1Floods11(source, kept, water, splits, _events(source))


def _is_water(name: str) -> bool:
    return "water" in name or "flood" in name


def _layer(preparation: Preparation, kind: str) -> str | None:
    """The layer that is asked for, or the first that is named so and fits, or that fits."""
    source = preparation.source
    n_bands, kinds, meaning = _LAYERS[kind]
    asked = preparation.option(kind, "auto")
    if asked == "none":
        return None
    if asked == "auto":
        fitting = [layer for layer in source.layers if _fits(source, layer, n_bands, kinds)]
        named = [layer for layer in fitting if layer.casefold().startswith(kind)]
        return next(iter(named or fitting), None)
    layer = source.layer(asked)
    if not _fits(source, layer, n_bands, kinds):
        raise FormatError(
            f"{preparation.name}: {kind} has {n_bands} bands of {meaning}; layer '{layer}' has "
            f"{len(source.band_names(layer))} of {source.dtype(layer)}; choose another layer, "
            f"leave it out (--set {kind}=none), or build the dataset with such a layer"
        )
    return layer


def _fits(source: Source, layer: str, n_bands: int, kinds: str) -> bool:
    return len(source.band_names(layer)) == n_bands and np.dtype(source.dtype(layer)).kind in kinds


def _events(source: Source) -> dict[str, str]:
    """The event of each scene: the loader reads it up to the first _.

    Raises:
        FormatError: a list would match files of other scenes, since lines are parts of names.
    """
    events = {scene: scene.replace("_", "-") for scene in source.scenes}
    for scene, event in events.items():
        for other, longer in events.items():
            if other != scene and longer.casefold().endswith(event.casefold()):
                raise FormatError(
                    f"{source.folder}: Sen1Floods11's lists match any file with a line in it, so "
                    f"chips of scene '{scene}' would bring those of '{other}' along; rename one "
                    "of them in the recipe"
                )
    return events


@dataclass(frozen=True, slots=True)
class Sen1Floods11:
    """Sen1Floods11's folders for one dataset."""

    source: Source
    layers: dict[str, str]
    """Layer by kind: s2, s1."""
    water: frozenset[int]
    """Codes of the classes that are water."""
    splits: dict[str, str]
    """Sen1Floods11's name of each split."""
    events: dict[str, str]
    """By scene."""

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Copy the imagery, write the label."""
        stem = f"{self.events[chip.scene]}_{chip.row['row']:07d}{chip.row['col']:07d}"
        for kind, layer in self.layers.items():
            folder = f"{kind.upper()}Hand"
            path = out / _DATA / folder / f"{stem}_{folder}.tif"
            shutil.copyfile(chip.path(self.source.image_kind(layer)), path)
        mask = chip.semantic()
        label = encode_mask(chip, recoded(chip, mask, self._values, "int16"))
        (out / _DATA / f"LabelHand/{stem}_LabelHand.tif").write_bytes(label)
        left_out = other_class_pixels(self.source, mask, self.water, "not water")
        return Entry(chip.split, stem, left_out)

    @property
    def _values(self) -> dict[int, int]:
        schema = self.source.schema
        by_code = {c.code: _WATER if c.code in self.water else _DRY for c in self.source.classes}
        return by_code | {schema.background: _DRY, schema.ignore: _NO_DATA}

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """The lists of all three splits, also where one is empty, and the dates of the scenes."""
        for folder in ("LabelHand", *(f"{kind.upper()}Hand" for kind in self.layers)):
            (out / _DATA / folder).mkdir(parents=True)
        (out / _LISTS).mkdir(parents=True)
        suffixes = ("txt", "csv") if "s1" in self.layers else ("txt",)
        with ExitStack() as stack:
            files = {
                (spelled, suffix): stack.enter_context(
                    (out / _LISTS / f"flood_{spelled}_data.{suffix}").open("w", encoding="utf-8")
                )
                for spelled in _SPELLED.values()
                for suffix in suffixes
            }

            def collect(entry: Entry) -> None:
                spelled, stem = self.splits[entry.split], entry.value
                files[spelled, "txt"].write(f"{stem}\n")
                if "csv" in suffixes:
                    files[spelled, "csv"].write(f"{stem}_S1Hand.tif,{stem}_LabelHand.tif\n")

            yield collect
        self._write_dates(out / _METADATA)

    def _write_dates(self, path: Path) -> None:
        """What the loader's use_metadata reads; no file when no scene has a date."""
        dated = {name: scene["date"] for name, scene in self.source.scenes.items() if scene["date"]}
        if not dated:
            return
        with JsonLists(path, ("features",), {"type": "FeatureCollection"}) as document:
            for name, date in dated.items():
                properties = {"location": self.events[name], "s1_date": date, "s2_date": date}
                feature = {"type": "Feature", "properties": properties, "geometry": None}
                document.add("features", feature)

    def card(self) -> Card:
        """How it is read."""
        split = self.splits[self.source.splits[0]]
        optical = "s2" in self.layers
        snippet = _SNIPPET.format(split="val" if split == "valid" else split)
        lines = "".join(line for kind, line in _LAYER_LINES.items() if kind in self.layers)
        csv = _CSV if "s1" in self.layers else ""
        return Card(
            "Sen1Floods11",
            _LAYOUT.format(layers=lines, csv=csv),
            snippet if optical else _SNIPPET_S1.format(split=split),
            tuple(self._limits()),
            {
                "ignore": _NO_DATA,
                "water": class_names(self.source, self.water),
                "layers": dict(self.layers),
                "splits": self.splits,
                "events": self.events,
            },
        )

    def _limits(self) -> Iterator[str]:
        yield "classes other than water: their pixels are counted, and become 0 (not water)"
        yield "objects, and splits other than train, val and test"
        for kind in _LAYERS:
            if kind not in self.layers:
                yield f"{kind.upper()}Hand: the dataset has no such layer"
        if self.source.chip_shape != (512, 512):
            height, width = self.source.chip_shape
            yield f"the original's chip size: these are {width} × {height} px, not 512 × 512"
        undated = [name for name, scene in self.source.scenes.items() if not scene["date"]]
        if undated:
            yield (
                f"the dates of {len(undated)} scenes without one: with use_metadata the loader "
                "fails, or takes 1998"
            )
