"""Output folders put out of the way between runs without deleting a file."""

import os
from itertools import count
from pathlib import Path


def put_away(folder: Path) -> None:
    """Empty a folder's files and move it to `emptied/` beside it; nothing when there is none.

    Deleting would slow down what is measured next: for a minute and more ext4 passes over the
    inodes of deleted files, one by one, whenever a file is made (`recently_deleted` in its
    ialloc.c): half a millisecond a file after a dataset of 800.
    """
    if not folder.exists():
        return
    for path in folder.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)
    away = folder.parent / "emptied"
    away.mkdir(exist_ok=True)
    folder.rename(next(name for n in count() if not (name := away / str(n)).exists()))
