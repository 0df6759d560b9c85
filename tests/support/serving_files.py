"""A small http server of files: ranges, ETags, a log of what was asked for, faults on request."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    """With its query."""
    start: int
    end: int
    """Bytes asked for, end excluded; (0, 0) for HEAD."""
    headers: dict[str, str]


Fault = Callable[["Handler", Request], bool]
"""Looks at a request before it is answered; True when it has dealt with it."""


@dataclass
class FileServer:
    """Files of a folder on loopback. Used as a context manager."""

    folder: Path
    fault: Fault | None = None
    with_etag: bool = True
    with_date: bool = True
    etag_suffix: str = ""
    """Appended to every ETag: another one is another version."""
    log: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._contents: dict[tuple[Path, int, int], str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.files = self  # type: ignore[attr-defined]
        self._released = threading.Event()
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def stall(self) -> None:
        """Keep a request waiting until the server ends."""
        self._released.wait()

    def note(self, request: Request) -> int:
        """Log a request; how many there were before it."""
        with self._lock:
            self.log.append(request)
            return len(self.log) - 1

    def content(self, path: Path) -> str:
        """A checksum of a file, made once for each of its versions."""
        told = path.stat()
        key = (path, told.st_mtime_ns, told.st_size)
        if key not in self._contents:
            self._contents[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return self._contents[key]

    def bytes_sent(self, name: str) -> Counter[int]:
        """How often each byte of a file was asked for."""
        counts: Counter[int] = Counter()
        for request in self.gets(name):
            counts.update(range(request.start, request.end))
        return counts

    def gets(self, name: str) -> list[Request]:
        return [r for r in self.log if r.method == "GET" and urlsplit(r.path).path == f"/{name}"]


class Handler(BaseHTTPRequestHandler):
    """Answers HEAD and GET, whole or by one range."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    @property
    def files(self) -> FileServer:
        return self.server.files  # type: ignore[attr-defined]

    def file(self) -> Path:
        return self.files.folder / unquote(urlsplit(self.path).path).lstrip("/")

    def _answer(self, *, body: bool) -> None:
        path = self.file()
        size = path.stat().st_size if path.is_file() else 0
        start, end, asked = 0, size if body else 0, self.headers.get("Range")
        if body and asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1 if last else size, size)
        request = Request(self.command, self.path, start, end, dict(self.headers))
        self.files.note(request)
        if self.files.fault is not None and self.files.fault(self, request):
            return
        if not path.is_file():
            self.refuse(404)
            return
        self.send(start, end, partial=bool(asked), body=body)

    def refuse(self, code: int) -> bool:
        """An answer that is no file."""
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def send(self, start: int, end: int, *, partial: bool, body: bool = True,
             cut_at: int | None = None) -> None:  # fmt: skip
        """A file, or a part; `cut_at` bytes of it, then the connection is gone."""
        size = self.file().stat().st_size
        etag = f'"{self.files.content(self.file())}{self.files.etag_suffix}"'
        if self.headers.get("If-Match") not in (None, etag) and self.files.with_etag:
            self.refuse(412)
            return
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start if body else size))
        self.send_header("Accept-Ranges", "bytes")
        if self.files.with_etag:
            self.send_header("ETag", etag)
        if self.files.with_date:
            when = self.file().stat().st_mtime
            self.send_header("Last-Modified", formatdate(when, usegmt=True))
        self.end_headers()
        if body:
            with self.file().open("rb") as file:
                file.seek(start)
                self.wfile.write(file.read(end - start if cut_at is None else cut_at))
        if cut_at is not None:
            self.wfile.flush()
            self.close_connection = True


def first(n: int, deal: Fault, *, method: str = "GET") -> Fault:
    """The fault for the first n requests, then none."""
    left = [n]
    lock = threading.Lock()

    def fault(handler: Handler, request: Request) -> bool:
        with lock:
            if request.method != method or left[0] <= 0:
                return False
            left[0] -= 1
        return deal(handler, request)

    return fault
