"""Datasets in buckets read here: copied file by file as they are wanted, or as a whole."""

import atexit
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from polychip.addresses import is_bucket, plain_address
from polychip.errors import InputError, OutputError
from polychip.format_list import CONVERSION, FORMATS_FOLDER
from polychip.io.remote.bucket import Bucket
from polychip.io.remote.pages import cache_folder
from polychip.reporter import Reporter
from polychip.state import MANIFEST, STATE, is_own

AT_ONCE: Final = 16
"""Objects that are copied at a time."""
KEPT_STATE: Final = f"{STATE}/inputs.npz"
"""What an update compares; digests and boxes of labels, nothing of this machine."""


def own_formats(bucket: Bucket) -> list[str]:
    """Names of the further formats of a dataset in a bucket.

    Raises:
        OutputError: the server refuses or is gone.
    """
    _, folders = bucket.folder(FORMATS_FOLDER)
    return [
        folder.rpartition("/")[2]
        for folder in folders
        if f"{folder}/{CONVERSION}" in bucket.folder(folder)[0]
    ]


def copy_dataset(bucket: Bucket, folder: Path, reporter: Reporter) -> None:
    """Copy a dataset into a folder, the manifest last.

    Raises:
        OutputError: the server refuses or is gone, or the disk is full.
    """
    formats = own_formats(bucket)
    names = bucket.find(lambda name: is_own(name, formats) or name == KEPT_STATE)
    reporter.start(len(names), 0, "file")
    try:
        for _ in _copied(bucket, folder, (name for name in names if name != MANIFEST)):
            reporter.advance(1)
        bucket.copy_to(MANIFEST, folder / MANIFEST)
    finally:
        reporter.finish()


def _copied(bucket: Bucket, folder: Path, names: Iterable[str]) -> Iterator[None]:
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(lambda name: bucket.copy_to(name, folder / name), names)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class Mirror:
    """Files of a dataset in a bucket, copied when they are wanted; gone when the program ends."""

    def __init__(self, address: str) -> None:
        """Nothing is copied yet.

        Raises:
            InputError: there is no dataset, or the library that talks to servers is missing.
        """
        self._bucket = Bucket(plain_address(address))
        self.address = self._bucket.address
        root = cache_folder() / "copies"
        try:
            root.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=root))
        except OSError as error:
            raise InputError(
                f"{root}: what is read of {self.address} can't be kept here "
                f"({error.strerror or error}); name another folder in POLYCHIP_CACHE"
            ) from error
        atexit.register(self.close)
        try:
            manifest = self._bucket.read(MANIFEST)
            begun = manifest is None and self._bucket.first(1)
        except OutputError as error:
            self.close()
            raise InputError(str(error)) from error
        if manifest is None:
            self.close()
            state = " (an unfinished run may be there: go on with --resume)" if begun else ""
            raise InputError(f"{self.address}: no dataset here: {MANIFEST} is missing{state}")
        (self.folder / MANIFEST).write_bytes(manifest)

    def close(self) -> None:
        """Remove the copies."""
        atexit.unregister(self.close)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fetch(self, names: Iterable[str]) -> None:
        """Make sure that files are in the folder, as far as they are in the bucket.

        Raises:
            InputError: one can't be had.
        """
        missing = [name for name in names if not (self.folder / name).exists()]
        with _read_errors():
            for _ in _copied(self._bucket, self.folder, missing):
                pass

    def fetch_all(self, reporter: Reporter) -> None:
        """Copy all of it.

        Raises:
            InputError: something can't be had.
        """
        with _read_errors():
            copy_dataset(self._bucket, self.folder, reporter)


@contextmanager
def _read_errors() -> Iterator[None]:
    """Whoever reads is told of inputs."""
    try:
        yield
    except OutputError as error:
        raise InputError(str(error)) from error


@contextmanager
def local_dataset(dataset: str, reporter: Reporter) -> Iterator[Path]:
    """The folder of a dataset; of one in a bucket, a copy for as long as it is used.

    Raises:
        InputError: there is none in the bucket, or it can't be had.
    """
    if not is_bucket(plain_address(dataset)):
        yield Path(dataset)
        return
    mirror = Mirror(dataset)
    reporter.note(f"{mirror.address} is copied to {mirror.folder} first, and removed there after")
    try:
        mirror.fetch_all(reporter)
        yield mirror.folder
    finally:
        mirror.close()


def growing_dataset(dataset: str) -> Path:
    """The folder of a dataset that scenes are added to.

    Raises:
        InputError: it is in a bucket.
    """
    if is_bucket(plain_address(dataset)):
        raise InputError(
            f"{dataset}: scenes are added to a dataset on disk; put them into its recipe and give "
            f"polychip run RECIPE -o {dataset} --update, with split.frozen where splits must stay"
        )
    return Path(dataset)
