"""Files on servers: what they are, and pieces of them; asked again where a server fails."""

import base64
import functools
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from polychip.addresses import public
from polychip.errors import InputError

if TYPE_CHECKING:
    from obstore.store import HTTPStore, S3Store

T = TypeVar("T")

LONGEST_WAIT_S: Final = 30.0
_IN_A_ROW: Final = 3
"""After so many failures without a success between them, a server is asked once, not again."""
_DETAIL: Final = re.compile(r"Error performing [A-Z]+ \S+ in \S+ - ")
_EPOCH: Final = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long servers are waited for; the environment's names are GDAL's."""

    retries: int
    """How often a request that fails is made again."""
    first_wait_s: float
    """Before the first of them; doubled each time."""
    connect_s: float
    request_s: float
    """Until a piece is there, from the first byte of the request to the last of the answer."""


def patience() -> Patience:
    """As the environment has it, else the defaults."""
    return Patience(
        retries=int(_number("GDAL_HTTP_MAX_RETRY", 5)),
        first_wait_s=_number("GDAL_HTTP_RETRY_DELAY", 0.5),
        connect_s=_number("GDAL_HTTP_CONNECTTIMEOUT", 10),
        request_s=_number("GDAL_HTTP_TIMEOUT", 60),
    )


def _number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InputError(f"{name} is '{text}' in the environment; a number from 0 up was expected")
    return value


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which version of a file a server has."""

    size: int
    """Bytes."""
    version: str
    """Its ETag, else when it was last modified."""
    etag: str | None

    @property
    def content_id(self) -> str:
        """For a manifest: the same wherever and by whatever address the file is read."""
        digest = hashlib.sha256(f"{self.size}:{self.version}".encode()).hexdigest()
        return f"remote-sha256:{digest}"


class NoAnswerError(InputError):
    """A server did not give what it was asked for, however often."""


class Server:
    """One file on a server."""

    def __init__(self, address: str) -> None:
        """No request is made yet."""
        self.address = address
        self.name = public(address)
        self._store, self._key = _store(address, patience())

    def stamp(self) -> Stamp:
        """What the server says of the file now.

        Raises:
            InputError: it isn't there, may not be read, or nothing tells one version from another.
        """
        return self._told(self._ask(self._head))

    @property
    def is_given_up(self) -> bool:
        """Whether it failed so often in a row that it is no longer asked twice."""
        return _fuse(urlsplit(self.address).netloc).blown

    def piece(self, start: int, end: int, stamp: Stamp, *, once: bool = False) -> bytes:
        """Bytes from start up to end; with `once` they are not asked for again.

        Raises:
            InputError: they are of another version, or may not be read.
            NoAnswerError: they can't be had.
        """
        import obstore

        options: dict[str, Any] = {"range": (start, end)}
        if stamp.etag is not None and not stamp.etag.startswith("W/"):
            options["if_match"] = stamp.etag

        def get() -> tuple[Any, bytes]:
            answer = obstore.get(self._store, self._key, options=options)  # type: ignore[arg-type]
            data = bytes(answer.bytes())
            if len(data) != end - start:
                raise _ShortError(f"{len(data)} bytes of {end - start} came")
            return answer.meta, data

        meta, data = self._ask(get, once=once)
        if self._told(meta) != stamp:
            raise _changed(self.name)
        return data

    def _head(self) -> Any:
        """What the server says; one that refuses HEAD (a signed GET) is asked for a byte."""
        import obstore
        from obstore import exceptions

        try:
            return obstore.head(self._store, self._key)
        except (exceptions.PermissionDeniedError, exceptions.NotSupportedError):
            return obstore.get(self._store, self._key, options={"range": (0, 1)}).meta
        except exceptions.GenericError as error:
            if "405" not in str(error) and "501" not in str(error):
                raise
            return obstore.get(self._store, self._key, options={"range": (0, 1)}).meta

    def _told(self, meta: Any) -> Stamp:
        etag, modified = meta["e_tag"], meta["last_modified"]
        if not etag and modified.timestamp() == _EPOCH:
            raise InputError(
                f"{self.name}: the server gives neither an ETag nor a date, so a file that changes "
                "meanwhile would go unnoticed; download it first"
            )
        return Stamp(int(meta["size"]), etag or modified.isoformat(), etag or None)

    def _ask(self, request: Callable[[], T], *, once: bool = False) -> T:
        """Make a request, again where that may help."""
        import obstore.exceptions as e

        try:
            return ask(request, urlsplit(self.address).netloc, once=once)
        except (e.NotFoundError, FileNotFoundError) as error:
            raise InputError(f"{self.name}: not there (404); check the address") from error
        except (e.PermissionDeniedError, e.UnauthenticatedError) as error:
            raise InputError(
                f"{self.name}: the server refuses it ({reason(error)}); check the credentials "
                "in the environment (AWS_ACCESS_KEY_ID, …; AWS_NO_SIGN_REQUEST=YES where none "
                "are needed), or sign the address anew"
            ) from error
        except (e.PreconditionError, e.NotModifiedError) as error:
            raise _changed(self.name) from error
        except e.NotSupportedError as error:
            raise InputError(
                f"{self.name}: the server sends whole files only, no ranges of them; download "
                "the file first"
            ) from error
        except UnansweredError as error:
            raise NoAnswerError(
                f"{self.name}: can't be read from the server ({error}); what is missing can be "
                "made later, when it answers"
            ) from error


def ask(request: Callable[[], T], server: str, *, once: bool = False) -> T:
    """Make a request of a server, again where that may help, waiting longer each time.

    Args:
        request: makes it.
        server: which; one that failed several times in a row is asked once.
        once: do not ask again.

    Raises:
        UnansweredError: it failed each time.
        obstore.exceptions.BaseError: asking again would not help.
    """
    import obstore.exceptions as e

    final = (
        e.NotFoundError, FileNotFoundError, e.PermissionDeniedError, e.UnauthenticatedError,
        e.PreconditionError, e.NotModifiedError, e.NotSupportedError, e.AlreadyExistsError,
    )  # fmt: skip
    rules, fuse = patience(), _fuse(server)
    tries = 1 if once or fuse.blown else rules.retries + 1
    wait = rules.first_wait_s
    for number in range(1, tries + 1):
        try:
            answer = request()
        except final:
            raise
        except (e.BaseError, OSError, _ShortError) as error:
            if number == tries:
                fuse.failed()
                times = "time" if number == 1 else "times"
                raise UnansweredError(f"{reason(error)}; tried {number} {times}") from error
            time.sleep(min(wait, LONGEST_WAIT_S))
            wait *= 2
        else:
            fuse.answered()
            return answer
    raise AssertionError("unreachable")


class UnansweredError(Exception):
    """A server failed however often it was asked; says how, in a line."""


class _ShortError(Exception):
    """An answer that is shorter than what was asked for."""


class _Fuse:
    """Whether a server is dead: then waiting for it again and again would take days."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0

    @property
    def blown(self) -> bool:
        return self._failures >= _IN_A_ROW

    def failed(self) -> None:
        with self._lock:
            self._failures += 1

    def answered(self) -> None:
        self._failures = 0


@functools.cache
def _fuse(server: str) -> _Fuse:
    del server
    return _Fuse()


def stamp_of(address: str) -> Stamp:
    """What the server says of a file now.

    Raises:
        InputError: it isn't there, may not be read, or nothing tells one version from another.
    """
    return Server(address).stamp()


def _changed(name: str) -> InputError:
    return InputError(
        f"{name}: changed on the server while it was being read; run again with --overwrite"
    )


def reason(error: BaseException) -> str:
    """What obstore says, in a line and without the address."""
    first = str(error).split("\n", 1)[0].rstrip(": ")
    detail = _DETAIL.split(first)[-1]
    detail = re.sub(r"^Generic (HTTP|S3) error: |: <\?xml.*$", "", detail)
    return detail or type(error).__name__


def _store(address: str, rules: Patience) -> "tuple[HTTPStore | S3Store, str]":
    """The place that holds the file, its connections shared, and the file's name there."""
    parts = urlsplit(address)
    if parts.scheme.lower() == "s3":
        return bucket_store(parts.netloc), unquote(parts.path.lstrip("/"))
    folder, _, name = parts.path.rpartition("/")
    base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], folder, parts.query, ""))
    return _http(base, parts.netloc.rpartition("@")[0], rules), unquote(name)


def bucket_store(bucket: str) -> "S3Store":
    """A bucket, by the keys and the server that the environment names.

    Raises:
        InputError: the library that talks to servers is not installed.
    """
    return _s3(bucket, patience(), _aws_settings())


@functools.lru_cache(maxsize=64)
def _http(base: str, user: str, rules: Patience) -> "HTTPStore":
    store = _obstore().HTTPStore
    options = _client(rules)
    if user:
        token = base64.b64encode(unquote(user).encode()).decode()
        options["default_headers"] = {"Authorization": f"Basic {token}"}
    found: HTTPStore = store.from_url(base, client_options=options, retry_config={"max_retries": 0})
    return found


@functools.lru_cache(maxsize=16)
def _s3(bucket: str, rules: Patience, settings: tuple[tuple[str, Any], ...]) -> "S3Store":
    options = _client(rules)
    store = _obstore().S3Store
    found: S3Store = store(
        bucket, client_options=options, retry_config={"max_retries": 0}, **dict(settings)
    )
    return found


def _client(rules: Patience) -> dict[str, Any]:
    return {
        "allow_http": True,
        "connect_timeout": timedelta(seconds=max(rules.connect_s, 0.001)),
        "timeout": timedelta(seconds=max(rules.request_s, 0.001)),
    }


def _aws_settings() -> tuple[tuple[str, Any], ...]:
    """GDAL's names for what obstore doesn't find in the environment by itself."""
    found: dict[str, Any] = {}
    environment = os.environ
    host = environment.get("AWS_S3_ENDPOINT")
    if host:
        plain = environment.get("AWS_HTTPS", "YES").upper() in ("NO", "FALSE", "0", "OFF")
        found["endpoint"] = host if "://" in host else f"{'http' if plain else 'https'}://{host}"
    if environment.get("AWS_VIRTUAL_HOSTING", "").upper() in ("NO", "FALSE", "0", "OFF"):
        found["virtual_hosted_style_request"] = False
    if environment.get("AWS_NO_SIGN_REQUEST", "").upper() in ("YES", "TRUE", "1", "ON"):
        found["skip_signature"] = True
    if "AWS_REGION" not in environment and "AWS_DEFAULT_REGION" not in environment:
        found["region"] = "us-east-1"
    return tuple(sorted(found.items()))


def _obstore() -> Any:
    """The library that talks to servers.

    Raises:
        InputError: it is not installed.
    """
    try:
        import obstore.store
    except ImportError as error:
        raise InputError(
            "addresses need the library obstore: pip install 'polychip[remote]', or use files on "
            "disk"
        ) from error
    return obstore.store
