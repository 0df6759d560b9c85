"""Chips and masks by rschip, as its README does it: IMAGE LABELS OUT."""

import sys
from pathlib import Path

from rschip import ImageChip, SegmentationMask

SIZE = 512


def main() -> None:
    """Burn one mask of the whole image, then cut image and mask."""
    image, labels, out = sys.argv[1:]
    mask = Path(out) / "mask.tif"
    for name in ("images", "masks"):
        (Path(out) / name).mkdir(parents=True)
    SegmentationMask(image, labels, mask, class_field="class").create_mask(silent=True)
    for source, name in ((image, "images"), (mask, "masks")):
        ImageChip(
            source, Path(out) / name, output_name="chip", pixel_dimensions=SIZE, offset=SIZE
        ).chip_image()


if __name__ == "__main__":
    main()
