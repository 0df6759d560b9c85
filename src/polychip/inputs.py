"""What a dataset was made of, remembered in `.polychip/`: which chips an update must remake."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip import __version__
from polychip.addresses import is_remote, redacted
from polychip.blocks.jobs import ChipSlot, SceneJob
from polychip.blocks.traces import SceneTraces
from polychip.format_list import CHIPS, INSTANCES
from polychip.io.atomic import replacing
from polychip.io.identity import content_id, is_read_whole, stat_id
from polychip.io.placement import LayerPlan
from polychip.labels.digests import Traces, changed_boxes
from polychip.recipe import ChipOptions
from polychip.state import RunState

_FILE = "inputs.npz"


@dataclass(frozen=True, slots=True)
class SceneInputs:
    """What a scene's chips hang on."""

    whole: str
    """Digest of what all chips hang on: imagery, grid, schema, masks, filters."""
    labels: Traces
    extent: Traces
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Chips that were looked at and left out, and why."""

    def boxes_changed(self, now: "SceneInputs") -> NDArray[np.int64]:
        """(n, 4) where a label or the extent is another than it was."""
        labels = changed_boxes(self.labels, now.labels)
        return np.concatenate([labels, changed_boxes(self.extent, now.extent)])


def scene_inputs(
    job: SceneJob, traces: SceneTraces, chips: ChipOptions, identities: Mapping[str, str]
) -> SceneInputs:
    """What a scene is made of now.

    Args:
        job: of the scene.
        traces: of its labels.
        chips: of the recipe.
        identities: content ids of source files, by path.
    """
    return SceneInputs(
        _digest_of_all(job, chips, identities), labels=traces.labels, extent=traces.extent
    )


def touched(
    slots: Sequence[ChipSlot], boxes: NDArray[np.int64], margin_px: int
) -> NDArray[np.bool_]:
    """(n_slots,) whether a chip, with a margin around it, meets one of the boxes."""
    found = np.zeros(len(slots), dtype=np.bool_)
    if not len(boxes) or not len(slots):
        return found
    corners = np.array(
        [(w.x_off, w.y_off, w.x_end, w.y_end) for w in (s.window.grown(margin_px) for s in slots)]
    )
    low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    boxes = boxes[(boxes[:, :2] <= high).all(axis=1) & (boxes[:, 2:] >= low).all(axis=1)]
    tree = shapely.STRtree(shapely.box(*corners.T))
    found[np.unique(tree.query(shapely.box(*boxes.T))[1])] = True
    return found


def remember(
    state: RunState,
    scenes: Mapping[str, SceneInputs],
) -> None:
    """Store what the dataset was made of, in one file, as a whole; its tables are written."""
    arrays: dict[str, NDArray[Any]] = {}
    told: dict[str, Any] = {
        "version": __version__, "tables": _tables(state.output), "scenes": {}
    }  # fmt: skip
    for number, (name, inputs) in enumerate(scenes.items()):
        told["scenes"][name] = {"whole": inputs.whole, "skipped": dict(inputs.skipped)}
        for kind, traces in (("labels", inputs.labels), ("extent", inputs.extent)):
            arrays[f"{kind}_digest_{number}"] = traces.digest
            arrays[f"{kind}_box_{number}"] = traces.box.astype(np.int32)
    arrays["told"] = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    with replacing(state.folder / _FILE) as path, path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def remembered(state: RunState) -> dict[str, SceneInputs]:
    """What was stored, by scene.

    Nothing where another version of Polychip stored it, or the tables are newer: an update that was
    interrupted between the two has overwritten chips that it tells nothing of.
    """
    try:
        with np.load(state.folder / _FILE) as arrays:
            told = json.loads(bytes(arrays["told"]))
            if told["version"] != __version__ or told["tables"] != _tables(state.output):
                return {}
            return {
                name: SceneInputs(
                    entry["whole"],
                    Traces(arrays[f"labels_digest_{n}"], arrays[f"labels_box_{n}"]),
                    Traces(arrays[f"extent_digest_{n}"], arrays[f"extent_box_{n}"]),
                    entry["skipped"],
                )
                for n, (name, entry) in enumerate(told["scenes"].items())
            }
    except (OSError, KeyError, ValueError):
        return {}


def _tables(output: Path) -> list[str | None]:
    """Checksums of the index and the table of objects; None for one that isn't there."""
    return [_checksum(output / name) for name in (CHIPS, INSTANCES)]


def _checksum(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_all(job: SceneJob, chips: ChipOptions, identities: Mapping[str, str]) -> str:
    """Of all that is the same for each of a scene's chips."""
    nowhere = Path()
    bare = replace(job, output=nowhere, scratch=nowhere, labels=nowhere, extent=nowhere)
    files = {path: _identity(path, identities) for path in sorted(set(_paths(job)))}
    text = redacted(repr((bare, job.extent is None, files, chips.negatives, chips.seed)))
    return hashlib.sha256(text.encode()).hexdigest()


def _paths(job: SceneJob) -> Iterator[str]:
    """All raster files of a scene."""
    plans: list[LayerPlan] = [plan for _, plan in job.layers]
    plans += [plan for plan, _ in job.ignore_rasters]
    plans += [raster.plan for raster in job.raster_labels]
    for plan in plans:
        yield from (placement.path for placement in plan.placements)


def _identity(path: str, identities: Mapping[str, str]) -> list[Any]:
    """Which file this is; where its id is of samples, its size and time count, too."""
    known = identities.get(path) or content_id(path)
    if is_remote(path) or is_read_whole(path):
        return [known]
    return [known, *stat_id(path)]
