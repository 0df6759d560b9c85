"""Tests of the plugin in a real QGIS window on a display of its own."""
