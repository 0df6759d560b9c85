"""Splits of an earlier dataset, from its folder or from a table."""

from pathlib import Path

from polychip.errors import RecipeError
from polychip.layout.frozen import FROZEN_FILE, FrozenSplit, frozen_of, read_frozen

_INDEX = "chips.parquet"


def load_frozen(path: str | Path) -> FrozenSplit:
    """The splits of a dataset's chips, or those of a table with the columns chip_id and split.

    Raises:
        RecipeError: there is neither, or a chip has two splits.
    """
    place = Path(path)
    if place.is_dir():
        return _of_dataset(place)
    try:
        return read_frozen(place.read_text(encoding="utf-8"), str(place))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"split.frozen: {place} can't be read ({getattr(error, 'strerror', None) or error}); "
            "give a dataset's folder, or a table with the columns chip_id,split"
        ) from error


def _of_dataset(folder: Path) -> FrozenSplit:
    """What its index says, and what was frozen before it, for chips that it had to leave out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(folder / _INDEX, columns=["chip_id", "split"])
    except (OSError, pa.ArrowException) as error:
        raise RecipeError(
            f"split.frozen: {folder} is no dataset: {_INDEX} can't be read there ({error})"
        ) from error
    pairs = [
        (chip_id, split)
        for chip_id, split in zip(
            table["chip_id"].to_pylist(), table["split"].to_pylist(), strict=True
        )
        if split is not None
    ]
    if not pairs:
        raise RecipeError(
            f"split.frozen: the chips of {folder} are not divided; give a dataset with splits"
        )
    before = folder / "splits" / FROZEN_FILE
    if before.exists():
        pairs += load_frozen(before).of_chip.items()
    return frozen_of(pairs, str(folder))
