"""The engine's own environment: made for real from wheels, and what is said when it can't be."""

from __future__ import annotations

import os
import re
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, wait_until
from polychip_qgis import engine_install
from polychip_qgis.engine import find_engine, places
from polychip_qgis.engine_check import EngineCheck, fits
from polychip_qgis.engine_install import (
    EngineInstall,
    InstallPlan,
    candidate_pythons,
    install_environment,
    proxy_variables,
)
from polychip_qgis.options import PolychipOptionsPage
from qgis.core import QgsApplication, QgsSettings

POLLUTED = {
    "PYTHONHOME": "/nonexistent", "PYTHONPATH": "/nonexistent", "PROJ_LIB": "/nonexistent",
    "LD_LIBRARY_PATH": "/nonexistent", "VIRTUAL_ENV": "/nonexistent",
}  # fmt: skip


def run(install: EngineInstall, seconds: float = 60.0) -> tuple[bool, str, list]:
    """Install and wait; returns whether it worked, the sentence, the progress."""
    ends, steps = [], []
    install.finished.connect(lambda *told: ends.append(told))
    install.progressed.connect(lambda *told: steps.append(told))
    install.start()
    wait_until(lambda: ends, "the installation ends", seconds)
    return (*ends[0], steps)


@pytest.fixture
def small_wheel(tmp_path) -> Path:
    """A folder with a wheel named polychip that needs nothing and answers like the engine."""
    folder = tmp_path / "small wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "polychip-7.8.9-py3-none-any.whl", "w") as wheel:
        wheel.writestr("polychip/__init__.py", "")
        wheel.writestr("polychip/__main__.py", "print('polychip 7.8.9')\n")
        info = "polychip-7.8.9.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: polychip\nVersion: 7.8.9\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\npolychip = polychip:main\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


GOOD_PIP = "echo Collecting polychip; echo Successfully installed polychip-7.8.9"
NO_WHEEL = "echo 'ERROR: No matching distribution found for polychip==9.9.9'; exit 1"


@pytest.fixture
def quick_python(make_program, monkeypatch):
    """A stand-in for Python whose environments are made at once: quick_python(what pip does)."""

    def put(pip: str, found: str = "3.12") -> None:
        inner = (
            'case "$*" in *"pip install"*) ' + pip + ";; "
            "*--version*) echo polychip 7.8.9;; esac"
        )
        text = f"#!/bin/sh\n{inner}\n".replace("'", "'\\''")
        body = (
            f'case "$*" in *venv,*) echo {found};; *"-m venv"*) for folder; do :; done; '
            f"mkdir -p \"$folder/bin\"; printf '%s' '{text}' > \"$folder/bin/python\"; "
            'chmod +x "$folder/bin/python"; cp "$folder/bin/python" "$folder/bin/polychip";; esac'
        )
        program = make_program("python3", body)
        monkeypatch.setattr(engine_install, "candidate_pythons", lambda: [[str(program)]])

    return put


@pytest.fixture(scope="session")
def engine_wheel(engine_program, tmp_path_factory) -> Path:
    """A folder with the engine's own wheel, built from the sources."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [str(engine_program.parent / "python"), "-m", "pip", "wheel", "-q", "--no-deps"]
    done = subprocess.run([*pip, "-w", str(folder), str(ROOT)], capture_output=True, text=True,
                          timeout=180, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_the_engine_is_installed_for_real_into_an_empty_environment(
    no_engine, engine_wheel, tmp_path, monkeypatch, record_property
):
    for name, value in POLLUTED.items():
        monkeypatch.setenv(name, value)
    target = places().managed
    assert not target.exists()
    assert str(target).startswith(str(tmp_path))
    [wheel] = engine_wheel.glob("polychip-*.whl")
    version = wheel.name.split("-")[1]
    began = time.monotonic()
    plan = InstallPlan(target, f"polychip=={version}", str(engine_wheel))
    worked, text, steps = run(EngineInstall(plan), 900)
    record_property("seconds", round(time.monotonic() - began, 1))
    print(f"installed in {time.monotonic() - began:.1f} s")
    assert (worked, text) == (True, f"Polychip engine {version} is installed.")
    percents = [percent for percent, _ in steps]
    assert percents == sorted(percents)
    assert len(set(percents)) > 5
    engine = find_engine(places())
    assert engine.origin == "managed"
    reports = []
    check = EngineCheck()
    check.finished.connect(reports.append)
    check.start(places())
    wait_until(lambda: reports, "the engine answers", 60)
    assert reports[0].version == version
    assert not target.with_name(target.name + ".partial").exists()
    assert dict(os.environ).items() >= POLLUTED.items()  # QGIS keeps its own


def test_offline_the_engine_is_installed_for_real_from_a_folder_of_wheels(
    no_engine, engine_wheel, engine_program, tmp_path, monkeypatch, record_property
):
    python = str(engine_program.parent / "python")
    [wheel] = engine_wheel.glob("polychip-*.whl")
    wheels = tmp_path / "all wheels"  # as somebody with a network makes it
    command = [python, "-m", "pip", "download", "-q", "-d", str(wheels), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(wheels.iterdir())) > 10
    monkeypatch.setattr(engine_install, "candidate_pythons", lambda: [[python]])
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):  # no registry answers
        monkeypatch.setenv(name, "http://127.0.0.1:9/none")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    version = wheel.name.split("-")[1]
    began = time.monotonic()
    plan = InstallPlan(places().managed, f"polychip=={version}", str(wheels), offline=True)
    worked, text, _ = run(EngineInstall(plan), 900)
    record_property("seconds", round(time.monotonic() - began, 1))
    print(f"installed in {time.monotonic() - began:.1f} s")
    assert (worked, text) == (True, f"Polychip engine {version} is installed.")
    engine = find_engine(places())
    assert engine.origin == "managed"
    run_it = [*engine.command("demo", "-o", str(tmp_path / "demo")), "--progress", "none"]
    ran = subprocess.run(run_it, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "demo").is_dir()


def test_offline_takes_nothing_but_the_folder(no_engine, small_wheel, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/none")
    target = tmp_path / "environment"
    plan = InstallPlan(target, "polychip==7.8.9", str(small_wheel), offline=True)
    worked, text, _ = run(EngineInstall(plan))
    assert (worked, text) == (True, "Polychip engine 7.8.9 is installed.")
    assert (target / "bin" / "polychip").is_file()


def test_a_wheel_that_is_missing_is_named(no_engine, quick_python, tmp_path):
    quick_python(NO_WHEEL)
    plan = InstallPlan(tmp_path / "environment", "polychip==9.9.9", str(tmp_path), offline=True)
    install = EngineInstall(plan)
    worked, text, _ = run(install)
    assert not worked
    assert text.startswith("The folder of wheels lacks polychip==9.9.9 ")
    assert "pip install" in install.output
    assert "--no-index" in install.output
    assert [path.name for path in tmp_path.iterdir() if "environment" in path.name] == []


def test_a_folder_that_is_not_there_is_said(no_engine, tmp_path):
    plan = InstallPlan(tmp_path / "e", "polychip", str(tmp_path / "none"), offline=True)
    worked, text, _ = run(EngineInstall(plan))
    assert (worked, text.endswith("is no folder; choose the folder that holds the wheels.")) == (
        False, True,
    )  # fmt: skip


def test_without_a_fitting_python_it_says_which_to_install(no_engine, tmp_path, monkeypatch, make_program):
    old = make_program("python3", "echo 3.9")
    monkeypatch.setattr(engine_install, "candidate_pythons", lambda: [[str(old)], ["/nonexistent"]])
    worked, text, _ = run(EngineInstall(InstallPlan(tmp_path / "e", "polychip")))
    assert not worked
    assert text.startswith("No Python 3.11 to 3.13 with venv was found.")


def test_a_former_environment_stays_until_the_new_one_works(no_engine, quick_python, tmp_path):
    target = tmp_path / "environment"
    target.mkdir()
    (target / "former").touch()
    quick_python(NO_WHEEL)
    assert run(EngineInstall(InstallPlan(target, "polychip==9.9.9")))[0] is False
    assert (target / "former").exists()
    quick_python(GOOD_PIP)
    assert run(EngineInstall(InstallPlan(target, "polychip==7.8.9")))[0] is True
    assert not (target / "former").exists()
    assert sorted(p.name for p in tmp_path.iterdir() if "environment" in p.name) == ["environment"]


@pytest.mark.parametrize("at", [3, 10, 92])
def test_cancelling_leaves_nothing_behind(no_engine, quick_python, tmp_path, at):
    quick_python(GOOD_PIP)
    install = EngineInstall(InstallPlan(tmp_path / "e", "polychip==7.8.9"))
    ends = []
    install.finished.connect(lambda *told: ends.append(told))
    install.progressed.connect(lambda percent, _: install.cancel() if percent == at else None)
    install.start()
    wait_until(lambda: ends, "it is cancelled")
    assert ends == [(False, "The installation was cancelled.")]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("e")] == []


@pytest.fixture
def proxy(qgis_app):
    """Sets QGIS's proxy settings and takes them away again."""
    settings = QgsSettings()

    def put(**values):
        for name, value in values.items():
            settings.setValue(f"proxy/{name}", value)

    yield put
    settings.remove("proxy")


def test_the_proxy_of_qgis_is_given_to_pip(proxy):
    assert proxy_variables() == {}
    proxy(proxyEnabled=True, proxyType="HttpProxy", proxyHost="proxy.lan", proxyPort="3128",
          proxyUser="a b", proxyPassword="p@ss:w", noProxyUrls=["http://intra.lan/x", "10.0.0.1"])  # fmt: skip
    address = "http://a%20b:p%40ss%3Aw@proxy.lan:3128"
    assert proxy_variables() == {
        "HTTP_PROXY": address, "HTTPS_PROXY": address, "NO_PROXY": "intra.lan,10.0.0.1",
    }  # fmt: skip
    assert install_environment().value("https_proxy") == address
    proxy(proxyType="Socks5Proxy", proxyUser="")
    assert proxy_variables()["HTTPS_PROXY"] == "socks5://proxy.lan:3128"
    proxy(proxyType="DefaultProxy")
    assert proxy_variables() == {}
    proxy(proxyType="HttpProxy", proxyEnabled=False)
    assert proxy_variables() == {}


def test_pip_runs_with_the_proxy_and_without_what_leads_back_to_qgis(
    no_engine, quick_python, tmp_path, proxy, monkeypatch
):
    for name, value in POLLUTED.items():
        monkeypatch.setenv(name, value)
    told = tmp_path / "told"
    quick_python(f"env > {told}; {GOOD_PIP}")
    proxy(proxyEnabled=True, proxyType="HttpProxy", proxyHost="127.0.0.1", proxyPort="9")
    assert run(EngineInstall(InstallPlan(tmp_path / "e", "polychip")))[0] is True
    lines = told.read_text().splitlines()
    assert "HTTPS_PROXY=http://127.0.0.1:9" in lines
    assert not any(line.split("=")[0] in POLLUTED for line in lines)


def test_a_registry_without_the_engine_points_to_network_and_proxy(
    no_engine, quick_python, tmp_path
):
    quick_python(NO_WHEEL)
    worked, text, _ = run(EngineInstall(InstallPlan(tmp_path / "e", "polychip==9.9.9")))
    assert not worked
    assert "check network and proxy" in text


def test_pythons_are_tried_newest_first_and_each_once(qgis_app):
    found = candidate_pythons()
    assert found
    assert len({tuple(command) for command in found}) == len(found)
    versions = [re.search(r"3\.(\d+)$", command[0]) for command in found]
    minors = [int(match[1]) for match in versions if match]
    assert minors == sorted(minors, reverse=True)


@pytest.mark.parametrize(("engine", "plugin", "good"), [
    ("0.1.0", "0.1.0", True), ("0.1.7", "0.1.0", True), ("0.2.0", "0.1.0", False),
    ("1.1.0", "0.1.0", False), ("0.0.9", "0.1.0", False), ("5.0", "0.0.0", True),
])  # fmt: skip
def test_engine_and_plugin_go_together_by_their_first_two_numbers(engine, plugin, good):
    assert fits(engine, plugin) is good


def test_an_engine_of_another_version_is_told_with_what_to_do(qgis_app, make_program, monkeypatch):
    monkeypatch.setattr("polychip_qgis.engine_check.version", lambda: "0.1.0")
    program = make_program("polychip", "echo polychip 0.0.9")
    reports = []
    check = EngineCheck()
    check.finished.connect(reports.append)
    check.start(places()._replace(option=str(program)))
    wait_until(lambda: reports, "the engine answers")
    assert not reports[0].ok
    assert reports[0].message.startswith("Engine 0.0.9 does not go with plugin 0.1.0: install")


def test_one_click_in_the_options_installs_and_tests_the_engine(
    no_engine, quick_python, monkeypatch, tmp_path
):
    quick_python(GOOD_PIP)
    monkeypatch.setattr("polychip_qgis.engine_install.version", lambda: "7.8.9")
    page = PolychipOptionsPage()
    page.path.setFilePath("/somewhere/else")
    page.wheels.setFilePath(str(tmp_path))
    page.offline.setChecked(True)
    page.install_button.click()
    assert page.install_button.text() == "Cancel"
    wait_until(lambda: page.result.text().endswith("is ready."), "it is installed and tested")
    assert page.install_text.text() == "Polychip engine 7.8.9 is installed."
    assert page.path.filePath() == ""
    page.wheels.setFilePath("/nowhere")
    page.install_button.click()
    assert page.install_text.text().startswith("“/nowhere” is no folder")
    page.copy_button.click()
    assert "installation: “/nowhere” is no folder" in QgsApplication.clipboard().text()
    page.deleteLater()
