"""The export without labels: reading and writing images with our own writer, nothing else."""

import sys
from pathlib import Path

from polychip import tasks
from polychip.execute import InFlight, make_executor


def main() -> None:
    """Write the image chips of a scene: IMAGE OUT COMPRESS WORKERS."""
    image, out, compress, workers = sys.argv[1:]
    executor = make_executor(int(workers))
    from polychip.recipe import build_recipe
    from polychip.scenes.prepare import make_plan, scene_blocks, scene_job

    data = {
        "scenes": [{"name": "image", "image": image, "labels": "not-read.gpkg"}],
        "output": {"path": out, "compress": compress},
    }
    folder = Path(out)
    plan = make_plan(build_recipe(data, base=Path.cwd(), where="benchmark"))
    scene = plan.scenes[0]
    job = scene_job(plan, scene, folder, folder / "state")
    flight = InFlight(executor)
    for block in scene_blocks(plan, scene, 0):
        flight.start(block.number, tasks.make_images, job, block)
        while flight.full:
            list(flight.collect())
    while len(flight):
        list(flight.collect())
    executor.stop(now=False)


if __name__ == "__main__":
    main()
