"""8-bit pictures of chips, all stretched alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values that become 0 and 255, for each band; what is below or above is cut off."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    rule: str
    """Where they come from, in words."""

    def __str__(self) -> str:
        """For notes: 'MIN to MAX' of each band."""
        pairs = zip(self.lows, self.highs, strict=True)
        return ", ".join(f"{low:.6g} to {high:.6g}" for low, high in pairs)

    def apply(self, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(bands, height, width) of any real type as 8 bits, rounded to the nearest."""
        low, high = (np.array(v, dtype=np.float64)[:, None, None] for v in (self.lows, self.highs))
        scaled = (np.nan_to_num(pixels.astype(np.float64)) - low) * (255.0 / (high - low))
        return np.floor(scaled.clip(0, 255) + 0.5).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Picture:
    """Which bands of which layer are shown, and how they become 8-bit."""

    layer: str
    bands: tuple[int, ...]
    """Indices from 0."""
    stretch: Stretch | None
    """None: pixels are 8-bit already and stay as they are."""

    def draw(self, chip: SourceChip) -> NDArray[np.uint8]:
        """(bands, height, width) of a chip; samples without data are 0."""
        pixels, valid = chip.samples(self.layer, self.bands)
        if self.stretch is None:
            return pixels.astype(np.uint8)
        drawn = self.stretch.apply(pixels)
        drawn[~valid] = 0
        return drawn

    def draw_rgb(self, chip: SourceChip) -> NDArray[np.uint8]:
        """(height, width, 3) of a chip; one band becomes grey.

        Raises:
            FormatError: neither one nor three bands are shown.
        """
        drawn = self.draw(chip)
        if len(drawn) not in (1, 3):
            raise FormatError(
                f"a picture has one band or three, not {len(drawn)}: name three with --bands"
            )
        rgb: NDArray[np.uint8] = np.broadcast_to(drawn, (3, *drawn.shape[1:])).transpose(1, 2, 0)
        return np.ascontiguousarray(rgb)

    def told(self, names: Sequence[str | None]) -> dict[str, Any]:
        """For conversion.json.

        Args:
            names: of all bands of the layer.
        """
        told: dict[str, Any] = {
            "layer": self.layer,
            "bands": [{"number": band + 1, "name": names[band]} for band in self.bands],
        }
        if self.stretch is None:
            return told | {"stretch": None}
        return told | {
            "stretch": {
                "rule": self.stretch.rule,
                "min": list(self.stretch.lows),
                "max": list(self.stretch.highs),
            }
        }


def parse_stretch(text: str, n_bands: int) -> Stretch:
    """A fixed stretch: 'MIN,MAX' for all bands, or one pair after the other for each.

    Raises:
        FormatError: it is not written so.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 2:
        numbers *= n_bands
    lows, highs = tuple(numbers[0::2]), tuple(numbers[1::2])
    if len(numbers) != 2 * n_bands or not all(
        np.isfinite(low) and np.isfinite(high) and low < high
        for low, high in zip(lows, highs, strict=False)
    ):
        raise FormatError(
            f"stretch '{text}': write auto, none, or MIN,MAX with MIN below MAX, once for all "
            f"bands or for each of the {n_bands} in turn (--stretch=-25,0 where MIN is negative)"
        )
    return Stretch(lows, highs, "given by the user")
