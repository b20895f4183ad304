"""The service-linked roles that a call makes on the way: with the caller's rights, by the service's hand.

Source: IAM User Guide, "Create a service-linked role" and "Service-linked role permissions".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from passrole.authorize.call import Call
from passrole.catalog.services import LinkedRole, linked_roles, linked_roles_made_by, service
from passrole.state.directory import Directory
from passrole.state.entities import Role

_REGION: Final = "us-east-1"  # IAM's


@dataclass(frozen=True, slots=True)
class FirstCall:
    """A service-linked role that the account lacks, and the call by which its service makes it."""

    role: LinkedRole
    call: Call


def first_calls(call: Call, directory: Directory) -> Iterator[FirstCall]:
    """What a call makes besides its own doing: an iam:CreateServiceLinkedRole for each role still missing."""
    for linked in linked_roles_made_by(call.service, call.operation, call.input):
        if lacks(directory, call.account, linked.principal):
            yield FirstCall(linked, _forwarded(call, linked))


def lacks(directory: Directory, account: str, principal: str) -> bool:
    """Can and must the service still make its role in that account: is its name free, in whatever case."""
    return directory.taken(Role, account, linked_roles()[principal].role_name) is None


def _forwarded(call: Call, linked: LinkedRole) -> Call:
    known = service(call.service)
    through = known.principal if known is not None else linked.principal
    return replace(
        call,
        service="iam",
        operation="CreateServiceLinkedRole",
        protocol="query",
        input={"AWSServiceName": linked.principal},
        region=_REGION,
        request_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{call.request_id} {linked.principal}")),
        called_via=(*call.called_via, through),
    )
