"""Names that CloudFormation makes up: ``STACK-LOGICALID-RANDOM``, cut to what a type of resource lets be.

Sources: CloudFormation Template Reference, "Name type". How long names are cut is not documented; it is as in
names that CloudFormation gave ("ChineseboostAnalyticsStac-RainlyticsSummariesJobFun-UjecjFhpdr1d", of 64).
"""

from __future__ import annotations

import re
from typing import Final

RANDOM: Final = 12  # letters and digits at the end
_ROLE: Final = 64
_STACK: Final = 128
_HALF: Final = (_ROLE - RANDOM - 2) // 2  # what is left of the longer of two names at least
_LETTER: Final = "\0"  # stands for one that nobody knows; older names end with 13 of them
_LETTERS: Final = re.compile(_LETTER + "+")
_ANY: Final = "*"


def shares(stack: str, logical: str, longest: int) -> tuple[str, str]:
    """What is left of the stack's name and of the logical id: half the room each, and what the other leaves.

    >>> shares("ChineseboostAnalyticsStack", "RainlyticsSummariesJobFunction", 64)
    ('ChineseboostAnalyticsStac', 'RainlyticsSummariesJobFun')
    """
    room = longest - RANDOM - 2
    if len(stack) + len(logical) > room:
        logical = logical[: max(room // 2, room - len(stack))]
        stack = stack[: room - len(logical)]
    return stack, logical


def stack_pattern(parent: str, logical: str) -> str:
    """The names that a nested stack may get: as ``role_pattern``."""
    first, second = (_ANY, logical) if parent.startswith(_ANY) else shares(parent, logical, _STACK)
    return f"{first}-{second}-{_ANY}"


def role_pattern(stack: str, logical: str) -> str:
    """The names that a role may get, as a pattern. stack may be one, too: of a nested stack.

    >>> role_pattern("app", "Role"), role_pattern("app-Child-*", "Role")
    ('app-Role-*', 'app-Child-*-Role-*')
    >>> role_pattern("*", "RainlyticsSummariesJobFunction")  # nothing tells how long the stack's name is
    '*-RainlyticsSummariesJobFun*'
    """
    if not stack.startswith(_ANY):
        first, second = _cut(stack, logical, RANDOM)
        if _ANY not in stack or (first, second) == _cut(stack, logical, RANDOM + 1):
            return f"{first}-{second}-{_ANY}"
        return f"{stack[: stack.index(_ANY)][:_HALF]}{_ANY}"
    return f"{_ANY}-{logical}-{_ANY}" if len(logical) <= _HALF else f"{_ANY}-{logical[:_HALF]}{_ANY}"


def _cut(stack: str, logical: str, random: int) -> tuple[str, str]:
    """shares, where each ``*`` stands for as many letters."""
    first, second = shares(stack.replace(_ANY, _LETTER * random), logical, _ROLE)
    return _LETTERS.sub(_ANY, first), second
