"""The machine's Chromium, headless and without a network."""

import base64
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; Playwright's own where the machine has none."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def opened(browser: Browser, page: Path, **options: object) -> tuple[Page, list[str]]:
    """A page, and what it complains of or asks the network for, a list that goes on growing."""
    tab = browser.new_page(**options)  # type: ignore[arg-type]
    heard: list[str] = []
    tab.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: heard.append(f"error: {error}"))
    tab.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(("file:", "data:")) else heard.append(f"asks {asked.url}")
        ),
    )
    tab.goto(page.as_uri())
    return tab, heard


def embedded(text: str, kind: str) -> list[bytes]:
    """The pictures of a kind that a page's text holds."""
    return [
        base64.b64decode(found)
        for found in re.findall(rf'src="data:image/{kind};base64,([^"]+)"', text)
    ]
