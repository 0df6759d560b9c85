"""What a check is, and what it finds."""

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the registry."""

    id: str
    """'layer.name'."""
    severity: Severity
    """error: the export stops or goes wrong; warning: look at it; info: know it."""
    explanation: str
    """What is wrong, in a line."""
    hint: str
    """What to do about it."""
    fixable: bool = False
    """Whether --fix mends it, where that is safe."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was found."""

    check: Check
    source_fid: str | None
    """The feature; None for what concerns a class, a cell or the whole layer."""
    message: str
    where: Any = None
    """A shapely point or polygon in the labels' CRS; None for what has no place."""
    other_fid: str | None = None
    """The second feature of a pair."""
    severity_here: Severity | None = None
    """Where this case is not as severe as the check usually is."""
    fixable_here: bool | None = None
    """Where this case differs from what the check usually allows."""

    @property
    def severity(self) -> Severity:
        """How severe this case is."""
        return self.severity_here or self.check.severity

    @property
    def fixable(self) -> bool:
        """Whether --fix mends this case."""
        return self.check.fixable if self.fixable_here is None else self.fixable_here

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "check": self.check.id,
            "severity": self.severity,
            "source_fid": self.source_fid,
            "message": self.message,
            "other_fid": self.other_fid,
            "fixable": self.fixable,
        }
