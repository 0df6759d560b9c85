"""What was looked at: everything in some places, only some classes in others; pure."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet, load_edges
from polychip.burn.runs import paint, scan
from polychip.grid import Window

_SETS = "looked_for.json"


@dataclass(frozen=True, slots=True)
class Extent:
    """The polygons of the extent, and what was looked for in each."""

    edges: EdgeSet
    looked_for: NDArray[np.int64]
    """(n_owners,): 0 for every class, else 1 + the place in `sets`."""
    sets: tuple[tuple[int, ...], ...] = ()
    """Class codes."""
    classes: tuple[int, ...] = ()
    """Codes of all classes, background and ignore left out."""

    @property
    def n_owners(self) -> int:
        """Number of polygons."""
        return self.edges.n_owners

    def known(self, window: Window, semantic: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Where somebody looked for the class that a pixel has.

        What is background is known only where every class was looked for, be it by several extents.

        Args:
            window: in the scene's pixels.
            semantic: (height, width) class codes.
        """
        runs = scan(self.edges, window)
        looked_for = self.looked_for[runs.owner]
        known = np.zeros(semantic.shape, dtype=bool)
        full = runs.take(looked_for == 0)
        paint(known, full, np.ones(len(full), dtype=bool))
        if not self.sets:
            return known
        all_of_them = np.ones(semantic.shape, dtype=bool)
        for code in self.classes:
            holding = [n for n, codes in enumerate(self.sets, start=1) if code in codes]
            some = runs.take(np.isin(looked_for, holding))
            here = np.zeros(semantic.shape, dtype=bool)
            paint(here, some, np.ones(len(some), dtype=bool))
            known |= here & (semantic == code)
            all_of_them &= here
        return known | all_of_them

    def save(self, folder: Path) -> None:
        """Write arrays as flat files, the sets as JSON."""
        self.edges.save(folder, {"looked_for": self.looked_for})
        told = json.dumps({"sets": self.sets, "classes": self.classes})
        (folder / _SETS).write_text(told, encoding="utf-8")


def load_saved_extent(folder: Path) -> Extent:
    """A saved extent, its arrays memory-mapped."""
    told = json.loads((folder / _SETS).read_text(encoding="utf-8"))
    sets = tuple(tuple(codes) for codes in told["sets"])
    edges, arrays = load_edges(folder)
    return Extent(edges, arrays["looked_for"], sets, tuple(told["classes"]))
