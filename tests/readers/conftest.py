"""Readers never reach for a network or write settings into the home of whoever runs the tests."""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.conversions import converted, traps_dataset

__all__ = ["converted", "traps_dataset"]

_SETTINGS = tempfile.TemporaryDirectory(prefix="polychip-readers-")

# Set before the readers are imported, since they read these once.
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    HF_HOME=_SETTINGS.name,
    TRANSFORMERS_OFFLINE="1",
    YOLO_OFFLINE="1",
    YOLO_CONFIG_DIR=_SETTINGS.name,
    MPLCONFIGDIR=_SETTINGS.name,
    MPLBACKEND="Agg",
    NO_ALBUMENTATIONS_UPDATE="1",
)
