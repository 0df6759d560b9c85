# SPDX-License-Identifier: GPL-2.0-or-later
"""Processing algorithms that make, fill and check labelling projects; no engine needed."""
