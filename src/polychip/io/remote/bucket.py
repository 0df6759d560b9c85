"""A folder of objects in a bucket: listed, read, written, removed; asked again where it fails."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from polychip.errors import OutputError
from polychip.io.remote.store import UnansweredError, ask, bucket_store, reason

T = TypeVar("T")

PART_BYTES: Final = 16 * 2**20
"""Larger files go up in parts of this size, or of more where they would be too many."""
_MOST_PARTS: Final = 9_000
"""S3 takes 10,000."""
_PARTS_AT_ONCE: Final = 4
_STATUS: Final = re.compile(r"status code: (\d{3})")
_ROLE: Final = re.compile(r"/latest/(api/token|meta-data)")
"""Without keys in the environment, a machine's role is asked for them."""
_AT_ONCE: Final = 1000
"""Objects that one request removes."""


class GoneError(OutputError):
    """A server did not do what it was asked for, however often."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the server tells it."""

    size: int
    """Bytes."""
    tag: str
    """The ETag without its quotes; '' where there is none."""


def stored_as(path: Path) -> Stored:
    """What a store that tells MD5s says of a file once it is there, in parts or as one.

    Raises:
        OSError: it can't be read.
    """
    size = path.stat().st_size
    step = part_bytes(size)
    with path.open("rb") as file:
        if size <= step:
            return Stored(size, hashlib.md5(file.read(), usedforsecurity=False).hexdigest())
        parts = [
            hashlib.md5(piece, usedforsecurity=False).digest()
            for piece in iter(lambda: file.read(step), b"")
        ]
    whole = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return Stored(size, f"{whole}-{len(parts)}")


def part_bytes(size: int) -> int:
    """Bytes of each part of a file; one that is no larger goes up as one."""
    mib = 2**20
    return max(PART_BYTES, -(-size // _MOST_PARTS // mib) * mib)


class Bucket:
    """Objects below an address, by their names there."""

    def __init__(self, address: str) -> None:
        """No request is made yet.

        Args:
            address: s3://BUCKET or s3://BUCKET/PREFIX.

        Raises:
            InputError: the library that talks to servers is not installed.
        """
        self.address = address.rstrip("/")
        parts = urlsplit(self.address)
        self._bucket, self._prefix = parts.netloc, unquote(parts.path.strip("/"))
        self._store = bucket_store(self._bucket)

    def first(self, n: int) -> list[str]:
        """Names of a few objects, if there are any.

        Raises:
            OutputError: they can't be listed.
        """
        import obstore

        def listed() -> list[Any]:
            stream = obstore.list(self._store, self._prefix or None, chunk_size=n)
            return list(next(iter(stream), []))

        return [self._name(entry["path"]) for entry in self._do(listed, "list")]

    def find(self, wanted: Callable[[str], bool]) -> list[str]:
        """Names of the objects that are wanted, sorted; the others are not kept in memory.

        Raises:
            OutputError: they can't be listed.
        """
        import obstore

        def listed() -> list[str]:
            stream = obstore.list(self._store, self._prefix or None, chunk_size=_AT_ONCE)
            names = (self._name(entry["path"]) for batch in stream for entry in batch)
            return sorted(name for name in names if wanted(name))

        return self._do(listed, "list")

    def folder(self, name: str) -> tuple[dict[str, Stored], list[str]]:
        """The objects right below a name ('' for the address itself), and the folders there.

        Raises:
            OutputError: they can't be listed.
        """
        import obstore

        def listed() -> Any:
            return obstore.list_with_delimiter(self._store, self._key(name) or None)

        found = self._do(listed, "list")
        objects = {
            self._name(entry["path"]): Stored(entry["size"], (entry["e_tag"] or "").strip('"'))
            for entry in found["objects"]
        }
        return objects, [self._name(path) for path in found["common_prefixes"]]

    def read(self, name: str) -> bytes | None:
        """An object's bytes; None where there is none.

        Raises:
            OutputError: it can't be read.
        """
        import obstore
        from obstore.exceptions import NotFoundError

        def get() -> bytes | None:
            try:
                return bytes(obstore.get(self._store, self._key(name)).bytes())
            except (NotFoundError, FileNotFoundError):
                return None

        return self._do(get, "read")

    def copy_to(self, name: str, target: Path) -> None:
        """Copy an object into a file, which appears when it is whole.

        Raises:
            OutputError: it can't be read, or the file can't be written.
        """
        import obstore

        from polychip.io.atomic import replacing

        def get() -> None:
            with replacing(target) as part, part.open("wb") as file:
                for piece in obstore.get(self._store, self._key(name)):
                    file.write(piece)

        self._do(get, "read")

    def write(self, name: str, data: bytes) -> Stored:
        """Store a small object.

        Raises:
            OutputError: it can't be written.
        """
        import obstore

        def put() -> Any:
            return obstore.put(self._store, self._key(name), data, use_multipart=False)

        return Stored(len(data), (self._do(put, "write")["e_tag"] or "").strip('"'))

    def write_new(self, name: str, data: bytes) -> bool:
        """Store a small object unless there is one of that name; whether it was stored.

        Also false where the answer to a first try was lost: then it holds these bytes.

        Raises:
            OutputError: it can't be written.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, NotSupportedError

        def put() -> bool:
            try:
                obstore.put(self._store, self._key(name), data, mode="create")
            except AlreadyExistsError:
                return False
            except NotSupportedError:  # an older server: look, then write
                if self.read(name) is not None:
                    return False
                self.write(name, data)
            return True

        return self._do(put, "write")

    def upload(self, path: Path, name: str) -> Stored:
        """Store a file, a large one in parts; what the server says of it then.

        Raises:
            OutputError: it can't be written.
            OSError: the file can't be read.
        """
        import obstore

        size = path.stat().st_size
        step, key = part_bytes(size), self._key(name)

        def put() -> Any:
            if size <= step:
                return obstore.put(self._store, key, path.read_bytes(), use_multipart=False)
            return obstore.put(
                self._store, key, path, chunk_size=step, max_concurrency=_PARTS_AT_ONCE
            )

        return Stored(size, (self._do(put, "write")["e_tag"] or "").strip('"'))

    def remove(self, names: Sequence[str]) -> None:
        """Remove objects; those that are gone already are fine.

        Raises:
            OutputError: they can't be removed.
        """
        import obstore

        for first in range(0, len(names), _AT_ONCE):
            keys = [self._key(name) for name in names[first : first + _AT_ONCE]]
            self._do(lambda keys=keys: obstore.delete(self._store, keys), "remove")  # type: ignore[misc]

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}".strip("/")

    def _name(self, key: str) -> str:
        return key[len(self._prefix) + 1 :] if self._prefix else key

    def _do(self, request: Callable[[], T], doing: str) -> T:
        """Make a request; what goes wrong is told with what to do."""
        import obstore.exceptions as e

        def made() -> T:
            try:
                return request()
            except e.GenericError as error:
                if _ROLE.search(str(error)):
                    raise e.UnauthenticatedError(str(error)) from error
                known = _by_status(error)
                if known is None:
                    raise
                raise known from error

        try:
            return ask(made, self._bucket)
        except (e.NotFoundError, FileNotFoundError) as error:
            raise OutputError(
                f"{self.address}: there is no bucket '{self._bucket}' ({reason(error)}); make it, "
                "or check the address, AWS_S3_ENDPOINT and AWS_REGION"
            ) from error
        except (e.PermissionDeniedError, e.UnauthenticatedError) as error:
            raise self._refused(error, doing) from error
        except UnansweredError as error:
            raise GoneError(
                f"{self.address}: the server does not {doing} it ({error}); try again "
                "when it answers"
            ) from error
        except e.BaseError as error:
            raise OutputError(
                f"{self.address}: the server does not {doing} it ({reason(error)})"
            ) from error

    def _refused(self, error: Exception, doing: str) -> OutputError:
        if _ROLE.search(str(error)):
            return OutputError(
                f"{self.address}: no keys were found; set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY in the environment, and AWS_SESSION_TOKEN where there is one"
            )
        return OutputError(
            f"{self.address}: the server refuses to {doing} it ({reason(error)}); check the keys "
            "in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), and "
            "that they may list, read, write and delete there"
        )


def _by_status(error: Exception) -> Exception | None:
    """What a listing's failure means: obstore tells only that of other requests apart."""
    import obstore.exceptions as e

    kinds = {
        "401": e.UnauthenticatedError, "403": e.PermissionDeniedError, "404": e.NotFoundError,
        "501": e.NotSupportedError,
    }  # fmt: skip
    status = _STATUS.search(str(error))
    kind = kinds.get(status[1]) if status else None
    return kind(str(error)) if kind else None
