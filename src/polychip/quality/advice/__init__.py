"""Advice: semantic, instance or panoptic, with figures from the labels at hand."""
