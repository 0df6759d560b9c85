"""The labels that a command names, read as its options and a recipe say."""

from dataclasses import dataclass
from pathlib import Path

from polychip.io.vector import check_exists
from polychip.recipe import LabelSource, Recipe, SchemaOptions, load_recipe, split_layer


@dataclass(frozen=True, slots=True)
class GivenLabels:
    """A label layer and how to understand it."""

    source: LabelSource
    schema: SchemaOptions
    dates: tuple[str, str] | None
    """The day of the image that the recipe pairs these labels with."""
    recipe: Recipe | None


def given_labels(
    labels: str,
    *,
    recipe: str | None = None,
    class_field: str | None = None,
    class_name: str | None = None,
    instance_field: str | None = None,
    id_field: str | None = None,
    where: str | None = None,
    labels_crs: str | None = None,
) -> GivenLabels:
    """The layer 'FILE' or 'FILE|LAYER'; options come before what the recipe says of it.

    Raises:
        InputError: no such file.
        RecipeError: the recipe is wrong.
    """
    path, layer = split_layer(labels)
    check_exists(path, "label file")
    given = {
        "class_field": class_field, "class_name": class_name, "instance_field": instance_field,
        "id_field": id_field, "where": where, "crs": labels_crs,
    }  # fmt: skip
    update = {name: value for name, value in given.items() if value is not None}
    plain = LabelSource(path=path, layer=layer).model_copy(update=update)
    loaded = None if recipe is None else load_recipe(recipe)
    if loaded is None:
        return GivenLabels(plain, SchemaOptions(), None, None)
    for scene in loaded.scenes:
        for source in scene.labels:
            same = Path(source.path).resolve() == Path(path).resolve()
            if same and layer in (None, source.layer):
                day = scene.date.isoformat() if scene.date else None
                dates = None if day is None else (day, day)
                mine = source.model_copy(update={**update, "path": path})
                return GivenLabels(mine, loaded.schema_, dates, loaded)
    return GivenLabels(plain, loaded.schema_, None, loaded)
