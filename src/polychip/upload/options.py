"""Where a dataset for a bucket is made, as the user says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StagingOptions:
    """Where datasets for buckets are made, and what becomes of the files there."""

    folder: str | None = None
    """Folder for all of them; None: POLYCHIP_STAGING, else below the user's cache folder."""
    keep: bool = False
    """Whether the files stay once they are up."""
