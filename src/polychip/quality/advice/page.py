"""Advice as one self-contained HTML page: no network, light and dark, printable."""

import base64
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.io.atomic import write_text
from polychip.io.png import encode_png
from polychip.io.sources import open_layer
from polychip.quality.advice.evidence import Crop
from polychip.quality.advice.judge import Advice
from polychip.quality.advice.wording import (
    chip_lines,
    class_rows,
    effort_lines,
    evidence_rows,
    headline,
)
from polychip.quality.checks.subject import Subject
from polychip.report.preview import to_rgb

_ZOOM = 3
_OPACITY = 0.55
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--rule:#d5d5d5;--bar:#0072b2}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#161616;--rule:#444;--bar:#56b4e9}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;
max-width:64rem;padding:1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse}
th,td{padding:.25rem .7rem .25rem 0;border-bottom:1px solid var(--rule);text-align:left;
vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:0;display:flex;flex-wrap:wrap;gap:1rem}figure div{flex:1 1 15rem}
img{width:100%;image-rendering:pixelated;border:1px solid var(--rule)}
.bar{display:inline-block;height:.8rem;background:var(--bar);vertical-align:middle}
"""


def write_page(path: Path, advice: Advice, subject: Subject) -> None:
    """Write the page.

    Raises:
        OutputError: it can't be written there.
    """
    write_text(path, page(advice, subject))


def page(advice: Advice, subject: Subject) -> str:
    """The page's HTML."""
    title = headline(advice)
    parts = [
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>{escape(title)}</h1>",
        _list(advice.because),
        _pictures(advice, subject),
        "<h2>Classes</h2>",
        _table([("class", "kind", "resolution", "why"), *class_rows(advice)], numbers=False),
        "<h2>Evidence</h2>",
        _table(evidence_rows(advice), numbers=True),
        "<h2>With semantic masks</h2>" + _list(advice.losses) if advice.losses else "",
        "<h2>Chips</h2>",
        _list(chip_lines(advice)[:1]),
        _bars(advice),
        "<h2>Effort, drawn anew</h2>",
        _list(effort_lines(advice)),
        "<h2>What would change this</h2>" + _list(advice.would_change)
        if advice.would_change
        else "",
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _list(lines: tuple[str, ...] | list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _table(rows: list[tuple[str, ...]], *, numbers: bool) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if numbers and place else ''}>{escape(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows[1:])
    head = f"<thead><tr>{cells(rows[0], 'th')}</tr></thead>"
    return f"<div class=scroll><table>{head}<tbody>{body}</tbody></table></div>"


def _bars(advice: Advice) -> str:
    rows = "".join(
        f"<tr><td class=n>{size} px</td><td><span class=bar style='width:{share * 12:.2f}rem'>"
        f"</span> {share:.0%} cut</td></tr>"
        for size, share in advice.cut_shares.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _pictures(advice: Advice, subject: Subject) -> str:
    crop = advice.evidence.picture
    if crop is None:
        return ""
    base = _background(crop, subject)
    figures = [
        ("the image", base),
        ("each object by itself", _coloured(base, crop.objects)),
        ("what a semantic mask keeps apart", _coloured(base, crop.groups)),
    ]
    divs = "".join(
        f"<div><img alt='{escape(text)}' src='data:image/png;base64,{_png(picture)}'>"
        f"<figcaption>{escape(text)}</figcaption></div>"
        for text, picture in figures
    )
    return f"<h2>Where most objects touch</h2><figure>{divs}</figure>"


def _background(crop: Crop, subject: Subject) -> NDArray[np.uint8]:
    source = open_layer(subject.images[crop.image].layer)
    try:
        pixels, valid = source.read(crop.window)
    finally:
        source.close()
    names = source.profile.descriptions
    bands = []
    for index, band in enumerate(pixels):
        values = np.abs(band)[valid].astype(np.float64)
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, (2, 98)) if len(values) else (0.0, 1.0)
        middle, half = (low + high) / 2, (high - low) / 2
        bands.append(
            {
                "name": names[index], "count": len(values), "min": low, "max": high,
                "mean": middle, "std": half / 2,
            }
        )  # fmt: skip
    return to_rgb(pixels, bands)


def _coloured(base: NDArray[np.uint8], numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The picture with a colour over each number, neighbours' far apart."""
    out = base.astype(np.float64)
    hue = (numbers * 0.618_033_988_75) % 1.0
    wheel = np.stack([np.abs((hue * 6 + shift) % 6 - 3) - 1 for shift in (0, 4, 2)], axis=-1)
    colours = wheel.clip(0, 1) * 200 + 40
    here = numbers >= 0
    out[here] = out[here] * (1 - _OPACITY) + colours[here] * _OPACITY
    return out.clip(0, 255).astype(np.uint8)


def _png(picture: NDArray[np.uint8]) -> str:
    large = picture.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
    return base64.b64encode(encode_png(large)).decode("ascii")
