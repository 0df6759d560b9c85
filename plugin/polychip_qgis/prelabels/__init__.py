# SPDX-License-Identifier: GPL-2.0-or-later
"""Pre-labels and the magic wand: what the machine proposes from pixels, and a person decides on."""
