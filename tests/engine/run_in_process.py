"""A program that a test starts: runs a recipe, and may kill itself with all of its workers.

Usage: run_in_process.py RECIPE.json WORKERS new|resume [STAGE N]

STAGE is where it dies: 'before' or 'after' the N-th block is noted as done, or 'manifest', when
all that is missing is the manifest. Blocks are 64 pixels wide, so that small images have many.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the recipe."""
    from polychip import api
    from polychip.scenes import prepare

    recipe, workers, how, *death = sys.argv[1:]
    prepare.BLOCK_PX = 64
    if death:
        _arrange(death[0], int(death[1]))
    api.run(json.loads(Path(recipe).read_text()), workers=int(workers), resume=how == "resume")


def _arrange(stage: str, at: int) -> None:
    from polychip import finish
    from polychip.state import RunState

    if stage == "manifest":
        finish.write_manifest = _die
        return
    save: Callable[..., Any] = RunState.save_record
    seen = 0

    def save_and_die(state: RunState, record: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == at and stage == "before":
            _die()
        save(state, record)
        if seen == at:
            _die()

    RunState.save_record = save_and_die


def _die(*_: object) -> None:
    """Kill this process, its workers and their server: the whole group that the test started."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
