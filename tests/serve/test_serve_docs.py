"""docs/serve.md names all that the process says of itself."""

import re
from pathlib import Path

from support.serving import Client

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"


def test_the_page_specifies_each_method_and_each_error_code(client: Client) -> None:
    told = client.ask("hello")
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^### `(\w+)`", text, re.MULTILINE) == told["methods"]
    codes = text.split("## Error codes")[1]
    assert re.findall(r"^\| `(\w+)` \|", codes, re.MULTILINE) == told["errors"]
    result = text.split("### `hello`")[1].split("###")[0]
    assert set(told) <= set(re.findall(r"`(\w+)`", result))
