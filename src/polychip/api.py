"""What Python people call: export, run, append, plan, open, convert."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip.errors import RecipeError
from polychip.recipe import Recipe, build_recipe, load_recipe
from polychip.requests import export_recipe

if TYPE_CHECKING:
    from polychip.build import RunOptions
    from polychip.dataset import Dataset
    from polychip.formats.convert import Converted
    from polychip.imports.labels import Format, ImportSummary
    from polychip.planning import PlanReport
    from polychip.polygons.request import VectorizeSummary
    from polychip.reporter import Reporter
    from polychip.upload.options import StagingOptions

PathLike = str | Path


def export(  # noqa: PLR0913 - all but the first are keywords
    images: PathLike | Sequence[PathLike],
    *,
    labels: PathLike,
    out: PathLike,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
    reporter: "Reporter | None" = None,
    scheduler: str | None = None,
    staging: PathLike | None = None,
    keep_staging: bool = False,
    **options: Any,
) -> "Dataset":
    """Build a dataset without writing a recipe; the one that stands for it is stored in it.

    Args:
        images: one image, or several: each a scene of its own (or `combine="mosaic"`, "stack").
        labels: 'FILE' or 'FILE|LAYER'.
        out: the dataset's folder, or 's3://BUCKET/PREFIX'.
        workers: processes. More than one needs `if __name__ == "__main__":` in scripts, as
            everything that starts processes in Python does.
        overwrite: replace a dataset that is there.
        resume: go on with an unfinished one.
        reporter: hears progress and warnings.
        scheduler: address of a Dask scheduler, 'tcp://HOST:PORT', whose workers see inputs and
            output under the same paths; 'local': a Dask cluster made for the run (extra `dask`).
        staging: folder below which a dataset for a bucket is made before it is sent; default:
            POLYCHIP_STAGING, else the user's cache folder.
        keep_staging: leave it there, so that an update need not fetch it.
        options: as on the command line, with underscores: mode, class_field, size, stride, …

    Raises:
        PolychipError: an input, an option or the output can't be used; nothing is half-written.

    Example:
        >>> ds = polychip.export("scene.tif", labels="labels.gpkg", out="dataset", size=512)
    """
    from polychip.build import RunOptions

    given = [images] if isinstance(images, str | Path) else list(images)
    data = export_recipe([str(p) for p in given], str(labels), str(out), options)
    recipe = build_recipe(data, base=Path.cwd(), where="export")
    how = RunOptions(resume, overwrite, workers, scheduler=scheduler)
    return _run(recipe, how, reporter, _staging(staging, keep=keep_staging))


def run(  # noqa: PLR0913 - all but the first are keywords
    recipe: PathLike | Mapping[str, Any],
    *,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
    update: bool = False,
    reporter: "Reporter | None" = None,
    scheduler: str | None = None,
    staging: PathLike | None = None,
    keep_staging: bool = False,
) -> "Dataset":
    """Build the dataset of a recipe: a TOML file, or the same as a mapping.

    Args:
        recipe: what to build.
        workers: processes; more than one need a script with `if __name__ == "__main__"`.
        overwrite: replace a dataset that is there.
        resume: go on with an unfinished one.
        update: make only those chips again whose inputs changed; without a dataset, all.
        reporter: hears progress, notes and warnings.
        scheduler: address of a Dask scheduler, or 'local'.
        staging: folder below which a dataset for a bucket is made before it is sent; default:
            POLYCHIP_STAGING, else the user's cache folder.
        keep_staging: leave it there, so that an update need not fetch it.

    Raises:
        PolychipError: an input, the recipe or the output can't be used.
        ValueError: more than one of overwrite, resume and update.
    """
    from polychip.build import RunOptions

    if overwrite + resume + update > 1:
        raise ValueError("overwrite, resume and update exclude each other")
    how = RunOptions(resume, overwrite, workers, scheduler=scheduler)
    place = _staging(staging, keep=keep_staging)
    return _run(_recipe(recipe), how, reporter, place, update=update)


def append(
    folder: PathLike,
    recipes: PathLike | Sequence[PathLike],
    *,
    workers: int = 1,
    reporter: "Reporter | None" = None,
) -> "Dataset":
    """Add the scenes of recipes to a dataset; no chip that it has changes its name or split.

    The result is, byte by byte, the dataset built anew of all scenes with the same split kept.

    Args:
        folder: the dataset.
        recipes: TOML files; of each only the scenes count.
        workers: processes.
        reporter: hears progress and warnings.

    Raises:
        PolychipError: there is no dataset, its inputs changed, or a scene doesn't fit.
    """
    from polychip.build import RunOptions
    from polychip.dataset import Dataset
    from polychip.extend import append_scenes
    from polychip.mirror import growing_dataset

    given = [recipes] if isinstance(recipes, str | Path) else list(recipes)
    options = RunOptions(workers=workers)
    append_scenes(growing_dataset(str(folder)), [Path(path) for path in given], options, reporter)
    return Dataset(folder)


def plan(
    recipe: PathLike | Mapping[str, Any], *, exact: bool = False, workers: int | None = 1
) -> "PlanReport":
    """What a recipe would give: chips, splits, classes, bytes, warnings. Nothing is written.

    Args:
        recipe: a TOML file, or the same as a mapping.
        exact: read the imagery too, so that nothing is estimated.
        workers: processes; None: one a processor, one for few chips. A script that asks for more
            than one needs `if __name__ == "__main__"`: they import it.

    Raises:
        PolychipError: an input or the recipe can't be used.
    """
    from polychip.planning import report_plan

    return report_plan(_recipe(recipe), exact=exact, workers=workers)


def vectorize(
    dataset: PathLike,
    *,
    out: PathLike,
    overwrite: bool = False,
    reporter: "Reporter | None" = None,
    **options: Any,
) -> "VectorizeSummary":
    """Turn masks into georeferenced polygons, stitched over the chips' borders.

    Args:
        dataset: its folder.
        out: the GeoPackage to write: layers labels and extent (a pair a scene where there are
            several).
        overwrite: replace a file that is there.
        reporter: hears progress and warnings.
        options: as on the command line, with underscores: predictions, kind, threshold, classes,
            scenes, min_size, simplify.

    Raises:
        PolychipError: an input, an option or the output can't be used; nothing is half-written.
    """
    from polychip.mirror import local_dataset
    from polychip.polygons.request import vectorize_options
    from polychip.polygons.vectorize import vectorize_dataset
    from polychip.reporter import Silent

    asked = vectorize_options(options, overwrite=overwrite)
    with local_dataset(str(dataset), reporter or Silent()) as folder:
        return vectorize_dataset(folder, Path(out), asked, reporter)


def import_labels(
    annotations: PathLike,
    *,
    format: "Format",  # noqa: A002 - what it is called everywhere
    images: PathLike | Sequence[PathLike],
    out: PathLike,
    overwrite: bool = False,
    reporter: "Reporter | None" = None,
    **options: Any,
) -> "ImportSummary":
    """Turn annotations made elsewhere on georeferenced images into labels and their extent.

    Args:
        annotations: a folder or a file.
        format: coco, yolo, voc, labelme or masks.
        images: the annotated images, or folders of them.
        out: the GeoPackage to write: layers labels and extent.
        overwrite: replace a file that is there.
        reporter: hears progress and warnings.
        options: crs, classes, crowd, shift_px, skip_missing, as `polychip import` has them.

    Raises:
        PolychipError: an input, an option or the output can't be used; nothing is half-written.
    """
    from polychip.imports.labels import import_annotations, import_options

    given = [images] if isinstance(images, str | Path) else list(images)
    asked = import_options(format, [Path(p) for p in given], options, overwrite=overwrite)
    return import_annotations(Path(annotations), Path(out), asked, reporter)


def open(folder: PathLike) -> "Dataset":  # noqa: A001 - as rasterio.open, read as polychip.open
    """Open a dataset in a folder, or at 's3://BUCKET/PREFIX', from where files come when wanted.

    Raises:
        InputError: there is none, or one of a format that this version does not know.
    """
    from polychip.dataset import Dataset

    return Dataset(folder)


def convert(folder: PathLike, to: str, out: PathLike, **options: Any) -> "Converted":
    """Write a dataset in another format; options as those of `Dataset.convert`.

    Raises:
        FormatError: the format can't hold the dataset; nothing is written.

    Example:
        >>> polychip.convert("dataset", "coco", "dataset-coco", workers=4)
    """
    return open(folder).convert(to, out, **options)


def _recipe(recipe: PathLike | Mapping[str, Any]) -> Recipe:
    if isinstance(recipe, Mapping):
        return build_recipe(dict(recipe), base=Path.cwd(), where="recipe")
    if not isinstance(recipe, str | Path):
        raise RecipeError(f"a recipe is a path or a mapping, not {type(recipe).__name__}")
    return load_recipe(recipe)


def _staging(folder: PathLike | None, *, keep: bool) -> "StagingOptions":
    from polychip.upload.options import StagingOptions

    return StagingOptions(None if folder is None else str(folder), keep)


def _run(
    recipe: Recipe,
    options: "RunOptions",
    reporter: "Reporter | None",
    staging: "StagingOptions",
    *,
    update: bool = False,
) -> "Dataset":
    from polychip.dataset import Dataset
    from polychip.upload.make import make_dataset

    make_dataset(recipe, options, reporter, update=update, staging=staging)
    return Dataset(recipe.output.path)
