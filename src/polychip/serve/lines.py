"""Lines of two pipes: read without ever holding an endless one, written whole."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any

_CHUNK = 2**16


def read_lines(handle: int, limit: int) -> Iterator[bytes | None]:
    """Each line without its end; None for a line of more than `limit` bytes, which is passed over.

    The iterator ends when the other side closes the pipe; a last line without an end counts.
    """
    held: list[bytes] = []
    size = 0
    while chunk := os.read(handle, _CHUNK):
        *ends, rest = chunk.split(b"\n")
        for part in ends:
            yield b"".join([*held, part]) if size + len(part) <= limit else None
            held, size = [], 0
        size += len(rest)
        if size <= limit:
            held.append(rest)
        else:
            held.clear()
    if size:
        yield b"".join(held) if size <= limit else None


class LineWriter:
    """Writes JSON lines to a pipe, from any thread, never half a line between others."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self.broken = threading.Event()
        """Set once nobody reads any more."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one message; nothing happens once the reader has gone."""
        data = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
        view = memoryview(data.encode("utf-8", "backslashreplace") + b"\n")
        with self._lock:
            while view and not self.broken.is_set():
                try:
                    view = view[os.write(self._handle, view) :]
                except OSError:
                    self.broken.set()
