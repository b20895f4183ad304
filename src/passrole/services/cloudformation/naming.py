"""Names that CloudFormation makes up: ``STACK-LOGICALID-RANDOM``.

Source: CloudFormation Template Reference, "Name type".
"""

from __future__ import annotations

from passrole.policy.cfn_names import RANDOM, shares
from passrole.services.cloudformation.types import ResourceType
from passrole.values.ids import Ids


def made_up(stack: str, logical: str, row: ResourceType, ids: Ids) -> str:
    """A name for a resource of that type, as long as the type lets it be."""
    longest = int(row.name[1]) if len(row.name) > 1 else 128
    text = ids.lower("", RANDOM)
    small = "lower" in row.name
    text = text if small else text.upper()
    first, second = shares(stack, logical, longest)
    name = f"{first}-{second}-{text}"
    return name.lower() if small else name
