"""Chips and masks by geoai's export_geotiff_tiles: IMAGE LABELS OUT."""

import sys

from geoai import export_geotiff_tiles

SIZE = 512


def main() -> None:
    """Its defaults are stride 128 and all_touched; the rest is left as it is."""
    image, labels, out = sys.argv[1:]
    export_geotiff_tiles(
        image, out, labels, tile_size=SIZE, stride=SIZE, all_touched=False, quiet=True
    )


if __name__ == "__main__":
    main()
