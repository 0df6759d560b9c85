"""A real S3 server, SeaweedFS, on loopback."""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

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
        ports = _free_ports(4)
        self.port = ports[0]
        binary = shutil.which("weed") or str(Path(sys.executable).with_name("weed"))
        names = ("s3.port", "master.port", "volume.port", "filer.port")
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [binary, "server", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
             f"-s3.config={config}", "-master.volumeSizeLimitMB=64", "-volume.max=10",
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
