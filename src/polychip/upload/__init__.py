"""Datasets in buckets: made in a staging folder, carried up object by object, the manifest last."""
