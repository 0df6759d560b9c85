"""The dry run behind `polychip plan`: what a recipe would give, without a file being written."""

from polychip.planning.dry import CountedBlock, Prepared, prepare_plan
from polychip.planning.report import count_plan, report_plan
from polychip.planning.values import PlanReport, unit_of

__all__ = [
    "CountedBlock",
    "PlanReport",
    "Prepared",
    "count_plan",
    "prepare_plan",
    "report_plan",
    "unit_of",
]
