"""A folder for the sockets of worker processes: their addresses have room for a hundred bytes."""

import os
import shutil
import tempfile
from multiprocessing import util
from pathlib import Path

ADDRESS_BYTES = 103
"""What every Unix takes; Linux takes four more."""
NAME_BYTES = len("/pymp-12345678/listener-12345678")
"""What Python appends to the folder for temporary files."""
SHORT = ("/tmp", "/var/tmp")  # noqa: S108 - Python makes a folder of this user's own in it
"""Where sockets may lie when the folder for temporary files has too long a path."""

_begun: list[str] = []


def begin_folder() -> bool:
    """Make the folder in which this process's sockets will lie; whether it can have one.

    Python 3.14 does so by itself; before, a long TMPDIR ends in 'AF_UNIX path too long'.
    """
    places = (tempfile.gettempdir(), *SHORT)
    fitting = [place for place in places if _fits(place) and os.access(place, os.W_OK | os.X_OK)]
    if not fitting:
        return False
    before = tempfile.tempdir
    tempfile.tempdir = fitting[0]
    try:
        folder = util.get_temp_dir()  # made by the first call
    finally:
        tempfile.tempdir = before
    _begun.append(folder)
    return _fits(str(Path(folder).parent))  # somebody else's call may have been the first


def remove_folder() -> None:
    """Do what Python does at its end, for a process that ends without it."""
    while _begun:
        shutil.rmtree(_begun.pop(), ignore_errors=True)


def _fits(folder: str) -> bool:
    return len(os.fsencode(folder)) + NAME_BYTES <= ADDRESS_BYTES
