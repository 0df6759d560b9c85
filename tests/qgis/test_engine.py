"""Finding the engine, asking it, and keeping QGIS's libraries away from it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from conftest import wait_until
from polychip_qgis.engine import (
    EngineNotFoundError,
    Places,
    child_environment,
    find_engine,
    managed_environment,
    places,
)
from polychip_qgis.engine_check import EngineCheck, diagnostics, parse_version
from qgis.core import QgsSettings

NOWHERE = Path("/nonexistent")


def make_environment(folder: Path) -> Path:
    """The two files by which an environment with an engine is known."""
    (folder / "bin").mkdir(parents=True)
    for name in ("python", "polychip"):
        (folder / "bin" / name).write_text("#!/bin/sh\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


def ask(option: str, timeout_ms: int = 20_000):
    """The report on the engine at this path, and how long the call itself took."""
    reports = []
    check = EngineCheck(timeout_ms=timeout_ms)
    check.finished.connect(reports.append)
    check.start(Places(option, NOWHERE, NOWHERE))
    wait_until(lambda: bool(reports), "the engine's report comes")
    return reports[0]


def test_the_path_in_the_settings_goes_before_the_managed_environment_and_that_before_the_prefix(
    tmp_path,
):
    option, managed, prefix = (
        make_environment(tmp_path / name) for name in ("option", "managed", "prefix")
    )
    module = ("-I", "-m", "polychip")
    assert find_engine(Places(str(option), managed, prefix)) == (
        str(option / "bin/python"),
        module,
        "option",
    )
    assert find_engine(Places("", managed, prefix)) == (
        str(managed / "bin/python"),
        module,
        "managed",
    )
    assert find_engine(Places("", NOWHERE, prefix)) == (str(prefix / "bin/polychip"), (), "beside")


def test_the_setting_may_name_a_python_or_the_program_itself(tmp_path):
    bin_folder = make_environment(tmp_path / "env") / "bin"
    by_python = find_engine(Places(str(bin_folder / "python"), NOWHERE, NOWHERE))
    assert by_python.command("plan")[1:] == [
        "-I", "-m", "polychip", "plan",
    ]  # fmt: skip
    assert find_engine(Places(str(bin_folder / "polychip"), NOWHERE, NOWHERE)).arguments == ()


def test_a_wrong_path_in_the_settings_is_said_and_not_passed_over(tmp_path):
    managed = make_environment(tmp_path / "managed")
    with pytest.raises(EngineNotFoundError, match="There is no engine at “/nonexistent/env”"):
        find_engine(Places("/nonexistent/env", managed, NOWHERE))
    with pytest.raises(EngineNotFoundError, match="There is no engine at"):
        find_engine(Places(str(tmp_path), managed, NOWHERE))  # a folder, but no environment


def test_no_engine_at_all_says_what_to_do():
    with pytest.raises(
        EngineNotFoundError, match="The engine is missing: set it up in the settings"
    ):
        find_engine(Places("", NOWHERE, NOWHERE))


def test_the_setting_of_qgis_is_where_the_search_begins(no_engine):
    QgsSettings().setValue("polychip/engine", " /opt/engine ")
    assert places().option == "/opt/engine"
    assert places().prefix == no_engine


def test_other_requirements_get_another_managed_environment(qgis_app):
    one, other = managed_environment("polychip==1.0.0"), managed_environment("polychip==1.0.1")
    assert one != other
    assert one == managed_environment("polychip==1.0.0")
    assert one.parent == other.parent


def test_the_child_environment_keeps_everything_but_what_leads_back_to_qgis():
    polluted = {
        "PYTHONHOME": "/q", "PYTHONPATH": "/q", "PYTHONSTARTUP": "/q", "GDAL_DATA": "/q",
        "PROJ_LIB": "/q",         "OGR_X": "1", "CPL_DEBUG": "1", "LD_LIBRARY_PATH": "/q",
        "LD_PRELOAD": "/q",
        "DYLD_LIBRARY_PATH": "/q",
        "QT_PLUGIN_PATH": "/q", "QGIS_PREFIX_PATH": "/q",
        "VIRTUAL_ENV": "/q", "PIP_USER": "1", "PIP_TARGET": "/q",
        "Gdal_Driver_Path": "/q",
    }  # fmt: skip
    kept = {
        "PATH": "/usr/bin",
        "HOME": "/home/x",
        "HTTPS_PROXY": "http://proxy",
        "LANG": "C",
        "PIP_INDEX_URL": "x",
    }
    assert child_environment({**polluted, **kept}) == kept


def test_the_engine_starts_clean_from_a_polluted_qgis_and_qgis_keeps_its_own(
    make_program, monkeypatch, qgis_app
):
    for name in ("PYTHONHOME", "PYTHONPATH", "PROJ_LIB", "LD_LIBRARY_PATH", "GDAL_DATA"):
        monkeypatch.setenv(name, "/somewhere/of/qgis")
    monkeypatch.setenv("KEPT_FOR_THE_ENGINE", "yes")
    dump = "import json, os; print(json.dumps(dict(os.environ))); print('polychip 1.2.3')"
    report = ask(str(make_program("polychip", f'exec {sys.executable} -c "{dump}"')))
    seen = json.loads(report.output.splitlines()[0])
    assert report.version == "1.2.3"
    assert seen["KEPT_FOR_THE_ENGINE"] == "yes"
    assert not {"PYTHONHOME", "PYTHONPATH", "PROJ_LIB", "LD_LIBRARY_PATH", "GDAL_DATA"} & set(seen)
    assert os.environ["PROJ_LIB"] == "/somewhere/of/qgis"


def test_an_engine_that_answers_is_ready(make_program, qgis_app):
    report = ask(str(make_program("polychip", "echo polychip 0.4.1")))
    assert report.ok
    assert report.message == "Polychip engine 0.4.1 is ready."


@pytest.mark.parametrize(("body", "message"), [
    ("echo something else", "The program answered, but not as Polychip’s engine does."),
    ("echo polychip 1.0.0; exit 3", "The engine ended with exit code 3."),
    ("kill -SEGV $$", "The engine crashed when it was asked for its version."),
])  # fmt: skip
def test_an_engine_that_does_not_answer_well_is_told_plainly(make_program, qgis_app, body, message):
    report = ask(str(make_program("polychip", body)))
    assert not report.ok
    assert report.message == message


def test_a_program_that_cannot_be_started_is_told(tmp_path, qgis_app):
    broken = tmp_path / "polychip"
    broken.write_text("#!/nonexistent/interpreter\n")
    broken.chmod(0o755)
    report = ask(str(broken))
    assert not report.ok
    assert report.message.startswith("The engine could not be started")


def test_an_engine_that_hangs_is_ended_and_told(make_program, qgis_app, tmp_path):
    report = ask(
        str(make_program("polychip", f"echo $$ > {tmp_path}/pid; exec sleep 600")), timeout_ms=1_000
    )
    assert not report.ok
    assert report.message == "The engine did not answer within 1 seconds."
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_asking_does_not_wait_for_the_answer_and_a_new_question_drops_the_old(
    make_program, qgis_app, tmp_path
):
    reports = []
    check = EngineCheck()
    check.finished.connect(reports.append)
    slow = make_program("slow/polychip", f"echo $$ > {tmp_path}/pid; exec sleep 600")
    check.start(Places(str(slow), NOWHERE, NOWHERE))
    assert reports == []  # returned at once
    pid = tmp_path / "pid"
    wait_until(lambda: pid.exists() and pid.read_text().endswith("\n"), "the slow engine runs")
    check.start(
        Places(str(make_program("quick/polychip", "echo polychip 2.0.0")), NOWHERE, NOWHERE)
    )
    wait_until(lambda: bool(reports), "the quick engine answers")
    assert [r.version for r in reports] == ["2.0.0"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize(("text", "version"), [
    ("polychip 0.1.0\n", "0.1.0"),
    ("a warning first\npolychip 1.2.3rc1\n", "1.2.3rc1"),
    ("polychip, version 2.0.0", "2.0.0"),
    ("Python 3.11.2", ""),
    ("", ""),
])  # fmt: skip
def test_a_version_is_read_from_the_answer(text, version):
    assert parse_version(text) == version


def test_diagnostics_name_variables_without_their_values_and_hide_the_home_folder(
    monkeypatch, make_program, qgis_app
):
    monkeypatch.setenv("GDAL_HTTP_USERPWD", "user:secret-value")
    option = str(Path.home() / "env")
    text = diagnostics(Places(option, NOWHERE, NOWHERE), ask(option))
    assert "GDAL_HTTP_USERPWD" in text
    assert "secret-value" not in text
    assert "path in the settings: ~/env" in text
    assert "There is no engine at “~/env”" in text
    assert str(Path.home()) not in text
