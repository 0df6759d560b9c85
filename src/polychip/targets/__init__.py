"""Derived targets: what a trainer needs besides masks, from the burned arrays; pure.

Every target is local: a pixel's value depends on pixels at most `margin_px` away, on where the
whole objects' centres lie, and on nothing else. So a chip's target is the same window of the
target of the whole scene.
"""
