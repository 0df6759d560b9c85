# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins palette, keys, map and session inside QGIS; undone by `unload`."""

from __future__ import annotations

from pathlib import Path

from qgis.core import Qgis, QgsGeometry, QgsProject, QgsVectorLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QAction

from ..about import icon
from ..translation import tr
from .commands import Commands
from .draw_tool import HOLE
from .edits import EditRefused
from .keys import DONE_ELSEWHERE, DrawingActions, HeldKey
from .label_layers import LABELS, label_layers, layers_around, role_of
from .make import LabelProject
from .map_side import MapSide
from .palette import LabelPalette
from .recovery import Recovery
from .session import LabelSession, is_label_layer_edited
from .start_page import StartPage
from .view_keys import ViewKeys

TOOLS = ("polygon", "rectangle", "circle", "freehand", "brush", "wand", "hole", "split")


class DrawingControl(QObject):
    """One for the plugin."""

    sessionChanged = pyqtSignal()
    """Another project is drawn in, or none."""

    def __init__(self, iface: QgisInterface) -> None:
        super().__init__(iface.mainWindow())
        self._iface = iface
        self.session: LabelSession | None = None
        self._page: StartPage | None = None
        window = iface.mainWindow()
        self.actions = DrawingActions(window)
        self.palette = LabelPalette(self.actions, window)
        iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.palette)
        self.palette.hide()  # opened by the user; QGIS restores it where it was left
        self.toggle_action = QAction(icon(), tr("Polychip Labels"), window)
        self.toggle_action.setObjectName("polychipToggleLabels")
        self.toggle_action.setToolTip(tr("Show or hide the palette for drawing labels"))
        self.palette.setToggleVisibilityAction(self.toggle_action)
        self.map = MapSide(iface.mapCanvas(), iface.cadDockWidget())
        self.view = ViewKeys(iface.mapCanvas(), self.palette)
        self.commands = Commands(iface, self)
        self.recovery = Recovery(iface, self)
        self._held = HeldKey(self)
        self._attach_timer = QTimer(self)
        self._attach_timer.setSingleShot(True)
        self._attach_timer.setInterval(0)
        self._attach_timer.timeout.connect(self.attach)
        self._connect()
        self.attach()

    def unload(self) -> None:
        """Take everything away again."""
        self._attach_timer.stop()
        self._held.let_go()
        project = QgsProject.instance()
        for signal, slot in self._project_signals(project):
            signal.disconnect(slot)
        self._iface.currentLayerChanged.disconnect(self._layer_changed)
        self._leave()
        self.map.remove()
        self.actions.remove()
        self._iface.removeDockWidget(self.palette)
        for thing in (self.palette, self.toggle_action):
            thing.deleteLater()
        self.deleteLater()

    def _project_signals(self, project: QgsProject) -> list[tuple[object, object]]:
        return [
            (project.readProject, self._project_read),
            (project.writeProject, self._project_written),
            (project.layersAdded, self._layers_changed),
            (project.layersWillBeRemoved, self._layers_going),
        ]

    def _connect(self) -> None:
        for signal, slot in self._project_signals(QgsProject.instance()):
            signal.connect(slot)
        self._iface.currentLayerChanged.connect(self._layer_changed)
        self.actions.deed.connect(self._do)
        self.actions.classKey.connect(self._class_key)
        palette = self.palette
        palette.newProjectRequested.connect(self.open_page)
        palette.startRequested.connect(self.start_or_stop)
        palette.saveRequested.connect(self.save)
        palette.classChosen.connect(self._class_chosen)
        palette.ruleChosen.connect(lambda rule: self.session.set_rule(rule))
        palette.orderChosen.connect(self._order_chosen)
        palette.statusChosen.connect(self._status_chosen)
        palette.noteWritten.connect(self._note_written)
        palette.commandChosen.connect(self.commands.run)
        self.map.areaDrawn.connect(self._area_drawn)
        self.map.lineDrawn.connect(lambda line: self._try(lambda: self.session.split(line)))
        self.map.pointClicked.connect(self._brushed)
        self.map.progressed.connect(lambda: self.session and self.session.journal_soon())
        self.map.toolChanged.connect(self._show_tool)
        self._held.released.connect(lambda: self.view.hide_labels(self.session, False))

    # --- which project

    def attach(self) -> None:
        """Take up the labels of the active layer, else the first that the project has."""
        project = QgsProject.instance()
        active = self._iface.activeLayer()
        found = label_layers(project)
        wanted = active if role_of(active) == LABELS else (found[0] if found else None)
        if self.session is not None and wanted is self.session.labels:
            around = layers_around(wanted, project)
            if around == self.session.layers:
                return
        self._leave()
        if wanted is None:
            self.palette.show_session(None)
            self._show_editing()
            return
        session = LabelSession(layers_around(wanted, project), self)
        session.recall(project)
        self.session = session
        session.stateChanged.connect(self._show_state)
        session.countsChanged.connect(lambda: self.palette.show_counts(session))
        session.tasksChanged.connect(lambda: self.palette.show_tasks(session))
        session.journalFailed.connect(lambda text: self.tell(text, Qgis.MessageLevel.Warning))
        for layer in session.layers.all:
            layer.editingStarted.connect(self._show_editing)
            layer.editingStopped.connect(self._show_editing)
            layer.layerModified.connect(self._show_editing)
            layer.afterCommitChanges.connect(self._show_editing)
        session.labels.rendererChanged.connect(self._style_changed)
        self.map.attach(session)
        self.view.attach(session)
        self.palette.show_session(session)
        self._show_state()
        self._show_editing()
        self.sessionChanged.emit()
        if session.waiting:
            self.recovery.offer()

    def _leave(self) -> None:
        session, self.session = self.session, None
        if session is None:
            return
        for layer in session.layers.all:
            layer.editingStarted.disconnect(self._show_editing)
            layer.editingStopped.disconnect(self._show_editing)
            layer.layerModified.disconnect(self._show_editing)
            layer.afterCommitChanges.disconnect(self._show_editing)
        session.labels.rendererChanged.disconnect(self._style_changed)
        self.map.attach(None)
        self.sessionChanged.emit()
        session.stop()
        session.deleteLater()

    def _layers_changed(self, *_: object) -> None:
        self._attach_timer.start()

    def _layers_going(self, ids: list[str]) -> None:
        if self.session is not None and self.session.labels.id() in ids:
            self._leave()
            self.palette.show_session(None)
        self._attach_timer.start()

    def _layer_changed(self, layer: object) -> None:
        if role_of(layer) == LABELS and (self.session is None or layer is not self.session.labels):
            self._attach_timer.start()
        self._show_editing()

    def _project_read(self, *_: object) -> None:
        self.attach()

    def _project_written(self, *_: object) -> None:
        if self.session is not None:
            self.session.remember(QgsProject.instance())

    # --- the page, start, save

    def open_page(self) -> None:
        """Ask for a new project."""
        self._page = StartPage(self._iface.mainWindow(), self._iface.activeLayer())
        self._page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._page.made.connect(self._made)
        self._page.show()

    def _made(self, made: LabelProject, save_project: bool) -> None:
        self._iface.setActiveLayer(made.labels)
        self.attach()
        image = self.view.image()
        if image is not None:
            self.session.set_source(image.name())
            self.view.show_first()
        self.start()
        self.session.step(True)
        self._go()
        text = tr(
            "{count} cells, recipe {recipe}. Draw with class keys; {key} marks a cell as done."
        )
        self.tell(
            text.format(
                count=made.n_cells, recipe=made.recipe.name, key=self.actions.key_of("done")
            ),
            Qgis.MessageLevel.Success,
        )
        if made.adopted is not None:
            found = made.adopted
            text = tr(
                "{count} polygons were taken over; left out: {no_class} without a class, "
                "{no_area} without an area."
            )
            self.tell(text.format(
                count=len(found.rows), no_class=found.n_without_class, no_area=found.n_without_area
            ))  # fmt: skip

        if save_project:
            self._save_project(made.recipe.with_name(f"{self.session.layers.geopackage.stem}.qgz"))

    def _save_project(self, path: Path) -> None:
        project = QgsProject.instance()
        if not project.write(str(path)):
            text = tr("The QGIS project could not be saved: {reason}")
            self.tell(text.format(reason=project.error()), Qgis.MessageLevel.Warning)

    def start_or_stop(self) -> None:
        """The Start button; stopping asks QGIS's own question about unsaved edits."""
        if self.session is None:
            return
        if not self.session.labels.isEditable():
            self.start()
            return
        for layer in self.session.layers.all:
            if layer.isEditable():
                self._iface.vectorLayerTools().stopEditing(layer, True)

    def start(self) -> None:
        """Edit, with the palette open and the polygon tool in hand."""
        self.palette.setUserVisible(True)
        self.session.start()
        self._iface.setActiveLayer(self.session.labels)
        self._show_editing()
        if not self.map.tool_name():
            self.map.take("polygon")

    def save(self) -> None:
        """The user's Save."""
        problems = self.session.save()
        if problems:
            self.tell("\n".join(problems), Qgis.MessageLevel.Critical)
        self._show_editing()

    # --- deeds

    def _do(self, name: str) -> None:
        session = self.session
        if session is None or name in DONE_ELSEWHERE:
            return
        if name in TOOLS:
            self._iface.setActiveLayer(session.labels)
            self.map.take(name)
        elif name == "hide":
            self.view.hide_labels(session, True)
            self._held.hold()
        elif self.view.do(name, session):
            pass
        elif name == "merge":
            self._try(session.merge)
        elif name == "fill":
            self._try(self._fill)
        elif name == "resume":
            if not self.map.resume():
                self.tell(tr("There is no polygon to resume."))
        elif name == "rule":
            session.next_rule()
        elif name == "extend":
            session.set_extends(not session.extends)
        elif name == "search":
            self.palette.begin_search()
        elif name in ("next", "previous"):
            self._step(name == "next")
        elif session.task() is None:
            self.tell(tr("No cell is chosen: press Next first."))
        elif name == "done":
            if session.mark_done() == "done":
                self._step(True)
        elif name == "unsure":
            session.mark_unsure()
            self.palette.note.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _class_key(self, number: int) -> None:
        known = self.session.class_at(number) if self.session is not None else None
        if known is not None:
            self._class_chosen(known.name)

    def _class_chosen(self, name: str) -> None:
        session = self.session
        if session is None:
            return
        selected = session.labels.selectedFeatureIds()
        edited = session.labels.isEditable()
        if edited and selected and not self.map.drawing:
            self._try(lambda: session.reclass(selected, name))
            return
        session.choose(name)
        if edited and self.map.tool_name() == "brush":
            self._brushed(self.map.cursor_point())
        self._iface.mapCanvas().setFocus()

    def _brushed(self, point: object) -> None:
        fid = self.session.polygon_at(point)
        if fid is not None:
            self._try(lambda: self.session.reclass([fid], self.session.current.name))

    def _area_drawn(self, shape: object, purpose: str, tool: str) -> None:
        if purpose == HOLE:
            self._try(lambda: self.session.cut_hole(shape))
            return
        self._begin_taking()
        self._try(lambda: self.session.draw(shape, tool))

    def _begin_taking(self) -> None:
        self._iface.setActiveLayer(self.session.labels)
        self.session.labels.removeSelection()
        image = self.view.image()
        self.session.set_source(image.name() if image is not None else "")

    def take_polygons(self, polygons: list[QgsGeometry], tool: str) -> None:
        """Draw polygons by the current rule and class, all in one step of undo."""
        self._begin_taking()
        self._try(lambda: self.session.draw(QgsGeometry.unaryUnion(polygons), tool))

    def take_prelabels(self, polygons: list[QgsGeometry], tool: str) -> None:
        """Add polygons that overlap nothing, in one step of undo. Raises EditRefused."""
        self._begin_taking()
        self.session.take_prelabels(polygons, tool)

    def _fill(self) -> None:
        if self.session.task() is None:
            raise EditRefused(tr("No cell is chosen: press Next first."))
        self.session.fill_rest()

    def _try(self, edit: object) -> None:
        try:
            edit()
        except EditRefused as refused:
            self.tell(str(refused), Qgis.MessageLevel.Warning)

    # --- tasks

    def _step(self, forward: bool) -> None:
        if self.session.book is None:
            self.tell(tr("The project has no task layer."))
        elif self.session.step(forward) is None:
            self.tell(tr("No cell is left to do."), Qgis.MessageLevel.Success)
        else:
            self._go()

    def _go(self) -> None:
        task = self.session.task()
        if task is not None:
            self.map.zoom_to(self.session.book.shape(task.fid))

    def _order_chosen(self, order: str) -> None:
        self.session.order = order

    def _status_chosen(self, status: str) -> None:
        task = self.session.task()
        if task is not None and status != task.status:
            self.session.book.mark(task.fid, status, "")

    def _note_written(self, note: str) -> None:
        task = self.session.task() if self.session is not None else None
        if task is not None and note != task.note:
            self.session.book.mark(task.fid, task.status, "", note)

    # --- showing

    def _show_state(self) -> None:
        session = self.session
        if session is None:
            return
        self.palette.show_state(session)
        self.palette.show_tasks(session)
        self.map.show_class()
        task = session.task()
        self.map.show_cell(session.book.shape(task.fid) if task is not None else None)

    def _show_editing(self, *_: object) -> None:
        session, active = self.session, self._iface.activeLayer()
        belongs = (
            session is not None
            and isinstance(active, QgsVectorLayer)
            and (active in session.layers.all)
        )
        edited = is_label_layer_edited(active, session)
        self.actions.set_active(belongs, edited)
        if session is not None:
            self.palette.show_editing(session.labels.isEditable(), session.modified)
            if not session.labels.isEditable() and self.map.tool_name():
                self._iface.actionPan().trigger()

    def _style_changed(self) -> None:
        self.session.refresh_classes()
        self.palette.show_session(self.session)

    def _show_tool(self, name: str) -> None:
        for tool in TOOLS:
            self.actions.by_name[tool].setChecked(tool == name)

    def tell(self, text: str, level: object = Qgis.MessageLevel.Info) -> None:
        """A message on the bar."""
        self._iface.messageBar().pushMessage("Polychip", text, level)
