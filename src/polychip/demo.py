"""The shipped sample, from look to verdict."""

from collections.abc import Iterator
from pathlib import Path

from polychip.errors import InputError
from polychip.io.raster import inspect_file
from polychip.recipe import Recipe, load_recipe


def sample_folder() -> Path:
    """Where the sample lies: inside the installed package, or in the source tree.

    Raises:
        InputError: it was left out of this installation.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "_sample", here.parents[1] / "sample_data"):
        if (folder / "recipe.toml").is_file():
            return folder
    raise InputError(
        f"the sample is missing from this installation ({here}); install Polychip from a wheel or "
        "a source tree that holds sample_data"
    )


def sample_recipe(output: Path) -> Recipe:
    """The sample's recipe, its dataset put elsewhere."""
    recipe = load_recipe(sample_folder() / "recipe.toml")
    place = recipe.output.model_copy(update={"path": str(output.absolute())})
    return recipe.model_copy(update={"output": place})


def look_at_sample(recipe: Recipe) -> str:
    """What the sample is and what will be made of it, a sentence a step."""
    return "\n".join(_steps(recipe)) + "\n\n"


def _steps(recipe: Recipe) -> Iterator[str]:
    folder = sample_folder()
    yield f"The sample is an invented flood near Valencia, in {folder}."
    for number, scene in enumerate(recipe.scenes, start=1):
        path = (scene.image or [""])[0]
        info = inspect_file(path)
        names = ", ".join(name or "?" for name in info.profile.descriptions)
        yield (
            f"{number}. {Path(path).name} is read: {info.grid.width} × {info.grid.height} px of "
            f"{info.grid.pixel_size[0]:g} m, {info.profile.dtype}, bands {names}."
        )
        source = scene.labels[0]
        yield (
            f"   Its labels are the layer '{source.layer}' of {Path(source.path).name}, in "
            "longitude and latitude; outside its layer 'extent' nobody looked."
        )
    classes = ", ".join(entry.name for entry in recipe.schema_.classes)
    height, width = recipe.chips.height_width
    yield f"{len(recipe.scenes) + 1}. The recipe names the classes, the first winning: {classes}."
    yield (
        f"{len(recipe.scenes) + 2}. Chips of {height} × {width} px are cut, with class and object "
        "masks, and divided so that neighbours stay together."
    )
    yield f"This is `polychip run {folder / 'recipe.toml'} -o {recipe.output.path}`:"


def closing_words(output: Path) -> str:
    """Where everything is."""
    return (
        f"\nThe dataset is in {output}, pictures of chips with their masks are in "
        f"{output / 'preview.png'}.\nYour own data: polychip init IMAGE --labels LABELS\n"
    )
