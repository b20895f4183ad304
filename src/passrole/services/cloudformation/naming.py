"""Names that CloudFormation makes up: ``STACK-LOGICALID-RANDOM``.

Source: CloudFormation Template Reference, "Name type".
"""

from __future__ import annotations

from passrole.services.cloudformation.types import ResourceType
from passrole.values.ids import Ids

_RANDOM = 12


def made_up(stack: str, logical: str, row: ResourceType, ids: Ids) -> str:
    """A name for a resource of that type, as long as the type lets it be."""
    longest = int(row.name[1]) if len(row.name) > 1 else 128
    text = ids.lower("", _RANDOM)
    small = "lower" in row.name
    text = text if small else text.upper()
    room = longest - _RANDOM - 2
    first, second = stack, logical
    if len(first) + len(second) > room:
        second = second[: max(room // 2, room - len(first))]
        first = first[: room - len(second)]
    name = f"{first}-{second}-{text}"
    return name.lower() if small else name
