"""Every one of AWS's global condition keys: who has it, and that nobody has what this endpoint cannot know.

Source: IAM User Guide, "AWS global condition context keys" and "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from msgspec.structs import replace as changed
from tests.passing.court import ACCOUNT, NOW, Court, Told

from passrole.authorize.call import Call, Caller
from passrole.authorize.plan import Check, plan
from passrole.catalog.keys import global_keys
from passrole.state.entities import Session
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire.request import RawRequest

# Callers: a user; a role session of an instance, with MFA behind it; a federated session; a service that
# acts for itself and for a resource; a service in the user's name; the root through AssumeRoot; nobody.
USER: Final = "user"
SESSION: Final = "session"
FEDERATED: Final = "federated"
SERVICE: Final = "service"
FORWARDED: Final = "forwarded"
ROOT: Final = "root"
NOBODY: Final = "nobody"
EVERYBODY: Final = frozenset((USER, SESSION, FEDERATED, SERVICE, FORWARDED, ROOT, NOBODY))
PRINCIPALS: Final = EVERYBODY - {SERVICE, NOBODY}
TEMPORARY: Final = frozenset((SESSION, FEDERATED, ROOT))
NOBODYS: Final[frozenset[str]] = frozenset()

# Who has the key.
PRESENT: Final[Mapping[str, frozenset[str]]] = {
    "aws:AssumedRoot": frozenset((ROOT,)),
    "aws:CalledVia": frozenset((FORWARDED,)),
    "aws:CalledViaFirst": frozenset((FORWARDED,)),
    "aws:CalledViaLast": frozenset((FORWARDED,)),
    "aws:ChatbotSourceArn": NOBODYS,
    "aws:CurrentTime": EVERYBODY,
    "aws:Ec2InstanceSourcePrivateIPv4": frozenset((SESSION,)),
    "aws:Ec2InstanceSourceVpc": frozenset((SESSION,)),
    "aws:EpochTime": EVERYBODY,
    "aws:FederatedProvider": frozenset((FEDERATED,)),
    "aws:IsMcpServiceAction": NOBODYS,
    "aws:MultiFactorAuthAge": frozenset((SESSION,)),
    "aws:MultiFactorAuthPresent": TEMPORARY,
    "aws:PrincipalAccount": PRINCIPALS,
    "aws:PrincipalArn": PRINCIPALS,
    "aws:PrincipalIsAWSService": EVERYBODY - {NOBODY},
    "aws:PrincipalOrgID": PRINCIPALS,
    "aws:PrincipalOrgPaths": PRINCIPALS,
    "aws:PrincipalServiceName": frozenset((SERVICE,)),
    "aws:PrincipalServiceNamesList": frozenset((SERVICE,)),
    "aws:PrincipalTag/Team": frozenset((USER, SESSION, FORWARDED)),
    "aws:PrincipalType": EVERYBODY - {SERVICE},
    "aws:referer": EVERYBODY,
    "aws:RequestedRegion": EVERYBODY,
    "aws:RequestTag/Team": EVERYBODY,
    "aws:ResourceAccount": EVERYBODY,
    "aws:ResourceOrgID": EVERYBODY,
    "aws:ResourceOrgPaths": EVERYBODY,
    "aws:ResourceTag/Team": NOBODYS,  # of a queue that is being made
    "aws:SecureTransport": EVERYBODY,
    "aws:SourceAccount": frozenset((SERVICE,)),
    "aws:SourceArn": frozenset((SERVICE,)),
    "aws:SourceIdentity": frozenset((SESSION,)),
    "aws:SourceIp": EVERYBODY - {SERVICE, FORWARDED},
    "aws:SourceOrgID": frozenset((SERVICE,)),
    "aws:SourceOrgPaths": frozenset((SERVICE,)),
    "aws:SourceOwner": NOBODYS,
    # Requests come over no VPC endpoint.
    "aws:SourceVpc": NOBODYS,
    "aws:SourceVpcArn": NOBODYS,
    "aws:SourceVpce": NOBODYS,
    "aws:TagKeys": EVERYBODY,
    "aws:TokenIssueTime": TEMPORARY,
    "aws:UserAgent": EVERYBODY,
    "aws:userid": EVERYBODY - {SERVICE},
    "aws:username": frozenset((USER, FORWARDED)),
    "aws:ViaAWSService": EVERYBODY,
    "aws:VpceAccount": NOBODYS,
    "aws:VpceOrgID": NOBODYS,
    "aws:VpceOrgPaths": NOBODYS,
    "aws:VpcSourceIp": NOBODYS,
}


def session(sort: str, arn: str) -> Session:
    """Temporary credentials of some sort."""
    return Session(
        account=ACCOUNT,
        id="ASIA",
        secret="s",
        token="t",
        sort=sort,
        arn=arn,
        principal_id="X:s",
        issued=NOW,
        expires=NOW + timedelta(hours=1),
    )


def caller(court: Court, who: str) -> Caller:
    """One of the callers above."""
    role = court.role("Web", tags=(("Team", "red"),))
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/s"
    taken = Principal(PrincipalKind.ROLE_SESSION, arn, ACCOUNT, "AROA:s", role.arn)
    match who:
        case "session":
            rides = {"aws:Ec2InstanceSourceVpc": "vpc-1", "aws:Ec2InstanceSourcePrivateIPv4": "10.0.0.1"}
            kept = changed(session("role", arn), mfa_at=NOW, source_identity="ada", context=rides)
            return Caller(taken, "ASIA", kept, None, role)
        case "federated":
            bare = court.role("Bare")
            return Caller(
                taken,
                "ASIA",
                changed(session("role", arn), provider="arn:aws:iam::1:saml-provider/p"),
                None,
                bare,
            )
        case "service":
            return Caller(Principal(PrincipalKind.SERVICE, "sns.amazonaws.com", ""))
        case "root":
            return replace(court.root(), session=session("root", f"arn:aws:iam::{ACCOUNT}:root"))
        case "nobody":
            return Caller(Principal(PrincipalKind.ANONYMOUS, "*", "", "anonymous"))
        case _:
            return court.ada(tags=(("Team", "red"),))


def asked(court: Court, who: str) -> Check:
    """CreateQueue with a tag, by one of the callers."""
    call: Call = court.call("sqs:CreateQueue", {"QueueName": "q", "tags": {"Team": "red"}})
    raw: RawRequest = replace(call.raw, headers=(*call.raw.headers, ("user-agent", "x"), ("referer", "y")))
    call = replace(call, raw=raw, caller=caller(court, who))
    if who == FORWARDED:
        call = replace(call, called_via=("cloudformation.amazonaws.com",))
    if who == SERVICE:
        extra = {"aws:sourcearn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t", "aws:sourceaccount": ACCOUNT}
        call = replace(call, extra=extra)
    return plan(call, court.directory, Told()).checks[0]


def test_every_global_key_is_in_the_table() -> None:
    assert {key.name.replace("${TagKey}", "Team") for key in global_keys()} == set(PRESENT)


@pytest.mark.parametrize("who", sorted(EVERYBODY))
def test_a_key_is_there_for_whom_aws_sets_it_and_else_absent(who: str) -> None:
    court = Court()
    court.organization()
    check = asked(court, who)
    there = {key for key in PRESENT if key.lower() in check.context}
    assert there == {key for key, whose in PRESENT.items() if who in whose}
    assert not {key for key in check.unknown if key.startswith("aws:")}
