# SPDX-License-Identifier: GPL-2.0-or-later
"""The Processing provider; works without a window, so it never touches `iface`."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .about import icon, version
from .advise_labels import AdviseAlgorithm
from .agree_labels import AgreeAlgorithm
from .check_labels import CheckAlgorithm
from .chip_grid import ChipGridAlgorithm
from .convert_dataset import ConvertDatasetAlgorithm
from .export_chips import ExportChipsAlgorithm
from .project_algorithms.adopt_layer import AdoptLayerAlgorithm
from .project_algorithms.create_project import CreateProjectAlgorithm
from .project_algorithms.merge_annotators import MergeAnnotatorsAlgorithm
from .project_algorithms.pre_label import PrelabelAlgorithm
from .project_algorithms.quick_check import QuickCheckAlgorithm
from .project_algorithms.task_grid import TaskGridAlgorithm
from .plan_chips import PlanChipsAlgorithm
from .report_dataset import ReportAlgorithm
from .vectorize import VectorizeAlgorithm
from .verify_dataset import VerifyDatasetAlgorithm


ALGORITHMS = (
    ChipGridAlgorithm,
    PlanChipsAlgorithm,
    ExportChipsAlgorithm,
    VerifyDatasetAlgorithm,
    ConvertDatasetAlgorithm,
    ReportAlgorithm,
    VectorizeAlgorithm,
    CheckAlgorithm,
    AgreeAlgorithm,
    AdviseAlgorithm,
    CreateProjectAlgorithm,
    TaskGridAlgorithm,
    AdoptLayerAlgorithm,
    PrelabelAlgorithm,
    QuickCheckAlgorithm,
    MergeAnnotatorsAlgorithm,
)


class PolychipProvider(QgsProcessingProvider):
    """Polychip's algorithms in the toolbox, in models and in qgis_process."""

    def id(self) -> str:
        """The stable first part of every algorithm's id."""
        return "polychip"

    def name(self) -> str:
        """The name in the toolbox; a proper name, not translated."""
        return "Polychip"

    def icon(self) -> QIcon:
        """The icon in the toolbox."""
        return icon()

    def versionInfo(self) -> str:
        """The plugin's version."""
        return version()

    def loadAlgorithms(self) -> None:
        """Add each algorithm; QGIS owns them."""
        for kind in ALGORITHMS:
            self.addAlgorithm(kind())

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:  # noqa: ARG002
        """The engine writes GeoPackages."""
        return "gpkg"
