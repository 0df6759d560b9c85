"""report.html in a real Chromium: it loads, sorts, enlarges, and can be read everywhere."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from playwright.sync_api import Browser, Page
from support.browser import opened
from support.datasets import rows

Folder = Path
CELLS = "#chips-table tbody tr > :nth-child({})"
BROKEN = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 375, "height": 800}


def column(tab: Page, title: str) -> list[str]:
    """The shown cells of the column of a title."""
    heads = tab.locator("#chips-table thead th").all_inner_texts()
    place = [head.strip() for head in heads].index(title)
    return tab.locator(CELLS.format(place + 1)).all_inner_texts()


def test_it_loads_with_all_pictures_and_no_complaint(sample: Folder, browser: Browser) -> None:
    tab, heard = opened(browser, sample / "report.html")
    n_images = tab.evaluate("document.images.length")
    figures = tab.locator("#sheet figure").count()
    assert n_images == 3 * figures > 0, "each figure has image, mask and outlines"
    assert tab.evaluate(BROKEN) == 0
    assert heard == []


def test_headings_sort_the_table_both_ways(sample: Folder, browser: Browser) -> None:
    tab, heard = opened(browser, sample / "report.html")
    expected = sorted((row["px_3"] for row in rows(sample)), reverse=True)
    heading = tab.get_by_role("button", name="building, px")
    heading.click()
    assert column(tab, "building, px") == [f"{n:,}" for n in expected]
    assert tab.locator("th[aria-sort=descending]").inner_text().startswith("building")
    heading.click()
    assert column(tab, "building, px") == [f"{n:,}" for n in expected[::-1]]
    tab.get_by_role("button", name="scene", exact=True).click()
    assert column(tab, "scene") == sorted(row["scene"] for row in rows(sample))
    assert heard == []


def test_finding_keeps_the_rows_that_hold_the_word(sample: Folder, browser: Browser) -> None:
    tab, _ = opened(browser, sample / "report.html")
    tab.get_by_label("Find").fill("VAL\n")
    tab.get_by_label("Find").fill("test")
    n_test = sum(row["split"] == "test" for row in rows(sample))
    assert column(tab, "split") == ["test"] * n_test
    assert tab.locator("#chips-said").inner_text() == f"1 to {n_test} of {n_test}"
    tab.get_by_label("Find").fill("no such chip")
    assert tab.locator("#chips-said").inner_text() == "0 to 0 of 0"


def test_a_click_enlarges_a_chip_with_its_own_figures(sample: Folder, browser: Browser) -> None:
    tab, heard = opened(browser, sample / "report.html", viewport=DESKTOP)
    figure = tab.locator("#sheet figure", has_text="the most").nth(1)
    name = figure.locator(".name").inner_text()
    figure.locator("button").click()
    dialog = tab.get_by_role("dialog")
    assert dialog.is_visible()
    assert dialog.get_by_role("heading").inner_text() == name
    small = figure.locator(".photo")
    large = dialog.locator("#large-image .photo")
    assert large.get_attribute("src") == small.get_attribute("src")
    assert large.bounding_box()["width"] > 1.5 * small.bounding_box()["width"]  # type: ignore[index]
    told = dialog.locator("#large-facts").inner_text()
    scene = figure.locator("small").inner_text().split(",")[0]
    [row] = [row for row in rows(sample) if (row["chip_id"], row["scene"]) == (name, scene)]
    assert f"building, px\n{row['px_3']:,}" in told
    assert f"objects\n{row['n_instances']:,}" in told
    assert tab.evaluate(BROKEN) == 0
    assert heard == []


def test_everything_can_be_reached_by_keys(sample: Folder, browser: Browser) -> None:
    tab, heard = opened(browser, sample / "report.html")
    reached = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.className"))
        if reached[-1] == "look":
            break
    assert reached[-1] == "look", reached
    name = tab.evaluate("document.activeElement.closest('figure').querySelector('.name').innerText")
    tab.keyboard.press("Enter")
    title = tab.locator("#large-title")
    assert title.inner_text() == name
    tab.keyboard.press("ArrowRight")
    second = tab.locator("#picture-1").locator("xpath=ancestor::figure").locator(".name")
    assert title.inner_text() == second.inner_text()
    tab.keyboard.press("ArrowLeft")
    assert title.inner_text() == name
    tab.keyboard.press("Escape")
    assert not tab.get_by_role("dialog").is_visible()
    assert tab.evaluate("document.activeElement.className") == "look", "back where one was"
    assert heard == []


def test_the_switch_shows_and_hides_layers(sample: Folder, browser: Browser) -> None:
    tab, _ = opened(browser, sample / "report.html")
    seen = {}
    for label in ("mask and outlines", "image", "mask over it", "outlines"):
        tab.get_by_role("radio", name=label, exact=True).check()
        first = tab.locator("#picture-0")
        seen[label] = [first.locator(kind).is_visible() for kind in (".photo", ".mask", ".lines")]
    assert seen == {
        "mask and outlines": [True, True, True],
        "image": [True, False, False],
        "mask over it": [True, True, False],
        "outlines": [True, False, True],
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(
    sample: Folder, browser: Browser, scheme: str, tmp_path: Path
) -> None:
    tab, heard = opened(browser, sample / "report.html", viewport=DESKTOP, color_scheme=scheme)
    ratios = tab.evaluate("""() => {
      const luminance = (text) => {
        const parts = text.match(/[\\d.]+/g).slice(0, 3).map((n) => n / 255)
          .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
      };
      const behind = (element) => {
        for (let e = element; e; e = e.parentElement) {
          const colour = getComputedStyle(e).backgroundColor;
          if (!colour.startsWith("rgba(0, 0, 0, 0")) return colour;
        }
        return "rgb(255, 255, 255)";
      };
      return ["h1", "p", "nav a", "figcaption", "td", "pre", ".tiles span", "thead button"].map((s) => {
        const e = document.querySelector(s);
        const pair = [getComputedStyle(e).color, behind(e)].map(luminance).sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05);
      });
    }""")
    assert min(ratios) >= 4.5, "WCAG 2.1, 1.4.3: contrast at level AA"
    shot = tmp_path / "page.png"
    tab.screenshot(path=shot)
    with rasterio.open(shot) as file:
        corner = file.read()[:3, 300:, :20]
    assert (np.median(corner) > 200) == (scheme == "light")
    assert heard == []


def test_a_phone_scrolls_down_only(sample: Folder, browser: Browser) -> None:
    tab, heard = opened(browser, sample / "report.html", viewport=PHONE, has_touch=True)
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    tab.locator(".look").first.tap()
    box = tab.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["width"] <= PHONE["width"]
    assert heard == []


def test_print_leaves_the_controls_away_and_keeps_the_pictures(
    sample: Folder, browser: Browser
) -> None:
    tab, _ = opened(browser, sample / "report.html", color_scheme="dark")
    tab.emulate_media(media="print")
    assert not tab.get_by_role("navigation").is_visible()
    assert not tab.get_by_label("Find").is_visible()
    assert tab.locator("#picture-0 .photo").is_visible()
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)", "dark paper would cost ink"
    assert tab.pdf().startswith(b"%PDF")
