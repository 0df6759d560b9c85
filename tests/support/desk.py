"""Labels drawn in pixel coordinates, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.quality.checks.check import CheckReport, check_labels
from polychip.quality.checks.subject import Request, Subject
from polychip.recipe import LabelSource, SchemaOptions, VectorSource
from support.labels import from_pixels, write_labels
from support.rasters import Place, write_raster

Found = set[tuple[str, str | None]]


@dataclass
class Desk:
    """A folder with an image; labels are drawn in its pixels."""

    folder: Path
    where: Place
    report: CheckReport | None = None
    subject: Subject | None = None

    def image(self, pixels: Any = None, **options: Any) -> str:
        """scene.tif; by default each pixel holds its coordinates."""
        return write_raster(self.folder / "scene.tif", self.where, pixels, **options)

    def write(self, shapes: Sequence[Any], name: str = "labels.gpkg", **fields: Any) -> str:
        """A layer of shapes drawn in pixels."""
        moved = [None if shape is None else from_pixels(self.where, shape) for shape in shapes]
        return write_labels(self.folder / name, moved, self.where.crs, **fields)

    def check(
        self,
        shapes: Sequence[Any],
        *,
        with_image: bool = True,
        classes: Sequence[str | None] | None = None,
        schema: dict[str, Any] | None = None,
        extent: str | None = None,
        shift_px: tuple[float, float] | None = None,
        fields: dict[str, Any] | None = None,
        **request: Any,
    ) -> Found:
        """(check, feature) of all problems; features are numbered from 1."""
        names = ["a"] * len(shapes) if classes is None else list(classes)
        path = self.write(shapes, **{"class": names}, **(fields or {}))
        if with_image and not (self.folder / "scene.tif").exists():
            self.image()
        self.report, self.subject = check_labels(
            Request(
                labels=LabelSource(path=path, shift_px=shift_px),
                images=(str(self.folder / "scene.tif"),) if with_image else (),
                extent=(VectorSource(path=extent),) if extent else (),
                options=SchemaOptions.model_validate(schema or {}),
                **request,
            )
        )
        return {(p.check.id, p.source_fid) for p in self.report.problems}
