# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock's progress: a bar, chips with rate and time left, Cancel."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QProgressBar, QPushButton, QWidget

from .engine_run import Progress
from .translation import tr


class ProgressPanel(QWidget):
    """Shown while an export runs."""

    cancelRequested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("exportProgress")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bar = QProgressBar()
        self.bar.setObjectName("exportBar")
        self.bar.setTextVisible(False)  # QGIS's dark theme writes it dark on dark
        self.text = QLabel()
        self.text.setObjectName("exportText")
        self.text.setWordWrap(True)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setObjectName("cancelExport")
        self.cancel_button.setToolTip(
            tr("Stop the export; what is finished is kept and can be resumed")
        )
        self.cancel_button.clicked.connect(self._cancel)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar, 0, 0)
        layout.addWidget(self.cancel_button, 0, 1)
        layout.addWidget(self.text, 1, 0, 1, 2)
        self.hide()

    def begin(self) -> None:
        """Show an empty bar."""
        self.bar.setRange(0, 100)
        self.bar.setValue(0)
        self.text.setText(tr("Reading the labels…"))
        self.cancel_button.setEnabled(True)
        self.show()
        self.setFocus()  # else the next button gets it, and a stray key presses that

    def show_reading(self, percent: float) -> None:
        """The labels are being read."""
        self.bar.setValue(int(percent))
        if percent >= 100:
            self.bar.setRange(0, 0)  # moves to and fro until the engine has planned
            self.text.setText(tr("The engine looks at the imagery and the labels…"))

    def show_chips(self, progress: Progress) -> None:
        """Chips are being cut."""
        if not self.cancel_button.isEnabled():
            return  # the text says that it is being cancelled
        self.bar.setRange(0, max(1, progress.total))
        self.bar.setValue(progress.done)
        self.text.setText(progress_text(progress))

    def end(self) -> None:
        """Nothing runs any more."""
        self.hide()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.text.setText(tr("Cancelling…"))
        self.cancelRequested.emit()


def progress_text(progress: Progress) -> str:
    """'120 of 500 chips, 95 chips/s, 4 s left'."""
    parts = [tr("{done} of {total} chips").format(done=progress.done, total=progress.total)]
    if progress.rate > 0:
        parts.append(tr("{rate} chips/s").format(rate=_short(progress.rate)))
    left = progress.seconds_left
    if left is not None and progress.done < progress.total:
        parts.append(tr("{time} left").format(time=duration(left)))
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """'4 s', '3 min 20 s', '2 h 05 min'."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _short(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
