# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding the engine, the `polychip` program that runs outside QGIS in an environment of its own.

Nothing here imports the engine: wheels of rasterio or shapely inside QGIS's process would run on
QGIS's own GDAL and GEOS and crash it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QProcessEnvironment, QStandardPaths

from .about import version
from .translation import tr

SETTING = "polychip/engine"
"""Where Settings ▸ Options keeps the path that the user gave."""

DROPPED_PREFIXES = ("PYTHON", "GDAL_", "PROJ_", "OGR_", "CPL_", "LD_", "DYLD_", "QT_", "QGIS_")
DROPPED_NAMES = ("VIRTUAL_ENV", "PIP_USER", "PIP_TARGET")


class Engine(NamedTuple):
    """A way to start the engine."""

    program: str
    arguments: tuple[str, ...]
    """What comes before the engine's own arguments."""
    origin: str
    """'option', 'managed' or 'beside'."""

    def command(self, *arguments: str) -> list[str]:
        """The whole command as a list, never a shell's line."""
        return [self.program, *self.arguments, *arguments]


class Places(NamedTuple):
    """Where to look for the engine, in this order."""

    option: str
    """From the settings: an environment's folder, its Python, or `polychip`; or ''."""
    managed: Path
    """The environment that the plugin manages."""
    prefix: Path
    """The folder of the interpreter in which QGIS runs (its conda environment, say)."""


class EngineNotFoundError(Exception):
    """No engine is to be had; the text says how to set one up."""


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """A copy of `environ` without what would lead a child process back to QGIS's libraries."""
    return {name: value for name, value in environ.items() if not _leads_back(name)}


def process_environment() -> QProcessEnvironment:
    """`child_environment` of QGIS's own, for a QProcess."""
    environment = QProcessEnvironment()
    for name, value in child_environment(os.environ).items():
        environment.insert(name, value)
    return environment


def dropped_variables(environ: Mapping[str, str]) -> list[str]:
    """The names that `child_environment` leaves out, sorted."""
    return sorted(name for name in environ if _leads_back(name))


def _leads_back(name: str) -> bool:
    return name.upper().startswith(DROPPED_PREFIXES) or name.upper() in DROPPED_NAMES


def managed_environment(requirements: str) -> Path:
    """The folder of the environment that the plugin manages for these pinned requirements."""
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    pinned = hashlib.sha256(requirements.encode()).hexdigest()[:12]
    return Path(data) / "polychip" / f"engine-{pinned}"


def places() -> Places:
    """Where this QGIS looks."""
    option = str(QgsSettings().value(SETTING, "") or "").strip()
    return Places(option, managed_environment(f"polychip=={version()}"), Path(sys.prefix))


def find_engine(where: Places) -> Engine:
    """The first engine that is there; a path in the settings is never passed over in silence.

    Raises:
        EngineNotFoundError: the path in the settings leads nowhere, or there is no engine at all.
    """
    if where.option:
        engine = _engine_at(Path(where.option), "option")
        if engine is None:
            raise EngineNotFoundError(
                tr("There is no engine at “{path}”; correct the path in the settings.").format(
                    path=where.option
                )
            )
        return engine
    managed = _engine_at(where.managed, "managed")
    if managed is not None:
        return managed
    script = _script_in(where.prefix)
    if script is not None:
        return Engine(str(script), (), "beside")
    raise EngineNotFoundError(tr("The engine is missing: set it up in the settings."))


def _engine_at(path: Path, origin: str) -> Engine | None:
    """The engine at an environment's folder, a Python, or a `polychip` program."""
    if path.is_dir():
        python = _python_in(path)
        if python is None or _script_in(path) is None:
            return None
        return Engine(str(python), ("-I", "-m", "polychip"), origin)
    if not path.is_file() or not os.access(path, os.X_OK):
        return None
    if path.name.lower().startswith("python"):
        return Engine(str(path), ("-I", "-m", "polychip"), origin)
    return Engine(str(path), (), origin)


def _python_in(environment: Path) -> Path | None:
    return _first_file(
        environment / "bin" / "python",
        environment / "Scripts" / "python.exe",
        environment / "python.exe",
    )


def _script_in(environment: Path) -> Path | None:
    return _first_file(environment / "bin" / "polychip", environment / "Scripts" / "polychip.exe")


def _first_file(*candidates: Path) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)
