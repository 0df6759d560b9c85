"""Scenes added to a dataset: its chips keep their names and splits, and are not made again."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip import tasks
from polychip.addresses import file_name
from polychip.blocks.jobs import INSTANCE
from polychip.build import (
    RunOptions,
    Start,
    carry_out,
    fingerprint,
    workers_for,
    write_formats,
)
from polychip.errors import InputError, OutputError, RecipeError, some
from polychip.execute import make_executor
from polychip.grid import Window
from polychip.io.atomic import remove_stale_parts, write_text
from polychip.io.frozen import load_frozen
from polychip.io.light import load_pyogrio_light
from polychip.manifest import read_manifest, schema_entry
from polychip.recipe import Recipe, Scene, load_recipe
from polychip.reporter import Reporter, Silent
from polychip.scenes.prepare import Plan, block_bands, make_plan, scene_blocks
from polychip.schedule import Build
from polychip.sources import Sources
from polychip.state import RunState, lock, release

if TYPE_CHECKING:
    from polychip.finish import Summary

KEPT_SPLITS = "append.csv"
"""Below .polychip: the splits that an append keeps, until it is done."""
BEGUN = "append.json"


def append_scenes(
    folder: Path,
    recipes: Sequence[Path],
    options: RunOptions,
    reporter: Reporter | None = None,
) -> "Summary":
    """Add the scenes of recipes to a dataset; the result is the dataset built anew, byte by byte.

    Until its last moment the dataset stays as it is. What an interruption leaves is taken up when
    the same is asked for again.

    Args:
        folder: the dataset.
        recipes: TOML files; of each only the scenes count, the dataset's own recipe holds for the
            rest.
        options: workers; resume and overwrite mean nothing here.
        reporter: hears progress, notes and warnings.

    Raises:
        InputError: there is no dataset, or its inputs are gone or changed.
        RecipeError: a scene is there already, or would move chips.
        OutputError: the dataset can't be written.
    """
    reporter = reporter or Silent()
    started = time.monotonic()
    manifest = read_manifest(folder)
    state = RunState(folder)
    if options.own_process:
        load_pyogrio_light()
    recipe = _joined_recipe(folder, recipes, manifest, state)
    executor = None
    lock(state)
    try:
        sources = Sources(recipe)
        plan = make_plan(recipe)
        _refuse_moved(folder, plan, manifest)
        identities = sources.identify()
        _refuse_changed(identities, manifest)
        executor = make_executor(workers_for(plan, options))
        told = {"fingerprint": fingerprint(recipe, identities, plan.frozen)}
        _keep_splits(state, plan, told)

        def start(build: Build) -> None:
            remove_stale_parts(folder)
            n = _adopt(folder, build, manifest)
            reporter.note(f"{n} chips of the dataset are kept as they are")

        summary = carry_out(
            plan, state, executor, options, reporter, sources,
            Start(start, labels_first=True, keep=True, again="give the same command again"),
        )  # fmt: skip
        summary = replace(summary, formats=write_formats(plan.recipe, options, reporter))
        for name in (KEPT_SPLITS, BEGUN):
            (state.folder / name).unlink(missing_ok=True)
    finally:
        release(state)
        if executor is not None:
            executor.stop(now=True)
        tasks.close_scenes()
    return replace(summary, seconds=time.monotonic() - started)


def _joined_recipe(
    folder: Path, recipes: Sequence[Path], manifest: Mapping[str, Any], state: RunState
) -> Recipe:
    """The dataset's recipe with the new scenes behind its own, and its splits kept."""
    own = load_recipe(folder / "recipe.toml")
    there = {entry["name"] for entry in manifest["scenes"]}
    old = [scene for scene in own.scenes if scene.name in there]
    new: list[Scene] = [scene for path in recipes for scene in load_recipe(path).scenes]
    twice = sorted({scene.name for scene in new} & there)
    if twice:
        raise RecipeError(
            f"{folder} has a scene '{twice[0]}' already; give the new one another name, or build "
            "the dataset anew to replace it"
        )
    data = own.model_dump(mode="python", by_alias=True, exclude_none=True)
    data["scenes"] = [
        scene.model_dump(mode="python", by_alias=True, exclude_none=True) for scene in (*old, *new)
    ]
    data["output"]["path"] = str(folder.resolve())
    if own.split.by != "none":
        kept = state.folder / KEPT_SPLITS
        if not kept.exists():
            write_text(kept, load_frozen(folder).to_csv())
        data["split"]["frozen"] = str(kept.resolve())
    try:
        return Recipe.model_validate(data)
    except ValueError as error:
        raise RecipeError(f"the scenes don't fit the dataset's own: {error}") from error


def _refuse_moved(folder: Path, plan: Plan, manifest: Mapping[str, Any]) -> None:
    """Every chip of the dataset must be planned again where it is."""
    from polychip.records import SceneRows

    there = {entry["name"] for entry in manifest["scenes"]}
    moved: list[str] = []
    for scene in plan.scenes:
        if scene.name not in there:
            continue
        tables = SceneRows(folder, scene.name, columns=["chip_id", "row", "x_off", "y_off"])
        for band in block_bands(scene_blocks(plan, scene, 0)):
            planned = {slot.chip_id: slot.window for block in band for slot in block.chips}
            rows, _ = tables.band(band)
            moved += [f"{scene.name}/{chip_id}" for chip_id in _elsewhere(rows, planned)]
        moved += [f"{scene.name}/{chip_id}" for chip_id in tables.left()]
    if moved:
        new = [scene.name for scene in plan.scenes if scene.name not in there]
        raise RecipeError(
            f"{len(moved)} chips of the dataset would move or get other names ({some(moved, 3)}): "
            f"a new scene ({some(new)}) shifts the chips of its group; give it a group of its "
            "own, or build datasets that shall grow with chips.anchor = 'grid'"
        )


def _elsewhere(
    rows: Mapping[str, Mapping[str, Any]], planned: Mapping[str, Window]
) -> Iterator[str]:
    """Chips of the index that are not planned, or elsewhere."""
    for chip_id, row in rows.items():
        window = planned.get(chip_id)
        if window is None or (window.x_off, window.y_off) != (row["x_off"], row["y_off"]):
            yield chip_id


def _refuse_changed(identities: Mapping[str, str], manifest: Mapping[str, Any]) -> None:
    """The inputs that the dataset was made of must be what they were."""
    now = {(file_name(path), content) for path, content in identities.items()}
    gone = [
        entry["name"]
        for entry in manifest["sources"]
        if (entry["name"], entry["content_id"]) not in now
    ]
    if gone:
        raise InputError(
            f"{some(gone)} changed since the dataset was built, so old and new chips would not go "
            "together; build the dataset anew with polychip run --overwrite"
        )


def _keep_splits(state: RunState, plan: Plan, told: Mapping[str, Any]) -> None:
    """Note what is being appended; what another attempt left behind is of no use."""
    if state.read(BEGUN) != told:
        state.clear_work()
        state.write(BEGUN, told)
    if plan.frozen is None:
        return
    sha = hashlib.sha256(plan.frozen.to_csv().encode()).hexdigest()
    if sha != hashlib.sha256((state.folder / KEPT_SPLITS).read_bytes()).hexdigest():
        raise OutputError(f"{state.folder / KEPT_SPLITS} was changed; delete it and try again")


def _adopt(folder: Path, build: Build, manifest: Mapping[str, Any]) -> int:
    """Note the blocks of which all chips are there as done; how many chips that are."""
    from polychip.records import SceneRows, dataset_records

    if schema_entry(build.known_schema()) != manifest["schema"]:
        return 0  # other codes or colours: all masks are made anew
    n, number = 0, 0
    for scene, job in zip(build.plan.scenes, build.jobs, strict=True):
        tables = SceneRows(folder, job.scene, objects=job.objects)
        for band in block_bands(scene_blocks(build.plan, scene, number)):
            number = band[-1].number + 1
            rows, objects = tables.band(band)
            if job.objects and not _same_dtype(folder, rows.values(), job.instance_dtype):
                continue  # instance masks need other types now
            for block in band:
                record = dataset_records(folder, job, block, rows, objects)
                if record is not None and not build.state.is_done(block.number):
                    build.state.save_record(record)
                    n += len(block.chips)
    return n


def _same_dtype(folder: Path, rows: Iterable[Mapping[str, Any]], dtype: str) -> bool:
    """Whether the instance masks of a scene that is there are of a type."""
    from polychip.io.raster import inspect_file

    for row in rows:
        path = folder / row["files"][INSTANCE]
        if path.is_file():
            return inspect_file(str(path)).profile.dtype == dtype
    return True
