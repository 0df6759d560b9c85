# SPDX-License-Identifier: GPL-2.0-or-later
"""What the algorithms that are a command of the engine share."""

from __future__ import annotations

import json
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)

from .algorithm import PolychipAlgorithm
from .engine import Engine, EngineNotFoundError, find_engine, places
from .engine_command import run_command
from .translation import tr

GEOPACKAGE = ".gpkg"


class EngineAlgorithm(PolychipAlgorithm):
    """An algorithm that runs `polychip COMMAND` and tells what came of it."""

    def found_engine(self) -> Engine:
        """The engine, or the sentence that says how to set one up."""
        try:
            return find_engine(places())
        except EngineNotFoundError as error:
            raise QgsProcessingException(str(error)) from error

    def document(
        self, engine: Engine, arguments: list[str], feedback: QgsProcessingFeedback
    ) -> dict[str, Any] | None:
        """What `polychip ARGUMENTS --json` prints; None when it was cancelled.

        Raises:
            QgsProcessingException: there is no such document; in the engine's own words.
        """
        result = run_command(engine, [*arguments, "--json"], feedback)
        if result.cancelled:
            return None
        try:
            found = json.loads(result.output)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise QgsProcessingException(result.words())
        _tell_rest(result.errors, feedback)
        return found

    def closing_event(
        self, engine: Engine, arguments: list[str], feedback: QgsProcessingFeedback
    ) -> dict[str, Any] | None:
        """The last event of `polychip ARGUMENTS --progress json`; None when it was cancelled.

        Raises:
            QgsProcessingException: the command failed; in the engine's own words.
        """
        events: list[dict[str, Any]] = []

        def take(line: str) -> None:
            event = _event(line)
            if event is not None:
                events.append(event)
                _tell_event(event, feedback)

        arguments = [*arguments, "--progress", "json"]
        result = run_command(engine, arguments, feedback, take)
        if result.cancelled:
            return None
        if events and events[-1].get("event") == "done" and result.code in (0, 3):
            return events[-1]
        errors = [event["message"] for event in events if event.get("event") == "error"]
        raise QgsProcessingException("\n".join(errors) or result.words())

    def geopackage_target(
        self, parameters: dict[str, Any], name: str, context: QgsProcessingContext
    ) -> tuple[str, bool]:
        """(path of the GeoPackage that the engine is to write, whether its layers are to be shown)

        QGIS would load one layer without its style; `show_when_done` adds those that there are.

        Raises:
            QgsProcessingException: it is to be another kind of file.
        """
        path = self.parameterAsOutputLayer(parameters, name, context)
        if not path.lower().endswith(GEOPACKAGE) or ":" in path[2:]:
            raise QgsProcessingException(
                tr("{path} cannot be written: choose a GeoPackage (.gpkg).").format(path=path)
            )
        wanted = context.willLoadLayerOnCompletion(path)
        if wanted:
            waiting = context.layersToLoadOnCompletion()
            waiting.pop(path)
            context.setLayersToLoadOnCompletion(waiting)
        return path, wanted


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:  # something that a library printed
        return None
    return event if isinstance(event, dict) else None


def _tell_event(event: dict[str, Any], feedback: QgsProcessingFeedback) -> None:
    kind, message = event.get("event"), str(event.get("message", ""))
    if kind == "progress" and event.get("total"):
        feedback.setProgress(100.0 * event.get("done", 0) / event["total"])
    elif kind == "note":
        feedback.pushInfo(message)
    elif kind == "warning":
        feedback.pushWarning(message)


def _tell_rest(errors: str, feedback: QgsProcessingFeedback) -> None:
    """Warnings and notes come on stderr beside a document."""
    for line in errors.splitlines():
        if line.startswith("warning: "):
            feedback.pushWarning(line.removeprefix("warning: "))
        elif line.strip():
            feedback.pushInfo(line)
