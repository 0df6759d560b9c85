"""Pages of remote files on this disk: each is fetched once, whichever process wants it first.

A version of a file has a folder of its own, named by address, size and ETag, so what is held
never grows stale. In it lies a file for each page of 64 KiB that came in. Who fetches a page holds
a lock on one byte of the file `lock`, which the system takes back from a process that dies; nobody
waits for a lock while holding one. Pages outlive the run: a resumed one asks for none again. The
oldest go when all together exceed POLYCHIP_CACHE_MB.
"""

import contextlib
import functools
import hashlib
import itertools
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from polychip.addresses import file_name
from polychip.errors import InputError, OutputError
from polychip.io.atomic import replacing, write_bytes
from polychip.io.remote.store import NoAnswerError, Server, Stamp

PAGE_BYTES: Final = 64 * 1024
PIECE_PAGES: Final = 32
"""Most pages that one request asks for: 2 MiB."""
AT_ONCE: Final = 8
"""Requests that a process makes at a time."""
CACHE_MB: Final = 8192
_HOT_PAGES: Final = 64
"""Pages that are kept in memory, for headers, which are read bit by bit."""
_PRUNE_EVERY: Final = 1024
"""Pages that a process writes before it looks at how much is held."""
_PRUNE_TO: Final = 0.8
_PER_FOLDER: Final = 1000
_FOLDER: Final = re.compile(r"[0-9a-f]{32}\b")
_POLL_S: Final = 0.02
_WRITTEN = itertools.count()


def cache_folder() -> Path:
    """Where pages are kept: POLYCHIP_CACHE, else the user's own cache folder."""
    asked = os.environ.get("POLYCHIP_CACHE")
    if asked:
        return Path(asked)
    usual = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(usual) if usual else Path.home() / ".cache") / "polychip"


class Pages:
    """The bytes of one version of a remote file; used by a thread at a time."""

    def __init__(self, server: Server, stamp: Stamp) -> None:
        """Make the folder that its pages are kept in.

        Raises:
            InputError: it can't be written.
        """
        self.server, self.stamp = server, stamp
        told = f"{server.name}\n{stamp.size}\n{stamp.version}"
        name = hashlib.sha256(told.encode()).hexdigest()[:32]
        self.folder = cache_folder() / name
        self._hot: OrderedDict[int, bytes] = OrderedDict()
        self._failed: dict[int, str] = {}
        self._first_lock = int(name[:8], 16) << 30
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._locks = _locks(self.folder.parent)
        except OSError as error:
            raise InputError(
                f"{self.folder}: what is read of {server.name} can't be kept here "
                f"({error.strerror or error}); name another folder in POLYCHIP_CACHE"
            ) from error

    def read(self, ranges: Iterable[tuple[int, int]]) -> list[bytes]:
        """The bytes of each (start, end); what isn't here is fetched, all of it at once.

        Raises:
            InputError: some can't be had.
        """
        asked = [(max(0, a), min(b, self.stamp.size)) for a, b in ranges]
        wanted = sorted({page for a, b in asked for page in _pages(a, b)})
        held = self._get(wanted)
        return [self._cut(held, a, b) for a, b in asked]

    @staticmethod
    def _cut(held: dict[int, bytes], start: int, end: int) -> bytes:
        if start >= end:
            return b""
        pages = _pages(start, end)
        whole = b"".join(held[page] for page in pages)
        first = pages[0] * PAGE_BYTES
        return whole[start - first : end - first]

    def _get(self, wanted: list[int]) -> dict[int, bytes]:
        held: dict[int, bytes] = {}
        while True:
            for page in wanted:
                if page not in held and (data := self._held(page)) is not None:
                    held[page] = data
            missing = [page for page in wanted if page not in held]
            for page in missing:
                if page in self._failed:
                    raise InputError(self._failed[page])
            if not missing:
                return held
            mine = [page for page in missing if self._locks.take(self._first_lock + page)]
            try:
                # somebody may have brought one between the look and the lock
                held.update(self._fetch([page for page in mine if self._held(page) is None]))
            finally:
                for page in mine:
                    self._locks.give(self._first_lock + page)
            theirs = next((page for page in missing if page not in held), None)
            if theirs is not None:
                self._locks.wait(self._first_lock + theirs)

    def _fetch(self, pages: list[int]) -> dict[int, bytes]:
        """Fetch pages by few requests; a page that can't be had is not asked for again."""
        came: dict[int, bytes] = {}
        failure: InputError | None = None
        with ThreadPoolExecutor(AT_ONCE) as pool:
            calls = [pool.submit(self._piece, first, last) for first, last in _runs(pages)]
            for call in as_completed(calls):
                found, failed = call.result()
                came.update(found)
                failure = failure or failed
        for page, data in came.items():
            self._keep(page, data)
        if failure is not None:
            self._failed.update({page: str(failure) for page in pages if page not in came})
            raise failure
        return came

    def _piece(self, first: int, last: int) -> tuple[dict[int, bytes], InputError | None]:
        """Neighbouring pages by one request; where that fails, those that can be had one by one."""
        try:
            return self._ask(first, last), None
        except NoAnswerError as error:
            failure = error
        except InputError as error:
            return {}, error
        came: dict[int, bytes] = {}
        for page in range(first, last + 1) if last > first else ():
            if not self.server.is_given_up:
                with contextlib.suppress(NoAnswerError):
                    came.update(self._ask(page, page, once=True))
        return came, None if len(came) == last - first + 1 else failure

    def _ask(self, first: int, last: int, *, once: bool = False) -> dict[int, bytes]:
        start, end = first * PAGE_BYTES, min((last + 1) * PAGE_BYTES, self.stamp.size)
        data = self.server.piece(start, end, self.stamp, once=once)
        return {
            page: data[(page - first) * PAGE_BYTES : (page - first + 1) * PAGE_BYTES]
            for page in range(first, last + 1)
        }

    def _path(self, page: int) -> str:
        return f"{self.folder}/{page // _PER_FOLDER}/{page}"

    def _held(self, page: int) -> bytes | None:
        if page in self._hot:
            self._hot.move_to_end(page)
            return self._hot[page]
        try:
            with open(self._path(page), "rb") as file:  # noqa: PTH123 - hot
                data = file.read()
        except OSError:
            return None
        if len(data) != min(PAGE_BYTES, self.stamp.size - page * PAGE_BYTES):
            return None  # cut off by a power failure
        self._warm(page, data)
        return data

    def _warm(self, page: int, data: bytes) -> None:
        self._hot[page] = data
        while len(self._hot) > _HOT_PAGES:
            self._hot.popitem(last=False)

    def _keep(self, page: int, data: bytes) -> None:
        """Store a page; where the disk is full, it is fetched again when it is wanted again."""
        self._warm(page, data)
        with contextlib.suppress(Exception):
            write_bytes(self._path(page), data)
        if next(_WRITTEN) % _PRUNE_EVERY == 0:
            _prune()


def download(address: str) -> str:
    """A copy of a whole file, for what can't be read in pieces; its path.

    Raises:
        InputError: it can't be had or kept.
    """
    server = Server(address)
    pages = Pages(server, server.stamp())
    target = pages.folder / "whole" / (file_name(address) or "file")
    size = pages.stamp.size
    if not target.is_file() or target.stat().st_size != size:
        step = AT_ONCE * PIECE_PAGES * PAGE_BYTES
        try:
            with replacing(target) as part, part.open("wb") as file:
                for start in range(0, size, step):
                    file.write(pages.read([(start, min(start + step, size))])[0])
        except OutputError as error:
            raise InputError(f"{server.name} can't be copied here: {error}") from error
    return str(target)


def _pages(start: int, end: int) -> range:
    return range(start // PAGE_BYTES, -(-end // PAGE_BYTES)) if end > start else range(0)


def _runs(pages: list[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of pages that follow each other, none longer than a piece."""
    first = last = None
    for page in pages:
        if first is None or last is None:
            first = last = page
        elif page == last + 1 and page - first < PIECE_PAGES:
            last = page
        else:
            yield first, last
            first = last = page
    if first is not None and last is not None:
        yield first, last


def _prune() -> None:
    """Remove the pages that came in first, until what is held is well below the limit."""
    root = cache_folder()
    limit = float(os.environ.get("POLYCHIP_CACHE_MB") or CACHE_MB) * 2**20
    found: list[tuple[float, int, str]] = []
    for folder, _, files in os.walk(root):
        if not _FOLDER.match(f"{os.path.relpath(folder, root)}"):
            continue
        for file in files:
            with contextlib.suppress(OSError):
                told = os.stat(f"{folder}/{file}")  # noqa: PTH116 - many
                found.append((told.st_mtime, told.st_size, f"{folder}/{file}"))
    total = sum(size for _, size, _ in found)
    if total <= limit:
        return
    for _, size, path in sorted(found):
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108
        total -= size
        if total <= limit * _PRUNE_TO:
            break
    for folder, _, _ in os.walk(root, topdown=False):
        if not _FOLDER.match(os.path.relpath(folder, root)):
            continue
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106 - only where nothing is left


class _Locks:
    """Locks on single bytes of a file, between processes and threads; a dead process has none."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._mutex = threading.Lock()
        self._mine: set[int] = set()

    def take(self, number: int) -> bool:
        """Take a lock, unless somebody has it."""
        with self._mutex:
            if number in self._mine or not _lock_byte(self._file, number):
                return False
            self._mine.add(number)
            return True

    def give(self, number: int) -> None:
        """Give a lock back."""
        with self._mutex:
            self._mine.discard(number)
            _unlock_byte(self._file, number)

    def wait(self, number: int) -> None:
        """Wait until nobody has it."""
        while not self.take(number):
            time.sleep(_POLL_S)
        self.give(number)


@functools.cache
def _locks(root: Path) -> _Locks:
    """One for each process: closing the file anywhere would give back all that it holds."""
    return _Locks(root / "lock")


if sys.platform == "win32":
    import msvcrt

    def _lock_byte(file: int, number: int) -> bool:
        os.lseek(file, number, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock_byte(file: int, number: int) -> None:
        os.lseek(file, number, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock_byte(file: int, number: int) -> bool:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number, os.SEEK_SET)
        except OSError:
            return False
        return True

    def _unlock_byte(file: int, number: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, number, os.SEEK_SET)
