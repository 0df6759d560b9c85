"""A file system that dies: a FUSE server without any library, which a test stops and wakes.

Read only, one folder deep, nothing cached: each stat and each read is a question to the server, as
on a network mount whose caches ran out. While the server stands still, they hang.

Source of the protocol: Linux, include/uapi/linux/fuse.h, version 7.31.
"""

import ctypes
import errno
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _STATFS, _RELEASE = 1, 2, 3, 14, 15, 17, 18
_FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR, _INTERRUPT, _FORGETS = 25, 26, 27, 28, 29, 36, 42
_FIXED = {
    _INIT: struct.pack("<4I2H2I2HI7I", 7, 31, 0, 0, 12, 9, 1 << 17, 1, 32, 0, 0, *[0] * 7),
    _STATFS: struct.pack("<5Q4I6I", 0, 0, 0, 0, 0, 4096, 255, 4096, 0, *[0] * 6),
    _FLUSH: b"", _RELEASE: b"", _RELEASEDIR: b"",
}  # fmt: skip
_DIRECT = 1
_ROOT = 1
_DETACH = 2


class DeadMount:
    """A mounted folder whose server can be stopped."""

    def __init__(self, point: Path, server: "subprocess.Popen[bytes]") -> None:
        self.point, self._server = point, server

    def die(self) -> None:
        """From now on nothing answers; what was asked before is answered."""
        self._order(b"d")

    def come_back(self) -> None:
        """What hangs gets its answer."""
        self._order(b"c")

    def _order(self, what: bytes) -> None:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(what)
        self._server.stdin.flush()
        assert self._server.stdout.readline() == b"done\n"


@contextmanager
def dead_mount(folder: Path, point: Path) -> Iterator[DeadMount | None]:
    """The files of a folder on a mount of their own; None where nobody may mount one."""
    point.mkdir()
    server = subprocess.Popen(
        [sys.executable, __file__, str(folder), str(point)], stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout
    try:
        yield DeadMount(point, server) if server.stdout.readline() == b"mounted\n" else None
    finally:
        server.kill()  # whatever still hangs gets an error now
        server.wait()
        ctypes.CDLL(None).umount2(os.fsencode(point), _DETACH)


def _attributes(path: Path, node: int) -> bytes:
    told = path.stat()
    return struct.pack(
        "<6Q10I", node, told.st_size, (told.st_size + 511) // 512, int(told.st_atime),
        int(told.st_mtime), int(told.st_ctime), 0, told.st_mtime_ns % 10**9,
        told.st_ctime_ns % 10**9, told.st_mode, told.st_nlink, 0, 0, 0, 4096, 0,
    )  # fmt: skip


class _Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = sorted(path.name for path in folder.iterdir())

    def path(self, node: int) -> Path:
        return self.folder if node == _ROOT else self.folder / self.names[node - 2]

    def answer(self, opcode: int, node: int, body: bytes) -> bytes:
        """What the kernel is told.

        Raises:
            OSError: what it is told instead.
        """
        if opcode in {_READ, _READDIR}:
            _, offset, size = struct.unpack_from("<2QI", body)
            return self._read(node, offset, size) if opcode == _READ else self._list(offset, size)
        if opcode == _LOOKUP:
            return self._look_up(body.rstrip(b"\0").decode())
        if opcode == _GETATTR:
            return struct.pack("<Q2I", 0, 0, 0) + _attributes(self.path(node), node)
        if opcode in {_OPEN, _OPENDIR}:
            return struct.pack("<Q2I", node, _DIRECT, 0)
        if opcode not in _FIXED:
            raise OSError(errno.ENOSYS, "unknown")
        return _FIXED[opcode]

    def _look_up(self, name: str) -> bytes:
        if name not in self.names:
            raise FileNotFoundError(errno.ENOENT, name)
        node = self.names.index(name) + 2
        return struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + _attributes(self.path(node), node)

    def _read(self, node: int, offset: int, size: int) -> bytes:
        with self.path(node).open("rb") as file:
            return os.pread(file.fileno(), size, offset)

    def _list(self, offset: int, size: int) -> bytes:
        found = b""
        for number, name in enumerate(self.names[offset:], offset):
            entry = struct.pack("<2Q2I", number + 2, number + 1, len(name), 8) + name.encode()
            entry += bytes(-len(entry) % 8)
            if len(found) + len(entry) > size:
                break
            found += entry
        return found


def _serve(folder: Path, point: Path) -> None:
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"polychip-test", os.fsencode(point), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    os.write(1, b"mounted\n")
    server = _Server(folder)
    while True:
        ready, _, _ = select.select([0, device], [], [])
        if 0 in ready:
            os.read(0, 1)
            os.write(1, b"done\n")
            if os.read(0, 1) != b"c":  # it stands still here
                return
            os.write(1, b"done\n")
            continue
        try:
            asked = os.read(device, 1 << 18)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return
            continue
        _, opcode, unique, node = struct.unpack_from("<2I2Q", asked)
        if opcode in {_FORGET, _FORGETS, _INTERRUPT}:
            continue
        try:
            told, code = server.answer(opcode, node, asked[40:]), 0
        except OSError as error:
            told, code = b"", -(error.errno or errno.EIO)
        os.write(device, struct.pack("<IiQ", 16 + len(told), code, unique) + told)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
