"""The serving process as another program sees it: lines in, lines out."""

import base64
import json
import os
import queue
import subprocess
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.commands import COMMAND

SECONDS = 60.0


class Client:
    """Talks to a real `polychip serve`; every line that comes back must be JSON."""

    def __init__(self, cwd: Path) -> None:
        folder = cwd / "temporary"
        folder.mkdir()
        self.process = subprocess.Popen(
            [*COMMAND, "serve"], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=os.environ | {"TMPDIR": str(folder)},
        )  # fmt: skip
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._errors = bytearray()
        self._kept: list[dict[str, Any]] = []
        self._number = 0
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._errors.extend(line)

    @property
    def errors(self) -> str:
        """What was written to stderr."""
        return self._errors.decode()

    def write(self, data: bytes) -> None:
        """Any bytes at all."""
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, method: str, **params: Any) -> int:
        """A request; returns its id."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self.write(json.dumps(message).encode() + b"\n")
        return self._number

    def next_line(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        line = self._lines.get(timeout=SECONDS)
        assert line, f"the engine went away: {self.errors}"
        return json.loads(line)

    def answer(self, request_id: Any) -> dict[str, Any]:
        """The answer to a request; events go to `events`, other answers wait."""
        for kept in self._kept:
            if kept["id"] == request_id:
                self._kept.remove(kept)
                return kept
        while True:
            message = self.next_line()
            if "ok" not in message:
                self.events.append(message)
            elif message["id"] == request_id:
                return message
            else:
                self._kept.append(message)

    def event(self, request_id: Any, **wanted: Any) -> dict[str, Any]:
        """The next event of a request that holds these values."""
        while True:
            message = self.next_line()
            if "ok" in message:
                self._kept.append(message)
            elif message["id"] == request_id and wanted.items() <= message.items():
                return message

    def ask(self, method: str, **params: Any) -> Any:
        """Send and wait for a good answer's result."""
        answer = self.answer(self.send(method, **params))
        assert answer["ok"], answer
        return answer["result"]

    def refused(self, method: str, **params: Any) -> tuple[str, str]:
        """Send and wait for an error: (code, message)."""
        answer = self.answer(self.send(method, **params))
        assert not answer["ok"], answer
        return answer["error"]["code"], answer["error"]["message"]

    def close(self) -> int:
        """Close stdin and wait for the process; returns its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(SECONDS)


def array(told: dict[str, Any]) -> NDArray[Any]:
    """An array as docs/serve.md writes it."""
    data = zlib.decompress(base64.b64decode(told["data"]))
    dtype = np.dtype(told["dtype"]).newbyteorder("<")
    return np.frombuffer(data, dtype).reshape(told["shape"])
