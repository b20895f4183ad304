"""Names that CloudFormation makes up: ``STACK-LOGICALID-RANDOM``, cut to what a type of resource lets be.

Sources: CloudFormation Template Reference, "Name type". How long names are cut is not documented; it is as in
names that CloudFormation gave ("ChineseboostAnalyticsStac-RainlyticsSummariesJobFun-UjecjFhpdr1d", of 64).
"""

from __future__ import annotations

from typing import Final

RANDOM: Final = 12  # letters and digits at the end
_ROLE: Final = 64
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


def role_pattern(stack: str, logical: str) -> str:
    """The names that a role may get, as a pattern. stack may be ``*``: then nothing tells how long it is.

    >>> role_pattern("app", "Role"), role_pattern("*", "RainlyticsSummariesJobFunction")
    ('app-Role-*', '*-RainlyticsSummariesJobFun*')
    """
    if _ANY not in stack:
        first, second = shares(stack, logical, _ROLE)
        return f"{first}-{second}-{_ANY}"
    half = (_ROLE - RANDOM - 2) // 2
    return f"{stack}-{logical}-{_ANY}" if len(logical) <= half else f"{stack}-{logical[:half]}{_ANY}"
