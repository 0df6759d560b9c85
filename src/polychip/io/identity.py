"""Which file this is: a fingerprint of its content, and one of its state on this disk.

`content_id` goes into the dataset, so it must not depend on paths, dates or the machine. It
reads at most 1.2 MB of a file, however large:

- the sizes and the sampled bytes of the file: all of it up to 18 pieces of 64 KiB, else the
  first, the last and 16 pieces evenly spaced between them;
- the files that belong to it and decide what is read: the parts of a shapefile or MapInfo
  table, the raw data's header, the mask (.msk), world files, a GeoPackage's pending changes
  (-wal, when it holds any), and what a .vrt refers to;
- of a folder (.gdb, .zarr, .SAFE): all files in it, by their path inside the folder.

Statistics and thumbnails that programs leave beside a file (.aux.xml, .ovr, .qix, …) don't
count. A change in a large file's middle that keeps its size may escape the sampling; `stat_id`
notices it on the same machine.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from polychip.addresses import is_read
from polychip.errors import InputError

PIECE_BYTES: Final = 64 * 1024
INNER_PIECES: Final = 16
PREFIX: Final = "sampled-sha256:"

_SIBLINGS: Final[dict[str, tuple[str, ...]]] = {
    ".shp": (".shx", ".dbf", ".prj", ".cpg"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
    ".bil": (".hdr", ".prj"),
    ".bip": (".hdr", ".prj"),
    ".bsq": (".hdr", ".prj"),
    ".img": (".hdr", ".ige"),
    ".dat": (".hdr",),
    ".tif": (".tfw", ".tifw"),
    ".tiff": (".tfw", ".tiffw"),
    ".jpg": (".jgw", ".jpgw", ".prj"),
    ".jpeg": (".jgw", ".jpegw", ".prj"),
    ".png": (".pgw", ".pngw", ".prj"),
    ".jp2": (".j2w", ".jp2w", ".prj"),
    ".asc": (".prj",),
}
"""Suffixes of the files that belong to a file of this suffix, ignoring case."""
_APPENDED: Final = (".msk", "-wal")
_SIDE_FILES: Final = (".aux.xml", ".ovr", ".qix", ".sbn", ".sbx", ".lock", ".rrd")
_VRT_SOURCE: Final = re.compile(
    r"<Source(?:Filename|Dataset)([^>]*)>([^<]+)</Source(?:Filename|Dataset)>"
)


def content_id(path: str) -> str:
    """'sampled-sha256:' and 64 hexadecimal digits; the module's text says over what.

    Of a file on a server 'remote-sha256:…', over its size and ETag: a server tells its version.

    Raises:
        InputError: there is nothing at the path, or it can't be read.
    """
    if is_read(path):
        from polychip.io.remote import stamp_of

        return stamp_of(path).content_id
    digest = hashlib.sha256()
    try:
        for name, file in _members(Path(path)):
            encoded = name.encode()
            digest.update(f"{len(encoded)}:{file.stat().st_size}:".encode() + encoded)
            for piece in _pieces(file):
                digest.update(piece)
    except OSError as error:
        raise _unreadable(path, error) from error
    return PREFIX + digest.hexdigest()


def is_read_whole(path: str) -> bool:
    """Whether the content id is of every byte, so that no change can escape it."""
    try:
        sizes = [file.stat().st_size for _, file in _members(Path(path))]
    except OSError:
        return False
    return all(size <= (INNER_PIECES + 2) * PIECE_BYTES for size in sizes)


def stat_id(path: str) -> tuple[int, int | str]:
    """(size in bytes, latest change in nanoseconds) of the file and what belongs to it.

    Of a file on a server its ETag, or its date, stands for the change.

    Cheap enough to be asked before and after a run, to notice a source that changes meanwhile.

    Raises:
        InputError: there is nothing at the path, or it can't be read.
    """
    if is_read(path):
        from polychip.io.remote import stamp_of

        stamp = stamp_of(path)
        return stamp.size, stamp.version
    try:
        stats = [file.stat() for _, file in _members(Path(path))]
    except OSError as error:
        raise _unreadable(path, error) from error
    return sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)


FileStates = tuple[tuple[str, int, int, int], ...]
"""(name, size in bytes, last write, last change of any kind, both in nanoseconds) of each file."""


def file_states(path: str) -> FileStates:
    """What the file system says of a file and what belongs to it; nothing where there is nothing.

    A date of writing can be set back (`cp -p`, `touch -r`); that of the last change can't.
    """
    found = []
    try:
        for name, file in _members(Path(path)):
            told = file.stat()
            found.append((name, told.st_size, told.st_mtime_ns, told.st_ctime_ns))
    except OSError:
        return ()
    return tuple(found)


def _unreadable(path: str, error: OSError) -> InputError:
    reason = error.strerror or str(error)
    return InputError(f"{path}: can't be read ({reason}); check the path and its permissions")


def _members(path: Path, depth: int = 0) -> Iterator[tuple[str, Path]]:
    """(name without the file's own stem or folder, file) of all that counts, in fixed order."""
    if path.is_dir():
        inside = {file.relative_to(path).as_posix(): file for file in path.rglob("*")}
        for name in sorted(inside):
            if inside[name].is_file() and not name.lower().endswith(_SIDE_FILES):
                yield name, inside[name]
        return
    yield path.suffix.lower(), path
    for suffix in _SIBLINGS.get(path.suffix.lower(), ()):
        for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if candidate.is_file() and candidate != path:
                yield suffix, candidate
                break
    for ending in _APPENDED:
        beside = path.with_name(path.name + ending)
        if beside.is_file() and beside.stat().st_size > 0:
            yield ending, beside
    if path.suffix.lower() == ".vrt" and depth == 0:
        yield from _vrt_sources(path)


def _vrt_sources(path: Path) -> Iterator[tuple[str, Path]]:
    """Files that a VRT reads from; remote ones and VRTs behind VRTs stay unseen."""
    seen = set()
    for attributes, text in _VRT_SOURCE.findall(path.read_text(encoding="utf-8", errors="replace")):
        relative = 'relativeToVRT="1"' in attributes
        source = path.parent / text.strip() if relative else Path(text.strip())
        if source not in seen and source.is_file():
            seen.add(source)
            for name, file in _members(source, depth=1):
                yield f"source {len(seen)}{name}", file


def _pieces(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= (INNER_PIECES + 2) * PIECE_BYTES:
            yield file.read()
            return
        last = size - PIECE_BYTES
        for number in range(INNER_PIECES + 2):
            file.seek(last * number // (INNER_PIECES + 1))
            yield file.read(PIECE_BYTES)
