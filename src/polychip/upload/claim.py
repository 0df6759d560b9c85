"""Who writes at an address: an object that only one run can make."""

import hashlib
import json

from polychip.errors import OutputError
from polychip.io.remote.bucket import Bucket
from polychip.state import STATE

CLAIM = f"{STATE}/claim.json"
_MEANING = "a Polychip run is writing here, or was stopped; polychip run … --resume goes on with it"


class Claim:
    """The right to write at an address."""

    def __init__(self, bucket: Bucket, run: str) -> None:
        """Nothing is taken yet.

        Args:
            bucket: the address.
            run: the run's name, the same when it is resumed.
        """
        self._bucket = bucket
        self._data = json.dumps({"meaning": _MEANING, "run": run}).encode()
        self.is_new = False
        """Whether there was none before this run's."""
        self.tells_md5 = False
        """Whether the server's tags are MD5s, so that they tell what it has got."""

    def take(self, *, over: bool) -> bool:
        """Take it; whether it was another run's before.

        Args:
            over: take another run's.

        Raises:
            OutputError: another run has it, or it can't be written.
        """
        self.is_new = self._bucket.write_new(CLAIM, self._data)
        taken = not self.is_new and self._bucket.read(CLAIM) != self._data
        if taken and not over:
            raise OutputError(
                f"{self._bucket.address}: another run has begun to write here; wait for it, or "
                "take over with --resume or --overwrite if it was stopped"
            )
        if taken:
            self._bucket.write(CLAIM, self._data)
        told = self._bucket.folder(STATE)[0].get(CLAIM)
        wanted = hashlib.md5(self._data, usedforsecurity=False).hexdigest()
        self.tells_md5 = told is not None and told.tag == wanted
        return taken

    def check(self) -> None:
        """Make sure that it is still this run's.

        Raises:
            OutputError: another one took it.
        """
        if self._bucket.read(CLAIM) != self._data:
            raise OutputError(
                f"{self._bucket.address}: another run took over with --resume or --overwrite, so "
                "this one stops"
            )

    def release(self) -> None:
        """Give it back."""
        self._bucket.remove([CLAIM])
