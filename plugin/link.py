"""Put the plugin into the local QGIS profile for development: `python plugin/link.py`.

Sources are linked (copied where the system allows no links), so that QGIS's Plugin Reloader sees
every change; metadata.txt and the translations are made, so run it again after changing those.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import build

MADE_BY_LINK = ".linked-for-development"


def profiles_folder() -> Path:
    """Where QGIS 3 keeps its profiles on this system."""
    if sys.platform == "win32":
        return Path(os.environ["APPDATA"]) / "QGIS" / "QGIS3" / "profiles"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "QGIS" / "QGIS3" / "profiles"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "QGIS" / "QGIS3" / "profiles"


def link(plugins: Path, root: Path = build.ROOT) -> Path:
    """Make `plugins`/polychip_qgis anew; returns that folder.

    Raises:
        build.BuildError: a folder of that name is there which this script did not make.
    """
    target = plugins / "polychip_qgis"
    if target.exists():
        if not (target / MADE_BY_LINK).is_file():
            raise build.BuildError(
                f"{target} was not made by this script; uninstall the plugin in QGIS first"
            )
        shutil.rmtree(target)
    target.mkdir(parents=True)
    (target / MADE_BY_LINK).touch()
    package = root / "plugin" / "polychip_qgis"
    for name, data in build.contents(root).items():
        destination, source = target / name, package / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        if not source.is_file():
            destination.write_bytes(data)
            continue
        try:
            destination.symlink_to(source)
        except OSError:
            shutil.copyfile(source, destination)
    return target


def main() -> None:
    """Link into a profile and say what to do next."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--profile", default="default", help="name of the QGIS profile (default: default)"
    )
    parser.add_argument(
        "--profiles-folder", type=Path, default=None, help="where QGIS keeps its profiles"
    )
    arguments = parser.parse_args()
    profiles = arguments.profiles_folder or profiles_folder()
    try:
        target = link(profiles / arguments.profile / "python" / "plugins")
    except build.BuildError as error:
        parser.exit(1, f"{error}\n")
    print(f"{target}\nRestart QGIS and switch Polychip on in Plugins ▸ Manage and Install Plugins.")


if __name__ == "__main__":
    main()
