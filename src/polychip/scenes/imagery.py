"""A scene's imagery: which files, which grid, how each layer gets onto it."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from polychip.blocks.jobs import RasterLabels
from polychip.crs import METRES_PER_DEGREE, is_geographic, to_wkt, unit_in_metres
from polychip.errors import InputError, RecipeError, nearest, some
from polychip.grid import Grid
from polychip.image import LayerSpec
from polychip.io.classes import distinct_values
from polychip.io.placement import (
    Inspect,
    LayerPlan,
    cover_grid,
    inspect_layer,
    native_grid,
    plan_layer,
)
from polychip.io.vector import check_exists, is_raster_path
from polychip.recipe import GridOptions, LabelSource, Scene
from polychip.schema import LabelSchema


@dataclass(frozen=True, slots=True)
class SceneImagery:
    """A scene's layers on one grid."""

    grid: Grid
    layers: tuple[tuple[str, LayerPlan], ...]
    ignore_rasters: tuple[tuple[LayerPlan, tuple[int, ...]], ...]
    notes: tuple[str, ...]


def layer_specs(scene: Scene, options: GridOptions) -> list[LayerSpec]:
    """The scene's layers as the recipe asks for them."""
    if scene.image:
        return [
            LayerSpec(
                name="",
                files=tuple(scene.image),
                combine="single" if len(scene.image) == 1 else "mosaic",
                bands=tuple(scene.bands) if scene.bands else None,
                nodata=scene.nodata,
                nodata_rule=scene.nodata_rule,
                resampling=options.resampling,
            )
        ]
    if scene.bands:
        raise RecipeError(
            f"scene '{scene.name}': `bands` beside `layers` is unclear; give bands to each layer"
        )
    return [
        LayerSpec(
            name=name,
            files=tuple(layer.files),
            combine="single" if len(layer.files) == 1 else layer.combine,
            bands=tuple(layer.bands) if layer.bands else None,
            nodata=scene.nodata if layer.nodata is None else layer.nodata,
            nodata_rule=scene.nodata_rule,
            resampling=layer.resampling or options.resampling,
            categorical=layer.categorical,
        )
        for name, layer in (scene.layers or {}).items()
    ]


def open_imagery(scene: Scene, options: GridOptions) -> SceneImagery:
    """Look at a scene's files and bring them onto its grid.

    Raises:
        InputError: a file is missing, unreadable or fits no grid.
    """
    specs = layer_specs(scene, options)
    for spec in specs:
        for file in spec.files:
            check_exists(file, "image")
    inspect = functools.cache(inspect_layer)  # each file is opened once
    grid = scene_grid(scene.name, specs, options, inspect)
    allow = options.allow_ballpark
    layers = tuple(
        (spec.name, plan_layer(spec, grid, allow_ballpark=allow, inspect=inspect)) for spec in specs
    )
    ignore = tuple(
        (_plan_categorical(entry.path, entry.band, grid, options), tuple(entry.values))
        for entry in scene.ignore
    )
    notes = tuple(note for _, plan in layers for note in plan.notes)
    return SceneImagery(grid, layers, ignore, notes)


def scene_grid(
    scene: str, specs: Sequence[LayerSpec], options: GridOptions, inspect: Inspect = inspect_layer
) -> Grid:
    """The grid that a scene's chips are cut from: asked for, else that of its finest layer."""
    crs = None if options.crs is None else to_wkt(options.crs)
    asked = crs is not None or options.resolution is not None

    def grid_of(spec: LayerSpec) -> Grid:
        if asked:
            return cover_grid(spec, crs, options.resolution, inspect)
        return native_grid(spec, inspect)

    grids = {spec.name: grid_of(spec) for spec in specs}
    if options.like is not None:
        if options.like not in grids:
            raise RecipeError(
                f"grid.like names the layer '{options.like}'{nearest(options.like, grids)}, but "
                f"scene '{scene}' has {some(grids)}"
            )
        return grids[options.like]
    return min(grids.values(), key=_pixel_metres)


def _pixel_metres(grid: Grid) -> float:
    """The shorter side of a pixel, roughly in metres, to find the finest layer."""
    side = min(grid.pixel_size)
    if is_geographic(grid.crs_wkt):
        return side * METRES_PER_DEGREE
    return side * (unit_in_metres(grid.crs_wkt) or 1.0)


def _plan_categorical(path: str, band: int, grid: Grid, options: GridOptions) -> LayerPlan:
    check_exists(path, "raster")
    spec = LayerSpec(name="", files=(path,), bands=(band,), resampling="nearest", categorical=True)
    return plan_layer(spec, grid, allow_ballpark=options.allow_ballpark)


def open_raster_labels(
    sources: Sequence[LabelSource], grid: Grid, schema: LabelSchema, options: GridOptions
) -> tuple[RasterLabels, ...]:
    """Label sources that are rasters of class values, on the scene's grid.

    Raises:
        InputError: a value is unknown to the schema.
    """
    opened = []
    for source in sources:
        if not is_raster_path(source.path):
            continue
        if source.shift_px is not None:
            raise InputError(
                f"{source.path}: labels.shift_px moves polygons; a raster of classes stays on its "
                "pixels: correct its geotransform instead (gdal_edit -a_ullr)"
            )
        plan = _plan_categorical(source.path, 1, grid, options)
        lookup = schema.lookup()
        codes = []
        for value in distinct_values(source.path):
            code = lookup.get(str(value))
            if code is None and value in (schema.background, schema.ignore):
                code = value
            if code is None and schema.unknown == "ignore":
                code = schema.ignore
            if code is None:
                raise InputError(
                    f"{source.path}: pixels have the value {value}, "
                    f"{schema.explain_unknown(str(value))}; add it to a class's `values`, or set "
                    "schema.unknown = 'ignore'"
                )
            codes.append((value, code))
        opened.append(RasterLabels(plan, tuple(codes)))
    return tuple(opened)


def raster_class_values(sources: Sequence[LabelSource]) -> list[str]:
    """All values of the raster label sources, as texts; for labels without a schema."""
    found: set[str] = set()
    for source in sources:
        if is_raster_path(source.path):
            check_exists(source.path, "label raster")
            found.update(str(value) for value in distinct_values(source.path))
    return sorted(found)
