# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that follow the edits: what has changed is looked at soon, a few milliseconds at a time.

Everything runs on the main thread, in slices so short that nobody feels them: QGIS's layers and
Python's lock would let a second thread gain nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from .checker import Checker
from .problem import Problem, in_order
from .subject import Subject

SOON_MS = 150
"""After the last edit."""
SLICE_S = 0.012
TELL_S = 0.7
"""The list is told no more often than this while a long look goes on."""


class Watch(QObject):
    """The problems of a label layer that is being edited; reads, and never edits."""

    changed = pyqtSignal()
    """There may be other problems than before."""
    settled = pyqtSignal()
    """Nothing waits any more."""
    progressed = pyqtSignal(int, int)
    """Features looked at, and all, while there are many."""

    def __init__(self, subject: Subject, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.subject = subject
        self.checker = Checker(subject)
        layer = subject.layer
        fields = (subject.class_field, subject.instance_field, subject.uuid_field)
        self._fields = {layer.fields().lookupField(name) for name in fields if name}
        self._dirty: set[int] = set()
        self._cells_changed = False
        self._work: Iterator[object] | None = None
        self._told = 0.0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._begin)
        self._slice = QTimer(self)
        self._slice.setInterval(0)
        self._slice.timeout.connect(self._go_on)
        for signal, slot in self._signals():
            signal.connect(slot)
        self.look_at_all()

    def _signals(self) -> list[tuple[object, object]]:
        layer, tasks, extent = self.subject.layer, self.subject.tasks, self.subject.extent
        signals = [
            (layer.featureAdded, self._touched),
            (layer.featureDeleted, self._touched),
            (layer.geometryChanged, self._touched),
            (layer.attributeValueChanged, self._attribute_changed),
            (layer.afterRollBack, self.look_at_all),
        ]
        if tasks is not None:
            signals += [(tasks.attributeValueChanged, self._cell_changed),
                        (tasks.afterRollBack, self._cell_changed)]  # fmt: skip
        if extent is not None:
            signals += [(extent.featureAdded, self._cell_changed),
                        (extent.featureDeleted, self._cell_changed),
                        (extent.geometryChanged, self._cell_changed)]  # fmt: skip
        return signals

    def stop(self) -> None:
        """Listen and work no longer."""
        self._soon.stop()
        self._slice.stop()
        self._work = None
        for signal, slot in self._signals():
            signal.disconnect(slot)

    @property
    def busy(self) -> bool:
        """Whether something still has to be looked at."""
        return self._work is not None or self._soon.isActive()

    def problems(self) -> list[Problem]:
        """What is known now, the worst first."""
        return in_order(self.checker.problems())

    def finish(self) -> None:
        """Look at everything that waits, now."""
        while self.busy:
            self._soon.stop()
            if self._work is None:
                self._begin()
            self._slice.stop()
            for _ in self._work or ():
                pass
            self._end()

    def look_at_all(self) -> None:
        """From the beginning."""
        self._dirty.clear()
        self._soon.stop()
        self.checker = Checker(self.subject)
        self._cells_changed = False
        self._work = self._all()
        self._slice.start()

    # --- signals

    def _touched(self, fid: int, *_: object) -> None:
        self._dirty.add(fid)
        self._soon.start()

    def _attribute_changed(self, fid: int, index: int, _: object) -> None:
        if index in self._fields:
            self._touched(fid)

    def _cell_changed(self, *_: object) -> None:
        self._cells_changed = True
        self._soon.start()

    # --- work

    def _begin(self) -> None:
        if self._work is not None:  # a long look goes on; what has changed comes after it
            self._soon.start()
            return
        if self._cells_changed:
            self._cells_changed = False
            self.checker.refresh_cells()
        dirty, self._dirty = self._dirty, set()
        self._work = self._some(sorted(dirty))
        self._slice.start()

    def _go_on(self) -> None:
        until = time.perf_counter() + SLICE_S
        while self._work is not None:
            if next(self._work, self) is self:
                self._end()
            elif time.perf_counter() > until:
                break
        now = time.perf_counter()
        if self._work is not None and now - self._told > TELL_S:
            self._told = now
            self.changed.emit()

    def _end(self) -> None:
        self._work = None
        self._slice.stop()
        self._told = time.perf_counter()
        self.changed.emit()
        if not self.busy:
            self.settled.emit()

    def _all(self) -> Iterator[object]:
        for done, total in self.checker.look_at_all():
            if done % 50 == 0 or done == total:
                self.progressed.emit(done, total)
            yield None

    def _some(self, fids: list[int]) -> Iterator[object]:
        waiting = set(fids)
        for start in range(0, len(fids), 200):
            batch = fids[start : start + 200]
            features = self.checker.fetch(batch)
            for fid in batch:
                waiting.discard(fid)
                for _ in self.checker.look(fid, features.get(fid), waiting):
                    yield None
