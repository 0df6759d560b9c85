"""Addresses of files elsewhere: which are read, how they are told without their secrets."""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

READ_SCHEMES = ("http", "https", "s3")
"""What imagery is read by."""
BUCKET = "s3://"
"""How the addresses begin that datasets are written to."""

_GDAL_FORMS = (("/vsicurl/", ""), ("/vsis3/", "s3://"))
"""GDAL's own way to write such addresses, and what stands for it."""
_SECRET = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^/\s@?#'\"]*@)?(?P<path>[^\s?#'\"]*)"
    r"(?P<query>[?#][^\s'\"]*)?"
)


def is_remote(path: str) -> bool:
    """Whether it is no path on a disk: a URL, or one of GDAL's virtual file systems."""
    return path.startswith("/vsi") or "://" in path


def plain_address(path: str) -> str:
    """A URL for GDAL's '/vsicurl/…' and '/vsis3/…'; anything else as it is."""
    for prefix, scheme in _GDAL_FORMS:
        rest = path.removeprefix(prefix)
        if rest != path and (scheme or "://" in rest):
            return scheme + rest
    return path


def is_read(path: str) -> bool:
    """Whether a remote path is one that imagery is read by."""
    parts = urlsplit(path)
    return parts.scheme.lower() in READ_SCHEMES and bool(parts.netloc)


def is_bucket(path: str) -> bool:
    """Whether it is an address that datasets are written to."""
    return path.startswith(BUCKET)


def public(path: str) -> str:
    """An address without user, password, query and fragment, any of which may be a key to it."""
    if not is_remote(path):
        return path
    parts = urlsplit(path)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def redacted(text: str) -> str:
    """A text in which addresses have lost user, password, query and fragment."""
    if "://" not in text:
        return text

    def shown(found: re.Match[str]) -> str:
        query = "?…" if found["query"] else ""
        return f"{found['scheme']}{found['path']}{query}"

    return _SECRET.sub(shown, text)


def file_name(path: str) -> str:
    """The last part of a path or an address."""
    if "://" in path:
        path = unquote(urlsplit(path).path)
    return path.rstrip("/").replace("\\", "/").rpartition("/")[2]
