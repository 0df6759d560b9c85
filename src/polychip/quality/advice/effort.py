"""An estimate of how long drawing takes, with its formula and the user's own rates."""

from dataclasses import dataclass
from typing import Any

from polychip.quality.advice.evidence import ClassEvidence

FORMULA = "hours = (objects × seconds_per_object + vertices × seconds_per_vertex) / 3600"


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast somebody draws. The defaults are guesses: time yourself on ten objects."""

    per_vertex_s: float = 1.5
    per_object_s: float = 6.0
    """To find an object, start and end it, and give it its class."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Hours for the labels at hand, drawn anew."""

    instance_h: float
    """Every object its own polygon."""
    semantic_h: float
    """Touching objects of a class as one polygon, shared vertices drawn once."""
    rates: Rates

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "instance_hours": round(self.instance_h, 2),
            "semantic_hours": round(self.semantic_h, 2),
            "formula": FORMULA,
            "seconds_per_vertex": self.rates.per_vertex_s,
            "seconds_per_object": self.rates.per_object_s,
        }


def estimate(classes: tuple[ClassEvidence, ...], rates: Rates) -> Effort:
    """The effort of all classes, by FORMULA."""

    def hours(objects: int, vertices: int) -> float:
        return (objects * rates.per_object_s + vertices * rates.per_vertex_s) / 3600

    return Effort(
        instance_h=sum(hours(c.features, c.vertices) for c in classes),
        semantic_h=sum(hours(max(c.groups, 1), c.own_vertices) for c in classes),
        rates=rates,
    )
