"""The machine's own state of a dataset: who writes it, what is done, where the sources are."""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from polychip.blocks.jobs import BlockRecord
from polychip.errors import OutputError
from polychip.format_list import CONVERSION, FORMATS_FOLDER
from polychip.io.atomic import remove_stale_parts, write_text

STATE = ".polychip"
MANIFEST = "manifest.json"
_FRESH_BYTES = 1 << 24
"""Of records as JSON; as objects they take five to ten times that."""
UPDATING = "updating"
"""Status of a dataset while some of its chips are made again."""
_ROW = re.compile("r[0-9]+")
"""Folders of chips."""
_FAILED = ".failed"
_LISTS = ("splits/*.txt", "splits/*.csv")
_OPTIONAL = ("instances.parquet", "report.html")
_FILES = (
    MANIFEST, "README.md", "recipe.toml", "chips.parquet", "instances.parquet", "preview.png",
    "report.html",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunState:
    """The `.polychip` folder of a dataset that is being written."""

    output: Path
    _fresh: dict[int, BlockRecord] = field(default_factory=dict, compare=False, repr=False)
    """Records that this process wrote, as far as they are small together: not read again."""
    _fresh_bytes: list[int] = field(default_factory=lambda: [0], compare=False, repr=False)

    @property
    def folder(self) -> Path:
        """Where the state lies."""
        return self.output / STATE

    def record_path(self, number: int) -> Path:
        """Where a block's record lies, a thousand to a folder."""
        return self.folder / "blocks" / f"{number // 1000:05d}" / f"{number:08d}.json"

    def save_record(self, record: BlockRecord) -> None:
        """Note that a block is done; one with failures is marked, to be made again by a resume."""
        path, text = self.record_path(record.number), json.dumps(record.to_json())
        if record.failed:
            write_text(path.with_suffix(_FAILED), "")
        write_text(path, text)
        self._fresh.pop(record.number, None)
        if self._fresh_bytes[0] + len(text) <= _FRESH_BYTES:
            self._fresh_bytes[0] += len(text)
            self._fresh[record.number] = record

    def forget_failures(self) -> None:
        """Count blocks in which chips failed as not done."""
        self._fresh.clear()
        for mark in (self.folder / "blocks").glob(f"*/*{_FAILED}"):
            mark.with_suffix(".json").unlink(missing_ok=True)
            mark.unlink()

    def load_record(self, number: int) -> BlockRecord:
        """What a block gave."""
        if number in self._fresh:
            return self._fresh[number]
        return BlockRecord(**json.loads(self.record_path(number).read_text(encoding="utf-8")))

    def is_done(self, number: int) -> bool:
        """Whether a block was made by an earlier run."""
        return self.record_path(number).exists()

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Store a small document."""
        write_text(self.folder / name, json.dumps(value, indent=1, sort_keys=True))

    def read(self, name: str) -> dict[str, Any] | None:
        """A small document, or None."""
        try:
            data = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return data if isinstance(data, dict) else None

    def clear_work(self) -> None:
        """Remove what only a running build needs."""
        for name in ("blocks", "labels", "extent", "scratch"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def claim(output: Path, fingerprint: str, *, resume: bool, overwrite: bool) -> RunState:
    """Make sure that the output may be written, and take its lock. Nothing is changed yet.

    A dataset, whole or begun, is only replaced with `overwrite` and only continued with `resume`;
    a folder that holds anything else is never touched.

    Raises:
        OutputError: the folder can't be used as asked.
    """
    state = RunState(output)
    try:
        if output.exists() and not output.is_dir():
            raise OutputError(
                f"{output}: a file is in the way of the dataset's folder; choose another"
            )
        entries = {entry.name for entry in output.iterdir()} if output.exists() else set()
    except OSError as error:
        raise _no_folder(output, error) from error
    if entries and not (entries & {STATE, MANIFEST}):
        raise holds_others(output, entries)
    begun = state.read("run.json")
    nothing_yet = begun is None and entries == {STATE}  # killed before its first chip
    if entries and not overwrite and not nothing_yet:
        _check_resume(output, begun, entries, fingerprint, resume=resume)
    lock(state)
    return state


def begin(state: RunState, fingerprint: str, *, replace: bool) -> None:
    """Start writing: a dataset that is to be replaced is gone, what failed will be tried again."""
    if replace:
        clear_dataset(state.output)
    remove_stale_parts(state.output)
    state.forget_failures()
    state.write("run.json", {"fingerprint": fingerprint, "status": "running"})


def _check_resume(
    output: Path,
    begun: dict[str, Any] | None,
    entries: set[str],
    fingerprint: str,
    *,
    resume: bool,
) -> None:
    if not resume:
        raise is_there(output, finished=MANIFEST in entries)
    if begun is None:
        raise OutputError(f"{output}: nothing to resume here; use --overwrite, or another folder")
    if begun.get("status") == UPDATING:
        raise OutputError(
            f"{output}: an update was interrupted here; bring it to its end with --update, or use "
            "--overwrite to build the dataset anew"
        )
    if begun.get("fingerprint") != fingerprint:
        raise OutputError(
            f"{output}: can't resume: recipe, inputs or software changed since this run began; "
            "use --overwrite to build it anew"
        )


def holds_others(output: Path | str, names: Collection[str]) -> OutputError:
    """The error for a folder of somebody else's files."""
    return OutputError(
        f"{output}: the folder holds other files ({', '.join(sorted(names)[:4])}), and no "
        "Polychip dataset; choose an empty or new folder"
    )


def is_there(output: Path | str, *, finished: bool) -> OutputError:
    """The error for a dataset, or the beginning of one, that nobody said to replace."""
    what = "a finished dataset" if finished else "an unfinished run"
    way = "" if finished else "--resume to go on with it, "
    return OutputError(
        f"{output}: {what} is already here; use {way}--overwrite to replace it, or another "
        "output folder"
    )


def lock(state: RunState) -> None:
    """Take a folder's lock.

    Raises:
        OutputError: another run has it, or the folder can't be written.
    """
    try:
        state.folder.mkdir(parents=True, exist_ok=True)
        lock = state.folder / "lock"
        for _ in range(2):
            try:
                handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                holder = _alive(lock)
                if holder is not None:
                    raise OutputError(
                        f"{state.output}: another run (process {holder}) is writing here; wait "
                        "for it, or choose another output folder"
                    ) from None
                lock.unlink(missing_ok=True)
                continue
            with os.fdopen(handle, "w") as file:
                file.write(str(os.getpid()))
            return
    except OSError as error:
        raise _no_folder(state.output, error) from error


def _no_folder(output: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{output}: the folder can't be written ({error.strerror or error}); choose a folder that "
        "you may write to"
    )


def _alive(lock: Path) -> int | None:
    """The process that holds a lock, if it still runs."""
    try:
        pid = int(lock.read_text())
    except (OSError, ValueError):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return pid  # it runs, under another user
    return pid if pid != os.getpid() else None


def release(state: RunState) -> None:
    """Give the lock back."""
    (state.folder / "lock").unlink(missing_ok=True)


def clear_dataset(output: Path) -> None:
    """Remove a dataset's own files and nothing else.

    The manifest goes first, and then what says that chips are done: killed halfway, it is no
    dataset, and a resumed run takes no chip for there that is gone.
    """
    (output / MANIFEST).unlink(missing_ok=True)
    clear_blocks(RunState(output))
    for name in _FILES:
        (output / name).unlink(missing_ok=True)
    remove_strays(output, wanted=())


def remove_strays(output: Path, wanted: Container[str]) -> int:
    """Remove a dataset's own files but those that are wanted; returns how many chips went.

    Further formats go as a whole: they are made from what changes.

    Args:
        output: the dataset.
        wanted: paths below it.
    """
    n = 0
    for pattern in (*_LISTS, *_OPTIONAL):
        for path in output.glob(pattern):
            if path.relative_to(output).as_posix() not in wanted:
                path.unlink()
    for name in ("images", "masks"):
        n += _remove_chips(output, name, wanted)
    for path in output.glob(f"{FORMATS_FOLDER}/*/{CONVERSION}"):
        shutil.rmtree(path.parent)
    for name in ("splits", FORMATS_FOLDER):
        _remove_empty(output / name)
    return n


def is_own(name: str, formats: Collection[str]) -> bool:
    """Whether a path below a dataset's folder is one of the dataset's own files.

    Args:
        name: with '/' between its parts.
        formats: names of the further formats that are there.
    """
    *above, file = name.split("/")
    top, middle = (above[0], above[1:]) if above else ("", [])
    if top == "splits":
        return not middle and any(PurePosixPath(name).match(pattern) for pattern in _LISTS)
    if top in ("images", "masks"):
        return bool(middle) and _ROW.fullmatch(middle[-1]) is not None and ".tif" in file
    if top == FORMATS_FOLDER:
        return bool(middle) and middle[0] in formats
    return name in _FILES


def _remove_chips(output: Path, name: str, wanted: Container[str]) -> int:
    """Remove the chip files below a folder that aren't wanted, and folders that hold nothing then.

    Texts, not paths: there may be millions.
    """
    n, root = 0, str(output / name)
    if os.path.islink(root):  # noqa: PTH114
        return 0
    for folder, _, files in os.walk(root, topdown=False):
        below = folder[len(str(output)) + 1 :].replace(os.sep, "/")
        for file in files if _ROW.fullmatch(below.rpartition("/")[2]) else ():
            if ".tif" in file and f"{below}/{file}" not in wanted:
                os.unlink(f"{folder}/{file}")  # noqa: PTH108
                n += below.startswith("masks/semantic/")
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106 - only where nothing is left
    return n


def clear_blocks(state: RunState) -> None:
    """Forget which blocks are done."""
    state._fresh.clear()  # noqa: SLF001 - of this module
    for name in ("blocks", "scratch"):
        shutil.rmtree(state.folder / name, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    """Remove a folder and those in it, as far as they hold no file."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for entry in folder.iterdir():
        _remove_empty(entry)
    if not any(folder.iterdir()):
        folder.rmdir()


def abandon(state: RunState, *, began: bool) -> None:
    """Leave no trace of a run that failed for its inputs; what was there before it stays."""
    if began:
        clear_dataset(state.output)
        (state.folder / "run.json").unlink(missing_ok=True)
    for name in ("labels", "extent"):
        shutil.rmtree(state.folder / name, ignore_errors=True)
    release(state)
    _remove_empty(state.output)
