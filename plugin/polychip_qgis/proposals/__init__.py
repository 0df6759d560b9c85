# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels proposed from another layer, cell by cell; no engine needed."""
