"""Texts in flat files come back as they were."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polychip.labels.mapped_texts import load_texts, save_texts

any_text = st.text(st.characters(exclude_categories=()), max_size=8)


@given(st.lists(any_text, max_size=12))
def test_any_texts_come_back_in_their_order(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save_texts(Path(folder), "names", texts)
        found = load_texts(Path(folder), "names")

        assert len(found) == len(texts)
        assert list(found) == texts
        assert found[1:-1] == texts[1:-1]
        if texts:
            assert found[-1] == texts[-1]


def test_texts_are_mapped_from_the_file_and_not_read(tmp_path: Path) -> None:
    save_texts(tmp_path, "names", ["Haus", "", "Brücke"])

    found = load_texts(tmp_path, "names")

    assert isinstance(found.letters.base, np.memmap)
    assert found.letters.tobytes() == "HausBrücke".encode()
    assert found.bounds.tolist() == [0, 4, 4, 11]
