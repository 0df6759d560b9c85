# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the palette for pre-labels: index, histogram, threshold, tidying. Widgets alone."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QProgressBar,
    QSlider,
    QSpinBox,
    QWidget,
)

from ..drawing.keys import DrawingActions
from ..drawing.widgets import KeyButton, push
from ..translation import tr
from .bands import Index
from .histogram import HistogramView, Span
from .threshold import Histogram, rounded

STEPS = 1000
"""Of the slider."""
LEAST_PX, FILL_PX = 4, 4
"""Tidying as it is offered."""


class PrelabelPanel(QGroupBox):
    """Shows and asks; what the user wants is in its signals."""

    formulaChanged = pyqtSignal()
    ruleChanged = pyqtSignal()
    """Threshold, side, or the other date."""
    allCellsRequested = pyqtSignal()
    cancelRequested = pyqtSignal()

    def __init__(self, actions: DrawingActions) -> None:
        super().__init__(tr("Pre-labels"))
        self.setObjectName("prelabelGroup")
        self._span = Span(-1.0, 1.0)
        self._indices: list[Index] = []
        self._make_rule()
        self._make_tidying()
        self._lay_out(actions)
        self._connect()
        self.show_running(None)
        self.tell("")

    # --- what the user has chosen

    @property
    def name(self) -> str:
        """Of the index; the formula itself when it was typed."""
        text = self.formula.text().strip()
        known = next((k for k in self._indices if k.formula == text), None)
        return known.name if known is not None else text.replace(" ", "")

    @property
    def threshold(self) -> float:
        """As it is recorded."""
        return rounded(self.number.value())

    @property
    def below(self) -> bool:
        """Whether values below the threshold become pre-labels."""
        return bool(self.side.currentData())

    # --- widgets

    def _make_rule(self) -> None:
        self.index = QComboBox()
        self.index.setObjectName("prelabelIndex")
        self.index.setToolTip(tr("Indices that the image’s bands allow"))
        self.formula = QLineEdit()
        self.formula.setObjectName("prelabelFormula")
        self.formula.setToolTip(tr(
            "Bands by number (b1, b2) or name (green, nir, swir, vv), other.b1 for the other date; "
            "+ - * / ^, comparisons, and, or, not, abs, sqrt, log10, db, min, max, where"
        ))  # fmt: skip
        self.view = HistogramView()
        self.view.setToolTip(tr("The values that the map shows; click to set the threshold"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("prelabelSlider")
        self.slider.setRange(0, STEPS)
        self.slider.setToolTip(tr("Threshold"))
        self.number = QDoubleSpinBox()
        self.number.setObjectName("prelabelThreshold")
        self.number.setRange(-1e9, 1e9)
        self.number.setDecimals(5)
        self.number.setSingleStep(0.01)
        self.number.setKeyboardTracking(False)
        self.number.setToolTip(tr("Threshold; it is recorded on each polygon"))
        self.side = QComboBox()
        self.side.setObjectName("prelabelSide")
        self.side.addItem(tr("Above"), False)
        self.side.addItem(tr("Below"), True)
        self.side.setToolTip(tr("Which values become pre-labels"))
        self.only_new = QCheckBox(tr("Not on the other date"))
        self.only_new.setObjectName("prelabelOnlyNew")
        self.only_new.setToolTip(tr(
            "Only where the same threshold does not hold on the other date, which is chosen under "
            "View: flood is water now and not before"
        ))  # fmt: skip

    def _make_tidying(self) -> None:
        self.least = QSpinBox()
        self.least.setObjectName("prelabelLeast")
        self.least.setRange(0, 10_000)
        self.least.setValue(LEAST_PX)
        self.least.setSuffix(" px")
        self.least.setToolTip(tr("Regions of fewer pixels are left out"))
        self.fill = QSpinBox()
        self.fill.setObjectName("prelabelFill")
        self.fill.setRange(0, 10_000)
        self.fill.setValue(FILL_PX)
        self.fill.setSuffix(" px")
        self.fill.setToolTip(tr("Holes of up to that many pixels are filled, but not nodata"))
        self.smooth = QCheckBox(tr("Smooth"))
        self.smooth.setObjectName("prelabelSmooth")
        self.smooth.setChecked(True)
        self.smooth.setToolTip(tr(
            "Outlines without steps; they move by less than half a pixel, so that the masks stay "
            "the same"
        ))  # fmt: skip
        self.all_cells = push("prelabelAllCells", tr("All Cells to Do"), tr(
            "Convert every cell that is not begun, and the current one, in the background"
        ))  # fmt: skip
        self.cancel = push("prelabelCancel", tr("Cancel"), tr("Stop; nothing is changed"))
        self.progress = QProgressBar()
        self.progress.setObjectName("prelabelProgress")
        self.told = QLabel()
        self.told.setObjectName("prelabelTold")
        self.told.setWordWrap(True)

    def _lay_out(self, actions: DrawingActions) -> None:
        def button(name: str) -> KeyButton:
            return KeyButton(name, actions)

        rows: list[list[QWidget]] = [
            [button("prelabel"), button("otsu")],
            [self.index], [self.formula], [self.view], [self.slider],
            [self.side, self.number], [self.only_new],
            [QLabel(tr("Smallest")), self.least], [QLabel(tr("Fill holes")), self.fill],
            [self.smooth, button("convert")], [self.all_cells], [self.progress, self.cancel],
            [self.told],
        ]  # fmt: skip
        grid = QGridLayout(self)
        for row, widgets in enumerate(rows):
            span = 2 // len(widgets)
            for col, widget in enumerate(widgets):
                grid.addWidget(widget, row, col * span, 1, span)

    def _connect(self) -> None:
        self.index.activated.connect(lambda _: self._take_index())
        self.formula.editingFinished.connect(self._formula_typed)
        self.slider.valueChanged.connect(self._slid)
        self.number.valueChanged.connect(lambda _: self._numbered())
        self.view.thresholdPicked.connect(self.set_threshold)
        self.side.activated.connect(lambda _: self._changed())
        self.only_new.toggled.connect(lambda _: self._changed())
        self.all_cells.clicked.connect(lambda: self.allCellsRequested.emit())
        self.cancel.clicked.connect(lambda: self.cancelRequested.emit())

    # --- showing

    def offer(self, indices: Sequence[Index]) -> None:
        """The indices of the image; the first is taken where the present formula is none of them."""
        if list(indices) == self._indices:
            return
        before = self.formula.text().strip()
        typed = before and all(known.formula != before for known in self._indices)
        self._indices = list(indices)
        self.index.clear()
        for known in indices:
            self.index.addItem(known.title, known.formula)
        at = self.index.findData(before)
        self.index.setCurrentIndex(-1 if typed else max(0, at))
        if not typed and indices:
            self.formula.setText(self.index.currentData())
            self._known_text = self.formula.text()

    def show_values(self, found: Histogram | None, span: Span | None) -> None:
        """The histogram of what the map shows; the threshold stays."""
        if span is not None and span.low < span.high:
            self._span = span
            size = span.high - span.low
            self.number.setSingleStep(rounded(size / 100))
        self.view.show_histogram(found, self._span)
        self._place_slider()

    def set_threshold(self, threshold: float) -> None:
        """By hand or by Otsu."""
        self.number.setValue(rounded(threshold))

    def show_running(self, percent: float | None) -> None:
        """How far the background is; None: nothing runs."""
        running = percent is not None
        self.progress.setVisible(running)
        self.cancel.setVisible(running)
        self.all_cells.setEnabled(not running)
        if running:
            self.progress.setValue(round(percent))

    def tell(self, text: str) -> None:
        """What there is to say; '' for nothing."""
        self.told.setText(text)
        self.told.setVisible(bool(text))

    # --- parts

    _known_text = ""

    def _take_index(self) -> None:
        self.formula.setText(self.index.currentData())
        self._formula_typed()

    def _formula_typed(self) -> None:
        text = self.formula.text().strip()
        if text != self._known_text:  # leaving the line without a change is none
            self._known_text = text
            self.index.setCurrentIndex(self.index.findData(text))
            self.formulaChanged.emit()

    def _slid(self, step: int) -> None:
        low, high = self._span
        self.number.setValue(rounded(low + step / STEPS * (high - low)))

    def _numbered(self) -> None:
        self._place_slider()
        self._changed()

    def _place_slider(self) -> None:
        low, high = self._span
        share = (self.number.value() - low) / ((high - low) or 1.0)
        self.slider.blockSignals(True)
        self.slider.setValue(round(STEPS * min(1.0, max(0.0, share))))
        self.slider.blockSignals(False)
        self.view.show_threshold(self.number.value(), self.below)

    def _changed(self) -> None:
        self.view.show_threshold(self.number.value(), self.below)
        self.ruleChanged.emit()
