"""Output formats besides the dataset's own: one file each, for what trainers read."""
