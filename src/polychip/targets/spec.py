"""What a target is: its name, its encoding, how far it looks; and what it is made from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.schema import LabelSchema

Value = float | str


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One derived target of a dataset; equal specs give equal files."""

    name: str
    """The folder below masks/."""
    dtype: str
    channels: tuple[str, ...]
    """Names of the bands."""
    margin_px: int
    """How far a pixel's value reaches beyond the pixel."""
    ignore: float
    """What ignored pixels hold."""
    meaning: str
    """The encoding in a sentence, ASCII."""
    parameters: tuple[tuple[str, Value], ...] = ()

    @property
    def tags(self) -> dict[str, str]:
        """What the files say of themselves."""
        told = {f"POLYCHIP_{name.upper()}": _text(value) for name, value in self.parameters}
        return {
            "POLYCHIP_TARGET": self.name,
            "POLYCHIP_IGNORE": _text(self.ignore),
            "POLYCHIP_MEANING": self.meaning,
        } | told

    def number(self, name: str) -> float:
        """A parameter that is a number."""
        return float(dict(self.parameters)[name])


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


@dataclass(frozen=True, slots=True)
class Ground:
    """A window's labels as arrays (height, width), from which targets are made."""

    window: Window
    """In the scene's pixels: what is to be made, and the margin around it."""
    schema: LabelSchema
    semantic: NDArray[np.generic]
    """Class codes, background and ignore included."""
    top: NDArray[np.int32] | None
    """1 + the window's object that is seen; 0 for none. None in semantic datasets."""
    numbers: NDArray[np.int64]
    """The scene's number of each of the window's objects."""
    centres: NDArray[np.float64] | None = None
    """(objects of the scene, 2): column and row of their centres in the scene; NaN for none."""
    confidence: NDArray[np.float32] | None = None
    finer: Callable[[Window, int], NDArray[np.generic]] | None = None
    """Class codes of a window's polygons on a lattice so many times as fine."""

    @property
    def ignored(self) -> NDArray[np.bool_]:
        """Where nothing is known."""
        ignored: NDArray[np.bool_] = self.semantic == self.schema.ignore
        return ignored

    def seen(self) -> NDArray[np.int32]:
        """The objects.

        Raises:
            ValueError: a semantic dataset was asked for objects.
        """
        if self.top is None:
            raise ValueError("this target needs objects; the recipe should have refused it")
        return self.top

    def parts(self, of: str) -> NDArray[np.int32]:
        """1 and more for each object, or for each class but background; 0 elsewhere."""
        if of == "objects":
            return self.seen()
        parts = self.semantic.astype(np.int32) + 1
        parts[(self.semantic == self.schema.background) | self.ignored] = 0
        return parts
