"""The serving process: its pipes set apart, so that no library's words get between the lines."""

import os
import sys

from polychip.serve.lines import LineWriter
from polychip.serve.server import Server


def serve_pipes() -> None:
    """Serve the client on stdin and stdout until it goes.

    From here on what anything prints to stdout goes to stderr.
    """
    sys.stdout.flush()
    answers = os.dup(1)
    os.dup2(2, 1)
    Server(LineWriter(answers)).serve(0)
