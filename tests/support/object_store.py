"""A real S3 server, SeaweedFS, on loopback."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

KEY, SECRET = "polychip-test", "polychip-test-secret"


def _free_ports(n: int) -> list[int]:
    """Ports of which the one 10,000 further, where SeaweedFS listens for gRPC, is free, too."""
    found: list[int] = []
    while len(found) < n:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            if port > 50_000 or port in found:
                port = 20_000 + port % 25_000
            try:
                high.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        found.append(port)
    return found


class ObjectStore:
    """Used as a context manager; `environment` is what clients need."""

    bucket = "chips"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [{
            "name": "test", "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"]}]}))  # fmt: skip
        binary = shutil.which("weed") or str(Path(sys.executable).with_name("weed"))
        ports = _free_ports(4)
        self.port = ports[0]
        names = ("s3.port", "master.port", "volume.port", "filer.port")
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [binary, "server", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
             f"-s3.config={config}", "-master.volumeSizeLimitMB=64", "-volume.max=10", "-s3.port.iceberg=0",
             "-s3.port.lance=0",
             *(f"-{name}={port}" for name, port in zip(names, ports, strict=True))],
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    @property
    def environment(self) -> dict[str, str]:
        """For clients, in GDAL's words."""
        return {
            "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_S3_ENDPOINT": f"127.0.0.1:{self.port}", "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
        }  # fmt: skip

    def client(self) -> object:
        """A store of the bucket."""
        from obstore.store import S3Store

        return S3Store(
            self.bucket, endpoint=f"http://127.0.0.1:{self.port}", access_key_id=KEY,
            secret_access_key=SECRET, region="us-east-1", virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )  # fmt: skip

    def put(self, name: str, data: bytes) -> None:
        """Store an object."""
        import obstore

        obstore.put(self.client(), name, data)  # type: ignore[arg-type]

    def objects(self, prefix: str) -> dict[str, bytes]:
        """All objects below a prefix, by what follows it."""
        import obstore

        client: Any = self.client()
        return {
            entry["path"].removeprefix(f"{prefix}/"): bytes(
                obstore.get(client, entry["path"]).bytes()
            )
            for batch in obstore.list(client, prefix)
            for entry in batch
        }

    def _wait(self) -> None:
        """Until it takes a bucket and an object."""
        from pyarrow.fs import S3FileSystem

        system = S3FileSystem(
            access_key=KEY, secret_key=SECRET, endpoint_override=f"127.0.0.1:{self.port}",
            scheme="http", allow_bucket_creation=True,
        )  # fmt: skip
        for _ in range(300):
            if self._process.poll() is not None:
                break
            try:
                system.create_dir(self.bucket)
                self.put("ready", b"1")
            except Exception:  # noqa: BLE001 - whatever it says while it starts
                time.sleep(0.2)
            else:
                return
        said = (self.folder / "log").read_text(errors="replace")[-3000:]
        raise RuntimeError(f"the object store did not start: {said}")


class Line:
    """A port that leads to a server, and can be cut like a cable and mended again."""

    def __init__(self, port: int) -> None:
        """Not laid yet.

        Args:
            port: the server's.
        """
        self._server, self._open = port, set[socket.socket]()
        [self.port] = _free_ports(1)
        self._listener: socket.socket | None = None

    def mend(self) -> None:
        """Take connections."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._take, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuse connections, and break those that there are."""
        assert self._listener is not None
        for end in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._server))
            self._open |= {near, far}
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
