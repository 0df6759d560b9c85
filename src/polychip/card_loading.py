"""How other people's loaders read a dataset: text for its card, filled in from the manifest."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

FOLDER = "path/to/this/folder"
"""Stands for the dataset's folder, whose name is not part of the data."""


def loading_lines(manifest: Mapping[str, Any]) -> list[str]:
    """Sections for PyTorch, TorchGeo and TerraTorch; no lines for a dataset without images."""
    layers = manifest["scenes"][0]["layers"]
    if not layers:
        return []
    first = next(iter(layers))
    kind = first if first == "image" else f"image_{first}"
    scene = manifest["scenes"][0]["name"]
    return [
        *_pytorch_lines(manifest),
        *_torchgeo_lines(manifest, scene, kind),
        *_terratorch_lines(manifest, first),
    ]


def _pytorch_lines(manifest: Mapping[str, Any]) -> list[str]:
    names = manifest["split"]["names"]
    split = repr(names[0]).replace("'", '"') if names else ""
    return [
        "With PyTorch:",
        "",
        "```python",
        "import polychip",
        "from torch.utils.data import DataLoader",
        "",
        f'train = polychip.open("{FOLDER}").to_torch({split})',
        "loader = DataLoader(train, batch_size=8, shuffle=True, num_workers=2)",
        "for batch in loader:",
        '    batch["image"]  # (8, bands, height, width) float32',
        '    batch["mask"]  # (8, height, width) class codes; ignore is train.ignore_index',
        "```",
        "",
    ]


def _torchgeo_lines(manifest: Mapping[str, Any], scene: str, kind: str) -> list[str]:
    names = manifest["split"]["names"]
    chosen = f'(chips["scene"] == "{scene}")'
    if names:
        chosen += f' & (chips["split"] == "{names[0]}")'
    return [
        "With TorchGeo, a scene at a time (chips of several dates lie on the same ground); pixels "
        "come unchanged unless the grid is rotated or south-up, which TorchGeo warps:",
        "",
        "```python",
        "import geopandas",
        "from rasterio.enums import Resampling",
        "from torchgeo.datasets import RasterDataset",
        "from torchgeo.samplers import PreChippedGeoSampler",
        "",
        f'folder = "{FOLDER}"',
        'chips = geopandas.read_parquet(f"{folder}/chips.parquet")',
        f"chips = chips[{chosen}]",
        "",
        "",
        "class Images(RasterDataset):",
        "    resampling = Resampling.nearest  # bilinear, its default, may change pixels",
        "",
        "",
        "class Masks(RasterDataset):",
        "    is_image = False",
        "",
        "",
        f"""images = Images([f"{{folder}}/{{files['{kind}']}}" for files in chips["files"]])""",
        """masks = Masks([f"{folder}/{files['semantic']}" for files in chips["files"]])""",
        "dataset = images & masks",
        "for place in PreChippedGeoSampler(images):  # each chip once, whatever the grid",
        "    sample = dataset[place]",
        '    sample["image"], sample["mask"]',
        "```",
        "",
    ]


def _terratorch_lines(manifest: Mapping[str, Any], layer: str) -> list[str]:
    schema = manifest["schema"]
    codes = [c["code"] for c in schema["classes"] if c["code"] != schema["ignore"]]
    n_classes = 1 + max([schema["background"], *codes])
    bands = (manifest["bands_train"] or manifest["bands"])[layer]
    return [
        "With TerraTorch, `terratorch fit --config terratorch.yaml`; the file:",
        "",
        "```yaml",
        "data:",
        "  class_path: terratorch.datamodules.GenericNonGeoSegmentationDataModule",
        "  init_args:",
        "    batch_size: 8",
        "    num_workers: 2",
        f"    num_classes: {n_classes}",
        *_root_lines(manifest, layer),
        '    img_grep: "*/r*/*.tif"',
        '    label_grep: "*/r*/*.tif"',
        "    allow_substring_split_file: false  # whole chip ids, not parts of them",
        f"    no_data_replace: {_nodata(manifest, layer)}",
        f"    no_label_replace: {schema['ignore']}",
        f"    rgb_indices: {_rgb_places(bands)}",
        f"    means: {[_rounded(band['mean']) for band in bands]}",
        f"    stds: {[_rounded(band['std']) for band in bands]}",
        "model:",
        "  class_path: terratorch.tasks.SemanticSegmentationTask",
        "  init_args:",
        "    model_factory: SMPModelFactory",
        "    model_args:",
        "      model: Unet",
        "      backbone: resnet18",
        "      pretrained: false",
        f"      bands: {_band_names(bands)}",
        f"      num_classes: {n_classes}",
        "    loss: ce",
        f"    ignore_index: {schema['ignore']}",
        "```",
        "",
    ]


def _root_lines(manifest: Mapping[str, Any], layer: str) -> list[str]:
    """Folders and lists of each stage; TerraTorch doesn't train without one for validation."""
    images = "images" if layer == "image" else f"images/{layer}"
    known = manifest["split"]["names"]
    train = "train" if "train" in known else next(iter(known), None)
    val = "val" if "val" in known else next((name for name in known if name != train), train)
    stages = {"train": train, "val": val} | ({"test": "test"} if "test" in known else {})
    lines = []
    for stage, split in stages.items():
        note = "  # there is no split to validate with" if (stage, val) == ("val", train) else ""
        lines += [
            f"    {stage}_data_root: {FOLDER}/{images}{note}",
            f"    {stage}_label_data_root: {FOLDER}/masks/semantic",
        ]
        if split is not None:
            lines.append(f"    {stage}_split: {FOLDER}/splits/{split}.txt")
    return lines


def _nodata(manifest: Mapping[str, Any], layer: str) -> str:
    """What TerraTorch, which turns nodata into NaN, shall turn it back into; 0 for NaN itself."""
    value = manifest["scenes"][0]["layers"][layer]["nodata"]
    return "0" if value is None or isinstance(value, str) else json.dumps(value)


def _rgb_places(bands: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of red, green and blue, by name; else of the first three bands, else the first."""
    names = [str(band["name"]).lower() for band in bands]
    if {"red", "green", "blue"} <= set(names):
        return [names.index(name) for name in ("red", "green", "blue")]
    return [0, 1, 2] if len(bands) >= 3 else [0, 0, 0]


def _band_names(bands: Sequence[Mapping[str, Any]]) -> str:
    names = [band["name"] for band in bands]
    if not all(names) or len(set(names)) < len(names):
        return str(list(range(len(bands))))
    return json.dumps(names, ensure_ascii=False)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
