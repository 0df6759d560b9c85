# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plugin knows about itself: its folder, its metadata, its pictures."""

from __future__ import annotations

import configparser
from pathlib import Path

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QIcon

PACKAGE = Path(__file__).absolute().parent  # not resolved: in development the sources are links


def metadata(key: str, default: str = "") -> str:
    """A value of metadata.txt, `default` where there is no such file (a bare source tree)."""
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read(PACKAGE / "metadata.txt", encoding="utf-8")
    return parser.get("general", key, fallback=default)


def version() -> str:
    """The plugin's version; '0.0.0' in a bare source tree."""
    return metadata("version", "0.0.0")


def icon() -> QIcon:
    """The plugin's icon, readable on light and dark."""
    return QIcon(str(PACKAGE / "icons" / "polychip.svg"))


def help_url(anchor: str = "") -> QUrl:
    """The help page that is shipped with the plugin, so that it opens without a network."""
    url = QUrl.fromLocalFile(str(PACKAGE / "help" / "index.html"))
    if anchor:
        url.setFragment(anchor)
    return url
