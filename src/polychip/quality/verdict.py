"""What verification found: a check an entry, and a verdict in words."""

from dataclasses import dataclass, field
from typing import Any

_MARKS = {True: "✓", False: "✗", None: "–"}
_NAMED = 4
"""Problems of one check that are told in full; the others are counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    id: str
    ok: bool | None
    """None: it could not be checked; the message says why."""
    message: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Every check of one dataset, in a fixed order."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found; a skipped check proves nothing and spoils nothing."""
        return all(check.ok is not False for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `ok` is null for a skipped check."""
        return {
            "ok": self.ok,
            "checks": [{"id": c.id, "ok": c.ok, "message": c.message} for c in self.checks],
        }

    def __str__(self) -> str:
        """A line a check, and the verdict in a sentence."""
        width = max((len(check.id) for check in self.checks), default=0)
        lines = [f"{_MARKS[c.ok]} {c.id:<{width}}  {c.message}" for c in self.checks]
        return "\n".join([*lines, "", self.verdict])

    @property
    def verdict(self) -> str:
        """The whole result in a sentence."""
        bad = [check.id for check in self.checks if check.ok is False]
        skipped = [check.id for check in self.checks if check.ok is None]
        if bad:
            them = "it" if len(bad) == 1 else "them"
            return (
                f"This dataset should not be used as it is: {_listed(bad)} failed. Correct what "
                f"caused {them} and build it anew with --overwrite."
            )
        if skipped:
            return (
                f"Nothing wrong was found, but {_listed(skipped)} could not be checked, so the "
                "dataset is sound as far as it could be seen from here."
            )
        return "The dataset is sound: every check passed."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@dataclass(slots=True)
class Findings:
    """What one check has found so far; holds a few problems in full and counts the others."""

    id: str
    problems: list[str] = field(default_factory=list)
    n_problems: int = 0
    n_checked: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why parts were not checked, and how many."""
    notes: list[str] = field(default_factory=list)
    """What a person should know although it is not wrong."""

    def wrong(self, text: str) -> None:
        """A problem was found."""
        self.n_problems += 1
        if len(self.problems) < _NAMED:
            self.problems.append(text)

    def absorb(self, other: "Findings") -> None:
        """Add what was found elsewhere, in chips that follow."""
        self.problems += other.problems[: _NAMED - len(self.problems)]
        self.n_problems += other.n_problems
        self.n_checked += other.n_checked
        for reason, n in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + n
        self.notes += other.notes

    def skip(self, reason: str) -> None:
        """Something could not be checked."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def check(self, fine: str) -> Check:
        """The result.

        Args:
            fine: what to say when all is well.
        """
        if self.n_problems:
            rest = self.n_problems - len(self.problems)
            more = f"; and {rest} more" if rest else ""
            return Check(self.id, ok=False, message="; ".join(self.problems) + more)
        reasons = "; ".join(self.reasons)
        if self.reasons and not self.n_checked:
            return Check(self.id, ok=None, message=f"skipped: {reasons}")
        parts = [fine, *([f"not checked: {reasons}"] if reasons else []), *self.notes]
        return Check(self.id, ok=True, message="; ".join(parts))
