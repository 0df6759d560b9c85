"""Where a dataset that goes to a bucket is made, on this disk."""

import contextlib
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from polychip.errors import OutputError
from polychip.io.atomic import write_text
from polychip.io.remote.pages import cache_folder
from polychip.state import MANIFEST, RunState, lock, release
from polychip.upload.options import StagingOptions

ROOT = "POLYCHIP_STAGING"
"""Variable that names another folder for all of them."""


@dataclass(frozen=True, slots=True)
class Staging:
    """The place of one address: known by it, so that a later run finds what is there."""

    address: str
    home: Path
    """Holds the dataset's folder, the lock and the run's name."""

    @classmethod
    def of(cls, address: str, options: StagingOptions) -> "Staging":
        """The place of an address."""
        asked = options.folder or os.environ.get(ROOT)
        root = Path(asked).expanduser().absolute() if asked else cache_folder() / "staging"
        server = os.environ.get("AWS_S3_ENDPOINT") or os.environ.get("AWS_ENDPOINT_URL") or ""
        name = hashlib.sha256(f"{server}\n{address}".encode()).hexdigest()[:16]
        return cls(address, root / name)

    @property
    def folder(self) -> Path:
        """The dataset."""
        return self.home / "dataset"

    @property
    def state(self) -> RunState:
        """Of the dataset."""
        return RunState(self.folder)

    @property
    def status(self) -> str | None:
        """'running', 'updating' or 'done'; None where nothing is."""
        told = (self.state.read("run.json") or {}).get("status")
        if told == "done" and not (self.folder / MANIFEST).exists():
            return "running"
        return None if told is None else str(told)

    @property
    def run(self) -> str:
        """The name under which this place claims its address."""
        path = self.home / "run"
        with contextlib.suppress(OSError):
            return path.read_text(encoding="utf-8")
        write_text(path, secrets.token_hex(8))
        return path.read_text(encoding="utf-8")

    @property
    def free_bytes(self) -> int:
        """Free on its disk."""
        return shutil.disk_usage(self.home).free

    def lock(self) -> None:
        """Keep other processes of this machine out.

        Raises:
            OutputError: one is here, or the folder can't be written.
        """
        try:
            lock(RunState(self.home))
        except OutputError as error:
            if "another run" not in str(error):
                raise OutputError(f"{error} in {ROOT} or with --staging") from error
            raise OutputError(str(error).replace(str(self.home), self.address)) from error

    def release(self) -> None:
        """Let others in; nothing stays where nothing is left."""
        release(RunState(self.home))
        if not self.folder.exists():
            shutil.rmtree(self.home, ignore_errors=True)

    def clear(self) -> None:
        """Remove the dataset; it is gone at once, so a kill leaves no half of it under its name."""
        gone = self.home / "gone"
        shutil.rmtree(gone, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
