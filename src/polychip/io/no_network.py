"""GDAL kept off the network: a file on this disk may name an address, and is not obeyed.

A VRT, a WMS or WFS description, a GeoJSON's CRS link, a pipeline: each makes GDAL ask a server,
which is told who reads, and brings in what nobody looked at. Files on servers are read by their own
addresses, through `io.remote`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_NOWHERE: Final = "no-network://a-file-on-disk-names-an-address"
"""No such kind of proxy is known, so curl refuses at once; the message shows these words."""
NO_NETWORK: Final[dict[str, Any]] = {
    "GDAL_HTTP_PROXY": _NOWHERE,
    "GDAL_HTTPS_PROXY": _NOWHERE,
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
}

_MUTEX = threading.Lock()
_BEFORE: list[dict[str, Any]] = []
"""What the options were, once for each reader that is at it; those of the first count."""


@contextmanager
def no_network() -> Iterator[None]:
    """Keep pyogrio's GDAL, whose options hold for the whole process, off the network meanwhile."""
    import pyogrio

    with _MUTEX:
        _BEFORE.append(
            _BEFORE[0] if _BEFORE else {k: pyogrio.get_gdal_config_option(k) for k in NO_NETWORK}
        )
        pyogrio.set_gdal_config_options(NO_NETWORK)
    try:
        yield
    finally:
        with _MUTEX:
            before = _BEFORE.pop()
            if not _BEFORE:
                pyogrio.set_gdal_config_options(before)
