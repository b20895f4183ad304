"""Organizations' entities in AWS's member names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from passrole.services.operation import ServiceCall
from passrole.services.organizations import lookup
from passrole.state.organization import (
    SCP,
    AwsPolicy,
    Handshake,
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
    policy_arn,
)

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes


def organization(call: ServiceCall, found: Organization) -> shapes.Organization:
    """As DescribeOrganization shows it. AvailablePolicyTypes is what AWS calls incomplete: SCPs only."""
    types: list[shapes.PolicyTypeSummary] = []
    if found.feature_set == "ALL":
        types.append({"Type": SCP, "Status": "ENABLED"})
    return {
        "Id": found.id,
        "Arn": found.arn,
        "FeatureSet": found.feature_set,
        "MasterAccountArn": found.arn_of("account", found.account),
        "MasterAccountId": found.account,
        "MasterAccountEmail": lookup.account_of(call, found.account).email,
        "AvailablePolicyTypes": types,
    }


def account(call: ServiceCall, organization: Organization, member: Member) -> shapes.Account:
    """A member account."""
    known = lookup.account_of(call, member.id)
    return {
        "Id": member.id,
        "Arn": organization.arn_of("account", member.id),
        "Email": known.email,
        "Name": known.name,
        "Status": member.status,
        "State": "CLOSED" if member.status == "SUSPENDED" else member.status,
        "Paths": [lookup.member_path(call, organization, member)],
        "JoinedMethod": member.joined_method,
        "JoinedTimestamp": member.joined,
    }


def unit(call: ServiceCall, organization: Organization, unit: Unit) -> shapes.OrganizationalUnit:
    """An organizational unit."""
    return {
        "Id": unit.id,
        "Arn": organization.arn_of("ou", unit.id),
        "Name": unit.name,
        "Path": lookup.unit_path(call, organization, unit),
    }


def root(organization: Organization, unit: Unit) -> shapes.Root:
    """The root, with the policy types that are enabled."""
    types: list[shapes.PolicyTypeSummary] = [
        {"Type": type, "Status": "ENABLED"} for type in organization.policy_types
    ]
    return {
        "Id": unit.id,
        "Arn": organization.arn_of("root", unit.id),
        "Name": unit.name,
        "PolicyTypes": types,
    }


def policy_summary(
    organization: Organization, policy: OrganizationPolicy | AwsPolicy
) -> shapes.PolicySummary:
    """A policy without its content."""
    return {
        "Id": policy.id,
        "Arn": policy_arn(organization, policy),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": isinstance(policy, AwsPolicy),
    }


def handshake(call: ServiceCall, found: Handshake) -> shapes.Handshake:
    """A handshake with both parties and what it is about."""
    management = lookup.account_of(call, found.account)
    parties: list[shapes.HandshakeParty] = [{"Id": found.organization_id, "Type": "ORGANIZATION"}]
    resources: list[shapes.HandshakeResource] = [
        {
            "Type": "ORGANIZATION",
            "Value": found.organization_id,
            "Resources": [
                {"Type": "MASTER_EMAIL", "Value": management.email},
                {"Type": "MASTER_NAME", "Value": management.name},
                {"Type": "ORGANIZATION_FEATURE_SET", "Value": "ALL"},
            ],
        }
    ]
    if found.recipient:
        parties.append({"Id": found.recipient, "Type": found.recipient_type})
        resources.append({"Type": found.recipient_type, "Value": found.recipient})
    if found.notes:
        resources.append({"Type": "NOTES", "Value": found.notes})
    word = "invite" if found.action == "INVITE" else found.action.lower()
    arn = f"arn:aws:organizations::{found.account}:handshake/{found.organization_id}/{word}/{found.id}"
    expired = found.state in ("REQUESTED", "OPEN") and found.expires <= call.now
    return {
        "Id": found.id,
        "Arn": arn,
        "Parties": parties,
        "State": "EXPIRED" if expired else found.state,
        "RequestedTimestamp": found.requested,
        "ExpirationTimestamp": found.expires,
        "Action": found.action,
        "Resources": resources,
    }
