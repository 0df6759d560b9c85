# SPDX-License-Identifier: GPL-2.0-or-later
"""What every algorithm of the provider answers alike."""

from __future__ import annotations

from qgis.core import QgsProcessingAlgorithm
from qgis.PyQt.QtGui import QIcon

from .about import help_url, icon


class PolychipAlgorithm(QgsProcessingAlgorithm):
    """An algorithm with an id, a page of the help, and the plugin's icon."""

    ID = ""
    """The stable second part of the algorithm's id."""
    PAGE = ""
    """The section of the help."""

    def createInstance(self) -> PolychipAlgorithm:
        """A fresh copy for one run."""
        return type(self)()

    def name(self) -> str:
        """The stable second part of the id."""
        return self.ID

    def helpUrl(self) -> str:
        """The page behind the Help button."""
        return help_url(self.PAGE).toString()

    def icon(self) -> QIcon:
        """The icon in the toolbox."""
        return icon()
