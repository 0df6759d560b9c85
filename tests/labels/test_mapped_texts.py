"""Texts in flat arrays come back as they were."""

from hypothesis import given
from hypothesis import strategies as st

from polychip.labels.mapped_texts import text_arrays, texts_of

any_text = st.text(st.characters(exclude_categories=()), max_size=8)


@given(st.lists(any_text, max_size=12))
def test_any_texts_come_back_in_their_order(texts: list[str]) -> None:
    found = texts_of("names", text_arrays("names", texts))

    assert len(found) == len(texts)
    assert list(found) == texts
    assert found[1:-1] == texts[1:-1]
    if texts:
        assert found[-1] == texts[-1]


def test_they_are_two_arrays() -> None:
    arrays = text_arrays("names", ["Haus", "", "Brücke"])

    assert arrays["names"].tobytes() == "HausBrücke".encode()
    assert arrays["names-bounds"].tolist() == [0, 4, 4, 11]
