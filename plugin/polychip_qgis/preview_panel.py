# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock's preview: the chip under the cursor with its mask over it."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QRect, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QImage, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from .preview_arrays import CLASSES, IMAGE, OBJECTS, PreviewPictures
from .translation import tr

_LEAST_PX, _MOST_PX = 120, 420
_SHOWN_CLASSES = 6


class PictureView(QWidget):
    """An image as large as the dock is wide; pixels stay square and sharp."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("previewPicture")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.image = QImage()

    def show_image(self, image: QImage) -> None:
        """Paint this one from now on."""
        resized = image.size() != self.image.size()
        self.image = image
        if resized:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As Qt asks for it."""
        return QSize(_LEAST_PX, _LEAST_PX)

    def hasHeightForWidth(self) -> bool:
        """As Qt asks for it."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As Qt asks for it."""
        if self.image.isNull():
            return _LEAST_PX
        return min(_MOST_PX, max(1, width * self.image.height() // self.image.width()))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - all of it is painted
        """As Qt asks for it."""
        if self.image.isNull():
            return
        painter = QPainter(self)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        smaller = size.width() < self.image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smaller)
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        painter.drawImage(QRect(left, top, size.width(), size.height()), self.image)
        painter.end()


class PreviewPanel(QGroupBox):
    """A button, what is to be seen, the picture, and a few words on the chip."""

    toggled_by_user = pyqtSignal(bool)
    planRequested = pyqtSignal()
    opened = pyqtSignal()
    """The first picture since the preview was turned on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Preview"), parent)
        self.setObjectName("previewGroup")
        self._pictures: PreviewPictures | None = None
        self.button = QPushButton(tr("Preview"))
        self.button.setObjectName("preview")
        self.button.setCheckable(True)
        self.button.setToolTip(
            tr("Show the chip under the cursor as the engine would write it, unsaved edits too")
        )
        self.plan_button = QPushButton(tr("Show Chips"))
        self.plan_button.setObjectName("showChips")
        self.plan_button.setToolTip(
            tr("Add the planned chips to the map, coloured by split and by why they are left out")
        )
        self.view = QComboBox()
        self.view.setObjectName("previewView")
        self.view.setToolTip(tr("What is drawn over the image"))
        for name, text in (
            (CLASSES, tr("Classes")),
            (OBJECTS, tr("Objects")),
            (IMAGE, tr("Image alone")),
        ):
            self.view.addItem(text, name)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setObjectName("previewOpacity")
        self.opacity.setRange(5, 100)
        self.opacity.setValue(50)
        self.opacity.setToolTip(tr("How opaque the mask is"))
        self.picture = PictureView()
        self.text = QLabel()
        self.text.setObjectName("previewText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        layout = QGridLayout(self)
        layout.addWidget(self.button, 0, 0)
        layout.addWidget(self.plan_button, 0, 1)
        layout.addWidget(self.view, 1, 0)
        layout.addWidget(self.opacity, 1, 1)
        layout.addWidget(self.picture, 2, 0, 1, 2)
        layout.addWidget(self.text, 3, 0, 1, 2)
        self.button.clicked.connect(self.toggled_by_user)
        self.plan_button.clicked.connect(lambda *_: self.planRequested.emit())
        self.view.currentIndexChanged.connect(self._compose)
        self.opacity.valueChanged.connect(self._compose)
        self.set_active(False)

    def set_active(self, active: bool) -> None:
        """Whether a preview is on; without one the picture takes no room."""
        self.button.setChecked(active)
        for widget in (self.view, self.opacity, self.picture):
            widget.setVisible(active)
        if not active:
            self._pictures = None
            self.picture.show_image(QImage())
            self.say("")

    def say(self, text: str) -> None:
        """One or two sentences below the picture."""
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def show_chip(
        self, chip: dict[str, Any], shown: PreviewPictures, names: dict[int, str]
    ) -> None:
        """A chip, as the engine answered it; `names` are the classes' by code."""
        first, self._pictures = self._pictures is None, shown
        self._compose()
        if first:
            self.opened.emit()
        self.say(chip_words(chip, names))

    def _compose(self, *_: object) -> None:
        if self._pictures is not None:
            view, opacity = self.view.currentData(), self.opacity.value() / 100
            self.picture.show_image(self._pictures.composed(view, opacity))


def chip_words(chip: dict[str, Any], names: dict[int, str]) -> str:
    """The chip's id and split, why it is left out, and what it holds."""
    lines = [chip["chip_id"] + (f" · {chip['split']}" if chip["split"] else "")]
    if chip["skipped"]:
        lines.append(tr("Would be left out: {reason}").format(reason=chip["skipped"]))
    total = max(1, chip["width"] * chip["height"] - chip["padding_px"])
    pixels = {int(code): count for code, count in chip["pixels"].items()}
    ignore = max(names, default=None)
    if ignore is not None and ignore in pixels:
        pixels[ignore] -= chip["padding_px"]
    largest = sorted((-count, code) for code, count in pixels.items() if count > 0)
    shares = [
        f"{names.get(code, str(code))} {-count / total:.1%}"
        for count, code in largest[:_SHOWN_CLASSES]
    ]
    lines.append(", ".join(shares))
    if chip["n_instances"] is not None:
        lines.append(tr("Objects: {n}").format(n=chip["n_instances"]))
    return "\n".join(lines)
