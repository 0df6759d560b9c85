"""SpaceNet 8: imagery before and after a flood, buildings and roads dry or flooded.

Source: Hänsch et al. 2022, "SpaceNet 8 - The Detection of Flooded Roads and Buildings", and the
baseline's lists (preimg, postimg, building, road, roadspeed, flood).
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polychip.errors import FormatError
from polychip.formats.before_after import (
    PRE,
    Pairs,
    ignore_allowed,
    paired,
    scene_facts,
    without_ignore,
)
from polychip.formats.chip import SourceChip
from polychip.formats.class_choice import chosen_codes, class_names, other_class_pixels
from polychip.formats.geotiff_masks import encode_mask
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Collect, Entry
from polychip.formats.source import Source, standard_splits

BANDS = ("dry_building", "flooded_building", "dry_road", "flooded_road")
"""In the order of the flood mask's bands; options of these names name classes."""
_FIELDS = "preimg,postimg,building,road,roadspeed,flood"
_LAYOUT = """\
PLACE/PRE-event/PLACE_ID.tif, PLACE/POST-event/PLACE_ID.tif   the chips' own bytes
PLACE/masks/flood_PLACE_ID.tif      4 bands of 0 and 1: dry building, flooded building, dry road,
                                    flooded road
PLACE/masks/building_PLACE_ID.tif, PLACE/masks/road_PLACE_ID.tif   0 and 1
sn8_data_{train,val,test}.csv       preimg,postimg,building,road,roadspeed,flood
"""
_SNIPPET = """\
import csv

import rasterio

with open("sn8_data_{split}.csv") as file:
    rows = list(csv.DictReader(file))
with rasterio.open(rows[0]["postimg"]) as file:
    after = file.read()  # (bands, height, width)
with rasterio.open(rows[0]["flood"]) as file:
    flood = file.read()  # (4, height, width) of 0 and 1
"""


def prepare(preparation: Preparation) -> "SpaceNet8":
    """SpaceNet 8; options: pre (scenes), a list of classes for each of BANDS, ignore.

    Raises:
        FormatError: scenes are no pairs, or no class is a building or road.
    """
    source, name = preparation.source, preparation.name
    splits = standard_splits(source, name)
    codes = tuple(
        chosen_codes(preparation, band, lambda found, band=band: _band(found) == band)  # type: ignore[misc]
        for band in BANDS
    )
    if not any(codes):
        raise FormatError(
            f"{name}: no class is a building or a road by its name; say which are "
            f"({' '.join(f'--set {band}=NAME' for band in BANDS)})"
        )
    if preparation.options.bands is not None:
        raise FormatError(f"{name}: chips are copied as they are, all bands; leave --bands out")
    return SpaceNet8(
        source, preparation.layer(), paired(preparation), codes, splits, ignore_allowed(preparation)
    )


def _band(name: str) -> str | None:
    """Which band a class of this plain name belongs to."""
    words = name.split()
    kind = next((k for k in ("building", "road") if k in words or f"{k}s" in words), None)
    dry = (
        not any(word in ("flooded", "flood") for word in words) or "non" in words or "not" in words
    )
    return None if kind is None else f"{'dry' if dry else 'flooded'}_{kind}"


@dataclass(frozen=True, slots=True)
class SpaceNet8:
    """SpaceNet 8 of one dataset."""

    source: Source
    layer: str
    pairs: Pairs
    codes: tuple[frozenset[int], ...]
    """Class codes of each band."""
    splits: dict[str, str]
    ignore_allowed: bool

    def write_chip(self, chip: SourceChip, out: Path) -> Entry:
        """Copy the image; after the event also write the masks, which are the flood's."""
        place, stem = self.pairs.places[chip.scene], self.pairs.stem(chip)
        pre = self.pairs.sides[chip.scene] == PRE
        folder = "PRE-event" if pre else "POST-event"
        image = chip.path(self.source.image_kind(self.layer))
        shutil.copyfile(image, out / place / folder / f"{stem}.tif")
        if pre:
            return Entry(chip.split)
        mask = chip.semantic()
        left_out = without_ignore(chip, mask, allowed=self.ignore_allowed)
        flood = np.stack([np.isin(mask, list(codes)) for codes in self.codes]).astype(np.uint8)
        masks = out / place / "masks"
        (masks / f"flood_{stem}.tif").write_bytes(encode_mask(chip, flood, BANDS))
        for kind, bands in (("building", flood[:2]), ("road", flood[2:])):
            (masks / f"{kind}_{stem}.tif").write_bytes(encode_mask(chip, bands.max(axis=0)))
        known = frozenset().union(*self.codes)
        left_out |= other_class_pixels(self.source, mask, known, "background")
        return Entry(chip.split, (place, stem), left_out)

    @contextmanager
    def tables(self, out: Path) -> Iterator[Collect]:
        """A list of pairs a split."""
        for place in set(self.pairs.places.values()):
            for folder in ("PRE-event", "POST-event", "masks"):
                (out / place / folder).mkdir(parents=True)
        with ExitStack() as stack:
            files = {}
            for split, plain in self.splits.items():
                path = out / f"sn8_data_{plain}.csv"
                files[split] = stack.enter_context(path.open("w", encoding="utf-8"))
                files[split].write(f"{_FIELDS}\n")

            def collect(entry: Entry) -> None:
                if entry.value is None:
                    return
                place, stem = entry.value
                masks = f"{place}/masks"
                files[entry.split].write(
                    f"{place}/PRE-event/{stem}.tif,{place}/POST-event/{stem}.tif,"
                    f"{masks}/building_{stem}.tif,{masks}/road_{stem}.tif,,"
                    f"{masks}/flood_{stem}.tif\n"
                )

            yield collect

    def card(self) -> Card:
        """How it is read."""
        height, width = self.source.chip_shape
        return Card(
            "SpaceNet 8",
            _LAYOUT,
            _SNIPPET.format(split=next(iter(self.splits.values()))),
            (
                "labels of the scenes before the event",
                "classes other than buildings and roads: counted, and 0 in all bands",
                "ignore: such chips stop the conversion, or become 0 and are counted",
                "road speeds (the column is empty), objects, and a road below a building",
                *(
                    (f"the original's chip size: {width} × {height} px, not 1300 × 1300",)
                    if (height, width) != (1300, 1300)
                    else ()
                ),
            ),
            {
                "bands": {
                    band: class_names(self.source, codes)
                    for band, codes in zip(BANDS, self.codes, strict=True)
                },
                "layer": self.layer,
                "splits": self.splits,
                **scene_facts(self.pairs),
            },
        )
