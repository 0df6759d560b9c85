"""How many bytes chips take at most, before compression; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from polychip.blocks.jobs import SceneJob
from polychip.schema import LabelSchema

HEADER_BYTES = 2048
"""Room for a chip file's header and palette."""


@dataclass(frozen=True, slots=True)
class TargetBytes:
    """What a derived target would take."""

    name: str
    dtype: str
    channels: tuple[str, ...]
    parameters: dict[str, Any]
    bytes_at_most: int
    """Of its files in all chips, uncompressed; part of the whole."""


def chip_bytes(job: SceneJob, schema: LabelSchema) -> int:
    """All files of a chip, uncompressed."""
    kinds = [(p.profile.count, p.profile.dtype) for _, p in job.layers] if job.images else []
    kinds += [(1, schema.dtype)] + ([(1, job.instance_dtype)] if job.objects else [])
    kinds += [(len(spec.channels), spec.dtype) for spec in job.targets]
    return sum(_file_bytes(job, n, dtype) for n, dtype in kinds)


def _file_bytes(job: SceneJob, n_bands: int, dtype: str) -> int:
    pixels = job.chip_shape[0] * job.chip_shape[1]
    return HEADER_BYTES + n_bands * np.dtype(dtype).itemsize * pixels


def target_bytes(job: SceneJob, n_chips: int) -> Iterator[TargetBytes]:
    """What each target of a scene would take in so many chips."""
    for spec in job.targets:
        n_bytes = n_chips * _file_bytes(job, len(spec.channels), spec.dtype)
        yield TargetBytes(spec.name, spec.dtype, spec.channels, dict(spec.parameters), n_bytes)
