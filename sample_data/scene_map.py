"""What is where: every object of the scene as a vector, before and after the flood.

Pixels and labels are both made from these geometries, so they line up by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scene_noise import Floats, hashed_share, uniforms
from scene_shapes import (
    Block,
    TownPlan,
    blob,
    bumps,
    contours,
    lattice,
    rectangle,
    ribbon,
    rounded,
    smooth_line,
    town_blocks,
)
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

SHAPE = (560, 640)
"""(height, width) of the scene in pixels."""
CELL = 2.0
"""Lattice of the terrain, in pixels."""
OLD_TOWN = TownPlan((246.0, 190.0), 17.0, (3, 4), (4.4, 4.6), (4, 2), 1.8, seed=5)
NEW_TOWN = TownPlan((300.5, 211.0), -11.0, (2, 4), (4.8, 4.2), (4, 2), 2.0, seed=23)
ESTATE = TownPlan((430.0, 408.0), -24.0, (2, 4), (11.0, 8.5), (3, 1), 2.4, seed=9)
ISLAND = (338.0, 342.0)
CLOUD = (462.0, 92.0)
SHADOW_SHIFT = (-34.0, -47.0)
"""From the cloud to its shadow, in pixels: the sun stands in the south-south-east."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One labelled object, in pixel space."""

    uid: str
    kind: str
    """Class name."""
    geometry: BaseGeometry
    instance_id: int | None = None
    before: bool = False
    """Labelled in the first date."""
    after: bool = True
    """Labelled in the second date."""
    note: str = ""
    """What the renderer should make of it: 'embankment', 'warehouse', 'lagoon', …"""


@dataclass(frozen=True, slots=True)
class SceneMap:
    """The labelled objects and the unlabelled ground under them."""

    things: tuple[Thing, ...]
    river_line: Floats
    """Centre line of the river, shape (n, 2)."""
    terrain: Floats
    """Height above the flood's level on the CELL lattice; negative is flooded."""
    riverside: Polygon
    """The strip of reeds and poplars along the river."""
    lots: tuple[Polygon, ...]
    """Town blocks up to the street: yards and pavements."""
    streets: tuple[Polygon, ...]
    """Streets whole, dry or not."""

    def of(self, kind: str, *, after: bool) -> list[Thing]:
        """Objects of a class in one of the dates."""
        return [t for t in self.things if t.kind == kind and (t.after if after else t.before)]


def draw_map() -> SceneMap:
    """The whole scene."""
    line = river_line()
    terrain = flood_terrain(line)
    flood = flood_things(terrain)
    wet = shapely.union_all([thing.geometry for thing in flood])
    plans = ((OLD_TOWN, 0.10), (NEW_TOWN, 0.18), (ESTATE, 0.1))
    (old, old_streets), (new, new_streets), (estate, estate_streets) = (
        town_blocks(plan, empty) for plan, empty in plans
    )
    village = [*old, *new]
    streets = (old_streets, new_streets, estate_streets)
    cloud = cloud_things()
    water = water_things(line)
    roads = road_things(streets, wet)
    taken = shapely.union_all(
        [t.geometry for t in (*water, *roads)] + [Polygon(s.exterior) for s in streets]
    )
    buildings = [
        *town_buildings(village, estate),
        *farm_buildings(taken, hidden=cloud[0].geometry),
    ]
    return SceneMap(
        things=(*water, *flood, *roads, *buildings, *debris_things(), *cloud),
        river_line=line,
        terrain=terrain,
        riverside=ribbon(line, 6.8 + 1.6 * np.sin(np.arange(len(line)) / 9.0)),
        lots=tuple(block.outline for block in (*village, *estate)),
        streets=streets,
    )


def river_line() -> Floats:
    """A meandering centre line that enters in the west and leaves in the east."""
    t = np.linspace(-24.0, 664.0, 330)
    phase = t / 24.0 + 1.3 * np.sin(t / 97.0)
    swell = 0.8 + 0.2 * np.sin(t / 71.0 + 0.5)
    x = t + 4.0 * swell * np.sin(2 * phase)
    y = 258.0 + 0.13 * t + 21.0 * np.sin(t / 88.0 - 0.9) + 21.0 * swell * np.sin(phase)
    return np.stack([x, y], axis=1)


def river_half_width(line: Floats) -> Floats:
    """Half the width of the permanent bed in pixels, at each vertex."""
    s = np.arange(len(line))
    return np.asarray(3.3 + 0.7 * np.sin(s / 11.0) + 0.4 * np.sin(s / 4.9 + 1.0))


def flood_terrain(line: Floats) -> Floats:
    """Height above the flood's level, on the CELL lattice: wide to the south, a rise = island."""
    x, y = lattice(SHAPE, CELL)
    river = LineString(line)
    distance = shapely.distance(shapely.points(x, y), river)
    south = y > np.interp(x, line[:, 0], line[:, 1])
    reach = np.where(south, 62.0, 40.0)
    height = distance / reach - 1.0 + 0.33 * bumps(SHAPE, CELL, 70.0, seed=41)
    height += 0.10 * bumps(SHAPE, CELL, 18.0, seed=43)
    for (cx, cy), lift, radius in (
        (ISLAND, 2.2, 8.0),
        ((ISLAND[0] + 15.0, ISLAND[1] + 6.0), 1.9, 6.5),
        ((284.0, 226.0), -1.3, 34.0),
        ((418.0, 392.0), -1.3, 44.0),
        ((60.0, 210.0), 0.8, 60.0),
    ):
        height += lift * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2))
    return np.asarray(height)


def flood_things(terrain: Floats) -> list[Thing]:
    """Flood water: the outlines of low ground, the permanent bed included."""
    outlines = [p for p in contours(terrain, 0.0, CELL) if p.area > 70.0][:9]
    return [Thing(f"F-{k:03d}", "flood_water", p) for k, p in enumerate(outlines, 1)]


def water_things(line: Floats) -> list[Thing]:
    """Water of every day: the river, irrigation ponds, and a lagoon under the swath's edge."""
    ponds = [
        rectangle((128.0, 420.0), (7.0, 5.5), 21.0),
        rectangle((372.0, 148.0), (6.0, 6.0), -12.0),
        rectangle((206.0, 478.0), (8.0, 5.0), 34.0),
    ]
    lagoon = blob((556.0, 478.0), 36.0, 0.75, seed=77)
    shapes = [ribbon(line, river_half_width(line)), *ponds, lagoon]
    notes = ["river", "pond", "pond", "pond", "lagoon"]
    return [
        Thing(f"W-{k:03d}", "permanent_water", p, before=True, note=note)
        for k, (p, note) in enumerate(zip(shapes, notes, strict=True), 1)
    ]


def road_things(streets: tuple[Polygon, ...], wet: BaseGeometry) -> list[Thing]:
    """Roads: two on embankments cross the river; the low ones lose what is under water."""
    motorway = [(522, -12), (508, 90), (492, 190), (500, 300), (516, 420), (508, 572)]
    regional = [(-10, 132), (80, 150), (165, 172), (226, 222), (250, 262), (246, 330)]
    regional += [(262, 420), (250, 500), (262, 572)]
    eastern = [(323, 215), (370, 222), (430, 196), (496, 206)]
    link = [(262, 424), (320, 440), (376, 436)]
    northern = [(243, 164), (249, 140), (270, 112), (280, 80), (268, 40), (288, -10)]
    high = [(motorway, 1.45), (regional, 0.8)]
    low = [(eastern, 0.7), (link, 0.75), (northern, 0.7)]
    ribbons = [ribbon(smooth_line([(float(x), float(y)) for x, y in k]), w) for k, w in high + low]
    things = []
    for k, road in enumerate([*ribbons, *streets], 1):
        uid = f"R-{k:03d}"
        if k <= len(high):
            things.append(Thing(uid, "road", road, before=True, note="embankment"))
            continue
        things.append(Thing(uid, "road", road, before=True, after=False))
        dry = polygonal(shapely.difference(road, wet))
        things.append(Thing(uid, "road", dry, after=True))
    return things


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """Only the polygons of a result, larger than a tenth of a pixel, on the 1/1000 lattice."""
    kept = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and p.area > 0.1]
    snapped = [
        Polygon(
            rounded(np.array(p.exterior.coords)), [rounded(np.array(r.coords)) for r in p.interiors]
        )
        for p in kept
    ]
    return MultiPolygon(sorted(snapped, key=lambda p: (-p.area, p.wkb)))


def town_buildings(village: list[Block], estate: list[Block]) -> list[Thing]:
    """Terraces and warehouses wall to wall, and a school of two wings with one instance id."""
    things = []
    number = 0
    for note, blocks in (("roof", village), ("warehouse", estate)):
        for block in blocks:
            for house in block.houses:
                number += 1
                things.append(building(number, house, number, note))
    school = number + 1
    for wing in (
        rectangle((196.0, 128.0), (9.0, 4.0), 17.0),
        rectangle((198.5, 134.5), (4, 5), 17),
    ):
        number += 1
        things.append(building(number, wing, school, "school"))
    return things


def building(number: int, shape: Polygon, instance_id: int | None, note: str) -> Thing:
    """A building that stands in both dates."""
    return Thing(f"B-{number:04d}", "building", shape, instance_id, before=True, note=note)


def farm_buildings(taken: BaseGeometry, hidden: BaseGeometry) -> list[Thing]:
    """Farms strewn over the fields; some lack an instance id, some are gone after the flood.

    Args:
        taken: ground where no farm can stand.
        hidden: the opaque cloud; what is under it can't be labelled in the second date.
    """
    draws = uniforms(2024, 5 * 90).reshape(-1, 5)
    spots = [(222.0, 306.0), (292.0, 318.0), (398.0, 352.0)]
    drawn = [(14 + 520 * a, 16 + 528 * b) for a, b in draws[:, :2]]
    things: list[Thing] = []
    for k, (spot, draw) in enumerate(zip(spots + drawn, draws, strict=False)):
        size = (3.0 + 2.6 * float(draw[2]), 2.8 + 1.8 * float(draw[3]))
        farm = rectangle(spot, size, 180 * float(draw[4]))
        near = any(farm.distance(other.geometry) < 12 for other in things)
        in_hills = spot[0] + 1.3 * spot[1] < 190
        if k >= len(spots) and (near or in_hills or farm.distance(taken) < 3):
            continue
        number = 900 + len(things)
        swept_away = k in (1, 2)
        instance_id = None if len(things) % 4 == 3 else number
        things.append(
            Thing(
                f"B-{number:04d}",
                "building",
                farm,
                instance_id,
                before=True,
                after=not swept_away and not farm.intersects(hidden),
                note="farm",
            )
        )
        if len(things) == 30:
            break
    shed = Polygon([(150.12, 300.1), (150.41, 300.13), (150.38, 300.4), (150.1, 300.36)])
    return [*things, Thing("B-0999", "building", shed, 999, note="farm")]


def debris_things() -> list[Thing]:
    """Piles of reeds and rubble; one outline crosses itself (a bow-tie)."""
    piles = [
        ((246.0, 313.0), 6.0, 0.5),
        ((292.0, 318.5), 5.5, 0.7),
        ((398.0, 352.5), 6.0, 0.6),
        ((493.0, 344.0), 6.5, 0.45),
        ((334.0, 262.0), 5.0, 0.6),
        ((452.0, 366.0), 4.5, 0.7),
        ((118.0, 268.0), 5.5, 0.5),
    ]
    things = [
        Thing(f"D-{k:03d}", "debris", blob(*pile, seed=600 + k), 2000 + k)
        for k, pile in enumerate(piles, 1)
    ]
    bow_tie = Polygon([(166, 312), (178, 322), (178, 311), (166, 321)])
    return [*things, Thing("D-008", "debris", bow_tie, 2008)]


def cloud_things() -> list[Thing]:
    """A cloud and its shadow: nobody can say what is under them."""
    x, y = lattice(SHAPE, CELL)
    reach = np.hypot((x - CLOUD[0]) / 46.0, (y - CLOUD[1]) / 30.0)
    field = reach - 1.0 + 0.26 * bumps(SHAPE, CELL, 34.0, seed=88)
    field += 0.09 * bumps(SHAPE, CELL, 10.0, seed=89)
    cloud = max(contours(field, 0.0, CELL), key=lambda p: p.area)
    cloud = Polygon(cloud.exterior)
    shadow = affinity.translate(cloud, *SHADOW_SHIFT)
    shadow = Polygon(rounded(np.array(shadow.exterior.coords)))
    return [Thing("C-001", "cloud", cloud, note="cloud"), Thing("C-002", "cloud", shadow)]


def share_of(uid: str, salt: int) -> float:
    """A steady number in [0, 1) for an object, for its colours and attributes."""
    return float(hashed_share(int.from_bytes(uid.encode(), "big") % 2**61, salt))
