"""What a format is made with: the dataset's facts, the user's options, and the stretch."""

from collections.abc import Callable, Sequence

from polychip.errors import FormatError, nearest
from polychip.execute import Executor
from polychip.formats.options import ConvertOptions
from polychip.formats.picture import Picture, Stretch, parse_stretch
from polychip.formats.source import Source
from polychip.formats.stretching import percentile_stretch
from polychip.report.preview import visible_bands


class Preparation:
    """Handed to a format's `prepare`; remembers which options were asked for."""

    def __init__(
        self,
        source: Source,
        options: ConvertOptions,
        executor: Executor,
        note: Callable[[str], None],
        name: str,
    ) -> None:
        self.source, self.options, self.note, self.name = source, options, note, name
        self._executor = executor
        self._asked: list[str] = []
        self._draws = False

    def option(self, name: str, default: str, choices: Sequence[str] = ()) -> str:
        """One of the format's own options (`--set NAME=VALUE`).

        Raises:
            FormatError: its value is none of the choices.
        """
        self._asked.append(name)
        value = self.options.more.get(name, default)
        if choices and value not in choices:
            raise FormatError(
                f"{self.name}: {name} is '{value}'{nearest(value, choices)}; it must be "
                + " or ".join(choices)
            )
        return value

    def number(self, name: str, default: float) -> float:
        """An option that is a number.

        Raises:
            FormatError: it is none.
        """
        text = self.option(name, str(default))
        try:
            return float(text)
        except ValueError:
            raise FormatError(f"{self.name}: {name} is '{text}'; it must be a number") from None

    def layer(self) -> str:
        """The image layer that is asked for."""
        return self.source.layer(self.options.layer)

    def band_indices(self, default: Sequence[int]) -> tuple[int, ...]:
        """Indices from 0 of the bands that are asked for.

        Raises:
            FormatError: the layer has no such band.
        """
        if self.options.bands is None:
            return tuple(default)
        names = self.source.band_names(self.layer())
        if self.options.bands == ("all",):
            return tuple(range(len(names)))
        return tuple(self._band(wanted, names) for wanted in self.options.bands)

    def _band(self, wanted: int | str, names: Sequence[str | None]) -> int:
        if isinstance(wanted, int):
            if 1 <= wanted <= len(names):
                return wanted - 1
        elif wanted in names:
            return names.index(wanted)
        known = [name for name in names if name]
        hint = nearest(wanted, known) if isinstance(wanted, str) else ""
        raise FormatError(
            f"{self.name}: no band '{wanted}'{hint}; the layer has {len(names)} bands"
            + (f": {', '.join(known)}" if known else "")
        )

    def picture(self, default: Sequence[int] | None = None) -> Picture:
        """How chips become 8-bit pictures: one stretch for the whole dataset, never per chip.

        Args:
            default: bands where the user names none; None: red, green and blue.

        Raises:
            FormatError: the stretch or the bands can't be had.
        """
        self._draws = True
        layer = self.layer()
        if default is None:
            default = visible_bands(self.source.band_names(layer))
        bands = self.band_indices(default)
        text = self.options.stretch or ("none" if self.source.dtype(layer) == "uint8" else "auto")
        return Picture(layer, bands, self._stretch(text, layer, bands))

    def _stretch(self, text: str, layer: str, bands: tuple[int, ...]) -> Stretch | None:
        dtype = self.source.dtype(layer)
        if text == "none":
            if dtype != "uint8":
                raise FormatError(
                    f"{self.name}: the imagery is {dtype}, so it needs a stretch to become 8-bit; "
                    "use stretch auto or MIN,MAX"
                )
            return None
        if dtype.startswith("complex"):
            raise FormatError(
                f"{self.name}: complex imagery ({dtype}) has no 8-bit picture; choose another "
                "layer, or a format that keeps the GeoTIFF"
            )
        if text == "auto":
            found, n_used = percentile_stretch(self.source, layer, bands, self._executor)
            self.note(f"{found.rule}: {found} (from {n_used} chips); the same for all chips")
            return found
        return parse_stretch(text, len(bands))

    def check_options(self) -> None:
        """Refuse options that the format did not ask for, so that none is ignored silently.

        Raises:
            FormatError: there is one.
        """
        for name in self.options.more:
            if name not in self._asked:
                known = ", ".join(self._asked) or "none of its own"
                raise FormatError(
                    f"{self.name}: unknown option '{name}'{nearest(name, self._asked)}; it has "
                    + known
                )
        if self.options.stretch is not None and not self._draws:
            raise FormatError(
                f"{self.name}: nothing is made 8-bit here, so a stretch has no use; leave it out"
            )
