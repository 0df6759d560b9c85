# SPDX-License-Identifier: GPL-2.0-or-later
"""Who labels: a name that stays on this computer until it is written to a polygon."""

from __future__ import annotations

from qgis.core import QgsExpressionContextUtils, QgsSettings

_KEY = "polychip/annotator"


def annotator() -> str:
    """The name that the user has given, else that of the account."""
    given = QgsSettings().value(_KEY, "", str)
    if given:
        return given
    scope = QgsExpressionContextUtils.globalScope()
    return str(scope.variable("user_account_name") or "")


def set_annotator(name: str) -> None:
    """Remember the name for all projects."""
    QgsSettings().setValue(_KEY, name)
