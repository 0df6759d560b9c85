"""What the server imports from which worker processes are forked; it serves no one else."""

import gc

gc.disable()  # what is imported stays, so there is no garbage to look for

from polychip import tasks  # noqa: E402, F401

gc.freeze()  # nor later, in each worker: their memory stays one
gc.enable()
