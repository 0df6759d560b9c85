# SPDX-License-Identifier: GPL-2.0-or-later
"""Small widgets of the palette."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QPixmap
from qgis.PyQt.QtWidgets import QPushButton, QSizePolicy, QToolButton

from .keys import DrawingActions


class KeyButton(QToolButton):
    """A button of an action that shows its name and its key, also when the key is changed."""

    def __init__(self, name: str, actions: DrawingActions) -> None:
        super().__init__()
        self._name, self._actions = name, actions
        self.setObjectName(f"button_{name}")
        self.setDefaultAction(actions.by_name[name])
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        actions.by_name[name].changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        key = self._actions.key_of(self._name)
        text = self._actions.by_name[self._name].iconText()
        self.setText(f"{text}  [{key}]" if key else text)
        tip = self._actions.by_name[self._name].toolTip()
        self.setToolTip(f"{tip} ({key})" if key else tip)


def area_text(area_m2: float) -> str:
    """An area short enough for a column."""
    if area_m2 >= 1e6:
        return f"{area_m2 / 1e6:.2f} km²"
    if area_m2 >= 1e4:
        return f"{area_m2 / 1e4:.2f} ha"
    return f"{area_m2:.0f} m²" if area_m2 else ""


def swatch(color: str) -> QPixmap:
    """A square of a colour."""
    pixmap = QPixmap(16, 16)
    pixmap.fill(QColor(color))
    return pixmap


def push(name: str, text: str, tool_tip: str) -> QPushButton:
    """A button with its name and tooltip."""
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tool_tip)
    return button
