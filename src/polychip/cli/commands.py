"""What each command does, once its options are parsed; returns the exit code."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip.addresses import is_bucket, plain_address
from polychip.cli.main import DONE, SOME_FAILED, WRONG
from polychip.errors import RecipeError
from polychip.names import printable

if TYPE_CHECKING:
    from polychip.cli.progress import Told
    from polychip.cli.watch import Watch
    from polychip.execute import Executor
    from polychip.finish import Summary
    from polychip.recipe import Recipe
    from polychip.reporter import Reporter

LARGE_BYTES = 48 * 2**20
"""From so much imagery on, workers are started before the plan is made."""


def init(args: argparse.Namespace) -> int:
    """Write a recipe."""
    from polychip.initialise import look, write_recipe

    _light_pyogrio()
    found = look(
        args.images, args.labels, Path(args.output), labels_crs=args.labels_crs,
        overwrite=args.overwrite,
    )  # fmt: skip
    write_recipe(found)
    sys.stdout.write(printable(found.closing_words()))
    return DONE


def plan(args: argparse.Namespace) -> int:
    """Print what a recipe would give."""
    from polychip.cli.progress import Told
    from polychip.planning import report_plan
    from polychip.recipe import load_recipe

    _light_pyogrio()
    bar = Told(bar=sys.stderr.isatty())
    try:
        report = report_plan(
            load_recipe(args.recipe), exact=args.exact, workers=args.workers, reporter=bar
        )
    finally:
        bar.close()
    sys.stdout.write(f"{_json(report.to_dict()) if args.json else printable(str(report))}\n")
    return DONE


def export(args: argparse.Namespace) -> int:
    """Build a dataset from options."""
    with _watch(args, args.images) as watch, _early_workers(args, args.images) as executor:
        from polychip.recipe import build_recipe
        from polychip.requests import OPTIONS, export_recipe, in_options

        options = {name: getattr(args, name) for name in OPTIONS}
        data = export_recipe(args.images, args.labels, args.output, options)
        try:
            recipe = build_recipe(data, base=Path.cwd(), where="export", named=watch.add)
        except RecipeError as error:
            raise RecipeError(in_options(str(error)).removeprefix("export: ")) from error
        return _build(recipe, args, watch, executor=executor)


def run(args: argparse.Namespace) -> int:
    """Build the dataset of a recipe."""
    with _watch(args, [args.recipe]) as watch, _early_workers(args, []) as executor:
        from polychip.recipe import load_recipe

        recipe = load_recipe(args.recipe, named=watch.add)
        recipe = recipe if args.output is None else with_output(recipe, args.output)
        return _build(recipe, args, watch, executor=executor)


def append(args: argparse.Namespace) -> int:
    """Add scenes to a dataset."""
    from polychip.build import RunOptions
    from polychip.extend import append_scenes
    from polychip.mirror import growing_dataset
    from polychip.recipe import load_recipe

    folder = growing_dataset(args.dataset)
    options = RunOptions(workers=args.workers, own_process=True)
    recipes = [Path(path) for path in args.recipes]
    with _watch(args, [str(folder), *args.recipes]) as watch:
        for path in recipes:
            load_recipe(path, named=watch.add)
        return _report(args, watch, lambda ear: append_scenes(folder, recipes, options, ear))


def verify(args: argparse.Namespace) -> int:
    """Check a dataset and print the verdict."""
    from polychip.quality.verify import verify_dataset

    with _dataset(args) as folder:
        report = verify_dataset(folder, all_chips=args.all_chips, workers=args.workers)
    if args.json:
        sys.stdout.write(_json(report.to_dict()) + "\n")
    else:
        sys.stdout.write(f"{printable(str(report))}\n")
    return DONE if report.ok else WRONG


def gallery(args: argparse.Namespace) -> int:
    """Make a picture of a chip."""
    from polychip.manifest import read_manifest
    from polychip.report.gallery import write_gallery

    with _dataset(args) as folder:
        chip = write_gallery(folder, read_manifest(folder), args.chip, Path(args.output))
    sys.stdout.write(f"{args.output}: {chip}, its image, masks and targets\n")
    return DONE


def convert(args: argparse.Namespace) -> int:
    """Write a dataset in another format."""
    from polychip.cli.progress import emit, make_reporter
    from polychip.formats.convert import convert_dataset
    from polychip.formats.options import ConvertOptions

    bands = None if args.bands is None else tuple(args.bands)
    reporter = make_reporter(args.progress)
    try:
        with _dataset(args, reporter) as folder:
            done = convert_dataset(
                folder,
                args.to,
                Path(args.output),
                ConvertOptions(args.layer, bands, args.stretch, dict(args.more)),
                workers=args.workers,
                overwrite=args.overwrite,
                reporter=reporter,
            )
    finally:
        reporter.close()
    from polychip.cli.converted import converted_dict, converted_text

    if args.progress == "json":
        emit("done", **converted_dict(done))
    else:
        sys.stdout.write(printable(converted_text(done)))
    return DONE


def check(args: argparse.Namespace) -> int:
    """Check labels and print what was found."""
    from polychip.cli import quality_commands

    return quality_commands.check(args)


def agree(args: argparse.Namespace) -> int:
    """Say how well annotators agree."""
    from polychip.cli import quality_commands

    return quality_commands.agree(args)


def advise(args: argparse.Namespace) -> int:
    """Say which masks to label for, and why."""
    from polychip.cli import quality_commands

    return quality_commands.advise(args)


def report(args: argparse.Namespace) -> int:
    """Make the page of a dataset."""
    from polychip import wording
    from polychip.manifest import read_manifest
    from polychip.report.page import write_report
    from polychip.report.quality import read_result

    results = [read_result(Path(path)) for path in args.quality or ()]
    far = is_bucket(plain_address(args.dataset))
    path = Path(args.output or "report.html") if args.output or far else None
    with _dataset(args) as folder:
        made = write_report(folder, read_manifest(folder), path, results)
    pictures = wording.plural(made.n_pictures, "picture")
    chips = wording.plural(made.n_chips, "chip")
    sys.stdout.write(f"{made.path}: {chips}, {pictures}, {wording.size(made.n_bytes)}\n")
    return DONE


def demo(args: argparse.Namespace) -> int:
    """Go the whole way on the sample."""
    from polychip.demo import closing_words, look_at_sample, sample_recipe

    say = sys.stderr.write if args.progress == "json" else sys.stdout.write
    recipe = sample_recipe(Path(args.output))
    say(look_at_sample(recipe))
    with _watch(args, []) as watch:
        # verify needs pyogrio with its data frames
        code = _build(recipe, args, watch, own_process=False)
    say("\nNow the dataset is checked, as `polychip verify` does it.\n\n")
    from polychip.quality.verify import verify_dataset

    report = verify_dataset(Path(recipe.output.path))
    say(f"{report}\n")
    say(closing_words(Path(args.output)))
    return code if report.ok else WRONG


def vectorize(args: argparse.Namespace) -> int:
    """Write polygons of masks."""
    from polychip.cli.vector_commands import vectorize_masks

    return vectorize_masks(args)


def import_labels(args: argparse.Namespace) -> int:
    """Write labels of annotations made elsewhere."""
    from polychip.cli.vector_commands import import_annotations

    return import_annotations(args)


def serve(args: argparse.Namespace) -> int:
    """Answer another program until it goes."""
    from polychip.serve.main import serve_pipes

    del args
    _light_pyogrio()
    serve_pipes()
    return DONE


def with_output(recipe: "Recipe", folder: str) -> "Recipe":
    """The recipe with another output folder."""
    from polychip.recipe import absolute_path, check_output

    check_output(folder)
    far = is_bucket(plain_address(folder))
    path = absolute_path(folder, Path.cwd()) if far else str(Path(folder).absolute())
    output = recipe.output.model_copy(update={"path": path})
    return recipe.model_copy(update={"output": output})


def _build(
    recipe: "Recipe",
    args: argparse.Namespace,
    watch: "Watch",
    *,
    executor: "Executor | None" = None,
    own_process: bool = True,
) -> int:
    """Run a recipe and tell how it went."""
    from polychip.build import RunOptions
    from polychip.upload.make import make_dataset
    from polychip.upload.options import StagingOptions

    options = RunOptions(args.resume, args.overwrite, args.workers, own_process)
    staging = StagingOptions(getattr(args, "staging", None), getattr(args, "keep_staging", False))
    update = getattr(args, "update", False)
    return _report(
        args,
        watch,
        lambda ear: make_dataset(recipe, options, ear, executor, update=update, staging=staging),
    )


def _watch(args: argparse.Namespace, paths: list[str]) -> "Watch":
    """A watch over files, and the reporter that it warns through."""
    from polychip.cli.progress import make_reporter
    from polychip.cli.watch import Watch

    return Watch(make_reporter(args.progress), paths)


def _report(
    args: argparse.Namespace, watch: "Watch", work: Callable[["Reporter"], "Summary"]
) -> int:
    """Do it and tell how it went."""
    from polychip.cli.progress import emit

    reporter = watch.reporter
    try:
        summary = work(reporter)
    finally:
        reporter.close()
    if args.progress == "json":
        from polychip.cli.summary import summary_dict

        emit("done", **summary_dict(summary, reporter.n_warnings))
    else:
        from polychip.cli.summary import summary_text

        sys.stdout.write(printable(summary_text(summary, reporter.n_warnings)))
    return _tell_failed(summary)


def _tell_failed(summary: "Summary") -> int:
    from polychip.cli.summary import failed_text

    if not summary.failed:
        return DONE
    sys.stdout.flush()
    sys.stderr.write(failed_text(summary))
    return SOME_FAILED


@contextmanager
def _early_workers(args: argparse.Namespace, images: list[str]) -> Iterator["Executor | None"]:
    """Workers that load what they need while this process does; None for small jobs."""
    from polychip.execute import default_workers, make_executor

    total = sum(Path(image).stat().st_size for image in images if Path(image).is_file())
    workers = args.workers or (default_workers() if total >= LARGE_BYTES else 1)
    executor: Executor | None
    if args.scheduler or args.executor == "dask":
        from polychip.cluster import LOCAL, connect

        executor = connect(args.scheduler or LOCAL, args.workers)
    else:
        executor = make_executor(workers) if workers > 1 else None
    try:
        yield executor
    finally:
        if executor is not None:
            executor.stop(now=True)


def _light_pyogrio() -> None:
    """Spare bulk reads their data frames: the process is ours."""
    from polychip.io.light import load_pyogrio_light

    load_pyogrio_light()


@contextmanager
def _dataset(args: argparse.Namespace, reporter: "Told | None" = None) -> "Iterator[Path]":
    """The folder of the dataset that is meant; of one in a bucket, a copy."""
    if not is_bucket(plain_address(args.dataset)):
        yield Path(args.dataset)
        return
    from polychip.cli.progress import Told
    from polychip.mirror import local_dataset

    bar = reporter or Told(bar=sys.stderr.isatty())
    try:
        with local_dataset(args.dataset, bar) as folder:
            yield folder
    finally:
        bar.close()


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
