"""The recipe: everything that decides a dataset, as TOML."""

import datetime
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from polychip.errors import RecipeError, nearest
from polychip.recipe_faults import dotted, is_beside_the_point, place, wrong
from polychip.schema import (
    BACKGROUND,
    COLORS,
    IGNORE_8BIT,
    IGNORE_16BIT,
    IGNORE_COLOR,
    ClassDef,
    LabelSchema,
)

Mode = Literal["semantic", "instance", "panoptic"]
Resampling = Literal[
    "nearest", "bilinear", "cubic", "cubic_spline", "lanczos", "average", "mode", "rms"
]
NodataRule = Literal["all", "any"]
Scalar = str | int | float

CLASS_FIELD_NAMES = ("class", "label", "category", "type")
"""Whole names, ignoring case, that are taken for the class field when none is given."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def split_layer(text: str) -> tuple[str, str | None]:
    """('file', 'layer') of 'file|layer', also in QGIS's way 'file|layername=layer'."""
    path, _, layer = text.partition("|")
    return path, layer.removeprefix("layername=") or None


def _vector_table(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    path, layer = split_layer(value)
    return {"path": path, "layer": layer}


def _image_table(value: Any) -> Any:
    if isinstance(value, str | list):
        return {"files": _as_list(value)}
    return value


class VectorSource(_Model):
    """A layer of polygons that says what was looked at."""

    path: str
    layer: str | None = None
    where: str | None = None
    """OGR SQL, such as "status = 'done'"."""
    crs: str | None = None
    """CRS of a file that doesn't state one."""


class LabelSource(VectorSource):
    """A layer of labels, or a raster of class codes."""

    id_field: str | None = None
    """Field that names each feature for good, also when the file is written anew."""
    class_field: str | None = None
    """Overrides schema.class_field for this source."""
    class_name: str | None = None
    """One class for all features of this source."""
    instance_field: str | None = None
    namespace: str | None = None
    """Instance ids are unique within it; default: file and layer."""
    buffer_m: Annotated[float, Field(gt=0)] | None = None
    """Makes polygons of lines and points: distance to each side, in metres."""
    width_field: str | None = None
    """Makes polygons of lines: field with the whole width, in metres."""


class IgnoreRaster(_Model):
    """A raster whose values mark pixels to be ignored, such as cloud classes."""

    path: str
    values: list[int]
    band: Annotated[int, Field(ge=1)] = 1


class Layer(_Model):
    """A named image layer: one file, or bands on top of each other."""

    files: Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
    combine: Literal["stack", "mosaic"] = "stack"
    bands: list[int | str] | None = None
    nodata: float | None = None
    resampling: Resampling | None = None
    categorical: bool = False


class Scene(_Model):
    """Imagery of one place at one time, with its labels."""

    name: str
    group: str | None = None
    date: datetime.date | None = None
    image: Annotated[list[str], BeforeValidator(_as_list)] | None = None
    layers: dict[str, Annotated[Layer, BeforeValidator(_image_table)]] | None = None
    bands: list[int | str] | None = None
    nodata: float | None = None
    nodata_rule: NodataRule = "all"
    labels: Annotated[
        list[Annotated[LabelSource, BeforeValidator(_vector_table)]],
        BeforeValidator(_as_list),
        Field(min_length=1),
    ]
    extent: Annotated[
        list[Annotated[VectorSource, BeforeValidator(_vector_table)]], BeforeValidator(_as_list)
    ] = []
    ignore: Annotated[list[IgnoreRaster], BeforeValidator(_as_list)] = []

    @model_validator(mode="after")
    def _one_kind_of_imagery(self) -> Self:
        if bool(self.image) == bool(self.layers):
            raise ValueError("give either `image` or `layers`")
        return self

    @property
    def group_name(self) -> str:
        """The group, by default the scene itself."""
        return self.group or self.name


class ClassEntry(_Model):
    """A class of the schema."""

    name: Annotated[str, Field(min_length=1)]
    code: Annotated[int, Field(ge=0, le=IGNORE_16BIT)]
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    thing: bool = True
    values: list[Scalar] = []


class SchemaOptions(_Model):
    """The [schema] table."""

    class_field: str | None = None
    instance_field: str | None = None
    background: Annotated[int, Field(ge=0, le=IGNORE_16BIT)] = BACKGROUND
    ignore: Annotated[int, Field(ge=0, le=IGNORE_16BIT)] | None = None
    unknown: Literal["error", "ignore"] = "error"
    classes: list[ClassEntry] = []

    def build(self) -> LabelSchema | None:
        """The declared schema; None when no classes are declared."""
        if not self.classes:
            return None
        wide = max(entry.code for entry in self.classes) > IGNORE_8BIT
        ignore = self.ignore
        if ignore is None:
            ignore = IGNORE_16BIT if wide else IGNORE_8BIT
        special = (self.background, ignore)
        classes = tuple(
            ClassDef(
                name=entry.name,
                code=entry.code,
                color=(entry.color or _color(entry.code, ignore)).lower(),
                thing=entry.thing and entry.code not in special,
                values=tuple(_value_text(value) for value in entry.values),
            )
            for entry in self.classes
        )
        return LabelSchema(classes, background=self.background, ignore=ignore, unknown=self.unknown)


def _color(code: int, ignore: int) -> str:
    return IGNORE_COLOR if code == ignore else COLORS[(code - 1) % len(COLORS)]


def _value_text(value: Scalar) -> str:
    whole = isinstance(value, float) and value == int(value)
    return str(int(value)) if whole else str(value)


class GridOptions(_Model):
    """The [grid] table; left out, the image's own grid is kept."""

    crs: str | None = None
    resolution: Annotated[float, Field(gt=0)] | tuple[float, float] | None = None
    resampling: Resampling = "bilinear"
    like: str | None = None
    """Name of the layer whose grid is taken; default: the finest."""
    allow_ballpark: bool = False
    """Accept a transformation that ignores the shift between the datums."""


Size = Annotated[int, Field(ge=1, le=65536)]


class ChipOptions(_Model):
    """The [chips] table; lengths in pixels."""

    size: Size | tuple[Size, Size] = 512
    """One side, or (height, width)."""
    stride: Size | tuple[Size, Size] | None = None
    edge: Literal["pad", "shift", "drop"] = "pad"
    anchor: Literal["image", "grid"] = "image"
    sample: Literal["grid"] = "grid"
    max_nodata: Annotated[float, Field(ge=0, le=1)] = 1.0
    min_labelled: Annotated[float, Field(ge=0, le=1)] = 0.0
    negatives: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0

    @property
    def height_width(self) -> tuple[int, int]:
        """(height, width) of a chip."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)

    @property
    def stride_yx(self) -> tuple[int, int]:
        """(rows, columns) from one chip to the next."""
        if self.stride is None:
            return self.height_width
        return self.stride if isinstance(self.stride, tuple) else (self.stride, self.stride)


class MaskOptions(_Model):
    """The [masks] table."""

    mode: Mode = "semantic"
    all_touched: bool = False
    keep_tiny: bool = False
    """Burn the nearest pixel of objects too small to hold a pixel's centre."""
    targets: list[str] = []

    @field_validator("targets")
    @classmethod
    def _none_yet(cls, value: list[str]) -> list[str]:
        return _not_yet(value, "derived targets")


class SplitOptions(_Model):
    """The [split] table."""

    by: Annotated[str, Field(pattern=r"^(none|blocks|random|scene|field:.+)$")] = "none"
    fractions: dict[str, Annotated[float, Field(ge=0, le=1)]] = {
        "train": 0.8,
        "val": 0.1,
        "test": 0.1,
    }
    block: Annotated[int, Field(ge=1)] = 4
    gap: Annotated[int, Field(ge=0)] = 0

    @field_validator("fractions")
    @classmethod
    def _share_everything(cls, value: dict[str, float]) -> dict[str, float]:
        if not value or abs(sum(value.values()) - 1) > 1e-6:
            raise ValueError(f"fractions add up to {sum(value.values()):g}, not to 1")
        for name in value:
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise ValueError(f"'{name}' is no name for a split: use letters, digits, - and _")
        return value


class OutputOptions(_Model):
    """The [output] table."""

    path: str = "dataset"
    formats: list[str] = []
    compress: Literal["none", "deflate", "zstd", "lzw"] = "deflate"

    @field_validator("formats")
    @classmethod
    def _none_yet(cls, value: list[str]) -> list[str]:
        return _not_yet(value, "further formats")


def _not_yet(value: list[str], what: str) -> list[str]:
    if value:
        raise ValueError(f"{what} ({', '.join(value)}) are not available in this version")
    return value


class Recipe(_Model):
    """Everything that decides a dataset. Paths are absolute once loaded."""

    scenes: Annotated[list[Scene], Field(min_length=1)]
    schema_: Annotated[SchemaOptions, Field(alias="schema")] = SchemaOptions()
    grid: GridOptions = GridOptions()
    chips: ChipOptions = ChipOptions()
    masks: MaskOptions = MaskOptions()
    split: SplitOptions = SplitOptions()
    output: OutputOptions = OutputOptions()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [scene.name.casefold() for scene in self.scenes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two scenes are named '{twice[0]}'")
        layers = {tuple(scene.layers or ()) for scene in self.scenes}
        if len(layers) > 1:
            raise ValueError(
                "scenes have different layers ("
                + "; ".join(", ".join(sorted(names)) or "unnamed" for names in sorted(layers))
                + "); each scene needs the same"
            )
        return self

    def to_toml(self) -> str:
        """Every default spelled out, comments none."""
        data = self.model_dump(mode="python", by_alias=True, exclude_none=True)
        return tomli_w.dumps(_plain(data))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def load_recipe(path: str | Path) -> Recipe:
    """The recipe in a file, its paths made absolute from the file's folder.

    Raises:
        RecipeError: the file can't be read, or doesn't say something that can be run.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecipeError(
            f"{file}: no such recipe; check the path, or write one with `polychip init`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file}: the recipe can't be read: {error}") from error
    return load_recipe_text(text, base=file.resolve().parent, where=str(file))


def load_recipe_text(text: str, *, base: Path, where: str) -> Recipe:
    """The recipe in a text; relative paths start at `base`.

    Raises:
        RecipeError: it is not TOML, or doesn't say something that can be run.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: not valid TOML: {error}") from error
    return build_recipe(data, base=base, where=where)


def build_recipe(data: dict[str, Any], *, base: Path, where: str) -> Recipe:
    """A checked recipe from plain values; relative paths start at `base`.

    Raises:
        RecipeError: something can't be run; the message names each key.
    """
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        raise RecipeError(_explain(error, where)) from error
    return map_paths(recipe, lambda path: absolute_path(path, base))


def source_files(recipe: Recipe) -> list[str]:
    """Every input file of a recipe, each once, in order."""
    files: dict[str, None] = {}
    for scene in recipe.scenes:
        paths = [*(scene.image or ())]
        paths += [file for layer in (scene.layers or {}).values() for file in layer.files]
        paths += [entry.path for entry in (*scene.labels, *scene.extent)]
        paths += [entry.path for entry in scene.ignore]
        files.update(dict.fromkeys(paths))
    return list(files)


def is_remote(path: str) -> bool:
    """Whether GDAL reads it by a virtual file system or a URL, not from a disk path."""
    return path.startswith("/vsi") or "://" in path


def absolute_path(path: str, base: Path) -> str:
    """The path from `base`; remote ones as they are."""
    return path if is_remote(path) else str((base / Path(path).expanduser()).resolve())


def map_paths(recipe: Recipe, change: Any) -> Recipe:
    """The recipe with `change` applied to each input path and to the output path."""

    def source(entry: Any) -> Any:
        return entry.model_copy(update={"path": change(entry.path)})

    scenes = []
    for scene in recipe.scenes:
        layers = scene.layers and {
            name: layer.model_copy(update={"files": [change(file) for file in layer.files]})
            for name, layer in scene.layers.items()
        }
        scenes.append(
            scene.model_copy(
                update={
                    "image": scene.image and [change(file) for file in scene.image],
                    "layers": layers,
                    "labels": [source(entry) for entry in scene.labels],
                    "extent": [source(entry) for entry in scene.extent],
                    "ignore": [source(entry) for entry in scene.ignore],
                }
            )
        )
    output = recipe.output.model_copy(update={"path": change(recipe.output.path)})
    return recipe.model_copy(update={"scenes": scenes, "output": output})


_KNOWN_KEYS: dict[str, type[BaseModel]] = {
    "schema": SchemaOptions, "grid": GridOptions, "chips": ChipOptions, "masks": MaskOptions,
    "split": SplitOptions, "output": OutputOptions, "scenes": Scene, "labels": LabelSource,
    "extent": VectorSource, "ignore": IgnoreRaster, "classes": ClassEntry, "layers": Layer,
}  # fmt: skip


def _explain(error: ValidationError, where: str) -> str:
    """One line a problem: the key's place in the recipe, what is wrong, the nearest key."""
    lines = []
    problems = error.errors()
    for problem in problems:
        if is_beside_the_point(problem):
            continue
        location = list(place(problem))
        name = dotted(location)
        if problem["type"] == "extra_forbidden":
            owner = next((p for p in reversed(location[:-1]) if p in _KNOWN_KEYS), None)
            model = _KNOWN_KEYS[str(owner)] if owner else Recipe
            known = [field.alias or key for key, field in model.model_fields.items()]
            lines.append(f"unknown key '{name}'{nearest(str(location[-1]), known)}")
        else:
            lines.append(f"{name} {wrong(problem)}".strip(" :").replace(" : ", ": "))
    return f"{where}: " + "; ".join(dict.fromkeys(lines))
