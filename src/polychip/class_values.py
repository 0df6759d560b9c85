"""The class values of all label sources, for a schema that nobody wrote; read lot by lot."""

from collections.abc import Sequence
from dataclasses import replace

from polychip import tasks
from polychip.errors import InputError
from polychip.io.vector import LayerInfo
from polychip.recipe import LabelSource, Recipe
from polychip.scenes.attributes import distinct_sources
from polychip.schema import LabelSchema, schema_from_values

LOT = 16
"""Sources whose values are read by one task."""


class ClassValueReading:
    """What is still to be read of a recipe's label sources, and what was found."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        labels = [source for scene in recipe.scenes for source in scene.labels]
        self._sources = distinct_sources(labels)
        self._begun = 0
        self._values: set[str] = set()
        self._infos: dict[str, LayerInfo | None] = {}

    @property
    def is_short(self) -> bool:
        """Whether one task reads them all."""
        return len(self._sources) <= LOT

    def next_lot(self) -> Sequence[LabelSource]:
        """The sources to be read next; none when all are."""
        lot = self._sources[self._begun : self._begun + LOT]
        self._begun += len(lot)
        return lot

    def take(self, sources: Sequence[LabelSource], found: tasks.ClassValues) -> None:
        """Note what a lot holds."""
        self._values |= found.values
        for source, info in zip(sources, found.infos, strict=True):
            self._infos[source.model_dump_json()] = info

    @property
    def is_done(self) -> bool:
        """Whether all sources have told."""
        return len(self._infos) == len(self._sources)

    def info_of(self, source: LabelSource) -> LayerInfo | None:
        """What is known of a source's layer."""
        return self._infos.get(source.model_dump_json())

    def schema(self) -> tuple[LabelSchema, str]:
        """The schema of the values, and how it was made, in a sentence.

        Raises:
            InputError: there are none.
            RecipeError: they can't be codes.
        """
        if not self._values:
            raise InputError("the labels hold no class value at all; check the class field")
        schema, rule = schema_from_values(
            self._values, things=self._recipe.masks.mode != "semantic"
        )
        return replace(schema, unknown=self._recipe.schema_.unknown), rule
