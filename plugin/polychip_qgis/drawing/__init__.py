# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawing labels in QGIS with nothing to install; never starts the engine."""
