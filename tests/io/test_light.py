"""Libraries loaded without data frames: what other threads import meanwhile is found."""

import importlib
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

from polychip.io import light


class _EndsIt:
    """A finder that finds nothing; asked for one module, it ends a context: as another thread may."""

    def __init__(self, name: str, context: object) -> None:
        self._name, self._context = name, context
        self.asked = 0

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == self._name:
            self.asked += 1
            self._context.__exit__(None, None, None)


def test_hiding_that_ends_while_a_module_is_looked_for_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "looked_for.py").write_text("value = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    hiding = light._hidden("pandas")
    ends = _EndsIt("looked_for", hiding)
    place = before.index(PathFinder)
    monkeypatch.setattr(sys, "meta_path", [*before[:place], ends, *before[place:]])
    hiding.__enter__()
    try:
        assert importlib.import_module("looked_for").value == 7
    finally:
        sys.modules.pop("looked_for", None)
    assert ends.asked == 1
    assert [finder for finder in sys.meta_path if finder is not ends] == before


def test_what_is_hidden_is_not_found_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with light._hidden("colorsys"), pytest.raises(ModuleNotFoundError, match="colorsys"):
        importlib.import_module("colorsys")
    assert importlib.import_module("colorsys").rgb_to_hsv(1, 0, 0) == (0, 1, 1)
