"""The confusion matrix as a picture: SVG, so that its numbers stay text."""

from html import escape

from polychip import wording
from polychip.quality.agreement.agree import AgreementReport

_CELL_W, _CELL_H = 96, 44
_LEFT, _TOP = 170, 90


def confusion_svg(report: AgreementReport) -> str:
    """Rows are A's classes, columns B's; a cell's shade is its share of the row."""
    names = report.names
    n = len(names)
    width, height = _LEFT + n * _CELL_W + 20, _TOP + n * _CELL_H + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui,sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT + n * _CELL_W / 2}" y="24" text-anchor="middle" font-weight="bold">'
        "B: columns</text>",
        f'<text x="12" y="{_TOP - 12}" font-weight="bold">A: rows</text>',
    ]
    for k, name in enumerate(names):
        text = escape(wording.one_line(name, 14))
        x, y = _LEFT + (k + 0.5) * _CELL_W, _TOP + (k + 0.5) * _CELL_H
        parts.append(
            f'<text x="{x}" y="{_TOP - 12}" text-anchor="middle" font-size="11">{text}</text>'
        )
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y}" text-anchor="end" dominant-baseline="middle">'
            f"{text}</text>"
        )
    for i in range(n):
        total = int(report.confusion[i].sum())
        row = report.confusion[i].tolist()
        parts += [_cell(i, j, pixels, total) for j, pixels in enumerate(row)]
    return "\n".join([*parts, "</svg>\n"])


def _cell(i: int, j: int, pixels: int, total: int) -> str:
    part = pixels / total if total else 0.0
    weight = 0.9 * part
    low = (0, 114, 178) if i == j else (213, 94, 0)
    shade = ",".join(str(round(255 + (value - 255) * weight)) for value in low)
    ink = "#ffffff" if weight > 0.5 else "#1b1b1b"
    x, y = _LEFT + j * _CELL_W, _TOP + i * _CELL_H
    text = "" if not total else f"{part:.1%}"
    middle = x + _CELL_W / 2
    return (
        f'<rect x="{x}" y="{y}" width="{_CELL_W - 2}" height="{_CELL_H - 2}" fill="rgb({shade})" '
        f'stroke="#d5d5d5"/><text x="{middle}" y="{y + 18}" text-anchor="middle" fill="{ink}">'
        f'{text}</text><text x="{middle}" y="{y + 34}" text-anchor="middle" font-size="10" '
        f'fill="{ink}">{pixels:,} px</text>'
    )
