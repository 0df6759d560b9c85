"""The recipe: everything that decides a dataset, as TOML."""

from polychip.recipe import library  # noqa: F401 - before the others, which need it
from polychip.recipe.chips import ChipOptions, GridOptions, MaskOptions, Mode
from polychip.recipe.load import (
    absolute_path,
    build_recipe,
    check_output,
    load_recipe,
    load_recipe_text,
    map_paths,
    source_files,
)
from polychip.recipe.model import Recipe
from polychip.recipe.output import FormatOptions, OutputOptions, SplitOptions
from polychip.recipe.schema import CLASS_FIELD_NAMES, ClassEntry, SchemaOptions
from polychip.recipe.sources import (
    ExtentSource,
    FeatureSource,
    IgnoreRaster,
    LabelSource,
    Layer,
    NodataRule,
    Resampling,
    Scene,
    VectorSource,
    split_layer,
)
from polychip.recipe.targets import TARGETS

__all__ = [
    "CLASS_FIELD_NAMES", "TARGETS", "ChipOptions", "ClassEntry", "ExtentSource", "FeatureSource",
    "FormatOptions", "GridOptions", "IgnoreRaster",
    "LabelSource", "Layer", "MaskOptions", "Mode", "NodataRule", "OutputOptions", "Recipe",
    "Resampling", "Scene", "SchemaOptions", "SplitOptions", "VectorSource",
    "absolute_path", "build_recipe", "check_output", "load_recipe", "load_recipe_text",
    "map_paths", "source_files", "split_layer",
]  # fmt: skip
