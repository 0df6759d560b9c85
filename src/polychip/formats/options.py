"""What a user asks of a format."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """Options that several formats share, and those of one format alone."""

    layer: str | None = None
    """Image layer; None: the first."""
    bands: tuple[int | str, ...] | None = None
    """Bands by number from 1 or by name; None: what suits the format."""
    stretch: str | None = None
    """How imagery becomes 8-bit: 'auto', 'none', or MIN,MAX (once, or for each band)."""
    more: Mapping[str, str] = field(default_factory=dict)
    """The format's own options by name."""

    def told(self) -> dict[str, Any]:
        """For conversion.json: what was given."""
        told = {key: value for key, value in asdict(self).items() if value is not None}
        return told | {"more": dict(sorted(self.more.items()))}
