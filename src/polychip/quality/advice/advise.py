"""The whole of `polychip advise`."""

from polychip.errors import InputError
from polychip.quality.advice.effort import Rates
from polychip.quality.advice.evidence import gather
from polychip.quality.advice.judge import Advice, Goal, judge
from polychip.quality.checks.subject import Request, Subject, look_at
from polychip.schema import LabelSchema

SMALL_PX = 16


def advise(
    request: Request,
    *,
    goal: Goal | None = None,
    rates: Rates | None = None,
    small_px: int = SMALL_PX,
) -> tuple[Advice, Subject, LabelSchema]:
    """Advice on labels, with what was looked at and the schema that was used.

    Raises:
        InputError: no image is given, or something can't be read or placed.
    """
    if not request.images:
        raise InputError("advice is about labels on pixels: give the image with --image")
    subject = look_at(request)
    evidence, schema = gather(subject, request.labels, request.options, small_px=small_px)
    return judge(evidence, goal, rates or Rates()), subject, schema
