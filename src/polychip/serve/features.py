"""Features that a client sends in place of a file's: the same way into pixel space."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError, some
from polychip.io.vector import LayerInfo, describe_layer, is_raster_path, source_crs
from polychip.labels.extent import Extent
from polychip.labels.footprint import Footprint
from polychip.labels.geometry import repair
from polychip.labels.labelset import LabelSet, assemble
from polychip.planning import Prepared
from polychip.recipe import LabelSource
from polychip.scenes.attributes import (
    as_text,
    class_codes,
    class_field,
    instance_field_of,
    namespaces,
)
from polychip.scenes.extent import extent_of
from polychip.scenes.labels import placed_features
from polychip.scenes.place import ScenePlace, place_layer
from polychip.scenes.prepare import ScenePlan, scene_place
from polychip.scenes.reports import SourceReport
from polychip.serve.protocol import BAD_REQUEST, Params, ServeError


@dataclass(frozen=True, slots=True)
class SentFeatures:
    """Features as a client sent them; an entry a feature."""

    geometry: NDArray[np.object_]
    """shapely geometries or None, in the CRS of the plan's layer."""
    fids: list[str]
    classes: list[str | None]
    instances: list[str | None]


def sent_features(items: Sequence[Any], where: str) -> SentFeatures:
    """The features in a request.

    Raises:
        ServeError: one of them is not as it must be; the message names it.
    """
    shapes, fids, classes, instances = [], [], [], []
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise ServeError(BAD_REQUEST, f"{where}[{number}] must be an object")
        params = Params(item, f"{where}[{number}]")
        fids.append(_scalar(params, "id") or str(number))
        classes.append(_scalar(params, "class"))
        instances.append(_scalar(params, "instance"))
        shapes.append(_geometry(params))
        params.done()
    if len(set(fids)) < len(fids):
        twice = sorted({fid for fid in fids if fids.count(fid) > 1})
        raise ServeError(BAD_REQUEST, f"{where}: ids must differ, but {some(twice)} occur twice")
    return SentFeatures(_object_array(shapes), fids, classes, instances)


def _scalar(params: Params, name: str) -> str | None:
    value = params.plain(name)
    if isinstance(value, dict | list):
        raise ServeError(BAD_REQUEST, f"a feature's `{name}` must be a number or a text")
    return as_text(value)


def _geometry(params: Params) -> Any:
    if params.has("geojson"):
        text = json.dumps(params.plain("geojson"))
        try:
            return shapely.force_2d(shapely.from_geojson(text))
        except (shapely.GEOSException, TypeError, ValueError) as error:
            raise ServeError(BAD_REQUEST, f"geojson can't be read: {error}") from None
    if not params.has("wkb"):
        return None
    try:
        data = base64.b64decode(params.text("wkb"), validate=True)
        return shapely.force_2d(shapely.from_wkb(data))
    except (binascii.Error, shapely.GEOSException, TypeError, ValueError) as error:
        raise ServeError(BAD_REQUEST, f"wkb can't be read: {error}") from None


def _object_array(values: list[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


class SceneSurroundings:
    """Turns features around a chip into label sets, as a run does with those of a file.

    Made once for a scene: choosing the operation between two CRSs takes a tenth of a second.
    """

    def __init__(self, prepared: Prepared, scene: ScenePlan) -> None:
        self._prepared, self._scene = prepared, scene
        self._place: ScenePlace = scene_place(prepared.plan, scene)
        self._source: tuple[LabelSource, LayerInfo, Footprint] | None = None
        self._extent: Footprint | None = None

    def labels(self, sent: SentFeatures) -> LabelSet:
        """The label set of the features; classes and codes are the plan's.

        Raises:
            InputError: a class is unknown, or a feature is no polygon.
            ServeError: the scene's labels do not come from one layer of polygons.
        """
        source, info, around = self._opened()
        recipe, schema = self._prepared.plan.recipe, self._prepared.schema
        report = SourceReport(path=source.path, layer=info.layer)
        class_name, one_class, _ = class_field(source, recipe.schema_, info)
        fixed = repair(sent.geometry)
        if fixed.no_area.any():
            ids = [sent.fids[i] for i in np.flatnonzero(fixed.no_area)]
            raise InputError(f"features {some(ids)} are no polygons and cover no pixels")
        alive = np.flatnonzero(~shapely.is_missing(fixed.geometry)).tolist()
        fids = [sent.fids[i] for i in alive]
        values = [one_class or sent.classes[i] for i in alive]
        codes = class_codes(values, fids, schema, source, class_name, report)
        has_instances = instance_field_of(source, recipe.schema_, info, report) is not None
        instances = [sent.instances[i] if has_instances else None for i in alive]
        features = placed_features(
            fixed.geometry[alive], around, codes, fids, instances, self._namespace(source),
            recipe.masks,
        )  # fmt: skip
        return assemble(
            [features],
            schema,
            self._place.grid.window,
            objects=recipe.masks.mode != "semantic",
            all_touched=recipe.masks.all_touched,
            keep_tiny=recipe.masks.keep_tiny,
        )

    def extent(self, sent: SentFeatures) -> Extent:
        """What was looked at."""
        if self._extent is None:
            sources = self._scene.scene.extent
            if len(sources) != 1:
                raise ServeError(
                    BAD_REQUEST, f"the scene has {len(sources)} extents; only one can be replaced"
                )
            info = describe_layer(sources[0])
            _, self._extent = place_layer(self._place, source_crs(sources[0], info))
        return extent_of(sent.geometry, self._extent, self._prepared.schema)

    def _opened(self) -> tuple[LabelSource, LayerInfo, Footprint]:
        if self._source is None:
            sources = [s for s in self._scene.scene.labels if not is_raster_path(s.path)]
            if len(sources) != 1 or sources[0].buffer_m or sources[0].width_field:
                raise ServeError(
                    BAD_REQUEST,
                    "features can only be sent in place of one layer of polygons without "
                    f"buffer_m and width_field; the scene has {len(sources)} vector layers",
                )
            info = describe_layer(sources[0])
            _, around = place_layer(self._place, source_crs(sources[0], info), sources[0].shift_px)
            self._source = sources[0], info, around
        return self._source

    def _namespace(self, source: LabelSource) -> str:
        every = [s for scene in self._prepared.plan.recipe.scenes for s in scene.labels]
        return namespaces(every)[every.index(source)]
