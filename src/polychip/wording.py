"""Numbers and small tables as people read them; pure."""

from collections.abc import Collection, Sequence

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def plural(n: int, noun: str, nouns: str = "") -> str:
    """'1 chip', '12,000 chips'."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


def share(part: float, whole: float) -> str:
    """A share in per cent; what is there never reads 0."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    return "<0.1 %" if 0 < percent < 0.1 else f"{percent:.1f} %"


def size(n_bytes: float) -> str:
    """Bytes in the unit that suits, 1 MB being 1000 kB."""
    for unit in _UNITS:
        if n_bytes < 1000 or unit == _UNITS[-1]:
            break
        n_bytes /= 1000
    return f"{n_bytes:.0f} {unit}" if unit == "bytes" or n_bytes >= 100 else f"{n_bytes:.1f} {unit}"


def duration(seconds: float) -> str:
    """'1.8 s', '3 min 20 s', '2 h 05 min'."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest:02d} s"
        if minutes < 100
        else f"{minutes // 60} h {minutes % 60:02d} min"
    )


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Lines of a table, its columns two blanks apart; those in `right` end together."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def under(heading: str, lines: Sequence[str]) -> list[str]:
    """A heading and what belongs under it, with an empty line before; nothing without lines."""
    return ["", heading, *(f"  {line}" for line in lines)] if lines else []


def one_line(text: object, limit: int = 200) -> str:
    """Text without line breaks and control characters, cut where it is long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def pixel(sides: tuple[float, float], unit: str) -> str:
    """'10 m', '30 × 15 m', '0.0001°'."""
    numbers = " × ".join(dict.fromkeys(f"{side:.6g}" for side in sides))
    return f"{numbers}°" if unit == "°" else f"{numbers} {unit}".rstrip()
