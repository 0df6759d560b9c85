"""Runs on a real Dask scheduler and workers: the same bytes, whatever happens to the workers."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.cluster import Machines, machines
from support.commands import COMMAND, Cli, leftovers
from support.datasets import differing, manifest

import polychip
from polychip import cluster
from polychip.errors import InputError, PolychipError

SIZE = ("--size", "256", "--mode", "instance")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A scheduler with two workers, used by several runs."""
    with machines(tmp_path_factory.mktemp("cluster"), 2) as made:
        yield made


def begin(
    tmp_path: Path, large: tuple[Path, Path], out: str, address: str
) -> "subprocess.Popen[str]":
    """Start an export on a cluster; returns once its first chips are there."""
    image, labels = large
    process = subprocess.Popen(
        [*COMMAND, "export", str(image), "--labels", str(labels), *SIZE, "-o", out, "--progress", "json", "--scheduler", address],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["done"]:
            assert event["done"] < event["total"]
            return process
    raise AssertionError(process.communicate())


def test_cancelled_then_resumed_gives_the_bytes_of_one_process(
    cli: Cli, large: tuple[Path, Path], tmp_path: Path, two: Machines
) -> None:
    export = ("export", str(large[0]), "--labels", str(large[1]), *SIZE)
    cli(*export, "-o", "alone", "--workers", "1")
    for stop in (signal.SIGTERM, signal.SIGINT):
        process = begin(tmp_path, large, stop.name, two.address)
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "go on with --resume" in err
        assert "Traceback" not in err
        assert json.loads(out.splitlines()[-1])["exit_code"] == 130
        made = times(tmp_path / stop.name)
        time.sleep(0.3)
        assert made == times(tmp_path / stop.name)  # no worker goes on
        assert leftovers(tmp_path) == []
    cli(*export, "-o", "SIGINT", "--resume", "--scheduler", two.address)
    assert differing(tmp_path / "SIGINT", tmp_path / "alone") == []


def times(folder: Path) -> dict[Path, int]:
    """When each file below a folder was changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_worker_killed_in_the_middle_changes_no_byte(
    cli: Cli, large: tuple[Path, Path], tmp_path: Path
) -> None:
    with machines(tmp_path / "cluster", 2) as own:
        process = begin(tmp_path, large, "lost", own.address)
        own.workers[0].kill()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert own.workers[1].poll() is None
    export = ("export", str(large[0]), "--labels", str(large[1]), *SIZE)
    cli(*export, "-o", "alone", "--workers", "1")
    assert differing(tmp_path / "lost", tmp_path / "alone") == []
    assert leftovers(tmp_path / "lost") == []


def test_a_cluster_made_for_the_run_gives_the_same_bytes(
    cli: Cli, recipe: Path, tmp_path: Path
) -> None:
    cli("run", recipe, "-o", "alone", "--workers", "1")
    done = cli("run", recipe, "-o", "local", "--executor", "dask", "--workers", "2")
    assert differing(tmp_path / "local", tmp_path / "alone") == []
    assert done.err == cli("run", recipe, "-o", "again", "--workers", "1").err


def test_python_calls_run_on_a_cluster_too(recipe: Path, tmp_path: Path, two: Machines) -> None:
    polychip.run(recipe)
    (tmp_path / "dataset").rename(tmp_path / "alone")
    polychip.run(recipe, scheduler=two.address)
    assert differing(tmp_path / "dataset", tmp_path / "alone") == []


def test_a_chip_that_cant_be_read_fails_alone(
    cli: Cli, large: tuple[Path, Path], tmp_path: Path, two: Machines
) -> None:
    with large[0].open("r+b") as file:
        file.truncate(large[0].stat().st_size - 300_000)
    export = ("export", str(large[0]), "--labels", str(large[1]), "--size", "512")
    alone = cli(*export, "-o", "alone", "--workers", "1", code=3)
    spread = cli(*export, "-o", "spread", "--scheduler", two.address, code=3)
    assert manifest(tmp_path / "spread")["counts"] == manifest(tmp_path / "alone")["counts"]
    assert differing(tmp_path / "spread", tmp_path / "alone") == []
    told = [line.replace("/spread", "/alone") for line in spread.err.splitlines()]
    assert told[-2:] == alone.err.splitlines()[-2:]


def test_a_worker_of_another_version_is_refused(cli: Cli, recipe: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "polychip-9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: polychip\nVersion: 9.9\n")
    with machines(tmp_path / "cluster", 0) as own:
        own.add_worker(PYTHONPATH=str(other.parent))
        refused = cli("run", recipe, "--scheduler", own.address, code=1)
    assert "has Polychip 9.9, this is Polychip" in refused.err
    assert "install the same version on all workers" in refused.err
    assert not (tmp_path / "dataset").exists()


def test_nobody_at_the_address_is_told(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(PolychipError, match=f"no Dask scheduler answers at {address}"):
            polychip.run(recipe, scheduler=address)
    with (
        machines(tmp_path / "cluster", 0) as own,
        pytest.raises(PolychipError, match="has no worker after"),
    ):
        polychip.run(recipe, scheduler=own.address)
    with pytest.raises(PolychipError, match="check the address"):
        polychip.run(recipe, scheduler="http//nonsense")


def test_without_dask_the_run_says_what_to_install(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(PolychipError, match=r"pip install 'polychip\[dask\]'"):
        polychip.run(recipe, scheduler="local")


def test_a_worker_says_what_it_doesnt_see(tmp_path: Path) -> None:
    note = tmp_path / "out" / ".polychip" / "labels" / "cluster.json"
    assert "out is not seen there" in str(cluster.look(str(note), "1"))
    seen, other = tmp_path / "seen.tif", tmp_path / "other.tif"
    seen.write_bytes(b"12")
    other.write_bytes(b"12")
    note.parent.mkdir(parents=True)
    told = {"run": "1", "version": polychip.__version__, "files": {str(seen): 2}}
    note.write_text(json.dumps(told))
    assert cluster.look(str(note), "1") is None
    assert "out is not seen there" in str(cluster.look(str(note), "2"))
    note.write_text(json.dumps(told | {"files": {str(seen): 2, str(other): 3, "/no/x.tif": 1}}))
    assert f"{other}, /no/x.tif not seen there, or of another size" in str(
        cluster.look(str(note), "1")
    )
    note.write_text(json.dumps(told | {"version": "9.9"}))
    assert "the run is of 9.9" in str(cluster.look(str(note), "1"))


def test_a_worker_begins_nothing_of_a_run_that_is_over(tmp_path: Path) -> None:
    """Its tasks may have been sent before they were cancelled, and come to their turn after."""
    note = tmp_path / "cluster.json"
    for run in ("over", "other"):
        note.write_text(json.dumps({"run": run, "version": polychip.__version__, "files": {}}))
        assert cluster.guarded(str(note), run, len, "abc") == 3
    asyncio.run(cluster.settle("over", 1))
    with pytest.raises(PolychipError, match="the run has ended"):
        cluster.guarded(str(note), "over", len, "abc")
    assert cluster.guarded(str(note), "other", len, "abc") == 3


def test_a_worker_that_joins_after_the_end_finds_no_note(tmp_path: Path, two: Machines) -> None:
    (tmp_path / "labels").mkdir()
    executor = cluster.connect(two.address)
    executor.check(tmp_path, [])
    note = tmp_path / "labels" / "cluster.json"
    run = json.loads(note.read_text())["run"]
    assert executor.submit(len, "abc").result(timeout=60) == 3
    executor.stop(now=True)
    with pytest.raises(InputError, match="is not seen there"):
        cluster.guarded(str(note), run, len, "abc")


def test_the_examples_of_the_guide_are_what_the_tools_read(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
    manifest_ = yaml.safe_load(guide.split("```yaml\n")[1].split("```")[0])
    assert manifest_["kind"] == "DaskCluster"
    assert manifest_["spec"]["worker"]["spec"]["containers"][0]["args"][-1] == "1"
    call = guide.split("cluster = ")[1].split("    cluster.scale")[0]
    call = call.replace(
        "local_directory",
        'scheduler_options={"host": "127.0.0.1", "dashboard": False}, local_directory',
    )
    code = f"from dask_jobqueue import SLURMCluster\nc = {call.strip()}\nprint(c.job_script())\nc.close()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = [line for line in guide.splitlines() if line.startswith("#SBATCH")]
    assert shown
    assert [line for line in done.stdout.splitlines() if line.startswith("#SBATCH")] == shown
    assert "--nthreads 1" in done.stdout
    assert "--nworkers 16" in done.stdout
