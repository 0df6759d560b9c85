"""The manifest: what the dataset is and how it came about; written last."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip.addresses import file_name
from polychip.crs import crs_label
from polychip.errors import InputError
from polychip.io.atomic import write_text
from polychip.labels.geometry import REPAIR_METHOD
from polychip.scenes.choose import is_stratified
from polychip.schema import ClassDef, LabelSchema
from polychip.state import MANIFEST
from polychip.statistics import BandSums, Counts
from polychip.tables import Totals
from polychip.targets.registry import target_specs

if TYPE_CHECKING:
    from polychip.scenes.prepare import Plan, ScenePlan
    from polychip.scenes.reports import SceneReport

FORMAT_VERSION = "1.0"
_SOFTWARE = ("polychip", "numpy", "rasterio", "shapely", "pyproj", "pyogrio", "pyarrow", "deflate")


def build_manifest(
    plan: "Plan",
    schema: LabelSchema,
    reports: "Sequence[SceneReport]",
    identities: Mapping[str, str],
    totals: Totals,
    skipped: Mapping[str, int],
    digest: str,
) -> dict[str, Any]:
    """Everything that a reader, or an auditor, needs; no clock, host or absolute path."""
    recipe = plan.recipe
    counts = totals.counts
    return {
        "format_version": FORMAT_VERSION,
        "digest": digest,
        "mode": recipe.masks.mode,
        "schema": schema_entry(schema),
        "chip": {
            "height": plan.chip_shape[0],
            "width": plan.chip_shape[1],
            "edge": recipe.chips.edge,
            "anchor": recipe.chips.anchor,
            "sample": recipe.chips.sample,
            "dates": recipe.chips.dates,
        },
        "all_touched": recipe.masks.all_touched,
        "context_px": recipe.masks.context_px,
        "min_visible": recipe.masks.min_visible,
        "small_rests": recipe.masks.small_rests,
        "targets": {
            spec.name: {
                "dtype": spec.dtype,
                "channels": list(spec.channels),
                "ignore": spec.ignore,
                "meaning": spec.meaning,
                "parameters": dict(spec.parameters),
            }
            for spec in target_specs(recipe.masks, schema)
        },
        "scenes": [
            _scene_entry(scene, report, identities)
            for scene, report in zip(plan.scenes, reports, strict=True)
        ],
        "sources": [
            {"name": file_name(path), "content_id": content} for path, content in identities.items()
        ],
        "images": recipe.output.images,
        "counts": {
            "chips": counts.n_chips,
            "by_split": dict(sorted(counts.n_by_split.items())),
            "by_scene": dict(counts.n_by_scene),
            "pixels": {str(code): n for code, n in sorted(counts.pixels.items())},
            "pixels_by_split": {
                split: {str(code): n for code, n in sorted(pixels.items())}
                for split, pixels in sorted(counts.pixels_by_split.items())
            },
            "object_views": counts.n_object_views,
            "small_rests": totals.small_rests,
            "skipped": dict(sorted(skipped.items())),
            "failed": dict(sorted(totals.failed.items())),
        },
        "split": _split_entry(plan, schema, counts),
        "bands": _band_entries(plan, totals.bands),
        "bands_train": _band_entries(plan, totals.train_bands),
        "repair_method": REPAIR_METHOD,
        "notes": [*plan.notes, *plan.splits.notes],
        "warnings": list(plan.warnings),
        "software": {name: version(name) for name in _SOFTWARE}
        | {"python": platform.python_version()},
    }


def _split_entry(plan: "Plan", schema: LabelSchema, counts: Counts) -> dict[str, Any]:
    """How chips were divided, and what came of it."""
    split = plan.recipe.split
    names = plan.splits.names if plan.has_splits else ()
    codes = [schema.background, *(entry.code for entry in schema.mask_classes)]
    return {
        "by": split.by,
        "names": list(names),
        "block": plan.splits.block,
        "gap_px": split.gap,
        "seed": plan.recipe.chips.seed,
        "objects": split.objects,
        "stratified": is_stratified(plan.recipe),
        "kept_frozen": plan.splits.kept_frozen,
        "dropped_leaking": plan.splits.dropped_leaking,
        "dropped_unassigned": plan.splits.dropped_unassigned,
        "shares": counts.split_shares(names, codes) if names else {},
    }


def schema_entry(schema: LabelSchema) -> dict[str, Any]:
    """The schema as the manifest tells it."""
    return {
        "background": schema.background,
        "ignore": schema.ignore,
        "dtype": schema.dtype,
        "ranked": schema.ranked,
        "classes": [asdict(entry) | {"values": list(entry.values)} for entry in schema.classes],
    }


def read_schema(entry: Mapping[str, Any]) -> LabelSchema:
    """The schema that a manifest tells; what `schema_entry` made of one."""
    classes = tuple(
        ClassDef(c["name"], c["code"], c["color"], c["thing"], tuple(c["values"]))
        for c in entry["classes"]
    )
    return LabelSchema(classes, entry["ranked"], entry["background"], entry["ignore"])


def _scene_entry(
    scene: "ScenePlan", report: "SceneReport", identities: Mapping[str, str]
) -> dict[str, Any]:
    grid = scene.imagery.grid
    date = scene.scene.date
    return {
        "name": scene.name,
        "group": scene.scene.group_name,
        "date": date.isoformat() if date else None,
        "crs": crs_label(grid.crs_wkt),
        "crs_wkt": grid.crs_wkt,
        "transform": list(grid.transform)[:6],
        "width": grid.width,
        "height": grid.height,
        "layers": {
            name or "image": {
                "bands": list(layer.profile.descriptions),
                "dtype": layer.profile.dtype,
                "nodata": _json_number(layer.profile.nodata),
                "files": [
                    {"name": file_name(file), "content_id": identities.get(file)}
                    for file in layer.spec.files
                ],
                "notes": list(layer.notes),
            }
            for name, layer in scene.imagery.layers
        },
        "labels": [_source_entry(source) for source in report.sources],
        "features_by_class": report.features_by_class,
        "tiny_by_class": report.tiny_by_class,
        "labels_off_image": report.off_image,
        "objects": report.n_objects,
        "has_extent": bool(scene.scene.extent),
    }


def _source_entry(source: Any) -> dict[str, Any]:
    entry = asdict(source)
    entry["path"] = file_name(source.path)
    return entry


def _json_number(value: float | None) -> float | str | None:
    """JSON has no NaN; as a text it is told apart from null."""
    return str(value) if value is not None and value != value else value  # noqa: PLR0124 - NaN


def _band_entries(plan: "Plan", sums: Mapping[str, BandSums]) -> dict[str, Any]:
    names = {name: layer.profile.descriptions for name, layer in plan.scenes[0].imagery.layers}
    return {
        layer or "image": [
            {"band": index + 1, "name": names[layer][index], **entry}
            for index, entry in enumerate(bands.result())
        ]
        for layer, bands in sums.items()
    }


def write_manifest(output: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest; from then on the dataset is whole."""
    write_text(output / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a dataset.

    Raises:
        InputError: there is none, or it is of a format that this version does not know.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        state = (
            " (an unfinished run is there: go on with --resume)"
            if (folder / ".polychip").exists()
            else ""
        )
        raise InputError(f"{folder}: no dataset here: {MANIFEST} is missing{state}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the manifest can't be read: {error}") from error
    found = str(manifest.get("format_version", "none"))
    if found.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise InputError(
            f"{path}: format version {found}, this Polychip reads {FORMAT_VERSION}; update "
            "Polychip, or build the dataset anew"
        )
    return manifest  # type: ignore[no-any-return]
