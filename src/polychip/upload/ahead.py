"""Chips are sent while others are still being made."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from polychip.blocks.jobs import BlockRecord
from polychip.errors import PolychipError
from polychip.io.remote.bucket import Bucket, Stored, stored_as
from polychip.mirror import AT_ONCE

_MOST: Final = 20_000
"""Files that may wait; what comes while so many do is left to the transfer."""

_FOLDERS: Final = 32


class Ahead:
    """Sends files of finished blocks; whatever it leaves or fails at, the transfer sends."""

    def __init__(self, bucket: Bucket, folder: Path, *, is_first: bool) -> None:
        """Nothing is sent yet.

        Args:
            bucket: where to; it holds no dataset.
            folder: where the dataset is being made.
            is_first: whether no earlier run has sent anything.
        """
        self._bucket, self._folder, self._is_first = bucket, folder, is_first
        self._known: dict[str, dict[str, Stored]] = {}
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._lock = threading.Lock()
        self._waiting = 0
        self._failed = False
        self.n_sent = self.bytes_sent = 0
        self.began = False
        """Whether anything may have reached the bucket."""

    def take(self, record: BlockRecord) -> None:
        """Send a block's files, some time."""
        for name in record.paths():
            if self._failed or self._waiting >= _MOST:
                return
            with self._lock:
                self._waiting += 1
            self._pool.submit(self._send, name)

    def end(self) -> None:
        """Wait for what is being sent; what still waits is left."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send(self, name: str) -> None:
        if self._failed:
            return
        self.began = True
        path = self._folder / name
        try:
            is_there = not self._is_first and self._there(name) == stored_as(path)
            sent = None if is_there else self._bucket.upload(path, name)
        except (PolychipError, OSError):  # told by the transfer, if it lasts
            self._failed = True
            return
        with self._lock:
            self._waiting -= 1
            if sent is not None:
                self.n_sent += 1
                self.bytes_sent += sent.size

    def _there(self, name: str) -> Stored | None:
        """What an earlier run sent under a name; folders that were asked for last are kept."""
        folder = name.rpartition("/")[0]
        with self._lock:
            known = self._known.pop(folder, None)
            if known is None:
                known = self._bucket.folder(folder)[0]
            self._known[folder] = known
            if len(self._known) > _FOLDERS:
                self._known.pop(next(iter(self._known)))
        return known.get(name)
