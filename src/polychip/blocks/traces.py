"""What an update compares: traces of everything that a scene's masks are burned from."""

from dataclasses import dataclass

import numpy as np

from polychip.blocks.opened import SceneWorker
from polychip.labels.digests import Traces, extent_traces, label_traces

_NOTHING = Traces(np.empty((0, 2), dtype=np.uint64), np.empty((0, 4), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class SceneTraces:
    """Of a scene's labels and of what was looked at."""

    labels: Traces
    extent: Traces


def scene_traces(worker: SceneWorker) -> SceneTraces:
    """Traces of a scene whose labels are loaded."""
    folder, labels = worker.job.labels, worker.labels
    centres = worker.centres if (folder / "centres.npy").exists() else None
    extent = worker.extent
    return SceneTraces(
        label_traces(labels, centres), _NOTHING if extent is None else extent_traces(extent)
    )
