"""A recipe's scenes, brought onto one grid each: imagery, labels, extent."""
