# SPDX-License-Identifier: GPL-2.0-or-later
"""The Processing provider; works without a window, so it never touches `iface`."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .about import icon, version
from .chip_grid import ChipGridAlgorithm
from .export_chips import ExportChipsAlgorithm
from .label_algorithms.quick_check import QuickCheckAlgorithm
from .plan_chips import PlanChipsAlgorithm
from .verify_dataset import VerifyDatasetAlgorithm


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
        self.addAlgorithm(ChipGridAlgorithm())
        self.addAlgorithm(PlanChipsAlgorithm())
        self.addAlgorithm(ExportChipsAlgorithm())
        self.addAlgorithm(VerifyDatasetAlgorithm())
        self.addAlgorithm(QuickCheckAlgorithm())
