"""Datasets of one place before and after an event: which scene is which, and pairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from polychip.errors import FormatError, nearest
from polychip.format_list import CHIPS
from polychip.formats.chip import SourceChip
from polychip.formats.preparation import Preparation
from polychip.formats.source import Source

PRE, POST = "pre", "post"


@dataclass(frozen=True, slots=True)
class Pairs:
    """The side of each scene, and the name of each place."""

    sides: Mapping[str, str]
    """'pre' or 'post' by scene."""
    places: Mapping[str, str]
    """By scene: its group, with - for _, which separates the parts of a file's name."""

    def stem(self, chip: SourceChip) -> str:
        """PLACE_ID, the same for both chips of a pair."""
        return f"{self.places[chip.scene]}_{chip.row['row']:07d}{chip.row['col']:07d}"


def paired(preparation: Preparation) -> Pairs:
    """Pair the scenes of each group, by date or as `--set pre=SCENE,SCENE` says.

    Raises:
        FormatError: a group isn't a pair, or a chip is there on one side only.
    """
    source, name = preparation.source, preparation.name
    named = [part.strip() for part in preparation.option("pre", "").split(",") if part.strip()]
    for scene in named:
        if scene not in source.scenes:
            raise FormatError(
                f"{name}: pre names the scene '{scene}'{nearest(scene, source.scenes)}; the "
                f"dataset has {', '.join(source.scenes)}"
            )
    groups: dict[str, list[str]] = {}
    for scene, entry in source.scenes.items():
        groups.setdefault(entry["group"], []).append(scene)
    sides: dict[str, str] = {}
    for group, scenes in groups.items():
        sides |= _sides(source, name, group, scenes, named)
    places = {s: source.scenes[s]["group"].replace("_", "-") for s in source.scenes}
    if len({place.casefold() for place in places.values()}) < len(groups):
        raise FormatError(
            f"{source.folder}: {name} separates names by _, so the groups' are written with -, and "
            "then two are alike; rename a group in the recipe"
        )
    _check_partners(source, name, groups)
    return Pairs(sides, places)


def _sides(
    source: Source, name: str, group: str, scenes: list[str], named: list[str]
) -> dict[str, str]:
    dates = {scene: source.scenes[scene]["date"] for scene in scenes}
    before = [scene for scene in scenes if scene in named]
    if not before and len(scenes) == 2 and all(dates.values()) and len(set(dates.values())) == 2:
        before = [min(scenes, key=lambda scene: str(dates[scene]))]
    if len(scenes) != 2 or len(before) != 1:
        told = ", ".join(f"{scene} ({dates[scene] or 'no date'})" for scene in scenes)
        raise FormatError(
            f"{source.folder}: {name} holds a place before and after an event, and group '{group}' "
            f"has {told}; give each group two scenes of different dates, or say which is before "
            "(--set pre=SCENE)"
        )
    return {scene: PRE if scene == before[0] else POST for scene in scenes}


def _check_partners(source: Source, name: str, groups: Mapping[str, list[str]]) -> None:
    """Refuse chips without a partner: loaders look for both files of a pair."""
    ids: dict[str, set[str]] = {scene: set() for scene in source.scenes}
    with pq.ParquetFile(source.folder / CHIPS) as file:
        for batch in file.iter_batches(columns=["scene", "chip_id"]):
            for row in batch.to_pylist():
                ids[row["scene"]].add(row["chip_id"])
    for one, other in groups.values():
        alone = ids[one] ^ ids[other]
        if alone:
            chip = min(alone)
            scene, missing = (one, other) if chip in ids[one] else (other, one)
            raise FormatError(
                f"chip {scene}/{chip}: {name} holds pairs, and scene '{missing}' has no such chip "
                f"({len(alone)} of this group have no partner); build the dataset without filters "
                "that leave out one of them (chips.max_nodata, chips.min_labelled)"
            )


def without_ignore(chip: SourceChip, mask: NDArray[np.generic], *, allowed: bool) -> dict[str, int]:
    """What is left out where a format can't say that nobody looked: pixels that become background.

    Raises:
        FormatError: there are such pixels on the image, and it is not allowed.
    """
    ignored = mask == chip.source.schema.ignore
    on_image = int(np.count_nonzero(ignored[chip.inside]))
    if on_image and not allowed:
        raise chip.refused(
            f"{on_image} of its pixels are ignore, which the format can't say: they would become "
            "background",
            "accept that (--set ignore=background; they are counted), or choose a format with an "
            "ignore value, such as png or sen1floods11",
        )
    beyond = int(np.count_nonzero(ignored)) - on_image
    return {
        "ignored pixels that became background": on_image,
        "pixels beyond the image, which are background": beyond,
    }


def ignore_allowed(preparation: Preparation) -> bool:
    """Whether ignored pixels may become background (`--set ignore=background`)."""
    return preparation.option("ignore", "refuse", ("refuse", "background")) == "background"


def scene_facts(pairs: Pairs) -> dict[str, Any]:
    """For conversion.json."""
    return {"sides": dict(pairs.sides), "places": dict(pairs.places)}
