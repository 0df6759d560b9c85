"""A program that a test starts: runs a recipe, and stops when the N-th object is to be sent.

Usage: sending.py RECIPE.json new|resume|overwrite|update die|wait N FLAG

With 'die' it kills itself; with 'wait' it makes the file FLAG and waits until that is gone.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the recipe."""
    from polychip import api
    from polychip.errors import PolychipError
    from polychip.io.remote.bucket import Bucket

    recipe, way, what, at, flag = sys.argv[1:]
    upload, count, lock = Bucket.upload, [0], threading.Lock()

    def stopped(self: Bucket, path: Path, name: str) -> Any:
        with lock:  # one after the other, so that the number says what is there
            count[0] += 1
            if count[0] == int(at) and what == "die":
                os.killpg(os.getpgrp(), signal.SIGKILL)
            if count[0] == int(at):
                Path(flag).touch()
                while Path(flag).exists():
                    time.sleep(0.02)
            return upload(self, path, name)

    Bucket.upload = stopped  # type: ignore[method-assign]
    try:
        api.run(json.loads(Path(recipe).read_text()), **({way: True} if way != "new" else {}))
    except PolychipError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
