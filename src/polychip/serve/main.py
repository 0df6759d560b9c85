"""The serving process: its pipes set apart, so that no library's words get between the lines."""

import os
import sys

from polychip.serve.lines import LineWriter
from polychip.serve.server import Server

_PIPE_BYTES = 2**20
"""Room for a whole preview: else the client wakes up for each 64 KiB."""


def _widen(handle: int) -> None:
    """Give a pipe more room, where the system can (Linux)."""
    try:
        import fcntl

        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return


def serve_pipes() -> None:
    """Serve the client on stdin and stdout until it goes.

    From here on what anything prints to stdout goes to stderr.
    """
    sys.stdout.flush()
    answers = os.dup(1)
    os.dup2(2, 1)
    _widen(answers)
    Server(LineWriter(answers)).serve(0)
