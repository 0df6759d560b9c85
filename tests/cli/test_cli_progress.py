"""What a run says while it goes on, and in the end."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from support.commands import COMMAND, Cli, write_recipe
from support.datasets import differing, manifest


def test_json_progress_is_one_object_a_line_and_ends_with_the_summary(
    cli: Cli, recipe: Path, tmp_path: Path
) -> None:
    result = cli("run", recipe, "--progress", "json")
    events = [json.loads(line) for line in result.out.splitlines()]
    assert {"progress", "warning", "note", "done"} == {event["event"] for event in events}
    steps = [event for event in events if event["event"] == "progress"]
    assert [steps[0]["done"], steps[-1]["done"], steps[-1]["total"]] == [0, 9, 9]
    done = events[-1]
    known = manifest(tmp_path / "dataset")
    assert done["event"] == "done"
    assert done["digest"] == known["digest"]
    assert done["pixels"] == known["counts"]["pixels"]
    assert done["tiny"] == {"field": 1}
    assert result.err == ""


def test_json_progress_tells_errors_on_stdout_too(cli: Cli, tmp_path: Path, image: Path) -> None:
    recipe = write_recipe(tmp_path / "r.toml", image, tmp_path / "none.gpkg")
    result = cli("run", recipe, "--progress", "json", code=1)
    event = json.loads(result.out.splitlines()[-1])
    assert event["event"] == "error"
    assert event["exit_code"] == 1
    assert "none.gpkg: no such" in event["message"]
    assert result.err == f"error: {event['message']}\n"


def test_the_summary_names_counts_faults_and_places(cli: Cli, recipe: Path) -> None:
    result = cli("run", recipe)
    assert "9 chips written to " in result.out
    assert "water" in result.out
    assert "too small to hold a pixel's centre (field 1)" in result.out
    assert "1 warning, see above" in result.out
    for place in ("preview.png", "README.md", "polychip verify "):
        assert place in result.out
    assert "warning: scene: no extent given" in result.err


def test_a_terminal_gets_a_bar_that_leaves_warnings_whole(recipe: Path, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [*COMMAND, "run", str(recipe)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower,
        text=True,
    ) as process:  # fmt: skip
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        out = process.stdout.read() if process.stdout else ""
    os.close(leader)
    text = shown.decode()
    assert process.returncode == 0
    assert " of 9 chips" in text
    assert "\rwarning: scene: no extent given" in text.replace("\n", "\r")
    assert "9 chips written" in out
    assert "chips," not in out


def test_without_a_terminal_there_is_no_bar(cli: Cli, recipe: Path) -> None:
    assert "%|" not in cli("run", recipe).err


def test_options_and_recipe_give_the_same_dataset(cli: Cli, recipe: Path, tmp_path: Path) -> None:
    cli("run", recipe, "-o", "a")
    cli("export", "scene.tif", "--labels", "labels.gpkg", "-o", "b", "--size", 64,
        "--workers", 2)  # fmt: skip
    assert manifest(tmp_path / "a")["digest"] == manifest(tmp_path / "b")["digest"]
    assert differing(tmp_path / "a", tmp_path / "b") == []


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_reader_that_goes_away_is_no_fault(recipe: Path, tmp_path: Path, command: str) -> None:
    shell = f"{' '.join(COMMAND)} {command} {recipe} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() in ("0", "141")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_an_unexpected_fault_asks_for_a_report_and_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from polychip.cli import commands, main

    def broken(_: object) -> int:
        raise ZeroDivisionError("seven by nought")

    monkeypatch.setattr(commands, "plan", broken)
    assert main.main(["plan", "x.toml"]) == 1
    told = capsys.readouterr().err
    assert "unexpected ZeroDivisionError: seven by nought" in told
    assert "report it at" in told
    assert "Traceback" not in told
    monkeypatch.setenv("POLYCHIP_DEBUG", "1")
    main.main(["plan", "x.toml"])
    assert "Traceback" in capsys.readouterr().err


def test_a_terminal_that_knows_ascii_only_is_served(cli: Cli, recipe: Path) -> None:
    result = cli("plan", recipe, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert "64 \\xd7 64 px" in result.out
