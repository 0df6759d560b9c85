"""Workers of a Dask cluster, on this machine or on many; Dask is loaded only when asked for."""

import asyncio
import contextlib
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from importlib.metadata import version
from pathlib import Path
from typing import Any

from polychip import __version__, tasks
from polychip.errors import InputError, PolychipError, some
from polychip.execute import default_workers
from polychip.io.atomic import write_text

LOCAL = "local"
"""Instead of an address: a cluster on this machine, made for one run."""
PATIENCE = 30.0
"""Seconds to wait for the scheduler, for its first worker, and for tasks that are cancelled."""
_COUNTED = 2.0
"""Seconds for which the number of workers is believed."""

_BUSY = threading.Lock()
"""Held by the task that runs: a process has one scene open, whatever its threads."""
_SEEN: set[str] = set()
"""The runs whose shared files this process has looked at."""
_ENDED: set[str] = set()
"""The runs of which this process does nothing any more."""


class DaskExecutor:
    """The workers of a Dask scheduler; a lost worker's tasks are done again by others."""

    shared = True

    def __init__(self, client: Any, cluster: Any | None) -> None:
        self._client, self._cluster = client, cluster
        self._running: dict[Any, Future[Any]] = {}
        self._lock = threading.Lock()
        self._counted: tuple[float, int] = (-_COUNTED, 0)
        self._note: tuple[str, str] | None = None
        self._stopped = False

    @property
    def workers(self) -> int:
        """Number of workers now; at least 2, since this process is none of them."""
        when, count = self._counted
        if time.monotonic() - when >= _COUNTED:
            count = len(self._client.nthreads())
            self._counted = (time.monotonic(), count)
        return max(2, count)

    def check(self, folder: Path, files: Iterable[str]) -> None:
        """Make sure that every worker has this version and sees the folder and the files.

        Workers that join later look before their first task.

        Raises:
            PolychipError: the software differs.
            InputError: something isn't seen.
        """
        self._check_versions()
        run = uuid.uuid4().hex
        note = folder / "labels" / "cluster.json"
        told = {"run": run, "version": __version__, "files": {p: _size(p) for p in files}}
        write_text(note, json.dumps(told))
        self._note = (os.path.abspath(note), run)  # noqa: PTH100 - no link is to be followed
        answers = self._client.run(look, *self._note, on_error="return")
        for worker, answer in sorted(answers.items()):
            if answer is not None:
                raise InputError(f"worker {worker}: {answer}")

    def _check_versions(self) -> None:
        """Ask by a function that every Python has: a worker may lack Polychip altogether."""
        answers = self._client.run(version, "polychip", on_error="return")
        for worker, answer in sorted(answers.items()):
            if answer != __version__:
                has = f"Polychip {answer}" if isinstance(answer, str) else "no Polychip"
                raise PolychipError(
                    f"worker {worker} has {has}, this is Polychip {__version__}: the chips could "
                    "differ; install the same version on all workers and start them again"
                )

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Queue a function at the scheduler."""
        future: Future[Any] = Future()
        if self._note is not None:
            function, arguments = guarded, (*self._note, function, *arguments)
        far = self._client.submit(function, *arguments, pure=False)
        with self._lock:
            self._running[far] = future
        far.add_done_callback(self._take)
        return future

    submit_here = submit

    def _take(self, far: Any) -> None:
        with self._lock:
            future = self._running.pop(far, None)
        if future is None:
            return
        try:
            future.set_result(far.result(timeout=PATIENCE))
        except Exception as error:  # noqa: BLE001 - raised again by future.result()
            future.set_exception(_in_words(error))

    def no_more(self) -> None:
        """Nothing to end: the cluster stays until `stop`."""

    def stop(self, *, now: bool) -> None:
        """Drop what is queued, wait for what runs, and leave the cluster as it was found.

        Cancelled tasks that a worker has already been sent may reach their turn later, since the
        scheduler's word and ours come by different ways; so each worker is told that the run is
        over, and without its note no other worker begins.
        """
        if self._stopped:
            return
        self._stopped = True
        with self._lock:
            left = list(self._running)
            self._running.clear()
        run = None
        if self._note is not None:
            note, run = self._note
            with contextlib.suppress(OSError):
                Path(note).unlink(missing_ok=True)
        try:
            if now and left:
                self._client.cancel(left, force=True)
            self._client.run(settle, run, PATIENCE, on_error="ignore")
        except Exception:  # noqa: BLE001, S110 - the scheduler is gone, and with it all tasks
            pass
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def connect(scheduler: str, workers: int | None = None) -> DaskExecutor:
    """The workers of a scheduler, or of a cluster of one's own on this machine.

    Args:
        scheduler: 'tcp://HOST:PORT', or 'local'.
        workers: processes of one's own cluster; None: one a processor.

    Raises:
        PolychipError: Dask is missing, or no scheduler or worker answers in time.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise PolychipError(
            "Dask is not installed: pip install 'polychip[dask]', here and on every worker"
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what fails is told by errors
    cluster = None
    if scheduler == LOCAL:
        cluster = LocalCluster(
            n_workers=workers or default_workers(), threads_per_worker=1, dashboard_address=None
        )
    try:
        client = Client(cluster or scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise PolychipError(
            f"no Dask scheduler answers at {scheduler} within {PATIENCE:.0f} s; check the address "
            "(tcp://HOST:PORT, as `dask scheduler` prints it), firewalls, and that it runs"
        ) from error
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        client.close()
        raise PolychipError(
            f"the scheduler at {scheduler} has no worker after {PATIENCE:.0f} s; start some with "
            f"`dask worker {scheduler} --nthreads 1`"
        ) from error
    return DaskExecutor(client, cluster)


def look(note: str, run: str) -> str | None:
    """What this process doesn't see of a run's shared files, as a sentence; None: nothing."""
    try:
        told = json.loads(Path(note).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    if told.get("run") != run:
        folder = Path(note).parents[2]
        return (
            f"the output folder {folder} is not seen there; workers need a folder that all "
            "machines share, under the same path"
        )
    if told["version"] != __version__:
        return f"it has Polychip {__version__}, the run is of {told['version']}"
    missing = [path for path, size in told["files"].items() if _size(path) != size]
    if missing:
        return (
            f"{some(missing)} not seen there, or of another size; imagery and labels must lie "
            "where all machines read them, under the same path"
        )
    _SEEN.add(run)
    return None


def guarded(note: str, run: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a task, one at a time in this process, once the shared files were seen.

    Raises:
        InputError: this worker doesn't see them; it may have joined late.
        PolychipError: the run is over.
    """
    with _BUSY:
        if run in _ENDED:
            raise PolychipError("the run has ended; its tasks are not begun any more")
        if run not in _SEEN:
            fault = look(note, run)
            if fault:
                raise InputError(f"a worker can't help: {fault}")
        return function(*arguments)


async def settle(run: str | None, patience: float) -> None:
    """Begin no more tasks of a run, and let go of files once the task that runs is done.

    Args:
        run: the run that is over; None: it has begun no task.
        patience: seconds to wait for the task that runs.
    """
    if run is not None:
        _ENDED.add(run)
    end = time.monotonic() + patience
    while not _BUSY.acquire(blocking=False):
        if time.monotonic() > end:
            return
        await asyncio.sleep(0.02)
    try:
        tasks.close_scenes()
    finally:
        _BUSY.release()


def _size(path: str) -> int | None:
    """A file's bytes, 0 for a folder; None if it isn't there."""
    try:
        place = Path(path)
        return 0 if place.is_dir() else place.stat().st_size
    except OSError:
        return None


def _in_words(error: Exception) -> Exception:
    """What Dask says of its own troubles, for people."""
    if isinstance(error, PolychipError):
        return error
    if type(error).__name__ == "KilledWorker":
        return PolychipError(
            "several workers died at the same block, often for want of memory; what is finished "
            "is kept: go on with --resume, on workers with more memory"
        )
    if type(error).__name__ in {"CancelledError", "FutureCancelledError", "CommClosedError"}:
        return PolychipError(
            "the connection to the Dask scheduler was lost; what is finished is kept: go on with "
            "--resume"
        )
    return error
