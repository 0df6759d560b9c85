"""One block of chips: read once, burned once, cut into chips, encoded, written.

A block is idempotent: whatever worker does it, however often, the files are the same.
"""
