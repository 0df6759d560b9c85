"""A layer of a real PostGIS is exported as it is seen: with its filter and unsaved edits."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import files_of
from osgeo import ogr
from polychip_qgis.export_chips import ExportChipsAlgorithm
from qgis.core import QgsDataSourceUri, QgsRasterLayer, QgsSettings, QgsVectorLayer
from running import run

PROGRAMS = "/usr/lib/postgresql"
USER = "labeller"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Path]:
    """A PostgreSQL of the test's own, on a socket in a folder, without a port; the socket's folder."""
    found = sorted(Path(PROGRAMS).glob("*/bin/initdb"))
    assert found, f"no PostgreSQL in {PROGRAMS}; scripts/install_qgis.sh installs it"
    programs = found[-1].parent
    # PostgreSQL never runs as root, and a socket's path is short.
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if _is_root() else {}
    folder = Path(f"/tmp/polychip-pg-{os.getpid()}")  # noqa: S108 - pytest's own is for root alone
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    common = {"cwd": folder, "capture_output": True, "text": True, "timeout": 120, "check": False}
    made = subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "--no-sync"],
        **common, **as_user,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    options = ("-k", folder, "-c", "listen_addresses=", "-c", "fsync=off")
    with (tmp_path_factory.mktemp("log") / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *options],
            cwd=folder, stdout=log, stderr=subprocess.STDOUT, **as_user,
        )  # fmt: skip
        try:
            _wait_for(programs, folder)
            yield folder
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            subprocess.run(["rm", "-rf", str(folder)], check=True)


def _is_root() -> bool:
    return os.geteuid() == 0


def _wait_for(programs: Path, folder: Path) -> None:
    deadline = time.monotonic() + 60
    asked = [programs / "pg_isready", "-h", folder, "-U", USER]
    while subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < deadline, "PostgreSQL does not answer"
        time.sleep(0.1)


def sql(folder: Path, text: str) -> None:
    """Run SQL in the server's database."""
    command = ["psql", "-h", folder, "-U", USER, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def in_postgis(server, labels, qgis_app) -> QgsVectorLayer:
    """The eight squares as a table."""
    source = ogr.Open(str(labels))
    rows = [
        f"({f['uid']}, '{f['class']}', 'SRID=32630;{f.GetGeometryRef().ExportToWkt()}')"
        for f in source.GetLayer(0)
    ]
    sql(
        server,
        "CREATE EXTENSION IF NOT EXISTS postgis; DROP TABLE IF EXISTS buildings;"
        "CREATE TABLE buildings (uid integer PRIMARY KEY, class text,"
        " geom geometry(Polygon, 32630));"
        f"INSERT INTO buildings VALUES {', '.join(rows)};",
    )
    uri = QgsDataSourceUri()
    uri.setConnection(str(server), "5432", "postgres", USER, "")
    uri.setDataSource("public", "buildings", "geom", "", "uid")
    layer = QgsVectorLayer(uri.uri(False), "buildings", "postgres")
    assert layer.isValid(), layer.error().message()
    return layer


def test_a_postgis_layer_is_exported_with_its_filter_and_unsaved_edits(
    in_postgis, project, scene, labels, engine_program, tmp_path
):
    QgsSettings().setValue("polychip/engine", str(engine_program))
    image = QgsRasterLayer(str(scene), "scene")
    project.addMapLayers([image, in_postgis])
    assert in_postgis.setSubsetString('"uid" <> 7')
    in_postgis.startEditing()
    (third,) = [f.id() for f in in_postgis.getFeatures() if f["uid"] == 3]
    assert in_postgis.deleteFeature(third)
    results, _, _ = run(ExportChipsAlgorithm(), {
        "IMAGERY": image, "LABELS": in_postgis, "CLASS_FIELD": "class", "INSTANCE_FIELD": "uid",
        "MODE": "instance", "SIZE": 64, "OUTPUT": str(tmp_path / "from_postgis"),
    })  # fmt: skip
    assert results["COUNT"] == 20
    assert in_postgis.isModified()
    command = [
        str(engine_program), "export", str(scene), "--labels", f"{labels}|buildings", "--where",
        "uid NOT IN (3, 7)", "--class-field", "class", "--instance-field", "uid", "--mode",
        "instance", "--size", "64", "-o", str(tmp_path / "from_file"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / "from_postgis") == files_of(tmp_path / "from_file")
    in_postgis.rollBack()
    assert in_postgis.featureCount() == 7
