"""Answers from shapely, geopandas and rasterio, far from QGIS: run by the engine's own Python.

    python oracle.py QUESTION < question.json > answer.json

Inside QGIS's process these libraries would run on QGIS's GDAL and GEOS, so they live elsewhere.
"""

import json
import sys
from pathlib import Path


def footprints(question):
    """Corners of the chips of a dataset, by chip id, as its index holds them."""
    import geopandas

    table = geopandas.read_parquet(Path(question["dataset"]) / "chips.parquet")
    rings = table.geometry.exterior.apply(lambda ring: list(ring.coords)[:-1])
    return dict(zip(table["chip_id"], rings, strict=True))


def rules(question):
    """What each drawing rule should leave of the new polygon and the old ones, as WKT."""
    import shapely

    new = shapely.from_wkt(question["new"])
    old = {fid: shapely.from_wkt(text) for fid, text in question["old"].items()}
    met = {fid: shape for fid, shape in old.items() if shape.intersection(new).area > 0}
    rest = new.difference(shapely.union_all(list(met.values()))) if met else new
    island = question["rule"] == "give_way" and rest.area == 0
    if question["rule"] == "take_ground" or island:
        left = {fid: shape.difference(new) for fid, shape in met.items()}
        return {"new": new.wkt, "old": {fid: shape.wkt for fid, shape in left.items()}}
    return {"new": (rest if question["rule"] == "give_way" else new).wkt, "old": {}}


def differences(question):
    """Area of the symmetric difference of pairs of WKT texts."""
    import shapely

    pairs = [(shapely.from_wkt(a), shapely.from_wkt(b)) for a, b in question["pairs"]]
    return [one.symmetric_difference(other).area for one, other in pairs]


def pixels(question):
    """Pixels of a dataset's semantic masks that differ from the drawn polygons at their centres.

    `polygons` are [class code, WKT] in order of priority, first wins; `looked_at` are WKT.
    Centres nearer than `near` to an edge are left out.
    """
    import numpy as np
    import rasterio
    import shapely

    polygons = [(code, shapely.from_wkt(text)) for code, text in question["polygons"]]
    looked_at = shapely.union_all([shapely.from_wkt(text) for text in question["looked_at"]])
    shapes = [looked_at, *(shape for _, shape in polygons)]
    edges = shapely.union_all([shape.boundary for shape in shapes])
    shapely.prepare(edges)
    answer = {"wrong": 0, "compared": 0, "left_out": 0, "values": {}}
    with rasterio.open(question["image"]) as image:
        inside = shapely.box(*image.bounds)
    for path in sorted((Path(question["dataset"]) / "masks" / "semantic").rglob("*.tif")):
        with rasterio.open(path) as source:
            mask, transform = source.read(1), source.transform
        rows, columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
        x, y = transform @ (columns.ravel() + 0.5, rows.ravel() + 0.5)
        expected = np.zeros(mask.size, dtype=int)
        for code, shape in reversed(polygons):
            expected[shapely.contains_xy(shape, x, y)] = code
        known = shapely.contains_xy(looked_at, x, y) & shapely.contains_xy(inside, x, y)
        expected[~known] = 255
        near = shapely.dwithin(edges, shapely.points(x, y), question["near"])
        found = mask.ravel()
        answer["wrong"] += int(((found != expected) & ~near).sum())
        answer["compared"] += int((~near).sum())
        answer["left_out"] += int(near.sum())
        for value, count in zip(*np.unique(found, return_counts=True), strict=True):
            answer["values"][str(value)] = answer["values"].get(str(value), 0) + int(count)
    return answer


def checks(_question):
    """Severity and explanation of each check of the engine's, by id."""
    from polychip.quality.checks.registry import CHECKS

    return {check.id: (check.severity, check.explanation) for check in CHECKS}


QUESTIONS = {known.__name__: known for known in (footprints, rules, differences, pixels, checks)}

if __name__ == "__main__":
    json.dump(QUESTIONS[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
