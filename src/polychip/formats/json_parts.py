"""One long JSON document, written piece by piece."""

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self


def compact(value: Any) -> str:
    """A value on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class JsonLists:
    """An object of long lists: each list grows in a file of its own, then they are joined.

    Args:
        path: of the document.
        names: of the lists, in the order of the document.
        head: what comes before the lists.
    """

    def __init__(self, path: Path, names: tuple[str, ...], head: dict[str, Any]) -> None:
        self._path, self._head = path, head
        path.parent.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, IO[str]] = {
            name: self._part(name).open("w+", encoding="utf-8") for name in names
        }
        self._empty = dict.fromkeys(names, True)

    def _part(self, name: str) -> Path:
        return self._path.with_name(f".{self._path.name}.{name}")

    def add(self, name: str, value: Any) -> None:
        """Append to a list."""
        self._files[name].write(("\n" if self._empty[name] else ",\n") + compact(value))
        self._empty[name] = False

    def __enter__(self) -> Self:
        """The document itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Join the lists, unless something went wrong."""
        try:
            if kind is None:
                self._join()
        finally:
            for name, file in self._files.items():
                file.close()
                self._part(name).unlink(missing_ok=True)

    def _join(self) -> None:
        with self._path.open("w", encoding="utf-8") as whole:
            whole.write("{")
            for name, value in self._head.items():
                whole.write(f"\n{compact(name)}:{compact(value)},")
            for index, (name, file) in enumerate(self._files.items()):
                file.seek(0)
                whole.write(f"{',' if index else ''}\n{compact(name)}:[")
                while text := file.read(1 << 20):
                    whole.write(text)
                whole.write("]")
            whole.write("\n}\n")
