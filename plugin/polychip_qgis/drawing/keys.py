# SPDX-License-Identifier: GPL-2.0-or-later
"""The drawing actions and their keys.

They are in QGIS's own list (Settings ▸ Keyboard Shortcuts), where each key can be changed, and act
only while labels are edited.
"""

from __future__ import annotations

from typing import NamedTuple

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction, QApplication, QWidget

from ..translation import tr

N_CLASS_KEYS = 18
"""1 to 9, then Shift+1 to Shift+9."""
DONE_ELSEWHERE = (
    "problem", "accept", "accept_all", "reject", "reject_all", "adjust", "prelabel", "otsu",
    "convert",
)  # fmt: skip
"""Deeds that other parts of the plugin listen to."""


class Deed(NamedTuple):
    """Something that can be done by a button or a key."""

    name: str
    title: str
    key: str
    tool_tip: str
    checkable: bool = False
    needs_editing: bool = True


def deeds() -> list[Deed]:
    """All but the class keys, in the order of the buttons."""
    return [
        Deed(
            "polygon", tr("Polygon"), "P", tr("Draw a polygon by clicks; right click ends it"), True
        ),
        Deed("rectangle", tr("Rectangle"), "B", tr("Draw a rectangle by two clicks"), True),
        Deed("circle", tr("Circle"), "O", tr("Draw a circle: its middle, then its edge"), True),
        Deed(
            "freehand", tr("Freehand"), "L", tr("Draw an outline with the button held down"), True
        ),
        Deed(
            "brush",
            tr("Re-class"),
            "Q",
            tr(
                "A class key re-classes the polygon under the cursor; "
                "a click gives it the current class"
            ),
            True,
        ),
        Deed(
            "wand",
            tr("Wand"),
            "A",
            tr(
                "Click pixels that look alike, drag to change the tolerance; Shift adds, Alt or "
                "Ctrl takes away, Enter keeps, Esc gives up"
            ),
            True,
        ),
        Deed(
            "prelabel",
            tr("Preview"),
            "D",
            tr("Show on the map what the threshold picks"),
            True,
        ),
        Deed("otsu", tr("Otsu"), "Shift+O", tr("The threshold that parts the map’s values best")),
        Deed(
            "convert",
            tr("Convert Cell"),
            "Shift+D",
            tr("Make polygons of the current class inside the current cell; what is drawn stays"),
        ),
        Deed(
            "hole",
            tr("Hole"),
            "H",
            tr("Draw a hole into the selected polygons, or into all below"),
            True,
        ),
        Deed(
            "split",
            tr("Split"),
            "K",
            tr("Draw a line across a polygon; the largest piece keeps its id"),
            True,
        ),
        Deed("merge", tr("Merge"), "M", tr("Make one object of the selected polygons")),
        Deed(
            "fill",
            tr("Fill Rest"),
            "I",
            tr("Fill what no polygon of the current cell covers with the current class"),
        ),
        Deed(
            "resume", tr("Resume"), "Shift+P", tr("Go on with the polygon that was given up last")
        ),
        Deed("rule", tr("Next Rule"), "G", tr("What happens where polygons meet")),
        Deed(
            "extend",
            tr("Extend"),
            "E",
            tr("Drawing over the same class makes one polygon of both"),
            True,
        ),
        Deed("search", tr("Search Class"), "/", tr("Choose a class by typing")),
        Deed(
            "hide",
            tr("Hide (Hold)"),
            "W",
            tr("Hide all labels while the key is held"),
            False,
            False,
        ),
        Deed("outline", tr("Outline"), "U", tr("Outlines alone, or filled"), True, False),
        Deed("flicker", tr("Flicker"), "C", tr("Change between the two dates"), False, False),
        Deed(
            "bands",
            tr("Bands"),
            "V",
            tr("True colour, false colour, water index: the next one"),
            False,
            False,
        ),
        Deed(
            "stretch",
            tr("Stretch"),
            "Shift+V",
            tr("Stretch brightness to what the view shows"),
            False,
            False,
        ),
        Deed("previous", tr("Previous"), "Shift+N", tr("Go to the cell before"), False, False),
        Deed("next", tr("Next"), "N", tr("Go to the next cell that is not done"), False, False),
        Deed(
            "done",
            tr("Done"),
            "Y",
            tr("The cell is done: what has no polygon is verified background. Again: not done"),
        ),
        Deed("unsure", tr("Unsure"), "Shift+Y", tr("The cell wants another look; add a note")),
        Deed(
            "problem",
            tr("Next Problem"),
            "J",
            tr("Go to the next problem that the quick checks have found"),
            False,
            False,
        ),
        Deed("accept", tr("Accept"), "X", tr("Take the proposal under the cursor over")),
        Deed("accept_all", tr("Accept All"), "Shift+X", tr("Take all proposals of the cell over")),
        Deed("reject", tr("Reject"), "Z", tr("Propose what is under the cursor no more")),
        Deed("reject_all", tr("Reject All"), "Shift+Z", tr("Propose what is in the cell no more")),
        Deed(
            "adjust",
            tr("Accept and Edit"),
            "Shift+E",
            tr("Take the proposal under the cursor over, and its corners in hand"),
        ),
    ]


class DrawingActions(QObject):
    """The actions, registered with QGIS; `deed` and `classKey` tell which one was called."""

    deed = pyqtSignal(str)
    classKey = pyqtSignal(int)
    """Number of the class, from 1."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.by_name: dict[str, QAction] = {}
        self.class_keys: list[QAction] = []
        self._needs_editing: list[QAction] = []
        for known in deeds():
            action = self._make(f"polychipDraw_{known.name}", known.title, known.key)
            action.setCheckable(known.checkable)
            action.setToolTip(known.tool_tip)
            action.triggered.connect(lambda _=False, name=known.name: self.deed.emit(name))
            self.by_name[known.name] = action
            if known.needs_editing:
                self._needs_editing.append(action)
        for number in range(1, N_CLASS_KEYS + 1):
            key = str(number) if number < 10 else f"Shift+{number - 9}"
            title = tr("Class {number}").format(number=number)
            action = self._make(f"polychipDraw_class{number}", title, key)
            action.triggered.connect(lambda _=False, n=number: self.classKey.emit(n))
            self.class_keys.append(action)
        self.set_active(False, False)

    def _make(self, name: str, title: str, key: str) -> QAction:
        action = QAction(title, self._window)
        action.setObjectName(name)
        action.setAutoRepeat(False)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self._window.addAction(action)
        # QGIS's list knows actions by their text.
        action.setText(tr("Label: {title}").format(title=title))
        QgsGui.shortcutsManager().registerAction(action, key)
        action.setIconText(title)
        return action

    def set_active(self, layer_is_active: bool, edited: bool) -> None:
        """Keys act only while a label layer is active; most of them only while it is edited."""
        for action in self.by_name.values():
            action.setEnabled(layer_is_active and (edited or action not in self._needs_editing))
        for action in self.class_keys:
            action.setEnabled(layer_is_active and edited)

    def key_of(self, name: str) -> str:
        """The key as the user has set it, as text."""
        return self.by_name[name].shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def class_key(self, number: int) -> str:
        """The key of class `number`, from 1; '' beyond the last."""
        if number > len(self.class_keys):
            return ""
        action = self.class_keys[number - 1]
        return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def remove(self) -> None:
        """Take all away from QGIS."""
        for action in (*self.by_name.values(), *self.class_keys):
            QgsGui.shortcutsManager().unregisterAction(action)
            self._window.removeAction(action)
            action.deleteLater()


class HeldKey(QObject):
    """Tells when the key that was just pressed is let go; false releases of auto-repeat are not."""

    released = pyqtSignal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._holding = False

    def hold(self) -> None:
        """Wait for the release."""
        if not self._holding:
            self._holding = True
            QApplication.instance().installEventFilter(self)

    def let_go(self) -> None:
        """As if the key was released."""
        if self._holding:
            self._holding = False
            QApplication.instance().removeEventFilter(self)
            self.released.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyRelease and not event.isAutoRepeat():
            self.let_go()
        elif kind == QEvent.Type.WindowDeactivate:
            self.let_go()
        return False
