"""Locks that the operating system holds: they end with the process, however it ends.

Record locks (`fcntl.lockf`, `msvcrt.locking`): no child inherits them, so a worker that outlives
its parent holds nothing; NFS and SMB carry them to other machines. They have one trap: a process
that closes any descriptor of the file gives all of its locks on it back, so nothing here opens a
file that this process holds.
"""

import contextlib
import errno
import json
import os
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
"""What the system says when somebody else has the lock; anything else is a fault."""
_BYTE = 1 << 30
"""The byte that a holder locks, behind the text: what is locked can't be read on Windows."""
_MUTEX = threading.Lock()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, as it wrote into the file."""

    host: str
    pid: int
    since: str
    """By its own clock, to be told; nothing is decided by it."""
    sure: bool = True
    """Whether the system says so; else a file is there and the file system knows no locks."""

    def __str__(self) -> str:
        """Words for a message."""
        return f"process {self.pid} on {self.host}, since {self.since}"


@dataclass(frozen=True, slots=True)
class _Held:
    file: int
    inode: tuple[int, int]
    holder: Holder


_HELD: dict[str, _Held] = {}
"""By the real path of the lock's file."""


def take(path: Path) -> Holder | None:
    """Take the lock of a file, which is made for it; None: it is ours, else who has it.

    A file that a killed process left behind is no lock.

    Raises:
        OSError: the file can't be written.
    """
    with _MUTEX:
        while True:
            found = _held_here(path) or _try(path)
            if not isinstance(found, int):
                return found
            with contextlib.suppress(FileNotFoundError):
                told = path.stat(follow_symlinks=False)
                inode = told.st_dev, told.st_ino
                mine = os.fstat(found)
                if (mine.st_dev, mine.st_ino) == inode:
                    _HELD[os.path.realpath(path)] = _Held(found, inode, _sign(found, path))
                    return None
            os.close(found)  # its holder removed it between our opening and locking it


def give(path: Path) -> None:
    """Give a lock back, and remove its file; nothing happens when it isn't ours."""
    with _MUTEX:
        held = _HELD.pop(os.path.realpath(path), None)
        if held is None:
            return
        if sys.platform == "win32":
            os.close(held.file)  # open, it can't be removed; whoever takes it now keeps it
        with contextlib.suppress(OSError):
            path.unlink()
        if sys.platform != "win32":
            os.close(held.file)


def _held_here(path: Path) -> Holder | None:
    try:
        told = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    inode = told.st_dev, told.st_ino
    return next((held.holder for held in _HELD.values() if held.inode == inode), None)


def _try(path: Path) -> Holder | int:
    """Open and lock a file: its descriptor, or who has it."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    try:
        file, is_new = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), True
    except FileExistsError:
        try:
            file, is_new = os.open(path, flags), False
        except FileNotFoundError:
            return _try(path)
    try:
        if take_byte(file, _BYTE):
            return file
        sure = True
    except OSError:
        if is_new:
            return file  # no locks here: the file stands for one
        sure = False
    holder = _read(file, sure=sure)
    os.close(file)
    return holder


def _sign(file: int, path: Path) -> Holder:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    holder = Holder(_host(), os.getpid(), now)
    told = {"host": holder.host, "pid": holder.pid, "since": now}
    try:
        os.ftruncate(file, 0)
        os.write(file, json.dumps(told).encode())
    except OSError:  # the disk is full
        os.close(file)
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    return holder


def _host() -> str:
    """The machine's name, without loading `socket` for it."""
    return os.environ.get("COMPUTERNAME", "?") if sys.platform == "win32" else os.uname().nodename


def _read(file: int, *, sure: bool) -> Holder:
    try:
        told = json.loads(os.read(file, 4096))
        return Holder(str(told["host"]), int(told["pid"]), str(told["since"]), sure)
    except (OSError, ValueError, KeyError, TypeError):
        return Holder("?", 0, "?", sure)


if sys.platform == "win32":
    import msvcrt

    def _take(file: int, number: int) -> None:
        os.lseek(file, number, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

    def give_byte(file: int, number: int) -> None:
        """Give the lock on a byte back."""
        os.lseek(file, number, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(file: int, number: int) -> None:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number, os.SEEK_SET)

    def give_byte(file: int, number: int) -> None:
        """Give the lock on a byte back."""
        fcntl.lockf(file, fcntl.LOCK_UN, 1, number, os.SEEK_SET)


def take_byte(file: int, number: int) -> bool:
    """Lock a byte of an open file, which need not reach that far, unless another process has it.

    Raises:
        OSError: the file system knows no locks.
    """
    try:
        _take(file, number)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True
