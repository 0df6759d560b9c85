"""Files that appear whole or not at all: write beside, then replace.

Not synced to disk file by file: after a power cut the manifest's checksums tell what is whole.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from polychip.errors import OutputError, PolychipError

_STALE = re.compile(r"\.[0-9a-f]{16}\.part(-journal|-wal|-shm)?")
"""Names that `_beside` makes, and what SQLite writes next to them."""

_FULL = re.compile(r"disk is full|no space left", re.IGNORECASE)
_NOTHING_BYTES = 1 << 16
"""Less than this is no room."""

_REMEDIES = {
    errno.ENOSPC: "free some space there or choose another folder, then resume",
    errno.EDQUOT: "your disk quota is used up: free some space or choose another folder, then "
    "resume",
    errno.EFBIG: "the file system or a limit (ulimit -f) allows no larger file: lift it or choose "
    "another folder",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.EACCES: "you may not write there: change the permissions, close programs that have the "
    "file open, or choose another folder",
    errno.ENAMETOOLONG: "choose a shorter output folder, scene or group name",
    errno.ENOTDIR: "a file is where a folder is needed: remove it or choose another folder",
    errno.EISDIR: "a folder is where the file belongs: remove it or choose another folder",
    errno.EMFILE: "too many open files: raise the limit (ulimit -n) or use fewer workers",
    errno.EIO: "the disk reports a fault: check it, or choose another folder",
}
_REMEDIES[errno.EPERM] = _REMEDIES[errno.EACCES]
_REMEDIES[errno.EEXIST] = _REMEDIES[errno.ENOTDIR]
_ANY_REMEDY = "check the disk and its permissions, or choose another folder"


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file that appears under its name only when it is whole.

    Folders above it are made on demand. An older file of that name is replaced.

    Raises:
        OutputError: the disk is full, read-only, …; nothing is left behind.
    """
    target = os.fspath(path)
    folder, _ = os.path.split(target)
    temporary = os.path.join(folder, _part_name())  # noqa: PTH118 - a Path costs more than the file
    try:
        try:
            _write(temporary, data)
        except FileNotFoundError:  # rare, so asking for each file would be a waste
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, data)
        os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        _remove(Path(temporary))
        with _output_errors(Path(target), Path(temporary)):
            raise


def _write(path: str, data: bytes) -> None:
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]


def write_text(path: str | os.PathLike[str], text: str) -> None:
    r"""Write UTF-8 text like `write_bytes`; '\n' stays '\n' on every platform.

    Raises:
        OutputError: the disk is full, read-only, …; nothing is left behind.
    """
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path in the same folder, for writers that want a name; renamed at the end.

    When the block raises, the temporary file and SQLite's side files are removed.

    Raises:
        OutputError: the disk is full, read-only, …, also when the block's writer says so. An
            OSError about another file passes through.
    """
    target = Path(path)
    temporary = _beside(target)
    with _output_errors(target, temporary):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(target)
        except BaseException as error:
            full = _is_full(target.parent, error)
            for suffix in ("", "-journal", "-wal", "-shm"):
                _remove(temporary.with_name(temporary.name + suffix))
            if full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
            raise


@contextmanager
def writing_into(
    folder: str | os.PathLike[str], *, called: str | os.PathLike[str] | None = None
) -> Iterator[None]:
    """For writers of several files that nobody reads before all are there.

    Args:
        folder: where they write.
        called: what the user knows the folder by.

    Raises:
        OutputError: the disk is full, read-only, …: for an OSError about something below the
            folder, or that doesn't say about what, as NumPy's; SQLite's and GDAL's errors, too.
    """
    inside, name = Path(folder), called or folder
    try:
        yield
    except OSError as error:
        if error.filename is not None and inside not in (
            named := Path(os.fspath(error.filename)),
            *named.parents,
        ):
            raise
        what = error.strerror or str(error)
        remedy = _REMEDIES[errno.ENOSPC] if error.errno is None else _remedy(error)
        raise OutputError(f"{name}: can't be written: {what.lower()}; {remedy}") from error
    except Exception as error:
        if not _is_full(inside, error):
            raise
        what, remedy = os.strerror(errno.ENOSPC).lower(), _REMEDIES[errno.ENOSPC]
        raise OutputError(f"{name}: can't be written: {what}; {remedy}") from error


def _is_full(folder: Path, error: BaseException) -> bool:
    """Whether SQLite or GDAL, who have errors of their own, mean that the disk is full."""
    if not isinstance(error, Exception) or isinstance(error, (OSError, PolychipError)):
        return False
    if _FULL.search(str(error)):
        return True
    try:
        return shutil.disk_usage(folder).free < _NOTHING_BYTES
    except OSError:
        return False


def _remedy(error: OSError) -> str:
    return _REMEDIES.get(error.errno or 0, _ANY_REMEDY)


def remove_stale_parts(folder: str | os.PathLike[str]) -> int:
    """Remove what killed runs left below a folder; returns how many files.

    Only for the one process that owns the folder: it can't tell a stale file from one that
    another process is writing.

    Raises:
        OutputError: a file can't be removed.
    """
    n_removed = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if _STALE.fullmatch(name):
                stale = Path(parent, name)
                with _output_errors(stale, stale, doing="removed"):
                    stale.unlink()
                n_removed += 1
    return n_removed


def _beside(target: Path) -> Path:
    """A new name in the target's folder; short, so that any legal target name will do."""
    return target.with_name(_part_name())


def _part_name() -> str:
    return f".{os.urandom(8).hex()}.part"


def _remove(path: Path) -> None:
    """Remove a file if it is there; whatever went wrong before is what should be told."""
    with suppress(OSError):
        path.unlink()


@contextmanager
def _output_errors(target: Path, temporary: Path, *, doing: str = "written") -> Iterator[None]:
    """Turn an OSError about these files into an OutputError that says what to do."""
    try:
        yield
    except OSError as error:
        named = None if error.filename is None else os.fspath(error.filename)
        ours = (str(target), str(temporary), *map(str, target.parents))
        if named is not None and named not in ours:
            raise
        what = error.strerror or str(error)
        raise OutputError(
            f"{target}: can't be {doing}: {what.lower()}; {_remedy(error)}"
        ) from error
