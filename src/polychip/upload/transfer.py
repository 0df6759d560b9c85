"""Files of a folder become objects: what is there already stays, the manifest comes last."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from polychip.errors import Interrupted, OutputError
from polychip.io.remote.bucket import Bucket, Stored, stored_as
from polychip.mirror import AT_ONCE, KEPT_STATE, own_formats
from polychip.reporter import Reporter
from polychip.state import MANIFEST, STATE, is_own
from polychip.upload.claim import CLAIM, Claim

_CHECK_S: Final = 30.0
"""Seconds between looks at whether the claim is still there."""


class Transfer:
    """Makes a bucket's folder hold what a dataset's folder does."""

    def __init__(
        self,
        bucket: Bucket,
        folder: Path,
        claim: Claim,
        reporter: Reporter,
        instead: Mapping[str, Path],
    ) -> None:
        """Nothing is sent yet.

        Args:
            bucket: where to.
            folder: a whole dataset.
            claim: this run's.
            reporter: hears progress.
            instead: files that stand for some of the dataset's, by name.
        """
        self._bucket, self._folder, self._claim = bucket, folder, claim
        self._reporter, self._instead = reporter, instead
        self._lock, self._checked = threading.Lock(), time.monotonic()
        self._is_first = False
        self.wrote = False
        """Whether anything in the bucket was changed."""
        self.n_sent = self.bytes_sent = self.n_removed = 0

    def carry(self) -> None:
        """Send what is missing or differs, remove what is left of an older dataset.

        Raises:
            OutputError: the server refuses or is gone, or another run took over.
            Interrupted: Ctrl-C.
        """
        others = [name for name in self._bucket.first(2) if name != CLAIM]
        self._is_first = not others
        total = 1 + sum(len(names) for _, names in self._folders())
        self._reporter.start(total, 0, "file")
        try:
            self._send_all()
            if not self._is_first:
                self._remove_strays()
            self._claim.check()
            self._send(MANIFEST, self._bucket.folder("")[0].get(MANIFEST))
            self._reporter.advance(1)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; {self.n_sent:,} of {total:,} files were sent to "
                f"{self._bucket.address}, all are kept in {self._folder}: go on with --resume"
            ) from None
        finally:
            self._reporter.finish()

    def _folders(self) -> Iterator[tuple[str, list[str]]]:
        """Folders below the dataset's and their files, without the manifest and the state."""
        for path, folders, files in os.walk(self._folder):
            folder = Path(path).relative_to(self._folder).as_posix().removeprefix(".")
            if not folder:
                folders.remove(STATE)
                files.remove(MANIFEST)
            folders.sort()
            yield folder, sorted(f"{folder}/{file}".lstrip("/") for file in files)
        if (self._folder / KEPT_STATE).exists():
            yield STATE, [KEPT_STATE]

    def _path(self, name: str) -> Path:
        return self._instead.get(name, self._folder / name)

    def _send_all(self) -> None:
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            pending: set[Future[None]] = set()
            for folder, names in self._folders():
                known = {} if self._is_first or not names else self._bucket.folder(folder)[0]
                for name in names:
                    pending.add(pool.submit(self._send, name, known.get(name)))
                    if len(pending) >= 4 * AT_ONCE:
                        pending = self._collect(pending)
            while pending:
                pending = self._collect(pending)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _collect(self, pending: set[Future[None]]) -> set[Future[None]]:
        """Wait until something is done; returns what is not."""
        done, left = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        self._reporter.advance(len(done))
        if time.monotonic() - self._checked >= _CHECK_S:
            self._claim.check()
            self._checked = time.monotonic()
        return left

    def _send(self, name: str, known: Stored | None) -> None:
        """Send a file unless the object is the same already."""
        path = self._path(name)
        file = stored_as(path)
        if known == file:
            return
        self._begin()
        sent = self._bucket.upload(path, name)
        if self._claim.tells_md5 and "-" not in file.tag and sent.tag != file.tag:
            raise OutputError(
                f"{self._bucket.address}/{name}: other bytes arrived than were sent (MD5 "
                f"{sent.tag} instead of {file.tag}); send it again with --resume"
            )
        with self._lock:
            self.n_sent += 1
            self.bytes_sent += file.size

    def _begin(self) -> None:
        """Before the first change the dataset that is there stops being one."""
        with self._lock:
            if not self.wrote:
                if not self._is_first:
                    self._bucket.remove([MANIFEST])
                self.wrote = True

    def _remove_strays(self) -> None:
        """Remove objects of an older dataset that this one doesn't have; foreign ones stay."""
        formats = own_formats(self._bucket)

        def is_stray(name: str) -> bool:
            is_old = is_own(name, formats) or name == KEPT_STATE
            return is_old and name != MANIFEST and not self._path(name).is_file()

        strays = self._bucket.find(is_stray)
        if strays:
            self._begin()
            self._bucket.remove(strays)
            self.n_removed = len(strays)
