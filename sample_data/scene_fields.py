"""The unlabelled ground: districts of rotated parcels with crops, and scrub on the hills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scene_map import SHAPE
from scene_noise import Floats, bell_noise, blur, fractal_noise, hashed_share, mixed_bits, uniforms

SUB = 4
"""Sub-samples a pixel and axis, for mixed pixels at the borders."""
PARCELS = 4096
"""Number of parcel kinds; parcels share them by hash."""
TRACK = PARCELS
"""The kind of a track between parcels."""

# Reflectance * 10000: blue, green, red, nir
CROPS = np.array(
    [
        (360, 560, 440, 2750),  # orange grove
        (330, 520, 390, 3150),  # orange grove, dense
        (400, 780, 430, 4200),  # vegetables
        (350, 720, 380, 4700),  # alfalfa
        (620, 900, 960, 2600),  # fallow, weeds
        (980, 1270, 1640, 2450),  # stubble
        (860, 1130, 1540, 2250),  # dry soil
        (640, 840, 1180, 1750),  # ploughed, moist
        (1750, 1900, 2050, 2750),  # plastic
    ],
    dtype=np.float64,
)
CUMULATED_SHARE = np.cumsum([0.24, 0.18, 0.14, 0.08, 0.10, 0.08, 0.09, 0.08, 0.01])
TRACK_SPECTRUM = np.array([1020, 1280, 1560, 2250], dtype=np.float64)
SCRUB = np.array([520, 700, 790, 1850], dtype=np.float64)
PINES = np.array([300, 440, 340, 2050], dtype=np.float64)
ROCK = np.array([1080, 1330, 1600, 2150], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Districts:
    """Groups of parcels that share a direction and a size."""

    seed_points: Floats
    """(n, 2) in pixels; a place belongs to the nearest."""
    turn: Floats
    """Direction of the parcels, in radians, (n,)."""
    size: Floats
    """(n, 2): width and length of a parcel in pixels."""


def draw_districts() -> Districts:
    """Districts on a jittered lattice."""
    rows, columns = np.meshgrid(np.arange(5), np.arange(6), indexing="ij")
    count = rows.size
    draws = uniforms(311, 5 * count).reshape(5, count)
    x = (columns.ravel() + 0.1 + 0.8 * draws[0]) * SHAPE[1] / 6
    y = (rows.ravel() + 0.1 + 0.8 * draws[1]) * SHAPE[0] / 5
    width = 6.0 + 7.0 * draws[3]
    length = 15.0 + 22.0 * draws[4]
    return Districts(np.stack([x, y], axis=1), np.pi * draws[2], np.stack([width, length], axis=1))


def parcel_kinds() -> NDArray[np.int64]:
    """The parcel kind of every sub-sample, shape (SUB * SUB, H, W)."""
    districts = draw_districts()
    warp_x = 3.0 * fractal_noise(SHAPE, 60.0, seed=51, octaves=2)
    warp_y = 3.0 * fractal_noise(SHAPE, 60.0, seed=52, octaves=2)
    rows, columns = np.indices(SHAPE)
    kinds = []
    for i, j in np.ndindex(SUB, SUB):
        x = columns + (j + 0.5) / SUB + warp_x
        y = rows + (i + 0.5) / SUB + warp_y
        kinds.append(kind_at(x, y, districts))
    return np.stack(kinds)


def kind_at(x: Floats, y: Floats, districts: Districts) -> NDArray[np.int64]:
    """Parcel kind (or TRACK) at each place, shape of x."""
    best = np.full(x.shape, np.inf)
    second = np.full(x.shape, np.inf)
    owner = np.zeros(x.shape, dtype=np.int64)
    for k, (cx, cy) in enumerate(districts.seed_points):
        distance = np.hypot(x - cx, y - cy)
        second = np.where(distance < best, best, np.minimum(second, distance))
        owner = np.where(distance < best, k, owner)
        best = np.minimum(best, distance)
    turn = districts.turn[owner]
    u = (x * np.cos(turn) + y * np.sin(turn)) / districts.size[owner, 0]
    v = (y * np.cos(turn) - x * np.sin(turn)) / districts.size[owner, 1]
    column = np.floor(u).astype(np.int64)
    v = v + hashed_share(owner, column // 2)
    row = np.floor(v).astype(np.int64)
    joined = hashed_share(owner, column // 2, row, 5) < 0.35
    column = np.where(joined, column // 2 * 2, column)
    kind = (mixed_bits(owner, column, row) % np.uint64(PARCELS)).astype(np.int64)
    strip = 0.32 / districts.size[owner, 0]
    on_track = (second - best < 0.9) | ((u % 2.0) < strip * 1.2)
    return np.where(on_track, TRACK, kind)


def crop_table(*, after: bool) -> Floats:
    """Spectrum of each parcel kind in a date, shape (PARCELS + 1, 4)."""
    kind = np.arange(PARCELS)
    choice = np.searchsorted(CUMULATED_SHARE, hashed_share(kind, 1) * CUMULATED_SHARE[-1])
    if after:
        changes = (hashed_share(kind, 2) < 0.3) & (choice > 1) & (choice < 8)
        choice = np.where(changes, 2 + mixed_bits(kind, 3).astype(np.int64) % 6, choice)
    tone = 0.88 + 0.24 * hashed_share(kind, 4)
    vigour = 0.85 + 0.3 * hashed_share(kind, 6 if after else 5)
    spectra = CROPS[choice] * tone[:, None]
    spectra[:, 3] *= vigour
    return np.concatenate([spectra, TRACK_SPECTRUM[None, :]])


def ground(kinds: NDArray[np.int64], *, after: bool) -> Floats:
    """Fields, tracks and hills of a date, shape (4, H, W)."""
    table = crop_table(after=after)
    image = np.zeros((4, *SHAPE))
    for sample in kinds:
        image += np.moveaxis(table[sample], -1, 0)
    image /= len(kinds)
    soil = fractal_noise(SHAPE, 48.0, seed=61, octaves=5, gain=0.6)
    rough = blur(bell_noise(SHAPE, seed=62), 1, passes=1)
    image *= 1.0 + 0.045 * soil + 0.10 * rough
    return with_hills(image)


def with_hills(image: Floats) -> Floats:
    """Scrub, pines and bare rock in the north-west corner, shaded by a low sun."""
    rows, columns = np.indices(SHAPE)
    relief = fractal_noise(SHAPE, 64.0, seed=71, octaves=6, gain=0.55)
    edge = 1.9 - (columns + 1.3 * rows) / 105.0 + 0.45 * relief
    share = np.clip(edge / 0.12, 0.0, 1.0)
    slope_y, slope_x = np.gradient(relief)
    light = np.clip(1.0 + 1.6 * slope_y + 1.2 * slope_x, 0.45, 1.5)
    cover = fractal_noise(SHAPE, 22.0, seed=72, octaves=5, gain=0.75)
    pines = np.clip((cover + 0.1) / 1.1, 0.0, 1.0)
    rock = np.clip((-cover - 0.5) / 1.3, 0.0, 0.85)
    hills = SCRUB[:, None, None] * (1 - pines) + PINES[:, None, None] * pines
    hills = hills * (1 - rock) + ROCK[:, None, None] * rock
    return np.asarray(image * (1 - share) + hills * light * share)
