"""The folder of a converted dataset: made beside its place, moved there whole."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polychip.errors import OutputError
from polychip.format_list import CONVERSION
from polychip.state import MANIFEST

_PART = re.compile(r"\.(\d+)\.polychip-part")


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds something else, or a conversion that nobody said to replace.

    Raises:
        OutputError: it can't be written to.
    """
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target}: a file is in the way of the folder; choose another")
    names = sorted(entry.name for entry in target.iterdir()) if target.exists() else []
    if not names:
        return
    if MANIFEST in names or CONVERSION not in names:
        what = (
            "a Polychip dataset" if MANIFEST in names else f"other files ({', '.join(names[:4])})"
        )
        raise OutputError(f"{target}: the folder holds {what}; choose an empty or new folder")
    if not overwrite:
        raise OutputError(
            f"{target}: a converted dataset is already here; use --overwrite to replace the whole "
            "folder, or another output folder"
        )


@contextmanager
def replacing_folder(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """A new folder beside `target`, moved to its place at the end; gone when anything fails.

    Raises:
        OutputError: the disk is full, read-only, …, or the target holds something else.
    """
    check_target(target, overwrite=overwrite)
    beside = target.with_name(f".{os.getpid()}.polychip-part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_behind(target.parent)
        beside.mkdir()
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield beside
        check_target(target, overwrite=overwrite)
        _move(beside, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _move(beside: Path, target: Path) -> None:
    """Put a folder in its place; an older one stays until the new one could take it."""
    if not target.exists():
        beside.rename(target)
        return
    old = beside.with_name(beside.name + "-old")
    target.rename(old)
    try:
        beside.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _remove_left_behind(folder: Path) -> None:
    """Remove what killed conversions left in a folder."""
    for path in folder.iterdir():
        found = _PART.fullmatch(path.name)
        if found and not _runs(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)


def _runs(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # under another user
    return True


def _cannot_write(target: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{target}: can't be written: {(error.strerror or str(error)).lower()}; check the disk, "
        "its free space and permissions, or choose another folder"
    )
