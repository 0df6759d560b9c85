"""Who does the work: this process, or several; the results are the same."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from pathlib import Path
from typing import Any, Protocol

from polychip import sockets
from polychip.interrupts import children_without_ctrl_c, ctrl_c_later

PRELOADED = ("polychip.preload",)
"""What worker processes import once, before they are forked from a clean server."""


class Executor(Protocol):
    """Runs functions of `polychip.tasks`, in any order."""

    @property
    def workers(self) -> int:
        """How many tasks run at once."""

    @property
    def shared(self) -> bool:
        """Whether workers may be elsewhere, and be lost without ending the run."""

    def check(self, folder: Path, files: Iterable[str]) -> None:
        """Make sure that workers see the run's folder and its input files."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Start a function, or queue it."""

    def submit_here(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Start a function in this process, beside whatever it does."""

    def no_more(self) -> None:
        """Let the workers end once they have done what is queued, while this process goes on."""

    def stop(self, *, now: bool) -> None:
        """End the workers; with `now` what is queued is dropped."""


class SerialExecutor:
    """Does each task in this process, at once."""

    workers = 1
    shared = False

    def check(self, folder: Path, files: Iterable[str]) -> None:
        """Nothing to check: this process sees what it sees."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Run the function; what it raises is kept in the future."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - raised again by future.result()
            future.set_exception(error)
        return future

    submit_here = submit

    def no_more(self) -> None:
        """Nothing to end."""

    def stop(self, *, now: bool) -> None:
        """Nothing to end."""


class ProcessExecutor:
    """Several processes on this machine, started without copying this one's state."""

    shared = False

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._ending: threading.Thread | None = None
        try:
            with ctrl_c_later():
                self._pool = self._make_pool()
                threading.Thread(target=self._begin, daemon=True).start()
        except KeyboardInterrupt:
            self.stop(now=True)
            raise

    def _make_pool(self) -> ProcessPoolExecutor:
        method = "forkserver" if sys.platform != "win32" and sockets.begin_folder() else "spawn"
        context = get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(list(PRELOADED))
            resource_tracker.ensure_running()  # it minds Ctrl-C by itself, and unmasks it here
            with children_without_ctrl_c():
                forkserver.ensure_running()  # it imports while the caller plans
        return ProcessPoolExecutor(self.workers, mp_context=context, initializer=_begin_worker)

    def _begin(self) -> None:
        """Fork the processes as soon as the server has what they need; the caller still plans."""
        with suppress(Exception):  # it has ended, or can't begin: the next call tells
            for _ in range(self.workers):
                self._pool.submit(_nothing)

    def check(self, folder: Path, files: Iterable[str]) -> None:
        """Nothing to check: the processes are on this machine."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Queue a function; the first call starts the processes."""
        with ctrl_c_later():
            return self._pool.submit(function, *arguments)

    def submit_here(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Run the function in a thread that nobody waits for at the end."""
        future: Future[Any] = Future()

        def fulfil() -> None:
            try:
                future.set_result(function(*arguments))
            except BaseException as error:  # noqa: BLE001 - raised again by future.result()
                future.set_exception(error)

        threading.Thread(target=fulfil, daemon=True).start()
        return future

    def no_more(self) -> None:
        """Let the processes end while this one goes on; `stop` waits for them."""
        if self._ending is None:
            self._ending = threading.Thread(target=self._pool.shutdown)
            self._ending.start()

    def stop(self, *, now: bool) -> None:
        """End the processes; tasks that run are waited for.

        A process that ends before its pool has let go of its semaphores is said to leak them.
        """
        if self._ending is None:
            self._pool.shutdown(wait=True, cancel_futures=now)
        else:
            self._ending.join()


def _nothing() -> None:
    """A worker that does this has begun."""


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which decides
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed run leaves no workers behind."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def default_workers() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_executor(workers: int) -> Executor:
    """One worker: this process. More: processes of their own."""
    return SerialExecutor() if workers <= 1 else ProcessExecutor(workers)


def in_order(
    executor: Executor, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
) -> Iterator[Any]:
    """What a function gives for many arguments, in their order; workers are a few calls ahead.

    Raises:
        Exception: what a call raised.
    """
    limit = executor.workers + 2 if executor.workers > 1 else 1
    running: deque[Future[Any]] = deque()
    for arguments in calls:
        running.append(executor.submit(function, *arguments))
        if len(running) >= limit:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


class InFlight:
    """A bounded number of started tasks, each with what it is for."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._started: dict[Future[Any], object] = {}

    @property
    def workers(self) -> int:
        """How many tasks run at once."""
        return self._executor.workers

    @property
    def full(self) -> bool:
        """Whether the workers have enough to do."""
        return len(self._started) >= self._limit

    @property
    def _limit(self) -> int:
        return 1 if self._executor.workers == 1 else self._executor.workers + 2

    def __len__(self) -> int:
        """Number of tasks that were started and not yet collected."""
        return len(self._started)

    def start(self, purpose: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Start a task."""
        self._started[self._executor.submit(function, *arguments)] = purpose

    def start_here(self, purpose: object, function: Callable[..., Any], *arguments: Any) -> None:
        """Start a task in this process, which has its libraries loaded."""
        self._started[self._executor.submit_here(function, *arguments)] = purpose

    def collect(self) -> Iterator[tuple[Any, Any]]:
        """Wait for at least one task; yields (purpose, result) of all that are done.

        Raises:
            Exception: what a task raised.
        """
        done, _ = wait(self._started, return_when=FIRST_COMPLETED)
        for future in done:
            purpose = self._started.pop(future)
            yield purpose, future.result()
