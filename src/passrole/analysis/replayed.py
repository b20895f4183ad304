"""What a replay says of one recorded call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALLOWED: Final = "allowed"
DENIED: Final = "denied"
UNKNOWN: Final = "unknown"

SAME: Final = "same"
CHANGED: Final = "changed"
UNTOUCHED: Final = "untouched"  # by a principal whose policies the proposal does not change
FAILED: Final = "failed"  # for another reason than a denial
OUTCOMES: Final = (SAME, CHANGED, UNKNOWN, UNTOUCHED, FAILED)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One call that would go another way, or of which that cannot be told.

    was and would_be are ``allowed`` or ``denied``, would_be also ``unknown``; keys are the condition keys, or
    other things, that the record does not hold.
    """

    event: str  # eventID
    time: str
    principal: str
    operation: str
    was: str
    would_be: str
    why: str
    keys: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As the contract has it, and who called for what."""
        return {
            "event": self.event,
            "was": self.was,
            "would_be": self.would_be,
            "why": self.why,
            "keys": list(self.keys),
            "time": self.time,
            "principal": self.principal,
            "operation": self.operation,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """How a call came out: one of OUTCOMES, and its row where it would come out otherwise or may."""

    event: str
    outcome: str
    row: Replayed | None = None
