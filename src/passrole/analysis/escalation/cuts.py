"""Which statement to narrow: the one without which most paths fall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from passrole.analysis.escalation.steps import Reason, Step


@dataclass(frozen=True, slots=True)
class Cut:
    """The statement whose narrowing breaks a path, and how many of the listed paths it breaks.

    others must be narrowed with it: where it says (), the statement alone allows a step.
    """

    statement: Reason
    paths: int
    others: tuple[Reason, ...] = ()

    def as_json(self) -> dict[str, object]:
        """With others only where there are some."""
        made = {**self.statement.as_json(), "paths": self.paths}
        return made | ({"others": [one.as_json() for one in self.others]} if self.others else {})


def cuts(paths: Sequence[Sequence[Step]]) -> Iterator[Cut | None]:
    """The cut of each path; None where no statement is known to allow any of its steps."""
    counts: Counter[Reason] = Counter()
    for path in paths:
        counts.update({reason for step in path for reason in step.alone})
    for path in paths:
        alone = dict.fromkeys(reason for step in path for reason in step.alone)
        groups = [group for step in path for group in step.groups if group]
        if alone:
            best = max(alone, key=lambda reason: counts[reason])
            yield Cut(best, counts[best])
        elif groups:
            least = min(groups, key=len)
            yield Cut(least[0], 0, least[1:])
        else:
            yield None
