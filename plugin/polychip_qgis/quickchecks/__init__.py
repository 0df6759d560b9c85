# SPDX-License-Identifier: GPL-2.0-or-later
"""Quick checks of labels inside QGIS, which follow the edits; no engine needed."""
