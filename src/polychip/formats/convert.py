"""A dataset written in another format: chips on all workers, tables in the index's order."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from polychip.errors import Interrupted, PolychipError
from polychip.execute import Executor, default_workers, in_order, make_executor
from polychip.format_list import CONVERSION
from polychip.formats.chip import SourceChip
from polychip.formats.options import ConvertOptions
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Card, Entry, Format
from polychip.formats.readme import as_json, conversion, readme
from polychip.formats.registry import check_name, check_objects, prepare_format
from polychip.formats.source import Source
from polychip.formats.stream import in_parts, stream_chips
from polychip.formats.target import check_target, replacing_folder
from polychip.io.atomic import write_text, writing_into
from polychip.io.raster import gdal_env
from polychip.reporter import Reporter, Silent

_FEW_CHIPS = 256
"""Below so many, processes of their own take longer to start than they save."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion wrote, for the closing words."""

    name: str
    output: Path
    by_split: dict[str, int]
    """Chips by split, also splits without any."""
    left_out: dict[str, int]
    """What the format could not hold, by kind."""
    card: Card

    @property
    def n_chips(self) -> int:
        """Chips written."""
        return sum(self.by_split.values())


def convert_dataset(
    folder: Path,
    name: str,
    output: Path,
    options: ConvertOptions | None = None,
    *,
    workers: int | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Converted:
    """Write a dataset in another format. The result is the same for any number of workers.

    Args:
        folder: the dataset.
        name: of the format.
        output: a new folder; with `overwrite` one that an earlier conversion wrote.
        options: the user's.
        workers: processes; None: one a processor, one for small datasets.
        overwrite: replace a conversion that is there, as a whole.
        reporter: hears progress and notes.

    Raises:
        FormatError: the format can't hold the dataset or a chip of it; nothing is written.
        InputError: there is no dataset, or it is damaged.
        OutputError: the output can't be written.
        Interrupted: Ctrl-C; nothing is written.
    """
    reporter, options = reporter or Silent(), options or ConvertOptions()
    check_name(name)
    source = Source.read(folder)
    check_objects(name, source)
    check_target(output, overwrite=overwrite)
    if workers is None:
        workers = default_workers() if source.n_chips >= _FEW_CHIPS else 1
    executor = make_executor(workers)
    try:
        preparation = Preparation(source, options, executor, reporter.note, name)
        made = prepare_format(preparation)
        if not source.manifest["split"]["names"]:
            reporter.note(f"the dataset has no splits: all chips go to '{source.splits[0]}'")
        with (
            replacing_folder(output, overwrite=overwrite) as out,
            writing_into(out, called=output),
        ):
            reporter.start(source.n_chips, 0)
            converted = _write(made, source, options, executor, out, reporter, name)
        reporter.finish()
    except KeyboardInterrupt:
        raise Interrupted("interrupted; nothing was written") from None
    except BrokenProcessPool as error:
        raise PolychipError(
            "a worker process died, often for want of memory; nothing was written: try again with "
            "fewer --workers"
        ) from error
    finally:
        executor.stop(now=True)
    return Converted(name, output, *converted)


def _write(
    made: Format,
    source: Source,
    options: ConvertOptions,
    executor: Executor,
    out: Path,
    reporter: Reporter,
    name: str,
) -> tuple[dict[str, int], dict[str, int], Card]:
    by_split = dict.fromkeys(source.splits, 0)
    left_out: Counter[str] = Counter()
    with made.tables(out) as collect:
        parts = ((made, part, out) for part in in_parts(stream_chips(source)))
        for entries in in_order(executor, write_part, parts):
            for entry in entries:
                by_split[entry.split] += 1
                left_out.update(entry.left_out)
                collect(entry)
            reporter.advance(len(entries))
    card = made.card()
    told = conversion(name, source, card, options.told(), by_split, left_out)
    write_text(out / "README.md", readme(card, told))
    write_text(out / CONVERSION, as_json(told))
    return by_split, dict(left_out), card


def write_part(made: Format, chips: Sequence[SourceChip], out: Path) -> list[Entry]:
    """On a worker: write the files of some chips."""
    with gdal_env():
        return [made.write_chip(chip, out) for chip in chips]
