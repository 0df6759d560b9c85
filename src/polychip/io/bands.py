"""What the bands of a layer are, from what its files say: profile, data type, nodata value."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from polychip.errors import InputError, nearest, some
from polychip.image import ImageProfile, LayerSpec
from polychip.io.raster import FileInfo
from polychip.io.validity import as_sample, common_value, fits, select_bands

ChosenBands = list[tuple[FileInfo, tuple[int, ...], tuple[int, ...]]]
"""Of each file that is used: its bands from 1, and the layer's bands from 0 that they become."""


def layer_profile(
    spec: LayerSpec, infos: list[FileInfo], notes: list[str]
) -> tuple[ImageProfile, ChosenBands]:
    """The profile of a layer, and which bands of which files it is made of.

    Args:
        spec: the layer.
        infos: of each of its files.
        notes: what a person should know is added here.

    Raises:
        InputError: bands, dtypes or the nodata value don't fit.
    """
    _check_nodata(spec, infos)
    describe = _stack_profile if spec.combine == "stack" else _shared_profile
    return describe(spec, infos, notes)


def _check_nodata(spec: LayerSpec, infos: Sequence[FileInfo]) -> None:
    for info in infos:
        if spec.nodata is not None and not fits(spec.nodata, info.profile.dtype):
            raise InputError(
                f"{info.path}: nodata = {spec.nodata:g} was given, but its pixels are "
                f"{info.profile.dtype}, which can't hold that value; correct or remove nodata"
            )


def _shared_profile(
    spec: LayerSpec, infos: list[FileInfo], notes: list[str]
) -> tuple[ImageProfile, ChosenBands]:
    """The profile of one file, or of a mosaic whose files must agree."""
    first = infos[0]
    for info in infos[1:]:
        ours, theirs = (f"{i.profile.count} band(s) of {i.profile.dtype}" for i in (info, first))
        if ours != theirs:
            raise InputError(
                f"{info.path}: has {ours}, but the mosaic's first image {first.path} has "
                f"{theirs}; a mosaic needs the same bands and data type in all files"
            )
        if _meaning(info) != _meaning(first):
            notes.append(
                f"{info.name} differs from {first.name} in scale, offset or palette; the "
                "first file's are kept"
            )
    indexes = _chosen_bands(spec, first.profile.descriptions)
    nodata = _layer_nodata(spec, [(info, i) for info in infos for i in indexes], notes)
    bands, layer_bands = tuple(i + 1 for i in indexes), tuple(range(len(indexes)))
    chosen = [(info, bands, layer_bands) for info in infos]
    return select_bands(first.profile, indexes, nodata), chosen


def _stack_profile(
    spec: LayerSpec, infos: list[FileInfo], notes: list[str]
) -> tuple[ImageProfile, ChosenBands]:
    """The profile of files on top of each other; dtypes are promoted when nothing is lost."""
    all_bands = [(info, i) for info in infos for i in range(info.profile.count)]
    names = [_band_name(info, i) for info, i in all_bands]
    indexes = _chosen_bands(spec, names)
    used = [all_bands[index] for index in indexes]
    profile = ImageProfile(
        dtype=_stack_dtype([info for info, _ in used], notes),
        count=len(used),
        nodata=_layer_nodata(spec, used, notes),
        descriptions=tuple(names[index] for index in indexes),
        colorinterp=tuple(info.profile.colorinterp[i] for info, i in used),
        scales=tuple(info.profile.scales[i] for info, i in used),
        offsets=tuple(info.profile.offsets[i] for info, i in used),
        units=tuple(info.profile.units[i] for info, i in used),
        colormap=used[0][0].profile.colormap if len(used) == 1 else None,
    )
    chosen = []
    for info in infos:
        mine = [(i + 1, band) for band, (other, i) in enumerate(used) if other is info]
        if mine:
            bands, layer_bands = zip(*mine, strict=True)
            chosen.append((info, bands, layer_bands))
    return profile, chosen


def _band_name(info: FileInfo, index: int) -> str:
    stem = Path(info.path).stem
    numbered = stem if info.profile.count == 1 else f"{stem}_{index + 1}"
    return info.profile.descriptions[index] or numbered


def _chosen_bands(spec: LayerSpec, names: Sequence[str | None]) -> list[int]:
    """Indexes from 0 of the wanted bands."""
    if spec.bands is None:
        return list(range(len(names)))
    if not spec.bands:
        raise InputError(f"{spec.files[0]}: bands = [] chooses none; name one, or leave it out")
    return [_band_index(spec, names, band) for band in spec.bands]


def _band_index(spec: LayerSpec, names: Sequence[str | None], band: int | str) -> int:
    known = [name for name in names if name]
    if isinstance(band, int) and 1 <= band <= len(names):
        return band - 1
    if isinstance(band, str) and known.count(band) == 1:
        return names.index(band)
    listed = f", named {some(known)}" if known else "; none of them has a name"
    if isinstance(band, str) and band in known:
        raise InputError(
            f"{spec.files[0]}: {known.count(band)} bands are called '{band}'; choose by number"
        )
    wanted = f"{band}" if isinstance(band, int) else f"'{band}'"
    hint = nearest(band, known) if isinstance(band, str) else ""
    raise InputError(
        f"{spec.files[0]}: there is no band {wanted}{hint}; the bands are numbered 1 to "
        f"{len(names)}{listed}"
    )


def _stack_dtype(infos: Sequence[FileInfo], notes: list[str]) -> str:
    dtypes = {info.profile.dtype: info.name for info in reversed(infos)}
    if len(dtypes) == 1:
        return infos[0].profile.dtype
    common = np.result_type(*dtypes)
    listed = some(f"{name}: {dtype}" for dtype, name in reversed(dtypes.items()))
    if not all(_holds(common, np.dtype(dtype)) for dtype in dtypes):
        raise InputError(
            f"the files of a stack have different data types ({listed}), and no type holds the "
            "values of all; convert them to one type, or make them separate layers"
        )
    notes.append(f"the stack's data types ({listed}) became {common}; no value changed")
    return str(common)


def _holds(wide: np.dtype[np.generic], narrow: np.dtype[np.generic]) -> bool:
    """Whether every value of `narrow` is one of `wide`; numpy calls int64 to float64 safe."""
    if narrow.kind in "iu" and wide.kind in "fc":
        digits = np.finfo(wide.name).nmant + 1
        return narrow.itemsize * 8 - (narrow.kind == "i") <= digits
    return bool(np.can_cast(narrow, wide, "safe"))


def _layer_nodata(
    spec: LayerSpec, used: Sequence[tuple[FileInfo, int]], notes: list[str]
) -> float | None:
    """The layer's one nodata value; None, with a note, when its bands have several."""
    if spec.nodata is not None:
        return as_sample(spec.nodata, used[0][0].profile.dtype)
    values = [info.band_nodata[i] for info, i in used if i + 1 != info.alpha]
    common = common_value(values)
    if common is None and len(spec.files) > 1 and any(value is not None for value in values):
        texts = {"none" if value is None else f"{value:g}" for value in values}
        notes.append(
            f"the files declare different nodata values ({some(sorted(texts))}); each file's own "
            "decides where it is valid, and the layer declares none"
        )
    return common


def _meaning(info: FileInfo) -> tuple[object, ...]:
    return info.profile.scales, info.profile.offsets, info.profile.colormap
