"""What somebody asks of `vectorize`, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from polychip.errors import InputError, RecipeError, nearest, some

Kind = Literal["semantic", "instance", "probability"]


@dataclass(frozen=True, slots=True)
class VectorizeOptions:
    """How masks become polygons."""

    predictions: Path | None = None
    """A folder of a model's predictions; None: the dataset's own masks."""
    kind: Kind | None = None
    """What the masks hold; None: found out."""
    threshold: float | None = None
    """Least probability of a class."""
    classes: tuple[str, ...] | None = None
    """Class of each band of probabilities, or the one class of predicted objects."""
    scenes: tuple[str, ...] = ()
    """By name; none: all."""
    min_size_px: int = 0
    """Smaller polygons are left out."""
    simplify_px: float = 0.0
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if self.kind is not None and self.kind not in get_args(Kind):
            raise RecipeError(
                f"kind is '{self.kind}'{nearest(self.kind, get_args(Kind))}; it is semantic, "
                "instance or probability"
            )
        if self.kind == "probability" and self.predictions is None:
            raise RecipeError("a dataset holds no probabilities; give a folder of --predictions")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise RecipeError(f"threshold {self.threshold:g}: a probability runs from 0 to 1")
        if self.min_size_px < 0 or self.simplify_px < 0:
            raise RecipeError("min_size and simplify are pixels, 0 or more")
        for name in ("threshold", "classes"):
            if getattr(self, name) is not None and self.predictions is None:
                raise RecipeError(f"{name} is about --predictions, of which there are none")


OPTIONS = ("predictions", "kind", "threshold", "classes", "scenes", "min_size", "simplify")


def vectorize_options(given: Mapping[str, Any], *, overwrite: bool) -> VectorizeOptions:
    """Options by the names in OPTIONS; None counts as not given.

    Raises:
        RecipeError: an option is unknown or can't be meant.
    """
    for name in given:
        if name not in OPTIONS:
            raise RecipeError(f"unknown option '{name}'{nearest(name, OPTIONS)}")
    value = {name: item for name, item in given.items() if item is not None}
    classes, folder = value.get("classes"), value.get("predictions")
    return VectorizeOptions(
        predictions=None if folder is None else Path(folder),
        kind=value.get("kind"),
        threshold=value.get("threshold"),
        classes=None if classes is None else tuple(names(classes)),
        scenes=tuple(names(value.get("scenes", ()))),
        min_size_px=value.get("min_size", 0),
        simplify_px=value.get("simplify", 0.0),
        overwrite=overwrite,
    )


def names(value: str | Sequence[str]) -> list[str]:
    """A list of names, also from 'a,b'."""
    given = value.split(",") if isinstance(value, str) else value
    return [name.strip() for name in given]


@dataclass(frozen=True, slots=True)
class VectorizeSummary:
    """What `vectorize` wrote."""

    output: Path
    layers: tuple[str, ...]
    polygons: Mapping[str, int]
    """Features by class."""
    pixels: Mapping[str, int]
    """Pixels in these features by class."""
    too_small: Mapping[str, int]
    """Left out by class, because of min_size."""
    n_chips: int
    """Chips whose masks were used."""
    missing: int
    """Chips without a prediction; they are outside the extent."""
    unused: int
    """Files of predictions that belong to no chip."""
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "output": str(self.output),
            "layers": list(self.layers),
            "polygons": dict(self.polygons),
            "pixels": dict(self.pixels),
            "too_small": dict(self.too_small),
            "chips": self.n_chips,
            "chips_without_prediction": self.missing,
            "unused_files": self.unused,
            "notes": list(self.notes),
        }


def chosen_scenes(
    manifest: Mapping[str, Any], names: Sequence[str], folder: Path
) -> list[dict[str, Any]]:
    """The manifest's entries of the scenes asked for; all when none is.

    Raises:
        InputError: there is no such scene.
    """
    entries: list[dict[str, Any]] = list(manifest["scenes"])
    known = [entry["name"] for entry in entries]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise InputError(
            f"{folder}: no scene '{wrong[0]}'{nearest(wrong[0], known)}; it has {some(known)}"
        )
    return [entry for entry in entries if not names or entry["name"] in names]
