"""Files are whole or absent, and errors say what to do."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import polychip
from polychip.errors import OutputError
from polychip.io.atomic import remove_stale_parts, replacing, write_bytes, write_text


def names_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def fail_to_replace(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def replace(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "replace", replace)


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    source = str(Path(polychip.__path__[0]).parent)
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": source},
    )


def test_a_file_is_written_whole_and_its_folders_are_made(tmp_path: Path) -> None:
    for name in ("images/r0/a.tif", "images/r0/b.tif", "c.tif"):
        write_bytes(tmp_path / name, b"chip " + name.encode())
    assert names_below(tmp_path) == ["c.tif", "images/r0/a.tif", "images/r0/b.tif"]
    assert (tmp_path / "images/r0/b.tif").read_bytes() == b"chip images/r0/b.tif"


def test_a_folder_that_was_removed_in_between_is_made_again(tmp_path: Path) -> None:
    target = tmp_path / "row" / "a.tif"
    write_bytes(target, b"1")
    target.unlink()
    target.parent.rmdir()
    write_bytes(target, b"2")
    assert target.read_bytes() == b"2"


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"old and longer")
    write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_name_without_a_folder_is_written_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes("a", b"1")
    with replacing("b") as temporary:
        temporary.write_bytes(b"2")
    assert names_below(tmp_path) == ["a", "b"]


def test_text_is_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "t", "Wälder\nÉtang\n")
    assert (tmp_path / "t").read_bytes() == b"W\xc3\xa4lder\n\xc3\x89tang\n"


def test_files_have_the_permissions_that_the_user_chose(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only: choose another folder"),
        (errno.EACCES, "change the permissions"),
        (errno.EIO, "disk reports a fault"),
        (errno.ENXIO, "check the disk"),
    ],
)
def test_a_failure_leaves_the_old_file_and_says_what_to_do(
    number: int, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes(tmp_path / "a", b"old")
    fail_to_replace(monkeypatch, OSError(number, os.strerror(number)))
    with pytest.raises(OutputError, match=rf"a: can't be written: .*{advice}"):
        write_bytes(tmp_path / "a", b"new")
    assert names_below(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_an_interruption_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_replace(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "a", b"new")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "b") as temporary:
        temporary.write_bytes(b"new")
    assert names_below(tmp_path) == []


WRITE_BEYOND_A_LIMIT = """
import resource, sys
from pathlib import Path
from polychip.errors import OutputError
from polychip.io.atomic import replacing, write_bytes
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
write_bytes(folder / "fits", bytes(10_000))
for size in (10_001, 5_000_000):
    try:
        write_bytes(folder / "too large", bytes(size))
    except OutputError as error:
        print(error)
try:
    with replacing(folder / "too large") as temporary:
        temporary.write_bytes(bytes(10_001))
except OutputError as error:
    print(error)
"""


def test_a_file_that_stops_growing_halfway_is_removed_and_reported(tmp_path: Path) -> None:
    done = run_python(WRITE_BEYOND_A_LIMIT, tmp_path)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all("too large: can't be written: file too large; " in line for line in lines)
    assert names_below(tmp_path) == ["fits"]


WRITE_UNTIL_KILLED = """
import os, sys
from pathlib import Path
from polychip.io import atomic
os.replace = lambda *_: os.kill(os.getpid(), 9)
atomic.write_bytes(Path(sys.argv[1]) / "row" / "a.tif", b"whole")
"""


def test_what_a_killed_process_left_is_found_and_removed(tmp_path: Path) -> None:
    assert run_python(WRITE_UNTIL_KILLED, tmp_path).returncode == -9
    (left,) = names_below(tmp_path / "row")
    assert left.startswith(".")
    assert left.endswith(".part")
    assert remove_stale_parts(tmp_path) == 1
    assert names_below(tmp_path) == []


def test_other_peoples_hidden_files_are_not_stale_parts(tmp_path: Path) -> None:
    kept = [".download.part", "a.part", "a.tif", ".0123456789abcdef.part.txt"]
    for name in [*kept, ".0123456789abcdef.part", ".0123456789abcdef.part-journal"]:
        (tmp_path / name).touch()
    assert remove_stale_parts(tmp_path) == 2
    assert names_below(tmp_path) == sorted(kept)
    assert remove_stale_parts(tmp_path / "not there") == 0


def test_a_writer_that_wants_a_name_gets_one_in_the_same_folder(tmp_path: Path) -> None:
    target = tmp_path / "new" / "chips.parquet"
    with replacing(target) as temporary:
        temporary.write_bytes(b"rows")
        assert not target.exists()
        assert (temporary.parent, temporary.name[0]) == (target.parent, ".")
        assert temporary.suffix == ".part"
    assert names_below(tmp_path) == ["new/chips.parquet"]


def test_a_writer_that_fails_leaves_nothing_not_even_sqlites_journal(tmp_path: Path) -> None:
    def write_half() -> None:
        with replacing(tmp_path / "a.gpkg") as temporary:
            temporary.write_bytes(b"half")
            temporary.with_name(temporary.name + "-journal").touch()
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        write_half()
    assert names_below(tmp_path) == []


def test_a_writer_that_runs_out_of_space_is_reported_with_a_remedy(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"chips.parquet: .*no space.*free some space"),
        replacing(tmp_path / "chips.parquet"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_about_another_file_passes_through_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), replacing(tmp_path / "a"):
        (tmp_path / "elsewhere").read_bytes()


def test_names_and_folders_that_can_not_be_are_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for target, message in (
        (tmp_path / ("n" * 300), "too long; choose a shorter"),
        (tmp_path / "file" / "a", "a file is where a folder is needed"),
        (tmp_path / "file" / "below" / "a", "a file is where a folder is needed"),
        (tmp_path / "folder", "a folder is where the file belongs"),
    ):
        with pytest.raises(OutputError, match=message):
            write_bytes(target, b"")
        with pytest.raises(OutputError, match=message), replacing(target) as temporary:
            temporary.touch()
    assert names_below(tmp_path) == ["file"]


def test_the_longest_legal_name_is_written(tmp_path: Path) -> None:
    name = "n" * os.pathconf(tmp_path, "PC_NAME_MAX")
    write_bytes(tmp_path / name, b"1")
    assert names_below(tmp_path) == [name]


WRITE_MANY_TIMES = """
import sys
from pathlib import Path
from polychip.io.atomic import write_bytes
for i in range(300):
    write_bytes(Path(sys.argv[1]) / "row" / "same", bytes([i % 256]) * 100_000)
"""


def test_two_processes_that_write_the_same_name_never_mix(tmp_path: Path) -> None:
    source = str(Path(polychip.__path__[0]).parent)
    command = [sys.executable, "-c", WRITE_MANY_TIMES, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": source}
    writers = [subprocess.Popen(command, env=environment) for _ in range(2)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if (tmp_path / "row" / "same").exists():
            content = (tmp_path / "row" / "same").read_bytes()
            seen.add((len(content), len(set(content))))
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == {(100_000, 1)}
    assert names_below(tmp_path) == ["row/same"]
