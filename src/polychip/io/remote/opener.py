"""A remote file as GDAL reads one: through rasterio's openers, out of the pages."""

from pathlib import PurePosixPath
from typing import Any, Self

import rasterio
from rasterio.abc import MultiByteRangeResourceContainer
from rasterio.io import DatasetReader

from polychip.addresses import file_name
from polychip.errors import InputError
from polychip.io.remote.pages import Pages
from polychip.io.remote.store import Server


class RemoteFile(MultiByteRangeResourceContainer):  # type: ignore[misc]
    """One file, and nothing beside it: side files of remote imagery are neither asked for nor read.

    GDAL's callbacks can't pass on an exception, and what GDAL makes of a short read differs from
    driver to driver. So failures are kept here, and `check` is asked after each use.
    """

    def __init__(self, address: str) -> None:
        """Ask the server what the file is.

        Raises:
            InputError: it isn't there, or can't be read.
        """
        server = Server(address)
        self.pages = Pages(server, server.stamp())
        self.path = f"remote/{file_name(address) or 'file'}"
        self._failure: str | None = None

    def check(self) -> None:
        """Raise InputError where something could not be read since the last check."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise InputError(failure)

    def ranges(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Bytes of each (start, end); zeros and a kept failure where they can't be had."""
        try:
            return self.pages.read(ranges)
        except InputError as error:
            self._failure = str(error)
            return [bytes(end - start) for start, end in ranges]

    def open(self, path: str, mode: str = "r", **options: Any) -> "_Handle":
        """A handle of its own for each that GDAL asks for."""
        del options
        if "w" in mode or "a" in mode or "+" in mode or not self.isfile(path):
            raise FileNotFoundError(path)
        return _Handle(self)

    def isfile(self, path: str) -> bool:
        """Whether the path is that of the file."""
        return PurePosixPath(path).name == PurePosixPath(self.path).name

    def isdir(self, path: str) -> bool:
        """There are no folders."""
        del path
        return False

    def ls(self, path: str) -> list[str]:
        """There is nothing to list."""
        del path
        return []

    def mtime(self, path: str) -> int:
        """Not told: the version is part of the pages' name."""
        del path
        return 0

    def size(self, path: str) -> int:
        """Bytes."""
        if not self.isfile(path):
            raise FileNotFoundError(path)
        return self.pages.stamp.size

    def rm(self, path: str) -> None:
        """Sources are never written to."""
        raise PermissionError(path)


class _Handle:
    """A file-like object with its own position."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        end = self._file.pages.stamp.size if size < 0 else self._at + size
        [data] = self._file.ranges([(self._at, end)])
        self._at += len(data)
        return data

    def get_byte_ranges(self, offsets: list[int], sizes: list[int]) -> list[bytes]:
        """Several pieces, fetched together."""
        return self._file.ranges(
            [(int(a), int(a) + int(n)) for a, n in zip(offsets, sizes, strict=True)]
        )

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        base = {0: 0, 1: self._at, 2: self._file.pages.stamp.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """The place."""
        return self._at

    def close(self) -> None:
        """Nothing to let go of."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_remote(address: str) -> tuple[DatasetReader, RemoteFile]:
    """The dataset, and the file whose `check` is to be asked after each use of it.

    Raises:
        InputError: the file isn't there, or can't be read.
        RasterioError: GDAL can't open what it holds.
    """
    file = RemoteFile(address)
    try:
        dataset = rasterio.open(file.path, opener=file)
    except rasterio.errors.RasterioError:
        file.check()
        raise
    try:
        file.check()
    except InputError:
        dataset.close()
        raise
    return dataset, file
