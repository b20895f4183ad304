"""iam:PassRole itself: on which role, to which service, for which resource, by whose leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from tests.passing.court import (
    ACCOUNT,
    ALL,
    OTHER,
    REGION,
    USER,
    Court,
    Statement,
    allowing,
    document,
    role_arn,
    to,
    trusting,
)

from passrole.authorize.plan import plan
from passrole.authorize.refusal import Refusal
from passrole.passing.rule import may_pass, service_may_assume

WORKER: Final = role_arn("Worker", path="/app/")
JOB: Final = ("glue:CreateJob", {"Name": "j", "Role": WORKER, "Command": {}})
MONITORED: Final = ("rds:CreateDBInstance", {"DBInstanceIdentifier": "d", "MonitoringRoleArn": WORKER})
FUNCTION: Final = ("lambda:CreateFunction", {"FunctionName": "thumb", "Role": WORKER})

Asked = tuple[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Case:
    """What Ada may do, what she calls, and why it is refused ("" where it is not)."""

    id: str
    statements: tuple[Statement, ...]
    why: str = ""
    call: Asked = JOB
    boundary: tuple[Statement, ...] = ()


NO_IDENTITY: Final = "because no identity-based policy allows the iam:PassRole action"
DENIED: Final = "with an explicit deny in an identity-based policy"
CASES: Final = (
    Case("on every role", (allowing(),)),
    Case("on that role", (allowing(WORKER),)),
    Case("nothing", (), NO_IDENTITY),
    Case(
        "everything else", ({"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"},), NO_IDENTITY
    ),
    Case("the path counts", (allowing(role_arn("Worker")),), NO_IDENTITY),
    Case("the case counts", (allowing(role_arn("worker", path="/app/")),), NO_IDENTITY),
    Case("the roles of a path", (allowing(role_arn("*", path="/app/")),)),
    Case("in every account", (allowing("arn:aws:iam::*:role/app/*"),)),
    Case("in another account", (allowing(role_arn("Worker", path="/app/", account=OTHER)),), NO_IDENTITY),
    Case("denied", (allowing(), allowing(WORKER, "Deny")), DENIED),
    Case(
        "within a boundary that does not",
        (allowing(),),
        "because no permissions boundary allows the iam:PassRole action",
        boundary=({"Effect": "Allow", "Action": "glue:*", "Resource": "*"},),
    ),
    Case("within a boundary that does", (allowing(),), boundary=(ALL,)),
    # iam:PassedToService
    Case("to that service", (allowing(StringEquals=to("glue")),)),
    Case("to another service", (allowing(StringEquals=to("lambda")),), NO_IDENTITY),
    Case("to one of several", (allowing(StringEquals=to("lambda", "glue")),)),
    Case("to services like it", (allowing(StringLike={"iam:PassedToService": "gl*"}),)),
    Case("to all but that service", (allowing(StringNotEquals=to("glue")),), NO_IDENTITY),
    Case("denied to that service", (allowing(), allowing("*", "Deny", StringEquals=to("glue"))), DENIED),
    Case("denied to another service", (allowing(), allowing("*", "Deny", StringEquals=to("lambda")))),
    # Where AWS's sources disagree on the service
    Case("disputed: to the one", (allowing(StringEquals=to("rds")),), call=MONITORED),
    Case("disputed: to the other", (allowing(StringEquals=to("monitoring.rds")),), call=MONITORED),
    Case("disputed: to neither", (allowing(StringEquals=to("ec2")),), NO_IDENTITY, call=MONITORED),
    Case(
        "disputed: to the one, denied to the other",
        (allowing(StringEquals=to("rds")), allowing("*", "Deny", StringEquals=to("monitoring.rds"))),
        DENIED,
        call=MONITORED,
    ),
    Case(
        "disputed: to the other, denied to the one",
        (allowing(StringEquals=to("monitoring.rds")), allowing("*", "Deny", StringEquals=to("rds"))),
        DENIED,
        call=MONITORED,
    ),
    # iam:AssociatedResourceArn
    Case(
        "for that function",
        (allowing(ArnLike={"iam:AssociatedResourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:thumb"}),),
        call=FUNCTION,
    ),
    Case(
        "for another function",
        (allowing(ArnLike={"iam:AssociatedResourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:other"}),),
        NO_IDENTITY,
        call=FUNCTION,
    ),
    Case(
        "for a resource, where AWS tells none",
        (allowing(ArnLike={"iam:AssociatedResourceArn": "*"}),),
        NO_IDENTITY,
    ),
    Case(
        "for a resource that is not known: an allow does not hold",
        (allowing(ArnLike={"iam:AssociatedResourceArn": "*"}),),
        NO_IDENTITY,
        call=("lambda:CreateFunction", {"Role": WORKER}),
    ),
    Case(
        "for a resource that is not known: a deny does",
        (allowing(), allowing("*", "Deny", ArnLike={"iam:AssociatedResourceArn": "arn:aws:lambda:*"})),
        DENIED,
        call=("lambda:CreateFunction", {"Role": WORKER}),
    ),
    # Tags: neither the role's nor the request's are asked for iam:PassRole
    Case("by the role's tag", (allowing(StringEquals={"aws:ResourceTag/team": "a"}),), NO_IDENTITY),
    Case(
        "by the role's tag, IAM's key", (allowing(StringEquals={"iam:ResourceTag/team": "a"}),), NO_IDENTITY
    ),
    Case(
        "denied by the role's tag",
        (allowing(), allowing("*", "Deny", StringEquals={"aws:ResourceTag/team": "a"})),
    ),
    Case(
        "by a tag of the request",
        (allowing(StringEquals={"aws:RequestTag/team": "a"}),),
        NO_IDENTITY,
        call=("glue:CreateJob", {**JOB[1], "Tags": {"team": "a"}}),
    ),
    Case(
        "by the keys of the request's tags",
        ({**allowing(), "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}},),
        NO_IDENTITY,
        call=("glue:CreateJob", {**JOB[1], "Tags": {"team": "a"}}),
    ),
    Case("by the caller's tag", (allowing(StringEquals={"aws:PrincipalTag/team": "a"}),)),
    # Whose role it is
    Case("of that account", (allowing(StringEquals={"aws:ResourceAccount": ACCOUNT}),)),
    Case("of another account", (allowing(StringEquals={"aws:ResourceAccount": OTHER}),), NO_IDENTITY),
    Case("from that region", (allowing(StringEquals={"aws:RequestedRegion": REGION}),)),
)


@pytest.fixture
def court() -> Court:
    court = Court()
    court.role("Worker", trusting("glue"), path="/app/", tags=(("team", "a"),))
    return court


def judged(
    court: Court, asked: Asked, *statements: Statement, boundary: tuple[Statement, ...] = ()
) -> Refusal | None:
    """What the rule says of the one role that the call passes."""
    call = court.call(*asked, court.ada(*statements, boundary=boundary, tags=(("team", "a"),)))
    (passed,) = court.passes(*asked)
    context = plan(call, court.directory, court.facts).context
    return may_pass(call, passed, context, court.directory, court.facts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_who_may_pass(case: Case, court: Court) -> None:
    refusal = judged(court, case.call, *case.statements, boundary=case.boundary)
    if not case.why:
        assert refusal is None, refusal and refusal.sentence()
        return
    assert refusal is not None
    assert refusal.sentence() == (
        f"User: {USER} is not authorized to perform: iam:PassRole on resource: {WORKER} {case.why}"
    )


def test_an_scp_binds_roots_of_member_accounts_too(court: Court) -> None:
    court.organization(allowing("*", "Deny", StringEquals=to("glue")))
    context: Mapping[str, str] = {}
    for caller in (court.ada(ALL), court.root()):
        (passed,) = court.passes(*JOB)
        refusal = may_pass(court.call(*JOB, caller), passed, context, court.directory, court.facts)
        assert refusal is not None
        assert "with an explicit deny in a service control policy" in refusal.sentence()


def test_the_organization_that_owns_the_role(court: Court) -> None:
    within = allowing(StringEquals={"aws:ResourceOrgID": "o-example1234"})
    assert judged(court, JOB, within) is not None
    court.organization()
    assert judged(court, JOB, within) is None
    path = {"ForAnyValue:StringEquals": {"aws:ResourceOrgPaths": "o-example1234/r-root/"}}
    assert judged(court, JOB, {**allowing(), "Condition": path}) is None


# The trust policy


@pytest.mark.parametrize(
    ("condition", "source", "allowed"),
    [
        ({}, "", True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "", True),
        ({"StringEquals": {"aws:SourceAccount": OTHER}}, "", False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:f"}}, "f", True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:f"}}, "g", False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:f"}}, "", False),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, "", True),
    ],
)
def test_whether_a_service_may_assume_the_role(
    condition: Mapping[str, object], source: str, allowed: bool, court: Court
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    role = court.role("Trusting", document([statement]))
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{source}" if source else ""
    for service, expected in (("lambda", allowed), ("ec2", False)):
        answer = service_may_assume(
            f"{service}.amazonaws.com", role.arn, ACCOUNT, court.directory, court.facts, source_arn=arn
        )
        assert answer.decision.allowed is expected
