"""What catalogues must say of a dataset and the dataset doesn't know: name, licence, dates."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.preparation import Preparation
from polychip.formats.source import Source

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class About:
    """A dataset's name and terms."""

    id: str
    """Letters, digits, '.', '-' and '_'."""
    title: str
    description: str
    license: str
    """As the user gave it."""

    def facts(self) -> dict[str, Any]:
        """For conversion.json."""
        return {"id": self.id, "title": self.title, "license": self.license}


def about(preparation: Preparation, unknown_license: str) -> About:
    """What `--set id=… title=… description=… license=…` say; the rest follows from the dataset.

    Args:
        preparation: of the format.
        unknown_license: how the format says that nobody named a licence.

    Raises:
        FormatError: the id holds other characters.
    """
    source = preparation.source
    digest = str(source.manifest["digest"]).rpartition(":")[2]
    found = preparation.option("id", f"polychip-{digest[:12]}")
    if not _ID.fullmatch(found):
        raise FormatError(
            f"{preparation.name}: id is '{found}'; it must be letters, digits, '.', '-' and '_'"
        )
    license_ = preparation.option("license", unknown_license)
    if license_ == unknown_license:
        preparation.note(
            f"{preparation.name}: no licence was given, so it says '{unknown_license}' "
            "(--set license=CC-BY-4.0)"
        )
    title = preparation.option("title", "Training chips")
    return About(found, title, preparation.option("description", _description(source)), license_)


def _description(source: Source) -> str:
    height, width = source.chip_shape
    names = ", ".join(entry.name for entry in source.classes)
    return (
        f"{source.n_chips} chips of {width} × {height} px with {source.manifest['mode']} masks: "
        f"{names}. Made by Polychip."
    )


def given_date(preparation: Preparation) -> datetime.date | None:
    """`--set date=YYYY-MM-DD`, for scenes without one; None when it isn't given.

    Raises:
        FormatError: it is no date.
    """
    text = preparation.option("date", "")
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise FormatError(
            f"{preparation.name}: date is '{text}'; it must be a day such as 2024-10-31"
        ) from None


def chip_date(chip: SourceChip, otherwise: datetime.date | None) -> datetime.date | None:
    """The day of a chip's scene."""
    date: datetime.date | None = chip.row["date"]
    return date or otherwise


def unique_names(names: Sequence[str]) -> list[str]:
    """Names of ASCII letters, digits, '-' and '_', in order, no two alike."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^0-9A-Za-z_-]+", "_", name).strip("_") or "class"
        number, choice = 1, plain
        while choice in found:
            number += 1
            choice = f"{plain}_{number}"
        found.append(choice)
    return found
