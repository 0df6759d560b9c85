"""Build the QGIS plugin's ZIP: `python plugin/build.py` writes dist/polychip_qgis-VERSION.zip.

The same sources give the same bytes on every machine: names in order, one date, no compression
(its bytes would differ between versions of zlib). Version and addresses come from pyproject.toml.
"""

import argparse
import re
import zipfile
from pathlib import Path

import tomllib
import translations

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "plugin" / "polychip_qgis"
STAMPED_URLS = {"homepage": "homepage", "repository": "repository", "tracker": "issues"}
"""Key in metadata.txt to key in pyproject's [project.urls], whose case does not count."""
SHIPPED_SUFFIXES = {".py", ".svg", ".html", ".png", ".json"}
SHIPPED_NAMES = {"LICENSE"}
DATE = (2020, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """The plugin cannot be built; the text says why and what to do."""


def project(root: Path = ROOT) -> dict:
    """The [project] table of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def stamped_metadata(root: Path = ROOT) -> str:
    """metadata.txt with pyproject's version and addresses in place of the placeholders.

    Raises:
        BuildError: the version is not strictly numeric, or an address or a placeholder is missing.
    """
    table = project(root)
    version = table["version"]
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise BuildError(
            f"pyproject.toml: version {version!r} is not like 1.2.3, which the plugin site asks for"
        )
    urls = {key.lower(): url for key, url in table.get("urls", {}).items()}
    values = {"version": version}
    for key, source in STAMPED_URLS.items():
        if source not in urls:
            raise BuildError(
                f"pyproject.toml: [project.urls] has no {source!r}, which becomes {key!r} of "
                "metadata.txt"
            )
        values[key] = urls[source]
    text = (root / "metadata.txt").read_text(encoding="utf-8")
    for key, value in values.items():
        text, n_replaced = re.subn(rf"(?m)^{key}=.*$", lambda _, k=key, v=value: f"{k}={v}", text)
        if n_replaced != 1:
            raise BuildError(f"metadata.txt: {n_replaced} lines begin with '{key}=', expected one")
    return text


def contents(root: Path = ROOT) -> dict[str, bytes]:
    """Every file of the plugin's folder by its name in it, as it is shipped.

    Raises:
        BuildError: a file of a kind that is not shipped lies in the package.
    """
    package = root / "plugin" / "polychip_qgis"
    files = {"metadata.txt": stamped_metadata(root).encode()}
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package).as_posix()
        if path.is_dir() or "__pycache__" in path.parts:
            continue
        if path.suffix == ".ts":
            compiled = translations.compile_qm(
                translations.read_ts(path), translations.language_of(path)
            )
            files[name.removesuffix(".ts") + ".qm"] = compiled
        elif path.suffix in SHIPPED_SUFFIXES or path.name in SHIPPED_NAMES:
            files[name] = (
                path.read_bytes().replace(b"\r\n", b"\n")
                if path.suffix != ".png"
                else path.read_bytes()
            )
        else:
            raise BuildError(
                f"{path}: files like this are not shipped; remove it or name its kind in {__file__}"
            )
    return files


def build(root: Path = ROOT, destination: Path | None = None) -> Path:
    """Write the ZIP beside, then move it into place; returns its path."""
    folder = destination or root / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"polychip_qgis-{project(root)['version']}.zip"
    partial = target.with_suffix(".zip.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            for name, data in sorted(contents(root).items()):
                entry = zipfile.ZipInfo(f"polychip_qgis/{name}", DATE)
                entry.create_system = 3  # Unix, on every machine
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, data)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def main() -> None:
    """Build and say where the ZIP is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--destination", type=Path, help="folder for the ZIP (default: dist)")
    try:
        print(build(destination=parser.parse_args().destination))
    except BuildError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
