"""What is said on the pipes, and what is wrong with a line; pure."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import deflate
import numpy as np
from numpy.typing import NDArray

PROTOCOL = 1
"""Raised when something that a client relies on changes; additions keep it."""
MAX_LINE_BYTES = 64 * 2**20
"""A longer line is read to its end and thrown away."""
MAX_ID_CHARACTERS = 100

BAD_JSON = "bad_json"
BAD_REQUEST = "bad_request"
TOO_LARGE = "too_large"
UNKNOWN_METHOD = "unknown_method"
UNSUPPORTED_PROTOCOL = "unsupported_protocol"
UNKNOWN_PLAN = "unknown_plan"
UNKNOWN_LABELS = "unknown_labels"
NO_CHIP = "no_chip"
RECIPE = "recipe"
INPUT = "input"
OUTPUT = "output"
REFUSED = "refused"
CANCELLED = "cancelled"
DIED = "died"
INTERNAL = "internal"
ERROR_CODES = (
    BAD_JSON, BAD_REQUEST, TOO_LARGE, UNKNOWN_METHOD, UNSUPPORTED_PROTOCOL, UNKNOWN_PLAN,
    UNKNOWN_LABELS, NO_CHIP, RECIPE, INPUT, OUTPUT, REFUSED, CANCELLED, DIED, INTERNAL,
)  # fmt: skip

RequestId = int | str


class ServeError(Exception):
    """A request that can't be answered: a code for programs, a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """One line of a client."""

    id: RequestId
    method: str
    params: "Params"


class BadLineError(ServeError):
    """A line that is no request; `id` is what could be read of it."""

    def __init__(self, code: str, message: str, request_id: RequestId | None = None) -> None:
        super().__init__(code, message)
        self.id = request_id


def parse_request(line: bytes) -> Request:
    """The request on a line.

    Raises:
        BadLineError: it is not JSON, or not a request.
    """
    try:
        data = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadLineError(BAD_JSON, f"the line is not JSON in UTF-8: {_short(error)}") from None
    if not isinstance(data, dict):
        raise BadLineError(BAD_REQUEST, f"a request is an object, not {_kind(data)}")
    known = _id_of(data.get("id"))
    if known is None:
        raise BadLineError(
            BAD_REQUEST,
            f"`id` must be a whole number or a text of at most {MAX_ID_CHARACTERS} characters",
        )
    method, params = data.get("method"), data.get("params", {})
    if not isinstance(method, str):
        raise BadLineError(BAD_REQUEST, f"`method` must be a text, not {_kind(method)}", known)
    if not isinstance(params, dict):
        raise BadLineError(BAD_REQUEST, f"`params` must be an object, not {_kind(params)}", known)
    extra = sorted(set(data) - {"id", "method", "params"})
    if extra:
        raise BadLineError(BAD_REQUEST, f"unknown key '{extra[0][:40]}': id, method, params", known)
    return Request(known, method, Params(params))


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _id_of(value: Any) -> RequestId | None:
    if isinstance(value, str):
        return value if 0 < len(value) <= MAX_ID_CHARACTERS else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**53 else None
    return None


def _short(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")


class Params:
    """The parameters of a request, read one by one and checked on the way."""

    def __init__(self, values: Mapping[str, Any], where: str = "params") -> None:
        self._values, self._where = values, where
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether a value is given; null counts as not given."""
        self._read.add(name)
        return self._values.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, "a text", value)
        if "\0" in value:
            raise ServeError(BAD_REQUEST, f"{self._where}.{name} must not hold the character 0")
        return value

    def choice(self, name: str, known: tuple[str, ...], default: str) -> str:
        """One of some texts."""
        value = self.text(name, default)
        if value not in known:
            raise ServeError(
                BAD_REQUEST, f"{self._where}.{name} is '{value[:40]}'; it is {', '.join(known)}"
            )
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "a whole number", value)
        return value

    def numbers(self, name: str, count: int) -> list[float]:
        """Finite numbers, so many of them."""
        value = self._get(name, None)
        good = isinstance(value, list) and len(value) == count
        if not good or not all(_is_number(item) for item in value):
            raise self._wrong(name, f"a list of {count} numbers", value)
        return [float(item) for item in value]

    def table(self, name: str) -> "Params":
        """An object."""
        value = self._get(name, None)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object", value)
        return Params(value, f"{self._where}.{name}")

    def items(self, name: str) -> list[Any]:
        """A list."""
        value = self._get(name, None)
        if not isinstance(value, list):
            raise self._wrong(name, "a list", value)
        return value

    def request_id(self, name: str) -> RequestId:
        """The id of a request."""
        value = self._get(name, None)
        known = _id_of(value)
        if known is None:
            raise self._wrong(name, "the id of a request", value)
        return known

    def plain(self, name: str) -> Any:
        """Any value; None when it is not given."""
        self._read.add(name)
        return self._values.get(name)

    def done(self) -> None:
        """Refuse what nobody has read.

        Raises:
            ServeError: a parameter is unknown.
        """
        extra = sorted(set(self._values) - self._read)
        if extra:
            raise ServeError(BAD_REQUEST, f"unknown parameter {self._where}.{extra[0][:40]}")

    def _get(self, name: str, default: Any) -> Any:
        self._read.add(name)
        value = self._values.get(name, default)
        if value is None:
            if default is None:
                raise ServeError(BAD_REQUEST, f"{self._where}.{name} is missing")
            return default
        return value

    def _wrong(self, name: str, wanted: str, value: Any) -> ServeError:
        return ServeError(BAD_REQUEST, f"{self._where}.{name} must be {wanted}, not {_kind(value)}")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300


def encode_array(values: NDArray[Any]) -> dict[str, Any]:
    """An array as JSON: dtype, shape, and its bytes, little-endian, by rows, zlib, base64."""
    plain = np.ascontiguousarray(values)
    little = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
    packed = deflate.zlib_compress(little.tobytes(), 1)
    return {
        "dtype": plain.dtype.name,
        "shape": list(plain.shape),
        "data": base64.b64encode(packed).decode("ascii"),
    }
