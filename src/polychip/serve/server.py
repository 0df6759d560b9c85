"""Requests in, answers out: plans, previews and runs go on beside each other."""

import queue
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from polychip.errors import InputError, OutputError, PolychipError, RecipeError
from polychip.recipe import Recipe, load_recipe
from polychip.recipe.load import load_recipe_text
from polychip.serve.capabilities import METHODS, WAYS, greeting
from polychip.serve.features import SentFeatures, sent_features
from polychip.serve.lines import LineWriter, read_lines
from polychip.serve.protocol import (
    BAD_REQUEST,
    CANCELLED,
    INPUT,
    INTERNAL,
    MAX_LINE_BYTES,
    OUTPUT,
    PROTOCOL,
    RECIPE,
    REFUSED,
    TOO_LARGE,
    UNKNOWN_METHOD,
    UNKNOWN_PLAN,
    UNSUPPORTED_PROTOCOL,
    BadLineError,
    Params,
    Request,
    RequestId,
    ServeError,
    parse_request,
)
from polychip.serve.runs import ChildRun
from polychip.serve.session import ARRAYS, PlanSession

OPEN_PLANS = 4
"""The plan that was used longest ago is closed when another one would be open."""
END_SECONDS = 20.0
"""How long runs may take to end when the client goes."""


class _Cancelled(Exception):
    """A request was cancelled while it was answered."""


class _Job:
    """A request that is being answered."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.cancelled = threading.Event()
        self.run: ChildRun | None = None

    def check(self) -> None:
        """Raise _Cancelled once the client has asked for it."""
        if self.cancelled.is_set():
            raise _Cancelled

    def cancel(self) -> None:
        """Answer `cancelled` as soon as may be."""
        self.cancelled.set()
        if self.run is not None:
            self.run.cancel()


class _Listener:
    """A reporter that passes progress on and stops a cancelled plan."""

    def __init__(self, job: _Job, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._job, self._tell = job, tell
        self._done = self._total = 0

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """The blocks begin."""
        del unit
        self._total, self._done = n_chips, done
        self._progress()

    def advance(self, n_chips: int) -> None:
        """Chips were looked at."""
        self._done += n_chips
        self._progress()

    def note(self, text: str) -> None:
        """The report holds it."""

    def warn(self, text: str) -> None:
        """The report holds it."""

    def finish(self) -> None:
        """The answer follows."""

    def _progress(self) -> None:
        self._job.check()
        self._tell({"event": "progress", "done": self._done, "total": self._total})


class _Lane:
    """A thread that answers one request after the other."""

    def __init__(self, name: str) -> None:
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, work: Callable[[], None]) -> None:
        """Do it after what is queued."""
        self._todo.put(work)

    def _work(self) -> None:
        while True:
            self._todo.get()()


class Server:
    """Answers the lines of one client."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._jobs: dict[RequestId, _Job] = {}
        self._lock = threading.Lock()
        self._plans: OrderedDict[str, PlanSession] = OrderedDict()
        self._n_plans = 0
        self._runs: list[threading.Thread] = []
        self._planning, self._previewing = _Lane("plan"), _Lane("preview")

    def serve(self, handle: int) -> None:
        """Answer until the client says `shutdown` or closes its pipe; then end all that runs."""
        last: Request | None = None
        try:
            for line in read_lines(handle, MAX_LINE_BYTES):
                last = self._take(line)
                if last is not None or self._writer.broken.is_set():
                    break
        finally:
            self._end()
        if last is not None:
            self._answer(last.id, {})

    def _take(self, line: bytes | None) -> Request | None:
        """One line; returns the request when it is `shutdown`."""
        if line is None:
            self._refuse(None, TOO_LARGE, f"a line may hold {MAX_LINE_BYTES} bytes")
            return None
        if not line.strip():
            return None
        try:
            request = parse_request(line)
        except BadLineError as error:
            self._refuse(error.id, error.code, str(error))
            return None
        if request.method == "shutdown":
            return request
        self._start(request)
        return None

    def _start(self, request: Request) -> None:
        known: dict[str, tuple[Callable[[_Job], Any], Callable[[Callable[[], None]], None]]] = {
            "hello": (self._hello, _at_once),
            "cancel": (self._cancel, _at_once),
            "recipe": (self._recipe, self._planning.put),
            "plan": (self._plan, self._planning.put),
            "preview": (self._preview, self._previewing.put),
            "run": (self._run, self._beside),
        }
        if request.method not in known:
            methods = ", ".join(METHODS)
            text = f"unknown method '{request.method[:40]}': {methods}"
            self._refuse(request.id, UNKNOWN_METHOD, text)
            return
        job = _Job(request)
        with self._lock:
            taken = request.id in self._jobs
            if not taken:
                self._jobs[request.id] = job
        if taken:
            self._refuse(request.id, BAD_REQUEST, "a request with this id is still being answered")
            return
        answer, place = known[request.method]
        place(lambda: self._do(job, answer))

    def _do(self, job: _Job, answer: Callable[[_Job], Any]) -> None:
        """Answer a request, whatever happens."""
        try:
            job.check()
            result = answer(job)
            job.check()
        except _Cancelled:
            self._finish(job, error=(CANCELLED, "cancelled"))
        except ServeError as error:
            self._finish(job, error=(error.code, str(error)))
        except PolychipError as error:
            self._finish(job, error=(_code(error), str(error)))
        except Exception as error:  # noqa: BLE001 - one bad request must not end the others
            traceback.print_exc(file=sys.stderr)
            self._finish(job, error=(INTERNAL, f"unexpected {type(error).__name__}: {error}"))
        else:
            self._finish(job, result=result)

    def _finish(self, job: _Job, result: Any = None, error: tuple[str, str] | None = None) -> None:
        with self._lock:
            self._jobs.pop(job.request.id, None)
        if error is None:
            self._answer(job.request.id, result)
        else:
            self._refuse(job.request.id, *error)

    def _answer(self, request_id: RequestId, result: Any) -> None:
        self._writer.send({"id": request_id, "ok": True, "result": result})

    def _refuse(self, request_id: RequestId | None, code: str, message: str) -> None:
        error = {"code": code, "message": message}
        self._writer.send({"id": request_id, "ok": False, "error": error})

    # --- methods

    def _hello(self, job: _Job) -> Any:
        params = job.request.params
        asked = params.whole("protocol", PROTOCOL)
        params.plain("client")
        params.done()
        if asked != PROTOCOL:
            raise ServeError(
                UNSUPPORTED_PROTOCOL,
                f"protocol {asked} is asked for, this engine speaks {PROTOCOL}; update the other",
            )
        return greeting()

    def _cancel(self, job: _Job) -> Any:
        params = job.request.params
        wanted = params.request_id("request")
        params.done()
        with self._lock:
            found = self._jobs.get(wanted)
        if found is not None and found is not job:
            found.cancel()
        return {"found": found is not None and found is not job}

    def _recipe(self, job: _Job) -> Any:
        recipe = _recipe_of(job.request.params)
        job.request.params.done()
        plain: dict[str, Any] = {"mode": "json", "by_alias": True, "exclude_none": True}
        stated = recipe.model_dump(**plain, exclude_unset=True)
        return {"recipe": recipe.model_dump(**plain), "stated": stated}

    def _plan(self, job: _Job) -> Any:
        params = job.request.params
        recipe = _recipe_of(params)
        chips = params.flag("chips", default=False)
        exact = params.flag("exact", default=False)
        params.done()
        self._n_plans += 1
        listener = _Listener(job, lambda event: self._tell(job, event))
        session = PlanSession(f"plan-{self._n_plans}", recipe, listener, exact=exact)
        told = session.told(chips=chips)
        with self._lock:
            self._plans[session.name] = session
            old = [self._plans.popitem(last=False)[1] for _ in range(len(self._plans) - OPEN_PLANS)]
        for former in old:
            self._previewing.put(former.close)  # the lane that uses it
        return told

    def _preview(self, job: _Job) -> Any:
        params = job.request.params
        name = params.text("plan")
        with self._lock:
            session = self._plans.get(name)
            if session is not None:
                self._plans.move_to_end(name)
        if session is None:
            raise ServeError(UNKNOWN_PLAN, f"no plan '{name[:80]}' is open; plan again")
        scene = session.scene(params.text("scene") if params.has("scene") else None)
        if params.has("chip"):
            index = scene.chip_named(params.text("chip"))
        else:
            index = scene.chip_at(*params.numbers("at", 2))
        wanted = _wanted(params)
        labels = extent = None
        if params.has("labels"):
            labels = scene.sent_labels(*_sent(params.table("labels"), "labels"))
        if params.has("extent"):
            extent = scene.sent_extent(*_sent(params.table("extent"), "extent"))
        params.done()
        return scene.describe(scene.make(index, labels, extent), index, wanted)

    def _run(self, job: _Job) -> Any:
        params = job.request.params
        recipe = Path(params.text("recipe"))
        way = params.choice("way", WAYS, "new")
        workers = params.whole("workers", 0)
        output = params.text("output") if params.has("output") else None
        params.done()
        if not recipe.is_absolute() or not recipe.parent.is_dir():
            raise ServeError(BAD_REQUEST, "params.recipe must be the whole path of a recipe")
        job.run = ChildRun(recipe, way, workers, output, recipe.parent)
        job.check()
        try:
            return job.run.listen(lambda event: self._tell(job, event))
        except ServeError as error:
            if error.code == CANCELLED:
                job.cancelled.clear()  # its own words say how to go on
            raise

    def _beside(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="run", daemon=True)
        self._runs = [run for run in self._runs if run.is_alive()]
        self._runs.append(thread)
        thread.start()

    def _tell(self, job: _Job, event: Mapping[str, Any]) -> None:
        self._writer.send({"id": job.request.id, **event})

    def _end(self) -> None:
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        for run in self._runs:
            run.join(END_SECONDS)
        with self._lock:
            sessions, self._plans = list(self._plans.values()), OrderedDict()
        closed = threading.Event()
        for session in sessions:
            self._previewing.put(session.close)
        self._previewing.put(closed.set)
        closed.wait(END_SECONDS)


def _at_once(work: Callable[[], None]) -> None:
    work()


def _recipe_of(params: Params) -> Recipe:
    """The recipe that a request names, or brings with the folder that its paths start at."""
    if params.has("text"):
        base = Path(params.text("base"))
        if not base.is_absolute():
            raise ServeError(BAD_REQUEST, "params.base must be the whole path of a folder")
        return load_recipe_text(params.text("text"), base=base, where="recipe")
    return load_recipe(params.text("recipe"))


def _wanted(params: Params) -> tuple[str, ...]:
    if not params.has("arrays"):
        return ("picture", "semantic", "instance")
    names = params.items("arrays")
    for name in names:
        if name not in ARRAYS:
            raise ServeError(BAD_REQUEST, f"params.arrays may hold {', '.join(ARRAYS)}")
    return tuple(names)


def _sent(params: Params, where: str) -> tuple[str, Callable[[], SentFeatures | None]]:
    """The key of sent features, and what reads them: only when they are not known yet."""
    key = params.text("key")
    items = params.items("features") if params.has("features") else None
    params.done()
    return key, lambda: None if items is None else sent_features(items, f"{where}.features")


def _code(error: PolychipError) -> str:
    if isinstance(error, RecipeError):
        return RECIPE
    if isinstance(error, OutputError):
        return OUTPUT
    return INPUT if isinstance(error, InputError) else REFUSED
