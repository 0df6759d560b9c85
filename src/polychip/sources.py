"""The input files of a run: which they are, and whether they stay what they were."""

import time
from typing import Final

from polychip.addresses import is_read, is_remote
from polychip.errors import InputError, some
from polychip.io.identity import FileStates, content_id, file_states, stat_id
from polychip.recipe import Recipe, source_files

_EVERY_S: Final = 5.0
_SHARE: Final = 0.02
"""Of the time that may go into looking."""


class SourceChangedError(InputError):
    """An input file is not what it was when the run began."""


class Sources:
    """A recipe's input files. Made before anything is read of them, so that no change is missed."""

    def __init__(self, recipe: Recipe) -> None:
        self._paths = source_files(recipe)
        self._before: dict[str, FileStates | tuple[int, int | str]] = {
            path: file_states(path) for path in self._paths if not _is_elsewhere(path)
        }
        self.identities: dict[str, str] = {}
        """The content id of each, once they were identified."""
        self._next_look = time.monotonic() + _EVERY_S

    def identify(self) -> dict[str, str]:
        """Find the content ids.

        Raises:
            InputError: a file is missing.
        """
        from polychip.io.vector import check_exists

        for path in self._paths:
            check_exists(path, "input file")
            self.identities[path] = content_id(path)
            if _is_elsewhere(path):
                self._before[path] = stat_id(path)
        return self.identities

    def look(self) -> None:
        """Check the files of this machine, unless that was done a moment ago.

        Raises:
            SourceChangedError: one changed.
        """
        started = time.monotonic()
        if started < self._next_look:
            return
        self._refuse([path for path in self._paths if not _is_elsewhere(path)])
        ended = time.monotonic()
        self._next_look = ended + max(_EVERY_S, (ended - started) / _SHARE)

    def check(self) -> None:
        """Check all files.

        Raises:
            SourceChangedError: one changed.
        """
        self._refuse(self._paths)

    def _refuse(self, paths: list[str]) -> None:
        changed = [path for path in paths if self._is_changed(path)]
        if changed:
            raise SourceChangedError(
                f"{some(changed)} changed while the dataset was being built, so its chips would "
                "mix two versions; wait until nobody writes there, and give the command again "
                "(with --overwrite if it says that an unfinished run is there)"
            )

    def _is_changed(self, path: str) -> bool:
        before = self._before[path]
        if _is_elsewhere(path):
            return before != stat_id(path)
        now = file_states(path)
        if now == before:
            return False
        if [state[:3] for state in now] != [state[:3] for state in before]:  # type: ignore[index]
            return True
        # only what the file system notes of itself: permissions or a link, or a date set back
        return content_id(path) != self.identities[path]


def _is_elsewhere(path: str) -> bool:
    return is_remote(path) or is_read(path)
