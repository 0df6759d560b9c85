"""What the server imports from which worker processes are forked; it serves no one else."""

import gc
import os

gc.disable()  # what is imported stays, so there is no garbage to look for
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # workers are as many as there are processors

from polychip import tasks  # noqa: E402, F401

gc.freeze()  # nor later, in each worker: their memory stays one
gc.enable()
