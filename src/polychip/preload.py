"""What the server imports from which worker processes are forked; it serves no one else."""

from polychip import tasks  # noqa: F401
from polychip.io.light import load_pyogrio_light
from polychip.scenes import labels  # noqa: F401

load_pyogrio_light()
