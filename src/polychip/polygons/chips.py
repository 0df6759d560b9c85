"""Where a scene's chips lie, from the dataset's index."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from affine import Affine
from numpy.typing import NDArray

from polychip.format_list import CHIPS
from polychip.grid import Grid, Window

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SceneChips:
    """The chips of one scene in the index's order, by row and column."""

    name: str
    grid: Grid
    """Of the whole scene."""
    ids: Any
    """pyarrow array of text."""
    files: dict[str, Any]
    """pyarrow array of paths below the dataset, by kind of mask."""
    box: Ints
    """(n, 4): first column, first row, end column, end row, in the scene's pixels."""

    def __len__(self) -> int:
        """How many chips there are."""
        return len(self.box)

    def chip_id(self, index: int) -> str:
        """A chip's name."""
        return str(self.ids[index])

    def path(self, kind: str, index: int) -> str:
        """A chip's mask of a kind, below the dataset."""
        return str(self.files[kind][index])

    def window(self, index: int) -> Window:
        """A chip's place."""
        x, y, x_end, y_end = self.box[index].tolist()
        return Window(x, y, x_end - x, y_end - y)

    def touching(self, window: Window, among: Ints | None = None) -> Ints:
        """Numbers of the chips that share a pixel with a window, ascending."""
        box = self.box if among is None else self.box[among]
        hit = (
            (box[:, 0] < window.x_end) & (box[:, 2] > window.x_off)
            & (box[:, 1] < window.y_end) & (box[:, 3] > window.y_off)
        )  # fmt: skip
        found = np.flatnonzero(hit)
        return found if among is None else among[found]


def scene_chips(folder: Path, scene: dict[str, Any]) -> SceneChips:
    """The chips of a scene.

    Args:
        folder: the dataset.
        scene: its entry in the manifest.
    """
    columns = ["chip_id", "scene", "x_off", "y_off", "width", "height", "files"]
    table = pq.read_table(
        folder / CHIPS, columns=columns, filters=[("scene", "==", scene["name"])]
    ).combine_chunks()

    def whole(name: str) -> Ints:
        return np.asarray(table[name].to_numpy(), dtype=np.int64)

    x, y = whole("x_off"), whole("y_off")
    files = table["files"].combine_chunks()
    kinds = [field.name for field in files.type]
    grid = Grid(scene["crs_wkt"], Affine(*scene["transform"]), scene["height"], scene["width"])
    return SceneChips(
        name=scene["name"],
        grid=grid,
        ids=table["chip_id"].combine_chunks(),
        files={kind: pc.struct_field(files, kind) for kind in kinds if "image" not in kind},
        box=np.column_stack((x, y, x + whole("width"), y + whole("height"))),
    )
