# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts in the user's language."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from .about import PACKAGE

CONTEXT = "Polychip"


def tr(text: str) -> str:
    """`text` in the language of QGIS; call it with a literal, so that the text is found."""
    return QCoreApplication.translate(CONTEXT, text)


def install_translator() -> QTranslator | None:
    """Load the texts of QGIS's language; None when there are none, and English stays."""
    translator = QTranslator()
    for name in (QgsApplication.locale(), QgsApplication.locale()[:2]):
        if translator.load(str(PACKAGE / "i18n" / f"polychip_{name}.qm")):
            QCoreApplication.installTranslator(translator)
            return translator
    return None
