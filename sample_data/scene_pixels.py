"""From the map to reflectances: painted in the order of the recipe's priority, last on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import rasterio.features
from affine import Affine
from numpy.typing import NDArray
from scene_fields import SUB
from scene_map import CELL, SHADOW_SHIFT, SHAPE, SceneMap, Thing, share_of
from scene_noise import Floats, bell_noise, blur, fractal_noise, spline_weights
from shapely import affinity
from shapely.geometry.base import BaseGeometry

# Reflectance * 10000: blue, green, red, nir
YARD = (1180, 1350, 1500, 2000)
STREET = (1020, 1110, 1200, 1480)
ASPHALT = (860, 950, 1040, 1250)
REEDS = (300, 480, 340, 2900)
WATER = {
    "river": (520, 640, 470, 260),
    "pond": (430, 560, 360, 190),
    "lagoon": (420, 610, 400, 160),
}
RIVER_IN_SPATE = (900, 1140, 1400, 640)
FLOOD = (980, 1260, 1560, 930)
MUD = (760, 960, 1240, 1500)
DEBRIS = (640, 760, 880, 1500)
ROOFS = {
    "roof": [(900, 1120, 1720, 2250), (980, 1260, 1850, 2400), (1500, 1620, 1750, 2100)],
    "school": [(1650, 1750, 1850, 2150)],
    "warehouse": [(2500, 2620, 2720, 2950), (1750, 1850, 1930, 2150), (1500, 1720, 1900, 2100)],
    "farm": [(1000, 1250, 1830, 2350), (1900, 2000, 2100, 2350)],
}
SWATH_EDGE = (634.0, 546.0)
"""Column of the swath's edge at the top and at the bottom of the first date."""


def cover(geometries: Sequence[BaseGeometry]) -> Floats:
    """Share of each pixel under the geometries, shape (H, W)."""
    return np.asarray((fine_index(geometries) > 0).reshape(blocks()).mean(axis=(1, 3)))


def fine_index(geometries: Sequence[BaseGeometry]) -> NDArray[np.int32]:
    """1 + index of the geometry at each sub-sample, 0 for none, shape (SUB * H, SUB * W)."""
    fine = (SHAPE[0] * SUB, SHAPE[1] * SUB)
    if not geometries:
        return np.zeros(fine, dtype=np.int32)
    numbered = [(geometry, k) for k, geometry in enumerate(geometries, 1)]
    return np.asarray(
        rasterio.features.rasterize(
            numbered, out_shape=fine, transform=Affine.scale(1 / SUB), dtype="int32"
        )
    )


def blocks() -> tuple[int, int, int, int]:
    """The shape that splits a fine raster into pixels."""
    return (SHAPE[0], SUB, SHAPE[1], SUB)


def paint(image: Floats, geometries: Sequence[BaseGeometry], spectra: Floats) -> Floats:
    """The image, shape (4, H, W), with geometries laid on in their spectra, shape (n, 4)."""
    index = fine_index(geometries)
    share = (index > 0).reshape(blocks()).mean(axis=(1, 3))
    table = np.concatenate([np.zeros((1, 4)), spectra])
    laid = [table[index, band].reshape(blocks()).mean(axis=(1, 3)) for band in range(4)]
    return np.asarray(image * (1 - share) + np.stack(laid))


def flat(spectrum: Sequence[float], count: int) -> Floats:
    """One spectrum for `count` geometries, shape (count, 4)."""
    return np.tile(np.asarray(spectrum, dtype=np.float64), (count, 1))


def blend(image: Floats, spectrum: Sequence[float], share: Floats) -> Floats:
    """The image with a spectrum mixed in by a share of shape (H, W)."""
    return np.asarray(image * (1 - share) + np.asarray(spectrum)[:, None, None] * share)


def render(scene: SceneMap, soil: Floats, *, after: bool) -> NDArray[np.uint16]:
    """One date of the scene as uint16, shape (4, H, W), 0 outside the swath.

    Args:
        scene: the objects.
        soil: fields and hills of the same date, shape (4, H, W).
        after: the flood's date.
    """
    image = blend(soil, REEDS, 0.85 * cover([scene.riverside]) * reed_gaps())
    image = paint(image, scene.lots, flat(YARD, len(scene.lots)))
    image = paint(image, scene.streets, flat(STREET, len(scene.streets)))
    low = [t for t in scene.of("road", after=False) if t.note != "embankment"]
    image = paint(image, [t.geometry for t in low[:3]], flat(ASPHALT, 3))
    if after:
        image = flooded(image, scene)
    image = with_water(image, scene, after=after)
    high = [t.geometry for t in scene.of("road", after=after) if t.note == "embankment"]
    image = paint(image, high, flat(ASPHALT, len(high)))
    image = with_buildings(image, scene.of("building", after=False), scene, after=after)
    image *= 1.0 + 0.018 * bell_noise(SHAPE, seed=171 + after)
    image = through_the_lens(image)
    if after:
        image = clouded(image, scene)
    return digitised(image, after=after)


def reed_gaps() -> Floats:
    """Where the riverside is overgrown, shape (H, W)."""
    return np.clip(0.65 + 0.6 * fractal_noise(SHAPE, 14.0, seed=131, octaves=3), 0.0, 1.0)


def depth_share(scene: SceneMap) -> Floats:
    """How deep the flood is, 0 at its shore to 1, shape (H, W)."""
    rows = spline_weights(SHAPE[0], CELL, 0.0)[:, : scene.terrain.shape[0] + 3]
    columns = spline_weights(SHAPE[1], CELL, 0.0)[:, : scene.terrain.shape[1] + 3]
    padded = np.pad(scene.terrain, (1, 2), mode="edge")
    return np.clip(-(rows @ padded @ columns.T) / 0.55, 0.0, 1.0)


def flooded(image: Floats, scene: SceneMap) -> Floats:
    """Brown water with streaks, weeds that stick out near the shore, and a wet fringe."""
    share = cover([t.geometry for t in scene.of("flood_water", after=True)])
    fringe = blur(share, 4) * (1 - share)
    image = blend(image, MUD, np.clip(1.5 * fringe, 0.0, 0.75))
    depth = depth_share(scene)
    streaks = fractal_noise(SHAPE, 36.0, seed=141, octaves=5, gain=0.6)
    silt = 1.0 + 0.065 * streaks + 0.16 * (depth - 0.5)
    weeds = np.clip(fractal_noise(SHAPE, 9.0, seed=142, octaves=3) - 0.9, 0.0, 1.0)
    opacity = share * (0.86 + 0.14 * depth) * (1 - 0.45 * weeds * (1 - depth))
    water = np.asarray(FLOOD)[:, None, None] * silt
    return np.asarray(image * (1 - opacity) + water * opacity)


def with_water(image: Floats, scene: SceneMap, *, after: bool) -> Floats:
    """River, ponds and lagoon; the river runs brown in the second date."""
    things = scene.of("permanent_water", after=after)
    spectra = [RIVER_IN_SPATE if after and t.note == "river" else WATER[t.note] for t in things]
    ripples = 1.0 + 0.05 * fractal_noise(SHAPE, 20.0, seed=151, octaves=4)
    water = paint(np.zeros_like(image), [t.geometry for t in things], np.array(spectra, float))
    share = cover([t.geometry for t in things])
    return np.asarray(image * (1 - share) + water * ripples)


def with_buildings(image: Floats, known: list[Thing], scene: SceneMap, *, after: bool) -> Floats:
    """Short shadows, roofs, and in the second date debris where houses were swept away.

    A farm under the cloud still stands, though nobody could label it there.
    """
    debris = scene.of("debris", after=after)
    gone = [
        t for t in known if not t.after and any(t.geometry.intersects(d.geometry) for d in debris)
    ]
    extra = [t for t in scene.of("building", after=True) if not t.before]
    standing = [t for t in known if t not in gone] + extra
    shades = [affinity.translate(t.geometry, -0.35, -0.75) for t in standing]
    image = image * (1 - 0.45 * cover(shades))
    image = paint(image, [t.geometry for t in standing], np.array([roof(t) for t in standing]))
    image = paint(image, [t.geometry for t in debris], flat(DEBRIS, len(debris)))
    rubble = cover([t.geometry for t in debris]) * bell_noise(SHAPE, seed=161)
    return np.asarray(image * (1 + 0.11 * rubble))


def roof(thing: Thing) -> Floats:
    """The spectrum of a building's roof, steady over the dates."""
    choices = ROOFS[thing.note]
    spectrum = np.array(choices[int(share_of(thing.uid, 1) ** 1.6 * len(choices))], float)
    return np.asarray(spectrum * (0.82 + 0.36 * share_of(thing.uid, 2)))


def through_the_lens(image: Floats) -> Floats:
    """The sensor's blur: a small share of each neighbour."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode="edge")
    sides = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    return np.asarray(0.68 * image + 0.08 * sides)


def clouded(image: Floats, scene: SceneMap) -> Floats:
    """A cumulus with thin rims inside its outline, and its shadow."""
    cloud = next(t for t in scene.of("cloud", after=True) if t.note == "cloud")
    soft = np.clip(2.0 * blur(cover([cloud.geometry]), 3) - 0.9, 0.0, 1.0)
    billows = fractal_noise(SHAPE, 30.0, seed=181, octaves=6, gain=0.6)
    opacity = np.clip(soft * (1.05 + 0.25 * billows), 0.0, 1.0)
    moved = affinity.translate(cloud.geometry, *SHADOW_SHIFT)
    dark = np.clip(1.6 * blur(cover([moved]), 3) - 0.5, 0.0, 1.0)
    image = image * (1 - dark * np.array([0.42, 0.50, 0.56, 0.60])[:, None, None])
    white = np.array([4300, 4250, 4200, 4600])[:, None, None] * (1 + 0.2 * billows)
    return np.asarray(image * (1 - opacity) + white * opacity)


def digitised(image: Floats, *, after: bool) -> NDArray[np.uint16]:
    """Haze, sensor noise, the swath's edge, whole numbers; nothing valid is 0."""
    haze = np.array([150, 90, 50, 20] if after else [70, 40, 20, 10])[:, None, None]
    light = 0.93 if after else 1.0
    noise = bell_noise(image.shape, seed=191 + after) * np.array([9, 10, 12, 18])[:, None, None]
    numbers: NDArray[np.uint16] = np.clip(np.rint(light * image + haze + noise), 1, 10000).astype(
        np.uint16
    )
    rows, columns = np.indices(SHAPE)
    top, bottom = SWATH_EDGE
    edge = top + (bottom - top) * (rows + 0.5) / SHAPE[0] - (5.0 if after else 0.0)
    numbers[:, columns + 0.5 > edge] = 0
    return numbers
