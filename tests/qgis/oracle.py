"""Answers from shapely, geopandas, rasterio and scikit-image, far from QGIS: run by the engine's own Python.

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


def otsu(question):
    """Otsu's threshold of values, by scikit-image."""
    import numpy as np
    from skimage.filters import threshold_otsu

    return float(threshold_otsu(np.array(question["values"])))


def floods(question):
    """The region of a mask around each seed, neighbours by edges, by scikit-image."""
    import numpy as np
    from skimage.segmentation import flood

    mask = np.array(question["mask"], dtype=np.uint8)
    return [flood(mask, tuple(seed), connectivity=1).tolist() for seed in question["seeds"]]


def flood(question):
    """What differs by at most a tolerance from the seed and is connected, by scikit-image."""
    import numpy as np
    from skimage import segmentation

    values = np.array(question["values"])
    return segmentation.flood(
        values, tuple(question["seed"]), connectivity=1, tolerance=question["tolerance"]
    ).tolist()


def tidied(question):
    """A mask without small regions, and with small holes filled that do not reach the edge."""
    import numpy as np
    from skimage.measure import label
    from skimage.morphology import remove_small_objects

    mask = np.array(question["mask"], dtype=bool)
    without = remove_small_objects(mask, max_size=question["least"] - 1, connectivity=1)
    holes = label(~mask, connectivity=1)
    edge = np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    sizes = np.bincount(holes.ravel())
    small = [n for n in range(1, sizes.size) if sizes[n] <= question["fill"] and n not in edge]
    return {"without_small": without.tolist(), "filled": (mask | np.isin(holes, small)).tolist()}


def outlines(question):
    """Polygons against rasterio's of the same mask, and burned again by rasterio."""
    import numpy as np
    import shapely
    from rasterio import features
    from rasterio.transform import Affine

    mask = np.array(question["mask"], dtype=np.uint8)
    transform = Affine.from_gdal(*question["transform"])
    made = [shapely.from_wkt(text) for text in question["shapes"]]
    traced = features.shapes(mask, mask=mask == 1, connectivity=4, transform=transform)
    wanted = [shapely.geometry.shape(shape) for shape, _ in traced]
    one, other = shapely.union_all(made), shapely.union_all(wanted)
    back = features.rasterize(made, mask.shape, transform=transform, dtype="uint8")
    return {
        "area": [one.difference(other).area, other.difference(one).area],
        "count": len(wanted),
        "burned": (back == 1).tolist(),
        "overlap": round(sum(shape.area for shape in made) - one.area, 6),
    }


def burned(question):
    """Pixels of an image that the engine burns for polygons in the image's CRS, as packed bits."""
    import numpy as np
    import rasterio
    import shapely
    from rasterio import features

    made = [shapely.from_wkt(text) for text in question["shapes"]]
    with rasterio.open(question["path"]) as image:
        mask = features.rasterize(made, image.shape, transform=image.transform, dtype="uint8")
    return np.packbits(mask.astype(bool)).tobytes().hex()


QUESTIONS = {
    known.__name__: known
    for known in (
        footprints, rules, differences, pixels, checks, otsu, floods, flood, tidied, outlines,
        burned,
    )
}  # fmt: skip

if __name__ == "__main__":
    json.dump(QUESTIONS[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
