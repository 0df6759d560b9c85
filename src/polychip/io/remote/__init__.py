"""Imagery read where it lies, by http, https and s3: each byte asked for once on a machine.

`store` talks to servers and asks again where they fail, `pages` keeps what came in on disk, shared
by all processes, and `opener` gives it to GDAL as a file.
"""

from polychip.io.remote.opener import RemoteFile, open_remote
from polychip.io.remote.pages import download
from polychip.io.remote.store import Stamp, stamp_of

__all__ = ["RemoteFile", "Stamp", "download", "open_remote", "stamp_of"]
