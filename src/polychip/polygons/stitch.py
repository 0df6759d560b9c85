"""Pieces of blocks become objects: a union-find that forgets what is finished; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import shapely

from polychip.polygons.trace import joined


@dataclass(slots=True)
class Piece:
    """A part of an object, or all of it."""

    code: int
    """Class code."""
    object_number: int | None
    """Number of the object in its table; None for connected pixels."""
    n_px: int
    confidence_sum: float
    """Over its pixels."""
    open_until: int
    """The object may go on while rows above this one are missing."""
    shapes: list[shapely.Geometry] = field(default_factory=list)
    """In pixel coordinates."""

    @property
    def confidence(self) -> float:
        """Mean over the pixels."""
        return self.confidence_sum / self.n_px if self.n_px else 0.0

    def shape(self) -> shapely.Geometry:
        """The whole, in pixel coordinates."""
        return joined(self.shapes)

    def absorb(self, other: "Piece") -> None:
        """Take another piece in."""
        self.n_px += other.n_px
        self.confidence_sum += other.confidence_sum
        self.open_until = max(self.open_until, other.open_until)
        self.shapes += other.shapes


class Stitcher:
    """Objects that are not finished yet. Keys are any numbers; the smallest stands for its set."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._open: dict[int, Piece] = {}

    def __len__(self) -> int:
        """Objects held."""
        return len(self._open)

    def find(self, key: int) -> int:
        """The key that stands for the object of a key."""
        root = key
        while (above := self._parent.get(root, root)) != root:
            root = above
        while key != root:
            key, self._parent[key] = self._parent[key], root
        return root

    def add(self, key: int, piece: Piece) -> None:
        """A piece of the object of a key."""
        root = self.find(key)
        if root in self._open:
            self._open[root].absorb(piece)
        else:
            self._open[root] = piece
            self._parent.setdefault(root, root)

    def unite(self, a: int, b: int, open_until: int = 0) -> None:
        """Two keys are one object, which may go on while rows above `open_until` are missing."""
        low, high = sorted((self.find(a), self.find(b)))
        if low != high:
            self._parent.setdefault(low, low)
            self._parent[high] = low
            piece = self._open.pop(high, None)
            if piece is not None:
                self.add(low, piece)
        if low in self._open:
            self._open[low].open_until = max(self._open[low].open_until, open_until)

    def close(self, row: int) -> Iterator[Piece]:
        """Let go of the objects that can't go on once all rows above this one are there."""
        done = {key for key, piece in self._open.items() if piece.open_until <= row}
        for key in sorted(done):
            yield self._open.pop(key)
        if done:
            gone = [key for key in self._parent if self.find(key) in done]
            for key in gone:
                del self._parent[key]
