"""[[scenes]]: imagery, labels, extents."""

import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from polychip.names import fault_of_names
from polychip.recipe.table import Table, as_list

Resampling = Literal[
    "nearest", "bilinear", "cubic", "cubic_spline", "lanczos", "average", "mode", "rms"
]
NodataRule = Literal["all", "any"]


def split_layer(text: str) -> tuple[str, str | None]:
    """('file', 'layer') of 'file|layer', also in QGIS's way 'file|layername=layer'."""
    path, _, layer = text.partition("|")
    return path, layer.removeprefix("layername=") or None


def read_source(value: Any) -> Any:
    """'FILE|LAYER' as a table; tables as they are."""
    if not isinstance(value, str):
        return value
    path, layer = split_layer(value)
    return {"path": path, "layer": layer}


def _image_table(value: Any) -> Any:
    if isinstance(value, str | list):
        return {"files": as_list(value)}
    return value


class VectorSource(Table):
    """A layer of a vector file."""

    path: str
    layer: str | None = None
    where: str | None = None
    """OGR SQL, such as "status = 'done'"."""
    crs: str | None = None
    """CRS of a file that doesn't state one."""


class ExtentSource(VectorSource):
    """A layer of polygons that says what was looked at."""

    classes: list[str] = []
    """Only these classes were looked at there; empty: everything."""


class FeatureSource(VectorSource):
    """A layer of polygons that get a chip each."""

    id_field: str | None = None
    """Field that names each polygon; default: its number in the file."""


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
    shift_px: tuple[float, float] | None = None
    """Moves the labels: columns to the right, rows down, in pixels of the scene's grid."""


class IgnoreRaster(Table):
    """A raster whose values mark pixels to be ignored, such as cloud classes."""

    path: str
    values: list[int]
    band: Annotated[int, Field(ge=1)] = 1


class Layer(Table):
    """A named image layer: one file, or bands on top of each other."""

    files: Annotated[list[str], BeforeValidator(as_list), Field(min_length=1)]
    combine: Literal["stack", "mosaic"] = "stack"
    bands: list[int | str] | None = None
    nodata: float | None = None
    resampling: Resampling | None = None
    categorical: bool = False


class Scene(Table):
    """Imagery of one place at one time, with its labels."""

    name: str
    group: str | None = None
    date: datetime.date | None = None
    image: Annotated[list[str], BeforeValidator(as_list)] | None = None
    layers: dict[str, Annotated[Layer, BeforeValidator(_image_table)]] | None = None
    bands: list[int | str] | None = None
    nodata: float | None = None
    nodata_rule: NodataRule = "all"
    labels: Annotated[
        list[Annotated[LabelSource, BeforeValidator(read_source)]],
        BeforeValidator(as_list),
        Field(min_length=1),
    ]
    extent: Annotated[
        list[Annotated[ExtentSource, BeforeValidator(read_source)]], BeforeValidator(as_list)
    ] = []
    ignore: Annotated[list[IgnoreRaster], BeforeValidator(as_list)] = []

    @field_validator("layers")
    @classmethod
    def _layers_name_folders(cls, value: dict[str, Layer] | None) -> dict[str, Layer] | None:
        fault = fault_of_names("layer", value or ())
        if fault:
            raise ValueError(fault)
        return value

    @model_validator(mode="after")
    def _one_kind_of_imagery(self) -> Self:
        if bool(self.image) == bool(self.layers):
            raise ValueError("give either `image` or `layers`")
        return self

    @property
    def group_name(self) -> str:
        """The group, by default the scene itself."""
        return self.group or self.name
