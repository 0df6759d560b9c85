"""The round trip: masks against the labels, painted again by an independent path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from polychip.errors import PolychipError
from polychip.grid import Grid, Window
from polychip.quality.coco import decode_columns
from polychip.quality.imagery import SourcePixels
from polychip.quality.labelling import ignored_by_rasters, read_painting
from polychip.quality.painting import (
    NOTHING,
    CannotRepeatError,
    Ints,
    Painting,
    centres,
    cover,
    looked_at,
    on_top,
)
from polychip.quality.pixels import INSTANCE, SEMANTIC, ChipFile, Facts, inner_pixels
from polychip.quality.rows import ChipRow
from polychip.quality.sources import Sources
from polychip.quality.verdict import Findings
from polychip.recipe import Scene

_DIFFERENT_PX = 0.5
"""From here on it is worth a word that PROJ's own choice of operation is another."""
_SAME_AREA = 1e-6
_LOOSE, _LOOSE_PX = 1.2, 4
"""Areas of polygons are those of their pixels within so much."""
_MOST_JUDGED = 20_000
"""Differing pixels of a chip that are looked at one by one."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Seen:
    """A chip's masks and what the table says of its objects."""

    code: Ints
    """(n,) the semantic mask, row by row."""
    object: Ints | None
    """(n,) number of the object seen, NOTHING for none; None without instance masks."""


class RoundTrip:
    """Chips compared with their labels; holds the labels of one scene at a time."""

    def __init__(self, facts: Facts, extent: Mapping[str, Window]) -> None:
        """Nothing is read yet.

        Args:
            facts: what the manifest says.
            extent: by scene, the image's pixels and those of its chips in the index.
        """
        self.found = Findings("round_trip")
        self._facts, self._extent = facts, extent
        self._scene: str | None = None
        self._painting: Painting | str = ""
        self.n_excused = 0
        """Pixels that differ because an edge runs through their centre, or nearly."""

    def add(
        self,
        row: ChipRow,
        files: Mapping[str, ChipFile],
        objects: list[dict[str, Any]],
        sources: Sources,
        pixels: SourcePixels,
    ) -> None:
        """Compare a chip."""
        scene = sources.scene(row.scene)
        if scene is None:
            self.found.wrong(f"the recipe knows no scene '{row.scene}'")
            return
        painting = self._load(sources, scene)
        if isinstance(painting, str):
            self.found.skip(painting)
            return
        try:
            certain = ~pixels.valid(row.window)
            certain |= ignored_by_rasters(scene, self._facts.grids[row.scene], row.window)
        except (CannotRepeatError, RasterioError, PolychipError) as error:
            self.found.skip(str(error))
            return
        certain |= ~inner_pixels(certain.shape, self._facts.context_px)
        self.found.n_checked += 1
        chip = _Chip(painting, row, files, objects, self._facts, certain.ravel())
        n = chip.wrong_pixels()
        self.n_excused += chip.n_excused
        if n:
            self.found.wrong(
                f"{row}: {n} pixels are not what the labels say, the first at column "
                f"{chip.first_wrong[0]}, row {chip.first_wrong[1]} (the mask has "
                f"{chip.first_wrong[2]}, the labels give {chip.first_wrong[3]})"
            )
        for text in chip.wrong_objects():
            self.found.wrong(f"{row}: {text}")

    def _load(self, sources: Sources, scene: Scene) -> Painting | str:
        if self._scene == scene.name:
            return self._painting
        self._scene = scene.name
        reason = sources.why_not_labels(scene)
        if reason:
            self._painting = reason
            return reason
        facts = self._facts
        try:
            self._painting = read_painting(
                sources.recipe, scene, facts.scene(scene.name), facts.manifest["schema"],
                facts.grids[scene.name], self._extent[scene.name],
            )  # fmt: skip
        except CannotRepeatError as error:
            self._painting = str(error)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            self._painting = f"the labels of {scene.name} can't be read again ({error})"
        else:
            self._note_operations(scene, self._painting)
        return self._painting

    def _note_operations(self, scene: Scene, painting: Painting) -> None:
        for shapes in painting.layers:
            moved = shapes.carrier.default_difference_px()
            if moved > _DIFFERENT_PX or (shapes.carrier.pipeline == "" and moved > 0.05):
                self.found.notes.append(
                    f"{scene.name}: the manifest's transformation differs from PROJ's own choice "
                    f"by {moved:.3g} px"
                )


class _Chip:
    """One chip: what its masks hold, and what its labels give."""

    def __init__(
        self,
        painting: Painting,
        row: ChipRow,
        files: Mapping[str, ChipFile],
        objects: list[dict[str, Any]],
        facts: Facts,
        certain_ignore: Mask,
    ) -> None:
        self._painting, self._row, self._facts = painting, row, facts
        self._objects = objects
        self._dead = certain_ignore
        self._x, self._y = centres(row.window)
        self._seen = _seen(painting, files, objects)
        self._covered = cover(painting, row.window)
        self._rests = self._small_rests()
        self.n_excused = 0
        self.first_wrong: tuple[int, int, str, str] = (0, 0, "", "")

    def _small_rests(self) -> set[int]:
        """Objects that the chip leaves out because too little of them is seen, as it may.

        They become ignore, or are painted over by what lies beneath.
        """
        least = float(self._facts.manifest.get("min_visible", 0))
        if not least or self._seen.object is None:
            return set()
        painting = self._painting
        seen = {_object_number(painting, e) for e in self._objects if e["local_id"]}
        listed = {_object_number(painting, e) for e in self._objects}
        rests: set[int] = set()
        while True:
            top = on_top(painting, self._covered, len(self._x))
            _, number = self._outcome(top, ~self._looked(top) | self._dead)
            painted, counts = np.unique(number[number != NOTHING], return_counts=True)
            found = {
                thing
                for thing, n in zip(painted.tolist(), counts.tolist(), strict=True)
                if thing not in seen and n < least * painting.area_of(thing) * _LOOSE + _LOOSE_PX
            }
            rests |= found
            if self._facts.manifest["small_rests"] != "drop":
                self._dead = self._dead | np.isin(number, list(rests))
                return rests
            gone = found - listed
            if not gone:
                return rests
            # What lay beneath is seen now, and may be a small rest, too.
            self._covered = [c for c in self._covered if int(painting.object[c[0]]) not in gone]

    def _looked(self, top: Ints) -> Mask:
        """Where somebody looked for the class on top."""
        unmasked, _ = self._outcome(top, np.zeros(len(top), dtype=np.bool_))
        return looked_at(self._painting, self._row.window, unmasked)

    def wrong_pixels(self) -> int:
        """Pixels that are neither what the labels give nor close enough to an edge to differ."""
        top = on_top(self._painting, self._covered, len(self._x))
        looked = self._looked(top)
        code, number = self._outcome(top, ~looked | self._dead)
        differs = self._seen.code != code
        if self._seen.object is not None:
            differs |= self._seen.object != number
        suspects = np.flatnonzero(differs)
        if not len(suspects):
            return 0
        some = suspects[:_MOST_JUDGED]
        excused = self._judge(some, looked[some])
        wrong = some[~excused]
        self.n_excused = len(some) - len(wrong)
        if len(wrong):
            first = int(wrong[0])
            r, c = divmod(first, self._row.window.width)
            self.first_wrong = (c, r, *self._words(first, code, number))
        return len(wrong) + len(suspects) - len(some)

    def _words(self, pixel: int, code: Ints, number: Ints) -> tuple[str, str]:
        def word(class_code: int, thing: int | None) -> str:
            if thing is None or thing == NOTHING or thing >= len(self._painting.names):
                return f"class {class_code}"
            return f"class {class_code} of object {self._painting.names[thing][1]}"

        mine = None if self._seen.object is None else int(self._seen.object[pixel])
        there = None if self._seen.object is None else int(number[pixel])
        return word(int(self._seen.code[pixel]), mine), word(int(code[pixel]), there)

    def _outcome(self, top: Ints, ignored: Mask) -> tuple[Ints, Ints]:
        """(class code, object) of points by the feature on top of them."""
        painting, some = self._painting, top != NOTHING
        code = np.full(len(top), self._facts.background, dtype=np.int64)
        number = np.full(len(top), NOTHING, dtype=np.int64)
        code[some], number[some] = painting.code[top[some]], painting.object[top[some]]
        code[ignored] = self._facts.ignore
        number[code == self._facts.ignore] = NOTHING
        return code, number

    def _judge(self, pixels: Ints, looked: Mask) -> Mask:
        """Which differing pixels may differ: an edge is near, or two features rank alike."""
        painting, x, y = self._painting, self._x[pixels], self._y[pixels]
        shaky = np.zeros(len(pixels), dtype=np.bool_)  # the extent's edge is near
        for shapes in painting.extent:
            shaky[shapes.edges_near(x, y)[0]] = True
        unsure: list[set[int]] = [set() for _ in pixels]
        for shapes, start in zip(painting.layers, painting.start, strict=True):
            for point, polygon in zip(*(p.tolist() for p in shapes.edges_near(x, y)), strict=True):
                unsure[point].add(start + polygon)
        inside = self._features_at(pixels)
        rank = painting.rank
        excused = np.zeros(len(pixels), dtype=np.bool_)
        for index, pixel in enumerate(pixels.tolist()):
            tops = _possible_tops(inside[index], unsure[index], rank, painting)
            ignored = {bool(self._dead[pixel]) or not looked[index]}
            near_rest = unsure[index] and self._rests
            open_question = shaky[index] or (painting.by_class and unsure[index])
            if near_rest or (open_question and not self._dead[pixel]):
                ignored = {True, False}
            excused[index] = self._is_possible(pixel, tops, ignored)
        return excused

    def _features_at(self, pixels: Ints) -> list[set[int]]:
        place = np.full(len(self._x), -1, dtype=np.int64)
        place[pixels] = np.arange(len(pixels))
        found: list[set[int]] = [set() for _ in pixels]
        for feature, inside in self._covered:
            hits = place[inside]
            for index in hits[hits >= 0].tolist():
                found[index].add(feature)
        return found

    def _is_possible(self, pixel: int, tops: set[int], ignored: set[bool]) -> bool:
        choices = np.array(sorted(tops), dtype=np.int64)
        for drop in ignored:
            code, number = self._outcome(choices, np.full(len(choices), drop))
            fits = code == self._seen.code[pixel]
            if self._seen.object is not None:
                fits &= number == self._seen.object[pixel]
            if fits.any():
                return True
        return False

    def wrong_objects(self) -> list[str]:
        """Full masks (hidden parts included) that are not what the labels give."""
        if self._seen.object is None:
            return []
        painting, window = self._painting, self._row.window
        image = self._facts.grids[self._row.scene].window.intersection(window)
        inside = np.zeros((window.height, window.width), dtype=np.bool_)
        inside[image.slices_in(window)] = True
        flat = inside.ravel()
        expected: dict[int, list[Ints]] = {}
        for feature, pixels in self._covered:
            number = int(painting.object[feature])
            if number != NOTHING:
                expected.setdefault(number, []).append(pixels[flat[pixels]])
        told = {_object_number(painting, entry): entry["rle"] for entry in self._objects}
        texts = []
        for number in sorted(expected.keys() | told.keys()):
            mine = np.zeros(len(flat), dtype=np.bool_)
            for pixels in expected.get(number, []):
                row, column = np.divmod(pixels, window.width)
                mine[column * window.height + row] = True
            if number in told:
                mine ^= decode_columns(told[number], *inside.shape)
            column, row = np.divmod(np.flatnonzero(mine), window.height)
            wrong = self._far_from_edges(number, row * window.width + column)
            if wrong:
                name = painting.names[number][1] if number < len(painting.names) else "unknown"
                texts.append(f"the full mask (rle) of object {name} is wrong in {wrong} pixels")
        return texts

    def _far_from_edges(self, number: int, pixels: Ints) -> int:
        """How many of some pixels no edge of an object comes near."""
        if not len(pixels):
            return 0
        near = np.zeros(len(pixels), dtype=np.bool_)
        painting = self._painting
        for shapes, start in zip(painting.layers, painting.start, strict=True):
            point, polygon = shapes.edges_near(self._x[pixels], self._y[pixels])
            near[point[painting.object[start + polygon] == number]] = True
        return int(np.count_nonzero(~near))


def _possible_tops(inside: set[int], unsure: set[int], rank: Ints, painting: Painting) -> set[int]:
    """Every feature (or NOTHING) that may lie on top of a pixel."""
    certain = inside - unsure
    top = max(certain, key=lambda f: rank[f], default=NOTHING)
    if top == NOTHING:
        return {NOTHING} | unsure
    tops = {top}
    for feature in certain | unsure:
        above = feature in unsure and rank[feature] > rank[top]
        if above or _rank_alike(painting, feature, top):
            tops.add(feature)
    return tops


def _rank_alike(painting: Painting, a: int, b: int) -> bool:
    """Whether nothing but ties may decide which of two features lies on top."""
    if painting.depth[a] != painting.depth[b]:
        return False
    (low_a, high_a), (low_b, high_b) = painting.area[a].tolist(), painting.area[b].tolist()
    slack = max(high_a, high_b) * _SAME_AREA + _SAME_AREA
    return bool(low_a <= high_b + slack and low_b <= high_a + slack)


def _object_number(painting: Painting, entry: Mapping[str, Any]) -> int:
    """The painter's number of an object of the table; an impossible one when it has none."""
    key = (entry["namespace"], entry["instance_id"])
    return painting.numbers.get(key, len(painting.names))


def _seen(painting: Painting, files: Mapping[str, ChipFile], objects: list[dict[str, Any]]) -> Seen:
    code = files[SEMANTIC].pixels[0].ravel().astype(np.int64)
    if INSTANCE not in files:
        return Seen(code, None)
    mask = files[INSTANCE].pixels[0].ravel().astype(np.int64)
    table = np.full(int(mask.max(initial=0)) + 1, len(painting.names), dtype=np.int64)
    table[0] = NOTHING
    for entry in objects:
        if 0 < entry["local_id"] < len(table):
            table[entry["local_id"]] = _object_number(painting, entry)
    return Seen(code, table[mask])


def spread(n_chips: int, n_wanted: int) -> set[int]:
    """Places of at most `n_wanted` chips, evenly spread over the index."""
    if n_wanted >= n_chips:
        return set(range(n_chips))
    return {(2 * i + 1) * n_chips // (2 * n_wanted) for i in range(n_wanted)}


def covered_by_chips(grids: Mapping[str, Grid], windows: Mapping[str, Window]) -> dict[str, Window]:
    """By scene the image's pixels and those of its chips."""
    return {
        name: grid.window.union(windows[name]) if name in windows else grid.window
        for name, grid in grids.items()
    }
