"""All checks, layer by layer, in the order in which they are told."""

from collections.abc import Iterator

from polychip.quality.checks import (
    attributes,
    balance,
    geometry,
    place,
    registration,
    topology,
)
from polychip.quality.checks.problem import Check
from polychip.quality.checks.subject import Request

LAYERS: dict[str, tuple[Check, ...]] = {
    "geometry": geometry.CHECKS,
    "topology": topology.CHECKS,
    "attributes": attributes.CHECKS,
    "place": place.CHECKS,
    "registration": registration.CHECKS,
    "balance": balance.CHECKS,
}
"""The checks of each layer."""
CHECKS: tuple[Check, ...] = tuple(check for checks in LAYERS.values() for check in checks)


def left_out(request: Request) -> Iterator[tuple[str, str]]:
    """(check, why) of the checks that this request gives nothing to look at."""
    if not request.images:
        for check in (*place.NEED_IMAGE, *registration.CHECKS):
            yield check.id, "no --image was given"
        if request.pixel_m is None:
            for check in geometry.NEED_PIXEL:
                yield check.id, "neither --image nor --pixel says how large a pixel is"
    if not request.extent:
        for check in place.NEED_EXTENT:
            yield check.id, "no --extent was given"
    if request.labels.instance_field is None and request.options.instance_field is None:
        for check in (attributes.TWO_CLASSES, attributes.SHARED, attributes.NO_INSTANCE):
            yield check.id, "no instance field was given"
    if request.date_field is None or request.dates is None:
        yield attributes.DATE.id, "--date-field and --date were not both given"
