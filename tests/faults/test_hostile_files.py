"""Files made to explode, to ask servers, or to show what isn't theirs: neutralised, and bounded."""

import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shapely import box
from support import hostile
from support.commands import Cli, Result
from support.datasets import files_of, read_chip, rows
from support.rasters import place, write_raster
from support.serving_files import FileServer
from support.workshop import Workshop

SECONDS, BYTES = 60, 3 * 2**30
"""Of processor time and address space: a bomb would need more."""
EXPORT = ("-o", "out", "--size", "32", "--workers", "1")


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A good image, good labels, and a file that nobody named."""
    shop = Workshop(tmp_path, where=place(64, 64))
    shop.image()
    shop.labels([box(1, 1, 30, 30)], **{"class": ["a"]})
    (tmp_path / "secret.txt").write_text("TOPSECRET")
    return tmp_path


def export(cli: Cli, image: str, labels: str, *more: str) -> Result:
    return cli("export", image, "--labels", labels, *EXPORT, *more, code=None, preexec_fn=bounded)


def holds(folder: Path, text: bytes) -> bool:
    """Whether a file of a dataset holds a text."""
    return any(text in content for content in files_of(folder).values())


@pytest.mark.parametrize("kind", ["gml", "kml", "gpx"])
def test_entities_are_not_expanded_into_gigabytes(cli: Cli, desk: Path, kind: str) -> None:
    (desk / f"bomb.{kind}").write_text(hostile.xml_labels(kind, *hostile.BOMB))
    result = export(cli, "image.tif", f"bomb.{kind}")
    assert result.code == 1
    assert f"bomb.{kind}" in result.err
    assert not (desk / "out").exists()


@pytest.mark.parametrize("kind", ["gml", "kml", "gpx"])
def test_entities_bring_in_no_other_file_and_no_address(cli: Cli, desk: Path, kind: str) -> None:
    with FileServer(desk) as server:
        for number, address in enumerate((f"file://{desk}/secret.txt", server.address("ent"))):
            name = f"outside{number}.{kind}"
            (desk / name).write_text(hostile.xml_labels(kind, *hostile.outside(address)))
            result = export(cli, "image.tif", name, "--overwrite")
            assert "TOPSECRET" not in result.out + result.err
            if result.code == 0:
                assert not holds(desk / "out", b"TOPSECRET")
        assert server.log == []


Make = Callable[[str], str]
ASKING: dict[str, Make] = {
    "asks.vrt": lambda at: hostile.vrt(f"/vsicurl/{at}"),
    "asks2.vrt": hostile.vrt,
    "asks.tif": hostile.wms,
    "asks.xml": lambda at: hostile.ogr_vrt(f"/vsicurl/{at}"),
    "asks.gml": lambda at: f"<OGRWFSDataSource><URL>{at}</URL></OGRWFSDataSource>",
    "asks.gdalg.json": lambda at: hostile.pipeline(f"/vsicurl/{at}"),
    "asks.geojson": hostile.linked_geojson,
}


@pytest.mark.parametrize("name", ASKING)
def test_no_file_makes_gdal_ask_a_server(cli: Cli, desk: Path, name: str) -> None:
    with FileServer(desk) as server:
        (desk / name).write_text(ASKING[name](server.address("image.tif")))
        images = (".vrt", ".tif")
        result = export(
            cli, *((name, "labels.gpkg") if name.endswith(images) else ("image.tif", name))
        )
        assert server.log == []
    assert result.code == 1
    assert name in result.err
    assert not (desk / "out").exists()


@pytest.mark.parametrize("ring", [("a.vrt",), ("a.vrt", "b.vrt")])
def test_a_vrt_that_leads_to_itself_ends_with_a_message(
    cli: Cli, desk: Path, ring: tuple[str, ...]
) -> None:
    for here, there in zip(ring, (*ring[1:], ring[0]), strict=True):
        (desk / here).write_text(hostile.vrt(str(desk / there)))
    result = export(cli, "a.vrt", "labels.gpkg")
    assert result.code == 1
    assert "a.vrt: the pixels of columns 0 to 31, rows 0 to 31 can't" in result.err
    (desk / "self.xml").write_text(hostile.ogr_vrt(str(desk / "self.xml")))
    assert "self.xml: layer 'labels' can't be read" in export(cli, "image.tif", "self.xml").err


def test_code_in_a_vrt_is_not_run(cli: Cli, desk: Path) -> None:
    """GDAL runs none unless GDAL_VRT_ENABLE_PYTHON says so."""
    code = f"<![CDATA[\ndef f(i, o, *a, **k):\n    open('{desk}/harm', 'w').write('x')\n]]>"
    (desk / "code.vrt").write_text(
        hostile.vrt(
            str(desk / "image.tif"),
            band=' subClass="VRTDerivedRasterBand"',
            more="<PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python"
            f"</PixelFunctionLanguage><PixelFunctionCode>{code}</PixelFunctionCode>",
        )
    )
    export(cli, "code.vrt", "labels.gpkg")
    assert not (desk / "harm").exists()


def test_a_vrt_shows_a_file_elsewhere_and_the_manifest_says_of_what(cli: Cli, desk: Path) -> None:
    """Mosaics lie beside their files or not: that is what a VRT is for. It is part of the id."""
    elsewhere = desk / "elsewhere"
    elsewhere.mkdir()
    pixels = np.full((1, 64, 64), 9, dtype=np.uint16)
    write_raster(elsewhere / "other.tif", place(64, 64), pixels)
    (desk / "leads.vrt").write_text(hostile.vrt(str(elsewhere / "other.tif")))
    assert export(cli, "leads.vrt", "labels.gpkg").code == 0
    row = rows(desk / "out")[0]
    assert (read_chip(desk / "out", row, "image") == 9).all()
    assert not holds(desk / "out", os.fsencode(elsewhere))


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("b.gpkg.zip", "labels.gpkg"),
        ("b.shp.zip", "labels.shp"),
        ("b.kmz", "doc.kml"),
        ("b.zip", "a.tif"),
    ],
)
def test_a_zip_bomb_is_no_layer_and_is_not_unpacked(
    cli: Cli, desk: Path, name: str, inner: str
) -> None:
    bomb = hostile.zip_bomb(desk / name, inner)
    assert bomb.stat().st_size < 6 * 2**20
    result = export(cli, "image.tif", name)
    assert (result.code, f"{name}: not a vector file" in result.err) == (1, True), result.err
    if name == "b.zip":
        assert "b.zip: not a raster" in export(cli, name, "labels.gpkg").err
    kept = sum(path.stat().st_size for path in desk.rglob("*") if path.is_file())
    assert kept < 8 * 2**20


def test_pixels_that_no_memory_holds_end_with_a_message(cli: Cli, desk: Path) -> None:
    """A kilobyte that says that it is 8 TB, and chips of 8 GB."""
    (desk / "large.vrt").write_text(hostile.vrt(str(desk / "image.tif"), side=1 << 21))
    text = '[chips]\nsize = 65536\n[output]\npath = "out"\n[[scenes]]\nname = "s"\n'
    (desk / "recipe.toml").write_text(f'{text}image = "large.vrt"\nlabels = "labels.gpkg"\n')
    result = cli("run", "recipe.toml", "--workers", "1", code=1, preexec_fn=bounded)
    assert "out of memory; use fewer --workers, smaller chips" in result.err


@pytest.mark.parametrize("entity", ["bomb", "outside"])
def test_sidecars_are_not_believed(cli: Cli, desk: Path, entity: str) -> None:
    doctype, text = (
        hostile.BOMB if entity == "bomb" else hostile.outside(f"file://{desk}/secret.txt")
    )
    cli("export", "image.tif", "--labels", "labels.gpkg", *EXPORT[2:], "-o", "plain")
    sidecar = f'{doctype}<PAMDataset><SRS>EPSG:4326</SRS><Metadata><MDI key="a">{text}</MDI>'
    (desk / "image.tif.aux.xml").write_text(f"{sidecar}</Metadata></PAMDataset>")
    (desk / "image.xml").write_text(f"{doctype}<x>{text}</x>")
    (desk / "labels.qml").write_text(f"{doctype}<qgis>{text}</qgis>")
    (desk / "labels.gpkg.aux.xml").write_text(f"{doctype}<x>{text}</x>")
    assert export(cli, "image.tif", "labels.gpkg").code == 0
    assert files_of(desk / "out") == files_of(desk / "plain")
    shutil.rmtree(desk / "out")
