"""What the server imports from which worker processes are forked; it serves no one else."""

from polychip import tasks  # noqa: F401
