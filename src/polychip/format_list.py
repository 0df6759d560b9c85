"""The names of tables and of all output formats, with nothing that must be loaded for it; pure."""

from dataclasses import dataclass

CHIPS, INSTANCES = "chips.parquet", "instances.parquet"
"""A dataset's tables."""
FORMATS_FOLDER = "formats"
"""Where a recipe's formats are written, below the dataset."""
CONVERSION = "conversion.json"
"""Written last into a format's folder: what it holds and how it was made."""


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """Where a format lives and what it needs."""

    module: str
    """Below `polychip.formats`; has a function `prepare`."""
    purpose: str
    """In a few words, for help and docs."""
    needs_objects: bool = False
    """Only datasets with instance masks can be written so."""


FORMATS: dict[str, FormatEntry] = {
    "coco": FormatEntry("coco", "COCO instances, RLE with hidden parts", needs_objects=True),
    "coco-panoptic": FormatEntry(
        "coco_panoptic", "COCO panoptic, things and stuff", needs_objects=True
    ),
    "yolo-seg": FormatEntry("yolo_seg", "ultralytics polygons", needs_objects=True),
    "yolo-semantic": FormatEntry("yolo_semantic", "ultralytics class masks, any number of bands"),
    "png": FormatEntry("index_png", "images and index masks as PNG, mmseg's folders"),
    "voc": FormatEntry("pascal_voc", "Pascal VOC segmentation"),
    "cityscapes": FormatEntry("cityscapes", "Cityscapes label and instance ids"),
    "sen1floods11": FormatEntry("sen1floods11", "Sen1Floods11's folders: water, none, no data"),
    "webdataset": FormatEntry("webdataset", "WebDataset shards (tar), all bands and objects"),
    "huggingface": FormatEntry("huggingface", "Hugging Face: metadata.jsonl or Parquet"),
    "stac": FormatEntry("stac", "a STAC catalogue, an item a chip, GeoTIFF"),
    "croissant": FormatEntry("croissant", "Croissant: a table of hashed GeoTIFFs for mlcroissant"),
    "tdml": FormatEntry("tdml", "OGC TrainingDML-AI JSON, GeoTIFF"),
    "xbd": FormatEntry("xbd", "xBD's pictures and damage grades, before and after"),
    "spacenet8": FormatEntry("spacenet8", "SpaceNet 8: buildings and roads, dry or flooded"),
    "esri": FormatEntry("esri", "Esri Classified_Tiles (structure tested only)"),
    "esri-rcnn": FormatEntry("esri", "Esri RCNN_Masks (structure tested only)", needs_objects=True),
    "gpkg": FormatEntry("gpkg", "the grid of chips as a GeoPackage for QGIS, no pixels"),
}
"""By name, in the order of the docs."""
