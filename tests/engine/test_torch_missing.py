"""What `to_torch` says where PyTorch, which is optional, is not installed."""

import subprocess
import sys

import pytest
from shapely import box
from support.workshop import Workshop

import polychip
from polychip.errors import InputError


def test_without_pytorch_to_torch_says_what_to_install(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workshop.build(workshop.image(), workshop.labels([box(1, 1, 5, 5)]))
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "polychip.torch_dataset", raising=False)
    with pytest.raises(InputError, match=r"pip install 'polychip\[torch\]'"):
        polychip.open(made).to_torch()


def test_reading_a_dataset_does_not_import_pytorch() -> None:
    code = "import sys, polychip.dataset; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
