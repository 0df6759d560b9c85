"""A dataset made where its recipe says: in a folder, or in a bucket."""

from typing import TYPE_CHECKING

from polychip.addresses import is_bucket
from polychip.build import RunOptions, run
from polychip.execute import Executor
from polychip.recipe import Recipe
from polychip.reporter import Reporter
from polychip.upload.options import StagingOptions

if TYPE_CHECKING:
    from polychip.finish import Summary


def make_dataset(
    recipe: Recipe,
    options: RunOptions,
    reporter: Reporter | None = None,
    executor: Executor | None = None,
    *,
    update: bool = False,
    staging: StagingOptions | None = None,
) -> "Summary":
    """Build the dataset of a recipe, or bring it up to date, in a folder or in a bucket.

    Args:
        recipe: what to build, and where.
        options: how to go about it.
        reporter: hears progress, notes and warnings.
        executor: workers that were started early; default: as many as the options say.
        update: make only those chips again whose inputs changed.
        staging: where a dataset for a bucket is made.

    Raises:
        InputError: an input can't be used.
        RecipeError: the recipe asks for something that can't be had.
        OutputError: the dataset can't be written.
        Interrupted: Ctrl-C; the run can be resumed.
    """
    if is_bucket(recipe.output.path):
        from polychip.upload.delivery import deliver

        return deliver(
            recipe, options, reporter, executor, staging or StagingOptions(), update=update
        )
    if update:
        from polychip.update import update_dataset

        return update_dataset(recipe, options, reporter, executor)
    return run(recipe, options, reporter, executor)
