"""The management policies that an account is under, combined."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import inherited, lookup
from passrole.services.organizations.errors import OrganizationsError
from passrole.state.organization import path, policy_named

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes


@operation("organizations:DescribeEffectivePolicy")
def describe_effective_policy(call: ServiceCall, given: shapes.DescribeEffectivePolicyRequest) -> Output:
    """What the policies of a management type come to for an account, the caller's own if none is named.

    It is combined at every call, so LastUpdatedTimestamp is the call's time. Raises TargetNotFoundException,
    AccessDeniedException (another account than one's own, but for those who may look at all) or
    EffectivePolicyNotFoundException: the type is not enabled, or nothing of it is inherited or attached.
    """
    organization = lookup.own(call)
    type, target = given["PolicyType"], given.get("TargetId", call.account)
    if target != call.account:
        organization = lookup.readable(call)
    nodes = path(call.directory, target)
    if not nodes or nodes[0].account != organization.account:
        raise OrganizationsError.of("TargetNotFoundException")
    levels = [
        [
            json.loads(policy.content)
            for id in node.policies
            if (policy := policy_named(call.directory, organization, id)) is not None and policy.type == type
        ]
        for node in nodes
    ]
    if type not in organization.policy_types or not any(levels):
        raise OrganizationsError.of("EffectivePolicyNotFoundException")
    return {
        "EffectivePolicy": {
            "PolicyContent": json.dumps(inherited.effective(levels), separators=(",", ":")),
            "LastUpdatedTimestamp": call.now,
            "TargetId": target,
            "PolicyType": type,
        }
    }
